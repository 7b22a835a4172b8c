use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use super::*;
use crate::resource::{BlockAddress, Identity};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn named(name: &str, organization: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.distinguished_name.push(DnType::OrganizationName, organization);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn roots(&self) -> Authorities {
        [self.0.der().clone()].into_iter().collect()
    }

    /// A certificate for a host, of the years from the first to the last.
    fn signs(&self, host: &str, years: (i32, i32)) -> Served {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let certificate = params.signed_by(&KeyPair::generate().unwrap(), &self.0).unwrap();
        Served::of(vec![certificate.der().clone()]).unwrap()
    }
}

fn signed(signer: Signer) -> Signed {
    Signed {
        certificate: Identity::namespaced("cert-manager.io", "Certificate", "a", "registry"),
        issuer: BlockAddress::new("issuer", "first"),
        signer,
    }
}

fn code(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed(fault) => fault.code,
        other => other.name(),
    }
}

fn reason(outcome: Outcome) -> String {
    match outcome {
        Outcome::Failed(fault) => fault.reason,
        other => panic!("{other:?}"),
    }
}

const YEARS: (i32, i32) = (2020, 2090);

#[test]
fn a_chain_is_trusted_by_this_machine_or_by_the_issuer() {
    let authority = Authority::named("Root", "Example");
    let served = authority.signs("r.example.com", YEARS);
    let nobody = Authorities::default();
    assert_eq!(code(&chain(&served, &authority.roots(), &OwnRoot::Nothing, None)), "passed");
    assert_eq!(code(&chain(&served, &nobody, &OwnRoot::Nothing, None)), codes::NOT_TRUSTED);
    let ours = signed(Signer::Authority(Identity::namespaced("", "Secret", "a", "first-root")));
    let by_issuer = chain(&served, &nobody, &OwnRoot::Known(authority.roots()), Some(&ours));
    assert!(matches!(&by_issuer, Outcome::Passed(found) if found.contains("issuer.first")), "{by_issuer:?}");
    let other = Authority::named("Other", "Example").roots();
    assert_eq!(code(&chain(&served, &nobody, &OwnRoot::Known(other), Some(&ours))), codes::NOT_TRUSTED);
    let unknown = OwnRoot::Unknown("no cluster is reached".into());
    assert_eq!(chain(&served, &nobody, &unknown, Some(&ours)).name(), "skipped");
    assert_eq!(code(&chain(&served, &authority.roots(), &unknown, Some(&ours))), "passed");
    // That it has ended is told by another check.
    let ended = authority.signs("r.example.com", (2019, 2020));
    assert_eq!(code(&chain(&ended, &authority.roots(), &OwnRoot::Nothing, None)), "passed");
}

/// Tools that make certificates for trials often make one of an authority, and clients take it where they were given it.
#[test]
fn an_authority_may_be_the_server_itself() {
    let params = |host: &str| {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    };
    let own = params("r.example.com").self_signed(&KeyPair::generate().unwrap()).unwrap();
    let served = Served::of(vec![own.der().clone()]).unwrap();
    let given: Authorities = [own.der().clone()].into_iter().collect();
    assert_eq!(code(&chain(&served, &given, &OwnRoot::Nothing, None)), "passed");
    assert_eq!(
        reason(chain(&served, &Authorities::default(), &OwnRoot::Nothing, None)),
        "it has signed itself"
    );
    let authority = Authority::named("Root", "Example");
    let below = params("r.example.com").signed_by(&KeyPair::generate().unwrap(), &authority.0).unwrap();
    let below = Served::of(vec![below.der().clone()]).unwrap();
    let said = reason(chain(&below, &authority.roots(), &OwnRoot::Nothing, None));
    assert!(said.contains("Root signed it, and it is itself one of an authority (`CA:TRUE`)"), "{said}");
    // Whose signer nobody knows has two faults, and is told both.
    let both =
        "Root signed it, and its issuer is not known here; it is itself one of an authority (`CA:TRUE`)";
    for others in [Authorities::default(), Authority::named("Other", "Example").roots()] {
        let said = reason(chain(&below, &others, &OwnRoot::Nothing, None));
        assert!(said.contains(both), "{said}");
    }
}

#[test]
fn a_signer_is_found_by_its_name_by_way_of_the_certificates_between() {
    let root = Authority::named("Root", "Example");
    let mut params = CertificateParams::new(vec!["r.example.com".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let mut between = CertificateParams::default();
    between.distinguished_name.push(DnType::CommonName, "Between");
    between.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let between = CertifiedIssuer::signed_by(between, KeyPair::generate().unwrap(), &root.0).unwrap();
    let leaf = params.signed_by(&KeyPair::generate().unwrap(), &between).unwrap();
    let others = [between.der().clone()];
    assert!(root.roots().are_named_by(leaf.der(), &others));
    assert!(!root.roots().are_named_by(leaf.der(), &[]));
    // Two that name each other lead nowhere.
    let own = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    assert!(!root.roots().are_named_by(own.der(), &[own.der().clone(), between.der().clone()]));
}

#[test]
fn staging_and_stand_ins_are_called_what_they_are() {
    let nobody = Authorities::default();
    let staging = Authority::named("(STAGING) Ersatz Edamame E1", "(STAGING) Let's Encrypt");
    let served = staging.signs("r.example.com", YEARS);
    assert!(reason(chain(&served, &nobody, &OwnRoot::Nothing, None)).contains("server for trials"));
    let mut params = CertificateParams::new(vec!["ingress.local".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "Kubernetes Ingress Controller Fake Certificate");
    let fake = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let fake = Served::of(vec![fake.der().clone()]).unwrap();
    assert!(reason(chain(&fake, &nobody, &OwnRoot::Nothing, None)).contains("ingress-nginx"));
    assert_eq!(code(&names(&fake, &["r.example.com"])), codes::OTHER_NAMES);
    // All that is wrong with it has one cause.
    let ours = signed(Signer::LetsEncrypt);
    let all = [
        chain(&fake, &nobody, &OwnRoot::Nothing, None),
        names(&fake, &["r.example.com"]),
        issuer(&fake, Some(&ours), &Stored::Nothing),
    ];
    for outcome in all {
        let Outcome::Failed(fault) = outcome else { panic!("{outcome:?}") };
        assert_eq!(fault.cause.as_deref(), Some(STAND_IN), "{fault:?}");
    }
}

#[test]
fn a_certificate_must_be_for_every_name() {
    let served = Authority::named("Root", "Example").signs("r.example.com", YEARS);
    assert_eq!(code(&names(&served, &["r.example.com"])), "passed");
    let missing = reason(names(&served, &["r.example.com", "alias.example.com"]));
    assert!(missing.contains("r.example.com, and not for alias.example.com"), "{missing}");
    assert_eq!(code(&names(&served, &["r.example.com", "*.r.example.com"])), codes::OTHER_NAMES);
    let below = Authority::named("Root", "Example").signs("*.r.example.com", YEARS);
    assert_eq!(code(&names(&below, &["*.r.example.com", "a.r.example.com"])), "passed");
    assert_eq!(code(&names(&below, &["*.a.r.example.com"])), codes::OTHER_NAMES, "one label is one");
}

#[test]
fn the_end_and_the_renewal_are_judged() {
    let authority = Authority::named("Root", "Example");
    let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
    let of = |years| expiry(&authority.signs("r.example.com", years), None, now);
    assert_eq!(code(&of((2026, 2027))), "passed");
    assert_eq!(code(&of((2020, 2026))), codes::EXPIRED);
    assert_eq!(code(&of((2027, 2028))), codes::NOT_YET_VALID);
    assert_eq!(code(&of((2010, 2027))), codes::NOT_RENEWED, "the last tenth");
    let served = authority.signs("r.example.com", (2010, 2027));
    let ends = now;
    let with = |renewal: Renewal| expiry(&served, Some(&renewal), now);
    assert_eq!(code(&with(Renewal::InTime { ends })), "passed", "cert-manager knows when it is time");
    assert!(reason(with(Renewal::Failing { ends, reason: "429".into() })).contains("429"));
    assert_eq!(code(&with(Renewal::Overdue { since: ends })), codes::NOT_RENEWED);
}

#[test]
fn the_right_one_must_have_signed() {
    let lets_encrypt = Authority::named("R11", "Let's Encrypt").signs("r.example.com", YEARS);
    let staging = Authority::named("(STAGING) E1", "(STAGING) Let's Encrypt").signs("r.example.com", YEARS);
    let other = Authority::named("Root", "Example").signs("r.example.com", YEARS);
    let judge = |served: &Served, signer: Signer| {
        let outcome = issuer(served, Some(&signed(signer)), &Stored::Nothing);
        code(&outcome).to_owned()
    };
    assert_eq!(judge(&lets_encrypt, Signer::LetsEncrypt), "passed");
    assert_eq!(judge(&staging, Signer::LetsEncrypt), codes::OTHER_ISSUER);
    assert_eq!(judge(&staging, Signer::LetsEncryptStaging), "passed");
    assert_eq!(judge(&other, Signer::LetsEncrypt), codes::OTHER_ISSUER);
    assert_eq!(judge(&other, Signer::Itself), codes::OTHER_ISSUER);
    assert_eq!(
        judge(&lets_encrypt, Signer::Acme("https://acme.example.com/dir".into())),
        codes::OTHER_ISSUER
    );
    // What the Secret holds says more than a name.
    let stored = Stored::Known(lets_encrypt.chain[0].clone());
    assert_eq!(code(&issuer(&other, None, &stored)), codes::OTHER_CERTIFICATE);
    assert_eq!(code(&issuer(&lets_encrypt, None, &stored)), "passed");
    // Where it cannot be read, a name that only the issuer has says nothing.
    let unknown = Stored::Unknown("no cluster is reached".into());
    let ours = signed(Signer::Authority(Identity::namespaced("", "Secret", "a", "first-root")));
    assert_eq!(issuer(&other, Some(&ours), &unknown).name(), "skipped");
    assert_eq!(issuer(&lets_encrypt, Some(&signed(Signer::LetsEncrypt)), &unknown).name(), "passed");
    assert_eq!(code(&issuer(&lets_encrypt, Some(&ours), &unknown)), codes::OTHER_ISSUER);
}
