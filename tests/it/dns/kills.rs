//! Runs that are killed around each update of DNS: right before it arrives at the name server, and right after the server has
//! carried it out.

use std::fmt::Write as _;

use super::project;
use crate::harness::{DnsRelay, Ended, HEAD, NameServer, Namespace, Project, Updates, ZONE, wait_until};

tests! {
    a_kill_around_any_update_leaves_each_record_set_as_it_was_or_as_it_is_to_be,
}

/// A record set that a run changes: its name, and its address before and after. There is none where that is empty.
#[derive(Clone, Copy)]
struct Change {
    name: &'static str,
    from: &'static str,
    to: &'static str,
}

const CHANGED: Change = Change { name: "changed.zone.test", from: "192.0.2.1", to: "192.0.2.11" };
const LEFT: Change = Change { name: "left.zone.test", from: "192.0.2.2", to: "" };
const NEW: Change = Change { name: "new.zone.test", from: "", to: "192.0.2.13" };
/// A registry's own.
const REGISTRY: Change = Change { name: "registry.zone.test", from: "192.0.2.4", to: "192.0.2.14" };

/// What others have in the zone, one of it at a name of ours.
const OF_OTHERS: &str =
    "update add others.zone.test 60 A 192.0.2.66\nupdate add changed.zone.test 60 TXT \"of others\"";

/// After each kill the next run goes on from what stands there, and is killed too, until nothing is left to do.
fn a_kill_around_any_update_leaves_each_record_set_as_it_was_or_as_it_is_to_be() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    server.update(OF_OTHERS).success();
    let zone = Zone { ns: &ns, of_others: server.records(), server: &server };
    let relay = DnsRelay::before(&server.address());
    let provider = server.provider_at(relay.address(), "");
    let changes = [CHANGED, LEFT, NEW, REGISTRY];
    let before = configuration(&provider, changes.map(|change| (change.name, change.from)));
    let after = configuration(&provider, changes.map(|change| (change.name, change.to)));
    let project = project(&ns, &server, &before);
    project.apply();
    project.rewrite("regplan.toml", &after);
    kill_around_each_update(&project, &relay, "apply", |done, context| zone.judge(&changes, done, context));
    project.expect_settled();

    let gone = [CHANGED, NEW, REGISTRY].map(|change| Change { from: change.to, to: "", ..change });
    kill_around_each_update(&project, &relay, "destroy", |done, context| zone.judge(&gone, done, context));
}

/// A block for each name that has an address. The last one is that of a registry.
fn configuration(provider: &str, addresses: [(&str, &str); 4]) -> String {
    let [records @ .., (host, target)] = addresses;
    let mut text = format!(
        r#"{HEAD}
[registry.main]
host = "{host}"
image = "registry:3.1.2"
storage.volume.size = "1Gi"
auth.anonymous = true
node_port = {{}}
dns = {{ zone = "{ZONE}", target = "{target}", rfc2136 = {provider} }}
"#
    );
    let there = records.iter().enumerate().filter(|(_, (_, address))| !address.is_empty());
    for (number, (name, address)) in there {
        let _ = write!(
            text,
            "\n[dns.d{number}]\nname = \"{name}\"\nzone = \"{ZONE}\"\nvalues = [\"{address}\"]\nrfc2136 = {provider}\n"
        );
    }
    text
}

/// Runs the command again and again until it ends by itself, and kills it around its first update each time. `look` is given
/// how many updates are done, and what stands in front of its messages.
#[track_caller]
fn kill_around_each_update(
    project: &Project<'_>,
    relay: &DnsRelay,
    command: &str,
    look: impl Fn(usize, &str),
) {
    for done in 0.. {
        for (fate, now_done, moment) in [(Updates::Hold, done, "before"), (Updates::Hang, done + 1, "after")]
        {
            let context = format!("{command}, killed {moment} update {}", done + 1);
            let ended = kill_at_update(project, relay, command, fate);
            if let Some(code) = ended.exit_code() {
                ended.check(code == 0 && fate == Updates::Hold, &context);
                return look(done, &format!("{command} at its end"));
            }
            look(now_done, &context);
        }
    }
}

/// Runs the command, and kills it when this has become of its first update.
#[track_caller]
fn kill_at_update(project: &Project<'_>, relay: &DnsRelay, command: &str, fate: Updates) -> Ended {
    let before = relay.hanging();
    relay.set(fate);
    let mut running = project.regplan([command, "--auto-approve", "--parallelism", "1"]).spawn();
    wait_until("an update, or the end", || running.has_ended() || relay.hanging() > before);
    running.kill_now();
    relay.set(Updates::Pass);
    running.wait().any()
}

/// A zone that a run changes.
struct Zone<'t> {
    ns: &'t Namespace,
    server: &'t NameServer,
    /// What others have in it.
    of_others: Vec<String>,
}

impl Zone<'_> {
    /// So many of the changes are done, and the others are not begun. Each record set has its marker, once, and nothing of
    /// others is touched.
    #[track_caller]
    fn judge(&self, changes: &[Change], done: usize, context: &str) {
        let (mut rest, mut are_done) = (self.server.records(), 0);
        for Change { name, from, to } in changes {
            let kinds = [format!("{name} A "), format!("_regplan.{name} TXT ")];
            let own = rest.extract_if(.., |record| kinds.iter().any(|kind| record.starts_with(kind)));
            let own: Vec<String> = own.collect();
            let is_as = |address: &str| match own.as_slice() {
                [] => address.is_empty(),
                [marker, record] => *record == format!("{name} A {address}") && self.is_ours(marker),
                _ => false,
            };
            assert!(is_as(from) || is_as(to), "{context}: {own:#?}");
            are_done += usize::from(is_as(to));
        }
        assert_eq!(are_done, done, "{context}");
        assert_eq!(rest, self.of_others, "{context}");
    }

    /// Whether a record is a marker of the project.
    fn is_ours(&self, record: &str) -> bool {
        record.starts_with("_regplan.") && record.contains(&self.ns.fill("project={project},"))
    }
}
