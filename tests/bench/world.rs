//! A configuration with a number of objects, and the commands that run on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::measure::{self, Cost, Server};
use super::plane::{Error, Facts};

/// Which objects differ from what was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// None of them.
    None,
    /// One of them.
    One,
    /// Every tenth.
    Tenth,
    /// All of them.
    All,
}

/// How many objects are in one manifest file.
const PER_FILE: usize = 500;

/// The number of namespaces that the objects are in.
const NAMESPACES: usize = 4;

const CONFIGURATION: &str = r#"
[project]
name = "bench"

[manifest.all]
path = "objects/*.yaml"
lifecycle.protect = false
"#;

/// A folder with a configuration, and the server for it.
pub(crate) struct World {
    folder: PathBuf,
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    size: usize,
}

impl World {
    pub(crate) fn new(facts: &Facts, size: usize) -> Result<Self, Error> {
        let folder = facts.folder.join(format!("bench-{size}"));
        fs::create_dir_all(folder.join("objects"))?;
        fs::write(folder.join("regplan.toml"), CONFIGURATION)?;
        let (kubeconfig, kubectl) = (facts.kubeconfig.clone(), facts.program("kubectl"));
        let world = Self { folder, kubeconfig, kubectl, size };
        world.write(Edit::None)?;
        Ok(world)
    }

    /// Writes the manifests.
    pub(crate) fn write(&self, edit: Edit) -> Result<(), Error> {
        for (number, objects) in self.objects(edit).chunks(PER_FILE).enumerate() {
            // JSON is also YAML. The file has several documents, so its name ends in `.yaml`.
            let text: Vec<String> = objects.iter().map(Value::to_string).collect();
            fs::write(self.folder.join(format!("objects/{number:03}.yaml")), text.join("\n---\n"))?;
        }
        Ok(())
    }

    /// Writes a manifest of the namespaces too, which comes before the others.
    pub(crate) fn write_namespaces(&self) -> Result<(), Error> {
        let text: Vec<String> = namespaces().map(|namespace| namespace.to_string()).collect();
        fs::write(self.folder.join("objects/00-namespaces.yaml"), text.join("\n---\n"))?;
        Ok(())
    }

    /// All objects: one half are `CronJob`s with usual pods (they are ready without a controller), the other half
    /// `ConfigMap`s.
    pub(crate) fn objects(&self, edit: Edit) -> Vec<Value> {
        (0..self.size).map(|index| object(index, is_changed(index, edit))).collect()
    }

    /// The objects that differ from what was applied.
    pub(crate) fn changed(&self, edit: Edit) -> Vec<Value> {
        (0..self.size).filter(|index| is_changed(*index, edit)).map(|index| object(index, true)).collect()
    }

    /// Plans so often, and returns the cost of the fastest run. Each has to end with this code.
    pub(crate) fn plan(&self, runs: usize, server: &Server, code: i32) -> Result<Cost, Error> {
        let mut costs = Vec::new();
        for _ in 0..runs {
            costs.push(server.cost(self.regplan(&["plan", "--detailed-exitcode"]), code)?);
        }
        measure::fastest(costs).ok_or_else(|| "nothing was run".into())
    }

    /// Applies once, because a second apply has nothing to do.
    pub(crate) fn apply(&self, server: &Server) -> Result<Cost, Error> {
        server.cost(self.regplan(&["apply", "--auto-approve"]), 0)
    }

    /// Deletes everything.
    pub(crate) fn destroy(&self, server: &Server) -> Result<Cost, Error> {
        server.cost(self.regplan(&["destroy", "--auto-approve"]), 0)
    }

    /// The time that kubectl takes for this, with the folder of the objects beside it.
    pub(crate) fn kubectl(&self, args: &[&str]) -> Result<Duration, Error> {
        self.peer(&self.kubectl, args)
    }

    /// The same for another program.
    pub(crate) fn peer(&self, program: &Path, args: &[&str]) -> Result<Duration, Error> {
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.folder);
        let started = Instant::now();
        let status = self.on_server(&mut command).stdout(Stdio::null()).status()?;
        if !status.success() {
            return Err(format!("{} {} ended with {status}", program.display(), args.join(" ")).into());
        }
        Ok(started.elapsed())
    }

    /// The time that kubectl takes to compare the same files with the same server.
    pub(crate) fn kubectl_diff(&self) -> Result<Duration, Error> {
        let mut command = Command::new(&self.kubectl);
        let objects = self.folder.join("objects");
        // With the name of regplan's field manager there are no conflicts to report. The external diff program does
        // nothing, so that it takes no time.
        command.args(["diff", "--server-side", "--field-manager=regplan:bench", "--force-conflicts"]);
        command.arg("--filename").arg(objects).env("KUBECTL_EXTERNAL_DIFF", "true");
        let started = Instant::now();
        let status = self.on_server(&mut command).stdout(Stdio::null()).status()?;
        if !status.success() {
            return Err(format!("kubectl diff ended with {status}").into());
        }
        Ok(started.elapsed())
    }

    fn regplan(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_regplan"));
        command.args(args).current_dir(&self.folder);
        self.on_server(&mut command);
        command
    }

    fn on_server<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let home: &Path = &self.folder;
        command.env("KUBECONFIG", &self.kubeconfig).env("HOME", home)
    }
}

/// Creates the namespaces of the objects.
pub(crate) fn make_namespaces(server: &Server) -> Result<(), Error> {
    namespaces().try_for_each(|namespace| server.run(server.create("/api/v1/namespaces", namespace)))
}

fn namespaces() -> impl Iterator<Item = Value> {
    (0..NAMESPACES)
        .map(|index| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace(index)}}))
}

fn is_changed(index: usize, edit: Edit) -> bool {
    match edit {
        Edit::None => false,
        Edit::One => index == 3,
        Edit::Tenth => index % 10 == 3,
        Edit::All => true,
    }
}

fn namespace(index: usize) -> String {
    format!("bench-{}", index % NAMESPACES)
}

fn object(index: usize, changed: bool) -> Value {
    let (name, namespace) = (format!("o{index}"), namespace(index / 2));
    let version = if changed { "2" } else { "1" };
    let metadata = json!({"name": name, "namespace": namespace, "labels": {"app": name, "tier": "bench"}});
    if index.is_multiple_of(2) {
        let data = json!({"version": version, "log.level": "info", "config.yml": "a: 1\nb: 2\nc: 3\n"});
        return json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
    }
    let container = json!({
        "name": "main",
        "image": format!("registry.example.com/team/app:{version}"),
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": ""}],
        "resources": {"requests": {"cpu": "1000m", "memory": "128Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}],
    });
    let pod = json!({
        "metadata": {"labels": {"app": name}},
        "spec": {
            "restartPolicy": "OnFailure",
            "containers": [container],
            "volumes": [{"name": "config", "configMap": {"name": "shared", "optional": true}}],
        },
    });
    let spec = json!({"schedule": "0 3 29 2 *", "jobTemplate": {"spec": {"template": pod}}});
    json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec})
}
