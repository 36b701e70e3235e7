//! What is not wrong, but cannot have been meant: names that nothing uses, rules that can never do anything.

use std::collections::{BTreeMap, BTreeSet};

use super::Compiler;
use crate::ground::claim::ClaimName;
use crate::ground::id::Audience;
use crate::mapping::file::{MappingFile, RawClaim};

impl Compiler<'_, '_, '_> {
    pub(super) fn lint(&mut self, file: &MappingFile, release: &BTreeMap<Audience, Vec<ClaimName>>) {
        self.check_unreleased(&file.claims, release);
        // Where something is broken, nobody knows what it would have used.
        if self.findings.diagnostics.has_errors() {
            return;
        }
        self.check_unused(file);
        for name in self.tables.unused() {
            let message = format!("nothing uses the table `{}`", name.value);
            let problem = self.findings.warning("mapping.table_unused", name.span, message);
            problem.label("never looked into").help("use it in a claim, `table: …`, or remove it");
        }
    }

    fn check_unreleased(&mut self, claims: &[RawClaim], release: &BTreeMap<Audience, Vec<ClaimName>>) {
        let released: BTreeSet<_> = release.values().flatten().map(ClaimName::as_str).collect();
        for claim in claims {
            let name = claim.name.value.as_str();
            if !released.contains(name) && !self.claims_read.contains(name) {
                let message = format!("no audience may see the claim `{name}`, and no expression reads it");
                let problem = self.findings.warning("mapping.claim_unreleased", claim.name.span, message);
                problem.label("made for nothing").help("list it under `release`, or remove it");
            }
        }
    }

    /// An attribute that no rule reads is most often the other half of a misspelling.
    fn check_unused(&mut self, file: &MappingFile) {
        for attribute in &file.attributes {
            let short = &attribute.short;
            if self.used.contains(&short.value) || self.attributes_read.contains(&short.value) {
                continue;
            }
            let message = format!("no rule uses the attribute `{}`", short.value);
            let problem = self.findings.warning("mapping.attribute_unused", short.span, message);
            problem.label("declared for nothing");
            problem.help(if attribute.optional {
                "use it, or remove it: what is not declared is reported, and never read"
            } else {
                "use it, or remove it: as it stands, people without it are refused"
            });
        }
    }
}
