//! Keys of name servers that sign in another way than the usual one.

use super::{NAME, ONE, TWO, block, project};
use crate::harness::{NameServer, Namespace};

tests! {
    a_key_may_sign_with_sha512,
}

fn a_key_may_sign_with_sha512() {
    let (ns, server) = (Namespace::new(), NameServer::signing("hmac-sha512"));
    let project = project(&ns, &server, &block(&server, ONE));
    project.run(["plan"]).code(1).stdout_contains("it knows no key regplan with this algorithm (BADKEY)");
    let named = "key_name = \"regplan\", algorithm = \"hmac-sha512\"";
    project.edit("regplan.toml", "key_name = \"regplan\"", named);
    project.apply();
    assert_eq!(server.dig("A", NAME), "192.0.2.1");
    project.expect_settled();
    project.rewrite("regplan.toml", &block(&server, TWO).replace("key_name = \"regplan\"", named));
    project.apply();
    assert_eq!((server.dig("A", NAME), server.dig("AAAA", NAME)), ("192.0.2.2".into(), "2001:db8::2".into()));
    project.run(["destroy", "--auto-approve"]).success();
    assert_eq!(server.dig("ANY", NAME), "");
    project.edit("regplan.toml", "hmac-sha512", "hmac-md5");
    project.run(["validate"]).code(1).stderr_contains("hmac-md5");
}
