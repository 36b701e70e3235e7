//! The cryptographic floor and each step of the stream, one after the other on one thread, many rounds over.
//!
//! Every round runs every step, so that what disturbs the machine disturbs them alike; each figure is the median of the
//! rounds. What a step needs is made outside of its time.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::runtime::Runtime;

use crate::backends::memory::MemoryStore;
use crate::cli::exit::Failure;
use crate::cli::wiring::Wired;
use crate::config::Loaded;
use crate::credential::Identity;
use crate::credential::saml::trust::TrustSource;
use crate::credential::saml::{self, Document, Expected, Signed, verify_signature};
use crate::crypto::digest::sha256;
use crate::crypto::sign_raw::{RawKeyKind, RawSigningKey};
use crate::crypto::verify::{PublicKey, SignatureAlgorithm};
use crate::decision::{Detail, Outcome, Rejection as _, Trail};
use crate::flow::token;
use crate::ground::clock::{Clock as _, SystemClock};
use crate::ground::id::{Audience, ClientId, TraceId};
use crate::ground::oauth::GrantType;
use crate::ground::time::Timestamp;
use crate::mapping::{Claims, Mapping, RequestFacts};
use crate::policy::{Api, Asked, Client, Permit, decide};
use crate::store::{Admission, Commit, admit};

use super::machine::median;
use super::stage::{CLIENT, ES256, Stage, audience};

const ROUNDS: usize = 40;
/// How long a step runs in each round.
const TURN: Duration = Duration::from_millis(4);
const EXCHANGES: u32 = 32;

/// What one takes.
pub(super) struct Step {
    /// Also the name in the JSON.
    pub(super) name: &'static str,
    /// Median.
    pub(super) takes: Duration,
}

/// What the steps say together.
pub(super) struct Steps {
    /// The floor itself, to be run under load.
    pub(super) bare: Arc<Floor>,
    /// base64, SHA-256, RSA verify, ES256 sign.
    pub(super) floor: Vec<Step>,
    /// The stream, in its order.
    pub(super) stream: Vec<Step>,
    /// Decode to read, in one piece.
    pub(super) verification: Duration,
    /// One exchange after another in process, without a disk.
    pub(super) exchange: Duration,
    /// How long the document is, in bytes.
    pub(super) document: usize,
    /// How long a decision record is, in bytes.
    pub(super) record: usize,
}

impl Steps {
    /// base64, SHA-256 and RSA: what no verification can avoid.
    pub(super) fn verification_floor(&self) -> Duration {
        self.floor.iter().take(3).map(|step| step.takes).sum()
    }
}

/// Runs so many of a step and says how long they took, preparation left out.
type Turn<'m> = Box<dyn FnMut(u32) -> Duration + 'm>;

struct Measured<'m> {
    name: &'static str,
    turn: Turn<'m>,
    count: u32,
    taken: Vec<Duration>,
}

impl<'m> Measured<'m> {
    fn plain<T>(name: &'static str, mut step: impl FnMut() -> T + 'm) -> Self {
        let turn = move |count| {
            let begun = Instant::now();
            for _ in 0..count {
                black_box(step());
            }
            begun.elapsed()
        };
        Self::prepared(name, turn)
    }

    fn prepared(name: &'static str, turn: impl FnMut(u32) -> Duration + 'm) -> Self {
        Self { name, turn: Box::new(turn), count: 8, taken: Vec::with_capacity(ROUNDS) }
    }

    fn run(&mut self) {
        let each = (self.turn)(self.count) / self.count;
        // The first round only finds out how many fit into a turn.
        let fitting = TURN.as_nanos() / each.as_nanos().max(1);
        self.count = u32::try_from(fitting).unwrap_or(u32::MAX).clamp(1, 10_000);
        self.taken.push(each);
    }

    fn done(self) -> Step {
        Step { name: self.name, takes: median(self.taken.into_iter().skip(1).collect()) }
    }
}

/// Measures everything that runs on one thread.
pub(super) fn measure(stage: &Stage, wired: &Wired, runtime: &Runtime) -> Result<Steps, Failure> {
    let loaded = stage.load("steps", "1MiB")?;
    let parameter = stage.request(RawKeyKind::RsaSha256)?.assertion;
    let text = saml::decode(&parameter).map_err(broken)?;
    let document = Document::parse(&text).map_err(broken)?;
    let stream = Stream::of(&loaded, wired, runtime)?;
    let signed = verify_signature(&document, stream.source.keys()).map_err(broken)?;
    let identity = stream.identity(&parameter)?;
    let claims = stream.claims(&identity)?;
    let bare = Arc::new(Floor::of(stage, &parameter)?);
    let mut floor = bare.steps();
    let mut steps = stream.verifying(&parameter, &text, &document, &signed);
    steps.extend(stream.issuing(&signed, &identity, &claims)?);
    let mut whole = Measured::plain("verification", || {
        let text = saml::decode(black_box(&parameter)).ok()?;
        let document = Document::parse(&text).ok()?;
        let signed = verify_signature(&document, stream.source.keys()).ok()?;
        saml::read(&signed).ok()
    });
    let mut exchanges = Vec::new();
    for _ in 0..=ROUNDS {
        floor.iter_mut().for_each(Measured::run);
        steps.iter_mut().for_each(Measured::run);
        whole.run();
        exchanges.push(exchange(stage, wired, runtime)?);
    }
    Ok(Steps {
        bare: Arc::clone(&bare),
        floor: floor.into_iter().map(Measured::done).collect(),
        stream: steps.into_iter().map(Measured::done).collect(),
        verification: whole.done().takes,
        exchange: median(exchanges),
        document: text.len(),
        record: stream.trail(&identity)?.close(Outcome::Issued).to_json().len(),
    })
}

/// What no implementation can avoid: library calls, and nothing around them.
pub(super) struct Floor {
    parameter: String,
    /// What is hashed.
    canonical: Vec<u8>,
    info: Vec<u8>,
    value: Vec<u8>,
    public: PublicKey,
    algorithm: SignatureAlgorithm,
    token_key: RawSigningKey,
}

impl Floor {
    /// For a response of the stage.
    pub(super) fn of(stage: &Stage, parameter: &str) -> Result<Self, Failure> {
        // Our signer writes canonical text: without its signature, the assertion is what is hashed.
        let between = |text: &str, from: &str, to: &str| {
            let begin = text.find(from)?;
            let end = text.rfind(to)? + to.len();
            text.get(begin..end).map(str::to_owned)
        };
        let text = saml::decode(parameter).map_err(broken)?;
        let part = |text: &str, name: &str| {
            between(text, &format!("<{name}"), &format!("</{name}>")).ok_or_else(|| broken(format!("no {name}")))
        };
        let assertion = part(&text, "saml:Assertion")?;
        let signature = part(&assertion, "ds:Signature")?;
        let info = part(&signature, "ds:SignedInfo")?.into_bytes();
        let key = stage.key(RawKeyKind::RsaSha256);
        let floor = Self {
            parameter: parameter.to_owned(),
            canonical: assertion.replace(&signature, "").into_bytes(),
            value: key.sign(&info).map_err(broken)?,
            info,
            public: stage.public_key()?,
            algorithm: key.algorithm(),
            token_key: RawSigningKey::generate(RawKeyKind::EcdsaSha256).map_err(broken)?,
        };
        if floor.verify() { Ok(floor) } else { Err(broken("the signature does not verify")) }
    }

    fn decode(&self) -> usize {
        STANDARD.decode(black_box(&self.parameter)).map_or(0, |bytes| black_box(bytes).len())
    }

    fn verify(&self) -> bool {
        self.public.verifies(self.algorithm, black_box(&self.info), &self.value)
    }

    /// All of it once.
    pub(super) fn run(&self) {
        black_box((self.decode(), sha256(black_box(&self.canonical)), self.verify()));
        black_box(self.token_key.sign(black_box(&self.info)).is_ok());
    }

    fn steps(&self) -> Vec<Measured<'_>> {
        vec![
            Measured::plain("base64", || self.decode()),
            Measured::plain("sha256", || sha256(black_box(&self.canonical))),
            Measured::plain("rsa2048_verify", || self.verify()),
            Measured::plain("es256_sign", || self.token_key.sign(black_box(&self.info))),
        ]
    }
}

/// What every step needs beside its input.
struct Stream<'m> {
    loaded: &'m Loaded,
    wired: &'m Wired,
    runtime: &'m Runtime,
    source: &'m TrustSource,
    mapping: &'m Mapping,
    client: &'m Client,
    api: &'m Api,
    audiences: Vec<String>,
    recipients: Vec<String>,
    now: Timestamp,
}

impl<'m> Stream<'m> {
    fn of(loaded: &'m Loaded, wired: &'m Wired, runtime: &'m Runtime) -> Result<Self, Failure> {
        let policy = &loaded.settings.policy;
        let of_files = || broken("a part of the files is missing");
        let source = loaded.settings.trust.iter().next().ok_or_else(of_files)?;
        let client = policy.client(&ClientId::new(CLIENT)).ok_or_else(of_files)?;
        let api = policy.api(&Audience::new(audience(ES256))).ok_or_else(of_files)?;
        let mapping = loaded.mappings.iter().next().ok_or_else(of_files)?;
        let (audiences, recipients) = (loaded.settings.saml_audiences(), loaded.settings.saml_recipients());
        let now = SystemClock.now();
        Ok(Self { loaded, wired, runtime, source, mapping, client, api, audiences, recipients, now })
    }

    fn open(&self) -> Trail {
        Trail::open(TraceId::from_bytes([7; 16]), self.now, Detail::Record)
    }

    fn expected(&self) -> Expected<'_> {
        Expected {
            audiences: &self.audiences,
            recipients: &self.recipients,
            acs: &self.loaded.settings.addresses.acs,
            client: &self.client.id,
            door: GrantType::Saml2Bearer,
            forward: None,
        }
    }

    fn identity(&self, parameter: &str) -> Result<Identity, Failure> {
        let trail = &mut self.open();
        saml::establish(parameter, &self.loaded.settings.trust, &self.expected(), self.now, trail).map_err(broken)
    }

    fn claims(&self, identity: &Identity) -> Result<Claims, Failure> {
        let request = RequestFacts { client: &self.client.id, audience: &self.api.audience, now: self.now };
        self.mapping.apply(identity.facts(), &request, &mut self.open()).map_err(broken)
    }

    fn permit(&self, identity: &Identity, claims: &Claims, trail: &mut Trail) -> Result<Permit, Failure> {
        let asked = Asked { client: self.client, api: self.api, scope: None };
        decide(&asked, identity, claims, self.now, trail).map_err(broken)
    }

    /// Of mapping and policy: most of what a record holds.
    fn trail(&self, identity: &Identity) -> Result<Trail, Failure> {
        let mut trail = self.open();
        let request = RequestFacts { client: &self.client.id, audience: &self.api.audience, now: self.now };
        let claims = self.mapping.apply(identity.facts(), &request, &mut trail).map_err(broken)?;
        self.permit(identity, &claims, &mut trail)?;
        Ok(trail)
    }

    fn verifying<'s>(
        &'s self,
        parameter: &'s str,
        text: &'s str,
        document: &'s Document<'s>,
        signed: &'s Signed<'s>,
    ) -> Vec<Measured<'s>> {
        vec![
            Measured::plain("decode", || saml::decode(black_box(parameter))),
            Measured::plain("parse_and_gate", || Document::parse(black_box(text))),
            Measured::plain("canonicalize_and_verify", || {
                verify_signature(black_box(document), self.source.keys()).is_ok()
            }),
            Measured::plain("read", || saml::read(black_box(signed))),
        ]
    }

    fn issuing<'s>(
        &'s self,
        signed: &'s Signed<'s>,
        identity: &'s Identity,
        claims: &'s Claims,
    ) -> Result<Vec<Measured<'s>>, Failure> {
        let (envelope, assertion) = saml::read(signed).map_err(broken)?;
        let trail = self.trail(identity)?;
        Ok(vec![
            Measured::plain("conditions", move || {
                saml::check_conditions(black_box(&assertion), &envelope, self.source, &self.expected(), self.now)
            }),
            Measured::plain("mapping", || self.claims(black_box(identity))),
            Measured::plain("policy", || self.permit(black_box(identity), claims, &mut self.open())),
            Measured::plain("record", move || black_box(&trail).close(Outcome::Issued).to_json()),
            Measured::prepared("issue", move |count| self.issue(identity, claims, count).unwrap_or_default()),
        ])
    }

    /// Needs a permit and an admission for each token.
    fn issue(&self, identity: &Identity, claims: &Claims, count: u32) -> Result<Duration, Failure> {
        let admitted = (0..count).map(|_| self.admitted(identity, claims)).collect::<Result<Vec<_>, _>>()?;
        let (bridge, ring) = (&self.wired.bridge, self.wired.bridge.ring());
        let begun = Instant::now();
        for (permit, admission) in admitted {
            // As at a first exchange; whoever has a link is spared this hash and costs a look into the store.
            let sub = bridge.issuer().subjects().derived(permit.subject());
            let draft = bridge.issuer().prepare(permit, &sub, [7; 16], &ring).map_err(broken)?;
            black_box(bridge.issuer().issue(draft, admission)).map_err(broken)?;
        }
        Ok(begun.elapsed())
    }

    fn admitted(&self, identity: &Identity, claims: &Claims) -> Result<(Permit, Admission), Failure> {
        let permit = self.permit(identity, claims, &mut self.open())?;
        // A store that has seen nothing, for each.
        let store = MemoryStore::default();
        let trace_id = TraceId::from_bytes([7; 16]);
        let commit = Commit { consume: None, trace_id, record: b"{}".to_vec(), links: Vec::new() };
        let admission = self.runtime.block_on(admit(&store, identity.consumption().clone(), commit));
        Ok((permit, admission.map_err(broken)?))
    }
}

/// A few whole exchanges one after the other, in a task like any other.
fn exchange(stage: &Stage, wired: &Wired, runtime: &Runtime) -> Result<Duration, Failure> {
    let requests = (0..EXCHANGES).map(|_| Ok(stage.request(RawKeyKind::RsaSha256)?.presented(ES256)));
    let requests = requests.collect::<Result<Vec<_>, Failure>>()?;
    let bridge = Arc::clone(&wired.bridge);
    let run = runtime.spawn(async move {
        let begun = Instant::now();
        for presented in requests {
            token::run(Arc::clone(&bridge), presented).await.result.map_err(|refusal| refusal.code().to_string())?;
        }
        Ok::<_, String>(begun.elapsed() / EXCHANGES)
    });
    runtime.block_on(run).map_err(broken)?.map_err(broken)
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::could_not_run(format!("a step that is measured does not work: {error}"))
}
