//! `[output.NAME]`: what `regplan output` prints, and the end of an apply.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::charts::with_chart;
use crate::harness::{HEAD, Namespace, Project, Proxy, custom_object, definition};

tests! {
    outputs_tell_what_the_file_and_the_cluster_hold,
    what_this_project_owns_is_told_as_it_was_applied,
    a_file_that_is_ahead_of_its_blocks_is_told,
    a_chart_is_told_once_it_was_applied,
    an_apply_ends_with_the_outputs,
    a_secret_is_printed_by_name_alone,
    an_output_that_gives_a_secret_has_to_say_so,
    a_generated_secret_is_read_from_the_cluster,
    what_the_cluster_marks_as_secret_is_never_printed_by_accident,
    only_what_was_applied_is_told,
    outputs_ask_the_cluster_as_little_as_they_can,
    what_cannot_be_read_is_an_error,
    what_a_registry_gives_can_stand_in_other_blocks,
    mistakes_of_outputs_are_told_at_their_place,
}

const REGISTRY: &str = r#"
[registry.main]
host           = "registry.example.com"
image          = "registry:3.1.1"
storage.volume = { size = "1Gi" }
ingress        = { class = "nginx" }
tls.secret     = "registry-tls"

[registry.main.auth.users]
ci    = { env = "CI_PASSWORD" }
alice = { env = "CI_PASSWORD" }
"#;

const NOTE: &str = "\n[resource.note]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata = { a = \"b\" }\n";

fn project<'n>(ns: &'n Namespace, blocks: &str) -> Project<'n> {
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{blocks}"));
    project.env("CI_PASSWORD", "a long enough password")
}

/// What `regplan output NAME --format raw` prints.
#[track_caller]
fn raw(project: &Project<'_>, name: &str) -> String {
    project.run(["output", name, "--format", "raw"]).success().stdout().to_owned()
}

fn outputs_tell_what_the_file_and_the_cluster_hold() {
    let ns = Namespace::new();
    let outputs = r#"
[output.address]
value       = "${registry.main.address}"
description = "where docker pushes"

[output.host]
value = "${registry.main.host}"

[output.users]
value = "${registry.main.users}"

[output.port]
value = "${registry.main/Service/registry.spec.ports[0].port}"

[output.certificate_end]
value = "${resource.thing.status.notAfter}"

[output.login]
value = { user = "ci", at = ["${registry.main.host}", "${registry.main/Service/registry.spec.clusterIP}"] }
"#;
    let blocks = [REGISTRY, &definition("a thing"), &custom_object("1"), outputs].concat();
    let project = project(&ns, &blocks);
    let before = project.run(["output"]).success();
    before
        .stdout_contains("where docker pushes")
        .stdout_lacks("example.com")
        .stdout_lacks("alice")
        .stdout_contains(
            "port            = (not known: `registry.main/Service/registry` is not applied yet)",
        );
    let unknown = project.run(["output", "users", "--format", "json"]).code(1);
    unknown
        .stderr_contains("`output.users` is not known: `registry.main/")
        .stderr_contains("is not applied yet");
    project.apply();
    let after = project.run(["output"]).success();
    after
        .stdout_contains("address         = \"https://registry.example.com\"")
        .stdout_contains("where docker pushes")
        .stdout_contains("users           = [\"alice\",\"ci\"]")
        .stdout_contains("port            = 5000")
        .stdout_contains("certificate_end = (not known: `resource.thing` has no `status.notAfter` yet)");
    let missing = project.run(["output", "certificate_end"]).code(1);
    missing
        .stderr_contains(
            "`output.certificate_end` is not known: `resource.thing` has no `status.notAfter` yet",
        )
        .stderr_contains(" help: ");
    ns.patch("things.{prefix}.example.com/thing", &json!({"status": {"notAfter": "2027-01-01T00:00:00Z"}}));
    assert_eq!(raw(&project, "certificate_end"), "2027-01-01T00:00:00Z");
    assert_eq!(raw(&project, "port"), "5000");
    assert_eq!(project.run(["output", "address"]).success().stdout(), "https://registry.example.com\n");
    project
        .run(["output", "users", "--format", "raw"])
        .code(1)
        .stderr_contains("`output.users` is not a single value");
    assert_eq!(project.run(["output", "users", "--format", "json"]).success().json(), json!(["alice", "ci"]));
    let ip = ns.field("service/registry", "/spec/clusterIP");
    let all = project.run(["output", "--format", "json"]).success().json();
    assert_eq!(all["format_version"], "1");
    assert_eq!(
        all["outputs"]["address"],
        json!({"value": "https://registry.example.com", "description": "where docker pushes", "sensitive": false})
    );
    assert_eq!(all["outputs"]["login"]["value"], json!({"user": "ci", "at": ["registry.example.com", ip]}));
}

/// What a block makes of its keys is told as the file has it.
fn a_file_that_is_ahead_of_its_blocks_is_told() {
    let ns = Namespace::new();
    let outputs = "[output.host]\nvalue = \"${registry.main.host}\"\n[output.port]\n\
                   value = \"${registry.main/Service/registry.spec.ports[0].port}\"\n";
    let project = project(&ns, &format!("{REGISTRY}{outputs}"));
    project.apply();
    project.run(["output"]).success().stderr_lacks("not applied");
    let moved = REGISTRY.replace("registry.example.com", "images.example.com");
    project.rewrite("regplan.toml", &format!("{HEAD}{moved}{outputs}"));
    let words =
        "the configuration has changed since revision 1; `output.host` may tell what is not applied yet.";
    project.run(["output"]).success().stdout_contains("images.example.com").stderr_contains(words);
    let host = project.run(["output", "host", "--format", "raw"]).success();
    host.stderr_contains(words);
    assert_eq!(host.stdout(), "images.example.com");
    project.run(["output", "port"]).success().stderr_lacks("not applied");
    project.apply();
    project.run(["output"]).success().stderr_lacks("not applied");
}

/// The file may be ahead of the cluster, and others may have changed what is there.
fn what_this_project_owns_is_told_as_it_was_applied() {
    let ns = Namespace::new();
    let outputs = "[output.a]\nvalue = \"${resource.note.data.a}\"\n\
                   [output.all]\nvalue = { note = \"a is ${resource.note.data.a}\", kind = \"${resource.note.kind}\" }\n\
                   [output.word]\nvalue = \"${resource.login.stringData.word}\"\nsensitive = true\n\
                   [resource.login]\napiVersion = \"v1\"\nkind = \"Secret\"\nstringData.word = \"a word\"\n";
    let project = project(&ns, &format!("{NOTE}{outputs}"));
    project
        .run(["output"])
        .success()
        .stdout_contains("a    = (not known: `resource.note` is not applied yet)");
    let unknown = project.run(["output", "a", "--format", "raw"]).code(1);
    unknown.stderr_contains("`resource.note` is not applied yet").stderr_contains("`regplan apply` makes it");
    project
        .run(["output", "word", "--format", "raw"])
        .code(1)
        .stderr_contains("`resource.login` is not applied");
    project.apply().stdout_contains("a    = \"b\"");
    assert_eq!(raw(&project, "a"), "b");
    assert_eq!(raw(&project, "word"), "a word");
    project.rewrite("regplan.toml", &format!("{HEAD}{}{outputs}", NOTE.replace("\"b\"", "\"later\"")));
    assert_eq!(raw(&project, "a"), "b", "the file is not applied yet");
    project.apply();
    assert_eq!(raw(&project, "a"), "later");
    ns.patch("configmap/note", &json!({"data": {"a": "theirs"}}));
    let all = project.run(["output", "all", "--format", "json"]).success().json();
    assert_eq!(all, json!({"note": "a is theirs", "kind": "ConfigMap"}));
}

/// Also where it cannot be rendered without a cluster, so that its objects are not known.
fn a_chart_is_told_once_it_was_applied() {
    let ns = Namespace::new();
    let template = "{{ if not (.Capabilities.APIVersions.Has \"v1/Endpoints\") }}{{ fail \"no cluster\" }}{{ end }}\n\
                    apiVersion: v1\nkind: ConfigMap\nmetadata: {name: of-chart}\n";
    let project = with_chart(project(&ns, ""), "told", template);
    let chart = "[chart.told]\nchart = \"told\"\nvalues = { a = \"b\" }\n\
                 [output.a]\nvalue = \"${chart.told.values.a}\"\n";
    project.rewrite("regplan.toml", &format!("{HEAD}{chart}"));
    project
        .run(["output", "a", "--format", "raw"])
        .code(1)
        .stderr_contains("`chart.told` is not applied yet");
    project.apply();
    assert_eq!(raw(&project, "a"), "b");
}

fn an_apply_ends_with_the_outputs() {
    let ns = Namespace::new();
    let outputs = "[output.uid]\nvalue = \"${resource.note.metadata.uid}\"\n\
                   [output.hidden]\nvalue = \"${resource.note.data.a}\"\nsensitive = true\n";
    let project = project(&ns, &format!("{NOTE}{outputs}"));
    let applied = project.apply();
    let uid = ns.field("configmap/note", "/metadata/uid");
    applied.stdout_contains(&format!("Outputs: hidden = (sensitive) uid = {uid}"));
    // With nothing to change, they are told all the same; programs get events alone.
    project.apply().stdout_contains("Outputs:");
    project.run(["apply", "--auto-approve", "--format", "json"]).success().stdout_lacks("Outputs:");
    project.run(["rollback", "1", "--auto-approve"]).success().stdout_lacks("Outputs:");
    project.run(["destroy", "--auto-approve"]).success().stdout_lacks("Outputs:");
    project
        .run(["output"])
        .success()
        .stdout_contains("uid = (not known: `resource.note` is not applied yet)");
}

fn a_secret_is_printed_by_name_alone() {
    let ns = Namespace::new();
    let outputs = "[secret.token]\nenv = \"TOKEN\"\n\
                   [output.token]\nvalue = \"Bearer ${secret.token}\"\nsensitive = true\n";
    let project = project(&ns, &format!("{NOTE}{outputs}"));
    let unset = project.run(["output", "token", "--format", "raw"]).code(1);
    unset.stderr_contains("`output.token` is not known: the environment variable TOKEN is not set");
    let project = project.env("TOKEN", "hunter2-hunter2");
    for args in [&["output"][..], &["output", "--format", "json"], &["apply", "--auto-approve"]] {
        project.run(args.iter().copied()).success().stdout_lacks("hunter2").stderr_lacks("hunter2");
    }
    // A script that forgets the format must not take a word for the value.
    let hidden = project.run(["output", "token"]).code(1);
    assert_eq!(hidden.stdout(), "");
    hidden
        .stderr_contains("`output.token` is sensitive")
        .stderr_contains("`regplan output token --format raw`");
    hidden.stderr_lacks("hunter2");
    project.run(["output"]).success().stdout_contains("token = (sensitive)");
    let all = project.run(["output", "--format", "json"]).success().json();
    assert_eq!(all["outputs"]["token"], json!({"sensitive": true}));
    assert_eq!(raw(&project, "token"), "Bearer hunter2-hunter2");
    assert_eq!(
        project.run(["output", "token", "--format", "json"]).success().json(),
        "Bearer hunter2-hunter2"
    );
}

fn an_output_that_gives_a_secret_has_to_say_so() {
    let ns = Namespace::absent();
    let secret = "[secret.token]\nenv = \"TOKEN\"\n[variable.pin]\nsensitive = true\n\
                  [resource.safe]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.k = \"${secret.token}\"\n";
    for value in [
        "\"${secret.token}\"",
        "\"a ${secret.token} b\"",
        "[\"${secret.token}\"]",
        "{ a = \"${secret.token}\" }",
        "\"${var.pin}\"",
        "\"${resource.safe.data.k}\"",
        "\"${resource.safe.data}\"",
        "\"${registry.main/Secret/registry-htpasswd.data.htpasswd}\"",
        "\"${registry.main/Secret/registry-htpasswd.data}\"",
        "\"${registry.main/Secret/registry-htpasswd.metadata.annotations}\"",
    ] {
        let output = format!("[output.open]\nvalue = {value}\n");
        let project = project(&ns, &[REGISTRY, secret, &output].concat()).env("REGPLAN_VAR_pin", "1234");
        let mistake = project.run(["validate"]).code(1);
        mistake
            .stderr_contains("`output.open` gives a secret, and does not say so")
            .stderr_contains("set `sensitive = true`");
        project.rewrite("regplan.toml", &[HEAD, REGISTRY, secret, &output, "sensitive = true\n"].concat());
        project.run(["validate"]).success();
    }
    // What everybody may see of a Secret is no secret.
    let output = "[output.open]\nvalue = \"${registry.main/Secret/registry-htpasswd.metadata.uid}\"\n";
    project(&ns, &[REGISTRY, output].concat()).run(["validate"]).success();
}

fn a_generated_secret_is_read_from_the_cluster() {
    let ns = Namespace::new();
    let outputs = "[secret.made]\ngenerate = { length = 20 }\n\
                   [output.made]\nvalue = \"${secret.made}\"\nsensitive = true\n";
    let project = project(&ns, outputs);
    project
        .run(["output", "made", "--format", "raw"])
        .code(1)
        .stderr_contains("`output.made` is not known: the next apply makes it");
    project.apply();
    let made = raw(&project, "made");
    assert_eq!(made.len(), 20);
    assert_eq!(raw(&project, "made"), made);
}

fn what_the_cluster_marks_as_secret_is_never_printed_by_accident() {
    let ns = Namespace::new();
    let outputs = "[output.a]\nvalue = \"${resource.note.metadata.uid}\"\n[output.all]\nvalue = \"${resource.note.metadata}\"\n";
    let project = project(&ns, &format!("{NOTE}{outputs}"));
    project.apply();
    let uid = raw(&project, "a");
    let mark = json!({"metadata": {"annotations": {"regplan.dev/sensitive": "[\"metadata.uid\"]"}}});
    ns.patch("configmap/note", &mark);
    for name in ["a", "all"] {
        let ended = project.run(["output", name, "--format", "json"]).code(1);
        ended.stdout_lacks(&uid).stderr_contains("is not marked as `sensitive`");
    }
}

fn only_what_was_applied_is_told() {
    let ns = Namespace::new();
    let project = project(&ns, &format!("{NOTE}[output.a]\nvalue = \"${{resource.note.metadata.uid}}\"\n"));
    ns.kubectl(["create", "configmap", "note", "--from-literal=a=theirs"]).run().success();
    project.run(["output", "a"]).code(1).stderr_contains("`resource.note` is not applied yet");
    ns.delete("configmap/note");
    project.apply();
    assert_eq!(ns.field("configmap/note", "/metadata/uid"), raw(&project, "a"));
    ns.delete("configmap/note");
    project.run(["output", "a"]).code(1).stderr_contains("`resource.note` was applied, and is gone");
    ns.kubectl(["create", "configmap", "note", "--from-literal=a=theirs"]).run().success();
    let remade = project.run(["output", "a"]).code(1);
    assert_eq!(remade.stdout(), "");
    remade.stderr_contains("`resource.note` is not the object that was applied");
}

/// How many requests of each kind the proxy has seen since it was asked last.
fn requests(proxy: &Proxy) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for seen in proxy.requests() {
        *counts.entry(format!("{} {}", seen.verb, seen.resource)).or_default() += 1;
    }
    proxy.forget();
    counts
}

fn outputs_ask_the_cluster_as_little_as_they_can() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let own = "[output.address]\nvalue = \"${registry.main.address}\"\n\
               [output.hidden]\nvalue = \"${registry.main/Service/registry.spec.clusterIP}\"\nsensitive = true\n";
    let project = project(&ns, &[REGISTRY, own].concat()).through(&proxy);
    project.run(["output"]).success();
    project.run(["output", "address"]).code(1);
    assert_eq!(requests(&proxy), BTreeMap::new());
    project.apply();
    proxy.forget();
    project.run(["output"]).success();
    project.run(["output", "address"]).success();
    assert_eq!(requests(&proxy), BTreeMap::new());
    project.apply().stdout_contains("Outputs:");
    let without = requests(&proxy);
    let live = "[output.ip]\nvalue = \"${registry.main/Service/registry.spec.clusterIP}\"\n\
                [output.port]\nvalue = \"${registry.main/Service/registry.spec.ports[0].port}\"\n";
    project.rewrite("regplan.toml", &[HEAD, REGISTRY, own, live].concat());
    project.apply().stdout_contains("port    = 5000");
    let mut with = requests(&proxy);
    *with.get_mut("get services").unwrap() -= 1;
    assert_eq!(with, without, "one read more");
    project.run(["output"]).success();
    let reads = [("get /api", 1), ("get /apis", 1), ("get namespaces", 1), ("get services", 1)];
    assert_eq!(requests(&proxy), reads.map(|(what, count)| (what.to_owned(), count)).into());
}

fn what_cannot_be_read_is_an_error() {
    let ns = Namespace::new();
    let outputs = "[output.a]\nvalue = \"${resource.note.metadata.uid}\"\n[output.plain]\nvalue = 1\n";
    let project = project(&ns, &format!("{NOTE}{outputs}"));
    project.apply();
    let project = project.kubeconfig(ns.account("nobody", &json!([])));
    project.run(["output"]).code(1).stdout_contains("a     = (not read: ").stdout_contains("plain = 1");
    project.run(["output", "a"]).code(1).stderr_contains("`output.a` cannot be read: ");
    assert_eq!(raw(&project, "plain"), "1");
}

fn what_a_registry_gives_can_stand_in_other_blocks() {
    let ns = Namespace::new();
    let note = "[resource.note]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\
                data = { url = \"${registry.main.address}/v2/\", first = \"${registry.main.users[0]}\" }\n\
                [output.users]\nvalue = \"${registry.main.users}\"\n\
                [output.again]\nvalue = \"${resource.note.data.url}\"\n";
    let registry = REGISTRY.split("\n[registry.main.auth").next().unwrap();
    let registry =
        registry.replace("ingress        = { class = \"nginx\" }\ntls.secret     = \"registry-tls\"", "");
    let registry = format!("{registry}\nauth.htpasswd = \"users\"\n");
    let hash = format!("$2y$10${}", "a".repeat(53));
    let project = project(&ns, &[&registry, note].concat());
    project.rewrite("users", &format!("# people\nzoe:{hash}\nadam:{hash}\n"));
    // It is known before anything is applied.
    project.run(["plan", "--full"]).success().stdout_contains("first: zoe");
    project.apply();
    assert_eq!(ns.field("configmap/note", "/data/first"), "zoe");
    assert_eq!(ns.field("configmap/note", "/data/url"), ns.fill("http://registry.{ns}.svc:5000/v2/"));
    assert_eq!(project.run(["output", "users", "--format=json"]).success().json(), json!(["zoe", "adam"]));
    assert_eq!(raw(&project, "again"), ns.fill("http://registry.{ns}.svc:5000/v2/"));
    project.expect_settled();
}

fn mistakes_of_outputs_are_told_at_their_place() {
    let ns = Namespace::absent();
    let cases = [
        ("value = \"${resource.nothing.data.a}\"", "there is no block `resource.nothing`"),
        ("value = \"${registry.main.adress}\"", "did you mean `address`?"),
        ("value = \"${registry.main.users[9]}\"", "`registry.main.users` has no `[9]`"),
        ("value = \"all: ${registry.main.users}\"", "which cannot stand within a text"),
        ("value = \"${registry.main/Servise/registry.spec}\"", "did you mean"),
        ("value = \"${output.other.value}\"", "nothing can refer to an output"),
        (
            "value = \"${secret.token} ${registry.main/Service/registry.spec.clusterIP}\"\nsensitive = true",
            "one text refers to a secret and to a live field",
        ),
        ("description = \"x\"", "`value`"),
        ("value = 1\nhidden = true", "hidden"),
        ("value = 1\nsensitive = \"yes\"", "sensitive"),
        (
            "value = 1\ndescription = \"${registry.main/Service/registry.spec.clusterIP}\"",
            "takes no live field",
        ),
    ];
    let rest = [REGISTRY, "[secret.token]\nenv = \"TOKEN\"\n[output.other]\nvalue = 1\n"].concat();
    for (output, mistake) in cases {
        let project = project(&ns, &format!("{rest}[output.wrong]\n{output}\n"));
        project.run(["validate"]).code(1).stderr_contains(mistake).stderr_contains("regplan.toml:");
    }
    let project = project(&ns, &rest);
    project
        .run(["output", "othr"])
        .code(1)
        .stderr_contains("there is no output `othr`")
        .stderr_contains("did you mean `other`?");
    project.run(["output", "--format", "raw"]).code(1).stderr_contains("no output is named");
    let empty = Namespace::absent();
    let none = empty.project().write("regplan.toml", HEAD);
    let said = none.run(["output"]).success();
    assert_eq!(said.stdout(), "");
    said.stderr_contains("the configuration has no `[output.NAME]`");
    let json: Value = none.run(["output", "--format", "json"]).success().json();
    assert_eq!(json, json!({"format_version": "1", "outputs": {}}));
}
