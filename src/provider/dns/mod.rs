//! The house of record sets: `RecordSet` and `TextRecordSet` of the group `dns.regplan.dev`.
//!
//! A record set is an object like any other: `metadata.name` is its name in DNS, `spec` has its zone, its values and
//! where it is written. A TXT record beside it, the marker, holds what annotations hold in a cluster, and a random uid. The
//! version is a digest of what stands there.
//!
//! | File | The question that it answers |
//! |---|---|
//! | `entry` | Which record set is it, and who keeps it? |
//! | `house` | What can be done with a record set? |
//! | `directory` | Where does a record set lie whose block may be gone? |
//! | `place` | What does a `spec` say of that? |
//! | `object` | How is an object made of records, and which records does an object want? |
//! | `content` | What stands at the names of a record set? |
//! | `marker` | Whose is it? |
//! | `credentials` | Where is the key that a zone is written with? |
//! | `keeper` | What can somebody do who keeps a zone? |
//! | `rfc2136` | A keeper: a name server that takes updates |
//! | `manual` | A keeper: a person, who is told what to do |
//! | `service` | A keeper: a service with an API over HTTP (Cloudflare, `DigitalOcean`) |
//! | `requested` | Are the records there that external-dns was asked for? |
//! | `wait` | When does every server answer with it? |

mod content;
mod credentials;
mod directory;
mod entry;
mod house;
mod keeper;
mod manual;
mod marker;
mod object;
mod place;
mod requested;
mod rfc2136;
mod service;
mod wait;

pub use credentials::{LookUp, ReadSecret};
pub use house::Dns;
pub use manual::ManualRecords;
#[doc(hidden)]
pub use rfc2136::read_answer;
