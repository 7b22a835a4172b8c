//! Where a push goes on: the header `Location` of an answer, and whether it may lead there.

use url::Url;

use super::codes;
use super::outcome::Fault;

/// The URL at which an upload goes on. One that leads elsewhere is refused: a client would send the password along.
pub fn next_url(at: &Url, location: Option<&str>) -> Result<Url, Fault> {
    let fault = |reason: String, fix: &str| Fault::new(codes::OTHER_LOCATION, reason, fix);
    let location = location.ok_or_else(|| {
        fault(
            "the answer does not say where the push goes on (`Location`)".to_owned(),
            "look what takes the header away",
        )
    })?;
    let next = at.join(location).map_err(|_| {
        fault("`Location` is no URL".to_owned(), "look what changes the header before it gets here")
    })?;
    if next.scheme() != at.scheme() {
        return Err(fault(
            format!("the push is sent on to {}://, and it began at {}://", next.scheme(), at.scheme()),
            "have what ends TLS set `X-Forwarded-Proto`, or the registry give URLs without a host \
             (`http.relativeurls`, as regplan does)",
        ));
    }
    if (next.host_str(), next.port_or_known_default()) != (at.host_str(), at.port_or_known_default()) {
        let there = next.host_str().unwrap_or_default();
        return Err(fault(
            format!("the push is sent on to {there}, and it began at {}", at.host_str().unwrap_or_default()),
            "have what stands before the registry pass the header `Host` on as it is, or the registry give URLs without \
             a host (`http.relativeurls`, as regplan does)",
        ));
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_goes_on_where_it_began() {
        let at = Url::parse("https://r.example.com/v2/a/blobs/uploads/").unwrap();
        let to = |location| next_url(&at, location).map(|url| url.to_string()).map_err(|fault| fault.reason);
        let next = Ok("https://r.example.com/v2/a/blobs/uploads/1?_state=x".to_owned());
        assert_eq!(to(Some("/v2/a/blobs/uploads/1?_state=x")), next);
        assert_eq!(to(Some("https://r.example.com/v2/a/blobs/uploads/1?_state=x")), next);
        assert_eq!(to(Some("https://r.example.com:443/v2/a/blobs/uploads/1?_state=x")), next);
        assert!(to(Some("http://r.example.com/v2/")).unwrap_err().contains("sent on to http://"));
        assert!(to(Some("https://registry.svc:5000/v2/")).unwrap_err().contains("registry.svc"));
        assert!(to(Some("https://r.example.com:5000/v2/")).is_err());
        assert!(to(None).is_err());
    }
}
