//! Objects that exist already: of others, of another project, of another version.

use super::{THEIRS, greeting};
use crate::harness::{GREETING, Namespace};

tests! {
    an_object_of_others_is_refused_with_its_managers,
    an_object_is_adopted_only_with_consent,
    an_object_of_another_project_is_refused,
    another_version_of_a_kind_is_the_same_object,
}

fn an_object_of_others_is_refused_with_its_managers() {
    let ns = Namespace::new();
    ns.apply(THEIRS);
    let project = greeting(&ns);
    let plan = project.run(["plan"]).code(1);
    plan.stdout_contains("exists already, and is not ours")
        .stdout_contains("kubectl")
        .stdout_contains("--adopt resource.greeting");
    project.run(["apply", "--auto-approve"]).code(1);
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "theirs");
}

fn an_object_is_adopted_only_with_consent() {
    let ns = Namespace::new();
    ns.apply(THEIRS);
    let project = greeting(&ns);
    project.run(["plan", "--adopt", "resource.greeting"]).success().stdout_contains("& resource.greeting");
    project.run(["apply", "--auto-approve", "--adopt", "resource.greeting"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "world");
    project.run(["plan", "--detailed-exitcode"]).success();
}

fn an_object_of_another_project_is_refused() {
    let ns = Namespace::new();
    greeting(&ns).apply();
    let other = ns.project().write("regplan.toml", &GREETING.replace("{project}", "{project}-b"));
    other.run(["plan", "--adopt", "resource.greeting"]).code(1).stdout_contains("it belongs to the project");
}

fn another_version_of_a_kind_is_the_same_object() {
    let ns = Namespace::new();
    let scaler = r#"
[resource.scaler]
apiVersion = "autoscaling/v1"
kind = "HorizontalPodAutoscaler"
spec = { minReplicas = 1, maxReplicas = 3, scaleTargetRef = { apiVersion = "apps/v1", kind = "Deployment", name = "web" } }
"#;
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{scaler}"));
    project.apply();
    let uid = ns.field("hpa/scaler", "/metadata/uid");
    project.edit("regplan.toml", "autoscaling/v1", "autoscaling/v2");
    project.run(["plan"]).success().stdout_lacks("- resource.scaler").stdout_lacks("+ resource.scaler");
    project.apply();
    assert_eq!(ns.field("hpa/scaler", "/metadata/uid"), uid);
    project.run(["plan", "--detailed-exitcode"]).success();
}
