//! The login of the nodes changes, and pulls go on.

use serde_json::Value;

use super::page::Page;
use super::place::Place;
use crate::bed::image::Image;
use crate::harness::{Cluster, Ended, Running, wait_until};
use crate::stack::pulls::Pulls;
use crate::stack::rotation::renew_files;

/// The line of the file that names the user of the nodes.
const USER: &str = "user             = \"ci\"\n";

const APPLY: &str = "regplan apply --auto-approve";

/// Two users take turns, and pods start all the time.
pub(super) fn rotate(place: &Place<'_>, page: &mut Page) {
    let pod = pod_of_registry();
    let mut pulls = Pulls::new("team-a", |image: &Image, tag: &str| place.push(image, tag));
    let (november, december) = (rotate_by("2026-11"), rotate_by("2026-12"));
    page.say(
        "## The nodes' login changes, and pulls go on\n\n\
         With `rotate`, two users take turns as the login of the nodes, `ci-a` and `ci-b`. It is one more line below `user`:",
    );
    place.project().edit("regplan.toml", USER, &format!("{USER}{november}"));
    page.show("diff", &format!("+ {november}"));
    change_users(place, page, &mut pulls);
    page.say("A month later, it has another word:");
    place.project().edit("regplan.toml", &november, &december);
    page.show("diff", &format!("- {november}+ {december}"));
    place.run(page, "regplan plan", 0).stdout_contains("ci-b added");
    page.say(
        "The registry gets the new user beside the old one, and its pod is not replaced. The nodes get the new one when the pod\n\
         takes it; until then they have the old one, which works.",
    );
    change_users(place, page, &mut pulls);
    page.say("Now no node has the old user, and the next plan takes it out:");
    place.run(page, "regplan plan", 0).stdout_contains("ci-a removed");
    place.run_from_while(page, APPLY, "Plan: ", |run| {
        let ended = pulls.pull_during(run);
        renew_files("default", &pod);
        pulls.pull();
        ended
    });
    page.say(
        "During each apply and after it, pods started one after the other, each with a new image and `imagePullPolicy: Always`. Each\n\
         of them ran, and no event tells of a pull that failed.",
    );
    pulls.expect_no_failure();
    assert_eq!(pod_of_registry(), pod, "the pod of the registry was not replaced");
    pulls.end();
}

/// Applies another user of the nodes, while pods start. The kubelet is helped once the file has both users.
fn change_users<P: Fn(&Image, &str) -> String>(place: &Place<'_>, page: &mut Page, pulls: &mut Pulls<P>) {
    let (before, already) = (password_file(), pulls.beside());
    let pull_on = |mut run: Running| -> Ended {
        wait_until("the password file with the new user", || password_file() != before);
        pulls.pull_beside(&mut run);
        renew_files("default", &pod_of_registry());
        pulls.pull_during(run)
    };
    place.run_from_while(page, APPLY, "Plan: ", pull_on);
    assert!(
        pulls.beside() > already,
        "no pod has run before the apply had ended: it did not wait for the registry"
    );
}

/// The users of the registry, and their hashes.
fn password_file() -> Value {
    let secret = Cluster::shared().find("default", "secret/registry-htpasswd").unwrap();
    secret["data"]["htpasswd"].clone()
}

/// The registry's pod. There is one.
fn pod_of_registry() -> String {
    let pods = Cluster::shared().items("default", "pods");
    let names = pods.iter().filter_map(|pod| pod["metadata"]["name"].as_str());
    let [name] = names.filter(|name| name.starts_with("registry-")).collect::<Vec<_>>()[..] else {
        panic!("there is not one pod of the registry: {pods:?}")
    };
    format!("pod/{name}")
}

/// The line that asks for a rotation by this word.
fn rotate_by(word: &str) -> String {
    format!("rotate           = \"{word}\"\n")
}
