//! The mapping: what an identity of the usual size costs, and what a thousand files cost to load, beside one
//! verification of RSA-2048 with SHA-256 in the same run: `cargo bench --bench mapping`.
//!
//! Twelve attributes, ten claims. The aims: with three expressions and four scopes no more than a verification, without
//! expressions a quarter of one; a thousand files in two seconds.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on stops")]

use std::hint::black_box;

use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair};
use criterion::{Criterion, criterion_group, criterion_main};

use drawbridge::credential::{Authentication, Facts};
use drawbridge::decision::{Detail, Trail};
use drawbridge::ground::attribute::{Attribute, NameId};
use drawbridge::ground::id::{Audience, ClientId, Namespace, SourceId, TraceId};
use drawbridge::ground::time::Timestamp;
use drawbridge::mapping::{CompileContext, Mapping, Mappings, RequestFacts, SourceFile, compile};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);
const API: &str = "https://payroll.example";

/// Twelve attributes, ten claims.
const HEAD: &str = r#"kind: mapping
version: 1
id: bench
source: corp
attributes:
  upn: { name: "urn:upn" }
  mail: { name: "urn:mail", optional: true }
  given: { name: "urn:given" }
  sn: { name: "urn:sn" }
  department: { name: "urn:department" }
  title: { name: "urn:title" }
  city: { name: "urn:city" }
  country: { name: "urn:country" }
  employee: { name: "urn:employee" }
  phone: { name: "urn:phone", optional: true }
  groups: { name: "urn:groups", many: true }
  licences: { name: "urn:licences", many: true, optional: true }
"#;
const PLAIN: &str = r"subject: { from: upn }
claims:
  email: mail
  given_name: given
  family_name: sn
  roles: { from: groups, table: { HR-Admins: payroll-admin, HR-Readers: payroll-reader, Staff: staff } }
  department: { from: department, case: lower }
  title: title
  employee: { from: employee, type: int }
  address: { object: { locality: city, country: country } }
  licences: { from: licences, sort: true }
  tenant: { value: corp }
";
const SCOPES: &str = r#"scopes:
  payroll.read: "size(claims.roles) > 0"
  payroll.write: "'payroll-admin' in claims.roles"
  payroll.list: "true"
  payroll.staff: "'staff' in claims.roles"
"#;
const RELEASE: &str = "release:\n  https://payroll.example: [email, given_name, family_name, roles, department, title, \
                       employee, address, licences, tenant]\n";

fn mapping(with_cel: bool) -> Mappings {
    let text = if with_cel {
        let body = PLAIN
            .replace("subject: { from: upn }", "subject: { cel: \"attr.upn.lowerAscii()\" }")
            .replace("title: title", "title: { cel: \"attr.upn.split('@')[0]\" }")
            .replace("tenant: { value: corp }", "tenant: { cel: \"attr.country == 'DE' ? 'de' : 'other'\" }");
        format!(
            "{HEAD}require: [{{ id: no_guests, cel: \"!attr.upn.lowerAscii().endsWith('@guest.example')\", message: m }}]\n{body}{SCOPES}{RELEASE}"
        )
    } else {
        format!("{HEAD}{PLAIN}{RELEASE}")
    };
    compile(&[SourceFile::new("bench.yaml", text)], &CompileContext::default()).expect("a good mapping")
}

fn facts() -> Facts {
    let one = |name: &str, values: &[&str]| Attribute {
        name: format!("urn:{name}"),
        name_format: None,
        friendly_name: None,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let groups: Vec<String> = (0..20).map(|at| format!("Group-{at}")).collect();
    let mut groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    groups.extend(["HR-Readers", "Staff"]);
    Facts {
        source: SourceId::new("corp"),
        namespace: Namespace::new("https://idp.example"),
        name_id: Some(NameId { value: "ana".into(), format: None, name_qualifier: None, sp_name_qualifier: None }),
        attributes: vec![
            one("upn", &["Ana.Ruiz@corp.example"]),
            one("mail", &["ana.ruiz@corp.example"]),
            one("given", &["Ana"]),
            one("sn", &["Ruiz"]),
            one("department", &["Human Resources"]),
            one("title", &["Clerk"]),
            one("city", &["Ulm"]),
            one("country", &["DE"]),
            one("employee", &["4711"]),
            one("phone", &["+49 731 0000"]),
            one("groups", &groups),
            one("licences", &["b", "a"]),
        ],
        authentication: Authentication::default(),
    }
}

fn apply(mapping: &Mapping, facts: &Facts) {
    let (client, audience) = (ClientId::new("portal"), Audience::new(API));
    let mut trail = Trail::open(TraceId::from_bytes([0; 16]), NOW, Detail::Record);
    let request = RequestFacts { client: &client, audience: &audience, now: NOW };
    black_box(mapping.apply(black_box(facts), &request, &mut trail).expect("a good mapping"));
}

fn of_identities(criterion: &mut Criterion) {
    let facts = facts();
    let (plain, with_cel) = (mapping(false), mapping(true));
    let mut group = criterion.benchmark_group("mapping");
    group.bench_function("rsa verification", |bencher| {
        let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).expect("a key");
        let mut signature = vec![0; pair.public_modulus_len()];
        let text = b"what a provider signs";
        pair.sign(&RSA_PKCS1_SHA256, &aws_lc_rs::rand::SystemRandom::new(), text, &mut signature).expect("a signature");
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref()).expect("a key");
        bencher.iter(|| key.verify_sig(black_box(text), black_box(&signature)).is_ok());
    });
    group.bench_function("without expressions", |bencher| {
        let mapping = plain.iter().next().expect("a good mapping");
        bencher.iter(|| apply(mapping, &facts));
    });
    group.bench_function("with seven expressions", |bencher| {
        let mapping = with_cel.iter().next().expect("a good mapping");
        bencher.iter(|| apply(mapping, &facts));
    });
    group.finish();
}

fn of_files(criterion: &mut Criterion) {
    let text = format!(
        "{HEAD}{PLAIN}{SCOPES}{RELEASE}tests:\n  - name: ana\n    given: {{ attributes: {{ upn: a, given: a, sn: b, department: c, title: d, city: e, country: f, employee: '7', groups: [Staff] }} }}\n    expect: {{ scopes: [payroll.read, payroll.list, payroll.staff] }}\n"
    );
    let files: Vec<SourceFile> = (0..1000)
        .map(|at| {
            SourceFile::new(
                format!("m/{at}.yaml"),
                text.replace("id: bench", &format!("id: m{at}\nfor: {{ clients: [c{at}] }}")),
            )
        })
        .collect();
    let mut group = criterion.benchmark_group("load");
    group.sample_size(10);
    group.bench_function("a thousand files, with their tests", |bencher| {
        bencher.iter(|| {
            let mappings = compile(&files, &CompileContext::default()).expect("a good mapping");
            assert!(mappings.run_tests(NOW).iter().all(drawbridge::mapping::TestReport::passed));
        });
    });
    group.finish();
}

criterion_group!(benches, of_identities, of_files);
criterion_main!(benches);
