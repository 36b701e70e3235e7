//! Four requests, told as they happen.

use serde_json::Value;

use crate::cli::exit::{Answer, Exit, Failure};
use crate::cli::screen::{BAD, FAINT, GOOD, HINT, STRONG, Screen, styled};
use crate::crypto::standard::verify_access_token;

use super::client::{Heard, get, post};
use super::stage::{AUDIENCE, CLIENT, PROVIDER, Stage};

const BEARER: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const SAML2: &str = "urn:ietf:params:oauth:token-type:saml2";
const SESSION: &str = "urn:drawbridge:token-type:session:intranet";

/// Runs the tour. The answer is no where anything came out otherwise than it should.
pub(super) async fn tell(stage: &Stage, screen: &mut Screen<'_>) -> Answer {
    screen.line(format!(
        "{}  {}",
        styled(STRONG, "Drawbridge"),
        styled(FAINT, "SAML and old sessions in, OAuth tokens out")
    ))?;
    screen.line(format!("the bridge listens on {}, with its state in a temporary folder\n", stage.issuer()))?;
    let (presented, xml) = stage.response()?;

    title(screen, 1, "A signed SAML assertion becomes a token (RFC 7522)")?;
    screen.line(format!("   {PROVIDER} signs a response of {} bytes with RSA-SHA256:", xml.len()))?;
    screen.line(format!("   {}", styled(FAINT, shortened(&xml, 150))))?;
    let form = [("grant_type", BEARER), ("assertion", &presented), ("scope", "payroll.read")];
    let by_assertion = post(stage.address, "/token", &stage.basic(), &form).await?;
    if !show_token(stage, &by_assertion, screen).await? {
        return Ok(Exit::No);
    }

    title(screen, 2, "The same assertion a second time, at the other door (RFC 8693)")?;
    let form = [("grant_type", EXCHANGE), ("subject_token", &presented), ("subject_token_type", SAML2)];
    let replayed = post(stage.address, "/token", &stage.basic(), &form).await?;
    if !show_refusal(&replayed, "saml.replayed", screen)? {
        return Ok(Exit::No);
    }

    title(screen, 3, "A cookie of the old intranet becomes a token (RFC 8693)")?;
    let cookie = stage.cookie();
    screen.line(format!("   {}", styled(FAINT, shortened(&cookie, 150))))?;
    let form = [("grant_type", EXCHANGE), ("subject_token", cookie.as_str()), ("subject_token_type", SESSION)];
    let by_session = post(stage.address, "/token", &stage.basic(), &form).await?;
    if !show_token(stage, &by_session, screen).await? {
        return Ok(Exit::No);
    }

    title(screen, 4, "A cookie that somebody changed")?;
    let forged = cookie.replace("hr-readers", "hr-admins");
    let form = [("grant_type", EXCHANGE), ("subject_token", forged.as_str()), ("subject_token_type", SESSION)];
    let refused = post(stage.address, "/token", &stage.basic(), &form).await?;
    if !show_refusal(&refused, "session.signature_invalid", screen)? {
        return Ok(Exit::No);
    }
    how_to_verify(&by_assertion, stage, screen)?;
    Ok(Exit::Done)
}

fn title(screen: &mut Screen<'_>, number: usize, text: &str) -> Result<(), Failure> {
    Ok(screen.line(format!("{} {}", styled(HINT, number), styled(STRONG, text)))?)
}

/// The token, its claims, and what jsonwebtoken says of it with nothing but `/jwks`.
async fn show_token(stage: &Stage, heard: &Heard, screen: &mut Screen<'_>) -> Result<bool, Failure> {
    let token = heard.text("access_token");
    if heard.status != 200 {
        screen.line(format!("   {} {} {}", styled(BAD, "refused"), heard.status, heard.body))?;
        return Ok(false);
    }
    screen.line(format!("   {} {}", styled(GOOD, "200"), shortened(&token, 100)))?;
    let jwks = get(stage.address, "/jwks").await?;
    match verify_access_token(&jwks.body, &token, &stage.issuer(), AUDIENCE) {
        Ok(claims) => {
            for (name, value) in claims.as_object().into_iter().flatten() {
                screen.line(format!("       {} {value}", styled(HINT, format!("{name:<9}"))))?;
            }
            screen.line(format!(
                "   {} by jsonwebtoken, with the keys of {}/jwks\n",
                styled(GOOD, "verified"),
                stage.issuer()
            ))?;
            Ok(true)
        }
        Err(error) => {
            screen.line(format!("   {} {error}", styled(BAD, "not verified:")))?;
            Ok(false)
        }
    }
}

fn show_refusal(heard: &Heard, expected: &str, screen: &mut Screen<'_>) -> Result<bool, Failure> {
    let json: Value = serde_json::from_str(&heard.body).unwrap_or_default();
    screen.line(format!("   {} {}", styled(BAD, heard.status), serde_json::to_string(&json).unwrap_or_default()))?;
    let as_expected = heard.text("reason") == expected;
    let word = if as_expected { styled(GOOD, "as it should be") } else { styled(BAD, "not as it should be") };
    screen.line(format!("   {word}: {}\n", styled(FAINT, format!("drawbridge explain {expected}"))))?;
    Ok(as_expected)
}

fn how_to_verify(heard: &Heard, stage: &Stage, screen: &mut Screen<'_>) -> Result<(), Failure> {
    screen.line(styled(STRONG, "Verify it yourself, with any library (here PyJWT; needs `demo --keep`):"))?;
    let token = heard.text("access_token");
    for line in [
        "import jwt".to_owned(),
        format!("token = \"{token}\""),
        format!("key = jwt.PyJWKClient(\"{}/jwks\").get_signing_key_from_jwt(token)", stage.issuer()),
        format!(
            "print(jwt.decode(token, key, algorithms=[\"ES256\"], audience=\"{AUDIENCE}\", issuer=\"{}\"))",
            stage.issuer()
        ),
    ] {
        screen.line(format!("   {}", styled(FAINT, line)))?;
    }
    Ok(())
}

/// What to type while the bridge stays up.
pub(super) fn invite(stage: &Stage, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let (presented, _) = stage.response()?;
    let issuer = stage.issuer();
    screen.line(format!("\n{}", styled(STRONG, "The bridge stays up. To try (Ctrl-C ends it):")))?;
    screen.line(format!("curl -s {issuer}/.well-known/oauth-authorization-server"))?;
    screen.line(format!("curl -s {issuer}/jwks"))?;
    screen.line(format!(
        "curl -s {issuer}/token -u {CLIENT}:{} -d grant_type={BEARER} --data-urlencode assertion={presented}",
        stage.client_secret
    ))?;
    screen.line(format!(
        "curl -s {issuer}/token -u {CLIENT}:{} -d grant_type={EXCHANGE} -d subject_token_type={SESSION} --data-urlencode \
         'subject_token={}'",
        stage.client_secret,
        stage.cookie()
    ))?;
    Ok(())
}

fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
