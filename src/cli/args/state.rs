//! The arguments of the commands about the state itself.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Format;
use crate::resource::Address;
use crate::state::{Lineage, LockId};

/// What can be done with the state.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum StateCommand {
    /// Make what a shared state needs: namespace, objects, Roles and key in a cluster, the key in a bucket
    #[command(after_help = "\
Examples:
  regplan state init
  regplan state init --print > state.yaml      for somebody else, who may make Roles

It can be run again: what is there stays. A state in a folder needs no init, and one in a bucket only where plans may
not write: it makes the key of plan files.")]
    Init(StateInitArgs),
    /// List what was applied: address and object
    #[command(after_help = "\
Examples:
  regplan state list
  regplan state list --format json | jq -r '.resources[].address'")]
    List(StateListArgs),
    /// Show what the state knows of a resource, or of all objects of a block
    #[command(after_help = "\
Examples:
  regplan state show registry.main/Deployment/registry
  regplan state show resource.web --format json")]
    Show(StateShowArgs),
    /// Forget resources; their objects stay as they are
    #[command(after_help = "\
Examples:
  regplan state rm resource.old
  regplan state rm registry.old resource.web --auto-approve")]
    Rm(StateRmArgs),
    /// Make a lost state anew from the annotations of the objects; the cluster is only read
    #[command(after_help = "\
Examples:
  regplan state rebuild                 where there is a state: adds what it does not know of its own lineage
  regplan state rebuild --adopt-lineage 718494494a91487db32cefdb342daa28

Without a state it says which lineages there are, and takes none before one is named. It takes the right to list
objects of all kinds in all namespaces; what it may not list, it leaves out only with --partial.")]
    Rebuild(StateRebuildArgs),
    /// Print the state as its file holds it, with what an interrupted run has recorded
    #[command(after_help = "\
Examples:
  regplan state pull > backup.json")]
    Pull,
    /// Put a state from a file in place of the present one; it must be of the same lineage, and newer
    #[command(after_help = "\
Examples:
  regplan state push backup.json")]
    Push(StatePushArgs),
    /// Move the state to another place: a folder, the cluster, an object store
    #[command(after_help = "\
Examples:
  cp regplan.toml old.toml                     then change `[state]` in regplan.toml
  regplan state migrate --from old.toml
  regplan state migrate --to new.toml          before regplan.toml itself is changed

State, revisions, the key of plan files and secret values are copied, read back and compared. Then the old place is
retired: a configuration that still names it is refused. A move that was interrupted is finished by the same command.")]
    Migrate(StateMigrateArgs),
    /// Give a resource, or all objects of a block, another address
    #[command(after_help = "\
Examples:
  regplan state mv resource.old resource.new
  regplan state mv registry.main registry.prod")]
    Mv(StateMvArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StateInitArgs {
    /// Make nothing, and print it as YAML; without the key, which is a secret
    #[arg(long)]
    pub(in crate::cli) print: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StateMigrateArgs {
    /// The configuration with the old `[state]`; several files as with `--file`
    #[arg(long, value_name = "FILE", required_unless_present = "to", conflicts_with = "to")]
    pub(in crate::cli) from: Vec<PathBuf>,
    /// The configuration with the new `[state]`; several files as with `--file`
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) to: Vec<PathBuf>,
    /// Do not ask
    #[arg(long)]
    pub(in crate::cli) auto_approve: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StateListArgs {
    /// In which form
    #[arg(long, default_value = "text")]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StateShowArgs {
    /// A resource or a block
    pub(in crate::cli) address: Address,
    /// In which form
    #[arg(long, default_value = "text")]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StateRebuildArgs {
    /// The lineage whose objects are taken over, where there is no state
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) adopt_lineage: Option<Lineage>,
    /// Agree that objects of kinds that cannot be looked at are left out
    #[arg(long)]
    pub(in crate::cli) partial: bool,
    /// Do not ask
    #[arg(long)]
    pub(in crate::cli) auto_approve: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StatePushArgs {
    /// A file from `state pull`, or the `state.json` of a backup
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  regplan unlock 0f1e2d3c4b5a69788796a5b4c3d2e1f0

The refused command prints the id. The lock of a process that still runs cannot be taken away: end the process.")]
pub(in crate::cli) struct UnlockArgs {
    /// The id of the lock
    #[arg(value_name = "ID")]
    pub(in crate::cli) id: LockId,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StateRmArgs {
    /// Resources or blocks
    #[arg(required = true, value_name = "ADDRESS")]
    pub(in crate::cli) addresses: Vec<Address>,
    /// Do not ask
    #[arg(long)]
    pub(in crate::cli) auto_approve: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StateMvArgs {
    /// A resource or a block that the state knows
    pub(in crate::cli) from: Address,
    /// The address that it is to have, which the state does not know
    pub(in crate::cli) to: Address,
}
