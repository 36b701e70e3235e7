//! A mapping that is being written: what it will say, and the file that says it.
//!
//! ```text
//! an importer, or `mapping new` ─▶ Draft ─to_yaml─▶ text that `crate::mapping` reads as what was meant
//! ```
//!
//! **Invariant.** Whatever text a draft holds, its file reads back as that text (see the property test).
//!
//! **Absent on purpose.** Judgement: a draft may name what does not exist, and only the compiler says so.

mod scalar;
#[cfg(test)]
mod tests;
mod write;

use crate::ground::claim::ClaimValue;
use crate::mapping::vocabulary;

use super::names;

/// A mapping file before it is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// `id`
    pub id: String,
    /// `description`
    pub description: String,
    /// `source`
    pub source: String,
    /// Whether the source is a word that nobody has said: the file then says so.
    pub source_is_guessed: bool,
    /// Why it had to be guessed, where that can be said.
    pub guessed_because: Option<String>,
    /// The place of the file that it was made of among those that were given.
    pub file: usize,
    /// Where it begins in it; 0 is the file as a whole.
    pub line: usize,
    /// What was lost and must be decided, as comments at the top.
    pub to_decide: Vec<String>,
    /// What was lost and is only to be known.
    pub to_know: Vec<String>,
    /// What the administrator should know, as a comment at the top; one element is one paragraph.
    pub notes: Vec<String>,
    /// `attributes`, in order.
    pub attributes: Vec<Attribute>,
    /// `require`, in order.
    pub require: Vec<Requirement>,
    /// `subject`
    pub subject: Subject,
    /// `claims`, in order.
    pub claims: Vec<Claim>,
    /// `scopes`: a name and its expression.
    pub scopes: Vec<(String, String)>,
    /// `release`: an audience and the claims that it may see.
    pub release: Vec<(String, Vec<String>)>,
    /// `tests`, in order.
    pub tests: Vec<Trial>,
}

/// `attributes.<short>`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attribute {
    /// The short name.
    pub short: String,
    /// The name on the wire.
    pub name: String,
    /// `NameFormat`, where two share a name.
    pub format: Option<String>,
    /// A list.
    pub many: bool,
    /// May be absent.
    pub optional: bool,
    /// A comment.
    pub note: Option<String>,
}

/// One element of `require`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The last word of the reason code.
    pub id: String,
    /// What must be true.
    pub cel: String,
    /// What somebody who is refused is told.
    pub message: String,
    /// A comment.
    pub note: Option<String>,
}

/// `subject`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Where it comes from.
    pub rule: SubjectRule,
    /// A comment.
    pub note: Option<String>,
}

/// Where the subject comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectRule {
    /// `from`: a short name, or `name_id`.
    From(String),
    /// `cel`
    Cel(String),
}

impl Default for Subject {
    fn default() -> Self {
        Self { rule: SubjectRule::From("name_id".into()), note: None }
    }
}

/// `claims.<name>`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The name in the token.
    pub name: String,
    /// Where its value comes from.
    pub rule: ClaimRule,
    /// A comment.
    pub note: Option<String>,
}

/// Where the value of a claim comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimRule {
    /// The attribute with this short name.
    From(String),
    /// The same, each value as this `type`.
    Typed(String, &'static str),
    /// The same, translated; what is not in the table is dropped.
    Table(String, Vec<(String, String)>),
    /// An object: for each member the attribute that it comes from.
    Object(Vec<(String, String)>),
    /// A fixed value.
    Value(ClaimValue),
    /// An expression.
    Cel(String),
}

/// One element of `tests`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trial {
    /// `name`
    pub name: String,
    /// `given.attributes`, by short name.
    pub attributes: Vec<(String, Vec<String>)>,
    /// The other texts of `given`: `name_id`, `name_id_format`, `acr`.
    pub given: Vec<(&'static str, String)>,
    /// `expect.claims`
    pub claims: Vec<(String, ClaimValue)>,
    /// `expect.absent`
    pub absent: Vec<String>,
    /// `expect.subject`
    pub subject: Option<String>,
    /// `expect.refused`; the other expectations are then a comment, for whoever mends what is refused.
    pub refused: Option<String>,
    /// What those who read that comment have to do.
    pub once_mended: Option<String>,
}

impl Draft {
    /// A mapping without rules.
    pub fn new(id: &str, source: &str, description: &str) -> Self {
        let (id, source, description) = (id.into(), source.into(), description.into());
        Self { id, source, description, source_is_guessed: true, ..Self::default() }
    }

    /// The same mapping for a source that somebody has named.
    #[must_use]
    pub fn for_source(self, source: &str) -> Self {
        Self { source: source.into(), source_is_guessed: false, ..self }
    }

    /// The file.
    pub fn to_yaml(&self) -> String {
        write::write(self)
    }

    /// The declared attribute with this name on the wire.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The declared attribute with this short name.
    pub fn by_short(&self, short: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.short == short)
    }

    /// Declares what is sent under this name, optional, unless it is declared already; its short name comes from
    /// `wish`, or from its own name. Returns the place in `attributes`.
    pub(super) fn declare(&mut self, name: &str, wish: Option<&str>, many: bool) -> usize {
        if let Some(place) = self.attributes.iter().position(|attribute| attribute.name == name) {
            return place;
        }
        let short =
            names::short(wish.unwrap_or_else(|| names::last_segment(name)), |short| self.by_short(short).is_some());
        let attribute = Attribute { short, name: name.into(), many, optional: true, ..Attribute::default() };
        self.attributes.push(attribute);
        self.attributes.len() - 1
    }

    /// Makes the attribute with this short name the subject: it must then be there, once.
    pub(super) fn subject_from(&mut self, short: &str) {
        if let Some(attribute) = self.attributes.iter_mut().find(|attribute| attribute.short == short) {
            attribute.optional = false;
            attribute.many = false;
        }
        self.subject.rule = SubjectRule::From(short.into());
    }

    /// Leaves out attributes that no rule reads: they would be declared in vain.
    pub(super) fn drop_unused(&mut self) {
        let mut attributes = std::mem::take(&mut self.attributes);
        attributes.retain(|attribute| self.reads(&attribute.short));
        self.attributes = attributes;
    }

    fn reads(&self, short: &str) -> bool {
        let wanted = format!("attr.{short}");
        let in_text = |cel: &str| {
            cel.match_indices(&wanted).any(|(at, found)| {
                let behind = cel.get(at + found.len()..).and_then(|rest| rest.chars().next());
                behind.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_')
            })
        };
        let in_subject = match &self.subject.rule {
            SubjectRule::From(from) => from == short,
            SubjectRule::Cel(cel) => in_text(cel),
        };
        let in_claim = |claim: &Claim| match &claim.rule {
            ClaimRule::From(from) | ClaimRule::Table(from, _) | ClaimRule::Typed(from, _) => from == short,
            ClaimRule::Object(members) => members.iter().any(|(_, from)| from == short),
            ClaimRule::Cel(cel) => in_text(cel),
            ClaimRule::Value(_) => false,
        };
        in_subject
            || self.require.iter().any(|rule| in_text(&rule.cel))
            || self.scopes.iter().any(|(_, cel)| in_text(cel))
            || self.claims.iter().any(in_claim)
    }

    /// The attribute by whose e-mail address somebody would be known, if the subject is one. An address may be given to
    /// somebody else, and only an administrator knows whether a source proves it.
    pub(super) fn email_subject(&self) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| {
            let read = match &self.subject.rule {
                SubjectRule::From(from) => *from == attribute.short,
                SubjectRule::Cel(cel) => cel.contains(&format!("attr.{}", attribute.short)),
            };
            read && vocabulary::is_email(&attribute.name)
        })
    }

    /// Whether a claim has this name.
    pub(super) fn has_claim(&self, name: &str) -> bool {
        self.claims.iter().any(|claim| claim.name == name)
    }

    /// Adds a claim behind the others.
    pub(super) fn claim(&mut self, name: &str, rule: ClaimRule) {
        self.claims.push(Claim { name: name.into(), rule, note: None });
    }
}
