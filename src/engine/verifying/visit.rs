//! One registry while it is looked at: what is known of it, how it is reached, and until when.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::door::Door;
use super::network::Network;
use super::subject::Subject;
use super::tls::Trust;
use crate::provider::Provider;
use crate::verify::{Authorities, Maker, OwnRoot, Probe, Served};

/// Where a registry says that it is one.
pub(super) const VERSION: &str = "/v2/";

/// One registry while it is looked at.
pub(super) struct Visit<'a> {
    pub(super) subject: &'a Subject,
    pub(super) provider: &'a dyn Provider,
    pub(super) network: Arc<Network>,
    /// The authorities that this machine trusts.
    pub(super) here: Arc<Authorities>,
    /// The largest body that is sent, in bytes.
    pub(super) largest_body: Option<u64>,
    /// When nothing is waited for any more.
    pub(super) until: Instant,
    /// Told the size of each large body before it is sent.
    pub(super) sends: &'a (dyn Fn(u64) + Send + Sync),
}

/// What was found out on the way, and what was made.
#[derive(Default)]
pub(super) struct Known {
    /// What the server showed in its handshake.
    pub(super) served: Option<Served>,
    pub(super) pushed: Option<Pushed>,
    /// How many uploads could not be broken off.
    pub(super) open_uploads: usize,
    /// Whether pods are made that pull.
    pub(super) makes_pods: bool,
}

/// A probe that is at the registry, as a whole or in part.
pub(super) struct Pushed {
    pub(super) probe: Probe,
    pub(super) maker: Maker,
}

impl Visit<'_> {
    /// The way to the registry. It is believed where this machine or the configuration trusts its certificate.
    pub(super) fn door(&self) -> Door {
        let authorities = match &self.subject.own_root {
            OwnRoot::Known(own) => Arc::new(self.here.and(own)),
            OwnRoot::Nothing | OwnRoot::Unknown(_) => Arc::clone(&self.here),
        };
        let trust = Trust::Those(authorities);
        Door { network: Arc::clone(&self.network), trust, deadline: self.until }
    }

    /// How much time there is.
    pub(super) fn time_left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Its URL.
    pub(super) fn base(&self) -> &Url {
        &self.subject.base
    }

    /// Its host, with the port where that is not the usual one, as names of images have it.
    pub(super) fn authority(&self) -> &str {
        &self.base()[url::Position::BeforeHost..url::Position::AfterPort]
    }

    /// Its host.
    pub(super) fn host(&self) -> &str {
        &self.subject.endpoint.host
    }
}
