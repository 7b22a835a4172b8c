//! The values that a change is bound to: those that it sends, and those that the object holds in the same fields.
//!
//! They are the same whoever makes the plan: what a server would answer is not among them. Each value stands as a
//! digest, and what nobody may see as something that its caller makes of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan::diff::compare::keyed;
use crate::plan::diff::field_changes::leaves;
use crate::plan::diff::sensitive_fields::SensitiveFields;
use crate::plan::model::change::Change;
use crate::resource::{Desired, FieldPath, digest};

/// The value of a field, in a form that can be compared and shows nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Content {
    /// A known value, as its digest.
    Digest(String),
    /// A reference to a field of another resource.
    Reference {
        /// The reference as it is written in the configuration.
        expression: String,
        /// The digest of its value; `None` where that is known only after apply.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// A value that the run generates.
    Made,
    /// There is no value.
    Absent,
}

/// Finds the values that a change is bound to.
#[derive(Debug)]
pub struct BoundValues<'a, S> {
    change: &'a Change,
    of_secret: S,
}

impl<'a, S: Fn(&FieldPath, &Value) -> String> BoundValues<'a, S> {
    /// Those of this change; `of_secret` says what stands for a value that nobody may see.
    pub fn new(change: &'a Change, of_secret: S) -> Self {
        Self { change, of_secret }
    }

    /// The values that are sent.
    pub fn sent(&self) -> BTreeMap<FieldPath, Content> {
        let (Some(desired), Some(sent)) = (self.change.desired.as_deref(), &self.change.send) else {
            return BTreeMap::new();
        };
        let sensitive_fields = SensitiveFields::new(desired, sent);
        let hold = |path: &FieldPath, value: &Value| self.digest(&sensitive_fields, path, value);
        let mut found = special(desired, sent, hold);
        let mut all = leaves(sent);
        all.retain(|(path, _)| !found.keys().any(|special| special.contains(path)));
        for (path, value) in all {
            // A schema is bound as a whole: it has thousands of fields.
            let schema = self
                .change
                .schema_above(&path)
                .filter(|schema| !found.keys().any(|one| schema.contains(one) && one != schema));
            let (path, value) = match schema.as_ref().and_then(|schema| Some((schema, schema.get(sent)?))) {
                Some((schema, _)) if found.contains_key(schema) => continue,
                Some((schema, whole)) => (schema.clone(), whole),
                None => (path, value),
            };
            let content = Content::Digest(hold(&path, value));
            found.insert(path, content);
        }
        found
    }

    /// The values that the object holds in these fields; none where there is no object.
    pub fn held(&self, paths: impl IntoIterator<Item = FieldPath>) -> BTreeMap<FieldPath, Content> {
        let (Some(desired), Some(live)) = (self.change.desired.as_deref(), &self.change.prior) else {
            return BTreeMap::new();
        };
        let sensitive_fields = SensitiveFields::new(desired, &live.object);
        let content = |path: FieldPath| {
            let content = path.get(&live.object).map_or(Content::Absent, |value| {
                Content::Digest(self.digest(&sensitive_fields, &path, value))
            });
            (path, content)
        };
        paths.into_iter().map(content).collect()
    }

    fn digest(&self, sensitive_fields: &SensitiveFields<'_>, path: &FieldPath, value: &Value) -> String {
        if sensitive_fields.hides(path) { (self.of_secret)(path, value) } else { digest(&value.to_string()) }
    }
}

/// The fields whose values have no digest of their own: references, and what the run generates.
fn special(
    desired: &Desired,
    sent: &Value,
    hold: impl Fn(&FieldPath, &Value) -> String,
) -> BTreeMap<FieldPath, Content> {
    let named = |path: &FieldPath| keyed(&desired.object, path);
    let references = desired.unresolved.iter().filter_map(|(path, expression)| {
        let named = named(path);
        let value = named.get(sent)?;
        // The plan has put in every value that it knew. Where the text of the reference is still there, it
        // did not.
        let is_open = Some(value) == path.get(&desired.object);
        let value = (!is_open).then(|| hold(&named, value));
        Some((named, Content::Reference { expression: expression.to_string(), value }))
    });
    let made = desired.fresh.iter().map(|(path, ())| named(path)).filter(|path| path.get(sent).is_some());
    references.chain(made.map(|path| (path, Content::Made))).collect()
}
