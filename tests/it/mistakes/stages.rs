//! The mistakes of each stage: of the text, the tables, the objects and the graph.

use std::fs;

use crate::harness::{Namespace, Project};

tests! {
    mistakes_of_the_text,
    mistakes_of_the_tables,
    mistakes_of_the_objects,
    mistakes_of_the_graph,
    mistakes_of_every_stage_are_found_at_once,
    mistakes_beside_an_object_hide_none_of_its_own,
}

/// All files in the folder, with their contents.
fn files(project: &Project<'_>) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(project.folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap_or_default()))
        .collect();
    files.sort();
    files
}

/// Every command that reads the configuration finds the same mistakes, and does nothing.
fn mistaken(project: &Project<'_>, name: &str) {
    let before = files(project);
    let validated = project.run(["validate"]).code(1);
    assert_eq!(validated.stdout(), "");
    project.snapshot(name, validated.stderr());
    let said = validated.stderr().to_owned();
    for args in [["render", "-q"], ["graph", "-q"], ["plan", "-q"], ["apply", "--auto-approve"]] {
        let output = project.run(args).code(1);
        assert_eq!(output.stdout(), "", "{args:?}");
        assert_eq!(output.stderr(), said, "{args:?}");
    }
    // An apply that fails here does not create the folder of its state.
    let after = files(project);
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after));
    assert!(before == after, "a file was changed");
}

fn mistakes_of_the_text() {
    let ns = Namespace::absent();
    let config = r#"
[project]
name = "text"
name = "again"

[resource.one]
apiVersion = "v1"
kind = "ConfigMap"

[resource.one]
apiVersion = "v1"
kind = "Secret"

[resource.two]
kind = ConfigMap

[resource.three]
data = { a = "1", a = "2" }
"#;
    mistaken(&ns.project().write("regplan.toml", config), "mistakes_of_the_text");
}

fn mistakes_of_the_tables() {
    let ns = Namespace::absent();
    let config = r#"
[project]
name = "tables"
nmae = "typo"

[cluster]
namespace = "Team_A"

[variable.size]
type = "string"

[variable.count]
type = "numbr"

[secret.token]
env = "TOKEN"

[secret.nothing]

[secret.both]
env  = "A"
file = "b"

[registry.main]
host           = "registry.example.com"
image          = "registry:3.1.1"
namspace       = "registry"
storage.volume = { size = "8" }
labels.token   = "${secret.token}"

[registry.main.auth.users]
ci       = "hunter2"
alice    = { env = "ALICE_PASSWORD" }
replicas = 2

[registry.second]
image          = 5
replicas       = "2"
storage.volume = { size = "${var.size}" }
auth.users.ci  = { env = "CI_PASSWORD" }

[registry.third]
host           = "${var.hosts}"
image          = "registry:3.1.1"
storage.volume = { size = "50Gi" }
auth.users.ci  = { env = "CI_PASSWORD" }
depends_on     = ["manifest.crd"]

[resource.a]
apiVersion = "v1"
kind       = "ConfigMap"
data       = { x = "${resource.b.data.y}" }

[resource.b]
apiVersion = "v1"
kind       = "ConfigMap"
data       = { y = "${resource.a.data.x}" }

[resource.c]
kind = "configmap"

[resource]
loose = true

[manifest.crds]
path   = "crds.yaml"
sha256 = "abc"

"#;
    // A block type whose blocks have no name hides the other blocks of this type.
    let project = ns.project().write("regplan.toml", &config.replace("[resource]\nloose = true\n", ""));
    mistaken(&project, "mistakes_of_the_tables");
    let project = ns.project().write("regplan.toml", "[project]\nname = \"x\"\n[resource]\nkind = \"Pod\"\n");
    project.run(["validate"]).code(1).stderr_contains("`[resource]` has keys (`kind`) and no name");
    let project =
        ns.project().write("regplan.toml", "[project]\nname = \"x\"\n[regsitry.main]\nhost = \"x\"\n");
    project.run(["validate"]).code(1).stderr_contains("did you mean `registry`?");
}

const OBJECTS: &str = r#"
[project]
name = "objects"

[cluster]
namespace = "team-a"

[registry.main]
host                      = "registry.example.com"
image                     = "registry"
replicas                  = 3
storage.volume            = { size = "50Gi" }
tls.secret                = "registry-tls"
resources.requests.memory = "lots"
auth.users.ci             = { env = "CI_PASSWORD" }

[resource.one]
apiVersion = "v1"
kind       = "ConfigMap"
metadata   = { name = "same" }

[resource.two]
apiVersion = "v1"
kind       = "ConfigMap"
metadata   = { name = "same", namespace = "team-a" }

[resource.scaler-v1]
apiVersion = "autoscaling/v1"
kind       = "HorizontalPodAutoscaler"
metadata   = { name = "scaler" }

[resource.scaler-v2]
apiVersion = "autoscaling/v2"
kind       = "HorizontalPodAutoscaler"
metadata   = { name = "scaler" }

[resource.three]
apiVersion = "v1"
kind       = "ConfigMap"
metadata   = { name = "Not_Valid" }

[resource.four]
apiVersion = "v1"
kind       = "Service"
metadata   = { name = "4-begins-with-a-digit" }
spec.ports = [{ port = 80 }]

[resource.five]
apiVersion = "v1"
kind       = "PersistentVolumeClaim"

[resource.five.spec]
accessModes                = ["ReadWriteOnce"]
resources.requests.storage = "10 Gi"

[manifest.missing]
path = "missing.yaml"

[manifest.none]
path = "deploy/*.yaml"

[manifest.others]
path = "others.yaml"

[manifest.syntax]
path = "syntax.yaml"

[manifest.twice]
path = "twice.yaml"

[manifest.json]
path = "broken.json"
"#;

fn mistakes_of_the_objects() {
    let ns = Namespace::absent();
    let project = ns
        .project()
        .write("regplan.toml", OBJECTS)
        .write(
            "others.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: same }\n---\nreplicas: 2\n---\n- a list\n---\n\
             apiVersion: v1\nkind: ConfigMap\nmetadata: { generateName: some- }\n---\n\
             apiVersion: v1\nkind: ConfigMap\nmetadata: { name: [a] }\n",
        )
        .write("syntax.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n labels: {}\n")
        .write("twice.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndata:\n  a: b\n  a: c\n")
        .write("broken.json", "{\n  \"apiVersion\": \"v1\",\n}\n")
        .write("deploy/readme.txt", "");
    mistaken(&project, "mistakes_of_the_objects");
}

fn mistakes_of_the_graph() {
    let ns = Namespace::absent();
    let config = r#"
[project]
name = "graph"

[cluster]
namespace = "team-a"

[resource.a]
apiVersion = "v1"
kind       = "ConfigMap"
depends_on = ["resource.b"]

[resource.b]
apiVersion = "v1"
kind       = "ConfigMap"
data.c     = "${resource.c.metadata.uid}"

[resource.c]
apiVersion = "v1"
kind       = "ConfigMap"
depends_on = ["manifest.all"]

[manifest.all]
path       = "all.yaml"
depends_on = ["resource.a"]

[resource.alone]
apiVersion = "v1"
kind       = "ConfigMap"
depends_on = ["resource.alone"]
"#;
    let project = ns.project().write("regplan.toml", config).write(
        "all.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: one }\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: { name: two }\n",
    );
    mistaken(&project, "mistakes_of_the_graph");
    // An unknown reference is found at an earlier stage.
    let lost = r#"
[resource.lost]
apiVersion = "v1"
kind       = "ConfigMap"
data.uid   = "${manifest.all/ConfigMap/tow.metadata.uid}"
"#;
    project.rewrite("regplan.toml", &format!("{config}{lost}"));
    mistaken(&project, "mistakes_of_the_references");
}

fn mistakes_of_every_stage_are_found_at_once() {
    let ns = Namespace::absent();
    let config = r#"
[project]
name = "stages"

[registry.odd]
host    = "registry.example.com"
image   = "registry"
storage = { volume = { sise = "5Gi" } }

[registry.even]
host    = "registry.example.com"
image   = "registry"
storage = { volume = { size = "5Gi" } }

[resource.name]
apiVersion    = "v1"
kind          = "Service"
metadata.name = "Not_A_Label"

[resource.twin]
apiVersion    = "v1"
kind          = "ConfigMap"
metadata.name = "one"

[resource.other]
apiVersion    = "v1"
kind          = "ConfigMap"
metadata.name = "one"

[resource.first]
apiVersion = "v1"
kind       = "ConfigMap"
depends_on = ["resource.second"]

[resource.second]
apiVersion = "v1"
kind       = "ConfigMap"
depends_on = ["resource.first"]
# Whether this leads somewhere shows when the registry is mended.
data.ip    = "${registry.odd/Service/odd.spec.clusterIP}"
"#;
    let project = ns.project().write("regplan.toml", config);
    let said = project.run(["validate"]).code(1);
    for code in ["unknown-key", "Not_A_Label", "declared twice", "dependency-cycle"] {
        said.stderr_contains(code);
    }
    said.stderr_lacks("unknown-reference");
    mistaken(&project, "mistakes_of_every_stage");
}

/// What a block depends on, how it lives and what the project is called say nothing of its objects.
fn mistakes_beside_an_object_hide_none_of_its_own() {
    let ns = Namespace::absent();
    let object = "[resource.c]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata = { a = 1 }\n";
    let named = "[project]\nname = \"x\"\n";
    for (head, more, code) in [
        (named, "depends_on = [\"resource.d\"]\n", "unknown-reference"),
        (named, "depends_on = [\"${var.d}\"]\n", "there is no variable `d`"),
        (named, "lifecycle.protekt = true\n", "unknown-key"),
        (named, "lifecycle.ready = { x = \"y\" }\n", "unknown-key"),
        (named, "[cluster]\nnamspace = \"x\"\n", "unknown-key"),
        ("[project]\nnam = \"x\"\n", "", "unknown-key"),
        ("", "", "missing-key"),
    ] {
        let project = ns.project().write("regplan.toml", &format!("{head}{object}{more}"));
        let said = project.run(["validate"]).code(1);
        said.stderr_contains(code).stderr_contains("the data under `a` must be text");
    }
}
