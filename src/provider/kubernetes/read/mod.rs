//! Reading: objects in bulk, and names of what dies with others.

mod accounts;
mod dependents;
mod free_space;
mod helm_records;
mod ingress_classes;
mod inventory;
mod list;
mod marked;
mod namespaces;
mod nodes;
mod owned;
mod remains;
mod survey;

pub(in crate::provider::kubernetes) use self::accounts::accounts;
pub(in crate::provider::kubernetes) use self::dependents::dependents;
pub(in crate::provider::kubernetes) use self::free_space::free_space;
pub(in crate::provider::kubernetes) use self::helm_records::helm_records;
pub(in crate::provider::kubernetes) use self::ingress_classes::ingress_classes;
pub(in crate::provider::kubernetes) use self::inventory::inventory;
pub(in crate::provider::kubernetes) use self::list::{check_namespace, get, read};
pub(in crate::provider::kubernetes) use self::marked::{SeenMarks, all_marked, marked};
pub(in crate::provider::kubernetes) use self::namespaces::namespaces;
pub(in crate::provider::kubernetes) use self::nodes::node_addresses;
pub(in crate::provider::kubernetes) use self::owned::owns_what_is_waited_for;
pub(in crate::provider::kubernetes) use self::remains::found as remains;
