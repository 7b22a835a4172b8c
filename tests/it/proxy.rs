//! The proxy of the harness: it remembers requests, and makes them fail.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Cluster, Namespace, Proxy, block_on, client};

tests! {
    requests_are_counted_in_the_terms_of_kubernetes,
    a_dry_run_is_no_write,
    an_answer_takes_the_place_of_the_servers,
    a_rule_spares_and_ends,
    a_reset_keeps_the_request_from_the_server,
    a_lost_answer_does_not_undo_the_request,
    a_hanging_request_is_never_answered,
    a_delayed_request_arrives,
    an_answer_breaks_off,
    somebody_else_gets_there_first,
    an_expired_certificate_is_refused,
    a_token_is_passed_on,
}

/// Sends a request through the proxy. The error is that of the transport.
fn send(proxy: &Proxy, method: &str, path: &str, body: &Value) -> Result<(u16, Value), String> {
    let request =
        http::Request::builder().method(method).uri(path).header("content-type", "application/json");
    let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).unwrap() };
    let request = request.body(kube::client::Body::from(body)).unwrap();
    block_on(async {
        let client = client(&proxy.kubeconfig()).await;
        let response = client.send(request).await.map_err(|e| format!("{e:?}"))?;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect_bytes().await.map_err(|e| format!("{e:?}"))?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    })
}

fn get(proxy: &Proxy, path: &str) -> Result<(u16, Value), String> {
    send(proxy, "GET", path, &Value::Null)
}

fn config_map(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name } })
}

fn config_maps(ns: &Namespace) -> String {
    format!("/api/v1/namespaces/{}/configmaps", ns.name())
}

fn requests_are_counted_in_the_terms_of_kubernetes() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    get(&proxy, "/api/v1/namespaces?limit=1").unwrap();
    get(&proxy, &format!("/api/v1/namespaces/{}", ns.name())).unwrap();
    get(&proxy, "/apis/apps/v1/namespaces/default/deployments/web/scale").unwrap();
    get(&proxy, "/version").unwrap();
    let kubectl =
        ns.kubectl(["apply", "--server-side", "--filename=-"]).env("KUBECONFIG", proxy.kubeconfig());
    kubectl.stdin(config_map("one").to_string()).run().success();
    let log = proxy.log();
    let own = ns.name();
    for line in [
        "list namespaces",
        &format!("get namespaces {own}"),
        "get deployments.apps/scale -n default web",
        "get /version",
        &format!("apply configmaps -n {own} one"),
    ] {
        assert!(log.lines().any(|logged| logged == line), "no `{line}` in\n{log}");
    }
    assert_eq!(proxy.count("list", "namespaces"), 1);
    assert_eq!(proxy.count("apply", "*"), 1);
    proxy.forget();
    assert!(proxy.requests().is_empty());
}

fn a_dry_run_is_no_write() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let path = config_maps(&ns);
    send(&proxy, "POST", &format!("{path}?dryRun=All"), &config_map("one")).unwrap();
    assert!(proxy.writes().is_empty(), "{}", proxy.log());
    let (status, _) = send(&proxy, "POST", &path, &config_map("one")).unwrap();
    assert_eq!(status, 201);
    assert_eq!(proxy.writes().len(), 1);
    assert_eq!(proxy.writes()[0].json(), config_map("one"));
}

fn an_answer_takes_the_place_of_the_servers() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("create", "configmaps").answer_retry_after(503, 1);
    let (status, body) = send(&proxy, "POST", &config_maps(&ns), &config_map("one")).unwrap();
    assert_eq!((status, &body["kind"]), (503, &json!("Status")));
    assert!(ns.find("configmap/one").is_none());
    proxy.clear_faults();
    assert_eq!(send(&proxy, "POST", &config_maps(&ns), &config_map("one")).unwrap().0, 201);
}

fn a_rule_spares_and_ends() {
    let proxy = Proxy::start(&Cluster::shared());
    proxy.on("get", "namespaces").named("default").after(1).times(2).answer(429);
    let statuses: Vec<u16> = (0..4).map(|_| get(&proxy, "/api/v1/namespaces/default").unwrap().0).collect();
    assert_eq!(statuses, [200, 429, 429, 200]);
    assert_eq!(get(&proxy, "/api/v1/namespaces/kube-system").unwrap().0, 200);
}

fn a_reset_keeps_the_request_from_the_server() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("create", "*").reset();
    let error = send(&proxy, "POST", &config_maps(&ns), &config_map("one")).unwrap_err();
    assert!(error.contains("ConnectionReset"), "{error}");
    assert!(ns.find("configmap/one").is_none());
}

fn a_lost_answer_does_not_undo_the_request() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("create", "configmaps").lose_answer();
    send(&proxy, "POST", &config_maps(&ns), &config_map("one")).unwrap_err();
    ns.get("configmap/one");
}

fn a_hanging_request_is_never_answered() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("list", "configmaps").hang();
    let kubectl = ns.kubectl(["get", "configmaps", "--request-timeout=1s"]);
    let ended = kubectl.env("KUBECONFIG", proxy.kubeconfig()).run().code(1);
    // kubectl has two time limits, and either may come first.
    let said =
        ["Timeout exceeded", "context deadline exceeded"].iter().any(|words| ended.stderr().contains(words));
    ended.check(said, "it ran out of time, and says so");
}

fn a_delayed_request_arrives() {
    let proxy = Proxy::start(&Cluster::shared());
    proxy.on("get", "/version").delay(Duration::from_millis(300));
    let started = Instant::now();
    assert_eq!(get(&proxy, "/version").unwrap().0, 200);
    assert!(started.elapsed() >= Duration::from_millis(300));
}

fn an_answer_breaks_off() {
    let proxy = Proxy::start(&Cluster::shared());
    proxy.on("list", "namespaces").cut_body(100);
    get(&proxy, "/api/v1/namespaces").unwrap_err();
}

fn somebody_else_gets_there_first() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let (cluster, path) = (ns.cluster().clone(), config_maps(&ns));
    proxy.on("create", "configmaps").not_dry_run().times(1).first(move || {
        cluster.request("POST", &path, Some(&config_map("one")));
    });
    let (status, body) = send(&proxy, "POST", &config_maps(&ns), &config_map("one")).unwrap();
    assert_eq!((status, &body["reason"]), (409, &json!("AlreadyExists")));
}

fn an_expired_certificate_is_refused() {
    let cluster = Cluster::shared();
    assert_eq!(get(&Proxy::tls(&cluster), "/version").unwrap().0, 200);
    let error = get(&Proxy::expired(&cluster), "/version").unwrap_err();
    assert!(error.contains("Expired"), "{error}");
}

fn a_token_is_passed_on() {
    let ns = Namespace::new();
    let proxy = Proxy::tls(ns.cluster());
    let stranger = proxy.kubeconfig_with_token("of-a-stranger");
    let kubectl = ns.kubectl(["get", "configmaps"]).env("KUBECONFIG", stranger);
    kubectl.run().code(1).stderr_contains("You must be logged in");
    let list = proxy.requests().pop().unwrap();
    assert_eq!(list.authorization.as_deref(), Some("Bearer of-a-stranger"));
}
