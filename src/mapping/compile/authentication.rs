//! `authentication`: an ordered table from what the source says of a login to `acr` and `amr`.

use std::collections::HashMap;

use super::Compiler;
use crate::diagnostic::Span;
use crate::mapping::compiled::{AuthenticationTable, Declared, Level};
use crate::mapping::file::{RawAuthentication, Word};

impl Compiler<'_, '_, '_> {
    pub(super) fn authentication(
        &mut self,
        raw: &RawAuthentication,
        declared: &[Declared],
    ) -> Option<AuthenticationTable> {
        let from = match &raw.from {
            None => None,
            Some(word) => Some(self.attribute(word, declared)?),
        };
        let mut by_context: HashMap<String, usize> = HashMap::new();
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for (place, level) in raw.levels.iter().enumerate() {
            for context in &level.contexts {
                self.check_context(context, &mut seen);
                by_context.entry(context.value.clone()).or_insert(place);
            }
            if place > 0 && level.contexts.is_empty() {
                let message = format!("nobody can reach the level `{}`: it has no `contexts`", level.acr.value);
                let problem = self.findings.error("mapping.level_unreachable", level.acr.span, message);
                problem.help("list what the source says for it; only the first level needs nothing");
            }
        }
        let of_words = |words: &[Word]| words.iter().map(|word| word.value.clone()).collect();
        let mut levels =
            raw.levels.iter().map(|level| Level { acr: level.acr.value.clone(), amr: of_words(&level.amr) });
        Some(AuthenticationTable { from, lowest: levels.next()?, higher: levels.collect(), by_context })
    }

    /// A context on two levels would be the higher one by chance.
    fn check_context<'r>(&mut self, context: &'r Word, seen: &mut HashMap<&'r str, Span>) {
        if let Some(first) = seen.insert(&context.value, context.span) {
            let message = format!("`{}` stands on two levels", context.value);
            let problem = self.findings.error("mapping.context_repeated", context.span, message);
            problem.related(first, "the first").help("keep it on the level that it proves");
        }
    }
}
