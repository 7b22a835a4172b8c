//! Charts: what is asked of Helm, and what becomes of the objects that it prints.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::blocks::facts::{ChartPast, RandomPast, SentOfChart};
use crate::diagnostic::Diagnostic;
use crate::resource::{Batch, Ending, Live, Moment, Ownership, Phase, Side, Stamp, Target};

/// A Helm and a cluster that answer as the functions say.
struct World {
    /// The objects of a chart.
    renders: fn(&RenderRequest) -> Result<String, String>,
    /// The object in the cluster.
    live: fn(&Target) -> Fact,
    secret: SecretText,
    past: ChartPast,
}

const BLOCK: &str = "[chart.web]\nchart = \"web\"\nnamespace = \"shop\"\n";

impl World {
    fn rendering(renders: fn(&RenderRequest) -> Result<String, String>) -> Self {
        Self {
            renders,
            live: |_| Fact::Live(LiveObject::Absent),
            secret: SecretText::Known("pass-1".into()),
            past: ChartPast::NONE,
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
                    Fact::Rendered(Arc::new(Rendered { output, helm: "v4.0.0".to_owned() }))
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

/// A chart with a random password, and a digest over it on its pods.
#[expect(clippy::unnecessary_wraps, reason = "it stands for a Helm that may fail")]
fn random(request: &RenderRequest) -> Result<String, String> {
    let number = request.number;
    Ok(format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{p: r{number}, q: fixed}}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cm}}\ndata: {{ca: c{number}}}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d}}\nspec: {{template: {{metadata: {{annotations: {{checksum: '{}'}}}}}}}}\n",
        format!("{number:x}").repeat(64)
    ))
}

fn there(object: Value) -> Fact {
    let stamp = Stamp { uid: "u".into(), version: "1".into() };
    Fact::Live(LiveObject::There(Arc::new(Live { object, stamp, ownership: Ownership::default() })))
}

fn stored(target: &Target) -> Fact {
    match target.identity.kind.as_str() {
        "Secret" => there(json!({"data": {"p": "b2xk", "q": "eA=="}})),
        "ConfigMap" => there(json!({"data": {"ca": "old-ca"}})),
        _ => there(json!({})),
    }
}

#[test]
fn what_a_chart_makes_at_random_stays_as_it_is_in_the_cluster() {
    let kept = World { live: stored, ..World::rendering(random) };
    let objects = kept.resources(BLOCK);
    let named = |kind: &str| objects.iter().find(|desired| desired.identity.kind == kind).unwrap();
    // `old`, as it is stored.
    assert_eq!(named("Secret").object["data"], json!({"p": "b2xk", "q": "Zml4ZWQ="}));
    assert_eq!(named("ConfigMap").object["data"]["ca"], "old-ca");
    assert!(objects.iter().all(|desired| desired.fresh.is_empty()));
    let digest = |objects: &[Desired]| {
        let deployment = objects.iter().find(|desired| desired.identity.kind == "Deployment").unwrap();
        deployment.object["spec"]["template"]["metadata"]["annotations"]["checksum"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let before = digest(&objects);
    assert_eq!(digest(&kept.resources(BLOCK)), before);
    // A real change in the same objects rolls the pods.
    let changed = World {
        renders: |request| Ok(random(request)?.replace("fixed", "changed")),
        ..World { live: stored, ..World::rendering(random) }
    };
    assert_ne!(digest(&changed.resources(BLOCK)), before);
}

#[test]
fn what_a_chart_makes_at_random_is_new_where_nothing_is_there_and_belongs_together() {
    let new = World::rendering(random);
    let objects = new.resources(BLOCK);
    let fresh: Vec<_> = objects.iter().flat_map(|desired| paths(&desired.fresh)).collect();
    assert_eq!(fresh, ["data.p", "data.ca", "spec.template.metadata.annotations.checksum"]);
    assert!(new.mistakes(BLOCK).is_empty());
    // What is there may be in use: what comes later gets values of its own.
    let partly = World {
        live: |target| {
            if target.identity.kind == "Secret" { Fact::Live(LiveObject::Absent) } else { stored(target) }
        },
        ..World::rendering(random)
    };
    let objects = partly.resources(BLOCK);
    assert_eq!(objects[1].object["data"]["ca"], "old-ca");
    assert_eq!(objects.iter().map(|desired| desired.fresh.len()).collect::<Vec<_>>(), [1, 0, 1]);
    let lost = World {
        live: |target| {
            if target.identity.kind == "Secret" { Fact::Live(LiveObject::Lost) } else { stored(target) }
        },
        ..World::rendering(random)
    };
    insta::assert_snapshot!(lost.mistakes(BLOCK).join("\n"), @r"what `chart.web` made at random is lost: it is not in the cluster any more, in `Secret/s` | restore it, or agree to new values there: `--consent chart.web/Secret/s`");
    // Elsewhere, and of a kind of others: what is to be written down is the address.
    let elsewhere = World {
        live: |target| {
            if target.identity.kind == "Token" { Fact::Live(LiveObject::Lost) } else { stored(target) }
        },
        ..World::rendering(|request| {
            Ok(format!(
                "apiVersion: example.com/v1\nkind: Token\nmetadata: {{name: t, namespace: far}}\nspec: {{key: k{}}}\n",
                request.number
            ))
        })
    };
    let told = elsewhere.mistakes(BLOCK).join("\n");
    assert!(told.contains("--consent chart.web/Token.example.com/far/t`"), "{told}");
    // One of its values is gone, by another hand.
    let robbed = World {
        live: |target| {
            if target.identity.kind == "Secret" {
                there(json!({"data": {"q": "eA=="}}))
            } else {
                stored(target)
            }
        },
        ..World::rendering(random)
    };
    let objects = robbed.resources(BLOCK);
    assert_eq!(objects.iter().map(|desired| desired.fresh.len()).collect::<Vec<_>>(), [1, 0, 1]);
    assert_eq!(objects[1].object["data"]["ca"], "old-ca");
    let renewed = World {
        live: |target| {
            if target.identity.kind == "Secret" { Fact::Live(LiveObject::Unwanted) } else { stored(target) }
        },
        ..World::rendering(random)
    };
    assert!(renewed.resources(BLOCK).iter().all(|desired| !desired.fresh.is_empty()));
    let rotated = World {
        live: stored,
        past: ChartPast { is_renewed: true, ..ChartPast::NONE },
        ..World::rendering(random)
    };
    assert!(rotated.resources(BLOCK).iter().all(|desired| !desired.fresh.is_empty()));
    let unreadable = World { live: |_| Fact::Unknown("no permission".into()), ..World::rendering(random) };
    let unchecked: usize = unreadable.resources(BLOCK).iter().map(|desired| desired.unchecked.len()).sum();
    assert_eq!(unchecked, 3);
}

/// What was sent of the config map of a chart that was rendered from this.
fn sent(data: &Value, rendered_from: &str) -> ChartPast {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm", "namespace": "shop"}, "data": data});
    let identity = crate::resource::Identity::of(&object).unwrap();
    let sent = SentOfChart { rendered_from: Some(rendered_from.to_owned()), object };
    ChartPast { sent: [(identity, sent)].into(), moment: Moment::Upgrade, ..ChartPast::NONE }
}

/// A chart with a date, a digest over it, and something that its values give.
fn dated() -> World {
    World::rendering(|request| {
        let plain = values(request)["plain"].as_str().unwrap_or("a").to_owned();
        let object = config_map(&format!("date: '2026-11-27', plain: {plain}"));
        let digest = format!("metadata: {{name: cm, annotations: {{sum: '{}'}}}}", "b".repeat(64));
        Ok(object.replace("metadata: {name: cm}", &digest))
    })
}

#[test]
fn a_date_stays_as_long_as_a_chart_is_rendered_from_the_same() {
    let first = &dated().resources(BLOCK)[0];
    let from = first.rendered_from.clone().unwrap();
    let compiled = |data: Value, from: &str, block: &str| {
        let mut past = sent(&data, from);
        for sent in past.sent.values_mut() {
            sent.object["metadata"]["annotations"] = json!({"sum": "a".repeat(64)});
        }
        let object = World { past, ..dated() }.resources(block).remove(0).object;
        (object["data"]["date"].clone(), object["metadata"]["annotations"]["sum"] == "a".repeat(64))
    };
    let then = json!({"date": "2025-01-02", "plain": "a"});
    assert_eq!(compiled(then.clone(), &from, BLOCK), (json!("2025-01-02"), true));
    assert_eq!(compiled(then.clone(), "sha256:other", BLOCK), (json!("2026-11-27"), false));
    let other_values = format!("{BLOCK}values.plain = \"a\"\n");
    assert_eq!(compiled(then, &from, &other_values), (json!("2026-11-27"), false));
    // Something else has changed: another kind is served, say. The digest follows that.
    let other = json!({"date": "2025-01-02", "plain": "b"});
    assert_eq!(compiled(other, &from, BLOCK), (json!("2025-01-02"), false));
    // What looks up objects may change with the cluster.
    let looking = World { past: sent(&json!({"date": "2025-01-02"}), &from), ..dated() };
    let object = &looking.resources(&format!("{BLOCK}lookup = true\n"))[0];
    assert_eq!((object.rendered_from.as_ref(), &object.object["data"]["date"]), (None, &json!("2026-11-27")));
}

#[test]
fn no_secret_is_in_the_digest_of_what_a_chart_is_rendered_from() {
    let text = format!("{BLOCK}values.p = \"${{secret.pw}}\"\n[secret.pw]\nenv = \"PW\"\n");
    let from = |secret: SecretText| World { secret, ..dated() }.resources(&text)[0].rendered_from.clone();
    let one = from(SecretText::Known("pass-1".into()));
    assert_eq!(one, from(SecretText::Known("another".into())));
    assert_eq!(one, from(SecretText::Unknown("PW is not set".into())));
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

/// A chart with an object, and a pod with the annotations that a value names.
fn with_hook() -> World {
    World::rendering(|request| Ok(hook(values(request)["hook"].as_str().unwrap())))
}

fn hook(annotations: &str) -> String {
    let metadata = format!("{{name: h, annotations: {{{annotations}}}}}");
    format!("{}---\napiVersion: v1\nkind: Pod\nmetadata: {metadata}\n", config_map("a: b"))
}

/// A block with these phases of its hook, and these keys.
fn hooked(phases: &str, more: &str) -> String {
    format!("{BLOCK}{more}values.hook = \"helm.sh/hook: '{phases}'\"\n")
}

#[test]
fn hooks_are_runs_and_tests_are_left_out() {
    let world = with_hook();
    assert_eq!(world.resources(&hooked("test, test-success", "")).len(), 1);
    // Helm 3 takes it for an object like any other.
    assert!(world.resources(&hooked("crd-install", "")).iter().all(|object| object.hook.is_none()));
    let more =
        "helm.sh/hook-weight: '-5', helm.sh/hook-delete-policy: 'before-hook-creation, hook-succeeded'";
    let weighed = |keys: &str| {
        let phases = format!("pre-install, PRE-UPGRADE,test', {more}, x: '");
        world.resources(&hooked(&phases, keys))
    };
    let [object, run] = &weighed("")[..] else { panic!() };
    let hook = run.hook.as_ref().unwrap();
    assert!(object.hook.is_none());
    assert_eq!(hook.phases, [Phase::PreInstall, Phase::PreUpgrade].into());
    assert_eq!((hook.weight, &hook.deleted_after), (-5, &[Ending::Succeeded].into()));
    assert_eq!((hook.moment, hook.side()), (Moment::Install, Some(Side::Before)));
    let chosen = |hooks: &str| weighed(&format!("hooks = {hooks}\n")).len();
    assert_eq!((chosen("true"), chosen("false"), chosen("[\"post-install\"]")), (2, 1, 1));
    assert_eq!(chosen("[\"pre-upgrade\"]"), 2);
}

#[test]
fn what_is_wrong_with_hooks_is_told() {
    let world = with_hook();
    insta::assert_snapshot!(world.mistakes(&hooked("after-lunch", "")).join("\n"), @"`chart.web` has hooks of a phase that Helm does not have: `Pod/h (after-lunch)` | they are left out, as Helm leaves them out");
    let twice = "pre-install,post-install,post-upgrade";
    insta::assert_snapshot!(world.mistakes(&hooked(twice, "")).join("\n"), @r#"`chart.web` runs Pod/h both before and after the same change | regplan runs an object once in an apply: name the phases that are to run, and leave one of the two out, as in `hooks = ["pre-install", "pre-upgrade"]`"#);
    assert!(world.mistakes(&hooked(twice, "hooks = [\"post-install\", \"post-upgrade\"]\n")).is_empty());
}

/// A claim holds data, and is never made anew.
#[test]
fn what_holds_data_is_no_run() {
    let world = World::rendering(|_| {
        Ok("apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c, annotations: {helm.sh/hook: pre-install}}\n"
            .into())
    });
    assert!(world.resources(BLOCK)[0].hook.is_none());
}

#[test]
fn the_content_of_runs_changes_with_all_that_a_chart_renders_but_for_secrets_and_chance() {
    let world = World::rendering(|request| {
        let values = values(request);
        let (plain, secret) = (values["plain"].as_str().unwrap(), values["p"].as_str().unwrap());
        let data = format!("plain: {plain}, secret: {secret}, random: r{}", request.number);
        let hook = hook("helm.sh/hook: pre-install");
        Ok(format!("{}{}", config_map(&data), &hook[hook.rfind("---").unwrap()..]))
    });
    let content = |world: &World, plain: &str| {
        let text = format!(
            "{BLOCK}values.plain = \"{plain}\"\nvalues.p = \"${{secret.pw}}\"\n[secret.pw]\nenv = \"PW\"\n"
        );
        let resources = world.compiled(&text).resources;
        resources.into_iter().find_map(|object| object.hook).unwrap().content
    };
    let one = content(&world, "a");
    assert_ne!(one, content(&world, "b"));
    let other = World {
        secret: SecretText::Known("pass-2".into()),
        live: |_| there(json!({"data": {"random": "x"}})),
        ..world
    };
    assert_eq!(one, content(&other, "a"));
}

#[test]
fn the_content_of_runs_stays_where_nothing_but_the_time_has_changed() {
    let world = || {
        World::rendering(|_| {
            let object = config_map("date: '2026-11-27'");
            let hook = hook("helm.sh/hook: pre-upgrade, date: '2026-11-27'");
            Ok(format!("{object}{}", &hook[hook.rfind("---").unwrap()..]))
        })
    };
    let of = |world: World| world.resources(BLOCK).into_iter().find_map(|object| object.hook).unwrap();
    let from = world().resources(BLOCK)[0].rendered_from.clone().unwrap();
    let then = format!("sha256:then from {from}");
    let known = |data: Value| ChartPast { contents: [then.clone()].into(), ..sent(&data, &from) };
    assert_eq!(of(World { past: known(json!({"date": "2025-01-02"})), ..world() }).content, then);
    let now = of(World { past: known(json!({"date": "never"})), ..world() });
    assert!(!now.does_the_same_with(&then));
    // It was rendered from something else, and came out the same.
    assert!(now.does_the_same_with(&now.content.replace(&from, "sha256:other")));
}

#[test]
fn what_helm_would_keep_is_protected() {
    let world = World::rendering(|_| {
        Ok("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {helm.sh/resource-policy: keep}}\n".into())
    });
    assert!(world.resources(BLOCK)[0].lifecycle.protect);
}

#[test]
fn patches_change_what_the_chart_has_no_value_for() {
    let world = World::rendering(|request| Ok(config_map(&format!("a: b, c: d, r: 'x{}'", request.number))));
    let patch = "[[chart.web.patch]]\nkind = \"ConfigMap\"\nname = \"cm\"\nremove = [\"data.a\"]\nset = { \"data.r\" = \"y\", \"metadata.labels.l\" = \"m\" }\n";
    let [object] = &world.resources(&format!("{BLOCK}{patch}"))[..] else { panic!() };
    assert_eq!(object.object["data"], json!({"c": "d", "r": "y"}));
    assert_eq!(object.object["metadata"]["labels"]["l"], "m");
    assert!(object.fresh.is_empty());
    let wrong = "[[chart.web.patch]]\nkind = \"ConfigMap\"\nname = \"cn\"\nremove = [\"data.a\"]\n\
        [[chart.web.patch]]\nkind = \"ConfigMap\"\nremove = [\"data.x\"]\nset = { \"metadata.name\" = \"y\", \"[\" = 1 }\n";
    insta::assert_snapshot!(world.mistakes(&format!("{BLOCK}{wrong}")).join("\n"), @r"
    `[` is no path of a field | write it as a plan prints it: `spec.template.spec.containers[web].image`
    `metadata.name` says which object it is, and stays | write it as a plan prints it: `spec.template.spec.containers[web].image`
    `chart.web` has no ConfigMap/cn to change | did you mean `ConfigMap/cm`?
    ConfigMap has no `data.x` to take away | -
    ");
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
    `repo` is `https://h`, and `chart` is in a registry already | take `repo` out
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

/// Items have names, and stay where they are found by them.
#[test]
fn what_stays_is_found_by_the_names_of_items_and_not_by_their_places() {
    let world = World {
        live: |_| {
            let env = json!([{"name": "OTHER", "value": "x"}, {"name": "URL", "value": "u"}, {"name": "PW", "value": "kept"}]);
            there(json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "env": env}]}}}}))
        },
        ..World::rendering(|request| {
            Ok(format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d}}\nspec: {{template: {{spec: {{containers: [{{name: c, \
                 env: [{{name: PW, value: r{}}}, {{name: URL, value: u}}]}}]}}}}}}\n",
                request.number
            ))
        })
    };
    let [object] = &world.resources(BLOCK)[..] else { panic!() };
    assert_eq!(object.object["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"], "kept");
    assert_eq!(object.object["spec"]["template"]["spec"]["containers"][0]["env"][1]["value"], "u");
}

#[test]
fn an_object_that_only_carries_a_digest_decides_nothing() {
    let world = World {
        live: |target| {
            let is_pods = target.identity.kind == "Deployment";
            if is_pods { Fact::Live(LiveObject::Lost) } else { stored(target) }
        },
        ..World::rendering(random)
    };
    assert!(world.resources(BLOCK).iter().all(|desired| desired.fresh.is_empty()));
}

#[test]
fn a_patch_that_takes_an_item_away_uncovers_no_secret() {
    let world = World::rendering(|request| {
        let password = values(request)["p"].as_str().unwrap().to_owned();
        Ok(format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, args: [first, '--pw={password}']}}]}}\n"
        ))
    });
    let text = format!(
        "{BLOCK}values.p = \"${{secret.pw}}\"\n[[chart.web.patch]]\nkind = \"Pod\"\nremove = [\"spec.containers[c].args[0]\"]\n\
         [secret.pw]\nenv = \"PW\"\n"
    );
    let [object] = &world.resources(&text)[..] else { panic!() };
    assert_eq!(object.object["spec"]["containers"][0]["args"], json!(["--pw=pass-1"]));
    assert_eq!(paths(&object.sensitive), ["spec.containers[0].args[0]"]);
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
fn a_text_that_is_random_in_part_is_followed_or_told() {
    let world = World {
        live: |_| there(json!({"data": {"c": "cookie: kept level: 1"}})),
        ..World::rendering(|request| Ok(config_map(&format!("c: 'cookie: r{} level: 1'", request.number))))
    };
    assert_eq!(world.resources(BLOCK)[0].object["data"]["c"], "cookie: kept level: 1");
    assert!(world.mistakes(BLOCK).is_empty());
    let changed = World {
        renders: |request| Ok(config_map(&format!("c: 'cookie: r{} level: 2'", request.number))),
        ..world
    };
    insta::assert_snapshot!(changed.mistakes(BLOCK).join("\n"), @r"`chart.web` has changed texts that hold something random, and they stay as they are | `ConfigMap/cm:data.c`. To make all that the chart makes at random anew, and these texts with it, use `regplan rotate chart.web`");
}

/// A Secret with settings in base64, of which a part is random.
#[expect(clippy::unnecessary_wraps, reason = "it stands for a Helm that may fail")]
fn settings(request: &RenderRequest) -> Result<String, String> {
    let host = values(request)["host"].as_str().unwrap_or("old").to_owned();
    let text = STANDARD.encode(format!("cookie: r{}\nhost: {host}\nlevel: 1\n", request.number));
    Ok(format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{c: {text}}}\n"))
}

#[test]
fn a_change_within_an_encoded_text_is_told() {
    let kept = STANDARD.encode("cookie: kept\nhost: old\nlevel: 1\n");
    assert_eq!(kept, "Y29va2llOiBrZXB0Cmhvc3Q6IG9sZApsZXZlbDogMQo=");
    let world = World {
        live: |_| there(json!({"data": {"c": "Y29va2llOiBrZXB0Cmhvc3Q6IG9sZApsZXZlbDogMQo="}})),
        ..World::rendering(settings)
    };
    assert!(world.mistakes(BLOCK).is_empty());
    let changed = format!("{BLOCK}values.host = \"new\"\n");
    assert_eq!(world.resources(&changed)[0].object["data"]["c"], kept);
    insta::assert_snapshot!(world.mistakes(&changed).join("\n"), @r"`chart.web` has changed texts that hold something random, and they stay as they are | `Secret/s:data.c`. To make all that the chart makes at random anew, and these texts with it, use `regplan rotate chart.web`");
}

#[test]
fn a_time_beside_something_random_is_told_once() {
    let world = || World {
        live: |_| there(json!({"data": {"c": "cookie: kept made: 2025-01-02"}})),
        ..World::rendering(|request| {
            Ok(config_map(&format!("c: 'cookie: r{} made: 2026-11-27'", request.number)))
        })
    };
    let from = world().resources(BLOCK)[0].rendered_from.clone();
    let sent_from = |from: Option<String>| {
        let identity = crate::resource::Identity::namespaced("", "ConfigMap", "shop", "cm");
        let sent = SentOfChart { rendered_from: from, object: json!({}) };
        let past = ChartPast { sent: [(identity, sent)].into(), moment: Moment::Upgrade, ..ChartPast::NONE };
        World { past, ..world() }.mistakes(BLOCK)
    };
    assert_eq!(sent_from(Some("sha256:other".to_owned())).len(), 1);
    assert_eq!(sent_from(from), Vec::<String>::new());
}

#[test]
fn a_random_key_of_a_secret_is_found_where_the_server_keeps_it() {
    let world = World {
        live: |_| there(json!({"data": {"k-old": "b2xk", "q": "Zml4ZWQ="}})),
        ..World::rendering(|request| {
            Ok(format!(
                "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{q: Zml4ZWQ=}}\nstringData: {{k-{}: new}}\n",
                request.number
            ))
        })
    };
    let objects = world.resources(BLOCK);
    assert_eq!(objects[0].object["data"], json!({"k-old": "b2xk", "q": "Zml4ZWQ="}));
    assert!(objects[0].fresh.is_empty());
    assert_eq!(paths(&objects[0].random), ["data"]);
    let fresh = World { live: |_| Fact::Live(LiveObject::Absent), ..world };
    assert_eq!(paths(&fresh.resources(BLOCK)[0].fresh), ["data"]);
}

/// What is known of the runs of the Secret and the `ConfigMap` of the chart `random`.
fn of_runs(secret: Option<&str>, config_map: Option<&str>) -> ChartPast {
    let identity = |kind: &str, name: &str| crate::resource::Identity::namespaced("", kind, "shop", name);
    let runs = [(identity("Secret", "s"), secret), (identity("ConfigMap", "cm"), config_map)];
    let made_by = runs.into_iter().filter_map(|(one, run)| Some((one, Some(run?.to_owned())))).collect();
    let random = RandomPast { made_by, cut_off: Some("last".to_owned()), ..RandomPast::NONE };
    ChartPast { random, moment: Moment::Upgrade, ..ChartPast::NONE }
}

fn batches(objects: &[Desired]) -> Vec<Option<Batch>> {
    objects.iter().map(|desired| desired.batch.clone()).collect()
}

#[test]
fn what_a_chart_makes_at_random_is_of_one_run() {
    let of = |run: &str| Some(Batch::Of(run.to_owned()));
    let whole =
        World { live: stored, past: of_runs(Some("first"), Some("first")), ..World::rendering(random) };
    assert_eq!(batches(&whole.resources(BLOCK)), [of("first"), of("first"), None]);
    let half = World { past: of_runs(Some("last"), Some("first")), ..whole };
    let objects = half.resources(BLOCK);
    assert_eq!(batches(&objects), [Some(Batch::New), Some(Batch::New), None]);
    assert!(objects.iter().all(|desired| !desired.fresh.is_empty()));
    insta::assert_snapshot!(half.mistakes(BLOCK).join("\n"), @"a run was cut off that made anew what `chart.web` makes at random: some of it is new, and some is not | this plan makes all of it anew, as one");
    let without_secret = |target: &Target| {
        if target.identity.kind == "Secret" { Fact::Live(LiveObject::Absent) } else { stored(target) }
    };
    let joined =
        World { live: without_secret, past: of_runs(None, Some("first")), ..World::rendering(random) };
    assert_eq!(batches(&joined.resources(BLOCK)), [of("first"), of("first"), None]);
    insta::assert_snapshot!(joined.mistakes(BLOCK).join("\n"), @"what `chart.web` makes at random is kept in `chart.web/ConfigMap/cm`, and made anew in `chart.web/Secret/s`; they may belong together, as an authority and what it has signed do | where they do, make all of it anew, as one: `regplan rotate chart.web`");
    let torn = World { past: of_runs(None, Some("last")), ..joined };
    insta::assert_snapshot!(torn.mistakes(BLOCK).join("\n"), @"the first apply of `chart.web` was cut off: what it makes at random is in `chart.web/ConfigMap/cm`, and not yet in `chart.web/Secret/s`; they may belong together, as an authority and what it has signed do | make all of it anew, as one: `regplan rotate chart.web`. Where what is there is in use already (the password of a database), keep it, and agree to new values beside it: `--consent chart.web/Secret/s`");
    let random = RandomPast { may_go_on: true, ..torn.past.random.clone() };
    let beside = World {
        past: ChartPast { random, ..torn.past.clone() },
        renders: torn.renders,
        live: torn.live,
        secret: torn.secret.clone(),
    };
    insta::assert_snapshot!(beside.mistakes(BLOCK).join("\n"), @"the first apply of `chart.web` has not ended, so it is under way, or was killed: what it makes at random is in `chart.web/ConfigMap/cm`, and not yet in `chart.web/Secret/s` | where it is under way, wait for its end, and plan again. Where it was killed, make all of it anew, as one: `regplan rotate chart.web`. Where what is there is in use already (the password of a database), keep it, and agree to new values beside it: `--consent chart.web/Secret/s`");
    let past = ChartPast { agreed: ["chart.web/Secret/s".to_owned()].into(), ..torn.past };
    let agreed = World { past, ..torn };
    assert!(agreed.mistakes(BLOCK).is_empty());
    assert_eq!(batches(&agreed.resources(BLOCK)), [of("last"), of("last"), None]);
}

#[test]
fn a_digest_follows_all_that_pods_read() {
    let digest = |world: &World| {
        let objects = world.resources(BLOCK);
        let found = objects.iter().find(|desired| desired.identity.kind == "Deployment").unwrap();
        found.object["spec"]["template"]["metadata"]["annotations"]["checksum"].clone()
    };
    let with = |more: fn(&RenderRequest) -> Result<String, String>| {
        digest(&World { live: stored, ..World::rendering(more) })
    };
    let one = with(|request| Ok(random(request)? + PLAIN));
    assert_eq!(one, with(|request| Ok(random(request)? + PLAIN)));
    assert_ne!(one, with(|request| Ok(random(request)? + &PLAIN.replace("a: b", "a: c"))));
    // What a hook runs with says nothing of pods.
    let hooked = with(|request| {
        let hook = PLAIN.replace("name: plain", "name: h, annotations: {helm.sh/hook: pre-upgrade}");
        Ok(random(request)? + PLAIN + &hook)
    });
    assert_eq!(one, hooked);
}

/// An object in which nothing is random.
const PLAIN: &str = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {a: b}\n";

#[test]
fn a_version_of_an_api_is_no_date() {
    let world = World::rendering(|_| {
        Ok("apiVersion: example.com/v2\nkind: Foo\nmetadata: {name: f}\nspec: {image: 'a:2', at: '2026-11-27'}\n".into())
    });
    let from = world.resources(BLOCK)[0].rendered_from.clone();
    let object = json!({"apiVersion": "example.com/v1", "kind": "Foo", "metadata": {"name": "f", "namespace": "shop"},
        "spec": {"image": "a:1", "at": "2025-01-02"}});
    let identity = crate::resource::Identity::of(&object).unwrap();
    let sent = SentOfChart { rendered_from: from, object };
    let past = ChartPast { sent: [(identity, sent)].into(), moment: Moment::Upgrade, ..ChartPast::NONE };
    let object = World { past, ..world }.resources(BLOCK).remove(0).object;
    assert_eq!(object["apiVersion"], "example.com/v2");
    assert_eq!(object["spec"], json!({"image": "a:2", "at": "2025-01-02"}));
}

#[test]
fn what_looks_up_objects_is_not_rotated() {
    let past = || ChartPast { is_renewed: true, ..ChartPast::NONE };
    let world = World { live: stored, past: past(), ..World::rendering(random) };
    assert!(world.mistakes(BLOCK).is_empty());
    insta::assert_snapshot!(world.mistakes(&format!("{BLOCK}lookup = true\n")).join("\n"), @"`chart.web` looks up objects of the cluster, so it may find what it has made at random, and make nothing anew | take `lookup` out, use `regplan rotate chart.web`, look at what else its plan changes, and put `lookup` back");
}

#[test]
fn a_certificate_that_stays_is_told_of_before_its_end() {
    let world = World {
        live: |_| {
            let ended = include_str!("../../kubernetes/testdata/expired.pem");
            there(json!({"data": {"tls.crt": STANDARD.encode(ended)}}))
        },
        past: ChartPast { now: Some("2019-06-01T00:00:00Z".parse().unwrap()), ..ChartPast::NONE },
        ..World::rendering(|request| {
            Ok(format!(
                "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{tls.crt: {}}}\n",
                STANDARD.encode(format!("certificate {}", request.number))
            ))
        })
    };
    // What is told of the rest of the text is no matter here.
    let told = |now: &str, world: World| {
        let past = ChartPast { now: Some(now.parse().unwrap()), ..ChartPast::NONE };
        let mistakes = World { past, ..world }.mistakes(BLOCK);
        mistakes.into_iter().filter(|mistake| mistake.contains("certificate that")).collect::<Vec<_>>()
    };
    let again = World { live: world.live, renders: world.renders, ..World::rendering(random) };
    assert!(told("2019-06-01T00:00:00Z", world).is_empty());
    insta::assert_snapshot!(told("2019-12-20T00:00:00Z", again).join("\n"), @r#"a certificate that `chart.web` has made ends on 2020-01-02, and stays as it is | `Secret/s:data["tls.crt"]`. To make all that the chart makes at random anew, use `regplan rotate chart.web`"#);
}
