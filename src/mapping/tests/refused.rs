//! What an administrator is told of a refusal: by the record, which has no values, and by `explain`, which has them.

use super::*;

/// The facts of the last step; a private one stands between « and ».
fn told(mapping: &Mapping, attributes: Vec<Attribute>, detail: Detail) -> String {
    let (client, audience) = (ClientId::new("portal"), Audience::new("https://a.example"));
    let mut trail = Trail::open(TraceId::from_bytes([0; 16]), NOW, detail);
    let request = RequestFacts { client: &client, audience: &audience, now: NOW };
    assert!(mapping.apply(&facts(attributes), &request, &mut trail).is_err());
    lines(trail.steps().last().unwrap())
}

fn lines(step: &crate::decision::Step) -> String {
    let line = |fact: &crate::decision::Fact| match &fact.value {
        Shown::Public(text) => format!("{}: {text}", fact.label),
        Shown::Private(text) => format!("{}: «{text}»", fact.label),
    };
    step.facts.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn recorded(mapping: &Mapping, attributes: Vec<Attribute>) -> String {
    let text = told(mapping, attributes, Detail::Record);
    assert!(!text.replace("detail: «", "").contains('«'), "{text}");
    text
}

/// One fact of the record.
fn fact(label: &str, of: &str) -> String {
    let prefix = format!("{label}: ");
    of.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or("none").to_owned()
}

#[test]
fn an_attribute_that_is_absent_names_the_nearest_where_somebody_looks_for_it() {
    let attributes =
        "attributes: { mail: { name: 'urn:x/mail', optional: true }, dept: { name: d, optional: true } }\n";
    let required = "claims: { m: { from: mail, required: true } }\nrelease: { x: [m] }\n";
    let of = |text: &str, detail, of: &str, attributes| {
        let (client, audience) = (ClientId::new("portal"), Audience::new("https://a.example"));
        let mut trail = Trail::open(TraceId::from_bytes([0; 16]), NOW, detail);
        let request = RequestFacts { client: &client, audience: &audience, now: NOW };
        let _ = mapping(&with(text)).apply(&facts(attributes), &request, &mut trail);
        lines(trail.steps().iter().find(|step| step.subject.as_deref() == Some(of)).unwrap())
    };
    let like = || vec![sent("urn:y/Mail", &["x"]), sent("urn:z/phone", &["x"])];
    let of_mail = |detail, sent| of(attributes, detail, "mail", sent);
    assert_eq!(of_mail(Detail::Explain, vec![]), "found: absent\nexpected: urn:x/mail");
    let other = of_mail(Detail::Explain, vec![sent("d", &["x"])]);
    assert_eq!(other, "found: absent\nexpected: urn:x/mail", "what is declared is another");
    let near = "found: absent\nexpected: urn:x/mail\nnearest: `urn:y/Mail`";
    assert_eq!(of_mail(Detail::Explain, like()), near);
    // It takes longer than all the rest.
    assert_eq!(of_mail(Detail::Record, like()), "found: absent\nexpected: urn:x/mail");
    assert_eq!(of_mail(Detail::Values, like()), "found: absent\nexpected: urn:x/mail");
    let of_claim = |sent| of(&format!("{attributes}{required}"), Detail::Record, "m", sent);
    assert!(of_claim(like()).contains("nearest: `urn:y/Mail`"), "{}", of_claim(like()));
    // A sender cannot make a request look for long.
    let many = (0..200).map(|at| sent(&format!("urn:{}/{at}", "x".repeat(2_000)), &["x"]));
    let found = of_claim(many.chain([sent("urn:y/Mail", &["x"])]).collect());
    assert!(!found.contains("nearest"), "{found}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "most of it is what an administrator reads")]
fn a_claim_without_a_value_says_why_nothing_remains() {
    let of = |rule: &str| {
        mapping(&with(&format!(
            "attributes: {{ g: {{ name: 'urn:x/groups', many: true, optional: true }}, u: {{ name: u, optional: true }} }}\n\
             claims:\n  a: {rule}\nrelease: {{ x: [a] }}\n"
        )))
    };
    let (g, u) = (|values: &[&str]| vec![sent("urn:x/groups", values)], |value: &str| vec![sent("u", &[value])]);
    let table = "{ from: g, table: { HR: x }, required: true }";
    let prefix = "{ from: g, strip_prefix: 'APP-', required: true }";
    let both = "{ from: g, strip_prefix: 'APP-', table: { HR: x }, required: true }";
    for (rule, attributes, found, near) in [
        (table, g(&["a"]), "1 value, which has no row in the table", "none"),
        (table, g(&["a", "b"]), "2 values, none has a row in the table", "none"),
        (table, g(&["hr", "b"]), "2 values, none has a row in the table", "1 differs from a row only in letter case"),
        (table, g(&["HR "]), "1 value, which has no row in the table", "1 differs from a row only by blanks around it"),
        (
            table,
            g(&["\u{a0}hr", "Hr"]),
            "2 values, none has a row in the table",
            "1 differs from a row only in letter case; 1 differs from a row only in letter case and by blanks around it",
        ),
        (prefix, g(&["a", "b"]), "2 values, none begins with the prefix `APP-`", "none"),
        (
            prefix,
            g(&["app-a", " APP-b"]),
            "2 values, none begins with the prefix `APP-`",
            "1 differs from the prefix only in letter case; 1 differs from the prefix only by blanks around it",
        ),
        (both, g(&["a", "APP-b"]), "2 values: 1 without the prefix `APP-`, 1 without a row in the table", "none"),
        (table, g(&[]), "an attribute without a value", "none"),
        (
            "{ from: u, split: ';', required: true }",
            u(" ; "),
            "`split` finds nothing between its separators, in 1 value",
            "none",
        ),
        ("{ from: u, required: true }", u(""), "1 value, which is empty", "none"),
        ("{ cel: 'has(attr.u) ? attr.u : null', required: true }", vec![], "the expression yields nothing", "none"),
        ("{ object: { b: u }, required: true }", vec![], "no member has a value", "none"),
    ] {
        let told = recorded(&of(rule), attributes);
        assert_eq!((fact("found", &told), fact("near", &told)), (found.to_owned(), near.to_owned()), "{rule}");
        assert_eq!(fact("at", &told), "m.yaml:8", "{told}");
        assert!(fact("help", &told) != "none" && !fact("help", &told).contains('\n'), "{told}");
    }
    let rowless = recorded(&of(table), g(&["a"]));
    assert!(fact("help", &rowless).contains("add the row"), "{rowless}");
    assert_snapshot!(recorded(&of(table), vec![sent("urn:y/Group", &["HR"])]), @r#"
    claim: a
    from: g
    found: the attribute did not come
    expected: urn:x/groups
    nearest: `urn:y/Group`
    at: m.yaml:8
    help: mend the name of the attribute in the mapping, have the source send it, or say by `on_missing` what is to happen without it
    "#);
    assert_snapshot!(told(&of(table), g(&["hr "]), Detail::Explain), @r#"
    claim: a
    from: g
    found: 1 value, which has no row in the table
    near: 1 differs from a row only in letter case and by blanks around it
    no_row: «hr »
    nearest_row: «HR»
    at: m.yaml:8
    help: write the row as it comes; or say `case: lower`, and write the rows in lower case
    "#);
}

#[test]
fn a_repeated_attribute_says_how_its_values_came() {
    let one = mapping(&with("attributes: { a: { name: a } }\n"));
    let list = mapping(&with("attributes:\n  a: { name: a, many: true, max: 2 }\n"));
    let unmerged = mapping(&with("attributes: { a: { name: a, many: true, repeated: refuse } }\n"));
    let a = |values: &[&str]| sent("a", values);
    for (mapping, attributes, found, values, help) in [
        (&one, vec![a(&["x", "y"])], "2 values in one attribute", "they differ", "write `many: true` if"),
        (
            &one,
            vec![a(&["x"]), a(&["x"])],
            "2 values in 2 attributes of this name",
            "all the same",
            "write `many: true` and `repeated: merge` if",
        ),
        (&list, vec![a(&["x", "x", "x"])], "3 values, too many, in one attribute", "all the same", "raise `max`"),
        (&unmerged, vec![a(&["x"]), a(&["y"])], "2 attributes of this name", "they differ", "write `repeated: merge`"),
    ] {
        let told = recorded(mapping, attributes);
        assert_eq!((fact("found", &told).as_str(), fact("values", &told).as_str()), (found, values));
        assert!(fact("help", &told).starts_with(help), "{told}");
    }
    assert_snapshot!(told(&one, vec![a(&["x", "y "])], Detail::Explain), @r#"
    attribute: a
    expected: at most 1 value
    found: 2 values in one attribute
    values: they differ
    value: «x»
    value: «y »
    at: m.yaml:6
    help: write `many: true` if a person may have several: its claim is then a list, of which `take: first` or `take: one` makes one value; not so where the subject is made of it, for the order of the values would decide who it is
    "#);
    let long: Vec<String> = (0..200).map(|at| at.to_string()).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    assert_eq!(told(&list, vec![a(&long)], Detail::Explain).matches("value: «").count(), 20);
}

#[test]
#[expect(clippy::too_many_lines, reason = "most of it is what an administrator reads")]
fn an_expression_that_failed_says_which_part_and_what_to_ask_first() {
    let told = |rule: &str, detail| {
        let mapping = mapping(&with(&format!(
            "attributes: {{ g: {{ name: g, many: true }}, u: {{ name: u }}, o: {{ name: o, optional: true }} }}\n\
             claims: {{ a: {{ cel: \"{rule}\" }} }}\nrelease: {{ x: [a] }}\n"
        )));
        told(&mapping, vec![sent("g", &["marker-1"]), sent("u", &["marker-2"])], detail)
    };
    for (rule, part, help) in [
        (
            "attr.g[1] + 'x'",
            "`attr.g[1]`: list of 1, place 1",
            "the first place is 0; ask first: `attr.g.size() > 1 ? attr.g[1] : null`",
        ),
        (
            "attr.g[attr.u.size()]",
            "`attr.g[attr.u.size()]`: list of 1",
            "the first place is 0; ask first: `x.size() > 1 ? x[1] : null`",
        ),
        (
            "attr.u.split('-')[2]",
            "`attr.u.split('-')[2]`: list of 2, place 2",
            "the first place is 0; ask first: `attr.u.split('-').size() > 2 ? attr.u.split('-')[2] : null`",
        ),
        (
            "'x' + emailDomain(attr.u)",
            "`emailDomain(attr.u)`: this is not an e-mail address",
            "ask first, as in `attr.u.matches('^[A-Za-z0-9._-]+@[A-Za-z0-9.-]+$') ? emailDomain(attr.u) : null`",
        ),
        (
            "int(attr.u)",
            "`int(attr.u)`: this is not a whole number",
            "ask first, as in `attr.u.matches('^[0-9]{1,18}$') ? int(attr.u) : null`",
        ),
        ("true ? dn(attr.u).cn : ''", "`dn(attr.u)`: ", "ask first whether it can, for instance by `x.matches('…')`"),
        ("dn('CN=' + attr.u).ou", "`dn('CN=' + attr.u).ou`", "ask first, with `has(…)` or `'key' in …`"),
        ("{'a': 1}[attr.u]", "`{'a': 1}[attr.u]`", "ask first, with `has(…)` or `'key' in …`"),
        (
            "attr.g.map(x, int(x))",
            "`attr.g.map(x, int(x))`: this is not a whole number",
            "ask first whether it can, for instance by `x.matches('…')`",
        ),
    ] {
        let told = told(rule, Detail::Record);
        assert!(fact("failed", &told).starts_with(part), "{rule}: {told}");
        assert_eq!(fact("help", &told), help, "{rule}");
        let public = told.lines().filter(|line| !line.contains('«')).collect::<String>();
        assert!(!public.contains("marker") && !told.contains("Int(") && !told.contains("Error"), "{told}");
    }
    // What is to be written can be written.
    for rule in ["attr.g[1]", "int(attr.u)", "emailDomain(attr.u)"] {
        let help = fact("help", &told(rule, Detail::Record));
        let asking = help.split('`').nth(1).unwrap();
        let text = format!(
            "attributes: {{ g: {{ name: g, many: true }}, u: {{ name: u }} }}\nclaims: {{ a: {{ cel: \"{asking}\" }} }}\n\
             release: {{ x: [a] }}\n"
        );
        let (claims, _) = applied(&mapping(&with(&text)), &facts(vec![sent("g", &["x"]), sent("u", &["x"])]));
        assert!(claims.is_ok_and(|claims| claims.all().is_empty()), "{asking}");
    }
    assert_snapshot!(told("attr.g[1] + 'x'", Detail::Explain), @r#"
    rule: claim `a`
    found: it reads a place behind the end of a list
    failed: `attr.g[1]`: list of 1, place 1
    part: «attr.g = ["marker-1"]»
    part: «attr.g[1] fails: it reads a place behind the end of a list»
    part: «attr.g[1] + 'x' fails»
    at: m.yaml:7
    help: the first place is 0; ask first: `attr.g.size() > 1 ? attr.g[1] : null`
    "#);
    assert_snapshot!(told("attr.g[0] + string(int(attr.u))", Detail::Record), @r#"
    rule: claim `a`
    found: a function cannot use its argument
    failed: `int(attr.u)`: this is not a whole number
    at: m.yaml:7
    help: ask first, as in `attr.u.matches('^[0-9]{1,18}$') ? int(attr.u) : null`
    "#);
}

#[test]
fn an_optional_attribute_that_is_read_says_how_to_ask_first() {
    let mapping = mapping(&with(
        "attributes: { o: { name: o, optional: true } }\nclaims: { a: { cel: 'attr.o + \"x\"' } }\nrelease: { x: [a] }\n",
    ));
    assert_snapshot!(recorded(&mapping, vec![]), @r#"
    rule: claim `a`
    found: it reads something that is absent
    failed: `attr.o`
    at: m.yaml:7
    help: ask first: `has(attr.o) ? … : null`
    "#);
}

#[test]
fn a_rule_that_is_not_met_says_what_it_asks_and_whether_it_is_nearly_met() {
    let told = |rule: &str, value: &str| {
        let text = format!(
            "attributes: {{ u: {{ name: u }}, g: {{ name: g, many: true, optional: true }} }}\nrequire:\n  - id: r\n    \
             cel: |\n      {rule}\n    message: no\n"
        );
        recorded(&mapping(&with(&text)), vec![sent("u", &[value]), sent("g", &["other", value])])
    };
    let (blanks, case) =
        ("it would hold without the blanks around a value", "it would hold if letter case did not count");
    let both = "it would hold if letter case and blanks around a value did not count";
    for (rule, value, near) in [
        ("attr.u == 'Finance'", "marker", "none"),
        ("attr.u == 'Finance'", "finance", case),
        ("attr.u == 'Finance'", "Finance ", blanks),
        ("attr.u == 'Finance'", "\u{a0}FINANCE", both),
        ("attr.u in ['Finance', 'HR']", "hr", case),
        ("'HR' in attr.g", "hr", case),
        ("attr.u.endsWith('@corp.example')", "Marker@CORP.example", case),
        ("attr.u.endsWith('@corp.example')", "marker@corp.example ", blanks),
        // What must not be is not nearly met where another case would let it pass.
        ("!attr.u.endsWith('@Guest')", "marker@Guest", "none"),
        ("attr.u != 'Guest'", "Guest", "none"),
    ] {
        let told = told(rule, value);
        assert_eq!((fact("near", &told).as_str(), fact("expected", &told).as_str()), (near, rule), "{value}");
        assert!(!told.contains("marker") && fact("at", &told) == "m.yaml:8", "{told}");
    }
    assert_eq!(fact("expected", &told("attr.u == 'a'\n      || attr.u == 'b'", "c")), "attr.u == 'a' || attr.u == 'b'");
}

#[test]
fn each_refusal_says_where_its_rule_stands() {
    let text = with(
        "attributes:\n  u: { name: u }\n  o: { name: o, optional: true }\nclaims:\n  a:\n    object:\n      b: u\n      \
         c: { from: o, type: int }\nscopes:\n  s: \"has(attr.o) ? int(attr.o) > 0 : true\"\nrelease:\n  x: [a]\n  \
         'https://a.example': [a]\n",
    );
    let m = mapping(&text);
    assert_eq!(fact("at", &recorded(&m, vec![])), "m.yaml:7");
    assert_eq!(fact("at", &recorded(&m, vec![sent("u", &["x"]), sent("o", &["x"])])), "m.yaml:13", "the member");
    let long = "x".repeat(4_000);
    let of_scope = mapping(&text.replace(", type: int", ""));
    assert_eq!(fact("at", &recorded(&of_scope, vec![sent("u", &["x"]), sent("o", &["x"])])), "m.yaml:15");
    let over = mapping(&text.replace("  u: { name: u }", "  u: { name: u, many: true }"));
    assert_eq!(fact("at", &recorded(&over, vec![sent("u", &[long.as_str(); 3])])), "m.yaml:18");
    let mut nobody = facts(vec![sent("u", &["x"])]);
    nobody.name_id = None;
    let (_, trail) = applied(&m, &nobody);
    assert_eq!(fact("at", &lines(trail.steps().last().unwrap())), "m.yaml:5");
    let link = "kind: mapping\nversion: 1\nid: m\nsource: s\nattributes: { u: { name: u } }\nsubject:\n  from: name_id\n  \
                link:\n    source: t\n    cel: 'attr.u.trim()'\n";
    assert_eq!(fact("at", &recorded(&mapping(link), vec![sent("u", &[" "])])), "m.yaml:10");
}

#[test]
fn a_scope_that_cannot_be_had_says_by_which_rule() {
    let mapping = mapping(&with(
        "attributes: { u: { name: u } }\nclaims: { u: u }\nrelease: { x: [u] }\n\
         scopes:\n  a.read: \"attr.u == 'ana'\"\n  a.write: \"attr.u == 'bob'\"\n",
    ));
    let (claims, trail) = applied(&mapping, &facts(vec![sent("u", &["ana"])]));
    assert!(claims.is_ok());
    let of = |scope: &str| lines(trail.steps().iter().find(|step| step.subject.as_deref() == Some(scope)).unwrap());
    assert!(
        of("a.write").ends_with("rule: does not hold\nexpected: attr.u == 'bob'\nat: m.yaml:11"),
        "{}",
        of("a.write")
    );
    assert!(of("a.read").ends_with("rule: holds"), "{}", of("a.read"));
}
