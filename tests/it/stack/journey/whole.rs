//! The whole journey, which writes `docs/journey.md`.

use super::archive::Archive;
use super::page::Page;
use super::{rotation, stack};
use crate::bed::Size;
use crate::harness::Namespace;

tests! { on Size::Journey;
    one_file_leads_from_an_empty_cluster_to_a_pod_that_runs,
}

const BEGINNING: &str = "\
This page is written by a test. What follows each `$` is what the programs really wrote, in a cluster of real ones: an API
server, a kubelet with containerd, bind9 as name server, pebble as ACME authority. The test runs with all others, and fails when
a program says something else.

The cluster is empty: one file installs everything, from the ingress controller on. Four things are not as in a cluster of
yours:

- The charts are folders, and the node has the images. They hold the programs of these versions, built from their sources, without
  parts that nobody needs here, such as the clients of Traefik and cert-manager for clouds.
- The cloud has one address for all Services of type `LoadBalancer`.
- The authority is not Let's Encrypt. So `verify` and skopeo are told to trust its root, and the node trusts it too.
- A kubelet brings a new password file into a pod within a minute or two. Here it is made to do so after some seconds: it looks at a
  pod at once when an annotation of it changes.";

fn one_file_leads_from_an_empty_cluster_to_a_pod_that_runs() {
    let ns = Namespace::absent();
    let mut page = Page::begin("journey.md", "From an empty cluster to a pod that runs");
    page.say(BEGINNING);
    let place = stack::place(&ns, &mut page);
    stack::make(&place, &mut page);
    // Side by side, and on the page one after the other.
    let mut later = Page::go_on();
    let archive = std::thread::scope(|scope| {
        scope.spawn(|| stack::upload_slowly(&place));
        let archive = scope.spawn(|| {
            let archive = Archive::make(&ns);
            archive.upgrade(&mut later);
            (archive, later)
        });
        stack::look(&place, &mut page);
        stack::run_a_pod(&place, &mut page);
        rotation::rotate(&place, &mut page);
        let (archive, mut later) = archive.join().unwrap();
        archive.break_it(&mut later);
        page.append(&later);
        archive
    });
    archive.end();
    stack::end(&place, &mut page);
    page.settle();
}
