//! The stack of the tutorial: made from one file, looked at, used, and taken away.

use std::fs;
use std::path::Path;
use std::time::Duration;

use http::StatusCode;

use super::page::Page;
use super::place::{COPY, Place};
use crate::harness::Namespace;

/// The file that the journey is about.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tutorial/regplan.toml");

/// What of the file is another one here: lines, and what stands in their place.
const CHANGED: [(&str, &str); 3] = [
    ("preset = \"traefik\"", "preset = \"traefik\", chart = \"charts/traefik\""),
    ("preset = \"cert-manager\"", "preset = \"cert-manager\", chart = \"charts/cert-manager\""),
    ("server = \"letsencrypt\",", "server = \"DIRECTORY\", ca_bundle = \"acme.pem\","),
];

/// What is done before something else, each by its address.
const ORDER: [(&str, &str); 9] = [
    ("chart.cert-manager/CustomResourceDefinition/clusterissuers.cert-manager.io", ISSUER),
    ("chart.cert-manager/Deployment/cert-manager-webhook", ISSUER),
    ("chart.cert-manager/ValidatingWebhookConfiguration/cert-manager-webhook", ISSUER),
    ("chart.cert-manager/MutatingWebhookConfiguration/cert-manager-webhook", ISSUER),
    (ISSUER, CERTIFICATE),
    ("chart.ingress/Deployment/traefik", "registry.main/Ingress/registry"),
    ("chart.ingress/Service/traefik", RECORD),
    (RECORD, CERTIFICATE),
    (CERTIFICATE, "registry.main/Ingress/registry"),
];
const ISSUER: &str = "issuer.letsencrypt/ClusterIssuer.cert-manager.io/letsencrypt";
const CERTIFICATE: &str = "registry.main/Certificate.cert-manager.io/registry";
const RECORD: &str = "registry.main/RecordSet.dns.regplan.dev/registry.example.com";

const FILE: &str = "\
The file is [`examples/tutorial/regplan.toml`](../examples/tutorial/regplan.toml): an ingress controller, cert-manager, an issuer,
the zone of a name server, a registry with a volume and two users, and the login of the nodes for a team.";

/// The stack, with the example's file as this cluster needs it.
#[track_caller]
pub(super) fn place<'n>(ns: &'n Namespace, page: &mut Page) -> Place<'n> {
    let example = fs::read_to_string(EXAMPLE).unwrap();
    let file = CHANGED.into_iter().fold(example, |text, (from, to)| {
        assert!(text.contains(from), "the example has no `{from}`");
        text.replace(from, to)
    });
    let place = Place::new(ns, "registry.example.com", &file);
    page.say(FILE);
    page.show("toml", &fs::read_to_string(EXAMPLE).unwrap());
    page.say("Here it differs in these lines:");
    page.show("diff", &place.difference(Path::new(EXAMPLE)));
    place
}

/// From nothing to a registry.
pub(super) fn make(place: &Place<'_>, page: &mut Page) {
    page.say(
        "## Plan, and apply what was planned\n\n\
         The plan is kept in a file. Who approves it knows that this is what happens.",
    );
    place.run(page, "regplan plan --out stack.plan", 0);
    page.say(
        "The apply shows the plan once more, and then does it: definitions and controllers first; the issuer as soon as the\n\
         webhook of cert-manager looks at it; the Ingress as soon as the ingress controller runs; the record of its address; and the\n\
         certificate, for which the authority asks by that name.",
    );
    place.run_from_while(page, "regplan apply stack.plan", "  created ", |run| {
        let ended = run.wait().success();
        expect_order(ended.stderr());
        ended
    });
    page.say("Nothing is left to do:");
    place.run(page, "regplan plan", 0).stdout_contains("Nothing to change");
    assert_eq!(place.status(), Some(StatusCode::UNAUTHORIZED));
}

/// What has to be done before something else was created, and so was ready, before that. The page itself forgets the order.
#[track_caller]
fn expect_order(told: &str) {
    let created = |address: &str| {
        let line = format!("  created {address}  ");
        told.lines()
            .position(|told| told.starts_with(&line))
            .unwrap_or_else(|| panic!("no `{line}` in:\n{told}"))
    };
    for (first, second) in ORDER {
        assert!(created(first) < created(second), "{first} is to come before {second}:\n{told}");
    }
}

/// Whether it works, from outside and from inside.
pub(super) fn look(place: &Place<'_>, page: &mut Page) {
    page.say("## Does it work?\n\nFrom outside, as those see it who push and pull:");
    place.run(page, "regplan verify --ca-file root.pem", 0);
    // Nobody hands over a password in clear, not even with a request that claims to have come by HTTPS.
    assert_eq!(place.status_in_clear("/v2/", ""), 301);
    for (target, lines) in
        [("https://registry.example.com/v2/", ""), ("/v2/", "X-Forwarded-Proto: https\r\n")]
    {
        let status = place.status_in_clear(target, lines);
        assert!([301, 404, 418].contains(&status), "{target} {lines}: {status}");
    }
    page.say(
        "And from inside: in each namespace that has the login, a pod pulls through the ingress controller.",
    );
    place.run(page, "regplan verify --ca-file root.pem --in-cluster --only in-cluster", 0);
}

/// An image in, and out again.
pub(super) fn run_a_pod(place: &Place<'_>, page: &mut Page) {
    page.say(
        "## An image, and a pod that runs it\n\n\
         The user `ops` pushes. The pod names no password and no Secret: its ServiceAccount has the login.",
    );
    place.write_image("3600");
    place.run(page, &format!("{COPY} dir:image docker://registry.example.com/team/web:1"), 0);
    let team = "kubectl --namespace team-a";
    place.run(page, &format!("{team} run web --image registry.example.com/team/web:1"), 0);
    place.run(page, &format!("{team} wait pod/web --for condition=Ready --timeout 60s"), 0);
    place.run(page, &format!("{team} delete pod/web --now"), 0);
    page.say(
        "Slow lines push too: meanwhile an upload is under way that takes 65 seconds. Traefik ends it after 60, where nobody says\n\
         otherwise; its preset does.",
    );
}

/// An upload that takes longer than Traefik waits where nobody tells it to: 60 seconds.
/// Source: <https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/>
pub(super) fn upload_slowly(place: &Place<'_>) {
    const PIECES: [&str; 5] = ["an", " ", "upload", " ", "slowly"];
    const PAUSE: Duration = Duration::from_secs(13);
    let ended = place.upload("team/slow", &PIECES, PAUSE);
    assert_eq!(ended, StatusCode::CREATED);
}

/// Everything goes but what holds data.
pub(super) fn end(place: &Place<'_>, page: &mut Page) {
    page.say(
        "## The end\n\n\
         What holds data stays: the claim with the images, the passwords, namespaces, and the definitions, with which all\n\
         certificates would go. The plan says with which word each would go too.",
    );
    let destroyed = place.run_from(page, "regplan destroy --auto-approve", "  = ");
    // What holds data needs nobody who signs certificates.
    for gone in ["issuer.letsencrypt/ClusterIssuer", "chart.cert-manager/Deployment/cert-manager-webhook"] {
        destroyed.stdout_lacks(&format!("= {gone}")).stderr_contains(&format!("deleted {gone}"));
    }
    let at = |what: &str| {
        destroyed.stderr().find(&format!("deleted {what}  ")).unwrap_or_else(|| panic!("{what}"))
    };
    assert!(at(RECORD) < at("chart.ingress/Service/traefik"), "a name leads to nothing that is gone");
    assert_eq!(place.status(), None, "nothing is served any more");
}
