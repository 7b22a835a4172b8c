//! The shelf of a cluster: a state that several machines share, kept in objects of a namespace of its own.
//!
//! | file | question |
//! |---|---|
//! | `names` | which objects a state has; all names are fixed, so that rights can name them |
//! | `layout` | how a content is packed, and whether it stands in the head or in chunks |
//! | `form` | how a content stands in a ConfigMap or in a Secret |
//! | `lease` | how a lock stands in a Lease |
//! | `objects` | one request for one object, and what its refusal means |
//! | `cluster_shelf` | get, put, remove |
//! | `manifests` | what must be there before the first use, and which rights each command needs |
//! | `ensure` | makes what must be there |
//! | `recognised` | whether an object that stands in a namespace is one of these |

mod cluster_shelf;
mod ensure;
mod form;
mod layout;
mod lease;
mod manifests;
mod names;
mod objects;
mod recognised;

pub use cluster_shelf::ClusterShelf;
pub use ensure::{Ensured, Made};
pub use manifests::{Manifests, manifests};
pub use recognised::keeps_a_state;
