use super::super::testing::{self, losses};
use super::*;

const MAP: &str = include_str!("../../../fixtures/import/simplesamlphp/campus2name.php");
const CONFIGURATION: &str = include_str!("../../../fixtures/import/simplesamlphp/saml20-idp-remote.php");

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
fn filters_that_rename_are_carried_and_the_others_told() {
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
