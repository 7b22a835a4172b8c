//! Plan and apply a private Docker registry on Kubernetes, from one TOML file.
//!
//! The binary `regplan` only calls this library, and a program of yours can do the same.
//! One file says what should be there. A plan says what would change, exactly. An apply does that and nothing else,
//! in dependency order, and a state remembers it.
//!
//! # Plan and apply
//!
//! [`engine`] is the public entry point of the library. It goes from settings to an apply in a few steps, each a type of its own:
//!
//! ```no_run
//! use regplan::apply::Stop;
//! use regplan::engine::{self, Approval, ConfigInputs, Host, PlanRequest, Settings};
//! use regplan::plan::Mode;
//! use regplan::report;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let inputs = ConfigInputs::in_folder(std::env::current_dir()?); // `regplan.toml` is there
//! let project = engine::load(&inputs, Settings::default(), Host::of_process()).await?;
//! let mut workspace = project.open_locked("apply").await?.connect().await?;
//!
//! let planned = workspace.plan(PlanRequest::all(Mode::Apply)).await?;
//! println!("{}", report::plan_json(&planned.plan, &|_| None)["summary"]);
//!
//! let applicable = planned.applicable(&Approval::Caller)?;
//! let emit = |event| println!("{}", report::event_json(&event));
//! let report = workspace.apply(&applicable, &emit, &Stop::default()).await?;
//! println!("{}", report::report_text(&report));
//! # Ok(())
//! # }
//! ```
//!
//! `examples/library.rs` is the same as a whole program. Where a state is kept and how a cluster is reached is up to
//! the [`engine::Host`]: it takes other backends and other providers than those that come with regplan.
//!
//! # Contents
//!
//! Each module is a *room*. They stand here in the order of what they may know: a room knows those before it and none
//! of those behind it.
//!
//! 1. [`diagnostic`]: mistakes in the configuration: message, place, help.
//! 2. [`resource`]: the nouns that all rooms share: addresses, objects, fields, who owns them.
//! 3. [`kubernetes`]: what is known of Kubernetes without asking a cluster: annotations, field managers, immutable
//!    fields, readiness.
//! 4. [`config`]: from TOML files to one checked configuration.
//! 5. [`graph`]: which resource waits for which.
//! 6. [`state`]: what was applied: the state, its journal, its lock, its history.
//! 7. [`blocks`]: compiles each block to objects, and says what it must know first.
//! 8. [`provider`]: talks to the cluster.
//! 9. [`plan`]: what an apply would do. It asks questions and does no I/O.
//! 10. [`apply`]: does what a plan says; every write is guarded.
//! 11. [`approval`]: plan files: what was approved, and whether a later plan still is that.
//! 12. [`drift`]: compares what was applied with what is there.
//! 13. [`outputs`]: what `[output.NAME]` gives.
//! 14. [`verify`]: whether a registry works: the checks, and how what was seen is judged.
//! 15. [`transcription`]: what stands in a namespace, as a configuration.
//! 16. [`report`]: the words for plans, applies and drift: text, Markdown and JSON.
//! 17. [`engine`]: runs all steps.
//! 18. [`cli`]: the command line.
//!
//! # Where to start reading
//!
//! Read [`plan::Plan`] first, then [`engine::Workspace`], which makes a plan and applies it. `docs/architecture.md`
//! says why it is built like this.

pub mod apply;
pub mod approval;
pub mod blocks;
pub mod cli;
pub mod config;
pub mod diagnostic;
pub mod drift;
pub mod engine;
pub mod graph;
pub mod kubernetes;
pub mod outputs;
pub mod plan;
pub mod provider;
pub mod report;
pub mod resource;
pub mod state;
pub mod transcription;
pub mod verify;
