//! What charts make at random: it stays as it is in the cluster, and is renewed as one.

use super::*;

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
    let beside = |goes_on: GoesOn| World {
        past: ChartPast { random: RandomPast { goes_on, ..torn.past.random.clone() }, ..torn.past.clone() },
        renders: torn.renders,
        live: torn.live,
        secret: torn.secret.clone(),
        skipped_hooks: Vec::new(),
    };
    insta::assert_snapshot!(beside(GoesOn::Yes).mistakes(BLOCK).join("\n"), @"the first apply of `chart.web` is under way: what it makes at random is in `chart.web/ConfigMap/cm`, and not yet in `chart.web/Secret/s` | wait for its end, and plan again");
    insta::assert_snapshot!(beside(GoesOn::Perhaps).mistakes(BLOCK).join("\n"), @"the first apply of `chart.web` has not ended, so it is under way, or was killed: what it makes at random is in `chart.web/ConfigMap/cm`, and not yet in `chart.web/Secret/s` | where it is under way, wait for its end, and plan again. Where it was killed, make all of it anew, as one: `regplan rotate chart.web`. Where what is there is in use already (the password of a database), keep it, and agree to new values beside it: `--consent chart.web/Secret/s`");
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
            let ended = include_str!("../../../kubernetes/testdata/expired.pem");
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
