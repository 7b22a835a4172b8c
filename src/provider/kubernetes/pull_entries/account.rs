//! What a `ServiceAccount` says of the entries in its `imagePullSecrets`, and the steps that change them.

use serde_json::{Map, Value, json};

use crate::kubernetes::marks::PULL_ENTRIES;
use crate::provider::kubernetes::ownership;
use crate::resource::{Live, Ownership, PullEntry, Stamp, digest};

/// What becomes of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) enum Edit<'a> {
    /// It is there, with these marks.
    Put(&'a Map<String, Value>),
    /// It is not there.
    Take,
}

/// The entry as an object; `None` where the account does not have it.
pub(super) fn entry(account: &Value, entry: &PullEntry) -> Option<Live> {
    position(account, &entry.secret)?;
    let marks = notes(account).remove(&entry.secret);
    let uid = format!("{}/{}", ownership::stamp(account).uid, entry.secret);
    let version = digest(&marks.clone().unwrap_or_default().to_string());
    let mut object = entry.object();
    if let Some(marks) = marks {
        object["metadata"]["annotations"] = marks;
    }
    Some(Live { object, stamp: Stamp { uid, version }, ownership: Ownership::default() })
}

/// All entries of an account that are there and have marks.
pub(super) fn marked_entries(account: &Value) -> Vec<(PullEntry, Live)> {
    let text = |key: &str| account.pointer(&format!("/metadata/{key}")).and_then(Value::as_str);
    let (Some(namespace), Some(name)) = (text("namespace"), text("name")) else { return Vec::new() };
    let entries = notes(account).into_iter().map(|(secret, _)| PullEntry {
        namespace: namespace.to_owned(),
        account: name.to_owned(),
        secret,
    });
    entries.filter_map(|wanted| Some((wanted.clone(), entry(account, &wanted)?))).collect()
}

/// The marks in an object of ours.
pub(super) fn marks(object: &Value) -> Map<String, Value> {
    object.pointer("/metadata/annotations").and_then(Value::as_object).cloned().unwrap_or_default()
}

/// The patch that does this to one entry and leaves all others; `None` where it is done already.
///
/// An old version that is written is the 409 of every lost race, a `test` that fails a 422 like many others.
pub(super) fn patch(account: &Value, entry: &PullEntry, edit: Edit<'_>) -> Option<Value> {
    let at = position(account, &entry.secret);
    let mut noted = notes(account);
    let mut steps = Vec::new();
    match (edit, at) {
        (Edit::Put(_), None) => steps.push(addition(account, &entry.secret)),
        (Edit::Take, Some(at)) => {
            let path = format!("/imagePullSecrets/{at}");
            steps.push(json!({"op": "test", "path": format!("{path}/name"), "value": entry.secret}));
            steps.push(json!({"op": "remove", "path": path}));
        }
        (Edit::Put(_), Some(_)) | (Edit::Take, None) => {}
    }
    let before = match edit {
        Edit::Put(marks) => noted.insert(entry.secret.clone(), Value::Object(marks.clone())),
        Edit::Take => noted.remove(&entry.secret),
    };
    if before.as_ref() != noted.get(&entry.secret) {
        steps.extend(note_steps(account, &noted));
    }
    if steps.is_empty() {
        return None;
    }
    let stamp = ownership::stamp(account);
    let guards = [
        json!({"op": "test", "path": "/metadata/uid", "value": stamp.uid}),
        json!({"op": "replace", "path": "/metadata/resourceVersion", "value": stamp.version}),
    ];
    Some(guards.into_iter().chain(steps).collect())
}

/// Where the entry stands in the list.
fn position(account: &Value, secret: &str) -> Option<usize> {
    let list = account.get("imagePullSecrets")?.as_array()?;
    list.iter().position(|item| item.get("name").and_then(Value::as_str) == Some(secret))
}

fn addition(account: &Value, secret: &str) -> Value {
    let item = json!({"name": secret});
    match account.get("imagePullSecrets") {
        Some(Value::Array(_)) => json!({"op": "add", "path": "/imagePullSecrets/-", "value": item}),
        _ => json!({"op": "add", "path": "/imagePullSecrets", "value": [item]}),
    }
}

/// The marks of our entries, by the name of the Secret. A note that cannot be read counts as none.
fn notes(account: &Value) -> Map<String, Value> {
    let note = account.pointer("/metadata/annotations").and_then(|notes| notes.get(PULL_ENTRIES));
    let text = note.and_then(Value::as_str).unwrap_or_default();
    serde_json::from_str(text).unwrap_or_default()
}

/// The steps that write the note, or take it away with the last entry.
fn note_steps(account: &Value, noted: &Map<String, Value>) -> Vec<Value> {
    let annotations = account.pointer("/metadata/annotations").and_then(Value::as_object);
    let path = format!("/metadata/annotations/{}", PULL_ENTRIES.replace('/', "~1"));
    if noted.is_empty() {
        let is_there = annotations.is_some_and(|annotations| annotations.contains_key(PULL_ENTRIES));
        return is_there.then(|| json!({"op": "remove", "path": path})).into_iter().collect();
    }
    let table =
        annotations.is_none().then(|| json!({"op": "add", "path": "/metadata/annotations", "value": {}}));
    let text = Value::Object(noted.clone()).to_string();
    table.into_iter().chain([json!({"op": "add", "path": path, "value": text})]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> PullEntry {
        PullEntry { namespace: "a".into(), account: "default".into(), secret: "pull".into() }
    }

    fn account(list: &Value, annotations: &Value) -> Value {
        json!({"metadata": {"uid": "u", "resourceVersion": "7", "annotations": annotations},
               "imagePullSecrets": list})
    }

    fn ours() -> Map<String, Value> {
        json!({"regplan.dev/project": "p"}).as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn an_entry_is_added_behind_those_of_others_and_taken_from_among_them() {
        let before = account(&json!([{"name": "theirs"}]), &Value::Null);
        let steps = patch(&before, &wanted(), Edit::Put(&ours())).unwrap();
        assert_eq!(steps[1], json!({"op": "replace", "path": "/metadata/resourceVersion", "value": "7"}));
        assert_eq!(steps[2], json!({"op": "add", "path": "/imagePullSecrets/-", "value": {"name": "pull"}}));
        assert_eq!(steps[3]["path"], "/metadata/annotations");
        let note = json!({"regplan.dev/image-pull-secrets": steps[4]["value"]});
        let after = account(&json!([{"name": "theirs"}, {"name": "pull"}, {"name": "last"}]), &note);
        assert_eq!(entry(&after, &wanted()).unwrap().annotation("regplan.dev/project"), Some("p"));
        assert_eq!(patch(&after, &wanted(), Edit::Put(&ours())), None, "it is as it should be");
        let steps = patch(&after, &wanted(), Edit::Take).unwrap();
        assert_eq!(steps[2], json!({"op": "test", "path": "/imagePullSecrets/1/name", "value": "pull"}));
        assert_eq!(steps[3], json!({"op": "remove", "path": "/imagePullSecrets/1"}));
        assert_eq!(
            steps[4],
            json!({"op": "remove", "path": "/metadata/annotations/regplan.dev~1image-pull-secrets"})
        );
    }

    #[test]
    fn what_others_added_has_no_marks_and_what_they_took_is_gone() {
        let theirs = account(&json!([{"name": "pull"}]), &Value::Null);
        assert_eq!(entry(&theirs, &wanted()).unwrap().annotation("regplan.dev/project"), None);
        let note = json!({"regplan.dev/image-pull-secrets": "{\"pull\":{\"regplan.dev/project\":\"p\"}}"});
        assert_eq!(entry(&account(&Value::Null, &note), &wanted()), None);
        let steps = patch(&account(&Value::Null, &note), &wanted(), Edit::Put(&ours())).unwrap();
        assert_eq!(steps[2], json!({"op": "add", "path": "/imagePullSecrets", "value": [{"name": "pull"}]}));
        assert_eq!(steps.as_array().unwrap().len(), 3, "the note is as it should be");
    }
}
