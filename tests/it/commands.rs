//! The commands that need no cluster, and what all commands have in common.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Command, Namespace, Project};

tests! {
    init_writes_a_valid_file_and_never_overwrites,
    render_shows_no_secret_and_needs_none,
    the_graph_is_drawn_in_both_languages,
    the_schema_takes_the_examples_and_refuses_a_typo,
    completions_for_three_shells,
    every_command_has_help_with_examples,
    usage_errors_are_errors,
    colour_is_a_choice,
    a_closed_pipe_is_no_panic,
    files_and_folders_are_merged,
    variables_come_from_three_places,
    files_that_are_none,
    files_of_other_editors,
}

const SMALL: &str = r#"
[project]
name = "small"

[cluster]
namespace = "team-a"

[secret.password]
env = "PASSWORD"

[resource.login]
apiVersion = "v1"
kind       = "Secret"
stringData = { password = "${secret.password}", user = "ci" }

[resource.greeting]
apiVersion = "v1"
kind       = "ConfigMap"
data       = { hello = "world" }
depends_on = ["resource.login"]
"#;

/// A project that has no way to any cluster.
fn offline<'n>(ns: &'n Namespace, config: &str) -> Project<'n> {
    ns.project().kubeconfig("/nonexistent").write("regplan.toml", config)
}

fn init_writes_a_valid_file_and_never_overwrites() {
    let ns = Namespace::absent();
    let project = ns.project().kubeconfig("/nonexistent");
    let written = project.run(["init"]).success();
    assert_eq!(written.stdout(), "");
    written.stderr_contains("Wrote regplan.toml");
    project.run(["validate"]).success();
    project.run(["render"]).success();
    project.rewrite("regplan.toml", "mine");
    project.run(["init"]).code(1).stderr_contains("never overwritten").stderr_contains("help: ");
    assert_eq!(project.read("regplan.toml"), "mine");
    project.run(["init", "other.toml", "--quiet"]).success().check(true, "quiet");
    project.run(["validate", "-f", "other.toml"]).success();
    project
        .run(["init", "no/such/folder.toml"])
        .code(1)
        .stderr_contains("no/such/folder.toml cannot be written");
    std::os::unix::fs::symlink("nowhere", project.path("link.toml")).unwrap();
    project.run(["init", "link.toml"]).code(1);
    assert!(!project.path("nowhere").exists());
}

fn render_shows_no_secret_and_needs_none() {
    let ns = Namespace::absent();
    let project = offline(&ns, SMALL).env("PASSWORD", "correct horse");
    let yaml = project.run(["render"]).success();
    yaml.stdout_contains("(sensitive)").stdout_lacks("correct horse");
    let documents: Vec<Value> = serde_saphyr::from_multiple(yaml.stdout()).unwrap();
    let json = project.run(["render", "--format", "json"]).success();
    assert_eq!(json.stderr(), "");
    assert_eq!(json.json()["items"], Value::from(documents));
    assert_eq!(offline(&ns, SMALL).run(["render"]).success().stdout(), yaml.stdout());
    project.run(["render", "--format", "xml"]).code(1).stderr_contains("possible values: yaml, json");
}

fn the_graph_is_drawn_in_both_languages() {
    let ns = Namespace::absent();
    let project = offline(&ns, SMALL);
    let dot = project.run(["graph"]).success();
    dot.stdout_contains("digraph").stdout_contains("resource.greeting").stdout_contains("->");
    let mermaid = project.run(["graph", "--format", "mermaid"]).success();
    mermaid
        .stdout_contains("flowchart")
        .stdout_contains("resource.greeting")
        .stdout_contains("==>")
        .stdout_contains("-.->");
    assert_eq!((dot.stderr(), mermaid.stderr()), ("", ""));
}

fn the_schema_takes_the_examples_and_refuses_a_typo() {
    let ns = Namespace::absent();
    let project = ns.project();
    let printed = project.run(["schema"]).success();
    assert_eq!(printed.stderr(), "");
    let schema = printed.json();
    jsonschema::meta::validate(&schema).expect("a schema of its own draft");
    let schema = jsonschema::validator_for(&schema).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let mut files: Vec<String> =
        readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect();
    for entry in fs::read_dir(root.join("examples")).unwrap() {
        // An example need not have a configuration of its own.
        let file = entry.unwrap().path().join("regplan.toml");
        if file.exists() {
            files.push(fs::read_to_string(file).unwrap());
        }
    }
    project.run(["init"]).success();
    files.push(project.read("regplan.toml"));
    assert!(files.len() >= 5);
    let value = |text: &str| serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap();
    for file in &files {
        let errors: Vec<String> = schema.iter_errors(&value(file)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{file}");
    }
    for (right, wrong) in [
        ("name = ", "nmae = "),
        ("kind       = \"Secret\"", "kind       = 5"),
        ("[resource.greeting]", "[resuorce.greeting]"),
        ("depends_on = [\"resource.login\"]", "depends_on = \"resource.login\""),
    ] {
        let wrong = SMALL.replacen(right, wrong, 1);
        assert!(schema.is_valid(&value(SMALL)) && wrong != SMALL);
        assert!(!schema.is_valid(&value(&wrong)), "{wrong}");
    }
}

fn completions_for_three_shells() {
    let ns = Namespace::absent();
    for (shell, sign) in
        [("bash", "complete -F"), ("zsh", "#compdef regplan"), ("fish", "complete -c regplan")]
    {
        let script = ns.project().run(["completions", shell]).success();
        script.stdout_contains(sign).stdout_contains("detailed-exitcode");
        assert_eq!(script.stderr(), "");
        if shell == "bash" {
            let path = ns.project().path("script");
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            Command::new("bash").args(["-n"]).stdin(script.stdout()).run().success();
        }
    }
    ns.project().run(["completions", "tcl"]).code(1);
}

fn every_command_has_help_with_examples() {
    let ns = Namespace::absent();
    let project = ns.project();
    // As the program itself lists them, so that none is forgotten.
    let listed = |args: &[&str]| -> Vec<String> {
        let help = project.regplan([]).args(args.iter().copied()).args(["--help"]).run().success();
        let commands = help.stdout().split("Commands:\n").nth(1).unwrap_or_default().to_owned();
        let names = commands.lines().map_while(|line| line.strip_prefix("  "));
        // Lines that go on are indented further.
        let names = names.filter(|line| !line.starts_with(' ')).filter_map(|line| line.split(' ').next());
        names.filter(|name| *name != "help").map(str::to_owned).collect()
    };
    let mut commands: Vec<Vec<String>> = Vec::new();
    for command in listed(&[]) {
        let below = listed(&[&command]);
        if below.is_empty() {
            commands.push(vec![command]);
        } else {
            commands.extend(below.into_iter().map(|below| vec![command.clone(), below]));
        }
    }
    assert!(commands.len() >= 15, "{commands:?}");
    for command in commands {
        for flag in ["--help", "-h"] {
            let help = project.regplan([]).args(command.iter().cloned()).args([flag]).run().success();
            assert_eq!(help.stderr(), "", "{command:?}");
            let example = format!("\n  regplan {}", command.join(" "));
            help.stdout_contains("Examples:\n").stdout_contains(&example);
        }
    }
    project.run(["--help"]).success().stdout_contains("Exit codes: 0 done, 1 error");
    project.run(["--version"]).success().stdout_contains(env!("CARGO_PKG_VERSION"));
}

fn usage_errors_are_errors() {
    let ns = Namespace::absent();
    let project = offline(&ns, SMALL);
    let said = |output: crate::harness::Output, text: &str| {
        let ended = output.code(1);
        assert_eq!(ended.stdout(), "");
        ended.stderr_contains(text);
    };
    said(project.run(["frobnicate"]), "unrecognized subcommand 'frobnicate'");
    said(project.run(["paln"]), "plan");
    said(project.run(["plan", "--frobnicate"]), "unexpected argument '--frobnicate'");
    said(project.run(["plan", "--parallelism", "0"]), "--parallelism");
    said(project.run(["plan", "--adopt", "not an address"]), "--adopt");
    said(project.run(["plan", "--color", "sometimes"]), "possible values: auto, always, never");
    said(project.run([]), "Usage: regplan");
}

fn colour_is_a_choice() {
    let ns = Namespace::new();
    let config = "[project]\nname = \"{project}\"\n[cluster]\nnamespace = \"{ns}\"\n[resource.a]\n\
                  apiVersion = \"v1\"\nkind = \"ConfigMap\"\n";
    let project = ns.project().write("regplan.toml", config);
    let plain = project.run(["plan"]).success();
    plain.stdout_lacks("\u{1b}").stderr_lacks("\u{1b}");
    // What is asked for on the command line wins over `NO_COLOR`, which the harness sets.
    project.run(["plan", "--color", "always"]).success().stdout_contains("\u{1b}[");
    let never = project.regplan(["plan", "--color", "never"]).env_remove("NO_COLOR").run().success();
    assert_eq!(never.stdout(), plain.stdout());
    let piped = project.regplan(["plan"]).env_remove("NO_COLOR").env("TERM", "xterm").run().success();
    piped.stdout_lacks("\u{1b}");
    let json = project.run(["plan", "--format", "json", "--color", "always"]).success();
    json.stdout_lacks("\u{1b}");
    assert_eq!(json.json()["has_changes"], true);
}

fn a_closed_pipe_is_no_panic() {
    let ns = Namespace::new();
    let block = |number: u32| format!("[resource.a{number}]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n");
    let head = "[project]\nname = \"{project}\"\n[cluster]\nnamespace = \"{ns}\"\n";
    let config: String = std::iter::once(head.to_owned()).chain((0..50).map(block)).collect();
    let project = ns.project().write("regplan.toml", &config);
    let all = ["plan", "render", "graph", "schema", "completions zsh", "--help", "plan --help"];
    let all = all.map(|arguments| (arguments, 0));
    // Nobody reads on, and the code still says what there is.
    for (arguments, code) in all.into_iter().chain([("plan --detailed-exitcode", 2)]) {
        // `true` closes its end without reading anything.
        let line = format!("set -o pipefail; {} {arguments} | true", env!("CARGO_BIN_EXE_regplan"));
        let ended = Command::new("bash")
            .args(["-c", &line])
            .folder(project.folder())
            .env("KUBECONFIG", ns.cluster().kubeconfig())
            .env("HOME", project.folder())
            .run()
            .code(code);
        ended.stderr_lacks("panicked").stderr_lacks("error");
    }
}

fn files_and_folders_are_merged() {
    let ns = Namespace::absent();
    let project = offline(&ns, SMALL)
        .write("over.toml", "[resource.greeting]\ndata = { hello = \"moon\" }\n")
        .write("more/b.toml", "[resource.b]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n")
        .write("more/a.toml", "[resource.greeting.data]\nwho = \"${resource.b.kind}\"\n");
    let render = |files: &[&str]| {
        let command = project.regplan(["render", "--format", "json"]);
        let command = files.iter().fold(command, |command, file| command.args(["-f", file]));
        let items = command.run().success().json()["items"].as_array().unwrap().clone();
        let found = items.iter().find(|item| item["metadata"]["name"] == "greeting").unwrap();
        found["data"].clone()
    };
    assert_eq!(render(&["regplan.toml"])["hello"], "world");
    assert_eq!(render(&["regplan.toml", "over.toml"])["hello"], "moon");
    assert_eq!(render(&["over.toml", "regplan.toml"])["hello"], "world");
    let all = render(&["regplan.toml", "over.toml", "more"]);
    assert_eq!((&all["hello"], &all["who"]), (&"moon".into(), &"ConfigMap".into()));
}

fn variables_come_from_three_places() {
    let ns = Namespace::absent();
    let config = "[project]\nname = \"x\"\n[cluster]\nnamespace = \"y\"\n\n[variable.word]\ntype = \"string\"\n\n\
                  [resource.a]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndata.word = \"${var.word}\"\n";
    let project =
        offline(&ns, config).write("values.toml", "word = \"file\"\n").write("odd.toml", "wrod = 1\n");
    project.run(["render"]).code(1).stderr_contains("the variable `word` has no value");
    project.run(["render", "--var", "word=line"]).success().stdout_contains("word: line");
    project.run(["render", "--var-file", "values.toml"]).success().stdout_contains("word: file");
    let command = project.regplan(["render"]).env("REGPLAN_VAR_word", "environment");
    command.run().success().stdout_contains("word: environment");
    let both = project.regplan(["render", "--var", "word=line", "--var-file", "values.toml"]);
    both.env("REGPLAN_VAR_word", "environment").run().success().stdout_contains("word: line");
    project.run(["render", "--var", "wrod=x"]).code(1).stderr_contains("did you mean `word`?");
    project.run(["render", "--var", "word"]).code(1).stderr_contains("word");
    project.run(["render", "--var-file", "odd.toml"]).code(1).stderr_contains("odd.toml:1:1");
    project
        .run(["render", "--var-file", "no.toml"])
        .code(1)
        .stderr_contains("there is no file or folder no.toml");
    project.run(["render", "--var-file", "."]).code(1).stderr_contains("is a folder");
}

fn files_that_are_none() {
    let ns = Namespace::absent();
    let project = ns.project().kubeconfig("/nonexistent").write("empty.toml", "");
    project
        .run(["validate"])
        .code(1)
        .stderr_contains("there is no `regplan.toml`")
        .stderr_contains("regplan init");
    project.run(["validate", "-f", "no.toml"]).code(1).stderr_contains("there is no file or folder no.toml");
    project.run(["validate", "-f", "empty.toml"]).code(1).stderr_contains("there is no `[project]`");
    fs::create_dir(project.path("folder")).unwrap();
    project
        .run(["validate", "-f", "folder"])
        .code(1)
        .stderr_contains("the folder folder has no `*.toml` file");
    fs::create_dir(project.path("regplan.toml")).unwrap();
    project.run(["validate"]).code(1).stderr_contains("has no `*.toml` file");
    fs::write(project.path("binary.toml"), [b'a', b'\n', 0xff, 0xfe, 0]).unwrap();
    project
        .run(["validate", "-f", "binary.toml"])
        .code(1)
        .stderr_contains("not UTF-8: the first wrong byte is in line 2");
    fs::write(project.path("zeros.toml"), [0; 100]).unwrap();
    project.run(["validate", "-f", "zeros.toml"]).code(1).stderr_contains("this is not TOML");
    fs::write(project.path("huge.toml"), vec![b'a'; 9 << 20]).unwrap();
    let huge = project.run(["validate", "-f", "huge.toml"]).code(1);
    huge.stderr_contains("huge.toml is larger than 8 MiB").check(huge.stderr().len() < 1000, "is short");
    project.run(["validate", "-f", "/dev/zero"]).code(1).stderr_contains("is larger than");
    let closed = project.path("closed.toml");
    fs::write(&closed, SMALL).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    // Nothing is closed to root.
    if fs::read(&closed).is_err() {
        project.run(["validate", "-f", "closed.toml"]).code(1).stderr_contains("closed.toml may not be read");
    }
}

fn files_of_other_editors() {
    let ns = Namespace::absent();
    let expected = offline(&ns, SMALL).run(["render"]).success().stdout().to_owned();
    let project = offline(&ns, &format!("\u{feff}{}", SMALL.replace('\n', "\r\n")));
    assert_eq!(project.run(["render"]).success().stdout(), expected);
    project.edit("regplan.toml", "hello =", "hello");
    let said = project.run(["validate"]).code(1);
    said.stderr_contains("regplan.toml:19:").stderr_lacks("\r");
}
