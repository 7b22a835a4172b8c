//! Two environments of one base that share a state by accident.

use super::greeting;
use crate::harness::{Namespace, OwnCluster, Project};

tests! {
    a_second_environment_does_not_replace_the_first_one,
    an_environment_with_blocks_of_other_names_does_not_replace_the_first_one,
    an_environment_in_the_same_namespace_does_not_replace_the_first_one,
    values_of_another_environment_are_noticed,
    one_name_has_two_states_in_two_clusters,
    a_variable_that_is_forgotten_does_not_bring_another_environment,
    another_value_of_a_variable_is_no_mistake,
    a_file_that_was_renamed_or_added_locks_nobody_out,
    a_file_is_read_by_its_folder_as_well,
}

const BASE: &str = "[project]\nname = \"{project}\"\n[cluster]\nnamespace = \"{ns}\"\n";

fn map(name: &str, size: &str) -> String {
    format!("[resource.{name}]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata = {{ size = \"{size}\" }}\n")
}

fn an_environment_in_the_same_namespace_does_not_replace_the_first_one() {
    let ns = Namespace::new();
    let project = ns.project().write("base.toml", &format!("{BASE}{}", map("web", "small")));
    let project =
        project.write("dev.toml", &map("web-dev", "small")).write("prod.toml", &map("web", "large"));
    let in_dev = ["-f", "base.toml", "-f", "./dev.toml"];
    let in_prod = ["-f", "base.toml", "-f", "prod.toml"];
    project.run(["apply", "--auto-approve"].into_iter().chain(in_dev)).success();
    for files in [&in_prod[..], &in_prod[..2]] {
        for command in [&["plan"][..], &["apply", "--auto-approve"], &["destroy", "--auto-approve"]] {
            let refused = project.run([command, files].concat()).code(1);
            refused
                .stderr_contains("dev.toml")
                .stderr_contains("[project] name")
                .stderr_contains("--without");
        }
    }
    assert!(ns.find("configmap/web-dev").is_some());
    let agreed = ["plan", "--out=prod.regplan", "--without", "dev.toml"].into_iter().chain(in_prod);
    project.run(agreed).success();
    project.run(["apply", "prod.regplan"].into_iter().chain(in_prod)).success();
    assert!(ns.find("configmap/web-dev").is_none());
    // From now on the state is about the second one.
    project.run(["plan"].into_iter().chain(in_dev)).code(1).stderr_contains("prod.toml");
    // A rollback makes the first one true again, and so the state is about that.
    let back = ["rollback", "1", "--auto-approve"].into_iter().chain(in_prod);
    project.run(back).success();
    project.run(["plan", "--detailed-exitcode"].into_iter().chain(in_dev)).success();
    project.run(["plan"].into_iter().chain(in_prod)).code(1).stderr_contains("dev.toml");
}

/// As docs/environments.md shows it: the overlay of production names its cluster and a `[state]` of its own.
fn one_name_has_two_states_in_two_clusters() {
    let (ns, own) = (Namespace::new(), OwnCluster::take());
    let there = Namespace::on(&own);
    let in_prod = format!(
        "[cluster]\nkubeconfig = \"{}\"\nnamespace = \"{}\"\n[state]\npath = \"states/prod\"\n",
        there.cluster().kubeconfig().display(),
        there.name(),
    );
    let project = ns.project().write("base.toml", &format!("{BASE}{}", map("web", "small")));
    let dev = "[resource.web]\ndata = { size = \"small\" }\n[state]\npath = \"states/dev\"\n";
    let prod = format!("[resource.web]\ndata = {{ size = \"large\" }}\n{in_prod}");
    let project = project.write("dev.toml", dev).write("prod.toml", &prod);
    let run = |command: &[&'static str], overlay: &'static str| {
        project.run([command, &["-f", "base.toml", "-f", overlay]].concat())
    };
    for overlay in ["dev.toml", "prod.toml"] {
        run(&["apply", "--auto-approve"], overlay).success();
    }
    assert_eq!(ns.field("configmap/web", "/data/size"), "small");
    assert_eq!(there.field("configmap/web", "/data/size"), "large");
    assert!(
        project.path("states/dev/state.json").exists() && project.path("states/prod/state.json").exists()
    );
    assert!(!project.path(".regplan").exists());
    for overlay in ["dev.toml", "prod.toml"] {
        run(&["plan", "--detailed-exitcode"], overlay).success();
        run(&["drift"], overlay).success();
    }
    run(&["destroy", "--auto-approve"], "dev.toml").success();
    assert!(ns.find("configmap/web").is_none());
    run(&["plan", "--detailed-exitcode"], "prod.toml").success();
    own.give_back();
}

fn values_of_another_environment_are_noticed() {
    let ns = Namespace::new();
    let text = format!("{BASE}[variable.size]\n{}", map("web", "${var.size}"));
    let project = ns.project().write("regplan.toml", &text);
    let project = project.write("dev.vars.toml", "size = \"s\"\n").write("prod.vars.toml", "size = \"l\"\n");
    project.run(["apply", "--auto-approve", "--var-file", "dev.vars.toml"]).success();
    let refused = project.run(["apply", "--auto-approve", "--var-file", "prod.vars.toml"]).code(1);
    refused.stderr_contains("dev.vars.toml");
    let unused = ["plan", "--var-file", "dev.vars.toml", "--without", "dev.vars.toml"];
    project.run(unused).success().stdout_contains("`--without dev.vars.toml` has no effect");
}

/// Objects whose names and sizes come from variables with defaults, which are those of dev.
fn with_variables(ns: &Namespace) -> Project<'_> {
    let variables = "[variable.env]\ndefault = \"dev\"\n[variable.size]\ndefault = \"1\"\n";
    let object = map("web", "${var.size}") + "metadata.name = \"web-${var.env}\"\n";
    ns.project().write("regplan.toml", &format!("{BASE}{variables}{object}"))
}

fn a_variable_that_is_forgotten_does_not_bring_another_environment() {
    let ns = Namespace::new();
    let project = with_variables(&ns);
    project.run(["apply", "--auto-approve", "--var", "env=prod"]).success();
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        let refused = project.run(command.iter().copied()).code(1);
        refused.stderr_contains("the variable `env`").stderr_contains("`--var env=VALUE`");
        refused.stderr_contains("[project] name");
    }
    assert!(ns.find("configmap/web-prod").is_some() && ns.find("configmap/web-dev").is_none());
    // Whatever gives it a value, it is given.
    project.run(["plan", "--detailed-exitcode", "--var", "env=prod"]).success();
    let from_environment = project.regplan(["plan", "--detailed-exitcode"]).env("REGPLAN_VAR_ENV", "prod");
    from_environment.run().success();
    // Whoever means the default says so, and from then on it is the default again.
    project.run(["apply", "--auto-approve", "--var", "env=dev"]).success();
    assert!(ns.find("configmap/web-prod").is_none() && ns.find("configmap/web-dev").is_some());
    project.run(["plan", "--detailed-exitcode"]).success();
    // The environment counts like the command line, and a rollback brings back what was given.
    project.regplan(["apply", "--auto-approve"]).env("REGPLAN_VAR_size", "3").run().success();
    project.run(["plan"]).code(1).stderr_contains("the variable `size`");
    project.run(["rollback", "1", "--auto-approve"]).success();
    let refused = project.run(["plan"]).code(1);
    refused.stderr_contains("the variable `env`").stderr_lacks("size");
    project.run(["destroy", "--auto-approve"]).success();
    project.run(["plan"]).success();
}

fn another_value_of_a_variable_is_no_mistake() {
    let ns = Namespace::new();
    let project = with_variables(&ns);
    project.run(["apply", "--auto-approve", "--var", "size=2", "--var", "env=prod"]).success();
    project.run(["apply", "--auto-approve", "--var", "size=5", "--var", "env=prod"]).success();
    assert_eq!(ns.field("configmap/web-prod", "/data/size"), "5");
    // Nothing would change, so nothing is asked.
    project.edit("regplan.toml", "default = \"1\"", "default = \"5\"");
    project.run(["plan", "--detailed-exitcode", "--var", "env=prod"]).success();
    // A file may give it from now on, or the configuration know it no more.
    let project =
        project.write("prod.toml", "[variable.env]\ndefault = \"prod\"\n[variable.size]\ndefault = \"6\"\n");
    let files = ["-f", "regplan.toml", "-f", "prod.toml"];
    project.run(["plan"].into_iter().chain(files)).code(1).stderr_contains("size");
    let project = project.write("prod.vars.toml", "env = \"prod\"\nsize = \"6\"\n");
    project.run(["apply", "--auto-approve", "--var-file", "prod.vars.toml"]).success();
    project.edit("regplan.toml", "${var.size}", "7");
    project.edit("regplan.toml", "[variable.size]\ndefault = \"5\"\n", "");
    project.edit("prod.vars.toml", "size = \"6\"\n", "");
    project.run(["apply", "--auto-approve", "--var-file", "prod.vars.toml"]).success();
    assert_eq!(ns.field("configmap/web-prod", "/data/size"), "7");
}

fn a_file_that_was_renamed_or_added_locks_nobody_out() {
    let ns = Namespace::new();
    let project = ns.project().write("base.toml", &format!("{BASE}{}", map("web", "small")));
    project.run(["apply", "--auto-approve", "-f", "base.toml"]).success();
    project.remove("base.toml");
    let project = project.write("web.toml", &format!("{BASE}{}", map("web", "large")));
    let project = project.write("more.toml", &map("more", "small"));
    let files = ["-f", "web.toml", "-f", "more.toml"];
    let planned = project.run(["plan"].into_iter().chain(files)).success();
    planned.stdout_contains("are new, `base.toml` is gone");
    project.run(["apply", "--auto-approve"].into_iter().chain(files)).success();
    project.run(["plan", "--detailed-exitcode"].into_iter().chain(files)).success();
    // Nothing would change, so it does not matter which files say so.
    let project = project.write("same.toml", &map("more", "small"));
    project.run(["plan", "--detailed-exitcode", "-f", "web.toml", "-f", "same.toml"]).success();
}

/// The overlays have blocks of their own, so nothing keeps its address or its name.
fn an_environment_with_blocks_of_other_names_does_not_replace_the_first_one() {
    let ns = Namespace::new();
    let other = Namespace::new();
    let overlay = |place: &Namespace, name: &str| {
        format!(
            "[cluster]\nnamespace = \"{}\"\n[resource.{name}]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n",
            place.name()
        )
    };
    let project = ns.project().write("base.toml", "[project]\nname = \"{project}\"\n");
    let project =
        project.write("dev.toml", &overlay(&ns, "web-dev")).write("prod.toml", &overlay(&other, "web-prod"));
    let in_dev = ["-f", "base.toml", "-f", "dev.toml"];
    let in_prod = ["-f", "base.toml", "-f", "prod.toml"];
    project.run(["apply", "--auto-approve"].into_iter().chain(in_dev)).success();
    for command in [&["plan"][..], &["apply", "--auto-approve"], &["destroy", "--auto-approve"]] {
        let refused = project.run(command.iter().copied().chain(in_prod)).code(1);
        refused.stderr_contains("1 of 1 objects").stderr_contains("[project] name");
    }
    assert!(ns.find("configmap/web-dev").is_some());
    let move_to = format!("--move-to={}", other.name());
    project.run(["apply", "--auto-approve", &move_to].into_iter().chain(in_prod)).success();
    assert!(ns.find("configmap/web-dev").is_none() && other.find("configmap/web-prod").is_some());
    project.run(["destroy", "--auto-approve"].into_iter().chain(in_prod)).success();
    assert!(other.find("configmap/web-prod").is_none());
}

fn a_second_environment_does_not_replace_the_first_one() {
    let ns = Namespace::new();
    let other = Namespace::new();
    let project = greeting(&ns).write("prod.toml", &format!("[cluster]\nnamespace = \"{}\"\n", other.name()));
    project.apply();
    let base_and_prod = ["-f", "regplan.toml", "-f", "prod.toml"];
    for command in [&["plan"][..], &["apply", "--auto-approve"], &["destroy", "--auto-approve"]] {
        let refused = project.run(command.iter().copied().chain(base_and_prod)).code(1);
        refused.stderr_contains("1 of 1 objects").stderr_contains("[project] name");
    }
    assert!(ns.find("configmap/greeting").is_some() && other.find("configmap/greeting").is_none());
    let move_to = format!("--move-to={}", other.name());
    let agreed = ["plan", "--out=move.regplan", &move_to].into_iter().chain(base_and_prod);
    project.run(agreed).success().stdout_contains("1 to replace");
    let apply = ["apply", "move.regplan"].into_iter().chain(base_and_prod);
    project.run(apply).success();
    assert!(ns.find("configmap/greeting").is_none() && other.find("configmap/greeting").is_some());
    // Now the state is about the second one, and the first one is the other.
    project.run(["plan"]).code(1).stderr_contains("1 of 1 objects");
}

fn a_file_is_read_by_its_folder_as_well() {
    let ns = Namespace::new();
    let text = |size: &str| format!("{BASE}{}", map("web", size));
    let project = ns.project().write("regplan.toml", &text("s"));
    project.apply();
    project.rewrite("regplan.toml", &text("l"));
    project.run(["plan", "-f", "."]).success().stdout_contains("1 to change");
}
