//! A registry by the three answers that its exposure depends on.

use std::fmt;

/// By which way it is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    None,
    Ingress,
    Gateway,
    LoadBalancer,
    NodePort,
}

/// A registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) way: Way,
    /// Whether it has users. Otherwise everybody may use it.
    pub(super) users: bool,
    pub(super) tls: bool,
}

/// A Secret as an authority would fill it.
pub(super) const CERTIFICATE: &str = r#"
{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "registry-tls"}, "type": "kubernetes.io/tls",
 "stringData": {"tls.crt": "certificate", "tls.key": "key"}}"#;

/// Nobody gives addresses here, and nobody answers for Gateways.
const CONFIGURATION: &str = r#"
[project]
name = "{project}"

[registry.main]
host           = "registry.example.com"
image          = "registry:3.1.2"
namespace      = "{ns}"
storage.volume = { size = "1Gi" }
"#;

/// All that the rules of the block allow.
pub(super) fn shapes() -> Vec<Shape> {
    let ways = [Way::None, Way::Ingress, Way::Gateway, Way::LoadBalancer, Way::NodePort];
    let all = ways.into_iter().flat_map(|way| {
        [(true, true), (true, false), (false, true), (false, false)]
            .map(|(users, tls)| Shape::new(way, users, tls))
    });
    all.filter(|shape| shape.is_allowed()).collect()
}

impl Shape {
    pub(super) const fn new(way: Way, users: bool, tls: bool) -> Self {
        Self { way, users, tls }
    }

    fn is_allowed(self) -> bool {
        match self.way {
            Way::None => !self.tls,
            Way::Ingress => true,
            Way::Gateway | Way::NodePort => self.tls || !self.users,
            Way::LoadBalancer => self.tls,
        }
    }

    pub(super) fn configuration(self) -> String {
        let auth =
            if self.users { "auth.users.ci = { env = \"CI_PASSWORD\" }" } else { "auth.anonymous = true" };
        let tls = if self.tls { "tls.secret = \"registry-tls\"" } else { "" };
        let route = if self.users { "registry" } else { "registry-open" };
        let (way, unanswered): (&str, Vec<&str>) = match self.way {
            Way::None => ("", vec![]),
            Way::Ingress => ("ingress.class = \"contour\"", vec![]),
            Way::Gateway if self.tls => {
                ("gateway.class = \"edge\"", vec!["Gateway/registry", "HTTPRoute/registry-redirect"])
            }
            Way::Gateway => ("gateway.class = \"edge\"", vec!["Gateway/registry"]),
            Way::LoadBalancer => ("load_balancer = {}", vec!["Service/registry-external"]),
            Way::NodePort => ("node_port = {}", vec![]),
        };
        let route = format!("HTTPRoute/{route}");
        let unanswered = unanswered.into_iter().chain((self.way == Way::Gateway).then_some(route.as_str()));
        let unanswered: Vec<String> =
            unanswered.map(|object| format!("\"{object}\" = \"written\"")).collect();
        let ready = if unanswered.is_empty() {
            String::new()
        } else {
            format!("lifecycle.ready = {{ {} }}", unanswered.join(", "))
        };
        format!("{CONFIGURATION}{auth}\n{tls}\n{way}\n{ready}\n")
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users = if self.users { "users" } else { "everybody" };
        let tls = if self.tls { "with TLS" } else { "without TLS" };
        write!(f, "{:?} for {users} {tls}", self.way)
    }
}
