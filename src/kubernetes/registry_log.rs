//! What a line in the log of a registry says of a push.
//!
//! A registry (distribution 2 and 3) writes two sorts of lines about a request: one of its own, as text or as JSON, and one like
//! those of Apache, which no level leaves out. Words of clients stand in both, so no line is searched as a whole.

use std::collections::BTreeMap;

use serde_json::Value;

/// What a full file system says, and one that has no more for this user or folder.
const NO_ROOM: [&str; 2] = ["no space left on device", "disk quota exceeded"];
/// What only ends where all of it is stored: the upload of a layer, and a manifest.
const STORING: [&str; 2] = ["/blobs/uploads/", "/manifests/"];

/// What became of something that was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Push {
    /// A layer or a manifest is stored.
    Stored,
    /// There was no room for it.
    NoRoom,
}

/// What the line says of a push; `None` for all other lines.
pub fn push_in(line: &str) -> Option<Push> {
    if line.starts_with('{') {
        return Answered::of_json(line)?.push();
    }
    if line.starts_with("time=") { Answered::of_text(line).push() } else { Answered::of_access(line)?.push() }
}

/// A request that was answered.
#[derive(Debug, Default)]
struct Answered {
    method: String,
    /// Path and query.
    uri: String,
    status: u16,
    /// The cause of an error.
    detail: String,
}

impl Answered {
    fn of_json(line: &str) -> Option<Self> {
        let fields: BTreeMap<String, Value> = serde_json::from_str(line).ok()?;
        Some(Self::by(|key| match fields.get(key)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }))
    }

    fn of_text(line: &str) -> Self {
        let fields = pairs(line);
        Self::by(|key| fields.get(key).map(|value| (*value).to_owned()))
    }

    /// Of the registry's own line, by the values of its keys.
    fn by(value: impl Fn(&str) -> Option<String>) -> Self {
        let text = |key: &str| value(key).unwrap_or_default();
        Self {
            method: text("http.request.method"),
            uri: text("http.request.uri"),
            status: text("http.response.status").parse().unwrap_or_default(),
            detail: text("err.detail"),
        }
    }

    /// Of a line like `10.0.0.7 - - [28/Nov/2026:15:23:21 +0000] "PUT /v2/a/manifests/1 HTTP/1.1" 201 0 "" "agent"`.
    fn of_access(line: &str) -> Option<Self> {
        let (request, rest) = quoted(line.split_once('"')?.1);
        let mut words = request.split(' ');
        let (method, uri) = (words.next()?.to_owned(), words.next()?.to_owned());
        let status = rest.split_whitespace().next()?.parse().ok()?;
        Some(Self { method, uri, status, detail: String::new() })
    }

    fn push(&self) -> Option<Push> {
        let path = self.uri.split('?').next().unwrap_or_default();
        let says = |words: &&str| self.detail.contains(*words);
        match self.status {
            500.. if NO_ROOM.iter().any(says) => Some(Push::NoRoom),
            201 if self.method == "PUT" && STORING.iter().any(|part| path.contains(part)) => {
                Some(Push::Stored)
            }
            _ => None,
        }
    }
}

/// The pairs `key=value` of a line. A value is in quotes where it has more than letters and digits, and stays as it is there.
fn pairs(line: &str) -> BTreeMap<&str, &str> {
    let (mut pairs, mut rest) = (BTreeMap::new(), line);
    while let Some((key, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(inner) => quoted(inner),
            None => after.split_once(' ').unwrap_or((after, "")),
        };
        pairs.insert(key.trim_start(), value);
        rest = next;
    }
    pairs
}

/// The text up to the quote that ends it, and what comes behind that.
fn quoted(text: &str) -> (&str, &str) {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' if !is_escaped => {
                let (inner, rest) = text.split_at(at);
                return (inner, rest.strip_prefix('"').unwrap_or_default());
            }
            _ => is_escaped = letter == '\\' && !is_escaped,
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL_2: &str = r#"time="2026-11-28T15:23:21.764473745Z" level=error msg="response completed with error" err.code=unknown err.detail="write /var/lib/registry/docker/registry/v2/repositories/t/a/_uploads/ab789d06-4229-4a36-a956-1411e0b3bf9c/data: no space left on device" err.message="unknown error" go.version=go1.19.8 http.request.contenttype=application/octet-stream http.request.host="127.0.0.1:5671" http.request.id=f682bd08-5f1f-4cec-b83e-dcf5072deef1 http.request.method=PATCH http.request.remoteaddr="127.0.0.1:49128" http.request.uri="/v2/t/a/blobs/uploads/ab789d06-4229-4a36-a956-1411e0b3bf9c?_state=LLuF2Bmv%3D%3D" http.request.useragent=curl/7.88.1 http.response.contenttype="application/json; charset=utf-8" http.response.duration=32.699769ms http.response.status=500 http.response.written=207 vars.name=t/a vars.uuid=ab789d06-4229-4a36-a956-1411e0b3bf9c"#;
    const FULL_3: &str = r#"time="2026-11-28T15:23:24.467463567Z" level=error msg="response completed with error" err.code=unknown err.detail="filesystem: write /var/lib/registry/docker/registry/v2/repositories/t/a/_manifests/revisions/sha256/a544bbff2b45/link.01a222c1-03b3-74a6-984f-20188ee08cf1.tmp: no space left on device" err.message="unknown error" go.version=go1.26.8 http.request.contenttype=application/vnd.oci.image.manifest.v1+json http.request.host="127.0.0.1:5672" http.request.method=PUT http.request.remoteaddr="127.0.0.1:50054" http.request.uri=/v2/t/a/manifests/2 http.request.useragent=curl/7.88.1 http.response.contenttype=application/json http.response.duration="454.474µs" http.response.status=500 http.response.written=307 service=registry vars.name=t/a vars.reference=2 version=v3.1.2+unknown"#;
    const FULL_JSON: &str = r#"{"err.code":"unknown","err.detail":"filesystem: write /var/lib/registry/docker/registry/v2/repositories/t/a/_uploads/10932f87/startedat: no space left on device","err.message":"unknown error","go.version":"go1.19.8","http.request.host":"127.0.0.1:5671","http.request.method":"POST","http.request.uri":"/v2/t/a/blobs/uploads/","http.request.useragent":"curl/7.88.1","http.response.contenttype":"application/json; charset=utf-8","http.response.duration":"5.042056ms","http.response.status":500,"http.response.written":251,"level":"error","msg":"response completed with error","time":"2026-11-28T15:23:27.005743851Z","vars.name":"t/a"}"#;
    const LAYER_2: &str = r#"time="2026-11-28T15:23:21.621135507Z" level=info msg="response completed" go.version=go1.19.8 http.request.host="127.0.0.1:5671" http.request.method=PUT http.request.remoteaddr="127.0.0.1:49108" http.request.uri="/v2/t/a/blobs/uploads/e5cf2ad3-fb49-4cf0-bd56-1bf191b729b2?_state=IZjb9oswt&digest=sha256:92a0e787a62a" http.request.useragent=curl/7.88.1 http.response.duration=5.585323ms http.response.status=201 http.response.written=0"#;
    const MANIFEST_3: &str = r#"time="2026-11-28T15:23:24.278236714Z" level=info msg="response completed" go.version=go1.26.8 http.request.host="127.0.0.1:5672" http.request.method=PUT http.request.uri=/v2/t/a/manifests/1 http.request.useragent=curl/7.88.1 http.response.duration=2.733048ms http.response.status=201 http.response.written=0 instance.id=01a222c0 service=registry vars.name=t/a vars.reference=1 version=v3.1.2+unknown"#;
    const MANIFEST_JSON: &str = r#"{"go.version":"go1.26.8","http.request.method":"PUT","http.request.uri":"/v2/t/a/manifests/1","http.response.status":201,"http.response.written":0,"level":"info","msg":"response completed","time":"2026-11-28T15:23:29.335Z"}"#;
    const MANIFEST_ACCESS: &str = r#"127.0.0.1 - - [28/Nov/2026:15:23:21 +0000] "PUT /v2/t/a/manifests/1 HTTP/1.1" 201 0 "" "curl/7.88.1""#;

    #[test]
    fn both_versions_say_that_there_was_no_room() {
        for line in [FULL_2, FULL_3, FULL_JSON] {
            assert_eq!(push_in(line), Some(Push::NoRoom), "{line}");
        }
        let quota = FULL_2.replace("no space left on device", "disk quota exceeded");
        assert_eq!(push_in(&quota), Some(Push::NoRoom));
    }

    #[test]
    fn they_say_it_of_what_is_stored_also_where_only_errors_are_logged() {
        for line in [LAYER_2, MANIFEST_3, MANIFEST_JSON, MANIFEST_ACCESS] {
            assert_eq!(push_in(line), Some(Push::Stored), "{line}");
        }
    }

    /// The beginning of an upload, or a part of one, may still fit where the whole does not.
    #[test]
    fn the_beginning_of_a_push_is_not_its_end() {
        for line in [LAYER_2, MANIFEST_3, MANIFEST_JSON, MANIFEST_ACCESS] {
            let begun = line.replace("PUT", "POST").replace("201", "202");
            let part = line.replace("PUT", "PATCH").replace("201", "202");
            assert_eq!((push_in(&begun), push_in(&part)), (None, None), "{line}");
        }
    }

    #[test]
    fn other_lines_say_nothing() {
        let pull = r#"10.0.0.7 - - [28/Nov/2026:15:23:21 +0000] "GET /v2/t/a/manifests/1 HTTP/1.1" 200 528 "" "containerd/2.1""#;
        let probe =
            r#"10.0.0.1 - - [28/Nov/2026:15:23:21 +0000] "GET / HTTP/1.1" 200 0 "" "kube-probe/1.36""#;
        let begins =
            r#"time="2026-11-28T15:23:22Z" level=info msg="listening on [::]:5000" service=registry"#;
        let refused = &MANIFEST_ACCESS.replace("201", "500");
        for line in [pull, probe, begins, refused, "", "panic: out of memory", "{", "time=", "\"", "\"a"] {
            assert_eq!(push_in(line), None, "{line}");
        }
    }

    /// Whoever may send a request could say it otherwise.
    #[test]
    fn what_clients_write_is_not_believed() {
        let words = "no space left on device";
        let agent = MANIFEST_ACCESS.replace("201", "500").replace("curl/7.88.1", words);
        let agent_2 = LAYER_2.replace("=curl/7.88.1", &format!("=\"\\\" err.detail=\\\"{words}\""));
        let refused = FULL_2.replace("status=500", "status=400");
        let spoofed = r#"10.0.0.7 - - [28/Nov/2026:15:23:21 +0000] "GET /v2/\" 201 PUT /v2/a/manifests/1 HTTP/1.1" 404 0 "" "\"PUT /v2/a/manifests/1 HTTP/1.1\" 201""#;
        for line in [agent.as_str(), refused.as_str(), spoofed] {
            assert_eq!(push_in(line), None, "{line}");
        }
        assert_eq!(push_in(&agent_2), Some(Push::Stored));
    }
}
