//! What the language can say: list operations, types, defaults, objects, tables, vocabularies, levels, budgets.

use super::*;

#[test]
fn a_list_goes_through_its_operations() {
    let mapping = mapping(&with(
        "attributes: { g: { name: g, many: true }, t: { name: t, optional: true } }\n\
         tables: { roles: { hr: people, it: machines } }\n\
         claims:\n  roles: { from: g, strip_prefix: APP-, case: lower, table: roles, sort: true }\n  \
         text: { from: g, join: '+' }\n  first: { from: g, take: first }\n  \
         cut: { from: t, split: ';' }\n  one: { from: t, split: ';', table: { a: 1, b: 1, c: 2 }, take: one }\n\
         release: { x: [roles, text, first, cut, one] }\n",
    ));
    let g = || sent("g", &["APP-IT", "Other", "APP-HR", "APP-IT"]);
    assert_eq!(
        outcome(&mapping, vec![g(), sent("t", &["a; b;"])]),
        r#"{"cut":["a","b"],"first":"APP-IT","one":1,"roles":["machines","people"],"text":"APP-IT+Other+APP-HR"}"#
    );
    assert_eq!(outcome(&mapping, vec![g(), sent("t", &["a;c"])]), "mapping.claim_ambiguous");
    assert_eq!(outcome(&mapping, vec![sent("g", &[])]), r#"{"roles":[]}"#, "an empty list stays one");
}

#[test]
fn a_claim_has_the_type_that_the_file_says() {
    let mapping = mapping(&with(
        "attributes: { n: { name: n, optional: true }, l: { name: l, many: true, optional: true } }\n\
         claims:\n  number: { from: n, type: int }\n  truth: { from: l, take: first, type: bool }\n  \
         list: { from: n, type: list }\n  numbers: { from: l, type: int }\n  text: { cel: 'size(attr.l)', type: string }\n\
         release: { x: [number, truth, list, numbers, text] }\n",
    ));
    let with = |n: &str, l: &[&str]| outcome(&mapping, vec![sent("n", &[n]), sent("l", l)]);
    assert_eq!(with("42", &["1", "0"]), r#"{"list":["42"],"number":42,"numbers":[1,0],"text":"2","truth":true}"#);
    assert_eq!(with("4.2", &["1"]), "mapping.claim_type");
    assert_eq!(with("4", &["yes"]), "mapping.claim_type");
}

#[test]
fn what_is_missing_is_omitted_refused_or_defaulted() {
    let mapping = mapping(&with(
        "attributes: { a: { name: a, optional: true }, l: { name: l, many: true, optional: true } }\n\
         claims:\n  omitted: { from: a, on_missing: omit }\n  default: { from: a, on_missing: default, default: none }\n  \
         short: { from: l, default: [nobody] }\n  table: { from: a, table: { x: y }, default: z }\n\
         release: { x: [omitted, default, short, table] }\n",
    ));
    assert_eq!(outcome(&mapping, vec![]), r#"{"default":"none","short":["nobody"],"table":"z"}"#);
    assert_eq!(
        outcome(&mapping, vec![sent("a", &["x"]), sent("l", &["g"])]),
        r#"{"default":"x","omitted":"x","short":["g"],"table":"y"}"#
    );
    assert_eq!(
        outcome(&mapping, vec![sent("a", &[""]), sent("l", &[])]),
        r#"{"default":"none","omitted":"","short":["nobody"],"table":"z"}"#,
        "what is empty is missing where that matters"
    );
    let strict = super::mapping(&super::with(
        "attributes: { a: { name: a, optional: true } }\nclaims: { a: { from: a, on_missing: refuse } }\nrelease: { x: [a] }\n",
    ));
    assert_eq!(outcome(&strict, vec![]), "mapping.claim_missing");
}

#[test]
fn a_structured_claim_has_the_members_that_have_a_value() {
    let mapping = mapping(&with(
        "attributes: { l: { name: l, optional: true }, s: { name: s, optional: true } }\n\
         claims:\n  address:\n    object:\n      locality: l\n      street_address: { from: s, case: upper }\n      \
         geo: { object: { zip: { cel: 'has(attr.s) ? attr.s.substring(0, 1) : null' } } }\n\
         release: { x: [address] }\n",
    ));
    assert_eq!(outcome(&mapping, vec![]), "{}", "without members there is no object");
    assert_eq!(outcome(&mapping, vec![sent("l", &["Ulm"])]), r#"{"address":{"locality":"Ulm"}}"#);
    assert_eq!(
        outcome(&mapping, vec![sent("s", &["x 1"])]),
        r#"{"address":{"geo":{"zip":"x"},"street_address":"X 1"}}"#
    );
    let needed = super::mapping(&super::with(
        "attributes: { l: { name: l, optional: true } }\n\
         claims: { address: { object: { country: { value: DE }, locality: { from: l, required: true } } } }\n\
         release: { x: [address] }\n",
    ));
    let (refused, _) = applied(&needed, &facts(vec![]));
    assert_eq!(refused.unwrap_err().to_string(), "the claim `address.locality` has no value");
}

#[test]
fn attributes_of_one_name_are_merged_or_refused_as_declared() {
    let file = |repeated: &str| {
        with(&format!(
            "attributes: {{ g: {{ name: g, many: true{repeated} }} }}\nclaims: {{ g: g }}\nrelease: {{ x: [g] }}\n"
        ))
    };
    let twice = || vec![sent("g", &["a"]), sent("g", &["b"])];
    assert_eq!(outcome(&mapping(&file("")), twice()), r#"{"g":["a","b"]}"#);
    assert_eq!(outcome(&mapping(&file(", repeated: merge")), twice()), r#"{"g":["a","b"]}"#);
    let once = mapping(&file(", repeated: refuse"));
    assert_eq!(outcome(&once, twice()), "mapping.attribute_repeated");
    assert_eq!(outcome(&once, vec![sent("g", &["a", "b"])]), r#"{"g":["a","b"]}"#);
    let (refused, _) = applied(&once, &facts(twice()));
    assert_eq!(refused.unwrap_err().to_string(), "the attribute `g` came with 2 attributes of this name");
}

#[test]
fn a_value_is_as_long_as_its_declaration_allows() {
    let mapping = mapping(&with(
        "attributes: { a: { name: a, max_bytes: 4, optional: true }, b: { name: b, many: true, max_bytes: 10000, optional: true } }\n\
         claims: { a: a, b: b }\nrelease: { x: [a, b] }\n",
    ));
    assert_eq!(outcome(&mapping, vec![sent("a", &["1234"])]), r#"{"a":"1234"}"#);
    assert_eq!(outcome(&mapping, vec![sent("a", &["12345"])]), "mapping.attribute_too_long");
    assert_eq!(outcome(&mapping, vec![sent("b", &["1", &"x".repeat(10_001)])]), "mapping.attribute_too_long");
}

#[test]
fn a_login_is_the_level_that_lists_it_and_never_higher() {
    let text = |from: &str| {
        with(&format!(
            "attributes: {{ m: {{ name: m, many: true, optional: true }} }}\nauthentication:\n  {from}levels:\n    \
             - {{ acr: low, amr: [pwd], contexts: [password] }}\n    - {{ acr: middle, amr: [pwd, otp], contexts: [mfa, 'urn:mfa'] }}\n    \
             - {{ acr: high, amr: [hwk], contexts: [card] }}\nclaims: {{ m: m }}\nrelease: {{ x: [m] }}\n"
        ))
    };
    let login = |mapping: &Mapping, context: Option<&str>, values: &[&str]| {
        let mut given = facts(vec![sent("m", values)]);
        given.authentication.context_class = context.map(str::to_owned);
        let claims = applied(mapping, &given).0.unwrap();
        format!("{} {:?}", claims.acr().unwrap_or("none"), claims.amr())
    };
    let by_context = mapping(&text(""));
    for (context, expected) in [
        (None, "low []"),
        (Some("password"), r#"low ["pwd"]"#),
        (Some("mfa"), r#"middle ["pwd", "otp"]"#),
        (Some("urn:mfa"), r#"middle ["pwd", "otp"]"#),
        (Some("card"), r#"high ["hwk"]"#),
        (Some("CARD"), "low []"),
        (Some("something stronger"), "low []"),
    ] {
        assert_eq!(login(&by_context, context, &["card"]), expected, "{context:?}");
    }
    let by_attribute = mapping(&text("from: m\n  "));
    for (values, expected) in [
        (&[][..], "low []"),
        (&["password", "unknown"], r#"low ["pwd"]"#),
        (&["password", "mfa"], r#"middle ["pwd", "otp"]"#),
        (&["unknown"], "low []"),
    ] {
        assert_eq!(login(&by_attribute, Some("card"), values), expected, "{values:?}");
    }
    let without = mapping(&with(""));
    assert_eq!(login(&without, Some("urn:x"), &[]), "urn:x []", "without a table it is taken over as it is");
}

#[test]
fn nothing_leaves_that_is_larger_than_the_budget() {
    let mapping = mapping(&with(
        "budget: 40B\nattributes: { a: { name: a, max_bytes: 16 } }\nclaims: { a: a, b: { value: [1, 2] } }\n\
         release: { 'https://a.example': [a, b], 'https://b.example': [b] }\n",
    ));
    let released = |value: &str| match applied(&mapping, &facts(vec![sent("a", &[value])])).0 {
        Ok(claims) => {
            let released = claims.released_to(&Audience::new("https://a.example"));
            serde_json::to_string(
                &released.iter().map(|(n, v)| (n.to_string(), v.to_json())).collect::<BTreeMap<_, _>>(),
            )
            .unwrap()
        }
        Err(refusal) => refusal.to_string(),
    };
    assert_eq!(released("x"), r#"{"a":"x","b":[1,2]}"#);
    // What needs an escape is longer than its declaration.
    assert_eq!(released(&"\"".repeat(16)), "the claims for `https://a.example` take 51 bytes");
}

#[test]
fn a_mapping_may_include_tables_and_vocabularies() {
    let mapping = "kind: mapping\nversion: 1\nid: m\nsource: s\nsubject: { from: name_id }\ninclude: [../shared/roles.yaml, ours.yaml]\n\
         vocabulary: [ours, eduperson]\nattributes: { g: { friendly_name: team, many: true, optional: true }, mail: { friendly_name: mail, many: true, optional: true } }\n\
         claims: { roles: { from: g, table: roles }, more: { from: g, table: more }, mail: { from: mail, take: first } }\nrelease: { x: [roles, more, mail] }\nscopes: {}\n";
    let files = |roles: &str| {
        vec![
            SourceFile::new("mappings/a/m.yaml", mapping),
            SourceFile::new("mappings/shared/roles.yaml", roles),
            SourceFile::new(
                "mappings/shared/more.yaml",
                "kind: tables\nversion: 1\nid: more\ntables: { more: { x: z } }\n",
            ),
            SourceFile::new(
                "mappings/a/ours.yaml",
                "kind: vocabulary\nversion: 1\nid: ours\nnames: { team: { name: 'urn:team' } }\n",
            ),
        ]
    };
    let roles = "kind: tables\nversion: 1\nid: roles\ninclude: [./more.yaml]\ntables: { roles: { x: y } }\n";
    let compiled = compile(&files(roles), &CompileContext::default()).unwrap();
    assert_eq!(compiled.warnings().iter().map(one_line).collect::<Vec<_>>(), Vec::<String>::new());
    let m = compiled.by_id(&MappingId::new("m")).unwrap();
    let mail = Attribute {
        name_format: Some("urn:oasis:names:tc:SAML:2.0:attrname-format:uri".into()),
        ..sent("urn:oid:0.9.2342.19200300.100.1.3", &["a@b.example"])
    };
    assert_eq!(
        outcome(m, vec![sent("urn:team", &["x"]), mail]),
        r#"{"mail":"a@b.example","more":["z"],"roles":["y"]}"#
    );
    // What is included is part of what the mapping is.
    let changed = compile(&files(&roles.replace("x: y", "x: w")), &CompileContext::default()).unwrap();
    assert_ne!(m.hash(), changed.by_id(&MappingId::new("m")).unwrap().hash());
}

#[test]
fn a_linked_subject_is_who_it_is_at_the_other_source() {
    let head = "kind: mapping\nversion: 1\nid: m\nsource: s\nattributes: { u: { name: u } }\n";
    let linked = |link: &str, attributes| {
        let mapping = mapping(&format!(
            "{head}subject: {{ from: name_id, link: {link} }}\nclaims: {{ u: u }}\nrelease: {{ x: [u] }}\n"
        ));
        match applied(&mapping, &facts(attributes)).0 {
            Ok(claims) => {
                let Linked { source, format, qualifiers, value } = claims.linked().unwrap();
                format!("{source} {format} {qualifiers:?} {value}")
            }
            Err(refusal) => refusal.code().to_string(),
        }
    };
    let persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    let u = || vec![sent("u", &["Ana"])];
    assert_eq!(linked("{ source: old, cel: 'attr.u.lowerAscii()' }", u()), r#"old mapped ["", ""] ana"#);
    assert_eq!(linked("{ source: old, from: u, format: 'urn:f' }", u()), r#"old urn:f ["", ""] Ana"#);
    assert_eq!(linked("{ source: old, from: name_id }", u()), format!(r#"old {persistent} ["idp", ""] ana"#));
    assert_eq!(linked("{ source: old, from: u }", vec![sent("u", &[""])]), "mapping.subject_missing");
}

#[test]
fn an_address_is_an_identity_only_where_its_source_proves_it() {
    let email = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    let mut given = facts(vec![]);
    given.name_id.as_mut().unwrap().format = Some(email.into());
    let code = |rule: &str| {
        let text = format!("kind: mapping\nversion: 1\nid: m\nsource: s\nsubject: {rule}\n");
        applied(&mapping(&text), &given).0.err().map(|refusal| refusal.code().to_string())
    };
    assert_eq!(code("{ from: name_id }").as_deref(), Some("mapping.email_unproven"));
    assert_eq!(code("{ cel: name_id }").as_deref(), Some("mapping.email_unproven"));
    assert_eq!(code("{ from: name_id, email_proven: true }"), None);
    assert_eq!(code("{ cel: name_id, email_proven: true }"), None);
}

#[test]
fn a_shadow_does_not_answer_and_does_not_overlap() {
    let shadow = |id: &str, stage: &str| {
        SourceFile::new(format!("{id}.yaml"), with(stage).replace("id: m", &format!("id: {id}")))
    };
    let files = [shadow("live", ""), shadow("next", "stage: shadow"), shadow("other", "stage: shadow")];
    let mappings = compile(&files, &CompileContext::default()).unwrap();
    let (source, client) = (SourceId::new("s"), ClientId::new("c"));
    let audience = Audience::new("a");
    assert_eq!(mappings.select(&source, &client, &audience).unwrap().id().as_str(), "live");
    let shadows: Vec<_> = mappings.shadows(&source, &client, &audience).map(|m| m.id().as_str()).collect();
    assert_eq!(shadows, ["next", "other"]);
}

#[test]
fn a_test_can_expect_everything_that_leaves() {
    let text = with(
        "for: { audiences: ['https://a.example'] }\nattributes: { u: { name: u }, g: { name: g, many: true, optional: true } }\n\
         authentication: { levels: [{ acr: low, contexts: [p] }, { acr: high, amr: [mfa], contexts: [m] }] }\n\
         claims: { u: u, g: g }\nrelease: { 'https://a.example': [u] }\ntests:\n  \
         - name: ana\n    given: { attributes: { u: a, g: [1a, 2b, 3c] }, name_id: ana, acr: m }\n    expect: { released: [u], acr: high, amr: [mfa] }\n  \
         - name: ana again\n    given: { attributes: { u: b }, name_id: ana }\n    expect: { sub_same_as: ana, acr: low }\n  \
         - name: bob\n    given: { attributes: { u: b, g: [1a, 4d, 3c] }, name_id: bob, acr: p }\n    \
           expect: { sub_same_as: ana, acr: high, amr: [mfa], released: [u, g], claims: { g: [1a, 2b, 3c] } }\n",
    );
    let reports = mapping(&text).run_tests(NOW);
    assert!(reports[0].passed() && reports[1].passed(), "{reports:?}");
    assert_snapshot!(reports[2].lines().join("\n"), @r#"
    claim `g`: expected ["1a","2b","3c"], found ["1a","4d","3c"]; missing "2b"; too much "4d"
    released: expected [g, u], found [u]
    sub: expected that of `ana`, found another
    acr: expected `high`, found `low`
    amr: expected [mfa], found []
    "#);
}

#[test]
fn what_two_mappings_make_otherwise_is_said_in_words() {
    let file = |part: &str| {
        mapping(&with(&format!(
            "attributes: {{ u: {{ name: u }}, g: {{ name: g, many: true, optional: true }} }}\n{part}"
        )))
    };
    let before = file(
        "require: [{ id: nobody, cel: 'attr.u != \"x\"', message: m }]\nclaims: { u: u, g: g, k: { value: 1 } }\n\
         scopes: { read: 'true' }\nrelease: { 'https://a.example': [u, k] }\n",
    );
    let after = file(
        "require: [{ id: others, cel: 'attr.u != \"y\" && attr.u != \"z\"', message: m }]\n\
         authentication: { levels: [{ acr: low, amr: [pwd], contexts: [p] }] }\n\
         claims: { u: { from: u, case: upper }, h: g, k: { value: 1 } }\n\
         scopes: { write: 'true' }\nrelease: { 'https://a.example': [u] }\n",
    );
    let said = |value: &str, groups: &[&str]| {
        let mut given = facts(vec![sent("u", &[value]), sent("g", groups)]);
        given.authentication.context_class = Some("p".into());
        let (old, new) = (applied(&before, &given).0, applied(&after, &given).0);
        let found = differences(&old, &new);
        found
            .iter()
            .map(|d| format!("{d}{}", d.values().map(|v| format!(" [{v}]")).unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        said("a", &["r"]),
        [
            r#"claim `g` is gone [["r"] → nothing]"#,
            r#"claim `h` is new [nothing → ["r"]]"#,
            "claim `k` leaves no longer",
            r#"claim `u` has another value ["a" → "A"]"#,
            "scope `read` can no longer be had",
            "scope `write` can be had now",
            "another `acr`",
            "another `amr`",
        ]
    );
    assert_eq!(said("y", &[]), ["refused now, with mapping.require.others"]);
    assert_eq!(said("x", &[]), ["accepted now; refused before, with mapping.require.nobody"]);
    let by_name_id = file("claims: { u: u }\nrelease: { x: [u] }\n");
    let by_u = mapping(
        &with("attributes: { u: { name: u } }\nclaims: { u: u }\nrelease: { x: [u] }\n")
            .replace("from: name_id", "from: u"),
    );
    let given = facts(vec![sent("u", &["a"])]);
    let found = differences(&applied(&by_name_id, &given).0, &applied(&by_u, &given).0);
    assert_eq!(found, [Difference::Subject]);
    let refused = |value: &str| applied(&before, &facts(vec![sent("u", &[value])])).0;
    assert_eq!(differences(&refused("x"), &refused("x")), []);
    assert_eq!(
        differences(&refused("x"), &applied(&before, &facts(vec![])).0)[0].to_string(),
        "refused with mapping.attribute_missing instead of mapping.require.nobody"
    );
}
