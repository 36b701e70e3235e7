//! Commands.
//!
//! Floor 8. Each command is a function from its arguments to an `exit::Answer`; it writes to a `screen::Screen` and to
//! nothing else.
//!
//! **Invariant.** `DRAWBRIDGE_NOW` sets the clock of one-shot commands only.

pub mod admin;
mod args;
mod bench;
mod check;
mod demo;
mod distrust;
mod exit;
mod explain;
mod fresh;
mod import;
mod keys;
mod mapping;
mod recordings;
#[cfg(test)]
mod reference;
mod reload;
mod report;
mod sarif;
mod schema;
mod screen;
mod serve;
mod signals;
mod state;
mod status;
mod store;
mod subject;
mod trace;
mod view;
mod wiring;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::config::{Environment, ProcessEnvironment};
use crate::crypto::entropy::SystemEntropy;
use crate::ground::clock::{Clock, FixedClock, SystemClock};
use crate::ground::time::Timestamp;
use crate::ground::visible::visible_lines;

use args::{Cli, Command, KeysCommand, MappingCommand, RecordingsCommand, StoreCommand, SubjectCommand};
use exit::{Answer, Exit, Failure};
use screen::{BAD, HINT, Screen, styled};

/// Sets the clock of one-shot commands: RFC 3339 in UTC.
const NOW: &str = "DRAWBRIDGE_NOW";

/// The whole program.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; everything else is wrong usage. A screen that is gone needs no answer.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    let (mut out, mut err) = (anstream::stdout(), anstream::stderr());
    let mut screen = Screen { out: &mut out, err: &mut err };
    match run(&cli.command, &ProcessEnvironment, &mut screen) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            show(&failure, &mut screen);
            failure.exit.into()
        }
    }
}

fn run(command: &Command, environment: &dyn Environment, screen: &mut Screen<'_>) -> Answer {
    let now = || now(environment);
    match command {
        Command::Demo(args) => demo::run(args, screen),
        Command::Bench(args) => bench::run(args, screen),
        Command::Serve(args) => serve::run(args, environment, screen),
        Command::Check(args) => check::run(args, environment, now()?, screen),
        Command::Import(args) => import::run(args, screen),
        Command::Mapping { command } => match command {
            MappingCommand::New(args) => mapping::new(args, environment, now()?, screen),
            MappingCommand::Test(args) => mapping::test(args, environment, now()?, screen),
            MappingCommand::Explain(args) => mapping::explain(args, environment, now()?, screen),
            MappingCommand::Diff(args) => mapping::diff(args, environment, now()?, screen),
            MappingCommand::Replay(args) => mapping::replay(args, SystemClock.now(), screen),
            MappingCommand::Shadow(args) => mapping::shadow(args, SystemClock.now(), screen),
        },
        Command::Schema(args) => schema::run(args, screen),
        Command::Explain(args) => explain::run(args, screen),
        Command::Trace(args) => trace::run(args, SystemClock.now(), screen),
        Command::Keys { command: KeysCommand::Init(args) } => keys::init(args, &SystemEntropy, screen),
        Command::Keys { command: KeysCommand::List(args) } => keys::list(args, SystemClock.now(), screen),
        Command::Status(args) => status::run(args, SystemClock.now(), screen),
        Command::Recordings { command: RecordingsCommand::Forget(args) } => {
            recordings::forget(args, SystemClock.now(), screen)
        }
        Command::Distrust(args) => distrust::run(args, SystemClock.now(), screen),
        Command::Store { command } => match command {
            StoreCommand::Export(args) => store::export(args, SystemClock.now(), screen),
            StoreCommand::Import(args) => store::import(args, SystemClock.now(), screen),
            StoreCommand::Check(args) => store::check(args, SystemClock.now(), screen),
        },
        Command::Subject { command } => match command {
            SubjectCommand::Show(args) => subject::show(args, SystemClock.now(), screen),
            SubjectCommand::Conflicts(args) => subject::conflicts(args, SystemClock.now(), screen),
            SubjectCommand::Resolve(args) => subject::resolve(args, SystemClock.now(), screen),
            SubjectCommand::Unlink(args) => subject::unlink(args, SystemClock.now(), screen),
        },
    }
}

/// The clock of a one-shot command.
fn now(environment: &dyn Environment) -> Result<Timestamp, Failure> {
    let Some(text) = environment.variable(NOW) else { return Ok(SystemClock.now()) };
    let moment = Timestamp::parse_utc(&text).map_err(|rejection| Failure::usage(format!("{NOW} is {rejection}")))?;
    Ok(FixedClock(moment).now())
}

/// Nothing is left to be done where even this cannot be written.
fn show(failure: &Failure, screen: &mut Screen<'_>) {
    if failure.reader_gone {
        return;
    }
    let _ = writeln!(screen.err, "{}: {}", styled(BAD, "error"), visible_lines(&failure.message));
    if let Some(help) = &failure.help {
        let _ = writeln!(screen.err, "  {} {}", styled(HINT, "help:"), visible_lines(help));
    }
}
