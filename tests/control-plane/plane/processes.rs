//! All programs of a plane. They start one after the other, and each is waited for until it does its work.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use k8s_openapi::api::core::v1::{Node, ServiceAccount};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{Api, PostParams};
use rustix::process::Signal;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::component::{Component, Layout, Role};
use super::kubeconfig::Kubeconfig;
use super::pki::{self, Authority, Pair, Validity};
use super::{Error, Facts, Nodes, Order, binder};

const TOKEN: &str = "the-administrators-token";

/// That of kwok, which has a name of its own: see [`Processes::keep_kwok_from_new_pods`].
const KWOK_TOKEN: &str = "the-token-of-kwok";

/// How long a program may take until it does its work. On a busy machine it takes seconds.
const START_TIMEOUT: Duration = Duration::from_secs(90);

/// How often is looked whether it does.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How often a start is tried when another process has taken one of the chosen ports.
const ATTEMPTS: usize = 3;

/// The programs that run. Dropping it ends them, the last one first.
pub(super) struct Processes {
    layout: Layout,
    running: Vec<Component>,
    client: kube::Client,
}

impl Processes {
    /// Starts all of them.
    pub(super) async fn start(folder: &Path, programs: &Path, nodes: Nodes) -> Result<Self, Error> {
        let mut attempt = 1;
        loop {
            let mut processes = Self::prepare(&folder.join(attempt.to_string()), programs, nodes).await?;
            match processes.start_all().await {
                Ok(()) => return Ok(processes),
                Err(_) if attempt < ATTEMPTS && processes.found_a_port_in_use() => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Chooses ports and writes files. Nothing runs yet.
    async fn prepare(folder: &Path, programs: &Path, nodes: Nodes) -> Result<Self, Error> {
        let [etcd, peer, api] = free_ports();
        let layout =
            Layout { folder: folder.to_owned(), programs: programs.to_owned(), etcd, peer, api, nodes };
        write_files(&layout)?;
        let client = client(&layout.file("kubeconfig")).await?;
        Ok(Self { layout, running: Vec::new(), client })
    }

    async fn start_all(&mut self) -> Result<(), Error> {
        self.start_one(Role::Etcd)?;
        self.start_one(Role::ApiServer)?;
        self.wait_for_server().await?;
        self.start_one(Role::ControllerManager)?;
        self.start_one(Role::Scheduler)?;
        self.create_classes().await?;
        if self.layout.nodes == Nodes::Simulated {
            self.keep_kwok_from_new_pods().await?;
            self.start_one(Role::Kwok)?;
            self.create_node().await?;
        }
        self.wait_for_controllers().await?;
        tokio::spawn(binder::run(self.client.clone(), self.layout.file("volumes")));
        Ok(())
    }

    pub(super) fn facts(&self) -> Facts {
        Facts {
            folder: self.layout.folder.clone(),
            programs: self.layout.programs.clone(),
            server: self.layout.server(),
            authority: self.layout.file("authority.pem"),
            kubeconfig: self.layout.file("kubeconfig"),
            token: TOKEN.into(),
            expired_client: (self.layout.file("expired.pem"), self.layout.file("expired.key")),
            etcd: Some(format!("http://127.0.0.1:{}", self.layout.etcd)),
            audit_log: Some(self.layout.file("audit.log")),
        }
    }

    /// Once one of them has ended by itself: which, and the end of its log.
    pub(super) fn exit_message(&mut self) -> Option<String> {
        self.running.iter_mut().find_map(|component| component.program.exit_message())
    }

    pub(super) async fn carry_out(&mut self, order: Order) -> Result<(), Error> {
        match order {
            Order::Stop(role) => {
                let index = self.index(role)?;
                self.running.remove(index).program.kill();
                Ok(())
            }
            Order::Start(role) => {
                self.start_one(role)?;
                self.running.sort_by_key(|component| component.role as u8);
                self.wait_for_server().await
            }
            Order::Freeze(role) => self.running[self.index(role)?].program.signal(Signal::STOP),
            Order::Thaw(role) => self.running[self.index(role)?].program.signal(Signal::CONT),
        }
    }

    fn index(&self, role: Role) -> Result<usize, Error> {
        let index = self.running.iter().position(|component| component.role == role);
        index.ok_or_else(|| format!("{} does not run", role.program()).into())
    }

    fn start_one(&mut self, role: Role) -> Result<(), Error> {
        self.running.push(Component::start(role, &self.layout)?);
        Ok(())
    }

    fn found_a_port_in_use(&self) -> bool {
        self.running.iter().any(|component| component.program.found_its_port_in_use())
    }

    /// Waits until the API server says that it is ready.
    async fn wait_for_server(&mut self) -> Result<(), Error> {
        let client = self.client.clone();
        let ready = async || match http::Request::get("/readyz").body(Vec::new()) {
            Ok(request) => client.request_text(request).await.is_ok(),
            Err(_) => false,
        };
        self.wait(Role::ApiServer, "is not ready", ready).await
    }

    /// Waits until the other programs have done something: made the default service account, and a node ready.
    async fn wait_for_controllers(&mut self) -> Result<(), Error> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client.clone(), "default");
        let made = async || accounts.get("default").await.is_ok();
        self.wait(Role::ControllerManager, "has not made the default service account", made).await?;
        if self.layout.nodes != Nodes::Simulated {
            return Ok(());
        }
        let nodes: Api<Node> = Api::all(self.client.clone());
        let ready = async || nodes.get("node").await.is_ok_and(|node| is_ready(&node));
        self.wait(Role::Kwok, "has not made the node ready", ready).await
    }

    /// Waits until `done`. Ends with an error as soon as one of the programs has ended.
    async fn wait(
        &mut self,
        role: Role,
        what: &str,
        mut done: impl AsyncFnMut() -> bool,
    ) -> Result<(), Error> {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            if tokio::time::timeout(START_TIMEOUT, done()).await.unwrap_or(false) {
                return Ok(());
            }
            if let Some(message) = self.exit_message() {
                return Err(message.into());
            }
            if Instant::now() > deadline {
                let what = format!("{what} after {START_TIMEOUT:?}");
                return Err(self.running[self.index(role)?].program.last_lines(&what).into());
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Creates the node that kwok plays.
    async fn create_node(&self) -> Result<(), Error> {
        let labels = json!({ "kubernetes.io/hostname": "node", "kubernetes.io/os": "linux" });
        create::<Node>(&self.client, json!({ "metadata": { "name": "node", "labels": labels } })).await
    }

    /// A kubelet deletes a pod by its uid, once it has shut down. kwok deletes it by its name, and sometimes twice: the
    /// second time it would take the next pod of that name, which nobody wants to shut down.
    async fn keep_kwok_from_new_pods(&self) -> Result<(), Error> {
        let name = "kwok-deletes-what-shuts-down";
        let policy = json!({
            "metadata": { "name": name },
            "spec": {
                "matchConstraints": {
                    "resourceRules": [
                        { "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["DELETE"] }
                    ],
                },
                "matchConditions": [{ "name": "kwok", "expression": "request.userInfo.username == 'kwok'" }],
                "validations": [{ "expression": "has(oldObject.metadata.deletionTimestamp)" }],
            },
        });
        create::<ValidatingAdmissionPolicy>(&self.client, policy).await?;
        let binding = json!({
            "metadata": { "name": name },
            "spec": { "policyName": name, "validationActions": ["Deny"] },
        });
        create::<ValidatingAdmissionPolicyBinding>(&self.client, binding).await
    }

    /// Creates the storage classes that claims can name.
    async fn create_classes(&self) -> Result<(), Error> {
        for (name, mode, default) in
            [("standard", "Immediate", "true"), ("late", "WaitForFirstConsumer", "false")]
        {
            let class = json!({
                "metadata": {
                    "name": name,
                    "annotations": { "storageclass.kubernetes.io/is-default-class": default },
                },
                "provisioner": binder::PROVISIONER,
                "volumeBindingMode": mode,
                "allowVolumeExpansion": true,
            });
            create::<StorageClass>(&self.client, class).await?;
        }
        Ok(())
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        while let Some(mut last) = self.running.pop() {
            last.program.kill();
        }
    }
}

/// Writes all files that the programs read.
fn write_files(layout: &Layout) -> Result<(), Error> {
    fs::create_dir(&layout.folder)?;
    fs::create_dir(layout.file("volumes"))?;
    let authority = Authority::new()?;
    fs::write(layout.file("authority.pem"), authority.certificate())?;
    write_pair(layout, "server", &authority.server_at(&layout.addresses(), Validity::Current)?)?;
    write_pair(layout, "expired", &authority.administrator(Validity::Expired)?)?;
    let (private, public) = pki::key()?;
    fs::write(layout.file("accounts.key"), private)?;
    fs::write(layout.file("accounts.pub"), public)?;
    fs::write(layout.file("tokens.csv"), tokens())?;
    fs::write(layout.file("stages.yaml"), include_str!("stages.yaml"))?;
    fs::write(layout.file("audit.yaml"), include_str!("audit.yaml"))?;
    let kubeconfig = Kubeconfig::new(layout.server()).authority(layout.file("authority.pem"));
    kubeconfig.clone().token(KWOK_TOKEN).write(&layout.file("kwok.kubeconfig"))?;
    kubeconfig.token(TOKEN).write(&layout.file("kubeconfig"))
}

/// Who logs in with which token. All of them may do everything.
fn tokens() -> String {
    [(TOKEN, "admin"), (KWOK_TOKEN, "kwok")]
        .map(|(token, name)| format!("{token},{name},{name},\"system:masters\"\n"))
        .concat()
}

fn write_pair(layout: &Layout, name: &str, pair: &Pair) -> Result<(), Error> {
    fs::write(layout.file(&format!("{name}.pem")), &pair.certificate)?;
    Ok(fs::write(layout.file(&format!("{name}.key")), &pair.key)?)
}

async fn client(kubeconfig: &Path) -> Result<kube::Client, Error> {
    let file = kube::config::Kubeconfig::read_from(kubeconfig)?;
    let mut config =
        kube::Config::from_custom_kubeconfig(file, &kube::config::KubeConfigOptions::default()).await?;
    config.default_retry = false;
    config.proxy_url = None;
    Ok(kube::Client::try_from(config)?)
}

async fn create<K>(client: &kube::Client, object: serde_json::Value) -> Result<(), Error>
where
    K: kube::Resource<Scope = k8s_openapi::ClusterResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned
        + serde::Serialize,
{
    let object: K = serde_json::from_value(object)?;
    Api::<K>::all(client.clone()).create(&PostParams::default(), &object).await?;
    Ok(())
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Ports that are free now. They are outside the range from which the kernel takes ports for outgoing connections.
fn free_ports<const N: usize>() -> [u16; N] {
    let mut held = Vec::new();
    std::array::from_fn(|_| {
        loop {
            let port = rand::random_range(20_000..30_000);
            // Kept open until all are found, so that no port is chosen twice.
            if let Ok(listener) = std::net::TcpListener::bind(("127.0.0.1", port)) {
                held.push(listener);
                break port;
            }
        }
    })
}
