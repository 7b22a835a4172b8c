use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::sample;
use super::super::test_support::*;
use super::*;
use crate::state::journal_text;
use crate::state::shared::{Index, index_from_bytes};
use crate::state::{
    Begin, CompletedPlan, FinishedRun, Intent, JournalLine, Outcome, Readiness, Revision, RevisionHead,
    RevisionSummary, RunEnd, SealedValues, State, StoredDesired, StoredOrigin, StoredResource, Unfinished,
};

/// The page that describes what is stored.
const PAGE: &str = include_str!("../../../docs/state-format.md");

/// Set to write the files of the current format anew, when the format has changed on purpose.
const UPDATE: &str = "REGPLAN_UPDATE_FORMATS";

fn read_back<T: Content>(bytes: &[u8]) -> Result<T, StateError> {
    read(&place(), bytes)
}

/// What has been written and read.
fn again<T: Serialize + DeserializeOwned>(written: &T) -> T {
    from_json(&serde_json::to_vec(written).unwrap()).unwrap()
}

#[test]
fn the_format_is_settled() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/formats/2");
    for (name, bytes) in [
        ("state.json", file(&sample::state())),
        ("revisions/000001.json", file(&sample::revision())),
        ("journal", sample::journal()),
        ("moved.json", tombstone(Path::new(sample::MOVED_TO))),
        ("revisions/000001.values.json", file(&sample::values())),
        ("revisions/index.json", file(&sample::index())),
        ("lock.json", serde_json::to_vec(&sample::lock()).unwrap()),
        ("newest.json", json!(sample::newest()).to_string().into_bytes()),
    ] {
        let path = folder.join(name);
        if std::env::var_os(UPDATE).is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        let kept = std::fs::read(&path).unwrap();
        assert!(kept == bytes, "{name} is laid out in another way: raise FORMAT_VERSION and read this one");
    }
    assert_eq!(read_back::<State>(&file(&sample::state())).unwrap(), sample::state());
    assert_eq!(read_back::<Revision>(&file(&sample::revision())).unwrap(), sample::revision());
    let journal = journal_text::parse(&place(), &sample::journal()).unwrap().unwrap();
    assert_eq!((journal.outcomes.len(), journal.in_flight.len()), (6, 2));
    let moved = read_back::<State>(&tombstone(Path::new(sample::MOVED_TO))).unwrap_err();
    assert!(matches!(moved, StateError::Retired { to, .. } if to == Path::new(sample::MOVED_TO)));
    let values = read_back::<SealedValues>(&file(&sample::values())).unwrap();
    assert_eq!(values, sample::values());
    let address = "resource.login".parse().unwrap();
    let token = values.open(None).unwrap().get(&address, &"data.token".parse().unwrap()).cloned();
    assert_eq!(token, Some(json!("t0ken")));
    assert_eq!(read_back::<Index>(&file(&sample::index())).unwrap(), sample::index());
    assert_eq!(again(&sample::lock()), sample::lock());
    assert_eq!(again(&sample::newest()), sample::newest());
}

/// As they were written before they had one.
#[test]
fn a_note_of_a_move_and_an_index_without_a_checksum_are_read() {
    let note = br#"{"format_version": 2, "moved_to": "s3://states/registry/state.json"}"#;
    let moved = read_back::<State>(note).unwrap_err();
    assert!(matches!(moved, StateError::Retired { to, .. } if to == Path::new(sample::MOVED_TO)));
    let index = |text: &str| index_from_bytes(&place(), text.as_bytes()).unwrap();
    assert_eq!(index(r#"{"format_version":2,"revisions":[1,2]}"#), Ok(sample::index()));
    for never_written in [
        r#"{"format_version":2,"revisions":[2,1]}"#,
        r#"{"format_version":2,"revisions":[1,1]}"#,
        r#"{"format_version":0,"revisions":[1,2]}"#,
        r#"{"format_version":1,"revisions":[1,2]}"#,
        r#"{"format_version":2,"revisionr":[1,2]}"#,
    ] {
        assert!(index(never_written).is_err(), "{never_written}");
    }
}

#[test]
fn a_newer_format_is_refused_before_its_content_is_looked_at() {
    let text = br#"{"format_version": 3, "shape": "of things to come"}"#;
    let error = read_back::<State>(text).unwrap_err();
    assert!(matches!(error, StateError::NewerFormat { found: 3, known: 2, .. }), "{error}");
    assert!(error.help().contains("newer"));
}

#[test]
fn what_lost_its_checksum_or_its_content_is_damaged() {
    let whole = String::from_utf8(file(&sample::state())).unwrap();
    let changed = whole.replacen("\"serial\": 3", "\"serial\": 4", 1);
    let error = read_back::<State>(changed.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("its checksum does not fit"), "{error}");
    assert!(error.help().contains("backup"), "{}", error.help());
    // A file that claims an older version does not get around the checksum.
    let older = changed.replacen("\"format_version\": 2", "\"format_version\": 1", 1);
    assert!(matches!(read_back::<State>(older.as_bytes()), Err(StateError::Damaged { .. })));
    let none = changed.replacen("\"format_version\": 2", "\"format_version\": 0", 1);
    assert!(matches!(read_back::<State>(none.as_bytes()), Err(StateError::Damaged { .. })));
    for key in ["checksum", "content"] {
        let without = whole.replacen(&format!("\"{key}\""), "\"other\"", 1);
        let error = read_back::<State>(without.as_bytes()).unwrap_err();
        assert!(matches!(error, StateError::Damaged { .. }), "{key}: {error}");
    }
    // A field beside the content would be lost with the next write.
    let more = whole.replacen('{', "{\n\"colour\": \"blue\",", 1);
    let error = read_back::<State>(more.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("colour"), "{error}");
}

#[test]
fn a_file_that_never_was_a_state_is_not_called_damaged() {
    let told = |bytes: &[u8]| from_file(Path::new("kept.json"), bytes).unwrap_err().to_string();
    for (bytes, what) in [
        (b"[project]\nname = \"shop\"\n".to_vec(), "it is not JSON"),
        (b" \n".to_vec(), "it is empty"),
        (
            br#"{"version": 4, "terraform_version": "1.9.0", "serial": 1, "lineage": "a", "resources": []}"#
                .to_vec(),
            "it is JSON of another kind",
        ),
        (
            br#"{"format_version": 1, "digest": "d", "seal": "s", "content": {}}"#.to_vec(),
            "it is a plan file",
        ),
        (file(&sample::revision()), "it is a revision"),
    ] {
        assert_eq!(told(&bytes), format!("`kept.json` is no state: {what}"));
    }
    let whole = file(&sample::state());
    assert!(told(&whole[..whole.len() / 2]).contains("is damaged"));
}

#[test]
fn the_checksum_is_that_of_the_content_as_it_stands_there() {
    let text = String::from_utf8(file(&sample::state())).unwrap();
    let (head, content) = text.split_once("\"content\": ").unwrap();
    let content = content.strip_suffix("\n}\n").unwrap();
    assert!(head.contains(&digest(content)), "{head}");
    // The layout around the content may be another.
    let value: Value = serde_json::from_str(&text).unwrap();
    let compact = format!(r#"{{"content":{content},"format_version":2,"checksum":{}}}"#, value["checksum"]);
    assert_eq!(read_back::<State>(compact.as_bytes()).unwrap(), sample::state());
}

/// The names of a type's fields or variants in serde, from the error with which it refuses another name.
fn names_of<T: DeserializeOwned>(probe: &str) -> BTreeSet<String> {
    let Err(error) = serde_json::from_str::<T>(probe) else { panic!("{probe} was taken") };
    let error = error.to_string();
    assert!(error.contains("unknown field `?`") || error.contains("unknown variant `?`"), "{error}");
    let names: BTreeSet<String> = error.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    names.into_iter().filter(|name| name != "?").collect()
}

#[test]
fn the_page_names_every_field_and_every_kind() {
    const FIELD: &str = r#"{"?": 0}"#;
    const VARIANT: &str = r#""?""#;
    let names = [
        names_of::<State>(FIELD),
        names_of::<Unfinished>(FIELD),
        names_of::<CompletedPlan>(FIELD),
        names_of::<FinishedRun>(FIELD),
        names_of::<StoredResource>(FIELD),
        names_of::<Readiness>(VARIANT),
        names_of::<crate::state::Provenance>(VARIANT),
        names_of::<crate::resource::Applied>(FIELD),
        names_of::<crate::resource::Held>(VARIANT),
        names_of::<Intent>(FIELD),
        names_of::<crate::state::IntentKind>(VARIANT),
        names_of::<JournalLine>(r#"{"record": "?"}"#),
        names_of::<Begin>(FIELD),
        names_of::<Outcome>(r#"{"kind": "?"}"#),
        names_of::<RunEnd>(VARIANT),
        names_of::<Revision>(FIELD),
        names_of::<RevisionHead>(FIELD),
        names_of::<RevisionSummary>(FIELD),
        names_of::<StoredDesired>(FIELD),
        names_of::<StoredOrigin>(FIELD),
        names_of::<crate::resource::Lifecycle>(FIELD),
        names_of::<crate::resource::IgnoreRule>(FIELD),
        names_of::<crate::resource::ReadyRule>(VARIANT),
        names_of::<crate::resource::Expression>(FIELD),
        names_of::<crate::resource::Part>(VARIANT),
        names_of::<crate::resource::Reference>(VARIANT),
        names_of::<crate::resource::Encoding>(VARIANT),
    ];
    let mut wanted: BTreeSet<String> = names.into_iter().flatten().collect();
    // Some types are not in this list, because they allow other keys or are flattened into their line.
    let mut keys = BTreeSet::new();
    for text in [file(&sample::state()), file(&sample::revision())] {
        keys_of(&serde_json::from_slice(&text).unwrap(), &mut keys);
    }
    for value in [json!(sample::lock()), json!(sample::index()), json!(sample::newest())] {
        keys_of(&value, &mut keys);
    }
    keys_of(&serde_json::from_slice(&file(&sample::values())).unwrap(), &mut keys);
    for line in String::from_utf8(sample::journal()).unwrap().lines() {
        keys_of(&serde_json::from_str(line.split_once(' ').unwrap().1).unwrap(), &mut keys);
    }
    wanted.extend(keys);
    let missing: Vec<&String> = wanted.iter().filter(|name| !PAGE.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/state-format.md does not name {missing:?}");
}

/// All keys that are names of fields. Keys that are data have a character that no name has.
fn keys_of(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, below) in map {
                if !key.contains(['.', '/', '[']) {
                    found.insert(key.clone());
                }
                // The page does not describe the fields of objects in the cluster.
                if key != "object" && key != "fields" {
                    keys_of(below, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys_of(item, found)),
        _ => {}
    }
}
