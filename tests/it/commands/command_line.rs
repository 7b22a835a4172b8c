//! Arguments, help, completions, colours and pipes.

use std::fs;

use super::{SMALL, offline};
use crate::harness::{Command, FAILING, GREETING, HEAD, Namespace, Project};

tests! {
    completions_for_three_shells,
    every_command_has_help_with_examples,
    usage_errors_are_errors,
    words_of_other_tools_have_ours_beside_them,
    a_plan_replaces_nothing_but_a_plan,
    nothing_is_written_beside_the_state,
    colour_is_a_choice,
    colour_is_a_choice_for_what_moves_too,
    colour_is_a_choice_for_help_and_usage_too,
    mistakes_are_no_wider_than_the_terminal,
    a_closed_pipe_is_no_panic,
    a_closed_pipe_makes_no_success_of_an_apply,
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
    // The program's own list of commands is used, so that none is forgotten.
    let listed = |args: &[&str]| -> Vec<String> {
        let help = project.regplan([]).args(args.iter().copied()).args(["--help"]).run().success();
        let commands = help.stdout().split("Commands:\n").nth(1).unwrap_or_default().to_owned();
        let names = commands.lines().map_while(|line| line.strip_prefix("  "));
        // The second line of a description is indented further.
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

fn words_of_other_tools_have_ours_beside_them() {
    let ns = Namespace::absent();
    let project = offline(&ns, SMALL);
    let before = fs::read_dir(project.folder()).unwrap().count();
    for (line, word) in [
        ("plan -out=tf.plan", "--out FILE"),
        ("plan -out tf.plan", "--out FILE"),
        ("plan -var-file=x.toml", "--var-file PATH"),
        ("apply -auto-approve", "--auto-approve"),
        ("plan -o json", "--format json"),
        ("plan -ojson", "--format json"),
        ("plan --out=yaml", "--format yaml"),
        ("drift -o json", "--format json"),
        ("drift --output markdown", "--format markdown"),
        ("apply -o json", "--format FORM"),
        ("apply --dry-run=server", "regplan plan"),
        ("apply -y", "--auto-approve"),
        ("plan --no-color", "instead of `--no-color`, use `--color never`"),
        ("plan -refresh=false", "leave `-refresh` out: the cluster is read for every plan"),
        ("plan -n team-a", "[cluster] namespace"),
        ("delete", "regplan destroy"),
        ("diff", "regplan plan"),
    ] {
        let ended = project.regplan([]).args(line.split(' ')).run().code(1);
        assert_eq!(ended.stdout(), "", "{line}");
        ended.stderr_contains(word).stderr_lacks("tip:");
    }
    assert_eq!(fs::read_dir(project.folder()).unwrap().count(), before, "nothing was written");
}

fn a_plan_replaces_nothing_but_a_plan() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", crate::harness::HEAD).write("notes.txt", "notes\n");
    let config = fs::read(project.path("regplan.toml")).unwrap();
    for path in ["regplan.toml", "notes.txt", "."] {
        let ended = project.run(["plan", "-o", path]).code(1);
        assert_eq!(ended.stdout(), "");
        ended.stderr_contains("replaces nothing but a plan file");
    }
    for _ in 0..2 {
        project.run(["plan", "-o", "first.regplan"]).success();
    }
    project.run(["drift", "--output", "regplan.toml"]).code(1).stderr_contains("is a configuration");
    project.run(["drift", "--output", "first.regplan"]).code(1).stderr_contains("is a plan file");
    assert_eq!(fs::read(project.path("regplan.toml")).unwrap(), config);
    assert_eq!(fs::read_to_string(project.path("notes.txt")).unwrap(), "notes\n");
}

fn nothing_is_written_beside_the_state() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", crate::harness::GREETING);
    let state = format!(".regplan/{}", ns.project_name());
    let refuses = |flags: [&str; 3]| {
        let ended = project.run(flags).code(1);
        assert_eq!(ended.stdout(), "");
        ended.stderr_contains("the folder of the state");
    };
    // Also before there is any state, and by another way to the same folder.
    let names =
        ["state.json", "journal", "lock", "key", "revisions/000001.json", "mine.regplan", "../other/journal"];
    for name in names {
        refuses(["plan", "--out", &format!("{state}/{name}")]);
    }
    refuses(["plan", "--out", ".regplan/.gitignore"]);
    assert!(!project.path(".regplan/other").exists());
    project.apply();
    std::os::unix::fs::symlink(project.path(&state), project.path("link")).unwrap();
    std::os::unix::fs::symlink(project.path(&state).join("journal"), project.path("dangling")).unwrap();
    // What is there already may be refused for what it is.
    let kept = || ["state.json", "journal"].map(|name| fs::read(project.path(&state).join(name)).ok());
    let before = kept();
    let paths = names.map(|name| format!("{state}/{name}"));
    for path in paths.iter().map(String::as_str).chain(["link/journal", "link/new", "dangling"]) {
        project.run(["plan", "--out", path]).code(1);
        project.run(["drift", "--output", path]).code(1);
    }
    refuses(["plan", "--out", "link/new"]);
    let by_folder = project.regplan(["drift", "--state", "link", "--output", &format!("{state}/new")]);
    by_folder.run().code(1).stderr_contains("the folder of the state");
    assert!(kept() == before);
    project.run(["plan", "--out", "fine.regplan"]).success();
    project.run(["drift", "--output", "fine.txt"]).success();
    project.run(["state", "list"]).success().stdout_contains("resource.greeting");
}

fn colour_is_a_choice() {
    let ns = Namespace::new();
    let config = "[project]\nname = \"{project}\"\n[cluster]\nnamespace = \"{ns}\"\n[resource.a]\n\
                  apiVersion = \"v1\"\nkind = \"ConfigMap\"\n";
    let project = ns.project().write("regplan.toml", config);
    let plain = project.run(["plan"]).success();
    plain.stdout_lacks("\u{1b}").stderr_lacks("\u{1b}");
    // The flag is stronger than `NO_COLOR`, which the harness sets.
    project.run(["plan", "--color", "always"]).success().stdout_contains("\u{1b}[");
    let never = project.regplan(["plan", "--color", "never"]).env_remove("NO_COLOR").run().success();
    assert_eq!(never.stdout(), plain.stdout());
    let piped = project.regplan(["plan"]).env_remove("NO_COLOR").env("TERM", "xterm").run().success();
    piped.stdout_lacks("\u{1b}");
    let json = project.run(["plan", "--format", "json", "--color", "always"]).success();
    json.stdout_lacks("\u{1b}");
    assert_eq!(json.json()["has_changes"], true);
}

/// `regplan ARGUMENTS` in a terminal of fifty columns.
fn in_a_terminal(project: &Project<'_>, arguments: &str) -> Command {
    let line = format!("stty rows 24 cols 50; exec {} {arguments}", env!("CARGO_BIN_EXE_regplan"));
    project.regplan([]).around("script", ["-qec", &line, "/dev/null"])
}

fn colour_is_a_choice_for_what_moves_too() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{FAILING}"));
    for (flag, has_colour) in [("never", false), ("always", true)] {
        let apply = in_a_terminal(&project, &format!("apply --auto-approve --color {flag}"));
        let ended = apply.env_remove("NO_COLOR").env("TERM", "xterm").run().code(1);
        ended.stdout_contains("creating resource.lb");
        // What ends in `m` is a colour or the like; a spinner moves by other sequences.
        let is_style =
            |rest: &str| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m');
        let styled = ended.stdout().split("\u{1b}[").skip(1).any(is_style);
        assert_eq!(styled, has_colour, "{flag}: {:?}", ended.stdout());
        project.run(["destroy", "--auto-approve"]).success();
    }
}

fn colour_is_a_choice_for_help_and_usage_too() {
    let ns = Namespace::absent();
    let project = ns.project();
    for (arguments, code) in [("--help", 0), ("plan --bogus", 1)] {
        for (flag, has_colour) in
            [("--color never", false), ("--color=never", false), ("--color always", true)]
        {
            let said = in_a_terminal(&project, &format!("{flag} {arguments}"));
            let said = said.env_remove("NO_COLOR").env("TERM", "xterm").run().code(code);
            assert_eq!(
                said.stdout().contains("\u{1b}["),
                has_colour,
                "{flag} {arguments}: {:?}",
                said.stdout()
            );
        }
    }
}

fn mistakes_are_no_wider_than_the_terminal() {
    let ns = Namespace::absent();
    let removed = "[[removed]]\naddress = \"resource.greeting\"\ndestroy = false\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{removed}"));
    let widest = |text: &str| text.lines().map(|line| line.trim_end().chars().count()).max();
    let ended = in_a_terminal(&project, "validate").run().code(1);
    assert!(widest(ended.stdout()) <= Some(50), "{}", ended.stdout());
    assert!(widest(project.run(["validate"]).code(1).stderr()) > Some(50), "in a file there is more room");
}

fn a_closed_pipe_is_no_panic() {
    let ns = Namespace::new();
    let block = |number: u32| format!("[resource.a{number}]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n");
    let head = "[project]\nname = \"{project}\"\n[cluster]\nnamespace = \"{ns}\"\n";
    let config: String = std::iter::once(head.to_owned()).chain((0..50).map(block)).collect();
    let project = ns.project().write("regplan.toml", &config);
    let all = ["plan", "render", "graph", "schema", "completions zsh", "--help", "plan --help"];
    let all = all.map(|arguments| (arguments, 0));
    // The reader has closed the pipe, and the exit code is still right.
    for (arguments, code) in all.into_iter().chain([("plan --detailed-exitcode", 2)]) {
        // `true` closes the pipe without reading it.
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

/// Nothing is done that nobody has seen, and a run that was begun says by its exit code how it ended.
fn a_closed_pipe_makes_no_success_of_an_apply() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", GREETING).through(&proxy);
    let run = |arguments: &str| {
        // The reader has ended before the program begins.
        let line = format!("exec 7> >(:); wait $!; {} {arguments}", env!("CARGO_BIN_EXE_regplan"));
        let bash = Command::new("bash").args(["-c", &line]).folder(project.folder());
        bash.env("KUBECONFIG", proxy.kubeconfig()).env("HOME", project.folder()).run()
    };
    run("apply --auto-approve >&7").code(1).stderr_contains("so nothing was done");
    assert!(ns.find("configmap/greeting").is_none());
    proxy.on("apply", "configmaps").named("greeting").not_dry_run().answer(403);
    run("apply --auto-approve 2>&7").code(1);
    let quiet = project.run(["apply", "--auto-approve", "--quiet"]).code(1);
    quiet.stderr_contains("failed resource.greeting").stderr_contains("Not complete");
    proxy.clear_faults();
    run("apply --auto-approve 2>&7").success();
    // What is as it should be needs nobody who reads it.
    run("apply --auto-approve >&7").success();
}
