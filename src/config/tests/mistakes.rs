//! One test for each kind of mistake, each at its place.

use super::{found, load_text, mistakes};
use crate::config::codes;

const MAIN: &str = "[registry.main]\nhost = 'h'\nimage = 'a:b'\n";

fn with_main(rest: &str) -> Vec<(&'static str, String)> {
    found(&format!("{MAIN}{rest}"))
}

/// Message and help of the only mistake.
fn words(rest: &str) -> (String, String) {
    let text = format!("[project]\nname = 'test'\n{MAIN}{rest}");
    let mistakes = mistakes(&text);
    assert_eq!(mistakes.len(), 1, "{mistakes:#?}");
    (mistakes[0].message.clone(), mistakes[0].help.clone().unwrap_or_default())
}

#[test]
fn unknown_keys_name_the_nearest() {
    assert_eq!(with_main("replcas = 2"), [(codes::UNKNOWN_KEY, "replcas".into())]);
    let (message, help) = words("replcas = 2");
    assert_eq!(message, "`registry.main` has no key `replcas`");
    assert_eq!(help, "did you mean `replicas`?");
    assert_eq!(words("depend_on = []").1, "did you mean `depends_on`?");
    assert_eq!(words("storage.volume = { size = '1Gi', acess = 'x' }").1, "did you mean `access`?");
    assert_eq!(words("[registry.main.lifecycle]\nprotekt = true").1, "did you mean `protect`?");
}

#[test]
fn a_key_below_the_wrong_header_is_told_where_it_fell() {
    // Into a table of free names.
    let rest = "[registry.main.auth.users]\nci = { env = 'A' }\nreplicas = 2\nstorage.volume = {}\n";
    assert_eq!(
        with_main(rest),
        [(codes::MISPLACED_KEY, "replicas".into()), (codes::MISPLACED_KEY, "storage".into())]
    );
    let (message, help) = words("[registry.main.auth.users]\nreplicas = 2\n");
    assert_eq!(message, "`replicas` fell into `registry.main.auth.users`; `registry.main` knows it");
    assert!(help.contains("right below `[registry.main]`"), "{help}");
    // Into a table with known keys, and into the lifecycle.
    assert_eq!(with_main("[registry.main.tls]\nreplicas = 2"), [(codes::MISPLACED_KEY, "replicas".into())]);
    assert_eq!(
        with_main("[registry.main.tls]\ndepends_on = []"),
        [(codes::MISPLACED_KEY, "depends_on".into())]
    );
    assert_eq!(
        with_main("[registry.main.lifecycle]\nreplicas = 2"),
        [(codes::MISPLACED_KEY, "replicas".into())]
    );
    // Into braces.
    let (message, help) = words("storage.volume = { size = '1Gi', replicas = 2 }");
    assert_eq!(message, "`registry.main.storage.volume` has no key `replicas`; `registry.main` has one");
    assert_eq!(help, "delete it, or move it to `registry.main`");
    // A level too high.
    assert_eq!(words("class = 'nginx'").1, "write `ingress.class`");
    // Into another table of ours.
    assert_eq!(found("namespace = 'x'\n"), [(codes::MISPLACED_KEY, "namespace".into())]);
}

#[test]
fn a_missing_key_that_fell_into_a_table_of_texts_is_found_there() {
    let text = "[registry.main]\nimage = 'a:b'\n[registry.main.labels]\nhost = 'h'\n";
    let text = format!("[project]\nname = 'test'\n{text}");
    let mistakes = mistakes(&text);
    assert_eq!(mistakes.len(), 1);
    assert_eq!(mistakes[0].code, codes::MISPLACED_KEY);
    let places: Vec<_> =
        mistakes[0].labels.iter().map(|label| &text[label.span.start..label.span.end]).collect();
    assert_eq!(places, ["[registry.main]", "host"]);
}

#[test]
fn missing_keys_are_told_at_the_header_with_the_line_to_write() {
    let text = "[registry.main]\nimage = 'a:b'\n";
    assert_eq!(found(text), [(codes::MISSING_KEY, "[registry.main]".into())]);
    let text = "[project]\nname = 'x'\n[registry.main]\nimage = 'a:b'\n";
    assert_eq!(
        mistakes(text)[0].help.as_deref(),
        Some("write `host = \"…\"`: The name under which it is reached")
    );
    assert_eq!(mistakes("").iter().map(|m| m.code).collect::<Vec<_>>(), [codes::MISSING_KEY]);
    assert_eq!(mistakes("[project]\n")[0].code, codes::MISSING_KEY);
}

#[test]
fn wrong_types_say_both() {
    for (rest, message, place) in [
        ("replicas = '2'", "`registry.main.replicas` must be a whole number, not text", "'2'"),
        ("replicas = 1.5", "`registry.main.replicas` must be a whole number, not a number", "1.5"),
        ("debug = 1", "`registry.main.debug` must be true or false, not a whole number", "1"),
        ("ports = ['a']", "`registry.main.ports[0]` must be a whole number, not text", "'a'"),
        ("storage = true", "`registry.main.storage` must be a table, not true or false", "true"),
        ("storage.volume = 'x'", "`registry.main.storage.volume` must be a table, not text", "'x'"),
        ("depends_on = 'manifest.x'", "`registry.main.depends_on` must be a list, not text", "'manifest.x'"),
    ] {
        assert_eq!(with_main(rest), [(codes::WRONG_TYPE, place.to_owned())], "{rest}");
        assert_eq!(words(rest).0, message);
    }
    assert_eq!(words("host2 = 1\n[registry.main.labels]\nb = 'x'").0, "`registry.main` has no key `host2`");
    assert_eq!(words("[registry.main.labels]\nb = 3").1, "write it in quotes: `\"3\"`");
    assert_eq!(words("replicas = '2'").1, "write it without quotes: `2`");
}

#[test]
fn wrong_values_say_what_is_right() {
    assert_eq!(with_main("replicas = 0"), [(codes::BAD_VALUE, "0".into())]);
    let text = "[registry.main]\nhost = 'h'\nimage = 'registry'\n";
    assert_eq!(found(text), [(codes::BAD_VALUE, "'registry'".into())]);
    let (message, help) = words("storage.volume = { size = '1', access = 'ReadWriteOne' }");
    assert_eq!(message, "`ReadWriteOne` cannot be `registry.main.storage.volume.access`");
    assert_eq!(help, "did you mean `ReadWriteOnce`?");
    assert_eq!(mistakes("[project]\nname = 'A b'\n")[0].code, codes::BAD_VALUE);
    assert_eq!(words("[registry.main.lifecycle]\nready = 'writen'").1, "did you mean `written`?");
    assert_eq!(
        with_main("[registry.main.lifecycle]\nready = { condition = 'R', stauts = 'x' }"),
        [(codes::UNKNOWN_KEY, "stauts".into())]
    );
    assert_eq!(
        with_main("[registry.main.lifecycle]\ntimeouts.ready = '10'"),
        [(codes::BAD_VALUE, "'10'".into())]
    );
}

#[test]
fn a_secret_in_clear_is_never_shown() {
    let text = format!(
        "[project]\nname = 'test'\n{MAIN}[registry.main.auth.users]\nci = 'hunter2'\nbob = 5\n\
         [secret]\nx = 'hunter3'\n[variable.v]\nsensitive = true\ndefault = 'hunter4'\n"
    );
    let loaded = load_text(&text);
    let source = loaded.sources.get(crate::diagnostic::SourceId(0)).unwrap();
    assert!(!source.text.contains("hunter"), "{}", source.text);
    assert_eq!(source.text.len(), text.len());
    let mistakes = loaded.outcome.unwrap_err();
    assert!(!format!("{mistakes:?}").contains("hunter"));
    let codes: Vec<_> = mistakes.iter().map(|mistake| mistake.code).collect();
    assert_eq!(
        codes,
        [codes::SECRET_IN_CLEAR, codes::WRONG_TYPE, codes::SECRET_IN_CLEAR, codes::SECRET_IN_CLEAR]
    );
    assert!(mistakes.iter().next().unwrap().help.as_ref().unwrap().contains("{ env = \"NAME\" }"));
}

#[test]
fn secret_sources_are_one_of_three() {
    for (source, expected) in [
        ("{ evn = 'A' }", (codes::UNKNOWN_KEY, "evn")),
        ("{}", (codes::MISSING_KEY, "{}")),
        ("{ env = 'A', file = 'b' }", (codes::CONFLICTING_KEYS, "{ env = 'A', file = 'b' }")),
        ("{ env = 1 }", (codes::WRONG_TYPE, "1")),
        ("{ env = 'A', more = 1 }", (codes::UNKNOWN_KEY, "more")),
        ("{ generate = { lenght = 3 } }", (codes::UNKNOWN_KEY, "lenght")),
        ("{ file = '' }", (codes::BAD_VALUE, "''")),
    ] {
        let expected = [(expected.0, expected.1.to_owned())];
        assert_eq!(with_main(&format!("[registry.main.auth.users]\nci = {source}")), expected, "{source}");
        assert_eq!(found(&format!("[secret]\nx = {source}")), expected, "{source}");
    }
    let rest = "[registry.main.tls]\nsecret = { env = 'X' }";
    assert_eq!(with_main(rest), [(codes::SECRET_NOT_EXPECTED, "{ env = 'X' }".into())]);
}

#[test]
fn keys_that_exclude_each_other_show_both() {
    let rest = "storage = { volume = { size = '1' }, s3 = { bucket = 'b' } }";
    assert_eq!(with_main(rest)[0].0, codes::CONFLICTING_KEYS);
    assert_eq!(
        found("[cluster]\ncontext = 'a'\nin_cluster = true\n"),
        [(codes::CONFLICTING_KEYS, "'a'".into())]
    );
}

#[test]
fn blocks_have_a_known_type_and_a_proper_name() {
    assert_eq!(found("[registy.main]\n"), [(codes::UNKNOWN_BLOCK_TYPE, "registy".into())]);
    assert_eq!(
        found("[registry]\nhost = 'h'\nauth.users.ci = {}\n"),
        [(codes::BLOCK_WITHOUT_NAME, "[registry]".into())]
    );
    assert_eq!(found("[resource.'A b']\nkind = 'K'\n"), [(codes::BAD_NAME, "'A b'".into())]);
    assert_eq!(found("[resource.a_b-9]\nkind = 'K'\n"), []);
    let top = mistakes("context = 'x'\nfoo = 1\n[project]\nname = 'x'\n");
    assert_eq!(top.iter().map(|m| m.code).collect::<Vec<_>>(), [codes::MISPLACED_KEY, codes::UNKNOWN_KEY]);
    let not_a_table = mistakes("registry = 1\n[project]\nname = 'x'\n");
    assert_eq!(not_a_table[0].code, codes::WRONG_TYPE);
}

#[test]
fn addresses_lead_to_blocks() {
    let rest = "depends_on = ['manifest.crds', 'manifest.crd/X/y', 'nothing', 'namespace.team-a', '${var.x}']\n\
        [manifest.crds]\npath = 'x'\n[registry.main.lifecycle]\nreplace_triggered_by = ['registry.mian']\n";
    assert_eq!(
        with_main(rest),
        [
            (codes::UNKNOWN_REFERENCE, "'manifest.crd/X/y'".into()),
            (codes::BAD_REFERENCE, "'nothing'".into()),
            (codes::UNKNOWN_REFERENCE, "'${var.x}'".into()),
            (codes::UNKNOWN_REFERENCE, "'registry.mian'".into()),
        ]
    );
}

#[test]
fn everything_is_found_in_one_run() {
    let text = "[project]\nnmae = 'x'\n[cluster]\ncontext = 1\n[variable.unset]\n[variable.x]\ntype = 'strin'\n\
        [registry.main]\nreplicas = 'two'\nhost = '${var.unset}'\nimage = '${var.nothing}'\n\
        [registry.main.auth.users]\nci = 'clear'\n[registry.main]\n[resource.r]\nkind = '${resource.r.kind}'\n\
        [registri.x]\n";
    let mistakes = mistakes(text);
    let mut codes: Vec<_> = mistakes.iter().map(|mistake| mistake.code).collect();
    let starts: Vec<_> =
        mistakes.iter().map(|mistake| mistake.labels.first().map_or(usize::MAX, |l| l.span.start)).collect();
    assert!(starts.is_sorted());
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            codes::BAD_VALUE,
            codes::DUPLICATE_KEY,
            codes::REFERENCE_CYCLE,
            codes::SECRET_IN_CLEAR,
            codes::UNKNOWN_BLOCK_TYPE,
            codes::UNKNOWN_KEY,
            codes::UNKNOWN_REFERENCE,
            codes::UNSET_VARIABLE,
            codes::WRONG_TYPE,
            codes::WRONG_TYPE,
        ]
    );
}

#[test]
fn beside_broken_syntax_only_what_is_sure_is_said() {
    let text = "[project]\nname = 'x'\n[registry.main]\nhost = \nimage = 'a:b'\nreplicas = 'two'\n";
    let codes: Vec<_> = mistakes(text).iter().map(|mistake| mistake.code).collect();
    assert_eq!(codes, [codes::SYNTAX, codes::WRONG_TYPE]);
    let codes: Vec<_> =
        mistakes("[project\nname = 'x'\n[registry.main]\n").iter().map(|mistake| mistake.code).collect();
    assert!(codes.iter().all(|code| *code == codes::SYNTAX) && !codes.is_empty(), "{codes:?}");
}

#[test]
fn a_secret_takes_no_keys_but_its_source() {
    let keys = "depends_on = []\nlifecycle.protect = true\nname = 'y'\n";
    let expected: Vec<_> =
        ["depends_on", "lifecycle", "name"].map(|key| (codes::UNKNOWN_KEY, key.to_owned())).into();
    assert_eq!(found(&format!("[secret.x]\nenv = 'A'\n{keys}")), expected);
}
