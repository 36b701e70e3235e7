//! What the codes of diagnostics mean: for `drawbridge explain`.
//!
//! A table, as in [`crate::ground::reason`], but of problems in an operator's files: they never reach a caller.

use crate::diagnostic::{self, Explanation};
use crate::mapping;

/// Every code that `drawbridge check` may write: those of any file, of mappings and of the configuration.
pub fn all() -> impl Iterator<Item = &'static Explanation> {
    diagnostic::PROBLEMS.iter().chain(&mapping::PROBLEMS).chain(PROBLEMS)
}

/// The code's meaning.
pub fn find(code: &str) -> Option<&'static Explanation> {
    all().find(|problem| problem.code == code)
}

/// Declares the table: code, cause, remedy.
macro_rules! problems {
    ($($code:literal $cause:literal $remedy:literal)+) => {
        /// Every code of this floor.
        pub const PROBLEMS: &[Explanation] = &[$(Explanation { code: $code, cause: $cause, remedy: $remedy },)+];
    };
}

problems! {
    "config.not_in_this_version"
        "The key or word belongs to a feature that this version does not have yet."
        "Remove it. It is refused rather than ignored, so that nothing you rely on is silently missing."
    "config.word_unknown"
        "The key takes one of a few words, and this is none of them."
        "Take one of the words in the message."
    "config.one_of"
        "Of several keys exactly one must be there."
        "Keep one."
    "config.list_empty"
        "A list has no element. Nothing is allowed by an empty list, and nothing is meant by it either."
        "Name what is meant."
    "config.list_repeats"
        "An element stands twice in a list."
        "Keep one."
    "config.number_out_of_range"
        "A number is too small or too large."
        "Take one inside the range of the message."
    "config.duration_malformed"
        "A duration is a number and one of s, m, h, d."
        "Write 30s, 10m, 1h or 7d."
    "config.duration_out_of_range"
        "A duration is shorter or longer than is sound at this place."
        "Take one inside the range of the message."
    "config.size_malformed"
        "A size is a number and one of KiB, MiB, GiB."
        "Write 64MiB or 1GiB."
    "config.trace_without_values"
        "`trace.keep` says how long the values of steps are kept, and `trace.values` does not say that they are."
        "Add `values: true`, or remove `trace`."
    "config.redact_unknown"
        "An attribute that is never to be kept is written otherwise than any mapping declares it, and would be kept."
        "Write the name that the source sends: the `name` of the mapping, not the short name."
    "config.name_malformed"
        "A name that others send has spaces or control characters, or is over 1024 bytes long."
        "Copy it exactly: names are compared character by character."
    "config.id_malformed"
        "An id has characters that URLs, URNs or HTTP Basic cannot carry safely."
        "Use letters, digits, hyphens, underscores and dots."
    "config.id_repeated"
        "Two things have one id. Identity providers and sessions share one set of ids."
        "Rename one."
    "config.scope_malformed"
        "A scope has spaces, quotes, backslashes or characters outside ASCII (RFC 6749 section 3.3)."
        "Rename the scope."
    "config.scope_unknown"
        "A client may have a scope that none of its APIs offers."
        "Take the suggestion, or add the scope to the API."
    "config.file_unread"
        "A file that the configuration names cannot be read."
        "Relative paths begin at the folder of the configuration file; compare owner and mode with the user that runs drawbridge."
    "config.issuer_malformed"
        "The issuer is not an https address that every client would write in the same way: lower case, no default port, no query, no fragment, no slash at the end. http is for loopback hosts."
        "Write it exactly as tokens shall carry it."
    "config.listen_malformed"
        "The address to listen on is not an IP address and a port."
        "Write 127.0.0.1:8080 or [::1]:8080."
    "config.listen_exposed"
        "Other machines can reach the listener, and neither tls nor trusted_proxies says how the way to it is protected. Client secrets and tokens would travel in the clear."
        "Put a proxy with TLS in front and name its network in trusted_proxies, or listen on a loopback address."
    "config.network_malformed"
        "A network is not in CIDR notation, has bits behind its prefix, or is the whole internet."
        "Write 10.0.0.0/8 or a single address."
    "config.master_key_in_storage"
        "The master key lies in the data folder, beside what it seals: whoever copies the folder has both."
        "Keep it elsewhere, such as /etc/drawbridge/master.key."
    "config.master_key_missing"
        "There is no master key where the configuration says. Without it no key of the store can be opened, and none is made in its place."
        "Run drawbridge keys init once, before the first start. If the store is older than that, restore the key from its backup."
    "config.master_key_refused"
        "The master key file is not one, or another user of this machine can read it."
        "Restore it from its backup; chmod 0600."
    "config.secret_literal"
        "A secret is written into the configuration, where every reader of the file, its backups and its history sees it."
        "Choose a new secret, put it into a file of its own and name that file."
    "config.secret_short"
        "A secret has fewer than 16 bytes: it can be guessed."
        "openssl rand -base64 32 makes a good one."
    "config.secret_weak"
        "A secret has fewer than 22 characters: as text it holds less than 128 bits."
        "openssl rand -base64 32 makes a good one."
    "config.secret_malformed"
        "A secret is not written as its place needs: a client's secret is one line of text, a session's key is as its encoding says."
        "Keep random bytes as hex or base64 in one line."
    "config.secret_shared"
        "Two clients have one secret: one that leaks opens both."
        "Give each client its own."
    "config.secret_readable"
        "Every user of this machine may read a secret's file."
        "chmod 0600; for a Kubernetes secret defaultMode: 0400."
    "config.secret_writable"
        "Every user of this machine may change a secret's file, and so choose the secret."
        "chmod 0600, then choose a new secret."
    "config.env_malformed"
        "env is not the name of an environment variable."
        "Write the name, not the value."
    "config.variable_missing"
        "An environment variable that the configuration names is not set, or is not UTF-8."
        "Set it for the process that runs drawbridge."
    "config.second_opinion_missing"
        "The configuration asks for a second verifier, and this build has none. It is an error, because whoever asks for two verifiers must not run with one."
        "Build with the feature second-opinion, or remove the key."
    "config.metadata_refused"
        "A metadata file does not describe an identity provider with a signing key of an accepted kind."
        "The message says what is missing; fetch the file again from the provider."
    "config.metadata_expired"
        "validUntil of a metadata file has passed; every assertion of this provider is refused."
        "Fetch it again."
    "config.provider_refused"
        "An identity provider cannot be trusted as configured."
        "The message says why."
    "config.session_refused"
        "A session source is not sound as declared: a key, an expiry or an unambiguous format is missing."
        "The message says why."
    "config.policy_refused"
        "Clients and APIs do not fit together."
        "The message says why."
    "config.source_own"
        "A source has one of our own names. What the bridge itself issued never comes in again as a foreign credential."
        "Remove the source, or mend its metadata or namespace."
    "config.namespace_repeated"
        "Two sources have one lasting name (entity ID or namespace), on which single use and sub hang."
        "Keep one of the two."
    "config.source_unknown"
        "A client names a source that is not configured."
        "Take the suggestion, or add the source."
    "config.source_unused"
        "No client may present credentials of a source."
        "Add it to the sources of a client, or remove it."
    "config.audience_unknown"
        "A client names an audience that no API has."
        "Take the suggestion, or add the API."
    "config.audience_repeated"
        "Two APIs have one audience."
        "Keep one, with the scopes of both."
    "config.audience_own"
        "The audience of an API is one of the bridge's own names."
        "Give the API a name of its own."
    "config.api_unused"
        "No client may ask for an API."
        "Add it to the audiences of a client, or remove it."
    "config.grant_useless"
        "A grant and the sources of a client do not fit: saml2-bearer is for assertions, sessions come in by token-exchange."
        "Follow the help of the message."
    "config.sector_missing"
        "A client with pairwise subjects has no sector, so nobody could say which clients share what they see of a person."
        "Add sector with the host name that these applications share."
    "config.sector_malformed"
        "A sector is not a host name in lower case. Every sub of its clients hangs on this text."
        "Write a host name such as payroll.example, without scheme, port and path."
    "config.sector_idle"
        "A client has a sector, and public subjects: the sector would change nothing, and whoever wrote it believes that its people cannot be recognised elsewhere."
        "Add subject_type: pairwise, or remove the sector."
    "config.forward_source"
        "A client forwards assertions of a provider that is not among its sources."
        "Add the provider to the client's sources."
    "config.forward_grant"
        "forwards works at token exchange only, and the client may not use it."
        "Add token-exchange to its grants."
    "config.forward_own"
        "A client forwards what is addressed to the bridge itself; that would let a stolen browser response be redeemed."
        "Name the recipient and audience of the legacy service provider."
    "config.forward_repeated"
        "Two clients forward for one recipient or audience: an assertion could be redeemed by either."
        "Leave it to one of them."
    "config.until_malformed"
        "until is neither a day nor a moment in UTC."
        "Write 2027-06-30, which lasts to the end of that day, or 2027-06-30T12:00:00Z."
    "config.until_too_far"
        "until is more than a year ahead."
        "Choose a day within a year, and look at it again then."
    "config.until_near"
        "A permission ends within 30 days."
        "Move the application, or choose a later day."
    "config.until_passed"
        "A permission has ended; requests that need it are refused."
        "Remove it, or choose a later day."
    "config.mappings_unread"
        "The folder of mappings cannot be read."
        "Compare the path, and its owner and mode with the user that runs drawbridge."
    "config.mappings_missing"
        "No mapping was found: every request would be refused."
        "Put a file with kind: mapping and the extension .yaml below the folder."
    "config.mapping_ignored"
        "A file below the folder of mappings is not read: its extension is not .yaml, or its kind is not mapping."
        "Rename it, or move it elsewhere."
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Every `"config.…"` in the sources below a folder, the table itself and tests left out.
    fn codes_below(folder: &Path, codes: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                codes_below(&path, codes);
            } else if !path.ends_with("problem.rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let is_code = |part: &&str| {
                    let rest = part.strip_prefix("config.").unwrap_or_default();
                    !rest.is_empty() && rest.chars().all(|c| c.is_ascii_lowercase() || c == '_')
                };
                codes.extend(text.split('"').filter(is_code).map(str::to_owned));
            }
        }
    }

    #[test]
    fn every_code_that_is_written_has_its_entry_and_no_entry_is_idle() {
        let mut written = BTreeSet::new();
        codes_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config"), &mut written);
        let known: BTreeSet<String> = PROBLEMS.iter().map(|problem| problem.code.to_owned()).collect();
        assert_eq!(written.symmetric_difference(&known).collect::<Vec<_>>(), Vec::<&String>::new());
    }

    #[test]
    fn a_code_has_one_meaning() {
        let codes: Vec<&str> = all().map(|problem| problem.code).collect();
        let unique: BTreeSet<&str> = codes.iter().copied().collect();
        assert_eq!(unique.len(), codes.len());
    }
}
