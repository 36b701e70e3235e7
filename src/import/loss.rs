//! What could not be carried, and how a file that was written says so.

use super::Imported;

/// What an administrator has to do about a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// A rule, a claim or a narrowing is missing: somebody must decide what takes its place.
    Decide,
    /// Something of the old product has no counterpart, and needs none.
    Know,
}

/// Something that could not be carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The place of the file among those that were given.
    pub file: usize,
    /// Where it stands in it; from 1.
    pub line: usize,
    /// The place of the mapping that it concerns among the drafts; none where it concerns all of them.
    pub mapping: Option<usize>,
    /// Whether somebody must decide.
    pub weight: Weight,
    /// What it is.
    pub what: String,
    /// Why it is not carried, or what became of it instead.
    pub why: String,
}

/// What is found while files are read.
#[derive(Debug, Default)]
pub(super) struct Losses {
    found: Vec<Loss>,
    /// The file that is being read.
    pub(super) file: usize,
    /// The draft that is being made, where there may be several.
    pub(super) mapping: Option<usize>,
}

impl Losses {
    /// Something on which somebody must decide.
    pub(super) fn add(&mut self, line: usize, what: impl Into<String>, why: impl Into<String>) {
        self.push(Weight::Decide, line, what.into(), why.into());
    }

    /// Something that is only to be known.
    pub(super) fn know(&mut self, line: usize, what: impl Into<String>, why: impl Into<String>) {
        self.push(Weight::Know, line, what.into(), why.into());
    }

    fn push(&mut self, weight: Weight, line: usize, what: String, why: String) {
        self.found.push(Loss { file: self.file, line, mapping: self.mapping, weight, what, why });
    }

    /// All of them in the order of the files; nothing is told twice.
    pub(super) fn all(mut self) -> Vec<Loss> {
        self.found.sort_by_key(|loss| (loss.file, loss.line));
        self.found.dedup();
        self.found
    }
}

/// More lines than this are left to the screen: a mapping file must not grow too large to be read.
const MOST_IN_A_FILE: usize = 200;

impl Imported {
    /// Has every draft say what of it was lost. What concerns all of them stands in the first, and the others say where.
    /// `place` says where in the old files a loss is.
    pub fn tell(&mut self, place: impl Fn(&Loss) -> String) {
        let several = self.drafts.len() > 1;
        let concerns_all = self.losses.iter().any(|loss| loss.mapping.is_none());
        for loss in &self.losses {
            let Some(draft) = self.drafts.get_mut(loss.mapping.unwrap_or(0)) else { continue };
            let lines = match loss.weight {
                Weight::Decide => &mut draft.to_decide,
                Weight::Know => &mut draft.to_know,
            };
            lines.push(format!("{}: {} – {}", place(loss), loss.what, loss.why));
        }
        let first = self.drafts.first().map(|draft| draft.id.clone()).unwrap_or_default();
        for (number, draft) in self.drafts.iter_mut().enumerate() {
            for lines in [&mut draft.to_decide, &mut draft.to_know] {
                let more = lines.len().saturating_sub(MOST_IN_A_FILE);
                if more > 0 {
                    lines.truncate(MOST_IN_A_FILE);
                    lines.push(format!("and {more} more, which `drawbridge import` shows"));
                }
            }
            if several && concerns_all && number > 0 {
                draft.notes.push(format!("What was lost of all these mappings together stands in `{first}.yaml`."));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Draft;
    use super::*;

    fn of(mapping: Option<usize>, weight: Weight, what: &str) -> Loss {
        Loss { file: 0, line: 7, mapping, weight, what: what.into(), why: "because".into() }
    }

    #[test]
    fn each_file_says_what_of_it_was_lost_in_two_groups() {
        let drafts = vec![Draft::new("a", "s", ""), Draft::new("b", "s", "")];
        let losses =
            vec![of(None, Weight::Know, "all"), of(Some(1), Weight::Decide, "one"), of(Some(1), Weight::Know, "two")];
        let mut imported = Imported { drafts, losses };
        imported.tell(|loss| format!("line {}", loss.line));
        let (first, second) = (imported.drafts[0].to_yaml(), imported.drafts[1].to_yaml());
        assert!(
            first.starts_with("# For information, without a counterpart here:\n#   - line 7: all – because\n"),
            "{first}"
        );
        assert!(
            second.starts_with(concat!(
                "# What was lost of all these mappings together stands in `a.yaml`.\n",
                "# Not carried as it was. Decide on each, then delete its line:\n#   - line 7: one – because\n",
                "# For information, without a counterpart here:\n#   - line 7: two – because\n"
            )),
            "{second}"
        );
    }

    #[test]
    fn a_file_does_not_grow_too_large_by_what_was_lost() {
        let losses = (0..MOST_IN_A_FILE + 3).map(|_| of(None, Weight::Decide, "x")).collect();
        let mut imported = Imported { drafts: vec![Draft::new("a", "s", "")], losses };
        imported.tell(|_| "line 7".into());
        assert_eq!(imported.drafts[0].to_decide.len(), MOST_IN_A_FILE + 1);
        assert!(imported.drafts[0].to_yaml().contains("#   - and 3 more, which"));
    }
}
