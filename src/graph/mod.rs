//! Which resource waits for which.
//!
//! A [`Graph`] is built from everything that the configuration desires. An [`Order`] is what remains of it
//! (or of the state, for what the configuration no longer names) when only the sequence counts. A [`Queue`]
//! gives out the resources of an order while several are worked on at once.
//!
//! | File | The question that it answers |
//! |---|---|
//! | `model` | What does a resource wait for, and what waits for it, directly or not? |
//! | `edge_reason` | Why does one resource wait for another? |
//! | `build` | How do desired resources become a graph without cycles? |
//! | `hooks` | In which order do the hooks of a chart run, and before or after what? |
//! | `inferred` | What do objects need of each other, without anybody writing it? |
//! | `classes` | Which controllers must run before what has their class? |
//! | `certifier` | What comes after the webhook of cert-manager? |
//! | `outliving` | What must outlive custom resources, so that they can be cleaned up? |
//! | `link` | What are all the reasons between the same two nodes, and which of them never yields? |
//! | `index` | Which objects give what another one needs? |
//! | `cycle` | Which nodes are in a cycle, and which edges must go so that there is none? |
//! | `mistakes` | What does a user read about an unknown address or a cycle? |
//! | `order` | In which sequence do resources come? |
//! | `queue` | Which resources may be worked on now? |
//! | `delete_order` | In which order is everything deleted: what the configuration no longer names, or all? |
//! | `change_order` | In which order is everything done in an apply, writes and deletes? |
//! | `drawing` | What does the graph look like in the language of Graphviz or Mermaid? |

mod build;
mod certifier;
mod change_order;
mod classes;
mod cycle;
mod delete_order;
mod drawing;
mod edge_reason;
mod hooks;
mod index;
mod inferred;
mod link;
mod mistakes;
mod model;
mod order;
mod outliving;
mod queue;
#[cfg(test)]
mod tests;

pub use change_order::{OrderedChange, change_order, contradictions};
pub use delete_order::{RemovedResource, deletions};
pub use drawing::{dot, mermaid};
pub use edge_reason::EdgeReason;
pub use index::KnownObject;
pub use inferred::needs;
pub use model::{Edge, Graph, Yielded};
pub use order::{Direction, Order};
pub use queue::Queue;
