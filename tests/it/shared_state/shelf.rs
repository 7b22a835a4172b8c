//! The shelf itself, on a real server: a long content is swapped while it is read.

use regplan::provider::kubernetes::{ClusterShelf, Environment, Kubernetes, Settings, manifests};
use regplan::state::{Item, Kept, Shelf as _, ShelfError};
use sha2::{Digest as _, Sha256};

use super::{clean_up, states};
use crate::harness::{Namespace, block_on};

tests! { a_reader_sees_the_old_content_or_the_new_one }

/// How many digests are a content of some megabytes.
const DIGESTS: u32 = 80_000;

/// Some megabytes that cannot be packed, with their own checksum. Digests are made far faster than random bytes.
fn content(number: u8) -> Vec<u8> {
    let digest = |at: u32| Sha256::digest([&[number][..], &at.to_le_bytes()].concat());
    let mut noise: Vec<u8> = (0..DIGESTS).flat_map(digest).collect();
    noise[0] = number;
    let checksum = Sha256::digest(&noise);
    noise.extend(checksum);
    noise
}

fn is_whole(content: &[u8]) -> bool {
    let (noise, checksum) = content.split_at(content.len() - 32);
    Sha256::digest(noise).as_slice() == checksum
}

async fn shelf(ns: &Namespace) -> ClusterShelf {
    let settings = Settings {
        kubeconfig: Some(ns.cluster().kubeconfig().to_owned()),
        ..Settings::new(Environment::default())
    };
    let cluster = Kubernetes::connect(&settings).await.unwrap();
    ClusterShelf::new(&cluster, states(ns), ns.project_name())
}

fn a_reader_sees_the_old_content_or_the_new_one() {
    let ns = Namespace::absent();
    block_on(async {
        let writer = shelf(&ns).await;
        writer.ensure(&manifests(&states(&ns), &ns.project_name()).places).await.unwrap();
        assert!(writer.get(Item::State).await.unwrap().is_none());
        let mut version = writer.put(Item::State, &content(0), None.into()).await.unwrap();
        let reader = shelf(&ns).await;
        let reading = tokio::spawn(async move {
            let mut last = 0;
            while last < 8 {
                let Kept { bytes, .. } = reader.get(Item::State).await.unwrap().unwrap();
                assert!(is_whole(&bytes), "a part of one content and a part of another");
                assert!(bytes[0] >= last, "an older content after a newer one");
                last = bytes[0];
            }
        });
        for number in 1..=8 {
            let stale = version.clone();
            version = writer.put(Item::State, &content(number), Some(&version).into()).await.unwrap();
            let refused = writer.put(Item::State, &content(99), Some(&stale).into()).await;
            assert!(matches!(refused, Err(ShelfError::Taken)));
        }
        reading.await.unwrap();
        // A short content comes back into the head.
        version = writer.put(Item::State, b"short", Some(&version).into()).await.unwrap();
        let Kept { bytes, version: found } = writer.get(Item::State).await.unwrap().unwrap();
        assert_eq!((bytes.as_slice(), found), (b"short".as_slice(), version));
    });
    clean_up(&ns);
}
