//! A plan without a variable that the last apply was given: perhaps it was forgotten, and its default is that of another
//! environment.

use crate::config::Config;
use crate::diagnostic::nearest::list;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{self, Mode, Plan};
use crate::state::State;

/// Makes sure that nothing is changed because a variable falls back to its default, unless somebody gives that default
/// by name. Another value is no mistake: that is what variables are for.
///
/// # Errors
/// The mistake that names the variables.
pub(super) fn check(plan: &Plan, state: &State, config: &Config) -> Result<(), Diagnostics> {
    let kept = &config.defaulted_variables.kept;
    let forgotten: Vec<&str> =
        state.variables.iter().filter(|name| kept.contains(name)).map(String::as_str).collect();
    let is_asked = plan.mode == Mode::Apply && plan.revision.is_none() && plan.has_changes();
    if forgotten.is_empty() || !is_asked || state.resources.is_empty() {
        return Ok(());
    }
    Err(Diagnostics::from(vec![refusal(&forgotten, config)]))
}

fn refusal(forgotten: &[&str], config: &Config) -> Diagnostic {
    let names = list(forgotten.iter().copied());
    let flags: Vec<String> = forgotten.iter().map(|name| format!("--var {name}=VALUE")).collect();
    let (noun, it, has) = match forgotten {
        [_] => ("variable", "it", "has its default"),
        _ => ("variables", "them", "have their defaults"),
    };
    let message = format!(
        "the last apply was given the {noun} {names} by `--var` or the environment, and this run is not, so nothing was \
         planned"
    );
    let pronoun = if forgotten.len() == 1 { "it" } else { "they" };
    let help = format!(
        "now {pronoun} {has}: give {it} again; if the default is meant, say so with its value: `{}`; {}",
        flags.join(" "),
        plan::own_state(config.state.place_key())
    );
    Diagnostic::error("other-variables", message).help(help)
}
