//! Records that external-dns makes of what a block compiles to, on a real name server.

use super::dns::{ask, external_dns};
use crate::bed::{Records, Size};
use crate::harness::{Bed, Command, HEAD, Namespace, Project, program, wait_until};

tests! { on Size::Processes;
    a_block_makes_changes_and_removes_a_record_by_external_dns,
    annotations_of_a_registry_make_and_remove_a_record,
}

/// The definition of what external-dns watches, as its own chart brings it, and a block.
fn text(bed: &Bed, host: &str, values: &str) -> String {
    let definitions = bed.facts().programs.join("charts/external-dns/crds");
    let Records { zone, server, .. } = &bed.facts().records;
    format!(
        "{HEAD}\n[manifest.definitions]\npath = \"{}\"\n\n[dns.web]\nname = \"{host}\"\nzone = \"{zone}\"\nttl = 60\n\
         {values}\nexternal_dns.name_servers = [\"{server}\"]\n",
        definitions.display(),
    )
}

/// Applies the block with these values. Nobody else waits until the name server has them.
fn apply(project: &Project<'_>, text: &str, host: &str, expected: &[(&str, &str)]) {
    project.rewrite("regplan.toml", text);
    project.apply();
    for (record_type, value) in expected {
        assert_eq!(ask(host, record_type), *value, "the {record_type} of {host}");
    }
    project.expect_settled();
}

/// An apply ends when the name server answers with what was asked for, and what is asked for later is drift where it does not.
fn a_block_makes_changes_and_removes_a_record_by_external_dns() {
    let bed = Bed::shared();
    let ns = Namespace::new();
    let host = bed.domain(&ns);
    let first = text(&bed, &host, "values = [\"192.0.2.7\", \"2001:db8::7\"]");
    let hasty = format!("{first}lifecycle.timeouts.ready = \"1s\"\n");
    let project = ns.project().write("regplan.toml", &hasty);
    // Nobody makes it: external-dns does not run yet.
    let failed = project.run(["apply", "--auto-approve"]).code(1);
    failed
        .stderr_contains(&format!("not every server answers with {host}"))
        .stderr_contains("does not have it yet")
        .stderr_contains("the log of external-dns");
    let running = external_dns(&bed, &ns, "crd");
    apply(&project, &first, &host, &[("A", "192.0.2.7"), ("AAAA", "2001:db8::7")]);

    let second = text(&bed, &host, "values = [\"192.0.2.8\"]");
    apply(&project, &second, &host, &[("A", "192.0.2.8")]);

    let alias = text(&bed, &host, "values = [\"lb.example.net\"]");
    apply(&project, &alias, &host, &[("CNAME", "lb.example.net.")]);

    drop(running);
    remove(&bed.facts().records, &host).success();
    project.run(["drift"]).code(2).stdout_contains("does not have it yet");
    project.run(["plan"]).success().stdout_contains("does not have it yet");

    let _running = external_dns(&bed, &ns, "crd");
    // The definition is protected, and so it stays.
    project.run(["destroy", "--auto-approve"]).success();
    wait_until("the end of the record", || ask(&host, "CNAME").is_empty());
}

/// Takes an alias away by `nsupdate`.
fn remove(Records { server, key, secret, .. }: &Records, host: &str) -> crate::harness::Output {
    Command::new(program("nsupdate"))
        .args(["-y".into(), format!("hmac-sha256:{key}:{secret}")])
        .stdin(format!("server {server}\nupdate delete {host} CNAME\nsend\n"))
        .run()
}

/// The Ingress says the name and the time to live, and its own status says the address.
fn annotations_of_a_registry_make_and_remove_a_record() {
    let bed = Bed::shared();
    let ns = Namespace::new();
    let zone = &bed.facts().records.zone;
    let host = format!("{}.{zone}", ns.prefix());
    let text = format!(
        "{HEAD}\n[dns.zone]\nzone = \"{zone}\"\nttl = 77\nexternal_dns.by = \"annotations\"\n\n\
         [registry.main]\nhost = \"{host}\"\nimage = \"registry:3.1.2\"\nstorage.volume.size = \"1Gi\"\n\
         auth.anonymous = true\ningress.class = \"contour\"\ndns = \"dns.zone\"\n"
    );
    let project = ns.project().write("regplan.toml", &text);
    let mut running = external_dns(&bed, &ns, "ingress");
    apply(&project, &text, &host, &[]);
    wait_until("the address", || {
        assert!(!running.has_ended(), "{}", running.stderr_so_far());
        ask(&host, "A") == bed.facts().address
    });
    // external-dns takes the name from the rule of an Ingress as well, so the time to live shows that it reads what is said.
    wait_until("the time to live", || time_to_live(&host) == "77");

    apply(&project, &text.replace("ttl = 77", "ttl = 78"), &host, &[]);
    wait_until("the other time to live", || time_to_live(&host) == "78");
    project.run(["destroy", "--auto-approve"]).success();
    wait_until("the end of the record", || ask(&host, "A").is_empty());
}

/// The time to live of the address of a name, as its server tells it.
fn time_to_live(host: &str) -> String {
    let server = format!("@{}", Bed::shared().facts().records.server);
    let answer = Command::new(program("dig")).args(["+noall", "+answer", host, "A", &server]).run().success();
    answer.stdout().split_whitespace().nth(1).unwrap_or_default().to_owned()
}
