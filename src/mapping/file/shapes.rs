//! What may stand in a mapping file and in the files that it includes, key by key: see [`crate::diagnostic::shape`].

use crate::diagnostic::shape::{BLANK, Key, Keys, Pattern, Rule, Shape, optional, required};

use Rule::{Alone, Needs, OneOf, When};
use Shape::{AnyText, Either, Entries, Filled, Int, List, Moment, Scalar, Text, Truth, Value, Words};

/// The most that `max` of an attribute may say.
pub(in crate::mapping) const MOST_VALUES: i64 = 1_000;
/// The most that `max_bytes` of an attribute may say.
pub(in crate::mapping) const MOST_BYTES: i64 = 64 * 1024;

const VERSION: Key = required("version", Int(1, 1), "The version of the format.");
const DESCRIPTION: Key = optional("description", AnyText, "What it is for, in your own words.");
const INCLUDE: Key = optional(
    "include",
    List(&Text),
    "Files of `kind: tables` or `kind: vocabulary` that this one uses; paths begin at the folder of this file.",
);
const SIZE: Shape =
    Shape::Pattern(&Pattern { form: "^[0-9]+(B|KiB)$", words: "a size from `1B` to `64KiB`", example: "4KiB" });
const ID: Shape = Shape::Pattern(&Pattern {
    form: "^[A-Za-z0-9._-]{1,64}$",
    words: "at most 64 letters, digits, `-`, `_` and `.`",
    example: "payroll",
});
const RULE_ID: Shape = Shape::Pattern(&Pattern {
    form: "^[a-z0-9_]{1,64}$",
    words: "at most 64 lower-case letters, digits and `_`",
    example: "employees_only",
});

/// A mapping.
pub static MAPPING: Keys = Keys {
    what: "a mapping",
    about: "One file is one mapping: what a source says of a person becomes claims and scopes.",
    keys: &[
        required("kind", Words(&["mapping"]), "What the file is."),
        VERSION,
        required("id", ID, "Its name in records and messages."),
        DESCRIPTION,
        optional(
            "stage",
            Words(&["live", "shadow"]),
            "`live` unless told. A `shadow` runs beside the live mapping and issues nothing: its differences are counted.",
        ),
        required("source", Text, "The identity provider or session source whose credentials it reads."),
        optional("for", Shape::Keys(&FOR), "The requests that it applies to; all of its source unless told."),
        INCLUDE,
        optional(
            "vocabulary",
            List(&Text),
            "Ids of the vocabularies that `friendly_name` looks in, built in or included.",
        ),
        optional("budget", SIZE, "The most that the claims for one audience may take, as JSON. Never trimmed."),
        optional("tables", Entries(&TABLE), "Tables of this file, by name."),
        optional("attributes", Entries(&Shape::Keys(&ATTRIBUTE)), "What the source sends, by short names."),
        optional("authentication", Shape::Keys(&AUTHENTICATION), "How the login becomes `acr` and `amr`."),
        optional(
            "require",
            List(&Shape::Keys(&REQUIRE)),
            "What must be true of a person; else the request is refused.",
        ),
        required("subject", Shape::Keys(&SUBJECT), "Whom the token is about."),
        optional("subject_replaces", Text, "The hash of the `subject` rule that this one may replace."),
        optional(
            "claims",
            Entries(&CLAIM_SHAPE),
            "What the token says of the person, made in this order. The short form is the name of an attribute.",
        ),
        optional("scopes", Entries(&Text), "What this identity can get at most: an expression for each."),
        optional("release", Entries(&List(&Text)), "Which audience may see which claims."),
        optional("tests", List(&Shape::Keys(&TEST)), "Run whenever the file is loaded."),
    ],
    ..BLANK
};

/// A file of tables.
pub static TABLES: Keys = Keys {
    what: "a file of tables",
    about: "Tables that several mappings share.",
    keys: &[
        required("kind", Words(&["tables"]), "What the file is."),
        VERSION,
        required("id", Text, "Its name in messages."),
        DESCRIPTION,
        INCLUDE,
        required("tables", Entries(&TABLE), "The tables, by name."),
    ],
    ..BLANK
};

const TABLE: Shape = Filled(&Entries(&Scalar));
/// A vocabulary.
pub static VOCABULARY: Keys = Keys {
    what: "a vocabulary",
    about: "The friendly names of the attributes that a product or a community sends.",
    keys: &[
        required("kind", Words(&["vocabulary"]), "What the file is."),
        VERSION,
        required("id", Text, "By which a mapping names it."),
        DESCRIPTION,
        required(
            "names",
            Entries(&Shape::Keys(&NAME)),
            "What is sent, by friendly names: a letter, then letters, digits and `_`.",
        ),
    ],
    ..BLANK
};

pub(in crate::mapping) static NAME: Keys = Keys {
    what: "a friendly name",
    about: "What is sent under one name.",
    keys: &[
        required("name", Text, "The attribute's `Name`, character by character."),
        optional("format", Text, "The attribute's `NameFormat`, where senders agree on one."),
        optional("many", Truth, "Usually several values are sent."),
        optional("email", Truth, "A value is an e-mail address at which a person is reached."),
        optional("dn", Truth, "A value is a distinguished name (RFC 4514)."),
    ],
    ..BLANK
};

static CLAIM_SHAPE: Shape = Either(&CLAIM_FORMS);
static CLAIM_FORMS: [Shape; 2] = [Text, Shape::Keys(&CLAIM)];

pub(super) static FOR: Keys = Keys {
    what: "`for`",
    about: "For one request exactly one live mapping must apply; two that could are an error.",
    keys: &[
        optional("clients", Filled(&List(&Text)), "Who asks; all unless told."),
        optional("audiences", Filled(&List(&Text)), "The API that is asked for; all unless told."),
    ],
    ..BLANK
};

pub(super) static ATTRIBUTE: Keys = Keys {
    what: "an attribute",
    about: "Attributes are a closed world: what is not declared is reported and never read. Exactly one value, \
            unless told.",
    keys: &[
        optional("name", Text, "The attribute's `Name`, or a session field's, compared character by character."),
        optional("friendly_name", Text, "Instead of a name: how a vocabulary calls it."),
        optional("format", Text, "The attribute's `NameFormat`, where two share a name."),
        optional("optional", Truth, "It may be absent. What is not optional and not sent refuses the request."),
        optional("many", Truth, "It is a list of values; without it there is exactly one."),
        optional("max", Int(1, MOST_VALUES), "The most values of a list; 200 unless told."),
        optional("max_bytes", Int(1, MOST_BYTES), "The longest value; 4096 unless told."),
        optional(
            "repeated",
            Words(&["merge", "refuse"]),
            "Several attributes of this name: merged into one list unless told.",
        ),
    ],
    rules: &[OneOf(&["name", "friendly_name"]), Needs(&["max"], "many"), When("repeated", "merge", "many")],
    ..BLANK
};

pub(super) static AUTHENTICATION: Keys = Keys {
    what: "`authentication`",
    about: "What the source says of the login becomes `acr` and `amr`. What no level lists, and a login of which nothing \
            is said, is the first level, without `amr`: never higher.",
    keys: &[
        optional("from", Text, "The attribute that says it; the SAML `AuthnContextClassRef` unless told."),
        required("levels", Filled(&List(&Shape::Keys(&LEVEL))), "From the lowest to the highest."),
    ],
    ..BLANK
};

pub(super) static LEVEL: Keys = Keys {
    what: "a level",
    about: "One row of `authentication.levels`.",
    keys: &[
        required("acr", Text, "The authentication context class of the token."),
        optional("amr", List(&Text), "The authentication methods of the token (RFC 8176)."),
        optional("contexts", List(&Text), "What the source says of a login of this level."),
    ],
    ..BLANK
};

pub(super) static REQUIRE: Keys = Keys {
    what: "a rule of `require`",
    about: "Each must be true, or the request is refused with `mapping.require.<id>`.",
    keys: &[
        required("id", RULE_ID, "The last word of the reason code."),
        required("cel", Text, "An expression that is true for whoever passes."),
        required("message", Text, "Why, for the decision record."),
    ],
    ..BLANK
};

pub(super) static SUBJECT: Keys = Keys {
    what: "`subject`",
    about: "Whom the token is about. APIs never see this value: `sub` is a keyed hash.",
    keys: &[
        optional("from", Text, "`name_id`, or an attribute with exactly one value."),
        optional("cel", Text, "An expression that yields text."),
        optional("email_proven", Truth, "This source proves that an e-mail address belongs to the person."),
        optional("link", Shape::Keys(&LINK), "Another source that names the same people."),
    ],
    rules: &[OneOf(&["from", "cel"])],
    ..BLANK
};

pub(super) static LINK: Keys = Keys {
    what: "`link`",
    about: "The same person at another source, whose `sub` is kept.",
    keys: &[
        required("source", Text, "The id of the other source."),
        optional("from", Text, "The value that is the subject there: `name_id`, or an attribute with one value."),
        optional("cel", Text, "The same as an expression."),
        optional("format", Text, "The `NameID` format of the subject there, where it is a `NameID`."),
    ],
    rules: &[OneOf(&["from", "cel"])],
    ..BLANK
};

pub(super) static CLAIM: Keys = Keys {
    what: "a claim",
    about: "Where its value comes from, then what is done with it, in the order of this table.",
    keys: &[
        optional("from", Text, "The attribute whose value, or values, it has."),
        optional("value", Value, "A value that is always the same."),
        optional("cel", Text, "An expression; null leaves the claim out."),
        optional(
            "object",
            Filled(&Entries(&CLAIM_SHAPE)),
            "A structured claim: its members, each a rule like a claim.",
        ),
        optional("split", Text, "Each text is cut at this separator; what is empty is dropped."),
        optional("strip_prefix", Text, "Only values that begin with this remain, without it."),
        optional("case", Words(&["lower", "upper"]), "ASCII letters become lower or upper case."),
        optional(
            "table",
            Either(&[Text, TABLE]),
            "What values become, or the name of such a table; what is not in it is dropped.",
        ),
        optional("sort", Truth, "The values are put in the order of code points."),
        optional(
            "take",
            Words(&["one", "first"]),
            "Of a list its only value, where several refuse the request, or its first.",
        ),
        optional("join", AnyText, "A list becomes one text with this between its values."),
        optional(
            "type",
            Words(&["string", "int", "bool", "list", "object"]),
            "What each value becomes; `list` makes a list of a single value.",
        ),
        optional("required", Truth, "The same as `on_missing: refuse`."),
        optional("on_missing", Words(&["omit", "refuse", "default"]), "Where nothing remains; `omit` unless told."),
        optional("default", Value, "The value where nothing remains; it means `on_missing: default`."),
    ],
    rules: &[
        OneOf(&["from", "value", "cel", "object"]),
        Needs(&["split", "strip_prefix", "case", "table", "sort", "take", "join"], "from"),
        Alone("take", &["join"]),
        Alone("required", &["on_missing"]),
        When("on_missing", "default", "default"),
    ],
    ..BLANK
};

pub(super) static TEST: Keys = Keys {
    what: "a test",
    about: "Goes through the same code as a request.",
    keys: &[
        required("name", Text, "By which reports and `sub_same_as` know it; no two tests share one."),
        required("given", Shape::Keys(&GIVEN), "What the source says."),
        required("expect", Shape::Keys(&EXPECT), "What must come out."),
    ],
    ..BLANK
};

pub(super) static GIVEN: Keys = Keys {
    what: "`given`",
    about: "The facts of one person.",
    keys: &[
        optional("attributes", Entries(&Either(&[AnyText, List(&AnyText)])), "By short name, a text or a list."),
        optional("name_id", AnyText, "The `NameID`."),
        optional("name_id_format", AnyText, "The format of the `NameID`."),
        optional("acr", AnyText, "The `AuthnContextClassRef`."),
        optional("auth_time", Moment, "When the person logged in."),
        optional("client", Text, "Who asks; the first of `for.clients` unless told."),
        optional("audience", Text, "The API; the first of `for.audiences` or of `release` unless told."),
        optional("now", Moment, "The time of the request."),
        optional(
            "credential",
            Text,
            "A recorded credential instead of facts, as a file; needs `now`. Such a test runs at `drawbridge check` and \
             `drawbridge mapping test` only.",
        ),
    ],
    rules: &[
        Needs(&["credential"], "now"),
        Alone("credential", &["attributes", "name_id", "name_id_format", "acr", "auth_time"]),
    ],
    ..BLANK
};

pub(super) static EXPECT: Keys = Keys {
    what: "`expect`",
    about: "What must come out.",
    keys: &[
        optional("claims", Entries(&Value), "These claims have these values; others are not looked at."),
        optional("scopes", List(&Text), "Exactly these scopes."),
        optional("absent", List(&Text), "These claims are left out."),
        optional("released", List(&Text), "Exactly these claims leave for the audience."),
        optional("subject", AnyText, "The subject before it is hashed."),
        optional("sub_same_as", Text, "The name of a test above whose person gets the same `sub`."),
        optional("acr", AnyText, "The `acr` of the token."),
        optional("amr", List(&Text), "The `amr` of the token."),
        optional("refused", Text, "The reason code of a refusal; nothing else stands beside it."),
    ],
    rules: &[
        Rule::Some,
        Alone("refused", &["claims", "scopes", "absent", "released", "subject", "sub_same_as", "acr", "amr"]),
    ],
    ..BLANK
};

#[cfg(test)]
mod tests;
