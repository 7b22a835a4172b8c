//! Which controller serves the Ingress of a registry, by what the cluster tells of its classes.

use super::*;
use crate::kubernetes::ingress_classes::{CLASS_ANNOTATION, IngressClass};
use crate::resource::{FieldPath, Identity, Live, ManagedEntry, Operation, Ownership, Stamp, Target};

/// A registry with an Ingress.
fn registry(ingress: &str) -> String {
    format!(
        "[registry.main]\nhost = 'registry.example.com'\nimage = 'registry:3.1.1'\nnamespace = 'reg'\n\
         auth.anonymous = true\nstorage.volume.size = '1Gi'\ntls.secret = 'x'\n{ingress}\n"
    )
}

/// The classes of a cluster, each as its name and its controller; the last one is the default one.
fn classes(all: &[(&str, &str)]) -> Fact {
    let class = |(at, (name, controller)): (usize, &(&str, &str))| {
        let is_default = (at + 1 == all.len()).to_string();
        let annotations = json!({"ingressclass.kubernetes.io/is-default-class": is_default});
        IngressClass::of(&json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
            "metadata": {"name": name, "annotations": annotations, "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"controller": controller},
        }))
        .unwrap()
    };
    Fact::IngressClasses(Some(all.iter().enumerate().map(class).collect()))
}

/// The annotations of the Ingress, and the warnings.
fn served(text: &str, more: impl IntoIterator<Item = (Need, Fact)>) -> (Vec<String>, String) {
    let config = config(text);
    let mut facts = facts_with(&config, "", &SecretText::Known("TEXT".into()));
    for (need, fact) in more {
        facts.insert(need, fact);
    }
    let compiled = flawless(Blocks::read(&config).compile(&facts)).unwrap_or_else(|found| panic!("{found}"));
    let ingress = object(&compiled.resources, "registry.main/Ingress/registry");
    let annotations = ingress.object["metadata"].get("annotations").and_then(Value::as_object);
    let groups = annotations.into_iter().flat_map(|all| all.keys()).map(|key| key.split('/').next().unwrap());
    let mut groups: Vec<String> = groups.map(str::to_owned).collect();
    groups.dedup();
    let warnings = compiled.mistakes.iter().map(|mistake| mistake.message.clone());
    (groups, warnings.collect::<Vec<_>>().join("\n"))
}

fn with_classes(ingress: &str, all: &[(&str, &str)]) -> (Vec<String>, String) {
    served(&registry(ingress), [(Need::IngressClasses, classes(all))])
}

const CONTOUR: &str = "projectcontour.io/ingress-controller";
const F5: &str = "nginx.org/ingress-controller";
const CONTOUR_GROUPS: [&str; 2] = ["ingress.kubernetes.io", "projectcontour.io"];

#[test]
fn the_class_tells_the_controller() {
    let (groups, warnings) = with_classes("ingress.class = 'edge'", &[("edge", CONTOUR)]);
    assert_eq!((groups, warnings.as_str()), (CONTOUR_GROUPS.map(str::to_owned).to_vec(), ""));
    // The name of a class says less than the class itself.
    let (groups, warnings) = with_classes("ingress.class = 'nginx'", &[("nginx", F5), ("edge", CONTOUR)]);
    assert_eq!(groups, ["nginx.ingress.kubernetes.io", "nginx.org"]);
    assert_eq!(warnings, "", "F5's controller is maintained");
    // An old way to name it.
    let annotated = "ingress.annotations = { 'kubernetes.io/ingress.class' = 'edge' }";
    let (groups, _) = with_classes(annotated, &[("edge", CONTOUR), ("nginx", F5)]);
    assert!(groups.contains(&"projectcontour.io".to_owned()), "{groups:?}");
}

#[test]
fn without_a_class_the_default_one_tells_the_controller() {
    let (groups, warnings) = with_classes("ingress = {}", &[("nginx", F5), ("edge", CONTOUR)]);
    assert_eq!((groups, warnings.as_str()), (CONTOUR_GROUPS.map(str::to_owned).to_vec(), ""));
    let (groups, warnings) = with_classes("ingress = {}", &[("k3s", "traefik.io/ingress-controller")]);
    assert_eq!(groups, ["traefik.ingress.kubernetes.io"]);
    assert_eq!(
        warnings,
        "Traefik ends a push after 60 seconds, unless its entry point says otherwise: no annotation changes that"
    );
}

/// The server names the default class once, when the Ingress is made.
#[test]
fn an_ingress_keeps_the_class_that_it_was_given() {
    assert_eq!(served_there("ingress = {}", Ownership::default()), CONTOUR_GROUPS);
}

/// Where the classes cannot be read, its name says as much as one in the file.
#[test]
fn the_class_that_an_ingress_was_given_is_known_by_its_name() {
    let unread = || Fact::Unknown("the ingress classes cannot be listed: a passing fault".into());
    let (groups, warning) = with_given("ingress = {}", "contour", Ownership::default(), unread());
    assert_eq!(groups, CONTOUR_GROUPS);
    insta::assert_snapshot!(warning, @"the ingress classes cannot be listed: a passing fault, so nobody knows here which controller serves the class `contour`. By the name of the class it is taken for Contour, and told the limits of that controller");
    let (groups, warning) = with_given("ingress = {}", "edge", Ownership::default(), unread());
    assert_eq!(groups, [""; 0]);
    assert!(warning.contains("serves the class `edge`. So it is told no limits"), "{warning}");
    // What the block names counts.
    let (groups, _) = with_given("ingress.class = 'haproxy'", "contour", Ownership::default(), unread());
    assert_eq!(groups, ["haproxy.org"]);
}

/// A class in the annotation that was the way before counts like one in the field, whoever has written it.
#[test]
fn a_class_in_an_annotation_is_known_by_its_name() {
    let unread = || Fact::Unknown("the ingress classes cannot be listed: a passing fault".into());
    let annotated = |class: &str| format!("ingress.annotations = {{ '{CLASS_ANNOTATION}' = '{class}' }}");
    let by_name = "nobody knows here which controller serves the class `contour`. By the name of the class it is taken for Contour";
    let (groups, warning) = served(&registry(&annotated("contour")), [(Need::IngressClasses, unread())]);
    assert_eq!(groups, ["ingress.kubernetes.io", "kubernetes.io", "projectcontour.io"]);
    assert!(warning.contains(by_name), "{warning}");
    let (groups, warning) = served(&registry(&annotated("edge")), [(Need::IngressClasses, unread())]);
    assert_eq!(groups, ["kubernetes.io"]);
    assert!(warning.contains("serves the class `edge`. So it is told no limits"), "{warning}");
    // Such a class needs no object to be served.
    let none = |ingress: &str| served(&registry(ingress), [(Need::IngressClasses, classes(&[]))]);
    assert_eq!(none(&annotated("contour")).1, "");
    // Others have written it to the Ingress that is there.
    let theirs = |read: Fact| {
        let object = json!({"metadata": {"annotations": {CLASS_ANNOTATION: "contour"}}});
        with_live("ingress = {}", object, Ownership::default(), read)
    };
    let (groups, warning) = theirs(unread());
    assert_eq!(groups, CONTOUR_GROUPS);
    assert!(warning.contains(by_name), "{warning}");
    let (groups, warning) = theirs(classes(&[("nginx", F5)]));
    assert_eq!(groups, CONTOUR_GROUPS);
    insta::assert_snapshot!(warning, @"there is no class `contour`, so nobody knows whether a controller serves the Ingress. By the name of the class it is taken for Contour, and told the limits of that controller");
}

/// It is not there any more when the plan is done.
#[test]
fn a_class_that_left_the_file_does_not_count() {
    let ours = |place: &[&str]| {
        let entry = ManagedEntry {
            manager: "regplan:shop".to_owned(),
            operation: Operation::Apply,
            subresource: None,
            time: None,
            api_version: "networking.k8s.io/v1".to_owned(),
            fields: [FieldPath::keys(place.iter().copied())].into_iter().collect(),
        };
        Ownership { entries: vec![entry] }
    };
    let default = ["nginx.ingress.kubernetes.io", "nginx.org"];
    assert_eq!(served_there("ingress = {}", ours(&["spec", "ingressClassName"])), default);
    let object = json!({"metadata": {"annotations": {CLASS_ANNOTATION: "edge"}}});
    let ours = ours(&["metadata", "annotations", CLASS_ANNOTATION]);
    let read = classes(&[("edge", CONTOUR), ("nginx", F5)]);
    assert_eq!(with_live("ingress = {}", object, ours, read).0, default);
}

/// The annotations of an Ingress that is there with the class `edge`, of Contour; the default one is F5's.
fn served_there(ingress: &str, ownership: Ownership) -> Vec<String> {
    with_given(ingress, "edge", ownership, classes(&[("edge", CONTOUR), ("nginx", F5)])).0
}

/// What an Ingress gets that is there with a class.
fn with_given(ingress: &str, class: &str, ownership: Ownership, read: Fact) -> (Vec<String>, String) {
    with_live(ingress, json!({"spec": {"ingressClassName": class}}), ownership, read)
}

/// What an Ingress gets that is there like this.
fn with_live(ingress: &str, object: Value, ownership: Ownership, read: Fact) -> (Vec<String>, String) {
    let identity = Identity::namespaced("networking.k8s.io", "Ingress", "reg", "registry");
    let stamp = Stamp { uid: "u".into(), version: "1".into() };
    let live = Live { object, stamp, ownership };
    let own = Need::Live(Target { identity, version: Some("v1".to_owned()) });
    let facts = [(Need::IngressClasses, read), (own, Fact::Live(LiveObject::There(live.into())))];
    served(&registry(ingress), facts)
}

#[test]
fn a_class_of_the_same_configuration_tells_the_controller() {
    let class = format!(
        "[resource.edge]\napiVersion = 'networking.k8s.io/v1'\nkind = 'IngressClass'\n\
         spec.controller = '{CONTOUR}'\n\
         metadata.annotations = {{ 'ingressclass.kubernetes.io/is-default-class' = 'true' }}\n"
    );
    for ingress in ["ingress.class = 'edge'", "ingress = {}"] {
        for read in [classes(&[]), classes(&[("edge", F5)]), Fact::IngressClasses(None)] {
            let text = registry(ingress) + &class;
            let (groups, warnings) = served(&text, [(Need::IngressClasses, read)]);
            assert_eq!(
                (groups, warnings.as_str()),
                (CONTOUR_GROUPS.map(str::to_owned).to_vec(), ""),
                "{ingress}"
            );
        }
    }
}

#[test]
fn what_is_not_known_of_a_class_is_said_and_changes_nothing() {
    let warned = |ingress: &str, fact: Fact| served(&registry(ingress), [(Need::IngressClasses, fact)]);
    let other = || classes(&[("edge", "example.com/x")]);
    insta::assert_snapshot!(warned("ingress.class = 'edge'", other()).1, @"the class `edge` is served by `example.com/x`, of which nothing is known here, so it is told no limits");
    insta::assert_snapshot!(warned("ingress.class = 'edge'", classes(&[])).1, @"there is no class `edge`, and by its name no controller is known, so it is told no limits");
    insta::assert_snapshot!(warned("ingress = {}", other()).1, @"the Ingress has the class `edge`, which is served by `example.com/x`, of which nothing is known here. It is told the limits of ingress-nginx: another one may end a long push, and serve plain HTTP beside HTTPS");
    insta::assert_snapshot!(warned("ingress = {}", classes(&[])).1, @"the cluster has no default class, so nobody knows whether a controller serves the Ingress. It is told the limits of ingress-nginx: another one may end a long push, and serve plain HTTP beside HTTPS");
    let annotated = "ingress.annotations = { 'kubernetes.io/ingress.class' = 'gone' }";
    let warning = warned(annotated, classes(&[("edge", CONTOUR)])).1;
    assert!(
        warning.starts_with("there is no class `gone`, and by its name no controller is known"),
        "{warning}"
    );
    let named = classes(&[("contour", "example.com/x")]);
    let (groups, warning) = warned("ingress.class = 'contour'", named);
    assert_eq!(groups, CONTOUR_GROUPS, "as before it was read");
    insta::assert_snapshot!(warning, @"the class `contour` is served by `example.com/x`, of which nothing is known here. By its name it is taken for that of Contour, and told the limits of that controller");
    // Without a cluster nothing is known, and the names of classes are enough.
    let unasked = || Fact::IngressClasses(None);
    let by_name = (CONTOUR_GROUPS.map(str::to_owned).to_vec(), String::new());
    assert_eq!(warned("ingress.class = 'contour'", unasked()), by_name);
    let (groups, warning) = warned("ingress = {}", unasked());
    assert_eq!(groups, ["nginx.ingress.kubernetes.io"]);
    assert!(warning.starts_with("the cluster's default class is used"), "{warning}");
}

#[test]
fn why_the_classes_could_not_be_read_is_said_with_what_is_assumed() {
    let warned = |ingress: &str| {
        let unread = Fact::Unknown("the ingress classes cannot be listed: a passing fault".into());
        served(&registry(ingress), [(Need::IngressClasses, unread)])
    };
    let (groups, warning) = warned("ingress.class = 'contour'");
    assert_eq!(groups, CONTOUR_GROUPS);
    insta::assert_snapshot!(warning, @"the ingress classes cannot be listed: a passing fault, so nobody knows here which controller serves the class `contour`. By the name of the class it is taken for Contour, and told the limits of that controller");
    let (groups, warning) = warned("ingress.class = 'edge'");
    assert_eq!(groups, [""; 0]);
    insta::assert_snapshot!(warning, @"the ingress classes cannot be listed: a passing fault, so nobody knows here which controller serves the class `edge`. So it is told no limits, and it may serve plain HTTP beside HTTPS");
    let plain = registry("ingress.class = 'edge'").replace("tls.secret = 'x'\n", "");
    let unread = Fact::Unknown("the ingress classes cannot be listed: a passing fault".into());
    let warning = served(&plain, [(Need::IngressClasses, unread)]).1;
    assert!(warning.ends_with("So it is told no limits"), "{warning}");
    let (groups, warning) = warned("ingress = {}");
    assert_eq!(groups, ["nginx.ingress.kubernetes.io"]);
    insta::assert_snapshot!(warning, @"the ingress classes cannot be listed: a passing fault, so nobody knows here which controller serves the Ingress. It is told the limits of ingress-nginx: another one may end a long push, and serve plain HTTP beside HTTPS");
    // Where the block names the controller, nothing is assumed.
    let (groups, warning) = warned("ingress = { class = 'edge', controller = 'contour' }");
    assert_eq!((groups, warning.as_str()), (CONTOUR_GROUPS.map(str::to_owned).to_vec(), ""));
}

/// Where all is deleted, or the plan is about something else, nobody has asked. So nothing is said that rests on a guess.
#[test]
fn nothing_is_said_of_an_ingress_of_which_nobody_wants_to_know() {
    let zone = "dns = 'dns.zone'\n[dns.zone]\nzone = 'example.com'\nexternal_dns = {}\n";
    for ingress in ["ingress = { class = 'contour', body_size = '1m' }", "ingress = {}"] {
        let text = registry(&format!("{ingress}\n{zone}"));
        let warned = |fact: Fact| served(&text, [(Need::IngressClasses, fact)]).1;
        assert_eq!(warned(Fact::NotWanted), "", "{ingress}");
        let unasked = warned(Fact::IngressClasses(None));
        assert!(unasked.contains("external-dns is told a type"), "{unasked}");
        assert!(unasked.lines().count() > 1, "{unasked}");
    }
}

#[test]
fn a_controller_that_the_class_contradicts_is_a_warning() {
    let (groups, warning) =
        with_classes("ingress = { class = 'edge', controller = 'haproxy' }", &[("edge", CONTOUR)]);
    assert_eq!(groups, ["haproxy.org"], "what is named counts");
    insta::assert_snapshot!(warning, @"the class `edge` is served by Contour (`projectcontour.io/ingress-controller`), and `ingress.controller` names HAProxy Kubernetes Ingress Controller: the Ingress gets annotations that nobody reads");
    for silent in ["contour", "other"] {
        let ingress = format!("ingress = {{ class = 'edge', controller = '{silent}' }}");
        assert_eq!(with_classes(&ingress, &[("edge", CONTOUR)]).1, "");
    }
    // Nothing is asked where the limits come from elsewhere.
    let config = config(&registry("ingress.controller = 'other'"));
    let needs = Blocks::read(&config).needs(&Facts::default());
    assert!(!needs.contains(&Need::IngressClasses), "{needs:?}");
}

/// Traefik has no annotation that sends plain HTTP on; a `Middleware` does, where that kind is served or defined here.
#[test]
fn traefik_sends_plain_http_on_by_objects_of_their_own() {
    const REDIRECT: &str = "registry.main/IngressRoute.traefik.io/registry-redirect";
    const MIDDLEWARE: &str = "registry.main/Middleware.traefik.io/registry-redirect";
    let compiled_with = |text: &str, capabilities: Fact| {
        let config = config(text);
        let mut facts = facts_with(&config, "", &SecretText::Known("TEXT".into()));
        facts.insert(Need::Capabilities, capabilities);
        flawless(Blocks::read(&config).compile(&facts)).unwrap_or_else(|found| panic!("{found}")).resources
    };
    let compiled = |text: &str, apis: &[&str]| {
        let apis = apis.iter().map(|api| (*api).to_owned()).collect();
        let capabilities = Capabilities { version: "v1.36.3".into(), apis };
        compiled_with(text, Fact::Capabilities(Some(capabilities.into())))
    };
    let has = |resources: &[Desired], address: &str| {
        resources.iter().any(|desired| desired.address.to_string() == address)
    };
    let text = registry("ingress.class = 'traefik'");
    let served = ["traefik.io/v1alpha1/Middleware", "traefik.io/v1alpha1/IngressRoute"];
    let resources = compiled(&text, &served);
    assert_eq!(
        object(&resources, MIDDLEWARE).object["spec"],
        json!({"redirectScheme": {"scheme": "https", "permanent": true}})
    );
    // Also a request that is let through by the middleware comes to nobody.
    let redirect = object(&resources, REDIRECT);
    let route = json!({
        "kind": "Rule",
        "match": "Host(`registry.example.com`)",
        "middlewares": [{"name": "registry-redirect"}],
        "services": [{"kind": "TraefikService", "name": "noop@internal"}],
    });
    assert_eq!(redirect.object["spec"], json!({"entryPoints": ["web"], "routes": [route]}));
    for awaited in [MIDDLEWARE, "registry.main/Deployment/registry"] {
        assert!(redirect.depends_on.iter().any(|(address, _)| address.to_string() == awaited), "{awaited}");
    }

    let own = "ingress = { class = 'traefik', annotations = { 'traefik.ingress.kubernetes.io/router.entrypoints' = 'secure' } }";
    let cases = [
        (text.clone(), &[][..]),
        (text.clone(), &served[..1]),
        (text.replace("tls.secret = 'x'", ""), &served[..]),
        (registry(own), &served[..]),
        (registry("ingress.class = 'contour'"), &served[..]),
    ];
    for (text, apis) in cases {
        let resources = compiled(&text, apis);
        assert!(!has(&resources, REDIRECT) && !has(&resources, MIDDLEWARE), "{text}");
    }
    let define = |plural: &str, kind: &str| {
        format!(
            "[resource.{plural}]
apiVersion = 'apiextensions.k8s.io/v1'
kind = 'CustomResourceDefinition'
\
             metadata.name = '{plural}.traefik.io'
spec = {{ group = 'traefik.io', names = {{ kind = '{kind}', plural = \
             '{plural}' }}, versions = [{{ name = 'v1alpha1', served = true }}] }}
"
        )
    };
    let defined = define("middlewares", "Middleware") + &define("ingressroutes", "IngressRoute");
    assert!(has(&compiled(&format!("{text}{defined}"), &[]), REDIRECT));
    // A question that fails once deletes nothing.
    assert!(has(&compiled_with(&text, Fact::Unknown("it does not answer".into())), REDIRECT));
}
