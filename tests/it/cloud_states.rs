//! States in the object stores of two clouds, on a server that plays them as their documentation describes them.

use crate::harness::{
    BALANCER, Cloud, CloudStore, GREETING, Namespace, Project, QUICK_LOCK, config_maps, give_address,
};
use crate::object_states::{a_stopped_holder_writes_no_more, clocks_that_are_apart_share_a_lock, files_of};
use crate::rollback::with_value;

tests! {
    a_run_goes_from_plan_to_rollback_at_each_store,
    a_second_writer_is_refused_and_a_killed_one_is_overtaken,
    a_stopped_holder_that_was_overtaken_writes_no_more,
    machines_whose_clocks_are_hours_apart_share_a_lock,
    a_store_that_takes_a_write_in_a_second_is_waited_for,
    a_store_that_ignores_conditions_is_refused_by_its_header,
    what_leads_to_no_store_is_said_in_the_words_of_each,
}

const BOTH: [Cloud; 2] = [Cloud::Gcs, Cloud::Azblob];

fn at<'n>(store: &CloudStore, ns: &'n Namespace, config: &str) -> Project<'n> {
    CloudStore::let_in(ns.project().write("regplan.toml", &format!("{config}{}", store.state(QUICK_LOCK))))
}

fn change(project: &Project<'_>, store: &CloudStore, config: &str) {
    project.rewrite("regplan.toml", &format!("{config}{}", store.state(QUICK_LOCK)));
}

fn a_run_goes_from_plan_to_rollback_at_each_store() {
    for cloud in BOTH {
        let (ns, store) = (Namespace::new(), CloudStore::start(cloud));
        let project = at(&store, &ns, &with_value("good"));
        project.run(["plan", "--detailed-exitcode"]).code(2);
        assert_eq!(store.names(), Vec::<String>::new(), "a plan writes nothing");
        project.apply();
        project.expect_settled();
        change(&project, &store, &with_value("bad"));
        project.apply();
        project.run(["rollback", "--auto-approve"]).success();
        assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
        project.run(["history"]).success().stdout_contains("rollback 1");
        assert_eq!(store.names(), files_of(&ns), "{cloud:?}");
        let pulled = project.run(["state", "pull"]).success();
        assert_eq!(pulled.stdout(), store.read(&ns.fill("{project}/state.json")));
        project.run(["destroy", "--auto-approve"]).success();
    }
}

fn a_second_writer_is_refused_and_a_killed_one_is_overtaken() {
    for cloud in BOTH {
        let (ns, store) = (Namespace::new(), CloudStore::start(cloud));
        let project = at(&store, &ns, &format!("{GREETING}{BALANCER}"));
        let flags = ["apply", "--auto-approve", "--request-timeout", "2s"];
        let mut apply = project.regplan(flags).spawn();
        apply.until("waiting resource.lb");
        let other = at(&store, &ns, GREETING);
        let refused = other.run(["apply", "--auto-approve"]).code(1);
        refused
            .stderr_contains("the state is locked by ")
            .stderr_contains(&format!("process {}", apply.id()));
        apply.kill();
        give_address(&ns);
        let ended = project.run(flags).success();
        ended.stderr_contains("was killed: recovered").stderr_contains("It is taken over in ");
        project.expect_settled();
    }
}

fn a_stopped_holder_that_was_overtaken_writes_no_more() {
    for cloud in BOTH {
        let (ns, store) = (Namespace::new(), CloudStore::start(cloud));
        let state = || store.read(&ns.fill("{project}/state.json"));
        a_stopped_holder_writes_no_more(&ns, |config| at(&store, &ns, config), state);
    }
}

fn machines_whose_clocks_are_hours_apart_share_a_lock() {
    for cloud in BOTH {
        let (ns, store) = (Namespace::new(), CloudStore::start(cloud));
        clocks_that_are_apart_share_a_lock(&ns, 3_600, |config| at(&store, &ns, config));
    }
}

/// So does Google's, and the journal is one object that is written again with each line.
fn a_store_that_takes_a_write_in_a_second_is_waited_for() {
    let (ns, store) = (Namespace::new(), CloudStore::slow(Cloud::Gcs));
    let project = at(&store, &ns, &config_maps(4));
    project.run(["apply", "--auto-approve", "--parallelism", "1"]).success();
    assert!(store.put_off() > 0, "nothing was written twice in a second");
    project.expect_settled();
}

fn a_store_that_ignores_conditions_is_refused_by_its_header() {
    for (cloud, header) in [(Cloud::Gcs, "x-goog-if-generation-match"), (Cloud::Azblob, "If-None-Match")] {
        let (ns, store) = (Namespace::new(), CloudStore::forgetful(cloud));
        let project = at(&store, &ns, GREETING);
        let refused = project.run(["apply", "--auto-approve"]).code(1);
        refused.stderr_contains(&format!("ignores the condition of a write (`{header}`)"));
        assert!(ns.find("configmap/greeting").is_none());
        assert_eq!(store.names(), [ns.fill("{project}/probe")]);
    }
}

fn what_leads_to_no_store_is_said_in_the_words_of_each() {
    let words = [
        "make the bucket, or correct `[state] bucket`",
        "make the container, or correct `[state] container`",
    ];
    for (cloud, words) in BOTH.into_iter().zip(words) {
        let (ns, store) = (Namespace::absent(), CloudStore::start(cloud));
        let project = at(&store, &ns, GREETING);
        project.edit("regplan.toml", "\"states\"", "\"nowhere\"");
        project.run(["plan"]).code(1).stderr_contains(words);
    }
}
