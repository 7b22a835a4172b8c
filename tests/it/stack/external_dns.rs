//! Records that external-dns makes of what a block compiles to, on a real name server.

use super::dns::{ask, external_dns};
use crate::bed::Size;
use crate::harness::{Bed, HEAD, Namespace, Project, Running, wait_until};

tests! { on Size::Processes;
    a_block_makes_changes_and_removes_a_record_by_external_dns,
}

/// The definition of what external-dns watches, as its own chart brings it, and a block.
fn text(bed: &Bed, host: &str, values: &str) -> String {
    let definitions = bed.facts().programs.join("charts/external-dns/crds");
    format!(
        "{HEAD}\n[manifest.definitions]\npath = \"{}\"\n\n[dns.web]\nname = \"{host}\"\nzone = \"{}\"\nttl = 60\n\
         {values}\nexternal_dns = {{}}\n",
        definitions.display(),
        bed.facts().records.zone
    )
}

/// Applies the block with these values, and waits until the name server has them.
fn apply(project: &Project<'_>, running: &mut Running, text: &str, host: &str, expected: &[(&str, &str)]) {
    project.rewrite("regplan.toml", text);
    project.apply();
    project.expect_settled();
    for (record_type, value) in expected {
        wait_until(&format!("the {record_type} of {host}"), || {
            assert!(!running.has_ended(), "{}", running.stderr_so_far());
            ask(host, record_type) == *value
        });
    }
}

fn a_block_makes_changes_and_removes_a_record_by_external_dns() {
    let bed = Bed::shared();
    let ns = Namespace::new();
    let host = format!("{}.{}", ns.prefix(), bed.facts().records.zone);
    let first = text(&bed, &host, "values = [\"192.0.2.7\", \"2001:db8::7\"]");
    let project = ns.project().write("regplan.toml", &first);
    // external-dns watches a kind that must be there.
    project.run(["apply", "--auto-approve", "--target", "manifest.definitions"]).success();
    let mut running = external_dns(&bed, &ns, "crd");
    apply(&project, &mut running, &first, &host, &[("A", "192.0.2.7"), ("AAAA", "2001:db8::7")]);

    let second = text(&bed, &host, "values = [\"192.0.2.8\"]");
    apply(&project, &mut running, &second, &host, &[("A", "192.0.2.8"), ("AAAA", "")]);

    let alias = text(&bed, &host, "values = [\"lb.example.net\"]");
    apply(&project, &mut running, &alias, &host, &[("CNAME", "lb.example.net.")]);

    // The definition is protected, and so it stays.
    project.run(["destroy", "--auto-approve"]).success();
    wait_until("the end of the record", || ask(&host, "CNAME").is_empty());
}
