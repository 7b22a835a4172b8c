//! The pages of a list.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::discovery::{Served, encode};
use super::ownership;
use super::shallow::Shallow;
use super::transport::{Answer, Body, Call, CallError, JSON, Transport};
use crate::resource::{DEEPEST_READ, Live, depth_of, from_json};

/// Objects in one page of a list.
pub(super) const PAGE: usize = 500;

/// Only names, owners and the like, whatever the objects hold.
pub(super) const METADATA: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// What the objects of a list are read into.
pub(super) trait Item: DeserializeOwned {
    /// The object itself.
    fn object(&mut self) -> &mut Value;

    /// What is known of an object that is nested too deeply to be read.
    fn too_deep(object: Shallow) -> Self;
}

impl Item for Shallow {
    fn object(&mut self) -> &mut Value {
        &mut self.0
    }

    fn too_deep(object: Shallow) -> Self {
        object
    }
}

/// An object and its owners.
pub(super) enum WithOwners {
    /// The owners are taken apart as each object is read: as the server sends them they take several times the room,
    /// and a list has many.
    Read(Live),
    /// It is nested too deeply.
    TooDeep(Value),
}

impl<'de> Deserialize<'de> for WithOwners {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(ownership::live).map(Self::Read)
    }
}

impl Item for WithOwners {
    fn object(&mut self) -> &mut Value {
        match self {
            Self::Read(live) => &mut live.object,
            Self::TooDeep(object) => object,
        }
    }

    fn too_deep(Shallow(object): Shallow) -> Self {
        Self::TooDeep(object)
    }
}

/// A list as the server sends it. One without `items` is none, and not taken for an empty one.
#[derive(Deserialize)]
struct List<T> {
    metadata: Metadata,
    // Go writes an empty list as `null` at times. With a function of its own the key must be there all the same.
    #[serde(bound(deserialize = "T: DeserializeOwned"), deserialize_with = "Option::deserialize")]
    items: Option<Vec<T>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    resource_version: String,
    r#continue: String,
    remaining_item_count: Option<usize>,
}

impl<T: Item> Body for List<T> {
    fn read(bytes: &[u8]) -> Option<Self> {
        from_json(bytes).or_else(|error| Self::one_by_one(bytes).ok_or(error)).ok()
    }
}

impl<T: Item> List<T> {
    /// Reads each object by itself, so that one that is nested too deeply does not hide the others.
    fn one_by_one(bytes: &[u8]) -> Option<Self> {
        let List { metadata, items } = serde_json::from_slice::<List<Box<RawValue>>>(bytes).ok()?;
        let item = |raw: Box<RawValue>| {
            let json = raw.get().as_bytes();
            if depth_of(json) > DEEPEST_READ {
                return serde_json::from_slice(json).ok().map(T::too_deep);
            }
            from_json(json).ok()
        };
        let items = items.map(|items| items.into_iter().map(item).collect::<Option<Vec<T>>>());
        let items = match items {
            Some(items) => Some(items?),
            None => None,
        };
        Some(Self { metadata, items })
    }
}

/// What came of asking for a page.
pub(super) enum Page<T> {
    /// The objects, and how many follow on later pages where the server says so.
    Items(Vec<T>, Option<usize>),
    /// The list must be begun again.
    Expired,
}

/// A list, page by page.
pub(super) struct Pages<'a> {
    served: &'a Served,
    path: String,
    accept: &'static str,
    budget: Option<Duration>,
    next: Option<String>,
    ended: bool,
    /// The version at which a watch goes on from the last page.
    pub(super) version: String,
}

impl<'a> Pages<'a> {
    /// All objects of a namespace, or those of this name.
    pub(super) fn new(served: &'a Served, namespace: Option<&str>, name: Option<&str>) -> Self {
        let mut path = format!("{}?limit={PAGE}", served.collection(namespace));
        if let Some(name) = name {
            path.push_str("&fieldSelector=metadata.name%3D");
            path.extend(encode(name));
        }
        let (accept, next, version) = (JSON, None, String::new());
        Self { served, path, accept, budget: None, next, ended: false, version }
    }

    /// All objects of a namespace. Each page is asked for again for so long at most.
    pub(super) fn within(served: &'a Served, namespace: Option<&str>, budget: Duration) -> Self {
        Self { budget: Some(budget), ..Self::new(served, namespace, None) }
    }

    /// The same objects by their metadata alone. Each page is asked for again for so long at most.
    pub(super) fn of_metadata(served: &'a Served, namespace: Option<&str>, budget: Duration) -> Self {
        Self { accept: METADATA, ..Self::within(served, namespace, budget) }
    }

    /// Whether the last page was read.
    pub(super) fn is_at_end(&self) -> bool {
        self.ended
    }

    /// The next page; `None` after the last one.
    pub(super) async fn next<T: Item>(
        &mut self,
        transport: &Transport,
    ) -> Result<Option<Page<T>>, CallError> {
        if self.ended {
            return Ok(None);
        }
        let path = match &self.next {
            None => self.path.clone(),
            Some(token) => format!("{}&continue={}", self.path, encode(token)),
        };
        let call = Call { accept: self.accept, budget: self.budget, ..Call::get(path) };
        let List { metadata, items } = match transport.send_for::<List<T>>(&call).await {
            Ok(Answer { body, .. }) => body,
            Err(CallError::Refused(refusal)) if refusal.code == 410 && self.next.is_some() => {
                self.ended = true;
                return Ok(Some(Page::Expired));
            }
            Err(failure) => return Err(failure),
        };
        self.version = metadata.resource_version;
        self.next = Some(metadata.r#continue).filter(|token| !token.is_empty());
        self.ended = self.next.is_none();
        let mut items = items.unwrap_or_default();
        for item in &mut items {
            refill(item.object(), self.served);
        }
        Ok(Some(Page::Items(items, metadata.remaining_item_count)))
    }
}

/// The items of a list do not say what they are.
fn refill(item: &mut Value, served: &Served) {
    if let Some(map) = item.as_object_mut() {
        map.entry("apiVersion").or_insert_with(|| served.api_version().into());
        map.entry("kind").or_insert_with(|| served.kind.clone().into());
    }
}

/// The upper levels of everything in a list, and the version at which a watch goes on from there.
pub(super) async fn all(
    transport: &Transport,
    served: &Served,
    namespace: Option<&str>,
    name: Option<&str>,
) -> Result<(Vec<Value>, String), CallError> {
    let mut all = Vec::new();
    let mut pages = Pages::new(served, namespace, name);
    while let Some(page) = pages.next::<Shallow>(transport).await? {
        match page {
            Page::Items(items, _) => all.extend(items.into_iter().map(|Shallow(object)| object)),
            Page::Expired => {
                all.clear();
                pages = Pages::new(served, namespace, name);
            }
        }
    }
    Ok((all, pages.version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Option<Vec<String>> {
        let list = List::<WithOwners>::read(text.as_bytes())?;
        let name = |mut item: WithOwners| item.object()["metadata"]["name"].as_str().unwrap().to_owned();
        Some(list.items.into_iter().flatten().map(name).collect())
    }

    #[test]
    fn what_is_no_list_is_not_taken_for_an_empty_one() {
        assert_eq!(
            names(r#"{"metadata": {}, "items": [{"metadata": {"name": "a"}}]}"#),
            Some(vec!["a".into()])
        );
        assert_eq!(names(r#"{"metadata": {}, "items": []}"#), Some(vec![]));
        assert_eq!(names(r#"{"metadata": {}, "items": null}"#), Some(vec![]));
        for other in
            ["{}", r#"{"metadata": {}}"#, r#"{"items": []}"#, r#"{"metadata": {}, "items": {}}"#, "[]", ""]
        {
            assert_eq!(names(other), None, "{other}");
        }
    }

    #[test]
    fn what_tells_the_pages_apart_is_read_and_owners_are_taken_out_of_the_objects() {
        let text = r#"{"metadata": {"resourceVersion": "7", "continue": "t", "remainingItemCount": 3}, "items": [
            {"metadata": {"uid": "u", "managedFields": [{"manager": "m", "operation": "Apply", "fieldsV1": {"f:a": {}}}]}}]}"#;
        let List { metadata, items } = List::<WithOwners>::read(text.as_bytes()).unwrap();
        assert_eq!((metadata.resource_version.as_str(), metadata.r#continue.as_str()), ("7", "t"));
        assert_eq!(metadata.remaining_item_count, Some(3));
        let items = items.unwrap();
        let [WithOwners::Read(live)] = items.as_slice() else { panic!("it is read") };
        assert_eq!(live.ownership.managers(), ["m"]);
        assert_eq!(live.object, serde_json::json!({"metadata": {"uid": "u"}}));
    }

    #[test]
    fn an_object_that_is_nested_too_deeply_does_not_hide_the_others() {
        for (depth, is_read) in [(200, true), (500, true), (1000, false), (9000, false)] {
            let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            let text = format!(
                r#"{{"metadata": {{}}, "items": [{{"metadata": {{"name": "a"}}}}, {{"metadata": {{"name": "b"}}, "spec": {deep}}}]}}"#
            );
            assert_eq!(names(&text), Some(vec!["a".to_owned(), "b".to_owned()]), "{depth}");
            let items = List::<WithOwners>::read(text.as_bytes()).unwrap().items.unwrap();
            assert_eq!(matches!(items[1], WithOwners::Read(_)), is_read, "{depth}");
        }
    }
}
