//! What the source says of the login, to `acr` and `amr`.

use super::Run;
use crate::decision::{Fact, Finding, Stage};
use crate::diagnostic::nearest;
use crate::mapping::received::Received;

impl Run<'_, '_> {
    /// Without a table the context class as it came. Of several contexts the highest counts, because each was proved;
    /// what no level lists is the lowest, and says nothing of methods.
    pub(super) fn login(&mut self) -> (Option<String>, Vec<String>) {
        let stated = self.facts.authentication.context_class.as_deref();
        let Some(table) = &self.mapping.authentication else { return (stated.map(str::to_owned), Vec::new()) };
        let level_of = |context: &str| table.by_context.get(context).copied();
        let highest = match table.from {
            None => stated.and_then(level_of),
            Some(place) => {
                let values = self.received.get(place).and_then(Option::as_ref);
                values.and_then(|values| Received::iter(values).filter_map(level_of).max())
            }
        };
        let level = highest.and_then(|level| level.checked_sub(1)).and_then(|above| table.higher.get(above));
        let level = level.unwrap_or(&table.lowest);
        let amr = if highest.is_some() { level.amr.clone() } else { Vec::new() };
        self.scope.set_acr(&level.acr);
        self.acr = Some(&level.acr);
        let mut facts = vec![Fact::public("acr", &level.acr)];
        match table.from {
            // A word of the protocol, which names nobody.
            None => facts.push(Fact::public("received", stated.unwrap_or("nothing"))),
            Some(place) => {
                let values = self.received.get(place).and_then(Option::as_ref);
                facts.extend(values.into_iter().flat_map(Received::iter).map(|value| Fact::private("received", value)));
            }
        }
        match highest {
            None => {
                facts.push(Fact::public("found", "no context that a level lists"));
                let listed = table.by_context.keys().map(String::as_str);
                let guessed = stated.filter(|_| self.trail.guesses());
                let near = guessed.map(|stated| nearest(stated, listed, 2)).unwrap_or_default();
                if !near.is_empty() {
                    facts.push(Fact::public("nearest", near.join(", ")));
                }
            }
            Some(_) if !amr.is_empty() => facts.push(Fact::public("amr", amr.join(" "))),
            Some(_) => {}
        }
        let finding = if highest.is_some() { Finding::Passed } else { Finding::Noted };
        self.trail.push(Stage::Authentication, None, finding, facts);
        (Some(level.acr.clone()), amr)
    }
}
