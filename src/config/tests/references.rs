//! `${…}` from end to end.

use serde_json::{Value, json};

use super::{fine, found, load_files, mistakes};
use crate::config::codes;
use crate::resource::{Expression, LiveReference, Part, Reference};

const HEAD: &str = "[project]\nname = 'test'\n";

fn body(blocks: &str, at: [&str; 2]) -> Value {
    let config = fine(&format!("{HEAD}{blocks}"));
    let block = config.blocks.into_iter().find(|block| block.address.to_string() == at.join(".")).unwrap();
    block.body.to_json()
}

fn live(text: &str) -> String {
    Reference::Live(LiveReference { text: text.into() }).mark()
}

#[test]
fn values_of_the_file_are_put_in_with_their_type() {
    let body = body(
        "[variable.n]\ndefault = 3\n[variable.t]\ndefault = 'x'\n\
         [registry.main]\nhost = 'h.example'\nimage = 'a:b'\nreplicas = '${var.n}'\n\
         storage.volume.size = '5Gi'\nports = [1, 2]\n\
         [resource.a]\nkind = 'K'\nurl = 'https://${registry.main.host}:${var.n}/${ var.t }$${x}'\n\
         n = '${registry.main.replicas}'\nvolume = '${registry.main.storage}'\n\
         port = '${registry.main.ports[1]}'\nchain = '${resource.a.url}!'\ndefaulted = '${registry.main.debug}x'\n\
         through = '${resource.a.volume.volume.size}'\nitem = '${resource.a.list[b].v}'\n\
         list = [{ name = 'a', v = 1 }, { name = 'b', v = 2 }]\nodd.'a.b/c' = true\nodd_use = '${resource.a.odd[\"a.b/c\"]}'\n"
            .replace("debug}x", "host}x")
            .as_str(),
        ["resource", "a"],
    );
    assert_eq!(
        body,
        json!({
            "kind": "K",
            "url": "https://h.example:3/x${x}",
            "n": 3,
            "volume": {"volume": {"size": "5Gi"}},
            "port": 2,
            "chain": "https://h.example:3/x${x}!",
            "defaulted": "h.examplex",
            "through": "5Gi",
            "list": [{"name": "a", "v": 1}, {"name": "b", "v": 2}],
            "item": 2,
            "odd": {"a.b/c": true},
            "odd_use": true,
        })
    );
}

#[test]
fn a_default_of_the_schema_is_a_value() {
    let blocks = "[registry.main]\nhost = 'h'\nimage = 'a:b'\n[resource.a]\nkind = 'K'\nn = '${registry.main.replicas}'\n";
    assert_eq!(body(blocks, ["resource", "a"])["n"], json!(1));
}

#[test]
fn everything_else_becomes_a_mark() {
    let blocks = "[secret.s]\nenv = 'S'\n[registry.main]\nhost = 'h'\nimage = 'a:b'\n\
        [resource.lb]\nkind = 'Service'\n\
        [resource.a]\nkind = 'K'\nip = '${resource.lb.status.loadBalancer.ingress[0].ip}'\n\
        cluster_ip = 'x-${registry.main/Service/registry.spec.clusterIP}'\n\
        uid = '${namespace.team-a.metadata.uid}'\nsecret = '${secret.s}'\n\
        deeper = '${resource.a.all.x}'\nall = '${resource.lb.status}'\n";
    let body = body(blocks, ["resource", "a"]);
    assert_eq!(body["ip"], json!(live("resource.lb.status.loadBalancer.ingress[0].ip")));
    assert_eq!(
        body["cluster_ip"],
        json!(format!("x-{}", live("registry.main/Service/registry.spec.clusterIP")))
    );
    assert_eq!(body["uid"], json!(live("namespace.team-a.metadata.uid")));
    assert_eq!(body["secret"], json!(Reference::Secret("s".into()).mark()));
    assert_eq!(body["deeper"], json!(live("resource.lb.status.x")));
}

#[test]
fn sensitive_variables_stay_marks_and_their_values_apart() {
    let text = format!(
        "{HEAD}[variable.token]\nsensitive = true\n[resource.a]\nkind = 'K'\nx = 'Bearer ${{var.token}}'\n"
    );
    let (loaded, _) = load_files(&[("regplan.toml", &text)], &[], &["token=hunter2"]);
    let (config, _) = loaded.outcome.unwrap();
    let body = config.blocks[0].body.to_json();
    let expression = Expression::parse(body["x"].as_str().unwrap()).unwrap().unwrap();
    assert_eq!(
        expression.parts,
        [Part::Literal("Bearer ".into()), Part::Reference(Reference::Variable("token".into()))]
    );
    assert_eq!(config.sensitive_variables["token"], "hunter2");
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn typed_secret_fields_take_a_secret_by_name() {
    let blocks = "[secret.s]\nenv = 'S'\n[secret.g]\ngenerate = {}\n[registry.main]\nhost = 'h'\nimage = 'a:b'\n\
        [registry.main.auth.users]\nci = '${secret.s}'\n";
    assert_eq!(body(blocks, ["registry", "main"])["auth"]["users"]["ci"], json!({"env": "S"}));
    let generated = blocks.replace("'${secret.s}'", "'${secret.g}'");
    let late = blocks.replace("'${secret.s}'", "{ env = '${registry.main/Service/r.spec.x}' }");
    assert_eq!(found(&late), [(codes::NOT_KNOWN_YET, "'${registry.main/Service/r.spec.x}'".into())]);
    assert_eq!(found(&generated), [(codes::NOT_KNOWN_YET, "'${secret.g}'".into())]);
}

#[test]
fn what_is_not_there_is_said_with_the_nearest() {
    let text = format!(
        "{HEAD}[variable.image]\ndefault = 'a:b'\n[secret.token]\nenv = 'T'\n\
         [registry.main]\nhost = 'h'\nimage = 'a:b'\n\
         [resource.x]\nkind = 'K'\n\
         a = '${{var.imgae}}'\nb = '${{secret.tokn}}'\nc = '${{registry.mian/Service/registry.spec}}'\n\
         d = '${{registy.main.host}}'\ne = '${{registry.main.hots}}'\nf = '${{registry.main.namespace}}'\n\
         g = '${{variable.image}}'\nh = '${{project.name}}'\n"
    );
    let mistakes = mistakes(&text);
    let helps: Vec<_> = mistakes.iter().map(|mistake| mistake.help.clone().unwrap()).collect();
    assert!(mistakes.iter().all(|mistake| mistake.code == codes::UNKNOWN_REFERENCE), "{mistakes:#?}");
    for (help, part) in helps.iter().zip([
        "`image`",
        "`token`",
        "`registry.main`",
        "`registry`",
        "`host`",
        "write it in `[registry.main]`",
        "${var.image}",
        "only variables",
    ]) {
        assert!(help.contains(part), "{help} / {part}");
    }
    assert_eq!(helps.len(), 8);
}

#[test]
fn what_is_no_reference_is_said() {
    let blocks = "[resource.x]\nkind = 'K'\na = '${'\nb = '${}'\nc = '${HOME}'\nd = '${upper(var.x)}'\n\
        e = '${resource.x}'\nf = '${var.a.b}'\ng = '${secret}'\nh = '${resource.x.a..b}'\n";
    let found = found(blocks);
    assert_eq!(found.len(), 8, "{found:?}");
    assert!(found.iter().all(|(code, _)| *code == codes::BAD_REFERENCE), "{found:?}");
}

#[test]
fn a_reference_in_a_longer_text_is_shown_alone() {
    let blocks = "[resource.x]\nkind = 'K'\na = 'var.a ${var.b} and ${var.b} ${ var.c }'\n";
    let found: Vec<_> = found(blocks).into_iter().map(|(_, place)| place).collect();
    assert_eq!(found, ["${var.b}", "${var.b}", "${ var.c }"]);
}

#[test]
fn circles_show_each_edge_once() {
    let text = format!(
        "{HEAD}[resource.a]\nkind = 'K'\nx = '${{resource.b.x}}'\nself = {{ y = '${{resource.a.self}}' }}\n\
         [resource.b]\nkind = 'K'\nx = 'at ${{resource.c.x}}'\n[resource.c]\nkind = 'K'\nx = '${{resource.a.x}}'\n\
         [resource.d]\nkind = 'K'\nx = '${{resource.a.x}}'\n"
    );
    let mistakes = mistakes(&text);
    assert_eq!(mistakes.len(), 2, "{mistakes:#?}");
    assert!(mistakes.iter().all(|mistake| mistake.code == codes::REFERENCE_CYCLE));
    let mut places: Vec<Vec<_>> = mistakes
        .iter()
        .map(|mistake| mistake.labels.iter().map(|label| &text[label.span.start..label.span.end]).collect())
        .collect();
    places.sort_by_key(Vec::len);
    assert_eq!(places[0], ["'${resource.a.self}'"]);
    let mut edges = places[1].clone();
    edges.sort_unstable();
    assert_eq!(edges, ["${resource.c.x}", "'${resource.a.x}'", "'${resource.b.x}'"]);
}

#[test]
fn a_variable_without_a_value_shows_every_use_and_its_declaration() {
    let text = format!(
        "{HEAD}[variable.v]\n[variable.unused]\n[resource.a]\nkind = 'K'\nx = '${{var.v}}'\ny = 'a ${{var.v}}'\n"
    );
    let mistakes = mistakes(&text);
    assert_eq!(mistakes.len(), 1);
    assert_eq!(mistakes[0].code, codes::UNSET_VARIABLE);
    let places: Vec<_> =
        mistakes[0].labels.iter().map(|label| &text[label.span.start..label.span.end]).collect();
    assert_eq!(places, ["'${var.v}'", "${var.v}", "[variable.v]"]);
}

#[test]
fn what_must_be_known_takes_nothing_from_the_cluster_and_no_secret() {
    let blocks = "[secret.s]\nenv = 'S'\n[resource.lb]\nkind = 'Service'\n\
        [registry.main]\nhost = '${resource.lb.status.ip}'\nimage = '${resource.lb.spec.x}'\n\
        replicas = '${resource.lb.spec.n}'\nnamespace = '${secret.s}'\n\
        debug = '${secret.s}'\n[registry.main.labels]\na = '${secret.s}'\n\
        [registry.main.auth]\nhtpasswd = '${resource.lb.spec.path}'\n";
    assert_eq!(
        found(blocks),
        [
            (codes::NOT_KNOWN_YET, "'${resource.lb.spec.x}'".into()),
            (codes::NOT_KNOWN_YET, "'${resource.lb.spec.n}'".into()),
            (codes::SECRET_NOT_EXPECTED, "'${secret.s}'".into()),
            (codes::SECRET_NOT_EXPECTED, "'${secret.s}'".into()),
            (codes::SECRET_NOT_EXPECTED, "'${secret.s}'".into()),
            (codes::NOT_KNOWN_YET, "'${resource.lb.spec.path}'".into()),
        ]
    );
    assert_eq!(
        found("[resource.lb]\nkind = 'Service'\n[cluster]\ncontext = '${resource.lb.spec.x}'\n"),
        [(codes::NOT_KNOWN_YET, "'${resource.lb.spec.x}'".into())]
    );
}

#[test]
fn lists_do_not_stand_within_texts() {
    let blocks = "[resource.a]\nkind = 'K'\nl = [1]\nx = 'a ${resource.a.l}'\n";
    assert_eq!(found(blocks), [(codes::WRONG_TYPE, "${resource.a.l}".into())]);
}

#[test]
fn lines_that_double_each_other_end() {
    let lines = (1..60).map(|i| {
        let before = i - 1;
        format!(
            "x{i} = '${{resource.a.x{before}}}${{resource.a.x{before}}}'\n\
             y{i} = ['${{resource.a.y{before}}}', '${{resource.a.y{before}}}']\n"
        )
    });
    let blocks = "[resource.a]\nkind = 'K'\nx0 = 'aaaaaaaaaaaaaaaa'\ny0 = [1, 2]\n".to_owned();
    let blocks = blocks + &lines.collect::<String>();
    let found = found(&blocks);
    assert_eq!(found.iter().map(|(code, _)| *code).collect::<Vec<_>>(), [codes::TOO_LARGE]);
}

#[test]
fn an_endless_chain_ends() {
    let lines = (1..5000).map(|i| format!("x{i} = '${{resource.a.x{}}}'\n", i - 1));
    let blocks = "[resource.a]\nkind = 'K'\nx0 = 1\n".to_owned() + &lines.collect::<String>();
    // Sorted by key, so that some chain is entered far from its end.
    assert!(found(&blocks).iter().all(|(code, _)| *code == codes::TOO_LARGE));
}
