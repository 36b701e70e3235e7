//! Functions on text: those of the strings extension of CEL (cel-go `ext.Strings`) that we offer, with bounds.
//!
//! The crate has them too, but without bounds: `split` may make a list as long as its text, and every loop over it
//! would have to be counted like that at load. Places in text are counted in characters, as in the rest of CEL.

use ::cel::common::types::{CelInt, CelList, CelString, LIST_TYPE, STRING_TYPE};
use ::cel::common::value::{CowVal, Val};
use ::cel::{DeclarationError, Env, ExecutionError};

use super::limits::{MAX_PIECES, MAX_RESULT_BYTES};

pub(super) type Outcome<T> = Result<T, ExecutionError>;

/// Declares the functions.
pub(super) fn extension(env: &mut Env) -> Result<(), DeclarationError> {
    ::cel::add_member_overload!(env, fn lower_ascii: (CelString<'_>) -> CelString<'_>)?;
    ::cel::add_member_overload!(env, fn upper_ascii: (CelString<'_>) -> CelString<'_>)?;
    ::cel::add_member_overload!(env, fn trim: (CelString<'_>) -> CelString<'_>)?;
    ::cel::add_member_overload!(env, fn split: (CelString<'_>, CelString<'_>) -> Result<CelList<'_>>)?;
    ::cel::add_member_overload!(env, fn split_at_most: (CelString<'_>, CelString<'_>, CelInt) -> Result<CelList<'_>>,
        name = "split")?;
    ::cel::add_member_overload!(env, fn replace: (CelString<'_>, CelString<'_>, CelString<'_>) -> Result<CelString<'_>>)?;
    ::cel::add_member_overload!(env,
        fn replace_at_most: (CelString<'_>, CelString<'_>, CelString<'_>, CelInt) -> Result<CelString<'_>>,
        name = "replace")?;
    ::cel::add_member_overload!(env, fn substring: (CelString<'_>, CelInt) -> Result<CelString<'_>>)?;
    ::cel::add_member_overload!(env, fn substring_until: (CelString<'_>, CelInt, CelInt) -> Result<CelString<'_>>,
        name = "substring")?;
    env.add_member_overload("join", "list.join(string)", LIST_TYPE, vec![STRING_TYPE], join)
}

pub(super) fn fails<T>(function: &str, why: &str) -> Outcome<T> {
    Err(ExecutionError::function_error(function, why))
}

fn lower_ascii(this: &CelString<'_>) -> CelString<'static> {
    this.inner().to_ascii_lowercase().into()
}

fn upper_ascii(this: &CelString<'_>) -> CelString<'static> {
    this.inner().to_ascii_uppercase().into()
}

fn trim(this: &CelString<'_>) -> CelString<'static> {
    this.inner().trim().to_owned().into()
}

fn split(this: &CelString<'_>, separator: &CelString<'_>) -> Outcome<CelList<'static>> {
    split_at_most(this, separator, &CelInt::from(-1))
}

/// Negative is all; an empty separator splits between characters.
fn split_at_most(this: &CelString<'_>, separator: &CelString<'_>, most: &CelInt) -> Outcome<CelList<'static>> {
    let most = usize::try_from(*most.inner()).unwrap_or(usize::MAX);
    // One more than we accept, to see that there are more.
    let limit = most.min(MAX_PIECES + 1);
    let text = this.inner();
    let pieces: Vec<&str> = match (limit, separator.inner()) {
        (0, _) => Vec::new(),
        (_, "") => characters(text, limit),
        (_, separator) => text.splitn(limit, separator).collect(),
    };
    if pieces.len() > MAX_PIECES {
        return fails("split", "there are too many pieces");
    }
    let pieces = pieces.into_iter().map(|piece| Box::new(CelString::from(piece.to_owned())) as Box<dyn Val>);
    Ok(CelList::from(pieces.collect::<Vec<_>>()))
}

/// Each character by itself; the last piece is the rest.
fn characters(text: &str, most: usize) -> Vec<&str> {
    let borders = text.char_indices().map(|(at, _)| at).take(most).chain([text.len()]);
    let mut borders: Vec<usize> = borders.collect();
    if text.chars().nth(most).is_some() {
        // The rest belongs to the last piece, which begins at the last border but one.
        borders.truncate(most);
        borders.push(text.len());
    }
    borders.windows(2).filter_map(|pair| text.get(*pair.first()?..*pair.last()?)).collect()
}

fn replace(this: &CelString<'_>, from: &CelString<'_>, to: &CelString<'_>) -> Outcome<CelString<'static>> {
    replace_at_most(this, from, to, &CelInt::from(-1))
}

/// Negative is all.
fn replace_at_most(
    this: &CelString<'_>,
    from: &CelString<'_>,
    to: &CelString<'_>,
    most: &CelInt,
) -> Outcome<CelString<'static>> {
    let most = usize::try_from(*most.inner()).unwrap_or(usize::MAX);
    let (text, from, to) = (this.inner(), from.inner(), to.inner());
    let places = text.matches(from).take(most).count();
    let grown = places.saturating_mul(to.len()).saturating_add(text.len());
    if grown > MAX_RESULT_BYTES {
        return fails("replace", "the text becomes too long");
    }
    Ok(text.replacen(from, to, most).into())
}

fn substring(this: &CelString<'_>, start: &CelInt) -> Outcome<CelString<'static>> {
    let length = i64::try_from(this.inner().chars().count()).unwrap_or(i64::MAX);
    substring_until(this, start, &CelInt::from(length))
}

fn substring_until(this: &CelString<'_>, start: &CelInt, end: &CelInt) -> Outcome<CelString<'static>> {
    let text = this.inner();
    let length = text.chars().count();
    let place = |place: &CelInt| usize::try_from(*place.inner()).ok().filter(|place| *place <= length);
    match (place(start), place(end)) {
        (Some(start), Some(end)) if start <= end => {
            Ok(text.chars().skip(start).take(end - start).collect::<String>().into())
        }
        _ => fails("substring", "a place is outside of the text"),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the crate calls functions with a vector")]
fn join<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Outcome<CowVal<'b, 'v>> {
    let mut arguments = arguments.iter();
    let list = arguments.next().and_then(|list| list.downcast_ref::<CelList<'_>>());
    let separator = arguments.next().and_then(|text| text.downcast_ref::<CelString<'_>>());
    let separator = separator.map(CelString::inner).unwrap_or_default();
    let Some(list) = list else { return fails("join", "this is not a list") };
    let mut parts = Vec::with_capacity(list.inner().len());
    let mut length: usize = 0;
    for item in list.inner() {
        let Some(text) = item.downcast_ref::<CelString<'_>>() else {
            return fails("join", "an element is not text");
        };
        length = length.saturating_add(text.inner().len()).saturating_add(separator.len());
        parts.push(text.inner());
    }
    if length > MAX_RESULT_BYTES {
        return fails("join", "the text becomes too long");
    }
    Ok(CowVal::owned(CelString::from(parts.join(separator))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str, separator: &str, most: i64) -> Option<Vec<String>> {
        let list = split_at_most(&CelString::from(text), &CelString::from(separator), &CelInt::from(most)).ok()?;
        let items = list.inner().iter().map(AsRef::as_ref);
        Some(items.map(|item: &dyn Val| item.downcast_ref::<CelString<'_>>().unwrap().inner().to_owned()).collect())
    }

    #[test]
    fn text_is_split_as_the_extension_says() {
        for (text, separator, most, expected) in [
            ("a,b,c", ",", -1, vec!["a", "b", "c"]),
            ("a,b,c", ",", 2, vec!["a", "b,c"]),
            ("a,b,c", ",", 1, vec!["a,b,c"]),
            ("a,b,c", ",", 0, vec![]),
            ("", ",", -1, vec![""]),
            (",", ",", -1, vec!["", ""]),
            ("aéc", "", -1, vec!["a", "é", "c"]),
            ("aéc", "", 2, vec!["a", "éc"]),
            ("aéc", "", 3, vec!["a", "é", "c"]),
            ("aéc", "", 9, vec!["a", "é", "c"]),
            ("", "", -1, vec![]),
        ] {
            assert_eq!(
                pieces(text, separator, most),
                Some(expected.into_iter().map(str::to_owned).collect()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_grows_is_bounded() {
        assert_eq!(pieces(&"a,".repeat(MAX_PIECES - 1), ",", -1).unwrap().len(), MAX_PIECES);
        assert_eq!(pieces(&"a,".repeat(MAX_PIECES), ",", -1), None);
        assert_eq!(pieces(&"a".repeat(MAX_PIECES + 1), "", -1), None);
        assert_eq!(pieces(&"a,".repeat(MAX_PIECES), ",", 3).unwrap().len(), 3);
        let long = CelString::from("x".repeat(4096));
        assert!(replace(&long, &CelString::from(""), &long).is_err());
        assert!(replace(&long, &CelString::from("x"), &CelString::from("xx")).is_ok());
        let list = |count: usize| {
            let items = (0..count).map(|_| Box::new(long.clone()) as Box<dyn Val>).collect::<Vec<_>>();
            join(vec![CowVal::owned(CelList::from(items))])
        };
        assert!(list(16).is_ok());
        assert!(list(17).is_err());
    }
}
