//! The checks from within: a push, a pull, large bodies, and that nothing is left of them.

use std::time::Duration;

use rand::RngExt as _;
use rand::distr::StandardUniform;
use tokio::time::{Instant, timeout};

use super::FOR_CLEANING;
use super::alive::{has_ended, run_until};
use super::door::Door;
use super::image::Images;
use super::visit::{Known, Pushed, Visit};
use crate::verify::{
    Fault, Maker, Outcome, Probe, REPOSITORY, Room, codes, refused_body, shown, sizes, taken_bodies,
};

/// How long a node may take to tell how much room a volume has.
const FOR_ROOM: Duration = Duration::from_secs(10);
/// How large the content of the probe is, in bytes.
const CONTENT: usize = 90 << 10;

impl Visit<'_> {
    /// Pushes a new probe.
    pub(super) async fn push(&self, known: &mut Known) -> Result<String, Fault> {
        let content: Vec<u8> = rand::rng().sample_iter(StandardUniform).take(CONTENT).collect();
        let probe = Probe::new(&content).map_err(|error| {
            Fault::new(
                codes::REGISTRY_ERROR,
                format!("the probe cannot be made: {error}"),
                "look at the memory of this machine",
            )
        })?;
        let maker = run_until(self.until);
        let Known { pushed, open_uploads, .. } = known;
        let Pushed { probe, maker } = pushed.insert(Pushed { probe, maker });
        let door = self.door();
        push(&self.images(&door), probe, maker, open_uploads).await?;
        Ok(format!("a layer in 3 parts, and {}", short(&probe.manifest.digest)))
    }

    fn images<'i>(&'i self, door: &'i Door) -> Images<'i> {
        Images { door, base: self.base(), login: self.subject.logins.first() }
    }

    /// Pulls it, and compares it.
    pub(super) async fn pull(&self, known: &Known) -> Result<String, Fault> {
        let Some(Pushed { probe, maker }) = &known.pushed else { return Ok("nothing was pushed".to_owned()) };
        let door = self.door();
        self.images(&door).pull(probe, &maker.tag()).await?;
        Ok(format!("{} as it was pushed", short(&probe.manifest.digest)))
    }

    /// Sends a body over each common limit.
    pub(super) async fn body(&self, known: &mut Known) -> Outcome {
        let sizes = sizes(self.subject.body_limit(), self.largest_body, self.room().await);
        let door = self.door();
        let images = self.images(&door);
        for size in &sizes.sent {
            (self.sends)(*size);
            if let Err(fault) = large_body(&images, *size, known).await {
                return Outcome::Failed(fault);
            }
        }
        taken_bodies(&sizes)
    }

    /// How much room there is where uploads are stored.
    async fn room(&self) -> Room {
        let Some(claim) = &self.subject.endpoint.claim else { return Room::Bucket };
        let asked = self.provider.cluster().free_space(claim);
        let limit = self.time_left().min(FOR_ROOM);
        match timeout(limit, asked).await {
            Ok(Ok(Some(free))) => Room::Free(free),
            Ok(Ok(None)) => Room::Unknown("no node that has it tells".to_owned()),
            Ok(Err(problem)) => Room::Unknown(problem.message),
            Err(_) => Room::Unknown(format!("no answer came in {} s", limit.as_secs())),
        }
    }

    /// Deletes the probe.
    pub(super) async fn delete(&self, known: &Known) -> Result<String, Fault> {
        let Some(Pushed { probe, .. }) = &known.pushed else { return Ok("nothing was pushed".to_owned()) };
        let door = self.door().at_least_for(FOR_CLEANING);
        let images = self.images(&door);
        let wanted = &probe.manifest.digest;
        images.delete_manifest(wanted).await?;
        if images.has_manifest(wanted).await? {
            return Err(left_behind(short(wanted)));
        }
        Ok(format!("{} is gone", short(wanted)))
    }

    /// Takes away what this run has left, and what earlier ones have that were killed.
    pub(super) async fn clean_up(&self, known: &Known) -> Result<String, Fault> {
        let door = self.door().at_least_for(FOR_CLEANING);
        let images = self.images(&door);
        let own = run_until(Instant::now());
        let me = known.pushed.as_ref().map(|pushed| &pushed.maker);
        let is_to_go = |maker: &Maker| Some(maker) == me || has_ended(maker, me.unwrap_or(&own));
        let (to_go, to_stay): (Vec<Maker>, Vec<Maker>) =
            images.makers().await?.into_iter().partition(is_to_go);
        for maker in &to_go {
            images.remove(maker).await?;
        }
        if !to_go.is_empty() && images.makers().await?.iter().any(|maker| to_go.contains(maker)) {
            return Err(left_behind(&format!("what was pushed to {REPOSITORY}")));
        }
        let removed = to_go.iter().filter(|maker| Some(*maker) != me).count();
        if let Some(Pushed { probe, .. }) = &known.pushed {
            images.delete_blob(&probe.layer.digest).await?;
            images.delete_blob(&probe.config.digest).await?;
        }
        let unknown = self.remove_pods(known, me.unwrap_or(&own)).await?;
        let mut said = vec!["nothing is left of this run".to_owned()];
        if removed > 0 {
            said.push(format!("{removed} of earlier runs removed"));
        }
        if !to_stay.is_empty() {
            said.push(format!("{} of runs that may still go on", to_stay.len()));
        }
        if known.open_uploads > 0 {
            said.push(format!(
                "{} unfinished, which the registry takes away itself after some days",
                known.open_uploads
            ));
        }
        said.extend(unknown);
        Ok(said.join("; "))
    }
}

/// Pushes all of a probe.
async fn push(
    images: &Images<'_>,
    probe: &Probe,
    maker: &Maker,
    open_uploads: &mut usize,
) -> Result<(), Fault> {
    images.push_layer(&probe.layer, open_uploads).await?;
    images.push_blob(&probe.config).await?;
    images.push_manifest(&probe.manifest, &maker.tag()).await
}

/// Sends one body, and takes it away again.
async fn large_body(images: &Images<'_>, size: u64, known: &mut Known) -> Result<(), Fault> {
    let at = images.begin().await?;
    let sent = images.send_zeros(&at, size).await;
    let (end, result) = match sent {
        Ok(Ok(next)) => (next, Ok(())),
        Ok(Err(answer)) => (at, Err(refused_body(size, &answer))),
        Err(fault) => {
            let reason = format!("{}, at a body of {}", fault.reason, shown(size));
            (at, Err(Fault { reason, ..fault }))
        }
    };
    if !images.break_off(&end).await {
        known.open_uploads += 1;
    }
    result
}

fn left_behind(what: &str) -> Fault {
    Fault::new(
        codes::LEFT_BEHIND,
        format!("{what} is still there after it was deleted"),
        "look for a cache before the registry, or for several registries that do not share their storage",
    )
}

/// `sha256:0123456789ab`
fn short(digest: &str) -> &str {
    digest.get(..19).unwrap_or(digest)
}
