//! Fields that the server does not have: what was probably meant is said, whether the server is asked or its schema.

use crate::harness::{MANIFESTS, Namespace};

tests! {
    a_misspelt_field_is_helped_by_the_nearest_one_that_the_server_has,
    a_field_that_is_near_to_none_has_the_words_of_the_server_alone,
}

/// A Deployment with this beside its template, and in its container.
fn deployment(beside: &str, within: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: app, namespace: \"{{ns}}\" }}\nspec:\n  {beside}\n  \
         selector: {{ matchLabels: {{ app: a }} }}\n  template:\n    metadata: {{ labels: {{ app: a }} }}\n    spec:\n      \
         containers:\n        - name: main\n          image: registry:3\n          {within}\n"
    )
}

/// What a plan of this says on stdout.
fn planned(ns: &Namespace, objects: &str) -> String {
    let project = ns.project().write("regplan.toml", MANIFESTS).write("all.yaml", objects);
    let said = project.run(["plan"]).code(1);
    said.stdout().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn a_misspelt_field_is_helped_by_the_nearest_one_that_the_server_has() {
    // The server names one field at a time.
    for (beside, within, meant) in [
        ("replica: 2", "", "`spec.replicas`"),
        ("", "imagePullPolcy: Always", "`spec.template.spec.containers[main].imagePullPolicy`"),
    ] {
        let said = planned(&Namespace::new(), &deployment(beside, within));
        assert!(said.contains("field not declared in schema"), "{said}");
        assert!(said.contains(&format!("did you mean {meant}?")), "{said}");
    }
    let objects = deployment("replica: 2", "imagePullPolcy: Always");
    let new = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{ name: \"{{ns}}\" }}\n---\n{objects}");
    let said = planned(&Namespace::absent(), &new);
    assert!(said.contains("did you mean `replicas`?") && said.contains("`imagePullPolicy`?"), "{said}");
}

fn a_field_that_is_near_to_none_has_the_words_of_the_server_alone() {
    let said = planned(&Namespace::new(), &deployment("wonderfulness: 2", ""));
    assert!(said.contains("field not declared in schema"), "{said}");
    assert!(!said.contains("did you mean"), "{said}");
}
