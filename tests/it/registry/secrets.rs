//! The secrets of a registry: users and their hashes, and the key that signs uploads. None of them is shown.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{ALICE, DEPLOYMENT, HTPASSWD, PASSWORD, REGISTRY, planned, registry, secret, versions};
use crate::harness::{Command, Namespace, change, program};

tests! {
    a_changed_password_changes_its_line_and_no_pod,
    users_of_others_are_thrown_out,
    users_make_way_for_nobody_and_come_back,
    a_password_that_bcrypt_would_cut_is_refused,
    users_come_and_go,
    a_password_that_is_not_set_is_not_checked_and_not_applied,
    the_http_secret_is_made_once,
    a_generated_http_secret_makes_way_for_another_one_with_consent,
    a_lost_http_secret_needs_consent,
    a_lost_password_needs_consent_and_a_new_user_none,
    an_htpasswd_file_is_taken_and_changes_no_pod,
    an_htpasswd_file_of_other_hashes_is_refused_by_its_lines,
    secrets_are_nowhere,
}

/// The hashes of the htpasswd file in the cluster, by user.
fn hashes(ns: &Namespace) -> BTreeMap<String, String> {
    let text = secret(ns, "registry-htpasswd", "htpasswd");
    let lines = text.lines().map(|line| line.split_once(':').unwrap());
    lines.map(|(user, hash)| (user.to_owned(), hash.to_owned())).collect()
}

/// A line of an htpasswd file, from Apache's program.
fn line(flags: &str, user: &str) -> String {
    let made = Command::new(program("htpasswd")).args([flags, user, PASSWORD]).run().success();
    format!("{}\n", made.stdout().trim())
}

/// Appends the contents of all files below a folder.
fn files(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), found);
        } else {
            found.push_str(&String::from_utf8_lossy(&fs::read(entry.path()).unwrap()));
        }
    }
}

/// [`REGISTRY`] with more users.
fn with_users(users: &str) -> String {
    format!("{REGISTRY}{users}\n")
}

fn a_changed_password_changes_its_line_and_no_pod() {
    let ns = Namespace::absent();
    let project = registry(&ns, &with_users("alice = { env = \"ALICE_PASSWORD\" }"));
    let project = project.env("ALICE_PASSWORD", ALICE);
    project.apply();
    let (old, deployment) = (hashes(&ns), ns.get("deployment/registry"));
    let pods = ns.list("pods");
    let project = project.env("CI_PASSWORD", "another password");
    assert_eq!(planned(&project), [format!("{HTPASSWD} data.htpasswd")]);
    let plan = project.run(["plan", "--detailed-exitcode"]).code(2);
    plan.stdout_contains("~ data.htpasswd: (sensitive, changed): ci changed\n")
        .stdout_contains("Plan: 0 to add, 1 to change");
    project.apply();
    let new = hashes(&ns);
    assert_eq!(new["alice"], old["alice"]);
    assert_ne!(new["ci"], old["ci"]);
    assert_eq!(ns.get("deployment/registry")["spec"], deployment["spec"]);
    assert_eq!(ns.list("pods"), pods);
    project.expect_settled();
}

fn users_of_others_are_thrown_out() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    project.apply();
    let file = secret(&ns, "registry-htpasswd", "htpasswd");
    let guest = format!("{file}{}", line("-nbB", "guest"));
    ns.patch("secret/registry-htpasswd", &json!({"data": {"htpasswd": STANDARD.encode(guest)}}));
    assert_eq!(planned(&project), [format!("{HTPASSWD} data.htpasswd")]);
    project.run(["plan"]).success().stdout_contains("guest removed");
    project.apply();
    assert_eq!(secret(&ns, "registry-htpasswd", "htpasswd"), file);
    // A hash of another password under the right name is not ours either.
    let other = format!("ci:$2y$10${}\n", "a".repeat(53));
    ns.patch("secret/registry-htpasswd", &json!({"data": {"htpasswd": STANDARD.encode(&other)}}));
    project.apply();
    assert_ne!(secret(&ns, "registry-htpasswd", "htpasswd"), other);
    project.expect_settled();
}

fn users_make_way_for_nobody_and_come_back() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    project.apply();
    let anonymous = REGISTRY.split("\n[registry.main.auth.users]").next().unwrap();
    project.rewrite("regplan.toml", anonymous);
    project.run(["validate"]).code(1).stderr_contains("no users").stderr_contains("auth.anonymous = true");
    project.rewrite("regplan.toml", &format!("{anonymous}auth.anonymous = true\n"));
    let applied = project.apply();
    // No pod that still needs the file may start without it.
    let at = |text: &str| {
        applied.stderr().find(text).unwrap_or_else(|| panic!("no {text}:\n{}", applied.stderr()))
    };
    assert!(at(DEPLOYMENT) < at(HTPASSWD), "{}", applied.stderr());
    assert!(ns.find("secret/registry-htpasswd").is_none());
    project.expect_settled();
    project.rewrite("regplan.toml", REGISTRY);
    project.apply();
    project.expect_settled();
}

fn a_password_that_bcrypt_would_cut_is_refused() {
    let ns = Namespace::absent();
    let long = "x".repeat(73);
    let project = registry(&ns, REGISTRY).env("CI_PASSWORD", &long);
    let refused = project.run(["plan"]).code(1);
    refused.stderr_contains("72 bytes").stderr_contains("regplan.toml:").stderr_lacks(&long);
    let project = project.env("CI_PASSWORD", "x".repeat(72));
    project.apply();
    project.expect_settled();
}

fn users_come_and_go() {
    let ns = Namespace::absent();
    let project = registry(&ns, &with_users("alice = { env = \"ALICE_PASSWORD\" }"));
    let project = project.env("ALICE_PASSWORD", ALICE);
    project.apply();
    let old = hashes(&ns);
    project.edit("regplan.toml", "alice = ", "bob = ");
    let who = "data.htpasswd: (sensitive, changed): alice removed, bob added";
    project.run(["plan", "--out=users.regplan"]).success().stdout_contains(who);
    project.run(["show", "users.regplan"]).success().stdout_contains(who);
    project.run(["plan", "--format=markdown"]).success().stdout_contains("alice removed, bob added");
    let plan = project.run(["plan", "--format=json"]).success().json();
    let users = json!([{"name": "alice", "change": "removed"}, {"name": "bob", "change": "added"}]);
    assert_eq!(change(&plan, HTPASSWD)["fields"][0]["users"], users);
    project.apply();
    let new = hashes(&ns);
    assert_eq!(new.keys().collect::<Vec<_>>(), ["bob", "ci"]);
    assert_eq!(new["ci"], old["ci"]);
    assert_ne!(new["bob"], old["alice"], "a hash has a salt of its own");
    project.expect_settled();
}

fn a_password_that_is_not_set_is_not_checked_and_not_applied() {
    let ns = Namespace::absent();
    let project = ns.project().write("regplan.toml", REGISTRY);
    project.run(["validate"]).success();
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("not checked, the environment variable CI_PASSWORD is not set");
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("CI_PASSWORD");
    assert!(ns.find("namespace/{ns}").is_none());
    let project = project.env("CI_PASSWORD", PASSWORD);
    project.apply();
    let before = versions(&ns);
    // As in a pull request from a fork: the same configuration without the secrets.
    let fork = project.regplan(["plan", "--detailed-exitcode"]).env_remove("CI_PASSWORD");
    fork.run().success().stdout_contains("not checked");
    let fork = project.regplan(["apply", "--auto-approve"]).env("CI_PASSWORD", "");
    fork.run().code(1).stderr_contains("CI_PASSWORD is empty");
    assert_eq!(versions(&ns), before);
}

fn the_http_secret_is_made_once() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    project.apply();
    let (http, users, before) = (secret(&ns, "registry-http", "secret"), hashes(&ns), versions(&ns));
    assert_eq!(http.len(), 48);
    project.edit("regplan.toml", "registry:3.1.1", "registry:3.1.0");
    project.apply();
    assert_eq!(secret(&ns, "registry-http", "secret"), http);
    let lineage = project.state()["lineage"].as_str().unwrap().to_owned();
    fs::remove_dir_all(project.path(".regplan")).unwrap();
    project.run(["plan", "--detailed-exitcode"]).success().stdout_contains("Nothing to change");
    project.run(["apply", "--auto-approve", "--adopt-lineage", &lineage]).success();
    assert_eq!((secret(&ns, "registry-http", "secret"), hashes(&ns)), (http, users));
    let mut after = versions(&ns);
    after.insert("Deployment/registry".into(), before["Deployment/registry"].clone());
    assert_eq!(after, before);
    // The new state contains what was found.
    ns.delete("secret/registry-http");
    project.run(["plan"]).code(1).stderr_contains("is lost");
}

fn a_generated_http_secret_makes_way_for_another_one_with_consent() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY).env("HTTP_SECRET", "another key of some length");
    project.apply();
    let http = secret(&ns, "registry-http", "secret");
    project.edit(
        "regplan.toml",
        "[registry.main]\n",
        "[registry.main]\nhttp.secret = { env = \"HTTP_SECRET\" }\n",
    );
    project
        .run(["plan"])
        .code(1)
        .stdout_contains("data.secret")
        .stdout_contains("--consent registry.main/Secret");
    assert_eq!(secret(&ns, "registry-http", "secret"), http);
    project.run(["apply", "--auto-approve", "--consent=registry.main/Secret/registry-http"]).success();
    project.expect_settled();
    // What the user gives is kept by the user, and changes without a word.
    let project = project.env("HTTP_SECRET", "a third key of some length");
    project.apply();
}

fn a_lost_http_secret_needs_consent() {
    let ns = Namespace::absent();
    let project = registry(&ns, REGISTRY);
    project.apply();
    let http = secret(&ns, "registry-http", "secret");
    ns.delete("secret/registry-http");
    let consent = "--consent registry.main/Secret/registry-http";
    project.run(["plan"]).code(1).stderr_contains("is lost").stderr_contains(consent);
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("is lost");
    assert!(ns.find("secret/registry-http").is_none());
    project.run(["apply", "--auto-approve", "--consent=registry.main/Secret/registry-http"]).success();
    assert_ne!(secret(&ns, "registry-http", "secret"), http);
    project.expect_settled();
    // It is not needed to destroy the registry.
    ns.delete("secret/registry-http");
    project.run(["destroy", "--auto-approve"]).success();
    assert!(ns.find("deployment/registry").is_none());
}

fn a_lost_password_needs_consent_and_a_new_user_none() {
    let ns = Namespace::absent();
    let project = registry(&ns, &with_users("robot = { generate = { length = 32 } }"));
    project.apply();
    let robot = secret(&ns, "registry-users", "robot");
    assert_eq!(robot.len(), 32);
    let old = hashes(&ns);
    project.expect_settled();
    // Another generated password in the same Secret is new. Nothing is lost.
    project.edit("regplan.toml", "robot = ", "deploy = { generate = { length = 20 } }\nrobot = ");
    project.apply();
    assert_eq!(secret(&ns, "registry-users", "deploy").len(), 20);
    assert_eq!(secret(&ns, "registry-users", "robot"), robot);
    assert_eq!(hashes(&ns)["robot"], old["robot"]);
    project.expect_settled();
    ns.patch("secret/registry-users", &json!({"data": {"robot": null}}));
    let consent = "--consent registry.main/Secret/registry-users";
    project.run(["plan"]).code(1).stderr_contains("`robot`").stderr_contains(consent);
    project.run(["apply", "--auto-approve", "--consent=registry.main/Secret/registry-users"]).success();
    assert_ne!(secret(&ns, "registry-users", "robot"), robot);
    project.expect_settled();
    // A generated password goes only with consent: when its user goes, and when its source becomes another one.
    let consent = "--consent=registry.main/Secret/registry-users";
    let both = project.read("regplan.toml");
    project.edit("regplan.toml", "deploy = { generate = { length = 20 } }\n", "");
    project
        .run(["plan"])
        .code(1)
        .stdout_contains("data.deploy")
        .stdout_contains("--consent registry.main/Secret");
    project.rewrite("regplan.toml", &both);
    project.edit(
        "regplan.toml",
        "deploy = { generate = { length = 20 } }",
        "deploy = { env = \"CI_PASSWORD\" }",
    );
    project.run(["apply", "--auto-approve"]).code(1).stdout_contains("data.deploy");
    project.run(["apply", "--auto-approve", consent]).success();
    assert_eq!(ns.get("secret/registry-users")["data"].as_object().unwrap().len(), 1);
    project.rewrite("regplan.toml", REGISTRY);
    project.apply().stdout_contains("= registry.main/Secret/registry-users");
    assert!(ns.find("secret/registry-users").is_some());
    project.run(["apply", "--auto-approve", consent]).success();
    assert!(ns.find("secret/registry-users").is_none());
    assert_eq!(hashes(&ns).keys().collect::<Vec<_>>(), ["ci"]);
}

fn an_htpasswd_file_is_taken_and_changes_no_pod() {
    let ns = Namespace::absent();
    let config = REGISTRY.split("\n[registry.main.auth.users]").next().unwrap();
    let config = format!("{config}auth.htpasswd = \"users/htpasswd\"\n");
    let project = ns.project().write("regplan.toml", &config);
    project.run(["validate"]).code(1).stderr_contains("htpasswd");
    let file = format!("# users\n{}", line("-nbB", "ci"));
    let project = project.write("users/htpasswd", &file);
    project.apply();
    assert_eq!(secret(&ns, "registry-htpasswd", "htpasswd"), file);
    project.expect_settled();
    let template = ns.field("deployment/registry", "/spec/template");
    project.rewrite("users/htpasswd", &format!("{file}{}", line("-nbB", "alice")));
    project.run(["plan"]).success().stdout_contains("~ data.htpasswd: (sensitive, changed): alice added");
    project.apply();
    assert_eq!(ns.field("deployment/registry", "/spec/template"), template);
    project.expect_settled();
}

fn an_htpasswd_file_of_other_hashes_is_refused_by_its_lines() {
    let ns = Namespace::absent();
    let config = REGISTRY.split("\n[registry.main.auth.users]").next().unwrap();
    let config = format!("{config}auth.htpasswd = \"htpasswd\"\n");
    let apr1 = line("-nbm", "alice");
    let project = ns.project().write("regplan.toml", &config);
    let project = project.write("htpasswd", &format!("{}{apr1}", line("-nbB", "ci")));
    for command in ["validate", "plan"] {
        let refused = project.run([command]).code(1);
        refused.stderr_contains("htpasswd:2:").stderr_contains("$apr1$").stderr_contains("htpasswd -B");
        let hash = apr1.trim().rsplit('$').next().unwrap();
        refused.stderr_lacks(hash).stdout_lacks(hash);
    }
}

fn secrets_are_nowhere() {
    let ns = Namespace::absent();
    let users = "alice = { file = \"alice\" }\nrobot = { generate = { length = 32 } }";
    let project = registry(&ns, &with_users(users)).write("alice", ALICE);
    let mut said = String::new();
    let mut apply = project.regplan(["apply"]).open_stdin().spawn();
    apply.until("Only `yes` is accepted");
    said.push_str(&String::from_utf8_lossy(&fs::read(format!("/proc/{}/cmdline", apply.id())).unwrap()));
    // The files that a killed run would leave count too.
    files(&project.path(".regplan"), &mut said);
    apply.say("yes");
    apply.until(DEPLOYMENT);
    files(&project.path(".regplan"), &mut said);
    let ended = apply.wait().success();
    said.extend([ended.stdout(), ended.stderr()]);
    let robot = secret(&ns, "registry-users", "robot");
    let changed = "another password";
    let project = project.env("CI_PASSWORD", changed);
    for args in [["plan", "--format=text"], ["plan", "--format=json"], ["apply", "--auto-approve"]] {
        let ended = project.run(args).success();
        said.extend([ended.stdout(), ended.stderr()]);
    }
    project.edit("regplan.toml", "robot = { generate = { length = 32 } }", "");
    for args in [["plan", "--format=json"], ["apply", "--format=json"]] {
        let ended = project.regplan(args).stdin("yes\n").run().success();
        said.extend([ended.stdout(), ended.stderr()]);
    }
    files(&project.path(".regplan"), &mut said);
    let mut secrets = vec![PASSWORD.to_owned(), ALICE.to_owned(), changed.to_owned(), robot];
    secrets.push(secret(&ns, "registry-http", "secret"));
    secrets.push(secret(&ns, "registry-htpasswd", "htpasswd"));
    secrets.extend(hashes(&ns).into_values());
    for secret in secrets {
        assert!(!said.contains(&secret), "`{secret}` is in\n{said}");
        // The last characters of the base64 text depend on the bytes that follow.
        let encoded = STANDARD.encode(&secret);
        let encoded = &encoded[..encoded.len() - 4];
        assert!(!said.contains(encoded), "`{secret}` is, as base64, in\n{said}");
    }
}
