//! The kubelet and kube-proxy.

use std::fs;
use std::net::TcpStream;
use std::path::Path;

use serde_json::json;

use super::super::addresses::NODE;
use super::super::start::Service;
use super::super::tool;
use super::{NAME, cgroups, containerd};
use crate::plane::program::Start;
use crate::plane::{Error, Facts};

/// Where kube-proxy says whether it is well.
const PROXY_HEALTH: u16 = 10_256;

/// Starts both in the folder in which containerd is.
pub(super) fn start(plane: &Facts, programs: &Path, folder: &Path) -> Result<[Service; 2], Error> {
    Ok([start_kubelet(plane, programs, folder)?, start_proxy(plane, programs, folder)?])
}

fn start_kubelet(plane: &Facts, programs: &Path, folder: &Path) -> Result<Service, Error> {
    let group = cgroups::create()?;
    let resolver = folder.join("resolv.conf");
    fs::write(&resolver, format!("nameserver {NODE}\n"))?;
    let configuration = folder.join("kubelet.json");
    fs::write(
        &configuration,
        json!({
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "containerRuntimeEndpoint": format!("unix://{}", containerd::socket(folder).display()),
            "authentication": { "anonymous": { "enabled": true }, "webhook": { "enabled": false } },
            "authorization": { "mode": "AlwaysAllow" },
            "resolvConf": resolver,
            "failCgroupV1": false,
            "failSwapOn": false,
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": group,
            "cgroupsPerQOS": true,
            // What the machine has is not the bed's alone: nobody is evicted from it, and nothing is kept free.
            "enforceNodeAllocatable": [],
            "localStorageCapacityIsolation": false,
            "evictionHard": {
                "memory.available": "0%",
                "nodefs.available": "0%",
                "imagefs.available": "0%",
                "nodefs.inodesFree": "0%",
            },
            "podLogsDir": folder.join("logs"),
            "volumePluginDir": folder.join("plugins"),
        })
        .to_string(),
    )?;
    let path = std::env::var("PATH").unwrap_or_default();
    let program = Start::new(programs.join("kubelet"), folder)
        .args([
            format!("--config={}", configuration.display()),
            format!("--kubeconfig={}", plane.kubeconfig.display()),
            format!("--root-dir={}", folder.join("kubelet").display()),
            format!("--cert-dir={}", folder.join("certificates").display()),
            format!("--hostname-override={NAME}"),
            format!("--node-ip={NODE}"),
        ])
        .env("PATH", format!("{path}:/usr/sbin:/sbin"));
    let (kubectl, kubeconfig) = (plane.program("kubectl"), plane.kubeconfig.clone());
    let wait = format!("node/{NAME}");
    Ok(Service::new(program.start()?, move || {
        let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
        let args = [&kubeconfig, "wait", &wait, "--for=condition=Ready", "--timeout=1s"];
        tool::run(&kubectl.to_string_lossy(), args).is_ok()
    }))
}

fn start_proxy(plane: &Facts, programs: &Path, folder: &Path) -> Result<Service, Error> {
    let path = std::env::var("PATH").unwrap_or_default();
    let program = Start::new(programs.join("kube-proxy"), folder)
        .args([
            format!("--kubeconfig={}", plane.kubeconfig.display()),
            format!("--hostname-override={NAME}"),
            "--proxy-mode=iptables".into(),
            // These limits are the machine's.
            "--conntrack-max-per-core=0".into(),
            format!("--healthz-bind-address=127.0.0.1:{PROXY_HEALTH}"),
            "--metrics-bind-address=127.0.0.1:10249".into(),
        ])
        .env("PATH", format!("{path}:/usr/sbin:/sbin"));
    Ok(Service::new(program.start()?, || TcpStream::connect(("127.0.0.1", PROXY_HEALTH)).is_ok()))
}
