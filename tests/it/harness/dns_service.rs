//! Small servers that speak the documented languages of two services that keep zones. They refuse whatever the
//! documentation does not describe: another method or path, a body with unknown or missing keys, a wrong token. The
//! services' own clients are run against them (`dns_clients`).

mod cloudflare;
mod digitalocean;

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::command::Command;
use super::program;

/// The zone of both.
pub(crate) const SERVICE_ZONE: &str = "example.org";
/// The token that they take.
pub(crate) const SERVICE_TOKEN: &str = "a-token-of-tests";
/// How many records a page has at most, whatever is asked for: so that lists have several.
const PAGE: usize = 2;

/// Which language it speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Cloudflare,
    DigitalOcean,
}

/// A service that runs until the test binary ends.
pub(crate) struct DnsService {
    url: String,
    content: Arc<Mutex<Content>>,
}

#[derive(Default)]
struct Content {
    /// By their ids.
    records: BTreeMap<u64, Value>,
    next: u64,
    /// Requests that were answered, each as `METHOD PATH`.
    log: Vec<String>,
    /// Answers to give instead, each once: a status, headers and a body.
    instead: Vec<(u16, String, Value)>,
    /// Whether the answer to the next change is lost.
    loses: bool,
    /// How many changes have come, and which of them are not done.
    changes: usize,
    fails: Range<usize>,
    /// The servers of the zone.
    name_servers: Vec<String>,
    /// Whether something on the way answers to the next change, in the place of the service.
    is_spoilt: bool,
    /// Whether the next change is put off.
    is_busy: bool,
    /// The type of the records that are taken and not kept.
    left_out: Option<&'static str>,
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    token: Option<String>,
    body: Value,
}

impl DnsService {
    pub(crate) fn start(dialect: Dialect) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let content = Arc::new(Mutex::new(Content { next: 100, ..Content::default() }));
        let shared = Arc::clone(&content);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let content = Arc::clone(&shared);
                thread::spawn(move || drop(serve(stream, dialect, &content)));
            }
        });
        Self { url, content }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// From now on the zone has these name servers: for Cloudflare, which names them.
    pub(crate) fn serve_at(&self, servers: &[&str]) {
        self.content.lock().unwrap().name_servers =
            servers.iter().map(|server| (*server).to_owned()).collect();
    }

    /// Adds a record as somebody else would, in the form of the service.
    pub(crate) fn put(&self, record: Value) {
        let mut content = self.content.lock().unwrap();
        content.add(record);
    }

    /// Changes every record as somebody else would.
    pub(crate) fn edit(&self, change: impl Fn(&mut Value)) {
        self.content.lock().unwrap().records.values_mut().for_each(change);
    }

    /// The records, each as `TYPE NAME VALUE`, sorted.
    pub(crate) fn records(&self) -> Vec<String> {
        let content = self.content.lock().unwrap();
        let text = |record: &Value| {
            let value = record.get("content").or_else(|| record.get("data")).unwrap();
            format!(
                "{} {} {}",
                record["type"].as_str().unwrap(),
                record["name"].as_str().unwrap(),
                value.as_str().unwrap()
            )
        };
        let mut all: Vec<String> = content.records.values().map(text).collect();
        all.sort();
        all
    }

    /// The requests that change something, in their order.
    pub(crate) fn changes(&self) -> Vec<String> {
        let log = self.content.lock().unwrap().log.clone();
        log.into_iter().filter(|line| !line.starts_with("GET ")).collect()
    }

    /// How many requests have had this method and path since it was asked last.
    pub(crate) fn count_since(&self, request: &str) -> usize {
        let mut content = self.content.lock().unwrap();
        let log = std::mem::take(&mut content.log);
        log.iter().filter(|line| *line == request).count()
    }

    /// Carries out the next change, and gives no answer.
    pub(crate) fn lose_answer_to_change(&self) {
        self.content.lock().unwrap().loses = true;
    }

    /// Lets this many changes pass from now on, and does not do as many after them.
    pub(crate) fn fail_changes(&self, pass: usize, fail: usize) {
        let mut content = self.content.lock().unwrap();
        let first = content.changes + pass;
        content.fails = first..first + fail;
    }

    /// Carries out the next change, and something on the way answers 502.
    pub(crate) fn spoil_answer_to_change(&self) {
        self.content.lock().unwrap().is_spoilt = true;
    }

    /// Answers the next change with 429, and does not look at it.
    pub(crate) fn put_off_change(&self) {
        self.content.lock().unwrap().is_busy = true;
    }

    /// From now on it says that it has made a record of this type, and does not keep it.
    pub(crate) fn leave_out(&self, record_type: Option<&'static str>) {
        self.content.lock().unwrap().left_out = record_type;
    }

    /// Answers the next request with this instead.
    pub(crate) fn answer_once(&self, status: u16, headers: &str, body: Value) {
        self.content.lock().unwrap().instead.push((status, headers.to_owned(), body));
    }
}

/// A program that uses the service by the client that the service itself keeps for its API (`tests/dns-clients`).
#[track_caller]
pub(crate) fn own_client(script: &str, service: &DnsService) -> Command {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dns-clients");
    let limit = std::time::Duration::from_mins(9);
    let built = Command::new(format!("{folder}/build.sh")).inherit_env().limit(limit).run().success();
    let clients = format!("{}/clients", built.stdout().trim());
    let python = Command::new(program("python3")).env("PYTHONPATH", clients);
    python.args([
        format!("{folder}/{script}"),
        service.url.clone(),
        SERVICE_TOKEN.to_owned(),
        SERVICE_ZONE.to_owned(),
    ])
}

impl Content {
    fn add(&mut self, mut record: Value) -> Value {
        self.next += 1;
        record["id"] = json!(self.next);
        if self.left_out.is_none_or(|left_out| record["type"] != left_out) {
            self.records.insert(self.next, record.clone());
        }
        record
    }

    /// Whether an alias (or anything else than one) stands at a name, beside this record.
    fn has_at(&self, name: &Value, alias: bool, beside: Option<u64>) -> bool {
        self.records.iter().any(|(id, record)| {
            Some(*id) != beside && record["name"] == *name && (record["type"] == "CNAME") == alias
        })
    }

    /// Whether this record could not stand where it wants to: nothing stands beside an alias.
    fn refuses(&self, record: &Value, beside: Option<u64>) -> bool {
        self.has_at(&record["name"], true, beside)
            || record["type"] == "CNAME" && self.has_at(&record["name"], false, beside)
    }
}

fn serve(stream: TcpStream, dialect: Dialect, content: &Mutex<Content>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let Some(request) = read(&mut reader)? else { return Ok(()) };
    let mut content = content.lock().unwrap();
    content.log.push(format!("{} {}", request.method, request.path));
    let is_change = request.method != "GET";
    let is_undone = is_change && content.fails.contains(&content.changes);
    content.changes += usize::from(is_change);
    let (status, headers, body) = if is_undone {
        (502, String::new(), Value::Null)
    } else if is_change && std::mem::take(&mut content.is_busy) {
        let body = json!({"id": "too_many_requests", "message": "API Rate limit exceeded."});
        (429, "Retry-After: 1\r\n".to_owned(), body)
    } else if content.instead.is_empty() {
        let (status, body) = match dialect {
            Dialect::Cloudflare => cloudflare::answer(&mut content, &request),
            Dialect::DigitalOcean => digitalocean::answer(&mut content, &request),
        };
        (status, String::new(), body)
    } else {
        content.instead.remove(0)
    };
    let is_lost = is_change && std::mem::take(&mut content.loses);
    let is_spoilt = is_change && std::mem::take(&mut content.is_spoilt);
    let (status, body) = if is_spoilt { (502, Value::Null) } else { (status, body) };
    drop(content);
    if is_lost {
        return Ok(());
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
        body.len()
    )
}

fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut words = first.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (mut token, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => token = value.strip_prefix("Bearer ").map(str::to_owned),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = query.map(|(key, value)| (key.to_owned(), decoded(value))).collect();
    Ok(Some(Request { method, path: decoded(path), query, token, body }))
}

/// A page of what is there, and how many pages there are.
fn page(all: Vec<Value>, request: &Request) -> (Vec<Value>, usize, usize) {
    let number: usize = request.query.get("page").map_or(1, |page| page.parse().unwrap());
    let pages = all.len().div_ceil(PAGE).max(1);
    (all.into_iter().skip((number - 1) * PAGE).take(PAGE).collect(), number, pages)
}

/// Whether a body has exactly these keys.
fn has_keys(body: &Value, keys: &[&str]) -> bool {
    let given: Vec<&str> =
        body.as_object().map(|map| map.keys().map(String::as_str).collect()).unwrap_or_default();
    keys.iter().all(|key| given.contains(key))
        && given.iter().all(|key| keys.contains(key) || *key == "proxied")
}
