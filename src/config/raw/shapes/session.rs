//! `sessions`. There is one kind, `hmac`; a source of a later kind is refused by its kind, whatever its keys are.

use crate::diagnostic::shape::{BLANK, Keys, Shape, optional, required};

use super::{ID, NAME, SECRET, UNTIL};

use Shape::{AnyText, Duration, Filled, Int, List, Text, Words};

const ENCODINGS: Shape = Words(&["plain", "hex", "base64", "base64url", "percent", "form"]);
const COUNT: Shape = Int(1, 1_000_000);

pub(in crate::config::raw) static SESSION: Keys = Keys {
    what: "a session source",
    about: "The token is `outer( [mac separator] [key-id separator] payload( field separator field … ) [separator mac] )`.",
    keys: &[
        required("id", ID, "Your word for it, in `sources`, mappings and `subject_token_type`."),
        required("kind", Words(&["hmac"]), "A token with a MAC, in a format that you declare."),
        required(
            "namespace",
            NAME,
            "Its lasting name: reuse is counted and `sub` is made under it, so it never changes.",
        ),
        optional("outer", ENCODINGS, "The encoding around the whole token; `plain` unless told."),
        required("mac", Shape::Keys(&MAC), "What proves it."),
        required("keys", Filled(&List(&Shape::Keys(&KEY))), "At most eight, all valid at the same time."),
        optional("key_id_separator", AnyText, "Behind a key id that stands before the payload; none unless told."),
        optional("payload", ENCODINGS, "The encoding around all fields together; `plain` unless told."),
        required("layout", Shape::Keys(&LAYOUT), "How the payload is cut into fields."),
        required("fields", Filled(&List(&Shape::Keys(&FIELD))), "Every field, in order; at most 64."),
        optional(
            "times",
            Words(&["seconds", "milliseconds", "rfc3339"]),
            "How times are written; `seconds` unless told.",
        ),
        optional("max_age", Duration("1s", "366d"), "The greatest age, counted from the field `issued_at`."),
        optional("clock_skew", Duration("0s", "5m"), "How far `issued_at` may lie ahead; `60s` unless told."),
        required("reuse", Shape::Keys(&REUSE), "How often a session is exchanged."),
    ],
    ..BLANK
};

pub(in crate::config::raw) static MAC: Keys = Keys {
    what: "`mac`",
    about: "A keyed hash of the token.",
    keys: &[
        required(
            "algorithm",
            Words(&["hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha1-for-legacy-use-only"]),
            "How it is made.",
        ),
        required("encoding", Words(&["hex", "base64", "base64url"]), "How it is written."),
        required("separator", AnyText, "What stands between it and the rest; may be empty beside a hexadecimal MAC."),
        optional("place", Words(&["start", "end"]), "Where it stands; `end` unless told."),
        optional(
            "covers",
            Words(&["received", "decoded"]),
            "What it is made over: the rest exactly as it stands, unless told, or the payload without its encoding.",
        ),
        optional("truncated_to", COUNT, "How many bytes are kept of it, at least 16; all unless told."),
    ],
    ..BLANK
};

pub(in crate::config::raw) static KEY: Keys = Keys {
    what: "a key",
    about: "A key of the MAC; each is tried.",
    keys: &[
        required("id", ID, "How traces, and tokens with a key id, name it."),
        required("secret", Shape::Keys(&SECRET), "Where it is kept."),
        optional("encoding", Words(&["text", "hex", "base64"]), "How it is written there; `text` unless told."),
        optional("until", UNTIL, "From then on it verifies nothing."),
    ],
    ..BLANK
};

pub(in crate::config::raw) static LAYOUT: Keys = Keys {
    what: "`layout`",
    about: "Fields in their order, or `name=value` in any order.",
    keys: &[
        required("separator", Text, "Between two fields."),
        optional("assign", AnyText, "Between name and value, where fields are pairs."),
    ],
    ..BLANK
};

pub(in crate::config::raw) static FIELD: Keys = Keys {
    what: "a field",
    about: "Every field that is declared is there exactly once, and no other.",
    keys: &[
        required("name", Text, "In mappings, where it is an attribute; in the token, where fields are pairs."),
        optional(
            "role",
            Words(&["attribute", "subject", "issued_at", "expires_at", "key_id", "ignore"]),
            "What it is for; `attribute` unless told.",
        ),
        optional("encoding", ENCODINGS, "How its value is written; `plain` unless told."),
        optional("list", Shape::Keys(&LIST), "For an attribute with many values."),
    ],
    ..BLANK
};

pub(in crate::config::raw) static LIST: Keys = Keys {
    what: "`list`",
    about: "How a field is cut into values.",
    keys: &[
        required("separator", Text, "Between two values."),
        required(
            "cut",
            Words(&["before_decoding", "after_decoding"]),
            "Before, where each value was encoded by itself; after, where the whole list was.",
        ),
    ],
    ..BLANK
};

pub(in crate::config::raw) static REUSE: Keys = Keys {
    what: "`reuse`",
    about: "A session is presented many times by nature.",
    keys: &[required("at_most", COUNT, "How often one client may exchange one session.")],
    ..BLANK
};
