//! Whether anybody serves the classes that resources name: a class is a name alone, and needs a program behind it.

use std::collections::HashSet;

use crate::kubernetes::class_controllers::{ClassController, called, has_accepted, named_by};
use crate::plan::input::plan_input::Input;
use crate::plan::view::needs::Needed;
use crate::resource::{Identity, Reading, Target};

/// A class that is there, and what it says of its controller.
#[derive(Debug, Clone)]
pub(in crate::plan) struct Served {
    /// The class, and who names it.
    pub(in crate::plan) class: Needed,
    /// The name of its controller, as people know it where it is known.
    pub(in crate::plan) name: String,
    /// Its controller, if it is known.
    known: Option<&'static ClassController>,
    has_accepted: bool,
}

/// What was found of the controller of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plan) enum Presence {
    /// It has accepted the class.
    Accepts,
    /// It is reached by this Service.
    At(Identity),
    /// Nothing is in any of the places where it usually is.
    Nowhere(Vec<Identity>),
    /// It may be in one of its usual places, and they may not be read.
    Hidden,
    /// Nobody knows where to look.
    Unknown,
}

/// The classes among what was read. One that this plan makes is none, and none whose controller it makes.
pub(in crate::plan) fn served(input: &Input, read: &[(Needed, Reading)]) -> Vec<Served> {
    let all = input.desired.iter().chain(&input.left_out.desired);
    let made: HashSet<&Identity> = all.map(|desired| &desired.identity).collect();
    let served = read.iter().filter_map(|(class, reading)| {
        let Reading::Present(live) = reading else { return None };
        let name = named_by(&class.target.identity, &live.object)?;
        let known = called(name);
        Some(Served {
            class: class.clone(),
            name: known.map_or(name, |known| known.name).to_owned(),
            known,
            has_accepted: has_accepted(&live.object),
        })
    });
    served.filter(|one| !one.places().any(|service| made.contains(&service))).collect()
}

impl Served {
    /// The Services by which the controller is usually reached.
    fn places(&self) -> impl Iterator<Item = Identity> {
        self.known.into_iter().flat_map(ClassController::usual_services)
    }

    /// The places where it is looked for.
    fn looked_at(&self) -> impl Iterator<Item = Identity> {
        self.places().filter(|_| !self.has_accepted)
    }

    /// What was found of it, where this is what was read in these places.
    fn presence(&self, places: &[Identity], readings: &[&Reading]) -> Presence {
        if self.has_accepted {
            return Presence::Accepts;
        }
        let is_there = |(_, reading): &(&Identity, &&Reading)| matches!(reading, Reading::Present(_));
        if let Some((place, _)) = places.iter().zip(readings).find(is_there) {
            return Presence::At(place.clone());
        }
        if places.is_empty() {
            return Presence::Unknown;
        }
        let is_sure = readings.len() == places.len()
            && readings.iter().all(|reading| matches!(reading, Reading::Absent));
        if is_sure { Presence::Nowhere(places.to_vec()) } else { Presence::Hidden }
    }
}

/// What is read to find these controllers.
pub(in crate::plan) fn targets(served: &[Served]) -> Vec<Target> {
    let services = served.iter().flat_map(Served::looked_at);
    services.map(|identity| Target { identity, version: None }).collect()
}

/// What was found of each of them, by what was read of the [targets].
pub(in crate::plan) fn found(served: Vec<Served>, readings: &[Reading]) -> Vec<(Served, Presence)> {
    let mut readings = readings.iter();
    let looked = served.into_iter().map(|one| {
        let places: Vec<Identity> = one.looked_at().collect();
        let own: Vec<&Reading> = readings.by_ref().take(places.len()).collect();
        let presence = one.presence(&places, &own);
        (one, presence)
    });
    looked.collect()
}
