//! Two environments of one base that share a state by accident.

use super::greeting;
use crate::harness::Namespace;

tests! {
    a_second_environment_does_not_replace_the_first_one,
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
