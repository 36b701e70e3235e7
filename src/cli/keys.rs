//! `drawbridge keys init` and `drawbridge keys list`.

use serde_json::json;

use crate::config::{self, InitError, master_key};
use crate::ground::entropy::Entropy;
use crate::ground::time::Timestamp;

use super::admin::{Answer as Answered, KeyRow, Request};
use super::args::{KeysInitArgs, KeysListArgs, StateArgs};
use super::exit::{Answer, Exit, Failure};
use super::screen::{FAINT, GOOD, STRONG, Screen, columns, styled};
use super::state::{ask, of_another_version};

/// Makes the master key where the configuration says.
pub(super) fn init(args: &KeysInitArgs, entropy: &dyn Entropy, screen: &mut Screen<'_>) -> Answer {
    let shown = args.config.config.display();
    let places = config::places(&args.config.config)
        .map_err(|why| Failure::could_not_run(format!("`{shown}` cannot be read: {why}")))?;
    let Some(path) = &places.master_key else {
        return Err(Failure::no(format!("`{shown}` does not say where the master key is"))
            .help("add `master_key: { file: /etc/drawbridge/master.key }`"));
    };
    if places.master_key_is_in_storage() {
        return Err(Failure::no(format!("`{}` lies in the data folder, beside what it would seal", path.display()))
            .help("keep it elsewhere, such as /etc/drawbridge/master.key"));
    }
    let id = master_key::init(path, entropy).map_err(|error| not_made(&error))?;
    if args.json.json {
        screen.json(&json!({ "id": id, "file": path.display().to_string() }))?;
        return Ok(Exit::Done);
    }
    screen.line(format!("{} master key {} in {}", styled(GOOD, "made"), styled(STRONG, &id), path.display()))?;
    screen.line("keep a copy in a safe place, apart from the backups of the data folder: without it nothing in the store can be opened")?;
    Ok(Exit::Done)
}

fn not_made(error: &InitError) -> Failure {
    let message = error.to_string();
    match error {
        InitError::Exists(_) => {
            Failure::no(message).help("it is left as it is: what was sealed with it could not be opened with another")
        }
        InitError::NoFolder(folder) => {
            Failure::could_not_run(message).help(format!("install -d -m 0700 {}", folder.display()))
        }
        InitError::Unwritten { .. } => Failure::could_not_run(message),
    }
}

/// Lists the signing keys.
pub(super) fn list(args: &KeysListArgs, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let state = StateArgs { config: args.config.config.clone(), data: None };
    let Answered::Keys(answer) = ask(&state, &Request::Keys, now)? else {
        return Err(of_another_version());
    };
    if args.json.json {
        screen.json(&json!(answer))?;
        return Ok(Exit::Done);
    }
    if answer.keys.is_empty() {
        screen.line(styled(FAINT, "no signing key yet: the first start of a server makes those that it needs"))?;
        return Ok(Exit::Done);
    }
    let head = ["algorithm", "state", "since", "kid"].map(str::to_owned).to_vec();
    let row = |key: &KeyRow| vec![key.algorithm.clone(), key.state.clone(), key.since.clone(), key.kid.clone()];
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(answer.keys.iter().map(row)).collect();
    for (place, line) in columns(&rows).into_iter().enumerate() {
        screen.line(if place == 0 { styled(FAINT, line) } else { line })?;
    }
    Ok(Exit::Done)
}
