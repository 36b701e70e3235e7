//! Schemas and pages of the reference that are made of the descriptions of files: see [`crate::diagnostic::shape`].

use crate::config::shapes::DRAWBRIDGE;
use crate::diagnostic::shape::reference;
use crate::mapping;

use super::super::args::SchemaOf;
use super::super::schema::schema;
use super::is_as_generated;

const MAPPING: &str = "# Mapping files: reference

<!-- Generated from src/mapping. `UPDATE_DOCS=1 cargo test reference` rewrites it; `cargo test` compares. -->

Every key, name, function, bound and code; what is not on this page is an error. [mapping.md](../mapping.md) tells how a
mapping is written. Editors complete and check these files with
[mapping.schema.json](schema/mapping.schema.json): see [configuration.md](../configuration.md#editors).
";

const CONFIGURATION: &str = "# drawbridge.yaml: reference

<!-- Generated from src/config/raw/shapes. `UPDATE_DOCS=1 cargo test reference` rewrites it; `cargo test` compares. -->

Every key. [configuration.md](../configuration.md) tells what they are for together, and
[sessions.md](../sessions.md) how a session is declared. Editors complete and check the file with
[drawbridge.schema.json](schema/drawbridge.schema.json).
";

#[test]
fn the_reference_of_mappings_is_what_the_code_says() {
    is_as_generated("docs/reference/mapping.md", &format!("{MAPPING}{}", mapping::reference::page()));
}

#[test]
fn the_reference_of_the_configuration_is_what_the_code_says() {
    is_as_generated("docs/reference/configuration.md", &format!("{CONFIGURATION}{}", reference(&DRAWBRIDGE)));
}

#[test]
fn the_schemas_are_what_the_code_says() {
    for (of, path) in [
        (SchemaOf::Mapping, "docs/reference/schema/mapping.schema.json"),
        (SchemaOf::Drawbridge, "docs/reference/schema/drawbridge.schema.json"),
    ] {
        is_as_generated(path, &format!("{:#}\n", schema(of)));
    }
}
