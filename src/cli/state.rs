//! Where a command finds state: at a running server, or in the store itself.

use std::path::{Path, PathBuf};

use crate::backends::sled::{OpenError, SledOptions, SledStore};
use crate::config::{self, Places, master_key, store_of};
use crate::crypto::seal::MasterKeys;
use crate::ground::time::Timestamp;

use super::admin::answer::{State, answer};
use super::admin::client::{self, ClientError};
use super::admin::{Answer, Refusal, RefusalKind, Request, socket};
use super::args::StateArgs;
use super::exit::{Exit, Failure};

/// A command reads a handful of pages: it does not need the server's cache.
const CACHE_BYTES: u64 = 8 << 20;

/// Asks whoever holds the data folder; where nobody does, opens the store and answers here.
pub(super) fn ask(args: &StateArgs, request: &Request, now: Timestamp) -> Result<Answer, Failure> {
    let places = config::places(&args.config);
    let data = data_folder(args, places.as_ref())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::could_not_run(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        match client::send(&socket(&data), request).await {
            Err(ClientError::NobodyListens) => here(&data, &places.unwrap_or_default(), request, now).await,
            Err(ClientError::Refused(refusal)) => Err(refused(refusal)),
            Err(ClientError::NotAllowed) => {
                Err(Failure::could_not_run("a server is running, and its admin socket is not open to this user")
                    .help("run the command as the user that runs the server"))
            }
            Err(error @ ClientError::Broken(_)) => Err(Failure::could_not_run(error.to_string())),
            Ok(answer) => Ok(answer),
        }
    })
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

async fn here(data: &Path, places: &Places, request: &Request, now: Timestamp) -> Result<Answer, Failure> {
    let folder = store_of(data);
    // Opening makes what is not there; a command that asks must not.
    if !folder.is_dir() {
        return Err(Failure::could_not_run(format!(
            "no server listens, and there is no store in `{}`",
            data.display()
        ))
        .help("the first start of a server makes it"));
    }
    let store =
        SledStore::open(&SledOptions { path: folder, cache_bytes: CACHE_BYTES }).map_err(|error| not_opened(&error))?;
    let master_keys = match request {
        Request::Keys => Some(master_keys(places)?),
        // Without it a trace is shown without the values of its steps.
        Request::Trace(_) => master_keys(places).ok(),
        Request::Shadows | Request::Status | Request::Replay(_) | Request::Forget(_) | Request::Distrust(_) => None,
    };
    let state = State { store: &store, master_keys: master_keys.as_ref(), sources: &places.sources, bridge: None, now };
    answer(request, state).await.map_err(refused)
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

fn refused(refusal: Refusal) -> Failure {
    let exit = match refusal.error {
        RefusalKind::NotFound => Exit::No,
        RefusalKind::BadRequest | RefusalKind::NoSuchAddress | RefusalKind::Unavailable => Exit::CouldNotRun,
    };
    let suggestion = refusal.suggestion;
    Failure { exit, ..Failure::no(refusal.message) }.did_you_mean(suggestion.as_deref())
}

/// An answer to another question: the server is of another version.
pub(super) fn of_another_version() -> Failure {
    Failure::could_not_run("the server answered another question: it is of another version than this command")
}
