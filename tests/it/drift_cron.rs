//! The example `drift-cron`: the server takes its objects, and its rights are enough and all needed.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::examples::{PASSWORD, registry_example};
use crate::harness::{Command, NO_ROOM, Namespace, Project, Proxy, wait_until};

tests! {
    the_cron_jobs_rights_are_enough_and_all_of_them_needed,
}

/// A file of the example, with its fixed names replaced by those of the test.
fn file(ns: &Namespace, name: &str) -> String {
    let path = format!("{}/examples/drift-cron/{name}", env!("CARGO_MANIFEST_DIR"));
    let own = of_registry(&fs::read_to_string(path).unwrap()).replace("regplan-drift", "{prefix}-drift");
    ns.fill(&own)
}

/// The text with the namespace of the example registry replaced by that of the test.
pub(crate) fn of_registry(text: &str) -> String {
    text.replace("namespace: registry\n", "namespace: {ns}\n")
        .replace("resourceNames: [registry", "resourceNames: [{ns}")
        .replace("resourceNames: [regplan-registry]", "resourceNames: [regplan-{project}]")
}

pub(crate) fn kubectl<const N: usize>(ns: &Namespace, args: [&str; N]) -> Command {
    ns.cluster().kubectl([]).args(args.map(|arg| ns.fill(arg)))
}

/// What the example has outside the namespace of the test: another namespace, Roles with their bindings in
/// `kube-system` and `default`, and perhaps a `ClusterRole`. On a cluster that stays, they are deleted when this value is
/// dropped.
pub(crate) struct Outside<'n> {
    pub(crate) ns: &'n Namespace,
    pub(crate) namespace: &'static str,
    pub(crate) role: &'static str,
}

impl Drop for Outside<'_> {
    fn drop(&mut self) {
        let Self { ns, namespace, role } = self;
        if !ns.cluster().facts().is_temporary() {
            ns.cluster().begin_delete("", &ns.fill(&format!("namespace/{namespace}")));
            for (place, kind) in
                ["kube-system", "default"].iter().flat_map(|place| [(place, "role"), (place, "rolebinding")])
            {
                ns.cluster().begin_delete(place, &ns.fill(&format!("{kind}/{role}")));
            }
            for kind in ["clusterrole", "clusterrolebinding"] {
                ns.cluster().begin_delete("", &ns.fill(&format!("{kind}/{role}")));
            }
        }
    }
}

/// The registry of the example, which is applied.
pub(crate) fn registry(ns: &Namespace) -> Project<'_> {
    let project = registry_example(ns).env("CI_PASSWORD", PASSWORD);
    project.apply();
    project
}

/// The project as the pod sees it: with the state from its Secret, the token of its account, and another URL.
fn pod<'n>(ns: &'n Namespace, project: &Project<'_>, proxy: &Proxy) -> Project<'n> {
    let state = project.path(&project.state_path());
    let from = format!("--from-file=state.json={}", state.display());
    let made = kubectl(
        ns,
        [
            "create",
            "secret",
            "generic",
            "regplan-state",
            "--namespace={prefix}-drift",
            &from,
            "--dry-run=client",
            "--output=yaml",
        ],
    );
    let made = made.run().success();
    let apply = kubectl(ns, ["apply", "--server-side", "--force-conflicts", "--filename=-"]);
    apply.stdin(made.stdout()).run().success();
    let secret = ["get", "secret/regplan-state", "--namespace={prefix}-drift", "--output=json"];
    let secret = kubectl(ns, secret).run().success().json();
    let text = STANDARD.decode(secret["data"]["state.json"].as_str().unwrap()).unwrap();
    let token = ["create", "token", "{prefix}-drift", "--namespace={prefix}-drift"];
    let token = kubectl(ns, token).run().success().stdout().trim().to_owned();
    ns.project()
        .write("state/state.json", &String::from_utf8(text).unwrap())
        .kubeconfig(proxy.kubeconfig_with_token(&token))
}

fn code(pod: &Project<'_>, more: &[&str]) -> Option<i32> {
    pod.regplan(["drift", "--state=state"]).args(more.iter().copied()).run().any().exit_code()
}

fn the_cron_jobs_rights_are_enough_and_all_of_them_needed() {
    let ns = Namespace::absent();
    let project = registry(&ns);
    let outside = Outside { ns: &ns, namespace: "{prefix}-drift", role: "{prefix}-drift" };
    let strict = ["apply", "--validate=strict", "--filename=-"];
    kubectl(&ns, strict).stdin(file(&ns, "rbac.yaml")).run().success();
    let dry = ["apply", "--validate=strict", "--dry-run=server", "--filename=-"];
    kubectl(&ns, dry).stdin(file(&ns, "cronjob.yaml")).run().success();
    kubectl(&ns, strict).stdin(file(&ns, "cronjob.yaml")).run().success();
    let proxy = ns.proxy();
    let pod = pod(&ns, &project, &proxy);
    wait_until("the rights to be in force", || code(&pod, &[]) == Some(0));
    let in_sync = pod.run(["drift", "--state=state"]).success();
    in_sync.stdout_contains("In sync: 9 resources are as last applied.");
    ns.kubectl(["scale", "deployment/registry", "--replicas=3"]).run().success();
    pod.run(["drift", "--state=state"]).code(2).stdout_contains("spec.replicas: 1 -> 3");
    project.apply();
    // The pipeline that applies puts the newer state there.
    assert_eq!(code(&pod, &[]), Some(3), "an old copy is not taken for the truth");
    let pod = self::pod(&ns, &project, &proxy);
    // The rights in kube-system identify the cluster. Without them, a cluster with another URL may be another one, and
    // drift refuses to compare.
    for (role, namespace, without) in [
        ("role/{prefix}-drift", ns.name(), 3),
        ("role/{prefix}-drift-secrets", ns.name(), 3),
        ("role/{prefix}-drift", "default".into(), 3),
        ("role/{prefix}-drift", "kube-system".into(), 1),
    ] {
        every_rule_is_needed(&ns, role, &namespace, (0, without), || {
            if role.ends_with("-secrets") {
                assert_eq!(code(&pod, &["--no-secrets"]), Some(0), "--no-secrets takes no right to Secrets");
            }
            code(&pod, &[])
        });
    }
    the_log_takes_its_rights(&ns, &pod, &proxy);
    assert!(
        proxy.requests().iter().all(|seen| ["get", "list"].contains(&seen.verb.as_str())),
        "{}",
        proxy.log()
    );
    drop(outside);
}

/// With them the volume is known to be full. The proxy plays the log, so the server is asked whether it may be read.
fn the_log_takes_its_rights(ns: &Namespace, pod: &Project<'_>, proxy: &Proxy) {
    proxy.on("get", "pods/log").answer_text(200, NO_ROOM);
    let may_read = || {
        let account = "--as=system:serviceaccount:{prefix}-drift:{prefix}-drift";
        let asked = ["auth", "can-i", "get", "pods", "--subresource=log", "--namespace={ns}", account];
        kubectl(ns, asked).run().any().exit_code() == Some(0)
    };
    every_rule_is_needed(ns, "role/{prefix}-drift-log", &ns.name(), (2, 0), || {
        if may_read() { code(pod, &[]) } else { Some(0) }
    });
    proxy.clear_faults();
}

/// Removes each rule of a Role, or of a `ClusterRole`, and restores it. With all rules the exit code is `with`, without one of them
/// `without`.
pub(crate) fn every_rule_is_needed(
    ns: &Namespace,
    role: &str,
    namespace: &str,
    (with, without): (i32, i32),
    code: impl Fn() -> Option<i32>,
) {
    let target = ns.fill(role);
    let known = ns.cluster().find(namespace, &target).unwrap();
    let rules = known["rules"].as_array().unwrap();
    let set_rules = |rules: &[Value]| ns.cluster().patch(namespace, &target, &json!({ "rules": rules }));
    for removed in 0..rules.len() {
        let mut fewer = rules.clone();
        let taken = fewer.remove(removed);
        set_rules(&fewer);
        wait_until(&format!("{without} without {taken}"), || code() == Some(without));
        set_rules(rules);
        wait_until(&format!("{with} with {taken}"), || code() == Some(with));
    }
}
