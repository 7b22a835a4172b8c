//! The programs of the plane, and the arguments of each.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::program::{Program, Start};
use super::{Error, Nodes};

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

/// The addresses of Services. A /24 has addresses for 250 of them only.
const SERVICES: &str = "10.0.0.0/16";

/// The first of them, at which pods find the API server.
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

/// Where the programs and their files are, and which ports they listen on.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) folder: PathBuf,
    pub(super) programs: PathBuf,
    pub(super) etcd: u16,
    pub(super) peer: u16,
    pub(super) api: u16,
    pub(super) nodes: Nodes,
}

impl Layout {
    pub(super) fn server(&self) -> String {
        format!("https://127.0.0.1:{}", self.api)
    }

    /// The addresses at which it is reached.
    pub(super) fn addresses(&self) -> Vec<IpAddr> {
        let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
        match self.nodes {
            Nodes::Simulated => vec![loopback],
            Nodes::Elsewhere(address) => vec![loopback, address, SERVER.into()],
        }
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
        let mut args = vec![
            format!("--etcd-servers=http://127.0.0.1:{}", self.etcd),
            format!("--secure-port={}", self.api),
            self.option("cert-dir", "certificates"),
            self.option("tls-cert-file", "server.pem"),
            self.option("tls-private-key-file", "server.key"),
            self.option("client-ca-file", "authority.pem"),
            self.option("token-auth-file", "tokens.csv"),
            "--authorization-mode=RBAC".into(),
            "--service-account-issuer=https://kubernetes.default.svc".into(),
            self.option("service-account-key-file", "accounts.pub"),
            self.option("service-account-signing-key-file", "accounts.key"),
            format!("--service-cluster-ip-range={SERVICES}"),
            "--allow-privileged=true".into(),
            self.option("audit-policy-file", "audit.yaml"),
            self.option("audit-log-path", "audit.log"),
            // One file, so that who reads it need not look for older ones.
            "--audit-log-maxsize=4096".into(),
        ];
        args.extend(match self.nodes {
            Nodes::Simulated => vec![
                "--bind-address=127.0.0.1".into(),
                // Without this flag it takes the address of the default route, and there may be none.
                "--advertise-address=127.0.0.1".into(),
                "--endpoint-reconciler-type=none".into(),
            ],
            Nodes::Elsewhere(address) => vec![
                "--bind-address=0.0.0.0".into(),
                format!("--advertise-address={address}"),
                // A webhook that is named by its Service is called at the address of a pod, as no proxy serves the
                // Service's own.
                "--enable-aggregator-routing=true".into(),
                // No name server knows the node's name.
                "--kubelet-preferred-address-types=InternalIP".into(),
            ],
        });
        args
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
            self.option("kubeconfig", "kwok.kubeconfig"),
            self.option("config", "stages.yaml"),
            "--manage-all-nodes".into(),
            "--cidr=10.244.0.0/16".into(),
            "--node-ip=10.0.255.1".into(),
            "--node-lease-duration-seconds=40".into(),
        ]
    }
}

/// One of the plane's programs that runs, or has run.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) role: Role,
    pub(super) program: Program,
}

impl Component {
    pub(super) fn start(role: Role, layout: &Layout) -> Result<Self, Error> {
        let program = Start::new(layout.programs.join(role.program()), &layout.folder);
        Ok(Self { role, program: program.args(role.args(layout)).start()? })
    }
}
