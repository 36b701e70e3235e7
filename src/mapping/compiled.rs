//! A compiled mapping.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::diagnostic::Span;
use crate::ground::claim::{ClaimName, ClaimValue};
use crate::ground::id::{Audience, ClientId, MappingId, SourceId};
use crate::ground::scope::Scope;

use super::cel::Expression;
use super::trial::Trial;

/// A mapping file that has passed every check.
#[derive(Debug)]
pub struct Mapping {
    pub(super) id: MappingId,
    pub(super) path: String,
    pub(super) hash: Arc<str>,
    pub(super) source: SourceId,
    /// Where `source` was written, for messages.
    pub(super) source_span: Span,
    /// `None` is all.
    pub(super) clients: Option<BTreeSet<ClientId>>,
    /// `None` is all.
    pub(super) audiences: Option<BTreeSet<Audience>>,
    pub(super) attributes: Vec<Declared>,
    /// The places in `attributes` of what a source sends under a name.
    pub(super) by_name: HashMap<String, Vec<usize>>,
    pub(super) require: Vec<Require>,
    pub(super) subject: SubjectRule,
    pub(super) subject_rule_hash: String,
    pub(super) subject_replaces: Option<String>,
    /// In file order.
    pub(super) claims: Vec<ClaimRule>,
    pub(super) scopes: Vec<(Scope, Expression)>,
    pub(super) release: Arc<BTreeMap<Audience, Vec<ClaimName>>>,
    pub(super) tests: Vec<Trial>,
}

/// A declared attribute.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) short: Arc<str>,
    pub(super) name: String,
    pub(super) format: Option<String>,
    pub(super) cardinality: Cardinality,
    pub(super) optional: bool,
    /// Whether an expression reads it: only then it is put where expressions look.
    pub(super) read: bool,
}

/// How many values an attribute has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cardinality {
    /// Exactly one.
    One,
    /// A list of at most so many.
    Many { max: usize },
}

/// A rule of `require`.
#[derive(Debug)]
pub(super) struct Require {
    pub(super) id: Arc<str>,
    pub(super) expression: Expression,
    pub(super) message: String,
}

/// Whom the token is about.
#[derive(Debug)]
pub(super) enum SubjectRule {
    NameId,
    /// The place in `attributes`.
    Attribute(usize),
    Cel(Expression),
}

/// A rule of `claims`.
#[derive(Debug)]
pub(super) struct ClaimRule {
    pub(super) name: ClaimName,
    pub(super) origin: Origin,
    pub(super) required: bool,
    /// Whether an expression below reads it.
    pub(super) read: bool,
}

/// Where a claim comes from.
#[derive(Debug)]
pub(super) enum Origin {
    /// The place in `attributes`.
    Attribute(usize),
    /// The place in `attributes`, and what its values become.
    Table(usize, HashMap<String, ClaimValue>),
    Value(ClaimValue),
    Cel(Expression),
}

impl Mapping {
    /// Its `id`.
    pub const fn id(&self) -> &MappingId {
        &self.id
    }

    /// The path of its file, as shown.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// SHA-256 of the file's text, hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The source whose credentials it reads.
    pub const fn source(&self) -> &SourceId {
        &self.source
    }

    /// SHA-256 of the `subject` rule with the names it reads, hexadecimal: the same for as long as the same person
    /// gets the same subject, whatever else changes in the file.
    pub fn subject_rule_hash(&self) -> &str {
        &self.subject_rule_hash
    }

    /// `subject_replaces`: the subject rule that this one may replace.
    pub fn subject_replaces(&self) -> Option<&str> {
        self.subject_replaces.as_deref()
    }

    /// Whether it applies to this request.
    pub fn applies_to(&self, source: &SourceId, client: &ClientId, audience: &Audience) -> bool {
        self.source == *source
            && self.clients.as_ref().is_none_or(|clients| clients.contains(client))
            && self.audiences.as_ref().is_none_or(|audiences| audiences.contains(audience))
    }
}
