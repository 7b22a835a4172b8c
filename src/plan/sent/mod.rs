//! What is sent to the server for a desired resource, and how references get their values.

pub(in crate::plan) mod object;
pub(in crate::plan) mod resolve;
