//! Functions on lists of texts, and of numbers: `distinct` and `sort`.
//!
//! A list of both, or of anything else, fails: what order it should have, or which of its elements are one, is nobody's
//! to guess.

use std::collections::BTreeSet;

use ::cel::common::types::{CelInt, CelList, CelString, LIST_TYPE};
use ::cel::common::value::{CowVal, Val};
use ::cel::{DeclarationError, Env};

use super::text::{Outcome, fails};

/// Declares the two.
pub(super) fn extension(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_member_overload("distinct", "list.distinct()", LIST_TYPE, vec![], distinct)?;
    env.add_member_overload("sort", "list.sort()", LIST_TYPE, vec![], sort)
}

/// What elements are compared by. Texts are in the order of their characters, as `<` has it.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Key<'k> {
    Number(i64),
    Text(&'k str),
}

/// Each element with its key, unless they are of two types or of another one.
fn keyed<'k, 'v>(list: &'k CowVal<'_, 'v>) -> Option<Vec<(Key<'k>, &'k (dyn Val + 'v))>> {
    let items = list.downcast_ref::<CelList<'_>>()?.inner().iter().map(AsRef::as_ref);
    let key = |item: &'k (dyn Val + 'v)| match item.downcast_ref::<CelString<'_>>() {
        Some(text) => Some((Key::Text(text.inner()), item)),
        None => item.downcast_ref::<CelInt>().map(|number| (Key::Number(*number.inner()), item)),
    };
    let keyed: Vec<_> = items.map(key).collect::<Option<_>>()?;
    let texts = keyed.iter().filter(|(key, _)| matches!(key, Key::Text(_))).count();
    (texts == 0 || texts == keyed.len()).then_some(keyed)
}

fn list<'k, 'v: 'k>(items: impl Iterator<Item = &'k (dyn Val + 'v)>) -> CelList<'v> {
    CelList::from(items.map(Val::clone_as_boxed).collect::<Vec<_>>())
}

const WRONG: &str = "the elements are neither all text nor all whole numbers";

/// Each element once, where it stands first.
#[expect(clippy::needless_pass_by_value, reason = "the crate calls functions with a vector")]
fn distinct<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Outcome<CowVal<'b, 'v>> {
    let Some(keyed) = arguments.first().and_then(keyed) else { return fails("distinct", WRONG) };
    let mut seen = BTreeSet::new();
    let first = keyed.into_iter().filter(|(key, _)| seen.insert(*key)).map(|(_, item)| item);
    Ok(CowVal::owned(list(first)))
}

/// The elements in ascending order.
#[expect(clippy::needless_pass_by_value, reason = "the crate calls functions with a vector")]
fn sort<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Outcome<CowVal<'b, 'v>> {
    let Some(mut keyed) = arguments.first().and_then(keyed) else { return fails("sort", WRONG) };
    keyed.sort_by_key(|(key, _)| *key);
    Ok(CowVal::owned(list(keyed.into_iter().map(|(_, item)| item))))
}
