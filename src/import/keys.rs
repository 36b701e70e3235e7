//! Keys that a mapping file cannot have, whatever product they come from.
//!
//! No reader of YAML takes a key of more than 1024 characters (YAML 1.2 section 7.4.2), and a file that holds one is not
//! read at all. What has such a key is left out, which only ever gives less.

use super::draft::{Claim, ClaimRule, Draft};
use super::{Imported, Loss, Weight, names};

/// Longer keys are not carried, as they are written.
const LONGEST: usize = 1_000;
/// A text that is told is cut here.
const SHOWN: usize = 40;

/// Leaves out what the files could not say.
pub(super) fn check(all: &mut Imported) {
    for (place, draft) in all.drafts.iter_mut().enumerate() {
        let found = check_draft(draft);
        let (file, line) = (draft.file, draft.line.max(1));
        all.losses.extend(found.into_iter().map(|(what, why)| Loss {
            file,
            line,
            mapping: Some(place),
            weight: Weight::Decide,
            what,
            why,
        }));
    }
}

/// What is left out of one draft, and why.
fn check_draft(draft: &mut Draft) -> Vec<(String, String)> {
    let mut lost = Vec::new();
    draft.claims.retain(|claim| {
        let members: &[(String, String)] = if let ClaimRule::Object(members) = &claim.rule { members } else { &[] };
        let keys = std::iter::once(&claim.name).chain(members.iter().map(|(member, _)| member));
        let why = keys.map(|key| names::check_key(key)).find_map(Result::err);
        lost.extend(why.clone().map(|why| (format!("claim `{}`", shown(&claim.name)), why)));
        why.is_none()
    });
    for Claim { name, rule, .. } in &mut draft.claims {
        let ClaimRule::Table(_, rows) = rule else { continue };
        rows.retain(|(value, _)| {
            let fits = written(value) <= LONGEST;
            if !fits {
                lost.push((format!("claim `{name}` for the value `{}`", shown(value)), "the value is too long".into()));
            }
            fits
        });
    }
    draft.release.retain(|(audience, _)| {
        let fits = written(audience) <= LONGEST;
        if !fits {
            lost.push((format!("releases to `{}`", shown(audience)), "its name is too long".into()));
        }
        fits
    });
    for (_, released) in &mut draft.release {
        released.retain(|name| names::check_key(name).is_ok());
    }
    lost
}

/// How long a text may become where it is written as a key.
fn written(text: &str) -> usize {
    let length = |c: char| match c {
        '"' | '\\' => 2,
        c if c.is_alphanumeric() || c.is_ascii_graphic() || c == ' ' => 1,
        _ => "\\U00000000".len(),
    };
    text.chars().map(length).sum()
}

/// The beginning of a text that is too long to be told.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > SHOWN { format!("{start}…") } else { start }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, import, testing};
    use super::*;

    #[test]
    fn a_claim_with_a_name_that_no_file_can_have_is_told_for_every_product() {
        let long = "x".repeat(1_100);
        for name in [long.as_str(), "a\u{1}b"] {
            for (kind, text) in [
                (Kind::Adfs, format!("c:[Type == \"x:a\"] => issue(Type = \"x:{name}\", Value = c.Value);")),
                (Kind::Simplesamlphp, format!("$attributemap = ['urn:x:a' => '{name}'];")),
                (
                    Kind::Satosa,
                    format!("attributes:\n  ? \"{}\"\n  : {{ saml: [urn:x:a] }}\n", name.replace('\u{1}', "\\x01")),
                ),
            ] {
                let imported = import(kind, &[&text]).unwrap_or_else(|error| panic!("{kind:?}: {error}"));
                let claims: Vec<&str> = imported.drafts[0].claims.iter().map(|claim| claim.name.as_str()).collect();
                assert!(claims.iter().all(|claim| names::check_key(claim).is_ok()), "{kind:?} {claims:?}");
                assert!(!imported.losses.is_empty(), "{kind:?}");
                testing::compiles(&imported);
            }
        }
    }

    #[test]
    fn what_has_a_key_that_is_too_long_is_left_out() {
        let (long, name) = ("\u{2028}".repeat(101), "n".repeat(201));
        let mut draft = Draft::new("x", "s", "");
        draft.declare("a", None, true);
        draft.claim(&name, ClaimRule::From("a".into()));
        draft.claim("a\nb", ClaimRule::From("a".into()));
        draft.claim("o", ClaimRule::Object(vec![(name.clone(), "a".into())]));
        draft.claim("t", ClaimRule::Table("a".into(), vec![(long.clone(), "b".into()), ("c".into(), "d".into())]));
        draft.release = vec![(long, vec!["t".into()]), ("https://api.example".into(), vec![name, "t".into()])];
        let mut imported = Imported { drafts: vec![draft], losses: Vec::new() };
        check(&mut imported);
        let [draft] = imported.drafts.as_slice() else { panic!("{imported:?}") };
        let claims: Vec<_> = draft.claims.iter().map(|claim| (claim.name.as_str(), claim.rule.clone())).collect();
        assert_eq!(claims, [("t", ClaimRule::Table("a".into(), vec![("c".into(), "d".into())]))]);
        assert_eq!(draft.release, [("https://api.example".to_owned(), vec!["t".to_owned()])]);
        let told: Vec<&str> = imported.losses.iter().map(|loss| loss.why.as_str()).collect();
        let (too_long, control) =
            ("the name of the claim is longer than 200 bytes", "the name of the claim has control characters");
        assert_eq!(told, [too_long, control, too_long, "the value is too long", "its name is too long"]);
    }
}
