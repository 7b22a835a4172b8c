//! What a look at an object may come to, and what it takes besides the object.

/// What there is to say about an object's readiness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It is ready.
    Ready,
    /// Not yet, and what is missing.
    Waiting(String),
    /// It will not become ready by waiting, and why.
    Failed(String),
}

impl Readiness {
    pub(super) fn waiting(text: impl Into<String>) -> Self {
        Self::Waiting(text.into())
    }

    pub(super) fn failed(text: impl Into<String>) -> Self {
        Self::Failed(text.into())
    }

    /// The controller has still to look at the latest generation.
    pub(super) fn behind() -> Self {
        Self::waiting("its controller has not looked at it yet")
    }
}

/// What must be known of the storage class of a claim, besides the claim itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StorageClass {
    /// Whether it binds a claim only when a pod asks for the volume.
    pub waits_for_consumer: bool,
}
