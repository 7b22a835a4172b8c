//! Time, memory and requests of one command.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use kube::client::Body;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::plane::{Error, Facts};

/// How often the memory of a running command is read. The kernel itself keeps the maximum.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// What a command cost.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cost {
    pub(crate) time: Duration,
    /// The most memory that it had at once, in bytes.
    pub(crate) memory: u64,
    /// Lists, reads, dry-runs and writes of objects, as the server counted them.
    pub(crate) requests: u64,
}

/// The server, and a client of it.
pub(crate) struct Server {
    pub(crate) client: kube::Client,
    runtime: Runtime,
}

impl Server {
    pub(crate) fn new(facts: &Facts) -> Result<Self, Error> {
        let runtime = Runtime::new()?;
        let file = kube::config::Kubeconfig::read_from(&facts.kubeconfig)?;
        let options = kube::config::KubeConfigOptions::default();
        let client = runtime.block_on(async {
            let mut config = kube::Config::from_custom_kubeconfig(file, &options).await?;
            config.default_retry = false;
            config.proxy_url = None;
            Ok::<_, Error>(kube::Client::try_from(config)?)
        })?;
        Ok(Self { client, runtime })
    }

    pub(crate) fn run<T>(&self, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.runtime.block_on(future)
    }

    /// Sends an object to a collection.
    pub(crate) async fn create(&self, path: &str, object: Value) -> Result<(), Error> {
        let request = http::Request::post(path).header("content-type", "application/json");
        let answer = self.client.send(request.body(Body::from(object.to_string().into_bytes()))?).await?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(format!("POST {path} was answered with {}", answer.status()).into())
    }

    /// Runs a command, which has to end with this code.
    pub(crate) fn cost(&self, mut command: Command, code: i32) -> Result<Cost, Error> {
        let output = tempfile::NamedTempFile::new()?;
        let both = output.reopen()?;
        let before = self.run(self.counted())?;
        let started = Instant::now();
        let mut child = command.stdout(both.try_clone()?).stderr(both).spawn()?;
        let (status, memory) = wait_and_measure(&mut child)?;
        let time = started.elapsed();
        if status != Some(code) {
            let text = fs::read_to_string(output.path())?;
            let last: Vec<&str> = text.lines().rev().take(20).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            return Err(format!("{command:?} ended with {status:?}, not {code}:\n{}", last.join("\n")).into());
        }
        Ok(Cost { time, memory, requests: self.run(self.counted())? - before })
    }

    /// How many requests for the objects of the benchmark the server has answered so far.
    async fn counted(&self) -> Result<u64, Error> {
        let metrics = self.client.request_text(http::Request::get("/metrics").body(Vec::new())?).await?;
        Ok(metrics.lines().filter_map(requests_in).sum())
    }
}

/// The count in a line of the server's metrics, if it counts requests for the objects of the benchmark. The server's own
/// requests are for other resources, or are watches. Those of the garbage collector for what is deleted in the foreground
/// are among them, whoever deletes it.
fn requests_in(line: &str) -> Option<u64> {
    let (labels, count) = line.strip_prefix("apiserver_request_total{")?.split_once("} ")?;
    let labels: BTreeMap<&str, &str> =
        labels.split("\",").filter_map(|label| label.split_once("=\"")).collect();
    let ours = matches!(labels.get("resource"), Some(&("configmaps" | "cronjobs")));
    let counts = ours && labels.get("verb") != Some(&"WATCH");
    // Some counts are written as `1.2e+06`.
    let count: f64 = count.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests")]
    counts.then_some(count as u64)
}

/// Waits until the command ends: its exit code, and the most memory that it had, in bytes.
fn wait_and_measure(child: &mut Child) -> Result<(Option<i32>, u64), Error> {
    let path = format!("/proc/{}/status", child.id());
    let mut most = 0;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status.code(), most));
        }
        most = fs::read_to_string(&path).ok().and_then(|status| peak(&status)).unwrap_or(most).max(most);
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// The most memory so far, in bytes, from a line such as `VmHWM:     12345 kB`.
fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// The fastest run, which is the one that other work on the machine disturbed least.
pub(crate) fn fastest(costs: Vec<Cost>) -> Option<Cost> {
    costs.into_iter().min_by_key(|cost| cost.time)
}
