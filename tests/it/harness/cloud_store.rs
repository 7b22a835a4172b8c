//! A small server that speaks the documented languages of two object stores in which nobody can run a test for
//! nothing: Google Cloud Storage (its XML API) and Azure Blob Storage. It knows single objects, the conditions of
//! their writes, and lists of them, and refuses whatever else it is asked.

mod listing;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::Project;

const BUCKET: &str = "states";
const ACCOUNT: &str = "shopstates";
/// Of the account, in base64.
const KEY: &str = "YS1rZXktb2YtdGVzdHM=";
/// Of a service account that asks nobody for a token.
const SERVICE_ACCOUNT: &str =
    r#"{"private_key": "", "private_key_id": "", "client_email": "", "disable_oauth": true}"#;

/// Which store it plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cloud {
    Gcs,
    Azblob,
}

/// What it does with a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Usual,
    /// It looks at no condition.
    Forgetful,
    /// It takes one write of an object in a second, as Google's store says of itself.
    Slow,
}

/// Generations are large numbers: times in microseconds.
const START: u64 = 1_795_000_000_000_000;
/// Between two writes of an object.
const PAUSE: Duration = Duration::from_secs(1);

/// A store with one bucket. It serves until the test binary ends.
pub(crate) struct CloudStore {
    cloud: Cloud,
    address: SocketAddr,
    objects: Arc<Mutex<Objects>>,
}

#[derive(Default)]
struct Objects {
    /// The content and the generation of each.
    kept: BTreeMap<String, (Vec<u8>, u64)>,
    /// When each was written.
    written: BTreeMap<String, Instant>,
    last: u64,
    put_off: usize,
}

struct Request {
    method: String,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

struct Answer {
    status: u16,
    /// Lines of its head.
    headers: String,
    body: Vec<u8>,
}

/// Of an answer with parts.
const BOUNDARY: &str = "batchresponse_of_tests";

impl CloudStore {
    pub(crate) fn start(cloud: Cloud) -> Self {
        Self::with(cloud, Manner::Usual)
    }

    /// The same, and it looks at no condition.
    pub(crate) fn forgetful(cloud: Cloud) -> Self {
        Self::with(cloud, Manner::Forgetful)
    }

    /// The same, and it takes one write of an object in a second.
    pub(crate) fn slow(cloud: Cloud) -> Self {
        Self::with(cloud, Manner::Slow)
    }

    /// How many writes it has put off.
    pub(crate) fn put_off(&self) -> usize {
        self.objects.lock().unwrap().put_off
    }

    fn with(cloud: Cloud, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let objects = Arc::new(Mutex::new(Objects { last: START, ..Objects::default() }));
        let shared = Arc::clone(&objects);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let objects = Arc::clone(&shared);
                thread::spawn(move || drop(serve(stream, cloud, manner, &objects)));
            }
        });
        Self { cloud, address, objects }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The table `[state]` for this store, with more of its keys.
    pub(crate) fn state(&self, more: &str) -> String {
        let place = match self.cloud {
            Cloud::Gcs => format!("backend = \"gcs\"\nbucket = \"{BUCKET}\""),
            Cloud::Azblob => {
                format!("backend = \"azblob\"\naccount = \"{ACCOUNT}\"\ncontainer = \"{BUCKET}\"")
            }
        };
        format!("\n[state]\n{place}\nendpoint = \"http://{}\"\n{more}\n", self.address)
    }

    /// Gives a project the credentials of both.
    pub(crate) fn let_in(project: Project<'_>) -> Project<'_> {
        Self::credentials().into_iter().fold(project, |project, (name, value)| project.env(name, value))
    }

    /// The variables of the environment that let in to both.
    pub(crate) fn credentials() -> [(&'static str, &'static str); 2] {
        [("GOOGLE_SERVICE_ACCOUNT_KEY", SERVICE_ACCOUNT), ("AZURE_STORAGE_ACCOUNT_KEY", KEY)]
    }

    /// The names of the objects, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        self.objects.lock().unwrap().kept.keys().cloned().collect()
    }

    /// Removes an object, if it is there.
    pub(crate) fn remove(&self, name: &str) {
        self.objects.lock().unwrap().kept.remove(name);
    }

    /// The content of an object.
    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        let objects = self.objects.lock().unwrap();
        let (bytes, _) = objects.kept.get(name).unwrap_or_else(|| panic!("there is no object {name}"));
        String::from_utf8(bytes.clone()).unwrap()
    }
}

impl Objects {
    fn is_fresh(&self, name: &str) -> bool {
        self.written.get(name).is_some_and(|written| written.elapsed() < PAUSE)
    }

    fn write(&mut self, name: String, body: Vec<u8>) -> u64 {
        self.last += 1;
        self.written.insert(name.clone(), Instant::now());
        self.kept.insert(name, (body, self.last));
        self.last
    }
}

impl Cloud {
    /// What stands before the names of objects.
    fn root(self) -> String {
        match self {
            Self::Gcs => format!("/{BUCKET}/"),
            Self::Azblob => format!("/{ACCOUNT}/{BUCKET}/"),
        }
    }

    /// Why a write is refused where an object is in this state; `None` where it is done.
    fn refusal(self, request: &Request, there: Option<u64>) -> Option<Answer> {
        let header = |name: &str| request.headers.get(name).map(String::as_str);
        match self {
            Self::Gcs => {
                let wanted = header("x-goog-if-generation-match")?;
                (wanted != there.unwrap_or_default().to_string()).then(|| error(412, "PreconditionFailed"))
            }
            Self::Azblob if header("if-none-match") == Some("*") => {
                there.map(|_| error(409, "BlobAlreadyExists"))
            }
            Self::Azblob => {
                let wanted = header("if-match")?;
                (there.map(tag).as_deref() != Some(wanted)).then(|| error(412, "ConditionNotMet"))
            }
        }
    }

    /// The name of the object at a path; `None` where that is in another bucket.
    fn name(self, path: &str) -> Option<String> {
        path.strip_prefix(&self.root()).map(str::to_owned)
    }

    /// The lines of a head that tell one content from another.
    fn version(self, generation: u64) -> String {
        match self {
            Self::Gcs => format!("ETag: \"of-{generation}\"\r\nx-goog-generation: {generation}\r\n"),
            Self::Azblob => format!("ETag: {}\r\n", tag(generation)),
        }
    }

    /// Whether a request has what every one must have.
    fn lets_in(self, request: &Request) -> bool {
        let header = |name: &str| request.headers.get(name).map(String::as_str).unwrap_or_default();
        match self {
            // Whoever asks nobody for a token has none to show.
            Self::Gcs => true,
            Self::Azblob => {
                let is_blob = request.method != "PUT" || header("x-ms-blob-type") == "BlockBlob";
                is_blob && header("authorization").starts_with(&format!("SharedKey {ACCOUNT}:"))
            }
        }
    }

    fn answer(self, request: Request, manner: Manner, objects: &mut Objects) -> Answer {
        if !self.lets_in(&request) {
            return error(403, "AccessDenied");
        }
        if self == Self::Azblob && request.method == "POST" {
            return batch(&request.body, objects);
        }
        let is_of_bucket = format!("{}/", request.path.trim_end_matches('/')) == self.root();
        if is_of_bucket && request.method == "GET" {
            return listing::answer(self, &request.query, objects);
        }
        let Some(name) = self.name(&request.path) else {
            return match self {
                Self::Gcs => error(404, "NoSuchBucket"),
                Self::Azblob => error(404, "ContainerNotFound"),
            };
        };
        let there = objects.kept.get(&name).cloned();
        let generation = there.as_ref().map(|(_, generation)| *generation);
        match (request.method.as_str(), there) {
            ("PUT", _) => match self.refusal(&request, generation) {
                Some(refusal) if manner != Manner::Forgetful => refusal,
                _ if manner == Manner::Slow && objects.is_fresh(&name) => {
                    objects.put_off += 1;
                    error(429, "SlowDown")
                }
                _ => {
                    let headers = self.version(objects.write(name, request.body));
                    Answer { status: 201, headers, body: Vec::new() }
                }
            },
            ("GET", Some((body, generation))) => {
                Answer { status: 200, headers: self.version(generation), body }
            }
            ("DELETE", Some(_)) => {
                objects.kept.remove(&name);
                Answer { status: 204, headers: String::new(), body: Vec::new() }
            }
            ("GET" | "DELETE", None) => match self {
                Self::Gcs => error(404, "NoSuchKey"),
                Self::Azblob => error(404, "BlobNotFound"),
            },
            _ => error(400, "NotOfTests"),
        }
    }
}

fn error(status: u16, code: &str) -> Answer {
    let body =
        format!("<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code} it is.</Message></Error>");
    Answer { status, headers: String::new(), body: body.into_bytes() }
}

/// Deletes blobs by one request, as Azure takes it: each by a request of its own in the body.
fn batch(body: &[u8], objects: &mut Objects) -> Answer {
    let text = String::from_utf8_lossy(body);
    let mut parts = String::new();
    let asked = text.lines().filter_map(|line| line.strip_prefix("DELETE ")?.strip_suffix(" HTTP/1.1"));
    for (id, path) in asked.enumerate() {
        let name = Cloud::Azblob.name(&decoded(path)).unwrap();
        let status = if objects.kept.remove(&name).is_some() { "202 Accepted" } else { "404 Not Found" };
        let _ = write!(
            parts,
            "--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: {id}\r\n\r\nHTTP/1.1 {status}\r\n\r\n"
        );
    }
    let headers = format!("Content-Type: multipart/mixed; boundary={BOUNDARY}\r\n");
    Answer { status: 202, headers, body: format!("{parts}--{BOUNDARY}--\r\n").into_bytes() }
}

fn decoded(path: &str) -> String {
    percent_encoding::percent_decode_str(path).decode_utf8().unwrap().into_owned()
}

fn tag(generation: u64) -> String {
    format!("\"0x8D{generation:013X}\"")
}

fn serve(mut stream: TcpStream, cloud: Cloud, manner: Manner, objects: &Mutex<Objects>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let Some(request) = read(&mut reader)? else { return Ok(()) };
    let Answer { status, headers, body } = cloud.answer(request, manner, &mut objects.lock().unwrap());
    stream.write_all(
        format!(
            "HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\
             Last-Modified: Thu, 26 Nov 2026 20:00:00 GMT\r\n{headers}\r\n",
            body.len()
        )
        .as_bytes(),
    )?;
    stream.write_all(&body)
}

fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut words = first.split_whitespace();
    let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (path, query) = (decoded(path), query.to_owned());
    Ok(Some(Request { method, path, query, headers, body }))
}
