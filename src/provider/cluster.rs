//! What a Kubernetes cluster alone can do, beyond what every house can.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::house::{House, Written};
use super::marked::{Marked, MarkedObjects};
use super::program_access::ProgramAccess;
use crate::kubernetes::cascade::CascadeScope;
use crate::kubernetes::certifier::CertifierLack;
use crate::kubernetes::full_volume::FullVolume;
use crate::kubernetes::ingress_classes::IngressClass;
use crate::kubernetes::openapi::ObjectSchema;
use crate::kubernetes::pull_login::{LoginLack, PullLogin};
use crate::kubernetes::remains::Remain;
use crate::resource::{
    ClusterIdentity, FieldPath, GroupKind, Identity, Live, Problem, ProblemKind, Stamp, Target,
};

/// A change of who owns fields. Their values stay as they are.
#[derive(Debug, Clone)]
pub struct Reassignment {
    /// Which object.
    pub target: Target,
    /// What must be true: this object, at this moment; with an empty version, at any moment.
    pub stamp: Stamp,
    /// The field manager that writes.
    pub manager: String,
    /// Who loses which fields.
    pub shift: Shift,
}

/// Who loses which fields.
#[derive(Debug, Clone, PartialEq)]
pub enum Shift {
    /// We: these fields, with all below them, leave what our manager has applied. Who owns them besides us
    /// keeps them; otherwise they are nobody's.
    Release(Vec<FieldPath>),
    /// Everybody: these fields, with all below them, become ours alone, whoever owned them, or nobody. The next write
    /// that does not send them takes them away.
    Take(Vec<FieldPath>),
    /// These managers: what the object sets becomes ours, and the note goes by which a later `kubectl apply`
    /// would take fields away. An item of a list that the object has is taken from them as a whole, since
    /// what they kept of it would keep the item.
    TakeOver {
        /// Whose fields.
        from: Vec<String>,
        /// The object as it is about to be applied.
        object: Value,
        /// The annotations by which tools note what they manage, and that go.
        notes: Vec<FieldPath>,
    },
}

/// An object as a whole, as it would be after a write.
#[derive(Debug, Clone)]
pub struct Whole {
    /// Which object.
    pub target: Target,
    /// The object as it was read. It must still be at that moment.
    pub live: Arc<Live>,
    /// The object as it would be.
    pub object: Value,
    /// The field manager that would write.
    pub manager: String,
}

/// An object of which only its name and its owners were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    /// Which object.
    pub identity: Identity,
    /// Its uid.
    pub uid: String,
    /// The uids of the objects that own it: it is deleted with them.
    pub owners: Vec<String>,
    /// Who gave the certificate that it keeps, where it is a Secret of one.
    pub issuer: Option<String>,
}

/// What was seen of a scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependents {
    /// What is there.
    pub seen: Vec<Dependent>,
    /// The kinds that could not be looked at, each with the reason.
    pub hidden: Vec<(GroupKind, String)>,
}

/// The version of a server, and what it serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerApis {
    /// Its version: `v1.36.3`.
    pub version: String,
    /// The versions of groups, and the kinds in them: `apps/v1`, `apps/v1/Deployment`.
    pub apis: Vec<String>,
}

/// The objects of a namespace.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inventory {
    /// What is there, sorted by identity.
    pub seen: Vec<Live>,
    /// The kinds that could not be looked at, each with the reason.
    pub hidden: Vec<(GroupKind, String)>,
}

/// A Kubernetes cluster: a house that knows its kinds, keeps the owners of fields, and deletes what is in a
/// namespace together with it.
#[async_trait]
pub trait Cluster: House {
    /// Which cluster this is. One request; asked first.
    ///
    /// # Errors
    /// No answer, or credentials that the server does not take. Rights that do not show the identity are no
    /// error: then it has no uid.
    async fn identity(&self) -> Result<ClusterIdentity, Problem>;

    /// The context of a kubeconfig that led to it; `None` where none did.
    fn context(&self) -> Option<&str>;

    /// How another program reaches it; `None` where none can.
    fn program_access(&self) -> Option<&ProgramAccess> {
        None
    }

    /// Whether the server serves objects of this kind inside namespaces; `None` for a kind that it does
    /// not serve.
    async fn is_namespaced(&self, target: &Target) -> Result<Option<bool>, Problem>;

    /// What the server publishes of the fields of the target's kind, in the target's version; `None` where it
    /// publishes nothing. Asked only about what cannot be tried.
    ///
    /// # Errors
    /// No answer, or one that is no such document.
    async fn schema(&self, _target: &Target) -> Result<Option<ObjectSchema>, Problem> {
        Ok(None)
    }

    /// The server's version, and all that it serves.
    ///
    /// # Errors
    /// No answer, or a server that is not ready: what it leaves out would be taken for absent. Kinds that a server
    /// beside it would serve (an `APIService`), and that cannot be asked, are left out, as by Helm.
    async fn capabilities(&self) -> Result<ServerApis, Problem> {
        Ok(ServerApis::default())
    }

    /// What is left in it of the time of Helm 2 and of cert-manager before 1.0, each with the object that it is, or has it.
    /// Some requests; what may not be read shows nothing.
    async fn remains(&self) -> Vec<(Identity, Remain)> {
        Vec::new()
    }

    /// The labels of each namespace that is there and is not being deleted, by its name.
    ///
    /// # Errors
    /// No answer, or no permission. What cannot be seen is never taken for absent.
    async fn namespaces(&self) -> Result<BTreeMap<String, BTreeMap<String, String>>, Problem> {
        Ok(BTreeMap::new())
    }

    /// The Secrets and `ConfigMap`s in which Helm remembers the revisions of a release.
    ///
    /// # Errors
    /// No answer, or no permission. What cannot be seen is never taken for absent.
    async fn helm_records(&self, _namespace: &str, _release: &str) -> Result<Vec<Value>, Problem> {
        Ok(Vec::new())
    }

    /// How many bytes are free in the volume of a claim, as the node says on which a pod uses it; `None` where no node says it.
    ///
    /// # Errors
    /// No answer, or no permission.
    async fn free_space(&self, _claim: &Identity) -> Result<Option<u64>, Problem> {
        Ok(None)
    }

    /// Since when the volume of a claim is full, as the log of the registry says that uses it. `None` where it is not, and where
    /// nobody tells: the pods or their logs may not be read, or give no answer.
    async fn full_volume(&self, _claim: &Identity) -> Option<FullVolume> {
        None
    }

    /// The addresses at which the nodes are reached.
    ///
    /// # Errors
    /// No answer, or no permission.
    async fn node_addresses(&self) -> Result<Vec<String>, Problem> {
        Ok(Vec::new())
    }

    /// The ingress classes.
    ///
    /// # Errors
    /// No answer, or no permission. What cannot be seen is never taken for absent.
    async fn ingress_classes(&self) -> Result<Vec<IngressClass>, Problem> {
        Ok(Vec::new())
    }

    /// What is lacking until each of the pods takes a login; `None` where nothing is. Pods that end are not asked.
    ///
    /// # Errors
    /// The pods may not be listed, or not be reached.
    async fn login_lacks(&self, _login: &PullLogin) -> Result<Option<LoginLack>, Problem> {
        Ok(None)
    }

    /// Whether our rights allow to ask the pods of a namespace by themselves.
    ///
    /// # Errors
    /// No answer.
    async fn may_ask_pods(&self, _namespace: &str) -> Result<bool, Problem> {
        Ok(true)
    }

    /// What cert-manager lacks until it takes good requests in this namespace and refuses bad ones; `None` where it lacks
    /// nothing, is not there, or may not be asked.
    async fn certifier_lacks(&self, _namespace: &str) -> Option<CertifierLack> {
        None
    }

    /// Changes who owns fields, and nothing else; the object afterwards. What is as it should be already is
    /// not written.
    ///
    /// # Errors
    /// [`ProblemKind::Conflict`](crate::resource::ProblemKind::Conflict) where the object is not the one, or
    /// not at the moment, that the stamp names.
    async fn reassign(&self, reassignment: &Reassignment) -> Result<Live, Problem>;

    /// What the server would make of an object as a whole; nothing is changed. It is asked where a
    /// [`preview`](House::preview) cannot tell, since a [`reassign`](Self::reassign) comes before the write.
    ///
    /// # Errors
    /// What the write would fail with after that; [`ProblemKind::DryRunRefused`] where it cannot be tried.
    async fn preview_whole(&self, whole: &Whole) -> Result<Written, Problem> {
        let message = format!("{} cannot be tried as a whole here", whole.target.identity);
        Err(Problem::new(ProblemKind::DryRunRefused, message))
    }

    /// What lives in a namespace, or is of a kind. What cannot be seen is said, never left out.
    ///
    /// # Errors
    /// Where not even the kinds can be found out.
    async fn dependents(&self, scope: &CascadeScope) -> Result<Dependents, Problem>;

    /// What carries our annotations among the objects of the types and in the namespaces of these targets, by its
    /// metadata alone. What may not be listed shows nothing.
    async fn marked(&self, _targets: &[Target]) -> Vec<Marked> {
        Vec::new()
    }

    /// All objects in the cluster that carry the annotations of a project. It takes a list of each kind: asked only where
    /// a state is lost.
    ///
    /// # Errors
    /// Where not even the kinds can be found out.
    async fn all_marked(&self, _project: &str) -> Result<MarkedObjects, Problem> {
        Ok(MarkedObjects::default())
    }

    /// All objects of all kinds in a namespace, as a whole: a list of each kind.
    ///
    /// # Errors
    /// Where not even the kinds can be found out.
    async fn inventory(&self, _namespace: &str) -> Result<Inventory, Problem> {
        Ok(Inventory::default())
    }

    /// Why nothing that is asked gets an answer any more: the server is gone, and was waited for in vain. `None`
    /// as long as it answers anything, or is still waited for.
    async fn outage(&self) -> Option<Problem>;
}
