//! `SimpleSAMLphp`: attribute maps, and the filters of `authproc` in its configuration.
//!
//! ```text
//! $attributemap = ['urn:oid:…' => 'mail'] ─▶ an attribute and a claim
//! 'authproc' => [50 => ['class' => 'core:AttributeMap', …]] ─▶ the same
//! ```
//!
//! A map that gives short names the names of the wire is one for sending: it is read from right to left. Each `authproc`
//! is of one source, and makes a mapping of its own; a map in another file that it names may be given beside it.
//!
//! **Absent on purpose.** Every filter that does more than rename. What such a filter touches is not carried.

mod chain;
mod filters;
mod php;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::draft::{Attribute, ClaimRule, Draft, Requirement};
use super::{ImportError, Imported, Losses, bounded, expression, names};
use chain::{Chain, Flow, Map};
use php::{Element, Value};

/// Larger files are refused.
const MAX_BYTES: usize = 1 << 20;
/// The vocabularies that know what is sent.
const VOCABULARIES: [&str; 4] = ["eduperson", "simplesamlphp", "adfs", "entra"];
/// The filter that renames.
const MAP: &str = "core:AttributeMap";
/// Filters are looked for this deep.
const DEEPEST: usize = 8;

pub(super) fn import(texts: &[&str]) -> Result<Imported, ImportError> {
    let mut found = Found::default();
    for (file, text) in texts.iter().enumerate() {
        found.read(file, text).map_err(|error| ImportError { file, ..error })?;
    }
    let mut losses = Losses::default();
    let mut drafts = Vec::new();
    let mut is_used = false;
    for (place, source) in found.sources().iter().enumerate() {
        losses.mapping = Some(place);
        // Of several maps, or several names, nobody knows which is which.
        let given =
            if let ([only], true) = (found.maps.as_slice(), source.names_one_map()) { Some(only) } else { None };
        is_used |= given.is_some();
        let mut chain = Chain::new(given, &mut losses);
        source.filters.iter().for_each(|(file, filter)| chain.filter(*file, filter));
        let line = source.filters.first().map_or(0, |(_, filter)| filter.line);
        drafts.push(Draft { line, ..finish(chain, source.file)? });
    }
    losses.mapping = None;
    match drafts.is_empty() {
        true => {
            for file in 0..texts.len() {
                (losses.file, losses.mapping) = (file, Some(file));
                let mut chain = Chain::new(None, &mut losses);
                found.maps.iter().filter(|map| map.file == file).for_each(|map| chain.map(&map.entries, map.line));
                drafts.push(finish(chain, file)?);
            }
        }
        false if is_used => {}
        false => {
            for map in &found.maps {
                losses.file = map.file;
                let why =
                    "it is not clear which filter it is for: import one map with the one file that names it, or alone";
                losses.add(map.line, "`$attributemap`", why);
            }
        }
    }
    Ok(Imported { drafts, losses: losses.all() })
}

/// What the files hold.
#[derive(Default)]
struct Found {
    maps: Vec<Map>,
    /// The filters of one source each.
    blocks: Vec<(usize, Vec<Element>)>,
    /// Filters of every source: `authproc.sp` and its like.
    general: Vec<(usize, Vec<Element>)>,
}

impl Found {
    fn read(&mut self, file: usize, text: &str) -> Result<(), ImportError> {
        if text.len() > MAX_BYTES {
            return Err(ImportError::new(0, format!("the file is larger than {} MiB", MAX_BYTES >> 20)));
        }
        let before = self.count();
        for assignment in php::assignments(text) {
            if assignment.variable.eq_ignore_ascii_case("attributemap") {
                let entries = assignment.value.elements().to_vec();
                self.maps.push(Map { file, line: assignment.line, entries });
            } else {
                self.search(file, &assignment.value, 0);
            }
        }
        if self.count() == before {
            return Err(ImportError::new(1, "this holds neither `$attributemap` nor `authproc`"));
        }
        Ok(())
    }

    const fn count(&self) -> usize {
        self.maps.len() + self.blocks.len() + self.general.len()
    }

    /// Looks for filters in configuration.
    fn search(&mut self, file: usize, value: &Value, depth: usize) {
        for element in value.elements() {
            let key = element.key.as_deref().unwrap_or_default();
            if key == "authproc" || key.starts_with("authproc.") {
                let filters = match &element.value {
                    Value::Array(filters) => filters.clone(),
                    // Nobody knows what is in it, so it stands for a filter of which nobody knows what it does.
                    Value::Text(_) | Value::Other => {
                        vec![Element { key: None, value: Value::Other, line: element.line }]
                    }
                };
                let into = if key == "authproc" { &mut self.blocks } else { &mut self.general };
                into.push((file, filters));
            } else if depth < DEEPEST {
                self.search(file, &element.value, depth + 1);
            }
        }
    }

    /// The filters of each source in the order in which they run: that of their numbers.
    fn sources(&self) -> Vec<SourceFilters> {
        let in_order = |file: usize, own: &[(usize, Vec<Element>)]| {
            let mut numbered: Vec<(u64, usize, Element)> = Vec::new();
            for (file, filters) in self.general.iter().chain(own) {
                let mut next = 0_u64;
                for filter in filters {
                    let number = filter.key.as_deref().and_then(|key| key.parse::<u64>().ok()).unwrap_or(next);
                    next = number.saturating_add(1);
                    numbered.push((number, *file, filter.clone()));
                }
            }
            numbered.sort_by_key(|(number, ..)| *number);
            SourceFilters { file, filters: numbered.into_iter().map(|(_, file, filter)| (file, filter)).collect() }
        };
        match (self.blocks.as_slice(), self.general.first()) {
            ([], Some((file, _))) => vec![in_order(*file, &[])],
            (blocks, _) => blocks.iter().map(|block| in_order(block.0, std::slice::from_ref(block))).collect(),
        }
    }
}

/// Filters, each with its file.
struct SourceFilters {
    file: usize,
    filters: Vec<(usize, Element)>,
}

impl SourceFilters {
    /// Whether maps that are in other files have one name.
    fn names_one_map(&self) -> bool {
        let is_map = |element: &&Element| element.key.as_deref() == Some("class") && element.value.text() == Some(MAP);
        let mut names: Vec<&str> = Vec::new();
        for (_, filter) in &self.filters {
            let inside = filter.value.elements();
            if inside.iter().any(|element| is_map(&element)) {
                let unkeyed = inside.iter().filter(|element| element.key.as_deref().is_none_or(is_number));
                names.extend(unkeyed.filter_map(|element| element.value.text()).filter(|name| !name.starts_with('%')));
            }
        }
        names.dedup();
        names.len() == 1
    }
}

/// The mapping of what went through all filters.
fn finish(chain: Chain<'_>, file: usize) -> Result<Draft, ImportError> {
    bounded(chain.flows.len(), "entries", 1).map_err(|error| ImportError { file, ..error })?;
    let mut draft = Draft::new("simplesamlphp", "simplesamlphp", "Imported from attribute maps of SimpleSAMLphp.");
    draft.file = file;
    if chain.refuses() {
        draft.require.push(Requirement {
            id: "filter_not_carried".into(),
            cel: "false".into(),
            message: "a filter that sends people away was not carried".into(),
            note: None,
        });
    }
    let (flows, losses) = chain.tell();
    let locals = declare(&mut draft, &flows);
    subject(&mut draft, &locals);
    claims(&mut draft, &locals, losses);
    Ok(draft)
}

/// What several names on the wire are called.
struct Local<'f> {
    first: &'f Flow,
    /// Places in `attributes` of the draft.
    places: Vec<usize>,
}

fn declare<'f>(draft: &mut Draft, flows: &'f [Flow]) -> Vec<Local<'f>> {
    let mut locals: Vec<Local<'_>> = Vec::new();
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    for flow in flows {
        let known =
            names::of_wire(&flow.wire, &VOCABULARIES).or_else(|| names::of_friendly(&flow.local, &VOCABULARIES));
        let same = by_name.get(flow.local.as_str()).copied();
        let wish = match (same, known) {
            (Some(_), Some(known)) => known.friendly.as_str(),
            (Some(_) | None, _) => &flow.local,
        };
        let place = draft.declare(&flow.wire, Some(wish), known.is_none_or(|known| known.many));
        if let Some(attribute) = draft.attributes.get_mut(place).filter(|_| flow.is_unsure) {
            attribute.note = Some("a name of a map that was not carried: write the one that is sent".into());
        }
        if let Some(local) = same.and_then(|same| locals.get_mut(same)) {
            local.places.push(place);
        } else {
            by_name.insert(&flow.local, locals.len());
            locals.push(Local { first: flow, places: vec![place] });
        }
    }
    locals
}

fn claims(draft: &mut Draft, locals: &[Local<'_>], losses: &mut Losses) {
    for Local { first, places } in locals {
        losses.file = first.file;
        let (local, line) = (&first.local, first.line);
        if first.is_unsure {
            let why = "its name comes of a map that was not carried: write the name that is sent";
            losses.add(line, format!("attribute `{}`", first.wire), why);
        }
        let attributes: Vec<Attribute> = places.iter().filter_map(|p| draft.attributes.get(*p).cloned()).collect();
        let name = names::claim(local);
        if names::is_reserved(name) {
            losses.add(line, format!("claim `{name}`"), "it belongs to the issuer");
            continue;
        }
        let rule = match attributes.as_slice() {
            [only] => ClaimRule::From(only.short.clone()),
            several => ClaimRule::Cel(expression::first_of(&several.iter().collect::<Vec<_>>())),
        };
        match draft.claims.iter().find(|claim| claim.name == name) {
            None => draft.claim(name, rule),
            Some(made) if made.rule == rule => {}
            Some(_) => {
                losses.add(line, format!("`{local}` as claim `{name}`"), "another attribute makes it already");
            }
        }
    }
}

/// The best identifier among what is sent under one name.
fn subject(draft: &mut Draft, locals: &[Local<'_>]) {
    let single = locals.iter().filter(|local| local.places.len() == 1).map(|local| local.first.local.as_str());
    let best = names::identifying(&single.collect::<Vec<_>>());
    let local = locals.iter().find(|local| Some(local.first.local.as_str()) == best);
    let place = local.and_then(|local| local.places.first());
    let short = place.and_then(|place| draft.attributes.get(*place)).map(|attribute| attribute.short.clone());
    match short {
        Some(short) => {
            draft.subject_from(&short);
            draft.subject.note = Some("a proposal: the best identifier among these attributes".into());
        }
        None => draft.subject.note = Some("refused where the NameID is transient".into()),
    }
}

/// Whether this is a name on the wire rather than a short one.
fn is_wire(name: &str) -> bool {
    name.contains([':', '/'])
}

fn is_number(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}
