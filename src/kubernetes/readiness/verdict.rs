//! The result of a readiness check, and what it needs besides the object.

use jiff::Timestamp;

/// Whether an object is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It is ready.
    Ready,
    /// It is not ready yet; the text says what is missing.
    Waiting(String),
    /// It will not become ready however long we wait; the text says why.
    Failed(String),
}

impl Readiness {
    pub(super) fn waiting(text: impl Into<String>) -> Self {
        Self::Waiting(text.into())
    }

    pub(super) fn failed(text: impl Into<String>) -> Self {
        Self::Failed(text.into())
    }

    /// The controller has not seen the latest generation yet.
    pub(super) fn behind() -> Self {
        Self::waiting("waiting for its controller")
    }
}

/// What is asked of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standard {
    /// Everything that an apply waits for after a write.
    RolledOut,
    /// That it does its work. A rollout that others began is no fault, as long as enough pods serve.
    Working,
}

impl Standard {
    /// What is asked of an object by the time of its last write, where it has not become ready since then.
    pub fn of(awaited_since: Option<Timestamp>) -> Self {
        if awaited_since.is_some() { Self::RolledOut } else { Self::Working }
    }
}

/// What the readiness of a claim depends on in its storage class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StorageClass {
    /// Whether it binds a claim only when a pod uses it (`WaitForFirstConsumer`).
    pub waits_for_consumer: bool,
}
