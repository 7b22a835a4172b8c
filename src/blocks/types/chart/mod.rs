//! `[chart.NAME]`: the objects of a chart of Helm, each a resource of its own. There is no release: Helm only renders.
//!
//! | File | The question that it answers |
//! |---|---|
//! | `options` | Which keys does the block have? |
//! | `presets` | Which charts are known by name? |
//! | `record_sources` | What is external-dns told to read that it brings? |
//! | `source` | Which chart do they name? |
//! | `values` | What is the chart rendered with? |
//! | `request` | What is asked of Helm? |
//! | `rendered_objects` | Which objects has Helm rendered? |
//! | `batch` | Does all that it makes at random come from one run? |
//! | `chart_object` | What is known of an object of a chart? |
//! | `comparison` | Which fields does the chart make anew each time, and which carry a secret? |
//! | `ending` | When do the certificates end that it has made? |
//! | `frame` | What stands in such a field beside what is random, and does it change? |
//! | `inputs` | From what is the chart rendered? |
//! | `dated` | Which fields change with the time alone? |
//! | `time_words` | Is there a time in a text, and do two texts differ in it alone? |
//! | `hook_words` | What do the annotations of hooks say, and which of it does Helm not know? |
//! | `hooks` | Which objects are run at moments, and are not there for ever? |
//! | `kept` | Which of the fields that change each time stay as they are in the cluster? |
//! | `live_values` | Which values has the cluster of them? |
//! | `takeover` | Which release of Helm does it take over? |
//! | `patch` | What does the block change in the objects? |

mod batch;
mod chart_object;
mod comparison;
mod dated;
mod ending;
mod frame;
mod hook_words;
mod hooks;
mod inputs;
mod kept;
mod live_values;
mod looked_up;
mod options;
mod patch;
mod presets;
mod record_sources;
mod rendered_objects;
mod request;
mod source;
mod takeover;
mod time_words;
mod values;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::blocks::block_type::{BlockType, CompileContext, Defaults};
use crate::blocks::codes;
use crate::blocks::draft::{Addressing, Draft};
use crate::blocks::facts::{ChartSource, Fact, Need};
use crate::blocks::ingress_controllers::Controller;
use crate::blocks::keys::{self, span_of};
use crate::blocks::scope;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::marks::{HELM_POLICY, HELM_POLICY_KEEP};
use crate::kubernetes::server_fields::remove_server_fields;
use crate::resource::{FieldPath, HelmRelease, Hook, KeyFact, Moment, Origin};
use chart_object::{ChartObject, HookNotes, Kept, Unstable};
use hooks::ToldApart;
use options::{AdoptKey, ChartKeys, HooksKey};
use patch::Patch;
use rendered_objects::objects;

/// The folder of a chart whose files are no templates.
const DEFINITIONS: &str = "crds/";

/// The block type `chart`.
pub(in crate::blocks) struct ChartBlock;

/// What a block says: its keys, with what they name.
pub(in crate::blocks) struct ChartSpec {
    source: ChartSource,
    release: String,
    namespace: Option<String>,
    /// The ingress controller that its preset installs, with entry points that fit a registry: nobody else says what they are.
    pub(in crate::blocks) installs: Option<Controller>,
    /// Which objects external-dns reads, where the block brings that and says so itself: the value `sources`.
    pub(in crate::blocks) record_sources: Option<Vec<String>>,
    /// The values of its preset.
    preset_values: Value,
    values_files: Vec<std::path::PathBuf>,
    with_definitions: bool,
    lookup: bool,
    hooks: HooksKey,
    adopt: Option<AdoptKey>,
    keep_release: bool,
    patches: Vec<Patch>,
}

impl ChartSpec {
    /// The namespace of objects that name none, and the one that templates see.
    fn namespace<'a>(&'a self, context: &CompileContext<'a>) -> &'a str {
        self.namespace.as_deref().unwrap_or(context.defaults.namespace)
    }
}

impl BlockType for ChartBlock {
    const KIND: &'static str = "chart";
    type Keys = ChartKeys;
    type Spec = ChartSpec;

    fn read(
        &self,
        block: &Block,
        defaults: Defaults<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<ChartSpec> {
        let keys: ChartKeys = keys::read(block, mistakes)?;
        let source = source::read(block, &keys, defaults, mistakes);
        let preset = keys.preset.map(presets::Preset::defaults);
        let installs = keys.preset.and_then(presets::Preset::controller);
        let retired = installs.and_then(Controller::retirement);
        if let Some(message) = retired {
            let at = span_of(block, ["preset"]);
            let help = "take another controller, as with `preset = \"contour\"` or `\"traefik\"`, or the Gateway API with \
                        `\"envoy-gateway\"`; the class of your registries is then that of the new one";
            mistakes.push(Diagnostic::warning(codes::RETIRED_CONTROLLER, message).at(at, "").help(help));
        }
        if keys.keep_release && keys.adopt.is_none() {
            let message = "`keep_release` says nothing where no release is taken over";
            let at = span_of(block, ["keep_release"]);
            mistakes.push(
                Diagnostic::error(codes::USELESS_KEY, message)
                    .at(at, "")
                    .help("add `adopt = \"helm\"`, or take it out"),
            );
        }
        let record_sources = record_sources::record_sources(&keys);
        let patches = patch::read(block, keys.patch, mistakes);
        Some(ChartSpec {
            source: source?,
            release: keys.release.unwrap_or_else(|| block.address.name.clone()),
            namespace: keys.namespace.or_else(|| Some(preset.as_ref()?.namespace.to_owned())),
            installs: installs.filter(|_| keys.values_files.is_empty() && !keys.values.contains_key("ports")),
            record_sources,
            preset_values: preset.map_or_else(|| json!({}), |preset| preset.values),
            values_files: keys.values_files,
            with_definitions: keys.crds,
            lookup: keys.lookup,
            hooks: keys.hooks,
            adopt: keys.adopt,
            keep_release: keys.keep_release,
            patches,
        })
    }

    fn needs(&self, block: &Block, spec: &ChartSpec, context: &CompileContext<'_>) -> Vec<Need> {
        // Mistakes are reported when the block compiles.
        let mut unsaid = Vec::new();
        let mut needs: BTreeSet<Need> = request::first_needs(block, spec, context).into_iter().collect();
        let Some(renderings) = request::renderings(block, spec, context, &mut unsaid) else {
            return needs.into_iter().collect();
        };
        // What the others define changes what is rendered, so one rendering tells them what this one defines, and the rest comes then.
        if context.undeclared.iter().any(|other| *other != block.address) {
            needs.insert(renderings.first_need());
            return needs.into_iter().collect();
        }
        needs.extend(renderings.needs());
        needs.extend(takeover::need(spec, context));
        let ToldApart { objects, tests } =
            objects(block, spec, &renderings, context, &mut unsaid).unwrap_or_default();
        needs.extend(scope::needs(objects.iter().chain(&tests).map(|object| &object.object)));
        needs.extend(live_values::needs(&objects, spec.namespace(context), context.facts));
        needs.into_iter().collect()
    }

    fn compile(
        &self,
        block: &Block,
        spec: &ChartSpec,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft> {
        let Some(renderings) = request::renderings(block, spec, context, mistakes) else { return Vec::new() };
        let objects = objects(block, spec, &renderings, context, mistakes);
        let Some(ToldApart { mut objects, tests }) = objects else { return Vec::new() };
        let namespace = spec.namespace(context);
        let past = kept::past(block, context.facts);
        let rendered_from = inputs::digest(spec, &renderings, context);
        let from = rendered_from.as_deref();
        let same = from.filter(|from| {
            !past.is_renewed && dated::hold(&mut objects, from, past, namespace, context.facts)
        });
        if spec.lookup && past.is_renewed {
            mistakes.push(not_renewed(block));
        }
        if spec.lookup {
            looked_up::mark_secrets(&mut objects, past, namespace, context.facts);
        }
        kept::keep(block, &mut objects, from, namespace, context.facts, mistakes);
        let unknown = renderings.unknown().map(|unknown| unknown.reason.as_str());
        let release = takeover::release(block, spec, &objects, past.moment, context, mistakes);
        let moment = moment(past.moment, release.as_ref(), spec);
        let content = hooks::content(&objects, from, same, &past.contents);
        let run = Run { content, moment };
        let mut drafts: Vec<Draft> =
            objects.into_iter().map(|object| draft(block, spec, namespace, object, unknown, &run)).collect();
        for draft in &mut drafts {
            draft.release.clone_from(&release);
            draft.rendered_from.clone_from(&rendered_from);
            if let Some(release) = draft.release.as_mut().filter(|_| spec.keep_release) {
                takeover::keep_marks(&mut draft.object, release);
                release.records = [].into();
            }
        }
        let run = Run { moment: Moment::Test, ..run };
        drafts.extend(tests.into_iter().map(|test| draft(block, spec, namespace, test, unknown, &run)));
        drafts
    }

    /// One rendering tells them.
    fn declared(&self, block: &Block, spec: &ChartSpec, context: &CompileContext<'_>) -> Option<Vec<Draft>> {
        let mut unsaid = Vec::new();
        let Some(renderings) = request::renderings(block, spec, context, &mut unsaid) else {
            // Whoever has a mistake defines nothing, and nobody waits for it.
            return (!unsaid.is_empty()).then(Vec::new);
        };
        let Fact::Rendered(rendered) = context.facts.get(&renderings.first_need())? else {
            return Some(Vec::new());
        };
        let objects = comparison::plain(rendered, &spec.patches).unwrap_or_default();
        let ToldApart { objects, tests } = hooks::told_apart(block, objects, &spec.hooks, &mut unsaid);
        let run = Run { content: String::new(), moment: Moment::Install };
        let namespace = spec.namespace(context);
        let all = objects.into_iter().chain(tests);
        Some(all.map(|object| draft(block, spec, namespace, object, None, &run)).collect())
    }

    fn key_facts(&self, spec: &ChartSpec) -> Vec<KeyFact> {
        let version = spec.source.version.as_ref().map(|version| KeyFact::new("version", version));
        [KeyFact::new("chart", source::short_name(&spec.source))].into_iter().chain(version).collect()
    }

    /// What a chart renders is what is sent: `${…}` in it is plain text.
    fn is_interpolated(&self) -> bool {
        false
    }

    fn asks_for_all_objects(&self) -> bool {
        true
    }
}

/// What all hooks of a chart have in common.
struct Run {
    /// The digest of what the chart renders.
    content: String,
    /// What happens to the chart.
    moment: Moment,
}

/// What happens to the chart. As long as a release is taken over, nothing runs.
fn moment(moment: Moment, release: Option<&HelmRelease>, spec: &ChartSpec) -> Moment {
    let is_taken_over = release.is_some_and(|release| !release.records.is_empty());
    // A record that stays says nothing of later changes.
    let is_begun = moment == Moment::Install || !spec.keep_release;
    if is_taken_over && is_begun { Moment::Takeover } else { moment }
}

/// The mistake of a rotation of what is looked up: a template finds what it has made, and makes nothing anew.
fn not_renewed(block: &Block) -> Diagnostic {
    let chart = &block.address;
    let message = format!(
        "`{chart}` looks up objects of the cluster, so it may find what it has made at random, and make nothing anew"
    );
    Diagnostic::error(codes::CHART_RANDOM, message).at(span_of(block, ["lookup"]), "").help(format!(
        "take `lookup` out, use `regplan rotate {chart}`, look at what else its plan changes, and put `lookup` back"
    ))
}

/// The draft of one object.
fn draft(
    block: &Block,
    spec: &ChartSpec,
    namespace: &str,
    chart_object: ChartObject,
    unknown: Option<&str>,
    run: &Run,
) -> Draft {
    let ChartObject { mut object, template, unstable, batch, secret, hook } = chart_object;
    remove_server_fields(&mut object);
    let is_template = template.as_ref().is_none_or(|path| !path.starts_with(DEFINITIONS));
    let keeps = FieldPath::keys(["metadata", "annotations", HELM_POLICY]).get(&object).cloned();
    let patched: Vec<(FieldPath, Origin)> =
        spec.patches.iter().flat_map(|patch| patch.origins(&object)).collect();
    let addressing = Addressing::WithinBlock { block_namespace: namespace.to_owned() };
    let mut draft = Draft::new(block, object, addressing, namespace);
    let key = match template {
        Some(template) => format!("{} ({template})", block.address),
        None => block.address.to_string(),
    };
    draft.origins.insert(FieldPath::root(), Origin::of_key(key, Some(span_of(block, ["chart"]))));
    for (path, origin) in patched {
        draft.origins.cover(path, origin);
    }
    draft.batch = batch;
    draft.looks_at_apis = is_template;
    draft.hook = hook.map(|HookNotes { phases, weight, deleted_after }| Hook {
        phases,
        weight,
        deleted_after,
        content: run.content.clone(),
        moment: run.moment,
    });
    draft.protect = keeps.as_ref().and_then(Value::as_str) == Some(HELM_POLICY_KEEP);
    for path in secret {
        if let Some(reason) = unknown {
            draft.leave_unchecked(path.clone(), reason);
        }
        draft.sensitive.insert(path, ());
    }
    for Unstable { path, kept, .. } in unstable {
        draft.random.insert(path.clone(), ());
        match kept {
            Kept::Live => {}
            Kept::Nothing => draft.fresh.insert(path, ()),
            Kept::Unknown(reason) => draft.leave_unchecked(path, &reason),
        }
    }
    draft
}
