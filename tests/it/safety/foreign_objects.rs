//! Objects that exist already: of others, of another project, of another version.

use serde_json::json;

use super::{THEIRS, greeting};
use crate::harness::{Ended, GREETING, HEAD, Namespace};

tests! {
    an_object_of_others_is_refused_with_its_managers,
    an_object_is_adopted_only_with_consent,
    an_object_of_another_project_is_refused,
    another_version_of_a_kind_is_the_same_object,
    what_another_state_made_is_taken_over_only_by_its_lineage,
    a_destroy_says_what_it_lets_stay,
}

/// Objects of two lost states, of another project and of nobody: a destroy takes those of one, and names the others.
fn a_destroy_says_what_it_lets_stay() {
    let ns = Namespace::new();
    let block = |name: &str| format!("[resource.{name}]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n");
    let one = |head: &str, name: &str| {
        ns.project().write("regplan.toml", &format!("{head}{}", block(name))).apply();
        let lineage = ns.field(&format!("configmap/{name}"), "/metadata/annotations/regplan.dev~1lineage");
        lineage.as_str().unwrap().to_owned()
    };
    let [first, second] = ["first", "second"].map(|name| one(HEAD, name));
    one(&HEAD.replace("{project}", "{project}-b"), "third");
    ns.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: fourth }\n");
    let blocks: String = ["first", "second", "third", "fourth"].map(block).concat();
    let all = ns.project().write("regplan.toml", &format!("{HEAD}{blocks}"));
    let told = |output: &Ended, lineage: &str, stays: &str| {
        output
            .stdout_contains(&format!("{stays}` stays: another state of this project"))
            .stdout_contains(&format!("regplan destroy --adopt-lineage {lineage}"))
            .stdout_contains("third` stays: the project")
            .stdout_contains("fourth` stays: regplan did not make it");
    };
    let refused = all.run(["destroy", "--auto-approve"]).code(1);
    refused.stderr_contains(&first).stderr_contains(&second).stderr_contains("nothing was done");
    told(&refused, &second, "second");
    let plan = all.run(["plan", "--format", "json"]).code(1).json();
    assert_eq!(plan["lineages_to_adopt"], json!([first, second]));
    let destroyed = all.run(["destroy", "--auto-approve", "--adopt-lineage", &first]).success();
    told(destroyed.stdout_contains("1 to destroy"), &second, "second");
    assert!(ns.find("configmap/first").is_none() && ns.find("configmap/second").is_some());
    // Beside a state it is the same, and the way out leads on.
    told(&all.run(["destroy", "--auto-approve"]).success(), &second, "second");
    let again = ns.project().write("regplan.toml", &format!("{HEAD}{blocks}"));
    again
        .run(["destroy", "--auto-approve", "--adopt-lineage", &second])
        .success()
        .stdout_contains("1 to destroy");
    let left = again.run(["destroy", "--auto-approve", "--adopt-lineage", &second]).success();
    left.stdout_contains("has no effect").stdout_contains("fourth` stays");
    assert!(ns.find("configmap/second").is_none() && ns.find("configmap/third").is_some());
}

/// Without a state, the objects may be those of somebody else who uses the same project name.
fn what_another_state_made_is_taken_over_only_by_its_lineage() {
    let ns = Namespace::new();
    let theirs = greeting(&ns);
    theirs.apply();
    let lineage = theirs.state()["lineage"].as_str().unwrap().to_owned();
    let version = ns.field("configmap/greeting", "/metadata/resourceVersion");
    let ours = greeting(&ns);
    ours.edit("regplan.toml", "world", "moon");
    ours.run(["plan"]).success().stdout_contains("There is no state here").stdout_contains(&lineage);
    let plan = ours.run(["plan", "--format", "json"]).success().json();
    assert_eq!(plan["lineages_to_adopt"], json!([lineage]));
    let expect = format!("--expect={}", plan["digest"].as_str().unwrap());
    for command in [
        ["apply", "--auto-approve"],
        ["apply", &expect],
        ["destroy", "--auto-approve"],
        ["plan", "--out=p.plan"],
    ] {
        let refused = ours.run(command).code(1);
        refused.stderr_contains(&format!("`--adopt-lineage {lineage}`")).stderr_contains("nothing was done");
    }
    assert_eq!(ns.field("configmap/greeting", "/metadata/resourceVersion"), version);
    assert!(!ours.path("p.plan").exists() && !ours.path(&ours.state_path()).exists());
    // A lineage that nothing has is no silent "nothing to do".
    let none = "0".repeat(32);
    let refused = ours.run(["destroy", "--auto-approve", "--adopt-lineage", &none]).code(1);
    refused.stderr_contains("no object of this configuration has that lineage").stderr_contains(&lineage);
    for command in ["apply", "plan"] {
        let refused = ours.run([command, "--adopt-lineage", &none]).code(1);
        refused.stderr_contains("no object of this configuration has that lineage").stderr_contains(&lineage);
    }
    ours.run(["plan", "--adopt-lineage", "old"]).code(1).stderr_contains("32 hexadecimal digits");
    // The plan file keeps that it was agreed to.
    let agreed = ours.run(["plan", "--out=p.plan", "--adopt-lineage", &lineage]).success();
    agreed.stdout_contains(&format!(
        "works from the annotations of what the configuration names (lineage {lineage})"
    ));
    ours.run(["apply", "p.plan"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "moon");
    assert_eq!(ours.state()["lineage"], json!(lineage));
    // From now on there is a state, and it has that lineage.
    let again = ours.run(["plan", "--adopt-lineage", &lineage]).success();
    again.stdout_contains("has no effect: that is the lineage of the state that is here");
    again.stdout_lacks("There is no state here");
    let refused = ours.run(["plan", "--adopt-lineage", &none]).code(1);
    refused.stderr_contains("there is a state here").stderr_contains(&lineage);
    std::fs::remove_dir_all(ours.path(".regplan")).unwrap();
    let destroy = ours.run(["destroy", "--auto-approve", "--adopt-lineage", &lineage]).success();
    destroy.stdout_contains("1 to destroy");
    assert!(ns.find("configmap/greeting").is_none());
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
    let refused = other.run(["plan", "--adopt", "resource.greeting"]).code(1);
    refused.stdout_contains("it belongs to the project");
    let said = refused.stdout().split_whitespace().collect::<Vec<_>>().join(" ");
    let letting_go = ns.fill("kubectl annotate -n {ns} ConfigMap greeting regplan.dev/project-");
    assert!(said.contains(&letting_go), "{said}");
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
