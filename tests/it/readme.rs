//! The file and the plans that the README shows are those of the program.

use std::fs;
use std::path::PathBuf;

use regex::Regex;

use crate::harness::{Ended, Namespace, Project};
use crate::stack::journey::masked;

tests! {
    the_readme_opens_with_lines_of_the_journey,
    the_readme_shows_a_file_that_is_valid,
    the_readme_shows_a_first_plan_that_fits_a_screen,
    the_readme_shows_a_plan_with_drift_and_the_way_back,
}

/// If this variable is set, the tests write the README instead of comparing it.
const UPDATE: &str = "REGPLAN_UPDATE_DOCS";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

fn readme() -> String {
    fs::read_to_string(path()).unwrap()
}

/// The configuration that the README shows.
fn configuration() -> String {
    readme().split("```toml\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

/// The same for this test: its own project and namespace, which are as long, so that lines are wrapped at the same
/// places.
fn of_test(ns: &Namespace) -> (String, String) {
    let namespace = ns.fill("{prefix}r");
    assert_eq!(namespace.len(), "registry".len());
    let file = configuration()
        .replace("name = \"registry\"", "name = \"{project}\"")
        .replace("= \"registry\"\n", "= \"{prefix}r\"\n");
    (namespace, file)
}

/// A plan with the names of the README.
fn shown(project: &Project<'_>, ns: &Namespace, format: &str) -> String {
    with_names(ns, project.run(["plan", format]).success().stdout())
}

/// The output with the names of the README.
fn with_names(ns: &Namespace, text: &str) -> String {
    let text = text.replace(&ns.fill("{prefix}r"), "registry").replace(&ns.project_name(), "registry");
    let cluster = Regex::new(r"context \S+ \([0-9.:]+, cluster [0-9a-f]{8}\)").unwrap();
    let text = cluster.replace(&text, "context prod (10.0.0.1:6443, cluster 3f2a9c1d)").into_owned();
    Regex::new("sha256:[0-9a-f]{64}").unwrap().replace_all(&text, "sha256:[digest]").into_owned()
}

/// Compares the plan with the one that the README shows as its first, second, …, or writes it there.
fn compare(number: usize, plan: &str) {
    compare_after("$ regplan plan\n", number, plan);
}

/// The same with what this line of the README is followed by, up to the next command or the end of the block.
fn compare_after(command: &str, number: usize, plan: &str) {
    assert!(plan.lines().all(|line| line.chars().count() <= 80), "{plan}");
    let readme = readme();
    let (at, _) = readme.match_indices(command).nth(number).unwrap();
    let (head, rest) = readme.split_at(at + command.len());
    let end = ["$ ", "```"].iter().filter_map(|end| rest.find(end)).min().unwrap();
    let (shown, tail) = rest.split_at(end);
    if std::env::var_os(UPDATE).is_some() {
        fs::write(path(), format!("{head}{plan}{tail}")).unwrap();
    } else {
        assert_eq!(shown, plan, "the README shows another plan; {UPDATE}=1 writes it anew");
    }
}

/// What stands at the top of the README is on the page that a test writes, in this order. `…` stands for what is left out.
fn the_readme_opens_with_lines_of_the_journey() {
    let readme = readme();
    let opening = readme.split("```console\n").nth(1).unwrap().split("```").next().unwrap();
    let page = fs::read_to_string(path().with_file_name("docs/journey.md")).unwrap();
    let (opening, page) = (masked(opening), masked(&page));
    let mut lines = page.lines();
    for line in opening.lines().filter(|line| *line != "…") {
        assert!(lines.any(|there| there == line), "docs/journey.md has no line `{line}` at its place");
    }
}

fn the_readme_shows_a_file_that_is_valid() {
    let ns = Namespace::absent();
    ns.project().write("regplan.toml", &configuration()).run(["validate"]).success();
}

/// The plan that makes the registry of the README.
fn the_readme_shows_a_first_plan_that_fits_a_screen() {
    let ns = Namespace::absent();
    let (_, file) = of_test(&ns);
    let project = ns.project().write("regplan.toml", &file).env("CI_PASSWORD", "a long enough password");
    let plan = shown(&project, &ns, "--format=text");
    // One line more for the digest, which a terminal shows below it.
    assert!(plan.lines().count() < 24, "{plan}");
    project.snapshot("first_plan_text", &plan);
    project.snapshot("first_plan_markdown", &shown(&project, &ns, "--format=markdown"));
    compare(0, &plan);
}

/// The file of the README, with an edited image tag, drift of the replicas, and a removed block: the plan, and the way back
/// after its apply.
fn the_readme_shows_a_plan_with_drift_and_the_way_back() {
    let ns = Namespace::absent();
    let (namespace, file) = of_test(&ns);
    let notice = "\n[resource.notice]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\
                  metadata.namespace = \"{prefix}r\"\ndata.text = \"closed on Sunday\"\n";
    let before = file.replace("registry:3.1.1", "registry:3.1.0") + notice;
    let project = ns.project().write("regplan.toml", &before).env("CI_PASSWORD", "a long enough password");
    project.apply();
    ns.kubectl(["scale", "deployment/registry", "--replicas=3", "--namespace={prefix}r"]).run().success();
    project.rewrite("regplan.toml", &file);
    let plan = shown(&project, &ns, "--format=text");
    project.snapshot("plan_markdown", &shown(&project, &ns, "--format=markdown"));
    compare(1, &plan);
    project.apply();
    compare_after("$ regplan history\n", 0, &history(&project));
    let back = project.regplan(["rollback"]).stdin("yes\n").run().success();
    compare_after("$ regplan rollback\n", 0, &with_names(&ns, &on_screen(&back)));
    let found = |object: &str| ns.cluster().find(&namespace, object).unwrap();
    let image = found("deployment/registry").pointer("/spec/template/spec/containers/0/image").cloned();
    assert_eq!(image, Some("registry:3.1.0".into()));
    assert_eq!(found("configmap/notice")["data"]["text"], "closed on Sunday");
    ns.clean_up(&format!("namespace/{namespace}"));
}

/// What a terminal shows of a run that was approved: its plan, the question with the answer, and each write with the times of
/// the README. What is only shown while somebody waits is left out.
fn on_screen(ended: &Ended) -> String {
    let asked = "is accepted: ";
    let story = ended.stderr().replace(asked, &format!("{asked}yes"));
    // Before the question, standard error says once more which project it is: only where the plan goes elsewhere.
    let lines = story.lines().skip_while(|line| !line.contains(asked));
    let lines = lines.filter(|line| !line.trim_start().starts_with("waiting "));
    let story = lines.fold(String::new(), |story, line| story + line + "\n");
    let time = Regex::new(r"  \d+\.\d s\n").unwrap();
    format!("{}{}", ended.stdout(), time.replace_all(&story, "  0.4 s\n"))
}

/// The history of a project that was applied twice, with the times and the digests of the README.
fn history(project: &Project<'_>) -> String {
    let history = project.run(["history"]).success().stdout().to_owned();
    let when = Regex::new(r"20\S+Z  \S+ +apply  [0-9a-f]{12}").unwrap();
    let mut lines =
        ["09:07:00Z  kim@pc  apply  0c4d9f2b7e1a", "09:14:00Z  kim@pc  apply  b71e5a90c3d2"].iter();
    let line = |_: &regex::Captures<'_>| format!("2026-03-01T{}", lines.next().unwrap());
    when.replace_all(&history, line).into_owned()
}
