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
    /// SimpleSAMLphp: attribute maps, and configuration with `authproc`.
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

/// What is found while one file is read.
#[derive(Debug, Default)]
struct Losses(Vec<Loss>);

impl Losses {
    fn add(&mut self, line: usize, what: impl Into<String>, why: impl Into<String>) {
        let loss = Loss { file: 0, line, what: what.into(), why: why.into() };
        if !self.0.contains(&loss) {
            self.0.push(loss);
        }
    }

    /// Those of one file, by line.
    fn of_file(mut self, file: usize) -> Vec<Loss> {
        self.0.iter_mut().for_each(|loss| loss.file = file);
        self.0.sort_by_key(|loss| loss.line);
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
        if taken(&draft.id) {
            let numbered = (2..).map(|number| format!("{}-{number}", draft.id)).find(|id| !taken(id));
            draft.id = numbered.unwrap_or_default();
        }
    }
}

/// A word for `id` and `source` from a name of another product.
fn plain_word(name: &str, otherwise: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' };
    let word: String = name.trim().chars().map(plain).take(48).collect();
    let word = word.trim_matches(['-', '.']).to_owned();
    if word.is_empty() { otherwise.to_owned() } else { word }
}
