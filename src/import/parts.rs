//! A claim that many rules fill: roles, groups, and whatever an old product issues in pieces.
//!
//! One table on one attribute stays a table. Everything else is put together from claims that help and that no API
//! sees: one for each table, one for each handful of expressions, so that no expression grows too large.

use super::draft::{Attribute, Claim, ClaimRule, Draft};
use super::names;

/// Expressions in one helping claim.
const HANDFUL: usize = 8;
/// Bytes of their text, well below what an expression may have.
const TEXT: usize = 3_000;

/// What fills a claim, in the order of the old rules.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// For an attribute, by its place in the draft: what its values become. Each table has a value once.
    tables: Vec<(usize, Vec<(String, String)>)>,
    /// Expressions that yield lists.
    lists: Vec<String>,
}

impl Parts {
    /// Whether nothing fills it.
    pub(super) const fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.lists.is_empty()
    }

    /// Whether the claim is one text: a table on an attribute with one value, and nothing else.
    pub(super) fn is_text(&self, draft: &Draft) -> bool {
        let ([(place, _)], []) = (self.tables.as_slice(), self.lists.as_slice()) else { return false };
        draft.attributes.get(*place).is_some_and(|attribute| !attribute.many)
    }

    /// A value of an attribute becomes another.
    pub(super) fn row(&mut self, attribute: usize, value: &str, becomes: &str) {
        let row = (value.to_owned(), becomes.to_owned());
        let same = |table: &&mut (usize, Vec<(String, String)>)| table.0 == attribute;
        for (_, rows) in self.tables.iter_mut().filter(|table| same(table)) {
            if rows.contains(&row) {
                return;
            }
            if rows.iter().all(|(known, _)| known != value) {
                return rows.push(row);
            }
        }
        self.tables.push((attribute, vec![row]));
    }

    /// An expression that yields a list.
    pub(super) fn list(&mut self, cel: String) {
        if !self.lists.contains(&cel) {
            self.lists.push(cel);
        }
    }

    /// One value where this is true; always where there is no condition.
    pub(super) fn value(&mut self, condition: Option<&str>, value: &str) {
        let value = super::expression::literal(value);
        self.list(match condition {
            Some(condition) => format!("({condition} ? [{value}] : [])"),
            None => format!("[{value}]"),
        });
    }

    /// Adds the claim, and those that it is put together from.
    pub(super) fn into_claim(self, name: &str, draft: &mut Draft) {
        let attribute = |place: usize| draft.attributes.get(place).cloned().unwrap_or_default();
        if let ([(place, rows)], []) = (self.tables.as_slice(), self.lists.as_slice()) {
            return draft.claim(name, ClaimRule::Table(attribute(*place).short, rows.clone()));
        }
        let mut helping: Vec<Claim> = Vec::new();
        let mut terms: Vec<String> = Vec::new();
        let stem = names::identifier(name);
        let taken = |helping: &[Claim], name: &str| helping.iter().any(|c| c.name == name) || draft.has_claim(name);
        let mut help = |rule: ClaimRule| {
            let mut number = 1;
            while taken(&helping, &format!("_{stem}_{number}")) {
                number += 1;
            }
            let name = format!("_{stem}_{number}");
            helping.push(Claim { name: name.clone(), rule, note: None });
            format!("claims.{name}")
        };
        for (place, rows) in self.tables {
            let attribute = attribute(place);
            let helper = help(ClaimRule::Table(attribute.short.clone(), rows));
            terms.push(as_list(&attribute, &helper));
        }
        let handfuls = handfuls(self.lists);
        match handfuls.as_slice() {
            [only] if terms.is_empty() => terms.push(only.clone()),
            several => terms.extend(several.iter().map(|cel| help(ClaimRule::Cel(cel.clone())))),
        }
        draft.claims.extend(helping);
        draft.claim(name, ClaimRule::Cel(terms.join(" + ")));
    }
}

/// A claim from a table is a list for a list, absent where the attribute is; a text, or nothing, for a single value.
fn as_list(attribute: &Attribute, helper: &str) -> String {
    match (attribute.many, attribute.optional) {
        (true, false) => helper.to_owned(),
        (true, true) => format!("(has({helper}) ? {helper} : [])"),
        (false, _) => format!("(has({helper}) ? [{helper}] : [])"),
    }
}

fn handfuls(lists: Vec<String>) -> Vec<String> {
    let mut joined: Vec<(usize, String)> = Vec::new();
    for list in lists {
        match joined.last_mut() {
            Some((count, text)) if *count < HANDFUL && text.len() + list.len() < TEXT => {
                *count += 1;
                text.push_str(" + ");
                text.push_str(&list);
            }
            Some(_) | None => joined.push((1, list)),
        }
    }
    joined.into_iter().map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        let mut draft = Draft::new("d", "s", "");
        draft.declare("groups", None, true);
        draft.declare("title", None, false);
        draft
    }

    fn claims(parts: Parts) -> Vec<String> {
        let mut draft = draft();
        parts.into_claim("roles", &mut draft);
        draft.claims.iter().map(|claim| format!("{} {:?}", claim.name, claim.rule)).collect()
    }

    #[test]
    fn one_table_stays_a_table() {
        let mut parts = Parts::default();
        parts.row(0, "a", "x");
        parts.row(0, "b", "y");
        parts.row(0, "a", "x");
        assert_eq!(claims(parts), [r#"roles Table("groups", [("a", "x"), ("b", "y")])"#]);
    }

    #[test]
    fn what_is_more_is_put_together_from_claims_that_help() {
        let mut parts = Parts::default();
        parts.row(0, "a", "x");
        parts.row(0, "a", "y");
        parts.row(1, "t", "z");
        parts.value(Some("true"), "w");
        parts.value(None, "it's");
        assert_eq!(
            claims(parts),
            [
                r#"_roles_1 Table("groups", [("a", "x")])"#,
                r#"_roles_2 Table("groups", [("a", "y")])"#,
                r#"_roles_3 Table("title", [("t", "z")])"#,
                r#"_roles_4 Cel("(true ? ['w'] : []) + ['it\\'s']")"#,
                concat!(
                    r#"roles Cel("(has(claims._roles_1) ? claims._roles_1 : []) + (has(claims._roles_2) ? claims._roles_2 "#,
                    r#": []) + (has(claims._roles_3) ? [claims._roles_3] : []) + claims._roles_4")"#
                ),
            ]
        );
    }

    #[test]
    fn expressions_are_handed_out_in_handfuls() {
        let mut parts = Parts::default();
        for number in 0..20 {
            parts.value(None, &number.to_string());
        }
        let claims = claims(parts);
        assert_eq!(claims.len(), 4, "{claims:#?}");
        assert!(claims[3].contains("claims._roles_1 + claims._roles_2 + claims._roles_3"), "{}", claims[3]);
    }
}
