//! Facts by field path. A path without a fact has that of its nearest ancestor.

use std::collections::BTreeMap;

use super::FieldPath;

/// What is known of single fields of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathMap<T>(BTreeMap<FieldPath, T>);

impl<T> Default for PathMap<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> PathMap<T> {
    /// Notes a fact; the last one for a path holds.
    pub fn insert(&mut self, path: FieldPath, fact: T) {
        self.0.insert(path, fact);
    }

    /// Notes a fact that holds for all below the path too, whatever was noted there.
    pub fn cover(&mut self, path: FieldPath, fact: T) {
        self.0.retain(|other, _| !path.contains(other));
        self.0.insert(path, fact);
    }

    /// The fact for exactly this path.
    pub fn get(&self, path: &FieldPath) -> Option<&T> {
        self.0.get(path)
    }

    /// Forgets the fact for exactly this path.
    pub fn remove(&mut self, path: &FieldPath) -> Option<T> {
        self.0.remove(path)
    }

    /// The fact for this path or, without one, for its nearest ancestor.
    pub fn nearest(&self, path: &FieldPath) -> Option<&T> {
        if self.is_empty() {
            return None;
        }
        let steps = path.segments();
        (0..=steps.len()).rev().find_map(|depth| self.0.get(&steps[..depth]))
    }

    /// Whether there is a fact for this path, above it or below it.
    pub fn touches(&self, path: &FieldPath) -> bool {
        self.nearest(path).is_some() || self.0.keys().any(|other| path.contains(other))
    }

    /// All facts, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&FieldPath, &T)> {
        self.0.iter()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> FromIterator<(FieldPath, T)> for PathMap<T> {
    fn from_iter<I: IntoIterator<Item = (FieldPath, T)>>(facts: I) -> Self {
        Self(facts.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_without_a_fact_takes_the_nearest_ancestors() {
        let path = |text: &str| text.parse::<FieldPath>().unwrap();
        let map: PathMap<u8> =
            [(FieldPath::root(), 0), (path("spec"), 1), (path("spec.a.b"), 2)].into_iter().collect();
        assert_eq!(map.nearest(&path("spec.a.b.c")), Some(&2));
        assert_eq!(map.nearest(&path("spec.a")), Some(&1));
        assert_eq!(map.nearest(&path("metadata.name")), Some(&0));
        assert!(map.touches(&path("spec.a")));
    }
}
