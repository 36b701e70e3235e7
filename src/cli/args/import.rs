//! `drawbridge import`: what may be typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::JsonArg;
use crate::import;

/// `import`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    /// The product that the files are of
    #[arg(value_name = "KIND", value_enum)]
    pub(in crate::cli) kind: ImportKind,
    /// Its files; those of Shibboleth together, and both rule sets of one relying party of AD FS
    #[arg(value_name = "FILE", required = true)]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// The id of the source in the configuration, for `source:`
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) source: Option<String>,
    /// The `id:` of the mapping
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) id: Option<String>,
    /// Write ID.yaml into this folder, which is made if need be; never over a file that is there
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Exit code 1 if something could not be carried
    #[arg(long)]
    pub(in crate::cli) strict: bool,
    /// For programs.
    #[command(flatten)]
    pub(in crate::cli) json: JsonArg,
}

/// Products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ImportKind {
    /// `internal_attributes.yaml`
    Satosa,
    /// The export of a realm (JSON)
    Keycloak,
    /// attribute-resolver.xml, attribute-filter.xml, attribute-map.xml
    Shibboleth,
    /// Claim rules, as `Get-AdfsRelyingPartyTrust` shows them
    Adfs,
    /// attributemap/*.php, or metadata with `authproc`
    Simplesamlphp,
    /// Claims-mapping policies, as Microsoft Graph shows them (JSON)
    Entra,
}

impl ImportKind {
    /// The product.
    pub(in crate::cli) const fn kind(self) -> import::Kind {
        match self {
            Self::Satosa => import::Kind::Satosa,
            Self::Keycloak => import::Kind::Keycloak,
            Self::Shibboleth => import::Kind::Shibboleth,
            Self::Adfs => import::Kind::Adfs,
            Self::Simplesamlphp => import::Kind::Simplesamlphp,
            Self::Entra => import::Kind::Entra,
        }
    }
}
