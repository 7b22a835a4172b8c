//! States in an object store, on a real server.

use rustix::process::Signal;

use crate::harness::{
    BALANCER, ForgetfulGateway, GREETING, Namespace, ObjectServer, Project, QUICK_LOCK, ShiftedClock,
    give_address,
};
use crate::rollback::with_value;
use crate::state_files::lock_id;

tests! {
    a_run_goes_from_plan_to_rollback_with_nothing_on_this_machine,
    two_laptops_and_a_job_work_on_one_project,
    a_second_writer_is_refused_with_the_name_of_the_first,
    the_lock_of_a_killed_holder_runs_out,
    a_stopped_holder_that_was_overtaken_writes_no_more,
    a_lock_is_removed_only_when_its_process_is_gone,
    machines_whose_clocks_are_apart_share_a_lock,
    a_clock_that_is_off_by_an_hour_is_told,
    a_lost_state_is_put_back_from_a_file_or_made_anew,
    a_flipped_bit_in_the_index_hides_no_revision,
    an_index_that_was_deleted_hides_no_revision,
    who_may_only_read_is_told_who_makes_the_key,
    a_store_that_ignores_conditions_is_refused,
    what_leads_to_no_store_is_said,
}

fn at<'n>(server: &ObjectServer, ns: &'n Namespace, config: &str) -> Project<'n> {
    ObjectServer::let_in(ns.project().write("regplan.toml", &format!("{config}{}", server.state(QUICK_LOCK))))
}

fn change(project: &Project<'_>, server: &ObjectServer, config: &str) {
    project.rewrite("regplan.toml", &format!("{config}{}", server.state(QUICK_LOCK)));
}

/// What a project with three revisions has in a store.
pub(crate) fn files_of(ns: &Namespace) -> Vec<String> {
    let files = [
        "lock.json",
        "probe",
        "revisions/000001.json",
        "revisions/000002.json",
        "revisions/000003.json",
        "revisions/index.json",
        "state.json",
    ];
    files.map(|name| ns.fill(&format!("{{project}}/{name}"))).to_vec()
}

fn a_run_goes_from_plan_to_rollback_with_nothing_on_this_machine() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let project = at(&server, &ns, &with_value("good"));
    project.run(["plan", "--detailed-exitcode"]).code(2);
    // A plan writes nothing, in the store neither.
    assert_eq!(server.names(), Vec::<String>::new());
    project.apply();
    project.expect_settled();
    project.run(["drift"]).success();
    change(&project, &server, &with_value("bad"));
    project.apply();
    project.run(["rollback", "--auto-approve"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    project.run(["history"]).success().stdout_contains("rollback 1");
    assert!(!project.path(".regplan").exists());
    assert_eq!(server.names(), files_of(&ns));
    let shown = project.run(["state", "pull"]).success();
    assert_eq!(shown.stdout(), server.read(&ns.fill("{project}/state.json")));
    project.run(["destroy", "--auto-approve"]).success();
    assert!(ns.find("configmap/greeting").is_none());
}

fn two_laptops_and_a_job_work_on_one_project() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let first = at(&server, &ns, &with_value("one"));
    first.apply();
    let second = at(&server, &ns, &with_value("two"));
    second.run(["plan"]).success().stdout_contains("data.hello: \"one\" -> \"two\"");
    second.run(["plan", "--out", "plan.bin"]).success();
    let job = at(&server, &ns, &with_value("two"));
    std::fs::copy(second.path("plan.bin"), job.path("plan.bin")).unwrap();
    job.run(["apply", "plan.bin"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "two");
    // What the first one knew is not true any more, and it sees that.
    second.expect_settled();
    first.run(["plan"]).success().stdout_contains("data.hello: \"two\" -> \"one\"");
    job.run(["apply", "plan.bin"]).code(1);
}

fn a_second_writer_is_refused_with_the_name_of_the_first() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let project = at(&server, &ns, &format!("{GREETING}{BALANCER}"));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.lb");
    let other = at(&server, &ns, GREETING);
    let refused = other.run(["apply", "--auto-approve"]).code(1);
    refused.stderr_contains("the state is locked by ").stderr_contains(&format!("process {}", apply.id()));
    // Who only reads needs no lock.
    other.run(["plan"]).success();
    give_address(&ns);
    apply.wait().success();
    other.run(["apply", "--auto-approve", "--consent", "resource.lb"]).success();
}

fn the_lock_of_a_killed_holder_runs_out() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let project = at(&server, &ns, &format!("{GREETING}{BALANCER}"));
    // Whoever takes over waits as long as a request of the holder may live.
    let flags = ["apply", "--auto-approve", "--request-timeout", "2s"];
    let mut apply = project.regplan(flags).spawn();
    apply.until("waiting resource.lb");
    apply.kill();
    give_address(&ns);
    let ended = project.run(flags).success();
    ended.stderr_contains("was killed: recovered").stderr_contains("It is taken over in ");
    project.expect_settled();
}

fn a_stopped_holder_that_was_overtaken_writes_no_more() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let state = || server.read(&ns.fill("{project}/state.json"));
    a_stopped_holder_writes_no_more(&ns, |config| at(&server, &ns, config), state);
}

/// It must find out by itself, before it writes anything: nobody can tell it. `at` gives a machine with its state in the
/// store, and `state` reads that state.
pub(crate) fn a_stopped_holder_writes_no_more<'n>(
    ns: &Namespace,
    at: impl Fn(&str) -> Project<'n>,
    state: impl Fn() -> String,
) {
    let after =
        "\n[resource.late]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndepends_on = [\"resource.lb\"]\n";
    let flags = ["apply", "--auto-approve", "--request-timeout", "2s"];
    let project = at(&format!("{GREETING}{BALANCER}{after}"));
    let mut stopped = project.regplan(flags).spawn();
    stopped.until("waiting resource.lb").signal(Signal::STOP);
    let other = at(GREETING);
    other.run(flags).success();
    let theirs = state();
    stopped.signal(Signal::CONT);
    stopped.wait().code(1);
    assert!(ns.find("configmap/late").is_none());
    assert_eq!(state(), theirs);
    other.expect_settled();
}

fn who_may_only_read_is_told_who_makes_the_key() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let project = at(&server, &ns, &with_value("one"));
    project.apply();
    let readers = server.for_readers();
    let reader = at(&readers, &ns, &with_value("two"));
    reader.run(["plan", "--detailed-exitcode"]).code(2);
    reader.run(["drift"]).success();
    reader.run(["history"]).success();
    let without = server.names();
    let refused = reader.run(["plan", "--out", "plan.bin"]).code(1);
    refused.stderr_contains("there is no key for plan files").stderr_contains("regplan state init");
    // Whoever makes it is told what the store says, and not to do what was just done.
    reader
        .run(["state", "init"])
        .code(1)
        .stderr_contains("check the credentials")
        .stderr_lacks("state init`");
    assert!(!reader.path("plan.bin").exists());
    assert_eq!(server.names(), without, "nothing was written");
    // Who may write makes it once, and then the reader needs nobody.
    let key = ns.fill("s3://states/{project}/key");
    project.run(["state", "init"]).success().stdout_contains(&format!("{key}  made"));
    project.run(["state", "init"]).success().stdout_contains(&format!("{key}  is there"));
    reader.run(["plan", "--out", "plan.bin"]).success();
    reader.run(["apply", "--auto-approve"]).code(1).stderr_contains("check the credentials");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "one");
    change(&project, &server, &with_value("two"));
    std::fs::copy(reader.path("plan.bin"), project.path("plan.bin")).unwrap();
    project.run(["apply", "plan.bin"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "two");
}

fn a_lock_is_removed_only_when_its_process_is_gone() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let project = at(&server, &ns, &format!("{GREETING}{BALANCER}"));
    let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
    apply.until("waiting resource.lb");
    let refused = project.run(["apply", "--auto-approve"]).code(1);
    let held = lock_id(&refused);
    project.run(["unlock", held]).code(1).stderr_contains("the state is locked by");
    apply.kill();
    project.run(["unlock", &"0".repeat(32)]).code(1).stderr_contains(held);
    project.run(["unlock", held]).success().stderr_contains("Removed the lock of");
    project.run(["unlock", held]).code(1).stderr_contains("nothing has to be unlocked");
    // Nobody waits for the dead process any more.
    give_address(&ns);
    project.apply().stderr_contains("was killed: recovered").stderr_lacks("It is taken over in");
}

/// As far apart as this store allows: it refuses requests whose time is 15 minutes off.
fn machines_whose_clocks_are_apart_share_a_lock() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    clocks_that_are_apart_share_a_lock(&ns, 800, |config| at(&server, &ns, config));
}

/// One clock is slow by so many seconds, and the other one fast. `at` gives a machine with its state in the store.
pub(crate) fn clocks_that_are_apart_share_a_lock<'n>(
    ns: &Namespace,
    seconds: i64,
    at: impl Fn(&str) -> Project<'n>,
) {
    let (slow, fast) = (ShiftedClock::off_by(-seconds), ShiftedClock::off_by(seconds));
    let config = format!("{GREETING}{BALANCER}");
    let (first, second) = (slow.machine(at(&config)), fast.machine(at(&config)));
    let flags = ["apply", "--auto-approve", "--request-timeout", "2s"];
    let mut holder = first.regplan(flags).spawn();
    holder.until("waiting resource.lb");
    // By the clock of the second machine, the last sign of life is long past.
    second.run(flags).code(1).stderr_contains("the state is locked by");
    holder.kill();
    give_address(ns);
    second.run(flags).success().stderr_contains("It is taken over in");
    first.expect_settled();
}

fn a_clock_that_is_off_by_an_hour_is_told() {
    let (ns, server) = (Namespace::absent(), ObjectServer::start());
    for seconds in [-3_600, 3_600] {
        let clock = ShiftedClock::off_by(seconds);
        let project = clock.machine(at(&server, &ns, GREETING));
        let refused = project.run(["plan"]).code(1);
        refused.stderr_contains("RequestTimeTooSkewed").stderr_contains("set the clock of this machine");
    }
}

fn a_lost_state_is_put_back_from_a_file_or_made_anew() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let project = at(&server, &ns, &with_value("one"));
    project.apply();
    let kept = project.run(["state", "pull"]).success();
    let project = project.write("kept.json", kept.stdout());
    let state = ns.fill("{project}/state.json");
    server.remove(&state);
    project.run(["state", "push", "kept.json"]).success().stderr_contains("with serial");
    assert_eq!(server.read(&state), kept.stdout());
    project.expect_settled();
    // Here one that is not newer is refused as well.
    project.run(["state", "push", "kept.json"]).code(1).stderr_contains("it is not newer");
    // Without a file, the annotations have to do.
    let content = serde_json::from_str::<serde_json::Value>(kept.stdout()).unwrap();
    let lineage = content["content"]["lineage"].as_str().unwrap();
    for name in server.names() {
        server.remove(&name);
    }
    let rebuild = ["state", "rebuild", "--auto-approve", "--adopt-lineage", lineage];
    project.run(rebuild).success().stderr_contains("Took in 1 resource");
    project.apply();
    project.expect_settled();
    project.run(["drift"]).success();
}

fn a_flipped_bit_in_the_index_hides_no_revision() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let project = at(&server, &ns, &with_value("one"));
    project.apply();
    change(&project, &server, &with_value("two"));
    project.apply();
    let history = project.run(["history"]).success();
    history.stderr_lacks("damaged");
    // The newest revision becomes one that nobody knows.
    let index = ns.fill("{project}/revisions/index.json");
    let whole = server.read(&index);
    let at = whole.rfind('2').unwrap();
    let mut flipped = whole.clone().into_bytes();
    flipped[at] ^= 4;
    server.damage(&index, &flipped);
    let told = project.run(["history"]).success();
    told.stderr_contains(&format!("`s3://states/{index}` is damaged: its checksum does not fit"))
        .stderr_contains("made anew from the 2 revisions that are there");
    assert_eq!(told.stdout(), history.stdout());
    // Half of it is no better.
    server.damage(&index, &whole.as_bytes()[..whole.len() / 2]);
    project.run(["rollback", "--auto-approve"]).success().stderr_contains("made anew from the 2 revisions");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "one");
    let after = project.run(["history"]).success();
    after.stderr_lacks("damaged").stdout_contains("rollback 1");
    assert!(server.read(&index).contains("\"checksum\""));
}

fn an_index_that_was_deleted_hides_no_revision() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let project = at(&server, &ns, &with_value("one"));
    project.apply().stderr_lacks("is missing");
    change(&project, &server, &with_value("two"));
    project.apply();
    let index = ns.fill("{project}/revisions/index.json");
    server.remove(&index);
    let told = project.run(["history"]).success();
    told.stderr_contains(&format!("`s3://states/{index}` is missing. It was made anew from the 2 revisions"));
    project.run(["rollback", "--auto-approve"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "one");
    project.run(["history"]).success().stderr_lacks("is missing").stdout_contains("rollback 1");
}

fn a_store_that_ignores_conditions_is_refused() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let gateway = ForgetfulGateway::start(&server);
    let config = format!("{GREETING}{}", ObjectServer::state_at(gateway.url(), ""));
    let project = ObjectServer::let_in(ns.project().write("regplan.toml", &config));
    let refused = project.run(["apply", "--auto-approve"]).code(1);
    refused.stderr_contains("ignores the condition of a write (`If-None-Match`)");
    refused.stderr_contains("use a store that knows conditional writes");
    assert!(ns.find("configmap/greeting").is_none());
    assert_eq!(server.names(), [ns.fill("{project}/probe")]);
}

fn what_leads_to_no_store_is_said() {
    let (ns, server) = (Namespace::absent(), ObjectServer::start());
    let write =
        |state: &str| ObjectServer::let_in(ns.project().write("regplan.toml", &format!("{GREETING}{state}")));
    let missing = write(&server.state("").replace("\"states\"", "\"nowhere\""));
    missing.run(["plan"]).code(1).stderr_contains("s3://nowhere").stderr_contains("make the bucket");
    let stranger = write(&server.state("")).env("AWS_SECRET_ACCESS_KEY", "wr0ng-canary");
    let refused = stranger.run(["plan"]).code(1);
    refused.stderr_contains("SignatureDoesNotMatch").stderr_contains("check the credentials");
    // Of the answer code and message are told, and nothing else.
    refused.stderr_lacks("wr0ng-canary").stderr_lacks("<Code>");
    let nobody = write(&ObjectServer::state_at("http://127.0.0.1:1", ""));
    nobody.run(["plan"]).code(1).stderr_contains("check the network");
    let half = write("\n[state]\nbackend = \"s3\"\npath = \"here\"\n");
    half.run(["plan"]).code(1).stderr_contains("`state.bucket` is missing").stderr_contains("`state.path`");
}
