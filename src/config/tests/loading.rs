//! From files to a configuration.

use serde_json::json;

use super::{fine, load_files, load_head_of};
use crate::config::{RECORDED_IN, StateSettings, codes};
use crate::diagnostic::SourceId;
use crate::resource::{Lifecycle, ReadyRule};

const DESIGN: &str = r#"
[project]
name = "registry"

[cluster]
context = "prod"

[registry.main]
host           = "registry.example.com"
image          = "registry:3.1.1"
namespace      = "registry"
storage.volume = { size = "50Gi" }
ingress.class  = "nginx"
tls.secret     = "registry-tls"

[registry.main.auth.users]
ci    = { env = "CI_PASSWORD" }
alice = { env = "ALICE_PASSWORD" }
"#;

#[test]
fn the_usual_file_is_read_as_it_stands() {
    let config = fine(DESIGN);
    assert_eq!(config.project, "registry");
    assert_eq!(config.cluster.context.as_deref(), Some("prod"));
    assert!(config.cluster.span.is_some());
    let [block] = config.blocks.as_slice() else { panic!("{:?}", config.blocks) };
    assert_eq!(block.address.to_string(), "registry.main");
    assert_eq!(&DESIGN[block.span.start..block.span.end], "[registry.main]");
    assert_eq!(
        block.body.to_json(),
        json!({
            "host": "registry.example.com", "image": "registry:3.1.1", "namespace": "registry",
            "storage": {"volume": {"size": "50Gi"}}, "ingress": {"class": "nginx"},
            "tls": {"secret": "registry-tls"},
            "auth": {"users": {"ci": {"env": "CI_PASSWORD"}, "alice": {"env": "ALICE_PASSWORD"}}},
        })
    );
    assert_eq!(block.lifecycle, Lifecycle::default());
}

#[test]
fn relative_paths_start_at_the_file_that_names_them() {
    let files = [
        (
            "base/regplan.toml",
            "[project]\nname = 'x'\n[secret.s]\nfile = './s.txt'\n[manifest.m]\npath = 'm/*.yaml'\n\
          [registry.r]\nhost = 'h'\nimage = 'a:b'\nauth.htpasswd = 'h'\n[cluster]\nkubeconfig = 'k'\n",
        ),
        (
            "over/prod.toml",
            "[state]\npath = 'state'\n[registry.r.auth.users]\nci = { file = '../ci.txt' }\nbob = '${secret.s}'\n",
        ),
    ];
    let (loaded, folder) = load_files(&files, &["base/regplan.toml", "over/prod.toml"], &[]);
    let (config, _) = loaded.outcome.unwrap();
    assert_eq!(config.folder, folder.join("base"));
    assert_eq!(
        config.state,
        StateSettings::Local {
            path: Some(folder.join("over/state")),
            encryption: None,
            recorded_in: RECORDED_IN.to_owned()
        }
    );
    assert_eq!(config.cluster.kubeconfig, Some(folder.join("base/k")));
    let bodies: Vec<_> = config.blocks.iter().map(|block| block.body.to_json()).collect();
    assert_eq!(bodies[0], json!({"file": folder.join("base/s.txt")}));
    assert_eq!(bodies[1]["path"], json!(folder.join("base/m/*.yaml")));
    assert_eq!(bodies[2]["auth"]["htpasswd"], json!(folder.join("base/h")));
    assert_eq!(bodies[2]["auth"]["users"]["bob"]["file"], json!(folder.join("base/s.txt")));
    assert_eq!(bodies[2]["auth"]["users"]["ci"]["file"], json!(folder.join("over/../ci.txt")));
}

#[test]
fn overlays_win_and_folders_do_not() {
    let base = "[project]\nname = 'x'\n[registry.r]\nhost = 'h'\nimage = 'a:b'\nreplicas = 1\n";
    let (loaded, _) = load_files(
        &[("a.toml", base), ("b.toml", "[project]\nname = 'y'\n[registry.r]\nreplicas = 3\n")],
        &["a.toml", "b.toml"],
        &[],
    );
    let (config, _) = loaded.outcome.unwrap();
    assert_eq!(config.project, "y");
    assert_eq!(config.blocks[0].body.to_json()["replicas"], json!(3));

    let (loaded, _) =
        load_files(&[("d/a.toml", base), ("d/b.toml", "[registry.r]\nreplicas = 3\n")], &["d"], &[]);
    let mistakes = loaded.outcome.unwrap_err();
    let mistake = mistakes.iter().next().unwrap();
    assert_eq!(mistake.code, codes::DUPLICATE_KEY);
    assert_eq!(
        mistake.labels.iter().map(|label| label.span.source).collect::<Vec<_>>(),
        [SourceId(1), SourceId(0)]
    );
}

#[test]
fn blocks_come_in_the_order_of_the_files_with_what_they_ask_for() {
    let config = fine(
        "[project]\nname = 'x'\n[resource.z]\nkind = 'K'\ndepends_on = ['manifest.m', 'registry.r/Service/r']\n\
         [resource.z.lifecycle]\nprotect = true\nready = { field = 'status.ip' }\n\
         ignore_changes = ['spec.replicas']\nreplace_triggered_by = ['manifest.m']\n\
         [manifest.m]\npath = 'm'\n[registry.r]\nhost = 'h'\nimage = 'a:b'\n[resource.a]\nkind = 'K'\n",
    );
    let order: Vec<_> = config.blocks.iter().map(|block| block.address.to_string()).collect();
    assert_eq!(order, ["resource.z", "manifest.m", "registry.r", "resource.a"]);
    let block = &config.blocks[0];
    assert_eq!(block.body.to_json(), json!({"kind": "K"}));
    let depends: Vec<_> = block.depends_on.iter().map(|(address, _)| address.to_string()).collect();
    assert_eq!(depends, ["manifest.m", "registry.r/Service/r"]);
    assert!(block.lifecycle.protect);
    assert_eq!(block.lifecycle.ready, Some(ReadyRule::Field("status.ip".parse().unwrap())));
    assert_eq!(block.lifecycle.ignore_changes.len(), 1);
}

#[test]
fn variables_name_projects_and_paths() {
    let text =
        "[variable.env]\n[project]\nname = 'shop-${var.env}'\n[manifest.m]\npath = '${var.env}/x.yaml'\n";
    let (loaded, folder) = load_files(&[("regplan.toml", text)], &[], &["env=prod"]);
    let (config, _) = loaded.outcome.unwrap();
    assert_eq!(config.project, "shop-prod");
    assert_eq!(config.blocks[0].body.to_json()["path"], json!(folder.join("prod/x.yaml")));
}

#[test]
fn the_sources_are_there_whatever_happens() {
    let (loaded, _) = load_files(&[("regplan.toml", "not toml")], &[], &[]);
    assert_eq!(&*loaded.sources.get(SourceId(0)).unwrap().text, "not toml");
    assert!(loaded.outcome.is_err());
}

#[test]
fn the_head_is_read_whatever_the_blocks_lack() {
    let text = "[project]\nname = 'shop'\n[state]\npath = 'kept'\n\
                [cluster]\nserver = 'https://${registry.main.host}:6443'\n[variable.unset]\n\
                [registry.main]\nhost = 'h'\nimage = '${var.unset}'\nwrong = 1\n[nonsense.x]\n";
    assert!(super::load_text(text).outcome.is_err());
    let (config, _) = load_head_of(text).outcome.unwrap();
    assert_eq!(config.project, "shop");
    assert_eq!(config.cluster.server.as_deref(), Some("https://h:6443"));
    let StateSettings::Local { path: Some(path), .. } = config.state else { panic!("{:?}", config.state) };
    assert!(path.ends_with("kept"));
    assert!(config.blocks.is_empty());
    // What the head itself lacks is told.
    let text = "[project]\nname = '${var.unset}'\n[variable.unset]\n";
    let mistakes = load_head_of(text).outcome.unwrap_err();
    assert_eq!(mistakes.iter().map(|mistake| mistake.code).collect::<Vec<_>>(), [codes::UNSET_VARIABLE]);
}
