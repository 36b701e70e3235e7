//! Who may ask for what: clients and APIs, as the configuration declares them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::crypto::client_secret::ClientSecretDigest;
use crate::crypto::keys::SigningAlgorithm;
use crate::ground::id::{Audience, ClientId, Sector, SourceId};
use crate::ground::oauth::GrantType;
use crate::ground::scope::ScopeSet;

use super::denial::Denial;

/// A registered client. What is not listed it may not do.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its `client_id`.
    pub id: ClientId,
    /// What its secret is compared with.
    pub secret: ClientSecretDigest,
    /// The grants that it may use.
    pub grants: Vec<GrantType>,
    /// The sources whose credentials it may present.
    pub sources: Vec<SourceId>,
    /// The APIs that it may ask tokens for.
    pub audiences: Vec<Audience>,
    /// The most scope that it may have; `None` sets no limit beyond those of mapping and API.
    pub scopes: Option<ScopeSet>,
    /// What its tokens call a person.
    pub subject_type: SubjectType,
}

/// What tokens call a person (`OpenID` Connect Core section 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectType {
    /// The lasting `sub`, the same for all.
    Public,
    /// Another one in each sector: what two of them know of a person cannot be put together by it.
    Pairwise(Sector),
}

impl Client {
    /// Whether it may use this grant (RFC 6749 section 5.2, `unauthorized_client`).
    pub fn check_grant(&self, grant: GrantType) -> Result<(), Denial> {
        if self.grants.contains(&grant) {
            Ok(())
        } else {
            Err(Denial::GrantRefused { grant, allowed: self.grants.clone() })
        }
    }

    /// Whether it may present credentials of this source.
    pub fn check_source(&self, source: &SourceId) -> Result<(), Denial> {
        if self.sources.contains(source) {
            Ok(())
        } else {
            Err(Denial::SourceRefused { source_id: source.clone(), allowed: self.sources.clone() })
        }
    }
}

/// An API that tokens are issued for.
#[derive(Debug, Clone)]
pub struct Api {
    /// Its name: the `aud` of its tokens.
    pub audience: Audience,
    /// The scopes that it offers.
    pub scopes: ScopeSet,
    /// How long its tokens live, in whole seconds, at least one.
    pub lifetime: Duration,
    /// What its tokens are signed with, where it is not the bridge's own choice.
    pub algorithm: Option<SigningAlgorithm>,
}

/// Why clients and APIs do not make a policy. The configuration says the same with a position, before it comes to this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Two clients of one id.
    #[error("client `{0}` is declared twice")]
    ClientRepeated(ClientId),
    /// Two APIs of one audience.
    #[error("the API of audience `{0}` is declared twice")]
    AudienceRepeated(Audience),
    /// A client may ask for an API that is not there.
    #[error("client `{client}` has the audience `{audience}`, which no API declares")]
    AudienceUnknown {
        /// The client.
        client: ClientId,
        /// What it names.
        audience: Audience,
    },
    /// A token that would be expired when it is issued.
    #[error("tokens of audience `{0}` live for less than a second")]
    LifetimeTooShort(Audience),
}

/// Every client and every API.
#[derive(Debug)]
pub struct Policy {
    clients: BTreeMap<ClientId, Client>,
    apis: BTreeMap<Audience, Api>,
}

impl Policy {
    /// Takes both over and checks that they fit.
    pub fn new(clients: Vec<Client>, apis: Vec<Api>) -> Result<Self, PolicyError> {
        let mut policy = Self { clients: BTreeMap::new(), apis: BTreeMap::new() };
        for api in apis {
            if api.lifetime < Duration::from_secs(1) {
                return Err(PolicyError::LifetimeTooShort(api.audience));
            }
            if let Some(earlier) = policy.apis.insert(api.audience.clone(), api) {
                return Err(PolicyError::AudienceRepeated(earlier.audience));
            }
        }
        for client in clients {
            if let Some(unknown) = client.audiences.iter().find(|audience| !policy.apis.contains_key(audience)) {
                return Err(PolicyError::AudienceUnknown { audience: unknown.clone(), client: client.id });
            }
            if let Some(earlier) = policy.clients.insert(client.id.clone(), client) {
                return Err(PolicyError::ClientRepeated(earlier.id));
            }
        }
        Ok(policy)
    }

    /// The client of this id.
    pub fn client(&self, id: &ClientId) -> Option<&Client> {
        self.clients.get(id)
    }

    /// The client, if the secret is its own. An unknown client and a wrong secret are one answer and cost the same:
    /// one digest and one comparison in constant time.
    pub fn authenticate(&self, id: &ClientId, secret: &[u8]) -> Option<&Client> {
        const NOBODY: ClientSecretDigest = ClientSecretDigest::none();
        let client = self.client(id);
        let verifies = client.map_or(&NOBODY, |client| &client.secret).verifies(secret);
        client.filter(|_| verifies)
    }

    /// Every client, by id.
    pub fn clients(&self) -> impl Iterator<Item = &Client> {
        self.clients.values()
    }

    /// The API of this audience.
    pub fn api(&self, audience: &Audience) -> Option<&Api> {
        self.apis.get(audience)
    }

    /// Every API, by audience.
    pub fn apis(&self) -> impl Iterator<Item = &Api> {
        self.apis.values()
    }
}
