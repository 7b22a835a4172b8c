//! Errors on the way to the cluster: each has its own message, and comes within seconds.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{GREETING, Namespace, Port, Project, Proxy, Tunnel};
use crate::plane::kubeconfig::Kubeconfig;

tests! {
    a_missing_kubeconfig_is_named,
    an_unknown_context_names_the_known_ones,
    a_context_that_contradicts_the_file_is_refused,
    a_dead_server_is_named,
    a_server_that_hangs_is_given_up,
    a_server_that_takes_a_request_and_hangs_is_given_up,
    a_wrong_token_is_said_to_be_one,
    a_server_that_nobody_vouches_for_is_refused,
    an_expired_certificate_of_ours_is_named,
    an_expired_certificate_of_the_server_is_named,
    the_wrong_cluster_is_refused_before_any_write,
    missing_rights_are_said_to_be_rights,
    a_proxy_is_obeyed_and_spared,
    everything_goes_through_a_proxy,
}

fn greeting(ns: &Namespace) -> Project<'_> {
    ns.project().write("regplan.toml", GREETING)
}

/// The plan fails with this message, and soon.
fn fails(project: &Project<'_>, words: &[&str]) {
    let started = Instant::now();
    let output = project.run(["plan"]).code(1);
    assert!(started.elapsed() < Duration::from_secs(45), "after {:?}", started.elapsed());
    for word in words {
        output.stderr_contains(word);
    }
    output.stderr_contains("help:");
}

fn a_missing_kubeconfig_is_named() {
    let ns = Namespace::absent();
    fails(&greeting(&ns).kubeconfig("/nowhere/kubeconfig"), &["/nowhere/kubeconfig"]);
}

fn an_unknown_context_names_the_known_ones() {
    let ns = Namespace::absent();
    let project =
        ns.project().write("regplan.toml", &GREETING.replace("[cluster]", "[cluster]\ncontext = \"prodd\""));
    // The kubeconfig of the test has one context, which is therefore the only one in the message.
    let known = ns.kubectl(["config", "current-context"]).run().success();
    fails(&project, &["there is no context `prodd`", known.stdout().trim()]);
}

fn a_context_that_contradicts_the_file_is_refused() {
    let ns = Namespace::absent();
    let project =
        ns.project().write("regplan.toml", &GREETING.replace("[cluster]", "[cluster]\ncontext = \"prod\""));
    project.run(["plan", "--context", "test"]).code(1).stderr_contains("contradicts");
}

fn a_dead_server_is_named() {
    let ns = Namespace::absent();
    let port = Port::take();
    let dead = Kubeconfig::new(format!("https://{}", port.address())).token("t");
    fails(
        &greeting(&ns).kubeconfig(ns.write_kubeconfig("dead", &dead)),
        &[&port.number().to_string(), "refused"],
    );
}

fn a_server_that_hangs_is_given_up() {
    let ns = Namespace::absent();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let hanging = Kubeconfig::new(format!("https://127.0.0.1:{port}")).token("t");
    fails(&greeting(&ns).kubeconfig(ns.write_kubeconfig("hanging", &hanging)), &[&port.to_string()]);
}

fn a_server_that_takes_a_request_and_hangs_is_given_up() {
    let ns = Namespace::absent();
    let proxy = ns.proxy();
    proxy.on("*", "*").hang();
    fails(&greeting(&ns).through(&proxy), &["does not answer in time"]);
}

fn a_wrong_token_is_said_to_be_one() {
    let ns = Namespace::absent();
    let wrong = ns.trusted().token("wrong");
    let project = greeting(&ns).kubeconfig(ns.write_kubeconfig("wrong", &wrong));
    fails(&project, &["does not accept our credentials"]);
}

fn a_server_that_nobody_vouches_for_is_refused() {
    let ns = Namespace::absent();
    let unknown = Kubeconfig::new(ns.cluster().server()).token("t");
    fails(&greeting(&ns).kubeconfig(ns.write_kubeconfig("unknown", &unknown)), &["certificate"]);
}

fn an_expired_certificate_of_ours_is_named() {
    let ns = Namespace::absent();
    let (certificate, key) = &ns.cluster().facts().expired_client;
    let expired = ns.trusted().certificate(certificate, key);
    fails(&greeting(&ns).kubeconfig(ns.write_kubeconfig("expired", &expired)), &["certificate", "expired"]);
}

fn an_expired_certificate_of_the_server_is_named() {
    let ns = Namespace::absent();
    let proxy = Proxy::expired(ns.cluster());
    fails(&greeting(&ns).through(&proxy), &["certificate", "expired"]);
}

fn the_wrong_cluster_is_refused_before_any_write() {
    let ns = Namespace::new();
    let pinned = GREETING.replace("[cluster]", "[cluster]\nuid = \"00000000-0000-0000-0000-000000000000\"");
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &pinned).through(&proxy);
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("this is the wrong cluster");
    // It is refused before anything is read but the identity of the cluster.
    let asked: Vec<String> = proxy.requests().iter().map(|seen| seen.resource.clone()).collect();
    assert!(asked.iter().all(|resource| resource == "namespaces"), "{}", proxy.log());
    assert!(ns.find("configmap/greeting").is_none());
    // A state of another cluster.
    let project = greeting(&ns);
    project.apply();
    let uid =
        ns.cluster().request("GET", "/api/v1/namespaces/kube-system", None).1["metadata"]["uid"].clone();
    assert_eq!(project.state()["cluster"]["uid"], uid);
    project.edit_state(|state| state["cluster"]["uid"] = json!("another-cluster"));
    project.run(["apply", "--auto-approve"]).code(1).stderr_contains("this is the wrong cluster");
}

fn missing_rights_are_said_to_be_rights() {
    let ns = Namespace::new();
    let blind =
        ns.account("blind", &json!([{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"] }]));
    let plan = greeting(&ns).kubeconfig(blind).run(["plan"]).code(1);
    plan.stdout_contains("configmaps");
}

fn a_proxy_is_obeyed_and_spared() {
    let ns = Namespace::absent();
    // There is neither such a proxy nor such a server. The error shows which of them was tried.
    let port = Port::take();
    let far = Kubeconfig::new("https://api.example.invalid:6443").token("t");
    let project = greeting(&ns).kubeconfig(ns.write_kubeconfig("far", &far));
    let project = project.env("HTTPS_PROXY", format!("http://{}", port.address()));
    project.run(["plan"]).code(1).stderr_contains(&port.number().to_string());
    let spared = project.env("NO_PROXY", "localhost,.example.invalid").run(["plan"]).code(1);
    spared.stderr_contains("api.example.invalid").stderr_lacks(&port.number().to_string());
}

fn everything_goes_through_a_proxy() {
    let ns = Namespace::new();
    let tunnel = Tunnel::start();
    // As in a company, only the proxy can resolve the name. (Loopback addresses never go through a proxy.)
    let port = ns.cluster().server().rsplit(':').next().unwrap().to_owned();
    let host = format!("kubernetes.default.svc:{port}");
    let facts = ns.cluster().facts();
    let far = Kubeconfig::new(format!("https://{host}")).authority(&facts.authority).token(&facts.token);
    let project = greeting(&ns).kubeconfig(ns.write_kubeconfig("far", &far)).env("HTTPS_PROXY", tunnel.url());
    project.apply();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "world");
    let hosts = tunnel.hosts();
    assert!(!hosts.is_empty() && hosts.iter().all(|seen| *seen == host), "{hosts:?}");
    project.env("NO_PROXY", ".default.svc").run(["plan"]).code(1).stderr_contains("kubernetes.default.svc");
    assert_eq!(tunnel.hosts(), hosts);
}
