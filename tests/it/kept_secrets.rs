//! Secret values that a revision keeps, encrypted, and a rollback that restores them.

use age::secrecy::ExposeSecret as _;

use crate::harness::{FAILING, IN_CLUSTER, Namespace, ObjectServer, Project};
use crate::rollback::{with_secret, with_value};
use crate::shared_state::readable;

tests! {
    a_secret_that_was_written_since_comes_back,
    a_secret_that_is_gone_comes_back,
    a_store_of_objects_keeps_them_too,
    the_cluster_keeps_them_in_secrets,
    values_of_another_run_are_not_taken,
    what_cannot_be_opened_is_said_before_anything_is_written,
    a_value_that_cannot_be_opened_costs_no_other,
    nothing_but_a_way_back_needs_the_identity,
    a_run_that_changes_a_secret_is_undone,
    a_run_that_leaves_a_secret_out_keeps_it,
    no_value_is_in_clear_in_any_file,
    what_is_no_recipient_is_a_mistake_at_its_place,
}

/// `first-canary`, as the cluster has it.
pub(crate) const FIRST: &str = "Zmlyc3QtY2FuYXJ5";

/// A key pair of age: the public key, and the text of a file with the identity.
pub(crate) struct Keys {
    public: String,
    pub(crate) identity: String,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let identity = age::x25519::Identity::generate();
        let public = identity.to_public().to_string();
        Self {
            identity: format!("# public key: {public}\n{}\n", identity.to_string().expose_secret()),
            public,
        }
    }

    /// The key of `[state]` that encrypts for them.
    pub(crate) fn line(&self) -> String {
        format!(
            "encryption = {{ recipients = [\"{}\"], identity = {{ env = \"STATE_IDENTITY\" }} }}",
            self.public
        )
    }

    /// The table `[state]` of a folder in which they are encrypted.
    pub(crate) fn table(&self) -> String {
        format!("\n[state]\n{}\n", self.line())
    }
}

/// A project whose first revision has the token `first-canary`, and whose second one has another.
pub(crate) fn changed<'n>(ns: &'n Namespace, keys: &Keys) -> Project<'n> {
    let project = ns.project().write("token", "first-canary");
    let project = project.write("regplan.toml", &format!("{}{}", with_secret("good"), keys.table()));
    project.apply();
    project.rewrite("regplan.toml", &format!("{}{}", with_secret("bad"), keys.table()));
    project.rewrite("token", "second-canary");
    project.apply();
    project
}

fn a_secret_that_was_written_since_comes_back() {
    let (ns, keys) = (Namespace::new(), Keys::new());
    let project = changed(&ns, &keys).env("STATE_IDENTITY", &keys.identity);
    let ended = project.run(["rollback", "--auto-approve"]).success();
    ended.stdout_lacks("canary").stdout_lacks(FIRST);
    assert_eq!(ns.field("secret/login", "/data/token"), FIRST);
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    project.run(["drift"]).success();
    // The new revision keeps them as well.
    project.run(["rollback", "2", "--auto-approve"]).success();
    project.run(["rollback", "3", "--auto-approve"]).success();
    assert_eq!(ns.field("secret/login", "/data/token"), FIRST);
}

fn a_secret_that_is_gone_comes_back() {
    let (ns, keys) = (Namespace::new(), Keys::new());
    let project = ns.project().write("token", "first-canary").write("identity", &keys.identity);
    let table = keys.table().replace("env = \"STATE_IDENTITY\"", "file = \"identity\"");
    let project = project.write("regplan.toml", &format!("{}{table}", with_secret("good")));
    project.apply();
    project.rewrite("regplan.toml", &format!("{}{table}", with_value("bad")));
    project.apply();
    assert!(ns.find("secret/login").is_none());
    project.remove("token");
    project.run(["rollback", "--auto-approve"]).success();
    assert_eq!(ns.field("secret/login", "/data/token"), FIRST);
}

fn a_store_of_objects_keeps_them_too() {
    let (ns, keys, server) = (Namespace::new(), Keys::new(), ObjectServer::start());
    let project = ObjectServer::let_in(ns.project().write("token", "first-canary"));
    let project = project.env("STATE_IDENTITY", &keys.identity);
    let table = server.state(&keys.line());
    project.rewrite("regplan.toml", &format!("{}{table}", with_secret("good")));
    project.apply();
    project.rewrite("token", "second-canary");
    project.apply();
    project.run(["rollback", "--auto-approve"]).success();
    assert_eq!(ns.field("secret/login", "/data/token"), FIRST);
    for name in server.names() {
        let text = server.read(&name);
        assert!(!text.contains("canary") && !text.contains(FIRST), "{name}");
    }
    assert!(server.names().contains(&ns.fill("{project}/revisions/000003.values.json")));
}

/// Its Secrets hide them already, so that no key pair is needed.
fn the_cluster_keeps_them_in_secrets() {
    let ns = Namespace::new();
    let project = ns.project().write("token", "first-canary");
    let project = project.write("regplan.toml", &format!("{}{IN_CLUSTER}", with_secret("good")));
    project.run(["state", "init"]).success();
    project.apply();
    project.rewrite("token", "second-canary");
    project.apply();
    let states = ns.fill("{prefix}-states");
    let text = readable(&ns);
    assert!(text.contains("resource.login") && !text.contains("canary") && !text.contains(FIRST), "{text}");
    let kept = ns.cluster().find(&states, &ns.fill("secret/{project}.values-1"));
    assert!(kept.is_some(), "the values of the first revision");
    project.run(["rollback", "--auto-approve"]).success().stdout_lacks("canary");
    assert_eq!(ns.field("secret/login", "/data/token"), FIRST);
    ns.clean_up("namespace/{prefix}-states");
}

/// A run kept its values, and was killed before it saved its revision, which is that of a later run.
fn values_of_another_run_are_not_taken() {
    let (ns, keys) = (Namespace::new(), Keys::new());
    let project = changed(&ns, &keys).env("STATE_IDENTITY", &keys.identity);
    let values = |number: u32| {
        project.state_path().replace("state.json", &format!("revisions/{number:06}.values.json"))
    };
    let other = project.content(&values(2))["run"].clone();
    project.edit_content(&values(1), |content| content["run"] = other);
    let refused = project.run(["rollback", "--auto-approve"]).code(1);
    refused.stdout_contains("which does not have the secret value of data.token");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "bad");
}

fn what_cannot_be_opened_is_said_before_anything_is_written() {
    let (ns, keys) = (Namespace::new(), Keys::new());
    let project = changed(&ns, &keys);
    let refused = project.run(["rollback", "--auto-approve"]).code(1);
    refused
        .stdout_contains("they are encrypted, and no identity is given")
        .stdout_contains("set `STATE_IDENTITY`");
    let project = project.env("STATE_IDENTITY", Keys::new().identity);
    let refused = project.run(["rollback", "--auto-approve"]).code(1);
    refused.stdout_contains("cannot be opened").stdout_contains("one of the recipients");
    let project = project.env("STATE_IDENTITY", "AGE-SECRET-KEY-1CANARY");
    let refused = project.run(["rollback", "--auto-approve"]).code(1);
    refused.stdout_contains("the variable `STATE_IDENTITY` does not hold an identity").stdout_lacks("CANARY");
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "bad");
    // With consent one goes on without them, as ever.
    project.run(["rollback", "--auto-approve", "--consent", "resource.login"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
}

/// A run with a target has carried it on, encrypted for somebody who has left since.
fn a_value_that_cannot_be_opened_costs_no_other() {
    let (ns, before, after) = (Namespace::new(), Keys::new(), Keys::new());
    let other = "\n[resource.other]\napiVersion = \"v1\"\nkind = \"Secret\"\nstringData.token = \"${secret.token}\"\n";
    let text = |keys: &Keys| format!("{}{other}{}", with_secret("good"), keys.table());
    let project = ns.project().write("token", "first-canary").write("regplan.toml", &text(&before));
    let project = project.env("STATE_IDENTITY", &after.identity);
    project.apply();
    project.rewrite("regplan.toml", &text(&after));
    project.rewrite("token", "second-canary");
    project.run(["apply", "--auto-approve", "--target", "resource.other"]).success();
    let second = ns.field("secret/other", "/data/token");
    project.rewrite("token", "third-canary");
    project.apply();
    let refused = project.run(["rollback", "2", "--auto-approve"]).code(1);
    refused.stdout_contains("those of resource.login cannot be opened").stdout_lacks("of resource.other");
    assert_ne!(ns.field("secret/other", "/data/token"), second, "nothing was begun");
    project.run(["rollback", "2", "--auto-approve", "--consent", "resource.login"]).success();
    assert_eq!(ns.field("secret/other", "/data/token"), second);
    assert_ne!(ns.field("secret/login", "/data/token"), FIRST);
    // Whoever still has the old identity as well misses nothing.
    let both = project.env("STATE_IDENTITY", format!("{}{}", before.identity, after.identity));
    both.run(["rollback", "2", "--auto-approve"]).success();
    assert_eq!(ns.field("secret/login", "/data/token"), FIRST);
}

fn nothing_but_a_way_back_needs_the_identity() {
    let (ns, keys) = (Namespace::new(), Keys::new());
    let project = changed(&ns, &keys);
    project.expect_settled();
    project.run(["drift"]).success();
    project.run(["history"]).success();
    project.run(["show", "1"]).success().stdout_contains("token: (sensitive)");
    // Not even that, where the cluster still has the value.
    project.rewrite("regplan.toml", &format!("{}{}", with_secret("worse"), keys.table()));
    project.apply();
    project.run(["rollback", "--auto-approve"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "bad");
}

fn a_run_that_changes_a_secret_is_undone() {
    let (ns, keys) = (Namespace::new(), Keys::new());
    let project = ns.project().write("token", "first-canary");
    let project = project.write("regplan.toml", &format!("{}{}", with_secret("good"), keys.table()));
    project.apply();
    project.rewrite("token", "second-canary");
    project.rewrite("regplan.toml", &format!("{}{FAILING}{}", with_secret("bad"), keys.table()));
    let flags = ["apply", "--auto-approve", "--rollback-on-failure"];
    let refused = project.run(flags).code(1);
    refused.stderr_contains("resource.login: its secret values are kept, and cannot be restored from here");
    refused.stderr_contains("set `STATE_IDENTITY`");
    assert_eq!(ns.field("secret/login", "/data/token"), FIRST, "nothing was begun");
    let project = project.env("STATE_IDENTITY", &keys.identity);
    project.run(flags).code(1).stderr_contains("what this run wrote is undone.");
    assert_eq!(ns.field("secret/login", "/data/token"), FIRST);
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
}

fn a_run_that_leaves_a_secret_out_keeps_it() {
    let (ns, keys) = (Namespace::new(), Keys::new());
    let project = ns.project().write("token", "first-canary");
    let project = project.write("regplan.toml", &format!("{}{}", with_secret("good"), keys.table()));
    project.apply();
    project.edit("regplan.toml", "good", "better");
    project.run(["apply", "--auto-approve", "--target", "resource.greeting"]).success();
    project.rewrite("token", "second-canary");
    project.apply();
    let project = project.env("STATE_IDENTITY", &keys.identity);
    project.run(["rollback", "2", "--auto-approve"]).success();
    assert_eq!(ns.field("secret/login", "/data/token"), FIRST);
}

fn no_value_is_in_clear_in_any_file() {
    let (ns, keys) = (Namespace::new(), Keys::new());
    let project = changed(&ns, &keys).env("STATE_IDENTITY", &keys.identity);
    project.run(["rollback", "--auto-approve"]).success();
    project.remove("token");
    let mut folders = vec![project.folder()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            // In Base64 a value has three forms, by where it begins.
            for form in ["canary", "Y2FuYXJ5", "NhbmFye", "jYW5hcn"] {
                assert!(!text.contains(form), "{form} in {}", path.display());
            }
            seen += usize::from(path.to_string_lossy().ends_with(".values.json"));
        }
    }
    assert_eq!(seen, 3);
}

fn what_is_no_recipient_is_a_mistake_at_its_place() {
    let ns = Namespace::absent();
    let table = "\n[state]\nencryption = { recipients = [\"age1oops\"] }\n";
    let project = ns.project().write("regplan.toml", &format!("{}{table}", with_value("good")));
    let refused = project.run(["validate"]).code(1);
    refused.stderr_contains("this is not a recipient of age").stderr_contains("regplan.toml:");
    project.edit("regplan.toml", "\"age1oops\"", "");
    project.run(["validate"]).code(1).stderr_contains("names no recipient");
    let both = format!(
        "{}\n[state]\nbackend = \"kubernetes\"\nencryption = {{ recipients = [] }}\n",
        with_value("good")
    );
    project.rewrite("regplan.toml", &both);
    project.run(["validate"]).code(1).stderr_contains("`state.encryption` means nothing");
}
