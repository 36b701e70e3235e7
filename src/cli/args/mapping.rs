//! `drawbridge mapping …`: what may be typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ConfigArg, FormArg, JsonArg, StateArgs};

/// `mapping …`.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum MappingCommand {
    /// Run the tests written in mapping files
    #[command(after_help = "Example: drawbridge mapping test\n\
                            Example: drawbridge mapping test mappings/payroll.yaml")]
    Test(MappingTestArgs),
    /// Begin a mapping from a credential: what it carries, declared and named, and tests without anybody's values
    #[command(after_help = "The credential may be XML, base64, a session token, or a form body that carries one.\n\
                            An assertion is not verified, and the file says so. A session needs its source.\n\n\
                            Example: drawbridge mapping new --from response.xml --out mappings/corp.yaml\n\
                            Example: drawbridge mapping new --from cookie.txt --source intranet")]
    New(MappingNewArgs),
    /// Send a credential through the stream without a server: each step, each value, each reason
    #[command(after_help = "The credential may be XML, base64, a session token, or a form body that carries one.\n\
                            Values are shown: this is your own file. Nothing is stored, and no token is issued.\n\n\
                            Example: drawbridge mapping explain --credential response.xml\n\
                            Example: drawbridge mapping explain --source intranet --credential cookie.txt \
                            --now 2026-03-01T12:00:00Z")]
    Explain(MappingExplainArgs),
    /// Say in words what a changed mapping does otherwise: for the tests of both files, and for what was recorded
    #[command(after_help = "Exit code 0: nothing differs; 1: something does.\n\n\
                            Example: drawbridge mapping diff mappings/payroll.yaml edited.yaml")]
    Diff(MappingDiffArgs),
    /// Show what the shadows of a running server made otherwise than the live mappings
    #[command(after_help = "Example: drawbridge mapping shadow")]
    Shadow(MappingShadowArgs),
    /// Run what a server has recorded against an edited mapping: what changes, and for how many people
    #[command(after_help = "The server needs `recordings: { keep: 24h }`. Values never leave it.\n\n\
                            Example: drawbridge mapping replay --with edited.yaml")]
    Replay(MappingReplayArgs),
}

/// `mapping test`.
#[derive(Debug, Args)]
pub(in crate::cli) struct MappingTestArgs {
    /// Mapping files; without any, every mapping of the configuration
    #[arg(value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// Name the rules that no test reaches; exit code 1 if there are any
    #[arg(long)]
    pub(in crate::cli) coverage: bool,
    /// Show every step of a test that fails, not only those of what differs
    #[arg(long, short)]
    pub(in crate::cli) verbose: bool,
    /// Which configuration.
    #[command(flatten)]
    pub(in crate::cli) config: ConfigArg,
    /// For programs.
    #[command(flatten)]
    pub(in crate::cli) form: FormArg,
}

/// `mapping new`.
#[derive(Debug, Args)]
pub(in crate::cli) struct MappingNewArgs {
    /// The file with the credential; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) from: PathBuf,
    /// The source that it comes from; needed for a session
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) source: Option<String>,
    /// The `id:` of the mapping; without it, the source's
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) id: Option<String>,
    /// Write the mapping into this file, which must not be there yet; without it, to the screen
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// The moment at which a session is read, such as 2026-03-01T12:00:00Z
    #[arg(long, value_name = "T")]
    pub(in crate::cli) now: Option<String>,
    /// Which configuration; an assertion does without
    #[command(flatten)]
    pub(in crate::cli) config: ConfigArg,
}

/// `mapping explain`.
#[derive(Debug, Args)]
pub(in crate::cli) struct MappingExplainArgs {
    /// The file with the credential; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) credential: PathBuf,
    /// The source that it must come from; needed for a session
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) source: Option<String>,
    /// The mapping to apply instead of the one that the request would select
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) mapping: Option<String>,
    /// The client that presents it; needed where several could
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) client: Option<String>,
    /// The API that is asked for; needed where the client has several
    #[arg(long, value_name = "A")]
    pub(in crate::cli) audience: Option<String>,
    /// The scope that is asked for; as much as there is unless told
    #[arg(long, value_name = "S")]
    pub(in crate::cli) scope: Option<String>,
    /// The moment at which it is presented, such as 2026-03-01T12:00:00Z
    #[arg(long, value_name = "T")]
    pub(in crate::cli) now: Option<String>,
    /// Which configuration.
    #[command(flatten)]
    pub(in crate::cli) config: ConfigArg,
    /// For programs.
    #[command(flatten)]
    pub(in crate::cli) json: JsonArg,
}

/// `mapping diff`.
#[derive(Debug, Args)]
pub(in crate::cli) struct MappingDiffArgs {
    /// The mapping as it is
    #[arg(value_name = "A")]
    pub(in crate::cli) before: PathBuf,
    /// The mapping as it would be
    #[arg(value_name = "B")]
    pub(in crate::cli) after: PathBuf,
    /// Which configuration.
    #[command(flatten)]
    pub(in crate::cli) config: ConfigArg,
    /// For programs.
    #[command(flatten)]
    pub(in crate::cli) json: JsonArg,
}

/// `mapping shadow`.
#[derive(Debug, Args)]
pub(in crate::cli) struct MappingShadowArgs {
    /// Where the state is.
    #[command(flatten)]
    pub(in crate::cli) state: StateArgs,
    /// For programs.
    #[command(flatten)]
    pub(in crate::cli) json: JsonArg,
}

/// `mapping replay`.
#[derive(Debug, Args)]
pub(in crate::cli) struct MappingReplayArgs {
    /// The edited mapping
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) with: PathBuf,
    /// Where the state is.
    #[command(flatten)]
    pub(in crate::cli) state: StateArgs,
    /// For programs.
    #[command(flatten)]
    pub(in crate::cli) json: JsonArg,
}
