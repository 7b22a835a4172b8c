//! `regplan`: plan and apply a private Docker registry on Kubernetes, from one TOML file.

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
pub mod plan;
pub mod provider;
pub mod report;
pub mod resource;
pub mod state;
