//! What the schema of a registry cannot say; of its storage in `rules/storage.rs`, of the ways by which it is reached in
//! `rules/ways.rs`, of the controller of an Ingress in `rules/controller.rs`, of the listener of a Gateway that is there in
//! `rules/listener.rs`, and of the limit for bodies of a Gateway in `rules/body_limit.rs`; of the further names of its certificate
//! in `rules/further_names.rs`, of how each of its names is written in `rules/host_name.rs`, and of registries that share a bucket in `rules/shared_bucket.rs`.

mod body_limit;
mod controller;
pub(super) mod further_names;
mod host_name;
mod listener;
pub(super) mod shared_bucket;
mod storage;
mod ways;

use self::host_name::{NameFault, domain};
use super::common::Registry;
use super::htpasswd;
use super::image::{Image, ImageError};
use super::record;
use super::serving::Serving;
use super::spec::UserSource;
use crate::blocks::codes;
use crate::blocks::facts::{Fact, Need};
use crate::blocks::keys::{item_span, span_of};
use crate::blocks::types::issuer::IssuerSpec;
use crate::config::SecretSource;
use crate::diagnostic::{Diagnostic, Span};
use crate::kubernetes::ingress_classes::CLASS_ANNOTATION;
use crate::kubernetes::names;
use crate::kubernetes::proofs::asks_certificate;
use crate::resource::record_set::lies_in;

/// A generated secret with fewer characters could be guessed.
const SHORTEST_SECRET: u16 = 12;

/// Pushes what is wrong with a block.
pub(super) fn check(registry: &Registry<'_>, mistakes: &mut Vec<Diagnostic>) {
    let mut rules = Rules { registry, mistakes };
    rules.image();
    rules.host();
    rules.further_names();
    rules.names();
    rules.storage();
    rules.auth();
    rules.generated();
    rules.way();
    rules.certificate();
    rules.record();
    rules.annotations();
    rules.labels();
}

struct Rules<'a> {
    registry: &'a Registry<'a>,
    mistakes: &'a mut Vec<Diagnostic>,
}

impl Rules<'_> {
    fn span(&self, keys: &[&str]) -> Span {
        span_of(self.registry.block, keys.iter().copied())
    }

    fn error(&mut self, code: &'static str, keys: &[&str], message: String, help: &str) {
        let span = self.span(keys);
        self.mistakes.push(Diagnostic::error(code, message).at(span, "").help(help));
    }

    fn warn(&mut self, code: &'static str, keys: &[&str], message: String, help: &str) {
        let span = self.span(keys);
        self.mistakes.push(Diagnostic::warning(code, message).at(span, "").help(help));
    }

    fn image(&mut self) {
        let image = &self.registry.spec.options.image;
        match Image::parse(image) {
            Ok(parsed) if parsed.floats() => self.warn(
                codes::UNPINNED_IMAGE,
                &["image"],
                format!("the tag of `{image}` may lead to another image later"),
                "name a whole version: `registry:3.1.1`",
            ),
            Ok(_) => {}
            Err(ImageError::Unpinned) => self.error(
                codes::UNPINNED_IMAGE,
                &["image"],
                format!("the image `{image}` has neither tag nor digest, so it is not known what would run"),
                "name a version, as in `registry:3.1.1`, or a digest, as in `registry@sha256:…`",
            ),
            Err(ImageError::Malformed(why)) => self.error(
                codes::BAD_VALUE,
                &["image"],
                format!("`{image}` is not the name of an image: {why}"),
                "write it as in `registry:3.1.1` or `host/path/registry:3.1.1@sha256:…`",
            ),
        }
    }

    fn host(&mut self) {
        let host = &self.registry.spec.options.host;
        if let Err(NameFault { what, help }) = domain(host) {
            self.error(codes::BAD_VALUE, &["host"], format!("the host `{host}` {what}"), help);
        } else if !host.contains('.') && host != "localhost" {
            self.warn(
                codes::BAD_VALUE,
                &["host"],
                format!("docker takes `{host}/image` for an image of Docker Hub"),
                "write a name with a dot: `registry.example.com`",
            );
        }
    }

    /// The further names of the certificate, by the rule of the host. Each may be that of all names below another one.
    fn further_names(&mut self) {
        let names = self.registry.spec.options.tls.iter().flat_map(|tls| &tls.names);
        for (index, name) in names.enumerate() {
            let Err(NameFault { what, help }) = domain(name.strip_prefix("*.").unwrap_or(name)) else {
                continue;
            };
            let span = item_span(self.registry.block, ["tls", "names"], index);
            let message = format!("the name `{name}` of the certificate {what}");
            self.mistakes.push(Diagnostic::error(codes::BAD_VALUE, message).at(span, "").help(help));
        }
    }

    /// The record by which the host is found.
    fn record(&mut self) {
        let Some(dns) = self.registry.dns else { return };
        let host = self.registry.spec.host();
        match dns.name() {
            Some(name) if name != host => self.error(
                codes::BAD_VALUE,
                &["dns"],
                format!("the record is that of {name}, and the registry's host is {host}"),
                "give the block the name of the host, or no name: then the record is made for the host",
            ),
            None if !lies_in(host, dns.zone()) => self.error(
                codes::BAD_VALUE,
                &["dns"],
                format!("{host} does not lie in the zone {}", dns.zone()),
                "name a block with the zone in which the host lies",
            ),
            None if !record::is_led(self.registry, dns) => self.error(
                codes::BAD_VALUE,
                &["dns"],
                "nothing of the registry tells where the name is to lead".to_owned(),
                "add `ingress`, `gateway` or `load_balancer`, or give the zone a `target`, as in `target = \"nodes\"`",
            ),
            None if record::assumes_type(self.registry) && !self.is_serving_unwanted() => self.warn(
                codes::BAD_VALUE,
                &["dns"],
                "external-dns is told a type, and the address is known only later: it is taken for one of IPv4".to_owned(),
                "say in the block of the zone what it will be: `type = \"A\"`, `\"AAAA\"` or `\"CNAME\"`",
            ),
            Some(_) | None => {}
        }
    }

    /// Whether nobody wants to know who serves the Ingress, so that nobody has looked for the address at which it is reached.
    fn is_serving_unwanted(&self) -> bool {
        self.registry.serving.is_some_and(Serving::is_not_wanted)
    }

    /// The name, by the rule for Services, which is the strictest, with the longest suffix.
    fn names(&mut self) {
        if let Err(why) = names::dns_label_1035(&self.registry.spec.suffixed("htpasswd")) {
            let message = format!("the name `{}` of the objects {why}", self.registry.spec.name);
            self.error(codes::INVALID_NAME, &["name"], message, "choose another `name`");
        }
    }

    fn auth(&mut self) {
        let auth = &self.registry.spec.options.auth;
        let given: Vec<&str> = [
            ("auth.users", !auth.users.is_empty()),
            ("auth.htpasswd", auth.htpasswd.is_some()),
            ("auth.anonymous", auth.anonymous),
        ]
        .into_iter()
        .filter_map(|(key, is_given)| is_given.then_some(key))
        .collect();
        match given.as_slice() {
            [] => self.error(
                codes::NO_AUTH,
                &["auth"],
                format!(
                    "`{}` has no users: anybody could pull, push and delete",
                    self.registry.block.address
                ),
                "give it `auth.users` or `auth.htpasswd`; if everybody may, say `auth.anonymous = true`",
            ),
            [_] => {}
            [first, second, ..] => {
                let message = format!("`{first}` and `{second}` stand together, and only one may");
                self.error(codes::CONFLICTING_KEYS, &["auth"], message, "remove one of them");
            }
        }
        for name in self.registry.spec.options.auth.users.keys() {
            if let Err(why) = htpasswd::user_name(name) {
                let message = format!("`{name}` cannot be the name of a user: {why}");
                self.error(codes::BAD_VALUE, &["auth", "users", name], message, "choose another name");
            }
        }
        if self.registry.spec.users == UserSource::File {
            self.htpasswd_file();
        }
        if self.registry.spec.users == UserSource::Listed
            && let Some(need) = self.registry.spec.htpasswd_need(self.registry.pull_users)
            && let Some(Fact::Failed(why)) = self.registry.facts.get(&need)
        {
            let why = why.clone();
            self.error(codes::BAD_SECRET, &["auth", "users"], why, "give the user another password");
        }
    }

    fn htpasswd_file(&mut self) {
        let Some(path) = self.registry.spec.options.auth.htpasswd.clone() else { return };
        let keys = ["auth", "htpasswd"];
        match self.registry.facts.get(&Need::File(path.clone())) {
            Some(Fact::File(text)) => {
                for (line, why) in htpasswd::mistakes(text) {
                    let message = format!("{}:{line}: {why}", path.display());
                    self.error(codes::BAD_FILE, &keys, message, "correct the file");
                }
            }
            Some(Fact::Failed(why)) => {
                let why = why.clone();
                self.error(
                    codes::BAD_FILE,
                    &keys,
                    why,
                    "name the htpasswd file itself; `htpasswd -B -c FILE USER` makes one",
                );
            }
            _ => {}
        }
    }

    fn generated(&mut self) {
        let mut sources: Vec<(Vec<&str>, &SecretSource)> = Vec::new();
        let options = &self.registry.spec.options;
        sources.extend(options.http.secret.as_ref().map(|source| (vec!["http", "secret"], source)));
        sources.extend(options.auth.users.iter().map(|(name, source)| (vec!["auth", "users", name], source)));
        for (keys, source) in sources {
            let SecretSource::Generate(generate) = source else { continue };
            if generate.length < SHORTEST_SECRET {
                let message =
                    format!("`{}` would have {} characters", self.registry.key(&keys), generate.length);
                let help = format!("take {SHORTEST_SECRET} or more");
                self.error(codes::BAD_VALUE, &keys, message, &help);
            }
            if let ["auth", "users", name] = keys.as_slice()
                && let Err(why) = names::data_key(name)
            {
                let message = format!("the password of `{name}` cannot be kept in a Secret: its key {why}");
                self.error(codes::BAD_VALUE, &keys, message, "choose another name, or give the password");
            }
        }
    }

    fn certificate(&mut self) {
        let Some(tls) = &self.registry.spec.options.tls else { return };
        let with_issuer = [
            ("names", !tls.names.is_empty()),
            ("duration", tls.duration.is_some()),
            ("renew_before", tls.renew_before.is_some()),
        ];
        let useless = with_issuer.into_iter().find(|(_, is_given)| *is_given).map(|(key, _)| key);
        let options = &self.registry.spec.options;
        let ingress = options
            .ingress
            .iter()
            .flat_map(|way| way.annotations.keys())
            .map(|key| (vec!["ingress", "annotations"], key));
        let gateway = options
            .gateway
            .iter()
            .flat_map(|way| way.annotations.keys())
            .map(|key| (vec!["gateway", "annotations"], key));
        let on_all = options.annotations.keys().map(|key| (vec!["annotations"], key));
        let second = ingress.chain(gateway).chain(on_all).find(|(_, key)| asks_certificate(key));
        let second = second.map(|(table, key)| (table, key.clone()));
        match (&tls.issuer, &tls.secret) {
            (None, None) => self.error(
                codes::BAD_VALUE,
                &["tls"],
                "`tls` does not say where the certificate comes from".to_owned(),
                "name who signs it, as in `tls.issuer = \"issuer.letsencrypt\"`, or a Secret that is there: `tls.secret`",
            ),
            (None, Some(_)) => {
                if let Some(key) = useless {
                    let message = format!("`tls.{key}` says what a certificate is to be, and nobody signs one");
                    self.error(codes::USELESS_KEY, &["tls", key], message, "add `tls.issuer`, or take it out");
                }
            }
            (Some(_), _) => {
                if let Some((table, key)) = second {
                    let keys: Vec<&str> = table.into_iter().chain([key.as_str()]).collect();
                    self.error(
                        codes::CONFLICTING_KEYS,
                        &keys,
                        format!("`{key}` has cert-manager make a certificate, and `tls.issuer` makes one already"),
                        "take the annotation out",
                    );
                }
            }
        }
        let namespace = self.registry.spec.namespace.as_str();
        if let Some(other) =
            self.registry.issuer.and_then(IssuerSpec::only_namespace).filter(|other| *other != namespace)
        {
            let message = format!(
                "the issuer signs in the namespace `{other}` alone, and the registry is in `{namespace}`"
            );
            let help = "give the issuer `scope = \"cluster\"`, or the namespace of the registry";
            self.error(codes::BAD_VALUE, &["tls", "issuer"], message, help);
        }
    }

    /// `annotations` go onto each object. The one that names a class is read from the table of the Ingress alone.
    fn annotations(&mut self) {
        if self.registry.spec.options.annotations.contains_key(CLASS_ANNOTATION) {
            self.error(
                codes::CONFLICTING_KEYS,
                &["annotations", CLASS_ANNOTATION],
                format!("`{CLASS_ANNOTATION}` belongs to the Ingress alone"),
                "name the class there: `ingress.class`",
            );
        }
    }

    fn labels(&mut self) {
        const OURS: [&str; 2] = ["app.kubernetes.io/name", "app.kubernetes.io/instance"];
        let taken: Vec<&str> =
            OURS.into_iter().filter(|key| self.registry.spec.options.labels.contains_key(*key)).collect();
        for key in taken {
            self.error(
                codes::INVALID_LABEL,
                &["labels", key],
                format!("the label `{key}` tells the pods of this registry from others, and is set already"),
                "remove it",
            );
        }
    }
}
