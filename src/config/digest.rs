//! Tells one configuration from another: by what it says, not by how it is written.

use serde_json::{Value, json};

use super::Config;
use crate::resource::digest;

impl Config {
    /// SHA-256 of everything that it says of resources, variables put in. Comments, order and the split into
    /// files do not count, nor does the folder in which it lies. No value of a secret or a sensitive variable
    /// goes into it, nor what its files hold: what comes of those is in the plan.
    pub fn digest(&self) -> String {
        let cluster = &self.cluster;
        let mut blocks: Vec<(String, Value)> = self
            .blocks
            .iter()
            .map(|block| {
                let mut after: Vec<String> = block.depends_on.iter().map(|(to, _)| to.to_string()).collect();
                after.sort();
                let rules = block.ready_rules.iter().map(|ready| json!([ready.object, ready.rule]));
                let said = [block.body.to_json(), json!(after), json!(block.lifecycle)];
                let said = said.into_iter().chain(rules).collect();
                (block.address.to_string(), said)
            })
            .collect();
        blocks.sort_by(|a, b| a.0.cmp(&b.0));
        let moved = self.moves.moved.iter().map(|moved| json!([moved.from, moved.to]));
        let removed = self.moves.removed.iter().map(|removed| json!([removed.address, removed.destroy]));
        let mut all = json!({
            "project": self.project,
            "cluster": [cluster.context, cluster.uid, cluster.server, cluster.in_cluster, cluster.namespace],
            "sensitive_variables": self.sensitive_variables.keys().collect::<Vec<_>>(),
            "blocks": blocks,
            "moved": moved.collect::<Vec<_>>(),
            "removed": removed.collect::<Vec<_>>(),
        });
        // A configuration without imports keeps the digest that it had before there were any.
        if !self.imports.is_empty() {
            all["import"] = self.imports.iter().map(|import| json!([import.to, import.from])).collect();
        }
        // Paths were made absolute from this folder; another checkout of the same files has another one.
        let folder = self.folder.to_string_lossy();
        digest(&all.to_string().replace(&format!("\"{folder}/"), "\"./"))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::fine;

    const TEXT: &str = "[project]\nname = 'test'\n[resource.a]\nkind = 'ConfigMap'\ndata.k = 'v'\n\
                        [resource.b]\nkind = 'ConfigMap'\n";

    #[test]
    fn what_it_says_counts_and_how_it_is_written_does_not() {
        let digest = |text: &str| fine(text).digest();
        assert_eq!(
            digest(TEXT),
            digest(&format!("# a comment\n{}", TEXT.replace("data.k = 'v'", "[resource.a.data]\nk = \"v\"")))
        );
        let (head, a_and_b) = TEXT.split_at(TEXT.find("[resource.a]").unwrap());
        let (a, b) = a_and_b.split_at(a_and_b.find("[resource.b]").unwrap());
        assert_eq!(digest(TEXT), digest(&format!("{head}{b}{a}")));
        for (from, to) in [
            ("'v'", "'w'"),
            ("[resource.b]", "[resource.c]"),
            ("[resource.b]\n", "[resource.b]\ndepends_on = ['resource.a']\n"),
            ("[resource.b]\n", "[resource.b]\nlifecycle.protect = true\n"),
            ("[resource.b]\n", "[resource.b]\nlifecycle.adopt = true\n"),
            ("[resource.b]\n", "[resource.b]\nlifecycle.ignore_changes = ['data.k']\n"),
            ("[resource.b]\n", "[resource.b]\nlifecycle.replace_triggered_by = ['resource.a']\n"),
            ("[resource.b]\n", "[resource.b]\nlifecycle.timeouts.ready = '1m'\n"),
            ("[resource.b]\n", "[resource.b]\nlifecycle.ready = 'written'\n"),
            ("[resource.b]\n", "[resource.b]\nlifecycle.ready = { 'ConfigMap/b' = 'written' }\n"),
            ("[resource.a]", "[cluster]\nnamespace = 'x'\n[resource.a]"),
            ("[resource.a]", "[[import]]\nto = 'resource.a'\nfrom = 'ConfigMap/x/a'\n[resource.a]"),
            ("[resource.a]", "[[moved]]\nfrom = 'resource.z'\nto = 'resource.a'\n[resource.a]"),
        ] {
            assert_ne!(digest(TEXT), digest(&TEXT.replacen(from, to, 1)), "{to}");
        }
    }

    /// A plan file is bound to it, and a revision keeps it: it must not change by accident.
    #[test]
    fn the_digest_of_a_configuration_stays_what_it_is() {
        let lifecycle = "lifecycle = { protect = true, ignore_changes = ['data.k'], timeouts.ready = '1m', \
                         ready.condition = 'Ready' }\n";
        let digest = fine(&format!("{TEXT}{lifecycle}")).digest();
        assert_eq!(digest, "sha256:8d36958fce6bd768b8c3207574a188c77a110ee87908fa1feec180e021d65593");
    }
}
