//! One program of the plane: its arguments, its process, and the end of its log.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

use super::{Error, parent_death};

/// The programs, in the order in which they start; they stop in the opposite one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Stores all objects.
    Etcd,
    /// The server that all others and the tests talk to.
    ApiServer,
    /// The controllers: Deployments, Jobs, namespaces, claims.
    ControllerManager,
    /// Gives pods their node.
    Scheduler,
    /// Simulates the nodes and their pods.
    Kwok,
}

impl Role {
    /// The name of the program.
    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kwok => "kwok",
        }
    }

    fn args(self, layout: &Layout) -> Vec<String> {
        match self {
            Self::Etcd => layout.etcd_args(),
            Self::ApiServer => layout.api_server_args(),
            Self::ControllerManager => layout.controller_manager_args(),
            Self::Scheduler => layout.client_args(),
            Self::Kwok => layout.kwok_args(),
        }
    }
}

/// Where the programs and their files are, and which ports they listen on.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) folder: PathBuf,
    pub(super) programs: PathBuf,
    pub(super) etcd: u16,
    pub(super) peer: u16,
    pub(super) api: u16,
}

impl Layout {
    pub(super) fn server(&self) -> String {
        format!("https://127.0.0.1:{}", self.api)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn option(&self, flag: &str, file: &str) -> String {
        format!("--{flag}={}", self.file(file).display())
    }

    fn etcd_args(&self) -> Vec<String> {
        let client = format!("http://127.0.0.1:{}", self.etcd);
        let peer = format!("http://127.0.0.1:{}", self.peer);
        vec![
            self.option("data-dir", "etcd"),
            // The data are not needed after a crash of the machine.
            "--unsafe-no-fsync".into(),
            "--log-level=warn".into(),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
        ]
    }

    fn api_server_args(&self) -> Vec<String> {
        vec![
            format!("--etcd-servers=http://127.0.0.1:{}", self.etcd),
            format!("--secure-port={}", self.api),
            "--bind-address=127.0.0.1".into(),
            // Without this flag it takes the address of the default route, and there may be none.
            "--advertise-address=127.0.0.1".into(),
            "--endpoint-reconciler-type=none".into(),
            self.option("cert-dir", "certificates"),
            self.option("tls-cert-file", "server.pem"),
            self.option("tls-private-key-file", "server.key"),
            self.option("client-ca-file", "authority.pem"),
            self.option("token-auth-file", "tokens.csv"),
            "--authorization-mode=RBAC".into(),
            "--service-account-issuer=https://kubernetes.default.svc".into(),
            self.option("service-account-key-file", "accounts.pub"),
            self.option("service-account-signing-key-file", "accounts.key"),
            // A /24 has addresses for 250 Services only.
            "--service-cluster-ip-range=10.0.0.0/16".into(),
            "--allow-privileged=true".into(),
            self.option("audit-policy-file", "audit.yaml"),
            self.option("audit-log-path", "audit.log"),
            // One file, so that who reads it need not look for older ones.
            "--audit-log-maxsize=4096".into(),
        ]
    }

    fn controller_manager_args(&self) -> Vec<String> {
        let mut args = self.client_args();
        args.extend([
            self.option("service-account-private-key-file", "accounts.key"),
            self.option("root-ca-file", "authority.pem"),
            "--use-service-account-credentials".into(),
            // The default of 15 s is also how long a new autoscaler waits at first.
            "--horizontal-pod-autoscaler-sync-period=1s".into(),
            // A pod that comes before the API server knows a new quota is not counted until the next full count. The
            // default is 5 min.
            "--resource-quota-sync-period=2s".into(),
        ]);
        args
    }

    /// The arguments that the clients of the server share. Each of them runs once, so none elects a leader.
    fn client_args(&self) -> Vec<String> {
        vec![
            self.option("kubeconfig", "kubeconfig"),
            "--leader-elect=false".into(),
            "--secure-port=0".into(),
            "--kube-api-qps=200".into(),
            "--kube-api-burst=400".into(),
        ]
    }

    fn kwok_args(&self) -> Vec<String> {
        vec![
            self.option("kubeconfig", "kubeconfig"),
            self.option("config", "stages.yaml"),
            "--manage-all-nodes".into(),
            "--cidr=10.244.0.0/16".into(),
            "--node-ip=10.0.255.1".into(),
            "--node-lease-duration-seconds=40".into(),
        ]
    }
}

/// A program that runs, or has run.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) role: Role,
    child: Child,
    log: PathBuf,
}

impl Component {
    pub(super) fn start(role: Role, layout: &Layout) -> Result<Self, Error> {
        let log = layout.file(&format!("{}.log", role.program()));
        let output = File::options().create(true).append(true).open(&log)?;
        let child = parent_death::command(layout.programs.join(role.program()))
            .args(role.args(layout))
            // Another HOME, so that kwok and etcd do not find the user's own configuration.
            .env_clear()
            .env("HOME", &layout.folder)
            .current_dir(&layout.folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        Ok(Self { role, child, log })
    }

    /// Once it has ended: its exit status, and the end of its log.
    pub(super) fn exit_message(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok()??;
        Some(self.last_lines(&format!("ended ({status})")))
    }

    /// What happened to it, and the end of its log.
    pub(super) fn last_lines(&self, what: &str) -> String {
        let lines = tail(&self.log, 20).join("\n  ");
        format!("{} {what}; the last lines of its log:\n  {lines}", self.role.program())
    }

    /// Whether another process had one of its ports.
    pub(super) fn found_its_port_in_use(&self) -> bool {
        fs::read_to_string(&self.log).is_ok_and(|log| log.contains("address already in use"))
    }

    pub(super) fn signal(&self, signal: Signal) -> Result<(), Error> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).ok_or("no such process")?;
        Ok(rustix::process::kill_process(pid, signal)?)
    }

    /// Ends it at once: its data are not needed, and an API server without etcd ignores SIGTERM for a minute.
    pub(super) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tail(path: &Path, count: usize) -> Vec<String> {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].iter().map(|line| clip(line)).collect()
}

/// Cuts a long line: some of the programs log whole objects in one.
fn clip(line: &str) -> String {
    const WIDTH: usize = 400;
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
