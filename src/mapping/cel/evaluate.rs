//! Evaluation: an expression and what it may see, to a value.
//!
//! Nothing is copied to be seen: text is borrowed from the credential, and a name is looked up when it is read.

use std::fmt;
use std::sync::{Arc, LazyLock};

use ::cel::common::traits::Indexer;
use ::cel::common::types::{CelBool, CelInt, CelList, CelMap, CelNull, CelString, MAP_TYPE, Type};
use ::cel::common::value::{CowVal, Val};
use ::cel::context::VariableResolver;
use ::cel::{Context, Env, ExecutionError, IdedExpr, Value};

use super::failure::TOO_LONG;
use super::limits::{MAX_RESULT_BYTES, MAX_TEXT_READ};
use super::pattern::Pattern;
use super::prepare::pattern_number;
use super::{Expression, Failure, Reads};
use crate::ground::claim::ClaimValue;
use crate::ground::id::{ClientId, SourceId};
use crate::ground::time::Timestamp;

/// The functions, built once: the standard library without optional values, and ours.
pub(super) static FUNCTIONS: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::default().with_optional_support(false).with_stdlib();
    let ours = [
        super::text::extension,
        super::list::extension,
        super::dn::extension,
        super::email::extension,
        super::pattern::extension,
    ];
    for extension in ours {
        #[expect(clippy::expect_used, reason = "a fixed set of functions, registered once; a test evaluates with it")]
        env.add_extension(extension).expect("the extension does not collide with the library");
    }
    Arc::new(env)
});

/// A named value. `Debug` hides it.
pub(in crate::mapping) struct Slot<'f> {
    name: &'f str,
    value: Seen<'f>,
}

enum Seen<'f> {
    Value(Box<dyn Val + 'f>),
    Absent,
    /// Longer than [`MAX_TEXT_READ`].
    TooLong,
}

/// What an expression may see. `Debug` hides values.
pub(in crate::mapping) struct Scope<'f> {
    attributes: Vec<Slot<'f>>,
    claims: Vec<Slot<'f>>,
    facts: [(&'static str, Seen<'f>); 8],
}

/// The facts beside attributes and claims.
#[derive(Debug, Clone, Copy)]
pub(in crate::mapping) struct Beside<'f> {
    pub(in crate::mapping) source: &'f SourceId,
    pub(in crate::mapping) client: &'f ClientId,
    pub(in crate::mapping) now: Timestamp,
    pub(in crate::mapping) name_id: Option<&'f str>,
    pub(in crate::mapping) name_id_format: Option<&'f str>,
    /// What the source says of the login: the `AuthnContextClassRef`.
    pub(in crate::mapping) authn_context: Option<&'f str>,
    pub(in crate::mapping) auth_time: Option<Timestamp>,
}

impl<'f> Scope<'f> {
    /// Nothing but the facts.
    pub(in crate::mapping) fn new(beside: &Beside<'f>) -> Self {
        let null = || Seen::Value(Box::new(CelNull));
        let optional = |text: Option<&'f str>| text.map_or_else(null, Seen::text);
        let seconds = |time: Timestamp| Seen::Value(Box::new(CelInt::from(time.unix_seconds())));
        let facts = [
            ("source", Seen::text(beside.source.as_str())),
            ("client", Seen::text(beside.client.as_str())),
            ("now", seconds(beside.now)),
            ("name_id", optional(beside.name_id)),
            ("name_id_format", optional(beside.name_id_format)),
            ("acr", optional(beside.authn_context)),
            ("authn_context", optional(beside.authn_context)),
            ("auth_time", beside.auth_time.map_or_else(null, seconds)),
        ];
        Self { attributes: Vec::new(), claims: Vec::new(), facts }
    }

    /// Where nothing can be seen.
    pub(super) fn of_nothing() -> Self {
        let facts = super::names::FACTS.map(|name| (name, Seen::Absent));
        Self { attributes: Vec::new(), claims: Vec::new(), facts }
    }

    /// What the login is worth, where the mapping has a table for it: `acr` means the same in rules and in the token.
    pub(in crate::mapping) fn set_acr(&mut self, acr: &'f str) {
        if let Some((_, seen)) = self.facts.iter_mut().find(|(name, _)| *name == "acr") {
            *seen = Seen::text(acr);
        }
    }

    /// An attribute with one value.
    pub(in crate::mapping) fn add_single(&mut self, name: &'f str, value: Option<&'f str>) {
        self.attributes.push(Slot { name, value: value.map_or(Seen::Absent, Seen::text) });
    }

    /// An attribute that is a list.
    pub(in crate::mapping) fn add_many(&mut self, name: &'f str, values: Option<impl Iterator<Item = &'f str>>) {
        let value = values.map_or(Seen::Absent, |values| {
            let boxed = |value: &'f str| Box::new(CelString::from(value)) as Box<dyn Val + 'f>;
            let list: Option<Vec<_>> =
                values.map(|value| (value.len() <= MAX_TEXT_READ).then(|| boxed(value))).collect();
            list.map_or(Seen::TooLong, |list| Seen::Value(Box::new(CelList::from(list))))
        });
        self.attributes.push(Slot { name, value });
    }

    /// A claim that has been made, or come out absent.
    pub(in crate::mapping) fn add_claim(&mut self, name: &'f str, value: Option<&ClaimValue>) {
        self.claims.push(Slot { name, value: value.map_or(Seen::Absent, |value| Seen::Value(boxed(value))) });
    }

    /// A claim that is an attribute's values as they came, of any length.
    pub(in crate::mapping) fn add_copied_claim(&mut self, name: &'f str, value: Option<&ClaimValue>) {
        if value.is_some_and(has_long_text) {
            self.claims.push(Slot { name, value: Seen::TooLong });
        } else {
            self.add_claim(name, value);
        }
    }

    /// Evaluates; null is `None`.
    pub(in crate::mapping) fn evaluate(&self, expression: &Expression) -> Result<Option<ClaimValue>, Failure> {
        self.check_lengths(expression)?;
        self.yields(&expression.tree, &expression.patterns)
    }

    /// What a tree yields, the whole one or a part of it.
    pub(super) fn yields(&self, tree: &IdedExpr, patterns: &[Pattern]) -> Result<Option<ClaimValue>, Failure> {
        self.resolve_with(tree, patterns, as_claim)?
    }

    /// What a tree yields, handed to whoever looks at it.
    pub(super) fn resolve_with<T>(
        &self,
        tree: &IdedExpr,
        patterns: &[Pattern],
        look: impl FnOnce(&dyn Val) -> T,
    ) -> Result<T, Failure> {
        let view = View::of(self, patterns);
        let mut context = Context::with_env(Arc::clone(&FUNCTIONS));
        context.set_variable_resolver(&view);
        let value = Value::resolve_val(tree, &context).map_err(|error| Failure::of(&error))?;
        Ok(look(value.as_ref()))
    }

    /// Evaluates to true or false.
    pub(in crate::mapping) fn holds(&self, expression: &Expression) -> Result<bool, Failure> {
        match self.evaluate(expression)? {
            Some(ClaimValue::Bool(truth)) => Ok(truth),
            Some(ClaimValue::Text(_) | ClaimValue::Int(_) | ClaimValue::List(_) | ClaimValue::Object(_)) | None => {
                Err(Failure::plain("the expression is neither true nor false"))
            }
        }
    }

    pub(super) fn check_lengths(&self, expression: &Expression) -> Result<(), Failure> {
        let too_long = |name: String| {
            let detail = format!("`{name}` is longer than {MAX_TEXT_READ} bytes");
            Err(Failure { what: TOO_LONG, detail, is_public: true })
        };
        let facts = &expression.usage().facts;
        if let Some((name, _)) =
            self.facts.iter().find(|(name, value)| matches!(value, Seen::TooLong) && facts.contains(name))
        {
            return too_long((*name).to_owned());
        }
        let Reads { attributes, claims, name_id: _ } = &expression.reads;
        for (table, slots, reads) in [("attr", &self.attributes, attributes), ("claims", &self.claims, claims)] {
            let is_read = |slot: &&Slot<'_>| matches!(slot.value, Seen::TooLong) && reads.contains(slot.name);
            if let Some(slot) = slots.iter().find(is_read) {
                return too_long(format!("{table}.{}", slot.name));
            }
        }
        Ok(())
    }

    fn table(&self, name: &str) -> Option<&[Slot<'f>]> {
        match name {
            "attr" => Some(&self.attributes),
            "claims" => Some(&self.claims),
            _ => None,
        }
    }
}

impl<'f> Seen<'f> {
    fn text(text: &'f str) -> Self {
        if text.len() > MAX_TEXT_READ { Self::TooLong } else { Self::Value(Box::new(CelString::from(text))) }
    }

    fn value(&self) -> Option<&(dyn Val + 'f)> {
        match self {
            Self::Value(value) => Some(value.as_ref()),
            Self::Absent | Self::TooLong => None,
        }
    }
}

fn in_slots<'b, 'f>(slots: &'b [Slot<'f>], name: &str) -> Option<&'b (dyn Val + 'f)> {
    slots.iter().find(|slot| slot.name == name)?.value.value()
}

impl fmt::Debug for Slot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope(attr {:?}, claims {:?})", self.attributes, self.claims)
    }
}

/// What one expression sees.
pub(super) struct View<'e> {
    scope: &'e Scope<'e>,
    patterns: &'e [Pattern],
}

impl<'e> View<'e> {
    pub(super) const fn of(scope: &'e Scope<'e>, patterns: &'e [Pattern]) -> Self {
        Self { scope, patterns }
    }
}

impl VariableResolver for View<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        match pattern_number(name) {
            Some(number) => self.patterns.get(number).map(|pattern| CowVal::Borrowed(pattern as &dyn Val)),
            None => self.scope.resolve(name),
        }
    }
}

impl Scope<'_> {
    /// The evaluator asks for `attr.mail` first and for `attr` if there is none.
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        if let Some((table, field)) = name.split_once('.') {
            // Of `claims.address.city` it asks for the whole first; no name has a dot.
            let slots = self.table(table).filter(|_| !field.contains('.'))?;
            return in_slots(slots, field).map(CowVal::Borrowed);
        }
        if let Some(slots) = self.table(name) {
            return Some(CowVal::owned(Table { slots }));
        }
        let (_, value) = self.facts.iter().find(|(fact, _)| *fact == name)?;
        value.value().map(CowVal::Borrowed)
    }
}

/// `attr` or `claims` as a whole: only there to be asked for a field.
#[derive(Debug, Clone, Copy)]
struct Table<'s> {
    slots: &'s [Slot<'s>],
}

impl Val for Table<'_> {
    fn get_type(&self) -> &Type {
        &MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(*self)
    }
}

impl Indexer for Table<'_> {
    fn get<'b, 'v>(&'b self, field: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let field = field.downcast_ref::<CelString<'_>>().map(CelString::inner).unwrap_or_default();
        in_slots(self.slots, field).map(CowVal::Borrowed).ok_or_else(|| ExecutionError::no_such_key(field))
    }

    fn steal<'v>(self: Box<Self>, field: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(field).map(CowVal::into_owned)
    }
}

fn boxed<'v>(value: &ClaimValue) -> Box<dyn Val + 'v> {
    match value {
        ClaimValue::Text(text) => Box::new(CelString::from(text.clone())),
        ClaimValue::Bool(truth) => Box::new(CelBool::from(*truth)),
        ClaimValue::Int(number) => Box::new(CelInt::from(*number)),
        ClaimValue::List(items) => Box::new(CelList::from(items.iter().map(boxed).collect::<Vec<_>>())),
        ClaimValue::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (key.clone().into(), boxed(value)));
            Box::new(CelMap::from(fields.collect::<std::collections::HashMap<_, _>>()))
        }
    }
}

/// Null is `None`.
pub(super) fn as_claim(value: &dyn Val) -> Result<Option<ClaimValue>, Failure> {
    match value.downcast_ref::<CelNull>() {
        Some(_) => Ok(None),
        None => claim_value(value, &mut { MAX_RESULT_BYTES }).map(Some),
    }
}

fn has_long_text(value: &ClaimValue) -> bool {
    match value {
        ClaimValue::Text(text) => text.len() > MAX_TEXT_READ,
        ClaimValue::List(items) => items.iter().any(has_long_text),
        ClaimValue::Object(fields) => fields.values().any(has_long_text),
        ClaimValue::Bool(_) | ClaimValue::Int(_) => false,
    }
}

fn claim_value(value: &dyn Val, budget: &mut usize) -> Result<ClaimValue, Failure> {
    let too_large = || Failure::plain("the expression yields too much text");
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        *budget = budget.checked_sub(text.inner().len()).ok_or_else(too_large)?;
        return Ok(ClaimValue::Text(text.inner().to_owned()));
    }
    if let Some(truth) = value.downcast_ref::<CelBool>() {
        return Ok(ClaimValue::Bool(*truth.inner()));
    }
    if let Some(number) = value.downcast_ref::<CelInt>() {
        return Ok(ClaimValue::Int(*number.inner()));
    }
    if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        // An element weighs something even where it has no text.
        *budget = budget.checked_sub(list.inner().len()).ok_or_else(too_large)?;
        let items = list.inner().iter().map(|item| claim_value(item.as_ref(), budget));
        return items.collect::<Result<_, _>>().map(ClaimValue::List);
    }
    if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        let fields = map.inner().iter().map(|(key, value)| {
            let ClaimValue::Text(key) = claim_value(key.inner(), budget)? else {
                return Err(Failure::plain("the key of an object is not text"));
            };
            Ok((key, claim_value(value.as_ref(), budget)?))
        });
        return fields.collect::<Result<_, _>>().map(ClaimValue::Object);
    }
    Err(Failure {
        what: "the expression yields something that no claim can be",
        detail: value.get_type().name().to_owned(),
        is_public: true,
    })
}
