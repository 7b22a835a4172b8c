//! The stable names of the faults, for documents, tests and scripts.

use crate::diagnostic::codes::codes;

codes! {
    /// There is no such name.
    NO_NAME = "no-name";
    /// The servers that decide about the name do not agree.
    NAMES_DISAGREE = "names-disagree";
    /// The name leads to another address than the one at which the registry is served.
    OTHER_ADDRESS = "other-address";
    /// Nothing answers at an address.
    NO_CONNECTION = "no-connection";
    /// What answers does not speak TLS, or breaks it off.
    NO_TLS = "no-tls";
    /// The certificate leads to no authority that is trusted.
    NOT_TRUSTED = "not-trusted";
    /// The certificate is for other names.
    OTHER_NAMES = "other-names";
    /// The certificate has ended.
    EXPIRED = "expired";
    /// The certificate does not hold yet.
    NOT_YET_VALID = "not-yet-valid";
    /// The certificate should have been renewed by now.
    NOT_RENEWED = "not-renewed";
    /// Somebody else has signed the certificate.
    OTHER_ISSUER = "other-issuer";
    /// Another certificate is served than the one in the Secret.
    OTHER_CERTIFICATE = "other-certificate";
    /// Plain HTTP does not lead to HTTPS.
    NO_REDIRECT = "no-redirect";
    /// Everybody gets in.
    OPEN = "open";
    /// A refusal lacks what clients need to ask for a password.
    NO_CHALLENGE = "no-challenge";
    /// What answers is not the registry.
    NOT_THE_REGISTRY = "not-the-registry";
    /// A wrong password is taken.
    WRONG_PASSWORD_TAKEN = "wrong-password-taken";
    /// The right password is refused.
    PASSWORD_REFUSED = "password-refused";
    /// A push is sent on to somewhere else.
    OTHER_LOCATION = "other-location";
    /// What comes back is not what was pushed.
    OTHER_CONTENT = "other-content";
    /// A body is refused because of its size.
    BODY_TOO_LARGE = "body-too-large";
    /// Something before the registry gave up waiting for it.
    GATEWAY_TIMEOUT = "gateway-timeout";
    /// Something before the registry cannot reach it.
    NO_BACKEND = "no-backend";
    /// There are too many requests.
    TOO_MANY_REQUESTS = "too-many-requests";
    /// The registry answers with an error.
    REGISTRY_ERROR = "registry-error";
    /// The volume of the registry is full.
    VOLUME_FULL = "volume-full";
    /// No answer came in time.
    NO_ANSWER = "no-answer";
    /// The connection was broken off.
    BROKEN_OFF = "broken-off";
    /// A node could not pull.
    NOT_PULLED = "not-pulled";
    /// No pod can be made that pulls.
    POD_REFUSED = "pod-refused";
    /// Another run may still go on.
    OTHER_RUN = "other-run";
    /// Deleting is not allowed.
    NO_DELETE = "no-delete";
    /// A test of a chart has failed.
    TEST_FAILED = "test-failed";
    /// A test of a chart cannot be made.
    TEST_REFUSED = "test-refused";
    /// Something is left that should be gone.
    LEFT_BEHIND = "left-behind";
}
