//! What may be typed. Every command's help ends with an example.

mod import;
mod mapping;
mod store;
mod subject;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(super) use import::ImportArgs;
pub(super) use mapping::{
    MappingCommand, MappingDiffArgs, MappingExplainArgs, MappingNewArgs, MappingReplayArgs, MappingShadowArgs,
    MappingTestArgs,
};
pub(super) use store::{StoreCheckArgs, StoreCommand, StoreExportArgs, StoreImportArgs};
pub(super) use subject::{
    SubjectCommand, SubjectConflictsArgs, SubjectResolveArgs, SubjectShowArgs, SubjectUnlinkArgs, WhoseArgs,
};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

/// Drawbridge: SAML assertions and legacy session tokens in, OAuth access tokens out.
#[derive(Debug, Parser)]
#[command(
    name = "drawbridge",
    version,
    styles = STYLES,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 could not run.\n\
                  Example: drawbridge check --config /etc/drawbridge/drawbridge.yaml"
)]
pub(super) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// See it work: a test identity provider, a signed assertion and a session in, verified tokens out
    #[command(after_help = "Example: drawbridge demo\n\
                            Example: drawbridge demo --keep")]
    Demo(DemoArgs),
    /// Run the bridge
    #[command(after_help = "Example: drawbridge serve --config /etc/drawbridge/drawbridge.yaml\n\
                            Example: drawbridge serve --listen 127.0.0.1:0 --log-format json")]
    Serve(ServeArgs),
    /// Check the configuration and every mapping, and run the tests written in the mappings
    #[command(after_help = "Example: drawbridge check\n\
                            Example: drawbridge check --config staging.yaml --json | jq '.diagnostics[].message'\n\
                            Example: drawbridge check --sarif > drawbridge.sarif")]
    Check(CheckArgs),
    /// Make mapping files of the configuration of another product; say what could not be carried
    #[command(after_help = "What could not be carried is told with its line, on the other stream.\n\n\
                            Example: drawbridge import keycloak realm-export.json --out mappings\n\
                            Example: drawbridge import shibboleth attribute-resolver.xml attribute-filter.xml --source campus\n\
                            Example: drawbridge import adfs rules.txt --source corp-adfs --id payroll > mappings/payroll.yaml")]
    Import(ImportArgs),
    /// Test mapping files, begin one, or show what a mapping makes of a credential
    Mapping {
        /// Which of the two.
        #[command(subcommand)]
        command: MappingCommand,
    },
    /// Print the JSON Schema of a file, with which editors complete and check it
    #[command(after_help = "Example: drawbridge schema mapping > mapping.schema.json\n\
                            Example: drawbridge schema drawbridge > drawbridge.schema.json")]
    Schema(SchemaArgs),
    /// Explain a reason code: what it means, what causes it, what to do
    #[command(after_help = "Example: drawbridge explain saml.audience_mismatch")]
    Explain(ExplainArgs),
    /// Show the decision record of one request, step by step
    #[command(after_help = "Example: drawbridge trace 4bf92f3577b34da6a3ce929d0e0e4736")]
    Trace(TraceArgs),
    /// Make the master key, or list the signing keys
    Keys {
        /// Which of the two.
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// End the trust in a source at once, whatever state the files are in
    #[command(after_help = "Example: drawbridge distrust corp-adfs\n\
                            Example: drawbridge distrust corp-adfs --undo")]
    Distrust(DistrustArgs),
    /// Ask a running server how it is: whether it can issue, and how the last reload went
    #[command(after_help = "Exit code 1: it cannot issue, or the files on disk are not in force.\n\n\
                            Example: drawbridge status")]
    Status(StatusArgs),
    /// What is kept of requests beside their records
    Recordings {
        /// What to do.
        #[command(subcommand)]
        command: RecordingsCommand,
    },
    /// Move what is kept to another bridge, or check it
    Store {
        /// Which of them.
        #[command(subcommand)]
        command: StoreCommand,
    },
    /// Who a person is: show or remove a link, settle a conflict
    Subject {
        /// Which of them.
        #[command(subcommand)]
        command: SubjectCommand,
    },
    /// What this machine can do: the cryptographic floor, each step of the stream, whole exchanges under load
    #[command(
        after_help = "Takes about a minute, on loopback and in a temporary folder, and needs nothing but this binary.\n\
                            Put the folder on the disk that will carry the data: its flush decides how long answers take.\n\n\
                            Example: drawbridge bench --folder /var/lib/drawbridge\n\
                            Example: drawbridge bench --json | jq .aims"
    )]
    Bench(BenchArgs),
}

/// Which configuration.
#[derive(Debug, Clone, Args)]
pub(super) struct ConfigArg {
    /// The configuration file
    #[arg(long, value_name = "F", default_value = "drawbridge.yaml")]
    pub(super) config: PathBuf,
}

/// `demo`.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Stay up after the tour, with commands to try
    #[arg(long)]
    pub(super) keep: bool,
}

/// `serve`.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Which configuration.
    #[command(flatten)]
    pub(super) config: ConfigArg,
    /// Listen here instead of where the configuration says; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<SocketAddr>,
    /// How log lines look
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(super) log_format: LogFormat,
}

/// Forms of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Where the state is.
#[derive(Debug, Clone, Args)]
pub(super) struct StateArgs {
    /// The configuration file, which says where the data folder is
    #[arg(long, value_name = "F", default_value = "drawbridge.yaml")]
    pub(super) config: PathBuf,
    /// The data folder itself, where the configuration cannot be read
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
}

/// For programs.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct JsonArg {
    /// Answer in JSON
    #[arg(long)]
    pub(super) json: bool,
}

impl JsonArg {
    /// The one that was asked for.
    pub(super) const fn form(self) -> Form {
        if self.json { Form::Json } else { Form::Text }
    }
}

/// How a judgement of files is told, where it is not for people.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct FormArg {
    /// Answer in JSON
    #[arg(long, conflicts_with = "sarif")]
    json: bool,
    /// Answer in SARIF 2.1.0, which forges and editors show beside the lines
    #[arg(long)]
    sarif: bool,
}

/// See [`FormArg`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
    Sarif,
}

impl FormArg {
    /// The one that was asked for.
    pub(super) const fn form(self) -> Form {
        match (self.json, self.sarif) {
            (true, _) => Form::Json,
            (false, true) => Form::Sarif,
            (false, false) => Form::Text,
        }
    }
}

/// `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Show every step of a test that fails, not only those of what differs
    #[arg(long, short)]
    pub(super) verbose: bool,
    /// Which configuration.
    #[command(flatten)]
    pub(super) config: ConfigArg,
    /// For programs.
    #[command(flatten)]
    pub(super) form: FormArg,
}

/// `schema`.
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// Which file
    #[arg(value_name = "FILE", value_enum)]
    pub(super) of: SchemaOf,
}

/// A file that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaOf {
    /// A mapping, a file of tables or a vocabulary
    Mapping,
    /// drawbridge.yaml
    Drawbridge,
}

/// `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The code, as an answer, a record or `check` shows it
    #[arg(value_name = "CODE")]
    pub(super) code: String,
    /// For programs.
    #[command(flatten)]
    pub(super) json: JsonArg,
}

/// `trace`.
#[derive(Debug, Args)]
pub(super) struct TraceArgs {
    /// `trace_id` of the answer: 32 hexadecimal digits
    #[arg(value_name = "TRACE_ID")]
    pub(super) trace_id: String,
    /// Where the state is.
    #[command(flatten)]
    pub(super) state: StateArgs,
    /// For programs.
    #[command(flatten)]
    pub(super) json: JsonArg,
}

/// `keys …`.
#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Make the master key where the configuration says; never over one that is there
    #[command(after_help = "Example: drawbridge keys init --config /etc/drawbridge/drawbridge.yaml")]
    Init(KeysInitArgs),
    /// List the signing keys and the state of each
    #[command(after_help = "Example: drawbridge keys list")]
    List(KeysListArgs),
}

/// `keys init`.
#[derive(Debug, Args)]
pub(super) struct KeysInitArgs {
    /// Which configuration.
    #[command(flatten)]
    pub(super) config: ConfigArg,
    /// For programs.
    #[command(flatten)]
    pub(super) json: JsonArg,
}

/// `keys list`.
#[derive(Debug, Args)]
pub(super) struct KeysListArgs {
    /// Which configuration.
    #[command(flatten)]
    pub(super) config: ConfigArg,
    /// For programs.
    #[command(flatten)]
    pub(super) json: JsonArg,
}

/// `distrust`.
#[derive(Debug, Args)]
pub(super) struct DistrustArgs {
    /// The id of an identity provider or session source
    #[arg(value_name = "SOURCE")]
    pub(super) source: String,
    /// Trust it again
    #[arg(long)]
    pub(super) undo: bool,
    /// Where the state is.
    #[command(flatten)]
    pub(super) state: StateArgs,
    /// For programs.
    #[command(flatten)]
    pub(super) json: JsonArg,
}

/// `status`.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Where the state is.
    #[command(flatten)]
    pub(super) state: StateArgs,
    /// For programs.
    #[command(flatten)]
    pub(super) json: JsonArg,
}

/// `recordings …`.
#[derive(Debug, Subcommand)]
pub(super) enum RecordingsCommand {
    /// Remove everything that a server has recorded of a person
    #[command(after_help = "Example: drawbridge recordings forget --source corp-adfs --name-id ana")]
    Forget(RecordingsForgetArgs),
}

/// `recordings forget`.
#[derive(Debug, Args)]
pub(super) struct RecordingsForgetArgs {
    /// The id of an identity provider or session source
    #[arg(long, value_name = "ID")]
    pub(super) source: String,
    /// The `NameID` of the person there, or the identifier of a session
    #[arg(
        long,
        value_name = "V",
        allow_hyphen_values = true,
        required_unless_present = "value",
        conflicts_with = "value"
    )]
    pub(super) name_id: Option<String>,
    /// A value of any attribute of the person: everybody who has it is forgotten
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    pub(super) value: Option<String>,
    /// Where the state is.
    #[command(flatten)]
    pub(super) state: StateArgs,
    /// For programs.
    #[command(flatten)]
    pub(super) json: JsonArg,
}

/// `bench`.
#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// Where the temporary folder is made; without it, where the system puts temporary files
    #[arg(long, value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
    /// How many exchanges grow the memory that is measured; fewer where 25 seconds do not suffice
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(super) exchanges: u32,
    /// For programs.
    #[command(flatten)]
    pub(super) json: JsonArg,
}
