//! Which bucket of which store, and how that store speaks of it.

use std::fmt;

/// By what a store tells one content of an object from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// By its entity tag. Two contents with the same bytes may share one; no two items of ours that follow each other
    /// have the same bytes, except where it makes no difference which of them is there.
    ETag,
    /// By the number of its generation.
    Generation,
}

/// The language of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// That of S3.
    S3,
    /// That of Google Cloud Storage.
    Gcs,
    /// That of Azure Blob Storage.
    Azblob,
}

/// A bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    /// The store and its bucket: `s3://bucket`.
    pub(super) name: String,
    /// How it is spoken with.
    pub(super) language: Language,
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Language {
    /// By what contents are told apart.
    pub(super) fn mark(self) -> Mark {
        match self {
            Self::S3 | Self::Azblob => Mark::ETag,
            Self::Gcs => Mark::Generation,
        }
    }

    /// The header of a write that must find nothing.
    pub(super) fn absence(self) -> &'static str {
        match self {
            Self::S3 | Self::Azblob => "If-None-Match",
            Self::Gcs => "x-goog-if-generation-match",
        }
    }

    /// The header of a write that must find what it replaces.
    pub(super) fn presence(self) -> &'static str {
        match self {
            Self::S3 | Self::Azblob => "If-Match",
            Self::Gcs => "x-goog-if-generation-match",
        }
    }

    /// The header with which the store tells one content from another.
    pub(super) fn version(self) -> &'static str {
        match self {
            Self::S3 | Self::Azblob => "ETag",
            Self::Gcs => "x-goog-generation",
        }
    }

    /// What to do where the bucket is missing.
    pub(super) fn help_without_bucket(self) -> &'static str {
        match self {
            Self::S3 | Self::Gcs => "make the bucket, or correct `[state] bucket`",
            Self::Azblob => "make the container, or correct `[state] container`",
        }
    }

    /// What to do where the store refuses a request.
    pub(super) fn help_when_refused(self) -> &'static str {
        match self {
            Self::S3 => "check `[state] bucket`, `region`, `endpoint` and `path_style`, and the credentials",
            Self::Gcs => "check `[state] bucket` and `endpoint`, and the credentials",
            Self::Azblob => {
                "check `[state] account`, `container`, `endpoint` and `path_style`, and the credentials"
            }
        }
    }
}
