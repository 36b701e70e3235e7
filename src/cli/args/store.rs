//! `store …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{JsonArg, StateArgs};

/// `store …`.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum StoreCommand {
    /// Write every link, with what each source calls the person, and every source without trust; signed
    #[command(
        after_help = "The file names people and their sub in the clear. Its last line is signed by the active key, so that \
                            anybody with /jwks can verify it.\n\n\
                            Example: drawbridge store export --out links.jsonl"
    )]
    Export(StoreExportArgs),
    /// Take the links of an export over, if its signature is trusted and nothing contradicts what is here
    #[command(
        after_help = "Everything is compared before anything is written. A link that is here with another sub refuses the \
                            whole file; one that is here with the same is left as it is.\n\n\
                            Example: drawbridge store import links.jsonl --jwks old-bridge.jwks.json --dry-run"
    )]
    Import(StoreImportArgs),
    /// Read everything: how much there is, and whether it is what it should be
    #[command(after_help = "Example: drawbridge store check")]
    Check(StoreCheckArgs),
}

/// `store export`.
#[derive(Debug, Args)]
pub(in crate::cli) struct StoreExportArgs {
    /// Write to this file, readable by its owner only; without it to standard output
    #[arg(long, value_name = "F")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Where the state is.
    #[command(flatten)]
    pub(in crate::cli) state: StateArgs,
}

/// `store import`.
#[derive(Debug, Args)]
pub(in crate::cli) struct StoreImportArgs {
    /// The export
    #[arg(value_name = "F")]
    pub(in crate::cli) file: PathBuf,
    /// The public keys of the bridge that wrote it, as its /jwks shows them; without them only our own are trusted
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) jwks: Option<PathBuf>,
    /// Compare only, and write nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Where the state is.
    #[command(flatten)]
    pub(in crate::cli) state: StateArgs,
    /// For programs.
    #[command(flatten)]
    pub(in crate::cli) json: JsonArg,
}

/// `store check`.
#[derive(Debug, Args)]
pub(in crate::cli) struct StoreCheckArgs {
    /// Where the state is.
    #[command(flatten)]
    pub(in crate::cli) state: StateArgs,
    /// For programs.
    #[command(flatten)]
    pub(in crate::cli) json: JsonArg,
}
