//! The values of outputs, by what was read.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::model::{Missing, OutputContent, OutputValue};
use super::select::{Selection, addresses, known, not_applied};
use crate::blocks::CompiledOutput;
use crate::graph::Graph;
use crate::kubernetes::secret_data;
use crate::plan::{self, Unresolvable};
use crate::resource::{Address, FieldPath, Live, Reading};
use crate::state::State;

/// What outputs are evaluated by.
#[derive(Debug)]
pub struct Evaluation<'a> {
    /// What is desired.
    pub graph: &'a Graph,
    /// What was applied.
    pub state: &'a State,
    /// What was read.
    pub readings: HashMap<Address, Reading>,
}

impl Evaluation<'_> {
    /// An output, with its value where that is known and wanted.
    pub fn value(&self, output: &CompiledOutput, selection: &Selection) -> OutputValue {
        let CompiledOutput { name, description, sensitive, .. } = output;
        let content =
            if selection.withholds(output) { OutputContent::Withheld } else { self.content(output) };
        OutputValue {
            name: name.clone(),
            description: description.clone(),
            sensitive: *sensitive,
            of_file: output.is_of_file(),
            content,
        }
    }

    fn content(&self, output: &CompiledOutput) -> OutputContent {
        if let Some(reason) = &output.unknown {
            return OutputContent::Missing(Missing::Unknown(reason.clone()));
        }
        if let Some(address) = not_applied(output, self.graph, self.state) {
            return OutputContent::Missing(Missing::NotApplied(address));
        }
        // What cannot be read is told before what is not there.
        let unreadable =
            addresses(output, self.graph).find_map(|address| match self.readings.get(&address)? {
                Reading::Unreadable(problem) => Some(problem.clone()),
                Reading::Present(_) | Reading::Absent => None,
            });
        if let Some(problem) = unreadable {
            return OutputContent::Unreadable(problem);
        }
        match self.resolved(output) {
            Ok(value) => OutputContent::Known(value),
            Err(missing) => OutputContent::Missing(*missing),
        }
    }

    /// The whole value, or the first thing that it lacks.
    fn resolved(&self, output: &CompiledOutput) -> Result<Value, Box<Missing>> {
        let mut value = output.value.clone();
        for (path, expression) in output.unresolved.iter() {
            let is_there = |address: &Address| self.graph.get(address).is_some();
            let look_up =
                |address: &Address, path: &FieldPath| path.get(&self.live(address).ok()?.object).cloned();
            let found =
                plan::resolve(expression, is_there, look_up).map_err(|why| Box::new(self.missing(why)))?;
            if !output.sensitive && self.is_secret(output, &found) {
                return Err(Box::new(Missing::Unmarked));
            }
            if *path == FieldPath::root() {
                value = found;
            } else {
                path.set(&mut value, found);
            }
        }
        Ok(value)
    }

    /// The object that was applied under this address.
    fn live(&self, address: &Address) -> Result<&Arc<Live>, Box<Missing>> {
        let known = self.graph.get(address).and_then(|desired| known(self.state, desired));
        match (self.readings.get(address), known) {
            (Some(Reading::Present(live)), Some(known)) if known.uid != live.stamp.uid => {
                Err(Box::new(Missing::Remade(address.clone())))
            }
            (Some(Reading::Present(live)), _) => Ok(live),
            (_, Some(_)) => Err(Box::new(Missing::Gone(address.clone()))),
            (_, None) => Err(Box::new(Missing::NotApplied(address.clone()))),
        }
    }

    fn missing(&self, unresolvable: Unresolvable) -> Missing {
        match unresolvable {
            Unresolvable::Pending(field) => {
                let (address, path) = *field;
                self.live(&address).err().map_or(Missing::Field(address, path), |missing| *missing)
            }
            Unresolvable::Dangling(reference) => Missing::Unknown(format!("`{reference}` leads to nothing")),
        }
    }

    /// Whether an object behind the output says that this value is a secret.
    fn is_secret(&self, output: &CompiledOutput, value: &Value) -> bool {
        let mut addresses = addresses(output, self.graph);
        addresses.any(|address| {
            self.live(&address).is_ok_and(|live| secret_data::holds_secret_of(&live.object, value))
        })
    }
}
