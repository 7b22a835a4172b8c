//! Configurations as texts, and what their blocks compile to.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::testing::config;
use super::*;
use crate::config::Config;
use crate::diagnostic::{Diagnostics, Severity};
use crate::resource::{Desired, Encoding, FieldPath, GroupKind};

mod addresses;
mod buckets;
mod charts;
mod dns;
mod exposures;
mod issuers;
mod manifests;
mod named_blocks;
mod properties;
mod pull_secrets;
mod registries;
mod resources;
mod schemas;
mod serving;
mod together;

/// Facts of a cluster that knows everything: `TEXT` for every secret, `FILE` for every file.
fn facts_with(config: &Config, file: &str, text: &SecretText) -> Facts {
    let mut facts = Facts::default();
    let blocks = Blocks::read(config);
    loop {
        let needs = blocks.needs(&facts);
        if needs.is_empty() {
            return facts;
        }
        for need in needs {
            let fact = match &need {
                Need::File(_) => Fact::File(file.into()),
                Need::Manifests(pattern) => {
                    Fact::Manifests([ManifestFile::parse(pattern.path(), file.as_bytes())].into())
                }
                Need::Scope { .. } => Fact::Scope(None),
                Need::Secret { .. } | Need::Htpasswd { .. } => Fact::Text(text.clone()),
                Need::Nodes => Fact::Nodes(Some(["192.0.2.20".to_owned(), "192.0.2.3".to_owned()].into())),
                Need::IngressClasses => Fact::IngressClasses(Some([].into())),
                Need::Namespaces => Fact::Namespaces(Some(NamespaceLabels::new().into())),
                Need::Live(_) => Fact::Live(LiveObject::Absent),
                Need::Capabilities => Fact::Capabilities(Some(
                    Capabilities { version: "v1.36.3".into(), apis: Vec::new() }.into(),
                )),
                Need::Chart(_) | Need::Past(_) | Need::HelmRelease { .. } | Need::Rendering(_) => {
                    panic!("charts have tests of their own")
                }
            };
            facts.insert(need, fact);
        }
    }
}

fn compiled(text: &str) -> Result<CompiledBlocks, Diagnostics> {
    compiled_with(text, "", &SecretText::Known("TEXT".into()))
}

fn compiled_with(text: &str, file: &str, secret: &SecretText) -> Result<CompiledBlocks, Diagnostics> {
    let config = config(text);
    flawless(Blocks::read(&config).compile(&facts_with(&config, file, secret)))
}

/// What came of it, where nothing is wrong.
fn flawless(compiled: CompiledBlocks) -> Result<CompiledBlocks, Diagnostics> {
    if compiled.mistakes.has_errors() { Err(compiled.mistakes) } else { Ok(compiled) }
}

fn fine(text: &str) -> Vec<Desired> {
    compiled(text).unwrap_or_else(|mistakes| panic!("{mistakes}")).resources
}

/// The mistakes in a text, each with what to do, line by line.
fn mistakes(text: &str) -> String {
    let found = compiled(text).expect_err("mistakes");
    let found = found
        .iter()
        .map(|mistake| format!("{} | {}", mistake.message, mistake.help.as_deref().unwrap_or("-")));
    found.collect::<Vec<_>>().join("\n")
}

fn object<'r>(resources: &'r [Desired], address: &str) -> &'r Desired {
    resources.iter().find(|desired| desired.address.to_string() == address).unwrap_or_else(|| {
        let all: Vec<_> = resources.iter().map(|desired| desired.address.to_string()).collect();
        panic!("no {address} among {all:?}")
    })
}

fn path(text: &str) -> FieldPath {
    text.parse().unwrap()
}

/// What is wrong (or doubtful): code, the text of each place, message and help.
fn found(text: &str) -> String {
    found_with(text, "", &SecretText::Known("TEXT".into()))
}

fn found_with(text: &str, file: &str, secret: &SecretText) -> String {
    let diagnostics = match compiled_with(text, file, secret) {
        Ok(compiled) => compiled.mistakes,
        Err(mistakes) => mistakes,
    };
    let mut shown = String::new();
    for diagnostic in diagnostics {
        let severity = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
        writeln!(shown, "{severity} {}: {}", diagnostic.code, diagnostic.message).unwrap();
        for label in &diagnostic.labels {
            let place = &text[label.span.start..label.span.end];
            writeln!(shown, "  at `{}` {}", place.lines().next().unwrap_or_default(), label.text).unwrap();
        }
        if let Some(help) = &diagnostic.help {
            writeln!(shown, "  help: {help}").unwrap();
        }
    }
    shown
}
