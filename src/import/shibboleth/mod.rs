//! Shibboleth: what an identity provider resolves and releases, and what a service provider reads.
//!
//! ```text
//! attribute-resolver.xml (identity provider)  ─▶ names on the wire, by id; what can be computed here
//! attribute-map.xml (service provider)        ─▶ names on the wire, by id
//! attribute-filter.xml, attribute-policy.xml  ─▶ release, and which values pass
//! ```
//!
//! The files belong together: ids of one are looked up in the others, then in the vocabulary of federations. An identity
//! provider goes on asking its data connectors; what it sends is read as it is sent.
//!
//! **Invariant.** A rule of a filter that is not understood releases nothing.

mod definition;
mod filter;
mod grants;
mod map;
mod resolver;
mod rule;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use super::draft::{Attribute, ClaimRule, Draft};
use super::xml::{self, Element};
use super::{ImportError, Imported, Losses, bounded, expression, names};

/// The vocabularies that know what is sent.
const VOCABULARIES: [&str; 2] = ["eduperson", "simplesamlphp"];

pub(super) fn import(texts: &[&str]) -> Result<Imported, ImportError> {
    let mut roots = Vec::with_capacity(texts.len());
    for (file, text) in texts.iter().enumerate() {
        let of_file = |error| ImportError { file, ..error };
        let root = xml::parse(text).map_err(of_file)?;
        let order = match root.local.as_str() {
            "AttributeResolver" => 0,
            "Attributes" if root.namespace.contains("attribute-map") => 1,
            "AttributeFilterPolicyGroup" => 2,
            other => {
                let message =
                    format!("`{other}` is none of AttributeResolver, Attributes and AttributeFilterPolicyGroup");
                return Err(of_file(ImportError::new(root.line, message)));
            }
        };
        let is_rule = |element: &&&Element| {
            matches!(
                element.local.as_str(),
                "AttributeDefinition" | "Attribute" | "AttributeRule" | "AttributeFilterPolicy" | "Rule"
            )
        };
        bounded(root.walk().iter().filter(is_rule).count(), "definitions and rules", root.line).map_err(of_file)?;
        roots.push((order, file, root));
    }
    roots.sort_by_key(|(order, file, _)| (*order, *file));
    let mut reader = Reader {
        draft: Draft::new("shibboleth", "shibboleth", "Imported from the attribute configuration of Shibboleth."),
        ids: Vec::new(),
        losses: Losses::default(),
        line: 0,
        mentioned: HashSet::new(),
        subject_is_name_id: false,
    };
    let mut granted = None;
    for (order, file, root) in &roots {
        reader.losses.file = *file;
        match order {
            0 => resolver::read(root, &mut reader),
            1 => map::read(root, &mut reader),
            _ => granted = Some(filter::read(root, granted.take().unwrap_or_default(), &mut reader)),
        }
    }
    match granted {
        Some(granted) => {
            granted.release(&mut reader);
            reader.unreleased();
        }
        None => reader.every_claim(),
    }
    reader.subject();
    Ok(Imported { drafts: vec![reader.draft], losses: reader.losses.all() })
}

/// What stands behind the id of an attribute.
#[derive(Debug, Clone)]
struct Known {
    id: String,
    /// What it is called in a token, where the file says so.
    claim: Option<String>,
    from: Origin,
    /// Whether it is only there for others.
    hidden: bool,
    /// Where it was seen first.
    file: usize,
    line: usize,
}

impl Known {
    /// What it is called in a token.
    fn claim_name(&self) -> String {
        self.claim.clone().unwrap_or_else(|| names::claim(&self.id).to_owned())
    }
}

#[derive(Debug, Clone)]
enum Origin {
    /// Places in `attributes` of the draft: the names under which it may be sent.
    Sent(Vec<usize>),
    /// Computed from what is sent.
    Computed(ClaimRule),
}

struct Reader {
    draft: Draft,
    ids: Vec<Known>,
    losses: Losses,
    /// The line that is being read.
    line: usize,
    /// The attributes of which a filter says something: what is lost of that is told there.
    mentioned: HashSet<String>,
    subject_is_name_id: bool,
}

impl Reader {
    fn known(&self, id: &str) -> Option<&Known> {
        self.ids.iter().find(|known| known.id == id)
    }

    /// Declares a name on the wire for an id; one id may be sent under several.
    fn sent(&mut self, id: &str, name: &str, many: Option<bool>) -> usize {
        let known = names::of_wire(name, &VOCABULARIES);
        let many = many.unwrap_or_else(|| known.is_none_or(|known| known.many));
        let taken = self.known(id).is_some();
        let wish = if taken { known.map_or(id, |known| known.friendly.as_str()) } else { id };
        let place = self.draft.declare(name, Some(wish), many);
        match self.ids.iter_mut().find(|known| known.id == id) {
            Some(Known { from: Origin::Sent(places), .. }) => {
                if !places.contains(&place) {
                    places.push(place);
                }
            }
            Some(known) => known.from = Origin::Sent(vec![place]),
            None => {
                let from = Origin::Sent(vec![place]);
                let (file, line) = (self.losses.file, self.line);
                self.ids.push(Known { id: id.into(), claim: None, from, hidden: false, file, line });
            }
        }
        place
    }

    /// The id as the vocabulary of federations knows it.
    fn by_vocabulary(&mut self, id: &str) -> bool {
        let Some(known) = names::of_friendly(id, &["eduperson"]) else { return false };
        self.sent(id, &known.name, Some(known.many));
        true
    }

    /// The attributes under which an id may be sent.
    fn attributes(&self, places: &[usize]) -> Vec<&Attribute> {
        places.iter().filter_map(|place| self.draft.attributes.get(*place)).collect()
    }

    /// The rule that takes an id as it comes.
    fn whole(&self, known: &Known) -> ClaimRule {
        match &known.from {
            Origin::Computed(rule) => rule.clone(),
            Origin::Sent(places) => match self.attributes(places).as_slice() {
                [only] => ClaimRule::From(only.short.clone()),
                several => ClaimRule::Cel(expression::first_of(several)),
            },
        }
    }

    /// Without a filter everything is a claim.
    fn every_claim(&mut self) {
        for known in self.ids.clone() {
            let name = known.claim_name();
            if !known.hidden && !names::is_reserved(&name) && !self.draft.has_claim(&name) {
                let rule = self.whole(&known);
                self.draft.claim(&name, rule);
            }
        }
    }

    /// Says of every attribute of which the filter says nothing that it is not there: it was not released before.
    fn unreleased(&mut self) {
        let file = self.losses.file;
        for known in self.ids.iter().filter(|known| !known.hidden && !self.mentioned.contains(&known.id)) {
            self.losses.file = known.file;
            self.losses.know(known.line, format!("attribute `{}`", known.id), "no policy of the filter releases it");
        }
        self.losses.file = file;
    }

    /// The best identifier among what is sent.
    fn subject(&mut self) {
        if self.subject_is_name_id {
            return;
        }
        let friendly = self.ids.iter().filter_map(|known| match &known.from {
            Origin::Sent(places) => {
                self.attributes(places).first().map(|attribute| (known.id.replace('-', "_"), attribute.short.clone()))
            }
            Origin::Computed(_) => None,
        });
        let friendly: Vec<(String, String)> = friendly.collect();
        let best = names::identifying(&friendly.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>());
        let short = friendly.iter().find(|(id, _)| Some(id.as_str()) == best).map(|(_, short)| short.clone());
        match short {
            Some(short) => {
                self.draft.subject_from(&short);
                self.draft.subject.note = Some("a proposal: the best identifier among these attributes".into());
            }
            None => {
                self.draft.subject.note = Some("refused where the NameID is transient, as it is unless told".into());
            }
        }
    }
}
