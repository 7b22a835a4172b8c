//! The edges that follow from what objects need of each other.

use std::collections::HashMap;

use super::index::{Index, KnownObject};
use crate::resource::FieldPath;
use crate::resource::dependencies::{Strength, precedes, requires, selects};

/// One object needs another one, each by its number.
#[derive(Debug, Clone)]
pub(super) struct InferredEdge {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The field that says so.
    pub(super) path: FieldPath,
    pub(super) strength: Strength,
    /// The object in between.
    pub(super) through: Option<usize>,
}

/// All edges between these objects, and how many lists and items were looked at.
pub(super) fn inferred(objects: &[KnownObject<'_>]) -> (Vec<InferredEdge>, usize) {
    let mut index = Index::of(objects);
    let mut edges = Vec::new();
    // The pods behind a Service are looked up once, however many objects need them.
    let mut behind: HashMap<usize, Vec<usize>> = HashMap::new();
    for (from, (identity, object)) in objects.iter().enumerate() {
        for requirement in requires(identity, object) {
            let edge = |to, through| InferredEdge {
                from,
                to,
                path: requirement.path.clone(),
                strength: requirement.strength,
                through,
            };
            for giver in index.select(&requirement.needs) {
                if giver != from {
                    edges.push(edge(giver, None));
                }
                if !requirement.through {
                    continue;
                }
                let selected = behind.entry(giver).or_insert_with(|| {
                    let (identity, object) = objects[giver];
                    selects(identity, object).map(|pods| index.select(&pods)).unwrap_or_default()
                });
                edges.extend(selected.iter().filter(|&&to| to != from).map(|&to| edge(to, Some(giver))));
            }
        }
        let Some((followers, path)) = precedes(identity, object) else { continue };
        let followers = index.select(&followers).into_iter().filter(|&follower| follower != from);
        edges.extend(followers.map(|follower| InferredEdge {
            from: follower,
            to: from,
            path: path.clone(),
            strength: Strength::Useful,
            through: None,
        }));
    }
    (edges, index.steps)
}

/// What each of these objects stands on, as pairs of numbers: the first needs the second.
pub fn needs(objects: &[KnownObject<'_>]) -> Vec<(usize, usize)> {
    inferred(objects).0.into_iter().map(|edge| (edge.from, edge.to)).collect()
}
