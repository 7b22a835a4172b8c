//! Ways that are still there when the pods ask for no password any more: what keeps them, and that they lead nowhere.

use std::fs;
use std::sync::{Arc, OnceLock};

use rustix::process::{Pid, Signal, kill_process};

use super::begun;
use super::judge::judge;
use super::shape::{CERTIFICATE, Shape, Way};
use crate::harness::{Namespace, OwnCluster, Project};

/// What leaves a way behind.
type Leave = fn(&Namespace, Shape);

/// What keeps a way, and how it comes to that. Each leaves the way where it is, before pods for everybody.
const MOMENTS: [(&str, Leave); 4] = [
    ("it is protected", protected),
    ("its block has another name", moved),
    ("the state was made anew, and knows no dependencies", rebuilt),
    ("a killed run has not recorded it", unrecorded),
];

/// Where all of it goes: everybody may use the registry, and from within the cluster alone.
const TO: Shape = Shape::new(Way::None, false, false);

/// What an apply changes that leaves the way out.
const TARGETS: [&str; 2] = ["Deployment/registry", "Service/registry"];

/// Each moment with a route and with an Ingress, at once.
pub(super) fn test() {
    let own = OwnCluster::with_gateway_api();
    std::thread::scope(|scope| {
        let started = MOMENTS.iter().flat_map(|(context, moment)| {
            [Way::Gateway, Way::Ingress].map(|way| {
                let ns = Namespace::on(own.as_ref());
                scope.spawn(move || look(&ns, way, context, *moment))
            })
        });
        for moment in started.collect::<Vec<_>>() {
            if let Err(panic) = moment.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

fn look(ns: &Namespace, way: Way, context: &str, moment: fn(&Namespace, Shape)) {
    let from = Shape::new(way, true, true);
    moment(ns, from);
    assert!(ns.find(object(way)).is_some(), "{context}: {way:?} is still there");
    let container = ns.field("deployment/registry", "/spec/template/spec/containers/0");
    assert_eq!(container["ports"][0]["name"], "open", "{context}: the pods ask for no password");
    judge(ns, from, TO, context);
}

/// The object of the way.
fn object(way: Way) -> &'static str {
    if way == Way::Gateway { "httproute/registry" } else { "ingress/registry" }
}

fn protected(ns: &Namespace, from: Shape) {
    let project = begun(ns, from);
    ns.patch(
        object(from.way),
        &serde_json::json!({"metadata": {"annotations": {"regplan.dev/protect": "true"}}}),
    );
    project.rewrite("regplan.toml", &TO.configuration());
    project.run(["apply", "--auto-approve"]).success();
}

fn moved(ns: &Namespace, from: Shape) {
    let project = begun(ns, from);
    let renamed = TO.configuration().replace("[registry.main]", "[registry.other]\nname = \"registry\"");
    let table = "[[moved]]\nfrom = \"registry.main\"\nto = \"registry.other\"\n";
    project.rewrite("regplan.toml", &format!("{renamed}\n{table}"));
    apply_without_way(&project, "registry.other");
}

fn rebuilt(ns: &Namespace, from: Shape) {
    let project = begun(ns, from);
    let lineage = project.state()["lineage"].as_str().unwrap().to_owned();
    fs::remove_dir_all(project.path(".regplan")).unwrap();
    project.run(["state", "rebuild", "--auto-approve", "--adopt-lineage", &lineage]).success();
    project.rewrite("regplan.toml", &TO.configuration());
    apply_without_way(&project, "registry.main");
}

/// The run is killed when the server has written the way, and before it hears of that.
fn unrecorded(ns: &Namespace, from: Shape) {
    let proxy = ns.proxy();
    ns.apply(CERTIFICATE);
    let project = ns
        .project()
        .write("regplan.toml", &from.configuration())
        .env("CI_PASSWORD", "a long enough password")
        .through(&proxy);
    let victim = Arc::new(OnceLock::new());
    let kill = {
        let victim = Arc::clone(&victim);
        move || {
            let _ = kill_process(*victim.wait(), Signal::KILL);
        }
    };
    let written = match from.way {
        Way::Gateway => "httproutes.gateway.networking.k8s.io",
        _ => "ingresses.networking.k8s.io",
    };
    proxy.on("apply", written).named("registry").not_dry_run().times(1).then(kill);
    let running = project.regplan(["apply", "--auto-approve"]).spawn();
    victim.set(Pid::from_raw(i32::try_from(running.id()).unwrap()).unwrap()).unwrap();
    running.wait().any();
    proxy.clear_faults();
    project.rewrite("regplan.toml", &TO.configuration());
    apply_without_way(&project, "registry.main");
}

fn apply_without_way(project: &Project<'_>, block: &str) {
    let targets = TARGETS.map(|object| format!("--target={block}/{object}"));
    let args = ["apply", "--auto-approve"].into_iter().chain(targets.iter().map(String::as_str));
    project.run(args).success();
}
