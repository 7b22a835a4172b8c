//! Small servers that speak the documented languages of two services that keep zones. They refuse whatever the
//! documentation does not describe: another method or path, a body with unknown or missing keys, a wrong token.
//!
//! Sources: <https://developers.cloudflare.com/api/resources/dns/subresources/records/>,
//! <https://docs.digitalocean.com/reference/api/digitalocean/#tag/Domain-Records>

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// The zone of both.
pub(crate) const SERVICE_ZONE: &str = "example.org";
/// The token that they take.
pub(crate) const SERVICE_TOKEN: &str = "a-token-of-tests";
/// How many records a page has at most, whatever is asked for: so that lists have several.
const PAGE: usize = 2;
const ZONE_ID: &str = "023e105f4ecef8ad9ca31a8372d0c353";

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
    /// Whether something on the way answers to the next change, in the place of the service.
    is_spoilt: bool,
    /// Whether the next change is put off.
    is_busy: bool,
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

    /// Carries out the next change, and something on the way answers 502.
    pub(crate) fn spoil_answer_to_change(&self) {
        self.content.lock().unwrap().is_spoilt = true;
    }

    /// Answers the next change with 429, and does not look at it.
    pub(crate) fn put_off_change(&self) {
        self.content.lock().unwrap().is_busy = true;
    }

    /// Answers the next request with this instead.
    pub(crate) fn answer_once(&self, status: u16, headers: &str, body: Value) {
        self.content.lock().unwrap().instead.push((status, headers.to_owned(), body));
    }
}

impl Content {
    fn add(&mut self, mut record: Value) -> Value {
        self.next += 1;
        record["id"] = json!(self.next);
        self.records.insert(self.next, record.clone());
        record
    }
}

fn serve(stream: TcpStream, dialect: Dialect, content: &Mutex<Content>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let Some(request) = read(&mut reader)? else { return Ok(()) };
    let mut content = content.lock().unwrap();
    content.log.push(format!("{} {}", request.method, request.path));
    let is_change = request.method != "GET";
    let (status, headers, body) = if is_change && std::mem::take(&mut content.is_busy) {
        let body = json!({"id": "too_many_requests", "message": "API Rate limit exceeded."});
        (429, "Retry-After: 1\r\n".to_owned(), body)
    } else if content.instead.is_empty() {
        let (status, body) = match dialect {
            Dialect::Cloudflare => cloudflare(&mut content, &request),
            Dialect::DigitalOcean => digitalocean(&mut content, &request),
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

fn cloudflare(content: &mut Content, request: &Request) -> (u16, Value) {
    let error = |status: u16, code: u32, message: &str| {
        (
            status,
            json!({"success": false, "errors": [{"code": code, "message": message}], "messages": [], "result": null}),
        )
    };
    let fine = |result: Value, more: Value| {
        let mut body = json!({"success": true, "errors": [], "messages": [], "result": result});
        if !more.is_null() {
            body["result_info"] = more;
        }
        (200, body)
    };
    if request.token.as_deref() != Some(SERVICE_TOKEN) {
        return error(403, 9109, "Invalid access token");
    }
    let records = format!("/zones/{ZONE_ID}/dns_records");
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/zones") => {
            let is_it = request.query.get("name").is_some_and(|name| name == SERVICE_ZONE);
            let zone = json!({"id": ZONE_ID, "name": SERVICE_ZONE, "name_servers": []});
            let found = if is_it { vec![zone] } else { Vec::new() };
            fine(Value::from(found), json!({"page": 1, "total_pages": 1}))
        }
        ("GET", path) if path == records => {
            let wanted = request.query.get("name.exact");
            let all = content
                .records
                .values()
                .filter(|record| wanted.is_none_or(|name| record["name"] == name.as_str()));
            let all = all.map(|record| {
                let mut shown = record.clone();
                shown["id"] = json!(record["id"].to_string());
                shown
            });
            let (page, number, pages) = page(all.collect(), request);
            fine(Value::from(page), json!({"page": number, "per_page": PAGE, "total_pages": pages}))
        }
        ("POST", path) if path == format!("{records}/batch") => {
            let list = |key: &str| request.body[key].as_array().cloned().unwrap_or_default();
            let ids: Vec<u64> =
                list("deletes").iter().map(|one| one["id"].as_str().unwrap().parse().unwrap()).collect();
            let mut after = content.records.clone();
            if ids.iter().any(|id| after.remove(id).is_none()) {
                return error(404, 81044, "Record does not exist.");
            }
            for post in list("posts") {
                if !has_keys(&post, &["type", "name", "content", "ttl"]) {
                    return error(400, 9207, "Request body is invalid.");
                }
                let stands = |alias: bool| {
                    after
                        .values()
                        .any(|record| record["name"] == post["name"] && (record["type"] == "CNAME") == alias)
                };
                if stands(true) || post["type"] == "CNAME" && stands(false) {
                    return error(400, 81053, "An A, AAAA, or CNAME record with that host already exists.");
                }
                if post["ttl"].as_u64().is_none_or(|ttl| ttl != 1 && ttl < 60) {
                    return error(
                        400,
                        9021,
                        "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.",
                    );
                }
                let record = content.add(post);
                content.records.remove(&record["id"].as_u64().unwrap());
                after.insert(record["id"].as_u64().unwrap(), record);
            }
            content.records = after;
            fine(json!({"deletes": [], "posts": []}), Value::Null)
        }
        _ => error(405, 10000, "Method not allowed for this authentication scheme"),
    }
}

fn digitalocean(content: &mut Content, request: &Request) -> (u16, Value) {
    let error = |status: u16, id: &str, message: &str| {
        (status, json!({"id": id, "message": message, "request_id": "4d9d8375"}))
    };
    if request.token.as_deref() != Some(SERVICE_TOKEN) {
        return error(401, "Unauthorized", "Unable to authenticate you");
    }
    let records = format!("/v2/domains/{SERVICE_ZONE}/records");
    let Some(rest) = request.path.strip_prefix(&records) else {
        return error(404, "not_found", "The resource you were accessing could not be found.");
    };
    match (request.method.as_str(), rest) {
        ("GET", "") => {
            let whole = |record: &Value| match record["name"].as_str().unwrap() {
                "@" => SERVICE_ZONE.to_owned(),
                name => format!("{name}.{SERVICE_ZONE}"),
            };
            let wanted = request.query.get("name");
            let all =
                content.records.values().filter(|record| wanted.is_none_or(|name| whole(record) == *name));
            let total = all.clone().count();
            let (page, number, pages) = page(all.cloned().collect(), request);
            let next = format!("https://api.digitalocean.com{records}?page={}", number + 1);
            let links = if number < pages { json!({"pages": {"next": next}}) } else { json!({}) };
            (200, json!({"domain_records": page, "links": links, "meta": {"total": total}}))
        }
        ("POST", "") => {
            if !has_keys(&request.body, &["type", "name", "data", "ttl"]) {
                return error(422, "unprocessable_entity", "Data can't be blank.");
            }
            let body = &request.body;
            let stands = |alias: bool| {
                content
                    .records
                    .values()
                    .any(|record| record["name"] == body["name"] && (record["type"] == "CNAME") == alias)
            };
            if stands(true) || body["type"] == "CNAME" && stands(false) {
                return error(
                    422,
                    "unprocessable_entity",
                    "CNAME records cannot share a name with other records",
                );
            }
            let mut record = body.clone();
            if let Some(data) = body["data"].as_str().filter(|_| body["type"] == "CNAME") {
                let Some(data) = data.strip_suffix('.') else {
                    return error(422, "unprocessable_entity", "Data needs to end with a dot (.)");
                };
                record["data"] = json!(data);
            }
            (201, json!({"domain_record": content.add(record)}))
        }
        ("DELETE", id) => match id.strip_prefix('/').and_then(|id| content.records.remove(&id.parse().ok()?))
        {
            Some(_) => (204, Value::Null),
            None => error(404, "not_found", "The resource you were accessing could not be found."),
        },
        _ => error(405, "method_not_allowed", "The method is not allowed."),
    }
}
