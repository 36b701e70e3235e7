//! What an operator has in a file: XML, base64, a session token, or the form body of the request that failed.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ground::oauth::{GrantType, TOKEN_TYPE_SESSION_PREFIX};

use super::super::exit::Failure;

/// More than any door takes, so that the doors say themselves what is too large.
const MAX_BYTES: u64 = 1 << 20;

/// A credential with what came along, as it would be presented.
#[derive(Default)]
pub(super) struct Presented {
    /// The parameter's value.
    pub(super) credential: String,
    /// `grant_type` of a form.
    pub(super) grant: Option<GrantType>,
    /// The session source that `subject_token_type` of a form names.
    pub(super) session: Option<String>,
    /// `client_id` of a form.
    pub(super) client: Option<String>,
    /// `audience` of a form.
    pub(super) audiences: Vec<String>,
    /// `resource` of a form.
    pub(super) resources: Vec<String>,
    /// `scope` of a form.
    pub(super) scope: Option<String>,
}

/// Reads the file, or standard input for `-`.
pub(super) fn load(path: &Path) -> Result<Presented, Failure> {
    let shown = path.display();
    let failed = |error: std::io::Error| Failure::could_not_run(format!("`{shown}` cannot be read: {error}"));
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        // A pipe or a device could keep the command for ever.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(Failure::no(format!("`{shown}` is not a regular file")));
        }
        File::open(path).map_err(failed)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Failure::no(format!("`{shown}` is larger than {} KiB", MAX_BYTES / 1024)));
    }
    let text = String::from_utf8(bytes).map_err(|_| Failure::no(format!("`{shown}` is not text")))?;
    let presented = parse(&text);
    if presented.credential.is_empty() {
        return Err(Failure::no(format!("`{shown}` holds no credential")));
    }
    Ok(presented)
}

/// Tells the forms apart: XML begins with `<`, a form names its parameters, everything else is the credential itself.
fn parse(text: &str) -> Presented {
    let trimmed = text.trim_start_matches('\u{feff}').trim();
    if trimmed.starts_with('<') {
        // As the doors take it. The byte order mark is an editor's, not the provider's.
        return Presented { credential: STANDARD.encode(trimmed), ..Presented::default() };
    }
    let names = ["assertion=", "subject_token=", "SAMLResponse="];
    let is_form = names.iter().any(|name| trimmed.starts_with(name) || trimmed.contains(&format!("&{name}")));
    if !is_form {
        return Presented { credential: trimmed.to_owned(), ..Presented::default() };
    }
    let mut presented = Presented::default();
    for (name, value) in form_urlencoded::parse(trimmed.as_bytes()) {
        let value = value.into_owned();
        match name.as_ref() {
            "assertion" | "subject_token" | "SAMLResponse" => presented.credential = value,
            "grant_type" => presented.grant = GrantType::ALL.into_iter().find(|grant| grant.as_str() == value),
            "subject_token_type" => {
                presented.session = value.strip_prefix(TOKEN_TYPE_SESSION_PREFIX).map(str::to_owned);
            }
            "client_id" => presented.client = Some(value),
            "audience" => presented.audiences.push(value),
            "resource" => presented.resources.push(value),
            "scope" => presented.scope = Some(value),
            _ => {}
        }
    }
    presented
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_base64_and_session_tokens_are_told_apart() {
        assert_eq!(parse("\u{feff}\n<a/>\n").credential, STANDARD.encode("<a/>"));
        assert_eq!(parse("PGEvPg==\n").credential, "PGEvPg==");
        assert_eq!(parse("ana|1772366400.3f2a\n").credential, "ana|1772366400.3f2a");
        assert_eq!(parse("user=ana&exp=5&mac=00").credential, "user=ana&exp=5&mac=00");
    }

    #[test]
    fn a_form_brings_its_parameters_along() {
        let presented = parse(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&client_id=portal&subject_token=a%2Bb\
             &subject_token_type=urn:drawbridge:token-type:session:intranet&audience=x&audience=y&scope=a+b&unknown=1",
        );
        assert_eq!(presented.credential, "a+b");
        assert_eq!(presented.grant, Some(GrantType::TokenExchange));
        assert_eq!(presented.session.as_deref(), Some("intranet"));
        assert_eq!(presented.client.as_deref(), Some("portal"));
        assert_eq!(presented.audiences, ["x", "y"]);
        assert_eq!(presented.scope.as_deref(), Some("a b"));
    }
}
