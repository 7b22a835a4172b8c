//! Record sets that a person makes and takes away by hand.

use rustix::process::Signal;

use super::{NAME, ONE, project};
use crate::harness::{HEAD, NameServer, Namespace, ZONE};

tests! {
    a_person_is_told_what_to_make_and_waited_for,
    a_zone_that_cannot_be_asked_stops_nobody_who_skips_it,
    a_person_is_told_what_to_take_away,
}

fn a_person_is_told_what_to_make_and_waited_for() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    let text = |keys: &str| {
        format!(
            "{HEAD}\n[dns.main]\nname = \"{NAME}\"\nzone = \"{ZONE}\"\nttl = 60\nmanual.name_servers = [\"{}\"]\n{keys}\n",
            server.address()
        )
    };
    let project = project(&ns, &server, &text(ONE));
    let told = format!("make this by hand: {NAME}. 60 IN A 192.0.2.1");
    project.run(["plan"]).success().stdout_contains("+ dns.main").stdout_contains(&told);
    // Nothing is written where a person is asked, also where nobody waits for that person any more.
    let mut stopped = project.regplan(["apply", "--auto-approve"]).spawn();
    stopped.until("does not have it yet");
    stopped.signal(Signal::INT);
    let stopped = stopped.wait().code(1);
    stopped.stderr_contains("not ready dns.main  not waited for: a person was asked to make it");
    stopped.stderr_contains("0 failed, 1 asked of a person and not waited for, 0 not tried");

    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("does not have it yet");
    server.update(&format!("update add {NAME} 3600 A 192.0.2.1")).success();
    apply.wait().success();
    project.expect_settled();
    project.run(["drift"]).success();

    server.update(&format!("update delete {NAME} A")).success();
    project.run(["drift"]).code(2);
    project.run(["plan"]).success().stdout_contains(&told);
    project.run(["apply", "--auto-approve", "--skip-manual"]).success();
    project.run(["destroy", "--auto-approve"]).success();
    assert!(
        !project.path(&project.state_path()).exists()
            || project.state()["resources"].as_object().unwrap().is_empty()
    );
}

fn a_zone_that_cannot_be_asked_stops_nobody_who_skips_it() {
    let ns = Namespace::new();
    // Nobody listens there.
    let text = format!(
        "{HEAD}\n[dns.main]\nname = \"{NAME}\"\nzone = \"{ZONE}\"\nmanual.name_servers = [\"127.0.0.1:9\"]\n{ONE}\n"
    );
    let project = ns.project().write("regplan.toml", &text);
    let skipped = project.run(["apply", "--auto-approve", "--skip-manual"]).success();
    skipped.stderr_contains("skipped dns.main").stderr_contains("1 not looked at");
    project.run(["apply", "--auto-approve", "--skip-manual"]).success().stdout_contains("Nothing to change");
    project.run(["drift"]).code(3).stdout_contains("--skip-manual");
    project.run(["destroy", "--auto-approve"]).code(1).stdout_contains("--skip-manual");
    project.run(["destroy", "--auto-approve", "--skip-manual"]).success();
    assert!(project.state()["resources"].as_object().unwrap().is_empty());
}

fn a_person_is_told_what_to_take_away() {
    let (ns, server) = (Namespace::new(), NameServer::start());
    server.update(&format!("update add {NAME} 3600 A 192.0.2.1")).success();
    let by_hand = format!("manual.name_servers = [\"{}\"]", server.address());
    let head = format!("{HEAD}\n[dns.main]\nname = \"{NAME}\"\nzone = \"{ZONE}\"\nttl = 60\n");
    let project = project(&ns, &server, &format!("{head}{by_hand}\n{ONE}\n"));
    project.apply();
    let destroy = project.run(["destroy", "--auto-approve"]).success();
    let told = format!("take this away by hand: {NAME}. 60 IN A 192.0.2.1");
    destroy.stdout_contains(&told).stderr_contains(&told);
    assert_eq!(server.dig("A", NAME), "192.0.2.1", "that is left to the person");
}
