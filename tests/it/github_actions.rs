//! The example `github-actions`, as far as it can be tried without GitHub: its scripts are valid, regplan takes its
//! command lines, the state is restored as it was kept, and the rights of the planning account are enough.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::drift_cron::{Outside, every_rule_is_needed, kubectl, of_registry, registry};
use crate::examples::{PASSWORD, registry_example};
use crate::harness::{Command, GREETING, Namespace, Project, changes, wait_until};

tests! {
    the_workflows_are_well_formed,
    their_command_lines_are_understood,
    the_state_comes_back_as_it_was_kept,
    the_planners_rights_are_enough_and_all_of_them_needed,
    the_rights_of_who_applies_are_enough,
}

const CLASS: &str = r#"{"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "{prefix}-class"},
    "spec": {"controller": "k8s.io/ingress-nginx"}}"#;

const WORKFLOWS: [&str; 2] = ["plan.yaml", "apply.yaml"];

/// A file of the example.
fn file(name: &str) -> String {
    fs::read_to_string(format!("{}/examples/github-actions/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn workflow(name: &str) -> Value {
    serde_saphyr::from_str(&file(name)).unwrap()
}

/// All steps of a workflow.
fn steps(workflow: &Value) -> Vec<Value> {
    let jobs = workflow["jobs"].as_object().unwrap().values();
    jobs.flat_map(|job| job["steps"].as_array().unwrap().clone()).collect()
}

/// The script of the step of this name.
fn script(workflow_name: &str, step: &str) -> String {
    let steps = steps(&workflow(workflow_name));
    let found = steps.iter().find(|found| found["name"] == step);
    found.and_then(|found| found["run"].as_str()).unwrap_or_else(|| panic!("no script `{step}`")).to_owned()
}

fn the_workflows_are_well_formed() {
    for name in WORKFLOWS {
        let workflow = workflow(name);
        assert!(workflow["on"].is_object() && workflow["permissions"].is_object(), "{name}");
        assert_eq!(workflow["defaults"]["run"]["shell"], "bash", "it stops at the first failure in a pipe");
        for job in workflow["jobs"].as_object().unwrap().values() {
            assert!(job["runs-on"].is_string() && job["timeout-minutes"].is_u64(), "{name}");
            assert!(job["environment"].is_string(), "secrets are those of an environment: {name}");
        }
        for step in steps(&workflow) {
            assert!(
                step["name"].is_string() && step["uses"].is_string() != step["run"].is_string(),
                "{step}"
            );
            let Some(script) = step["run"].as_str() else { continue };
            // The value of an expression would become part of the script, whoever wrote it.
            assert!(!script.contains("${{"), "{script}");
            Command::new("bash").args(["-n"]).stdin(script).run().success();
        }
    }
    // Both workflows have the same script.
    assert_eq!(script("plan.yaml", "Fetch the state"), script("apply.yaml", "Fetch the state"));
}

/// The arguments of every `regplan` in a text.
fn command_lines(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n", " ");
    let lines = text.lines().map(|line| line.trim().trim_start_matches("$ "));
    let commands = lines.filter_map(|line| line.strip_prefix("regplan "));
    commands
        .map(|command| {
            let words =
                command.split_whitespace().take_while(|word| !matches!(*word, ">" | ">>" | "|" | "||"));
            words.map(|word| word.trim_matches('"').replace('$', "")).collect()
        })
        .collect()
}

fn their_command_lines_are_understood() {
    let ns = Namespace::absent();
    let mut lines = Vec::new();
    for name in WORKFLOWS {
        let steps = steps(&workflow(name));
        lines.extend(steps.iter().filter_map(|step| step["run"].as_str()).flat_map(command_lines));
    }
    let readme = file("README.md");
    lines.extend(
        readme
            .split("```console\n")
            .skip(1)
            .flat_map(|block| command_lines(block.split("```").next().unwrap())),
    );
    let commands: BTreeSet<&str> = lines.iter().map(|line| line[0].as_str()).collect();
    assert_eq!(commands, BTreeSet::from(["apply", "plan", "show"]), "{lines:?}");
    for line in &lines {
        // Arguments are read from left to right, so help is shown only if all others are valid.
        let help = |line: &[String]| ns.project().regplan([]).args(line).args(["--help"]).run().any();
        let ended = help(line);
        ended.check(ended.succeeded(), &format!("{line:?} is understood"));
    }
}

/// A script of a workflow, to be run in the project's folder, with the names of the test.
fn run(project: &Project<'_>, ns: &Namespace, script: &str) -> Command {
    let script = ns.fill(&script.replace("regplan-ci", "{prefix}-ci"));
    let programs = ns.cluster().facts().programs.display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    Command::new("bash")
        .args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", &script])
        .folder(project.folder())
        .env("PATH", path)
        .env("HOME", project.folder())
        .env("STATE", ns.fill(".regplan/{project}"))
}

/// Applies rbac.yaml, with the names of the test.
fn rights(ns: &Namespace) -> Outside<'_> {
    make_rights(ns, "rbac.yaml");
    Outside { ns, namespace: "{prefix}-ci", role: "{prefix}-plan" }
}

/// Applies a file of the example with rights, with the names of the test.
fn make_rights(ns: &Namespace, name: &str) {
    let names = [
        ("regplan-plan", "{prefix}-plan"),
        ("regplan-apply", "{prefix}-apply"),
        ("regplan-ci", "{prefix}-ci"),
    ];
    let text = names.iter().fold(of_registry(&file(name)), |text, (from, to)| text.replace(from, to));
    let apply = kubectl(ns, ["apply", "--validate=strict", "--filename=-"]);
    apply.stdin(ns.fill(&text)).run().success();
}

/// The kubeconfig of an account of the example.
fn account(ns: &Namespace, name: &str) -> PathBuf {
    let token = ["create", "token", name, "--namespace={prefix}-ci"];
    let token = kubectl(ns, token).run().success();
    ns.write_kubeconfig(name, &ns.trusted().token(token.stdout().trim()))
}

/// The whole life of a registry in a namespace that is there: it is made, changed, taken back, and deleted.
fn the_rights_of_who_applies_are_enough() {
    let ns = Namespace::new();
    let planner = rights(&ns);
    make_rights(&ns, "apply-rbac.yaml");
    let outside = Outside { ns: &ns, namespace: "{prefix}-ci", role: "{prefix}-apply" };
    let project = registry_example(&ns).env("CI_PASSWORD", PASSWORD);
    let applier = account(&ns, "{prefix}-apply");
    let project = project.kubeconfig(&applier);
    let code = || project.run(["plan", "--detailed-exitcode"]).any().exit_code();
    wait_until("the rights to be in force", || code() == Some(2));
    project.run(["apply", "--auto-approve"]).success().stderr_lacks("warning");
    project.expect_settled();
    project.edit("regplan.toml", "registry:3.1.1", "registry:3.1.0");
    project.apply().stderr_lacks("warning");
    project.run(["rollback", "--auto-approve"]).success().stderr_lacks("warning");
    project.run(["drift"]).success();
    for step in ["Keep the state", "Fetch the state"] {
        run(&project, &ns, &script("apply.yaml", step)).env("KUBECONFIG", &applier).run().success();
    }
    project.run(["destroy", "--auto-approve"]).success().stderr_lacks("warning");
    assert!(ns.list("deployments").is_empty());
    drop((outside, planner));
}

fn the_state_comes_back_as_it_was_kept() {
    let ns = Namespace::new();
    let outside = rights(&ns);
    let project = ns.project().write("regplan.toml", GREETING);
    let admin = ns.cluster().kubeconfig();
    let (fetch, keep) = (script("apply.yaml", "Fetch the state"), script("apply.yaml", "Keep the state"));
    let step = |script: &str| run(&project, &ns, script).env("KUBECONFIG", admin).run();
    let folder = ns.fill(".regplan/{project}");
    let files = || {
        let files = fs::read_dir(project.path(&folder)).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect::<BTreeSet<_>>()
    };
    // At first there is nothing to fetch. After a run that did nothing, there is nothing to keep.
    step(&fetch).success();
    assert_eq!(files(), BTreeSet::new());
    step(&keep).success();
    project.apply();
    // As if the run had been killed.
    let journal = project.path(&format!("{folder}/journal"));
    fs::write(&journal, "not the end\n").unwrap();
    let state = project.read(&format!("{folder}/state.json"));
    step(&keep).success();
    for expected in [["journal", "state.json"].as_slice(), &["state.json"]] {
        fs::remove_dir_all(project.path(".regplan")).unwrap();
        step(&fetch).success();
        assert_eq!(files().iter().collect::<Vec<_>>(), expected);
        assert_eq!(project.read(&format!("{folder}/state.json")), state);
        // A journal that is no longer there leaves the Secret too.
        let _ = fs::remove_file(&journal);
        step(&keep).success();
    }
    let plan = project.run(["plan", "--detailed-exitcode"]).success();
    plan.stdout_lacks("There is no state here");
    // An error while fetching does not count as an empty state.
    let nobody = ns.write_kubeconfig("nobody", &ns.trusted().token("nobody"));
    run(&project, &ns, &fetch).env("KUBECONFIG", nobody).run().code(1);
    drop(outside);
}

fn the_planners_rights_are_enough_and_all_of_them_needed() {
    let ns = Namespace::absent();
    let project = registry(&ns);
    let outside = rights(&ns);
    let admin = ns.cluster().kubeconfig();
    let keep = script("apply.yaml", "Keep the state");
    run(&project, &ns, &keep).env("KUBECONFIG", admin).run().success();
    let token = ["create", "token", "{prefix}-plan", "--namespace={prefix}-ci"];
    let token = kubectl(&ns, token).run().success().stdout().trim().to_owned();
    let proxy = ns.proxy();
    let planner = proxy.kubeconfig_with_token(&token);
    let project = project.kubeconfig(&planner);
    let code = || project.run(["plan", "--detailed-exitcode"]).any().exit_code();
    let fetched = || {
        let fetch = script("plan.yaml", "Fetch the state");
        run(&project, &ns, &fetch)
            .env("KUBECONFIG", ns.write_kubeconfig("planner", &ns.trusted().token(&token)))
            .run()
            .any()
            .exit_code()
    };
    wait_until("the rights to be in force", || fetched() == Some(0) && code() == Some(0));
    // Changes are predicted, without an error and without the passwords, which a fork does not get.
    ns.kubectl(["scale", "deployment/registry", "--replicas=3"]).run().success();
    project.edit("regplan.toml", "registry:3.1.1", "registry:3.1.2");
    let fork = project.regplan(["plan", "--detailed-exitcode", "--format", "json"]).env("CI_PASSWORD", "");
    let plan = fork.run().code(2).json();
    let changed: Vec<&Value> = changes(&plan).iter().filter(|change| change["action"] != "none").collect();
    assert!(changed.iter().all(|change| change["fidelity"]["kind"] == "predicted"), "{changed:#?}");
    let lines: Vec<String> = changed
        .iter()
        .flat_map(|change| change["fields"].as_array().unwrap())
        .map(|line| line["path"].to_string())
        .collect();
    assert_eq!(lines, [r#""spec.replicas""#, r#""spec.template.spec.containers[registry].image""#]);
    let unchecked = changes(&plan).iter().filter(|change| change["unchecked"] != serde_json::json!([]));
    assert!(unchecked.count() > 0, "{plan:#}");
    project.edit("regplan.toml", "registry:3.1.2", "registry:3.1.1");
    ns.kubectl(["scale", "deployment/registry", "--replicas=1"]).run().success();
    let with = code().unwrap();
    every_rule_is_needed(&ns, "role/{prefix}-plan", &ns.name(), (with, 1), code);
    every_rule_is_needed(&ns, "role/{prefix}-plan", "kube-system", (with, 1), code);
    let is_unknown = || {
        let plan = project.run(["plan", "--format", "json"]).success().json();
        Some(i32::from(plan["newest_state"]["verdict"] != "here"))
    };
    every_rule_is_needed(&ns, "role/{prefix}-plan", "default", (0, 1), is_unknown);
    every_rule_is_needed(&ns, "role/{prefix}-plan", &ns.fill("{prefix}-ci"), (0, 1), fetched);
    // The name of this class says nothing: its controller is read.
    ns.apply(CLASS);
    project.edit("regplan.toml", "\"contour\"", "\"{prefix}-class\"");
    let is_guessed = || {
        let plan = project.run(["plan", "--full"]).success();
        Some(i32::from(!plan.stdout().contains("nginx.ingress.kubernetes.io/proxy-body-size")))
    };
    every_rule_is_needed(&ns, "clusterrole/{prefix}-plan", "", (0, 1), is_guessed);
    assert!(proxy.writes().is_empty(), "{}", proxy.log());
    drop(outside);
    ns.clean_up(&ns.fill("ingressclass.networking.k8s.io/{prefix}-class"));
}
