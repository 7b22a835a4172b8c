//! What is sent to the server for a desired resource.

pub(in crate::plan) mod object;
pub(in crate::plan) mod resolve;
