//! From an empty namespace to a registry that answers over verified TLS and takes a push, and back.

use http::StatusCode;

use super::super::registry::{PASSWORD, Registry};
use crate::bed::Size;
use crate::bed::image::Image;
use crate::harness::Namespace;

tests! { on Size::Processes;
    a_registry_gets_a_certificate_and_takes_a_push,
}

fn a_registry_gets_a_certificate_and_takes_a_push() {
    let ns = Namespace::absent();
    let registry = Registry::apply(&ns);
    assert_eq!(registry.status("wrong"), Some(StatusCode::UNAUTHORIZED));
    assert_eq!(registry.status(PASSWORD), Some(StatusCode::OK));
    registry.push(&Image::empty());
    registry.destroy();
}
