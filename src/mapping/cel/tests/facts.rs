//! What expressions tell of themselves: how they use what they read, and whether they yield the same for everybody.

use super::*;

fn name(name: &Name) -> String {
    match name {
        Name::Attribute(name) => format!("attr.{name}"),
        Name::Claim(name) => format!("claims.{name}"),
        Name::Fact(name) => (*name).to_owned(),
    }
}

fn usage(text: &str) -> String {
    let Usage { merged, exact, literals, .. } = compiled(text).usage().clone();
    let at = |range: &std::ops::Range<usize>| text.get(range.clone()).unwrap();
    let folded = merged.iter().filter(|((_, spelling), _)| *spelling == Spelling::Case);
    let folded = folded.map(|((found, _), range)| format!("folds {} [{}]", name(found), at(range)));
    let exact = exact.iter().map(|(found, range)| format!("exact {} [{}]", name(found), at(range)));
    let literals = literals.iter().map(|compared| {
        let fold = compared.fold.map_or(String::new(), |fold| format!(" in {fold:?}"));
        format!("{}{fold} is {} [{}]", name(&compared.name), compared.literal, at(&compared.range))
    });
    folded.chain(exact).chain(literals).collect::<Vec<_>>().join("; ")
}

#[test]
fn what_is_compared_is_told() {
    for (text, expected) in [
        ("attr.upn.lowerAscii()", "folds attr.upn [attr.upn.lowerAscii()]"),
        ("attr.upn.split('@')[0].upperAscii()", "folds attr.upn [attr.upn.split('@')[0].upperAscii()]"),
        ("attr.upn == 'x'", "exact attr.upn [attr.upn == 'x']; attr.upn is x ['x']"),
        ("'x' != attr.upn", "exact attr.upn ['x' != attr.upn]; attr.upn is x ['x']"),
        ("!attr.upn.endsWith('@guest.example')", "exact attr.upn [attr.upn.endsWith('@guest.example')]"),
        ("(attr.upn).contains(('a')) && true", "exact attr.upn [(attr.upn).contains(('a'))]"),
        ("attr.upn.startsWith('1')", ""),
        ("attr.upn.contains('@')", ""),
        ("attr.upn == '7'", "attr.upn is 7 ['7']"),
        ("attr.upn.matches('^a')", "exact attr.upn [attr.upn.matches('^a')]"),
        (r"attr.upn.matches(r'^\d+\\$')", ""),
        ("attr.upn.split('@')[1] == 'x'", "exact attr.upn [attr.upn.split('@')[1] == 'x']"),
        ("attr.upn.trim().substring(1) in ['x', '2']", "exact attr.upn [attr.upn.trim().substring(1) in ['x', '2']]"),
        ("attr.upn.lowerAscii() == 'x'", "folds attr.upn [attr.upn.lowerAscii()]; attr.upn in Lower is x ['x']"),
        ("emailDomain(attr.upn) == 'corp.example'", "folds attr.upn [emailDomain(attr.upn)]"),
        ("emailLocal(attr.upn) == 'ana'", "exact attr.upn [emailLocal(attr.upn) == 'ana']"),
        ("dn(attr.upn).cn == 'Ana'", "exact attr.upn [dn(attr.upn).cn == 'Ana']"),
        ("dn(attr.upn)['cn'] == 'Ana'", "exact attr.upn [dn(attr.upn)['cn'] == 'Ana']"),
        ("'ou' in dn(attr.upn)", ""),
        ("'HR' in rdns(attr.upn, 'ou')", "exact attr.upn ['HR' in rdns(attr.upn, 'ou')]"),
        ("'x' in claims.roles", "exact claims.roles ['x' in claims.roles]; claims.roles is x ['x']"),
        ("claims.roles[0] == 'x'", "exact claims.roles [claims.roles[0] == 'x']; claims.roles is x ['x']"),
        ("claims.roles == ['x']", "exact claims.roles [claims.roles == ['x']]; claims.roles is x ['x']"),
        ("claims.roles.exists(r, r == 'x')", "exact claims.roles [r == 'x']; claims.roles is x ['x']"),
        (
            "claims.roles.exists(r, r.lowerAscii() == 'x')",
            "folds claims.roles [r.lowerAscii()]; claims.roles in Lower is x ['x']",
        ),
        (
            "'x' in attr.groups.map(g, g.lowerAscii())",
            "folds attr.groups [g.lowerAscii()]; attr.groups in Lower is x ['x']",
        ),
        (
            "'x' in claims.roles.filter(r, r.startsWith('y')).distinct().sort()",
            "exact claims.roles ['x' in claims.roles.filter(r, r.startsWith('y')).distinct().sort()]; claims.roles is x ['x']",
        ),
        (
            "(has(attr.mail) ? attr.mail.lowerAscii() : attr.upn) == 'x'",
            "folds attr.mail [attr.mail.lowerAscii()]; \
             exact attr.upn [(has(attr.mail) ? attr.mail.lowerAscii() : attr.upn) == 'x']; \
             attr.mail in Lower is x ['x']; attr.upn is x ['x']",
        ),
        (
            "attr.upn in [attr.mail, 'x']",
            "exact attr.mail [attr.upn in [attr.mail, 'x']]; exact attr.upn [attr.upn in [attr.mail, 'x']]",
        ),
        ("acr == 'urn:x' || name_id == null", "exact acr [acr == 'urn:x']; acr is urn:x ['urn:x']"),
        ("size(attr.upn) == 3 && now == 4", ""),
        ("attr.upn.replace('A', 'a') == 'a'", ""),
        ("{'a': attr.upn}.a == 'x'", ""),
        ("[[attr.upn]].exists(l, l.exists(u, u == 'x'))", "exact attr.upn [u == 'x']; attr.upn is x ['x']"),
        ("attr.groups.map(g, g.size()).exists(n, n == 1)", ""),
    ] {
        assert_eq!(usage(text), expected, "{text}");
    }
}

#[test]
fn what_can_never_be_equal_is_an_error() {
    for (text, expected) in [
        ("attr.upn.lowerAscii() == 'Ana'", "['Ana']"),
        ("!attr.upn.lowerAscii().trim().endsWith('@Guest.example')", "['@Guest.example']"),
        ("attr.upn.upperAscii() in ['ANA', 'BEn']", "['BEn']"),
        ("emailDomain(attr.upn) != 'Corp.example'", "['Corp.example']"),
        ("'HR' in attr.groups.map(g, g.lowerAscii())", "['HR']"),
        ("attr.groups.map(g, g.lowerAscii()).exists(g, g.startsWith('H'))", "['H']"),
    ] {
        let found = faults(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].starts_with(&format!("never_equal {expected} what is in ")), "{found:?}");
    }
    for text in [
        "attr.upn.lowerAscii() == 'éana'",
        "attr.upn.upperAscii() == 'É1'",
        "(has(attr.mail) ? attr.mail.lowerAscii() : attr.upn) == 'Ana'",
        "attr.upn.lowerAscii().replace('a', 'A') == 'A'",
        "attr.upn.lowerAscii().matches('[A-Z]')",
        "attr.upn.lowerAscii().upperAscii() == 'ANA'",
    ] {
        assert_eq!(faults(text), Vec::<String>::new(), "{text}");
    }
    insta::assert_snapshot!(faults("attr.upn.lowerAscii() == 'Ana'").join(""), @r#"never_equal ['Ana'] what is in lower case never has the capital letters of `Ana` | write `ana`"#);
}

#[test]
fn what_is_the_same_for_everybody_is_told() {
    let constant = |text: &str| match compiled(text).constant() {
        None => "depends".to_owned(),
        Some(Ok(None)) => "nothing".to_owned(),
        Some(Ok(Some(value))) => value.to_json().to_string(),
        Some(Err(failure)) => format!("fails: {}", failure.what),
    };
    for (text, expected) in [
        ("1 + 1 == 3", "false"),
        ("'a'.lowerAscii().matches('^[b-z]')", "false"),
        ("[1, 2].map(x, x + 1)", "[2,3]"),
        ("[1].exists(x, [2].exists(y, x == y))", "false"),
        ("null", "nothing"),
        ("1 / 0 == 1", "fails: it divides by zero"),
        ("dn('x').cn", "fails: a function cannot use its argument"),
        ("attr.upn == 'x'", "depends"),
        ("now > 0", "depends"),
        ("has(attr.mail)", "depends"),
        ("'x' in claims.roles", "depends"),
        ("attr.upn == 'x' && false", "false"),
        ("(1 > 2) && attr.upn == 'x'", "false"),
        ("attr.upn == 'x' && true", "depends"),
        ("attr.upn == 'x' || !false", "true"),
        ("!(attr.upn == 'x' && false)", "true"),
        ("attr.upn == 'x' || false", "depends"),
        ("true ? 'a' : attr.upn", r#""a""#),
        ("false ? 'a' : attr.upn", "depends"),
        ("has(attr.mail) ? null : null", "nothing"),
        ("has(attr.mail) ? 1 : 2", "depends"),
        ("has(attr.mail) ? 1 / 0 : 1 / 0", "depends"),
        ("attr.upn == 'x' && 1 / 0 == 1", "depends"),
    ] {
        assert_eq!(constant(text), expected, "{text}");
    }
}

#[test]
fn the_facts_that_are_read_are_told() {
    let found = compiled("source == client && now > 0 && name_id == acr && attr.upn == 'x'");
    assert_eq!(found.usage().facts, BTreeSet::from(["acr", "client", "name_id", "now", "source"]));
    assert!(found.reads.name_id && found.reads.attributes.contains("upn"));
}
