//! Metadata as Shibboleth, AD FS and federations write it, and what each fault is called.

use std::sync::LazyLock;
use std::time::Duration;

use base64::prelude::BASE64_STANDARD;

use crate::crypto::digest::{hex, sha256};
use crate::crypto::sign_raw::{RawKeyKind, RawSigningKey};
use crate::crypto::testing::rsa_1024_pkcs8;
use crate::crypto::verify::KeyRejection;

use super::super::rejection::SamlRejection;
use super::*;

const IDP: &str = "https://idp.example";

/// Certificates of nine different keys; all of them expired long ago, which counts for nothing.
static CERTIFICATES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let epoch = Timestamp::from_unix_seconds(0);
    let make = |_| {
        let key = RawSigningKey::generate(RawKeyKind::EcdsaSha256).unwrap();
        BASE64_STANDARD.encode(key.certificate("TEST", epoch, epoch.after(Duration::from_secs(1))).unwrap())
    };
    (0..9).map(make).collect()
});

fn fingerprint(certificate: &str) -> String {
    hex(&sha256(&BASE64_STANDARD.decode(certificate).unwrap()))
}

fn key(usage: &str, certificate: &str) -> String {
    format!(
        "<md:KeyDescriptor{usage}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate>\
         </ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )
}

fn signing(place: usize) -> String {
    key(" use=\"signing\"", &CERTIFICATES[place])
}

fn entity_with(id: &str, attributes: &str, content: &str) -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"{id}\"{attributes}>{content}</md:EntityDescriptor>"
    )
}

fn role(content: &str) -> String {
    format!("<md:IDPSSODescriptor protocolSupportEnumeration=\"{SAML2}\">{content}</md:IDPSSODescriptor>")
}

fn entity(content: &str) -> String {
    entity_with(IDP, "", &role(content))
}

fn entities(attributes: &str, content: &str) -> String {
    format!(
        "<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"{attributes}>{content}</EntitiesDescriptor>"
    )
}

fn fingerprints(provider: &Provider) -> Vec<String> {
    assert_eq!(provider.keys.len(), provider.certificates.len());
    provider.keys.iter().map(PublicKey::fingerprint).collect()
}

#[test]
fn metadata_as_shibboleth_writes_it_is_read() {
    let certificate = CERTIFICATES[0].as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap());
    let wrapped = certificate.collect::<Vec<_>>().join("\n");
    let text = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- This is example metadata only. Do *NOT* supply it as is without review. -->
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"
    xmlns:shibmd="urn:mace:shibboleth:metadata:1.0" xmlns:xml="http://www.w3.org/XML/1998/namespace"
    xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui" validUntil="2036-03-01T12:00:00.000Z" entityID="https://idp.example/idp/shibboleth">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol urn:oasis:names:tc:SAML:1.1:protocol urn:mace:shibboleth:1.0">
    <Extensions>
      <shibmd:Scope regexp="false">idp.example</shibmd:Scope>
      <!-- Fill in the details for your IdP here -->
    </Extensions>
    <!-- First signing certificate is BackChannel, the Second is FrontChannel -->
    <KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>
{wrapped}<!-- -->
    </ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
    <KeyDescriptor use="signing"><ds:KeyInfo><ds:KeyName>x</ds:KeyName><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
    <KeyDescriptor use="encryption"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/>
  </IDPSSODescriptor>
  <AttributeAuthorityDescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
  </AttributeAuthorityDescriptor>
</EntityDescriptor>
<!-- end -->"#,
        CERTIFICATES[1], CERTIFICATES[2], CERTIFICATES[3]
    );
    let provider = parse(&text, None).unwrap();
    assert_eq!(provider.entity_id.as_str(), "https://idp.example/idp/shibboleth");
    assert_eq!(provider.valid_until, Timestamp::parse_utc("2036-03-01T12:00:00Z").ok());
    assert_eq!(fingerprints(&provider), [fingerprint(&CERTIFICATES[0]), fingerprint(&CERTIFICATES[1])]);
}

#[test]
fn federation_metadata_as_ad_fs_writes_it_is_read() {
    let info = |place: usize| {
        format!(
            "<KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data><X509Certificate>{}</X509Certificate></X509Data></KeyInfo>",
            CERTIFICATES[place]
        )
    };
    let text = format!(
        "\u{FEFF}<EntityDescriptor ID=\"_a\" entityID=\"http://adfs.example/adfs/services/trust\" xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">\
         <ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></ds:SignedInfo>\
         <ds:SignatureValue>AA==</ds:SignatureValue>{key0}</ds:Signature>\
         <RoleDescriptor xsi:type=\"fed:ApplicationServiceType\" protocolSupportEnumeration=\"http://docs.oasis-open.org/wsfed/federation/200706 urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\">\
         <KeyDescriptor use=\"signing\">{key0}</KeyDescriptor>\
         <fed:TargetScopes><EndpointReference xmlns=\"http://www.w3.org/2005/08/addressing\"><Address>https://adfs.example/</Address></EndpointReference></fed:TargetScopes></RoleDescriptor>\
         <SPSSODescriptor WantAssertionsSigned=\"true\" protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><KeyDescriptor use=\"signing\">{key0}</KeyDescriptor></SPSSODescriptor>\
         <IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <KeyDescriptor use=\"encryption\">{key1}</KeyDescriptor><KeyDescriptor use=\"signing\">{key2}</KeyDescriptor><KeyDescriptor use=\"signing\">{key2}</KeyDescriptor>\
         <Attribute Name=\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\" FriendlyName=\"E-Mail Address\" xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>\
         </IDPSSODescriptor><ContactPerson contactType=\"support\"/></EntityDescriptor>",
        key0 = info(0),
        key1 = info(1),
        key2 = info(2),
    );
    let provider = parse(&text, None).unwrap();
    assert_eq!(provider.entity_id.as_str(), "http://adfs.example/adfs/services/trust");
    assert_eq!(fingerprints(&provider), [fingerprint(&CERTIFICATES[2])], "the one key of the one role, once");
}

#[test]
fn a_key_without_a_use_signs_and_several_are_all_valid() {
    let provider = parse(&entity(&format!("{}{}", key("", &CERTIFICATES[3]), signing(4))), None).unwrap();
    assert_eq!(fingerprints(&provider), [fingerprint(&CERTIFICATES[3]), fingerprint(&CERTIFICATES[4])]);
    let two_roles = entity_with(IDP, "", &format!("{}{}", role(&signing(0)), role(&signing(1))));
    assert_eq!(parse(&two_roles, None).unwrap().keys.len(), 2);
    assert_eq!(parse(&entity(&(0..8).map(signing).collect::<String>()), None).unwrap().keys.len(), 8);
}

#[test]
fn the_earliest_end_wins() {
    let at = |text: &str| Timestamp::parse_utc(text).ok();
    let role_until =
        |until: &str| role(&signing(0)).replacen("protocolS", &format!("validUntil=\"{until}\" protocolS"), 1);
    let whole = |group: &str, one: &str, role: &str| {
        let one = entity_with(IDP, &format!(" validUntil=\"{one}\""), &role_until(role));
        parse(&entities(&format!(" validUntil=\"{group}\""), &one), None).unwrap().valid_until
    };
    let (early, late, latest) = ("2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z");
    assert_eq!(whole(early, late, latest), at(early));
    assert_eq!(whole(late, early, latest), at(early));
    assert_eq!(whole(latest, late, early), at(early));
    assert_eq!(parse(&entity(&signing(0)), None).unwrap().valid_until, None);
}

#[test]
fn an_aggregate_is_read_by_name_or_whole() {
    let service = entity_with("https://sp.example", "", "<md:SPSSODescriptor/>");
    let named = |id: &str, place: usize| entity_with(id, "", &role(&signing(place)));
    let text = entities("", &format!("{service}{}{}", named(IDP, 0), entities("", &named("https://b.example", 1))));
    let b = EntityId::new("https://b.example");
    assert_eq!(fingerprints(&parse(&text, Some(&b)).unwrap()), [fingerprint(&CERTIFICATES[1])]);
    let all = parse_all(&text).unwrap();
    assert_eq!(all.iter().map(|one| one.entity_id.as_str()).collect::<Vec<_>>(), [IDP, "https://b.example"]);
    assert_eq!(
        parse(&text, None).unwrap_err(),
        MetadataRejection::ChoiceNeeded { found: vec![IDP.to_owned(), "https://b.example".to_owned()] }
    );
    let one = entities("", &format!("{service}{}", named(IDP, 0)));
    assert_eq!(parse(&one, None).unwrap().entity_id.as_str(), IDP, "the only identity provider needs no name");
}

#[test]
fn groups_are_nested_four_deep_at_most() {
    let nested = |levels: usize| (0..levels).fold(entity(&signing(0)), |inside, _| entities("", &inside));
    assert!(parse(&nested(4), None).is_ok());
    assert_eq!(parse(&nested(5), None).unwrap_err(), MetadataRejection::TooDeep { limit: 4 });
}

/// Each text is refused in these words.
fn check_messages(cases: &[(String, &str)]) {
    for (text, expected) in cases {
        assert_eq!(parse(text, None).unwrap_err().to_string(), *expected);
    }
}

#[test]
fn each_fault_of_an_entity_is_named_with_its_place() {
    let cases = [
        (
            "<a xmlns=\"urn:a\"/>".to_owned(),
            "the root element is `{urn:a}a`, not an EntityDescriptor or EntitiesDescriptor of SAML 2.0 metadata",
        ),
        (entity_with("", "", &role(&signing(0))), "`EntityDescriptor ` has no entityID"),
        (entity_with(&"x".repeat(1025), "", &role(&signing(0))), "an entityID of 1025 bytes is over the limit of 1024"),
        (
            entity_with(IDP, " validUntil=\"2027-01-01T00:00:00\"", ""),
            "validUntil of `EntityDescriptor https://idp.example` is `2027-01-01T00:00:00`, not a moment in UTC such as 2026-03-01T12:00:00Z",
        ),
        (
            entity_with(IDP, "", ""),
            "`EntityDescriptor https://idp.example` has no IDPSSODescriptor whose protocolSupportEnumeration names SAML 2.0",
        ),
        (
            entity(&signing(0)).replace("SAML:2.0:protocol", "SAML:1.1:protocol"),
            "`EntityDescriptor https://idp.example` has no IDPSSODescriptor whose protocolSupportEnumeration names SAML 2.0",
        ),
        (
            entity_with(IDP, "", &role(&signing(0)).replace("md:IDPSSO", "md:SPSSO")),
            "`EntityDescriptor https://idp.example` has no IDPSSODescriptor whose protocolSupportEnumeration names SAML 2.0",
        ),
        (entity(""), "`EntityDescriptor https://idp.example` has no KeyDescriptor for signing"),
        (
            entity(&key(" use=\"encryption\"", &CERTIFICATES[0])),
            "`EntityDescriptor https://idp.example` has no KeyDescriptor for signing",
        ),
        (entities("", ""), "there is no identity provider"),
    ];
    check_messages(&cases);
}

#[test]
fn each_fault_of_a_key_is_named_with_its_place() {
    let chain = signing(0).replace(
        "</ds:X509Data>",
        &format!("<ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>", CERTIFICATES[1]),
    );
    let weak = key("", &BASE64_STANDARD.encode(weak_certificate()));
    let cases = [
        (
            entity(&(0..9).map(signing).collect::<String>()),
            "`EntityDescriptor https://idp.example` has 9 signing keys, the limit is 8",
        ),
        (
            entity(&format!("{}{}", signing(0), key(" use=\"both\"", "x"))),
            "use of `EntityDescriptor https://idp.example, IDPSSODescriptor, KeyDescriptor 2` is `both`, not `signing` or `encryption`",
        ),
        (
            entity(&chain),
            "`EntityDescriptor https://idp.example, IDPSSODescriptor, KeyDescriptor` has 2 X509Certificate elements, expected exactly one",
        ),
        (
            entity("<md:KeyDescriptor><ds:KeyInfo><ds:KeyValue/></ds:KeyInfo></md:KeyDescriptor>"),
            "`EntityDescriptor https://idp.example, IDPSSODescriptor, KeyDescriptor` has 0 X509Certificate elements, expected exactly one",
        ),
        (
            entity(&key("", "no-base64")),
            "`EntityDescriptor https://idp.example, IDPSSODescriptor, KeyDescriptor, KeyInfo, X509Data, X509Certificate` is not base64",
        ),
        (
            entity(&key("", "AAAA")),
            "the key in `EntityDescriptor https://idp.example, IDPSSODescriptor, KeyDescriptor` is refused: not a DER-encoded X.509 certificate",
        ),
        (
            entity(&format!("{}{weak}", signing(0))),
            "the key in `EntityDescriptor https://idp.example, IDPSSODescriptor, KeyDescriptor 2` is refused: not an RSA key of 2048 to 8192 bits or an EC key on P-256, P-384 or P-521",
        ),
    ];
    check_messages(&cases);
}

#[test]
fn an_entity_that_is_named_must_be_there_once() {
    let other = EntityId::new("https://x.example");
    let found = parse(&entity(&signing(0)), Some(&other)).unwrap_err();
    assert_eq!(found.to_string(), "there is no entity `https://x.example`, only `https://idp.example`");
    let twice = entities("", &entity(&signing(0)).repeat(2));
    let found = parse(&twice, Some(&EntityId::new(IDP))).unwrap_err();
    assert_eq!(found, MetadataRejection::EntityRepeated { entity_id: IDP.to_owned() });
}

/// A certificate of the shared TEST key of 1024 bits: that of a longer key with another `SubjectPublicKeyInfo`.
fn weak_certificate() -> Vec<u8> {
    let pkcs8 = rsa_1024_pkcs8();
    // The modulus is the first INTEGER of 129 bytes (a zero in front) of the private key.
    let at = pkcs8.windows(3).position(|head| head == [0x02, 0x81, 0x81]).unwrap();
    let modulus = &pkcs8[at..at + 3 + 129];
    let rsa = sequence(&[modulus, &[0x02, 3, 1, 0, 1]].concat());
    let bits = [&[0x03, 0x81, u8::try_from(rsa.len() + 1).unwrap(), 0][..], &rsa].concat();
    let oid = [0x30, 13, 0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1, 5, 0];
    let spki = sequence(&[&oid[..], &bits].concat());
    assert_eq!(PublicKey::from_spki(&spki).unwrap_err(), KeyRejection::UnsupportedKey);
    let (name, time) =
        ([0x30, 0], [0x17, 13, b'2', b'6', b'0', b'1', b'0', b'1', b'0', b'0', b'0', b'0', b'0', b'0', b'Z']);
    let validity = sequence(&[time, time].concat());
    let tbs = sequence(&[&[0x02, 1, 1][..], &oid, &name, &validity, &name, &spki].concat());
    sequence(&[&tbs[..], &oid, &[0x03, 2, 0, 0]].concat())
}

/// X.690 section 8.1.3: the shortest length.
fn sequence(content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match (high, low) {
        (0, 0..0x80) => vec![0x30, low],
        (0, _) => vec![0x30, 0x81, low],
        _ => vec![0x30, 0x82, high, low],
    };
    [head.as_slice(), content].concat()
}

#[test]
fn faults_of_the_xml_say_where() {
    let refused = parse("<?xml version=\"1.0\"?>\n<!DOCTYPE x>\n<x/>", None).unwrap_err();
    assert_eq!(refused.at(), Some(22));
    assert!(refused.to_string().contains("a document type declaration"), "{refused}");
    assert_eq!(parse("", None).unwrap_err().at(), Some(0));
    let large = entity(&" ".repeat(LIMITS.bytes));
    assert!(matches!(parse(&large, None), Err(MetadataRejection::Xml(SamlRejection::TooLarge { .. }))));
}

#[test]
fn a_federation_of_thousands_is_read_in_linear_time() {
    let one = |n: usize| entity_with(&format!("https://{n}.example"), "", &role(&signing(n % 8)));
    let text = entities("", &(0..5000).map(one).collect::<String>());
    let wanted = EntityId::new("https://4999.example");
    assert_eq!(parse(&text, Some(&wanted)).unwrap().entity_id, wanted);
    let message = parse(&text, None).unwrap_err().to_string();
    assert!(message.ends_with("`https://9.example` and 4990 more"), "{message}");
}
