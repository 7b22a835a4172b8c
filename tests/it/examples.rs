//! The examples, applied on the control plane.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use regplan::engine::Settings;
use serde_json::json;

use crate::harness::{GREETING, Namespace, Project, block_on, helm_program, stack_folder};

#[path = "../../examples/library.rs"]
#[allow(dead_code, reason = "the test is the program that calls it")]
mod library;

tests! {
    every_example_is_valid_and_can_be_rendered,
    the_registry_is_applied_and_then_unchanged,
    the_definition_and_its_resource_are_applied_in_one_go,
    the_live_reference_is_resolved,
    two_registries_share_a_namespace,
    two_environments_of_one_base_know_nothing_of_each_other,
    a_program_of_ones_own_plans_and_applies,
}

/// The folders under `examples` that have a configuration.
fn examples() -> Vec<PathBuf> {
    let all = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap();
    let mut folders: Vec<_> =
        all.map(|entry| entry.unwrap().path()).filter(|path| path.join("regplan.toml").is_file()).collect();
    folders.sort();
    assert!(folders.len() >= 3, "{folders:?}");
    folders
}

/// A password for `CI_PASSWORD`, which `examples/registry` takes from the environment.
pub(crate) const PASSWORD: &str = "a long enough password";

/// A copy of `examples/registry`.
pub(crate) fn registry_example(ns: &Namespace) -> Project<'_> {
    let names = [
        ("name = \"registry\"", "name = \"{project}\""),
        ("= \"registry\"", "= \"{ns}\""),
        ("registry.example.com", "{prefix}.example.com"),
    ];
    example(ns, "registry", &names)
}

/// A copy of `examples/bucket`, with the keys of the store.
pub(crate) fn bucket_example(ns: &Namespace) -> Project<'_> {
    let names = [
        ("name = \"registry\"", "name = \"{project}\""),
        ("= \"registry\"", "= \"{ns}\""),
        ("registry.example.com", "{prefix}.example.com"),
    ];
    example(ns, "bucket", &names).env("STORE_KEY", "key").env("STORE_SECRET", "a secret key")
}

/// A copy of `examples/crd`.
pub(crate) fn crd_example(ns: &Namespace) -> Project<'_> {
    let names = [
        ("crd-example", "{project}"),
        ("mirrors.example.com", "mirrors.{prefix}.example.com"),
        ("group: example.com", "group: {prefix}.example.com"),
        ("\"example.com/v1\"", "\"{prefix}.example.com/v1\""),
        ("namespace = \"mirrors\"", "namespace = \"{ns}\""),
        ("  name: mirrors\n", "  name: {ns}\n"),
    ];
    example(ns, "crd", &names)
}

/// A copy of `examples/live-reference`.
pub(crate) fn live_reference_example(ns: &Namespace) -> Project<'_> {
    let names = [("live-reference-example", "{project}"), ("namespace = \"front\"", "namespace = \"{ns}\"")];
    example(ns, "live-reference", &names)
}

/// A copy of an example, with its fixed names replaced by those of the test.
fn example<'n>(ns: &'n Namespace, name: &str, names: &[(&str, &str)]) -> Project<'n> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let mut project = ns.project();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        // Only the new names are filled in: the example's own braces are no names of the test.
        let mut text = fs::read_to_string(&path).unwrap();
        for (from, to) in names {
            text = text.replace(from, &ns.fill(to));
        }
        project = project.write(path.file_name().unwrap().to_str().unwrap(), &text);
    }
    for (from, _) in names {
        let all =
            fs::read_dir(&folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
        assert!(all.collect::<String>().contains(from), "examples/{name} has no `{from}` any more");
    }
    project
}

fn every_example_is_valid_and_can_be_rendered() {
    let ns = Namespace::absent();
    for folder in examples() {
        let path = folder.join("regplan.toml");
        let file = path.to_str().unwrap();
        let project = ns.project().kubeconfig("/nonexistent").write("charts.toml", &local_charts(&path));
        let project = project.env("REGPLAN_HELM", helm_program());
        let run = |command| project.run([command, "-f", file, "-f", "charts.toml"]).success();
        run("validate").stderr_contains("is valid");
        run("render");
        run("graph").stdout_contains("digraph");
        let json = ["render", "-f", file, "-f", "charts.toml", "--format", "json"];
        let rendered = project.run(json).success().json();
        assert!(!rendered["items"].as_array().unwrap().is_empty(), "{file}");
    }
}

/// An overlay for an example: its charts come from the network, and here from the folder of the stack.
fn local_charts(example: &Path) -> String {
    let example: toml::Table = fs::read_to_string(example).unwrap().parse().unwrap();
    let charts = example.get("chart").and_then(toml::Value::as_table);
    let folder = stack_folder().join("charts");
    charts.into_iter().flatten().fold(String::new(), |overlay, (name, block)| {
        let preset =
            block.get("preset").and_then(toml::Value::as_str).expect("the charts of examples are presets");
        overlay + &format!("[chart.{name}]\nchart = \"{}\"\n", folder.join(preset).display())
    })
}

fn the_registry_is_applied_and_then_unchanged() {
    let ns = Namespace::absent();
    let project = registry_example(&ns);
    // Without its password, the example can be planned but not applied.
    project.run(["plan"]).success().stdout_contains("not checked");
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("CI_PASSWORD");
    let project = project.env("CI_PASSWORD", PASSWORD);
    project.apply();
    project.expect_settled();
    let kept = project.run(["destroy", "--auto-approve"]).success();
    kept.stdout_contains("PersistentVolumeClaim");
    assert!(ns.list("deployments").is_empty());
    assert_eq!(ns.list("persistentvolumeclaims").len(), 1);
}

fn the_definition_and_its_resource_are_applied_in_one_go() {
    let ns = Namespace::absent();
    let project = crd_example(&ns);
    project.run(["plan"]).success().stdout_contains("Plan: 4 to add").stdout_contains("is made by this plan");
    project.apply();
    project.expect_settled();
    let settings = ns.field("configmap/mirror-settings", "/data/settings.ini");
    assert!(settings.as_str().unwrap().contains("upstream = https://registry-1.docker.io"), "{settings}");
    let mirror = ns.fill("mirror.{prefix}.example.com/docker-hub");
    assert_eq!(ns.field(&mirror, "/spec/interval"), "6h");
    // The definition and the namespace are protected, and stay.
    let destroyed = project.run(["destroy", "--auto-approve"]).success();
    destroyed.stdout_contains("CustomResourceDefinition").stdout_contains("2 to destroy");
    assert!(ns.find(&mirror).is_none());
    ns.clean_up("crd/mirrors.{prefix}.example.com");
}

fn the_live_reference_is_resolved() {
    let ns = Namespace::absent();
    let project = live_reference_example(&ns);
    project.run(["plan", "--full"]).success().stdout_contains("known after apply");
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.front");
    assert!(ns.find("configmap/address").is_none());
    ns.patch_status("service/front", &json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}));
    apply.wait().success();
    let data = json!({"ip": "192.0.2.9", "url": "http://192.0.2.9/"});
    assert_eq!(ns.field("configmap/address", "/data"), data);
    project.expect_settled();
}

fn two_environments_of_one_base_know_nothing_of_each_other() {
    let (ns, prod_namespace) = (Namespace::new(), Namespace::absent());
    let names = [("shop-${var.env}", "{project}-${var.env}")];
    let project = example(&ns, "environments", &names);
    // Each test has its namespaces, and the example names them after the project.
    let dev_namespace = format!("[cluster]\nnamespace = \"{}\"\n", ns.name());
    let prod_cluster = format!("[cluster]\nnamespace = \"{}\"\n", prod_namespace.name());
    let project = project.write("dev-place.toml", &dev_namespace).write("prod-place.toml", &prod_cluster);
    let dev = ["-f", "base.toml", "-f", "dev.toml", "-f", "dev-place.toml"];
    let prod = ["-f", "base.toml", "-f", "prod.toml", "-f", "prod-place.toml"];
    let run = |command: &[&'static str], files: &[&'static str]| project.run([command, files].concat());
    run(&["apply", "--auto-approve"], &dev).success();
    run(&["apply", "--auto-approve"], &prod).success();
    assert_eq!(ns.field("configmap/settings", "/data/log.level"), "debug");
    assert_eq!(prod_namespace.field("configmap/settings", "/data/log.level"), "warn");
    assert_eq!(prod_namespace.field("configmap/settings", "/data/greeting"), "hello from prod");
    for files in [&dev, &prod] {
        run(&["plan", "--detailed-exitcode"], files).success();
    }
    // One is destroyed, and the other one stays.
    run(&["destroy", "--auto-approve"], &prod).success();
    assert!(ns.find("configmap/settings").is_some());
    // The base alone is no environment; and one of them in the place of the other one is refused.
    run(&["plan"], &["-f", "base.toml"]).code(1).stderr_contains("the variable `env` has no value");
    let mixed = ["-f", "base.toml", "-f", "prod.toml", "-f", "dev-place.toml"];
    run(&["plan"], &mixed).code(1).stdout_contains("it belongs to the project");
}

fn two_registries_share_a_namespace() {
    let ns = Namespace::absent();
    let registry = |name: &str, port: &str| {
        format!(
            "\n[registry.{name}]\nhost = \"{name}.{{prefix}}.example.com\"\nname = \"{name}\"\n\
             image = \"registry:{port}\"\nnamespace = \"{{ns}}\"\nstorage.volume.size = \"1Gi\"\n\
             ingress.class = \"nginx\"\ntls.secret = \"{name}-tls\"\nauth.users.ci = {{ env = \"CI_PASSWORD\" }}\n"
        )
    };
    let project = "[project]\nname = \"{project}\"\n";
    let config = format!("{project}{}{}", registry("one", "2.8.3"), registry("two", "3.1.1"));
    let project = ns.project().write("regplan.toml", &config).env("CI_PASSWORD", "a long enough password");
    project.apply();
    project.expect_settled();
    assert_eq!(ns.list("deployments"), ["deployment.apps/one", "deployment.apps/two"]);
    assert_eq!(ns.list("ingresses").len(), 2);
    // One of them is removed. The other one and the namespace stay as they are.
    project
        .rewrite("regplan.toml", &format!("[project]\nname = \"{{project}}\"\n{}", registry("two", "3.1.1")));
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("- registry.one/Deployment/one").stdout_lacks("registry.two");
    project.apply();
    assert_eq!(ns.list("deployments"), ["deployment.apps/two"]);
    project.expect_settled();
    // Without different names, their objects would be the same.
    let same = config
        .replace("name = \"one\"\n", "name = \"same\"\n")
        .replace("name = \"two\"\n", "name = \"same\"\n");
    project.rewrite("regplan.toml", &same);
    project.run(["validate"]).code(1).stderr_contains("is declared twice");
}

fn a_program_of_ones_own_plans_and_applies() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    let run = || {
        let settings = Settings { kubeconfig: Some(ns.cluster().kubeconfig().into()), ..Settings::default() };
        let said = Mutex::new(String::new());
        let say = |text: &str| said.lock().unwrap().push_str(text);
        block_on(library::run(project.folder(), settings, &say)).unwrap();
        said.into_inner().unwrap()
    };
    let said = run();
    assert!(said.contains("Plan: 1 to add") && said.contains("created resource.greeting"), "{said}");
    assert!(said.ends_with("Done: 1 added, 0 changed, 0 replaced, 0 destroyed.\n"), "{said}");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "world");
    assert!(run().contains("Nothing to change"));
    // The program and the command line use the same state.
    project.expect_settled();
}
