//! Get, put and remove in a cluster.

use std::path::PathBuf;

use async_trait::async_trait;
use serde_json::Value;

use super::layout::{Layout, Packed, Slot, pack};
use super::names::{Kind, Names, Place, may_be_long, ring};
use super::objects::{Objects, not_initialised, version};
use super::{form, lease};
use crate::provider::kubernetes::client::Kubernetes;
use crate::resource::{Identity, Problem, ProblemKind};
use crate::state::{Item, ItemVersion, Kept, Over, Shelf, ShelfError};

/// How often a content is read that is replaced while it is read.
const READS: usize = 10;

/// The state of one project in a cluster.
#[derive(Clone)]
pub struct ClusterShelf {
    pub(super) objects: Objects,
}

impl ClusterShelf {
    /// The state of this name in this namespace. Nothing is asked yet.
    pub fn new(cluster: &Kubernetes, namespace: impl Into<String>, state: impl Into<String>) -> Self {
        let names = Names { namespace: namespace.into(), state: state.into() };
        Self { objects: Objects::new(cluster.transport.clone(), names) }
    }

    /// The object of an item.
    pub fn identity(&self, item: Item) -> Identity {
        self.of(item).identity()
    }

    fn of(&self, item: Item) -> Place {
        self.objects.names.of(item)
    }

    /// The whole packed content that a head means.
    async fn packed(
        &self,
        item: Item,
        head: &Value,
        layout: &Layout,
    ) -> Result<Result<Vec<u8>, String>, ShelfError> {
        if layout.slot == Slot::Inline {
            return Ok(form::content(&self.of(item), head));
        }
        let mut packed = Vec::new();
        for index in 0..layout.chunks {
            let place = self.objects.names.chunk(item, layout.slot, index);
            let Some(chunk) = self.objects.get(&place).await? else {
                return Ok(Err(format!("{} is missing", place.identity())));
            };
            match form::content(&place, &chunk) {
                Ok(part) => packed.extend(part),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        Ok(Ok(packed))
    }

    /// Writes the object of an item. One that `state init` has made, and that holds nothing yet, is like none.
    async fn put_head(&self, item: Item, body: Value, over: Over<'_>) -> Result<ItemVersion, ShelfError> {
        let place = self.of(item);
        if over != Over::Nothing || !is_made_by_init(item) {
            return self.objects.put(&place, body, over).await;
        }
        match self.objects.metadata(&place).await? {
            None => Err(ShelfError::Failed(Box::new(not_initialised()))),
            Some(head) if holds(item, &head) => Err(ShelfError::Taken),
            Some(head) => self.objects.put(&place, body, Over::Version(&version(&head))).await,
        }
    }

    /// Writes a content that is too long for one object: first the chunks of the slot that nobody reads, then the head.
    async fn put_in_chunks(
        &self,
        item: Item,
        packed: &Packed,
        over: Over<'_>,
    ) -> Result<ItemVersion, ShelfError> {
        let head = self.objects.metadata(&self.of(item)).await?;
        expect(item, head.as_ref(), over)?;
        let present = head.as_ref().and_then(form::layout).and_then(Result::ok);
        let slot = present.map_or(Slot::Inline, |layout| layout.slot).next();
        let places: Vec<_> =
            (0..packed.chunks().count()).map(|index| self.objects.names.chunk(item, slot, index)).collect();
        let mut versions = Vec::new();
        for place in &places {
            versions.push(self.objects.metadata(place).await?.as_ref().map(version));
        }
        // The slot was free when its versions were read, if the head has not moved since. Whoever makes it the one that
        // is read writes its chunks before, so that ours are refused from then on.
        let now = self.objects.metadata(&self.of(item)).await?;
        if now.as_ref().map(version) != head.as_ref().map(version) {
            return Err(ShelfError::Taken);
        }
        for ((place, chunk), version) in places.iter().zip(packed.chunks()).zip(&versions) {
            self.objects.put(place, form::with_content(place, chunk), version.as_ref().into()).await?;
        }
        let body = laid_out(form::empty(&self.of(item)), &packed.layout(slot))?;
        self.put_head(item, body, over).await
    }
}

#[async_trait]
impl Shelf for ClusterShelf {
    fn place(&self, item: Item) -> PathBuf {
        PathBuf::from(self.identity(item).to_string())
    }

    async fn get(&self, item: Item) -> Result<Option<Kept>, ShelfError> {
        let place = self.of(item);
        let mut damage: Option<(ItemVersion, String)> = None;
        for _ in 0..READS {
            let Some(head) = self.objects.get(&place).await? else { return absent(item) };
            let found = version(&head);
            if place.kind == Kind::Lease {
                return Ok(lease::lock(&head).map(|bytes| Kept { bytes, version: found }));
            }
            let layout = match form::layout(&head) {
                None => return Ok(None),
                Some(Ok(layout)) => layout,
                Some(Err(reason)) => return Err(ShelfError::Damaged(reason)),
            };
            let packed = self.packed(item, &head, &layout).await?;
            match packed.and_then(|packed| layout.unpack(&packed)) {
                Ok(bytes) => return Ok(Some(Kept { bytes, version: found })),
                // It was replaced twice while it was read, or it is damaged: then the same head says the same again.
                Err(reason) => match damage {
                    Some((same, _)) if same == found => return Err(ShelfError::Damaged(reason)),
                    _ => damage = Some((found, reason)),
                },
            }
        }
        Err(ShelfError::Damaged(damage.map_or_else(String::new, |(_, reason)| reason)))
    }

    async fn version(&self, item: Item) -> Result<Option<ItemVersion>, ShelfError> {
        match self.objects.metadata(&self.of(item)).await? {
            Some(head) => Ok(holds(item, &head).then(|| version(&head))),
            None => Ok(absent(item)?.map(|kept| kept.version)),
        }
    }

    /// The revisions go round, so all places are known.
    async fn places_of_revisions(&self) -> Result<Vec<u64>, ShelfError> {
        Ok((0..ring()).collect())
    }

    async fn put(&self, item: Item, bytes: &[u8], over: Over<'_>) -> Result<ItemVersion, ShelfError> {
        let place = self.of(item);
        if place.kind == Kind::Lease {
            return self.put_head(item, lease::with_lock(&place, bytes), over).await;
        }
        let packed = pack(bytes).map_err(|error| failed(format!("it cannot be packed: {error}")))?;
        if packed.fits_the_head() {
            let body = form::with_content(&place, &packed.bytes);
            return self.put_head(item, laid_out(body, &packed.layout(Slot::Inline))?, over).await;
        }
        if !may_be_long(item) || !packed.fits_the_chunks() {
            return Err(too_long(packed.bytes.len()));
        }
        self.put_in_chunks(item, &packed, over).await
    }

    async fn remove(&self, item: Item, version: &ItemVersion) -> Result<(), ShelfError> {
        // Chunks that nobody reads any more stay for the next content.
        self.objects.delete(&self.of(item), version).await
    }
}

/// Whether the object of an item is there before it holds anything.
fn is_made_by_init(item: Item) -> bool {
    matches!(item, Item::State | Item::Lock)
}

/// What it means that an object is not there.
fn absent(item: Item) -> Result<Option<Kept>, ShelfError> {
    if is_made_by_init(item) { Err(ShelfError::Failed(Box::new(not_initialised()))) } else { Ok(None) }
}

/// Whether the object of an item holds something.
fn holds(item: Item, head: &Value) -> bool {
    match item {
        Item::Lock => lease::lock(head).is_some(),
        _ => form::layout(head).is_some(),
    }
}

/// Refuses a head that is not the expected one.
fn expect(item: Item, head: Option<&Value>, over: Over<'_>) -> Result<(), ShelfError> {
    let found = head.filter(|head| holds(item, head)).map(version);
    if Over::from(found.as_ref()) == over { Ok(()) } else { Err(ShelfError::Taken) }
}

fn laid_out(mut head: Value, layout: &Layout) -> Result<Value, ShelfError> {
    form::lay_out(&mut head, layout).map_err(|error| failed(error.to_string()))?;
    Ok(head)
}

fn failed(reason: String) -> ShelfError {
    ShelfError::Failed(Box::new(Problem::new(ProblemKind::Other, reason)))
}

fn too_long(length: usize) -> ShelfError {
    let message = format!("packed it is {length} bytes long, which is more than a cluster keeps");
    ShelfError::Failed(Box::new(
        Problem::new(ProblemKind::Other, message)
            .help("divide the project, or keep its state somewhere else"),
    ))
}
