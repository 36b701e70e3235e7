//! Configuration of other products: what it says of attributes and claims, as drafts of mappings.
//!
//! Floor 6. Pure: text in, text out; whoever has files reads them and writes them.
//!
//! ```text
//! texts ─satosa, keycloak, shibboleth, adfs, simplesamlphp, entra─▶ Imported { drafts, losses } ─Draft::to_yaml─▶ mapping files
//! a credential at hand ─seen─▶ Seen ─first─▶ Draft                                              (`mapping new`)
//! ```
//!
//! **Invariant.** What is not carried is told: each [`Loss`] has the line that it comes from. Where a rule that narrows
//! cannot be carried, what it narrows is not carried either: a draft never releases or grants more than the old file.
//!
//! **Invariant.** No text makes an importer panic, run long or take much memory: inputs are bounded, trees are bounded,
//! nothing of a file is executed.
//!
//! **Absent on purpose.** Trust: keys, certificates, endpoints and metadata are configuration, not mapping. Values of
//! people: those stay with the old product.

mod adfs;
pub mod draft;
mod entra;
mod expression;
mod first;
mod json;
mod keycloak;
mod keys;
mod loss;
mod names;
mod parts;
mod pattern;
mod satosa;
mod seen;
mod shibboleth;
mod simplesamlphp;
#[cfg(test)]
mod testing;
mod xml;

use std::collections::{HashMap, HashSet};

pub use draft::Draft;
pub use first::first;
pub use loss::{Loss, Weight};
pub use seen::{Seen, SeenAttribute, seen};

use loss::Losses;

/// A product whose files can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// SATOSA: `internal_attributes.yaml`.
    Satosa,
    /// Keycloak: an export of a realm.
    Keycloak,
    /// Shibboleth: `attribute-resolver.xml`, `attribute-filter.xml`, `attribute-map.xml`, `attribute-policy.xml`.
    Shibboleth,
    /// AD FS: claim rules.
    Adfs,
    /// `SimpleSAMLphp`: attribute maps, and configuration with `authproc`.
    Simplesamlphp,
    /// Entra: claims-mapping policies.
    Entra,
}

/// What came of the files of a product.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// Mappings.
    pub drafts: Vec<Draft>,
    /// What is not in them, in the order of the files.
    pub losses: Vec<Loss>,
}

/// A file that is not of the product, or that nobody can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ImportError {
    /// The place of the file among those that were given.
    pub file: usize,
    /// From 1; 0 is the file as a whole.
    pub line: usize,
    /// One sentence.
    pub message: String,
}

impl ImportError {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self { file: 0, line, message: message.into() }
    }
}

/// Rules, mappers, definitions or entries of a file; each is compared with those before it.
const MOST: usize = 5_000;

/// Refuses a file that would keep an importer busy.
fn bounded(count: usize, what: &str, line: usize) -> Result<(), ImportError> {
    if count > MOST {
        return Err(ImportError::new(line, format!("the file has {count} {what}; at most {MOST} are read")));
    }
    Ok(())
}

/// Reads the files of a product. Those of Shibboleth, AD FS and `SimpleSAMLphp` may belong together; of every other
/// product each stands for itself.
///
/// # Errors
/// The first file that is not of the product, and files that cannot belong together.
pub fn import(kind: Kind, texts: &[&str]) -> Result<Imported, ImportError> {
    let mut all = match kind {
        Kind::Keycloak => each(texts, keycloak::import)?,
        Kind::Entra => each(texts, entra::import)?,
        Kind::Satosa => each(texts, satosa::import)?,
        Kind::Shibboleth => shibboleth::import(texts)?,
        Kind::Adfs => adfs::import(texts)?,
        Kind::Simplesamlphp => simplesamlphp::import(texts)?,
    };
    tell_apart(&mut all.drafts);
    of_one_source(&mut all);
    keys::check(&mut all);
    all.drafts.iter_mut().for_each(Draft::drop_unused);
    friendly_names(&mut all);
    all.losses.sort_by_key(|loss| (loss.file, loss.line));
    Ok(all)
}

/// Every file by itself.
fn each(texts: &[&str], one: impl Fn(&str) -> Result<Imported, ImportError>) -> Result<Imported, ImportError> {
    let mut all = Imported::default();
    for (file, text) in texts.iter().enumerate() {
        let imported = one(text).map_err(|error| ImportError { file, ..error })?;
        all.add(file, imported);
    }
    Ok(all)
}

impl Imported {
    /// Adds what came of one more file.
    fn add(&mut self, file: usize, more: Self) {
        let before = self.drafts.len();
        let only = (more.drafts.len() == 1).then_some(0);
        let place = |loss: Loss| Loss { file, mapping: loss.mapping.or(only).map(|at| at + before), ..loss };
        self.losses.extend(more.losses.into_iter().map(place));
        self.drafts.extend(more.drafts.into_iter().map(|draft| Draft { file, ..draft }));
    }
}

/// Mappings of one source overlap, unless each says for whom it is.
fn of_one_source(all: &mut Imported) {
    let mut count: HashMap<&str, usize> = HashMap::new();
    for draft in &all.drafts {
        *count.entry(&draft.source).or_default() += 1;
    }
    let shares = |draft: &Draft| count.get(draft.source.as_str()).is_some_and(|count| *count > 1);
    let mut told: Vec<Loss> = Vec::new();
    for (place, draft) in all.drafts.iter().enumerate().filter(|(_, draft)| shares(draft)) {
        told.push(Loss {
            file: draft.file,
            line: draft.line.max(1),
            mapping: Some(place),
            weight: Weight::Decide,
            what: format!("two mappings of one source: `{}` and another are of `{}`", draft.id, draft.source),
            why: "they overlap, and are not loaded together: give each its own `source`, or a `for` with its audiences"
                .into(),
        });
    }
    all.losses.extend(told);
}

/// An old file that knows an attribute by its friendly name does not say what is sent: nobody finds it under that.
fn friendly_names(all: &mut Imported) {
    for (place, draft) in all.drafts.iter_mut().enumerate() {
        for attribute in draft.attributes.iter_mut().filter(|attribute| attribute.note.is_none()) {
            let is_on_the_wire = attribute.name.contains([':', '/']) || names::of_wire(&attribute.name, &[]).is_some();
            if is_on_the_wire {
                continue;
            }
            let Some(known) = names::of_friendly(&attribute.name, &FRIENDLY) else { continue };
            attribute.note = Some(format!("a FriendlyName? It is mostly sent as {}", known.name));
            all.losses.push(Loss {
                file: draft.file,
                line: draft.line.max(1),
                mapping: Some(place),
                weight: Weight::Decide,
                what: format!("attribute `{}`", attribute.name),
                why: format!("that is a FriendlyName; write the name that is sent, mostly `{}`", known.name),
            });
        }
    }
}

/// The vocabularies whose names on the wire are not their friendly names.
const FRIENDLY: [&str; 3] = ["eduperson", "adfs", "entra"];

/// A subject that is an e-mail address is not taken over: whether the source proves addresses, and never gives one to
/// somebody else, is for the administrator to say.
fn not_by_email(draft: &mut Draft, line: usize, losses: &mut Losses) {
    let Some(short) = draft.email_subject().map(|attribute| attribute.short.clone()) else { return };
    let why = "an address may be given to somebody else: choose an identifier; or write `email_proven: true` beside it, \
               if this source proves addresses and never reassigns them";
    losses.add(line, format!("the e-mail address `{short}` as subject"), why);
    draft.subject = draft::Subject {
        note: Some(format!("the old product used the e-mail address `{short}`: choose an identifier")),
        ..draft::Subject::default()
    };
    if let Some(attribute) = draft.attributes.iter_mut().find(|attribute| attribute.short == short) {
        attribute.optional = true;
    }
}

/// No two drafts have one id.
fn tell_apart(drafts: &mut [Draft]) {
    let mut taken: HashSet<String> = HashSet::new();
    for draft in drafts {
        draft.id = names::free(&draft.id, "-", |id| taken.contains(id));
        taken.insert(draft.id.clone());
    }
}

/// A word for `id` and `source` from a name of another product.
fn plain_word(name: &str, otherwise: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' };
    let word: String = name.trim().chars().map(plain).take(48).collect();
    let word = word.trim_matches(['-', '.']).to_owned();
    if word.is_empty() { otherwise.to_owned() } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_would_keep_an_importer_busy_is_refused() {
        let many = |part: &str| part.repeat(MOST + 1);
        let numbered = |part: fn(usize) -> String| (0..=MOST).map(part).collect::<String>();
        let json = |key: &str| format!("{{\"identityProviders\": [], \"{key}\": [{}0]}}", many("0,"));
        for (kind, text) in [
            (Kind::Satosa, format!("attributes:\n{}", numbered(|n| format!(" a{n}: 0\n")))),
            (Kind::Keycloak, json("identityProviderMappers")),
            (Kind::Keycloak, json("identityProviders")),
            (Kind::Shibboleth, format!("<AttributeResolver>{}</AttributeResolver>", many("<AttributeDefinition/>"))),
            (Kind::Shibboleth, format!("<AttributeFilterPolicyGroup>{}</AttributeFilterPolicyGroup>", many("<Rule/>"))),
            (Kind::Adfs, many("=> issue(Type = \"x\", Value = \"y\");")),
            (Kind::Simplesamlphp, format!("$attributemap = [{}];", numbered(|n| format!("'urn:x:{n}' => 'a',")))),
            (Kind::Entra, format!("{{\"ClaimsMappingPolicy\": {{\"ClaimsSchema\": [{}0]}}}}", many("0,"))),
        ] {
            let error = import(kind, &[&text]).unwrap_err();
            assert!(error.message.ends_with("at most 5000 are read"), "{kind:?}: {}", error.message);
        }
    }

    #[test]
    fn several_files_are_told_apart() {
        let rules = "=> issue(Type = \"x\", Value = \"y\");\nnonsense;";
        let imported = import(Kind::Adfs, &[rules, rules]).unwrap();
        let ids: Vec<&str> = imported.drafts.iter().map(|draft| draft.id.as_str()).collect();
        assert_eq!(ids, ["adfs", "adfs-2"]);
        let places: Vec<_> = imported.losses.iter().map(|loss| (loss.file, loss.line)).collect();
        assert_eq!(places, [(0, 1), (0, 2), (1, 1), (1, 2)]);
        assert!(imported.losses[0].what.starts_with("two mappings of one source: "), "{:?}", imported.losses[0]);
        assert_eq!(
            imported.losses.iter().map(|loss| loss.mapping).collect::<Vec<_>>(),
            [Some(0), Some(0), Some(1), Some(1)]
        );
        assert_eq!(import(Kind::Adfs, &[rules, ""]).unwrap_err().file, 1);
    }

    #[test]
    fn a_friendly_name_is_not_taken_for_what_is_sent() {
        let map = "$attributemap = ['eduPersonUniqueId' => 'id', 'mail' => 'mail', 'unheardOf' => 'other'];";
        let imported = import(Kind::Simplesamlphp, &[map]).unwrap();
        let told: Vec<String> = imported.losses.iter().map(|loss| format!("{}: {}", loss.what, loss.why)).collect();
        let expected = "attribute `eduPersonUniqueId`: that is a FriendlyName; write the name that is sent, mostly \
                        `urn:oid:1.3.6.1.4.1.5923.1.1.1.13`";
        assert_eq!(told, [expected]);
        let noted = imported.drafts[0].attributes.iter().filter(|attribute| attribute.note.is_some());
        assert_eq!(noted.map(|attribute| attribute.name.as_str()).collect::<Vec<_>>(), ["eduPersonUniqueId"]);
    }

    #[test]
    fn attributes_that_no_rule_reads_are_left_out() {
        let mut draft = Draft::new("x", "s", "");
        for name in ["used", "unused", "use", "who"] {
            draft.declare(name, None, false);
        }
        draft.claim("c", draft::ClaimRule::Cel("has(attr.used) ? attr.used : null".into()));
        draft.subject_from("who");
        draft.drop_unused();
        let left: Vec<&str> = draft.attributes.iter().map(|attribute| attribute.short.as_str()).collect();
        assert_eq!(left, ["used", "who"]);
    }

    #[test]
    fn a_name_becomes_a_plain_word() {
        assert_eq!(plain_word("Corp AD FS (new)", "x"), "Corp-AD-FS--new");
        assert_eq!(plain_word("../..", "x"), "x");
        assert_eq!(plain_word("é", "x"), "x");
    }
}
