//! The example that looks for drift from cron: its objects are accepted, and its rights are enough and needed.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::examples::{PASSWORD, registry_example};
use crate::harness::{Command, Namespace, Project, Proxy, wait_until};

tests! {
    the_cron_jobs_rights_are_enough_and_all_of_them_needed,
}

/// A file of the example, with its fixed names replaced by the test's own.
fn file(ns: &Namespace, name: &str) -> String {
    let path = format!("{}/examples/drift-cron/{name}", env!("CARGO_MANIFEST_DIR"));
    let own = of_registry(&fs::read_to_string(path).unwrap()).replace("regplan-drift", "{prefix}-drift");
    ns.fill(&own)
}

/// With the namespace of the example registry replaced by the test's own.
pub(crate) fn of_registry(text: &str) -> String {
    text.replace("namespace: registry\n", "namespace: {ns}\n")
        .replace("resourceNames: [registry]", "resourceNames: [{ns}]")
}

pub(crate) fn kubectl<const N: usize>(ns: &Namespace, args: [&str; N]) -> Command {
    ns.cluster().kubectl([]).args(args.map(|arg| ns.fill(arg)))
}

/// What the namespace of the test does not take along when it is deleted: another namespace, and a Role with its
/// binding in `kube-system`.
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
            for kind in ["role", "rolebinding"] {
                ns.cluster().begin_delete("kube-system", &ns.fill(&format!("{kind}/{role}")));
            }
        }
    }
}

/// The registry of the example, applied.
pub(crate) fn registry(ns: &Namespace) -> Project<'_> {
    let project = registry_example(ns).env("CI_PASSWORD", PASSWORD);
    project.apply();
    project
}

/// What the pod has: the state out of its Secret, and the token of its account, towards another URL.
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
    // Without its own namespace's name a cluster under another URL is not known to be the same: no drift is
    // looked for in what may be another.
    for (role, namespace, without) in [
        ("{prefix}-drift", ns.name(), 3),
        ("{prefix}-drift-secrets", ns.name(), 3),
        ("{prefix}-drift", "kube-system".into(), 1),
    ] {
        every_rule_is_needed(&ns, role, &namespace, (0, without), || {
            if role.ends_with("-secrets") {
                assert_eq!(code(&pod, &["--no-secrets"]), Some(0), "--no-secrets takes no right to Secrets");
            }
            code(&pod, &[])
        });
    }
    assert!(
        proxy.requests().iter().all(|seen| ["get", "list"].contains(&seen.verb.as_str())),
        "{}",
        proxy.log()
    );
    drop(outside);
}

/// Takes each rule of a Role away and gives it back: with all of them the code is the one, and without one of them
/// the other.
pub(crate) fn every_rule_is_needed(
    ns: &Namespace,
    role: &str,
    namespace: &str,
    (with, without): (i32, i32),
    code: impl Fn() -> Option<i32>,
) {
    let target = ns.fill(&format!("role/{role}"));
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
