//! The request that a plan is made for.

use crate::approval::{Asked, PlanFile};
use crate::config::Import;
use crate::plan::{Consent, Mode, Reach};
use crate::resource::{Address, BlockAddress, ObjectName};

/// What a plan is made for. It comes from a user, or from a plan file that is planned again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRequest {
    /// To apply the configuration, or to destroy what was applied.
    pub mode: Mode,
    /// The resources that it is limited to, with what these need; empty means everything.
    pub targets: Vec<Address>,
    /// Resources to replace whether or not they change.
    pub replace: Vec<Address>,
    /// Charts of which all is made anew that they make at random.
    pub rotate: Vec<BlockAddress>,
    /// Existing objects that may be taken over.
    pub adopt: Vec<Address>,
    /// Existing objects that are taken over, each alone: address and object.
    pub imports: Vec<(Address, ObjectName)>,
    /// Protected resources that may be deleted or replaced.
    pub consent: Vec<Address>,
    /// Namespaces that most of the project's objects may move to.
    pub move_to: Vec<String>,
    /// Files of the last apply that may be left out, though they are still there.
    pub without: Vec<String>,
    /// The lineage of a state that is not here, whose objects may be taken over.
    pub adopt_lineage: Option<String>,
    /// The revision to go back to; `None` where the configuration says what is desired.
    pub revision: Option<u64>,
}

impl PlanRequest {
    /// A request for everything in the configuration or the state, without any consent.
    pub fn all(mode: Mode) -> Self {
        Self {
            mode,
            targets: Vec::new(),
            replace: Vec::new(),
            rotate: Vec::new(),
            adopt: Vec::new(),
            imports: Vec::new(),
            consent: Vec::new(),
            move_to: Vec::new(),
            without: Vec::new(),
            adopt_lineage: None,
            revision: None,
        }
    }

    /// A request to go back to a revision, without any consent.
    pub fn back_to(revision: u64) -> Self {
        Self { revision: Some(revision), ..Self::all(Mode::Apply) }
    }

    /// A request to take over one existing object, and nothing else.
    pub fn import(to: Address, from: ObjectName) -> Self {
        Self { targets: vec![to.clone()], imports: vec![(to, from)], ..Self::all(Mode::Apply) }
    }

    /// A request to make anew all that a chart makes at random, and nothing else.
    #[must_use]
    pub fn rotating(mut self, chart: BlockAddress) -> Self {
        self.targets.push(Address { block: chart.clone(), object: None });
        self.rotate.push(chart);
        self
    }

    /// What is imported, beside the tables of the configuration.
    pub(super) fn imports(&self) -> impl Iterator<Item = Import> {
        let imports = self.imports.iter().cloned();
        imports.map(|(to, from)| Import { to, from, to_span: None, from_span: None })
    }

    /// Which resources belong to the targets.
    pub(super) fn reach(&self) -> Reach {
        if self.imports.is_empty() { Reach::WithNeeds } else { Reach::Alone }
    }

    /// What the user agreed to, as the planner takes it.
    pub(super) fn consents(&self) -> Consent {
        Consent {
            destroy: self.consent.iter().cloned().collect(),
            adopt: self.adopt.iter().cloned().collect(),
            move_to: self.move_to.iter().cloned().collect(),
        }
    }
}

impl From<Asked> for PlanRequest {
    fn from(asked: Asked) -> Self {
        let Asked {
            mode,
            targets,
            replace,
            rotate,
            adopt,
            imports,
            consent,
            move_to,
            without,
            adopt_lineage,
            revision,
        } = asked;
        Self {
            mode,
            targets,
            replace,
            rotate,
            adopt,
            imports,
            consent,
            move_to,
            without,
            adopt_lineage,
            revision,
        }
    }
}

impl From<PlanRequest> for Asked {
    fn from(request: PlanRequest) -> Self {
        let PlanRequest {
            mode,
            targets,
            replace,
            rotate,
            adopt,
            imports,
            consent,
            move_to,
            without,
            adopt_lineage,
            revision,
        } = request;
        Self {
            mode,
            targets,
            replace,
            rotate,
            adopt,
            imports,
            consent,
            move_to,
            without,
            adopt_lineage,
            revision,
        }
    }
}

/// The request that the plan in a file was made for, to plan it again.
impl From<&PlanFile> for PlanRequest {
    fn from(file: &PlanFile) -> Self {
        file.preconditions().asked.clone().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_outlives_being_kept_in_a_plan_file() {
        let address = |text: &str| vec![text.parse().unwrap()];
        let request = PlanRequest {
            mode: Mode::Destroy,
            targets: address("registry.main"),
            replace: address("resource.job"),
            rotate: vec![BlockAddress::new("chart", "web")],
            adopt: address("resource.web"),
            imports: vec![("resource.c".parse().unwrap(), "ConfigMap/a/c".parse().unwrap())],
            consent: address("registry.main/PersistentVolumeClaim/registry"),
            move_to: vec!["prod".to_owned()],
            without: vec!["dev.toml".to_owned()],
            adopt_lineage: Some("a".repeat(32)),
            revision: Some(3),
        };
        let asked = Asked::from(request.clone());
        assert_eq!(
            serde_json::to_value(&asked).unwrap()["consent"][0],
            "registry.main/PersistentVolumeClaim/registry"
        );
        assert_eq!(PlanRequest::from(asked), request);
        let consents = request.consents();
        assert!(consents.adopt.contains(&request.adopt[0]) && consents.destroy.contains(&request.consent[0]));
    }
}
