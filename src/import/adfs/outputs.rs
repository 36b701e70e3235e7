//! The claims that rules make, until all rules are read.

use super::super::parts::Parts;
use super::{Attribute, ClaimRule, Draft, expression, names};
use crate::ground::claim::ClaimValue;

/// The claims of one type that are issued, or that are only added for other rules.
pub(super) struct Output {
    kind: String,
    issued: bool,
    name: String,
    /// Attributes that are passed through whole, by their places.
    whole: Vec<usize>,
    /// Single values, each with its condition.
    singles: Vec<(Option<String>, String)>,
    /// Everything else.
    parts: Parts,
    /// What its rules read: it is written below them.
    reads: Vec<usize>,
    /// Whether a rule has read it: it gets nothing more then.
    read: bool,
    /// Whether all of it was sent under its own type.
    is_what_was_sent: bool,
}

#[derive(Default)]
pub(super) struct Outputs {
    all: Vec<Output>,
    /// Those before belong to another set of rules, which nobody behind sees.
    open_from: usize,
}

/// A piece of an output.
pub(super) enum Piece {
    /// An attribute as it is.
    Whole(usize),
    /// A value of an attribute becomes another.
    Row(usize, String, String),
    /// One value, where a condition holds.
    Single(Option<String>, String),
    /// An expression that yields a list.
    List(String),
}

/// To which output a piece goes.
pub(super) struct Target<'r> {
    pub(super) kind: &'r str,
    pub(super) issued: bool,
    /// Whether the rule reads nothing but this type, as it was sent.
    pub(super) own: bool,
}

impl Outputs {
    pub(super) fn get(&self, place: usize) -> Option<&Output> {
        self.all.get(place)
    }

    /// The places of what rules above have made of a type, beside what was sent.
    pub(super) fn of_kind(&self, kind: &str) -> Vec<usize> {
        let is_more = |output: &Output| output.kind == kind && !output.is_what_was_sent;
        (self.open_from..self.all.len()).filter(|place| self.all.get(*place).is_some_and(is_more)).collect()
    }

    /// Another set of rules begins: it neither reads nor adds to what was made so far.
    pub(super) fn seal(&mut self) {
        self.open_from = self.all.len();
    }

    /// Nothing more is added to it.
    pub(super) fn close(&mut self, place: usize) {
        if let Some(output) = self.all.get_mut(place) {
            output.read = true;
        }
    }

    /// Adds pieces to the output of a type, or says why not.
    pub(super) fn add(&mut self, to: &Target<'_>, pieces: Vec<Piece>, reads: &[usize]) -> Result<(), &'static str> {
        let is_same = |output: &Output| output.kind == to.kind && output.issued == to.issued;
        let place = self.all.iter().skip(self.open_from).position(is_same).map(|place| place + self.open_from);
        let place = place.unwrap_or_else(|| {
            let name = self.name(to.kind, to.issued);
            self.all.push(Output::new(to.kind, to.issued, name));
            self.all.len() - 1
        });
        let Some(output) = self.all.get_mut(place) else { return Ok(()) };
        if output.read || reads.contains(&place) {
            return Err("a rule above has read what this rule adds to");
        }
        output.is_what_was_sent &= to.own;
        for piece in pieces {
            match piece {
                Piece::Whole(attribute) if output.whole.contains(&attribute) => {}
                Piece::Whole(attribute) => output.whole.push(attribute),
                Piece::Row(attribute, value, becomes) => output.parts.row(attribute, &value, &becomes),
                Piece::Single(condition, value) => {
                    let single = (condition, value);
                    if !output.singles.contains(&single) {
                        output.singles.push(single);
                    }
                }
                Piece::List(cel) => output.parts.list(cel),
            }
        }
        output.reads.extend(reads.iter().copied());
        Ok(())
    }

    /// A name for a claim type: as in tokens of `OpenID` Connect, else its last segment.
    fn name(&self, kind: &str, issued: bool) -> String {
        let friendly = names::of_wire(kind, &["adfs", "entra"]).map(|known| known.friendly.as_str());
        let name = names::claim(friendly.unwrap_or_else(|| names::last_segment(kind)));
        let name = if issued { name.to_owned() } else { format!("_{}", names::identifier(name)) };
        let taken = |name: &str| {
            self.all.iter().any(|output| output.name == name) || names::is_reserved(name) || name.is_empty()
        };
        names::free(&name, "_", taken)
    }

    /// Writes every claim, each below those that it reads.
    pub(super) fn write(self, draft: &mut Draft) {
        let mut waiting: Vec<Option<Output>> = self.all.into_iter().map(Some).collect();
        // What an output reads got nothing more since, so there is no circle, and each round writes one at least.
        while waiting.iter().any(Option::is_some) {
            for place in 0..waiting.len() {
                let ready = waiting.get(place).and_then(Option::as_ref).is_some_and(|output| {
                    output.reads.iter().all(|read| waiting.get(*read).is_none_or(Option::is_none))
                });
                if let (true, Some(slot)) = (ready, waiting.get_mut(place))
                    && let Some(output) = slot.take()
                {
                    output.write(draft);
                }
            }
        }
    }
}

/// Which form an output has in the token.
enum Form {
    /// One attribute, as it is.
    Attribute(String),
    /// Of several single values the first whose condition holds.
    Single,
    /// The first of a list.
    First,
    List,
}

impl Output {
    fn new(kind: &str, issued: bool, name: String) -> Self {
        Self {
            kind: kind.into(),
            issued,
            name,
            whole: Vec::new(),
            singles: Vec::new(),
            parts: Parts::default(),
            reads: Vec::new(),
            read: false,
            is_what_was_sent: true,
        }
    }

    fn form(&self, draft: &Draft) -> Form {
        let attributes: Vec<&Attribute> = self.whole.iter().filter_map(|place| draft.attributes.get(*place)).collect();
        let nothing_else = self.parts.is_empty();
        if let ([only], true, true) = (attributes.as_slice(), self.singles.is_empty(), nothing_else) {
            return Form::Attribute(only.short.clone());
        }
        let known = names::of_wire(&self.kind, &["adfs", "entra"]);
        let is_single = known.is_some_and(|known| !known.many);
        let all_single = nothing_else && attributes.iter().all(|attribute| !attribute.many);
        let may_be_text = is_single || (known.is_none() && self.singles.len() + attributes.len() == 1);
        match (all_single && may_be_text, is_single && self.issued) {
            (true, _) => Form::Single,
            (false, true) => Form::First,
            (false, false) => Form::List,
        }
    }

    /// Its values as a list, for rules below; nothing is added to it any more.
    pub(super) fn as_list(&self, draft: &Draft) -> String {
        let name = format!("claims.{}", self.name);
        let is_text = match self.form(draft) {
            Form::Attribute(short) => draft.by_short(&short).is_some_and(|attribute| !attribute.many),
            Form::Single | Form::First => true,
            Form::List => self.whole.is_empty() && self.singles.is_empty() && self.parts.is_text(draft),
        };
        // It is absent where an attribute is.
        if is_text { format!("(has({name}) ? [{name}] : [])") } else { format!("(has({name}) ? {name} : [])") }
    }

    fn write(mut self, draft: &mut Draft) {
        match self.form(draft) {
            Form::Attribute(short) => draft.claim(&self.name, ClaimRule::From(short)),
            Form::Single => {
                let rule = self.first_single(draft);
                draft.claim(&self.name, rule);
            }
            Form::List => {
                self.all_to_parts(draft);
                self.parts.into_claim(&self.name, draft);
            }
            Form::First => {
                self.all_to_parts(draft);
                let all = format!("_{}_all", names::identifier(&self.name));
                self.parts.list("[]".into());
                self.parts.into_claim(&all, draft);
                let first = format!("size(claims.{all}) > 0 ? claims.{all}[0] : null");
                draft.claim(&self.name, ClaimRule::Cel(first));
            }
        }
    }

    fn first_single(&self, draft: &Draft) -> ClaimRule {
        if let ([(None, value)], true) = (self.singles.as_slice(), self.whole.is_empty())
            && let Some(text) = plain_literal(value)
        {
            return ClaimRule::Value(ClaimValue::Text(text.to_owned()));
        }
        let attributes = self.whole.iter().filter_map(|place| draft.attributes.get(*place));
        let whole = attributes.map(|attribute| (Some(expression::is_there(attribute)), expression::name(attribute)));
        let mut cel = String::new();
        for (condition, value) in whole.chain(self.singles.iter().cloned()) {
            match condition.filter(|condition| condition != "true") {
                Some(condition) => cel = format!("{cel}{condition} ? {value} : "),
                None => return ClaimRule::Cel(cel + &value),
            }
        }
        ClaimRule::Cel(cel + "null")
    }

    fn all_to_parts(&mut self, draft: &Draft) {
        for place in std::mem::take(&mut self.whole) {
            if let Some(attribute) = draft.attributes.get(place) {
                self.parts.list(expression::list(attribute));
            }
        }
        for (condition, value) in std::mem::take(&mut self.singles) {
            self.parts.list(match condition {
                Some(condition) => format!("({condition} ? [{value}] : [])"),
                None => format!("[{value}]"),
            });
        }
    }
}

/// The text of a literal in which nothing is escaped.
fn plain_literal(cel: &str) -> Option<&str> {
    let inside = cel.strip_prefix('\'')?.strip_suffix('\'')?;
    if inside.contains(['\'', '\\']) { None } else { Some(inside) }
}
