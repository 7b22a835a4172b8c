//! A house of record sets in memory: the smallest that there can be.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use regplan::provider::{Guard, House, Progress, Until, Verb, Wait, Write, Written};
use regplan::resource::{Live, Ownership, Problem, ProblemKind, Reading, Stamp, Target};
use serde_json::{Value, json};

/// The API group of its objects.
pub(super) const GROUP: &str = "dns.regplan.dev";

/// It keeps `metadata` and `spec`, and no owners of fields. A write puts both in the place of what was there.
#[derive(Default)]
pub(super) struct Records(Mutex<Zone>);

#[derive(Default)]
struct Zone {
    sets: BTreeMap<String, Live>,
    /// Grows with every write, and is the next uid or version.
    clock: u64,
    /// The writes and deletes, in their order.
    log: Vec<String>,
}

impl Zone {
    fn tick(&mut self) -> String {
        self.clock += 1;
        self.clock.to_string()
    }

    /// What a write would leave, if its guard holds.
    fn outcome(&self, write: &Write) -> Result<Live, Problem> {
        let name = &write.target.identity.name;
        let there = self.sets.get(name);
        let stamp = match (&write.guard, there) {
            (Guard::Absent, None) => Stamp { uid: String::new(), version: String::new() },
            (Guard::At(stamp), Some(live)) if live.stamp == *stamp => stamp.clone(),
            _ => return Err(Problem::new(ProblemKind::Conflict, format!("{name} is not as it was"))),
        };
        if write.object.pointer("/spec/values").and_then(Value::as_array).is_none() {
            return Err(Problem::new(ProblemKind::Rejected, "spec.values must be a list"));
        }
        let mut object = json!({"metadata": write.object["metadata"], "spec": write.object["spec"]});
        for key in ["apiVersion", "kind"] {
            object[key] = write.object[key].clone();
        }
        Ok(Live { object, stamp, ownership: Ownership::default() })
    }
}

impl Records {
    /// The `spec` of a record set.
    pub(super) fn spec(&self, name: &str) -> Option<Value> {
        self.0.lock().unwrap().sets.get(name).map(|live| live.object["spec"].clone())
    }

    /// Somebody else changes a record set.
    pub(super) fn edit(&self, name: &str, pointer: &str, value: Value) {
        let mut zone = self.0.lock().unwrap();
        let version = zone.tick();
        let live = zone.sets.get_mut(name).unwrap();
        *live.object.pointer_mut(pointer).unwrap() = value;
        live.stamp.version = version;
    }

    /// The writes and deletes so far.
    pub(super) fn log(&self) -> Vec<String> {
        self.0.lock().unwrap().log.clone()
    }
}

#[async_trait]
impl House for Records {
    async fn read(&self, targets: &[Target]) -> Vec<Reading> {
        let zone = self.0.lock().unwrap();
        let found = targets.iter().map(|target| zone.sets.get(&target.identity.name));
        found
            .map(|live| live.map_or(Reading::Absent, |live| Reading::Present(Arc::new(live.clone()))))
            .collect()
    }

    async fn preview(&self, write: &Write) -> Result<Written, Problem> {
        let live = self.0.lock().unwrap().outcome(write)?;
        Ok(Written { live, warnings: Vec::new() })
    }

    async fn write(&self, write: &Write) -> Result<Written, Problem> {
        let mut zone = self.0.lock().unwrap();
        let mut live = zone.outcome(write)?;
        live.stamp.version = zone.tick();
        if live.stamp.uid.is_empty() {
            live.stamp.uid = format!("record-{}", zone.tick());
        }
        let name = write.target.identity.name.clone();
        zone.log.push(format!("write {name}"));
        zone.sets.insert(name, live.clone());
        Ok(Written { live, warnings: Vec::new() })
    }

    async fn delete(&self, target: &Target, read: &Live) -> Result<(), Problem> {
        let mut zone = self.0.lock().unwrap();
        let name = &target.identity.name;
        match zone.sets.get(name) {
            None => return Ok(()),
            Some(live) if live.stamp != read.stamp => {
                return Err(Problem::new(ProblemKind::Conflict, format!("{name} is not as it was")));
            }
            Some(_) => {}
        }
        zone.sets.remove(name);
        zone.log.push(format!("delete {name}"));
        Ok(())
    }

    async fn wait(&self, wait: &Wait, _: Progress<'_>) -> Result<Option<Arc<Live>>, Problem> {
        let live = self.0.lock().unwrap().sets.get(&wait.target.identity.name).cloned();
        // What is written is ready, and what is deleted is gone.
        Ok(live.filter(|_| !matches!(wait.until, Until::Gone { .. })).map(Arc::new))
    }

    async fn review(&self, requests: &[(Verb, Target)]) -> Vec<Result<bool, Problem>> {
        requests.iter().map(|_| Ok(true)).collect()
    }
}
