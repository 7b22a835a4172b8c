//! The output of `drift`: metrics, Markdown, text, and strings that are made to break them.

use std::collections::BTreeMap;

use serde_json::json;

use super::{PASSWORD, applied, finding};
use crate::harness::{Ended, GREETING, HEAD, Namespace, WEB, config_maps};

tests! {
    metrics_are_metrics_line_by_line,
    a_file_is_replaced_as_a_whole,
    hostile_strings_stay_strings,
    drift_looks_like_this,
}

/// One sample of the text format: name, labels and value. Fails if the line is not a sample.
fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let (name, rest) = line.split_once('{').unwrap_or_else(|| panic!("no labels: {line}"));
    assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{line}");
    let mut labels = BTreeMap::new();
    let mut rest = rest;
    loop {
        let (key, value) = rest.split_once("=\"").unwrap();
        let mut text = String::new();
        let mut chars = value.char_indices();
        let end = loop {
            match chars.next().unwrap_or_else(|| panic!("a label does not end: {line}")) {
                (at, '"') => break at,
                (_, '\\') => match chars.next().unwrap().1 {
                    'n' => text.push('\n'),
                    c @ ('\\' | '"') => text.push(c),
                    c => panic!("\\{c} is no escape: {line}"),
                },
                (_, c) => text.push(c),
            }
        };
        assert!(labels.insert(key.to_owned(), text).is_none(), "{line}");
        rest = &value[end + 1..];
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None => break,
        }
    }
    let value = rest.strip_prefix("} ").unwrap_or_else(|| panic!("{line}"));
    (name.to_owned(), labels, value.parse().unwrap())
}

/// All samples. Fails unless HELP and TYPE come before each metric, all samples of a metric stand together, and none
/// stands there twice.
fn samples(page: &str) -> Vec<(String, BTreeMap<String, String>, f64)> {
    assert!(page.ends_with('\n'));
    let mut described = Vec::new();
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(about) = line.strip_prefix("# HELP ") {
            let name = about.split(' ').next().unwrap().to_owned();
            assert_eq!(lines.next(), Some(format!("# TYPE {name} gauge").as_str()));
            assert!(!described.contains(&name), "{name} is described twice");
            described.push(name);
        } else {
            let (name, labels, value) = sample(line);
            assert_eq!(described.last(), Some(&name), "{line}");
            assert!(!found.iter().any(|(n, l, _)| (n, l) == (&name, &labels)), "twice: {line}");
            found.push((name, labels, value));
        }
    }
    found
}

fn metrics_are_metrics_line_by_line() {
    let ns = Namespace::new();
    let project = applied(&ns, &format!("{GREETING}{WEB}"));
    let page = project.run(["drift", "--format", "prometheus"]).success();
    let value = |page: &Ended, name: &str, label: (&str, &str)| {
        let all = samples(page.stdout());
        let mut wanted = all.iter().filter(|(n, labels, _)| {
            n == name && (label.0.is_empty() || labels.get(label.0).is_some_and(|value| value == label.1))
        });
        let found = wanted.next().map(|(_, labels, value)| (labels.clone(), *value));
        assert!(wanted.next().is_none(), "{name} is there more than once");
        found.map(|(labels, value)| {
            assert_eq!(labels["project"], ns.project_name());
            value
        })
    };
    assert_eq!(value(&page, "regplan_drift_resources", ("", "")), Some(2.0));
    assert_eq!(value(&page, "regplan_drift_detected", ("", "")), Some(0.0));
    assert_eq!(value(&page, "regplan_drift_status", ("status", "in_sync")), Some(2.0));
    assert_eq!(value(&page, "regplan_drift_status", ("status", "gone")), Some(0.0));
    assert_eq!(value(&page, "regplan_drift_resource", ("", "")), None);
    let then = value(&page, "regplan_drift_last_run_timestamp_seconds", ("", "")).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((now - 600.0..=now).contains(&then), "{then} is not {now}");
    ns.kubectl(["scale", "deployment/web", "--replicas=3"]).run().success();
    ns.delete("configmap/greeting");
    let page = project.run(["drift", "--format", "prometheus"]).code(2);
    assert_eq!(value(&page, "regplan_drift_detected", ("", "")), Some(1.0));
    assert_eq!(value(&page, "regplan_drift_status", ("status", "changed")), Some(1.0));
    assert_eq!(value(&page, "regplan_drift_resource", ("address", "resource.greeting")), Some(1.0));
    assert_eq!(value(&page, "regplan_drift_resource", ("kind", "Deployment.apps")), Some(1.0));
    assert_eq!(value(&page, "regplan_drift_fields", ("manager", "kubectl")), Some(1.0));
    assert_eq!(value(&page, "regplan_drift_unobserved", ("", "")), Some(0.0));
}

fn a_file_is_replaced_as_a_whole() {
    use std::os::unix::fs::PermissionsExt as _;
    let ns = Namespace::new();
    let project = applied(&ns, GREETING);
    let run = |args: [&str; 5]| project.run(args);
    let ended = run(["drift", "--format", "prometheus", "--output", "m.prom"]).success();
    assert_eq!(ended.stdout(), "");
    ended.stderr_contains("In sync: 1 resource is as last applied.");
    let first = project.read("m.prom");
    samples(&first);
    let mode = std::fs::metadata(project.path("m.prom")).unwrap().permissions().mode();
    assert_eq!(mode & 0o444, 0o444, "a collector cannot read it: {mode:o}");
    ns.delete("configmap/greeting");
    // An open handle still reads the old file, because the new content is another file.
    let old = std::fs::File::open(project.path("m.prom")).unwrap();
    run(["drift", "--format", "prometheus", "--output", "m.prom"]).code(2);
    assert_eq!(std::io::read_to_string(old).unwrap(), first);
    assert_ne!(project.read("m.prom"), first);
    let left: Vec<_> =
        std::fs::read_dir(project.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("unfinished")), "{left:?}");
    run(["drift", "--format", "text", "--output", "drift.txt"]).code(2);
    assert!(project.read("drift.txt").contains("gone"));
    run(["drift", "--format", "json", "--output", "no/such/folder.json"])
        .code(1)
        .stderr_contains("no/such/folder.json");
}

fn hostile_strings_stay_strings() {
    let ns = Namespace::new();
    let project = applied(
        &ns,
        &format!(
            "{HEAD}{}",
            "\n[resource.a]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.k = \"v\"\nmetadata.annotations.note = \"mine\"\n"
        ),
    );
    let value = "\u{1b}[2Jx|y`z``</code></details><b>@all</b>\r\u{202e}";
    let patch = json!({"data": {"k": value}, "metadata": {"annotations": {"note": value}}}).to_string();
    let manager = "--field-manager=ev|l`\"\\<b>@team#1";
    ns.kubectl(["patch", "configmap/a", "--type=merge", "--patch", &patch, manager]).run().success();
    for format in ["text", "json", "markdown", "prometheus"] {
        let ended = project.run(["drift", "--format", format]).code(2);
        let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        let raw =
            if format == "json" { ended.stdout().replace('\u{202e}', "") } else { ended.stdout().to_owned() };
        assert!(!raw.contains(steers), "{format}: {raw:?}");
    }
    let text = project.run(["drift"]).code(2);
    text.stdout_contains("\\u{202e}").stdout_contains("by ev|l`\"\\<b>@team#1 (update");
    let page = project.run(["drift", "--format", "markdown"]).code(2);
    for raw in ["`", "<b>", "@", "\\"] {
        page.stdout_lacks(raw);
    }
    // Each row has four columns, whatever the values are.
    for row in page.stdout().lines().filter(|line| line.starts_with('|')) {
        assert_eq!(row.matches('|').count(), 5, "{row}");
    }
    assert_eq!(page.stdout().matches("<details>").count(), page.stdout().matches("</details>").count());
    let page = project.run(["drift", "--format", "prometheus"]).code(2);
    let all = samples(page.stdout());
    let fields = all.iter().find(|(name, ..)| name == "regplan_drift_fields").unwrap();
    assert_eq!(fields.1["manager"], "ev|l`\"\\<b>@team#1");
    let found = finding(&project.run(["drift", "--format", "json"]).code(2), "resource.a");
    assert_eq!(found["fields"][0]["after"], value);
}

/// One finding of each kind, as a reader sees it.
fn drift_looks_like_this() {
    let ns = Namespace::new();
    let text = "\n[resource.text]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.\"config.yml\" = \"a: 1\\nb: 2\\nc: 3\\n\"\n";
    let project = applied(&ns, &format!("{}{WEB}{PASSWORD}{text}", config_maps(3)));
    ns.kubectl(["scale", "deployment/web", "--replicas=3"]).run().success();
    ns.patch("secret/password", &json!({"stringData": {"password": "other"}}));
    ns.delete("configmap/c0").delete("configmap/c1");
    ns.apply(r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c1"}}"#);
    ns.patch("configmap/c2", &json!({"data": {"k": null}}));
    ns.patch("configmap/text", &json!({"data": {"config.yml": "a: 1\nb: two\nc: 3\n"}}));
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["get", "list"]},
                       {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"],
                        "resourceNames": ["web"]}]);
    let extra = "\n[resource.s]\napiVersion = \"v1\"\nkind = \"ServiceAccount\"\n";
    project.rewrite("regplan.toml", &format!("{}{WEB}{PASSWORD}{text}{extra}", config_maps(3)));
    // A second project, with an account that the reader may not see.
    let all = applied(&ns, &format!("{HEAD}{extra}").replace("{project}", "{project}-b"));
    let other = all.content(&ns.fill(".regplan/{project}-b/state.json"));
    project.edit_state(|known| {
        known["resources"]["resource.s"] = other["resources"]["resource.s"].clone();
    });
    let project = project.kubeconfig(ns.account("reader", &rules));
    // The reader does not see which cluster it is: the state knows.
    let uid = project.state()["cluster"]["uid"].as_str().unwrap().to_owned();
    let masked = |shown: &str| shown.replace(&format!("cluster {}", &uid[..8]), "cluster [cluster]");
    // Wide enough for every name. Where lines are wrapped is tested in `report::drift`.
    let shown = project.regplan(["drift"]).env("COLUMNS", "300").run().code(2);
    project.snapshot("drift_text", &masked(shown.stdout()));
    let shown = project.run(["drift", "--format", "markdown"]).code(2);
    project.snapshot("drift_markdown", &masked(shown.stdout()));
}
