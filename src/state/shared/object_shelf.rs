//! A shelf in an object store: a bucket of S3, or of a store that speaks its language.
//!
//! | file | question |
//! |---|---|
//! | `bucket` | how does the store speak of its bucket? |
//! | `connect` | how is the store reached? |
//! | `probe` | does it look at the condition of a write? |
//! | `whole` | does the mark of an object belong to its content? |
//! | `words` | what does an error of it mean? |

mod bucket;
mod connect;
mod probe;
mod whole;
mod words;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use object_store::path::Path;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload, UpdateVersion};
use tokio::sync::OnceCell;

use super::shelf::{Item, ItemVersion, Kept, Over, Shelf, ShelfError};
use bucket::{Bucket, Mark};
use whole::Marks;
use words::{not_done, unanswered_where_unclear};

use crate::resource::{asked, done_or_failed};

pub use connect::connect;

/// The folder of the revisions, below the prefix.
const REVISIONS: &str = "revisions";

/// A state in an object store. Every write carries a condition, which the store itself looks at.
pub struct ObjectShelf {
    store: Arc<dyn ObjectStore>,
    bucket: Bucket,
    prefix: Path,
    /// Set once it is known that the store looks at conditions.
    probed: OnceCell<()>,
    marks: Marks,
}

impl ObjectShelf {
    fn new(store: Arc<dyn ObjectStore>, bucket: Bucket, prefix: Path) -> Self {
        Self { store, bucket, prefix, probed: OnceCell::new(), marks: Marks::default() }
    }

    /// Where an object of this name is.
    fn path(&self, name: &str) -> Path {
        name.split('/').fold(self.prefix.clone(), Path::join)
    }

    fn version(&self, e_tag: Option<String>, generation: Option<String>) -> Result<ItemVersion, ShelfError> {
        let version = match self.bucket.language.mark() {
            Mark::ETag => e_tag,
            Mark::Generation => generation,
        };
        version.map(ItemVersion).ok_or_else(|| words::without_version(&self.bucket))
    }

    fn expected(&self, version: &ItemVersion) -> UpdateVersion {
        let version = Some(version.0.clone());
        match self.bucket.language.mark() {
            Mark::ETag => UpdateVersion { e_tag: version, version: None },
            Mark::Generation => UpdateVersion { e_tag: None, version },
        }
    }

    async fn get_object(&self, path: &Path) -> Result<Option<Kept>, ShelfError> {
        let question = || format!("GET {}/{path}", self.bucket);
        let reading = async {
            let found = self.store.get_opts(path, GetOptions::default()).await?;
            Ok((found.meta.clone(), found.bytes().await?))
        };
        match asked(question, reading, found_or_not).await {
            Ok((meta, bytes)) => {
                let version = self.version(meta.e_tag, meta.version)?;
                Ok(Some(Kept { bytes: bytes.to_vec(), version }))
            }
            Err(error) if words::is_absent(&error) => Ok(None),
            Err(error) => Err(not_done(&error, &self.bucket)),
        }
    }

    async fn put_object(&self, path: &Path, bytes: &[u8], over: Over<'_>) -> Result<ItemVersion, ShelfError> {
        let mode = match over {
            Over::Nothing => PutMode::Create,
            Over::Version(version) => PutMode::Update(self.expected(version)),
        };
        let payload = PutPayload::from(bytes.to_vec());
        let question = || format!("PUT {}/{path}", self.bucket);
        match asked(question, self.store.put_opts(path, payload, mode.into()), done_or_failed).await {
            // The store repeats a request by itself where the first one failed, so that "taken" may mean "by us". Who
            // writes looks at what is there (see `sure`).
            Ok(done) => self.version(done.e_tag, done.version),
            Err(error) => Err(unanswered_where_unclear(&error, &self.bucket)),
        }
    }
}

/// What became of a question for an object, for `--verbose`.
fn found_or_not<T>(result: &object_store::Result<T>) -> &'static str {
    match result {
        Err(error) if words::is_absent(error) => "not there",
        result => done_or_failed(result),
    }
}

/// The name of an item's object, below the prefix.
fn name(item: Item) -> String {
    match item {
        Item::State => "state.json".to_owned(),
        Item::Lock => "lock.json".to_owned(),
        Item::Key => "key".to_owned(),
        Item::Journal(part) => format!("journal/{part:03}"),
        Item::Index => format!("{REVISIONS}/index.json"),
        Item::Revision(number) => format!("{REVISIONS}/{number:06}.json"),
        Item::Values(number) => format!("{REVISIONS}/{number:06}.values.json"),
    }
}

/// The number of the revision whose object has this name, below the folder of the revisions.
fn revision_of(object: &str) -> Option<u64> {
    let number = object.strip_suffix(".json")?.parse().ok()?;
    let is_ours = name(Item::Revision(number)) == format!("{REVISIONS}/{object}");
    is_ours.then_some(number)
}

#[async_trait]
impl Shelf for ObjectShelf {
    fn place(&self, item: Item) -> PathBuf {
        PathBuf::from(format!("{}/{}", self.bucket, self.path(&name(item))))
    }

    async fn get(&self, item: Item) -> Result<Option<Kept>, ShelfError> {
        let path = self.path(&name(item));
        self.marks.whole(|| self.get_object(&path)).await
    }

    async fn places_of_revisions(&self) -> Result<Vec<u64>, ShelfError> {
        let folder = self.path(REVISIONS);
        let question = || format!("LIST {}/{folder}", self.bucket);
        let listed = asked(question, self.store.list_with_delimiter(Some(&folder)), done_or_failed).await;
        let objects = listed.map_err(|error| not_done(&error, &self.bucket))?.objects;
        Ok(objects.iter().filter_map(|object| revision_of(object.location.filename()?)).collect())
    }

    async fn put(&self, item: Item, bytes: &[u8], over: Over<'_>) -> Result<ItemVersion, ShelfError> {
        self.probed.get_or_try_init(|| probe::probe(self)).await?;
        self.put_object(&self.path(&name(item)), bytes, over).await
    }

    /// A store has no condition for removals, so the version is looked at first. What is removed is only the journal of
    /// a run that was folded in, and revisions that nothing names; both by the holder of the lock, who was asked for it
    /// right before. Whoever takes the lock over waits longer than such a request takes. And a journal that
    /// was removed wrongly is found out by its run, whose next line then has nothing to follow.
    async fn remove(&self, item: Item, version: &ItemVersion) -> Result<(), ShelfError> {
        match Shelf::version(self, item).await? {
            None => return Ok(()),
            Some(found) if found != *version => return Err(ShelfError::Taken),
            Some(_) => {}
        }
        let path = self.path(&name(item));
        let question = || format!("DELETE {}/{path}", self.bucket);
        match asked(question, self.store.delete(&path), done_or_failed).await {
            Ok(()) => Ok(()),
            Err(error) if words::is_absent(&error) => Ok(()),
            Err(error) => Err(unanswered_where_unclear(&error, &self.bucket)),
        }
    }
}

impl fmt::Debug for ObjectShelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectShelf")
            .field("bucket", &self.bucket.name)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
