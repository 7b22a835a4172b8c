//! Record sets on a real name server.

pub(crate) mod keys;
pub(crate) mod kills;
pub(crate) mod manual;
pub(crate) mod plan_files;

use std::sync::Arc;

use crate::harness::{
    BALANCER, DnsRelay, Ended, HEAD, NameServer, Namespace, Project, Updates, ZONE, wait_until,
};

tests! {
    a_record_is_made_changed_and_destroyed,
    an_alias_takes_the_place_of_addresses_at_once,
    nothing_stands_beside_an_alias,
    what_others_made_is_taken_over_only_with_consent,
    a_wildcard_is_no_record,
    a_server_that_does_not_let_us_is_explained,
    a_key_that_is_not_there_is_told_and_stops_the_apply,
    the_apply_waits_for_a_server_that_lags,
    what_has_left_the_file_is_found_by_the_state,
    what_has_left_the_file_and_the_state_is_found_in_the_zone,
    a_zone_that_is_not_listed_is_told_where_a_state_is_lost,
    a_server_is_not_changed_behind_the_back_of_what_it_holds,
    a_record_that_cannot_be_deleted_any_more_stays_where_it_is,
    an_update_whose_answer_is_lost_is_looked_up,
    what_others_change_after_the_question_is_left_alone,
    what_others_write_right_before_an_update_stays,
    a_killed_run_is_settled_by_the_marker,
    a_rollback_brings_the_old_values_back,
    texts_stand_beside_addresses,
    a_name_leads_to_whatever_address_a_balancer_has,
    a_type_that_is_said_takes_its_own_addresses,
    a_server_that_does_not_answer_once_is_asked_again,
    texts_that_others_have_cut_elsewhere_are_taken_over,
    a_wildcard_at_the_name_of_the_marker_is_no_marker,
    without_the_key_a_wildcard_is_nobodys_record,
    nothing_is_destroyed_without_the_key_of_a_record,
    no_text_stands_beside_an_alias,
}

const NAME: &str = "registry.zone.test";

/// A block with these keys beside its names.
fn block(server: &NameServer, keys: &str) -> String {
    block_at(&server.provider(""), keys)
}

fn block_at(provider: &str, keys: &str) -> String {
    format!(
        "{HEAD}\n[dns.main]\nname = \"{NAME}\"\nzone = \"{ZONE}\"\nttl = 60\nrfc2136 = {provider}\n{keys}\n"
    )
}

fn project<'n>(ns: &'n Namespace, server: &NameServer, text: &str) -> Project<'n> {
    ns.project().write("regplan.toml", text).env("TSIG_KEY", server.secret())
}

const ONE: &str = "values = [\"192.0.2.1\"]";
const TWO: &str = "values = [\"192.0.2.2\", \"2001:DB8::2\"]";

fn a_record_is_made_changed_and_destroyed() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let project = project(&ns, &server, &block(&server, ONE));
    let plan = project.run(["plan", "--detailed-exitcode"]).code(2);
    plan.stdout_contains("+ dns.main").stdout_contains("Plan: 1 to add");
    assert_eq!(server.dig("A", NAME), "", "a plan changes nothing");
    project.apply();
    assert_eq!(server.dig("A", NAME), "192.0.2.1");
    let marker = server.dig("TXT", &format!("_regplan.{NAME}"));
    assert!(
        marker.contains(&ns.fill("project={project},")) && marker.contains("address=dns.main"),
        "{marker}"
    );
    project.expect_settled();
    project.run(["drift"]).success();

    project.rewrite("regplan.toml", &block(&server, TWO));
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("~ dns.main").stdout_contains("192.0.2.1").stdout_contains("2001:db8::2");
    project.apply();
    assert_eq!((server.dig("A", NAME), server.dig("AAAA", NAME)), ("192.0.2.2".into(), "2001:db8::2".into()));
    project.expect_settled();

    server.update(&format!("update delete {NAME} A\nupdate add {NAME} 7 A 192.0.2.66")).success();
    let drift = project.run(["drift"]).code(2);
    drift.stdout_contains("dns.main").stdout_contains("192.0.2.66");
    project.run(["plan"]).success().stdout_contains("drift").stdout_contains("192.0.2.66");
    project.apply();
    assert_eq!(server.dig("A", NAME), "192.0.2.2");
    project.expect_settled();

    project.run(["destroy", "--auto-approve"]).success();
    for (record_type, name) in [("A", NAME), ("AAAA", NAME), ("TXT", "_regplan.registry.zone.test")] {
        assert_eq!(server.dig(record_type, name), "");
    }
}

fn an_alias_takes_the_place_of_addresses_at_once() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let relay = DnsRelay::before(&server.address());
    let text = |keys: &str| block_at(&server.provider_at(relay.address(), ""), keys);
    let project = project(&ns, &server, &text(TWO));
    project.apply();
    project.rewrite("regplan.toml", &text("values = [\"LB.example.net.\"]"));
    project.apply();
    assert_eq!(relay.updates(), 2, "a message each");
    assert_eq!(server.dig("CNAME", NAME), "lb.example.net.");
    project.expect_settled();
    project.rewrite("regplan.toml", &text(ONE));
    project.apply();
    assert_eq!((server.dig("CNAME", NAME), server.dig("A", NAME)), (String::new(), "192.0.2.1".into()));
    project.expect_settled();
}

fn nothing_stands_beside_an_alias() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    server.update(&format!("update add {NAME} 60 TXT \"of others\"")).success();
    let project = project(&ns, &server, &block(&server, "values = [\"lb.example.net\"]"));
    let plan = project.run(["plan"]).code(1);
    plan.stdout_contains("has other records (TXT), and nothing may stand beside a CNAME");
    project.rewrite("regplan.toml", &block(&server, ONE));
    project.apply();
    assert_eq!(server.dig("TXT", NAME), "\"of others\"");
    project.rewrite("regplan.toml", &block(&server, "values = [\"lb.example.net\"]"));
    project.run(["apply", "--auto-approve"]).code(1);
    assert_eq!(server.dig("A", NAME), "192.0.2.1");
}

fn what_others_made_is_taken_over_only_with_consent() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    server.update(&format!("update add {NAME} 60 A 192.0.2.9")).success();
    let project = project(&ns, &server, &block(&server, ONE));
    let plan = project.run(["plan"]).code(1);
    plan.stdout_contains("exists already, and nothing marks it as ours").stdout_contains("--adopt dns.main");
    project.run(["apply", "--auto-approve"]).code(1);
    assert_eq!(server.dig("A", NAME), "192.0.2.9");
    project.run(["apply", "--auto-approve", "--adopt", "dns.main"]).success();
    assert_eq!(server.dig("A", NAME), "192.0.2.1");
    project.expect_settled();

    // Another project wants the same name.
    let other_ns = Namespace::new();
    let other = self::project(&other_ns, &server, &block(&server, TWO));
    let plan = other.run(["plan", "--adopt", "dns.main"]).code(1);
    plan.stdout_contains(&ns.fill("it belongs to the project `{project}` (dns.main)"));
    plan.stdout_contains("_regplan.registry.zone.test");
}

fn a_wildcard_is_no_record() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let name = "registry.wild.zone.test";
    let project = project(&ns, &server, &block(&server, ONE).replace(NAME, name));
    assert_eq!(server.dig("A", name), "192.0.2.77");
    project.run(["plan"]).success().stdout_contains("+ dns.main");
    project.apply();
    assert_eq!(server.dig("A", name), "192.0.2.1");
    project.expect_settled();
    project.run(["destroy", "--auto-approve"]).success();
    assert_eq!(server.dig("A", name), "192.0.2.77");
}

fn a_server_that_does_not_let_us_is_explained() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let project = ns.project().write("regplan.toml", &block(&server, ONE));
    let wrong = project.regplan(["plan"]).env("TSIG_KEY", "bm90IHRoZSBrZXk=").run().code(1);
    wrong.stdout_contains("the secret of the key regplan is another one there (BADSIG)");
    let project = project.env("TSIG_KEY", server.secret());
    project.edit("regplan.toml", "key_name = \"regplan\"", "key_name = \"other\"");
    project.run(["plan"]).code(1).stdout_contains("it knows no key other with this algorithm (BADKEY)");
    project.edit("regplan.toml", "key_name = \"other\"", "key_name = \"regplan\"");
    project.edit("regplan.toml", "\"zone.test\"\nttl", "\"test\"\nttl");
    project.run(["plan"]).code(1).stdout_contains("it does not keep the zone, or not with this key");
    project.edit("regplan.toml", "\"test\"\nttl", "\"zone.test\"\nttl");
    let _dead = server.end();
    let dead = project.run(["plan"]).code(1);
    dead.stdout_contains("cannot be reached by TCP").stdout_contains("check the address");
}

fn a_key_that_is_not_there_is_told_and_stops_the_apply() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let project = ns.project().write("regplan.toml", &block(&server, ONE));
    project.run(["plan"]).success().stdout_contains("the environment variable TSIG_KEY is not set");
    project.run(["apply", "--auto-approve"]).code(1);
    assert_eq!(server.dig("A", NAME), "");
    let odd = project.regplan(["plan"]).env("TSIG_KEY", "no base64!").run().code(1);
    odd.stderr_contains("the key of `rfc2136` is not base64").stderr_lacks("no base64!");
}

fn the_apply_waits_for_a_server_that_lags() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let follower = server.follower();
    let more = format!(", name_servers = [\"{}\", \"{}\"]", server.address(), follower.address());
    let text = |keys: &str| block_at(&server.provider(&more), keys);
    let project = project(&ns, &server, &text(ONE));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until(&format!("{} does not have it yet", follower.address()));
    follower.notify();
    apply.wait().success();
    assert_eq!(follower.dig("A", NAME), "192.0.2.1");

    // One that never follows.
    let dead = follower.end();
    project.rewrite("regplan.toml", &(text(TWO) + "\n[dns.main.lifecycle.timeouts]\nready = \"1s\"\n"));
    let late = project.run(["apply", "--auto-approve"]).code(1);
    late.stderr_contains("not every server answers with registry.zone.test after 1 s");
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("not ready yet").stdout_contains(&dead.address().to_string());
    project.run(["drift"]).code(2).stdout_contains(&dead.address().to_string());
}

fn what_has_left_the_file_is_found_by_the_state() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let text = block(&server, ONE).replace("{ env = \"TSIG_KEY\" }", "{ file = \"keys/tsig\" }");
    let project =
        ns.project().write("regplan.toml", &text).write("keys/tsig", &format!("{}\n", server.secret()));
    project.apply();
    assert!(!project.read(&project.state_path()).contains(server.secret()), "the state holds no key");
    project.rewrite("regplan.toml", HEAD);
    project.run(["drift"]).success();
    let gone = project.path("keys/tsig");
    std::fs::rename(&gone, project.path("keys/elsewhere")).unwrap();
    project.run(["apply", "--auto-approve"]).code(1).stdout_contains("keys/tsig cannot be read");
    assert_eq!(server.dig("A", NAME), "192.0.2.1");
    std::fs::rename(project.path("keys/elsewhere"), gone).unwrap();
    project.apply().stdout_contains("1 to destroy");
    assert_eq!(server.dig("A", NAME), "");
}

/// A second block in the same zone: a wildcard.
fn second(server: &NameServer) -> String {
    let text = block(server, "values = [\"192.0.2.5\"]");
    text[HEAD.len()..].replace("dns.main", "dns.second").replace(NAME, "*.more.zone.test")
}

fn what_has_left_the_file_and_the_state_is_found_in_the_zone() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    // A zone whose list has several messages.
    for hundred in 0..6 {
        let lines: Vec<String> = (0..100)
            .map(|n| format!("update add t{hundred}-{n}.{ZONE} 60 TXT \"{}\"", "x".repeat(200)))
            .collect();
        server.update(&lines.join("\n")).success();
    }
    let other_ns = Namespace::new();
    let others = block(&server, "values = [\"192.0.2.6\"]").replace(NAME, "others.zone.test");
    let other = self::project(&other_ns, &server, &others);
    other.apply();

    let text = block(&server, ONE);
    let project = project(&ns, &server, &format!("{text}{}", second(&server)));
    project.apply();
    let done = rebuilt(&project, &text);
    done.stderr_contains("dns.main").stderr_contains("dns.second").stderr_contains("Took in 2 resources");
    done.stderr_lacks("others").stderr_lacks("not listed");
    project.run(["drift"]).any().stdout_contains("dns.second");
    project.run(["plan"]).success().stdout_contains("- dns.second  delete").stdout_lacks("others");
    project.apply();
    for name in ["*.more.zone.test", "_regplan._wildcard.more.zone.test"] {
        assert_eq!(server.dig("ANY", name), "", "{name}");
    }
    assert_eq!(
        (server.dig("A", NAME), server.dig("A", "others.zone.test")),
        ("192.0.2.1".into(), "192.0.2.6".into())
    );
    project.expect_settled();
}

/// The state is lost and made anew, with this configuration.
fn rebuilt(project: &Project<'_>, text: &str) -> Ended {
    let lineage = project.state()["lineage"].as_str().unwrap().to_owned();
    project.remove(&project.state_path());
    project.rewrite("regplan.toml", text);
    project.run(["state", "rebuild", "--auto-approve", "--adopt-lineage", &lineage]).success()
}

fn a_zone_that_is_not_listed_is_told_where_a_state_is_lost() {
    let (ns, server) = (Namespace::new(), NameServer::unlisted());
    let text = block(&server, ONE);
    let project = project(&ns, &server, &format!("{text}{}", second(&server)));
    project.apply();
    let done = rebuilt(&project, &text);
    done.stderr_contains("Took in 1 resource.")
        .stderr_contains("in the zone zone.test are looked for only at names");
    done.stderr_contains("may not do this, or the server does not keep the zone (REFUSED)")
        .stderr_contains("allow-transfer { key \"regplan\"; };");
    // With its block it is found again, since the marker stands at its name.
    project.rewrite("regplan.toml", &format!("{text}{}", second(&server)));
    project.run(["state", "rebuild", "--auto-approve"]).success().stderr_contains("dns.second");
}

fn a_server_is_not_changed_behind_the_back_of_what_it_holds() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let other = NameServer::start();
    let project = project(&ns, &server, &block(&server, ONE));
    project.apply();
    project.rewrite("regplan.toml", &block(&other, ONE).replace("env = \"TSIG_KEY\"", "env = \"OTHER_KEY\""));
    let project = project.env("OTHER_KEY", other.secret());
    let plan = project.run(["plan"]).code(1);
    plan.stdout_contains(&format!("was written at {} (zone zone.test)", server.address()));
    plan.stdout_contains("nothing is left behind");
    assert_eq!(other.dig("A", NAME), "");
    // The same server by another address.
    let relay = DnsRelay::before(&server.address());
    project.rewrite("regplan.toml", &block_at(&server.provider_at(relay.address(), ""), ONE));
    project.expect_settled();
    project.apply();
    assert!(project.state()["resources"]["dns.main"].to_string().contains(relay.address()));
}

/// Nobody has the key of the old server any more, or it is gone.
fn a_record_that_cannot_be_deleted_any_more_stays_where_it_is() {
    let (ns, old, new) = (Namespace::new(), NameServer::start(), NameServer::start());
    let project = project(&ns, &old, &block(&old, ONE));
    project.apply();
    project.rewrite("regplan.toml", &block(&new, ONE).replace("env = \"TSIG_KEY\"", "env = \"NEW_KEY\""));
    let project = project.env("NEW_KEY", new.secret()).env("TSIG_KEY", "");
    project.run(["plan"]).code(1).stdout_contains("`regplan state rm ADDRESS`");
    project.run(["state", "rm", "dns.main", "--auto-approve"]).success();
    project.apply();
    project.expect_settled();
    assert_eq!((old.dig("A", NAME), new.dig("A", NAME)), ("192.0.2.1".into(), "192.0.2.1".into()));
}

fn an_update_whose_answer_is_lost_is_looked_up() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let relay = DnsRelay::before(&server.address());
    let text = |keys: &str| block_at(&server.provider_at(relay.address(), ""), keys);
    let project = project(&ns, &server, &text(ONE));
    relay.set(Updates::LoseAnswer);
    project.apply();
    assert_eq!(relay.updates(), 1, "it was done, and is not repeated");
    relay.set(Updates::Lose);
    project.rewrite("regplan.toml", &text(TWO));
    project.apply();
    assert_eq!(relay.updates(), 3, "it was not done, and is repeated");
    assert_eq!(server.dig("A", NAME), "192.0.2.2");
    project.expect_settled();
}

/// They write to the name server while the question is on the screen.
fn what_others_change_after_the_question_is_left_alone() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let project = project(&ns, &server, &block(&server, ONE));
    project.apply();
    let approve_after = |theirs: &str| {
        let mut apply = project.regplan(["apply"]).open_stdin().spawn();
        apply.until("Only `yes` is accepted");
        server.update(theirs).success();
        apply.say("yes");
        apply.wait().code(1)
    };
    project.rewrite("regplan.toml", &block(&server, TWO));
    let theirs = format!("update delete {NAME} A\nupdate add {NAME} 60 A 192.0.2.66");
    approve_after(&theirs).stderr_contains("not approved: spec.values");
    assert_eq!(server.dig("A", NAME), "192.0.2.66");
    // What they make in the place of our record is not ours to delete.
    project.rewrite("regplan.toml", HEAD);
    let theirs = format!(
        "update delete {NAME} A\nupdate delete _regplan.{NAME} TXT\nupdate add {NAME} 60 A 192.0.2.67"
    );
    approve_after(&theirs);
    assert_eq!(server.dig("A", NAME), "192.0.2.67");
}

/// The server itself compares what stands there, in the message that changes it.
fn what_others_write_right_before_an_update_stays() {
    let (ns, server) = (Namespace::new(), Arc::new(NameServer::start()));
    let relay = DnsRelay::before(&server.address());
    let text = |keys: &str| block_at(&server.provider_at(relay.address(), ""), keys);
    let project = project(&ns, &server, &text(ONE));
    project.apply();
    project.rewrite("regplan.toml", &text(TWO));
    let theirs = format!("update delete {NAME} A\nupdate add {NAME} 60 A 192.0.2.66");
    let others = Arc::clone(&server);
    relay.before_next(move || drop(others.update(&theirs).success()));
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended.stderr_contains("not approved: spec.values");
    assert_eq!(server.dig("A", NAME), "192.0.2.66");
}

fn a_killed_run_is_settled_by_the_marker() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let relay = DnsRelay::before(&server.address());
    let text = |keys: &str| block_at(&server.provider_at(relay.address(), ""), keys);
    let project = project(&ns, &server, &text(ONE));
    relay.set(Updates::Hang);
    let apply = project.regplan(["apply", "--auto-approve"]).spawn();
    wait_until("the record", || server.dig("A", NAME) == "192.0.2.1");
    apply.kill();
    relay.set(Updates::Pass);
    let settled = project.apply();
    settled.stdout_lacks("to adopt").stdout_lacks("exists already");
    project.expect_settled();
    // Killed while it destroys.
    relay.set(Updates::Hang);
    let destroy = project.regplan(["destroy", "--auto-approve"]).spawn();
    wait_until("the end of the record", || server.dig("A", NAME).is_empty());
    destroy.kill();
    relay.set(Updates::Pass);
    project.run(["destroy", "--auto-approve"]).success();
    assert_eq!(server.dig("TXT", "_regplan.registry.zone.test"), "");
}

fn a_rollback_brings_the_old_values_back() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let project = project(&ns, &server, &block(&server, ONE));
    project.apply();
    project.rewrite("regplan.toml", &block(&server, "values = [\"lb.example.net\"]"));
    project.apply();
    project.run(["rollback", "--auto-approve"]).success();
    assert_eq!((server.dig("A", NAME), server.dig("CNAME", NAME)), ("192.0.2.1".into(), String::new()));
}

fn texts_stand_beside_addresses() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let long = "x".repeat(300);
    let texts = format!(
        "{}\n[dns.texts]\nname = \"{NAME}\"\nzone = \"{ZONE}\"\ntype = \"TXT\"\nrfc2136 = {}\nvalues = [\"v=1; a\", \"{long}\"]\n",
        block(&server, ONE),
        server.provider("")
    );
    let project = project(&ns, &server, &texts);
    project.apply();
    project.expect_settled();
    assert_eq!(server.dig("TXT", NAME).lines().count(), 2);
    project.rewrite("regplan.toml", &block(&server, ONE));
    project.apply().stdout_contains("1 to destroy");
    assert_eq!((server.dig("TXT", NAME), server.dig("A", NAME)), (String::new(), "192.0.2.1".into()));
}

fn a_name_leads_to_whatever_address_a_balancer_has() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let text = block(&server, "target = \"${resource.lb.status.loadBalancer.ingress}\"")
        + BALANCER
        + "lifecycle.ready = \"written\"\n";
    let project = project(&ns, &server, &text);
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("+ dns.main").stdout_contains("resource.lb.status.loadBalancer.ingress");
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    // Nothing in this cluster gives addresses.
    apply
        .until("give it a pool of them (MetalLB)")
        .until("lead the name to the nodes (`target = \"nodes\"`)");
    let give = |ingress: &str| {
        let patch = format!(r#"{{"status": {{"loadBalancer": {{"ingress": {ingress}}}}}}}"#);
        let args = ["patch", "service/lb", "--subresource=status", "--type=merge", "--patch", &patch];
        ns.kubectl(args).run().success();
    };
    give(r#"[{"ip": "192.0.2.3"}, {"ip": "2001:db8::3"}]"#);
    apply.wait().success();
    assert_eq!((server.dig("A", NAME), server.dig("AAAA", NAME)), ("192.0.2.3".into(), "2001:db8::3".into()));
    project.expect_settled();
    give(r#"[{"hostname": "lb.example.net"}]"#);
    project.run(["plan"]).success().stdout_contains("lb.example.net");
    project.apply();
    assert_eq!(
        (server.dig("CNAME", NAME), server.dig("A", NAME)),
        ("lb.example.net.".into(), "lb.example.net.".into())
    );
    project.expect_settled();
}

fn a_type_that_is_said_takes_its_own_addresses() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let text = block(&server, "type = \"A\"\ntarget = \"${resource.lb.status.loadBalancer.ingress}\"")
        + BALANCER
        + "lifecycle.ready = \"written\"\n";
    let project = project(&ns, &server, &text);
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("give it a pool of them (MetalLB)");
    let patch = r#"{"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.3"}, {"ip": "2001:db8::3"}]}}}"#;
    ns.kubectl(["patch", "service/lb", "--subresource=status", "--type=merge", "--patch", patch])
        .run()
        .success();
    apply.wait().success();
    assert_eq!((server.dig("A", NAME), server.dig("AAAA", NAME)), ("192.0.2.3".into(), String::new()));
    project.expect_settled();
}

fn a_server_that_does_not_answer_once_is_asked_again() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let relay = DnsRelay::before(&server.address());
    let text = |keys: &str| {
        format!(
            "{HEAD}\n[dns.main]\nname = \"{NAME}\"\nzone = \"{ZONE}\"\nmanual.name_servers = [\"{}\"]\n{keys}\n",
            relay.address()
        )
    };
    let project = ns.project().write("regplan.toml", &text(ONE));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("does not have it yet");
    relay.hang_up();
    apply.until("cannot be reached by TCP");
    relay.listen();
    server.update(&format!("update add {NAME} 300 A 192.0.2.1")).success();
    apply.wait().success();
}

fn texts_that_others_have_cut_elsewhere_are_taken_over() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    server.update(&format!("update add {NAME} 60 TXT \"v=DKIM1; \" \"p=abc\"")).success();
    let text = |value: &str| block(&server, &format!("values = [\"{value}\"]\ntype = \"TXT\""));
    let project = project(&ns, &server, &text("v=DKIM1; p=abc"));
    project.run(["plan"]).code(1).stdout_contains("exists already, and nothing marks it as ours");
    project.run(["apply", "--auto-approve", "--adopt", "dns.main"]).success();
    project.expect_settled();
    assert_eq!(server.dig("TXT", NAME), "\"v=DKIM1; \" \"p=abc\"", "the same text stays as it is");
    project.rewrite("regplan.toml", &text("v=DKIM1; p=def"));
    project.apply();
    assert_eq!(server.dig("TXT", NAME), "\"v=DKIM1; p=def\"");
    project.expect_settled();
}

fn a_wildcard_at_the_name_of_the_marker_is_no_marker() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    server.update(&format!("update add {NAME} 60 A 192.0.2.9\nupdate add *.{NAME} 60 TXT \"any\"")).success();
    let project = project(&ns, &server, &block(&server, ONE));
    project.run(["plan"]).code(1).stdout_contains("exists already, and nothing marks it as ours");
    project.run(["apply", "--auto-approve", "--adopt", "dns.main"]).success();
    assert_eq!(server.dig("A", NAME), "192.0.2.1");
    project.expect_settled();
    project.run(["destroy", "--auto-approve"]).success();
    assert_eq!(server.dig("TXT", &format!("_regplan.{NAME}")), "\"any\"");
}

fn without_the_key_a_wildcard_is_nobodys_record() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let text = block(&server, ONE).replace(NAME, "registry.wild.zone.test");
    let project = project(&ns, &server, &text);
    let keyless = |args: &[&str]| project.regplan(args.iter().copied()).env_remove("TSIG_KEY").run();
    let plan = keyless(&["plan"]).success();
    plan.stdout_contains("+ dns.main").stdout_contains("the environment variable TSIG_KEY is not set");
    keyless(&["apply", "--auto-approve"]).code(1);
    project.apply();
    // Our own marker tells the record from a wildcard.
    keyless(&["drift"]).success();
}

/// A destroy that fails at the record would have deleted the rest by then.
fn nothing_is_destroyed_without_the_key_of_a_record() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let map = "[resource.map]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\nmetadata.name = \"map\"\nmetadata.namespace = \"{ns}\"\n";
    let project = project(&ns, &server, &format!("{}{map}", block(&server, ONE)));
    project.apply();
    let keyless = |args: &[&str]| project.regplan(args.iter().copied()).env_remove("TSIG_KEY").run();
    let destroy = keyless(&["destroy", "--auto-approve"]).code(1);
    destroy.stdout_contains("the environment variable TSIG_KEY is not set").stdout_lacks("deleted");
    assert_eq!(server.dig("A", NAME), "192.0.2.1");
    ns.kubectl(["get", "configmap", "map"]).run().success();
    // Nor where the record alone goes.
    project.rewrite("regplan.toml", &format!("{HEAD}\n{map}"));
    keyless(&["plan"]).code(1).stdout_contains("the environment variable TSIG_KEY is not set");
    // Where nothing is done to the zone, nobody needs its key.
    project.rewrite("regplan.toml", &block(&server, ONE));
    keyless(&["destroy", "--auto-approve", "--target", "resource.map"]).success();
    project.run(["destroy", "--auto-approve"]).success();
    assert_eq!(server.dig("A", NAME), "");
}

fn no_text_stands_beside_an_alias() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    server.update(&format!("update add {NAME} 60 CNAME lb.example.net.")).success();
    server.update("update add *.alias.zone.test 60 CNAME lb.example.net.").success();
    let text = block(&server, "values = [\"v=1\"]\ntype = \"TXT\"");
    let project = project(&ns, &server, &text);
    project.run(["plan"]).code(1).stdout_contains("and no text may stand beside that");
    // A wildcard stands at no other name.
    project.rewrite("regplan.toml", &text.replace(NAME, "text.alias.zone.test"));
    project.apply();
    assert_eq!(server.dig("TXT", "text.alias.zone.test"), "\"v=1\"");
}
