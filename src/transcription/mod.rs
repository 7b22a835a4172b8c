//! Writes what stands in a namespace as a configuration: `regplan import --from-cluster`. Pure.
//!
//! | File | The question that it answers |
//! |---|---|
//! | `others` | Which objects are somebody else's, so that no file should have them? |
//! | `cleaned` | What of an object did a user mean, and what did the server fill in? |
//! | `secrets` | Where do the values of a Secret come from, since none stands in a file? |
//! | `references` | What of a text would be read as a reference? |
//! | `names` | What are blocks and secrets called? |
//! | `registry` | What is a registry, as a block would make it? |
//! | `transcript` | How does all of it become a file? |

mod cleaned;
mod names;
mod others;
mod references;
mod registry;
mod secrets;
#[cfg(test)]
mod tests;
mod transcript;

pub use others::LeftOut;
pub use transcript::{Transcript, transcribe};
