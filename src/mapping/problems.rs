//! What the problems of a mapping file mean.

use crate::diagnostic::Explanation;

const fn problem(code: &'static str, cause: &'static str, remedy: &'static str) -> Explanation {
    Explanation { code, cause, remedy }
}

/// Every code of this floor that a file can get, beside `file.…`.
pub const PROBLEMS: [Explanation; 70] = [
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
        "mapping.attribute_unused",
        "No rule uses an attribute that the file declares; most often it is the other half of a misspelling. If it is not optional, people without it are refused for nothing.",
        "Use it, or remove it: what is not declared is reported, and never read.",
    ),
    problem(
        "mapping.audience_unknown",
        "No API has this audience, or the mapping does not apply to it.",
        "Compare it with `apis` in drawbridge.yaml and with `for` of the mapping, character by character.",
    ),
    problem(
        "mapping.budget_too_small",
        "At the declared maxima the claims for an audience may take more than `budget`: somebody would be refused one day.",
        "Lower `max` and `max_bytes` of the attributes, release less, or raise the budget.",
    ),
    problem(
        "mapping.claim_below",
        "An expression reads a claim that is made after it.",
        "Move the claim up: claims are made in the order of the file, after `require` and `subject`.",
    ),
    problem(
        "mapping.claim_never",
        "The rule of a claim yields nothing, or fails, for everybody.",
        "Mend the rule, or remove the claim.",
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
        "The configuration has no such client, or a test names one that the mapping does not apply to.",
        "Compare it with `clients` in drawbridge.yaml and with `for` of the mapping, character by character.",
    ),
    problem(
        "mapping.context_repeated",
        "A context stands on two levels of `authentication`, and which one counts would be chance.",
        "Keep it on the level that it proves.",
    ),
    problem(
        "mapping.email_identity",
        "The subject is an e-mail address, and nothing says that its source proves it. Addresses are given to other people, and some providers let people type in their own.",
        "Choose an identifier that is never given to another person; or say `email_proven: true` in `subject`, if this source proves addresses and never reassigns them.",
    ),
    problem(
        "mapping.empty_passes",
        "A scope or a rule of `require` asks something of a list that is true of an empty one as well: `has`, or `all`. Whoever is in no group at all gets it.",
        "Ask for what must be in the list, or add `size(…) > 0`.",
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
        "mapping.friendly_name_ambiguous",
        "The vocabularies of the file give a friendly name to several attributes.",
        "Write the `name` that the source sends.",
    ),
    problem(
        "mapping.friendly_name_unknown",
        "No vocabulary of the file has this friendly name.",
        "Mend it, name the vocabulary that has it, or write the `name` that the source sends.",
    ),
    problem(
        "mapping.function_unknown",
        "The expression calls a function that is not available.",
        "Choose one of those that the message lists.",
    ),
    problem(
        "mapping.guard_case",
        "The subject, or the link to another source, takes an attribute in one spelling, and a rule compares it as it comes: who is refused as `bob` comes in as `BOB`, and is the same person.",
        "Compare what the subject is made of, for instance `attr.upn.lowerAscii()`.",
    ),
    problem(
        "mapping.id_repeated",
        "Two mappings, or two `require` rules of one mapping, have one id.",
        "Rename one: the id stands in decision records and reason codes.",
    ),
    problem(
        "mapping.include_cycle",
        "A file includes itself, directly or by others.",
        "Put what both need into a third file.",
    ),
    problem(
        "mapping.include_unknown",
        "An included file is not among those below the folder of mappings, or is neither tables nor a vocabulary.",
        "Mend the path: it begins at the folder of the file that it stands in.",
    ),
    problem(
        "mapping.include_unused",
        "No mapping includes a file of tables or a vocabulary.",
        "Include it, or remove it.",
    ),
    problem(
        "mapping.index_unguarded",
        "An expression takes an element behind the first of a list that may be shorter. Where it is, the expression fails, and with it the request.",
        "Ask first, for instance `size(x) > 1 ? x[1] : null`.",
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
        "mapping.level_unreachable",
        "A level of `authentication` above the first lists no context, so nobody reaches it.",
        "List what the source says for it, or remove it.",
    ),
    problem(
        "mapping.link_rules_differ",
        "Two mappings name the people of one source alike, and only one links them to another source, or both do by different rules.",
        "Write the same `link` in both, or in neither.",
    ),
    problem(
        "mapping.link_to_itself",
        "`link` names the mapping's own source.",
        "Name the source that people come from, or remove the link.",
    ),
    problem(
        "mapping.match_open",
        "A scope or a rule of `require` matches more than it names: a pattern is looked for anywhere in the text, or a domain is the end of a longer one too.",
        "Begin a pattern with `^` and end it with `$`; write what stands before a domain, such as `@`.",
    ),
    problem(
        "mapping.name_malformed",
        "A name has characters that it cannot have where it is used.",
        "Follow the message.",
    ),
    problem(
        "mapping.name_suspect",
        "An attribute's name is one or two letters away from one that products send. If it is a slip, the attribute is never there.",
        "Mend the name, if it is a slip.",
    ),
    problem(
        "mapping.never_equal",
        "A text that was brought to one case is compared with one that has letters of the other: they are never equal.",
        "Write the literal in the same case.",
    ),
    problem(
        "mapping.null_passes",
        "A scope or a rule of `require` says what a fact must not be, and lets in whoever has no such fact: a login of which nothing is known, a person without a NameID.",
        "Say what it must be, or ask `… != null` as well.",
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
        "mapping.rule_constant",
        "A rule of `require` refuses everybody, or nobody, whatever the person is.",
        "Ask something of the person, or remove the rule.",
    ),
    problem(
        "mapping.scope_unknown",
        "No API that the mapping applies to offers this scope, or a test expects one that the mapping has not.",
        "Compare it with `apis` in drawbridge.yaml.",
    ),
    problem(
        "mapping.scope_unreachable",
        "The rule of a scope is false, or fails, for everybody.",
        "Mend the rule, or remove the scope.",
    ),
    problem(
        "mapping.scopes_none",
        "A live mapping declares no scope. A token for an API that has scopes carries at least one, so every request for such an API is refused with `policy.scope_exceeds`.",
        "Say under `scopes` who can get what. For an API without scopes none is needed: write `scopes: {}` where a file is checked without the configuration.",
    ),
    problem(
        "mapping.shadow_alone",
        "No live mapping applies to the requests of a shadow, so it never runs.",
        "Give it the `source` and `for` of the mapping that it is to be compared with.",
    ),
    problem(
        "mapping.source_unknown",
        "`source` names no identity provider and no session source of the configuration.",
        "Compare it with the ids under `saml.identity_providers` and `sessions` in drawbridge.yaml.",
    ),
    problem(
        "mapping.step_idle",
        "A list operation stands on an attribute with exactly one value.",
        "Declare the attribute with `many: true`, add `split`, or remove the operation.",
    ),
    problem(
        "mapping.subject_many",
        "The subject comes from an attribute that may have several values.",
        "Choose an attribute with exactly one value.",
    ),
    problem(
        "mapping.subject_rule_changed",
        "The server has issued tokens to people of this source under another `subject` rule: they would get another `sub`, and APIs would take them for strangers.",
        "Write the rule as it was; or, if the change is meant, add `subject_replaces` with the hash that the message names.",
    ),
    problem(
        "mapping.subject_rules_differ",
        "Two mappings of one source make subjects by different rules: one value could be two people, who would share a `sub`.",
        "Write the same `subject` rule in both.",
    ),
    problem(
        "mapping.table_key_shadowed",
        "A row of a table is never found, because the steps before it change every value that could be its key.",
        "Write the key as values look after `split` and `case`.",
    ),
    problem("mapping.table_repeated", "Two tables that a mapping sees have one name.", "Rename one of the two."),
    problem(
        "mapping.table_unknown",
        "A claim names a table that neither the file nor what it includes has.",
        "Mend the name, define the table under `tables`, or include the file that has it.",
    ),
    problem("mapping.table_unused", "Nothing uses a table of the file.", "Use it, or remove it."),
    problem(
        "mapping.test_empty",
        "A test expects nothing, so it cannot fail.",
        "Expect claims, scopes, a subject or a refusal.",
    ),
    problem(
        "mapping.test_failed",
        "A test of the file does not come out as it says.",
        "The notes show what was expected and found; mend the rule or the test.",
    ),
    problem(
        "mapping.test_repeated",
        "Two tests of a file have one name.",
        "Rename one: reports and `sub_same_as` go by the name.",
    ),
    problem(
        "mapping.test_unknown",
        "`sub_same_as` names no test above.",
        "Mend the name, or move the test that it means up.",
    ),
    problem(
        "mapping.test_without_clock",
        "A test has a recorded credential and no `now`: it would fail as soon as the credential expires.",
        "Add `now:` with a moment at which the credential was valid.",
    ),
    problem(
        "mapping.type_mismatch",
        "A claim's `type` cannot be made of what its rule yields, or its `default` is of another type.",
        "Write the type that the rule yields, or another rule.",
    ),
    problem(
        "mapping.value_impossible",
        "An expression compares a claim with a text that no row of its table, and no other value of it, ever is. Most often it is misspelt, and a scope is never granted.",
        "Write one of the values that the claim can have, or add the row that yields it.",
    ),
    problem(
        "mapping.variable_unknown",
        "An expression uses a name that expressions do not know.",
        "Attributes are read as `attr.<name>`, claims as `claims.<name>`.",
    ),
    problem("mapping.version_unknown", "The file is written for another version of the format.", "Write `version: 1`."),
    problem(
        "mapping.vocabulary_unknown",
        "`vocabulary` names one that is neither built in nor included.",
        "Mend the name, or include the file that has it.",
    ),
];
