//! The login of the nodes changes, and pulls go on.

use super::page::Page;
use super::place::Place;
use crate::bed::image::Image;
use crate::stack::pulls::Pulls;

/// The line of the file that a rotation is asked for below.
const USER: &str = "user             = \"ci\"\n";

/// Two users take turns, and pods start all the time.
pub(super) fn rotate(place: &Place<'_>, page: &mut Page) {
    let mut pulls = Pulls::new("team-a", |image: &Image, tag: &str| place.push(image, tag));
    page.say(
        "## The nodes' login changes, and pulls go on\n\n\
         With `rotate`, two users take turns as the login of the nodes, `ci-a` and `ci-b`. It is one line more in the file:",
    );
    place.project().edit("regplan.toml", USER, &format!("{USER}{}", rotate_to("2026-11")));
    page.show("diff", &format!("+ {}", rotate_to("2026-11")));
    let apply = "regplan apply --auto-approve";
    place.run_from_while(page, apply, "Plan: ", |run| pulls.pull_during(run));
    page.say("A month later, it has another word:");
    place.project().edit("regplan.toml", "2026-11", "2026-12");
    page.show("diff", &format!("- {}+ {}", rotate_to("2026-11"), rotate_to("2026-12")));
    place.run(page, "regplan plan", 0);
    page.say(
        "The registry gets the new user beside the old one, and no pod of it is replaced. The nodes get it when the registry takes\n\
         it: until then, they have the old one, which works.",
    );
    place.run_from_while(page, apply, "Plan: ", |run| pulls.pull_during(run));
    page.say("Now no node has the old user, and the next plan takes it out:");
    place.run(page, "regplan plan", 0).stdout_contains("ci-a removed");
    place.run_from_while(page, apply, "Plan: ", |run| pulls.pull_during(run));
    page.say(
        "All that time, pods started one after the other, each with a new image and `imagePullPolicy: Always`. Each of them ran, and\n\
         no event tells of a pull that failed.",
    );
    pulls.expect(3);
    pulls.end();
}

/// The line that asks for a rotation by this word.
fn rotate_to(word: &str) -> String {
    format!("rotate           = \"{word}\"\n")
}
