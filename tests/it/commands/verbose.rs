//! `--verbose`: each question, each step, and what the libraries say.

use regex::Regex;

use super::SMALL;
use crate::harness::{Namespace, Project, Seen};

tests! {
    each_question_to_the_server_is_a_line,
    steps_and_libraries_are_said_where_they_are_asked_for,
    a_question_without_an_answer_is_said_too,
    little_and_much_at_once_is_refused,
}

fn small(ns: &Namespace) -> Project<'_> {
    ns.project().write("regplan.toml", &SMALL.replace("team-a", &ns.name())).env("PASSWORD", "pass-word-1")
}

fn each_question_to_the_server_is_a_line() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = small(&ns).through(&proxy);
    let quiet = project.run(["plan"]).success();
    let silent = quiet.stderr().to_owned();
    proxy.forget();
    let plan = project.run(["plan", "-v"]).success();
    assert_eq!(plan.stdout(), quiet.stdout(), "the data are the same");
    let line = Regex::new(r"(?m)^ +\d+\.\d{3}  ((?:GET|PATCH|POST) /.*): (?:done|refused with \d+), \d+ ms$")
        .unwrap();
    let said: Vec<&str> =
        line.captures_iter(plan.stderr()).map(|found| found.get(1).unwrap().as_str()).collect();
    let mut paths: Vec<String> =
        said.iter().filter_map(|said| Some(said.split_once(' ')?.1.to_owned())).collect();
    let with_query = |seen: &Seen| match seen.query.as_str() {
        "" => seen.path.clone(),
        query => format!("{}?{query}", seen.path),
    };
    let mut seen: Vec<String> = proxy.requests().iter().map(with_query).collect();
    paths.sort();
    seen.sort();
    assert_eq!(paths, seen);
    let secrets = format!("/api/v1/namespaces/{}/secrets/login?", ns.name());
    assert!(said.iter().any(|line| line.starts_with("PATCH") && line.contains(&secrets)), "{said:?}");
    let rest: Vec<&str> = plan.stderr().lines().filter(|text| !line.is_match(text)).collect();
    assert_eq!(rest, silent.lines().collect::<Vec<_>>(), "each line is a question, and what is always said");
}

fn steps_and_libraries_are_said_where_they_are_asked_for() {
    let ns = Namespace::new();
    let project = small(&ns);
    let step = Regex::new(r"(?m)^ +\d+\.\d{3}  compile project=small blocks=3: \d+ ms$").unwrap();
    let said = |flag: &str| project.run(["plan", flag]).success().stderr().to_owned();
    let (questions, steps, all) = (said("-v"), said("-vv"), said("-vvv"));
    assert!(!step.is_match(&questions), "{questions}");
    assert!(step.is_match(&steps) && steps.contains("  GET /api/v1"), "{steps}");
    assert!(steps.contains("  load files=1: "), "it was found without being named: {steps}");
    assert!(step.is_match(&all) && all.contains("  kube_client: "), "{all}");
    assert!(!steps.contains("kube_client"), "{steps}");
}

fn a_question_without_an_answer_is_said_too() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = small(&ns).through(&proxy);
    proxy.on("list", "configmaps").times(1).answer(503);
    proxy.on("list", "configmaps").times(1).reset();
    let plan = project.run(["plan", "--verbose"]).success();
    plan.stderr_contains("/configmaps?")
        .stderr_contains(": refused with 503, ")
        .stderr_contains(": no answer of use, ");
}

fn little_and_much_at_once_is_refused() {
    let ns = Namespace::absent();
    for words in [["validate", "-q", "-v"], ["-q", "validate", "-vv"], ["-v", "validate", "--quiet"]] {
        ns.project().run(words).code(1).stderr_contains("--quiet and --verbose cannot be used together");
    }
}
