//! What a run knows of secrets, and what it says without them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use crate::apply::{Event, FailedResource, Record, Report};
use crate::blocks::SecretInputs;
use crate::config::Config;
use crate::graph::Graph;
use crate::kubernetes::secret_data;
use crate::plan;
use crate::resource::{Desired, Identity, Redactor};

/// The secrets of one run. They grow with everything that is read, desired and sent.
#[derive(Default)]
pub(super) struct RunSecrets {
    redactor: Redactor,
    /// The desired objects with fields that nobody may see: the live ones hold secrets in these fields too.
    marked: RwLock<HashMap<Identity, Arc<Desired>>>,
}

/// Without what it knows.
impl fmt::Debug for RunSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunSecrets").finish_non_exhaustive()
    }
}

impl RunSecrets {
    /// Those that a configuration holds before anything is asked.
    pub(super) fn of(config: &Config) -> Self {
        let secrets = Self::default();
        config.sensitive_variables.values().for_each(|value| secrets.redactor.learn_text(value));
        secrets
    }

    /// What takes them out of texts.
    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Learns what the sources of secrets hold.
    pub(super) fn learn_inputs(&self, inputs: &SecretInputs) {
        inputs.0.values().for_each(|value| self.redactor.learn_text(value));
    }

    /// Learns the secrets of all that is desired, and where they stand.
    pub(super) fn learn_desired(&self, graph: &Graph) {
        let mut marked = self.marked.write().unwrap_or_else(PoisonError::into_inner);
        for desired in graph.order().iter().filter_map(|address| graph.get(address)) {
            for value in plan::desired_secrets(desired) {
                self.redactor.learn(value);
            }
            if !desired.sensitive.is_empty() {
                marked.insert(desired.identity.clone(), Arc::clone(desired));
            }
        }
    }

    /// Learns the secrets of an object that is about to be sent.
    pub(super) fn learn_sent(&self, object: &Value) {
        for value in secret_data::secret_values(object) {
            self.redactor.learn(value);
        }
    }

    /// Learns the secrets of an object that was read.
    pub(super) fn learn_live(&self, identity: &Identity, object: &Value) {
        self.learn_sent(object);
        let marked = self.marked.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(desired) = marked.get(identity) {
            for value in plan::live_secrets(desired, object) {
                self.redactor.learn(&value);
            }
        }
    }

    /// The event without secrets.
    pub(super) fn redact_event(&self, event: Event) -> Event {
        match event {
            Event::Waiting { address, missing } => {
                Event::Waiting { address, missing: self.redactor.text(missing) }
            }
            Event::Warning { address, text } => Event::Warning { address, text: self.redactor.text(text) },
            Event::Failed { failure, action } => {
                Event::Failed { failure: self.redact_failure(failure), action }
            }
            event @ (Event::Started { .. }
            | Event::Finished { .. }
            | Event::Ready { .. }
            | Event::Unseen { .. }
            | Event::Skipped(_)
            | Event::Unwaited { .. }
            | Event::Leaving { .. }
            | Event::NotRecorded { .. }
            | Event::Stopping) => event,
        }
    }

    /// The record without secrets. What it remembers of objects has none by itself.
    pub(super) fn redact_record(&self, record: Record) -> Record {
        match record {
            Record::Failed { address, problem } => {
                Record::Failed { address, problem: Box::new(self.redactor.problem(*problem)) }
            }
            record @ (Record::Present { .. }
            | Record::Ready { .. }
            | Record::Due { .. }
            | Record::Gone { .. }
            | Record::Moved { .. }
            | Record::Forgotten { .. }) => record,
        }
    }

    /// The report without secrets.
    pub(super) fn redact_report(&self, report: Report) -> Report {
        let failed = report.failed.into_iter().map(|failure| self.redact_failure(failure)).collect();
        Report { failed, ..report }
    }

    fn redact_failure(&self, failure: FailedResource) -> FailedResource {
        FailedResource { problem: self.redactor.problem(failure.problem), ..failure }
    }
}
