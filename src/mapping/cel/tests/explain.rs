//! Expressions part by part.

use super::*;
use crate::mapping::cel::explain::{Outcome, Part};

fn explained(text: &str) -> Vec<Part> {
    of_ana(|scope| compiled(text).explain(scope))
}

fn lines(text: &str) -> String {
    let line = |part: &Part| {
        assert_eq!(text.get(part.range.clone()), Some(&*part.text));
        let outcome = match &part.outcome {
            Outcome::Value(value) => value.clone(),
            Outcome::Failed(why) => format!("FAILS {why}"),
            Outcome::NotEvaluated => "not evaluated".to_owned(),
        };
        format!("{} → {outcome}", part.text)
    };
    explained(text).iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of expressions with their parts")]
fn every_part_has_its_text_and_its_value() {
    let texts = [
        "attr.upn.lowerAscii().split('@')[1] == 'corp.example'",
        "has(attr.mail) && attr.mail.endsWith('x')",
        "has(attr.mail) || size(attr.groups) > 2",
        "(1 < 2 || attr.mail == 'x') ? attr.groups[2] : attr.mail + 'x'",
        "size(attr.groups.filter(g, g.startsWith('H'))) + (2 * (3 + size([now]))) - -1",
        "attr.mail == 'x' && true",
        "attr.mail == 'x' && false",
        "{'a': [attr.upn], 'b': {}}.a[ 0 ] // where ( does not close",
        "!(dn('CN=a').cn in ['a', 'b']) || has(dn('O=x').cn)",
        "attr.upn.matches(r'^[(]') ? null : (acr)",
        "int('x')",
        "'literal'",
        "attr.groups.map(g, [g, null])",
    ];
    let shown: Vec<_> = texts.iter().map(|text| format!("# {text}\n{}", lines(text))).collect();
    insta::assert_snapshot!(shown.join("\n\n"), @r#"
    # attr.upn.lowerAscii().split('@')[1] == 'corp.example'
    attr.upn → "Ana.Ruiz@CORP.example"
    attr.upn.lowerAscii() → "ana.ruiz@corp.example"
    attr.upn.lowerAscii().split('@') → ["ana.ruiz","corp.example"]
    attr.upn.lowerAscii().split('@')[1] → "corp.example"
    attr.upn.lowerAscii().split('@')[1] == 'corp.example' → true

    # has(attr.mail) && attr.mail.endsWith('x')
    has(attr.mail) → false
    attr.mail → not evaluated
    attr.mail.endsWith('x') → not evaluated
    has(attr.mail) && attr.mail.endsWith('x') → false

    # has(attr.mail) || size(attr.groups) > 2
    has(attr.mail) → false
    attr.groups → ["HR","IT","Ops"]
    size(attr.groups) → 3
    size(attr.groups) > 2 → true
    has(attr.mail) || size(attr.groups) > 2 → true

    # (1 < 2 || attr.mail == 'x') ? attr.groups[2] : attr.mail + 'x'
    1 < 2 → true
    attr.mail → not evaluated
    attr.mail == 'x' → not evaluated
    1 < 2 || attr.mail == 'x' → true
    attr.groups → ["HR","IT","Ops"]
    attr.groups[2] → "Ops"
    attr.mail → not evaluated
    attr.mail + 'x' → not evaluated
    (1 < 2 || attr.mail == 'x') ? attr.groups[2] : attr.mail + 'x' → "Ops"

    # size(attr.groups.filter(g, g.startsWith('H'))) + (2 * (3 + size([now]))) - -1
    attr.groups → ["HR","IT","Ops"]
    attr.groups.filter(g, g.startsWith('H')) → ["HR"]
    size(attr.groups.filter(g, g.startsWith('H'))) → 1
    now → 1000
    [now] → [1000]
    size([now]) → 1
    3 + size([now]) → 4
    2 * (3 + size([now])) → 8
    size(attr.groups.filter(g, g.startsWith('H'))) + (2 * (3 + size([now]))) → 9
    size(attr.groups.filter(g, g.startsWith('H'))) + (2 * (3 + size([now]))) - -1 → 10

    # attr.mail == 'x' && true
    attr.mail → FAILS it reads something that is absent: there is no `attr.mail`
    attr.mail == 'x' → FAILS it reads something that is absent: there is no `attr.mail`
    attr.mail == 'x' && true → FAILS it reads something that is absent: there is no `attr.mail`

    # attr.mail == 'x' && false
    attr.mail → FAILS it reads something that is absent: there is no `attr.mail`
    attr.mail == 'x' → FAILS it reads something that is absent: there is no `attr.mail`
    attr.mail == 'x' && false → false

    # {'a': [attr.upn], 'b': {}}.a[ 0 ] // where ( does not close
    attr.upn → "Ana.Ruiz@CORP.example"
    [attr.upn] → ["Ana.Ruiz@CORP.example"]
    {'a': [attr.upn], 'b': {}} → {"a":["Ana.Ruiz@CORP.example"],"b":{}}
    {'a': [attr.upn], 'b': {}}.a → ["Ana.Ruiz@CORP.example"]
    {'a': [attr.upn], 'b': {}}.a[ 0 ] → "Ana.Ruiz@CORP.example"

    # !(dn('CN=a').cn in ['a', 'b']) || has(dn('O=x').cn)
    dn('CN=a') → {"cn":"a"}
    dn('CN=a').cn → "a"
    dn('CN=a').cn in ['a', 'b'] → true
    !(dn('CN=a').cn in ['a', 'b']) → false
    dn('O=x') → {"o":"x"}
    has(dn('O=x').cn) → false
    !(dn('CN=a').cn in ['a', 'b']) || has(dn('O=x').cn) → false

    # attr.upn.matches(r'^[(]') ? null : (acr)
    attr.upn → "Ana.Ruiz@CORP.example"
    attr.upn.matches(r'^[(]') → false
    acr → null
    attr.upn.matches(r'^[(]') ? null : (acr) → null

    # int('x')
    int('x') → FAILS a function cannot use its argument: this is not a whole number

    # 'literal'


    # attr.groups.map(g, [g, null])
    attr.groups → ["HR","IT","Ops"]
    attr.groups.map(g, [g, null]) → FAILS the expression yields something that no claim can be: null_type
    "#);
}

fn lengths(part: &Part) -> usize {
    match &part.outcome {
        Outcome::Value(text) | Outcome::Failed(text) => text.len(),
        Outcome::NotEvaluated => 0,
    }
}

#[test]
fn what_is_shown_is_bounded() {
    // The innermost are left out.
    let many = explained(&vec!["attr.upn.trim() == 'x'"; 60].join(" || "));
    assert_eq!(many.len(), 64);
    assert!(many.iter().all(|part| part.text.contains("==")), "{many:?}");
    // All of the operands of a sum contain those before them.
    let long =
        explained(&vec!["attr.upn.trim().trim().trim()"; 28].join("\n                                            + "));
    let texts: usize = long.iter().map(|part| part.text.len()).sum();
    assert!(long.len() > 5 && texts <= (16 << 10) + 4096, "{} {texts}", long.len());
    let values = explained("[attr.upn.replace('', '0123456789éééééééééé'), attr.groups]");
    assert_eq!(values.iter().map(lengths).collect::<Vec<_>>(), [23, 514, 17, 515]);
    let wide = ["attr.upn.replace('', '0123456789éééééééééé').trim().trim().trim()"; 9].join(", ");
    let shown: usize = explained(&format!("[{wide}]")).iter().map(lengths).sum();
    assert!((16 << 10..18 << 10).contains(&shown), "{shown}");
    // What takes long is evaluated as a whole, and little more.
    let rest = " && attr.upn != 'x'".repeat(12);
    let text = format!("attr.groups.all(g, ['1', '2', '3', '4', '5', '6', '7', '8'].all(c, c != g)){rest}");
    let costly = explained(&text);
    assert_eq!(costly.len() as u64, MAX_MAPPING_COST / compiled(&text).cost);
    assert!(costly.len() < 20, "{}", costly.len());
    assert_eq!(costly.last().unwrap().outcome, Outcome::Value("true".into()));
}

#[test]
fn a_value_that_is_too_long_fails_the_whole() {
    let parts = of_person(&"x".repeat(5_000), |scope| compiled("attr.upn.size() > 1").explain(scope));
    let [Part { text, outcome: Outcome::Failed(why), .. }] = parts.as_slice() else { panic!("{parts:?}") };
    assert_eq!((text.as_str(), why.as_str()), ("attr.upn.size() > 1", "`attr.upn` is longer than 4096 bytes"));
}

#[test]
fn values_are_hidden_from_debug() {
    let parts = explained("attr.upn.lowerAscii() + attr.mail");
    assert!(!format!("{parts:?}").contains("Ana") && format!("{parts:?}").contains("Failed"), "{parts:?}");
}
