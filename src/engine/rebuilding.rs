//! Makes a lost state anew from the annotations of the objects.

use std::collections::BTreeMap;

use super::{Error, Workspace};
use crate::provider::{Marked, MarkedObjects};
use crate::resource::{Address, Identity, SentObject, Target};
use crate::state::{Lineage, Provenance, State, Store, StoredResource};

/// What a rebuild adds to the state: the address of each object, and the object.
pub type Additions = BTreeMap<Address, Marked>;

impl Workspace<Store> {
    /// Everything in the cluster, and in the houses beside it, that carries the marks of this project, of whatever lineage.
    ///
    /// # Errors
    /// Not even the kinds can be found out.
    pub async fn find_marked(&self) -> Result<MarkedObjects, Error> {
        Ok(self.provider.all_marked(&self.project.config.project).await?)
    }

    /// The objects of a lineage that the state does not know. An address that is taken already is told apart by its
    /// object.
    pub fn additions<'m>(&self, found: impl IntoIterator<Item = &'m Marked>, lineage: &Lineage) -> Additions {
        additions(self.state.state(), found, &lineage.to_string())
    }

    /// Adds these objects to the state. Of what was applied to them there is no record: the next plan compares them
    /// with the configuration, and makes it.
    ///
    /// # Errors
    /// The state exists and has another lineage, or it cannot be written.
    pub async fn rebuild(&mut self, lineage: &Lineage, additions: &Additions) -> Result<(), Error> {
        self.state.assume_lineage(lineage)?;
        let cluster = self.cluster.clone();
        let change = |state: &mut State| {
            state.pin_cluster(&cluster);
            for (address, marked) in additions {
                let target = Target { identity: marked.identity.clone(), version: None };
                let resource = StoredResource {
                    protect: marked.protect,
                    found: marked.object.as_ref().map(SentObject::new),
                    ..StoredResource::new(target, marked.uid.clone(), Provenance::Rebuilt)
                };
                state.resources.insert(address.clone(), resource);
            }
        };
        Ok(self.state.edit(change).await?)
    }
}

fn additions<'m>(state: &State, found: impl IntoIterator<Item = &'m Marked>, lineage: &str) -> Additions {
    let is_known = |identity: &Identity| state.resources.values().any(|known| known.identity == *identity);
    let mut additions = Additions::new();
    for marked in found {
        let identity = &marked.identity;
        if marked.lineage.as_deref() != Some(lineage) || is_known(identity) {
            continue;
        }
        // An address that somebody has damaged leads to none.
        let named = marked.address.as_ref().and_then(|address| address.parse::<Address>().ok());
        let Some(named) = named else { continue };
        let is_taken = state.resources.contains_key(&named) || additions.contains_key(&named);
        let address = if is_taken { Address::object(named.block, identity, None) } else { named };
        additions.insert(address, marked.clone());
    }
    additions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(name: &str, lineage: &str, address: &str) -> Marked {
        Marked {
            identity: Identity::namespaced("", "ConfigMap", "a", name),
            uid: format!("uid-{name}"),
            project: "p".into(),
            lineage: Some(lineage.into()),
            address: Some(address.into()),
            protect: false,
            object: None,
        }
    }

    #[test]
    fn only_what_is_of_the_lineage_and_not_known_is_added_and_nothing_twice() {
        let mut state = State::new("p");
        let known = marked("known", "l", "resource.known");
        let target = Target { identity: known.identity.clone(), version: None };
        let resource = StoredResource::new(target, "u", Provenance::Created);
        state.resources.insert("resource.known".parse().unwrap(), resource);
        let found = [
            known,
            marked("new", "l", "resource.new"),
            marked("older", "l", "resource.new"),
            marked("foreign", "m", "resource.foreign"),
            marked("odd", "l", "no address at all"),
        ];
        let added: Vec<String> = additions(&state, &found, "l").keys().map(ToString::to_string).collect();
        assert_eq!(added, ["resource.new", "resource.new/ConfigMap/a/older"]);
    }
}
