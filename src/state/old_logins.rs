//! Logins in the URLs of DNS services. The configuration refuses them, and took them once: then they stand in what was written.
//!
//! They are taken out where a file is read. So nobody is told of them, the same URL without its login is the same place, and
//! the next write leaves them out.

use std::sync::Arc;

use serde_json::Value;

use super::journal::Outcome;
use super::model::State;
use super::revision::Revision;
use super::stored_resource::StoredResource;
use crate::config::without_login;
use crate::resource::record_set::RECORDS_GROUP;
use crate::resource::{FieldPath, Held, Identity, SentObject};

/// Where such a URL stands in a record set.
const URLS: [[&str; 3]; 2] = [["spec", "cloudflare", "url"], ["spec", "digitalocean", "url"]];

/// Takes them out of all that a state remembers.
pub(super) fn leave_state(state: &mut State) {
    state.resources.values_mut().for_each(leave_resource);
}

/// Takes them out of all that a revision remembers.
pub(super) fn leave_revision(revision: &mut Revision) {
    leave_state(&mut revision.state);
    for desired in revision.desired.values_mut() {
        if Identity::of(&desired.object).is_some_and(|identity| identity.group == RECORDS_GROUP) {
            leave_object(&mut desired.object);
        }
    }
}

/// Takes them out of what a line of a journal says.
pub(super) fn leave_outcome(outcome: &mut Outcome) {
    match outcome {
        Outcome::Written { resource } | Outcome::Moved { resource, .. } => leave_resource(resource),
        Outcome::Ready | Outcome::Deleted { .. } | Outcome::Forgotten { .. } | Outcome::Failed { .. } => {}
    }
}

fn leave_resource(resource: &mut StoredResource) {
    if resource.identity.group != RECORDS_GROUP {
        return;
    }
    resource.found.iter_mut().for_each(leave_sent);
    let Some(applied) = resource.applied.as_mut().map(Arc::make_mut) else { return };
    applied.sent_object.iter_mut().for_each(leave_sent);
    for keys in URLS {
        if let Some(Held::Value(value)) = applied.fields.get_mut(&FieldPath::keys(keys).to_string()) {
            leave_url(value);
        }
    }
}

fn leave_sent(sent: &mut SentObject) {
    let Ok(mut object) = sent.object() else { return };
    leave_object(&mut object);
    *sent = SentObject::new(&object);
}

fn leave_object(object: &mut Value) {
    for keys in URLS {
        if let Some(value) = FieldPath::keys(keys).get_mut(object) {
            leave_url(value);
        }
    }
}

fn leave_url(value: &mut Value) {
    if let Value::String(url) = value {
        *url = without_login(url);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::test_support::{file, place};
    use super::super::{format, sample};
    use super::*;
    use crate::resource::Applied;
    use crate::resource::record_set::RECORDS_API_VERSION;

    fn object(way: &str, url: &str) -> Value {
        json!({"apiVersion": RECORDS_API_VERSION, "kind": "RecordSet", "metadata": {"name": "r.example.com"},
               "spec": {"zone": "example.com", way: {"url": url}}})
    }

    fn resource(way: &str, url: &str) -> StoredResource {
        let sent = SentObject::new(&object(way, url));
        let field = (format!("spec.{way}.url"), Held::Value(url.into()));
        StoredResource {
            identity: Identity::of(&object(way, url)).unwrap(),
            found: Some(sent.clone()),
            applied: Some(Arc::new(Applied {
                sent_object: Some(sent),
                fields: [field].into(),
                ..Applied::default()
            })),
            ..sample::state().resources.into_values().next().unwrap()
        }
    }

    fn revision(way: &str, url: &str) -> Revision {
        let mut revision = sample::revision();
        revision.state.resources.values_mut().for_each(|one| *one = resource(way, url));
        revision.desired.values_mut().for_each(|one| one.object = object(way, url));
        revision
    }

    #[test]
    fn what_is_read_has_no_login() {
        for way in ["cloudflare", "digitalocean"] {
            let written = revision(way, "https://me:hunter2@api.example.com/v4");
            let open = revision(way, "https://api.example.com/v4");
            assert_eq!(format::read::<Revision>(&place(), &file(&written)).unwrap(), open);
            assert_eq!(format::read::<State>(&place(), &file(&written.state)).unwrap(), open.state);
            for outcome in [
                |resource| Outcome::Written { resource },
                |resource| Outcome::Moved { from: "dns.a".parse().unwrap(), resource },
            ] {
                let mut line = outcome(Box::new(resource(way, "https://me:hunter2@api.example.com/v4")));
                leave_outcome(&mut line);
                assert_eq!(line, outcome(Box::new(resource(way, "https://api.example.com/v4"))));
            }
        }
    }
}
