//! What most commands begin with: the configuration, the way to the cluster, the state.

use std::collections::BTreeSet;

use super::args::{Global, PlanningArgs};
use super::diagnostics;
use super::exit::Failure;
use super::output::Output;
use crate::blocks::{self, SecretInputs, SecretKeyRef};
use crate::config::{self, BlockSchema, ClusterSettings, Config, Inputs, Loaded};
use crate::diagnostic::Diagnostics;
use crate::engine::{self, Compiled, Outside, PlanRequest, Readings};
use crate::graph;
use crate::plan::{Consent, Mode, Plan};
use crate::provider::Provider as _;
use crate::provider::kubernetes::{Environment, Kubernetes, Settings};
use crate::report::{Label, Styled, escape};
use crate::resource::{Address, BlockAddress, ClusterIdentity};
use crate::state::{self, LocalBackend, Location, State, StateError, Store, View};

/// Reads and checks the configuration; warnings are shown.
pub(super) async fn configuration(global: &Global, output: Output) -> Result<Config, Failure> {
    let Loaded { sources, outcome, sound } = load(config::load, global)?;
    match outcome {
        Ok((config, warnings)) => {
            show_warnings(&config, &warnings, output)?;
            Ok(config)
        }
        Err(mut mistakes) => {
            if let Some(sound) = sound {
                let alone = Outside { provider: None, env: &variable, remembered: &|_| false };
                mistakes.extend(engine::further_mistakes(&sound, &alone).await);
            }
            Err(Failure::Mistakes(Box::new(sources), mistakes.sorted()))
        }
    }
}

/// Reads of the configuration only which project it is, on which cluster, and where its state lies.
pub(super) fn head(global: &Global, output: Output) -> Result<Config, Failure> {
    let Loaded { sources, outcome, .. } = load(config::load_head, global)?;
    let (config, warnings) = outcome.map_err(|mistakes| Failure::Mistakes(Box::new(sources), mistakes))?;
    show_warnings(&config, &warnings, output)?;
    Ok(config)
}

fn load(read: fn(&Inputs<'_>, &[BlockSchema]) -> Loaded, global: &Global) -> Result<Loaded, Failure> {
    let base = std::env::current_dir()
        .map_err(|error| Failure::message(format!("the working folder cannot be used: {error}")))?;
    let inputs = Inputs {
        files: &global.files,
        vars: &global.vars,
        var_files: &global.var_files,
        env: &variable,
        base: &base,
        sensitive_may_be_unset: true,
    };
    Ok(read(&inputs, &blocks::schemas()))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

pub(super) fn show_warnings(config: &Config, warnings: &Diagnostics, output: Output) -> Result<(), Failure> {
    if !warnings.is_empty() {
        Output::raw_message(&diagnostics::draw(&config.sources, warnings, output))?;
    }
    Ok(())
}

/// The graph without a cluster and without secrets.
pub(super) async fn offline(global: &Global, output: Output) -> Result<(Config, graph::Graph), Failure> {
    let config = configuration(global, output).await?;
    let compiled =
        engine::compile(&config, &Outside { provider: None, env: &variable, remembered: &|_| false }).await;
    let Compiled { graph, warnings, .. } = compiled.map_err(|error| Failure::of(error, &config.sources))?;
    show_warnings(&config, &warnings, output)?;
    Ok((config, graph))
}

/// The state: looked at, or held to be written.
pub(super) enum StateAccess {
    /// Somebody else may write it meanwhile.
    Seen(Box<View>),
    /// Nobody else writes it.
    Held(Box<Store>),
}

impl StateAccess {
    pub(super) fn state(&self) -> &State {
        match self {
            Self::Seen(view) => &view.state,
            Self::Held(store) => store.state(),
        }
    }
}

/// A configuration, its cluster and its state.
pub(super) struct Session {
    pub(super) config: Config,
    /// What it comes to without a cluster and without secrets.
    outline: Compiled,
    pub(super) cluster: ClusterIdentity,
    pub(super) provider: Kubernetes,
    pub(super) state_access: StateAccess,
}

/// A plan, and what secrets were given with when it was made.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) given: SecretInputs,
}

/// Whether the state is only read, or locked to be written by this command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write { command: &'static str },
}

impl Session {
    /// Opens all three. The cluster's identity is checked before anything else is read from it.
    pub(super) async fn open(
        global: &Global,
        planning: &PlanningArgs,
        access: Access,
        output: Output,
    ) -> Result<Self, Failure> {
        // A missing secret is a finding of the plan; `apply` refuses such a plan with all of them at once.
        let config = configuration(global, output).await?;
        let settings = settings(global, &config.cluster, planning.parallelism)?;
        // A state that is only looked at is read meanwhile: it may be as large as all that is configured.
        let seen =
            (access == Access::Read).then(|| tokio::spawn(look(location(&config), config.project.clone())));
        // What is wrong with the objects is said before anything is locked, written or asked of a cluster.
        let alone = Outside { provider: None, env: &variable, remembered: &|_| false };
        let compiled = engine::compile(&config, &alone).await;
        let outline = compiled.map_err(|error| Failure::of(error, &config.sources))?;
        let state_access = match seen {
            Some(seen) => seen.await.map_err(|error| {
                Failure::message(format!("the reading of the state was broken off: {error}"))
            })??,
            None => remember(&config, access).await?,
        };
        tell_of_interruption(&state_access, output)?;
        let provider = Kubernetes::connect(&settings).await?;
        let cluster = provider.cluster().await?;
        engine::check_cluster(&config.cluster, state_access.state().cluster.as_ref(), &cluster)?;
        Ok(Self { config, outline, cluster, provider, state_access })
    }

    /// Makes the plan.
    pub(super) async fn plan(
        &self,
        mode: Mode,
        planning: &PlanningArgs,
        output: Output,
    ) -> Result<Planned, Failure> {
        // What is destroyed needs no value back.
        let remembered = |kept: &SecretKeyRef| mode == Mode::Apply && self.remembers(kept, &planning.consent);
        let readings = Readings::default();
        let (keeping, provider) = (readings.kept_from(&self.provider), readings.before(&self.provider));
        let outside = Outside { provider: Some(&keeping), env: &variable, remembered: &remembered };
        let needed = self.needed(mode, &planning.target);
        let compiled = engine::complete(&self.config, &self.outline, needed.as_ref(), &outside).await;
        let compiled = compiled.map_err(|error| Failure::of(error, &self.config.sources))?;
        show_warnings(&self.config, &compiled.warnings, output)?;
        let request = PlanRequest {
            mode,
            consent: Consent {
                destroy: planning.consent.iter().cloned().collect(),
                adopt: planning.adopt.iter().cloned().collect(),
            },
            targets: planning.target.clone(),
            replace: planning.replace.iter().cloned().collect(),
            parallelism: usize::from(planning.parallelism),
        };
        let Config { project, moves, sources, .. } = &self.config;
        let (graph, state) = (&compiled.graph, self.state_access.state());
        let plan = engine::plan(project, graph, moves, state, &self.cluster, &provider, &request).await;
        let plan = plan.map_err(|error| Failure::of(error, sources))?;
        Ok(Planned { plan, given: compiled.given.clone() })
    }

    /// The state, held to be written.
    pub(super) fn store(&mut self) -> Result<&mut Store, Failure> {
        match &mut self.state_access {
            StateAccess::Held(store) => Ok(store),
            StateAccess::Seen(_) => Err(Failure::message("the state is not held to be written")),
        }
    }
}

impl Session {
    /// The blocks whose secrets a plan with these targets needs; `None` for all.
    fn needed(&self, mode: Mode, targets: &[Address]) -> Option<BTreeSet<BlockAddress>> {
        let all = || self.outline.graph.resources().map(|desired| &desired.address);
        // What the state alone knows may turn out to be anything that is desired under another address.
        if targets.is_empty() || !targets.iter().all(|named| all().any(|address| address.is_meant_by(named)))
        {
            return None;
        }
        let reach = match mode {
            Mode::Apply => self.outline.graph.closure_of(targets),
            Mode::Destroy => self.outline.graph.dependents_closure_of(targets),
        };
        let reach = reach.ok()?;
        Some(reach.into_iter().map(|address| address.block).collect())
    }

    /// Whether a generated value was there before, and nobody has consented to making a new one.
    fn remembers(&self, kept: &SecretKeyRef, consent: &[Address]) -> bool {
        let mut resources = self.state_access.state().resources.iter();
        resources.any(|(address, resource)| {
            let holds = resource.identity == kept.secret && resource.keys.contains(&kept.key);
            holds && !consent.contains(address)
        })
    }
}

/// Says that an earlier run was killed, and what of it is picked up.
fn tell_of_interruption(state_access: &StateAccess, output: Output) -> Result<(), Failure> {
    // A view asks for no lock: the run that it finds may be under way.
    let StateAccess::Held(store) = state_access else { return Ok(()) };
    let mut text = Styled::default();
    if let Some(recovered) = store.recovered().filter(|recovered| recovered.unfinished.end.is_none()) {
        let run = &recovered.unfinished;
        text.push(Label::Warning, "Note: ");
        text.line(
            Label::Plain,
            format!(
                "the run of {} from {} was killed; {} of its outcomes are picked up, {} are looked for in the cluster.",
                escape(&run.by),
                run.begun,
                recovered.outcomes,
                recovered.in_doubt.len()
            ),
        );
    } else if let Some(holder) = store.left_by() {
        text.push(Label::Warning, "Note: ");
        text.line(
            Label::Plain,
            format!("a run of {} was killed; it left nothing unfinished.", escape(&holder.who())),
        );
    }
    if !text.is_empty() {
        output.message(&text)?;
    }
    Ok(())
}

/// Where the configuration's state lies.
pub(super) fn location(config: &Config) -> Result<Location, StateError> {
    match &config.state_path {
        Some(path) => Ok(Location::at(path)),
        None => Location::beside(&config.folder, &config.project),
    }
}

/// How the configuration's state is opened.
pub(super) async fn remember(config: &Config, access: Access) -> Result<StateAccess, Failure> {
    match access {
        Access::Read => look(location(config), config.project.clone()).await,
        Access::Write { command } => {
            let backend = LocalBackend::new(location(config)?);
            Ok(StateAccess::Held(Box::new(Store::open(Box::new(backend), &config.project, command).await?)))
        }
    }
}

/// Looks at a state that others may write.
async fn look(place: Result<Location, StateError>, project: String) -> Result<StateAccess, Failure> {
    let backend = LocalBackend::new(place?);
    Ok(StateAccess::Seen(Box::new(state::view(&backend, &project).await?)))
}

/// How the cluster is reached: the configuration decides, the command line may only agree or fill in.
pub(super) fn settings(
    global: &Global,
    cluster: &ClusterSettings,
    connections: u16,
) -> Result<Settings, Failure> {
    let pinned = cluster.context.as_ref();
    if let (Some(pinned), Some(named)) = (pinned, &global.context)
        && pinned != named
    {
        return Err(Failure::message(format!(
            "`--context {named}` contradicts the configuration, which means the context `{pinned}`"
        ))
        .help("leave `--context` out, or change `[cluster] context`"));
    }
    Ok(Settings {
        kubeconfig: global.kubeconfig.as_ref().or(cluster.kubeconfig.as_ref()).cloned(),
        context: pinned.or(global.context.as_ref()).cloned(),
        in_cluster: cluster.in_cluster,
        connections: usize::from(connections),
        environment: Environment::of_process(),
    })
}
