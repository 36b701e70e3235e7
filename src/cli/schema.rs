//! `drawbridge schema`: what editors need to complete and check the files of an operator.

use serde_json::Value;

use crate::config::shapes::DRAWBRIDGE;
use crate::diagnostic::shape::json_schema;
use crate::mapping::shapes::{MAPPING, TABLES, VOCABULARY};

use super::args::{SchemaArgs, SchemaOf};
use super::exit::{Answer, Exit};
use super::screen::Screen;

/// Prints it.
pub(super) fn run(args: &SchemaArgs, screen: &mut Screen<'_>) -> Answer {
    screen.json(&schema(args.of))?;
    Ok(Exit::Done)
}

/// The schema of one kind of file, draft 2020-12.
pub(super) fn schema(of: SchemaOf) -> Value {
    match of {
        SchemaOf::Mapping => json_schema(
            "urn:drawbridge:schema:mapping",
            "A mapping, a file of tables or a vocabulary",
            &[&MAPPING, &TABLES, &VOCABULARY],
        ),
        SchemaOf::Drawbridge => json_schema("urn:drawbridge:schema:drawbridge", "drawbridge.yaml", &[&DRAWBRIDGE]),
    }
}
