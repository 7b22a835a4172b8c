//! A zone of two name servers, of which the second one follows late: regplan finds both by the zone itself, and waits for both.

use super::dns::{ask_at, update};
use crate::bed::Size;
use crate::harness::{
    Bed, Command, Dialect, DnsService, HEAD, Namespace, Project, Running, SERVICE_TOKEN, SERVICE_ZONE,
    program, wait_until,
};

tests! { on Size::Processes;
    a_record_is_waited_for_at_both_servers_that_the_zone_names,
}

/// The same record in three ways, none of which is told where it is served.
const BLOCKS: &str = r#"
[dns.signed]
name = "signed-{prefix}.ZONE"
zone = "ZONE"
values = ["192.0.2.1"]
rfc2136 = { server = "SERVER", key_name = "NAME_OF_KEY", key = { env = "TSIG_KEY" } }

[dns.by-hand]
name = "by-hand-{prefix}.ZONE"
zone = "ZONE"
values = ["192.0.2.1"]
manual = {}

[dns.service]
name = "service-{prefix}.ZONE"
zone = "ZONE"
values = ["192.0.2.1"]
cloudflare = { api_token = { env = "TOKEN" }, url = "URL" }
"#;

/// The primary server has a record at once. What the second one lacks is told by its name, until it follows.
fn a_record_is_waited_for_at_both_servers_that_the_zone_names() {
    let (bed, ns) = (Bed::shared(), Namespace::new());
    let (followed, follower) = (bed.facts().followed.clone(), bed.facts().follower.clone());
    assert_eq!(followed.zone, SERVICE_ZONE, "the service has no other zone");
    let [first, second] = ["ns1", "ns2"].map(|server| format!("{server}.{}", followed.zone));
    wait_until("the first transfer", || !ask_at(&follower, &followed.zone, "SOA").is_empty());
    let service = DnsService::start(Dialect::Cloudflare);
    service.serve_at(&[&first, &second]);
    let project = project(&bed, &ns, &service);
    let lacks = |server: &str| format!("{server} does not have it yet");

    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    says(&mut apply, "signed", &lacks(&second));
    // Nobody has made these yet: a person, and the service, which is played and serves nothing.
    let by_others = ["by-hand", "service"];
    for block in by_others {
        says(&mut apply, block, &format!("{}; {}", lacks(&first), lacks(&second)));
    }
    for block in by_others {
        update(&followed, &name(&ns, block)).success();
        says(&mut apply, block, &lacks(&second));
    }
    notify(&follower, &followed.zone);
    apply.wait().success();
    for block in ["signed", "by-hand", "service"] {
        assert_eq!(ask_at(&follower, &name(&ns, block), "A"), "192.0.2.1", "{block}");
    }
    project.expect_settled();
}

fn project<'n>(bed: &Bed, ns: &'n Namespace, service: &DnsService) -> Project<'n> {
    let followed = bed.facts().followed.clone();
    let text = format!("{HEAD}{BLOCKS}")
        .replace("SERVER", &followed.server)
        .replace("NAME_OF_KEY", &followed.key)
        .replace("ZONE", &followed.zone)
        .replace("URL", service.url());
    let project = ns.project().write("regplan.toml", &text);
    project.env("TSIG_KEY", followed.secret).env("TOKEN", SERVICE_TOKEN)
}

/// The name of the record of this block.
fn name(ns: &Namespace, block: &str) -> String {
    format!("{block}-{}.{SERVICE_ZONE}", ns.prefix())
}

/// Waits until the apply says that this block waits for exactly this.
#[track_caller]
fn says(apply: &mut Running, block: &str, missing: &str) {
    apply.until(&format!("waiting dns.{block}  {missing}\n"));
}

/// Tells the second server that something has changed.
#[track_caller]
fn notify(server: &str, zone: &str) {
    let dig = Command::new(program("dig"));
    dig.args([&format!("@{server}"), "+opcode=notify", "+norecurse", "SOA", zone]).run().success();
}
