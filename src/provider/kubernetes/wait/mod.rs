//! Waiting until something is ready, has a field, or is gone; and why it is not.

mod cause;
mod certificate;
mod checkup;
mod definition;
mod events;
mod explain;
mod following;
mod gateway_class;
mod hopeless;
mod limits;
mod logs;
mod patience;
mod storage_class;
mod waiter;

pub(in crate::provider::kubernetes) use self::checkup::lacks;
pub(in crate::provider::kubernetes) use self::following::wait;
