//! Record sets at services that keep zones, as their documentation describes them.

use serde_json::json;

use crate::harness::{
    Dialect, DnsService, Ended, HEAD, Namespace, Project, SERVICE_TOKEN, SERVICE_ZONE, own_client,
};

tests! {
    a_record_is_made_changed_and_destroyed_at_each_service,
    what_others_made_is_taken_over_only_with_consent,
    a_proxied_record_is_told_and_mended,
    a_service_that_says_no_is_explained,
    a_service_that_is_busy_is_asked_again,
    a_name_is_never_without_an_address,
    a_change_whose_answer_is_lost_is_looked_up,
    a_zone_is_asked_for_once_in_a_run,
    a_lost_state_finds_its_records_by_their_markers,
    a_change_that_was_done_in_part_is_gone_on_with,
    a_service_that_leaves_out_a_part_is_not_believed,
    without_its_token_a_plan_is_made_and_not_applied,
    servers_that_cannot_be_asked_are_waited_for_unless_nobody_is,
    the_servers_that_are_named_are_asked_and_no_others,
    a_file_with_the_token_is_found_by_drift_from_another_folder,
    no_text_stands_beside_an_alias,
    a_login_of_an_older_state_is_not_told,
    an_older_place_is_named_without_its_login,
    the_services_own_clients_get_along_with_the_servers_of_these_tests,
}

const NAME: &str = "registry.example.org";

fn block(service: &DnsService, dialect: Dialect, keys: &str) -> String {
    let (way, key) = match dialect {
        Dialect::Cloudflare => ("cloudflare", "api_token"),
        Dialect::DigitalOcean => ("digitalocean", "token"),
    };
    format!(
        "{HEAD}\n[dns.main]\nname = \"{NAME}\"\nzone = \"{SERVICE_ZONE}\"\n{way} = {{ {key} = {{ env = \"TOKEN\" }}, \
         url = \"{}\" }}\n{keys}\n",
        service.url()
    )
}

fn project<'n>(ns: &'n Namespace, text: &str) -> Project<'n> {
    ns.project().write("regplan.toml", text).env("TOKEN", SERVICE_TOKEN)
}

const BOTH: [Dialect; 2] = [Dialect::Cloudflare, Dialect::DigitalOcean];
const ONE: &str = "values = [\"192.0.2.1\"]";
const THREE: &str = "values = [\"192.0.2.1\", \"192.0.2.2\", \"2001:db8::2\"]";
const ALIAS: &str = "values = [\"lb.example.net\"]";

/// The records of the name, without those of others and markers.
fn values(service: &DnsService, dialect: Dialect) -> Vec<String> {
    let name = if dialect == Dialect::Cloudflare { NAME } else { "registry" };
    let all = service.records();
    let own = all.iter().filter_map(|record| {
        let mut words = record.splitn(3, ' ');
        let (record_type, found, value) = (words.next()?, words.next()?, words.next()?);
        (found == name).then(|| format!("{record_type} {value}"))
    });
    own.collect()
}

fn a_record_is_made_changed_and_destroyed_at_each_service() {
    for dialect in BOTH {
        let (ns, service) = (Namespace::new(), DnsService::start(dialect));
        let project = project(&ns, &block(&service, dialect, ONE));
        project.run(["plan"]).success().stdout_contains("+ dns.main");
        assert!(service.records().is_empty(), "a plan changes nothing");
        project.apply();
        assert_eq!(values(&service, dialect), ["A 192.0.2.1"]);
        assert!(
            service
                .records()
                .iter()
                .any(|record| record.contains("_regplan.registry") && record.contains("heritage=regplan"))
        );
        project.expect_settled();
        project.run(["drift"]).success();

        project.rewrite("regplan.toml", &block(&service, dialect, THREE));
        project.apply();
        assert_eq!(values(&service, dialect), ["A 192.0.2.1", "A 192.0.2.2", "AAAA 2001:db8::2"]);
        project.expect_settled();

        let before = service.changes().len();
        project.rewrite("regplan.toml", &block(&service, dialect, ALIAS));
        project.apply();
        assert_eq!(values(&service, dialect), ["CNAME lb.example.net"]);
        project.expect_settled();
        if dialect == Dialect::Cloudflare {
            assert_eq!(service.changes().len(), before + 1, "one step");
        }
        project.run(["destroy", "--auto-approve"]).success();
        assert!(service.records().is_empty(), "{:?}", service.records());
    }
}

fn theirs(dialect: Dialect) -> serde_json::Value {
    match dialect {
        Dialect::Cloudflare => {
            json!({"type": "A", "name": NAME, "content": "192.0.2.9", "ttl": 300, "proxied": false})
        }
        Dialect::DigitalOcean => json!({"type": "A", "name": "registry", "data": "192.0.2.9", "ttl": 300}),
    }
}

fn what_others_made_is_taken_over_only_with_consent() {
    for dialect in BOTH {
        let (ns, service) = (Namespace::new(), DnsService::start(dialect));
        service.put(theirs(dialect));
        let project = project(&ns, &block(&service, dialect, ONE));
        project.run(["plan"]).code(1).stdout_contains("exists already, and nothing marks it as ours");
        project.run(["apply", "--auto-approve", "--adopt", "dns.main"]).success();
        assert_eq!(values(&service, dialect), ["A 192.0.2.1"]);
        project.expect_settled();
    }
}

fn a_proxied_record_is_told_and_mended() {
    let (ns, service) = (Namespace::new(), DnsService::start(Dialect::Cloudflare));
    let project = project(&ns, &block(&service, Dialect::Cloudflare, ONE));
    project.apply();
    service.edit(|record| {
        if record["type"] == "A" {
            record["proxied"] = json!(true);
        }
    });
    let plan = project.run(["plan", "--detailed-exitcode"]).code(2);
    plan.stdout_contains("the record is proxied, and bodies of more than 100 MB do not get through");
    project.apply();
    project.expect_settled();
}

fn a_service_that_says_no_is_explained() {
    for dialect in BOTH {
        let (ns, service) = (Namespace::new(), DnsService::start(dialect));
        let project = ns.project().write("regplan.toml", &block(&service, dialect, ONE));
        let refused = project.regplan(["plan"]).env("TOKEN", "another-token").run().code(1);
        refused.stdout_contains(match dialect {
            Dialect::Cloudflare => "Cloudflare answers 403: Invalid access token (9109)",
            Dialect::DigitalOcean => "DigitalOcean answers 401: Unable to authenticate you (Unauthorized)",
        });
        refused.stdout_contains("token").stdout_lacks("another-token");
        let project = project.env("TOKEN", SERVICE_TOKEN);
        project.rewrite("regplan.toml", &block(&service, dialect, ONE).replace("example.org", "other.test"));
        project.run(["plan"]).code(1).stdout_contains("check `zone`");
    }
}

fn a_service_that_is_busy_is_asked_again() {
    for dialect in BOTH {
        let (ns, service) = (Namespace::new(), DnsService::start(dialect));
        let project = project(&ns, &block(&service, dialect, ONE));
        service.answer_once(
            429,
            "Retry-After: 1\r\n",
            json!({"id": "too_many_requests", "message": "API Rate limit exceeded."}),
        );
        service.answer_once(503, "", json!(null));
        service.put_off_change();
        project.apply();
        assert_eq!(values(&service, dialect), ["A 192.0.2.1"]);
    }
}

/// This service changes one record at a time.
fn a_name_is_never_without_an_address() {
    let (ns, service) = (Namespace::new(), DnsService::start(Dialect::DigitalOcean));
    let project = project(&ns, &block(&service, Dialect::DigitalOcean, ONE));
    project.apply();
    let before = service.changes().len();
    project.rewrite("regplan.toml", &block(&service, Dialect::DigitalOcean, "values = [\"192.0.2.2\"]"));
    project.apply();
    let changes = service.changes();
    let methods: Vec<&str> = changes[before..].iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(methods, ["POST", "DELETE"], "the new one comes before the old one goes");
    assert_eq!(values(&service, Dialect::DigitalOcean), ["A 192.0.2.2"]);
}

fn a_change_whose_answer_is_lost_is_looked_up() {
    let (ns, service) = (Namespace::new(), DnsService::start(Dialect::Cloudflare));
    let project = project(&ns, &block(&service, Dialect::Cloudflare, ONE));
    service.lose_answer_to_change();
    project.apply();
    assert_eq!(service.changes().len(), 1, "it was done, and is not repeated");
    project.expect_settled();
    // Something on the way answers in the place of the service.
    service.spoil_answer_to_change();
    project.rewrite("regplan.toml", &block(&service, Dialect::Cloudflare, ALIAS));
    project.apply();
    assert_eq!(service.changes().len(), 2, "it was done, and is not repeated");
    assert_eq!(values(&service, Dialect::Cloudflare), ["CNAME lb.example.net"]);
}

fn a_zone_is_asked_for_once_in_a_run() {
    let (ns, service) = (Namespace::new(), DnsService::start(Dialect::Cloudflare));
    let mut text = block(&service, Dialect::Cloudflare, ONE);
    let second = text[HEAD.len()..].replace("dns.main", "dns.other").replace("registry.", "other.");
    text.push_str(&second);
    let project = project(&ns, &text);
    let asked = project.run(["plan", "-v"]).success();
    asked.stderr_contains("GET /zones").stderr_contains(" at Cloudflare: 200").stderr_lacks(service.url());
    assert_eq!(service.count_since("GET /zones"), 1);
    project.apply();
    assert_eq!(service.count_since("GET /zones"), 1, "the plan, both writes and the wait know it");
    project.run(["drift"]).success();
    assert_eq!(service.count_since("GET /zones"), 1);
}

fn a_lost_state_finds_its_records_by_their_markers() {
    for dialect in BOTH {
        let (ns, service) = (Namespace::new(), DnsService::start(dialect));
        let project = project(&ns, &block(&service, dialect, ONE));
        project.apply();
        let lineage = project.state()["lineage"].as_str().unwrap().to_owned();
        project.remove(&project.state_path());
        let named = project.run(["state", "rebuild", "--auto-approve"]).code(1);
        named.stderr_contains(&lineage);
        let done = project.run(["state", "rebuild", "--auto-approve", "--adopt-lineage", &lineage]).success();
        done.stderr_contains("dns.main").stderr_contains("Took in 1 resource");
        project.apply();
        project.expect_settled();

        // Nor do they get lost at names that the configuration does not have any more: the zone is listed.
        let more = block(&service, dialect, ONE)[HEAD.len()..]
            .replace("dns.main", "dns.gone")
            .replace("registry.", "gone.");
        project.rewrite("regplan.toml", &(block(&service, dialect, ONE) + &more));
        project.apply();
        project.remove(&project.state_path());
        project.rewrite("regplan.toml", &block(&service, dialect, ONE));
        let done = project.run(["state", "rebuild", "--auto-approve", "--adopt-lineage", &lineage]).success();
        done.stderr_contains("dns.gone").stderr_contains("Took in 2 resources");
        project.run(["plan"]).success().stdout_contains("- dns.gone  delete");
        project.apply();
        project.expect_settled();
        assert!(!service.records().iter().any(|record| record.contains("gone")), "{:?}", service.records());
        project.run(["destroy", "--auto-approve"]).success();
        assert!(service.records().is_empty(), "{:?}", service.records());
    }
}

fn a_change_that_was_done_in_part_is_gone_on_with() {
    let (ns, service) = (Namespace::new(), DnsService::start(Dialect::DigitalOcean));
    let text = |keys: &str| block(&service, Dialect::DigitalOcean, keys);
    let project = project(&ns, &text(ONE));
    // The marker is there, and the record is not.
    service.fail_changes(1, 1);
    project.apply();
    assert_eq!(values(&service, Dialect::DigitalOcean), ["A 192.0.2.1"]);
    // The address is gone, and the other name is not there.
    project.rewrite("regplan.toml", &text(ALIAS));
    service.fail_changes(1, 1);
    project.apply();
    assert_eq!(values(&service, Dialect::DigitalOcean), ["CNAME lb.example.net"]);
    project.expect_settled();
    // A service that stays like that.
    project.rewrite("regplan.toml", &text(THREE));
    service.fail_changes(2, 99);
    let failed = project.run(["apply", "--auto-approve"]).code(1);
    failed.stderr_contains("was done in part").stderr_lacks("others changed");
    service.fail_changes(0, 0);
    project.apply();
    assert_eq!(values(&service, Dialect::DigitalOcean), ["A 192.0.2.1", "A 192.0.2.2", "AAAA 2001:db8::2"]);
    project.expect_settled();
}

/// The answer to the change says that all was done.
fn a_service_that_leaves_out_a_part_is_not_believed() {
    for dialect in BOTH {
        let (ns, service) = (Namespace::new(), DnsService::start(dialect));
        let project = project(&ns, &block(&service, dialect, THREE));
        service.leave_out(Some("AAAA"));
        let failed = project.run(["apply", "--auto-approve"]).code(1);
        failed
            .stderr_contains(&format!(
                "the server took the change of {NAME}, and the records are not as it says"
            ))
            .stderr_contains("then plan again");
        assert_eq!(values(&service, dialect), ["A 192.0.2.1", "A 192.0.2.2"]);
        service.leave_out(None);
        project.apply();
        assert_eq!(values(&service, dialect), ["A 192.0.2.1", "A 192.0.2.2", "AAAA 2001:db8::2"]);
        project.expect_settled();
    }
}

fn without_its_token_a_plan_is_made_and_not_applied() {
    for dialect in BOTH {
        let (ns, service) = (Namespace::new(), DnsService::start(dialect));
        let without = |project: &Project<'_>, args: &[&str]| {
            project.regplan(args.iter().copied()).env_remove("TOKEN").run()
        };
        let project = project(&ns, &block(&service, dialect, ONE));
        let plan = without(&project, &["plan"]).success();
        plan.stdout_contains("+ dns.main").stdout_contains("the environment variable TOKEN is not set");
        without(&project, &["apply", "--auto-approve"]).code(1);
        assert!(service.records().is_empty());
        project.apply();
        // What was written last is taken for what is there.
        let plan = without(&project, &["plan"]).success();
        plan.stdout_lacks("+ dns.main").stdout_contains("the environment variable TOKEN is not set");
        project.rewrite("regplan.toml", &block(&service, dialect, THREE));
        let plan = without(&project, &["plan"]).success();
        plan.stdout_contains("~ dns.main").stdout_contains("192.0.2.2");
        without(&project, &["apply", "--auto-approve"]).code(1);
        assert_eq!(values(&service, dialect), ["A 192.0.2.1"]);
    }
}

fn servers_that_cannot_be_asked_are_waited_for_unless_nobody_is() {
    let (ns, service) = (Namespace::new(), DnsService::start(Dialect::Cloudflare));
    // Nobody listens there.
    service.serve_at(&["127.0.0.1:9"]);
    let text = |lifecycle: &str| {
        block(&service, Dialect::Cloudflare, ONE) + &format!("[dns.main.lifecycle]\n{lifecycle}\n")
    };
    let project = project(&ns, &text("timeouts.ready = \"1s\""));
    let late = project.run(["apply", "--auto-approve"]).code(1);
    late.stderr_contains("127.0.0.1:9").stderr_contains("`lifecycle.ready = \"written\"`");
    project.rewrite("regplan.toml", &text("ready = \"written\""));
    project.apply();
    project.expect_settled();
    project.run(["drift"]).success();
}

fn the_servers_that_are_named_are_asked_and_no_others() {
    for dialect in BOTH {
        let (ns, service) = (Namespace::new(), DnsService::start(dialect));
        // Nobody listens at either.
        service.serve_at(&["127.0.0.1:9"]);
        let text = block(&service, dialect, ONE)
            .replace("url = ", "name_servers = [\"127.0.0.1:10\"], url = ")
            + "[dns.main.lifecycle]\ntimeouts.ready = \"1s\"\n";
        let project = project(&ns, &text);
        let late = project.run(["apply", "--auto-approve"]).code(1);
        late.stderr_contains("127.0.0.1:10").stderr_lacks("127.0.0.1:9").stderr_contains("`name_servers`");
    }
}

fn a_file_with_the_token_is_found_by_drift_from_another_folder() {
    let (ns, service) = (Namespace::new(), DnsService::start(Dialect::Cloudflare));
    let text =
        block(&service, Dialect::Cloudflare, ONE).replace("{ env = \"TOKEN\" }", "{ file = \"keys/token\" }");
    let project = ns
        .project()
        .write("conf/regplan.toml", &format!("{text}\n[state]\npath = \"kept\"\n"))
        .write("conf/keys/token", &format!("{SERVICE_TOKEN}\n"));
    project.run(["apply", "--auto-approve", "-f", "conf/regplan.toml"]).success();
    project.run(["drift", "-f", "conf/regplan.toml"]).success();
}

fn no_text_stands_beside_an_alias() {
    for dialect in BOTH {
        let (ns, service) = (Namespace::new(), DnsService::start(dialect));
        service.put(match dialect {
            Dialect::Cloudflare => {
                json!({"type": "CNAME", "name": NAME, "content": "lb.example.net", "ttl": 300, "proxied": false})
            }
            Dialect::DigitalOcean => {
                json!({"type": "CNAME", "name": "registry", "data": "lb.example.net", "ttl": 300})
            }
        });
        let project = project(&ns, &block(&service, dialect, "values = [\"v=1\"]\ntype = \"TXT\""));
        project.run(["plan"]).code(1).stdout_contains("and no text may stand beside that");
    }
}

/// A project with two revisions whose state and revisions have a login in the URL of the service: that was taken once.
fn with_an_old_login<'n>(ns: &'n Namespace, service: &DnsService, dialect: Dialect) -> Project<'n> {
    let project = project(ns, &block(service, dialect, ONE));
    project.apply();
    project.rewrite("regplan.toml", &block(service, dialect, THREE));
    project.apply();
    let state = project.state_path();
    let with_login = service.url().replace("http://", "http://me:hunter2@");
    for file in ["state.json", "revisions/000001.json", "revisions/000002.json"] {
        project.edit_content(&state.replace("state.json", file), |content| {
            let text = content.to_string();
            assert!(text.contains(service.url()), "{text}");
            *content = serde_json::from_str(&text.replace(service.url(), &with_login)).unwrap();
        });
    }
    project
}

/// What a command ends with that says nothing of the login.
#[track_caller]
fn tells_no_login(project: &Project<'_>, arguments: &[&str]) -> Ended {
    let ended = project.run(arguments.iter().copied()).any();
    ended.stdout_lacks("hunter2").stderr_lacks("hunter2");
    ended
}

fn a_login_of_an_older_state_is_not_told() {
    for dialect in BOTH {
        let (ns, service) = (Namespace::new(), DnsService::start(dialect));
        let project = with_an_old_login(&ns, &service, dialect);
        for arguments in [
            &["plan", "-vv", "--full"][..],
            &["plan", "--format", "json"],
            &["drift"],
            &["rollback", "1", "--out", "back.plan", "--full"],
            &["show", "back.plan", "--full"],
            &["history", "1"],
            &["history", "2", "--format", "json"],
            &["state", "show", "dns.main"],
        ] {
            let ended = tells_no_login(&project, arguments);
            ended.check(ended.exit_code() != Some(1), "should not have failed");
        }
        project.expect_settled();
    }
}

fn an_older_place_is_named_without_its_login() {
    for dialect in BOTH {
        let (ns, service) = (Namespace::new(), DnsService::start(dialect));
        let project = with_an_old_login(&ns, &service, dialect);
        let old = service.url().to_owned();
        let other = DnsService::start(dialect);
        project.rewrite("regplan.toml", &block(&other, dialect, THREE));
        let plan = tells_no_login(&project, &["plan"]);
        plan.stdout_contains(&format!("was written at {old} (zone {SERVICE_ZONE})"));
        service.answer_once(403, "", json!({}));
        let plan = tells_no_login(&project, &["plan"]);
        plan.stdout_contains(&format!("was written at {old}, which cannot be asked"));
    }
}

/// The services' own clients know how these answer, and so whether the servers of these tests do.
fn the_services_own_clients_get_along_with_the_servers_of_these_tests() {
    let busy = [
        json!({"success": false, "errors": [{"code": 10429, "message": "Rate limited."}], "messages": [], "result": null}),
        json!({"id": "too_many_requests", "message": "API Rate limit exceeded."}),
    ];
    let scripts = ["cloudflare_dns.py", "digitalocean_dns.py"];
    let left = ["CNAME a.example.org lb.example.net", "CNAME a lb.example.net"];
    for (((dialect, busy), script), left) in BOTH.into_iter().zip(busy).zip(scripts).zip(left) {
        let service = DnsService::start(dialect);
        service.answer_once(429, "Retry-After: 1\r\n", busy);
        own_client(script, &service).run().success();
        assert_eq!(service.records(), [left]);
    }
}
