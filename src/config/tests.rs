//! From a folder of files to a revision: every cross check, one change at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::crypto::entropy::SystemEntropy;
use crate::crypto::keys::SigningAlgorithm;
use crate::diagnostic::one_line;
use crate::ground::id::{Audience, ClientId, Sector, SourceId};
use crate::ground::time::Timestamp;
use crate::policy::SubjectType;

use super::*;

const NOW: &str = "2026-03-01T12:00:00Z";
const CONFIGURATION: &str = "\
issuer: https://bridge.example
listen: 127.0.0.1:8080
master_key: { file: ./master.key }
mappings: ./mappings
storage: { sled: { path: ./data } }
saml:
  identity_providers:
    - { id: corp, metadata: { file: ./idp-a.xml } }
sessions:
  - id: intranet
    kind: hmac
    namespace: intranet.corp.example
    mac: { algorithm: hmac-sha256, encoding: hex, separator: \".\" }
    keys:
      - { id: k1, secret: { env: INTRANET_KEY }, encoding: hex }
    layout: { separator: \"|\" }
    fields: [{ name: user, role: subject }, { name: expires, role: expires_at }]
    reuse: { at_most: 5 }
clients:
  - id: portal
    secret: { file: ./secrets/portal }
    grants: [saml2-bearer, token-exchange]
    sources: [corp, intranet]
    audiences: [https://payroll.example]
    forwards:
      source: corp
      recipients: [https://portal.example/saml/acs]
      audiences: [https://portal.example/saml]
      until: 2026-12-31
apis:
  - audience: https://payroll.example
    scopes: [payroll.read, payroll.write]
    token: { lifetime: 5m, algorithm: RS256 }
";
const MAPPING: &str = "\
kind: mapping
version: 1
id: payroll
source: corp
attributes:
  mail: { name: mail }
subject: { from: name_id }
claims:
  email: mail
scopes:
  payroll.read: \"true\"
release:
  https://payroll.example: [email]
tests:
  - name: somebody
    given: { name_id: ana, attributes: { mail: [ana@corp.example] } }
    expect: { claims: { email: ana@corp.example } }
";

/// A folder of files that are all good.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("drawbridge.yaml", CONFIGURATION);
        folder.write("mappings/payroll.yaml", MAPPING);
        folder.write("secrets/portal", "wGhx1UpzM0Qd7qkZb3oT9yVr\n");
        for name in ["idp-a.xml", "idp-b.xml", "idp-a-rollover.xml", "no-signing-key.xml", "expired.xml"] {
            folder.write(name, &metadata(name));
        }
        master_key::init(&folder.at("master.key"), &SystemEntropy).unwrap();
        folder
    }

    /// The good files with one text of the configuration replaced.
    fn with(from: &str, to: &str) -> Self {
        assert!(CONFIGURATION.contains(from), "{from}");
        let folder = Self::new();
        folder.write("drawbridge.yaml", &CONFIGURATION.replacen(from, to, 1));
        folder
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn load_at(&self, now: &str) -> Result<Loaded, LoadError> {
        let variables = BTreeMap::from([("INTRANET_KEY".to_owned(), "00112233445566778899aabbccddeeff".to_owned())]);
        let now = Timestamp::parse_utc(now).unwrap();
        load(&self.at("drawbridge.yaml"), Extent::Start, &variables, now)
    }

    fn load(&self) -> Result<Loaded, LoadError> {
        self.load_at(NOW)
    }

    fn fingerprint(&self) -> [u8; 32] {
        fingerprint(&self.at("drawbridge.yaml"), &BTreeMap::new()).unwrap()
    }

    /// Every problem and warning, one a line, the folder's own path left out.
    fn problems(&self) -> String {
        let diagnostics = match self.load() {
            Ok(loaded) => loaded.warnings,
            Err(LoadError::Refused(refused)) => refused.diagnostics,
            Err(error) => return error.to_string(),
        };
        let lines: Vec<String> = diagnostics.iter().map(one_line).collect();
        lines.join("\n").replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn metadata(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/saml/metadata").join(name);
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_good_folder_becomes_settings() {
    let loaded = Folder::new().load().unwrap_or_else(|_| panic!("{}", Folder::new().problems()));
    assert!(loaded.warnings.is_empty());
    let settings = &loaded.settings;
    assert_eq!(settings.entity_id.as_str(), "https://bridge.example/saml");
    assert_eq!(
        settings.saml_audiences(),
        ["https://bridge.example", "https://bridge.example/token", "https://bridge.example/saml"]
    );
    assert_eq!(settings.saml_recipients(), ["https://bridge.example/token"]);
    assert_eq!(settings.signing, SigningAlgorithm::Es256);
    assert_eq!(settings.source_ids(), [SourceId::new("corp"), SourceId::new("intranet")]);
    assert!(settings.audit.file.ends_with("data/audit.jsonl"));
    assert!(!settings.trust.wants_second_opinion());
    let client = settings.policy.client(&ClientId::new("portal")).unwrap();
    assert!(client.secret.verifies(b"wGhx1UpzM0Qd7qkZb3oT9yVr"), "the line break at the end is an editor's");
    assert!(!client.secret.verifies(b"wGhx1UpzM0Qd7qkZb3oT9yVr\n"));
    let api = settings.policy.api(&Audience::new("https://payroll.example")).unwrap();
    assert_eq!((api.lifetime.as_secs(), api.algorithm), (300, Some(SigningAlgorithm::Rs256)));
    let forward = &settings.forwards[&ClientId::new("portal")];
    assert_eq!(forward.until.to_string(), "2027-01-01T00:00:00Z");
    assert_eq!((loaded.tests.len(), loaded.revision.len()), (1, 64));
}

/// One change to the good folder, and every problem that follows from it.
fn check_changes(changes: &[(&str, &str, &str)]) {
    for (from, to, expected) in changes {
        assert_eq!(Folder::with(from, to).problems(), *expected, "{to}");
    }
}

#[test]
fn what_concerns_the_server_is_checked() {
    check_changes(&[
        (
            "listen: 127.0.0.1:8080",
            "listen: 0.0.0.0:8080",
            "config.listen_exposed 2:9 `0.0.0.0:8080` can be reached from other machines, and nothing says how it is protected",
        ),
        (
            "{ file: ./master.key }",
            "{ file: ./data/master.key }",
            "config.master_key_missing 3:21 there is no master key at `data/master.key`\nconfig.master_key_in_storage 3:21 the master key lies in the data folder `data`",
        ),
        (
            "{ file: ./master.key }",
            "{ file: ./idp-a.xml }",
            "config.master_key_refused 3:21 the master key at `idp-a.xml` cannot be used: line 1 is not `drawbridge-master-key-v1 <id> <base64url of 32 bytes>`",
        ),
        (
            "mappings: ./mappings",
            "mappings: ./maps",
            "config.mappings_unread 4:11 the mappings in `maps` cannot be read: it does not exist",
        ),
        (
            "saml:\n",
            "saml:\n  second_opinion: samael\n",
            if cfg!(feature = "second-opinion") {
                ""
            } else {
                "config.second_opinion_missing 7:19 this build has no second verifier"
            },
        ),
    ]);
}

#[test]
fn sources_are_checked_against_files_and_each_other() {
    check_changes(&[
        ("./idp-a.xml", "./none.xml", "config.file_unread 8:37 `./none.xml` cannot be read: it does not exist"),
        (
            "id: corp,",
            "id: intranet,",
            "config.id_repeated 10:9 two sources have the id `intranet`\n\
             config.source_unknown 23:15 there is no source `corp`\n\
             config.source_unknown 26:15 there is no identity provider `corp`\n\
             mapping.source_unknown 4:9 the configuration has no source `corp`",
        ),
        (
            "    - { id: corp, metadata: { file: ./idp-a.xml } }\n",
            "    - { id: corp, metadata: { file: ./idp-a.xml } }\n    - { id: same, metadata: { file: ./idp-a-rollover.xml } }\n",
            "config.namespace_repeated 9:13 `same` and `corp` have one lasting name: `https://idp-a.example/saml`\n\
             config.source_unused 9:13 no client may present credentials of `same`",
        ),
        (
            "namespace: intranet.corp.example",
            "namespace: https://idp-a.example/saml",
            "config.namespace_repeated 12:16 `intranet` and `corp` have one lasting name: `https://idp-a.example/saml`",
        ),
        (
            "namespace: intranet.corp.example",
            "namespace: https://bridge.example",
            "config.source_own 12:16 `intranet` is our own issuer: `https://bridge.example`",
        ),
        (
            "encoding: hex }",
            "encoding: hex, until: 2026-02-28 }",
            "config.until_passed 15:15 key `k1` of `intranet` has ended",
        ),
        (
            "{ env: INTRANET_KEY }",
            "{ env: OTHER }",
            "config.variable_missing 15:34 the environment variable `OTHER` is not set",
        ),
        (
            "{ env: INTRANET_KEY }",
            "{ file: ./secrets/portal }",
            "config.secret_malformed 15:35 the secret of key `k1` is not hex",
        ),
        (
            ", { name: expires, role: expires_at }",
            "",
            "config.session_refused 10:5 session source `intranet` is not sound: nothing says when a session ends: declare a field with expires_at, or issued_at with max_age",
        ),
    ]);
}

#[test]
fn what_a_client_names_is_there_and_of_use() {
    check_changes(&[
        (
            "sources: [corp, intranet]",
            "sources: [corp, intranett]",
            "config.source_unused 10:9 no client may present credentials of `intranet`\n\
             config.source_unknown 23:21 there is no source `intranett`",
        ),
        (
            "    audiences: [https://payroll.example]",
            "    audiences: [https://payrol.example]",
            "config.audience_unknown 24:17 there is no API with the audience `https://payrol.example`\n\
             config.api_unused 31:15 no client may ask for `https://payroll.example`",
        ),
        (
            "    grants: [saml2-bearer, token-exchange]",
            "    scopes: [payroll.reed]\n    grants: [saml2-bearer, token-exchange]",
            "config.scope_unknown 22:13 there is no API of this client with the scope `payroll.reed`",
        ),
        (
            "grants: [saml2-bearer, token-exchange]",
            "grants: [saml2-bearer]",
            "config.grant_useless 23:21 sessions of `intranet` come in by token-exchange, which this client may not use\n\
             config.forward_grant 25:5 `forwards` works at token-exchange only, which this client may not use",
        ),
        (
            "sources: [corp, intranet]",
            "sources: [intranet]",
            "config.source_unused 8:13 no client may present credentials of `corp`\n\
             config.grant_useless 22:14 saml2-bearer needs an identity provider among `sources`\n\
             config.forward_source 26:15 `corp` is not among the `sources` of `portal`",
        ),
    ]);
}

#[test]
fn a_mistake_is_told_once_and_not_again_by_all_who_name_what_it_broke() {
    check_changes(&[
        ("id: portal", "id: por:tal", "config.id_malformed 20:9 `por:tal` cannot be the id of a client"),
        ("at_most: 5", "at_most: 0", "config.number_out_of_range 18:23 `at_most` must be between 1 and 1000000, not 0"),
        ("sources: [corp, intranet]", "sources: []", "config.list_empty 23:14 `sources` must not be empty"),
        ("metadata: { file: ./idp-a.xml }", "metadata: {}", "file.key_missing 8:29 `metadata` lacks the key `file`"),
        (
            "    scopes: [payroll.read, payroll.write]",
            "    scopes: [payroll read]",
            "config.scope_malformed 32:14 `payroll read` is not a scope: a scope is printable ASCII without space, quote and backslash",
        ),
        (
            "    scopes: [payroll.read, payroll.write]",
            "    scopes: []",
            "config.list_empty 32:13 `scopes` must not be empty",
        ),
    ]);
}

#[test]
fn pairwise_subjects_and_a_sector_come_together() {
    let audiences = "audiences: [https://payroll.example]\n    forwards";
    let with = |more: &str| format!("audiences: [https://payroll.example]\n    {more}\n    forwards");
    check_changes(&[
        (
            audiences,
            &with("subject_type: pairwise"),
            "config.sector_missing 25:19 `portal` has pairwise subjects and no `sector`",
        ),
        (
            audiences,
            &with("sector: payroll.example"),
            "config.sector_idle 25:13 `portal` has a sector and public subjects",
        ),
        (
            audiences,
            &with("subject_type: public\n    sector: payroll.example"),
            "config.sector_idle 26:13 `portal` has a sector and public subjects",
        ),
        (audiences, &with("subject_type: public"), ""),
        (audiences, &with("subject_type: pairwise\n    sector: payroll.example"), ""),
    ]);
    let type_of = |more: &str| {
        let settings = Folder::with(audiences, &with(more)).load().unwrap().settings;
        settings.policy.client(&ClientId::new("portal")).unwrap().subject_type.clone()
    };
    assert_eq!(type_of("subject_type: public"), SubjectType::Public);
    assert_eq!(
        type_of("subject_type: pairwise\n    sector: payroll.example"),
        SubjectType::Pairwise(Sector::new("payroll.example"))
    );
}

#[test]
fn forwards_and_apis_are_checked() {
    check_changes(&[
        (
            "source: corp\n",
            "source: intranet\n",
            "config.source_unknown 26:15 there is no identity provider `intranet`",
        ),
        (
            "[https://portal.example/saml/acs]",
            "[https://bridge.example/saml/acs]",
            "config.forward_own 27:20 `https://bridge.example/saml/acs` is our own assertion consumer service",
        ),
        (
            "[https://portal.example/saml/acs]",
            "[https://bridge.example/token]",
            "config.forward_own 27:20 `https://bridge.example/token` is our own token endpoint",
        ),
        (
            "[https://portal.example/saml]",
            "[https://bridge.example]",
            "config.forward_own 28:19 `https://bridge.example` is our own issuer",
        ),
        (
            "[https://portal.example/saml]",
            "[https://bridge.example/saml]",
            "config.forward_own 28:19 `https://bridge.example/saml` is our own entity ID",
        ),
        ("until: 2026-12-31", "until: 2027-03-03", "config.until_too_far 29:14 `until` is more than a year ahead"),
        ("until: 2026-12-31", "until: 2027-03-01", ""),
        ("until: 2026-12-31", "until: 2026-03-30", "config.until_near 29:14 the forward of `portal` ends in 29 days"),
        ("until: 2026-12-31", "until: 2026-02-28", "config.until_passed 29:14 the forward of `portal` has ended"),
        (
            "apis:\n",
            "apis:\n  - { audience: https://portal.example, scopes: [a] }\n",
            "config.api_unused 31:17 no client may ask for `https://portal.example`",
        ),
        (
            "apis:\n",
            "apis:\n  - { audience: https://payroll.example, scopes: [a] }\n",
            "config.audience_repeated 32:15 two APIs have the audience `https://payroll.example`",
        ),
        (
            "apis:\n",
            "apis:\n  - { audience: https://bridge.example, scopes: [a] }\n",
            "config.audience_own 31:17 `https://bridge.example` is our own issuer, not an API\n\
             config.api_unused 31:17 no client may ask for `https://bridge.example`",
        ),
    ]);
}

#[test]
fn two_clients_share_neither_id_nor_secret_nor_forward() {
    let second = "clients:\n  - id: portal\n    secret: { file: ./secrets/portal }\n    grants: [token-exchange]\n    \
                  sources: [corp]\n    audiences: [https://payroll.example]\n    forwards: { source: corp, recipients: \
                  [https://portal.example/saml/acs], audiences: [https://other.example], until: 2026-12-31 }\n";
    let problems = Folder::with("clients:\n", second).problems();
    assert_eq!(problems, "config.id_repeated 26:9 two clients have the id `portal`");
    let problems = Folder::with("clients:\n", &second.replacen("id: portal", "id: other", 1)).problems();
    assert_eq!(
        problems,
        "config.secret_shared 26:9 `portal` and `other` have one secret\n\
         config.forward_repeated 33:20 `https://portal.example/saml/acs` is already forwarded by `other`"
    );
}

#[test]
fn a_secret_is_long_enough_and_not_open_to_others() {
    let folder = Folder::new();
    for (content, mode, expected) in [
        ("fifteen-bytes-x\n", 0o600, "config.secret_short 21:21 the secret has 15 bytes; it must have at least 16"),
        ("sixteen-bytes-xx\n", 0o600, "config.secret_weak 21:21 the secret is short for text"),
        ("", 0o600, "config.secret_short 21:21 the secret has 0 bytes; it must have at least 16"),
        (
            "two lines of a secret\nof many characters\n",
            0o600,
            "config.secret_malformed 21:21 the secret is not one line of text",
        ),
        ("wGhx1UpzM0Qd7qkZb3oT9yVr\r\n", 0o640, ""),
        (
            "wGhx1UpzM0Qd7qkZb3oT9yVr",
            0o644,
            "config.secret_readable 21:21 every user of this machine may read `./secrets/portal`",
        ),
        (
            "wGhx1UpzM0Qd7qkZb3oT9yVr",
            0o606,
            "config.secret_writable 21:21 every user of this machine may change `./secrets/portal`",
        ),
    ] {
        folder.write("secrets/portal", content);
        fs::set_permissions(folder.at("secrets/portal"), fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(folder.problems(), expected, "{content:?} {mode:o}");
    }
}

#[test]
fn problems_of_the_configuration_and_of_every_mapping_come_together() {
    let folder = Folder::with("until: 2026-12-31", "until: never");
    folder.write("mappings/payroll.yaml", &MAPPING.replace("mail: { name: mail }", "mial: { name: mail }"));
    folder.write("mappings/other/more.yaml", "kind: mapping\n");
    folder.write("mappings/notes.yml", "kind: mapping\n");
    folder.write("mappings/values.yaml", "kind: ConfigMap\n");
    let problems = folder.problems();
    for code in ["config.until_malformed", "mapping.attribute_unknown", "file.key_missing", "config.mapping_ignored"] {
        assert!(problems.contains(code), "{code}: {problems}");
    }
    assert_eq!(problems.matches("config.mapping_ignored").count(), 2, "{problems}");
}

#[test]
fn a_failing_test_refuses_the_revision() {
    let folder = Folder::new();
    folder.write("mappings/payroll.yaml", &MAPPING.replace("email: ana@corp.example }", "email: bob@corp.example }"));
    let Err(LoadError::Refused(refused)) = folder.load() else { panic!("it was taken") };
    assert!(!refused.diagnostics.has_errors());
    assert_eq!(refused.tests.iter().filter(|test| !test.passed()).count(), 1);
}

#[test]
fn every_octet_of_every_file_but_a_secret_is_in_the_revision() {
    let folder = Folder::new();
    let look = || (folder.load().unwrap().revision, folder.fingerprint());
    let (mut revisions, mut fingerprints) = (BTreeSet::new(), BTreeSet::new());
    let mut see =
        |(revision, fingerprint): (String, [u8; 32])| (revisions.insert(revision), fingerprints.insert(fingerprint));
    assert_eq!(see(look()), (true, true));
    assert_eq!(see(look()), (false, false), "nothing changed");
    folder.write("secrets/portal", "wGhx1UpzM0Qd7qkZb3oT9yVs\n");
    assert_eq!(see(look()), (false, true), "a secret changes what is watched, and no name that is shown");
    folder.write("mappings/payroll.yaml", &format!("{MAPPING}# a comment\n"));
    assert_eq!(see(look()), (true, true));
    folder.write("idp-a.xml", &metadata("idp-a-rollover.xml"));
    assert_eq!(see(look()), (true, true));
    folder.write("drawbridge.yaml", &CONFIGURATION.replace("5m", "6m"));
    assert_eq!(see(look()), (true, true));
}

#[test]
fn metadata_says_itself_what_is_wrong_with_it() {
    for (name, expected) in
        [("no-signing-key.xml", "config.metadata_refused 8:37"), ("expired.xml", "config.metadata_expired 8:37")]
    {
        let problems = Folder::with("./idp-a.xml", name).problems();
        assert!(problems.starts_with(expected), "{problems}");
    }
}

#[test]
fn a_configuration_that_is_not_there_is_no_problem_of_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp::parse_utc(NOW).unwrap();
    let error = load(&folder.path().join("x.yaml"), Extent::Revision, &BTreeMap::new(), now).unwrap_err();
    assert!(matches!(error, LoadError::Unreadable { .. }), "{error}");
}

#[test]
fn the_master_key_is_looked_at_only_where_a_server_would_start() {
    let folder = Folder::new();
    fs::remove_file(folder.at("master.key")).unwrap();
    assert!(folder.problems().starts_with("config.master_key_missing 3:21"));
    let variables = BTreeMap::from([("INTRANET_KEY".to_owned(), "00112233445566778899aabbccddeeff".to_owned())]);
    let now = Timestamp::parse_utc(NOW).unwrap();
    assert!(load(&folder.at("drawbridge.yaml"), Extent::Revision, &variables, now).is_ok());
}

#[test]
fn mappings_can_be_tested_alone() {
    let folder = Folder::with("issuer: https://bridge.example", "issuer: nonsense");
    let now = Timestamp::parse_utc(NOW).unwrap();
    let test =
        |configuration: &str, files: &[PathBuf]| test_mappings(&folder.at(configuration), files, &BTreeMap::new(), now);
    let all = test("drawbridge.yaml", &[]).unwrap();
    assert_eq!((all.diagnostics.len(), all.tests.len()), (0, 1));
    let one = test("none.yaml", &[folder.at("mappings/payroll.yaml")]).unwrap();
    assert_eq!((one.diagnostics.len(), one.tests.len()), (0, 1));
    assert!(test("none.yaml", &[]).is_err());
    let missing = test("none.yaml", &[folder.at("mappings/none.yaml")]).unwrap();
    assert!(missing.diagnostics.has_errors());
}

/// Changes a file behind the reader's back, so many times.
struct Restless<'f> {
    folder: &'f Folder,
    changes: std::cell::Cell<u32>,
}

impl Environment for Restless<'_> {
    fn variable(&self, _: &str) -> Option<String> {
        if self.changes.get() > 0 {
            self.changes.set(self.changes.get() - 1);
            self.folder.write("mappings/payroll.yaml", &format!("{MAPPING}# {}\n", self.changes.get()));
        }
        Some("00112233445566778899aabbccddeeff".to_owned())
    }
}

#[test]
fn files_that_change_while_they_are_read_are_read_again() {
    let folder = Folder::new();
    let now = Timestamp::parse_utc(NOW).unwrap();
    let load = |changes: u32| {
        let restless = Restless { folder: &folder, changes: changes.into() };
        load(&folder.at("drawbridge.yaml"), Extent::Revision, &restless, now)
    };
    let settled = load(3).unwrap();
    assert!(settled.sources.iter().any(|source| source.text.ends_with("# 0\n")), "the last state, and no mixture");
    assert!(matches!(load(u32::MAX), Err(LoadError::Changing)));
}

#[test]
fn a_name_that_redacts_nothing_is_warned_of() {
    let with = |redact: &str| {
        let folder = Folder::with("clients:\n", &format!("recordings: {{ keep: 1h, redact: [{redact}] }}\nclients:\n"));
        let mapping = MAPPING.replace("mail: { name: mail }", "mail: { name: 'urn:mail' }");
        folder.write("mappings/payroll.yaml", &mapping);
        folder.problems()
    };
    for (redact, warned) in
        [("mail", true), ("urn:mial", true), ("mial", true), ("'urn:mail'", false), ("title", false)]
    {
        assert_eq!(with(redact).contains("config.redact_unknown"), warned, "{redact}: {}", with(redact));
    }
}
