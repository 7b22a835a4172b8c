//! Charts: what is asked of Helm, and what becomes of the objects that it prints.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::blocks::facts::{ChartPast, GoesOn, RandomPast, SentOfChart};
use crate::diagnostic::Diagnostic;
use crate::resource::{Batch, Ending, Live, Moment, Ownership, Phase, Side, Stamp, Target};

mod dates;
mod hooks;
mod patches;
mod randomness;

/// A Helm and a cluster that answer as the functions say.
struct World {
    /// The objects of a chart.
    renders: fn(&RenderRequest) -> Result<String, String>,
    /// The object in the cluster.
    live: fn(&Target) -> Fact,
    secret: SecretText,
    past: ChartPast,
    /// What Helm says to have left out.
    skipped_hooks: Vec<String>,
}

const BLOCK: &str = "[chart.web]\nchart = \"web\"\nnamespace = \"shop\"\n";

impl World {
    fn rendering(renders: fn(&RenderRequest) -> Result<String, String>) -> Self {
        Self {
            renders,
            live: |_| Fact::Live(LiveObject::Absent),
            secret: SecretText::Known("pass-1".into()),
            past: ChartPast::NONE,
            skipped_hooks: Vec::new(),
        }
    }

    fn facts(&self, config: &Config) -> Facts {
        let (mut facts, blocks) = (Facts::default(), Blocks::read(config));
        loop {
            let needs = blocks.needs(&facts);
            if needs.is_empty() {
                return facts;
            }
            for need in needs {
                let fact = self.answer(&need);
                facts.insert(need, fact);
            }
        }
    }

    fn answer(&self, need: &Need) -> Fact {
        match need {
            Need::Chart(source) => {
                let path = PathBuf::from(format!("/cache/{source}"));
                Fact::Chart(LocalChart { path, sha256: Some("0a".to_owned()) })
            }
            Need::Capabilities => {
                let apis = vec!["v1".to_owned(), "v1/ConfigMap".to_owned()];
                Fact::Capabilities(Some(Capabilities { version: "v1.36.3".into(), apis }.into()))
            }
            Need::Rendering(request) => match (self.renders)(request) {
                Ok(text) => {
                    let output = ManifestFile::parse(PathBuf::from("helm.yaml"), text.as_bytes());
                    Fact::Rendered(Arc::new(Rendered {
                        output,
                        helm: "v4.0.0".to_owned(),
                        skipped_hooks: self.skipped_hooks.clone(),
                    }))
                }
                Err(reason) => Fact::Failed(reason),
            },
            Need::Live(target) => (self.live)(target),
            Need::HelmRelease { .. } => Fact::HelmRelease(Arc::from([])),
            Need::Past(_) => Fact::Past(self.past.clone()),
            Need::Secret { .. } => Fact::Text(self.secret.clone()),
            Need::File(_) => Fact::File("replicas: 3\nnested: {a: 1, b: null}\n".into()),
            Need::Manifests(_) | Need::Htpasswd { .. } | Need::Scope { .. } => Fact::Scope(None),
            Need::Namespaces => Fact::Namespaces(None),
            Need::Nodes => Fact::Nodes(None),
            Need::IngressClasses => Fact::IngressClasses(None),
        }
    }

    fn compiled(&self, text: &str) -> CompiledBlocks {
        let config = config(text);
        Blocks::read(&config).compile(&self.facts(&config))
    }

    /// The resources, but for namespaces.
    fn resources(&self, text: &str) -> Vec<Desired> {
        let compiled = flawless(self.compiled(text)).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        compiled.resources.into_iter().filter(|desired| !desired.shared).collect()
    }

    fn mistakes(&self, text: &str) -> Vec<String> {
        let told = |mistake: &Diagnostic| {
            format!("{} | {}", mistake.message, mistake.help.as_deref().unwrap_or("-"))
        };
        self.compiled(text).mistakes.iter().map(told).collect()
    }
}

fn config_map(data: &str) -> String {
    format!(
        "---\n# Source: web/templates/cm.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cm}}\ndata: {{{data}}}\n"
    )
}

fn values(request: &RenderRequest) -> Value {
    serde_json::from_str(&request.values.0).unwrap()
}

fn paths(map: &crate::resource::PathMap<()>) -> Vec<String> {
    map.iter().map(|(path, ())| path.to_string()).collect()
}

fn there(object: Value) -> Fact {
    let stamp = Stamp { uid: "u".into(), version: "1".into() };
    Fact::Live(LiveObject::There(Arc::new(Live { object, stamp, ownership: Ownership::default() })))
}

/// What was sent of the config map of a chart that was rendered from this.
fn sent(data: &Value, rendered_from: &str) -> ChartPast {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm", "namespace": "shop"}, "data": data});
    let identity = crate::resource::Identity::of(&object).unwrap();
    let sent = SentOfChart { rendered_from: Some(rendered_from.to_owned()), object };
    ChartPast { sent: [(identity, sent)].into(), moment: Moment::Upgrade, ..ChartPast::NONE }
}

#[test]
fn an_object_of_a_chart_is_a_resource_that_names_its_template() {
    let world = World::rendering(|_| Ok(config_map("a: b")));
    let [object] = &world.resources(BLOCK)[..] else { panic!() };
    assert_eq!(object.address.to_string(), "chart.web/ConfigMap/cm");
    assert_eq!(object.identity.namespace.as_deref(), Some("shop"));
    assert_eq!(object.origin(&FieldPath::root()).unwrap().key, "chart.web (templates/cm.yaml)");
    assert!(object.sensitive.is_empty() && object.unchecked.is_empty() && object.fresh.is_empty());
}

#[test]
fn values_of_the_block_win_over_those_of_files_and_null_stays() {
    let world = World::rendering(|request| {
        assert_eq!(values(request), json!({"replicas": 2, "nested": {"a": 1, "b": null, "c": 4}}));
        assert_eq!((request.release.as_str(), request.namespace.as_str()), ("web", "shop"));
        assert_eq!(request.kubernetes.as_deref(), Some("v1.36.3"));
        Ok(config_map(""))
    });
    let text = format!("{BLOCK}values_files = [\"a.yaml\"]\nvalues.replicas = 2\nvalues.nested.c = 4\n");
    assert_eq!(world.resources(&text).len(), 1);
}

#[test]
fn what_carries_a_secret_is_hidden_in_whatever_encoding() {
    let world = World::rendering(|request| {
        let password = values(request)["password"].as_str().unwrap().to_owned();
        Ok(config_map(&format!(
            "plain: x, url: 'http://{password}@y', turned: '{}'",
            password.to_uppercase()
        )))
    });
    let text = format!("{BLOCK}values.password = \"${{secret.pw}}\"\n[secret.pw]\nenv = \"PW\"\n");
    let [object] = &world.resources(&text)[..] else { panic!() };
    assert_eq!(paths(&object.sensitive), ["data.turned", "data.url"]);
    assert_eq!(object.object["data"]["url"], "http://pass-1@y");
    let unknown = World { secret: SecretText::Unknown("PW is not set".into()), ..world };
    let [object] = &unknown.resources(&text)[..] else { panic!() };
    let unchecked: Vec<_> =
        object.unchecked.iter().map(|(path, why)| format!("{path}: {}", why.reason)).collect();
    assert_eq!(unchecked, ["data.turned: PW is not set", "data.url: PW is not set"]);
    assert_eq!(object.object["data"]["plain"], "x");
}

/// A chart with a definition in this file, and an object of its kind where that is served.
fn defining(file: &str, request: &RenderRequest) -> String {
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: foos.x.com}\n\
        spec: {group: x.com, names: {kind: Foo}, scope: Namespaced, versions: [{name: v1, served: true}, {name: v2, served: false}]}\n";
    let foo = "---\n# Source: web/templates/foo.yaml\napiVersion: x.com/v1\nkind: Foo\nmetadata: {name: f}\n";
    let is_there = request.apis.iter().any(|api| api == "x.com/v1/Foo");
    assert!(!request.apis.iter().any(|api| api.starts_with("x.com/v2")));
    format!("---\n# Source: web/{file}\n{definition}{}", if is_there { foo } else { "" })
}

fn kinds(resources: Vec<Desired>) -> Vec<String> {
    resources.into_iter().map(|desired| desired.identity.kind).collect()
}

#[test]
fn definitions_of_the_configuration_count_as_served() {
    let world = World::rendering(|request| Ok(defining("crds/foos.yaml", request)));
    assert_eq!(kinds(world.resources(BLOCK)), ["CustomResourceDefinition", "Foo"]);
    // A template may make one only where it is not served: for its own chart it never is.
    let world = World::rendering(|request| Ok(defining("templates/foos.yaml", request)));
    assert_eq!(kinds(world.resources(BLOCK)), ["CustomResourceDefinition"]);
    let other = format!("{BLOCK}[chart.other]\nchart = \"other\"\nnamespace = \"shop\"\n");
    let world = World::rendering(|request| {
        let is_other = request.chart.path.ends_with("other");
        let is_there = request.apis.iter().any(|api| api == "x.com/v1/Foo");
        Ok(if is_other {
            config_map(&format!("served: '{is_there}'"))
        } else {
            defining("templates/foos.yaml", request)
        })
    });
    let found = world.resources(&other);
    assert!(found.iter().any(|object| object.object["data"]["served"] == "true"), "{found:?}");
}

/// What each of two charts defines changes what the other one is rendered with. So one rendering of each tells that, and only the
/// rest is rendered twice.
#[test]
fn charts_that_define_something_for_each_other_are_rendered_no_oftener_than_needed() {
    let renderings = |blocks: &str| {
        let world = World::rendering(|request| Ok(defining("crds/foos.yaml", request)));
        let config = config(blocks);
        let (mut facts, blocks, mut asked) = (Facts::default(), Blocks::read(&config), 0);
        loop {
            let needs = blocks.needs(&facts);
            if needs.is_empty() {
                return asked;
            }
            asked += needs.iter().filter(|need| matches!(need, Need::Rendering(_))).count();
            for need in needs {
                let fact = world.answer(&need);
                facts.insert(need, fact);
            }
        }
    };
    // Its definitions are known from its own first renderings.
    assert_eq!(renderings(BLOCK), 4);
    let other = BLOCK.replace("web", "other");
    assert_eq!(renderings(&format!("{BLOCK}{other}")), 2 * 3);
}

/// A chart that cannot be had keeps no other one from telling its mistakes.
#[test]
fn the_mistakes_of_all_charts_are_told_at_once() {
    let world = World::rendering(|request| Err(format!("{} has a hole", request.chart.path.display())));
    let other = BLOCK.replace("web", "other");
    let mistakes = world.mistakes(&format!("{BLOCK}{other}"));
    assert_eq!(mistakes.len(), 2, "{mistakes:?}");
}

#[test]
fn what_helm_would_keep_is_protected() {
    let world = World::rendering(|_| {
        Ok("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {helm.sh/resource-policy: keep}}\n".into())
    });
    assert!(world.resources(BLOCK)[0].lifecycle.protect);
}

#[test]
fn what_is_wrong_with_a_chart_is_said_at_its_key() {
    let fails = World::rendering(|_| Err("chart requires kubeVersion: >=1.99".into()));
    let texts = [
        BLOCK.to_owned(),
        "[chart.a]\nchart = \"x\"\nrepo = \"https://charts.example.com\"\n".to_owned(),
        "[chart.a]\nchart = \"oci://h/x\"\n".to_owned(),
        "[chart.a]\nchart = \"oci://h/x\"\nversion = \"1\"\nrepo = \"https://h\"\n".to_owned(),
        "[chart.a]\nchart = \"./x\"\nversion = \"1\"\n".to_owned(),
        "[chart.a]\nchart = \"oci://h/x\"\nversion = \"^1.2.3\"\n".to_owned(),
        "[chart.a]\nchart = \"--help\"\nrepo = \"https://h\"\nversion = \"1.2.3\"\n".to_owned(),
        format!("{BLOCK}values.a = \"${{resource.x.status.ip}}\"\n"),
    ];
    let said: Vec<String> = texts.iter().flat_map(|text| fails.mistakes(text)).collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    `chart.web` cannot be rendered: chart requires kubeVersion: >=1.99 | -
    `chart.a` does not say which version of the chart is meant | add `version`: without it, a plan would change with every release of the chart
    `chart.a` does not say which version of the chart is meant | add `version`: without it, a plan would change with every release of the chart
    `repo` names a repository, and `chart` is in a registry already | take `repo` out
    `version` says nothing about a chart on this machine | take it out; or, for a chart of a repository, name that with `repo`
    `^1.2.3` stands for several versions of the chart | name one, as in `1.2.3`
    `--help` is the name of no chart | -
    `chart.web.values.a` is known only after an apply, and a chart is rendered before | apply what it comes from first (`--target`), and write the value itself here
    ");
    for pinned in ["oci://h/x@sha256:12", "oci://h/x\"\nversion = \"v1.2.3-rc.1"] {
        let text = format!("[chart.a]\nchart = \"{pinned}\"\n");
        assert_eq!(World::rendering(|_| Ok(config_map(""))).resources(&text).len(), 1, "{text}");
    }
}

#[test]
fn a_preset_gives_what_the_block_does_not_say() {
    let world = World::rendering(|request| {
        assert_eq!(
            request.chart.path.to_str(),
            Some("/cache/cert-manager of https://charts.jetstack.io, version v1.21.2")
        );
        assert_eq!(request.namespace, "cert-manager");
        let given =
            json!({"crds": {"enabled": true}, "startupapicheck": {"enabled": false}, "replicaCount": 2});
        assert_eq!(values(request), given);
        Ok(config_map(""))
    });
    assert_eq!(world.resources("[chart.cm]\npreset = \"cert-manager\"\nvalues.replicaCount = 2\n").len(), 1);
    let overridden = World::rendering(|request| {
        assert_eq!(request.chart.path.to_str(), Some("/cache/mine"));
        assert_eq!(request.namespace, "n");
        Ok(config_map(""))
    });
    let text = "[chart.cm]\npreset = \"cert-manager\"\nchart = \"mine\"\nnamespace = \"n\"\n";
    assert_eq!(overridden.resources(text).len(), 1);
    insta::assert_snapshot!(overridden.mistakes("[chart.cm]\n").join("\n"), @r#"`chart.cm` does not say which chart is meant | add `chart`, or `preset`, as in `preset = "cert-manager"`"#);
}

#[test]
fn a_chart_that_takes_no_other_secret_says_so_and_prints_none() {
    let world = World::rendering(|request| {
        let password = values(request)["p"].as_str().unwrap().to_owned();
        if password == "pass-1" {
            Ok(config_map(&format!("p: 'x {password}', q: other")))
        } else {
            Err(format!("bad {password}"))
        }
    });
    let text = format!("{BLOCK}values.p = \"${{secret.pw}}\"\n[secret.pw]\nenv = \"PW\"\n");
    let [object] = &world.resources(&text)[..] else { panic!() };
    assert_eq!(paths(&object.sensitive), ["data.p"]);
    insta::assert_snapshot!(world.mistakes(&text).join("\n"), @r"`chart.web` cannot be rendered with other secrets than its own | fields that hold a secret as it is, in base64 or in another usual form are hidden; what the chart computes from it in another way is not known to be secret");
}

#[test]
fn a_word_that_is_one_of_a_few_is_named() {
    let mistakes = |value: &str| {
        let text = format!("[project]\nname = \"a\"\n[chart.web]\nchart = \"./web\"\nadopt = {value}\n");
        let mistakes = crate::config::load_text(&text, &schemas()).outcome.unwrap_err();
        let said =
            mistakes.into_iter().map(|one| format!("{} | {}", one.message, one.help.unwrap_or_default()));
        said.collect::<Vec<String>>().join("\n")
    };
    insta::assert_snapshot!(mistakes("true"), @r#"`chart.web.adopt` must be text, not true or false | write `"helm"`"#);
    insta::assert_snapshot!(mistakes("\"Helm\""), @"`Helm` cannot be `chart.web.adopt` | did you mean `helm`?");
}

#[test]
fn a_placeholder_is_named_only_where_it_may_be_the_cause() {
    let unset = || SecretText::Unknown("the environment variable PW is not set".into());
    let with = |renders: fn(&RenderRequest) -> Result<String, String>, keys: &str| {
        World { secret: unset(), ..World::rendering(renders) }.mistakes(&format!("{BLOCK}{keys}")).join("\n")
    };
    let secret = "values.p = \"${secret.pw}\"\n[secret.pw]\nenv = \"PW\"\n";
    let fails =
        |_: &RenderRequest| Err("execution error at (web/templates/a.yaml:1:1): p is too short".into());
    let said = with(fails, secret);
    assert!(
        said.contains("one stands for a secret that is not known: the environment variable PW is not set"),
        "{said}"
    );
    let broken = |_: &RenderRequest| Err("parse error at (web/templates/a.yaml:1): unclosed action".into());
    assert!(!with(broken, secret).contains("placeholder"));
    assert!(!with(fails, "").contains("placeholder"));
}
