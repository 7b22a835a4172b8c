//! Two environments of one base that share a state by accident.

use super::greeting;
use crate::harness::Namespace;

tests! {
    a_second_environment_does_not_replace_the_first_one,
    an_environment_with_blocks_of_other_names_does_not_replace_the_first_one,
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
