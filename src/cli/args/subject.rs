//! `subject …`.

use clap::{Args, Subcommand};

use super::{JsonArg, StateArgs};

/// `subject …`.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SubjectCommand {
    /// Show the sub of a person and the link that says so
    #[command(after_help = "Example: drawbridge subject show --source corp-adfs --name-id a.ruiz\n\
                            Example: drawbridge subject show --source corp-adfs --value ana.ruiz@corp.example")]
    Show(SubjectShowArgs),
    /// List identifiers that should be one person and have two subs
    #[command(after_help = "Example: drawbridge subject conflicts")]
    Conflicts(SubjectConflictsArgs),
    /// Settle a conflict: both identifiers get the sub that you keep
    #[command(after_help = "Example: drawbridge subject resolve 2b1f0c7a-90d4e6b2 --keep pG3dK0k5yq6a0y…\n\
                            Example: drawbridge subject resolve 2b1f0c7a-90d4e6b2 --forget")]
    Resolve(SubjectResolveArgs),
    /// Remove the link of a person: the next token makes one anew
    #[command(after_help = "Example: drawbridge subject unlink --source corp-adfs --value ana --sub pG3dK0k5yq6a0y…")]
    Unlink(SubjectUnlinkArgs),
}

/// Whom a command is about.
#[expect(clippy::doc_markdown, reason = "help is for a screen, where backticks would be noise")]
#[derive(Debug, Args)]
pub(in crate::cli) struct WhoseArgs {
    /// The id of the source
    #[arg(long, value_name = "ID", required_unless_present = "namespace")]
    pub(in crate::cli) source: Option<String>,
    /// The lasting name of the source, where it is no longer configured: an entity ID, or the namespace of sessions
    #[arg(long, value_name = "NAME", conflicts_with = "source")]
    pub(in crate::cli) namespace: Option<String>,
    /// The NameID by which the source knows the person; also the subject field of a session
    #[arg(
        long,
        value_name = "V",
        allow_hyphen_values = true,
        required_unless_present = "value",
        conflicts_with = "value"
    )]
    pub(in crate::cli) name_id: Option<String>,
    /// The format of the NameID; without it, any
    #[arg(long, value_name = "F", conflicts_with = "value")]
    pub(in crate::cli) format: Option<String>,
    /// The value that the mapping's subject makes of an attribute or an expression
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    pub(in crate::cli) value: Option<String>,
}

/// `subject show`.
#[derive(Debug, Args)]
pub(in crate::cli) struct SubjectShowArgs {
    /// Whom it is about.
    #[command(flatten)]
    pub(in crate::cli) whose: WhoseArgs,
    /// Where the state is.
    #[command(flatten)]
    pub(in crate::cli) state: StateArgs,
    /// For programs.
    #[command(flatten)]
    pub(in crate::cli) json: JsonArg,
}

/// `subject unlink`.
#[derive(Debug, Args)]
pub(in crate::cli) struct SubjectUnlinkArgs {
    /// Whom it is about.
    #[command(flatten)]
    pub(in crate::cli) whose: WhoseArgs,
    /// The sub that the link has, as `show` tells it
    #[arg(long, value_name = "SUB", allow_hyphen_values = true)]
    pub(in crate::cli) sub: String,
    /// Where the state is.
    #[command(flatten)]
    pub(in crate::cli) state: StateArgs,
    /// For programs.
    #[command(flatten)]
    pub(in crate::cli) json: JsonArg,
}

/// `subject conflicts`.
#[derive(Debug, Args)]
pub(in crate::cli) struct SubjectConflictsArgs {
    /// Where the state is.
    #[command(flatten)]
    pub(in crate::cli) state: StateArgs,
    /// For programs.
    #[command(flatten)]
    pub(in crate::cli) json: JsonArg,
}

/// `subject resolve`.
#[derive(Debug, Args)]
pub(in crate::cli) struct SubjectResolveArgs {
    /// The conflict, as `conflicts` names it
    #[arg(value_name = "CONFLICT")]
    pub(in crate::cli) conflict: String,
    /// The sub that both identifiers get
    #[arg(
        long,
        value_name = "SUB",
        allow_hyphen_values = true,
        required_unless_present = "forget",
        conflicts_with = "forget"
    )]
    pub(in crate::cli) keep: Option<String>,
    /// Take the conflict from the list and change nothing: the mapping no longer links the two
    #[arg(long)]
    pub(in crate::cli) forget: bool,
    /// Where the state is.
    #[command(flatten)]
    pub(in crate::cli) state: StateArgs,
    /// For programs.
    #[command(flatten)]
    pub(in crate::cli) json: JsonArg,
}
