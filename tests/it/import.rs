//! `regplan import` and `[[import]]`: objects that exist become ours by name.

use serde_json::{Value, json};

use crate::harness::{HEAD, Namespace, Project, change, definition, wait_for};

tests! {
    an_object_is_imported_alone_and_nothing_else_changes,
    what_differs_is_changed_only_after_the_question,
    a_table_imports_and_does_nothing_afterwards,
    an_import_that_finds_nothing_is_an_error,
    an_import_of_another_object_says_which_one_is_meant,
    what_takes_a_value_from_another_object_is_imported_with_it,
    mistakes_of_import_tables_are_told_at_their_place,
    what_stands_in_a_namespace_becomes_a_configuration_that_changes_nothing,
    what_a_definition_fills_in_is_not_written_down,
    a_registry_is_written_as_a_registry,
    a_registry_with_a_bucket_is_written_as_one,
    a_registry_of_the_tutorial_is_taken_over_as_it_is,
    a_namespace_that_cannot_be_written_down_is_said,
}

const BLOCKS: &str = r#"
[resource.web]
apiVersion = "apps/v1"
kind = "Deployment"

[resource.web.spec]
replicas = 1
selector.matchLabels = { app = "web" }
template.metadata.labels = { app = "web" }
template.spec.containers = [{ name = "main", image = "web:1", envFrom = [{ configMapRef = { name = "settings" } }] }]

[resource.settings]
apiVersion = "v1"
kind = "ConfigMap"
data = { a = "1" }
"#;

const OBJECTS: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: "web:1", envFrom: [{ configMapRef: { name: settings } }] }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { a: "1" }
"#;

const WEB: &str = "\n[[import]]\nto = \"resource.web\"\nfrom = \"Deployment/{ns}/web\"\n";
const SETTINGS: &str = "\n[[import]]\nto = \"resource.settings\"\nfrom = \"ConfigMap/{ns}/settings\"\n";

fn project<'n>(ns: &'n Namespace, blocks: &str) -> Project<'n> {
    ns.project().write("regplan.toml", &format!("{HEAD}{blocks}"))
}

/// The addresses that the state knows.
fn known(project: &Project<'_>) -> Vec<String> {
    project.state()["resources"].as_object().unwrap().keys().cloned().collect()
}

fn an_object_is_imported_alone_and_nothing_else_changes() {
    let ns = Namespace::new();
    ns.apply(OBJECTS);
    let project = project(&ns, BLOCKS);
    let uid = ns.field("deployment/web", "/metadata/uid");
    // The ConfigMap is not imported yet, and no reason to wait.
    let imported = project.run(["import", "resource.web", "Deployment/{ns}/web", "--auto-approve"]).success();
    imported.stdout_contains("& resource.web  adopt").stdout_contains("1 resource is left out");
    assert_eq!(known(&project), ["resource.web"]);
    assert_eq!(ns.field("deployment/web", "/metadata/uid"), uid);
    assert_eq!(ns.field("deployment/web", "/metadata/annotations/regplan.dev~1address"), "resource.web");
    assert_eq!(ns.field("configmap/settings", "/metadata/annotations/regplan.dev~1address"), Value::Null);
    let again = project.run(["import", "resource.web", "Deployment/web"]).success();
    again.stderr_contains("resource.web is in the state already").stderr_contains("Nothing was done");
    project.run(["plan"]).code(1).stdout_contains("--adopt resource.settings");
    project.run(["import", "resource.settings", "ConfigMap/{ns}/settings", "--auto-approve"]).success();
    project.expect_settled();
}

fn what_differs_is_changed_only_after_the_question() {
    let ns = Namespace::new();
    ns.apply(OBJECTS);
    let project = project(&ns, &BLOCKS.replace("a = \"1\"", "a = \"2\""));
    let import = || project.regplan(["import", "resource.settings", "ConfigMap/{ns}/settings"]);
    import()
        .stdin("no\n")
        .run()
        .code(1)
        .stdout_contains("\"1\" -> \"2\"")
        .stderr_contains("nothing was done");
    assert_eq!(ns.field("configmap/settings", "/data/a"), "1");
    import().args(["--no-input"]).run().code(1);
    assert_eq!(ns.field("configmap/settings", "/metadata/annotations/regplan.dev~1project"), Value::Null);
    let json = import().args(["--auto-approve", "--format=json"]).run().success();
    json.stdout_contains("\"adopt\"");
    assert_eq!(ns.field("configmap/settings", "/data/a"), "2");
}

fn a_table_imports_and_does_nothing_afterwards() {
    let ns = Namespace::new();
    ns.apply(OBJECTS);
    let project = project(&ns, &[BLOCKS, WEB, SETTINGS].concat());
    project.run(["validate"]).success();
    let plan = project.run(["plan", "--format=json"]).success().json();
    for address in ["resource.web", "resource.settings"] {
        assert_eq!(change(&plan, address)["action"], "adopt", "{plan:#}");
    }
    project.run(["plan", "--out=plan.regplan"]).success();
    project.run(["apply", "plan.regplan"]).success();
    let settled = project.run(["plan", "--detailed-exitcode"]).success();
    settled.stdout_contains("The imports of `resource.settings`, `resource.web` do nothing");
    // What goes later is made again: the state remembers it.
    ns.delete("configmap/settings");
    project.run(["plan"]).success().stdout_contains("+ resource.settings");
    project.run(["destroy", "--auto-approve"]).success();
}

fn an_import_that_finds_nothing_is_an_error() {
    let ns = Namespace::new();
    let project = project(&ns, BLOCKS);
    let words = ns.fill("ConfigMap {ns}/settings is to be imported, and it is not there");
    let alone = project.run(["import", "resource.settings", "ConfigMap/{ns}/settings", "--auto-approve"]);
    alone.code(1).stdout_contains(&words);
    project.rewrite("regplan.toml", &[HEAD, BLOCKS, SETTINGS].concat());
    project.run(["plan"]).code(1).stdout_contains(&words);
    project.run(["apply", "--auto-approve"]).code(1);
    assert_eq!(ns.find("deployment/web"), None);
}

fn an_import_of_another_object_says_which_one_is_meant() {
    let ns = Namespace::new();
    ns.apply(OBJECTS);
    let project = project(&ns, BLOCKS);
    let import =
        |address: &str, object: &str| project.run(["import", address, object, "--auto-approve"]).code(1);
    import("resource.web", "Deployment/{ns}/other")
        .stderr_contains(&ns.fill("`resource.web` is Deployment.apps {ns}/web"))
        .stderr_contains(&ns.fill("`Deployment/{ns}/web`"));
    import("resource.wbe", "Deployment/{ns}/web").stderr_contains("did you mean `resource.web`?");
    import("resource.web", "Deployment").stderr_contains("by kind and name");
    assert_eq!(ns.field("deployment/web", "/metadata/annotations/regplan.dev~1project"), Value::Null);
    ns.patch("deployment/web", &json!({"metadata": {"annotations": {"regplan.dev/project": "another"}}}));
    import("resource.web", "Deployment/{ns}/web");
}

fn what_takes_a_value_from_another_object_is_imported_with_it() {
    let ns = Namespace::new();
    ns.apply(OBJECTS);
    let blocks = format!(
        "{BLOCKS}\n[resource.copy]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\
         data.uid = \"${{resource.settings.metadata.uid}}\"\n"
    );
    let project = project(&ns, &blocks);
    let uid = ns.field("configmap/settings", "/metadata/uid");
    ns.kubectl(["create", "configmap", "copy", &format!("--from-literal=uid={}", uid.as_str().unwrap())])
        .run()
        .success();
    project.run(["import", "resource.settings", "ConfigMap/settings", "--auto-approve"]).success();
    project.run(["import", "resource.copy", "ConfigMap/copy", "--auto-approve"]).success();
    assert_eq!(known(&project), ["resource.copy", "resource.settings"]);
    assert_eq!(ns.field("configmap/copy", "/data/uid"), uid);
}

fn mistakes_of_import_tables_are_told_at_their_place() {
    let ns = Namespace::absent();
    for (table, mistake) in [
        ("to = \"resource.wbe\"\nfrom = \"Deployment/a/web\"", "did you mean `resource.web`?"),
        ("to = \"resource.web\"\nfrom = \"Deployment\"", "`Deployment` is not the name of an object"),
        ("to = \"resource.web\"\nfrom = \"Deployment/a/b/c\"", "is not the name of an object"),
        (
            "to = \"resource.web\"\nfrom = \"StatefulSet/{ns}/web\"",
            "`StatefulSet/{ns}/web` is another object",
        ),
        ("to = \"resource.web\"", "`from`"),
        ("to = \"web\"\nfrom = \"Deployment/a/web\"", "is not an address"),
        (
            "to = \"resource.web\"\nfrom = \"Deployment/{ns}/web\"\n[[import]]\nto = \"resource.web\"\nfrom = \"Deployment/{ns}/web\"",
            "stands in `[[import]]` twice",
        ),
    ] {
        let project = project(&ns, &format!("{BLOCKS}\n[[import]]\n{table}\n"));
        project.run(["validate"]).code(1).stderr_contains(&ns.fill(mistake)).stderr_contains("regplan.toml:");
    }
}

const EVERYTHING: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web, type: ClusterIP } }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web }, annotations: { note: "a ${HOME} b" } }
    spec:
      serviceAccountName: robot
      initContainers:
        - { name: sidecar, image: "sidecar:1", restartPolicy: Always }
      containers:
        - name: main
          image: "web:1"
          args: ["--in=${DIR}"]
          ports: [{ containerPort: 80, name: http }]
          readinessProbe: { httpGet: { path: /, port: http } }
          resources: { limits: { cpu: 1000m, memory: 64Mi } }
          volumeMounts: [{ name: tmp, mountPath: /tmp }]
          securityContext: { allowPrivilegeEscalation: false }
      volumes: [{ name: tmp, emptyDir: {} }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: http }] }
---
apiVersion: v1
kind: Service
metadata: { name: headless }
spec: { clusterIP: None, selector: { app: db }, ports: [{ port: 5432 }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { protocol: TCP, text: "two\nlines with ''' and \"\"\"\n", "odd_key.x": "1" }
---
apiVersion: v1
kind: Secret
metadata: { name: login, annotations: { note: "of ${USER}" } }
stringData: { password: hunter2-hunter2 }
data: { blob: /w== }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec:
  rules:
    - host: web.example.com
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: robot }
automountServiceAccountToken: false
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader }
rules: [{ apiGroups: [""], resources: [configmaps], verbs: [get] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: reader }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }
subjects: [{ kind: ServiceAccount, name: robot, namespace: "{ns}" }]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: headless
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [{ name: main, image: "db" }] }
  volumeClaimTemplates:
    - metadata: { name: disk }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: nightly }
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      backoffLimit: 6
      template: { spec: { restartPolicy: OnFailure, containers: [{ name: main, image: "job:1" }] } }
---
apiVersion: batch/v1
kind: Job
metadata: { name: once }
spec:
  completions: 1
  parallelism: 2
  template: { spec: { restartPolicy: Never, containers: [{ name: main, image: "job:1" }] } }
---
apiVersion: v1
kind: Service
metadata: { name: sticky }
spec:
  selector: { app: web }
  ports: [{ port: 80 }]
  sessionAffinity: ClientIP
  sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: default }
imagePullSecrets: [{ name: pull }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: closed }
spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }] }
"#;

fn what_stands_in_a_namespace_becomes_a_configuration_that_changes_nothing() {
    let ns = Namespace::new();
    ns.apply(EVERYTHING);
    let crd = ns.project().write("regplan.toml", &format!("{HEAD}{}", definition("a thing")));
    crd.apply();
    let thing = "apiVersion: {prefix}.example.com/v1\nkind: Thing\nmetadata: { name: thing }\n\
                 spec: { value: \"1\", replicas: 1, type: ClusterIP }\n";
    ns.apply(thing);
    wait_for("the pods", || (ns.list("pods").len() >= 3).then_some(()));
    let project = ns.project().env("LOGIN_PASSWORD", "hunter2-hunter2").env("LOGIN_BLOB", "/w==");
    let written = project.run(["import", "--from-cluster", "{ns}"]).success();
    let text = written.stdout();
    written.stdout_lacks("hunter2").stdout_lacks("aHVudGVy").stderr_contains("left out");
    for server in [
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "status",
        "kube-root-ca",
        "last-applied",
        "managedFields",
        "terminationMessagePath",
        "dnsPolicy",
        "revisionHistoryLimit",
        "EndpointSlice",
        "disk-db-0",
    ] {
        assert!(!text.contains(server), "{server}:\n{text}");
    }
    for meant in [
        "protocol = \"TCP\"",
        "type = \"ClusterIP\"",
        "allowPrivilegeEscalation = false",
        "clusterIP = \"None\"",
        "$${DIR}",
        "of $${USER}",
        "env = \"LOGIN_PASSWORD\"",
        "restartPolicy = \"Always\"",
        "backoffLimit = 6",
        "completions = 1",
        "timeoutSeconds = 1",
        "imagePullSecrets",
    ] {
        assert!(text.contains(meant), "{meant}:\n{text}");
    }
    project.rewrite("regplan.toml", text);
    project.run(["validate"]).success();
    let plan = project.run(["plan", "--format=json"]).success().json();
    let changes = plan["changes"].as_array().unwrap();
    for change in changes.iter().filter(|change| change["action"] != "none") {
        assert_eq!(change["action"], "adopt", "{change:#}");
        let fields = change["fields"].as_array().unwrap();
        let changed: Vec<_> = fields
            .iter()
            .map(|field| field["path"].as_str().unwrap())
            .filter(|path| !path.contains("last-applied-configuration"))
            .collect();
        assert_eq!(changed, Vec::<&str>::new(), "{change:#}");
    }
    assert_eq!(changes.iter().filter(|change| change["action"] == "adopt").count(), 17, "{text}");
    let specs = || ["deployment/web", "statefulset/db", "cronjob/nightly"].map(|of| ns.field(of, "/spec"));
    let before = specs();
    project.apply();
    project.expect_settled();
    assert_eq!(specs(), before, "nobody would notice");
}

fn a_registry_is_written_as_a_registry() {
    let ns = Namespace::new();
    let registry = r#"
[registry.main]
host           = "registry.example.com"
image          = "registry:3.1.1"
storage.volume = { size = "1Gi" }
ingress        = { class = "nginx" }
tls.secret     = "registry-tls"

[registry.main.auth.users]
ci    = { env = "CI_PASSWORD" }
robot = { generate = { length = 20 } }
"#;
    let made = project(&ns, registry).env("CI_PASSWORD", "a long enough password");
    made.apply();
    let kinds = "deployment,service,configmap,secret,pvc,ingress,serviceaccount";
    ns.kubectl([
        "annotate",
        kinds,
        "--all",
        "regplan.dev/project-",
        "regplan.dev/lineage-",
        "regplan.dev/address-",
    ])
    .run()
    .success();
    let ours = ns.project().env("CI_PASSWORD", "a long enough password");
    let written = ours.run(["import", "--from-cluster", "{ns}"]).success();
    written
        .stdout_contains("[registry.main]")
        .stdout_contains("host = \"registry.example.com\"")
        .stdout_contains("env = \"CI_PASSWORD\"")
        .stdout_contains("[registry.main.auth.users.robot.generate]")
        .stdout_contains("to = \"registry.main/Deployment/registry\"")
        .stdout_lacks("[resource.");
    ours.rewrite("regplan.toml", written.stdout());
    let plan = ours.run(["plan", "--format=json"]).success().json();
    let changes = plan["changes"].as_array().unwrap();
    assert_eq!(changes.iter().filter(|change| change["action"] == "adopt").count(), 9, "{plan:#}");
    for change in changes {
        assert_eq!(change["fields"].as_array().map_or(0, Vec::len), 0, "{change:#}");
    }
}

fn a_registry_with_a_bucket_is_written_as_one() {
    let ns = Namespace::new();
    let registry = r#"
[registry.main]
host       = "registry.example.com"
image      = "registry:3.1.1"
replicas   = 2
storage.s3 = { bucket = "images", endpoint = "https://s3.example.com", prefix = "a", redirect = true, access_key.env = "K", secret_key.env = "S" }
auth.users = { ci = { env = "CI_PASSWORD" } }
"#;
    let with_keys = |project: Project<'_>, key: &str, secret: &str| {
        let keys = project.regplan(["apply", "--auto-approve"]).env(key, "key").env(secret, "a secret key");
        keys.env("CI_PASSWORD", "a long enough password").run().success();
    };
    with_keys(project(&ns, registry), "K", "S");
    let kinds = "deployment,service,configmap,secret,serviceaccount,pdb";
    let marks = ["regplan.dev/project-", "regplan.dev/lineage-", "regplan.dev/address-"];
    ns.kubectl(["annotate", kinds, "--all", marks[0], marks[1], marks[2]]).run().success();
    let ours = ns.project();
    let written = ours.run(["import", "--from-cluster", "{ns}"]).success();
    written
        .stdout_contains("[registry.main.storage.s3]")
        .stdout_contains("endpoint = \"https://s3.example.com\"")
        .stdout_contains("env = \"S3_SECRET_KEY\"")
        .stdout_lacks("a secret key")
        .stdout_lacks("[resource.");
    ours.rewrite("regplan.toml", written.stdout());
    let (text, spec) = (ours.read("regplan.toml"), ns.field("deployment/registry", "/spec"));
    assert!(text.contains("redirect = true"), "{text}");
    with_keys(ours, "S3_ACCESS_KEY", "S3_SECRET_KEY");
    assert_eq!(ns.field("deployment/registry", "/spec"), spec, "nothing but the ownership has changed");
}

/// A registry as the tutorial has it made by hand.
const BY_HAND: &str = r#"
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: docker-registry-pv-claim }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Secret
metadata: { name: docker-registry-secret }
stringData: { haSharedSecret: "a-shared-secret", htpasswd: "ci:$2y$05$abcdefghijklmnopqrstuv" }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: docker-registry, labels: { app: docker-registry } }
spec:
  selector: { matchLabels: { app: docker-registry } }
  template:
    metadata: { labels: { app: docker-registry } }
    spec:
      containers:
        - name: docker-registry
          image: "registry:2.7.1"
          env: [{ name: REGISTRY_HTTP_SECRET, valueFrom: { secretKeyRef: { name: docker-registry-secret, key: haSharedSecret } } }]
          volumeMounts: [{ name: data, mountPath: /var/lib/registry }]
      volumes: [{ name: data, persistentVolumeClaim: { claimName: docker-registry-pv-claim } }]
---
apiVersion: v1
kind: Service
metadata: { name: docker-registry }
spec: { selector: { app: docker-registry }, ports: [{ port: 5000 }] }
"#;

fn a_registry_of_the_tutorial_is_taken_over_as_it_is() {
    let ns = Namespace::new();
    ns.apply(BY_HAND);
    let ours = ns.project();
    let written = ours.run(["import", "--from-cluster", "{ns}"]).success();
    written
        .stdout_contains("image = \"registry:2.7.1\"")
        .stdout_lacks("[registry.")
        .stdout_lacks("a-shared-secret");
    ours.rewrite("regplan.toml", written.stdout());
    let specs =
        || ["deployment/docker-registry", "pvc/docker-registry-pv-claim"].map(|of| ns.field(of, "/spec"));
    let before = specs();
    let secrets = ours
        .regplan(["apply", "--auto-approve"])
        .env("DOCKER_REGISTRY_SECRET_HASHAREDSECRET", "a-shared-secret")
        .env("DOCKER_REGISTRY_SECRET_HTPASSWD", "ci:$2y$05$abcdefghijklmnopqrstuv");
    secrets.run().success().stderr_contains("4 adopted");
    assert_eq!(specs(), before, "nobody would notice");
}

fn a_namespace_that_cannot_be_written_down_is_said() {
    let ns = Namespace::new();
    let project = ns.project();
    let none = project.run(["import", "--from-cluster", "{prefix}-none"]).code(1);
    none.stderr_contains(&ns.fill("there is no namespace `{prefix}-none`"));
    project.run(["import", "--from-cluster", "a/b"]).code(1).stderr_contains("must be lower-case letters");
    project.run(["import"]).code(1);
    project.run(["import", "resource.a", "ConfigMap/a", "--from-cluster", "{ns}"]).code(1);
    let empty = project.run(["import", "--from-cluster", "{ns}"]).success();
    empty
        .stdout_lacks("import")
        .stderr_contains(&ns.fill("There is nothing to import in the namespace {ns}"));
    project.rewrite("regplan.toml", empty.stdout());
    project.run(["validate"]).success();
    ns.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: seen }\ndata: { a: \"1\" }\n");
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]);
    let limited = ns.project().kubeconfig(ns.account("limited", &rules));
    let written = limited.run(["import", "--from-cluster", "{ns}"]).success();
    written.stdout_contains("[resource.seen]").stderr_contains("Secret could not be looked at");
}

/// A definition that fills in `size` and `tuning.level`.
const FILLING: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: "tanks.{prefix}.example.com" }
spec:
  group: "{prefix}.example.com"
  names: { kind: Tank, plural: tanks, singular: tank }
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: { type: integer, default: 7 }
                content: { type: string }
                tuning:
                  type: object
                  default: {}
                  properties: { level: { type: integer, default: 3 }, mode: { type: string, default: slow } }
"#;

fn what_a_definition_fills_in_is_not_written_down() {
    let ns = Namespace::new();
    ns.apply(FILLING);
    let tank = |name: &str, spec: &str| {
        format!(
            "apiVersion: {{prefix}}.example.com/v1\nkind: Tank\nmetadata: {{ name: {name} }}\nspec: {spec}\n"
        )
    };
    let published = || ns.kubectl(["explain", "tanks.spec.tuning"]).run().any().succeeded();
    wait_for("the schema", || published().then_some(()));
    ns.apply(&tank("plain", "{ content: water }"));
    ns.apply(&tank("tuned", "{ size: 8, tuning: { level: 4 } }"));
    assert_eq!(ns.field("tanks.{prefix}.example.com/plain", "/spec/size"), 7);
    let written = ns.project().run(["import", "--from-cluster", "{ns}"]).success();
    let text = written.stdout();
    for filled in ["size = 7", "level = 3", "slow", "tuning = {}"] {
        assert!(!text.contains(filled), "{filled}:\n{text}");
    }
    for meant in ["content = \"water\"", "size = 8", "level = 4"] {
        assert!(text.contains(meant), "{meant}:\n{text}");
    }
    let project = ns.project().write("regplan.toml", text);
    project.apply().stdout_contains("2 to adopt, 0 to change");
    project.expect_settled();
    assert_eq!(ns.field("tanks.{prefix}.example.com/plain", "/spec/tuning/level"), 3);
    ns.clean_up("crd/tanks.{prefix}.example.com");
}
