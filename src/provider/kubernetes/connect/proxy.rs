//! Which proxy, if any, stands between us and the API server.
//!
//! As `kubectl` does it: a `proxy-url` in the kubeconfig always holds; otherwise `HTTPS_PROXY` (or
//! `HTTP_PROXY` for a plain `http://` server) holds unless `NO_PROXY` names the *cluster's* host, or the
//! host is this machine. The client library would compare `NO_PROXY` with the proxy's own URL.

use std::net::IpAddr;

use http::Uri;
use ipnet::IpNet;

use super::settings::Environment;

/// The proxy to use; the error is what is wrong with the setting, naming the setting.
pub(super) fn choose(
    server: &Uri,
    proxy_url: Option<&str>,
    environment: &Environment,
) -> Result<Option<Uri>, String> {
    if let Some(text) = proxy_url.filter(|text| !text.is_empty()) {
        return parse(text).map(Some).map_err(|why| format!("`proxy-url` of the cluster {why}"));
    }
    let names = if server.scheme_str() == Some("http") {
        ["HTTP_PROXY", "http_proxy"]
    } else {
        ["HTTPS_PROXY", "https_proxy"]
    };
    let Some((name, text)) = names.into_iter().find_map(|name| Some((name, environment.get(name)?))) else {
        return Ok(None);
    };
    let no_proxy = environment.get("NO_PROXY").or_else(|| environment.get("no_proxy")).unwrap_or_default();
    if is_local(server) || is_exempt(no_proxy, server) {
        return Ok(None);
    }
    parse(text).map(Some).map_err(|why| format!("the environment variable {name} {why}"))
}

fn parse(text: &str) -> Result<Uri, String> {
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let uri: Uri = full.parse().map_err(|_| "is not a URL".to_owned())?;
    match uri.scheme_str() {
        Some("http" | "https" | "socks5") => Ok(uri),
        Some("socks5h") => {
            full.replacen("socks5h", "socks5", 1).parse().map_err(|_| "is not a URL".to_owned())
        }
        other => Err(format!(
            "names a proxy of a kind that is not supported: `{}` (http, https and socks5 are)",
            other.unwrap_or_default()
        )),
    }
}

fn host_of(server: &Uri) -> &str {
    let host = server.host().unwrap_or_default();
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn port_of(server: &Uri) -> u16 {
    server.port_u16().unwrap_or(if server.scheme_str() == Some("http") { 80 } else { 443 })
}

/// A proxy is never asked for this machine itself.
fn is_local(server: &Uri) -> bool {
    let host = host_of(server);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether `NO_PROXY` names this server: `*`, a host, a domain with all below it (`example.com`) or only
/// what is below it (`.example.com`), an address, a CIDR; each with an optional port.
fn is_exempt(no_proxy: &str, server: &Uri) -> bool {
    let host = host_of(server).trim_end_matches('.').to_ascii_lowercase();
    let port = port_of(server);
    no_proxy
        .split([',', ' '])
        .map(|entry| entry.trim().to_ascii_lowercase())
        .filter(|entry| !entry.is_empty())
        .any(|entry| entry == "*" || matches_entry(&entry, &host, port))
}

fn matches_entry(entry: &str, host: &str, port: u16) -> bool {
    let address: Option<IpAddr> = host.parse().ok();
    if entry.contains('/') {
        let network = entry.parse::<IpNet>().ok();
        return address.zip(network).is_some_and(|(address, network)| network.contains(&address));
    }
    let (name, wanted) = split_port(entry);
    if wanted.is_some_and(|wanted| wanted != port) {
        return false;
    }
    if let Ok(ip) = name.parse::<IpAddr>() {
        return address == Some(ip);
    }
    let name = name.strip_prefix('*').unwrap_or(name);
    if name.starts_with('.') {
        return host.ends_with(name);
    }
    host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
}

/// `host:port`, `[v6]:port`, or no port; a bare IPv6 address has none.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    if let Some(rest) = entry.strip_prefix('[') {
        let (name, rest) = rest.split_once(']').unwrap_or((rest, ""));
        return (name, rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn exempt(no_proxy: &str, server: &str) -> bool {
        is_exempt(no_proxy, &server.parse().unwrap())
    }

    #[test]
    fn no_proxy_is_compared_with_the_clusters_host() {
        assert!(exempt("*", "https://k8s.example.com:6443"));
        assert!(exempt("example.com", "https://k8s.example.com:6443"));
        assert!(exempt("a.b, .example.com", "https://k8s.example.com:6443"));
        assert!(exempt("*.example.com", "https://K8S.example.com"));
        assert!(exempt("example.com", "https://example.com"));
        assert!(!exempt(".example.com", "https://example.com"));
        assert!(!exempt("ample.com", "https://example.com"));
        assert!(!exempt("", "https://example.com"));
    }

    #[test]
    fn addresses_networks_and_ports_are_understood() {
        assert!(exempt("10.0.0.0/8", "https://10.1.2.3:6443"));
        assert!(!exempt("10.0.0.0/8", "https://11.1.2.3:6443"));
        assert!(exempt("0.0.0.0/0", "https://11.1.2.3:6443"));
        assert!(exempt("10.1.2.3", "https://10.1.2.3:6443"));
        assert!(exempt("10.1.2.3:6443", "https://10.1.2.3:6443"));
        assert!(!exempt("10.1.2.3:443", "https://10.1.2.3:6443"));
        assert!(exempt("example.com:443", "https://example.com"));
        assert!(exempt("fd00::/8", "https://[fd00::1]:6443"));
        assert!(exempt("[fd00::1]:6443", "https://[fd00::1]:6443"));
        assert!(exempt("fd00::1", "https://[fd00::1]:6443"));
        assert!(!exempt("10.0.0.0/99,,", "https://10.1.2.3:6443"));
    }

    #[test]
    fn the_kubeconfigs_proxy_holds_over_the_environment() {
        let server: Uri = "https://k8s.example.com".parse().unwrap();
        let all = environment(&[("HTTPS_PROXY", "proxy:3128"), ("NO_PROXY", "example.com")]);
        assert_eq!(choose(&server, None, &all), Ok(None));
        let own = choose(&server, Some("socks5://jump:1080"), &all).unwrap().unwrap();
        assert_eq!(own.scheme_str(), Some("socks5"));
        let env = environment(&[("HTTPS_PROXY", "proxy:3128")]);
        assert_eq!(choose(&server, None, &env).unwrap().unwrap().to_string(), "http://proxy:3128/");
        assert!(choose(&server, Some("ftp://x"), &env).is_err());
        let local: Uri = "https://127.0.0.1:6443".parse().unwrap();
        assert_eq!(choose(&local, None, &env), Ok(None));
        let plain: Uri = "http://k8s.example.com".parse().unwrap();
        assert_eq!(choose(&plain, None, &env), Ok(None));
    }
}
