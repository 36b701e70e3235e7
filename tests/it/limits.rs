//! Documents that cost more to look at than to send: each refused for its own reason, and early.
//!
//! What a document may cost is bounded by the limits of the gate, so that is what is asserted: the reason, which limit,
//! and the octet at which it was met. `--nocapture` shows the milliseconds; nothing here depends on them.

use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use drawbridge::credential::saml::{Document, SamlRejection, XmlFault, decode};

/// Decoded XML, at most.
const LIMIT: usize = 128 * 1024;

fn judge(name: &str, document: &str) -> SamlRejection {
    let parameter = BASE64_STANDARD.encode(document);
    let began = Instant::now();
    let judged = decode(&parameter).and_then(|text| Document::parse(&text).map(drop));
    let took = began.elapsed();
    println!("{name:<48} {:>9} octets {:>8.3} ms", document.len(), took.as_secs_f64() * 1000.0);
    judged.expect_err(name)
}

fn many(count: usize, each: impl Fn(usize) -> String) -> String {
    (0..count).map(each).collect()
}

/// In a response, where the gate looks closest.
fn around(inside: &str) -> String {
    format!(
        "<p:Response xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol' ID='_r' Version='2.0' \
         IssueInstant='2026-03-01T12:00:00Z'><p:Status>\
         <p:StatusCode Value='urn:oasis:names:tc:SAML:2.0:status:Success'/></p:Status>{inside}</p:Response>"
    )
}

/// As large as these would have to be, they are refused before a single tag is looked at.
#[test]
fn what_is_over_the_limit_of_octets_is_not_parsed() {
    let ids = "<a>".to_owned() + &many(80_000, |n| format!("<b ID='_{n}'/>")) + "</a>";
    for (name, document) in [
        ("80,000 attributes", format!("<a{}/>", many(80_000, |n| format!(" a{n}='1'")))),
        ("50,000 namespace declarations", format!("<a{}/>", many(50_000, |n| format!(" xmlns:p{n}='urn:{n}'")))),
        ("depth 40,000", "<a>".repeat(40_000) + &"</a>".repeat(40_000)),
        ("10 MB of text", format!("<a>{}</a>", "x".repeat(10_000_000))),
        ("10 MB in one attribute", format!("<a b='{}'/>", "x".repeat(10_000_000))),
        ("10 MB of white space", format!("<a>{}</a>", " ".repeat(10_000_000))),
        ("80,000 IDs", ids),
        ("one octet too many", format!("<a>{}</a>", "x".repeat(LIMIT - 6))),
    ] {
        let refused = judge(name, &document);
        assert!(matches!(refused, SamlRejection::TooLarge { limit: LIMIT, .. }), "{name}: {refused}");
    }
}

/// Within the limit of octets, each kind of thing has a limit of its own, and the first one over it ends the parse.
#[test]
fn what_is_many_in_little_space_is_refused_at_the_first_one_too_many() {
    for (name, document, of, latest) in [
        ("10,000 attributes", format!("<a{}/>", many(10_000, |n| format!(" a{n}=''"))), "attributes on an element", 0),
        (
            "5,000 declarations",
            format!("<a{}/>", many(5_000, |n| format!(" xmlns:p{n}='urn:{n}'"))),
            "different namespaces",
            0,
        ),
        ("depth 10,000", "<a>".repeat(10_000) + &"</a>".repeat(10_000), "elements inside each other", 200),
        (
            "depth 10,000 in a response",
            around(&("<a>".repeat(10_000) + &"</a>".repeat(10_000))),
            "elements inside each other",
            600,
        ),
        ("one-character elements", around(&"<a/>".repeat((LIMIT - 400) / 4)), "nodes", LIMIT),
        ("one-character elements and texts", around(&"<a/>x".repeat((LIMIT - 400) / 5)), "nodes", LIMIT),
        (
            "attributes on many elements",
            around(&many(1_400, |_| {
                format!("<a{}/>", many(14, |n| format!(" {}=''", char::from(b'a' + u8::try_from(n).unwrap()))))
            })),
            "nodes",
            LIMIT,
        ),
        (
            "a declaration on each level",
            many(2_000, |n| format!("<a xmlns:p{n}='urn:{n}'>")),
            "elements inside each other",
            2_000,
        ),
        (
            "a declaration on each of many elements",
            around(&many(4_000, |n| format!("<a xmlns='urn:{n}'/>"))),
            "different namespaces",
            LIMIT,
        ),
    ] {
        assert!(document.len() <= LIMIT, "{name}: {}", document.len());
        let refused = judge(name, &document);
        let SamlRejection::Xml { fault: XmlFault::Limit { of: found, limit }, at, .. } = refused else {
            panic!("{name}: {refused}")
        };
        println!("    over {limit} {found} at octet {at}");
        assert_eq!(found, of, "{name}");
        assert!(at <= latest, "{name} was followed to octet {at}");
    }
}

/// Here nothing is over a limit but the form: the work is bounded by the octets alone, in the tables as in the values.
#[test]
fn what_stays_within_every_limit_is_judged_by_its_content() {
    // Sorted, not compared each with each.
    let ids = around(&many(3_800, |n| format!("<a ID='_{n}'/>")));
    assert!(matches!(judge("3,800 IDs, all different", &ids), SamlRejection::AssertionCount { found: 0 }));
    let same = around(&many(3_800, |n| format!("<a ID='_{}'/>", n / 2 + 1)));
    assert!(matches!(judge("3,800 IDs, in pairs", &same), SamlRejection::IdRepeated { .. }));
    let assertions = around(&"<Assertion xmlns='urn:oasis:names:tc:SAML:2.0:assertion'/>".repeat(2_000));
    assert!(matches!(judge("2,000 assertions", &assertions), SamlRejection::IdMalformed { .. }));
    let signatures = around(&"<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/>".repeat(2_000));
    assert!(matches!(judge("2,000 signatures", &signatures), SamlRejection::SignatureProfile { .. }));
    let namespaces = "urn:oasis:names:tc:SAML:2.0:assertion";
    let values = around(&format!(
        "<a:Assertion xmlns:a='{namespaces}' ID='_a' Version='2.0'><a:AttributeStatement><a:Attribute Name='n'>{}\
         </a:Attribute></a:AttributeStatement></a:Assertion>",
        "<a:AttributeValue/>".repeat(6_000)
    ));
    assert!(matches!(judge("6,000 values", &values), SamlRejection::SignatureMissing));
    let references = format!("<a b='{}'/>", "&#10;".repeat(26_000));
    assert!(matches!(judge("26,000 references in a value", &references), SamlRejection::Root { .. }));
    let open = "<a b='".to_owned() + &"x".repeat(LIMIT - 6);
    assert!(matches!(
        judge("a value that never ends", &open),
        SamlRejection::Xml { fault: XmlFault::IllFormed(_), .. }
    ));
    let tags = "<".repeat(LIMIT);
    assert!(matches!(judge("nothing but <", &tags), SamlRejection::Xml { .. }));
    let references = format!("<a>{}</a>", "&amp".repeat(32_000));
    assert!(matches!(judge("references without an end", &references), SamlRejection::Xml { .. }));
}
