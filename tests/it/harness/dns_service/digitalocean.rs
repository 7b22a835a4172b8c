//! DNS at `DigitalOcean`. Source: <https://docs.digitalocean.com/reference/api/digitalocean/#tag/Domain-Records>

use serde_json::{Value, json};

use super::{Content, Request, SERVICE_TOKEN, SERVICE_ZONE, has_keys, page};

/// What a record has.
const KEYS: [&str; 4] = ["type", "name", "data", "ttl"];

type Answer = (u16, Value);

pub(super) fn answer(content: &mut Content, request: &Request) -> Answer {
    if request.token.as_deref() != Some(SERVICE_TOKEN) {
        return error(401, "Unauthorized", "Unable to authenticate you");
    }
    if request.path == "/v2/domains" && request.method == "GET" {
        let domain = json!({"name": SERVICE_ZONE, "ttl": 1800, "zone_file": null});
        return (200, json!({"domains": [domain], "links": {}, "meta": {"total": 1}}));
    }
    let records = format!("/v2/domains/{SERVICE_ZONE}/records");
    let Some(rest) = request.path.strip_prefix(&records) else { return missing() };
    match (request.method.as_str(), rest) {
        ("GET", "") => list(content, request, &records),
        ("POST", "") => match wanted(content, &request.body, None) {
            Ok(record) => (201, json!({"domain_record": content.add(record)})),
            Err(refusal) => refusal,
        },
        (method, id) => match id.strip_prefix('/').and_then(|id| id.parse().ok()) {
            Some(id) => one(content, method, id, &request.body),
            None => missing(),
        },
    }
}

fn error(status: u16, id: &str, message: &str) -> Answer {
    (status, json!({"id": id, "message": message, "request_id": "4d9d8375"}))
}

fn missing() -> Answer {
    error(404, "not_found", "The resource you were accessing could not be found.")
}

fn list(content: &Content, request: &Request, path: &str) -> Answer {
    let whole = |record: &Value| match record["name"].as_str().unwrap() {
        "@" => SERVICE_ZONE.to_owned(),
        name => format!("{name}.{SERVICE_ZONE}"),
    };
    let (wanted, of_type) = (request.query.get("name"), request.query.get("type"));
    let all = content
        .records
        .values()
        .filter(|record| wanted.is_none_or(|name| whole(record) == *name))
        .filter(|record| of_type.is_none_or(|name| record["type"] == name.as_str()));
    let total = all.clone().count();
    let (page, number, pages) = page(all.cloned().collect(), request);
    let next = format!("https://api.digitalocean.com{path}?page={}", number + 1);
    let links = if number < pages { json!({"pages": {"next": next}}) } else { json!({}) };
    (200, json!({"domain_records": page, "links": links, "meta": {"total": total}}))
}

/// The record that a body asks for, or why there cannot be one.
fn wanted(content: &Content, body: &Value, beside: Option<u64>) -> Result<Value, Answer> {
    if !has_keys(body, &KEYS) {
        return Err(error(422, "unprocessable_entity", "Data can't be blank."));
    }
    if content.refuses(body, beside) {
        let message = "CNAME records cannot share a name with other records";
        return Err(error(422, "unprocessable_entity", message));
    }
    let mut record = body.clone();
    if let Some(data) = body["data"].as_str().filter(|_| body["type"] == "CNAME") {
        let Some(data) = data.strip_suffix('.') else {
            return Err(error(422, "unprocessable_entity", "Data needs to end with a dot (.)"));
        };
        record["data"] = json!(data);
    }
    Ok(record)
}

/// A request about one record.
fn one(content: &mut Content, method: &str, id: u64, body: &Value) -> Answer {
    let Some(record) = content.records.get(&id).cloned() else { return missing() };
    let body = match method {
        "GET" => return (200, json!({"domain_record": record})),
        "DELETE" => {
            content.records.remove(&id);
            return (204, Value::Null);
        }
        "PUT" => body.clone(),
        "PATCH" => {
            let mut changed = record;
            changed.as_object_mut().unwrap().remove("id");
            changed.as_object_mut().unwrap().extend(body.as_object().cloned().unwrap_or_default());
            changed
        }
        _ => return error(405, "method_not_allowed", "The method is not allowed."),
    };
    match wanted(content, &body, Some(id)) {
        Ok(mut changed) => {
            changed["id"] = json!(id);
            content.records.insert(id, changed.clone());
            (200, json!({"domain_record": changed}))
        }
        Err(refusal) => refusal,
    }
}
