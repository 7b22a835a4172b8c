//! Plan files with record sets: where a record set lies is part of what was approved.

use super::{HEAD, NAME, ONE, TWO, ZONE, block, project};
use crate::harness::{NameServer, Namespace, Project};

tests! {
    a_record_set_is_written_at_the_server_that_was_approved,
    a_record_set_is_written_in_the_zone_that_was_approved,
    a_record_set_that_has_moved_is_not_written_at_the_old_server,
    a_record_set_that_has_moved_is_not_deleted_at_the_new_server,
}

/// The block for another server, whose key is in `OTHER_KEY`.
fn elsewhere(other: &NameServer, keys: &str) -> String {
    block(other, keys).replace("env = \"TSIG_KEY\"", "env = \"OTHER_KEY\"")
}

#[track_caller]
fn refused(project: &Project<'_>, message: &str) {
    let ended = project.run(["apply", "p.plan"]).code(1);
    ended.stderr_contains("`p.plan` is not applied, and nothing was done").stderr_contains(message);
}

/// The server may also come from a variable.
fn a_record_set_is_written_at_the_server_that_was_approved() {
    let (ns, server, other) = (Namespace::new(), NameServer::start(), NameServer::start());
    let project = project(&ns, &server, &block(&server, ONE)).env("OTHER_KEY", other.secret());
    project.run(["plan", "--out", "p.plan"]).success();
    project.rewrite("regplan.toml", &elsewhere(&other, ONE));
    refused(&project, "the configuration has changed since");
    let variable = "\n[variable.server]\ntype = \"string\"\n";
    let text = block(&server, ONE)
        .replace(&format!("server = \"{}\"", server.address()), "server = \"${var.server}\"");
    project.rewrite("regplan.toml", &format!("{text}{variable}"));
    let project = project.env("REGPLAN_VAR_server", server.address());
    project.run(["plan", "--out", "p.plan"]).success();
    let project = project.env("REGPLAN_VAR_server", other.address());
    refused(&project, "the configuration has changed since");
    let project = project.env("REGPLAN_VAR_server", server.address());
    assert_eq!((server.dig("A", NAME), other.dig("A", NAME)), (String::new(), String::new()));
    project.run(["apply", "p.plan"]).success();
    assert_eq!((server.dig("A", NAME), other.dig("A", NAME)), ("192.0.2.1".into(), String::new()));
}

fn a_record_set_is_written_in_the_zone_that_was_approved() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let name = "deep.sub.zone.test";
    let project = project(&ns, &server, &block(&server, ONE).replace(NAME, name));
    project.run(["plan", "--out", "p.plan"]).success();
    project.edit("regplan.toml", &format!("zone = \"{ZONE}\""), "zone = \"sub.zone.test\"");
    refused(&project, "the configuration has changed since");
    assert_eq!(server.dig("A", name), "");
}

/// The record set lies at one server; somebody plans a change, written to `p.plan`, with this text. Then somebody else takes
/// it away there, and makes it at another server.
fn moved<'n>(ns: &'n Namespace, server: &NameServer, other: &NameServer, planned: &str) -> Project<'n> {
    let project = project(ns, server, &block(server, ONE)).env("OTHER_KEY", other.secret());
    project.apply();
    project.rewrite("regplan.toml", planned);
    project.run(["plan", "--out", "p.plan"]).success();
    for text in [HEAD, &elsewhere(other, ONE)] {
        project.rewrite("regplan.toml", text);
        project.apply();
    }
    project.rewrite("regplan.toml", planned);
    project
}

fn a_record_set_that_has_moved_is_not_written_at_the_old_server() {
    let (ns, server, other) = (Namespace::new(), NameServer::start(), NameServer::start());
    let project = moved(&ns, &server, &other, &block(&server, TWO));
    let refused = project.run(["apply", "p.plan"]).code(1);
    refused.stdout_contains(&format!("was written at {} (zone zone.test)", other.address()));
    assert_eq!((server.dig("A", NAME), other.dig("A", NAME)), (String::new(), "192.0.2.1".into()));
}

fn a_record_set_that_has_moved_is_not_deleted_at_the_new_server() {
    let (ns, server, other) = (Namespace::new(), NameServer::start(), NameServer::start());
    let project = moved(&ns, &server, &other, HEAD);
    refused(&project, "dns.main");
    assert_eq!(other.dig("A", NAME), "192.0.2.1");
}
