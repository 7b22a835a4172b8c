//! Which tables a file may have at its top, each with its schema.

use serde_json::Value;

use super::model::BlockSchema;
use super::tables::{
    ClusterTable, ImportTable, LifecycleTable, MovedTable, OutputTable, ProjectTable, RemovedTable,
    StateTable, VariableTable,
};

/// Tables at the top of which there is one. The others, but for the lists, are tables of blocks by name.
pub(super) const SINGLE_TABLES: &[&str] = &["project", "cluster", "state"];

/// The table of the outputs: `[output.NAME]`.
pub(super) const OUTPUT: &str = "output";

/// Lists of tables at the top: `[[moved]]`.
pub(super) const LISTS: &[&str] = &["moved", "removed", "import"];

/// The schemas of everything that can stand at the top of a file.
#[derive(Debug)]
pub(super) struct Outline<'s> {
    own: Vec<(&'static str, Value)>,
    /// The schema of `lifecycle` in a block.
    pub(super) lifecycle: Value,
    blocks: &'s [BlockSchema],
}

impl<'s> Outline<'s> {
    /// Our own tables and these types of blocks.
    pub(super) fn new(blocks: &'s [BlockSchema]) -> Self {
        let own = vec![
            ("project", schemars::schema_for!(ProjectTable).to_value()),
            ("cluster", schemars::schema_for!(ClusterTable).to_value()),
            ("state", schemars::schema_for!(StateTable).to_value()),
            ("variable", schemars::schema_for!(VariableTable).to_value()),
            (OUTPUT, schemars::schema_for!(OutputTable).to_value()),
            ("moved", schemars::schema_for!(MovedTable).to_value()),
            ("import", schemars::schema_for!(ImportTable).to_value()),
            ("removed", schemars::schema_for!(RemovedTable).to_value()),
        ];
        Self { own, lifecycle: schemars::schema_for!(LifecycleTable).to_value(), blocks }
    }

    /// The types of blocks.
    pub(super) fn blocks(&self) -> &'s [BlockSchema] {
        self.blocks
    }

    /// The type of block with this name.
    pub(super) fn block(&self, kind: &str) -> Option<&'s BlockSchema> {
        self.blocks.iter().find(|block| block.kind == kind)
    }

    /// Our own tables, by name.
    pub(super) fn own(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.own.iter().map(|(name, schema)| (*name, schema))
    }

    /// The schema of a single table, or of one block of this type.
    pub(super) fn schema_of(&self, kind: &str) -> Option<&Value> {
        let own = self.own().find(|(name, _)| *name == kind).map(|(_, schema)| schema);
        own.or_else(|| self.block(kind).map(|block| &block.schema))
    }

    /// Keys of a block of this type of which only one may stand.
    pub(super) fn alternatives_of(&self, kind: &str) -> &'s [&'static [&'static str]] {
        self.block(kind).map_or(&[], |block| block.alternatives)
    }

    /// Every name that a table at the top may have.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.own.iter().map(|(name, _)| *name).chain(self.blocks.iter().map(|block| block.kind))
    }
}
