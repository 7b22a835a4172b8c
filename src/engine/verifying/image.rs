//! Pushes the probe, pulls it, and takes it away again.

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_RANGE};
use url::Url;

use super::door::{Call, Door, Login};
use crate::resource::digest_bytes;
use crate::verify::{
    Answer, Blob, Fault, Maker, Probe, REPOSITORY, codes, is_broken_off, next_url, unexpected,
};

/// In how many parts the layer is pushed.
const PARTS: usize = 3;
/// How often a pull is sent on to somewhere else.
const HOPS: usize = 3;
const BINARY: &str = "application/octet-stream";

/// The repository of all probes, at one registry.
pub(super) struct Images<'a> {
    pub(super) door: &'a Door,
    /// The registry, as `https://HOST/`.
    pub(super) base: &'a Url,
    pub(super) login: Option<&'a Login>,
}

impl Images<'_> {
    fn url(&self, path: &str) -> Url {
        at(self.base, &format!("/v2/{REPOSITORY}/{path}"))
    }

    async fn call(&self, call: Call) -> Result<Answer, Fault> {
        self.door.ask(&call.by(self.login)).await
    }

    /// Begins an upload, and says where it goes on.
    pub(super) async fn begin(&self) -> Result<Url, Fault> {
        let at = self.url("blobs/uploads/");
        let answer = self.call(Call::new(Method::POST, at.clone())).await?;
        expect(&answer, 202, "the beginning of a push")?;
        next_url(&at, answer.header("location"))
    }

    /// Sends a body of so many bytes to an upload, and says where it would go on.
    pub(super) async fn send_zeros(&self, at: &Url, bytes: u64) -> Result<Result<Url, Answer>, Fault> {
        let answer = self.call(Call::new(Method::PATCH, at.clone()).zeros(bytes)).await?;
        if answer.status != 202 {
            return Ok(Err(answer));
        }
        next_url(at, answer.header("location")).map(Ok)
    }

    /// Breaks an upload off, so that nothing is left of it. Whether that worked is of use where it is tried again.
    pub(super) async fn break_off(&self, at: &Url) -> bool {
        let answer = self.call(Call::new(Method::DELETE, at.clone())).await;
        answer.is_ok_and(|answer| is_broken_off(&answer))
    }

    /// Pushes a layer in parts. Counts an upload that stays open.
    pub(super) async fn push_layer(&self, layer: &Blob, open_uploads: &mut usize) -> Result<(), Fault> {
        let mut at = self.begin().await?;
        let pushed = self.push_parts(layer, &mut at).await;
        if pushed.is_err() && !self.break_off(&at).await {
            *open_uploads += 1;
        }
        pushed
    }

    async fn push_parts(&self, layer: &Blob, at: &mut Url) -> Result<(), Fault> {
        let size = layer.content.len().div_ceil(PARTS).max(1);
        let mut begin = 0;
        for part in layer.content.chunks(size) {
            let end = begin + part.len();
            let call = Call::new(Method::PATCH, at.clone()).body(BINARY, Bytes::copy_from_slice(part));
            let call = call.header(CONTENT_RANGE, format!("{begin}-{}", end - 1));
            let answer = self.call(call).await?;
            expect(&answer, 202, "a part of a layer")?;
            *at = next_url(at, answer.header("location"))?;
            begin = end;
        }
        self.finish(at, &layer.digest, Bytes::new()).await
    }

    /// Pushes a blob in one piece.
    pub(super) async fn push_blob(&self, blob: &Blob) -> Result<(), Fault> {
        let at = self.begin().await?;
        self.finish(&at, &blob.digest, Bytes::copy_from_slice(&blob.content)).await
    }

    async fn finish(&self, at: &Url, wanted: &str, rest: Bytes) -> Result<(), Fault> {
        let mut at = at.clone();
        at.query_pairs_mut().append_pair("digest", wanted);
        let answer = self.call(Call::new(Method::PUT, at).body(BINARY, rest)).await?;
        expect(&answer, 201, "the end of a push")?;
        same_digest(&answer, wanted)
    }

    /// Pushes the manifest under a tag.
    pub(super) async fn push_manifest(&self, manifest: &Blob, tag: &str) -> Result<(), Fault> {
        let at = self.url(&format!("manifests/{tag}"));
        let content = Bytes::copy_from_slice(&manifest.content);
        let answer = self.call(Call::new(Method::PUT, at).body(Probe::MEDIA_TYPE, content)).await?;
        expect(&answer, 201, "the push of a manifest")?;
        same_digest(&answer, &manifest.digest)
    }

    /// Pulls all of a probe, and compares it.
    pub(super) async fn pull(&self, probe: &Probe, tag: &str) -> Result<(), Fault> {
        let at = self.url(&format!("manifests/{tag}"));
        let call = |method| Call::new(method, at.clone()).header(ACCEPT, Probe::MEDIA_TYPE);
        let head = self.call(call(Method::HEAD)).await?;
        expect(&head, 200, "the question for a manifest")?;
        same_digest(&head, &probe.manifest.digest)?;
        let manifest = self.call(call(Method::GET)).await?;
        expect(&manifest, 200, "the pull of a manifest")?;
        same_content(&manifest, &probe.manifest)?;
        for blob in [&probe.config, &probe.layer] {
            let answer = self.pull_blob(&blob.digest).await?;
            expect(&answer, 200, "the pull of a layer")?;
            same_content(&answer, blob)?;
        }
        Ok(())
    }

    /// Pulls a blob, if need be from the store to which the registry sends clients. That store is shown no password.
    async fn pull_blob(&self, wanted: &str) -> Result<Answer, Fault> {
        let mut at = self.url(&format!("blobs/{wanted}"));
        let mut answer = self.call(Call::new(Method::GET, at.clone())).await?;
        for _ in 0..HOPS {
            if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
                break;
            }
            let next = answer.header("location").and_then(|location| at.join(location).ok());
            let Some(next) = next else { break };
            let call = Call::new(Method::GET, next.clone());
            // A store may send on within itself: it is none the more the registry.
            let is_registry = next.origin() == self.base.origin();
            let asked = if is_registry { self.call(call).await } else { self.door.ask(&call).await };
            answer = asked.map_err(|fault| Fault {
                fix: format!(
                    "the registry sends pulls on to {}: every node must reach it, or the registry must not do that \
                     (`storage.s3.redirect`, or in its configuration `storage.redirect.disable`)",
                    next.host_str().unwrap_or_default()
                ),
                ..fault
            })?;
            at = next;
        }
        Ok(answer)
    }

    /// Deletes a manifest, with the tags that lead to it.
    pub(super) async fn delete_manifest(&self, wanted: &str) -> Result<(), Fault> {
        let at = self.url(&format!("manifests/{wanted}"));
        let answer = self.call(Call::new(Method::DELETE, at)).await?;
        gone(&answer, "the delete of a manifest")
    }

    /// Deletes a blob. Its content goes with the next garbage collection.
    pub(super) async fn delete_blob(&self, wanted: &str) -> Result<(), Fault> {
        let at = self.url(&format!("blobs/{wanted}"));
        let answer = self.call(Call::new(Method::DELETE, at)).await?;
        gone(&answer, "the delete of a layer")
    }

    /// Whether a manifest is there.
    pub(super) async fn has_manifest(&self, wanted: &str) -> Result<bool, Fault> {
        let at = self.url(&format!("manifests/{wanted}"));
        let answer = self.call(Call::new(Method::HEAD, at).header(ACCEPT, Probe::MEDIA_TYPE)).await?;
        match answer.status {
            200 => Ok(true),
            404 => Ok(false),
            _ => Err(unexpected("the question for a manifest", &answer)),
        }
    }

    /// The runs that have left a probe, by its tag.
    pub(super) async fn makers(&self) -> Result<Vec<Maker>, Fault> {
        let at = self.url("tags/list");
        let answer = self.call(Call::new(Method::GET, at)).await?;
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        expect(&answer, 200, "the question for tags")?;
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let tags = body.get("tags").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
        Ok(tags.iter().filter_map(|tag| Maker::of_tag(tag.as_str()?)).collect())
    }

    /// Takes away what a run has left under its tag.
    pub(super) async fn remove(&self, maker: &Maker) -> Result<(), Fault> {
        let at = self.url(&format!("manifests/{}", maker.tag()));
        let answer = self.call(Call::new(Method::GET, at).header(ACCEPT, Probe::MEDIA_TYPE)).await?;
        if answer.status == 404 {
            return Ok(());
        }
        expect(&answer, 200, "the question for a manifest")?;
        let manifest: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        self.delete_manifest(&digest_bytes(&answer.body)).await?;
        for place in ["/config/digest", "/layers/0/digest"] {
            if let Some(blob) = manifest.pointer(place).and_then(serde_json::Value::as_str) {
                self.delete_blob(blob).await?;
            }
        }
        Ok(())
    }
}

/// The URL of a path at a server.
pub(super) fn at(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(path);
    url
}

fn expect(answer: &Answer, status: u16, doing: &str) -> Result<(), Fault> {
    if answer.status == status { Ok(()) } else { Err(unexpected(doing, answer)) }
}

fn gone(answer: &Answer, doing: &str) -> Result<(), Fault> {
    if matches!(answer.status, 202 | 404) { Ok(()) } else { Err(unexpected(doing, answer)) }
}

/// Whether the registry names the digest that we know.
fn same_digest(answer: &Answer, wanted: &str) -> Result<(), Fault> {
    match answer.header("docker-content-digest") {
        Some(found) if found == wanted => Ok(()),
        found => Err(other_content(&format!("the registry says {}", found.unwrap_or("no digest")), wanted)),
    }
}

fn same_content(answer: &Answer, blob: &Blob) -> Result<(), Fault> {
    if answer.body == blob.content {
        return Ok(());
    }
    let came = format!("{} bytes came, of {}", answer.body.len(), digest_bytes(&answer.body));
    Err(other_content(&came, &blob.digest))
}

fn other_content(found: &str, wanted: &str) -> Fault {
    Fault::new(
        codes::OTHER_CONTENT,
        format!("{found}, and {wanted} was pushed"),
        "look what changes contents on the way: compression, a cache, or a store that loses something",
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::thread::{self, JoinHandle};
    use std::time::Duration;

    use tokio::time::Instant;

    use super::super::network::Network;
    use super::super::tls::Trust;
    use super::*;

    /// A server at a port of its own, and the URL of it.
    fn listener() -> (TcpListener, Url) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        (listener, url)
    }

    /// Gives these answers, one to each request; whether each request had a password.
    fn answering(listener: TcpListener, answers: Vec<String>) -> JoinHandle<Vec<bool>> {
        thread::spawn(move || {
            let answer = |text: String| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    request.extend(byte);
                }
                stream.write_all(text.as_bytes()).unwrap();
                String::from_utf8(request).unwrap().to_ascii_lowercase().contains("authorization:")
            };
            answers.into_iter().map(answer).collect()
        })
    }

    fn sent_on(to: &str) -> String {
        format!("HTTP/1.1 307 Elsewhere\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
    }

    #[tokio::test]
    async fn a_store_is_shown_no_password_however_often_it_sends_on() {
        let ((registry, base), (store, store_url)) = (listener(), listener());
        let registry = answering(registry, vec![sent_on(store_url.join("one").unwrap().as_str())]);
        let found = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nblob".to_owned();
        let store = answering(store, vec![sent_on("/two"), found]);
        let door = Door {
            network: Arc::new(Network::default()),
            trust: Trust::Anybody,
            deadline: Instant::now() + Duration::from_mins(1),
        };
        let login = Login { user: "ci".to_owned(), password: "a long enough password".to_owned() };
        let images = Images { door: &door, base: &base, login: Some(&login) };
        let answer = images.pull_blob("sha256:00").await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, b"blob".as_slice()));
        assert_eq!(registry.join().unwrap(), [true], "the registry is shown it");
        assert_eq!(store.join().unwrap(), [false, false]);
    }
}
