use super::super::testing::{self, losses};
use super::*;

const MAP: &str = include_str!("../../../fixtures/import/simplesamlphp/campus2name.php");
const CONFIGURATION: &str = include_str!("../../../fixtures/import/simplesamlphp/saml20-idp-remote.php");

fn import(text: &str) -> Result<Imported, ImportError> {
    super::import(&[text])
}

fn imported(text: &str) -> Imported {
    let imported = import(text).unwrap();
    testing::compiles(&imported);
    imported
}

#[test]
fn a_map_becomes_a_mapping() {
    insta::assert_snapshot!(testing::shown(&imported(MAP)));
}

#[test]
fn filters_that_rename_are_carried_and_what_others_touch_is_not() {
    insta::assert_snapshot!(testing::shown(&imported(CONFIGURATION)));
}

#[test]
fn a_map_for_sending_is_read_from_right_to_left() {
    let imported =
        imported("<?php\n$attributemap = ['mail' => 'urn:oid:0.9.2342.19200300.100.1.3', 'cn' => 'urn:oid:2.5.4.3'];");
    let names: Vec<&str> = imported.drafts[0].attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(names, ["urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:2.5.4.3"]);
    assert!(losses(&imported)[0].starts_with("2 the direction of the map"));
}

/// The claims and losses of these filters behind a map; what is sent is `x:a` and `x:b`.
fn behind_a_map(filters: &str) -> (Vec<String>, Vec<String>) {
    let text = format!(
        "$m = ['authproc' => [10 => ['class' => 'core:AttributeMap', 'x:a' => 'a', 'x:b' => 'b'],\n{filters}]];"
    );
    let imported = imported(&text);
    (imported.drafts[0].claims.iter().map(|claim| claim.name.clone()).collect(), losses(&imported))
}

/// What is left of the claims behind each filter, and how what it touches is told.
fn touches(cases: &[(&str, &[&str], &str)]) {
    for (filters, left, lost) in cases {
        let (claims, told) = behind_a_map(filters);
        assert_eq!(claims, *left, "{filters}");
        assert!(told[0].starts_with(lost), "{filters}: {told:?}");
    }
}

#[test]
fn no_claim_is_made_of_what_a_filter_narrows() {
    touches(&[
        (
            "['class' => 'core:AttributeLimit', 'a' => ['staff', 'x'], 'b']",
            &["b"],
            "2 filter `core:AttributeLimit` on `a`: the claim is not carried: only `staff`, `x` were let through",
        ),
        (
            "['class' => 'core:AttributeLimit', 'b']",
            &["b"],
            "2 filter `core:AttributeLimit`: it let nothing through of `a`: no claim is made of it",
        ),
        (
            "['class' => 'core:AttributeLimit', 'a' => ['regex' => true, '/^s/'], 'b']",
            &["b"],
            "2 filter `core:AttributeLimit` on `a`: the claim is not carried: only some values were let through",
        ),
        ("'core:AttributeLimit'", &[], "2 filter `core:AttributeLimit`: what it lets through stands in the metadata"),
        (
            "['class' => 'core:AttributeLimit', 'default' => true, 'a', 'b']",
            &[],
            "2 filter `core:AttributeLimit`: what it lets through is said elsewhere",
        ),
    ]);
}

#[test]
fn no_claim_is_made_of_what_a_filter_changes() {
    touches(&[
        (
            "['class' => 'core:AttributeAlter', 'subject' => 'a', 'pattern' => '/x/', '%remove']",
            &["b"],
            "2 filter `core:AttributeAlter` on `a`: the claim is not carried: a pattern changed its values",
        ),
        (
            "['class' => 'core:AttributeAlter', 'subject' => 'a', 'target' => 'b', 'pattern' => '/x/']",
            &["a"],
            "2 filter `core:AttributeAlter` on `b`",
        ),
        ("['class' => 'core:AttributeAlter', 'subject' => $x]", &[], "2 filter `core:AttributeAlter`: its attributes"),
        ("['class' => 'core:AttributeAdd', 'a' => ['y'], '%replace']", &["b"], "2 filter `core:AttributeAdd` on `a`"),
        ("['class' => 'core:AttributeCopy', 'a' => 'b']", &["a"], "2 filter `core:AttributeCopy` on `b`"),
        (
            "['class' => 'core:AttributeValueMap', 'sourceattribute' => 'a', 'targetattribute' => 'c', 'values' => []]",
            &["b"],
            "2 filter `core:AttributeValueMap` on `a`",
        ),
        (
            "['class' => 'core:PHP', 'code' => 'throw new E;']",
            &[],
            "2 filter `core:PHP`: it is code, and may change every attribute or send people away: no claim is made of `a`, `b`",
        ),
        ("'theme:Unheard'", &[], "2 filter `theme:Unheard`: filters of this kind are not known"),
        ("['class' => $class]", &[], "2 filter `without a class`: its class is computed"),
        ("'core:LanguageAdaptor'", &["a", "b"], "2 filter `core:LanguageAdaptor`: pages of"),
    ]);
}

#[test]
fn what_a_filter_touches_is_found_under_each_of_its_names() {
    let map = |from: &str, to: &str| format!("['class' => 'core:AttributeMap', '{from}' => '{to}']");
    let limit = |name: &str| format!("['class' => 'core:AttributeLimit', '{name}' => ['staff'], 'b']");
    // Below, and under a name that it gets later or had before.
    assert_eq!(behind_a_map(&format!("{}, {}", map("a", "c"), limit("c"))).0, ["b"]);
    assert_eq!(behind_a_map(&format!("{}, {}", limit("a"), map("a", "c"))).0, ["b"]);
    assert_eq!(behind_a_map(&format!("5 => {}, {}", limit("x:a"), map("a", "c"))).0, Vec::<String>::new());
    // Filters run by their numbers, not as they stand there.
    assert_eq!(behind_a_map("5 => ['class' => 'core:AttributeLimit', 'a', 'b']").0, Vec::<String>::new());
    assert_eq!(behind_a_map("15 => ['class' => 'core:AttributeLimit', 'a', 'b']").0, ["a", "b"]);
    // What one name becomes is not touched by what happens to its other name.
    let two = "20 => ['class' => 'core:AttributeMap', 'a' => ['c', 'd']], 30 => ['class' => 'core:AttributeLimit', 'c', 'd' => ['x']]";
    assert_eq!(behind_a_map(two).0, ["c"]);
}

#[test]
fn whom_a_filter_sends_away_everybody_is_refused() {
    for class in ["authorize:Authorize", "core:Cardinality", "expirycheck:ExpiryDate"] {
        let text = format!(
            "$m = ['authproc' => [['class' => 'core:AttributeMap', 'x:a' => 'a'],\n['class' => '{class}', 'a' => ['x']]]];"
        );
        let imported = imported(&text);
        let require = &imported.drafts[0].require[0];
        assert_eq!((require.id.as_str(), require.cel.as_str()), ("filter_not_carried", "false"));
        assert!(losses(&imported)[0].contains("everybody is refused until"), "{:?}", losses(&imported));
    }
}

#[test]
fn each_source_is_a_mapping_of_its_own_with_the_filters_of_all() {
    let text = "<?php $metadata['one'] = ['authproc' => [50 => ['class' => 'core:AttributeMap', 'x:a' => 'a']]];
        $metadata['two'] = ['authproc' => [50 => ['class' => 'core:AttributeMap', 'x:b' => 'b']]];
        $config = ['authproc.sp' => [90 => ['class' => 'core:AttributeLimit', 'a']]];";
    let imported = imported(text);
    let claims: Vec<Vec<&str>> =
        imported.drafts.iter().map(|draft| draft.claims.iter().map(|claim| claim.name.as_str()).collect()).collect();
    assert_eq!(claims, [vec!["a"], vec![]]);
    let computed = super::import(&["$m = ['authproc' => $filters];"]).unwrap();
    assert!(losses(&computed)[0].starts_with("1 filter `without a class`"), "{:?}", losses(&computed));
}

#[test]
fn a_map_of_another_file_goes_through_the_filters_that_name_it() {
    let map = "<?php\n$attributemap = ['x:a' => 'a', 'x:b' => 'b', 'itself'];";
    let filters =
        "$m = ['authproc' => [['class' => 'core:AttributeMap', 'own'], ['class' => 'core:AttributeLimit', 'a']]];";
    for files in [[map, filters], [filters, map]] {
        let imported = super::import(&files).unwrap();
        testing::compiles(&imported);
        let [draft] = imported.drafts.as_slice() else { panic!("{:?}", imported.drafts) };
        assert_eq!(draft.claims.iter().map(|claim| claim.name.as_str()).collect::<Vec<_>>(), ["a"]);
    }
    // Without the map its names are not those on the wire.
    let without =
        "$m = ['authproc' => [['class' => 'core:AttributeMap', 'own'], ['class' => 'core:AttributeMap', 'a' => 'b']]];";
    let alone = imported(without);
    assert_eq!(
        losses(&alone)[1],
        "1 attribute `a`: its name comes of a map that was not carried: write the name that is sent"
    );
    assert!(alone.drafts[0].attributes[0].note.is_some());
    // Which of two is meant cannot be known.
    let imported = super::import(&[map, map, filters]).unwrap();
    assert!(imported.drafts[0].claims.is_empty() && imported.drafts.len() == 1);
    assert!(losses(&imported).iter().filter(|loss| loss.contains("it is not clear which filter")).count() == 2);
}

#[test]
fn what_holds_no_map_is_told() {
    for text in ["", "<?php echo 'hello';", "<?php $config = ['baseurlpath' => '/'];", "{}"] {
        let error = import(text).unwrap_err();
        assert_eq!(
            (error.line, error.message.as_str()),
            (1, "this holds neither `$attributemap` nor `authproc`"),
            "{text}"
        );
    }
    assert_eq!(import(&" ".repeat(MAX_BYTES + 1)).unwrap_err().message, "the file is larger than 1 MiB");
}

testing::survives_garbage!(MAP);

mod configuration {
    use super::*;
    testing::survives_garbage!(CONFIGURATION);
}
