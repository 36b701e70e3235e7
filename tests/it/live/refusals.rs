//! Every way to be refused at `POST /token`, once: what is presented, and what is answered. The leak test presents
//! the same.

use std::collections::BTreeSet;
use std::time::Duration;

use drawbridge::credential::saml::signer::AssertionDraft;
use drawbridge::ground::attribute::Attribute;
use drawbridge::ground::id::EntityId;
use drawbridge::ground::reason::Reason;
use drawbridge::ground::time::Timestamp;

use super::files::{ACS, EXPENSES, ISSUER, PAYROLL, SECRET, sealed_session, session};
use super::provider::{CORP, GROUPS, PARTNER, SUNSET, UPN, encoded, now};
use super::server::{Door, EXCHANGE, INTRANET, SAML2, basic, exchange};
use super::{Files, Server};
use crate::wire::Answer;

/// A request, and the answer that it must get.
pub(super) struct Case {
    pub(super) reason: &'static str,
    pub(super) status: u16,
    pub(super) error: &'static str,
    pub(super) authorization: String,
    pub(super) form: Vec<(&'static str, String)>,
}

impl Case {
    /// Of a client that is known.
    fn of(
        client: &str,
        status: u16,
        error: &'static str,
        reason: &'static str,
        form: Vec<(&'static str, String)>,
    ) -> Self {
        Self { reason, status, error, authorization: basic(client, SECRET), form }
    }

    pub(super) fn post(&self, server: &Server) -> Answer {
        server.post_with(&[("Authorization", &self.authorization)], &self.form)
    }
}

/// Reasons that no request of [`cases`] can meet, and where they are tested instead.
const ELSEWHERE: &[&str] = &[
    // `manners`: HTTP itself.
    "request.body_too_large",
    "request.media_type",
    "request.method",
    "request.not_found",
    // A body that takes longer than 15 s: nobody waits for that here.
    "request.timeout",
    // `clients`.
    "client.authentication_missing",
    "client.authentication_repeated",
    "client.assertion_refused",
    "client.too_many_failures",
    // `replay`, `doors`, `commands`: they need an earlier request.
    "saml.replayed",
    "session.reuse_exceeded",
    "source.distrusted",
    "bridge.use_forgotten",
    // Two links that contradict each other, an identifier of 16 KiB: src/flow/subject.
    "subject.conflict",
    "subject.too_long",
    // Needs the feature and a fault of one verifier: src/credential/saml/second_opinion.
    "saml.second_opinion",
    // Faults of our own: src/backends/sled and src/flow.
    "bridge.store_unavailable",
    "bridge.signing_failed",
    "bridge.overloaded",
    "bridge.internal",
    "bridge.abandoned",
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for door in Door::BOTH {
        let of_assertion = |(reason, presented): (&'static str, String)| {
            Case::of("portal", 400, door.error(), reason, door.form(&presented))
        };
        cases.extend(documents().into_iter().map(of_assertion));
        cases.extend(signed_texts().into_iter().map(of_assertion));
        cases.extend(drafts().into_iter().map(of_assertion));
        cases.extend(of_policy(door));
    }
    for (reason, token) in sessions() {
        cases.push(Case::of("portal", 400, "invalid_request", reason, exchange(INTRANET, &token)));
    }
    cases.extend(of_requests());
    cases
}

/// Documents that are refused before, or because of, their signature.
fn documents() -> Vec<(&'static str, String)> {
    let good = || CORP.assertion(|_| {});
    let changed = |from: &str, to: &str| {
        let xml = good();
        assert!(xml.contains(from), "{from}");
        encoded(&xml.replacen(from, to, 1))
    };
    let (own_id, signed) = (CORP.draft().id, good());
    let signature = signed.find("<ds:Signature ").unwrap()..signed.find("</ds:Signature>").unwrap() + 15;
    let encrypted =
        "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"></saml:EncryptedAssertion>";
    let twice = CORP.assertion(|draft| draft.id.clone_from(&own_id));
    vec![
        ("saml.encoding", "marker is no base64".to_owned()),
        ("saml.encoding", encoded(&good()).replace('A', " ")),
        ("saml.too_large", encoded(&"marker ".repeat(20_000))),
        ("saml.xml_refused", encoded("<!DOCTYPE marker [<!ENTITY marker \"marker\">]><marker>&marker;</marker>")),
        ("saml.xml_refused", encoded("marker")),
        ("saml.xml_refused", changed("marker-group", "<!--marker-->marker-group")),
        ("saml.root_refused", encoded("<a xmlns=\"urn:example:a\" b=\"marker\">marker</a>")),
        ("saml.version_refused", changed("Version=\"2.0\"", "Version=\"2.1\"")),
        ("saml.id_repeated", encoded(&CORP.response(&twice, |response| response.id = own_id))),
        ("saml.assertion_count", encoded(&CORP.response("", |_| {}))),
        ("saml.encryption_unsupported", encoded(&CORP.response(encrypted, |_| {}))),
        ("saml.status_refused", encoded(&CORP.response(&good(), |_| {}).replace("status:Success", "status:Responder"))),
        ("saml.issuer_unknown", CORP.present(|draft| draft.issuer = EntityId::new("https://idp.third.example"))),
        (
            "saml.issuer_mismatch",
            encoded(&CORP.response(&good(), |response| response.issuer = EntityId::new("https://idp.partner.example"))),
        ),
        ("saml.metadata_expired", SUNSET.present(|_| {})),
        ("saml.signature_missing", encoded(&signed.replace(&signed[signature], ""))),
        ("saml.signature_profile", changed("</ds:SignatureValue>", "</ds:SignatureValue><ds:Object></ds:Object>")),
        ("saml.signature_invalid", changed("marker-group", "marker-changed")),
        ("saml.signature_invalid", changed("marker-name-id", "marker-admin")),
        ("saml.algorithm_refused", changed("2001/04/xmldsig-more#rsa-sha256", "2000/09/xmldsig#rsa-sha1")),
    ]
}

/// What our signer would not write, signed by the right key.
fn signed_texts() -> Vec<(&'static str, String)> {
    of_subject().into_iter().chain(of_conditions()).collect()
}

/// An element with everything in it, taken out.
fn without(name: &'static str) -> String {
    CORP.present_text(|text| {
        let close = format!("</saml:{name}>");
        let (start, end) = (text.find(&format!("<saml:{name}")).unwrap(), text.find(&close).unwrap() + close.len());
        format!("{}{}", &text[..start], &text[end..])
    })
}

/// The first of these, replaced.
fn replaced(from: &'static str, to: &'static str) -> String {
    CORP.present_text(|text| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

fn of_conditions() -> Vec<(&'static str, String)> {
    let restricted = |more: &str| {
        CORP.present_text(|text| {
            let end = "</saml:AudienceRestriction>";
            text.replacen(end, &format!("{end}{more}"), 1)
        })
    };
    let proxy = "<saml:ProxyRestriction><saml:Audience>https://third.example</saml:Audience></saml:ProxyRestriction>";
    vec![
        ("saml.timestamp_malformed", replaced("Z\" Version=", "+01:00\" Version=")),
        ("saml.conditions_missing", without("Conditions")),
        ("saml.expiry_missing", CORP.present_text(|text| without_attribute(&text, "NotOnOrAfter"))),
        ("saml.audience_missing", without("AudienceRestriction")),
        ("saml.condition_unknown", restricted("<saml:Condition></saml:Condition>")),
        ("saml.proxy_restricted", restricted(proxy)),
        (
            "saml.statement_refused",
            CORP.present_text(|text| {
                let start = text.find("<saml:AuthnStatement").unwrap();
                let statement = &text[start..text.find("<saml:AttributeStatement").unwrap()];
                text.replace(statement, &statement.repeat(2))
            }),
        ),
        (
            "saml.attribute_malformed",
            replaced("marker-group</saml:AttributeValue>", "marker<saml:a>marker</saml:a></saml:AttributeValue>"),
        ),
    ]
}

fn of_subject() -> Vec<(&'static str, String)> {
    let data = "<saml:SubjectConfirmationData";
    vec![
        ("saml.subject_missing", without("Subject")),
        ("saml.subject_malformed", replaced("marker-name-id", "marker<saml:a></saml:a>")),
        ("saml.confirmation_missing", replaced("cm:bearer", "cm:sender-vouches")),
        ("saml.confirmation_malformed", CORP.present_text(|text| without_attribute(&text, "Recipient"))),
        (
            "saml.confirmation_expired",
            CORP.present_text(|text| {
                let (head, rest) = text.split_once("Data NotOnOrAfter=\"").unwrap();
                let rest = rest.split_once('"').unwrap().1;
                format!("{head}Data NotOnOrAfter=\"2020-01-01T00:00:00Z\"{rest}")
            }),
        ),
        (
            "saml.delegate_mismatch",
            CORP.present_text(|text| {
                text.replacen(data, &format!("<saml:NameID>marker-delegate</saml:NameID>{data}"), 1)
            }),
        ),
    ]
}

/// Every attribute of this name, taken out.
fn without_attribute(text: &str, name: &str) -> String {
    let mut text = text.to_owned();
    let start = format!(" {name}=\"");
    while let Some((head, rest)) = text.split_once(&start) {
        text = format!("{head}{}", rest.split_once('"').unwrap().1);
    }
    text
}

/// Assertions that are signed well, and are not for us, not now, or not enough.
fn drafts() -> Vec<(&'static str, String)> {
    let draft = |change: &dyn Fn(&mut AssertionDraft)| CORP.present(|draft| change(draft));
    let values = |name: &'static str, values: &'static [&'static str]| {
        draft(&|draft| {
            let attribute = draft.attributes.iter_mut().find(|attribute| attribute.name == name).unwrap();
            attribute.values = values.iter().map(|value| (*value).to_owned()).collect();
        })
    };
    let more = |name: &str, values: &[&str]| {
        draft(&|draft| {
            let first = draft.attributes.first().unwrap().clone();
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            draft.attributes.push(Attribute { name: name.to_owned(), values, ..first });
        })
    };
    vec![
        ("saml.not_yet_valid", draft(&|draft| draft.not_before = from_now(120))),
        (
            "saml.expired",
            draft(&|draft| {
                (draft.issue_instant, draft.not_before, draft.not_on_or_after) = (ago(300), ago(300), ago(120));
            }),
        ),
        ("saml.expiry_too_far", draft(&|draft| draft.not_on_or_after = from_now(3 * 24 * 3600))),
        ("saml.issued_in_future", draft(&|draft| draft.issue_instant = from_now(120))),
        ("saml.too_old", draft(&|draft| (draft.issue_instant, draft.not_before) = (ago(3600), ago(3600)))),
        (
            "saml.session_expired",
            draft(&|draft| draft.authentication.as_mut().unwrap().session_not_on_or_after = Some(ago(1))),
        ),
        ("saml.audience_mismatch", draft(&|draft| draft.audiences = vec![format!("{ISSUER}/")])),
        ("saml.recipient_mismatch", draft(&|draft| draft.recipient = "https://third.example/token".into())),
        ("saml.meant_for_acs", draft(&|draft| draft.recipient = ACS.into())),
        ("mapping.attribute_missing", draft(&|draft| draft.attributes.retain(|attribute| attribute.name != UPN))),
        ("mapping.attribute_repeated", values(UPN, &["marker@corp.example", "marker@corp.example"])),
        ("mapping.require.employees_only", values(UPN, &["marker@guest.example"])),
        ("mapping.claim_missing", values(GROUPS, &["marker-group", "marker-other-group"])),
        ("mapping.expression_failed", values(UPN, &["marker-without-an-at"])),
        ("mapping.subject_missing", values(UPN, &[""])),
        ("mapping.attribute_too_long", more("urn:example:badge", &[&"marker".repeat(11)])),
        ("mapping.claim_type", more("urn:example:badge", &["marker-7"])),
        ("mapping.claim_ambiguous", more("urn:example:site", &["marker-a", "marker-b"])),
        ("mapping.budget_exceeded", more("urn:example:notes", &[&*"marker".repeat(600); 3])),
    ]
}

fn sessions() -> Vec<(&'static str, String)> {
    let good = session("marker-ana");
    let times = |issued: i64, expires: i64| {
        let now = now().unix_seconds();
        sealed_session(&format!("marker-ana|marker-mail|{}|{}", now + issued, now + expires))
    };
    vec![
        ("session.malformed", "marker".to_owned()),
        ("session.malformed", sealed_session("marker-ana|marker-mail")),
        ("session.malformed", sealed_session("marker-ana|marker-mail|marker|marker")),
        ("session.malformed", sealed_session("|marker-mail|1|2")),
        ("session.too_large", sealed_session(&"marker".repeat(2_000))),
        ("session.signature_invalid", good.replace("marker-ana", "marker-bob")),
        ("session.expired", times(-7200, -1)),
        ("session.not_yet_valid", times(600, 3600)),
    ]
}

/// The client may not, or not that.
fn of_policy(door: Door) -> Vec<Case> {
    let form = |more: &[(&'static str, &str)]| {
        let mut form = door.form(&CORP.present(|_| {}));
        form.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        form
    };
    let former = CORP.present(|draft| draft.audiences = vec!["https://former.example/saml".into()]);
    // A forward is for the other door only, where it has ended.
    let forwarded = if door == Door::Bearer { "saml.audience_mismatch" } else { "saml.audience_of_another" };
    let by_whom = if door == Door::Bearer { "legacy" } else { "former" };
    let by_mail = PARTNER.present(|draft| {
        draft.name_id.format = Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress".into());
    });
    let no_grant = if door == Door::Bearer { "other" } else { "narrow" };
    let no_source = if door == Door::Bearer { "narrow" } else { "other" };
    vec![
        Case::of(no_grant, 400, "unauthorized_client", "client.grant_refused", form(&[])),
        Case::of(no_source, 400, "unauthorized_client", "policy.source_refused", form(&[])),
        Case::of(by_whom, 400, door.error(), forwarded, door.form(&former)),
        Case::of("portal", 400, door.error(), "mapping.missing", door.form(&PARTNER.present(|_| {}))),
        Case::of("narrow", 400, "invalid_grant", "mapping.email_unproven", Door::Bearer.form(&by_mail)),
        Case::of("suite", 400, "invalid_target", "policy.audience_needed", form(&[])),
        Case::of("portal", 400, "invalid_target", "policy.audience_refused", form(&[("resource", EXPENSES)])),
        Case::of("portal", 400, "invalid_scope", "policy.scope_malformed", form(&[("scope", "a  b")])),
        Case::of(
            "suite",
            400,
            "invalid_scope",
            "policy.scope_exceeds",
            form(&[("resource", PAYROLL), ("scope", "payroll.write")]),
        ),
        Case::of(
            "portal",
            400,
            "invalid_request",
            "request.parameter_repeated",
            form(&[("scope", "a"), ("scope", "a")]),
        ),
        Case {
            authorization: basic("portal", "marker-wrong-secret-of-some-length"),
            ..Case::of("portal", 401, "invalid_client", "client.authentication_failed", form(&[]))
        },
        Case {
            authorization: basic("marker-nobody", SECRET),
            ..Case::of("portal", 401, "invalid_client", "client.authentication_failed", form(&[]))
        },
    ]
}

/// The parameters.
fn of_requests() -> Vec<Case> {
    let assertion = || CORP.present(|_| {});
    let with = |more: &[(&'static str, &str)]| {
        let mut form = exchange(SAML2, &assertion());
        form.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        form
    };
    let refused = |reason, form| Case::of("portal", 400, "invalid_request", reason, form);
    let (missing, bad) = ("request.parameter_missing", "request.parameter_refused");
    let unsupported = |grant: &str| {
        let form = vec![("grant_type", grant.to_owned()), ("assertion", assertion())];
        Case::of("portal", 400, "unsupported_grant_type", "request.grant_unsupported", form)
    };
    vec![
        refused(missing, vec![("assertion", assertion())]),
        refused(missing, vec![("grant_type", EXCHANGE.into()), ("subject_token", assertion())]),
        refused(missing, exchange(SAML2, "")),
        refused(missing, Door::Bearer.form("")),
        unsupported("password"),
        unsupported(&assertion()),
        refused(bad, with(&[("actor_token", "marker"), ("actor_token_type", SAML2)])),
        refused(bad, with(&[("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token")])),
        refused(bad, exchange("urn:ietf:params:oauth:token-type:jwt", "marker.marker.marker")),
        refused(bad, exchange(&assertion(), &assertion())),
        refused("source.unknown", exchange("urn:drawbridge:token-type:session:none", &session("marker-ana"))),
        // XML that nobody encoded falls into pairs at each `&amp;`: what stands there is no name of a parameter.
        refused(
            "request.parameter_repeated",
            vec![("grant_type", EXCHANGE.into()), ("amp;marker-name", "1".into()), ("amp;marker-name", "2".into())],
        ),
    ]
}

fn from_now(seconds: u64) -> Timestamp {
    now().after(Duration::from_secs(seconds))
}

fn ago(seconds: u64) -> Timestamp {
    now().before(Duration::from_secs(seconds))
}

#[test]
fn each_refusal_has_its_status_its_error_and_its_reason() {
    let files = Files::new();
    let server = Server::start(&files);
    let mut wrong = Vec::new();
    for case in cases() {
        let answer = case.post(&server);
        check_shape(&answer);
        let body = answer.json();
        let found = (answer.status, body["error"].as_str().unwrap(), body["reason"].as_str().unwrap());
        if found != (case.status, case.error, case.reason) {
            let record = files.run(&["trace", body["trace_id"].as_str().unwrap()]).out;
            wrong.push(format!("{:?}, not {found:?}\n{record}", (case.status, case.error, case.reason)));
        }
        assert_eq!(answer.header("www-authenticate").is_some(), answer.status == 401, "all of these use the header");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// RFC 6749 section 5.2, and the three members of ours.
fn check_shape(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), (Some("no-store"), Some("no-cache")));
    let body = answer.json();
    let names: BTreeSet<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["error", "error_description", "error_uri", "reason", "trace_id"].into());
    let reason = body["reason"].as_str().unwrap();
    assert_eq!(body["error_uri"], format!("{ISSUER}/errors/{reason}"));
    let trace_id = body["trace_id"].as_str().unwrap();
    assert_eq!(answer.header("trace-id"), Some(trace_id));
    assert!(trace_id.len() == 32 && trace_id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{trace_id}");
    // RFC 6749 section 5.2: no quotation mark, no backslash, ASCII.
    let description = body["error_description"].as_str().unwrap();
    assert!(description.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{description}");
}

/// A new reason needs a case here, or a word on where it is tested.
#[test]
fn every_reason_is_met() {
    let met: BTreeSet<&str> = cases().iter().map(|case| case.reason).chain(ELSEWHERE.iter().copied()).collect();
    let is_met = |reason: &&Reason| {
        met.contains(reason.code()) || met.iter().any(|code| code.starts_with(&format!("{}.", reason.code())))
    };
    let missing: Vec<&Reason> = Reason::ALL.iter().filter(|reason| !is_met(reason)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// `error_uri` leads somewhere, for every code.
#[test]
fn every_reason_has_a_page() {
    let server = Server::start(&Files::new());
    for reason in Reason::ALL {
        let page = server.get(&format!("/errors/{}", reason.code()));
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        assert!(page.body.contains(&format!("<code>{}</code>", reason.code())), "{}", page.body);
    }
    assert_eq!(server.get("/errors/mapping.require.employees_only").status, 200);
    for code in ["none", "saml.expired%3Cscript%3E", "mapping.require.%3Cscript%3E", ""] {
        let answer = server.get(&format!("/errors/{code}"));
        assert_eq!((answer.status, answer.reason().as_str()), (404, "request.not_found"), "{code}");
        assert!(!answer.body.contains('<'));
    }
}
