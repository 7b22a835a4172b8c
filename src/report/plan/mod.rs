//! A plan, worded: text for a terminal, Markdown for a pull request, JSON for a program.
//!
//! | file | what it words |
//! |---|---|
//! | `text`, `markdown`, `json` | a whole plan, in each of these forms |
//! | `level` | how much of what is created is shown |
//! | `entries` | what stands in a plan, and what is told in one line |
//! | `key_facts`, `schema` | what matters most of what is made; a schema in one line |
//! | `content` | what is created, as YAML |
//! | `reasons` | why a change is made, why it could only be predicted, why a plan is refused |
//! | `signing` | that a certificate is signed anew by another issuer |
//! | `words` | actions, causes and remarks; which changes stand in a plan, and in which order |
//! | `value` | the value of a field before and after |
//! | `cascade` | what is deleted with a namespace or a definition |

pub(in crate::report) mod cascade;
pub(in crate::report) mod content;
pub(in crate::report) mod entries;
pub(in crate::report) mod json;
pub(in crate::report) mod key_facts;
pub(in crate::report) mod level;
pub(in crate::report) mod markdown;
pub(in crate::report) mod reasons;
#[cfg(test)]
pub(in crate::report) mod sample;
pub(in crate::report) mod schema;
mod signing;
pub(in crate::report) mod text;
pub(in crate::report) mod value;
pub(in crate::report) mod words;
