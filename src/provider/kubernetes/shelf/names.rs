//! Which objects a state has. All names are fixed, so that rights can name them.

use super::layout::{MOST_CHUNKS, Slot};
use crate::resource::Identity;
use crate::state::{DEFAULT_RETENTION, Item, LAST_PART};

/// Where the states of a cluster are, and which of them is meant.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) namespace: String,
    pub(super) state: String,
}

/// A type of objects that a state is kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ConfigMap,
    Secret,
    Lease,
}

impl Kind {
    pub(super) fn group(self) -> &'static str {
        match self {
            Self::ConfigMap | Self::Secret => "",
            Self::Lease => "coordination.k8s.io",
        }
    }

    pub(super) fn api_version(self) -> &'static str {
        match self {
            Self::ConfigMap | Self::Secret => "v1",
            Self::Lease => "coordination.k8s.io/v1",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
            Self::Lease => "Lease",
        }
    }

    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::ConfigMap => "configmaps",
            Self::Secret => "secrets",
            Self::Lease => "leases",
        }
    }
}

/// One object of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) kind: Kind,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Place {
    pub(super) fn identity(&self) -> Identity {
        Identity::namespaced(self.kind.group(), self.kind.name(), &self.namespace, &self.name)
    }
}

impl Names {
    /// The object of an item: its head, where the content is in chunks.
    pub(super) fn of(&self, item: Item) -> Place {
        let state = &self.state;
        let name = match item {
            Item::Lock => return self.place(Kind::Lease, state.clone()),
            // The revisions go round: the one that comes has the place of the one that goes.
            Item::Revision(number) => format!("{state}.{}", Item::Revision(number % ring())),
            Item::Values(number) => format!("{state}.{}", Item::Values(number % ring())),
            item => format!("{state}.{item}"),
        };
        self.place(if item.is_secret() { Kind::Secret } else { Kind::ConfigMap }, name)
    }

    /// A chunk of an item's content.
    pub(super) fn chunk(&self, item: Item, slot: Slot, index: usize) -> Place {
        let head = self.of(item);
        Place { name: format!("{}.{}.{index}", head.name, slot.letter()), ..head }
    }

    /// The `ConfigMap`s of everything but the secrets.
    pub(super) fn config_maps(&self) -> Vec<String> {
        let whole = [Item::State, Item::Index].into_iter().chain((0..ring()).map(Item::Revision));
        let parts = (0..=LAST_PART).map(Item::Journal);
        let mut names = Vec::new();
        for item in whole.chain(parts) {
            names.push(self.of(item).name);
            if may_be_long(item) {
                let chunks =
                    [Slot::A, Slot::B].into_iter().flat_map(|slot| (0..MOST_CHUNKS).map(move |n| (slot, n)));
                names.extend(chunks.map(|(slot, index)| self.chunk(item, slot, index).name));
            }
        }
        names
    }

    /// The Secrets with the secret values of revisions.
    pub(super) fn values(&self) -> Vec<String> {
        (0..ring()).map(|number| self.of(Item::Values(number)).name).collect()
    }

    /// The Lease, the `ConfigMap`s and the Secrets, whether they are there or not.
    pub(super) fn all(&self) -> Vec<Place> {
        let secrets = self.values().into_iter().chain([self.of(Item::Key).name]);
        let secrets = secrets.map(|name| self.place(Kind::Secret, name));
        let config_maps = self.config_maps().into_iter().map(|name| self.place(Kind::ConfigMap, name));
        config_maps.chain(secrets).chain([self.of(Item::Lock)]).collect()
    }

    fn place(&self, kind: Kind, name: String) -> Place {
        Place { kind, namespace: self.namespace.clone(), name }
    }
}

/// Whether the content of an item may need chunks. A part of a journal is closed long before, and an index is short.
pub(super) fn may_be_long(item: Item) -> bool {
    matches!(item, Item::State | Item::Revision(_))
}

/// How many revisions there are places for.
pub(super) fn ring() -> u64 {
    DEFAULT_RETENTION as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names { namespace: "regplan-state".to_owned(), state: "shop".to_owned() }
    }

    #[test]
    fn every_name_is_known_before_and_none_is_there_twice() {
        let names = names();
        let all = names.config_maps();
        for item in
            [Item::State, Item::Index, Item::Journal(0), Item::Journal(LAST_PART), Item::Revision(4711)]
        {
            assert!(all.contains(&names.of(item).name), "{item}");
        }
        assert!(
            all.contains(&"shop.state.b.7".to_owned()) && all.contains(&"shop.revision-49.a.0".to_owned())
        );
        let mut once = all.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), all.len());
        assert_eq!(names.of(Item::Key).identity().to_string(), "Secret regplan-state/shop.key");
        assert_eq!(names.of(Item::Lock).name, "shop");
    }

    #[test]
    fn a_revision_has_the_place_of_the_one_that_goes() {
        assert_eq!(names().of(Item::Revision(51)), names().of(Item::Revision(1)));
        assert_ne!(names().of(Item::Revision(50)), names().of(Item::Revision(1)));
    }
}
