//! What can be said on the command line. Only parsed here; what it means is settled where it is used.

mod state;
mod values;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

pub(super) use self::state::{
    StateCommand, StateInitArgs, StateListArgs, StateMigrateArgs, StateMvArgs, StatePushArgs,
    StateRebuildArgs, StateRmArgs, StateShowArgs, UnlockArgs,
};
use self::values::{limit, namespace, parallelism, revision, time};
pub(super) use self::verify::{VerifyArgs, VerifyFormat};
use crate::report;
use crate::resource::{Address, BlockAddress, ObjectName};
use crate::state::Lineage;

/// Plan and apply a private Docker registry on Kubernetes, from one TOML file.
#[derive(Debug, Parser)]
#[command(name = "regplan", version, about, propagate_version = true, after_help = EXAMPLES)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  regplan init                          write a commented regplan.toml
  regplan plan                          show what would change
  regplan apply                         show it, ask, and do it
  regplan plan --detailed-exitcode      exit with 2 where there is something to do
  regplan drift                         say whether anybody has changed what was applied
  regplan verify                        look whether the registry works, from outside
  regplan destroy                       delete all that was applied, except what is protected

Exit codes: 0 done, 1 error, 2 changes (only with --detailed-exitcode), drift or a failed check, 3 drift could not be
looked for everywhere, or not every check could be done.";

impl Cli {
    /// The same, unless it asks to say less and more at once. The parser itself sees that only where both stand on the same side
    /// of the command.
    pub(super) fn consistent(self) -> Result<Self, clap::Error> {
        if self.global.quiet && self.global.verbose > 0 {
            let message = "--quiet and --verbose cannot be used together";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, message));
        }
        Ok(self)
    }
}

/// What every command understands.
#[derive(Debug, Clone, Args)]
pub(super) struct Global {
    /// Configuration file or folder; several are merged, later ones win [default: ./regplan.toml]
    #[arg(short, long = "file", global = true, value_name = "PATH")]
    pub(super) files: Vec<PathBuf>,
    /// Gives a variable its value
    #[arg(long = "var", global = true, value_name = "NAME=VALUE")]
    pub(super) vars: Vec<String>,
    /// Gives variables their values from a TOML file
    #[arg(long = "var-file", global = true, value_name = "PATH")]
    pub(super) var_files: Vec<PathBuf>,
    /// Context of the kubeconfig; must not contradict `[cluster] context`
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) context: Option<String>,
    /// Kubeconfig to use instead of KUBECONFIG and ~/.kube/config
    #[arg(long, global = true, value_name = "PATH")]
    pub(super) kubeconfig: Option<PathBuf>,
    /// Refuse a configuration that names a kubeconfig: it could run programs here
    #[arg(long, global = true)]
    pub(super) no_configured_kubeconfig: bool,
    /// How long one request to the server may take, with all its repetitions, such as `10s` [default: 1m]
    #[arg(long, global = true, value_name = "TIME", value_parser = time)]
    pub(super) request_timeout: Option<Duration>,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: When,
    /// Never ask; fail where an answer is needed
    #[arg(long, global = true)]
    pub(super) no_input: bool,
    /// Say only what was asked for, and errors
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// Say each question to a server on stderr; -vv each step as well, -vvv what the libraries say
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl When {
    /// What these arguments say, where the parser has refused them or was only asked for help.
    pub(super) fn told(args: &[OsString]) -> Self {
        let words = || args.iter().filter_map(|arg| arg.to_str());
        let after_flag = words().zip(words().skip(1)).find(|(flag, _)| *flag == "--color");
        let value = after_flag
            .map(|(_, value)| value)
            .or_else(|| words().find_map(|word| word.strip_prefix("--color=")));
        value.and_then(|value| Self::from_str(value, false).ok()).unwrap_or(Self::Auto)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a commented starter configuration; never overwrites
    Init(InitArgs),
    /// Check the configuration, without a cluster and without secrets
    #[command(after_help = "\
Examples:
  regplan validate
  regplan validate -f base.toml -f production.toml
  regplan validate --var size=50Gi")]
    Validate,
    /// Print the objects that the configuration asks for, without a cluster and without secrets
    Render(RenderArgs),
    /// Show what an apply would change
    Plan(PlanArgs),
    /// Show what would change, ask, and change it
    #[command(after_help = "\
Examples:
  regplan apply
  regplan apply --auto-approve --parallelism 4
  regplan apply --rollback-on-failure   undo what it wrote where a part of it fails
  regplan apply --adopt resource.web    take over an object that exists already
  regplan apply plan.regplan            do what was reviewed, or say what has moved since
  regplan apply --expect sha256:9f86…   plan again, and go on only if it is that very plan")]
    Apply(ApplyArgs),
    /// Show a plan that was kept with `plan --out`, a revision, or the state
    Show(ShowArgs),
    /// Say whether anybody has changed what was applied; only reads
    Drift(DriftArgs),
    /// Look whether registries work: names, certificates, passwords, a push and a pull; run the tests of charts
    Verify(VerifyArgs),
    /// Take over an object that exists already
    Import(ImportArgs),
    /// Print the values of `[output.NAME]`; only reads
    Output(OutputArgs),
    /// Make anew all that a chart makes at random: show it, ask, and do it
    Rotate(RotateArgs),
    /// Delete all that was applied, in reverse order; protected resources stay
    #[command(after_help = "\
Examples:
  regplan destroy
  regplan plan --destroy                only show what it would delete
  regplan destroy --consent registry.main/PersistentVolumeClaim/registry")]
    Destroy(RunArgs),
    /// List what was applied, and when; the cluster is not asked
    History(HistoryArgs),
    /// Go back to what was applied at an earlier revision
    #[command(after_help = "\
Examples:
  regplan rollback                      to the revision before the last one, after a question
  regplan rollback 3
  regplan rollback 3 --out back.regplan only plan it, to be reviewed and applied like any other plan

It needs no more of the configuration than its head: the blocks may have mistakes. What it cannot restore (secret
values, the data of a claim that is gone) it says before it begins, and goes on only with `--consent`.")]
    Rollback(RollbackArgs),
    /// Look into the state, or correct it; the cluster is neither asked nor changed
    #[command(subcommand)]
    State(StateCommand),
    /// Remove the lock that a killed process has left
    Unlock(UnlockArgs),
    /// Print the graph of resources
    Graph(GraphArgs),
    /// Print the JSON Schema of the configuration, for editors
    #[command(after_help = "\
Examples:
  regplan schema > regplan.schema.json
  # and as the first line of regplan.toml, for editors that use Taplo:
  #:schema ./regplan.schema.json")]
    Schema,
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  regplan init
  regplan init production.toml")]
pub(super) struct InitArgs {
    /// Where to write it
    #[arg(default_value = "regplan.toml")]
    pub(super) path: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  regplan render
  regplan render --format json | jq '.items[].kind'
  regplan render -f base.toml -f production.toml > objects.yaml")]
pub(super) struct RenderArgs {
    /// In which form
    #[arg(long, default_value = "yaml")]
    pub(super) format: RenderFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RenderFormat {
    /// A stream of YAML documents
    Yaml,
    /// One JSON `List`
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  regplan graph | dot -Tsvg > graph.svg
  regplan graph --format mermaid")]
pub(super) struct GraphArgs {
    /// In which language
    #[arg(long, default_value = "dot")]
    pub(super) format: GraphFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    /// Graphviz
    Dot,
    /// Mermaid
    Mermaid,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  regplan completions bash > ~/.local/share/bash-completion/completions/regplan
  regplan completions zsh > \"${fpath[1]}/_regplan\"
  regplan completions fish > ~/.config/fish/completions/regplan.fish")]
pub(super) struct CompletionsArgs {
    /// For which shell
    pub(super) shell: clap_complete::Shell,
}

/// How many resources are worked on at once, where nothing else is said.
const PARALLELISM: u16 = 10;

/// What plans and applies share.
#[derive(Debug, Clone, Args)]
pub(super) struct PlanningArgs {
    /// Take over this existing object
    #[arg(long, value_name = "ADDRESS")]
    pub(super) adopt: Vec<Address>,
    /// Without a state: take over what the state of this lineage made (`plan` says which one it finds)
    #[arg(long, value_name = "ID")]
    pub(super) adopt_lineage: Option<Lineage>,
    /// Agree that this protected resource is deleted or replaced
    #[arg(long, value_name = "ADDRESS")]
    pub(super) consent: Vec<Address>,
    /// Agree that most of the project's objects move to this namespace
    #[arg(long, value_name = "NAMESPACE")]
    pub(super) move_to: Vec<String>,
    /// Agree that this file, which the last apply has read, is left out
    #[arg(long, value_name = "FILE")]
    pub(super) without: Vec<String>,
    /// Plan only this resource or block, with what it stands on (to destroy: with what stands on it)
    #[arg(long, value_name = "ADDRESS")]
    pub(super) target: Vec<Address>,
    /// Replace this resource, though it need not change
    #[arg(long, value_name = "ADDRESS")]
    pub(super) replace: Vec<Address>,
    /// Make anew all that this chart makes at random: passwords, certificates
    #[arg(long, value_name = "ADDRESS")]
    pub(super) rotate: Vec<BlockAddress>,
    /// How many resources are worked on at once
    #[arg(long, value_name = "N", default_value_t = PARALLELISM, value_parser = parallelism)]
    pub(super) parallelism: u16,
}

impl PlanningArgs {
    /// Without any flag.
    pub(super) fn nothing() -> Self {
        Self {
            adopt: Vec::new(),
            adopt_lineage: None,
            consent: Vec::new(),
            move_to: Vec::new(),
            without: Vec::new(),
            target: Vec::new(),
            replace: Vec::new(),
            rotate: Vec::new(),
            parallelism: PARALLELISM,
        }
    }
}

/// How much of a plan is printed.
#[derive(Debug, Clone, Args)]
pub(super) struct LevelArgs {
    /// Show everything that is created with all of its fields
    #[arg(long)]
    pub(super) full: bool,
    /// Show with all of its fields what is created under this address (may be given several times)
    #[arg(long, value_name = "ADDRESS", conflicts_with = "full")]
    pub(super) details: Vec<Address>,
}

/// In which form a plan is printed.
#[derive(Debug, Clone, Args)]
pub(super) struct FormArgs {
    /// In which form
    #[arg(long, default_value = "text")]
    pub(super) format: PlanFormat,
    /// How long the Markdown may be; what does not fit is left out, the least important first
    #[arg(long, value_name = "BYTES", default_value_t = report::MARKDOWN_LIMIT, value_parser = limit)]
    pub(super) markdown_limit: usize,
    #[command(flatten)]
    pub(super) level: LevelArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanFormat {
    /// For a person
    Text,
    /// For a program
    Json,
    /// For a comment on a pull request
    Markdown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For a person
    Text,
    /// For a program
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  regplan plan
  regplan plan --format json > plan.json
  regplan plan --format markdown        for a comment on a pull request
  regplan plan --detailed-exitcode      0 nothing to do, 2 something, 1 error
  regplan plan --out plan.regplan       keep it, to be applied once it is approved
  regplan plan --adopt resource.web     take over an object that exists already
  regplan plan --target registry.main   only this block, with what it stands on
  regplan plan --replace resource.job   delete it and make it anew")]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub(super) planning: PlanningArgs,
    #[command(flatten)]
    pub(super) form: FormArgs,
    /// Exit with 2 where there is something to do, or something is not ready yet
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// Plan the deletion of all that was applied
    #[arg(long)]
    pub(super) destroy: bool,
    /// Keep the plan in this file for `apply PLANFILE`; no secret is in it
    #[arg(short, long, value_name = "PLANFILE")]
    pub(super) out: Option<PathBuf>,
}

/// What `apply` and `destroy` share.
#[derive(Debug, Clone, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) planning: PlanningArgs,
    /// In which form
    #[arg(long, default_value = "text")]
    pub(super) format: Format,
    #[command(flatten)]
    pub(super) level: LevelArgs,
    /// Do not ask
    #[arg(long)]
    pub(super) auto_approve: bool,
    /// Do not wait for records in DNS that a person makes (`manual`)
    #[arg(long)]
    pub(super) skip_manual: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  regplan rotate chart.web
  regplan plan --rotate chart.web --out new.regplan   only plan it, beside all other changes")]
pub(super) struct RotateArgs {
    /// The chart's block
    #[arg(value_name = "ADDRESS")]
    pub(super) chart: BlockAddress,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    /// Apply the plan in this file (from `plan --out`); nothing is asked, since that plan is the approved one
    #[arg(value_name = "PLANFILE", conflicts_with_all = ["adopt", "adopt_lineage", "consent", "move_to", "without", "target", "replace", "rotate", "expect"])]
    pub(super) plan_file: Option<PathBuf>,
    /// Apply without asking if the plan still has this digest (`plan` prints it), and not otherwise
    #[arg(long, value_name = "DIGEST", conflicts_with = "auto_approve")]
    pub(super) expect: Option<String>,
    /// Do not wait for what waiting may not heal, such as an image that cannot be pulled or a missing Secret
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// Where a change fails, undo what this run wrote; refused before it begins where that could not be restored
    #[arg(long)]
    pub(super) rollback_on_failure: bool,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  regplan show plan.regplan
  regplan show plan.regplan --format json | jq .summary
  regplan show 3                        the objects of revision 3, as YAML, without secrets
  regplan show state

No cluster is asked; a plan file needs no configuration either. A plan file that is named like a number or `state` is
named with its folder: `./3`.")]
pub(super) struct ShowArgs {
    /// A file from `plan --out`, the number of a revision, or `state`
    #[arg(value_name = "PLANFILE|REVISION|state")]
    pub(super) what: PathBuf,
    #[command(flatten)]
    pub(super) form: FormArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  regplan import resource.web Deployment/shop/web
  regplan import registry.main/Service/registry Service/registry/registry
  regplan import resource.cert Certificate.cert-manager.io/shop/web --auto-approve
  regplan import --from-cluster shop > regplan.toml

The configuration has the block already, and the object must be the one that it describes. The plan is shown first: it
takes this object over and changes it to what the block says, and nothing else. `[[import]]` does the same in a file.")]
pub(super) struct ImportArgs {
    /// The address that takes the object over
    #[arg(value_name = "ADDRESS", required_unless_present = "from_cluster", requires = "object")]
    pub(super) address: Option<Address>,
    /// The object; one of the whole cluster has no namespace
    #[arg(value_name = "KIND/NAMESPACE/NAME")]
    pub(super) object: Option<ObjectName>,
    /// Print a configuration of what stands in this namespace; the cluster is only read, and no configuration is
    #[arg(long, value_name = "NAMESPACE", value_parser = namespace,
          conflicts_with_all = ["address", "auto_approve", "format", "full", "details"])]
    pub(super) from_cluster: Option<String>,
    /// In which form the plan is printed
    #[arg(long, default_value = "text")]
    pub(super) format: Format,
    #[command(flatten)]
    pub(super) level: LevelArgs,
    /// Do not ask
    #[arg(long)]
    pub(super) auto_approve: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  regplan output
  regplan output address                one value, as text
  docker login \"$(regplan output host --format raw)\"
  regplan output --format json | jq .outputs.users.value

A sensitive value is printed by name alone, with `--format raw` or `--format json`.")]
pub(super) struct OutputArgs {
    /// The output; all of them where it is left out
    #[arg(value_name = "NAME")]
    pub(super) name: Option<String>,
    /// In which form
    #[arg(long, default_value = "text")]
    pub(super) format: OutputFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// For a person
    Text,
    /// For a program: all outputs with what is known of them; of a named one, the value alone
    Json,
    /// For a script: the text, the number, `true` or `false` of a named output, without a line end
    Raw,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  regplan history
  regplan history 3                     what changed with revision 3
  regplan history --format json | jq '.revisions[-1].by'")]
pub(super) struct HistoryArgs {
    /// Show what changed with this revision
    #[arg(value_name = "REVISION", value_parser = revision, allow_negative_numbers = true)]
    pub(super) revision: Option<u64>,
    /// In which form
    #[arg(long, default_value = "text")]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    /// The revision to go back to; the one before the last where it is left out, or the last one where a run after it
    /// did not complete
    #[arg(value_name = "REVISION", value_parser = revision, allow_negative_numbers = true)]
    pub(super) revision: Option<u64>,
    /// Only plan it, and keep the plan in this file, for `regplan apply FILE`
    #[arg(long, value_name = "FILE", conflicts_with = "auto_approve")]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  regplan drift
  regplan drift --no-secrets --format markdown
  regplan drift --state /state --in-cluster          in a pod that has only the state
  regplan drift --format prometheus --output /var/lib/node_exporter/regplan.prom

Exit codes: 0 in sync, 2 drift or not well, 3 no drift seen, but not everything could be observed, 1 error.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct DriftArgs {
    /// Folder of the state; then no configuration is read, unless -f names one
    #[arg(long, value_name = "FOLDER")]
    pub(super) state: Option<PathBuf>,
    /// Use the service account of the pod that this runs in
    #[arg(long, conflicts_with_all = ["context", "kubeconfig"])]
    pub(super) in_cluster: bool,
    /// Count as drift what others have added inside what was applied: containers, variables, ports, keys
    #[arg(long)]
    pub(super) strict: bool,
    /// Count as drift what is as it was applied and is not ready; so it is where neither flag is given
    #[arg(long = "health", overrides_with = "no_health")]
    pub(super) _health: bool,
    /// Do not count as drift what is as it was applied and is not ready
    #[arg(long, overrides_with = "_health")]
    pub(super) no_health: bool,
    /// Leave Secrets out; no request for one is sent
    #[arg(long)]
    pub(super) no_secrets: bool,
    /// In which form
    #[arg(long, default_value = "text")]
    pub(super) format: DriftFormat,
    /// How long the Markdown may be; what does not fit is left out, the least important first
    #[arg(long, value_name = "BYTES", default_value_t = report::MARKDOWN_LIMIT, value_parser = limit)]
    pub(super) markdown_limit: usize,
    /// Write it to this file, which is replaced as a whole, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DriftFormat {
    /// For a person
    Text,
    /// For a program
    Json,
    /// For a comment or a chat
    Markdown,
    /// For Prometheus, such as the textfile collector of its node exporter
    Prometheus,
}
