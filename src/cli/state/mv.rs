//! `regplan state mv`.

use super::open::{lock_state, named};
use crate::cli::args::{Global, StateMvArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::wording::note;
use crate::config::{Config, is_namespace};
use crate::report::{Label, Styled};
use crate::resource::Address;
use crate::state::State;

pub(super) async fn run(global: &Global, args: &StateMvArgs, output: Output) -> Result<Exit, Failure> {
    let (config, mut store) = lock_state(global, "state mv", output).await?;
    let moves = moves(store.state(), &args.from, &args.to)?;
    store.edit(|state| moves.iter().for_each(|(from, to)| state.readdress(from, to))).await?;
    store.close().await?;
    let mut text = Styled::default();
    for (from, to) in &moves {
        text.line(Label::Plain, format!("{from} is {to} now."));
    }
    output.note(&text)?;
    if let Some(story) = next_plan(&config, &args.from, &args.to) {
        output.message(&note(story))?;
    }
    Ok(Exit::Done)
}

/// Each old address with its new one. Fails where the state knows a resource under a new one.
fn moves(state: &State, from: &Address, to: &Address) -> Result<Vec<(Address, Address)>, Failure> {
    let moves: Vec<(Address, Address)> = named(state, from)?
        .into_iter()
        .map(|old| {
            let is_whole_block = old != *from;
            let new = if is_whole_block {
                Address { block: to.block.clone(), object: old.object.clone() }
            } else {
                to.clone()
            };
            (old, new)
        })
        .collect();
    if to.object.is_some() && moves.iter().any(|(old, _)| old != from) {
        let message = format!("`{from}` is a block of several objects, and `{to}` is one object");
        return Err(Failure::message(message).help("name a block twice, or an object twice"));
    }
    if let Some((_, taken)) = moves.iter().find(|(_, new)| state.resources.contains_key(new)) {
        let message = format!("the state knows `{taken}` already; nothing was moved");
        return Err(Failure::message(message)
            .help(format!("choose another address, or forget that one first: `regplan state rm {taken}`")));
    }
    Ok(moves)
}

/// What the next plan does with what has moved, where the configuration does not know it under its new address yet.
fn next_plan(config: &Config, from: &Address, to: &Address) -> Option<String> {
    let has = |address: &Address| config.blocks.iter().any(|block| block.address == address.block);
    let moves = &config.moves;
    let is_told = is_namespace(to) || moves.destination(to).is_some() || moves.released(to).is_some();
    if has(to) || is_told {
        return None;
    }
    let what_follows = if has(from) {
        // What a block of the old address still makes is found again by its object.
        format!("until you rename it there, the next plan moves it back to `{from}`")
    } else {
        "until it has, the next plan deletes what moved there".to_owned()
    };
    Some(format!("the configuration has no block `{}` yet; {what_follows}.", to.block))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Identity, Target};
    use crate::state::{Provenance, StoredResource};

    fn state(addresses: &[&str]) -> State {
        let mut state = State::new("p");
        for address in addresses {
            let identity = Identity::namespaced("", "ConfigMap", "a", *address);
            let target = Target { identity, version: None };
            let resource = StoredResource {
                dependencies: vec!["registry.main/Secret/users".parse().unwrap()],
                ..StoredResource::new(target, "u", Provenance::Created)
            };
            state.resources.insert(address.parse().unwrap(), resource);
        }
        state
    }

    fn new_addresses(from: &str, to: &str) -> Option<Vec<String>> {
        let state =
            state(&["registry.main/Secret/users", "registry.main/Service/web", "resource.a", "resource.b"]);
        let moves = moves(&state, &from.parse().unwrap(), &to.parse().unwrap()).ok()?;
        Some(moves.into_iter().map(|(_, to)| to.to_string()).collect())
    }

    #[test]
    fn a_block_takes_its_objects_along() {
        let moved = new_addresses("registry.main", "registry.prod").unwrap();
        assert_eq!(moved, ["registry.prod/Secret/users", "registry.prod/Service/web"]);
        assert_eq!(new_addresses("resource.a", "resource.c").unwrap(), ["resource.c"]);
        assert_eq!(new_addresses("resource.a", "resource.b"), None, "taken");
        assert_eq!(new_addresses("resource.x", "resource.c"), None, "unknown");
        assert_eq!(new_addresses("registry.main", "registry.prod/Secret/users"), None, "several into one");
    }

    #[test]
    fn what_the_next_plan_does_is_told_as_it_is() {
        let head = "[project]\nname = 'p'\n";
        let block = |name: &str| format!("[resource.{name}]\napiVersion = 'v1'\nkind = 'ConfigMap'\n");
        let told = |text: String| {
            let schemas = crate::blocks::schemas();
            let (config, _) = crate::config::load_text(&text, &schemas).outcome.unwrap();
            let address = |name| Address::block("resource", name);
            next_plan(&config, &address("old"), &address("new")).unwrap_or_default()
        };
        assert_eq!(told(format!("{head}{}", block("new"))), "");
        assert!(told(format!("{head}{}", block("other"))).contains("the next plan deletes what moved there"));
        let still = told(format!("{head}{}", block("old")));
        assert!(still.contains("the next plan moves it back to `resource.old`"), "{still}");
        let released = "[[removed]]\naddress = 'resource.new'\ndestroy = false\n";
        assert_eq!(told(format!("{head}{released}")), "");
    }

    #[test]
    fn what_stands_on_it_follows() {
        let mut state = state(&["registry.main/Secret/users", "resource.a"]);
        state.readdress(&"registry.main/Secret/users".parse().unwrap(), &"resource.s".parse().unwrap());
        let stands_on = &state.resources[&"resource.a".parse().unwrap()].dependencies;
        assert_eq!(stands_on[0].to_string(), "resource.s");
    }
}
