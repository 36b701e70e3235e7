use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::ground::claim::ClaimValue;
use crate::ground::id::{ClientId, SourceId};
use crate::ground::time::Timestamp;

mod explain;
mod facts;
mod hostile;

/// `attr.upn`, `attr.mail` (optional) and `attr.groups` (many); `claims.roles` above, `claims.later` below.
struct World {
    attributes: BTreeMap<String, Known>,
    claims: BTreeMap<String, Known>,
    all_claims: BTreeSet<String>,
}

impl World {
    fn new() -> Self {
        let text = || Kind::Text { bytes: 4096 };
        let known = |name: &str, kind, optional| (name.to_owned(), Known { kind, optional });
        Self {
            attributes: BTreeMap::from([
                known("upn", text(), false),
                known("mail", text(), true),
                known("groups", Kind::texts(200, 4096), false),
            ]),
            claims: BTreeMap::from([known("roles", Kind::texts(200, 20), false)]),
            all_claims: BTreeSet::from(["roles".to_owned(), "later".to_owned()]),
        }
    }

    fn names(&self) -> Names<'_> {
        Names { attributes: &self.attributes, claims: &self.claims, all_claims: &self.all_claims }
    }

    fn compile(&self, text: &str) -> Result<(Expression, Vec<Fault>), Vec<Fault>> {
        Expression::compile(text, &self.names())
    }
}

fn faults(text: &str) -> Vec<String> {
    let found = World::new().compile(text);
    let found = found.map_or_else(|faults| faults, |(_, warnings)| warnings);
    let shown = |fault: &Fault| {
        let code = fault.code.strip_prefix("mapping.").unwrap();
        let at = text.get(fault.range.clone()).unwrap();
        [format!("{code} [{at}] {}", fault.message)]
            .into_iter()
            .chain(fault.help.clone())
            .collect::<Vec<_>>()
            .join(" | ")
    };
    found.iter().map(shown).collect()
}

fn compiled(text: &str) -> Expression {
    World::new().compile(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}")).0
}

fn value(text: &str) -> Result<Option<ClaimValue>, Failure> {
    of_ana(|scope| scope.evaluate(&compiled(text)))
}

/// What a small identity sees.
fn of_ana<T>(look: impl FnOnce(&Scope<'_>) -> T) -> T {
    of_person("Ana.Ruiz@CORP.example", look)
}

fn of_person<T>(upn: &str, look: impl FnOnce(&Scope<'_>) -> T) -> T {
    let (source, client) = (SourceId::new("corp"), ClientId::new("portal"));
    let mut scope = Scope::new(&evaluate::Beside {
        source: &source,
        client: &client,
        now: Timestamp::from_unix_seconds(1_000),
        name_id: Some("ana"),
        name_id_format: None,
        authn_context: None,
        auth_time: Some(Timestamp::from_unix_seconds(900)),
    });
    scope.add_single("upn", Some(upn));
    scope.add_single("mail", None);
    scope.add_many("groups", Some(["HR", "IT", "Ops"].into_iter()));
    let roles = ClaimValue::List(vec![ClaimValue::Text("clerk".into())]);
    scope.add_claim("roles", Some(&roles));
    look(&scope)
}

pub(super) fn shown(text: &str) -> String {
    match value(text) {
        Ok(Some(value)) => value.to_json().to_string(),
        Ok(None) => "nothing".into(),
        Err(failure) => format!("fails: {}", failure.what),
    }
}

#[test]
fn expressions_yield_what_cel_says() {
    for (text, expected) in [
        ("attr.upn.split('@')[0]", r#""Ana.Ruiz""#),
        ("attr.upn.lowerAscii().endsWith('@corp.example')", "true"),
        ("size(claims.roles) > 0 && 'clerk' in claims.roles", "true"),
        ("attr.groups.filter(g, g.startsWith('I')).map(g, g.lowerAscii())", r#"["it"]"#),
        ("attr.groups.exists_one(g, g == 'HR') && attr.groups.all(g, size(g) < 4)", "true"),
        ("attr.groups.map(g, g != 'IT', g).join('-')", r#""HR-Ops""#),
        ("has(attr.mail) ? attr.mail : attr.upn.upperAscii()", r#""ANA.RUIZ@CORP.EXAMPLE""#),
        ("has(attr.mail) ? attr.mail : null", "nothing"),
        ("has(claims.roles) && !has(attr.mail)", "true"),
        ("{'n': size(attr.groups), 'l': [1, 2] + [3]}", r#"{"l":[1,2,3],"n":3}"#),
        ("name_id + '/' + source + '/' + client", r#""ana/corp/portal""#),
        ("auth_time != null && now - auth_time < 3600", "true"),
        ("acr == null && name_id_format == null", "true"),
        ("int('7') % 4 * -2 + 10 / 3", "-3"),
        ("string(7) + string(true) + ' x '.trim()", r#""7truex""#),
        ("bool('true')", "true"),
        (r"attr.upn.matches('^[A-Za-z.]+@CORP[.]example$') && attr.upn.matches(r'\.Ruiz')", "true"),
        ("attr.groups.filter(g, g.matches('^[A-Z]{2}$') && !g.matches('H'))", r#"["IT"]"#),
        ("['HR', 'I'].map(g, ['I', 'J'].exists(h, h.matches('^I') && g.matches('^H')))", "[true,false]"),
        ("(has(attr.mail) ? attr.mail : 'a').matches('^a$') == 'a'.matches('^a$')", "true"),
        ("acr.matches('a')", "fails: a value is of another type than an operator needs"),
        ("'abcabc'.replace('b', 'é').substring(1, 3)", r#""éc""#),
        ("attr.upn.size() // and a comment", "21"),
        ("attr.groups == ['HR', 'IT', 'Ops'] && ['HR', 'IT', 'Ops'] == attr.groups", "true"),
        ("'a, b,,c'.split(',').map(p, p.trim()).filter(p, p != '')", r#"["a","b","c"]"#),
        ("dn('CN=Ruiz\\\\, Ana,OU=HR,OU=Staff,DC=corp')", r#"{"cn":"Ruiz, Ana","dc":"corp","ou":"HR"}"#),
        ("dn('CN=Ana,O=Corp').cn.lowerAscii() + dn('CN=Ana')['cn']", r#""anaAna""#),
        ("[has(dn('CN=Ana').cn), has(dn('CN=Ana').ou), 'cn' in dn('CN=Ana')]", "[true,false,true]"),
        ("rdns('CN=Ana,OU=HR+ou=Staff,DC=corp', 'Ou')", r#"["HR","Staff"]"#),
        ("rdns('CN=Ana', 'ou')", "[]"),
        ("dn('CN=Ana').ou", "fails: it reads something that is absent"),
        ("dn('Ana')", "fails: a function cannot use its argument"),
        ("emailLocal(attr.upn) + '/' + emailDomain(attr.upn)", r#""Ana.Ruiz/corp.example""#),
        ("emailDomain('eve@corp.example@evil.example')", "fails: a function cannot use its argument"),
        ("emailLocal(acr)", "fails: a value is of another type than an operator needs"),
        ("['b', 'a', 'b', 'B', 'a'].distinct()", r#"["b","a","B"]"#),
        ("['b', 'é', 'a', 'b', 'B'].sort()", r#"["B","a","b","b","é"]"#),
        ("[3, -1, 3, 2].sort() + [3, 1, 3].distinct()", "[-1,2,3,3,3,1]"),
        ("[].sort() + [].distinct()", "[]"),
        ("[acr == null ? 1 : 'a', 'b'].sort()", "fails: a function cannot use its argument"),
        ("attr.mail", "fails: it reads something that is absent"),
        ("attr.groups[7]", "fails: it reads a place behind the end of a list"),
        ("1 / (size(attr.groups) - 3)", "fails: it divides by zero"),
        ("(0 - 9223372036854775807 - 1) % (2 - size(attr.groups))", "fails: a number grows beyond 64 bits"),
        ("(0 - 9223372036854775807 - 1) / (2 - size(attr.groups))", "fails: a number grows beyond 64 bits"),
        ("-(0 - 9223372036854775807 - 1)", "fails: a number grows beyond 64 bits"),
        ("int('x')", "fails: a function cannot use its argument"),
        ("acr.lowerAscii()", "fails: a value is of another type than an operator needs"),
        ("[1, null]", "fails: the expression yields something that no claim can be"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of mistakes and of what is said of them")]
fn every_fault_has_its_place_and_help() {
    let mut lines = Vec::new();
    for text in [
        "attr.unp",
        "attr.phone",
        "has(attr.upm)",
        "claims.later",
        "claims.rolls",
        "upn == 'x'",
        "cliemt",
        "attr",
        "attr.upn.startWith('a')",
        "matches(attr.upn, 'a+')",
        "attr.upn.matches(attr.upn)",
        "attr.upn.matches('a' + 'b')",
        "attr.upn.matches()",
        "attr.groups.matches('a')",
        "attr.upn.matches(1)",
        "attr.upn.matches('x(?!y)')",
        "attr.upn.matches(r'^(a)\\1$')",
        "attr.upn.matches('^(\\\\d+$')",
        "attr.upn.matches('^\\d+$')",
        "attr.upn.matches('(?i)a')",
        "attr.upn.matches('(a|b)*a(a|b){20}') || attr.upn.matches('[a')",
        "attr.upn.matches('a?')",
        "[@0]",
        "attr.upn.frobnicate()",
        "attr.mail",
        "attr.upn.lowerAscii",
        "attr.upn.split()",
        "lowerAscii(attr.upn)",
        "attr.groups.lowerAscii()",
        "attr.groups == 'HR'",
        "'HR' in attr.upn",
        "1 in attr.groups",
        "attr.upn && true",
        "!attr.upn",
        "attr.upn + 1",
        "attr.groups['a']",
        "attr.upn[0]",
        "attr.upn < 3",
        "attr.upn.map(x, x)",
        "{'a': 1}.map(x, x)",
        "attr.groups.map(attr, attr)",
        "1.5 + 1u",
        "b'x'",
        "Foo{a: 1}",
        "a.?b",
        "'x",
        "attr.upn ==",
        "(1",
        "1 2",
        "é",
        "",
        "if",
        "attr.groups.exists(g, attr.groups.exists(h, g == h))",
        "attr.groups.map(g, g.replace('', g))",
        ".attr.upn",
        "int",
        "dn(attr.upn).CN",
        "dn(attr.upn)['CN']",
        "dn(attr.upn).cn + 1",
        "dn(attr.groups)",
        "attr.upn.dn()",
        "rdns(attr.upn)",
        "emaildomain(attr.upn)",
        "[true].sort()",
        "[['a']].distinct()",
        "attr.upn.sort()",
        "sort(attr.groups)",
        "attr.groups.join()",
        "attr.groups.map(g, g.trim()).join('')",
        "attr.groups.join(' ', 'x')",
        "attr.groups.join(1)",
    ] {
        lines.extend([text.to_owned()].into_iter().chain(faults(text).into_iter().map(|fault| format!("    {fault}"))));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    attr.unp
        attribute_unknown [attr.unp] `attr.unp` is not among the declared attributes | did you mean `attr.upn`?
    attr.phone
        attribute_unknown [attr.phone] `attr.phone` is not among the declared attributes | declare it: `attributes: { phone: { name: … } }`
    has(attr.upm)
        attribute_unknown [attr.upm] `attr.upm` is not among the declared attributes | did you mean `attr.upn`?
    claims.later
        claim_below [claims.later] `claims.later` is not made yet: an expression sees the claims above it | move `later` up
    claims.rolls
        claim_unknown [claims.rolls] `claims.rolls` is not among the claims | did you mean `claims.roles`?
    upn == 'x'
        variable_unknown [upn] `upn` is not a name that expressions know | did you mean `attr.upn`?
    cliemt
        variable_unknown [cliemt] `cliemt` is not a name that expressions know | did you mean `client`?
    attr
        expression_type [attr] `attr` is read one name at a time | write `attr.…`
    attr.upn.startWith('a')
        function_unknown [startWith] there is no function `startWith` | did you mean `startsWith`?
    matches(attr.upn, 'a+')
        expression_type [matches] `matches` is not called like this | write `x.matches('^[a-z]+$')`
    attr.upn.matches(attr.upn)
        regex_not_literal [attr.upn] the regular expression of `matches` must be a literal text | write it out: it is compiled once, when the file is loaded, and never while a request waits
    attr.upn.matches('a' + 'b')
        regex_not_literal [+] the regular expression of `matches` must be a literal text | write it out: it is compiled once, when the file is loaded, and never while a request waits
    attr.upn.matches()
        expression_type [matches] `matches` is not called like this | write `x.matches('^[a-z]+$')`
    attr.groups.matches('a')
        expression_type [attr.groups] `matches` needs text here, not a list | for instance `x.matches('^[a-z]+$')`
    attr.upn.matches(1)
        expression_type [1] `matches` needs text here, not a whole number | for instance `x.matches('^[a-z]+$')`
    attr.upn.matches('x(?!y)')
        regex_not_linear [(?!] look-around (`(?=…)`, `(?!…)`, `(?<=…)`, `(?<!…)`) is not available in regular expressions | they are searched in one pass; write two: `x.matches('…') && !x.matches('…')`
    attr.upn.matches(r'^(a)\1$')
        regex_not_linear [\1] back-references (`\1`) are not available in regular expressions | they are searched in one pass; compare the parts with `==` after `split`
    attr.upn.matches('^(\\d+$')
        regex_malformed ['^(\\d+$'] the regular expression cannot be read: unclosed group | mend it; a character with a meaning of its own is escaped in raw text: `x.matches(r'\.')`
    attr.upn.matches('^\d+$')
        expression_syntax ['^\d+$'] the text has a backslash before something that is not escaped | text with backslashes of its own, such as a regular expression, is written `r'…'`
    attr.upn.matches('(?i)a')
        regex_malformed [i] the flag `i` is not available in regular expressions | fold the text instead: `x.lowerAscii().matches('…')`
    attr.upn.matches('(a|b)*a(a|b){20}') || attr.upn.matches('[a')
        regex_too_large [(a|b)*a(a|b){20}] the table of the regular expression would be larger than 128 KiB | lower the numbers in `{…}` and ask for the length with `size(x)`, or match in two steps
        regex_malformed [[] the regular expression cannot be read: unclosed character class | mend it; a character with a meaning of its own is escaped in raw text: `x.matches(r'\.')`
    attr.upn.matches('a?')
        regex_malformed [a?] the regular expression is found in every text | hold it at both ends, `^…$`: a pattern is looked for anywhere in the text, and this one may be empty
    [@0]
        expression_syntax [@] unexpected character
    attr.upn.frobnicate()
        function_unknown [frobnicate] there is no function `frobnicate` | there are startsWith, endsWith, contains, matches, lowerAscii, upperAscii, trim, split, join, replace, substring, size, distinct, sort, dn, rdns, emailLocal, emailDomain, int, string, bool, has, all, exists, exists_one, map, filter
    attr.mail
        optional_unguarded [attr.mail] `attr.mail` is optional, and the expression fails where it is absent | ask first: `has(attr.mail) && …` or `has(attr.mail) ? … : …`
    attr.upn.lowerAscii
        expression_type [lowerAscii] `.lowerAscii` needs an object, and this is text | a function is called: `.lowerAscii(…)`
    attr.upn.split()
        expression_type [split] `split` is not called like this | write `x.split('@')`
    lowerAscii(attr.upn)
        expression_type [lowerAscii] `lowerAscii` is not called like this | write `x.lowerAscii()`
    attr.groups.lowerAscii()
        expression_type [attr.groups] `lowerAscii` needs text here, not a list | for instance `x.lowerAscii()`
    attr.groups == 'HR'
        expression_type [==] a list is never equal to text | whether a list holds a value is asked with `in`: `'x' in attr.groups`
    'HR' in attr.upn
        expression_type [in] `in` needs a list, and this is text | a part of text: `x.contains('…')`
    1 in attr.groups
        expression_type [in] a list of texts never holds a whole number
    attr.upn && true
        expression_type [attr.upn] an operand of `&&` and `||` must be true or false, not text
    !attr.upn
        expression_type [attr.upn] the operand of `!` must be true or false, not text
    attr.upn + 1
        expression_type [+] `+` adds numbers, texts or lists, not text and a whole number | a number becomes text with `string(…)`
    attr.groups['a']
        expression_type ['a'] the place in a list must be a whole number, not text
    attr.upn[0]
        expression_type [[] `[…]` needs a list or an object, and this is text
    attr.upn < 3
        expression_type [<] the operator compares two numbers or two texts, not text and a whole number
    attr.upn.map(x, x)
        expression_type [map] a loop needs a list, and this is text
    {'a': 1}.map(x, x)
        expression_type [map] a loop needs a list, and this is an object
    attr.groups.map(attr, attr)
        expression_type [map] `attr` has a meaning already and cannot name an element | choose another name
    1.5 + 1u
        expression_unsupported [1.5] numbers with a fraction are not available in expressions
        expression_unsupported [1u] unsigned numbers are not available in expressions
    b'x'
        expression_unsupported [b'x'] bytes are not available in expressions
    Foo{a: 1}
        expression_unsupported [Foo] message types are not available
    a.?b
        expression_syntax [.] unsupported syntax '.?'
    'x
        expression_syntax ['x] unterminated string literal
    attr.upn ==
        expression_syntax [] the expression ends too early
    (1
        expression_syntax [] expected ')'
    1 2
        expression_syntax [2] mismatched input '2' expecting the end
    é
        expression_syntax [é] unexpected character

        expression_syntax [] the expression ends too early
    if
        expression_syntax [if] reserved identifier: if
    attr.groups.exists(g, attr.groups.exists(h, g == h))
        expression_too_costly [] the expression may take 442004 steps; 50000 are allowed | a loop counts as often as its list is long: lower `max` of the attribute (200 unless told)
    attr.groups.map(g, g.replace('', g))
        expression_too_costly [map] a value on the way may grow beyond 4 MiB | lower `max` of the attribute, or cut what is joined with `substring(0, …)`
    .attr.upn
        variable_unknown [.] `.attr` is not a name that expressions know | did you mean `attr`?
    int
        variable_unknown [int] `int` is not a name that expressions know | they know source, client, now, name_id, name_id_format, acr, authn_context, auth_time, `attr.…` and `claims.…`
    dn(attr.upn).CN
        expression_type [CN] `dn` never has a field `CN`: its types are in lower case | write `cn`
    dn(attr.upn)['CN']
        expression_type ['CN'] `dn` never has a field `CN`: its types are in lower case | write `cn`
    dn(attr.upn).cn + 1
        expression_type [+] `+` adds numbers, texts or lists, not text and a whole number | a number becomes text with `string(…)`
    dn(attr.groups)
        expression_type [attr.groups] `dn` needs text here, not a list | for instance `dn(x).cn`
    attr.upn.dn()
        expression_type [dn] `dn` is not called like this | write `dn(x).cn`
    rdns(attr.upn)
        expression_type [rdns] `rdns` is not called like this | write `rdns(x, 'ou')`
    emaildomain(attr.upn)
        function_unknown [emaildomain] there is no function `emaildomain` | did you mean `emailDomain`?
    [true].sort()
        expression_type [[] `sort` needs a list of texts or of whole numbers here, not a list of truth values | for instance `x.sort()`
    [['a']].distinct()
        expression_type [[] `distinct` needs a list of texts or of whole numbers here, not a list of lists | for instance `x.distinct()`
    attr.upn.sort()
        expression_type [attr.upn] `sort` needs a list of texts or of whole numbers here, not text | for instance `x.sort()`
    sort(attr.groups)
        expression_type [sort] `sort` is not called like this | write `x.sort()`
    attr.groups.join()
        join_without_separator [join] `join` needs something between the elements: without it `ab` and `c` are the same as `a` and `bc` | write `join(' ')`
    attr.groups.map(g, g.trim()).join('')
        join_without_separator [join] `join` needs something between the elements: without it `ab` and `c` are the same as `a` and `bc` | write `join(' ')`
    attr.groups.join(' ', 'x')
        expression_type [join] `join` is not called like this | write `x.join(' ')`
    attr.groups.join(1)
        expression_type [1] `join` needs text here, not a whole number | for instance `x.join(' ')`
    "#);
}

/// A sum of 1,500 terms overflowed the stack of an evaluating thread.
#[test]
fn what_nests_too_deeply_is_refused_before_it_is_a_tree() {
    let long = 4090;
    let nested = |open: &str, close: &str, levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
    for text in [
        vec!["1"; 1_500].join("+"),
        vec!["1"; 40].join("-"),
        vec!["1"; 40].join(" == "),
        nested("(", ")", 1_500),
        nested("[", "]", 1_500),
        nested("{'a':", "}", 500),
        nested("size([", "])", 400),
        "(".repeat(long),
        "[".repeat(long),
        ")".repeat(long),
        "!-".repeat(2_000) + "1",
        "-".repeat(long) + "1",
        "!(".repeat(1_300) + "true" + &")".repeat(1_300),
        "true?1:".repeat(500) + "1",
        "true?".repeat(800) + "1" + &":1".repeat(8),
        format!("attr{}", ".a".repeat(2_000)),
        format!("'a'{}", ".trim()".repeat(500)),
        format!("attr.groups{}", "[0]".repeat(1_000)),
        format!("attr.groups{}", ".map(x,x)".repeat(400)),
        "attr.groups.map(x,".repeat(100) + "1" + &")".repeat(100),
        "a{".repeat(1_000),
        "a.b{c:".repeat(600),
    ] {
        let found = on_a_stack_of(1 << 20, move || {
            let world = World::new();
            world.compile(&text).map(|_| ()).map_err(|faults| (text, faults[0].code))
        });
        let (text, code) = found.expect_err("refused");
        assert!(
            ["mapping.expression_too_large", "mapping.expression_syntax"].contains(&code),
            "{code} {}",
            &text[..text.len().min(40)]
        );
    }
}

#[test]
fn what_is_as_large_as_allowed_is_evaluated() {
    let sums = vec!["1"; 31].join("+");
    let ors = vec!["attr.upn.lowerAscii().startsWith('a')"; 60].join(" || ");
    let lists = format!("{}1{}", "[".repeat(31), "]".repeat(31));
    for text in [sums, ors, lists] {
        on_a_stack_of(2 << 20, move || value(&text).map(|_| ()).expect("evaluates"));
    }
}

fn on_a_stack_of<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(bytes).spawn(work).unwrap().join().unwrap()
}

/// Text that is more likely to come near something than noise is.
#[expect(clippy::too_many_lines, reason = "a list of words, one a line")]
fn expressions() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "attr",
        ".",
        "upn",
        "mail",
        "groups",
        "claims",
        "roles",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "?",
        "!",
        "-",
        "+",
        "*",
        "/",
        "%",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        " in ",
        "'a'",
        "\"é\"",
        "r'\\'",
        "''' '''",
        "b'x'",
        "1",
        "0x7f",
        "9223372036854775807",
        "9223372036854775808",
        "1.5",
        "2u",
        "true",
        "null",
        "size(",
        "has(",
        ".map(x,",
        ".exists(g,",
        ".filter(x,",
        ".all(x,",
        ".split(",
        ".replace(",
        ".join(",
        ".substring(",
        ".lowerAscii()",
        "string(",
        "int(",
        "bool(",
        "x",
        "g",
        "now",
        "acr",
        "name_id",
        "@result",
        "`a`",
        " ",
        "//",
        "\n",
        "\\",
        "é",
        "\u{0}",
        "if",
        "Foo{",
        ".?a",
        "[?0]",
        "-9223372036854775808",
        "'\\u00e9'",
        "'\\xff'",
    ]);
    prop_oneof![
        3 => prop::collection::vec(word, 0..40).prop_map(|words| words.concat()),
        1 => any::<String>(),
        1 => "[ -~]{0,60}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics_or_exhausts_the_stack(text in expressions()) {
        let compiled = on_a_stack_of(1 << 20, {
            let text = text.clone();
            move || {
                let found = World::new().compile(&text);
                let faults = found.as_ref().err().cloned().unwrap_or_default();
                for fault in faults {
                    assert!(text.get(fault.range.clone()).is_some(), "{fault:?}");
                }
                found.is_ok()
            }
        });
        if compiled {
            on_a_stack_of(2 << 20, move || value(&text).map(|_| ()).unwrap_or_default());
        }
    }
}
