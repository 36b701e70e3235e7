use super::super::super::testing::{ES256, ES256_URI, SHA256_URI, assertion, judge, response, sign, signature};
use super::*;
use crate::crypto::testing::TestKey;
use crate::ground::attribute::Attribute;

/// Signs the honest assertion after changes, and reads it.
fn read_changed(key: &TestKey, changes: &[(&str, &str)]) -> Result<Assertion, String> {
    let mut text = assertion(&signature("_a1", ES256_URI, SHA256_URI));
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
        text = text.replace(from, to);
    }
    judge(&sign(&text, "_a1", key), key)
}

/// One good assertion, one change, one reason.
fn judge_changes(cases: &[(&str, &str, &str)]) {
    let key = TestKey::new(ES256);
    for (from, to, expected) in cases {
        let found = read_changed(&key, &[(from, to)]);
        assert_eq!(found.err().as_deref().unwrap_or("accepted"), *expected, "{from} -> {to}");
    }
}

const NAME_ID: &str = "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\" \
    NameQualifier=\"https://idp.example\" SPNameQualifier=\"https://bridge.example\">ana &amp; ruiz</saml:NameID>";
const DATA: &str = "<saml:SubjectConfirmationData NotOnOrAfter=\"2026-03-01T12:04:00Z\" \
    Recipient=\"https://bridge.example/token\" InResponseTo=\"_q1\" Address=\"192.0.2.7\"/>";
const RESTRICTION: &str =
    "<saml:AudienceRestriction><saml:Audience>https://bridge.example</saml:Audience></saml:AudienceRestriction>";
const CONTEXT: &str = "<saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:X509\
    </saml:AuthnContextClassRef></saml:AuthnContext>";
const CLASS: &str = "<saml:AuthnContextClassRef>";
const CLASS_END: &str = "</saml:AuthnContextClassRef>";
const VALUE: &str = "<saml:AttributeValue>a&lt;b</saml:AttributeValue>";

#[test]
fn an_assertion_is_read_whole() {
    let key = TestKey::new(ES256);
    let time = |text: &str| Timestamp::parse_utc(text).unwrap();
    let found = read_changed(&key, &[]).unwrap();
    let data = SubjectConfirmationData {
        not_before: None,
        not_on_or_after: Some(time("2026-03-01T12:04:00Z")),
        recipient: Some("https://bridge.example/token".into()),
        in_response_to: Some("_q1".into()),
        address: Some("192.0.2.7".into()),
    };
    let name_id = NameId {
        value: "ana & ruiz".into(),
        format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".into()),
        name_qualifier: Some("https://idp.example".into()),
        sp_name_qualifier: Some("https://bridge.example".into()),
    };
    let method = "urn:oasis:names:tc:SAML:2.0:cm:bearer".to_owned();
    let expected = Assertion {
        id: "_a1".into(),
        issuer: EntityId::new("https://idp.example"),
        issue_instant: time("2026-03-01T11:59:00Z"),
        subject: Subject {
            name_id,
            confirmations: vec![SubjectConfirmation { method, name_id: None, data: Some(data) }],
        },
        conditions: Some(Conditions {
            not_before: Some(time("2026-03-01T11:58:00Z")),
            not_on_or_after: Some(time("2026-03-01T12:04:00Z")),
            audience_restrictions: vec![vec!["https://bridge.example".into()]],
            one_time_use: false,
            proxy: None,
            unknown: vec![],
        }),
        authn_statements: vec![super::super::AuthnStatement {
            instant: time("2026-03-01T11:50:00Z"),
            session_index: Some("_s1".into()),
            session_not_on_or_after: Some(time("2026-03-01T20:00:00Z")),
            context_class: Some("urn:oasis:names:tc:SAML:2.0:ac:classes:X509".into()),
        }],
        attributes: vec![Attribute {
            name: "groups".into(),
            name_format: Some("urn:x".into()),
            friendly_name: Some("Groups".into()),
            values: vec!["staff".into(), "a<b".into()],
        }],
    };
    assert_eq!(found, expected);
    let shown = format!("{found:?}");
    for hidden in ["ana", "192.0.2.7", "staff", "_s1"] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
}

#[test]
fn times_are_moments_in_utc() {
    let malformed = "saml.timestamp_malformed";
    judge_changes(&[
        (" IssueInstant=\"2026-03-01T11:59:00Z\"", "", malformed),
        ("IssueInstant=\"2026-03-01T11:59:00Z\"", "IssueInstant=\"2026-03-01T11:59:00\"", malformed),
        ("NotBefore=\"2026-03-01T11:58:00Z\"", "NotBefore=\"2026-03-01T11:58:00+00:00\"", malformed),
        ("11:58:00Z\" NotOnOrAfter=\"2026-03-01T12:04:00Z\"", "11:58:00Z\" NotOnOrAfter=\"never\"", malformed),
        ("NotOnOrAfter=\"2026-03-01T12:04:00Z\" Recipient", "NotOnOrAfter=\"\" Recipient", malformed),
        ("InResponseTo=\"_q1\"", "NotBefore=\"2026\"", malformed),
        ("AuthnInstant=\"2026-03-01T11:50:00Z\" ", "", malformed),
        ("AuthnInstant=\"2026-03-01T11:50:00Z\" ", "AuthnInstant=\"2026-03-01\" ", malformed),
        ("SessionNotOnOrAfter=\"2026-03-01T20:00:00Z\"", "SessionNotOnOrAfter=\"2026-03-01T20:00:60Z\"", malformed),
        ("SessionNotOnOrAfter=\"2026-03-01T20:00:00Z\"", "", "accepted"),
        ("IssueInstant=\"2026-03-01T11:59:00Z\"", "IssueInstant=\"2026-03-01T11:59:00.123Z\"", "accepted"),
    ]);
}

#[test]
fn the_issuer_is_an_entity() {
    let issuer = "<saml:Issuer>https://idp.example";
    judge_changes(&[
        (
            issuer,
            "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\">https://idp.example",
            "accepted",
        ),
        (
            issuer,
            "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">https://idp.example",
            "saml.issuer_unknown",
        ),
        (issuer, "<saml:Issuer Format=\"\">https://idp.example", "saml.issuer_unknown"),
    ]);
}

#[test]
fn response_and_assertion_are_of_one_issuer() {
    let key = TestKey::new(ES256);
    let inner = sign(&assertion(&signature("_a1", ES256_URI, SHA256_URI)), "_a1", &key);
    let honest = response("", &inner);
    assert!(judge(&honest, &key).is_ok());
    let issuer = "assertion\">https://idp.example</saml:Issuer>";
    for other in ["https://other.example", "", "https://idp.example/", "https://idp.example<a/>"] {
        let changed = honest.replacen(issuer, &format!("assertion\">{other}</saml:Issuer>"), 1);
        assert_ne!(changed, honest);
        assert_eq!(judge(&changed, &key).unwrap_err(), "saml.issuer_mismatch", "{other}");
    }
}

#[test]
fn there_is_one_subject_with_a_name() {
    let (missing, malformed) = ("saml.subject_missing", "saml.subject_malformed");
    let with_text = |text: &str| NAME_ID.replace("ana &amp; ruiz", text);
    let subject = assertion("");
    let subject = &subject[subject.find("<saml:Subject>").unwrap()..subject.find("<saml:Conditions").unwrap()];
    judge_changes(&[
        (subject, "", missing),
        (NAME_ID, "", missing),
        (NAME_ID, &with_text(""), missing),
        (NAME_ID, &with_text(" \u{3000} "), missing),
        (NAME_ID, &with_text("\n"), missing),
        (NAME_ID, &with_text("ana\nruiz"), malformed),
        (NAME_ID, &with_text("ana&#9;ruiz"), malformed),
        (NAME_ID, &with_text("ana\u{7F}"), malformed),
        (NAME_ID, &with_text("ana\u{85}"), malformed),
        (NAME_ID, &with_text("ana<b/>"), malformed),
        (NAME_ID, &with_text("<b>ana</b>"), malformed),
        (NAME_ID, &with_text(" ana "), "accepted"),
        (NAME_ID, "<saml:BaseID/>", malformed),
        (NAME_ID, "<saml:EncryptedID/>", "saml.encryption_unsupported"),
        (NAME_ID, &NAME_ID.repeat(2), "saml.xml_refused"),
        (NAME_ID, &format!("x{NAME_ID}"), "saml.xml_refused"),
        ("</saml:Subject>", "<a/></saml:Subject>", "saml.xml_refused"),
        ("</saml:Subject>", "</saml:Subject><saml:Subject/>", "saml.statement_refused"),
        ("</saml:Subject>", "</saml:Subject>x", "saml.xml_refused"),
    ]);
}

#[test]
fn a_subject_that_is_signed_with_blanks_keeps_them() {
    let key = TestKey::new(ES256);
    let found = read_changed(&key, &[("ana &amp; ruiz", " Ana\u{A0}RUIZ ")]).unwrap();
    assert_eq!(found.subject.name_id.value, " Ana\u{A0}RUIZ ");
}

#[test]
fn confirmations_are_read_in_order() {
    let key = TestKey::new(ES256);
    let second = "</saml:SubjectConfirmation><saml:SubjectConfirmation Method=\"urn:m\"><saml:NameID>app</saml:NameID>\
        </saml:SubjectConfirmation>";
    let found = read_changed(&key, &[("</saml:SubjectConfirmation>", second)]).unwrap();
    let [_, second] = found.subject.confirmations.as_slice() else { panic!("{found:?}") };
    assert_eq!((second.method.as_str(), second.data.as_ref()), ("urn:m", None));
    assert_eq!(second.name_id.as_ref().unwrap().value, "app");
    let bare =
        read_changed(&key, &[(DATA, "<saml:SubjectConfirmationData><a/>x</saml:SubjectConfirmationData>")]).unwrap();
    assert_eq!(bare.subject.confirmations[0].data.as_ref().unwrap().recipient, None);
    let confirmation = assertion("");
    let from = confirmation.find("<saml:SubjectConfirmation ").unwrap();
    let confirmation = &confirmation[from..confirmation.find("</saml:Subject>").unwrap()];
    assert!(read_changed(&key, &[(confirmation, "")]).unwrap().subject.confirmations.is_empty());
    judge_changes(&[
        (" Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"", "", "saml.confirmation_malformed"),
        (DATA, &DATA.repeat(2), "saml.xml_refused"),
        (DATA, &format!("{DATA}<saml:NameID>app</saml:NameID>"), "saml.xml_refused"),
        (DATA, &format!("<saml:NameID></saml:NameID>{DATA}"), "saml.subject_missing"),
        (DATA, &format!("<saml:EncryptedID/>{DATA}"), "saml.encryption_unsupported"),
    ]);
}

#[test]
fn conditions_are_collected_and_the_unknown_ones_named() {
    let key = TestKey::new(ES256);
    let conditions = |inside: &str| read_changed(&key, &[(RESTRICTION, inside)]).map(|found| found.conditions.unwrap());
    let found = conditions(&format!(
        "\n{RESTRICTION}<saml:AudienceRestriction><saml:Audience>a</saml:Audience><saml:Audience>b</saml:Audience>\
         </saml:AudienceRestriction><saml:AudienceRestriction/><saml:OneTimeUse/><saml:ProxyRestriction Count=\"2\">\
         <saml:Audience>c</saml:Audience></saml:ProxyRestriction><saml:Condition/><x:Odd xmlns:x=\"urn:x\"/><Odd/>"
    ))
    .unwrap();
    assert_eq!(found.audience_restrictions, [vec!["https://bridge.example"], vec!["a", "b"], vec![]]);
    assert!(found.one_time_use);
    assert_eq!(found.proxy, Some(ProxyRestriction { count: Some(2), audiences: vec!["c".into()] }));
    assert_eq!(found.unknown, ["{urn:oasis:names:tc:SAML:2.0:assertion}Condition", "{urn:x}Odd", "Odd"]);
    let bare = conditions("<saml:ProxyRestriction/>").unwrap();
    assert_eq!((bare.audience_restrictions.len(), bare.proxy.unwrap().count), (0, None));
    let refused = "saml.xml_refused";
    for inside in [
        "<saml:OneTimeUse/><saml:OneTimeUse/>",
        "<saml:ProxyRestriction/><saml:ProxyRestriction/>",
        "<saml:ProxyRestriction Count=\"-1\"/>",
        "<saml:ProxyRestriction Count=\"\"/>",
        "<saml:ProxyRestriction><a/></saml:ProxyRestriction>",
        "<saml:AudienceRestriction><a/></saml:AudienceRestriction>",
        "<saml:AudienceRestriction>https://bridge.example</saml:AudienceRestriction>",
        "<saml:AudienceRestriction><saml:Audience>https://bridge.example<b/></saml:Audience></saml:AudienceRestriction>",
        "<saml:AudienceRestriction><Audience>https://bridge.example</Audience></saml:AudienceRestriction>",
        "x",
    ] {
        assert_eq!(conditions(inside).unwrap_err(), refused, "{inside}");
    }
    judge_changes(&[
        ("</saml:Conditions>", "</saml:Conditions><saml:Conditions/>", "saml.statement_refused"),
        ("</saml:Conditions>", "</saml:Conditions><saml:Advice><a>x</a></saml:Advice>", "accepted"),
        ("</saml:Conditions>", "</saml:Conditions><saml:Advice/><saml:Advice/>", "saml.statement_refused"),
    ]);
    let whole = assertion("");
    let whole = &whole[whole.find("<saml:Conditions").unwrap()..whole.find("<saml:AuthnStatement").unwrap()];
    assert_eq!(read_changed(&key, &[(whole, "")]).unwrap().conditions, None);
}

#[test]
fn statements_are_of_two_kinds() {
    let key = TestKey::new(ES256);
    let refused = "saml.statement_refused";
    judge_changes(&[
        ("</saml:AuthnStatement>", "</saml:AuthnStatement><saml:AuthzDecisionStatement/>", refused),
        ("</saml:AuthnStatement>", "</saml:AuthnStatement><saml:Statement/>", refused),
        ("</saml:AuthnStatement>", "</saml:AuthnStatement><AuthnStatement/>", refused),
        (CONTEXT, "", refused),
        (CONTEXT, &format!("<saml:SubjectLocality Address=\"192.0.2.7\"/>{CONTEXT}"), "accepted"),
        (CONTEXT, &CONTEXT.repeat(2), "saml.xml_refused"),
        (CONTEXT, &CONTEXT.replace("ac:classes", "<b/>"), "saml.xml_refused"),
        (CONTEXT, &CONTEXT.replace("<saml:AuthnContextClassRef>", "x<saml:AuthnContextClassRef>"), "saml.xml_refused"),
        (
            CLASS_END,
            &format!("{CLASS_END}<saml:AuthnContextClassRef>x</saml:AuthnContextClassRef>"),
            "saml.xml_refused",
        ),
        (CLASS, &format!("<saml:AuthnContextDeclRef>x</saml:AuthnContextDeclRef>{CLASS}"), "saml.xml_refused"),
        (CLASS_END, &format!("{CLASS_END}<x/>"), "saml.xml_refused"),
        (
            CLASS_END,
            &format!("{CLASS_END}<saml:AuthnContextDecl/>{}", "<saml:AuthenticatingAuthority/>".repeat(2)),
            "accepted",
        ),
    ]);
    let declared = read_changed(
        &key,
        &[(CONTEXT, "<saml:AuthnContext><saml:AuthnContextDeclRef>x</saml:AuthnContextDeclRef></saml:AuthnContext>")],
    );
    assert_eq!(declared.unwrap().authn_statements[0].context_class, None);
    let two = "</saml:AuthnStatement><saml:AuthnStatement AuthnInstant=\"2026-03-01T11:51:00Z\"><saml:AuthnContext/></saml:AuthnStatement>";
    assert_eq!(read_changed(&key, &[("</saml:AuthnStatement>", two)]).unwrap().authn_statements.len(), 2);
}

#[test]
fn attribute_values_are_text() {
    let key = TestKey::new(ES256);
    let xsi = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
    let values = |inside: &str| read_changed(&key, &[(VALUE, inside)]).map(|found| found.attributes[0].values.clone());
    let value =
        |attributes: &str, inside: &str| format!("<saml:AttributeValue {attributes}>{inside}</saml:AttributeValue>");
    for (inside, expected) in [
        (String::new(), vec!["staff"]),
        (VALUE.repeat(2), vec!["staff", "a<b", "a<b"]),
        (value("", ""), vec!["staff", ""]),
        (value("", " \n x "), vec!["staff", " \n x "]),
        (value(&format!("{xsi} xsi:nil=\"true\""), ""), vec!["staff", ""]),
        (value(&format!("{xsi} xsi:type=\"x:any\""), "y"), vec!["staff", "y"]),
        (value("", "<saml:NameID Format=\"urn:f\">opaque</saml:NameID>"), vec!["staff", "opaque"]),
        (value("", "\n<saml:NameID>opaque</saml:NameID>\n"), vec!["staff", "opaque"]),
    ] {
        assert_eq!(values(&inside).unwrap(), expected, "{inside}");
    }
    for inside in [
        value("", "a<b/>c"),
        value("", "<b>c</b>"),
        value("", "x<saml:NameID>opaque</saml:NameID>"),
        value("", "<saml:NameID>o</saml:NameID><saml:NameID>p</saml:NameID>"),
        value("", "<saml:NameID>o<b/></saml:NameID>"),
        value("", "<NameID>o</NameID>"),
        value(&format!("{xsi} xsi:nil=\"1\""), "x"),
        "x".to_owned(),
        "<a/>".to_owned(),
    ] {
        assert_eq!(values(&inside).unwrap_err(), "saml.attribute_malformed", "{inside}");
    }
}

#[test]
fn attributes_have_names_and_may_come_twice() {
    let key = TestKey::new(ES256);
    let second = "</saml:AttributeStatement><saml:AttributeStatement><saml:Attribute Name=\"groups\"/></saml:AttributeStatement>";
    let found = read_changed(&key, &[("</saml:AttributeStatement>", second)]).unwrap();
    let [_, again] = found.attributes.as_slice() else { panic!("{found:?}") };
    assert_eq!((again.name.as_str(), again.values.len(), again.name_format.as_ref()), ("groups", 0, None));
    judge_changes(&[
        (" Name=\"groups\"", "", "saml.attribute_malformed"),
        (" Name=\"groups\"", " Name=\"\"", "saml.attribute_malformed"),
        (" Name=\"groups\"", " ds:Name=\"groups\" xmlns:ds=\"urn:d\"", "saml.attribute_malformed"),
        (
            "<saml:AttributeStatement>",
            "<saml:AttributeStatement><saml:EncryptedAttribute/>",
            "saml.encryption_unsupported",
        ),
        ("<saml:AttributeStatement>", "<saml:AttributeStatement><a/>", "saml.xml_refused"),
        ("<saml:AttributeStatement>", "<saml:AttributeStatement>x", "saml.xml_refused"),
    ]);
}
