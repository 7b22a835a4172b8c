//! Whether anybody serves the classes that resources name: a class is a name alone, and needs a program behind it.

use std::collections::HashSet;

use crate::kubernetes::class_controllers::{ClassController, of_class};
use crate::plan::input::plan_input::Input;
use crate::plan::view::needs::Needed;
use crate::resource::{Identity, Reading, Target};

/// A class that is there, and whose controller is known.
#[derive(Debug, Clone)]
pub(in crate::plan) struct Served {
    /// The class, and who names it.
    pub(in crate::plan) class: Needed,
    /// Its controller.
    pub(in crate::plan) controller: ClassController,
}

/// The classes among what was read whose controller is to be looked for. One that this plan makes is none.
pub(in crate::plan) fn served(input: &Input, read: &[(Needed, Reading)]) -> Vec<Served> {
    let all = input.desired.iter().chain(&input.left_out.desired);
    let made: HashSet<&Identity> = all.map(|desired| &desired.identity).collect();
    let known = read.iter().filter_map(|(class, reading)| {
        let Reading::Present(live) = reading else { return None };
        let controller = of_class(&class.target.identity, &live.object)?;
        Some(Served { class: class.clone(), controller })
    });
    known
        .filter(|served| !served.controller.usual_services().any(|service| made.contains(&service)))
        .collect()
}

/// What is read to find these controllers.
pub(in crate::plan) fn targets(served: &[Served]) -> Vec<Target> {
    let services = served.iter().flat_map(|one| one.controller.usual_services());
    services.map(|identity| Target { identity, version: None }).collect()
}

/// Those of whom nothing is where it usually is. What may not be read may be there.
pub(in crate::plan) fn missing(served: Vec<Served>, readings: &[Reading]) -> Vec<Served> {
    let mut readings = readings.iter();
    let mut is_absent = |one: &Served| {
        let own: Vec<_> = readings.by_ref().take(one.controller.services.len()).collect();
        !own.is_empty() && own.into_iter().all(|reading| matches!(reading, Reading::Absent))
    };
    served.into_iter().filter(|one| is_absent(one)).collect()
}
