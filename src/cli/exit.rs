//! How a command ends.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// The exit code, as scripts read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// 0: done; the answer is yes.
    Done,
    /// 1: the answer is no: a test failed, a file has problems, a thing does not exist.
    No,
    /// 2: wrong usage.
    Usage,
    /// 3: could not run: a file is missing, a port is taken, the store is locked.
    CouldNotRun,
}

impl Exit {
    /// The number.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::CouldNotRun => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command did not come to its end: one sentence, and what to do.
#[derive(Debug)]
pub(super) struct Failure {
    /// The exit code.
    pub(super) exit: Exit,
    /// Lower-case, without a full stop.
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: Option<String>,
    pub(super) reader_gone: bool,
}

impl Failure {
    /// The answer is no.
    pub(super) fn no(message: impl Into<String>) -> Self {
        Self { exit: Exit::No, message: message.into(), help: None, reader_gone: false }
    }

    /// The command was called wrongly.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::no(message) }
    }

    /// The command could not run.
    pub(super) fn could_not_run(message: impl Into<String>) -> Self {
        Self { exit: Exit::CouldNotRun, ..Self::no(message) }
    }

    /// Says what to do.
    #[must_use]
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Says ``did you mean `…`?`` where there is something to mean.
    #[must_use]
    pub(super) fn did_you_mean(self, suggestion: Option<&str>) -> Self {
        match suggestion {
            Some(word) => self.help(format!("did you mean `{word}`?")),
            None => self,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A screen that cannot be written to. Whoever pipes into `head` has seen enough: that is no failure.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let reader_gone = error.kind() == io::ErrorKind::BrokenPipe;
        let exit = if reader_gone { Exit::Done } else { Exit::CouldNotRun };
        Self { exit, reader_gone, ..Self::no(format!("cannot write the answer: {error}")) }
    }
}

/// What a command returns.
pub(super) type Answer = Result<Exit, Failure>;
