//! What comes in through a real ingress controller and a real Gateway while a registry goes from one way to another one, and
//! the apply is killed after each single write.

mod prober;
mod side;

use serde_json::json;

use super::gateway::{Controller, make_class};
use super::named_gateway::owner;
use crate::bed::Size;
use crate::force::exposure::{is_rolled_out, kill_after_each_write};
use crate::harness::{BY_INGRESS, Bed, Namespace, Project, wait_until};
use crate::plane::pki::{Authority, Validity};
use prober::Prober;
use side::{CERTIFICATE, OWN_GATEWAY, Pods, Side, Way};

tests! { on Size::Processes;
    no_request_comes_in_that_neither_side_of_a_change_allows,
}

/// What is asserted, in words, for `docs/reliability.md`.
pub(crate) const OF_A_REQUEST: [&str; 3] = [
    "Without a password nobody gets in by a way, unless the configuration before or after the change lets everybody in by it.",
    "The registry answers no request in clear, unless the configuration before or after the change does without TLS.",
    "At the end, the registry answers by the way of its configuration, and by no other one.",
];

/// From one to the other, killed after each write, and back by one apply.
const CHANGES: [(Side, Side, Pods); 8] = [
    (Side::NOWHERE, Side::guarded(Way::Ingress), Pods::SideBySide),
    (Side::OPEN_IN_CLEAR, Side::guarded(Way::Ingress), Pods::OneByOne),
    (Side::guarded(Way::Ingress), Side::OPEN_IN_CLEAR, Pods::SideBySide),
    (Side::GUARDED_IN_CLEAR, Side::guarded(Way::Ingress), Pods::OneByOne),
    (Side::open(Way::Ingress), Side::guarded(Way::Gateway), Pods::SideBySide),
    (Side::guarded(Way::Gateway), Side::NOWHERE, Pods::SideBySide),
    (Side::guarded(Way::Ingress), Side::GUARDED_IN_CLEAR, Pods::SideBySide),
    (Side::NOWHERE, Side::guarded(Way::OwnGateway), Pods::SideBySide),
];

/// How many writes a change has at least.
const WRITES: usize = 2;

/// All of the changes at once, because most of the time is spent on waiting for pods and certificates.
fn no_request_comes_in_that_neither_side_of_a_change_allows() {
    let bed = &Bed::shared().with_cert_manager();
    let (namespaces, edge) = (CHANGES.map(|_| Namespace::new()), &Namespace::new());
    make_class(edge);
    let owner = owner(bed, edge, Way::Gateway.ports());
    let for_all = owner.read("regplan.toml").replace(r#"from = "Same""#, r#"from = "All""#);
    owner.rewrite("regplan.toml", &for_all);
    let _controller = Controller::start(bed, edge, &owner, 8030);
    owner.apply();
    std::thread::scope(|scope| {
        let started = namespaces.iter().zip(CHANGES);
        let started = started.map(|(ns, sides)| scope.spawn(move || change(bed, ns, edge, sides)));
        for change in started.collect::<Vec<_>>() {
            if let Err(panic) = change.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

fn change(bed: &Bed, ns: &Namespace, edge: &Namespace, (from, to, pods): (Side, Side, Pods)) {
    let host = bed.domain(ns);
    let project = bed.project(ns, BY_INGRESS, "").env("CI_PASSWORD", prober::PASSWORD);
    let head = project.read("regplan.toml");
    let write = |project: &Project<'_>, side: Side| {
        project.rewrite("regplan.toml", &format!("{head}{}", side.registry(&host, pods, edge)));
    };
    let _controller =
        [from, to].iter().any(|side| side.has_own_gateway()).then(|| own_gateway(bed, ns, &project, &host));
    write(&project, from);
    project.apply();
    project.expect_settled();
    let prober = Prober::start(bed, &host, [from, to]);
    prober.wait_for(from);
    write(&project, to);
    let proxy = ns.proxy();
    let project = project.through(&proxy);
    let kills = kill_after_each_write(ns, &project, &proxy, &format!("from {from} to {to}"), |context| {
        prober.look(context);
        wait_until("the rollout", || is_rolled_out(ns));
        prober.look_on(context);
    });
    assert!(kills >= WRITES, "from {from} to {to} {kills} writes are too few");
    prober.wait_for(to);
    // Nobody but the apply itself waits between its writes.
    write(&project, from);
    project.apply();
    prober.look(&format!("from {to} back to {from}"));
    prober.wait_for(from);
    prober.finish();
    project.run(["destroy", "--auto-approve"]).success();
}

/// What a Gateway needs that is made with the registry: its controller, and a certificate for the host.
fn own_gateway(bed: &Bed, ns: &Namespace, project: &Project<'_>, host: &str) -> Controller {
    let pair = Authority::new().unwrap().server_named(host, Validity::Current).unwrap();
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": CERTIFICATE},
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": pair.certificate, "tls.key": pair.key},
    });
    ns.apply(&secret.to_string());
    make_class(ns);
    Controller::start_for(OWN_GATEWAY, bed, ns, project, 8040)
}
