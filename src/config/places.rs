//! Where things are, as far as a configuration says so, whatever else is wrong with it.
//!
//! For commands that must work while files are broken: `distrust`, `trace`, `keys init`.

use std::path::{Path, PathBuf};

use crate::diagnostic::Findings;
use crate::ground::id::SourceId;
use crate::mapping::yaml;

use super::raw;
use super::settings::is_below;
use super::snapshot::{beside, read_source};

/// What could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The data folder.
    pub data: Option<PathBuf>,
    /// The master key file.
    pub master_key: Option<PathBuf>,
    /// The issuer.
    pub issuer: Option<String>,
    /// Every source whose id could be read. Others may be there.
    pub sources: Vec<SourceId>,
}

/// Reads what can be read; the error says why the file itself cannot.
pub fn places(path: &Path) -> Result<Places, String> {
    let source = read_source(path)?;
    let mut findings = Findings::of(&source);
    let root = yaml::parse(&mut findings);
    let Some(raw) = root.and_then(|root| raw::read(&root, &mut findings)) else { return Ok(Places::default()) };
    Ok(Places {
        data: raw.server.storage.as_ref().map(|sled| beside(path, &sled.path.value)),
        master_key: raw.server.master_key.as_ref().map(|at| beside(path, &at.value)),
        issuer: raw.server.issuer.as_ref().map(|at| at.value.as_str().to_owned()),
        sources: raw.source_ids().map(|at| SourceId::new(at.value.as_str())).collect(),
    })
}

impl Places {
    /// Whether the master key lies beside what it seals.
    pub fn master_key_is_in_storage(&self) -> bool {
        self.data.as_ref().zip(self.master_key.as_ref()).is_some_and(|(data, key)| is_below(key, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_still_says_where_things_are() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("drawbridge.yaml");
        let text = "isuer: nonsense\nstorage: { sled: { path: ./data } }\nmaster_key: { file: data/key }\n\
                    saml: { identity_providers: [{ id: corp, metadata: { file: x } }, { metadata: 7 }] }\n";
        std::fs::write(&file, text).unwrap();
        let places = places(&file).unwrap();
        assert_eq!(places.data, Some(folder.path().join("data")));
        assert_eq!(places.sources, [SourceId::new("corp")]);
        assert!(places.master_key_is_in_storage());
    }

    #[test]
    fn a_file_that_is_no_yaml_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("drawbridge.yaml");
        std::fs::write(&file, "a: [").unwrap();
        assert_eq!(places(&file), Ok(Places::default()));
        assert_eq!(places(&folder.path().join("none")), Err("it does not exist".into()));
    }
}
