//! `[moved]` and `[removed]` blocks, and changes of the state with `state mv` and `state rm`.

use serde_json::json;

use crate::harness::{GREETING, HEAD, Namespace, Project, wait_until};

tests! {
    a_moved_block_keeps_its_objects,
    a_rollback_goes_back_over_a_move,
    a_moved_block_whose_object_has_another_name_is_replaced,
    moves_are_followed_one_after_the_other,
    a_moved_claim_with_another_name_is_refused,
    what_is_wrong_with_a_move_is_said_at_its_place,
    a_destroy_beside_a_move_that_was_not_applied_leaves_no_address_behind,
    what_a_destroy_keeps_has_its_new_address,
    a_renamed_block_is_destroyed_once,
    a_removed_block_keeps_its_object,
    the_state_is_listed_and_shown,
    what_the_state_forgets_is_known_again_by_its_annotations,
    what_the_state_forgets_is_not_deleted,
    an_address_is_moved_in_the_state,
    the_state_is_not_corrected_while_somebody_writes_it,
}

fn listed(project: &Project<'_>) -> Vec<String> {
    let state = project.run(["state", "list", "--format", "json"]).success().json();
    assert_eq!(state["format_version"], "1");
    let resources = state["resources"].as_array().unwrap();
    resources.iter().map(|resource| resource["address"].as_str().unwrap().to_owned()).collect()
}

fn a_moved_block_keeps_its_objects() {
    let ns = Namespace::new();
    let objects = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n---\n\
                   apiVersion: v1\nkind: ConfigMap\nmetadata: { name: z }\n";
    let manifest = format!("{HEAD}\n[manifest.main]\npath = \"both.yaml\"\n");
    let project = ns.project().write("regplan.toml", &manifest).write("both.yaml", objects);
    project.apply();
    let before = ns.get("configmap/x")["metadata"].clone();
    let moved = "\n[[moved]]\nfrom = \"manifest.main\"\nto = \"manifest.prod\"\n";
    project.rewrite("regplan.toml", &(manifest.replace("[manifest.main]", "[manifest.prod]") + moved));
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("moved from manifest.main/ConfigMap/x")
        .stdout_contains("only our annotations change")
        .stdout_contains("0 to replace, 0 to destroy");
    project.apply();
    let after = ns.get("configmap/x")["metadata"].clone();
    assert_eq!(before["uid"], after["uid"]);
    assert_eq!(after["annotations"]["regplan.dev/address"], "manifest.prod/ConfigMap/x");
    assert_eq!(listed(&project), ["manifest.prod/ConfigMap/x", "manifest.prod/ConfigMap/z"]);
    // The table is not needed any more, and does no harm.
    project.expect_settled();
}

fn a_moved_block_whose_object_has_another_name_is_replaced() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    project.apply();
    let moved = "\n[[moved]]\nfrom = \"resource.greeting\"\nto = \"resource.welcome\"\n";
    project.rewrite("regplan.toml", &(GREETING.replace("[resource.greeting]", "[resource.welcome]") + moved));
    let plan = project.run(["plan"]).success();
    plan.stdout_contains("-/+ resource.welcome")
        .stdout_contains("moved from resource.greeting")
        .stdout_contains("greeting is deleted: it had this address");
    project.apply();
    assert!(ns.find("configmap/greeting").is_none());
    assert_eq!(ns.field("configmap/welcome", "/data/hello"), "world");
    assert_eq!(listed(&project), ["resource.welcome"]);
    project.expect_settled();
}

/// The object stays, and has the address again that it had then.
fn a_rollback_goes_back_over_a_move() {
    let ns = Namespace::new();
    let named = GREETING.replace("kind = \"ConfigMap\"", "kind = \"ConfigMap\"\nmetadata.name = \"kept\"");
    let project = ns.project().write("regplan.toml", &named);
    project.apply();
    let uid = ns.field("configmap/kept", "/metadata/uid");
    let renamed = named.replace("[resource.greeting]", "[resource.welcome]").replace("world", "moon");
    project.rewrite("regplan.toml", &format!("{renamed}{KEPT}"));
    project.apply();
    let back = project.run(["rollback", "1", "--auto-approve"]).success();
    back.stdout_contains("moved from resource.welcome").stdout_contains("0 to replace, 0 to destroy");
    assert_eq!(ns.field("configmap/kept", "/metadata/uid"), uid);
    assert_eq!(ns.field("configmap/kept", "/data/hello"), "world");
    assert_eq!(listed(&project), ["resource.greeting"]);
    // The configuration still has its table, by which the next apply goes the same way again.
    project.apply().stdout_contains("moved from resource.greeting");
    assert_eq!(ns.field("configmap/kept", "/metadata/uid"), uid);
    project.expect_settled();
}

fn moves_are_followed_one_after_the_other() {
    let ns = Namespace::new();
    let named = GREETING.replace("kind = \"ConfigMap\"", "kind = \"ConfigMap\"\nmetadata.name = \"kept\"");
    let project = ns.project().write("regplan.toml", &named);
    project.apply();
    let uid = ns.field("configmap/kept", "/metadata/uid");
    let moved = "\n[[moved]]\nfrom = \"resource.greeting\"\nto = \"resource.hello\"\n\
                 \n[[moved]]\nfrom = \"resource.hello\"\nto = \"resource.welcome\"\n";
    project.rewrite("regplan.toml", &(named.replace("[resource.greeting]", "[resource.welcome]") + moved));
    // The old address can be a target: it means the new one.
    project.run(["apply", "--auto-approve", "--target", "resource.greeting"]).success();
    assert_eq!(ns.field("configmap/kept", "/metadata/uid"), uid);
    assert_eq!(listed(&project), ["resource.welcome"]);
    project.expect_settled();
}

fn a_moved_claim_with_another_name_is_refused() {
    let ns = Namespace::new();
    let claim = format!(
        "{HEAD}\n[resource.old]\napiVersion = \"v1\"\nkind = \"PersistentVolumeClaim\"\n\
         spec = {{ accessModes = [\"ReadWriteOnce\"], resources.requests.storage = \"1Gi\" }}\n"
    );
    let project = ns.project().write("regplan.toml", &claim);
    project.apply();
    let moved = "\n[[moved]]\nfrom = \"resource.old\"\nto = \"resource.new\"\n";
    project.rewrite("regplan.toml", &(claim.replace("[resource.old]", "[resource.new]") + moved));
    let refused = project.run(["apply", "--auto-approve"]).code(1);
    refused.stdout_contains("is protected, and would be deleted").stdout_contains("put its name back");
    assert!(ns.find("persistentvolumeclaim/old").is_some());
    assert!(ns.find("persistentvolumeclaim/new").is_none());
    project.edit("regplan.toml", "[resource.new]\n", "[resource.new]\nmetadata.name = \"old\"\n");
    project.apply().stdout_contains("moved from resource.old");
    project.expect_settled();
}

fn what_is_wrong_with_a_move_is_said_at_its_place() {
    let ns = Namespace::new();
    let tables = "\n[[moved]]\nfrom = \"resource.old\"\nto = \"resource.greting\"\n\
                  \n[[removed]]\naddress = \"resource.greeting\"\ndestroy = false\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{tables}"));
    let validate = project.run(["validate"]).code(1);
    validate
        .stderr_contains("`resource.old` moves to `resource.greting`, which is not in the configuration")
        .stderr_contains("did you mean `resource.greeting`?")
        .stderr_contains("`resource.greeting` stands in `[[removed]]`, and is still in the configuration")
        .stderr_contains("2 mistakes");
}

const KEPT: &str = "\n[[moved]]\nfrom = \"resource.greeting\"\nto = \"resource.welcome\"\n";

/// The block of `GREETING` under the name `kept`, applied, and then renamed.
fn renamed<'n>(ns: &'n Namespace, moved: &str) -> Project<'n> {
    let named = GREETING.replace("kind = \"ConfigMap\"", "kind = \"ConfigMap\"\nmetadata.name = \"kept\"");
    let project = ns.project().write("regplan.toml", &named);
    project.apply();
    project.rewrite("regplan.toml", &(named.replace("[resource.greeting]", "[resource.welcome]") + moved));
    project
}

fn a_destroy_beside_a_move_that_was_not_applied_leaves_no_address_behind() {
    let ns = Namespace::new();
    let project = renamed(&ns, KEPT);
    // Killed while it deletes: the next run counts one object, not two.
    let proxy = ns.proxy();
    proxy.on("delete", "configmaps").hang();
    let destroy =
        project.regplan(["destroy", "--auto-approve"]).env("KUBECONFIG", proxy.kubeconfig()).spawn();
    wait_until("the delete", || proxy.count("delete", "configmaps") > 0);
    destroy.kill();
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("1 to destroy");
    assert_eq!((listed(&project), ns.find("configmap/kept")), (vec![], None));
    project.run(["plan"]).success().stdout_contains("Plan: 1 to add");
    project.apply();
    assert_eq!(listed(&project), ["resource.welcome"]);
    // The object is gone already.
    let ns = Namespace::new();
    let project = renamed(&ns, KEPT);
    ns.delete("configmap/kept");
    project.run(["destroy", "--auto-approve"]).success();
    assert_eq!(listed(&project), Vec::<String>::new());
}

/// A destroy deletes what it may, and the state follows the move of what stays, and what stands on it.
fn what_a_destroy_keeps_has_its_new_address() {
    let ns = Namespace::new();
    let blocks = |name: &str| {
        format!(
            "{HEAD}[resource.{name}]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\nmetadata.name = \"kept\"\n\
             lifecycle.protect = true\n\
             [resource.above]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\ndepends_on = [\"resource.{name}\"]\n\
             lifecycle.protect = true\n[resource.gone]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n"
        )
    };
    let project = ns.project().write("regplan.toml", &blocks("greeting"));
    project.apply();
    project.rewrite("regplan.toml", &(blocks("welcome") + KEPT));
    let destroy = project.run(["destroy", "--auto-approve"]).success();
    destroy.stdout_contains("moved from resource.greeting").stdout_contains("1 to destroy");
    assert_eq!(listed(&project), ["resource.above", "resource.welcome"]);
    let history = project.run(["history", "--format", "json"]).success().json();
    let last = history["revisions"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["summary"]["moved"], &last["summary"]["deleted"]),
        (&json!(1), &json!(1)),
        "{history:#}"
    );
    let dependencies = project.state()["resources"]["resource.above"]["dependencies"].to_string();
    assert!(
        dependencies.contains("resource.welcome") && !dependencies.contains("greeting"),
        "{dependencies}"
    );
    // The mark and the record stay, so it is kept again and compared with what was applied.
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("resource.welcome  keep");
    let plan = project.run(["plan", "--format", "json"]).success().json();
    let changes = plan["changes"].as_array().unwrap().iter();
    let addresses: Vec<&str> = changes.map(|change| change["address"].as_str().unwrap()).collect();
    let resources = addresses.iter().filter(|address| address.starts_with("resource."));
    assert_eq!((resources.count(), &plan["errors"]), (3, &json!([])), "{addresses:?}");
    // The table is not needed any more, and it may be that a destroy has nothing to delete.
    project.rewrite("regplan.toml", &blocks("welcome"));
    project.apply();
    project.expect_settled();
    let again = "\n[[moved]]\nfrom = \"resource.welcome\"\nto = \"resource.third\"\n";
    project.rewrite("regplan.toml", &(blocks("third") + again));
    project.run(["apply", "--auto-approve", "--target", "resource.gone"]).success();
    project.run(["destroy", "--auto-approve"]).success();
    project.run(["destroy", "--auto-approve"]).success();
    assert_eq!(listed(&project), ["resource.above", "resource.third"]);
}

fn a_renamed_block_is_destroyed_once() {
    let ns = Namespace::new();
    let project = renamed(&ns, "");
    project.run(["destroy", "--auto-approve"]).success().stdout_contains(" 1 to destroy");
    assert_eq!((listed(&project), ns.find("configmap/kept")), (vec![], None));
}

fn a_removed_block_keeps_its_object() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    project.apply();
    let version = ns.field("configmap/greeting", "/metadata/resourceVersion");
    let removed = "\n[[removed]]\naddress = \"resource.greeting\"\ndestroy = false\n";
    project.rewrite("regplan.toml", &format!("{HEAD}{removed}"));
    let plan = project.run(["plan", "--detailed-exitcode"]).code(2);
    plan.stdout_contains(", 1 to forget")
        .stdout_contains("resource.greeting  forget")
        .stdout_contains("[[removed]] in regplan.toml:");
    project.apply();
    assert_eq!(ns.field("configmap/greeting", "/metadata/resourceVersion"), version);
    assert_eq!(listed(&project), Vec::<String>::new());
    project.expect_settled();
    project.run(["destroy", "--auto-approve"]).success().stdout_contains("Nothing to destroy");
    assert!(ns.find("configmap/greeting").is_some());
    // Its annotations still say whose it was: another project is refused until they are gone.
    let other = ns.project().write("regplan.toml", &GREETING.replace("{project}", "{project}-b"));
    let refused = other.run(["plan", "--adopt", "resource.greeting"]).code(1);
    refused.stdout_contains("it belongs to the project").stdout_contains("regplan.dev/project-");
    ns.kubectl(["annotate", "configmap/greeting", "regplan.dev/project-", "regplan.dev/lineage-"])
        .run()
        .success();
    other.run(["apply", "--auto-approve", "--adopt", "resource.greeting"]).success();
    other.expect_settled();
}

fn the_state_is_listed_and_shown() {
    let ns = Namespace::new();
    let secret = "\n[secret.password]\nenv = \"PASSWORD\"\n\n[resource.login]\napiVersion = \"v1\"\n\
                  kind = \"Secret\"\nstringData.password = \"${secret.password}\"\n\
                  depends_on = [\"resource.greeting\"]\n";
    let project =
        ns.project().write("regplan.toml", &format!("{GREETING}{secret}")).env("PASSWORD", "hunter22");
    project.run(["state", "list"]).success().stdout_lacks("resource");
    project.apply();
    let list = project.run(["state", "list"]).success();
    list.stdout_contains("resource.greeting").stdout_contains("/greeting");
    let show = project.run(["state", "show", "resource.login"]).success();
    show.stdout_contains("stands on    resource.greeting").stdout_contains("key          password");
    let uid = ns.field("secret/login", "/metadata/uid");
    show.stdout_contains(uid.as_str().unwrap()).stdout_lacks("hunter22").stdout_lacks("aHVudGVyMjI");
    let show = project.run(["state", "show", "resource.greeting", "--format", "json"]).success().json();
    assert_eq!(
        (&show["format_version"], &show["resources"][0]["address"]),
        (&json!("1"), &json!("resource.greeting"))
    );
    assert_eq!(show["resources"][0]["resource"]["provenance"], "created");
    let unknown = project.run(["state", "show", "resource.greting"]).code(1);
    unknown.stderr_contains("the state knows no `resource.greting`").stderr_contains("`resource.greeting`");
}

fn what_the_state_forgets_is_known_again_by_its_annotations() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    project.apply();
    let version = ns.field("configmap/greeting", "/metadata/resourceVersion");
    project
        .regplan(["state", "rm", "resource.greeting"])
        .stdin("no\n")
        .run()
        .code(1)
        .stderr_contains("Not approved");
    project.regplan(["state", "rm", "resource.greeting"]).stdin("yes\n").run().success();
    assert_eq!(listed(&project), Vec::<String>::new());
    // The object is desired and annotated with this lineage, so there is nothing to change.
    project.expect_settled();
    project.apply();
    assert_eq!(listed(&project), ["resource.greeting"]);
    assert_eq!(ns.field("configmap/greeting", "/metadata/resourceVersion"), version);
}

fn what_the_state_forgets_is_not_deleted() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    project.apply();
    project.rewrite("regplan.toml", HEAD);
    project.run(["state", "rm", "resource.greeting", "resource.other", "--auto-approve"]).code(1);
    project
        .run(["state", "rm", "resource.greeting", "--auto-approve"])
        .success()
        .stderr_contains("Forgot 1 resource");
    project.expect_settled();
    assert!(ns.find("configmap/greeting").is_some());
}

fn an_address_is_moved_in_the_state() {
    let ns = Namespace::new();
    let named = GREETING.replace("kind = \"ConfigMap\"", "kind = \"ConfigMap\"\nmetadata.name = \"kept\"");
    let other = "\n[resource.other]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\
                 depends_on = [\"resource.greeting\"]\n";
    let project = ns.project().write("regplan.toml", &format!("{named}{other}"));
    project.apply();
    let uid = ns.field("configmap/kept", "/metadata/uid");
    project.run(["state", "mv", "resource.greeting", "resource.other"]).code(1).stderr_contains("already");
    project.run(["state", "mv", "resource.greting", "resource.x"]).code(1).stderr_contains("did you mean");
    let mv = project.run(["state", "mv", "resource.greeting", "resource.welcome"]).success();
    mv.stderr_contains("resource.greeting is resource.welcome now")
        .stderr_contains("no block `resource.welcome` yet")
        .stderr_contains("the next plan moves it back to `resource.greeting`");
    project.run(["plan"]).success().stdout_contains("moved from resource.welcome");
    let state = project.run(["state", "show", "resource.other", "--format", "json"]).success().json();
    let dependencies = state["resources"][0]["resource"]["dependencies"].as_array().unwrap().clone();
    assert!(dependencies.contains(&json!("resource.welcome")), "{dependencies:?}");
    assert!(!dependencies.contains(&json!("resource.greeting")), "{dependencies:?}");
    project
        .rewrite("regplan.toml", &format!("{named}{other}").replace("resource.greeting", "resource.welcome"));
    project.apply().stdout_contains("0 to replace, 0 to destroy");
    assert_eq!(ns.field("configmap/kept", "/metadata/uid"), uid);
    project.expect_settled();
}

fn the_state_is_not_corrected_while_somebody_writes_it() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", GREETING);
    project.apply();
    project.edit("regplan.toml", "world", "moon");
    let mut apply = project.regplan(["apply"]).open_stdin().spawn();
    apply.until("Only `yes` is accepted");
    for command in [
        ["state", "rm", "resource.greeting", "--auto-approve"],
        ["state", "mv", "resource.greeting", "resource.x"],
    ] {
        project.run(command).code(1).stderr_contains("the state is locked by");
    }
    project.run(["state", "list"]).success().stdout_contains("resource.greeting");
    apply.say("yes");
    apply.wait().success();
}
