//! Names on the wire: by a vocabulary, or written out and perhaps misspelt.

use std::sync::Arc;

use super::Compiler;
use crate::diagnostic::suggest;
use crate::mapping::file::{MappingFile, Word};
use crate::mapping::vocabulary::{Name, Vocabulary, built_in, built_in_by_id, is_email};

/// A vocabulary that a file may look into.
pub(super) enum Known {
    BuiltIn(&'static Vocabulary),
    Included(Arc<Vocabulary>),
}

impl Known {
    fn vocabulary(&self) -> &Vocabulary {
        match self {
            Self::BuiltIn(vocabulary) => vocabulary,
            Self::Included(vocabulary) => vocabulary,
        }
    }
}

impl Compiler<'_, '_, '_> {
    /// Those that `vocabulary` names; an included one comes before a built-in one of the same id.
    pub(super) fn vocabularies(&mut self, file: &MappingFile) -> Vec<Known> {
        let included = self.library.vocabularies_of(file, self.findings.source);
        let mut known = Vec::with_capacity(file.vocabulary.len());
        for word in &file.vocabulary {
            let own = included.iter().find(|vocabulary| vocabulary.id == word.value);
            let found = own
                .map(|vocabulary| Known::Included(Arc::clone(vocabulary)))
                .or_else(|| built_in_by_id(&word.value).map(Known::BuiltIn));
            match found {
                Some(vocabulary) => known.push(vocabulary),
                None => self.unknown_vocabulary(word, &included),
            }
        }
        known
    }

    fn unknown_vocabulary(&mut self, word: &Word, included: &[Arc<Vocabulary>]) {
        // The file that is not there may be the one that has it.
        if self.tables.incomplete || self.unread.has("include") {
            return;
        }
        let ids = included.iter().map(|vocabulary| vocabulary.id.as_str());
        let ids: Vec<&str> = ids.chain(built_in().iter().map(|vocabulary| vocabulary.id.as_str())).collect();
        let message = format!("there is no vocabulary `{}`", word.value);
        let suggestion = suggest(&word.value, ids.iter().copied());
        let problem = self.findings.error("mapping.vocabulary_unknown", word.span, message);
        match suggestion {
            Some(_) => problem.did_you_mean(suggestion),
            None => problem.help(format!("there are {}; your own is included as a file", ids.join(", "))),
        };
    }

    /// The name and the format that a friendly name stands for; a finding where it stands for none or for several.
    pub(super) fn by_friendly_name(&mut self, friendly: &Word, file: &MappingFile) -> Option<(String, Option<String>)> {
        let names = |known: &Known| known.vocabulary().names.clone();
        let found: Vec<Name> = {
            let all = self.vocabularies.iter().flat_map(names);
            let mut found: Vec<Name> = all.filter(|name| name.friendly == friendly.value).collect();
            found.dedup_by(|a, b| a.name == b.name);
            found
        };
        match found.as_slice() {
            // The one that is not there may be the one that has it.
            [] if self.vocabularies.len() < file.vocabulary.len() || self.unread.has("vocabulary") => None,
            [] => {
                self.unknown_friendly_name(friendly, file);
                None
            }
            [only] => Some((only.name.clone(), only.format.clone())),
            several => {
                let names = several.iter().map(|name| format!("`{}`", name.name)).collect::<Vec<_>>().join(", ");
                let message = format!("`{}` stands for {names}", friendly.value);
                let problem = self.findings.error("mapping.friendly_name_ambiguous", friendly.span, message);
                problem.help("write the `name` that the source sends");
                None
            }
        }
    }

    fn unknown_friendly_name(&mut self, friendly: &Word, file: &MappingFile) {
        let elsewhere = built_in().iter().find(|vocabulary| vocabulary.get(&friendly.value).is_some());
        let suggestion = {
            let names = self.vocabularies.iter().flat_map(|known| &known.vocabulary().names);
            suggest(&friendly.value, names.map(|name| name.friendly.as_str())).map(str::to_owned)
        };
        let message = if file.vocabulary.is_empty() {
            "a friendly name needs a `vocabulary` to look in".to_owned()
        } else {
            format!("the vocabularies of this file have no `{}`", friendly.value)
        };
        let problem = self.findings.error("mapping.friendly_name_unknown", friendly.span, message);
        match (suggestion, elsewhere) {
            (Some(word), _) => problem.did_you_mean(Some(&word)),
            (None, Some(vocabulary)) => problem.help(format!("`vocabulary: [{}]` has it", vocabulary.id)),
            (None, None) => problem.help("write the `name` that the source sends"),
        };
    }

    /// A name that is nearly one that products send yields nothing, silently, for everybody.
    pub(super) fn check_wire_name(&mut self, name: &Word) {
        if name.value.trim() != name.value {
            let problem = self.findings.error(
                "mapping.name_malformed",
                name.span,
                "a name with white space at its ends is never sent",
            );
            problem.help("remove the white space");
            return;
        }
        let Some(meant) = self.library.slip(&name.value) else { return };
        let message = format!("`{}` is nearly a name that products send", name.value);
        let problem = self.findings.warning("mapping.name_suspect", name.span, message);
        problem.did_you_mean(Some(meant));
    }

    /// Whether e-mail addresses of people come under this name.
    pub(super) fn is_email(&self, name: &str) -> bool {
        let names = self.vocabularies.iter().flat_map(|known| &known.vocabulary().names);
        is_email(name) || names.into_iter().any(|entry| entry.email && entry.name == name)
    }
}
