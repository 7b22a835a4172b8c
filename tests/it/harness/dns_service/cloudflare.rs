//! Cloudflare. Source: <https://developers.cloudflare.com/api/resources/dns/subresources/records/>

use serde_json::{Value, json};

use super::{Content, PAGE, Request, SERVICE_TOKEN, SERVICE_ZONE, has_keys, page};

const ZONE_ID: &str = "023e105f4ecef8ad9ca31a8372d0c353";
/// What a record has; the documentation asks for all of them where a record is made.
const KEYS: [&str; 4] = ["type", "name", "content", "ttl"];

type Answer = (u16, Value);

pub(super) fn answer(content: &mut Content, request: &Request) -> Answer {
    if request.token.as_deref() != Some(SERVICE_TOKEN) {
        return error(403, 9109, "Invalid access token");
    }
    if request.path == "/zones" && request.method == "GET" {
        return zones(content, request);
    }
    let records = format!("/zones/{ZONE_ID}/dns_records");
    let Some(rest) = request.path.strip_prefix(&records) else { return not_allowed() };
    match (request.method.as_str(), rest) {
        ("GET", "") => list(content, request),
        ("POST", "") => match checked(content, &request.body, None) {
            Ok(()) => fine(&shown(&content.add(request.body.clone())), Value::Null),
            Err(refusal) => refusal,
        },
        ("POST", "/batch") => batch(content, &request.body),
        (method, id) => match id.strip_prefix('/').and_then(|id| id.parse().ok()) {
            Some(id) => one(content, method, id, &request.body),
            None => not_allowed(),
        },
    }
}

fn error(status: u16, code: u32, message: &str) -> Answer {
    let errors = json!([{"code": code, "message": message}]);
    (status, json!({"success": false, "errors": errors, "messages": [], "result": null}))
}

fn not_allowed() -> Answer {
    error(405, 10000, "Method not allowed for this authentication scheme")
}

fn missing() -> Answer {
    error(404, 81044, "Record does not exist.")
}

fn fine(result: &Value, more: Value) -> Answer {
    let mut body = json!({"success": true, "errors": [], "messages": [], "result": result});
    if !more.is_null() {
        body["result_info"] = more;
    }
    (200, body)
}

/// A record as it is shown: ids are texts.
fn shown(record: &Value) -> Value {
    let mut shown = record.clone();
    shown["id"] = json!(record["id"].to_string());
    shown
}

fn zones(content: &Content, request: &Request) -> Answer {
    let is_it = request.query.get("name").is_none_or(|name| name == SERVICE_ZONE);
    let zone = json!({"id": ZONE_ID, "name": SERVICE_ZONE, "name_servers": content.name_servers});
    let (page, number, pages) = page(if is_it { vec![zone] } else { Vec::new() }, request);
    fine(&Value::from(page), json!({"page": number, "per_page": PAGE, "total_pages": pages}))
}

fn list(content: &Content, request: &Request) -> Answer {
    let (wanted, of_type) = (request.query.get("name.exact"), request.query.get("type"));
    let all = content
        .records
        .values()
        .filter(|record| wanted.is_none_or(|name| record["name"] == name.as_str()))
        .filter(|record| of_type.is_none_or(|name| record["type"] == name.as_str()));
    let (page, number, pages) = page(all.map(shown).collect(), request);
    fine(&Value::from(page), json!({"page": number, "per_page": PAGE, "total_pages": pages}))
}

/// Why a record cannot be as it is wanted.
fn checked(content: &Content, record: &Value, beside: Option<u64>) -> Result<(), Answer> {
    if !has_keys(record, &KEYS) {
        return Err(error(400, 9207, "Request body is invalid."));
    }
    if content.refuses(record, beside) {
        return Err(error(400, 81053, "An A, AAAA, or CNAME record with that host already exists."));
    }
    if record["ttl"].as_u64().is_none_or(|ttl| ttl != 1 && ttl < 60) {
        let message = "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.";
        return Err(error(400, 9021, message));
    }
    Ok(())
}

/// A request about one record.
fn one(content: &mut Content, method: &str, id: u64, body: &Value) -> Answer {
    let Some(record) = content.records.get(&id).cloned() else { return missing() };
    let mut changed = match method {
        "GET" => return fine(&shown(&record), Value::Null),
        "DELETE" => {
            content.records.remove(&id);
            return fine(&json!({"id": id.to_string()}), Value::Null);
        }
        "PUT" => body.clone(),
        "PATCH" => {
            let mut changed = record;
            changed.as_object_mut().unwrap().remove("id");
            changed.as_object_mut().unwrap().extend(body.as_object().cloned().unwrap_or_default());
            changed
        }
        _ => return not_allowed(),
    };
    if let Err(refusal) = checked(content, &changed, Some(id)) {
        return refusal;
    }
    changed["id"] = json!(id);
    content.records.insert(id, changed.clone());
    fine(&shown(&changed), Value::Null)
}

/// Deletes and makes records in one step: what fails leaves everything as it was.
fn batch(content: &mut Content, body: &Value) -> Answer {
    let list = |key: &str| body[key].as_array().cloned().unwrap_or_default();
    let before = content.records.clone();
    let (mut deleted, mut made) = (Vec::new(), Vec::new());
    for one in list("deletes") {
        let id: u64 = one["id"].as_str().unwrap().parse().unwrap();
        let Some(record) = content.records.remove(&id) else {
            content.records = before;
            return missing();
        };
        deleted.push(shown(&record));
    }
    for post in list("posts") {
        if let Err(refusal) = checked(content, &post, None) {
            content.records = before;
            return refusal;
        }
        made.push(shown(&content.add(post)));
    }
    fine(&json!({"deletes": deleted, "patches": [], "posts": made, "puts": []}), Value::Null)
}
