//! What the problems of a mapping file mean.

use crate::diagnostic::Explanation;

const fn problem(code: &'static str, cause: &'static str, remedy: &'static str) -> Explanation {
    Explanation { code, cause, remedy }
}

/// Every code of this floor that a file can get, beside `file.…`.
pub const PROBLEMS: [Explanation; 34] = [
    problem(
        "mapping.attribute_ambiguous",
        "Two declared attributes stand for what a source sends under one name, so a value could be read as either.",
        "Use one short name, or tell the two apart by `format`.",
    ),
    problem(
        "mapping.attribute_unknown",
        "A rule reads an attribute that the file does not declare. The claim would be empty for everybody.",
        "Mend the name, or declare the attribute under `attributes`.",
    ),
    problem(
        "mapping.audience_unknown",
        "No API has this audience, or the mapping does not apply to it.",
        "Compare it with `apis` in drawbridge.yaml and with `for` of the mapping, character by character.",
    ),
    problem(
        "mapping.claim_below",
        "An expression reads a claim that is made after it.",
        "Move the claim up: claims are made in the order of the file, after `require` and `subject`.",
    ),
    problem(
        "mapping.claim_reserved",
        "The claim belongs to the issuer, who alone sets it (RFC 9068 section 2.2).",
        "Choose another name; `sub` comes from `subject`, `scope` from `scopes`.",
    ),
    problem(
        "mapping.claim_unknown",
        "An expression, a release or a test names a claim that the file does not define.",
        "Mend the name, or define the claim.",
    ),
    problem(
        "mapping.claim_unreleased",
        "A claim is made that no audience may see and no expression reads.",
        "List it under `release`, or remove it.",
    ),
    problem(
        "mapping.client_unknown",
        "`for.clients` names a client that the configuration does not have.",
        "Compare it with `clients` in drawbridge.yaml.",
    ),
    problem(
        "mapping.expression_syntax",
        "The expression is not CEL.",
        "Mend it at the place shown; most often a quote or a bracket is missing.",
    ),
    problem(
        "mapping.expression_too_costly",
        "At the declared sizes the expression, or all of them together, may take too many steps or too much text.",
        "Lower `max` of the attributes that loops go through, or loop once instead of inside a loop.",
    ),
    problem(
        "mapping.expression_too_large",
        "The expression has too much text, too many parts, or nests too deeply.",
        "Split it: an expression can read the claims above it.",
    ),
    problem(
        "mapping.expression_type",
        "An operator or function gets a value that it cannot use, or a rule yields another type than it must.",
        "Follow the message; `'x' in list`, `list[0]` and `string(number)` are the usual ways.",
    ),
    problem(
        "mapping.expression_unsupported",
        "The expression uses a part of CEL that is not available here.",
        "Use text, whole numbers, true and false, lists and objects.",
    ),
    problem(
        "mapping.function_unknown",
        "The expression calls a function that is not available.",
        "Choose one of those that the message lists.",
    ),
    problem(
        "mapping.id_repeated",
        "Two mappings, or two `require` rules of one mapping, have one id.",
        "Rename one: the id stands in decision records and reason codes.",
    ),
    problem(
        "mapping.join_without_separator",
        "A list is joined with nothing between its elements, so that different lists become one text.",
        "Write `join(' ')`, or another separator that no element has.",
    ),
    problem(
        "mapping.kind_unknown",
        "The file says that it is of a kind that is not known here.",
        "A mapping says `kind: mapping`; keep other files elsewhere.",
    ),
    problem(
        "mapping.name_malformed",
        "A name has characters that it cannot have where it is used.",
        "Follow the message.",
    ),
    problem(
        "mapping.never_equal",
        "A text that was brought to one case is compared with one that has letters of the other: they are never equal.",
        "Write the literal in the same case.",
    ),
    problem(
        "mapping.optional_unguarded",
        "An expression reads something optional without asking whether it is there, and fails where it is absent.",
        "Guard it: `has(attr.mail) && …` or `has(attr.mail) ? … : …`.",
    ),
    problem(
        "mapping.overlap",
        "Two mappings could apply to one request, and which one would be chance.",
        "Tell them apart by `for: { clients: […], audiences: […] }`.",
    ),
    problem(
        "mapping.subject_rules_differ",
        "Two mappings of one source make subjects by different rules: one value could be two people, who would share a `sub`.",
        "Write the same `subject` rule in both.",
    ),
    problem(
        "mapping.reason_unknown",
        "A test expects a refusal that this mapping never gives.",
        "Use `mapping.require.<id>` of one of its rules, or one of the codes in the message.",
    ),
    problem(
        "mapping.regex_malformed",
        "The regular expression of `matches` cannot be read, uses something that is not available, or is found in every text.",
        "Mend it at the place shown; the syntax is that of RE2, without `(?i)` and `\\p{…}`.",
    ),
    problem(
        "mapping.regex_not_linear",
        "The regular expression of `matches` looks around or back; it could not be searched for in one pass.",
        "Use two `matches`, or compare the parts of the text after `split`.",
    ),
    problem(
        "mapping.regex_not_literal",
        "The regular expression of `matches` is put together by the expression; it could not be compiled at load.",
        "Write it out as one text.",
    ),
    problem(
        "mapping.regex_too_large",
        "The regular expression of `matches` nests too deeply, or its table would be too large.",
        "Lower the numbers in `{…}`, ask for the length with `size(x)`, or match in two steps.",
    ),
    problem(
        "mapping.rule_ambiguous",
        "Keys of a rule exclude each other, or none of those that could tell is there.",
        "Keep one of the keys that the message names.",
    ),
    problem(
        "mapping.scope_unknown",
        "No API that the mapping applies to offers this scope, or a test expects one that the mapping has not.",
        "Compare it with `apis` in drawbridge.yaml.",
    ),
    problem(
        "mapping.source_unknown",
        "`source` names no identity provider and no session source of the configuration.",
        "Compare it with the ids under `saml.identity_providers` and `sessions` in drawbridge.yaml.",
    ),
    problem(
        "mapping.subject_many",
        "The subject comes from an attribute that may have several values.",
        "Choose an attribute with exactly one value.",
    ),
    problem(
        "mapping.test_failed",
        "A test of the file does not come out as it says.",
        "The notes show what was expected and found; mend the rule or the test.",
    ),
    problem(
        "mapping.variable_unknown",
        "An expression uses a name that expressions do not know.",
        "Attributes are read as `attr.<name>`, claims as `claims.<name>`.",
    ),
    problem("mapping.version_unknown", "The file is written for another version of the format.", "Write `version: 1`."),
];
