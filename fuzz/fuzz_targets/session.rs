//! Any token, and any payload under a right MAC: no panic, and only the latter can be accepted.
#![no_main]

use std::sync::OnceLock;
use std::time::Duration;

use drawbridge::credential::session::{
    Covers, Encoding, FieldDeclaration, KeyDeclaration, Layout, ListSplit, MacDeclaration, MacPlace, Role,
    SessionDeclaration, SessionSource, TimeUnit, establish,
};
use drawbridge::crypto::digest::hex;
use drawbridge::crypto::mac::{MacAlgorithm, MacKey};
use drawbridge::decision::{Detail, Trail};
use drawbridge::ground::id::{ClientId, Namespace, SourceId, TraceId};
use drawbridge::ground::secret::Secret;
use drawbridge::ground::time::Timestamp;
use libfuzzer_sys::fuzz_target;

const KEY: &[u8] = b"TEST key of thirty-two bytes....";

fn source() -> &'static SessionSource {
    static SOURCE: OnceLock<SessionSource> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let field = |name: &str, role, encoding, list| FieldDeclaration { name: name.into(), role, encoding, list };
        let list = ListSplit::AfterDecoding(",".into());
        SessionSource::new(SessionDeclaration {
            id: SourceId::new("intranet"),
            namespace: Namespace::new("intranet.example"),
            outer: Encoding::Plain,
            mac: MacDeclaration {
                algorithm: MacAlgorithm::HmacSha256,
                encoding: Encoding::Hex,
                separator: ".".into(),
                place: MacPlace::End,
                covers: Covers::Received,
                truncated_to: None,
            },
            keys: vec![KeyDeclaration { id: "k1".into(), secret: Secret::new(KEY.to_vec()), until: None }],
            key_id_separator: None,
            payload: Encoding::Plain,
            layout: Layout::Ordered { separator: "|".into() },
            fields: vec![
                field("user", Role::Subject, Encoding::Plain, None),
                field("groups", Role::Attribute, Encoding::Percent, Some(list)),
                field("expires", Role::ExpiresAt, Encoding::Plain, None),
            ],
            time_unit: TimeUnit::Seconds,
            max_age: None,
            clock_skew: Duration::from_secs(60),
            reuse_at_most: 1,
        })
        .unwrap()
    })
}

fn is_accepted(token: &str) -> bool {
    let now = Timestamp::from_unix_seconds(1_772_366_400);
    let mut trail = Trail::open(TraceId::from_bytes([0; 16]), now, Detail::Record);
    establish(token, source(), &ClientId::new("portal"), now, &mut trail).is_ok()
}

fuzz_target!(|payload: &str| {
    assert!(!is_accepted(payload), "nobody guesses the MAC");
    let mac = MacKey::new(MacAlgorithm::HmacSha256, KEY).mac(payload.as_bytes());
    let _ = is_accepted(&format!("{payload}.{}", hex(&mac)));
});
