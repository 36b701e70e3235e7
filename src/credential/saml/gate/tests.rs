use super::super::testing::{ES256_URI, SHA256_URI, assertion, repeat, response, signature, unsigned};
use super::*;
use crate::decision::Rejection as _;

fn code(text: &str) -> String {
    Document::parse(text).map_or_else(|refused| refused.code().to_string(), |_| "admitted".to_owned())
}

/// Replaces exactly one occurrence.
fn with(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    text.replace(from, to)
}

fn signature_of(id: &str) -> String {
    signature(id, ES256_URI, SHA256_URI)
}

/// One honest document, one change, one answer.
fn judge_changes(honest: &str, cases: &[(&str, &str, &str)]) {
    assert_eq!(code(honest), "admitted");
    for (from, to, expected) in cases {
        assert_eq!(code(&with(honest, from, to)), *expected, "{from} -> {to}");
    }
}

#[test]
fn bare_assertions_and_responses_signed_on_either_side_are_admitted() {
    let bare = unsigned();
    let both = response(&signature_of("_r1"), &bare);
    for (text, signatures) in [
        (bare.clone(), 1),
        (response("", &bare), 1),
        (response(&signature_of("_r1"), &assertion("")), 1),
        (both.clone(), 2),
    ] {
        let document = Document::parse(&text).unwrap();
        assert_eq!(document.issuer(), "https://idp.example");
        assert_eq!(document.algorithms().count(), signatures);
    }
    let first_without_issuer = with(
        &both,
        "<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">https://idp.example</saml:Issuer><ds",
        "<ds",
    );
    assert_eq!(code(&first_without_issuer), "admitted");
}

#[test]
fn shapes_that_honest_providers_write_are_admitted() {
    // AD FS and Entra redeclare the default namespace for Signature and KeyInfo.
    let adfs = unsigned()
        .replace("<ds:", "<")
        .replace("</ds:", "</")
        .replace("xmlns:ds=", "xmlns=")
        .replace("</SignatureValue>", "</SignatureValue><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data><X509Certificate>MIIC</X509Certificate></X509Data></KeyInfo>")
        .replace("<saml:", "<")
        .replace("</saml:", "</")
        .replace("xmlns:saml=", "xmlns=");
    assert_eq!(code(&adfs), "admitted");
    // Others indent the signature and break its lines.
    let indented =
        unsigned().replace("><ds:", ">\n  <ds:").replace("VkFMVUU=", "\nVkFM\r\nVUU= \t").replace("></ds:", ">\n</ds:");
    assert_eq!(code(&indented), "admitted");
    let list = "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"#default xs unknown  saml\n\"/>";
    let listed = unsigned().replace(
        "\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>",
        &format!("\"http://www.w3.org/2001/10/xml-exc-c14n#\">{list}</ds:Transform>"),
    );
    let listed = listed.replacen("</ds:Transform>", "</ds:CanonicalizationMethod>", 1);
    let document = Document::parse(&listed).unwrap();
    let (_, form) = document.signatures().next().unwrap();
    assert_eq!((form.signed_info_prefixes.len(), form.reference_prefixes.len()), (3, 3));
}

#[test]
fn the_root_is_an_assertion_or_a_response_of_saml_2_0() {
    let honest = unsigned();
    judge_changes(
        &honest,
        &[
            ("Version=\"2.0\" ", "Version=\"1.1\" ", "saml.version_refused"),
            ("Version=\"2.0\" ", "", "saml.version_refused"),
            ("ID=\"_a1\" ", "", "saml.id_repeated"),
            ("ID=\"_a1\" ", "ID=\"1a\" ", "saml.id_repeated"),
            ("ID=\"_a1\" ", "ID=\"a:b\" ", "saml.id_repeated"),
            ("ID=\"_a1\" ", "ID=\"\" ", "saml.id_repeated"),
        ],
    );
    let wrapped = response("", &honest);
    for (text, expected) in [
        ("<a/>".to_owned(), "saml.root_refused"),
        (honest.replace(":2.0:assertion\" ID", ":3.0:assertion\" ID"), "saml.root_refused"),
        (honest.replace("saml:Assertion", "saml:Evidence"), "saml.root_refused"),
        (honest.replace(":2.0:assertion\" ID", ":1.0:assertion\" ID"), "saml.version_refused"),
        (wrapped.replace("samlp:Response", "samlp:LogoutResponse"), "saml.root_refused"),
        (wrapped.replace(":2.0:protocol", ":1.0:protocol"), "saml.version_refused"),
        (with(&wrapped, "ID=\"_r1\" Version=\"2.0\"", "ID=\"_r1\" Version=\"2.1\""), "saml.version_refused"),
        (with(&wrapped, "ID=\"_a1\" Version=\"2.0\"", "ID=\"_a1\" Version=\"2.1\""), "saml.version_refused"),
        (with(&wrapped, "ID=\"_r1\" ", ""), "saml.id_repeated"),
        (
            "<EncryptedAssertion xmlns='urn:oasis:names:tc:SAML:2.0:assertion'/>".to_owned(),
            "saml.encryption_unsupported",
        ),
    ] {
        assert_eq!(code(&text), expected, "{text}");
    }
}

#[test]
fn an_id_stands_once_under_any_name() {
    let honest = response("", &unsigned());
    for id in ["ID", "Id", "id", "iD", "AssertionID", "RequestID", "ResponseID", "xml:id", "samlp:ID"] {
        let repeated = with(&honest, "<samlp:Status>", &format!("<samlp:Status {id}=\"_a1\">"));
        assert_eq!(code(&repeated), "saml.id_repeated", "{id}");
        let other = with(&honest, "<samlp:Status>", &format!("<samlp:Status {id}=\"_a2\">"));
        assert_eq!(code(&other), "admitted", "{id}");
    }
}

#[test]
fn a_signature_stands_where_the_schema_has_it() {
    let (of_assertion, of_response) = (signature_of("_a1"), signature_of("_r1"));
    let both = response(&of_response, &assertion(&of_assertion));
    let nested = |name: &str, inside: &str| format!("<{name}>{inside}</{name}>");
    for text in [
        // Behind something else than the issuer.
        with(&unsigned(), &of_assertion, "").replace("<saml:Conditions", &format!("{of_assertion}<saml:Conditions")),
        with(&unsigned(), &of_assertion, "").replace("</saml:Assertion>", &format!("{of_assertion}</saml:Assertion>")),
        with(&unsigned(), &of_assertion, "").replace("<saml:Issuer>", &format!("{of_assertion}<saml:Issuer>")),
        with(&both, &of_response, "").replace("</samlp:Response>", &format!("{of_response}</samlp:Response>")),
        with(&both, &of_response, "").replace("</samlp:Status>", &format!("</samlp:Status>{of_response}")),
        // Twice.
        with(&unsigned(), &of_assertion, &of_assertion.repeat(2)),
        with(&both, &of_response, &of_response.repeat(2)),
        // Somewhere else.
        response(&of_response, "")
            .replace("<samlp:Status>", &format!("<samlp:Extensions>{}</samlp:Extensions><samlp:Status>", unsigned())),
        with(&both, &of_response, &nested("samlp:Extensions", &of_response)),
        with(&unsigned(), "<saml:Subject>", &format!("<saml:Subject>{of_assertion}")),
        with(&unsigned(), "<saml:AttributeValue>a&lt;b", &format!("<saml:AttributeValue>{of_assertion}")),
        with(&unsigned(), "</ds:Signature>", &format!("<ds:KeyInfo>{of_assertion}</ds:KeyInfo></ds:Signature>")),
        with(&unsigned(), "</ds:Signature>", &format!("<ds:Object>{of_assertion}</ds:Object></ds:Signature>")),
        of_assertion.replace("<ds:Signature ", "<ds:Signature ID=\"_a1\" "),
    ] {
        let found = code(&text);
        let expected = if text.starts_with("<ds:") { "saml.root_refused" } else { "saml.signature_profile" };
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table: a part of the form and a change of it in each line")]
fn the_form_of_a_signature_is_a_closed_world() {
    let profile = "saml.signature_profile";
    let c14n = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let enveloped = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>";
    let c14n_method = "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let inclusive = "xmlns=\"http://www.w3.org/2001/10/xml-exc-c14n#\"";
    judge_changes(
        &unsigned(),
        &[
            ("URI=\"#_a1\"", "URI=\"\"", profile),
            ("URI=\"#_a1\"", "", profile),
            ("URI=\"#_a1\"", "URI=\"#_a2\"", profile),
            ("URI=\"#_a1\"", "URI=\"_a1\"", profile),
            ("URI=\"#_a1\"", "URI=\"#xpointer(id('_a1'))\"", profile),
            ("URI=\"#_a1\"", "URI=\"http://e.example/#_a1\"", profile),
            ("URI=\"#_a1\"", "URI=\"#_a1\" Type=\"http://www.w3.org/2000/09/xmldsig#Object\"", profile),
            ("URI=\"#_a1\"", "ds:URI=\"#_a1\"", profile),
            (enveloped, "", profile),
            (c14n, "", profile),
            (enveloped, c14n, profile),
            (c14n, enveloped, profile),
            (c14n, &(c14n.to_owned() + c14n), profile),
            (enveloped, &(enveloped.to_owned() + enveloped), profile),
            (&(enveloped.to_owned() + c14n), &(c14n.to_owned() + enveloped), profile),
            (enveloped, &enveloped.replace("/>", "><ds:XPath>false()</ds:XPath></ds:Transform>"), profile),
            (enveloped, &enveloped.replace("/>", ">x</ds:Transform>"), profile),
            (c14n, &c14n.replace("exc-c14n#", "exc-c14n#WithComments"), profile),
            (c14n, "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"/>", profile),
            (c14n, "<ds:Transform Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>", profile),
            (c14n, &c14n.replace("/>", &format!("><InclusiveNamespaces {inclusive}/></ds:Transform>")), profile),
            (
                c14n,
                &c14n.replace(
                    "/>",
                    &format!(
                        "><InclusiveNamespaces {inclusive} PrefixList=\"xs\">x</InclusiveNamespaces></ds:Transform>"
                    ),
                ),
                profile,
            ),
            (
                c14n,
                &c14n.replace(
                    "/>",
                    &format!("><InclusiveNamespaces {inclusive} PrefixList=\"xs\" a=\"\"/></ds:Transform>"),
                ),
                profile,
            ),
            (c14n, &c14n.replace("/>", "><ds:InclusiveNamespaces PrefixList=\"xs\"/></ds:Transform>"), profile),
            (c14n_method, "", profile),
            (c14n_method, &c14n_method.replace("exc-c14n#", "exc-c14n#WithComments"), profile),
            (
                c14n_method,
                "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>",
                profile,
            ),
            (c14n_method, &c14n_method.repeat(2), profile),
            ("<ds:SignedInfo>", "<ds:SignedInfo Type=\"x\">", profile),
            ("<ds:SignedInfo>", "<ds:SignedInfo>x", profile),
            ("</ds:SignedInfo>", "<ds:Reference/></ds:SignedInfo>", profile),
            ("<ds:SignatureMethod ", "<ds:SignatureMethod Id=\"_m\" ", profile),
            ("<ds:DigestMethod ", "<ds:DigestMethod Id=\"_m\" ", profile),
            ("<ds:DigestValue>", "<ds:DigestValue Id=\"_d\">", profile),
            ("<ds:SignatureValue>", "<ds:SignatureValue Encoding=\"x\">", profile),
            ("<ds:Signature ", "<ds:Signature xml:Id=\"_s\" ", profile),
            (enveloped, &enveloped.replace("/>", " Id=\"_t\"/>"), profile),
            (c14n, &c14n.replace("/>", " Id=\"_t\"/>"), profile),
            ("</ds:SignedInfo>", "</ds:SignedInfo><ds:SignedInfo></ds:SignedInfo>", profile),
            ("<ds:Transforms>", "<ds:Transforms a=\"\">", profile),
            ("</ds:Reference>", "<ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>", profile),
            (">RElHRVNU<", "><", profile),
            (">RElHRVNU<", ">RElHRVN<", profile),
            (">RElHRVNU<", ">RElHRVNU=<", profile),
            (">RElHRVNU<", ">RE!HRVNU<", profile),
            (">RElHRVNU<", "><b/>RElHRVNU<", profile),
            (">RElHRVNU<", "><!-- -->RElHRVNU<", profile),
            (">RElHRVNU<", "><![CDATA[RElHRVNU]]><", profile),
            (">RElHRVNU<", "><?p?>RElHRVNU<", profile),
            (">VkFMVUU=<", ">VkFMVUV=<", profile),
            (">VkFMVUU=<", ">VkFMVUU<", profile),
            (">VkFMVUU=<", "><", profile),
            (">VkFMVUU=<", &format!(">{}<", "AAAA".repeat(342)), profile),
            ("</ds:SignatureValue>", "</ds:SignatureValue><ds:SignatureValue>AAAA</ds:SignatureValue>", profile),
            ("</ds:Signature>", "<ds:Object/></ds:Signature>", profile),
            ("</ds:Signature>", "<ds:KeyInfo/><ds:KeyInfo/></ds:Signature>", profile),
            ("</ds:Signature>", "<ds:KeyInfo/><ds:Object/></ds:Signature>", profile),
            ("</ds:Signature>", "<x/></ds:Signature>", profile),
            ("</ds:Signature>", "x</ds:Signature>", profile),
            ("<ds:Signature ", "<ds:Signature xml:base=\"http://e.example\" ", profile),
            ("<ds:Signature ", "<ds:Signature Id=\"_s\" ", "admitted"),
            ("</ds:Signature>", "<ds:KeyInfo><a xmlns=\"urn:x\"/>x</ds:KeyInfo></ds:Signature>", "admitted"),
        ],
    );
}

#[test]
fn values_are_bounded() {
    use base64::Engine as _;
    let honest = unsigned();
    let (before, rest) = honest.split_once("<ds:SignatureValue>").unwrap();
    let (_, after) = rest.split_once("</ds:SignatureValue>").unwrap();
    for (length, expected) in [(1, "admitted"), (1024, "admitted"), (1025, "saml.signature_profile")] {
        let value = base64::prelude::BASE64_STANDARD.encode(vec![7; length]);
        let text = format!("{before}<ds:SignatureValue>{value}</ds:SignatureValue>{after}");
        assert_eq!(code(&text), expected, "{length}");
    }
}

#[test]
fn prefix_lists_are_bounded() {
    let declared: String = repeat(17, |n| format!(" xmlns:p{n}=\"urn:{n}\""));
    for (count, expected) in [(16, "admitted"), (17, "saml.signature_profile")] {
        let list: Vec<_> = (0..count).map(|n| format!("p{n}")).collect();
        let list = format!(
            "<InclusiveNamespaces xmlns=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{}\"/>",
            list.join(" ")
        );
        let text = with(&unsigned(), "<ds:Signature ", &format!("<ds:Signature{declared} "));
        let c14n = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
        let text = with(&text, c14n, &c14n.replace("/>", &format!(">{list}</ds:Transform>")));
        assert_eq!(code(&text), expected);
    }
}

#[test]
fn algorithms_that_are_not_in_the_tables_are_refused() {
    for (method, digest) in [
        ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", SHA256_URI),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-md5", SHA256_URI),
        ("http://www.w3.org/2000/09/xmldsig#dsa-sha1", SHA256_URI),
        ("http://www.w3.org/2000/09/xmldsig#hmac-sha1", SHA256_URI),
        ("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", SHA256_URI),
        ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", SHA256_URI),
        ("http://www.w3.org/2007/05/xmldsig-more#rsa-pss", SHA256_URI),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256 ", SHA256_URI),
        ("", SHA256_URI),
        (ES256_URI, "http://www.w3.org/2000/09/xmldsig#sha1"),
        (ES256_URI, "http://www.w3.org/2001/04/xmldsig-more#md5"),
        (ES256_URI, "http://www.w3.org/2001/04/xmldsig-more#sha224"),
        (ES256_URI, ""),
    ] {
        assert_eq!(code(&assertion(&signature("_a1", method, digest))), "saml.algorithm_refused", "{method} {digest}");
    }
    for (algorithm, _) in signature::SIGNATURE_ALGORITHMS {
        for (digest, _) in signature::DIGEST_ALGORITHMS {
            assert_eq!(code(&assertion(&signature("_a1", algorithm, digest))), "admitted", "{algorithm} {digest}");
        }
    }
    let method = format!("<ds:SignatureMethod Algorithm=\"{ES256_URI}\"/>");
    let length = "<ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>";
    judge_changes(
        &unsigned(),
        &[
            (&method, &method.replace("/>", &format!(">{length}")), "saml.signature_profile"),
            (&method, "<ds:SignatureMethod/>", "saml.algorithm_refused"),
            (&method, "", "saml.signature_profile"),
        ],
    );
}

#[test]
fn there_is_one_assertion_where_it_belongs_and_a_signature_covers_it() {
    let evil = assertion("").replace("_a1", "_evil");
    let signed_response = response(&signature_of("_r1"), &assertion(""));
    let signed_assertion = response("", &unsigned());
    let none = response(&signature_of("_r1"), "");
    let encrypted = "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>";
    let advice = format!("</saml:Conditions><saml:Advice>{evil}</saml:Advice>");
    for (text, expected) in [
        (assertion(""), "saml.signature_missing"),
        (response("", &assertion("")), "saml.signature_missing"),
        (none.clone(), "saml.assertion_count"),
        (response("", ""), "saml.assertion_count"),
        (response("", &(assertion("") + &evil)), "saml.assertion_count"),
        (with(&signed_response, "</samlp:Response>", &format!("{evil}</samlp:Response>")), "saml.assertion_count"),
        (with(&signed_response, "</samlp:Status>", &format!("{evil}</samlp:Status>")), "saml.assertion_count"),
        (
            none.replace("<samlp:Status>", &format!("<samlp:Extensions>{evil}</samlp:Extensions><samlp:Status>")),
            "saml.assertion_count",
        ),
        (with(&unsigned(), "</saml:Conditions>", &advice), "saml.assertion_count"),
        (with(&signed_assertion, "</samlp:Response>", &format!("{evil}</samlp:Response>")), "saml.signature_profile"),
        (with(&signed_assertion, "</samlp:Status>", &format!("</samlp:Status>{evil}")), "saml.signature_profile"),
        (with(&signed_assertion, "<samlp:Status>", &format!("<samlp:Status>{evil}")), "saml.signature_profile"),
        (
            with(&signed_assertion, "</ds:Signature>", &format!("<ds:KeyInfo>{evil}</ds:KeyInfo></ds:Signature>")),
            "saml.signature_profile",
        ),
        (response(&signature_of("_r1"), encrypted), "saml.encryption_unsupported"),
        (response("", encrypted), "saml.encryption_unsupported"),
        (with(&signed_response, "</samlp:Response>", &format!("{encrypted}</samlp:Response>")), "saml.assertion_count"),
    ] {
        assert_eq!(code(&text), expected, "{text}");
    }
}

#[test]
fn every_assertion_is_counted_encrypted_or_not() {
    let encrypted = "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>";
    for (count, more) in
        [(2, encrypted.to_owned()), (3, encrypted.repeat(2)), (3, assertion("").replace("_a1", "_a2") + encrypted)]
    {
        let found = Document::parse(&response(&signature_of("_r1"), &(assertion("") + &more))).err();
        assert_eq!(found, Some(SamlRejection::AssertionCount { found: count }), "{more}");
    }
}

#[test]
fn a_response_has_the_children_of_its_schema_in_order() {
    let honest = response(&signature_of("_r1"), &assertion(""));
    let status =
        "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>";
    judge_changes(
        &honest,
        &[
            ("<samlp:Status>", "<samlp:Extensions><a xmlns=\"urn:x\"/></samlp:Extensions><samlp:Status>", "admitted"),
            ("<samlp:Status>", "\n <samlp:Status>", "admitted"),
            ("<samlp:Status>", "x<samlp:Status>", "saml.xml_refused"),
            ("<samlp:Status>", "<a/><samlp:Status>", "saml.xml_refused"),
            ("</samlp:Status>", "</samlp:Status><samlp:Extensions/>", "saml.xml_refused"),
            (status, &status.repeat(2), "saml.xml_refused"),
            ("</samlp:Response>", "<a/></samlp:Response>", "saml.xml_refused"),
        ],
    );
}

#[test]
fn only_success_is_a_status() {
    let honest = response(&signature_of("_r1"), &assertion(""));
    let code_element = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>";
    let status = format!("<samlp:Status>{code_element}</samlp:Status>");
    let refused = "saml.status_refused";
    judge_changes(
        &honest,
        &[
            ("status:Success", "status:Responder", refused),
            ("status:Success", "status:success", refused),
            (code_element, "", refused),
            (&status, "", refused),
            (code_element, "<samlp:StatusCode/>", refused),
            (
                code_element,
                "<samlp:StatusCode><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:StatusCode>",
                refused,
            ),
        ],
    );
    for (from, to) in [
        (code_element, code_element.repeat(2)),
        (code_element, format!("{code_element}<samlp:StatusCode Value=\"urn:a\"/>")),
        (code_element, code_element.replace("/>", ">x</samlp:StatusCode>")),
        (code_element, code_element.replace("/>", "><samlp:StatusCode/><samlp:StatusCode/></samlp:StatusCode>")),
        (code_element, format!("<samlp:StatusMessage/>{code_element}")),
        (code_element, format!("{code_element}<samlp:StatusMessage/><samlp:StatusMessage/>")),
        (code_element, format!("{code_element}<StatusCode Value=\"urn:a\"/>")),
    ] {
        assert_eq!(code(&with(&honest, from, &to)), "saml.xml_refused", "{to}");
    }
    let detailed = format!(
        "{}<samlp:StatusMessage>x</samlp:StatusMessage><samlp:StatusDetail><a xmlns=\"urn:x\"/></samlp:StatusDetail>",
        code_element.replace("/>", "><samlp:StatusCode Value=\"urn:a\"/></samlp:StatusCode>"),
    );
    assert_eq!(code(&with(&honest, code_element, &detailed)), "admitted");
    let failed = "<samlp:StatusCode Value=\"urn:a\"><samlp:StatusCode Value=\"urn:b\"/></samlp:StatusCode>";
    let text = with(&response("", ""), code_element, failed);
    assert_eq!(Document::parse(&text).unwrap_err(), SamlRejection::Status { found: "urn:a urn:b".into() });
}

#[test]
fn an_assertion_names_its_issuer_first() {
    let issuer = "<saml:Issuer>https://idp.example</saml:Issuer>";
    let signed_response = response(&signature_of("_r1"), &assertion(""));
    judge_changes(
        &signed_response,
        &[
            (issuer, "", "saml.issuer_unknown"),
            (issuer, "<saml:Issuer/>", "saml.issuer_unknown"),
            (issuer, "<saml:Issuer>https://idp.example<a/></saml:Issuer>", "saml.issuer_unknown"),
        ],
    );
    assert_eq!(code(&with(&unsigned(), issuer, "")), "saml.signature_profile");
}

/// The largest documents of their kind that fit into a message; what takes quadratic time would take minutes here.
#[test]
fn many_ids_and_many_assertions_cost_little() {
    let ids: String = repeat(6_000, |n| format!("<a Id=\"_{n}\"/>"));
    let ids = with(
        &response("", &unsigned()),
        "<samlp:Status>",
        &format!("<samlp:Extensions>{ids}</samlp:Extensions><samlp:Status>"),
    );
    assert_eq!(code(&ids), "admitted");
    assert_eq!(code(&ids.replace("\"_5999\"", "\"_0\"")), "saml.id_repeated");
    let many: String = repeat(3_000, |n| format!("<saml:Assertion ID=\"_{n}\"/>"));
    let many = with(&unsigned(), "</saml:Conditions>", &format!("</saml:Conditions><saml:Advice>{many}</saml:Advice>"));
    assert_eq!(code(&many), "saml.assertion_count");
}

#[test]
fn debug_shows_no_content() {
    let text = unsigned();
    let document = Document::parse(&text).unwrap();
    let shown = format!("{document:?}");
    assert!(shown.contains("Arena(") && !shown.contains("ana"), "{shown}");
}
