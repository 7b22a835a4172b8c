//! What belongs to a state, and moves with it: as the library reads it, and as the commands show it.

use std::collections::BTreeMap;

use regplan::state::{Backend, Identities, Revision, SecretValues, State, StateError};
use serde_json::Value;

use crate::harness::{Project, block_on};

/// The state with all that is kept beside it, as it is read at a place.
#[derive(PartialEq)]
pub(super) struct Belongings {
    state: State,
    revisions: Vec<Revision>,
    /// The revisions whose secret values are kept.
    with_values: Vec<u64>,
    /// The key of plan files.
    key: String,
}

impl Belongings {
    /// Those at this place. Fails where one of them cannot be read.
    #[track_caller]
    pub(super) fn at(place: &dyn Backend, context: &str) -> Self {
        let name = place.place();
        let read = block_on(Self::read(place));
        let read = read.unwrap_or_else(|error| panic!("{context}: {}: {error}", name.display()));
        read.unwrap_or_else(|| panic!("{context}: {} has no state, or no key", name.display()))
    }

    async fn read(place: &dyn Backend) -> Result<Option<Self>, StateError> {
        let (Some(state), Some(key)) = (place.load().await?, place.key().await?) else { return Ok(None) };
        let (mut revisions, mut with_values) = (Vec::new(), Vec::new());
        for number in place.revisions().await? {
            revisions.push(place.revision(number).await?);
            with_values.extend(place.values(number).await?.map(|values| values.revision));
        }
        Ok(Some(Self { state, revisions, with_values, key: key.to_hex() }))
    }

    /// Fails unless these are the same.
    #[track_caller]
    pub(super) fn are(&self, before: &Self, context: &str) {
        assert!(self.state == before.state, "{context}: the state is another one");
        assert!(self.revisions == before.revisions, "{context}: the revisions are not the same");
        assert_eq!(self.with_values, before.with_values, "{context}: other revisions have values");
        assert!(self.key == before.key, "{context}: the key of plan files is another one");
    }

    /// How many revisions there are, each of them with its secret values.
    #[track_caller]
    pub(super) fn count(&self) -> usize {
        assert_eq!(self.with_values.len(), self.revisions.len(), "each revision has values");
        self.revisions.len()
    }
}

/// The secret values of each revision.
#[track_caller]
pub(super) fn values(place: &dyn Backend, identities: &Identities) -> BTreeMap<u64, SecretValues> {
    let numbers = block_on(place.revisions()).unwrap();
    let opened = |number: u64| {
        let values = block_on(place.values(number)).unwrap()?;
        Some((number, values.open(Some(identities)).unwrap()))
    };
    numbers.into_iter().filter_map(opened).collect()
}

/// What the commands say of the state where this file of the project says that it is: `history`, `show` of each revision,
/// `state pull`.
#[track_caller]
pub(super) fn shown(project: &Project<'_>, file: &str) -> Vec<Value> {
    let say = |args: &[&str]| {
        let args = ["-f", file].into_iter().chain(args.iter().copied());
        project.run(args).success().json()
    };
    let history = say(&["history", "--format", "json"])["revisions"].clone();
    let numbers: Vec<String> =
        history.as_array().unwrap().iter().map(|revision| revision["number"].to_string()).collect();
    let revisions = numbers.iter().map(|number| say(&["show", number, "--format", "json"]));
    let pulled = say(&["state", "pull"]);
    std::iter::once(history.clone()).chain(revisions).chain([pulled]).collect()
}
