//! What may stand in an expression, as a page for people: names, operators, functions, bounds.
//!
//! The examples are evaluated by the tests, so the page shows what really comes out.

use std::fmt::Write as _;

use super::function::FUNCTIONS;
use super::limits::{
    MAX_COST, MAX_DEPTH, MAX_MAPPING_COST, MAX_NODES, MAX_PATTERN_BYTES, MAX_PATTERN_DEPTH, MAX_PIECES,
    MAX_RESULT_BYTES, MAX_TEXT_BYTES, MAX_TEXT_READ, MAX_VALUE_BYTES,
};

/// How it is written, what it is, an example, and what that yields.
type Row = (&'static str, &'static str, &'static str, &'static str);

const NAMES: [Row; 10] = [
    (
        "attr.<short name>",
        "A declared attribute: a text, or a list of texts where it is `many`. An optional one may be absent.",
        "attr.upn",
        r#""Ana.Ruiz@CORP.example""#,
    ),
    ("claims.<name>", "A claim that is made above.", "claims.roles", r#"["clerk"]"#),
    ("source", "The id of the source.", "source", r#""corp""#),
    ("client", "The id of the client.", "client", r#""portal""#),
    ("now", "The moment of the request, in seconds since 1970.", "now", "1000"),
    ("name_id", "The `NameID`, or the subject of a session; null where there is none.", "name_id", r#""ana""#),
    ("name_id_format", "Its format, or null.", "name_id_format == null", "true"),
    (
        "acr",
        "The `acr` of the token: the level of `authentication`, or else the `AuthnContextClassRef`; null where there is none.",
        "acr == null",
        "true",
    ),
    ("authn_context", "The `AuthnContextClassRef` as the source says it, or null.", "authn_context == null", "true"),
    (
        "auth_time",
        "When the person logged in, in seconds since 1970, or null.",
        "auth_time != null && now - auth_time < 3600",
        "true",
    ),
];

const OPERATORS: [Row; 12] = [
    ("a ? b : c", "`b` where `a` is true, else `c`.", "'x' == 'y' ? 1 : 2", "2"),
    (
        "a || b",
        "One of the two is true. What fails on one side does not count where the other decides.",
        "attr.mail == '' || true",
        "true",
    ),
    ("a && b", "Both are true.", "has(attr.mail) && attr.mail != ''", "false"),
    ("!a", "It is not true.", "!has(attr.mail)", "true"),
    (
        "a == b, a != b",
        "Equal values of one type; anything may be compared with null.",
        "attr.groups == ['HR', 'IT', 'Ops']",
        "true",
    ),
    ("a < b, <=, >, >=", "Numbers by size, texts by their characters.", "'B' < 'a'", "true"),
    ("a in b", "An element of a list, or a field of an object.", "'HR' in attr.groups", "true"),
    ("a + b", "Adds numbers, and joins texts or lists.", "[1] + [2 + 3]", "[1,5]"),
    ("-a, a - b, a * b, a / b, a % b", "Whole numbers of 64 bits.", "-7 / 2 + 7 % 4 * 2", "3"),
    ("a[b]", "The element at a place, from 0, or the field of a name.", "attr.groups[1]", r#""IT""#),
    ("a.b", "The field of an object.", "{'x': 7}.x", "7"),
    (
        "[a, b], {'a': b}, 'a', r'a', 1, true, null",
        "Lists, objects, texts, whole numbers, truth, nothing. In `r'…'` a backslash is a character. A claim that is \
         null is left out.",
        r"{'a': [1, true], 'b': r'\d'}",
        r#"{"a":[1,true],"b":"\\d"}"#,
    ),
];

const MACROS_EXPLAINED: [Row; 6] = [
    (
        "has(attr.mail)",
        "Whether an optional attribute, a claim or a field is there.",
        "has(attr.mail) ? attr.mail : 'none'",
        r#""none""#,
    ),
    ("x.all(e, …)", "Whether it holds for every element.", "attr.groups.all(g, size(g) < 4)", "true"),
    ("x.exists(e, …)", "Whether it holds for an element.", "attr.groups.exists(g, g.startsWith('H'))", "true"),
    ("x.exists_one(e, …)", "Whether it holds for exactly one.", "attr.groups.exists_one(g, g == 'HR')", "true"),
    (
        "x.map(e, …)",
        "What becomes of each element; with three arguments, of those for which the second holds.",
        "attr.groups.map(g, g != 'IT', g.lowerAscii())",
        r#"["hr","ops"]"#,
    ),
    ("x.filter(e, …)", "The elements for which it holds.", "attr.groups.filter(g, g != 'IT')", r#"["HR","Ops"]"#),
];

/// By the name of a function: what it is, an example, and what that yields.
const FUNCTIONS_EXPLAINED: [Row; 21] = [
    ("startsWith", "Whether a text begins with the other.", "'HR-Admins'.startsWith('HR-')", "true"),
    ("endsWith", "Whether a text ends with the other.", "attr.upn.endsWith('.example')", "true"),
    ("contains", "Whether the other stands anywhere in a text.", "'HR-Admins'.contains('Admin')", "true"),
    (
        "matches",
        "Whether a regular expression (RE2) is found anywhere in a text. It is a literal, compiled when the file is \
         loaded, and searched in one pass.",
        r"'ana@corp.example'.matches(r'^[a-z]+@corp\.example$')",
        "true",
    ),
    ("lowerAscii", "ASCII letters in lower case; all else stays as it is.", "'Ana É'.lowerAscii()", r#""ana É""#),
    ("upperAscii", "ASCII letters in upper case.", "'Ana é'.upperAscii()", r#""ANA é""#),
    ("trim", "Without white space at both ends.", "' a b '.trim()", r#""a b""#),
    (
        "split",
        "The pieces between separators. A third argument is the most pieces; the last of them is the rest.",
        "'a,b,c'.split(',', 2)",
        r#"["a","b,c"]"#,
    ),
    (
        "join",
        "The texts of a list, with a separator between them. It is needed: without it `ab`, `c` and `a`, `bc` would be \
         one.",
        "['a', 'b'].join(' ')",
        r#""a b""#,
    ),
    (
        "replace",
        "Each place of the second text becomes the third; a fourth argument is the most places.",
        "'a-b-c'.replace('-', '.', 1)",
        r#""a.b-c""#,
    ),
    (
        "substring",
        "The characters from one place on, counted from 0, and up to another, without it.",
        "'abcdef'.substring(1, 3)",
        r#""bc""#,
    ),
    ("size", "Characters of a text, elements of a list, fields of an object.", "size('é') + [7, 8].size()", "3"),
    (
        "distinct",
        "Each element once, where it stands first. The elements are all texts or all whole numbers.",
        "['b', 'a', 'b'].distinct()",
        r#"["b","a"]"#,
    ),
    (
        "sort",
        "The elements in ascending order: texts by their characters, capital letters first.",
        "['b', 'a', 'B'].sort()",
        r#"["B","a","b"]"#,
    ),
    (
        "dn",
        "A distinguished name (RFC 4514) as an object: the first value of each type, the types in lower case. It fails \
         on anything else.",
        "dn('CN=Ana,OU=HR,OU=Staff')",
        r#"{"cn":"Ana","ou":"HR"}"#,
    ),
    (
        "rdns",
        "All values of one type of a distinguished name, in the order of the text.",
        "rdns('CN=Ana,OU=HR,OU=Staff', 'ou')",
        r#"["HR","Staff"]"#,
    ),
    (
        "emailLocal",
        "What stands before the `@`. It fails on anything else than one `local@domain`.",
        "emailLocal('Ana@Corp.example')",
        r#""Ana""#,
    ),
    (
        "emailDomain",
        "What stands behind the `@`, in lower case. It fails on anything else than one `local@domain`.",
        "emailDomain('Ana@Corp.example')",
        r#""corp.example""#,
    ),
    ("int", "A text as a whole number; it fails where it is none.", "int('42') + 1", "43"),
    ("string", "A number or a truth value as text.", "string(7) + string(true)", r#""7true""#),
    (
        "bool",
        "The texts `true`, `t` and `1`, or `false`, `f` and `0`, as a truth value; it fails on others.",
        "bool('true')",
        "true",
    ),
];

/// The section of the reference.
pub(in crate::mapping) fn expressions() -> String {
    let mut page = String::from(
        "\n## Expressions\n\n[CEL](https://cel.dev), with what a mapping needs of it. Names, types and costs are settled \
         when the file is loaded. An expression that fails on an identity refuses the request with \
         `mapping.expression_failed`.\n",
    );
    table(&mut page, "Names", NAMES.iter().copied());
    page.push_str(
        "\nThe examples here and below have `attr.upn`, `attr.groups` (many) and `attr.mail` (optional, absent). They are \
         written as they stand within the double quotes of `cel: \"…\"`, where YAML takes two backslashes for one.\n",
    );
    table(&mut page, "Operators", OPERATORS.iter().copied());
    let functions = FUNCTIONS.iter().filter_map(|function| {
        let (_, about, example, result) = FUNCTIONS_EXPLAINED.iter().find(|row| row.0 == function.name)?;
        Some((function.example, *about, *example, *result))
    });
    table(&mut page, "Functions", MACROS_EXPLAINED.iter().copied().chain(functions));
    page.push_str(
        "\nA regular expression is written `r'…'`, in which CEL leaves backslashes alone, and within double quotes of YAML \
         each backslash twice: `cel: \"attr.upn.matches(r'@corp\\\\.example$')\"`. A text of one backslash is `'\\\\\\\\'` there.\n\n\
         There are no fractions, no unsigned numbers, no bytes and no dates; times are whole seconds. Regular \
         expressions have no `(?i)` (write `x.lowerAscii().matches('…')`), no `\\p{…}`, no look-around and no \
         back-references.\n",
    );
    limits(&mut page);
    page
}

fn table(page: &mut String, title: &str, rows: impl Iterator<Item = Row>) {
    // Writing into a string does not fail.
    let _ = write!(page, "\n### {title}\n\n| | | for example |\n|---|---|---|\n");
    for (written, about, example, result) in rows {
        let example = in_double_quotes(example);
        let cells = [written, about, example.as_str(), result];
        let [written, about, example, result] = cells.map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(page, "| `{written}` | {about} | `{example}` is `{result}` |");
    }
}

/// As it stands within the double quotes of YAML.
fn in_double_quotes(expression: &str) -> String {
    expression.replace('\\', "\\\\").replace('"', "\\\"")
}

fn limits(page: &mut String) {
    let _ = write!(
        page,
        "\n### Bounds of expressions\n\nSizes and steps are those that could be at the declared maxima of the attributes; a \
         loop counts as often as its list may be long.\n\n\
         | | at most | where it is found |\n|---|---|---|\n\
         | text of an expression | {MAX_TEXT_BYTES} bytes | at load |\n\
         | levels of its tree, macros written out | {MAX_DEPTH} | at load |\n\
         | parts of its tree, macros written out | {MAX_NODES} | at load |\n\
         | steps of an expression | {MAX_COST} | at load |\n\
         | steps of all expressions of a mapping | {MAX_MAPPING_COST} | at load |\n\
         | text in a value on the way | {} KiB | at load |\n\
         | table of a regular expression | {} KiB | at load |\n\
         | levels of a regular expression | {MAX_PATTERN_DEPTH} | at load |\n\
         | text that is read | {MAX_TEXT_READ} bytes | at a request |\n\
         | pieces of `split` | {MAX_PIECES} | at a request |\n\
         | text in a result, and of `replace` and `join` | {} KiB | at a request |\n\n\
         A step is a part of the tree that is looked at, 4 KiB of text or eight elements that are handled, or 512 bytes that \
         are searched for a pattern.\n",
        MAX_VALUE_BYTES >> 10,
        MAX_PATTERN_BYTES >> 10,
        MAX_RESULT_BYTES >> 10,
    );
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::function::MACROS;
    use super::super::names::{FACTS, TABLES};
    use super::super::tests::shown;
    use super::*;
    use crate::diagnostic::{Findings, Source, Value};
    use crate::mapping::yaml;

    #[test]
    fn every_example_yields_what_the_page_says() {
        let rows = [&NAMES[..], &OPERATORS, &MACROS_EXPLAINED, &FUNCTIONS_EXPLAINED].concat();
        for (written, _, example, result) in rows {
            assert_eq!(shown(example), result, "{written}: {example}");
        }
    }

    #[test]
    fn every_example_can_be_pasted_between_the_double_quotes_of_a_file() {
        let rows = [&NAMES[..], &OPERATORS, &MACROS_EXPLAINED, &FUNCTIONS_EXPLAINED].concat();
        let page = expressions();
        for (_, _, example, _) in rows {
            let shown = in_double_quotes(example);
            assert!(page.contains(&format!("| `{}` is `", shown.replace('|', "\\|"))), "{shown}");
            let source = Source::new("f", format!("cel: \"{shown}\"\n"));
            let tree = yaml::parse(&mut Findings::of(&source)).unwrap();
            let Value::Table(entries) = tree.value else { panic!("{shown}") };
            assert_eq!(entries[0].value.value, Value::Text(example.to_owned()), "{shown}");
        }
        let (_, after) = page.split_once("A regular expression is written").unwrap();
        let pasted = after.split("`cel: ").nth(1).and_then(|rest| rest.split('`').next()).unwrap();
        let source = Source::new("f", format!("cel: {pasted}\n"));
        assert_eq!(shown(r"attr.upn.matches(r'@corp\.example$')"), "false", "its case differs");
        let tree = yaml::parse(&mut Findings::of(&source));
        assert!(format!("{tree:?}").contains(r"(r'@corp\\.example$')"), "{tree:?}");
    }

    #[test]
    fn every_name_and_function_is_explained() {
        let explained: BTreeSet<_> = FUNCTIONS_EXPLAINED.iter().map(|row| row.0).collect();
        assert_eq!(explained, FUNCTIONS.iter().map(|function| function.name).collect());
        let page = expressions();
        let macros = MACROS.map(|name| if name == "has" { "| `has(".to_owned() } else { format!("| `x.{name}(e") });
        let names = FACTS.into_iter().map(|name| format!("| `{name}` |"));
        let tables = TABLES.into_iter().map(|name| format!("| `{name}.<"));
        for written in names.chain(tables).chain(macros) {
            assert!(page.contains(&written), "{written}: {page}");
        }
        for (name, _, example, _) in FUNCTIONS_EXPLAINED {
            assert!(example.contains(&format!("{name}(")), "{name}: {example}");
        }
    }
}
