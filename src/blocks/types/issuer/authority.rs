//! An issuer with an authority of one's own.

use serde_json::json;

use super::options::Authority;
use super::{API_VERSION, IssuerSpec};
use crate::blocks::draft::Draft;
use crate::config::Block;
use crate::resource::{Address, FieldPath, Identity};

/// The end of the name of the issuer that signs a root that is made here.
pub(super) const MAKER: &str = "-root-maker";
/// Ten years: every machine that pulls has to be told of a new root.
const DURATION: &str = "87600h";

/// The issuer; with the authority itself, where it is made here.
pub(super) fn objects(block: &Block, spec: &IssuerSpec, authority: &Authority) -> Vec<Draft> {
    let issuer = |secret: &str| {
        let draft = spec.issuer(block, &spec.name, &json!({"ca": {"secretName": secret}}));
        draft.from(block, FieldPath::keys(["spec", "ca"]), ["ca"])
    };
    if let Some(secret) = &authority.secret {
        return vec![issuer(secret).set_by(
            block,
            FieldPath::keys(["spec", "ca", "secretName"]),
            ["ca", "secret"],
        )];
    }
    let root = spec.suffixed("root");
    let maker = format!("{}{MAKER}", spec.name);
    let root_identity =
        Identity::namespaced("cert-manager.io", "Certificate", spec.secrets_namespace(), root.as_str());
    let root_address = Address::object(block.address.clone(), &root_identity, Some(&spec.namespace));
    let mut issuer = issuer(&root);
    // An issuer looks for its Secret once, and again only after a while.
    issuer.depends_on.push(root_address);
    vec![
        spec.issuer(block, &maker, &json!({"selfSigned": {}})),
        certificate(block, spec, authority, &root, &maker),
        issuer,
    ]
}

/// The certificate of an authority that is made here.
fn certificate(block: &Block, spec: &IssuerSpec, authority: &Authority, root: &str, maker: &str) -> Draft {
    let common_name = authority.common_name.clone().unwrap_or_else(|| format!("{} root", spec.name));
    let mut draft = spec.draft(
        block,
        json!({
            "apiVersion": API_VERSION,
            "kind": "Certificate",
            "metadata": {"name": root, "namespace": spec.secrets_namespace()},
            "spec": {
                "isCA": true,
                "commonName": common_name,
                "secretName": root,
                "duration": authority.duration.as_deref().unwrap_or(DURATION),
                // A new key would be a new authority, which no machine trusts.
                "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"},
                "issuerRef": {"group": "cert-manager.io", "kind": spec.kind(), "name": maker},
            },
        }),
    );
    for (field, key) in [("commonName", "common_name"), ("duration", "duration")] {
        draft = draft.set_by(block, FieldPath::keys(["spec", field]), ["ca", key]);
    }
    let maker = match spec.only_namespace() {
        Some(namespace) => Identity::namespaced("cert-manager.io", spec.kind(), namespace, maker),
        None => Identity::cluster("cert-manager.io", spec.kind(), maker),
    };
    draft.depends_on.push(Address::object(block.address.clone(), &maker, Some(&spec.namespace)));
    // What trusts this authority trusts no other one.
    draft.protect = true;
    draft
}
