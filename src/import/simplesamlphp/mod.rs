//! `SimpleSAMLphp`: attribute maps, and the filters of `authproc` in its configuration.
//!
//! ```text
//! $attributemap = ['urn:oid:…' => 'mail'] ─▶ an attribute and a claim
//! 'authproc' => [50 => ['class' => 'core:AttributeMap', …]] ─▶ the same
//! ```
//!
//! A map that gives short names the names of the wire is one for sending: it is read from right to left.
//!
//! **Absent on purpose.** Every filter that does more than rename.

mod php;
#[cfg(test)]
mod tests;

use super::draft::{Attribute, ClaimRule, Draft};
use super::{ImportError, Imported, Losses, bounded, expression, names};
use php::{Element, Value};

/// Larger files are refused.
const MAX_BYTES: usize = 1 << 20;
/// The vocabularies that know what is sent.
const VOCABULARIES: [&str; 4] = ["eduperson", "simplesamlphp", "adfs", "entra"];
/// Filters are looked for this deep.
const DEEPEST: usize = 8;

pub(super) fn import(text: &str) -> Result<Imported, ImportError> {
    if text.len() > MAX_BYTES {
        return Err(ImportError::new(0, format!("the file is larger than {} MiB", MAX_BYTES >> 20)));
    }
    let mut reader = Reader { renamed: Vec::new(), losses: Losses::default(), found: false };
    for assignment in php::assignments(text) {
        if assignment.variable.eq_ignore_ascii_case("attributemap") {
            reader.found = true;
            reader.map(assignment.value.elements(), assignment.line);
            if assignment.value.elements().is_empty() {
                let why = "it is computed, or empty";
                reader.losses.add(assignment.line, "`$attributemap`", why);
            }
        } else {
            reader.search(&assignment.value, 0);
        }
    }
    if !reader.found {
        return Err(ImportError::new(1, "this holds neither `$attributemap` nor `authproc`"));
    }
    bounded(reader.renamed.len(), "entries", 1)?;
    Ok(reader.finish())
}

/// What is sent under a name, and what it is called.
struct Renamed {
    wire: String,
    local: String,
    line: usize,
}

struct Reader {
    renamed: Vec<Renamed>,
    losses: Losses,
    found: bool,
}

impl Reader {
    /// Looks for filters in configuration.
    fn search(&mut self, value: &Value, depth: usize) {
        for element in value.elements() {
            if element.key.as_deref() == Some("authproc") {
                self.found = true;
                for filter in element.value.elements() {
                    self.filter(filter);
                }
            } else if depth < DEEPEST {
                self.search(&element.value, depth + 1);
            }
        }
    }

    /// `['class' => 'core:AttributeMap', …]`, or the class alone.
    fn filter(&mut self, filter: &Element) {
        let inside = filter.value.elements();
        let of_class = inside.iter().find(|element| element.key.as_deref() == Some("class"));
        let class = of_class.map_or_else(|| filter.value.text(), |element| element.value.text());
        if class != Some("core:AttributeMap") {
            let what = format!("filter `{}`", class.unwrap_or("without a class"));
            return self.losses.add(filter.line, what, "only filters that rename attributes are carried");
        }
        let entries: Vec<Element> = inside.iter().filter(|e| e.key.as_deref() != Some("class")).cloned().collect();
        self.map(&entries, filter.line);
    }

    /// The entries of a map.
    fn map(&mut self, entries: &[Element], line: usize) {
        let mut pairs: Vec<(String, String, usize)> = Vec::new();
        for entry in entries {
            let Some(key) = entry.key.as_deref().filter(|key| !key.is_empty() && !is_number(key)) else {
                self.unkeyed(entry);
                continue;
            };
            let targets: Vec<&str> = match &entry.value {
                Value::Text(text) => vec![text],
                Value::Array(elements) => elements.iter().filter_map(|element| element.value.text()).collect(),
                Value::Other => Vec::new(),
            };
            if targets.is_empty() {
                self.losses.add(entry.line, format!("`{key}`"), "what it becomes is computed");
            }
            pairs.extend(targets.into_iter().map(|target| (key.to_owned(), target.to_owned(), entry.line)));
        }
        let sends = |(from, to, _): &&(String, String, usize)| is_wire(to) && !is_wire(from);
        let is_for_sending = pairs.iter().filter(sends).count() * 2 > pairs.len();
        if is_for_sending {
            let why =
                "it gives short names the names on the wire, so it is one for sending: it is read from right to left";
            self.losses.add(line, "the direction of the map", why);
        }
        for (from, to, line) in pairs {
            let (wire, local) = if is_for_sending { (to, from) } else { (from, to) };
            let has_room = self.renamed.len() <= super::MOST;
            if has_room && !self.renamed.iter().any(|known| known.wire == wire && known.local == local) {
                self.renamed.push(Renamed { wire, local, line });
            }
        }
    }

    /// The name of another map, or an option.
    fn unkeyed(&mut self, entry: &Element) {
        let text = entry.value.text().filter(|_| entry.key.as_deref() != Some(""));
        match text {
            Some(option) if option.starts_with('%') => {
                self.losses.add(entry.line, format!("option `{option}`"), "options of a map are not carried");
            }
            Some(map) => {
                let why = format!("a map in a file of its own: import `attributemap/{map}.php` as well");
                self.losses.add(entry.line, format!("map `{map}`"), why);
            }
            None => self.losses.add(entry.line, "an entry of a map", "its name is computed"),
        }
    }

    fn finish(mut self) -> Imported {
        let mut draft = Draft::new("simplesamlphp", "simplesamlphp", "Imported from attribute maps of SimpleSAMLphp.");
        let mut locals: Vec<(String, Vec<usize>, usize)> = Vec::new();
        for renamed in &self.renamed {
            let known = names::of_wire(&renamed.wire, &VOCABULARIES)
                .or_else(|| names::of_friendly(&renamed.local, &VOCABULARIES));
            let wish = if locals.iter().any(|(local, ..)| *local == renamed.local) {
                known.map_or(renamed.local.as_str(), |known| known.friendly.as_str())
            } else {
                &renamed.local
            };
            let place = draft.declare(&renamed.wire, Some(wish), known.is_none_or(|known| known.many));
            match locals.iter_mut().find(|(local, ..)| *local == renamed.local) {
                Some((_, places, _)) => places.push(place),
                None => locals.push((renamed.local.clone(), vec![place], renamed.line)),
            }
        }
        subject(&mut draft, &locals);
        for (local, places, line) in &locals {
            let attributes: Vec<Attribute> = places.iter().filter_map(|p| draft.attributes.get(*p).cloned()).collect();
            let name = names::claim(local);
            if names::is_reserved(name) {
                self.losses.add(*line, format!("claim `{name}`"), "it belongs to the issuer");
                continue;
            }
            let rule = match attributes.as_slice() {
                [only] => ClaimRule::From(only.short.clone()),
                several => ClaimRule::Cel(expression::first_of(&several.iter().collect::<Vec<_>>())),
            };
            if let Some(made) = draft.claims.iter().find(|claim| claim.name == name) {
                if made.rule == rule {
                    continue;
                }
                self.losses.add(*line, format!("`{local}` as claim `{name}`"), "another attribute makes it already");
                continue;
            }
            draft.claim(name, rule);
        }
        Imported { drafts: vec![draft], losses: self.losses.of_file(0) }
    }
}

/// The best identifier among what is sent under one name.
fn subject(draft: &mut Draft, locals: &[(String, Vec<usize>, usize)]) {
    let single = locals.iter().filter(|(_, places, _)| places.len() == 1).map(|(local, ..)| local.as_str());
    let best = names::identifying(&single.collect::<Vec<_>>());
    let place =
        locals.iter().find(|(local, ..)| Some(local.as_str()) == best).and_then(|(_, places, _)| places.first());
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
    key.bytes().all(|byte| byte.is_ascii_digit())
}
