//! The decision: what of all that is asked and allowed is granted.

use std::time::Duration;

use crate::credential::Identity;
use crate::decision::{Fact, Finding, Stage, Trail};
use crate::ground::scope::ScopeSet;
use crate::ground::time::Timestamp;
use crate::mapping::Claims;

use super::client::{Api, Client};
use super::denial::Denial;
use super::permit::Permit;

/// What is asked, by whom.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The authenticated client.
    pub client: &'a Client,
    /// The API, from [`super::Policy::target`].
    pub api: &'a Api,
    /// The `scope` parameter; `None` where there is none: as much as there is.
    pub scope: Option<&'a ScopeSet>,
}

/// Decides, and writes its steps to the trail: each scope that was removed with who removed it, then how it ended.
///
/// Source and target are checked again, whoever has checked them before.
pub fn decide(
    asked: &Asked<'_>,
    identity: &Identity,
    claims: &Claims,
    now: Timestamp,
    trail: &mut Trail,
) -> Result<Permit, Denial> {
    trail.known.audience = Some(asked.api.audience.clone());
    trail.known.scope_asked = asked.scope.cloned();
    match permit(asked, identity, claims, now, trail) {
        Ok(permit) => {
            trail.known.scope_granted = Some(permit.scope.clone());
            trail.known.expires = Some(permit.expires);
            trail.passed(
                Stage::Policy,
                vec![
                    Fact::public("audience", &permit.audience),
                    Fact::public("scope", &permit.scope),
                    Fact::public("expires", permit.expires),
                ],
            );
            Ok(permit)
        }
        Err(denial) => {
            trail.failed(Stage::Policy, &denial);
            Err(denial)
        }
    }
}

fn permit(
    asked: &Asked<'_>,
    identity: &Identity,
    claims: &Claims,
    now: Timestamp,
    trail: &mut Trail,
) -> Result<Permit, Denial> {
    let Asked { client, api, scope } = *asked;
    client.check_source(&identity.facts().source)?;
    check_target(client, api, identity)?;
    let expires = expiry(api.lifetime, identity, now)?;
    let granted = narrow(scope, claims.scopes(), client, api, trail)?;
    Ok(Permit {
        client: client.id.clone(),
        audience: api.audience.clone(),
        algorithm: api.algorithm,
        subject: claims.subject().clone(),
        subject_type: client.subject_type.clone(),
        claims: claims.released_to(&api.audience),
        scope: granted,
        acr: claims.acr().map(str::to_owned),
        amr: claims.amr().to_vec(),
        auth_time: claims.auth_time(),
        decided: now,
        expires,
        use_key: identity.consumption().key,
    })
}

fn check_target(client: &Client, api: &Api, identity: &Identity) -> Result<(), Denial> {
    if !client.audiences.contains(&api.audience) {
        return Err(Denial::AudienceRefused { found: api.audience.to_string(), allowed: client.audiences.clone() });
    }
    // SAML Core 2.5.1.6: an empty list would allow nothing; no list restricts nothing.
    match identity.targets() {
        Some(targets) if !targets.iter().any(|target| target == api.audience.as_str()) => {
            Err(Denial::ProxyRestricted { found: api.audience.clone(), allowed: targets.to_vec() })
        }
        Some(_) | None => Ok(()),
    }
}

/// The API's lifetime from now, or the end of the identity if that is sooner: whole seconds, rounded down, as
/// `NumericDate` will show them. At least one second must be left.
fn expiry(lifetime: Duration, identity: &Identity, now: Timestamp) -> Result<Timestamp, Denial> {
    let by_lifetime = Timestamp::from_unix_seconds(now.unix_seconds()).after(Duration::from_secs(lifetime.as_secs()));
    let Some(ends) = identity.ends() else { return Ok(by_lifetime) };
    let by_end = Timestamp::from_unix_seconds(ends.unix_seconds());
    if by_end.since(now) < Duration::from_secs(1) {
        return Err(Denial::Ended { ends, now, rule: identity.consumption().rule });
    }
    Ok(by_lifetime.min(by_end))
}

/// The intersection of the four sets. Empty is refused, unless nothing was asked and the API offers nothing.
fn narrow(
    asked: Option<&ScopeSet>,
    mapping: &ScopeSet,
    client: &Client,
    api: &Api,
    trail: &mut Trail,
) -> Result<ScopeSet, Denial> {
    let limits = [("mapping", Some(mapping)), ("client", client.scopes.as_ref()), ("api", Some(&api.scopes))];
    let start = asked.unwrap_or(mapping);
    let mut granted = ScopeSet::default();
    for scope in start.iter() {
        let lacks = |(_, limit): &&(&str, Option<&ScopeSet>)| limit.is_some_and(|limit| !limit.contains(scope));
        let removed_by: Vec<&str> = limits.iter().filter(lacks).map(|(name, _)| *name).collect();
        if removed_by.is_empty() {
            granted.insert(scope.clone());
        } else {
            let facts = vec![Fact::public("removed_by", removed_by.join(", "))];
            trail.push(Stage::Scope, Some(scope.shared()), Finding::Noted, facts);
        }
    }
    if granted.is_empty() && (asked.is_some() || !api.scopes.is_empty()) {
        return Err(Denial::ScopeExceeds {
            asked: asked.cloned(),
            mapping: mapping.clone(),
            client: client.scopes.clone(),
            api: api.scopes.clone(),
        });
    }
    Ok(granted)
}
