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

pub use draft::Draft;
pub use first::first;
pub use seen::{Seen, SeenAttribute, seen};

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

/// Something that could not be carried.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// The place of the file among those that were given.
    pub file: usize,
    /// Where it stands in it; from 1.
    pub line: usize,
    /// What it is.
    pub what: String,
    /// Why it is not carried, or what became of it instead.
    pub why: String,
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

/// What is found while one file is read.
#[derive(Debug, Default)]
struct Losses(Vec<Loss>);

impl Losses {
    fn add(&mut self, line: usize, what: impl Into<String>, why: impl Into<String>) {
        self.0.push(Loss { file: 0, line, what: what.into(), why: why.into() });
    }

    /// Those of one file, by line; nothing is told twice.
    fn of_file(mut self, file: usize) -> Vec<Loss> {
        self.0.iter_mut().for_each(|loss| loss.file = file);
        self.0.sort_by_key(|loss| loss.line);
        self.0.dedup();
        self.0
    }
}

/// Reads the files of a product. Those of Shibboleth belong together; of every other product each stands for itself.
///
/// # Errors
/// The first file that is not of the product.
pub fn import(kind: Kind, texts: &[&str]) -> Result<Imported, ImportError> {
    let one = match kind {
        Kind::Keycloak => keycloak::import,
        Kind::Shibboleth => {
            let mut imported = shibboleth::import(texts)?;
            imported.drafts.iter_mut().for_each(Draft::drop_unused);
            return Ok(imported);
        }
        Kind::Adfs => adfs::import,
        Kind::Simplesamlphp => simplesamlphp::import,
        Kind::Entra => entra::import,
        Kind::Satosa => satosa::import,
    };
    let mut all = Imported::default();
    for (file, text) in texts.iter().enumerate() {
        let imported = one(text).map_err(|error| ImportError { file, ..error })?;
        all.drafts.extend(imported.drafts);
        all.losses.extend(imported.losses.into_iter().map(|loss| Loss { file, ..loss }));
    }
    tell_apart(&mut all.drafts);
    all.drafts.iter_mut().for_each(Draft::drop_unused);
    Ok(all)
}

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
    for place in 1..drafts.len() {
        let (before, rest) = drafts.split_at_mut(place);
        let Some(draft) = rest.first_mut() else { continue };
        let taken = |id: &str| before.iter().any(|other| other.id == id);
        draft.id = names::free(&draft.id, "-", taken);
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
        assert_eq!(places, [(0, 2), (1, 2)]);
        assert_eq!(import(Kind::Adfs, &[rules, ""]).unwrap_err().file, 1);
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
