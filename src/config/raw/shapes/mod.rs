//! What may stand in `drawbridge.yaml`, key by key: see [`crate::diagnostic::shape`].

mod session;
#[cfg(test)]
mod tests;

use crate::diagnostic::shape::{BLANK, Keys, Pattern, Rule, Shape, optional, required};

pub(super) use session::{FIELD, KEY, LAYOUT, LIST, MAC, REUSE, SESSION};

use Shape::{Duration, Filled, List, Set, Text, Words};

/// The whole file.
pub static DRAWBRIDGE: Keys = Keys {
    what: "drawbridge.yaml",
    about: "Relative paths are relative to the file. A key that is not listed here is an error.",
    keys: &[
        required("issuer", ISSUER, "The name in every token, and what every public address begins with."),
        optional("listen", LISTEN, "Where the server listens; `127.0.0.1:8080` unless told, port 0 for any free one."),
        optional(
            "trusted_proxies",
            Filled(&List(&NETWORK)),
            "Networks whose `X-Forwarded-For` is believed. A listener that is not loopback needs them.",
        ),
        required(
            "master_key",
            Shape::Keys(&MASTER_KEY),
            "What seals the keys in the store. Not below the data folder.",
        ),
        required("mappings", Text, "The folder of the mappings: every `*.yaml` below it with `kind: mapping`."),
        required("storage", Shape::Keys(&STORAGE), "Where state is kept."),
        optional("audit", Shape::Keys(&AUDIT), "What becomes of decision records."),
        optional("trace", Shape::Keys(&TRACE), "Whether traces show values."),
        optional("recordings", Shape::Keys(&RECORDINGS), "Verified attributes for what-if; none unless declared."),
        optional("signing", Shape::Keys(&SIGNING), "How tokens are signed."),
        optional("saml", Shape::Keys(&SAML), "Identity providers."),
        optional("sessions", Filled(&List(&Shape::Keys(&SESSION))), "Legacy sessions whose format you declare."),
        required("clients", Filled(&List(&Shape::Keys(&CLIENT))), "Who may exchange credentials for tokens."),
        required("apis", Filled(&List(&Shape::Keys(&API))), "For whom tokens are issued."),
    ],
    later: &["admin", "gateway", "tls"],
    ..BLANK
};

const ISSUER: Shape = Shape::Pattern(&Pattern {
    form: "^https?://[^?#@\\s]*[^/?#@\\s]$",
    words: "an `https` address without a slash at its end; `http` on a loopback host only",
    example: "https://bridge.example.com",
});
const LISTEN: Shape = Shape::Pattern(&Pattern {
    form: "^([0-9.]+|\\[[0-9A-Fa-f:.%]+\\]):[0-9]{1,5}$",
    words: "an IP address and a port, as `127.0.0.1:8080` or `[::1]:8080`",
    example: "127.0.0.1:8080",
});
const NETWORK: Shape = Shape::Pattern(&Pattern {
    form: "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$",
    words: "a network, as `10.0.0.0/8`, or an address",
    example: "10.0.0.0/8",
});
/// The word for a source: it stands in URNs and in mapping files.
const ID: Shape = Shape::Pattern(&Pattern {
    form: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
    words: "at most 64 letters, digits, `-`, `_` and `.`, a letter or digit first",
    example: "corp-adfs",
});
/// RFC 6749 appendix A.1, without the colon of HTTP Basic.
const CLIENT_ID: Shape = Shape::Pattern(&Pattern {
    form: "^[!-9;-~]{1,128}$",
    words: "at most 128 printable ASCII characters without space and colon",
    example: "payroll-portal",
});
const NAME: Shape = Shape::Pattern(&Pattern {
    form: "^[^ \\t\\r\\n]{1,1024}$",
    words: "a name, compared character by character",
    example: "https://payroll.example",
});
/// RFC 6749 section 3.3.
const SCOPE: Shape = Shape::Pattern(&Pattern {
    form: "^[!#-\\[\\]-~]+$",
    words: "a scope: printable ASCII without space, quote and backslash",
    example: "payroll.read",
});
const CACHE: Shape = Shape::Pattern(&Pattern {
    form: "^[0-9]+(KiB|MiB|GiB)$",
    words: "a size from `1MiB` to `64GiB`",
    example: "64MiB",
});
const VARIABLE: Shape = Shape::Pattern(&Pattern {
    form: "^[A-Za-z_][A-Za-z0-9_]*$",
    words: "the name of an environment variable",
    example: "INTRANET_KEY",
});
const UNTIL: Shape = Shape::Pattern(&Pattern {
    form: "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?Z)?$",
    words: "a day, which lasts to its end in UTC, as `2027-06-30`, or a moment, as `2027-06-30T12:00:00Z`",
    example: "2027-06-30",
});
const ALGORITHM: Shape = Words(&["ES256", "EdDSA", "RS256", "PS256"]);

pub(super) static MASTER_KEY: Keys = Keys {
    what: "`master_key`",
    about: "A file that `drawbridge keys init` makes. Keep a copy of it apart from the data folder.",
    keys: &[required("file", Text, "Its path.")],
    ..BLANK
};

pub(super) static STORAGE: Keys = Keys {
    what: "`storage`",
    about: "The embedded store.",
    keys: &[required("sled", Shape::Keys(&SLED), "A folder of this machine.")],
    later: &["postgres"],
    ..BLANK
};

pub(super) static SLED: Keys = Keys {
    what: "`sled`",
    about: "A folder that one server alone uses.",
    keys: &[
        required("path", Text, "The data folder: store, admin socket, audit file."),
        optional("cache", CACHE, "Memory for the store's cache; `64MiB` unless told."),
    ],
    ..BLANK
};

pub(super) static AUDIT: Keys = Keys {
    what: "`audit`",
    about: "Decision records: one for each request.",
    keys: &[
        optional("file", Text, "Where they go as JSON lines; `audit.jsonl` in the data folder unless told."),
        optional("keep", Duration("1d", "3660d"), "How long the store keeps one; `90d` unless told."),
    ],
    ..BLANK
};

pub(super) static SIGNING: Keys = Keys {
    what: "`signing`",
    about: "The key that signs access tokens is made by the bridge.",
    keys: &[optional("algorithm", ALGORITHM, "`ES256` unless told; an API may need another.")],
    later: &["rotate_every", "overlap"],
    ..BLANK
};

pub(super) static SAML: Keys = Keys {
    what: "`saml`",
    about: "Our own name and those who assert who somebody is.",
    keys: &[
        optional("entity_id", NAME, "Our own entity ID; the issuer and `/saml` unless told."),
        optional(
            "second_opinion",
            Words(&["samael"]),
            "Every accepted assertion is verified a second time. Needs a build with the feature `second-opinion`.",
        ),
        required("identity_providers", Filled(&List(&Shape::Keys(&PROVIDER))), "Who is trusted."),
    ],
    ..BLANK
};

pub(super) static PROVIDER: Keys = Keys {
    what: "an identity provider",
    about: "Every signing key of its metadata is valid at the same time.",
    keys: &[
        required("id", ID, "Your word for it, in `sources` and mappings. Sessions share the same set of ids."),
        required("metadata", Shape::Keys(&METADATA), "Its SAML metadata."),
        optional("entity_id", NAME, "Which provider, where the metadata describe several."),
        optional("clock_skew", Duration("0s", "5m"), "How far its clock may be off; `60s` unless told."),
        optional(
            "max_age",
            Duration("1s", "1d"),
            "How old an assertion may be when it is presented; `10m` unless told.",
        ),
        optional("max_lifetime", Duration("1s", "30d"), "How long its conditions may hold; `24h` unless told."),
        optional(
            "max_confirmation_lifetime",
            Duration("1s", "1d"),
            "How long its bearer confirmation may hold; `1h` unless told.",
        ),
    ],
    ..BLANK
};

pub(super) static METADATA: Keys = Keys {
    what: "`metadata`",
    about: "Read again whenever the file changes.",
    keys: &[required("file", Text, "Its path.")],
    later: &["url", "refresh", "signed_by"],
    ..BLANK
};

pub(super) static SECRET: Keys = Keys {
    what: "`secret`",
    about: "Where a secret of at least 16 bytes is kept; never the secret itself. A line break at the end of a file does \
            not count.",
    keys: &[
        optional("file", Text, "A file that only the server may read."),
        optional("env", VARIABLE, "A variable of the server's environment."),
    ],
    rules: &[Rule::OneOf(&["file", "env"])],
    ..BLANK
};

pub(super) static TRACE: Keys = Keys {
    what: "`trace`",
    about: "The values of the steps of a request, sealed, for `drawbridge trace`.",
    keys: &[
        optional("keep", Shape::Duration("1m", "30d"), "For how long; `24h` unless told."),
        optional("values", Shape::Truth, "Whether values are kept at all."),
    ],
    rules: &[Rule::Needs(&["keep"], "values")],
    ..BLANK
};

pub(super) static RECORDINGS: Keys = Keys {
    what: "`recordings`",
    about: "What credentials said, sealed under a key of its own, for `drawbridge mapping replay`.",
    keys: &[
        required("keep", Shape::Duration("1m", "30d"), "For how long."),
        optional("at_most", Shape::Int(1, 100_000), "Of so many requests; 1000 unless told."),
        optional("redact", List(&Text), "Names of attributes that are never kept."),
    ],
    ..BLANK
};

pub(super) static CLIENT: Keys = Keys {
    what: "a client",
    about: "An application that presents credentials and gets tokens.",
    keys: &[
        required("id", CLIENT_ID, "Its `client_id`."),
        required("secret", Shape::Keys(&SECRET), "For `client_secret_basic` and `client_secret_post`."),
        required(
            "grants",
            Filled(&Set(&Words(&["saml2-bearer", "token-exchange"]))),
            "By which grants it may present credentials: RFC 7522, RFC 8693.",
        ),
        required("sources", Filled(&Set(&Text)), "The providers and session sources whose credentials it may present."),
        required("audiences", Filled(&Set(&Text)), "The APIs for which it may have tokens."),
        optional("scopes", Filled(&Set(&SCOPE)), "The most that it may have; what its APIs offer unless told."),
        optional(
            "subject_type",
            Words(&["public", "pairwise"]),
            "Whether it sees the same `sub` as others, or one of its own sector (OIDC Core section 8.1).",
        ),
        optional("sector", Text, "The host that pairwise subjects are made for."),
        optional(
            "forwards",
            Shape::Keys(&FORWARDS),
            "For an application that can only pass on what its own service provider received.",
        ),
    ],
    ..BLANK
};

pub(super) static FORWARDS: Keys = Keys {
    what: "`forwards`",
    about: "By token exchange only, from one source, and until a date.",
    keys: &[
        required("source", Text, "The identity provider."),
        required("recipients", Filled(&Set(&NAME)), "Addresses of the service provider's assertion consumer service."),
        required("audiences", Filled(&Set(&NAME)), "The service provider's entity IDs."),
        required("until", UNTIL, "When this ends, at most a year ahead."),
    ],
    ..BLANK
};

pub(super) static API: Keys = Keys {
    what: "an API",
    about: "What verifies our tokens.",
    keys: &[
        required("audience", NAME, "The `aud` of its tokens, compared character by character."),
        required("scopes", Filled(&Set(&SCOPE)), "What it offers."),
        optional("token", Shape::Keys(&TOKEN), "How its tokens look."),
    ],
    ..BLANK
};

pub(super) static TOKEN: Keys = Keys {
    what: "`token`",
    about: "The access tokens of one API.",
    keys: &[
        optional("format", Words(&["jwt"]), "A signed JWT (RFC 9068)."),
        optional(
            "lifetime",
            Duration("10s", "1d"),
            "How long one is valid, `10m` unless told. It cannot be called back.",
        ),
        optional("algorithm", ALGORITHM, "Where this API needs another than `signing.algorithm`."),
    ],
    ..BLANK
};
