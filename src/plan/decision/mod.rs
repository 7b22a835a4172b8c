//! What becomes of a desired resource: pure functions from its [`Situation`](super::view::situation::Situation)
//! to a [`Ruling`](ruling::Ruling).
//!
//! | file | question |
//! |---|---|
//! | `reading` | what follows from what was read: a ruling, or a write |
//! | `written` | what follows for what is to be written: a ruling without asking (proved, predicted), or a dry-run |
//! | `answer` | what follows from the server's answer to a dry-run |
//! | `trial` | what follows from the try of a write that must first take over what is in its way |
//! | `prediction` | why the server cannot be asked, and what a write would probably come to |
//! | `creation`, `update`, `replacement` | what becomes of an object that is not there, is there, must be made anew |
//! | `change` | what every change says, whatever it does |
//! | `differences` | which fields change, and whose change each is |
//! | `other_account` | what is said where an issuer signs with another account from now on |
//! | `other_signer` | what is said where another authority signs certificates from now on |
//! | `sent_object` | the object as it is sent, with the values of references as far as they are known |
//! | `tracking` | whether the state knows it |
//! | `postponed` | what becomes of what the server refuses now, once the rest of the plan is known |
//! | `volumes` | what becomes of stored data when pods get other volumes |
//! | `run` | what becomes of what a chart has run at a moment |
//! | `ruling` | the results of all of them |

pub(in crate::plan) mod answer;
mod change;
mod creation;
mod differences;
mod other_account;
mod other_signer;
pub(in crate::plan) mod postponed;
pub(in crate::plan) mod prediction;
pub(in crate::plan) mod reading;
mod replacement;
pub(in crate::plan) mod ruling;
mod run;
mod sent_object;
mod tracking;
pub(in crate::plan) mod trial;
mod update;
mod volumes;
mod written;
