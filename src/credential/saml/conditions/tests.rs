//! One good assertion, one change, one reason; and every time at both of its edges, with the skew.

use std::sync::LazyLock;

use crate::crypto::sign_raw::{RawKeyKind, RawSigningKey};
use crate::crypto::verify::PublicKey;
use crate::decision::{Rejection as _, Shown};
use crate::ground::attribute::NameId;
use crate::ground::id::EntityId;

use super::super::assertion::{ProxyRestriction, Subject, SubjectConfirmation, SubjectConfirmationData};
use super::super::rejection::SamlRejection;
use super::super::trust::{Provider, TrustSettings};
use super::*;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_366_400); // 2026-03-01T12:00:00Z
const ENTITY: &str = "https://bridge.example/saml";
const TOKEN: &str = "https://bridge.example/token";
const ACS: &str = "https://bridge.example/saml/acs";
const LEGACY: &str = "https://portal.example/saml";
const LEGACY_ACS: &str = "https://portal.example/saml/acs";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn millis(offset: i64) -> Timestamp {
    Timestamp::from_unix_millis(NOW.unix_millis() + offset)
}

fn source_with(settings: TrustSettings) -> TrustSource {
    static CERTIFICATE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        RawSigningKey::generate(RawKeyKind::EcdsaSha256)
            .unwrap()
            .certificate("TEST", NOW, NOW.after(seconds(1)))
            .unwrap()
    });
    let provider = Provider {
        entity_id: EntityId::new("https://idp.example"),
        keys: vec![PublicKey::from_certificate(&CERTIFICATE).unwrap()],
        certificates: vec![CERTIFICATE.clone()],
        valid_until: None,
    };
    TrustSource::new(SourceId::new("corp-adfs"), provider, settings).unwrap()
}

fn source() -> TrustSource {
    source_with(TrustSettings::default())
}

fn bearer(recipient: &str) -> SubjectConfirmation {
    SubjectConfirmation {
        method: BEARER.to_owned(),
        name_id: None,
        data: Some(SubjectConfirmationData {
            not_before: None,
            not_on_or_after: Some(NOW.after(seconds(300))),
            recipient: Some(recipient.to_owned()),
            in_response_to: None,
            address: None,
        }),
    }
}

fn name_id(value: &str) -> NameId {
    NameId { value: value.to_owned(), format: None, name_qualifier: None, sp_name_qualifier: None }
}

fn good() -> Assertion {
    Assertion {
        id: "_a1".to_owned(),
        issuer: EntityId::new("https://idp.example"),
        issue_instant: NOW,
        subject: Subject { name_id: name_id("ana"), confirmations: vec![bearer(TOKEN)] },
        conditions: Some(Conditions {
            not_before: Some(NOW.before(seconds(5))),
            not_on_or_after: Some(NOW.after(seconds(600))),
            audience_restrictions: vec![vec![ENTITY.to_owned()]],
            one_time_use: false,
            proxy: None,
            unknown: Vec::new(),
        }),
        authn_statements: vec![AuthnStatement {
            instant: NOW,
            session_index: None,
            session_not_on_or_after: Some(NOW.after(seconds(3600))),
            context_class: None,
        }],
        attributes: Vec::new(),
    }
}

fn forward() -> Forward {
    Forward {
        recipients: vec![LEGACY_ACS.to_owned()],
        audiences: vec![LEGACY.to_owned()],
        until: NOW.after(seconds(1)),
        source: SourceId::new("corp-adfs"),
    }
}

/// A change of everything that the check looks at.
struct Case {
    assertion: Assertion,
    envelope: Envelope,
    settings: TrustSettings,
    door: GrantType,
    forward: Option<Forward>,
    now: Timestamp,
}

impl Case {
    fn new() -> Self {
        Self {
            assertion: good(),
            envelope: Envelope::default(),
            settings: TrustSettings::default(),
            door: GrantType::TokenExchange,
            forward: None,
            now: NOW,
        }
    }

    fn conditions(&mut self) -> &mut Conditions {
        self.assertion.conditions.as_mut().unwrap()
    }

    fn confirmations(&mut self) -> &mut Vec<SubjectConfirmation> {
        &mut self.assertion.subject.confirmations
    }

    fn data(&mut self) -> &mut SubjectConfirmationData {
        self.confirmations()[0].data.as_mut().unwrap()
    }

    /// What a legacy service provider received, and a client that may pass it on.
    fn forwarded(&mut self) {
        self.forward = Some(forward());
        self.conditions().audience_restrictions = vec![vec![LEGACY.to_owned()]];
        *self.confirmations() = vec![bearer(LEGACY_ACS)];
    }

    fn check(&self) -> Result<Conclusion, ConditionsRejection> {
        let expected = Expected {
            audiences: &["https://bridge.example".to_owned(), TOKEN.to_owned(), ENTITY.to_owned()],
            recipients: &[TOKEN.to_owned()],
            acs: ACS,
            client: &ClientId::new("payroll-portal"),
            door: self.door,
            forward: self.forward.as_ref(),
        };
        check(&self.assertion, &self.envelope, &source_with(self.settings.clone()), &expected, self.now)
    }

    fn code(&self) -> String {
        match self.check() {
            Ok(_) => "accepted".to_owned(),
            Err(rejection) => {
                let rejection = SamlRejection::from(rejection);
                assert!(!rejection.facts().is_empty(), "{rejection}: no facts");
                rejection.code().to_string()
            }
        }
    }
}

type Change = fn(&mut Case);
type Move = fn(&mut Case, Timestamp);
type Edge = (i64, &'static str);
type MakeConfirmation = fn() -> SubjectConfirmation;

fn each(cases: &[(&str, Change, &str)]) {
    for (name, change, expected) in cases {
        let mut case = Case::new();
        change(&mut case);
        assert_eq!(case.code(), *expected, "{name}");
    }
}

#[test]
fn each_condition_is_needed() {
    each(&[
        ("as it is", |_| {}, "accepted"),
        ("no conditions", |c| c.assertion.conditions = None, "saml.conditions_missing"),
        ("unknown condition", |c| c.conditions().unknown.push("{urn:x}y".to_owned()), "saml.condition_unknown"),
        ("one-time use", |c| c.conditions().one_time_use = true, "accepted"),
        ("no audience restriction", |c| c.conditions().audience_restrictions.clear(), "saml.audience_missing"),
        ("an empty restriction", |c| c.conditions().audience_restrictions = vec![vec![]], "saml.audience_mismatch"),
        (
            "another statement",
            |c| c.assertion.authn_statements.push(good().authn_statements[0].clone()),
            "saml.statement_refused",
        ),
        ("no statement: an autonomous client", |c| c.assertion.authn_statements.clear(), "accepted"),
        ("a session without an end", |c| c.assertion.authn_statements[0].session_not_on_or_after = None, "accepted"),
        ("no window at the start", |c| c.conditions().not_before = None, "accepted"),
        ("expiry in the confirmation only", |c| c.conditions().not_on_or_after = None, "accepted"),
        (
            "no expiry, no data",
            |c| (c.conditions().not_on_or_after, c.confirmations()[0].data) = (None, None),
            "saml.expiry_missing",
        ),
        (
            "expiry in a confirmation that can satisfy nobody",
            |c| {
                (c.conditions().not_on_or_after, c.confirmations()[0].data) = (None, None);
                c.confirmations().push(SubjectConfirmation { method: "urn:x".to_owned(), ..bearer(TOKEN) });
            },
            "saml.expiry_missing",
        ),
        ("no data, expiry in the conditions", |c| c.confirmations()[0].data = None, "accepted"),
        (
            "no data and no expiry but that of a confirmation which does not hold",
            |c| {
                c.conditions().not_on_or_after = None;
                c.confirmations()[0].data = None;
                c.confirmations().push(bearer("https://x.example"));
            },
            "saml.recipient_mismatch",
        ),
        (
            "the window ends as it begins",
            |c| {
                let at = NOW.after(seconds(10));
                (c.conditions().not_before, c.conditions().not_on_or_after) = (Some(at), Some(at));
            },
            "saml.expired",
        ),
    ]);
}

#[test]
fn audiences_are_compared_whole_and_every_restriction_counts() {
    let cases: [(&[&[&str]], &str); 10] = [
        (&[&["https://bridge.example"]], "accepted"),
        (&[&["https://other.example", ENTITY]], "accepted"),
        (&[&[ENTITY], &[TOKEN]], "accepted"),
        (&[&[ENTITY], &["https://other.example"]], "saml.audience_mismatch"),
        (&[&["https://other.example"], &[ENTITY]], "saml.audience_mismatch"),
        (&[&["https://bridge.example/saml/"]], "saml.audience_mismatch"),
        (&[&["https://bridge.example.evil"]], "saml.audience_mismatch"),
        (&[&["https://BRIDGE.example/saml"]], "saml.audience_mismatch"),
        (&[&[" https://bridge.example/saml"]], "saml.audience_mismatch"),
        (&[&[""]], "saml.audience_mismatch"),
    ];
    for (restrictions, expected) in cases {
        let mut case = Case::new();
        case.conditions().audience_restrictions =
            restrictions.iter().map(|any| any.iter().map(|&audience| audience.to_owned()).collect()).collect();
        assert_eq!(case.code(), expected, "{restrictions:?}");
    }
}

#[test]
fn one_bearer_confirmation_must_satisfy() {
    each(&[
        ("none", |c| c.confirmations().clear(), "saml.confirmation_missing"),
        (
            "holder of key",
            |c| c.confirmations()[0].method = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key".to_owned(),
            "saml.confirmation_missing",
        ),
        (
            "sender vouches",
            |c| c.confirmations()[0].method = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches".to_owned(),
            "saml.confirmation_missing",
        ),
        ("another recipient", |c| c.data().recipient = Some(format!("{TOKEN}/")), "saml.recipient_mismatch"),
        ("no recipient", |c| c.data().recipient = None, "saml.confirmation_malformed"),
        ("no end", |c| c.data().not_on_or_after = None, "saml.confirmation_malformed"),
        ("a beginning", |c| c.data().not_before = Some(NOW.before(seconds(9))), "saml.confirmation_malformed"),
        ("for this client", |c| c.confirmations()[0].name_id = Some(name_id("payroll-portal")), "accepted"),
        (
            "for another party",
            |c| c.confirmations()[0].name_id = Some(name_id("payroll-portal ")),
            "saml.delegate_mismatch",
        ),
        ("an address", |c| c.data().address = Some("192.0.2.1".to_owned()), "accepted"),
        ("in response to something", |c| c.data().in_response_to = Some("_r".to_owned()), "accepted"),
        ("the second satisfies", |c| c.confirmations().insert(0, bearer("https://x.example")), "accepted"),
    ]);
}

#[test]
fn the_nearest_miss_gives_the_reason() {
    let malformed =
        || SubjectConfirmation { data: Some(SubjectConfirmationData { recipient: None, ..data() }), ..bearer(TOKEN) };
    let astray = || bearer("https://x.example");
    let expired = || SubjectConfirmation {
        data: Some(SubjectConfirmationData { not_on_or_after: Some(NOW.before(seconds(61))), ..data() }),
        ..bearer(TOKEN)
    };
    let too_far = || SubjectConfirmation {
        data: Some(SubjectConfirmationData { not_on_or_after: Some(NOW.after(seconds(9000))), ..data() }),
        ..bearer(TOKEN)
    };
    let delegate = || SubjectConfirmation { name_id: Some(name_id("x")), ..bearer(TOKEN) };
    let ladder: [(MakeConfirmation, &str); 5] = [
        (malformed, "saml.confirmation_malformed"),
        (astray, "saml.recipient_mismatch"),
        (expired, "saml.confirmation_expired"),
        (too_far, "saml.expiry_too_far"),
        (delegate, "saml.delegate_mismatch"),
    ];
    for (far, (make_far, _)) in ladder.iter().enumerate() {
        for (make_near, code) in &ladder[far..] {
            for order in [vec![make_far(), make_near()], vec![make_near(), make_far()]] {
                let mut case = Case::new();
                *case.confirmations() = order;
                assert_eq!(case.code(), *code);
            }
        }
    }
}

fn data() -> SubjectConfirmationData {
    bearer(TOKEN).data.unwrap()
}

#[test]
fn what_was_meant_for_our_acs_is_refused_always() {
    each(&[
        ("recipient", |c| c.data().recipient = Some(ACS.to_owned()), "saml.meant_for_acs"),
        ("a second confirmation", |c| c.confirmations().push(bearer(ACS)), "saml.meant_for_acs"),
        (
            "a confirmation of another method",
            |c| c.confirmations().push(SubjectConfirmation { method: "x".to_owned(), ..bearer(ACS) }),
            "saml.meant_for_acs",
        ),
        ("destination", |c| c.envelope.destination = Some(ACS.to_owned()), "saml.meant_for_acs"),
        ("another destination", |c| c.envelope.destination = Some(LEGACY_ACS.to_owned()), "accepted"),
        (
            "whatever else is wrong",
            |c| (c.assertion.conditions, c.envelope.destination) = (None, Some(ACS.to_owned())),
            "saml.meant_for_acs",
        ),
        (
            "a forward that names it",
            |c| {
                c.forwarded();
                c.forward.as_mut().unwrap().recipients.push(ACS.to_owned());
                c.data().recipient = Some(ACS.to_owned());
            },
            "saml.meant_for_acs",
        ),
        (
            "a forward that names it opens nothing else either",
            |c| {
                c.forwarded();
                c.forward.as_mut().unwrap().recipients.push(ACS.to_owned());
            },
            "saml.audience_of_another",
        ),
    ]);
}

#[test]
fn a_forward_is_taken_whole() {
    each(&[
        ("as it is", Case::forwarded, "accepted"),
        ("our own names beside a forward", |c| c.forward = Some(forward()), "accepted"),
        ("no forward", |c| (c.forwarded(), c.forward = None).0, "saml.audience_mismatch"),
        ("the other door", |c| (c.forwarded(), c.door = GrantType::Saml2Bearer).0, "saml.audience_mismatch"),
        ("our own names at the other door", |c| c.door = GrantType::Saml2Bearer, "accepted"),
        (
            "another source",
            |c| (c.forwarded(), c.forward.as_mut().unwrap().source = SourceId::new("other")).0,
            "saml.audience_of_another",
        ),
        ("just before it ends", |c| (c.forwarded(), c.forward.as_mut().unwrap().until = millis(1)).0, "accepted"),
        ("as it ends", |c| (c.forwarded(), c.forward.as_mut().unwrap().until = NOW).0, "saml.audience_of_another"),
        (
            "a name of ours among its recipients",
            |c| (c.forwarded(), c.forward.as_mut().unwrap().recipients.push(TOKEN.to_owned())).0,
            "saml.audience_of_another",
        ),
        (
            "a name of ours among its audiences",
            |c| (c.forwarded(), c.forward.as_mut().unwrap().audiences.push(ENTITY.to_owned())).0,
            "saml.audience_of_another",
        ),
        (
            "its audience, our recipient",
            |c| (c.forwarded(), *c.confirmations() = vec![bearer(TOKEN)]).0,
            "saml.recipient_mismatch",
        ),
        (
            "our audience, its recipient",
            |c| {
                c.forwarded();
                c.conditions().audience_restrictions = good().conditions.unwrap().audience_restrictions;
            },
            "saml.recipient_mismatch",
        ),
        (
            "one restriction ours, one its own",
            |c| (c.forwarded(), c.conditions().audience_restrictions.push(vec![ENTITY.to_owned()])).0,
            "saml.audience_mismatch",
        ),
        (
            "one restriction that names both, its recipient",
            |c| (c.forwarded(), c.conditions().audience_restrictions[0].push(ENTITY.to_owned())).0,
            "accepted",
        ),
        ("no recipient at all", |c| (c.forwarded(), c.confirmations()[0].data = None).0, "saml.recipient_mismatch"),
        (
            "another audience",
            |c| (c.forwarded(), c.conditions().audience_restrictions = vec![vec!["https://x".to_owned()]]).0,
            "saml.audience_mismatch",
        ),
    ]);
    let way = |change: Change| {
        let mut case = Case::new();
        change(&mut case);
        case.check().unwrap().forwarded
    };
    assert!(way(Case::forwarded));
    assert!(!way(|c| c.forward = Some(forward())));
}

#[test]
fn every_time_holds_to_the_millisecond() {
    // Default skew 60 s. What is moved, where to in milliseconds from now, and what is said.
    let cases: [(&str, Move, [Edge; 2]); 9] = [
        (
            "NotBefore",
            |c, at| c.conditions().not_before = Some(at),
            [(60_000, "accepted"), (60_001, "saml.not_yet_valid")],
        ),
        (
            "NotOnOrAfter",
            |c, at| (c.conditions().not_before, c.conditions().not_on_or_after) = (None, Some(at)),
            [(-59_999, "accepted"), (-60_000, "saml.expired")],
        ),
        (
            "NotOnOrAfter, too far",
            |c, at| c.conditions().not_on_or_after = Some(at),
            [(86_460_000, "accepted"), (86_460_001, "saml.expiry_too_far")],
        ),
        (
            "IssueInstant, in the future",
            |c, at| c.assertion.issue_instant = at,
            [(60_000, "accepted"), (60_001, "saml.issued_in_future")],
        ),
        (
            "IssueInstant, too old",
            |c, at| c.assertion.issue_instant = at,
            [(-660_000, "accepted"), (-660_001, "saml.too_old")],
        ),
        (
            "confirmation",
            |c, at| c.data().not_on_or_after = Some(at),
            [(-59_999, "accepted"), (-60_000, "saml.confirmation_expired")],
        ),
        (
            "confirmation, too far",
            |c, at| c.data().not_on_or_after = Some(at),
            [(3_660_000, "accepted"), (3_660_001, "saml.expiry_too_far")],
        ),
        (
            "AuthnInstant",
            |c, at| c.assertion.authn_statements[0].instant = at,
            [(60_000, "accepted"), (60_001, "saml.issued_in_future")],
        ),
        (
            "SessionNotOnOrAfter, which no skew lengthens",
            |c, at| c.assertion.authn_statements[0].session_not_on_or_after = Some(at),
            [(1, "accepted"), (0, "saml.session_expired")],
        ),
    ];
    for (name, change, edges) in cases {
        for (offset, expected) in edges {
            let mut case = Case::new();
            change(&mut case, millis(offset));
            assert_eq!(case.code(), expected, "{name} {offset}");
        }
    }
}

#[test]
fn the_settings_of_the_source_count() {
    let wide = TrustSettings {
        clock_skew: Duration::ZERO,
        max_age: seconds(86_400 * 365),
        max_lifetime: seconds(86_400 * 3650),
        max_confirmation_lifetime: seconds(7200),
        ..TrustSettings::default()
    };
    let cases: [(Change, &str); 6] = [
        (|c| c.assertion.issue_instant = NOW.before(seconds(86_400 * 365)), "accepted"),
        (|c| c.conditions().not_on_or_after = Some(NOW.after(seconds(86_400 * 3650))), "accepted"),
        (|c| c.data().not_on_or_after = Some(NOW.after(seconds(7200))), "accepted"),
        (|c| c.conditions().not_before = Some(millis(1)), "saml.not_yet_valid"),
        (|c| (c.conditions().not_before, c.conditions().not_on_or_after) = (None, Some(NOW)), "saml.expired"),
        (|c| c.data().not_on_or_after = Some(NOW), "saml.confirmation_expired"),
    ];
    for (change, expected) in cases {
        let mut case = Case { settings: wide.clone(), ..Case::new() };
        change(&mut case);
        assert_eq!(case.code(), expected);
    }
}

#[test]
fn memory_lasts_as_long_as_anything_could_be_accepted() {
    let until = |change: Change| {
        let mut case = Case::new();
        change(&mut case);
        case.check().unwrap().until
    };
    // The greatest skew of any setting, not the one in force.
    assert_eq!(until(|_| {}), NOW.after(seconds(600 + 300)));
    assert_eq!(until(|c| c.conditions().not_on_or_after = None), NOW.after(seconds(300 + 300)));
    assert_eq!(until(|c| c.data().not_on_or_after = Some(NOW.after(seconds(900)))), NOW.after(seconds(900 + 300)));
    let another = |c: &mut Case| {
        let mut other = bearer("https://x.example");
        other.data.as_mut().unwrap().not_on_or_after = Some(NOW.after(seconds(1200)));
        c.confirmations().push(other);
    };
    assert_eq!(until(another), NOW.after(seconds(1200 + 300)));
    let endless = |c: &mut Case| {
        let mut other = bearer("https://x.example");
        other.data.as_mut().unwrap().not_on_or_after = Some(NOW.after(seconds(10 * 365 * 86_400)));
        c.confirmations().push(other);
    };
    let issued = Case::new().assertion.issue_instant;
    assert_eq!(until(endless), issued.after(seconds(86_400 + 300)));
}

#[test]
fn the_session_ends_and_the_proxy_restriction_targets_are_handed_on() {
    let mut case = Case::new();
    let conclusion = case.check().unwrap();
    assert_eq!(conclusion.ends, Some(NOW.after(seconds(3600))));
    assert_eq!(conclusion.targets, None);
    let api = vec!["https://payroll.example".to_owned()];
    // `Count` limits assertions issued on, and tokens are none.
    case.conditions().proxy = Some(ProxyRestriction { count: Some(0), audiences: api.clone() });
    assert_eq!(case.check().unwrap().targets, Some(api));
    case.conditions().proxy = Some(ProxyRestriction { count: Some(0), audiences: Vec::new() });
    assert_eq!(case.check().unwrap().targets, None);
    case.assertion.authn_statements.clear();
    assert_eq!(case.check().unwrap().ends, None);
}

#[test]
fn facts_say_by_how_many_seconds_and_nothing_of_a_person() {
    let mut case = Case::new();
    case.conditions().not_on_or_after = Some(NOW.before(seconds(90)));
    case.conditions().not_before = None;
    let facts = case.check().unwrap_err().facts();
    let shown = |label: &str| facts.iter().find(|fact| fact.label == label).map(|fact| fact.value.clone());
    assert_eq!(shown("late_by_seconds"), Some(Shown::Public("30".to_owned())));
    assert_eq!(shown("expected"), Some(Shown::Public("before 2026-03-01T11:58:30Z".to_owned())));
    assert_eq!(shown("now"), Some(Shown::Public("2026-03-01T12:00:00Z".to_owned())));

    let mut case = Case::new();
    case.confirmations()[0].name_id = Some(name_id("ana.ruiz"));
    case.data().address = Some("192.0.2.1".to_owned());
    let is_hidden = |facts: &[Fact]| {
        facts.iter().all(|fact| match &fact.value {
            Shown::Public(text) => !text.contains("ana.ruiz") && !text.contains("192.0.2.1"),
            Shown::Private(_) => true,
        })
    };
    assert!(is_hidden(&case.check().unwrap_err().facts()));
    case.confirmations()[0].name_id = None;
    assert!(is_hidden(&case.check().unwrap().facts));
}

#[test]
fn the_source_of_these_tests_is_strict() {
    let settings = source().settings().clone();
    assert_eq!((settings.clock_skew, settings.max_age), (seconds(60), seconds(600)));
    assert_eq!((settings.max_lifetime, settings.max_confirmation_lifetime), (seconds(86_400), seconds(3600)));
}

#[test]
fn the_record_says_by_which_names_it_was_accepted() {
    let way = |case: &Case| case.check().unwrap().facts.into_iter().find(|fact| fact.label == "way");
    let mut case = Case::new();
    assert_eq!(way(&case), Some(Fact::public("way", "own")));
    case.forwarded();
    assert_eq!(way(&case), Some(Fact::public("way", "forwarded")));
}
