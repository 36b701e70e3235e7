//! A compiled mapping.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span};
use crate::ground::claim::{ClaimName, ClaimValue};
use crate::ground::id::{Audience, ClientId, MappingId, SourceId};
use crate::ground::scope::Scope;

use super::cel::Expression;
use super::claim_type::ClaimType;
use super::steps::Steps;
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
    /// The live mapping issues; a shadow only runs beside it.
    pub(super) stage: MappingStage,
    /// The most that the claims for one audience may take, in bytes of JSON.
    pub(super) budget: usize,
    pub(super) attributes: Vec<Declared>,
    /// The places in `attributes` of what a source sends under a name.
    pub(super) by_name: HashMap<String, Vec<usize>>,
    pub(super) authentication: Option<AuthenticationTable>,
    pub(super) require: Vec<Require>,
    pub(super) subject: SubjectSpec,
    /// Where its rule was written, for messages.
    pub(super) subject_span: Span,
    pub(super) subject_rule_hash: String,
    pub(super) subject_replaces: Option<String>,
    /// In file order.
    pub(super) claims: Vec<ClaimRule>,
    pub(super) scopes: Vec<ScopeRule>,
    pub(super) release: Arc<BTreeMap<Audience, Vec<ClaimName>>>,
    /// The line of each audience in `release`.
    pub(super) release_lines: Vec<(Audience, usize)>,
    pub(super) tests: Vec<Trial>,
}

/// `stage`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MappingStage {
    /// It issues.
    Live,
    /// It runs beside the live one; differences are counted.
    Shadow,
}

/// A declared attribute.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) line: usize,
    pub(super) short: Arc<str>,
    pub(super) name: String,
    pub(super) format: Option<String>,
    pub(super) cardinality: Cardinality,
    /// The longest value, in bytes.
    pub(super) max_bytes: usize,
    /// Whether several attributes of this name are one list.
    pub(super) merged: bool,
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

/// `authentication`: never without a level.
#[derive(Debug)]
pub(super) struct AuthenticationTable {
    /// The place in `attributes`; the context class where there is none.
    pub(super) from: Option<usize>,
    pub(super) lowest: Level,
    /// The levels above, in their order.
    pub(super) higher: Vec<Level>,
    /// What the source says, to the number of its level; 0 is the lowest.
    pub(super) by_context: HashMap<String, usize>,
}

/// What a login of this level is called in tokens.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) acr: String,
    pub(super) amr: Vec<String>,
}

/// A rule of `require`.
#[derive(Debug)]
pub(super) struct Require {
    pub(super) line: usize,
    pub(super) id: Arc<str>,
    pub(super) expression: Expression,
    pub(super) message: String,
}

/// `subject`
#[derive(Debug)]
pub(super) struct SubjectSpec {
    pub(super) line: usize,
    pub(super) rule: SubjectRule,
    /// The source proves that an e-mail address belongs to the person.
    pub(super) email_proven: bool,
    pub(super) link: Option<Link>,
}

/// Whom the token is about.
#[derive(Debug)]
pub(super) enum SubjectRule {
    NameId,
    /// The place in `attributes`.
    Attribute(usize),
    Cel(Expression),
}

/// The same person at another source.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) line: usize,
    pub(super) source: SourceId,
    pub(super) rule: SubjectRule,
    /// The `NameID` format there; a mapped value unless told.
    pub(super) format: Option<String>,
    /// Over the rule, without its layout: two that link alike have one.
    pub(super) hash: String,
}

/// A rule of `claims`, or a member of an object.
#[derive(Debug)]
pub(super) struct ClaimRule {
    pub(super) line: usize,
    pub(super) name: ClaimName,
    pub(super) origin: Origin,
    pub(super) kind: Option<ClaimType>,
    pub(super) missing: Missing,
    /// Whether an expression below reads it.
    pub(super) read: bool,
}

/// A rule of `scopes`.
#[derive(Debug)]
pub(super) struct ScopeRule {
    pub(super) line: usize,
    pub(super) scope: Scope,
    pub(super) expression: Expression,
}

/// What happens where a rule yields nothing.
#[derive(Debug)]
pub(super) enum Missing {
    Omit,
    Refuse,
    Default(ClaimValue),
}

/// Where a claim comes from.
#[derive(Debug)]
pub(super) enum Origin {
    /// The place in `attributes`, and what is done with its values.
    Attribute(usize, Option<Box<Steps>>),
    Value(ClaimValue),
    Cel(Expression),
    Object(Vec<ClaimRule>),
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

    /// The declared attributes: the short name, and the name that the source sends.
    pub fn attribute_names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().map(|declared| (&*declared.short, declared.name.as_str()))
    }

    /// Whether it issues, or only runs beside the one that does.
    pub const fn stage(&self) -> MappingStage {
        self.stage
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

    /// The problem of a subject rule that would give people another `sub` than the one under which it has issued, whose
    /// hash is `before`.
    pub fn subject_rule_changed(&self, before: &str) -> Diagnostic {
        let message = format!(
            "mapping `{}` has another `subject` rule than this source had: people would get another `sub`",
            self.id
        );
        let mut problem = Diagnostic::error("mapping.subject_rule_changed", &self.path, self.subject_span, message);
        problem.help(format!("if that is meant, add `subject_replaces: {before}`"));
        problem
    }

    /// Whether it applies to this request.
    pub fn applies_to(&self, source: &SourceId, client: &ClientId, audience: &Audience) -> bool {
        self.source == *source
            && self.clients.as_ref().is_none_or(|clients| clients.contains(client))
            && self.audiences.as_ref().is_none_or(|audiences| audiences.contains(audience))
    }

    /// Which part of `for` a request of its source does not meet.
    pub(super) fn why_not(&self, client: &ClientId, audience: &Audience) -> Option<String> {
        let listed = |names: Vec<&str>| names.join(", ");
        if let Some(clients) = self.clients.as_ref().filter(|clients| !clients.contains(client)) {
            let names = listed(clients.iter().map(ClientId::as_str).collect());
            return Some(format!("`{}` is for the clients {names}", self.id));
        }
        let audiences = self.audiences.as_ref().filter(|audiences| !audiences.contains(audience))?;
        let names = listed(audiences.iter().map(Audience::as_str).collect());
        Some(format!("`{}` is for the audiences {names}", self.id))
    }
}
