//! The stable names of the mistakes that blocks find, for documents, tests and scripts.

use crate::diagnostic::codes::codes;

codes! {
    /// A document or a block is not a Kubernetes object: no `apiVersion`, `kind` or `metadata.name`.
    NOT_AN_OBJECT = "not-an-object";
    /// A name that Kubernetes does not take.
    INVALID_NAME = "invalid-name";
    /// A label that Kubernetes does not take.
    INVALID_LABEL = "invalid-label";
    /// An annotation that Kubernetes does not take.
    INVALID_ANNOTATION = "invalid-annotation";
    /// Data of a `Secret` or `ConfigMap` that Kubernetes does not take.
    INVALID_DATA = "invalid-data";
    /// A key without a value.
    EMPTY_KEY = "empty-key";
    /// An amount that Kubernetes does not take.
    INVALID_QUANTITY = "invalid-quantity";
    /// Two objects are the same: same group, kind, namespace and name.
    DUPLICATE_OBJECT = "duplicate-object";
    /// Two objects want a value that only one can have: a node port, a cluster IP.
    CONTESTED_VALUE = "contested-value";
    /// What is referred to is not there.
    UNKNOWN_REFERENCE = "unknown-reference";
    /// A reference stands where the value must be known at once.
    REFERENCE_NOT_EXPECTED = "reference-not-expected";
    /// One text refers to a secret and to a live field.
    MIXED_REFERENCE = "mixed-reference";
    /// An `ignore_changes` or `ready` rule fits no object of its block.
    RULE_WITHOUT_OBJECT = "rule-without-object";
    /// Objects that Helm would run only at a moment of its own.
    HELM_HOOKS = "helm-hooks";
    /// A release of Helm that cannot be taken over as it is.
    HELM_RELEASE = "helm-release";
    /// Which namespaces a label selector means is not known.
    NAMESPACES_NOT_KNOWN = "namespaces-not-known";
    /// Which user nodes have now is not known, so no rotation can go on.
    ROTATION_NOT_KNOWN = "rotation-not-known";
    /// The last rotation has not ended, and another one is asked for.
    ROTATION_NOT_ENDED = "rotation-not-ended";
    /// Pulls may fail for a while.
    PULL_GAP = "pull-gap";
    /// A chart does not say which version is meant.
    CHART_NOT_PINNED = "chart-not-pinned";
    /// A chart cannot be had, or Helm cannot render it.
    CHART_NOT_RENDERED = "chart-not-rendered";
    /// A chart renders no object.
    CHART_EMPTY = "chart-empty";
    /// A text that holds something random stays as it is, though the rest of it has changed.
    CHART_NOT_FOLLOWED = "chart-not-followed";
    /// What a chart has made at random is not of one run, or cannot be made anew.
    CHART_RANDOM = "chart-random";
    /// A certificate that a chart has made ends.
    CHART_CERTIFICATE = "chart-certificate";
    /// It is less certain than usual where a chart puts its secrets.
    CHART_SECRETS = "chart-secrets";
    /// A field that only the server writes.
    SERVER_FIELD = "server-field";
    /// A file cannot be read, or is not what it should be.
    BAD_FILE = "bad-file";
    /// A file has another SHA-256 than the configuration says.
    WRONG_DIGEST = "wrong-digest";
    /// The value is not one that is taken here.
    BAD_VALUE = "bad-value";
    /// A registry that anybody could use, without the word that this is meant.
    NO_AUTH = "no-auth";
    /// Keys stand together of which only one may.
    CONFLICTING_KEYS = "conflicting-keys";
    /// An image without tag or digest.
    UNPINNED_IMAGE = "unpinned-image";
    /// More replicas than the volume can serve.
    TOO_MANY_REPLICAS = "too-many-replicas";
    /// A key that does nothing as things stand.
    USELESS_KEY = "useless-key";
    /// A key of an object that looks like one of regplan's own.
    DOUBTFUL_KEY = "doubtful-key";
    /// A generated value that the state knows and the cluster has lost.
    LOST_SECRET = "lost-secret";
    /// A secret that can be had, and cannot be used.
    BAD_SECRET = "bad-secret";
    /// An output gives a secret, and is not marked.
    OPEN_SECRET = "open-secret";
    /// Something that Kubernetes or cert-manager does not read any more, or that is left of Helm 2.
    OBSOLETE = "obsolete";
    /// A name that the issuer of a certificate cannot prove to its ACME server.
    UNPROVABLE_NAME = "unprovable-name";
    /// A further name of a certificate lies in the zone of the registry, and nothing makes its record.
    NAME_WITHOUT_RECORD = "name-without-record";
    /// external-dns is not told to read what asks it for records.
    RECORDS_NOT_READ = "records-not-read";
    /// A controller that cannot be told which limits pushes need.
    UNKNOWN_CONTROLLER = "unknown-controller";
    /// The controller of a Gateway takes no body as large as layers of images are.
    BODY_LIMIT = "body-limit";
    /// An ingress controller that nobody mends any more.
    RETIRED_CONTROLLER = "retired-controller";
    /// A certificate would be waited for that nobody can get.
    UNPROVEN_NAME = "unproven-name";
    /// Passwords or images would travel in clear.
    NO_TLS = "no-tls";
    /// A listener of a Gateway that is there does not end TLS, so that it would take passwords in clear.
    PLAIN_LISTENER = "plain-listener";
    /// A listener of a Gateway that is there takes no route to the registry.
    REFUSED_ROUTE = "refused-route";
    /// Two registries store their images at the same place.
    SHARED_STORE = "shared-store";
    /// Whoever pulls is sent to a store that is not reached from there.
    UNREACHABLE_STORE = "unreachable-store";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn every_code_is_there_once_and_says_what_it_means() {
        let mut names: Vec<_> = ALL.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        assert!(ALL.iter().all(|(_, meaning)| !meaning.is_empty()));
    }
}
