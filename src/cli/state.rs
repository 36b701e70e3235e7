//! Where a command finds state: at a running server, or in the store itself.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::backends::sled::{OpenError, SledOptions, SledStore};
use crate::config::{self, Extent, Places, ProcessEnvironment, load, master_key, store_of};
use crate::crypto::entropy::SystemEntropy;
use crate::crypto::ring::KeyRing;
use crate::crypto::seal::MasterKeys;
use crate::flow::KeyMaker;
use crate::ground::id::{Namespace, SourceId};
use crate::ground::time::Timestamp;
use crate::token::Subjects;

use super::admin::answer::{Export, OpenedKeys, State, answer, broken_off};
use super::admin::client::{self, ClientError};
use super::admin::subject::SubjectQuery;
use super::admin::{Answer, Refusal, RefusalKind, Request, socket};
use super::args::StateArgs;
use super::exit::{Exit, Failure};

/// A command reads a handful of pages: it does not need the server's cache.
const CACHE_BYTES: u64 = 8 << 20;

/// Asks whoever holds the data folder; where nobody does, opens the store and answers here.
pub(super) fn ask(args: &StateArgs, request: &Request, now: Timestamp) -> Result<Answer, Failure> {
    Session::begin(args, now)?.ask(request)
}

/// A command with several questions: all go to the server that answered the first, or to the store that was opened for it.
pub(super) struct Session<'a> {
    args: &'a StateArgs,
    places: Result<Places, String>,
    data: PathBuf,
    runtime: Runtime,
    now: Timestamp,
    answers: Answers,
}

/// Who answers.
enum Answers {
    /// Nobody has been asked yet.
    Unknown,
    /// A server.
    Server,
    /// We do.
    Here(Box<Here>),
}

impl<'a> Session<'a> {
    /// Nothing is asked and nothing opened yet.
    pub(super) fn begin(args: &'a StateArgs, now: Timestamp) -> Result<Self, Failure> {
        let places = config::places(&args.config);
        let data = data_folder(args, places.as_ref())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::could_not_run(format!("no runtime: {error}")))?;
        Ok(Self { args, places, data, runtime, now, answers: Answers::Unknown })
    }

    /// One answer.
    pub(super) fn ask(&mut self, request: &Request) -> Result<Answer, Failure> {
        if !matches!(self.answers, Answers::Here(_)) {
            match self.runtime.block_on(client::send(&socket(&self.data), request)) {
                Ok(answer) => {
                    self.answers = Answers::Server;
                    return Ok(answer);
                }
                Err(error) => self.without_server(error)?,
            }
        }
        let needed = Needed::by(request);
        let now = self.now;
        let (here, runtime) = self.here(&needed)?;
        runtime.block_on(answer(request, here.state(now))).map_err(refused)
    }

    /// Whether a server answered so far.
    pub(super) const fn is_server(&self) -> bool {
        matches!(self.answers, Answers::Server)
    }

    /// A whole export, written as it comes.
    pub(super) fn export(&mut self, out: &mut dyn Write) -> Result<(), Failure> {
        if !matches!(self.answers, Answers::Here(_)) {
            let (socket, mut take) = (socket(&self.data), |octets: &[u8]| out.write_all(octets));
            match self.runtime.block_on(client::export(&socket, &mut take)) {
                Ok(()) => return Ok(()),
                Err(error) => self.without_server(error)?,
            }
        }
        let now = self.now;
        let (here, runtime) = self.here(&Needed { keys: true, keys_if_there: false, namespace: false })?;
        runtime.block_on(async {
            let mut export = Export::begin(here.state(now));
            loop {
                match export.lines().await {
                    Ok(Some(lines)) => out.write_all(lines.as_bytes())?,
                    Ok(None) => return Ok(()),
                    Err(refusal) => {
                        // As a server does: a reader of the file sees that it is not whole.
                        out.write_all(broken_off(refusal.clone()).as_bytes())?;
                        return Err(refused(refusal));
                    }
                }
            }
        })
    }

    /// Whether the store may be opened instead: only where nobody listens, and nobody has.
    fn without_server(&self, error: ClientError) -> Result<(), Failure> {
        match error {
            ClientError::NobodyListens if matches!(self.answers, Answers::Unknown) => Ok(()),
            ClientError::NobodyListens => Err(Failure::could_not_run("the server ended before everything was asked")),
            ClientError::Refused(refusal) => Err(refused(refusal)),
            ClientError::Unwritten(error) => Err(error.into()),
            ClientError::NotAllowed => {
                Err(Failure::could_not_run("a server is running, and its admin socket is not open to this user")
                    .help("run the command as the user that runs the server"))
            }
            error @ ClientError::Broken(_) => Err(Failure::could_not_run(error.to_string())),
        }
    }

    /// The store, with what the request needs beside it.
    fn here(&mut self, needed: &Needed) -> Result<(&Here, &Runtime), Failure> {
        if !matches!(self.answers, Answers::Here(_)) {
            let places = self.places.clone().unwrap_or_default();
            self.answers = Answers::Here(Box::new(Here::open(&self.data, places)?));
        }
        let Answers::Here(here) = &mut self.answers else {
            return Err(Failure::could_not_run("the store is not open"));
        };
        if needed.keys {
            self.runtime.block_on(here.open_keys())?;
        } else if needed.keys_if_there
            && let Err(failure) = self.runtime.block_on(here.open_keys())
        {
            tracing::debug!(%failure, "a trace is shown without values");
        }
        if needed.namespace {
            here.read_namespaces(self.args, self.now)?;
        }
        Ok((here, &self.runtime))
    }
}

fn data_folder(args: &StateArgs, places: Result<&Places, &String>) -> Result<PathBuf, Failure> {
    if let Some(data) = &args.data {
        return Ok(data.clone());
    }
    let shown = args.config.display();
    let help = "name the data folder itself with `--data DIR`";
    match places {
        Err(why) => Err(Failure::could_not_run(format!("`{shown}` cannot be read: {why}")).help(help)),
        Ok(places) => {
            let missing =
                || Failure::could_not_run(format!("`{shown}` does not say where the data folder is")).help(help);
            places.data.clone().ok_or_else(missing)
        }
    }
}

/// What a request cannot be answered without, beside the store. What is not needed is not opened: `distrust` works
/// without a master key, and without files.
struct Needed {
    keys: bool,
    /// Without the master key a trace is shown without the values of its steps.
    keys_if_there: bool,
    namespace: bool,
}

impl Needed {
    fn by(request: &Request) -> Self {
        let names_source = |query: &SubjectQuery| query.source.is_some();
        match request {
            Request::Trace(_)
            | Request::Shadows
            | Request::Status
            | Request::Replay(_)
            | Request::Forget(_)
            | Request::Distrust(_)
            | Request::Conflicts
            | Request::Resolve(_) => {
                Self { keys: false, keys_if_there: matches!(request, Request::Trace(_)), namespace: false }
            }
            Request::Keys | Request::Jwks | Request::Import(_) | Request::Check => {
                Self { keys: true, keys_if_there: false, namespace: false }
            }
            Request::Subject(query) => Self { keys: true, keys_if_there: false, namespace: names_source(query) },
            Request::Unlink(asked) => Self { keys: true, keys_if_there: false, namespace: names_source(&asked.whose) },
        }
    }
}

/// The store, opened by this command, and what else it has opened.
struct Here {
    store: SledStore,
    places: Places,
    master_keys: Option<MasterKeys>,
    keys: Option<(Subjects, Arc<KeyRing>)>,
    namespaces: BTreeMap<SourceId, Namespace>,
}

impl Here {
    fn open(data: &Path, places: Places) -> Result<Self, Failure> {
        let folder = store_of(data);
        // Opening makes what is not there; a command that asks must not.
        if !folder.is_dir() {
            return Err(Failure::could_not_run(format!(
                "no server listens, and there is no store in `{}`",
                data.display()
            ))
            .help("the first start of a server makes it"));
        }
        let store = SledStore::open(&SledOptions { path: folder, cache_bytes: CACHE_BYTES });
        let store = store.map_err(|error| not_opened(&error))?;
        Ok(Self { store, places, master_keys: None, keys: None, namespaces: BTreeMap::new() })
    }

    async fn open_keys(&mut self) -> Result<(), Failure> {
        if self.master_keys.is_some() {
            return Ok(());
        }
        let master = master_keys(&self.places)?;
        let maker = KeyMaker { store: &self.store, master: &master, entropy: &SystemEntropy };
        let opened = maker.open_existing().await;
        let opened = opened.map_err(|error| Failure::could_not_run(format!("the keys cannot be opened: {error}")))?;
        self.keys = opened.map(|keys| (Subjects::new(keys.subject), keys.ring));
        self.master_keys = Some(master);
        Ok(())
    }

    fn read_namespaces(&mut self, args: &StateArgs, now: Timestamp) -> Result<(), Failure> {
        let loaded = load(&args.config, Extent::Revision, &ProcessEnvironment, now).map_err(|error| {
            Failure::could_not_run(format!("the lasting names of sources are not known: {error}"))
                .help("`drawbridge check` shows the problems; `--namespace NAME` does without the files")
        })?;
        let settings = &loaded.settings;
        let providers = settings.trust.iter().map(|source| (source.id().clone(), source.namespace()));
        let sessions = settings.sessions.iter().map(|(id, source)| (id.clone(), source.namespace().clone()));
        self.namespaces = providers.chain(sessions).collect();
        Ok(())
    }

    fn state(&self, now: Timestamp) -> State<'_> {
        let opened = self.keys.as_ref().zip(self.master_keys.as_ref());
        State {
            store: &self.store,
            master_keys: self.master_keys.as_ref(),
            keys: opened.map(|((subjects, ring), master)| OpenedKeys { subjects, ring, master }),
            entropy: &SystemEntropy,
            sources: &self.places.sources,
            namespaces: &self.namespaces,
            bridge: None,
            issuer: self.places.issuer.as_deref(),
            now,
        }
    }
}

fn master_keys(places: &Places) -> Result<MasterKeys, Failure> {
    let path = places.master_key.as_ref();
    let path = path.ok_or_else(|| Failure::could_not_run("the configuration does not say where the master key is"))?;
    master_key::load(path).map_err(|error| Failure::could_not_run(error.to_string()).help(error.help()))
}

fn not_opened(error: &OpenError) -> Failure {
    let failure = Failure::could_not_run(error.to_string());
    match error {
        OpenError::Locked { .. } => failure.help("a process holds it, and its admin socket does not answer; try again"),
        OpenError::Damaged { .. }
        | OpenError::NewerFormat { .. }
        | OpenError::OlderFormat { .. }
        | OpenError::Foreign { .. }
        | OpenError::Io { .. } => failure,
    }
}

pub(super) fn refused(refusal: Refusal) -> Failure {
    let exit = match refusal.error {
        RefusalKind::NotFound | RefusalKind::Conflict => Exit::No,
        RefusalKind::BadRequest | RefusalKind::NoSuchAddress | RefusalKind::Unavailable => Exit::CouldNotRun,
    };
    let suggestion = refusal.suggestion;
    Failure { exit, ..Failure::no(refusal.message) }.did_you_mean(suggestion.as_deref())
}

/// An answer to another question: the server is of another version.
pub(super) fn of_another_version() -> Failure {
    Failure::could_not_run("the server answered another question: it is of another version than this command")
}
