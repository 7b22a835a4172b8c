//! All programs together: they come up one after the other, each waited for by what it is to do.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Node, ServiceAccount};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{Api, PostParams};
use rustix::process::Signal;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::component::{Component, Role, Site};
use super::kubeconfig::Kubeconfig;
use super::pki::{self, Authority, Pair, Validity};
use super::{Error, Facts, Order, binder};

const TOKEN: &str = "the-administrators-token";

/// How long a program may take to do what it is there for; on a loaded machine that is seconds.
const PATIENCE: Duration = Duration::from_secs(90);
const GLANCE: Duration = Duration::from_millis(50);

/// What stands between two attempts to start is a port that somebody else took.
const ATTEMPTS: usize = 3;

/// The programs that run. Dropping it ends them, the last one first.
pub(super) struct Processes {
    site: Site,
    running: Vec<Component>,
    client: kube::Client,
}

impl Processes {
    /// Brings all of them up.
    pub(super) async fn start(folder: &Path, programs: &Path) -> Result<Self, Error> {
        let mut attempt = 1;
        loop {
            let home = folder.join(attempt.to_string());
            let mut processes = Self::found(&home, programs).await?;
            match processes.rise().await {
                Ok(()) => return Ok(processes),
                Err(_) if attempt < ATTEMPTS && processes.lost_a_port() => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Ports and files, and nothing that runs yet.
    async fn found(home: &Path, programs: &Path) -> Result<Self, Error> {
        let [etcd, peer, api] = free_ports();
        let site = Site { folder: home.to_owned(), programs: programs.to_owned(), etcd, peer, api };
        furnish(&site)?;
        let client = client(&site.file("kubeconfig")).await?;
        Ok(Self { site, running: Vec::new(), client })
    }

    async fn rise(&mut self) -> Result<(), Error> {
        self.launch(Role::Etcd)?;
        self.launch(Role::ApiServer)?;
        self.served().await?;
        self.launch(Role::ControllerManager)?;
        self.launch(Role::Scheduler)?;
        self.launch(Role::Kwok)?;
        self.equip().await?;
        self.staffed().await?;
        tokio::spawn(binder::run(self.client.clone()));
        Ok(())
    }

    pub(super) fn facts(&self) -> Facts {
        Facts {
            folder: self.site.folder.clone(),
            programs: self.site.programs.clone(),
            server: self.site.server(),
            authority: self.site.file("authority.pem"),
            kubeconfig: self.site.file("kubeconfig"),
            token: TOKEN.into(),
            expired_client: (self.site.file("expired.pem"), self.site.file("expired.key")),
            etcd: Some(format!("http://127.0.0.1:{}", self.site.etcd)),
        }
    }

    /// The last words of one that has ended though nobody told it to.
    pub(super) fn obituary(&mut self) -> Option<String> {
        self.running.iter_mut().find_map(Component::obituary)
    }

    pub(super) async fn obey(&mut self, order: Order) -> Result<(), Error> {
        match order {
            Order::Stop(role) => {
                let place = self.place(role)?;
                self.running.remove(place).kill();
                Ok(())
            }
            Order::Start(role) => {
                self.launch(role)?;
                self.running.sort_by_key(|component| component.role as u8);
                self.served().await
            }
            Order::Freeze(role) => self.running[self.place(role)?].signal(Signal::STOP),
            Order::Thaw(role) => self.running[self.place(role)?].signal(Signal::CONT),
        }
    }

    fn place(&self, role: Role) -> Result<usize, Error> {
        let place = self.running.iter().position(|component| component.role == role);
        place.ok_or_else(|| format!("{} does not run", role.program()).into())
    }

    fn launch(&mut self, role: Role) -> Result<(), Error> {
        self.running.push(Component::start(role, &self.site)?);
        Ok(())
    }

    fn lost_a_port(&self) -> bool {
        self.running.iter().any(Component::lost_its_port)
    }

    /// Waits until the API server says that it is ready.
    async fn served(&mut self) -> Result<(), Error> {
        let client = self.client.clone();
        let ready = async || match http::Request::get("/readyz").body(Vec::new()) {
            Ok(request) => client.request_text(request).await.is_ok(),
            Err(_) => false,
        };
        self.wait(Role::ApiServer, "is not ready", ready).await
    }

    /// Waits for the traces of the others' work: the default account, and a node that is ready.
    async fn staffed(&mut self) -> Result<(), Error> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client.clone(), "default");
        let made = async || accounts.get("default").await.is_ok();
        self.wait(Role::ControllerManager, "has not made the default service account", made).await?;
        let nodes: Api<Node> = Api::all(self.client.clone());
        let ready = async || nodes.get("node").await.is_ok_and(|node| is_ready(&node));
        self.wait(Role::Kwok, "has not made the node ready", ready).await
    }

    /// Waits until `done`, for as long as all programs live.
    async fn wait(
        &mut self,
        role: Role,
        what: &str,
        mut done: impl AsyncFnMut() -> bool,
    ) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if tokio::time::timeout(PATIENCE, done()).await.unwrap_or(false) {
                return Ok(());
            }
            if let Some(words) = self.obituary() {
                return Err(words.into());
            }
            if Instant::now() > deadline {
                let what = format!("{what} after {PATIENCE:?}");
                return Err(self.running[self.place(role)?].last_lines(&what).into());
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Makes the node, and the classes of storage that claims can ask for.
    async fn equip(&self) -> Result<(), Error> {
        create::<Node>(
            &self.client,
            json!({ "metadata": { "name": "node", "labels": {
            "kubernetes.io/hostname": "node",
            "kubernetes.io/os": "linux",
        } } }),
        )
        .await?;
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
            last.kill();
        }
    }
}

/// Writes everything that the programs read.
fn furnish(site: &Site) -> Result<(), Error> {
    fs::create_dir(&site.folder)?;
    let authority = Authority::new()?;
    fs::write(site.file("authority.pem"), authority.certificate())?;
    write_pair(site, "server", &authority.server(Validity::Current)?)?;
    write_pair(site, "expired", &authority.administrator(Validity::Expired)?)?;
    let (private, public) = pki::key()?;
    fs::write(site.file("accounts.key"), private)?;
    fs::write(site.file("accounts.pub"), public)?;
    fs::write(site.file("tokens.csv"), format!("{TOKEN},admin,admin,\"system:masters\"\n"))?;
    fs::write(site.file("stages.yaml"), include_str!("stages.yaml"))?;
    Kubeconfig::new(site.server())
        .authority(site.file("authority.pem"))
        .token(TOKEN)
        .write(&site.file("kubeconfig"))
}

fn write_pair(site: &Site, name: &str, pair: &Pair) -> Result<(), Error> {
    fs::write(site.file(&format!("{name}.pem")), &pair.certificate)?;
    Ok(fs::write(site.file(&format!("{name}.key")), &pair.key)?)
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

/// Ports that are free now, from outside the range that the kernel gives to outgoing connections.
fn free_ports<const N: usize>() -> [u16; N] {
    let mut held = Vec::new();
    std::array::from_fn(|_| {
        loop {
            let port = rand::random_range(20_000..30_000);
            // Held until all are found, so that no port comes twice.
            if let Ok(listener) = std::net::TcpListener::bind(("127.0.0.1", port)) {
                held.push(listener);
                break port;
            }
        }
    })
}
