//! One resource and everything that is known of it.

use std::sync::Arc;

use serde_json::Value;

use crate::kubernetes::field_manager;
use crate::kubernetes::openapi::ObjectSchema;
use crate::plan::input::plan_input::Known;
use crate::plan::model::change::{Action, Change};
use crate::plan::model::plan::Consent;
use crate::plan::ownership::belonging::{Belonging, ObjectOwner, belonging, is_left_by_a_test};
use crate::plan::view::index::Dependencies;
use crate::plan::view::overview::Overview;
use crate::resource::{Address, Applied, Desired, FieldPath, Hook, Live, Problem, Reading};

/// A view of one resource.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct Situation<'a> {
    overview: Overview<'a>,
    position: usize,
    desired: &'a Arc<Desired>,
    dependencies: &'a Dependencies,
}

impl<'a> Overview<'a> {
    /// The resource at this position.
    pub(in crate::plan) fn situation(self, position: usize) -> Option<Situation<'a>> {
        let desired = self.input().desired.get(position)?;
        Some(Situation {
            overview: self,
            position,
            desired,
            dependencies: self.index().dependencies(position)?,
        })
    }
}

/// What is desired, and what the state knows of it.
impl<'a> Situation<'a> {
    /// What the configuration wants.
    pub(in crate::plan) fn desired(self) -> &'a Arc<Desired> {
        self.desired
    }

    /// What the state knows of the object, under this address or (a renamed block) under another one.
    pub(in crate::plan) fn known(self) -> Option<&'a Known> {
        self.known_with_address().map(|(_, known)| known)
    }

    /// What the state knows under this address, of whichever object.
    pub(in crate::plan) fn known_here(self) -> Option<&'a Known> {
        self.overview.input().known.get(&self.desired.address)
    }

    /// The address under which the state knows the object, where that is another one.
    pub(in crate::plan) fn moved_from(self) -> Option<&'a Address> {
        let known = self.known_with_address().map(|(address, _)| address);
        let renamed = known.filter(|address| **address != self.desired.address);
        renamed.or_else(|| self.overview.input().moved.get(&self.desired.address))
    }

    fn known_with_address(self) -> Option<(&'a Address, &'a Known)> {
        let known = &self.overview.input().known;
        let here = known.get_key_value(&self.desired.address);
        let here = here.filter(|(_, known)| known.target.identity == self.desired.identity);
        here.or_else(|| known.get_key_value(self.overview.index().left_address(&self.desired.identity)?))
    }

    /// The record of the last apply, of this object or of one that it was made anew from.
    pub(in crate::plan) fn applied(self) -> Option<&'a Applied> {
        self.known()?.applied.as_deref()
    }

    /// The record of the last write of this very object, where it is certain to be the last one.
    pub(in crate::plan) fn last_write(self, live: &Live) -> Option<&'a Applied> {
        let known = self.known().filter(|known| known.uid == live.stamp.uid && !known.doubted);
        known?.applied.as_deref()
    }

    /// What must be applied first.
    pub(in crate::plan) fn apply_dependencies(self) -> &'a [Address] {
        self.overview.input().dependencies.get(&self.desired.address).map_or(&[], Vec::as_slice)
    }

    /// What of the hooks of its chart comes before it, as far as this plan is about them.
    pub(in crate::plan) fn hooks_before(self) -> Vec<Address> {
        let order = self.overview.input().hook_order.get(&self.desired.address);
        let planned = order.into_iter().flatten().filter(|address| self.is_desired(address));
        planned.cloned().collect()
    }

    /// What else of its chart runs on the same side of the same moment, each with what it ran with last.
    pub(in crate::plan) fn runs_beside(self) -> impl Iterator<Item = (&'a Hook, Option<&'a str>)> {
        let input = self.overview.input();
        let side = self.desired.hook.as_ref().and_then(Hook::side);
        let of_chart = input.desired.iter().filter(move |other| {
            other.address.block == self.desired.address.block && other.address != self.desired.address
        });
        of_chart.filter_map(move |other| {
            let hook = other.hook.as_ref().filter(|hook| hook.side() == side)?;
            Some((hook, input.known.get(&other.address).and_then(|known| known.completed.as_deref())))
        })
    }

    /// Whether `--replace` names it.
    pub(in crate::plan) fn is_replacement_requested(self) -> bool {
        self.overview.input().replace.contains(&self.desired.address)
    }

    /// What stands against it before anything is asked about it.
    pub(in crate::plan) fn barred(self) -> Option<&'a Problem> {
        self.overview.input().barred.get(&self.desired.address)
    }

    /// Whether the object is to be taken over, and so must be there.
    pub(in crate::plan) fn is_imported(self) -> bool {
        self.overview.input().imports.contains(&self.desired.address)
    }

    /// Whether the revision that is gone back to had applied this object.
    pub(in crate::plan) fn was_applied_then(self) -> bool {
        self.overview.input().applied_then.contains(&self.desired.identity)
    }

    /// What the user agreed to.
    pub(in crate::plan) fn consent(self) -> &'a Consent {
        &self.overview.input().consent
    }

    /// The project.
    pub(in crate::plan) fn project(self) -> &'a str {
        &self.overview.input().project
    }

    /// Whether a revision says what is desired, and not the configuration.
    pub(in crate::plan) fn is_of_a_revision(self) -> bool {
        self.overview.input().revision.is_some()
    }

    /// The project's field manager.
    pub(in crate::plan) fn manager(self) -> String {
        field_manager(self.project())
    }

    /// Whose objects are ours.
    pub(in crate::plan) fn owner(self) -> ObjectOwner<'a> {
        self.overview.owner()
    }
}

/// What was read.
impl<'a> Situation<'a> {
    /// What was read of the object.
    pub(in crate::plan) fn reading(self) -> Option<&'a Reading> {
        self.overview.readings().of(&self.desired.address)
    }

    /// The object, where it is there.
    pub(in crate::plan) fn live(self) -> Option<&'a Arc<Live>> {
        self.overview.live(&self.desired.address)
    }

    /// Whose the object is that is there.
    pub(in crate::plan) fn belonging(self, live: &Live) -> Belonging {
        let input = self.overview.input();
        let is_agreed =
            [&input.consent.adopt, &input.imports].iter().any(|all| all.contains(&self.desired.address));
        belonging(self.desired, live, self.known(), self.owner(), is_agreed)
    }

    /// Whether the object is a hook that was run as a test last.
    pub(in crate::plan) fn is_left_by_a_test(self, live: &Live) -> bool {
        is_left_by_a_test(&self.desired.address, live, self.owner())
    }

    /// Whether the object has changed since it was read, and was not read again yet.
    pub(in crate::plan) fn is_outdated(self) -> bool {
        self.overview.readings().is_outdated(&self.desired.address)
    }

    /// How often the object was read again, because it changed between reading and dry-run.
    pub(in crate::plan) fn repeats(self) -> u8 {
        self.overview.readings().repeats(&self.desired.address)
    }

    /// Whether objects of its kind can be made; `None` where nobody has asked.
    pub(in crate::plan) fn served(self) -> Option<&'a Result<(), Problem>> {
        self.overview.readings().served(&self.desired.target())
    }

    /// The object that had the address before under another name, if it is to be deleted.
    pub(in crate::plan) fn predecessor(self) -> Option<(&'a Known, &'a Live)> {
        let known = self.known_here()?;
        let Reading::Present(live) = self.overview.readings().predecessor(&self.desired.address)? else {
            return None;
        };
        let is_deleted = self.overview.is_ours(&self.desired.address, known, live)
            && !self.overview.is_desired_object(&known.target.identity, &live.stamp.uid);
        is_deleted.then_some((known, &**live))
    }

    /// What the server publishes of its kind, where that was asked.
    pub(in crate::plan) fn schema(self) -> Option<&'a ObjectSchema> {
        self.overview.schemas().of(&self.desired.target())
    }

    /// Why the object that had the address before could not be read.
    pub(in crate::plan) fn unreadable_predecessor(self) -> Option<&'a Problem> {
        match self.overview.readings().predecessor(&self.desired.address)? {
            Reading::Unreadable(problem) => Some(problem),
            Reading::Present(_) | Reading::Absent => None,
        }
    }
}

/// What is decided.
impl<'a> Situation<'a> {
    /// Whether there is nothing left to decide of it.
    pub(in crate::plan) fn is_settled(self) -> bool {
        self.overview.decisions().is_settled(self.position)
    }

    /// Whether everything is decided that it depends on.
    pub(in crate::plan) fn is_ready(self) -> bool {
        self.dependencies.all().all(|dependency| self.overview.decisions().is_settled(dependency))
    }

    /// What is done to it, where that is decided.
    pub(in crate::plan) fn action(self) -> Option<Action> {
        self.change().map(|change| change.action)
    }

    /// What was decided of it.
    pub(in crate::plan) fn change(self) -> Option<&'a Change> {
        self.overview.decisions().change(self.position)
    }

    /// Whether it is not there, and cannot be made.
    pub(in crate::plan) fn is_impossible(self) -> bool {
        self.overview.decisions().is_refused(self.position) && self.live().is_none()
    }

    /// Its namespace, where that is desired as well.
    pub(in crate::plan) fn namespace(self) -> Option<Self> {
        self.overview.situation(self.dependencies.namespace()?)
    }

    /// The definition of its kind, where that is desired as well.
    pub(in crate::plan) fn definition(self) -> Option<Self> {
        self.overview.situation(self.dependencies.definition()?)
    }

    /// Whether its kind may be served only after this plan, which has its definition, or a server for its group.
    pub(in crate::plan) fn waits_for_its_kind(self) -> bool {
        let index = self.overview.index();
        self.dependencies.definition().is_some() || index.registers_group(&self.desired.identity.group)
    }

    /// The object as it will be, as far as that is known: the outcome that is decided, or what is desired.
    pub(in crate::plan) fn future_object(self) -> Option<&'a Value> {
        self.overview.decisions().change(self.position)?;
        let outcome = self.overview.decisions().outcome(self.position);
        Some(outcome.map_or(&self.desired.object, |live| &live.object))
    }

    /// What becomes of the resources whose change replaces this one.
    pub(in crate::plan) fn triggers(self) -> impl Iterator<Item = &'a Change> {
        self.dependencies.triggers().iter().filter_map(move |at| self.overview.decisions().change(*at))
    }

    /// What is desired in this namespace, or of the kind that this definition defines, and is there.
    pub(in crate::plan) fn contents(self) -> impl Iterator<Item = &'a Arc<Desired>> {
        let contents = self.overview.index().contents(self.position).iter();
        let desired = contents.filter_map(move |at| self.overview.input().desired.get(*at));
        desired.filter(move |desired| self.overview.live(&desired.address).is_some())
    }

    /// Whether something is desired under this address.
    pub(in crate::plan) fn is_desired(self, address: &Address) -> bool {
        self.overview.index().is_desired(address)
    }

    /// A field of another resource that may be looked up already: of one that stays as it is, or whose outcome the server
    /// told. What a controller writes after the change is not known yet.
    pub(in crate::plan) fn settled_field(self, address: &Address, field: &FieldPath) -> Option<&'a Value> {
        let position = self.overview.index().position(address)?;
        let change = self.overview.decisions().change(position)?;
        match change.action {
            Action::None | Action::Update | Action::Adopt if !is_written_after(change, field) => {
                field.get(&self.overview.decisions().outcome(position)?.object)
            }
            _ => None,
        }
    }
}

/// Whether a controller may write the field when it has seen the change: the status of an object whose specification changes.
fn is_written_after(change: &Change, field: &FieldPath) -> bool {
    let changes_specification = change.fields.iter().any(|changed| changed.path.is_below_keys(&["spec"]));
    changes_specification && field.is_below_keys(&["status"])
}
