//! The issuer and the public addresses that grow from it.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::host::is_host;

/// The issuer identifier (RFC 8414 section 2): compared as a string, exactly, by everybody who trusts our tokens.
///
/// `https`, or `http` on a loopback host; no user, query or fragment; no slash at the end; written in the one way in
/// which every client writes it (lower-case scheme and host, no default port, no dot segments, no escapes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    url: String,
    path_from: usize,
}

/// Why a text cannot be the issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssuerRejection {
    /// Neither `https://…` nor `http://…`.
    #[error("not an https address")]
    NotHttps,
    /// `http` on a host that others can reach.
    #[error("http is for loopback hosts only")]
    PlainHttp,
    /// No host, or characters that no host has.
    #[error("the host is missing or malformed")]
    Host,
    /// Upper-case letters in scheme or host: clients would compare another string.
    #[error("scheme and host are written in lower case")]
    UpperCase,
    /// A port that is no number, or the scheme's own.
    #[error("the port is malformed, or the one that the scheme has anyway")]
    Port,
    /// `user@`.
    #[error("an issuer has no user")]
    User,
    /// `?` or `#` (RFC 8414 section 2).
    #[error("an issuer has no query and no fragment")]
    QueryOrFragment,
    /// A slash at the end.
    #[error("an issuer ends without a slash")]
    TrailingSlash,
    /// Dot segments, empty segments, escapes or foreign characters in the path.
    #[error("the path has empty or dot segments, escapes or foreign characters")]
    Path,
}

impl Issuer {
    /// Reads an issuer; the text is kept as it is.
    pub fn parse(text: &str) -> Result<Self, IssuerRejection> {
        let (scheme, rest) = text.split_once("://").ok_or(IssuerRejection::NotHttps)?;
        let default_port = match scheme {
            "https" => "443",
            "http" => "80",
            other if other.eq_ignore_ascii_case("https") || other.eq_ignore_ascii_case("http") => {
                return Err(IssuerRejection::UpperCase);
            }
            _ => return Err(IssuerRejection::NotHttps),
        };
        if rest.contains(['?', '#']) {
            return Err(IssuerRejection::QueryOrFragment);
        }
        let path_at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(path_at).ok_or(IssuerRejection::Host)?;
        let host = check_authority(authority, default_port)?;
        if scheme == "http" && !is_loopback(host) {
            return Err(IssuerRejection::PlainHttp);
        }
        check_path(path)?;
        Ok(Self { url: text.to_owned(), path_from: text.len() - path.len() })
    }

    /// The issuer, exactly as configured.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// The path without a slash at its end: empty, or `/bridge`. Every public address begins with it.
    pub fn path(&self) -> &str {
        self.url.get(self.path_from..).unwrap_or_default()
    }

    /// An address below the issuer; `path` begins with a slash.
    pub fn below(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// The host, without brackets.
fn check_authority<'a>(authority: &'a str, default_port: &str) -> Result<&'a str, IssuerRejection> {
    if authority.contains('@') {
        return Err(IssuerRejection::User);
    }
    let (host, port) = split_port(authority)?;
    if let Some(port) = port {
        let plain = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
        if !plain || port.parse::<u16>().is_err() || port == default_port {
            return Err(IssuerRejection::Port);
        }
    }
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(IssuerRejection::UpperCase);
    }
    if authority.starts_with('[') {
        return host.parse::<Ipv6Addr>().map(|_| host).map_err(|_| IssuerRejection::Host);
    }
    if is_host(host) { Ok(host) } else { Err(IssuerRejection::Host) }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), IssuerRejection> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(IssuerRejection::Host)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(IssuerRejection::Host),
        };
    }
    Ok(authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

fn check_path(path: &str) -> Result<(), IssuerRejection> {
    let Some(segments) = path.strip_prefix('/') else { return Ok(()) };
    if path.ends_with('/') {
        return Err(IssuerRejection::TrailingSlash);
    }
    // RFC 3986 section 2.3: unreserved characters are the ones that nobody rewrites.
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let plain = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(unreserved);
    if segments.split('/').all(plain) { Ok(()) } else { Err(IssuerRejection::Path) }
}

/// Every public address, derived from the issuer and never from a request's `Host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// `POST` (RFC 6749 section 3.2).
    pub token_endpoint: String,
    /// RFC 8414 `jwks_uri`.
    pub jwks: String,
    /// The metadata document: the well-known part stands between host and path (RFC 8414 section 3.1).
    pub metadata: String,
    /// Our assertion consumer service.
    pub acs: String,
    /// `error_uri` is this and the code.
    pub errors: String,
}

impl Addresses {
    /// The addresses below an issuer.
    pub fn below(issuer: &Issuer) -> Self {
        let host = issuer.url.get(..issuer.path_from).unwrap_or_default();
        Self {
            token_endpoint: issuer.below("/token"),
            jwks: issuer.below("/jwks"),
            metadata: format!("{host}/.well-known/oauth-authorization-server{}", issuer.path()),
            acs: issuer.below("/saml/acs"),
            errors: issuer.below("/errors/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_kept_as_it_is_written() {
        for (text, path) in [
            ("https://bridge.example", ""),
            ("https://bridge.example/eu/login", "/eu/login"),
            ("https://bridge.example:8443", ""),
            ("https://[2001:db8::1]:8443/x", "/x"),
            ("http://localhost:8080", ""),
            ("http://127.0.0.1:8080", ""),
            ("http://[::1]:8080", ""),
        ] {
            let issuer = Issuer::parse(text).unwrap();
            assert_eq!((issuer.as_str(), issuer.path()), (text, path));
        }
    }

    #[test]
    fn each_rule_of_an_issuer_is_needed() {
        use IssuerRejection as R;
        for (text, why) in [
            ("bridge.example", R::NotHttps),
            ("ftp://bridge.example", R::NotHttps),
            ("HTTPS://bridge.example", R::UpperCase),
            ("http://bridge.example", R::PlainHttp),
            ("http://localhost.bridge.example", R::PlainHttp),
            ("http://127.0.0.1.example", R::PlainHttp),
            ("https://", R::Host),
            ("https:///x", R::Host),
            ("https://bridge..example", R::Host),
            ("https://bridge_1.example", R::Host),
            ("https://brücke.example", R::Host),
            ("https://[::1", R::Host),
            ("https://Bridge.example", R::UpperCase),
            ("https://bridge.example:443", R::Port),
            ("https://bridge.example:", R::Port),
            ("https://bridge.example:08443", R::Port),
            ("https://bridge.example:70000", R::Port),
            ("https://ops@bridge.example", R::User),
            ("https://bridge.example?x", R::QueryOrFragment),
            ("https://bridge.example/a#b", R::QueryOrFragment),
            ("https://bridge.example/", R::TrailingSlash),
            ("https://bridge.example/a/", R::TrailingSlash),
            ("https://bridge.example/a//b", R::Path),
            ("https://bridge.example/../b", R::Path),
            ("https://bridge.example/%61", R::Path),
            ("https://bridge.example/a b", R::Path),
        ] {
            assert_eq!(Issuer::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn addresses_hang_on_the_issuer() {
        let addresses = Addresses::below(&Issuer::parse("https://bridge.example/eu").unwrap());
        assert_eq!(addresses.token_endpoint, "https://bridge.example/eu/token");
        assert_eq!(addresses.metadata, "https://bridge.example/.well-known/oauth-authorization-server/eu");
    }
}
