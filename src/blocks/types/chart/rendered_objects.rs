//! The objects that Helm has rendered, told apart by what becomes of them; or why there are none.

use super::ChartSpec;
use super::comparison::{self, Carriers, Obstacle};
use super::hook_words;
use super::hooks::{self, ToldApart};
use super::patch;
use super::request::Renderings;
use crate::blocks::block_type::CompileContext;
use crate::blocks::codes;
use crate::blocks::facts::{Fact, Facts, Rendered};
use crate::blocks::keys::span_of;
use crate::config::Block;
use crate::diagnostic::Diagnostic;

/// How Helm 4 begins to say that the cluster does not serve a kind. Where templates look up objects, it asks for each.
const NOT_SERVED: &str = "no matches for kind";
/// What to do then.
const SERVED_FIRST: &str = "with `lookup = true` Helm 4 takes only kinds that the cluster serves: let the block that \
                            defines this kind be applied first (`regplan apply --target BLOCK`), or leave out `lookup`";

/// How Helm begins to say that a chart is for another version of Kubernetes.
const OTHER_KUBERNETES: &str = "chart requires kubeVersion";
/// What Helm says of a chart that it cannot render with any values: it cannot be read, or a template cannot.
const WITH_NO_VALUES: [&str; 3] = [OTHER_KUBERNETES, "parse error at", "Chart.yaml"];
/// What to do where nobody has said which version it is.
const NAME_THE_VERSION: &str = "no cluster is asked here, so Helm takes a version of its own, which may be an old one: say which \
                                version of Kubernetes is meant in `[cluster] version`";

/// The objects of the chart; `None` where they are not known yet, or something is wrong.
pub(super) fn objects(
    block: &Block,
    spec: &ChartSpec,
    renderings: &Renderings,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) -> Option<ToldApart> {
    let outputs = outputs(renderings, context.facts)?;
    let (first, again) = match outputs.as_slice() {
        [Ok(first), Ok(again), ..] => (*first, *again),
        [Err(reason), ..] | [_, Err(reason), ..] => {
            mistakes.push(not_rendered(block, renderings, reason));
            return None;
        }
        _ => return None,
    };
    let carriers = match outputs.get(2) {
        None => Carriers::Nobody,
        Some(Ok(others)) => Carriers::By(others),
        Some(Err(_)) => {
            mistakes.push(secrets_by_their_texts(block));
            Carriers::Holding(renderings.secrets())
        }
    };
    let original = first.output.documents.iter().flatten().map(|document| document.object.clone());
    patch::check(block, &spec.patches, original.collect(), mistakes);
    mistakes.extend(hook_words::unknown_phases(block, &first.skipped_hooks));
    match comparison::compare(first, again, carriers, &spec.patches) {
        Ok(objects) => {
            mistakes.extend(objects.is_empty().then(|| empty(block)));
            let told = hooks::told_apart(block, objects, &spec.hooks, mistakes);
            let all = told.objects.iter().chain(&told.tests);
            mistakes.extend(hook_words::without_effect(block, all));
            Some(told)
        }
        Err(obstacle) => {
            mistakes.push(not_taken_apart(block, obstacle));
            None
        }
    }
}

/// What the renderings have given, in the order in which it is compared; `None` where it is not known yet.
fn outputs<'f>(renderings: &Renderings, facts: &'f Facts) -> Option<Vec<Result<&'f Rendered, &'f str>>> {
    let outputs = renderings.needs().into_iter().map(|need| match facts.get(&need)? {
        Fact::Rendered(rendered) => Some(Ok(rendered.as_ref())),
        Fact::Failed(reason) => Some(Err(reason.as_str())),
        _ => None,
    });
    outputs.collect()
}

/// The mistake of a chart that Helm does not render.
fn not_rendered(block: &Block, renderings: &Renderings, reason: &str) -> Diagnostic {
    let message = format!("`{}` cannot be rendered: {reason}", block.address);
    let mistake = error(block, message);
    let is_version_unknown = renderings.first().kubernetes.is_none();
    match renderings.unknown() {
        _ if renderings.look_up() && reason.contains(NOT_SERVED) => mistake.help(SERVED_FIRST),
        _ if is_version_unknown && reason.contains(OTHER_KUBERNETES) => mistake.help(NAME_THE_VERSION),
        Some(unknown) if depends_on_values(reason) => mistake.help(unknown.help()),
        Some(_) | None => mistake,
    }
}

/// The mistake of a chart whose objects no plan could follow.
fn not_taken_apart(block: &Block, Obstacle { reason, help }: Obstacle) -> Diagnostic {
    let mistake = error(block, format!("`{}` cannot be taken apart: {reason}", block.address));
    match help {
        Some(help) => mistake.help(help),
        None => mistake,
    }
}

fn error(block: &Block, message: String) -> Diagnostic {
    Diagnostic::error(codes::CHART_NOT_RENDERED, message).at(span_of(block, ["chart"]), "")
}

/// Whether it may be by its values that a chart cannot be rendered.
fn depends_on_values(reason: &str) -> bool {
    !WITH_NO_VALUES.iter().any(|words| reason.contains(words))
}

/// The warning of a chart that renders nothing: where it was applied, all of it is deleted.
fn empty(block: &Block) -> Diagnostic {
    let message = format!("`{}` renders no object", block.address);
    let help = "its values switch everything off, or no template makes anything: look at `values`, and at \
                `helm template` of the same; if nothing of it is wanted any more, take the block out";
    Diagnostic::warning(codes::CHART_EMPTY, message).at(span_of(block, ["chart"]), "").help(help)
}

/// Says that a chart takes no other secrets than the right ones, so that it is less certain where they end up. What Helm
/// said of the other ones is not told: the right ones could be read from it.
fn secrets_by_their_texts(block: &Block) -> Diagnostic {
    let message = format!("`{}` cannot be rendered with other secrets than its own", block.address);
    Diagnostic::warning(codes::CHART_SECRETS, message).at(span_of(block, ["chart"]), "").help(
        "fields that hold a secret as it is, in base64 or in another usual form are hidden; what the chart computes from it \
         in another way is not known to be secret",
    )
}
