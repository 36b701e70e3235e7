//! Every document of fixtures/saml, judged from its octets on, exactly as its `case.toml` says.
//!
//! The documents are signed by implementations that are not ours. All differences are told at once.

pub(crate) mod case;
#[cfg(feature = "second-opinion")]
mod second_opinion;

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;

use drawbridge::credential::saml::signer::render_metadata;
use drawbridge::credential::saml::trust::{TrustSettings, TrustSource, TrustSources};
use drawbridge::credential::saml::{Expected, establish, metadata};
use drawbridge::decision::{Detail, Rejection as _, Trail};
use drawbridge::ground::id::{ClientId, EntityId, SourceId, TraceId};
use drawbridge::ground::oauth::GrantType;
use drawbridge::ground::time::Timestamp;

use case::{Case, Verdict, Who, at};

fn none(differences: &[String]) {
    assert!(differences.is_empty(), "{} differ\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn every_document_is_judged_as_its_case_says() {
    let cases = Case::all();
    let count = |verdict| cases.iter().filter(|case| case.verdict == verdict).count();
    let (accepted, rejected, either) = (count(Verdict::Accepted), count(Verdict::Rejected), count(Verdict::Either));
    println!("{} cases: {accepted} accepted, {rejected} rejected, {either} either", cases.len());
    assert!(accepted >= 160 && rejected >= 980, "fixtures are missing");
    none(&cases.iter().filter_map(Case::mismatch).collect::<Vec<_>>());
    // What was measured when they were made: nothing is accepted that a bare check by xmlsec1 refuses.
    let refused_by_xmlsec1 =
        |case: &&Case| case.verdict == Verdict::Accepted && case.xmlsec1.as_deref() == Some("FAIL");
    assert_eq!(cases.iter().filter(refused_by_xmlsec1).map(|case| &case.name).collect::<Vec<_>>(), [""; 0]);
}

/// Whoever else is trusted: a document of one provider is nothing under another's name, and nothing without its keys.
#[test]
fn no_document_is_accepted_without_the_metadata_of_its_provider() {
    let files: Vec<String> =
        ["idp-a", "idp-b", "idp-ec256", "idp-ec384", "idp-ec521", "idp-e3"].map(|name| format!("{name}.xml")).to_vec();
    let mut differences = Vec::new();
    for case in Case::all().iter().filter(|case| case.verdict != Verdict::Rejected) {
        let own: Vec<EntityId> = case.sources().iter().map(|source| source.entity_id().clone()).collect();
        let is_foreign = |file: &&String| case::providers(file).iter().all(|p| !own.contains(&p.entity_id));
        let foreign: Vec<String> = files.iter().filter(is_foreign).cloned().collect();
        assert!(!foreign.is_empty(), "{}", case.name);
        for sources in [case.sources_of(&foreign), case.sources_of(&[])] {
            if let Ok(identity) = case.judge_octets(&case.document, &sources) {
                differences.push(format!("{} is accepted as {:?}", case.name, Who::of(&identity)));
            }
        }
    }
    none(&differences);
}

/// One octet of a signed document at a time: refused, or the identity is the same (white space inside a tag, `KeyInfo`).
#[test]
fn no_changed_octet_makes_another_identity() {
    let mut differences = Vec::new();
    let (mut changed, mut same) = (0, 0);
    for (salt, case) in Case::all().iter().filter(|case| case.verdict == Verdict::Accepted).enumerate() {
        let (sources, expected) = (case.sources(), case.who());
        let step = case.document.len() / 24 + 1;
        for at in (salt % step..case.document.len()).step_by(step) {
            for with in [b'A', b' ', b'<'] {
                let mut document = case.document.clone();
                document[at] = with;
                changed += 1;
                let Ok(identity) = case.judge_octets(&document, &sources) else { continue };
                same += 1;
                if Who::of(&identity) != expected {
                    differences.push(format!("{} with octet {at} changed: {:?}", case.name, Who::of(&identity)));
                }
            }
        }
    }
    println!("{changed} changed documents, {same} of them accepted as who they were");
    none(&differences);
}

#[derive(Deserialize)]
struct Vector {
    file: String,
    expect: String,
    reason: String,
}

/// The public code for each short name of the manifest (reference/standards.md 2.1).
const CODES: [(&str, &str); 15] = [
    ("sig_profile", "saml.signature_profile"),
    ("multi_assertion", "saml.assertion_count"),
    ("dup_id", "saml.id_repeated"),
    ("sig_missing", "saml.signature_missing"),
    ("sig_invalid", "saml.signature_invalid"),
    ("alg_not_allowed", "saml.algorithm_refused"),
    ("subject_malformed", "saml.subject_malformed"),
    ("subject_missing", "saml.subject_missing"),
    ("xml_unsafe", "saml.xml_refused"),
    ("aud_mismatch", "saml.audience_mismatch"),
    ("expired", "saml.expired"),
    ("not_yet_valid", "saml.not_yet_valid"),
    ("recipient_mismatch", "saml.recipient_mismatch"),
    ("issuer_unknown", "saml.issuer_unknown"),
    ("condition_unknown", "saml.condition_unknown"),
];

/// Where the public code is another than the manifest's, or the manifest leaves it open, and why.
const DIFFERENCES: [(&str, &str, &str); 5] = [
    ("12_xsw3.xml", "saml.signature_profile", "the gate names wrapping as what it is before it counts assertions"),
    ("30_comment_nameid_signed.xml", "saml.xml_refused", "the gate refuses every comment"),
    ("31_comment_inserted_after_signing.xml", "saml.xml_refused", "the gate refuses every comment"),
    ("32_pi_inserted.xml", "saml.xml_refused", "the gate refuses every processing instruction"),
    ("33_cdata.xml", "saml.xml_refused", "free in the manifest; the gate refuses every CDATA section"),
];

#[test]
fn every_vector_of_the_manifest_gets_its_verdict() {
    let manifest = fs::read_to_string(at("vectors/manifest.json")).unwrap();
    let manifest: Vec<Vector> = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest.len(), 39);
    let differences: Vec<_> = manifest.iter().filter_map(difference).collect();
    none(&differences);
}

fn difference(vector: &Vector) -> Option<String> {
    let found = judge_vector(&vector.file);
    let listed = DIFFERENCES.iter().find(|(file, ..)| *file == vector.file).map(|(_, code, _)| *code);
    let of_manifest = CODES.iter().find(|(short, _)| *short == vector.reason).map(|(_, code)| *code);
    assert_ne!(listed, of_manifest.or(Some("")), "{} is no difference", vector.file);
    let expected = match vector.expect.as_str() {
        "accept" => "accepted",
        // `33_cdata` may be either; what it must not be is somebody else.
        _ => listed.or(of_manifest).unwrap_or_else(|| panic!("{} is unknown", vector.reason)),
    };
    (found != expected).then(|| format!("{}: {found}, not {expected}", vector.file))
}

/// `accepted` (as alice, or that is the difference), or the code. The settings are those of vectors/README.md: the
/// responses are addressed to the consumer service of the reference, which is not ours here.
fn judge_vector(file: &str) -> String {
    let long = Duration::from_secs(20 * 366 * 86_400);
    let settings = TrustSettings {
        max_age: long,
        max_lifetime: long,
        max_confirmation_lifetime: long,
        ..TrustSettings::default()
    };
    let pem = fs::read_to_string(at("vectors/TEST-idp.pem")).unwrap();
    let digits: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let certificate = BASE64_STANDARD.decode(digits).unwrap();
    let described = render_metadata(&EntityId::new("https://idp.example"), "https://idp.example/sso", &[certificate]);
    let provider = metadata::parse(&described.unwrap(), None).unwrap();
    let sources = TrustSources::new(vec![TrustSource::new(SourceId::new("idp"), provider, settings).unwrap()]).unwrap();
    let expected = Expected {
        audiences: &["https://bridge.example".to_owned()],
        recipients: &["https://bridge.example/token".to_owned()],
        acs: "https://bridge.example/another/acs",
        client: &ClientId::new("portal"),
        door: GrantType::Saml2Bearer,
        forward: None,
    };
    let now = Timestamp::parse_utc("2027-01-01T00:00:00Z").unwrap();
    let mut trail = Trail::open(TraceId::from_bytes([0; 16]), now, Detail::Record);
    let parameter = BASE64_URL_SAFE_NO_PAD.encode(fs::read(at("vectors").join(file)).unwrap());
    match establish(&parameter, &sources, &expected, now, &mut trail) {
        Ok(identity) if Who::of(&identity).name_id == "alice@example.com" => "accepted".to_owned(),
        Ok(identity) => format!("accepted as {:?}", Who::of(&identity)),
        Err(refused) => refused.code().to_string(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Loaded {
    loads: bool,
    #[serde(default)]
    entity_ids: Vec<String>,
    #[serde(default)]
    keys: usize,
    valid_until: Option<String>,
    #[serde(default, rename = "why")]
    _why: String,
}

#[test]
fn every_metadata_file_is_read_as_expected() {
    let expected = fs::read_to_string(at("metadata/expect.toml")).unwrap();
    let expected: BTreeMap<String, Loaded> = toml::from_str(&expected).unwrap();
    let mut files: Vec<String> = fs::read_dir(at("metadata"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "expect.toml")
        .collect();
    files.sort();
    assert_eq!(files, expected.keys().cloned().collect::<Vec<_>>());
    none(&expected.iter().filter_map(|(file, loaded)| metadata_difference(file, loaded)).collect::<Vec<_>>());
}

fn metadata_difference(file: &str, expected: &Loaded) -> Option<String> {
    let text = fs::read_to_string(at("metadata").join(file)).unwrap();
    let read = match metadata::parse_all(&text) {
        // A file without an identity provider is an error where one is asked for.
        Ok(none) if none.is_empty() => metadata::parse(&text, None).map(|provider| vec![provider]),
        read => read,
    };
    let read = match read {
        Ok(read) if expected.loads => read,
        Ok(_) => return Some(format!("{file} loads")),
        Err(refused) => return expected.loads.then(|| format!("{file}: {refused}")),
    };
    let entity_ids: Vec<_> = read.iter().map(|provider| provider.entity_id.as_str()).collect();
    let keys: usize = read.iter().map(|provider| provider.keys.len()).sum();
    let valid_until = expected.valid_until.as_ref().map(|text| Timestamp::parse_utc(text).unwrap());
    let same = entity_ids == expected.entity_ids
        && keys == expected.keys
        && read.iter().all(|provider| provider.valid_until == valid_until);
    (!same).then(|| {
        format!("{file}: {entity_ids:?}, {keys} keys, {:?}", read.iter().map(|p| p.valid_until).collect::<Vec<_>>())
    })
}
