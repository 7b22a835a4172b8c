//! Which objects give a facility: looked up, instead of comparing every object with every other.

use std::collections::HashMap;

use serde_json::Value;

use crate::resource::Identity;
use crate::resource::dependencies::{Facility, Selection, provides};

/// An object, with what it is.
pub type KnownObject<'a> = (&'a Identity, &'a Value);

/// The objects (by number) that give a facility, in ascending order.
#[derive(Debug, Default)]
pub(super) struct Index {
    givers: HashMap<Facility, Vec<usize>>,
    /// How many lists and items were looked at, for a test that limits it.
    pub(super) steps: usize,
}

impl Index {
    /// The index of these objects, each by its place.
    pub(super) fn of(objects: &[KnownObject<'_>]) -> Self {
        let mut index = Self::default();
        for (number, (identity, object)) in objects.iter().enumerate() {
            index.add(number, provides(identity, object));
        }
        index
    }

    /// Notes what an object gives. Objects come in ascending order.
    fn add(&mut self, object: usize, given: impl IntoIterator<Item = Facility>) {
        for facility in given {
            let givers = self.givers.entry(facility).or_default();
            if givers.last() != Some(&object) {
                givers.push(object);
            }
        }
    }

    /// The objects that a selection means, in ascending order. Only the givers of its rarest group are
    /// looked at.
    pub(super) fn select(&mut self, selection: &Selection) -> Vec<usize> {
        let size = |group: &&Vec<Facility>| group.iter().map(|facility| self.givers_of(facility).len()).sum();
        let rarest = selection.all_of.iter().min_by_key(|group| -> usize { size(group) });
        let Some(rarest) = rarest else { return Vec::new() };
        let mut found: Vec<usize> =
            rarest.iter().flat_map(|facility| self.givers_of(facility)).copied().collect();
        if rarest.len() > 1 {
            found.sort_unstable();
            found.dedup();
        }
        let looks: usize = selection.all_of.iter().map(Vec::len).sum::<usize>() + selection.none_of.len();
        let candidates = found.len();
        if looks > 1 {
            let gives =
                |object: usize, facility: &Facility| self.givers_of(facility).binary_search(&object).is_ok();
            found.retain(|&object| {
                let fits = |group: &Vec<Facility>| {
                    std::ptr::eq(group, rarest) || group.iter().any(|facility| gives(object, facility))
                };
                selection.all_of.iter().all(fits)
                    && !selection.none_of.iter().any(|facility| gives(object, facility))
            });
        }
        self.steps += looks * (1 + candidates);
        found
    }

    fn givers_of(&self, facility: &Facility) -> &[usize] {
        self.givers.get(facility).map_or(&[], Vec::as_slice)
    }
}
