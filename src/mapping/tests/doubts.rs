//! Rules that let in more than their author means: each case is a mistake that an attacker would look for.

use super::*;

fn found(subject: &str, rules: &str) -> String {
    let text = format!(
        "kind: mapping\nversion: 1\nid: m\nsource: corp\n\
         attributes: {{ u: {{ name: u }}, dn: {{ name: dn }}, g: {{ name: g, many: true, optional: true }} }}\n\
         subject: {subject}\nclaims: {{ roles: {{ from: g, table: {{ a: b }} }}, d: dn }}\nrelease: {{ x: [roles, d] }}\n{rules}\n"
    );
    match compile(&[SourceFile::new("m.yaml", text)], &CompileContext::default()) {
        Ok(mappings) => mappings.warnings().iter().map(one_line).collect::<Vec<_>>().join("; "),
        Err(problems) => problems.iter().map(one_line).collect::<Vec<_>>().join("; "),
    }
}

fn scope(rule: &str) -> String {
    found("{ from: u }", &format!("scopes: {{ s: \"{rule}\" }}"))
}

#[test]
fn a_guard_knows_the_spellings_that_the_subject_or_its_link_makes_one() {
    let link = "{ from: u, link: { source: other, cel: 'attr.u.lowerAscii()' } }";
    let domain = "{ cel: \"emailLocal(attr.u) + '@' + emailDomain(attr.u)\" }";
    let (trims, parses) = ("{ cel: 'attr.u.trim()' }", "{ cel: 'dn(attr.dn).cn' }");
    for (subject, rule, wrong) in [
        (link, "!attr.u.endsWith('@guest.example')", true),
        (link, "attr.u != 'bob'", true),
        (link, "attr.u.lowerAscii() != 'bob'", false),
        (domain, "!attr.u.endsWith('@guest.example')", true),
        (domain, "emailDomain(attr.u) != 'guest.example'", false),
        (trims, "attr.u != 'bob'", true),
        (trims, "attr.u != '7'", true),
        (trims, "attr.u.trim() != 'bob'", false),
        (parses, "!attr.dn.contains('OU=External')", true),
        (parses, "!attr.dn.matches('CN=7')", true),
        (parses, "dn(attr.dn).cn != 'bob'", false),
        // Who is let in by name is let in under no other.
        (trims, "attr.u == 'bob'", false),
        (parses, "attr.dn.endsWith(',O=Corp')", false),
    ] {
        let guard = format!("require: [{{ id: x, cel: \"{rule}\", message: m }}]");
        assert_eq!(found(subject, &guard).contains("mapping.guard_case"), wrong, "{subject} {rule}");
        let scope = format!("scopes: {{ s: \"{rule}\" }}");
        assert_eq!(found(subject, &scope).contains("mapping.guard_case"), wrong, "{subject} scope {rule}");
    }
    let folds = "{ cel: 'attr.u.lowerAscii()' }";
    for (rule, wrong) in [("!(attr.u == 'eve')", true), ("attr.u == 'eve'", false), ("!(attr.u != 'eve')", false)] {
        let scope = format!("scopes: {{ s: \"{rule}\" }}");
        assert_eq!(found(folds, &scope).contains("mapping.guard_case"), wrong, "{rule}");
    }
}

#[test]
fn what_holds_of_an_empty_list_is_told() {
    for (rule, wrong) in [
        ("has(claims.roles)", true),
        ("has(attr.g) && attr.u == 'x'", true),
        ("attr.g.all(g, g.startsWith('HR-'))", true),
        ("has(attr.g) && attr.g.all(g, g == 'HR')", true),
        ("has(claims.roles) && 'b' in claims.roles", false),
        ("has(attr.g) && size(attr.g) > 0 && attr.g.all(g, g == 'HR')", false),
        ("has(attr.g) && attr.g.exists(g, g == 'HR')", false),
        ("!has(attr.g)", false),
        ("!(has(attr.g) && attr.g.all(g, g == 'HR'))", false),
        ("has(claims.d)", false),
    ] {
        assert_eq!(scope(rule).contains("mapping.empty_passes"), wrong, "{rule}: {}", scope(rule));
    }
}

#[test]
fn what_holds_where_nothing_is_said_is_told() {
    let levels = "authentication: { levels: [{ acr: low, contexts: [pw] }, { acr: high, contexts: [mfa] }] }\n";
    for (rule, wrong) in [
        ("acr != 'urn:pw'", true),
        ("!(authn_context == 'urn:pw')", true),
        ("acr != null && acr != 'urn:pw'", false),
        ("acr == 'urn:mfa'", false),
        ("!(acr != 'urn:mfa')", false),
        ("acr != name_id", false),
    ] {
        assert_eq!(scope(rule).contains("mapping.null_passes"), wrong, "{rule}: {}", scope(rule));
    }
    let with_levels = found("{ from: u }", &format!("{levels}scopes: {{ s: \"acr != 'low'\" }}"));
    assert!(!with_levels.contains("mapping.null_passes"), "{with_levels}");
    let misspelt = found("{ from: u }", &format!("{levels}scopes: {{ s: \"acr != 'lwo' && source != 'crop'\" }}"));
    assert!(misspelt.contains("`acr` never has the value `lwo`"), "{misspelt}");
    assert!(misspelt.contains("`source` never has the value `crop`"), "{misspelt}");
    let client = found("{ from: u }", "for: { clients: [portal] }\nscopes: { s: \"client != 'protal'\" }");
    assert!(client.contains("`client` never has the value `protal`"), "{client}");
}

#[test]
fn what_matches_more_than_it_names_is_told() {
    for (rule, wrong) in [
        ("attr.u.matches('@corp[.]example')", true),
        ("attr.u.matches('@corp[.]example$')", false),
        ("attr.u.matches('^x')", false),
        ("!attr.u.matches('@guest')", false),
        ("attr.u.endsWith('corp.example')", true),
        ("attr.u.endsWith('@corp.example')", false),
        ("attr.u.endsWith('.corp.example')", false),
        ("attr.u.endsWith('-admin')", false),
        ("!attr.u.endsWith('guest.example')", false),
    ] {
        assert_eq!(scope(rule).contains("mapping.match_open"), wrong, "{rule}: {}", scope(rule));
    }
}
