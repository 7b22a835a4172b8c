//! How mistakes are shown: with their file, without secrets, cut to a width, and in colours.

use crate::harness::Namespace;

tests! {
    mistakes_in_several_files,
    of_many_mistakes_the_first_are_shown_and_the_others_counted,
    secrets_in_clear_are_never_shown,
    a_line_without_end_is_cut,
    colours_change_nothing_but_the_colour,
}

fn mistakes_in_several_files() {
    let ns = Namespace::absent();
    let project = ns
        .project()
        .write("all/a.toml", "[project]\nname = \"x\"\n\n[resource.a]\napiVersion = \"v1\"\nkind = \"Pod\"\n")
        .write(
            "all/b.toml",
            "[resource.a]\napiVersion = \"v1\"\n\n[resource.b]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\
             metadata.name = \"same\"\n",
        )
        .write("all/.hidden.toml", "not read")
        .write("all/notes.txt", "not read")
        .write(
            "over.toml",
            "[resource.c]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\nmetadata.name = \"same\"\n",
        );
    let twice = project.run(["validate", "-f", "all"]).code(1);
    project.snapshot("mistakes_in_a_folder", twice.stderr());
    project.edit("all/b.toml", "[resource.a]\napiVersion = \"v1\"\n", "");
    project.run(["validate", "-f", "all"]).success();
    let same = project.run(["validate", "-f", "all", "-f", "over.toml"]).code(1);
    project.snapshot("mistakes_in_several_files", same.stderr());
}

/// Whichever files they are in: one limit for the run.
fn of_many_mistakes_the_first_are_shown_and_the_others_counted() {
    let ns = Namespace::absent();
    let object = |number: usize| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: c{number} }}\ndata: {{ a{number}: 1 }}\n"
        )
    };
    let many: Vec<String> = (0..130).map(object).collect();
    let project = ns
        .project()
        .write("regplan.toml", "[project]\nname = \"x\"\n\n[manifest.many]\npath = \"many.yaml\"\n")
        .write("many.yaml", &many.join("---\n"))
        .write("broken.toml", &format!("[project]\nname = \"x\"\n{}", "= 1\n".repeat(50)))
        .write("worse.toml", &"= 2\n".repeat(50));
    let shown = |said: &str| said.lines().filter(|line| line.starts_with("  × ")).count();
    for (files, count) in
        [(vec!["validate"], 130), (vec!["validate", "-f", "broken.toml", "-f", "worse.toml"], 100)]
    {
        let said = project.run(files).code(1);
        assert_eq!(shown(said.stderr()), 20, "{}", said.stderr());
        said.stderr_contains(&format!("{count} mistakes; nothing was done."));
        said.stderr_contains(&format!("{} more mistakes not shown", count - 20));
    }
}

fn secrets_in_clear_are_never_shown() {
    let ns = Namespace::absent();
    let config = r#"
[project]
name = "clear"
nmae = "a line beside which others are shown"

[secret]
one = "hunter1"

[secret.two]
value = "hunter2"

[secret.three]
env      = "THREE"
fallback = ["hunter3"]

[variable.four]
sensitive = true
default   = "hunter4"

[registry.main]
host           = "registry.example.com"
image          = "registry:3.1.1"
storage.volume = { size = "5Gi" }
http.secret    = "hunter5"
auth.user.ci   = "hunter6"

[registry.second]
host           = "registry.example.com"
image          = "registry:3.1.1"
storage.volume = { size = "5Gi" }
auth.users     = "hunter7"

[registry.third]
host           = "registry.example.com"
image          = "registry:3.1.1"
storage.volume = { size = "5Gi" }

[registry.third.auth.users]
ci    = { password = "hunter8" }
alice = 80912
bob   = { env = "BOB", plain = { text = "hunter9" } }
"#;
    let project = ns.project().write("regplan.toml", config);
    let said = project.run(["validate"]).code(1);
    said.stderr_lacks("hunter").stderr_lacks("80912");
    project.snapshot("mistakes_with_secrets", said.stderr());
    // The same where the file is not valid TOML.
    project.rewrite("regplan.toml", &format!("{config}\nbroken = \n"));
    project.run(["validate"]).code(1).stderr_lacks("hunter").stderr_lacks("80912");
}

fn a_line_without_end_is_cut() {
    let ns = Namespace::absent();
    let long = "é".repeat(100_000);
    let config =
        format!("[project]\nname = \"x\"\n[resource.x]\nlong = \"{long}\"\nlist = [\"{long}\", x]\n");
    let project = ns.project().write("regplan.toml", &config);
    let said = project.run(["validate"]).code(1);
    project.snapshot("mistakes_in_long_lines", said.stderr());
}

fn colours_change_nothing_but_the_colour() {
    let ns = Namespace::absent();
    let project = ns.project().write("regplan.toml", "[project]\nnmae = \"x\"\n");
    let plain = project.run(["validate"]).code(1);
    plain.stderr_lacks("\u{1b}");
    let coloured = project.run(["validate", "--color", "always"]).code(1);
    coloured.stderr_contains("\u{1b}[");
    let mut stripped = String::new();
    let mut rest = coloured.stderr();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        stripped.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    assert_eq!(stripped, plain.stderr());
}
