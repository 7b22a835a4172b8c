//! Which files are read, how they are merged, and where variables come from.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{SMALL, offline};
use crate::harness::Namespace;

tests! {
    files_and_folders_are_merged,
    variables_come_from_three_places,
    files_that_are_none,
    files_of_other_editors,
    a_link_that_leads_nowhere_is_no_absence,
    the_folder_of_the_configuration_is_no_pattern,
    an_alternative_that_is_named_must_be_there,
    a_configuration_that_leads_nowhere_is_no_missing_one,
    a_link_to_the_folder_of_the_configuration_leads_there,
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
    project.run(["render", "--var-file", "no.toml"]).code(1).stderr_contains("there is no file no.toml");
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
    // root may read every file, so this cannot be tried as root.
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

fn a_link_that_leads_nowhere_is_no_absence() {
    let ns = Namespace::absent();
    let config = format!("{SMALL}\n[manifest.app]\npath = \"deploy\"\n");
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    let project = offline(&ns, &config).write("deploy/a.yaml", object);
    project.run(["render"]).success();
    std::os::unix::fs::symlink("/nowhere", project.path("deploy/b.yaml")).unwrap();
    for command in ["render", "validate", "plan"] {
        let ended = project.run([command]).code(1);
        ended.stderr_contains("deploy/b.yaml: it is a link to /nowhere").stderr_contains("regplan.toml:");
    }
}

fn a_configuration_that_leads_nowhere_is_no_missing_one() {
    let ns = Namespace::absent();
    let project = ns.project();
    project.run(["validate"]).code(1).stderr_contains("there is no `regplan.toml`");
    std::os::unix::fs::symlink("nowhere", project.path("regplan.toml")).unwrap();
    let refused = project.run(["validate"]).code(1);
    refused.stderr_contains("regplan.toml").stderr_lacks("there is no `regplan.toml`");
}

fn a_link_to_the_folder_of_the_configuration_leads_there() {
    let ns = Namespace::absent();
    let config = format!("{SMALL}\n[manifest.app]\npath = \"objects\"\n");
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-there}\n";
    let project = ns.project().kubeconfig("/nonexistent").write("real/conf/regplan.toml", &config);
    let project = project.write("real/conf/objects/a.yaml", object);
    std::os::unix::fs::symlink("real/conf", project.path("prod")).unwrap();
    for folder in ["prod", "prod/", "real/conf"] {
        project.run(["render", "-f", folder]).success().stdout_contains("from-there");
    }
    // What is beside the folder is found from where the folder really is.
    project.edit("real/conf/regplan.toml", "\"objects\"", "\"../beside\"");
    std::fs::rename(project.path("real/conf/objects"), project.path("real/beside")).unwrap();
    project.run(["render", "-f", "prod"]).success().stdout_contains("from-there");
    std::os::unix::fs::symlink("nowhere", project.path("real/conf/b.toml")).unwrap();
    project.run(["validate", "-f", "prod"]).code(1).stderr_contains("prod/b.toml");
    std::os::unix::fs::symlink("gone", project.path("stage")).unwrap();
    project.run(["validate", "-f", "stage"]).code(1).stderr_contains("stage");
}

fn the_folder_of_the_configuration_is_no_pattern() {
    let ns = Namespace::absent();
    let config = |path: &str| format!("{SMALL}\n[manifest.app]\npath = \"{path}\"\n");
    let object = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
    for folder in ["a[12]", "f[31m", "{a1,x}", "a*", "a?", "{a1"] {
        let project = ns.project().kubeconfig("/nonexistent").write("a1/m.yaml", &object("stranger"));
        let project = project
            .write(&format!("{folder}/m.yaml"), &object("ours"))
            .write(&format!("{folder}/regplan.toml"), &config("*.yaml"));
        let file = format!("{folder}/regplan.toml");
        for path in ["*.yaml", "m.yaml", "[m].yaml", ".", "{m,m}.yaml"] {
            project.rewrite(&file, &config(path));
            let ended = project.run(["render", "-f", &file]).success();
            ended.stdout_contains("name: ours").stdout_lacks("name: stranger");
        }
        project.rewrite(&file, &config("gone.yaml"));
        project.run(["render", "-f", &file]).code(1).stderr_contains("gone.yaml: there is no such file");
    }
}

fn an_alternative_that_is_named_must_be_there() {
    let ns = Namespace::absent();
    let config = format!("{SMALL}\n[manifest.app]\npath = \"m/{{a,b}}.yaml\"\n");
    let object = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
    let project = offline(&ns, &config).write("m/a.yaml", &object("a")).write("m/b.yaml", &object("b"));
    project.run(["render"]).success().stdout_contains("name: b");
    project.remove("m/b.yaml");
    for command in ["render", "validate", "plan"] {
        let ended = project.run([command]).code(1);
        ended.stderr_contains("m/b.yaml: there is no such file").stderr_contains("regplan.toml:");
    }
}
