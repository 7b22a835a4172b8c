//! A plan, worded: text for a terminal, Markdown for a pull request, JSON for a program.
//!
//! | file | what it words |
//! |---|---|
//! | `text`, `markdown`, `json` | a whole plan, in each of these forms |
//! | `reasons` | why a change is made, why it could only be predicted, why a plan is refused |
//! | `words` | actions, causes and remarks; which changes stand in a plan, and in which order |
//! | `value` | the value of a field before and after |
//! | `cascade` | what is deleted with a namespace or a definition |

pub(in crate::report) mod cascade;
pub(in crate::report) mod json;
pub(in crate::report) mod markdown;
pub(in crate::report) mod reasons;
#[cfg(test)]
pub(in crate::report) mod sample;
pub(in crate::report) mod text;
pub(in crate::report) mod value;
pub(in crate::report) mod words;
