//! The master key file: read, and made once.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::crypto::seal::{MasterKeyRejection, MasterKeys};
use crate::ground::entropy::Entropy;

use super::snapshot::{read_file, words};

const MAX_BYTES: u64 = 64 * 1024;
const OF_OTHERS: u32 = 0o007;

/// Why there is no master key to work with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeyError {
    /// No such file. None is made in its place: it would open nothing that the old one sealed.
    #[error("there is no master key at `{}`", .0.display())]
    Missing(PathBuf),
    /// It is there and cannot be read.
    #[error("the master key at `{}` cannot be read: {why}", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// A phrase.
        why: String,
    },
    /// Others may read or write it. It was made with mode 0600, so somebody changed that.
    #[error("the master key at `{}` is open to every user of this machine (mode {mode:04o})", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Its content is not a master key file.
    #[error("the master key at `{}` cannot be used: {rejection}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        rejection: MasterKeyRejection,
    },
}

impl MasterKeyError {
    /// The code of the diagnostic.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "config.master_key_missing",
            Self::Unread { .. } | Self::OpenToOthers { .. } | Self::Refused { .. } => "config.master_key_refused",
        }
    }

    /// What to do.
    pub fn help(&self) -> String {
        match self {
            Self::Missing(_) => "`drawbridge keys init` makes one, once, before the first start".to_owned(),
            Self::Unread { .. } => "compare its owner and mode with the user that runs drawbridge".to_owned(),
            Self::OpenToOthers { path, .. } => {
                format!("chmod 0600 {}; for a Kubernetes secret `defaultMode: 0400`", path.display())
            }
            Self::Refused { .. } => "restore it from its backup".to_owned(),
        }
    }
}

/// Reads the file and prepares its keys.
pub fn load(path: &Path) -> Result<MasterKeys, MasterKeyError> {
    let unread = |why: String| MasterKeyError::Unread { path: path.to_path_buf(), why };
    let absent = std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    if absent {
        return Err(MasterKeyError::Missing(path.to_path_buf()));
    }
    let content = read_file(path, MAX_BYTES).map_err(unread)?;
    if content.mode & OF_OTHERS != 0 {
        return Err(MasterKeyError::OpenToOthers { path: path.to_path_buf(), mode: content.mode });
    }
    let text = std::str::from_utf8(&content.bytes).map_err(|_| unread("it is not text".to_owned()))?;
    MasterKeys::parse(text).map_err(|rejection| MasterKeyError::Refused { path: path.to_path_buf(), rejection })
}

/// Why no master key was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InitError {
    /// Something is there: it is left alone.
    #[error("there is already something at `{}`", .0.display())]
    Exists(PathBuf),
    /// The folder is not there. It is not made: who may enter it is the operator's decision.
    #[error("the folder `{}` does not exist", .0.display())]
    NoFolder(PathBuf),
    /// It cannot be written.
    #[error("`{}` cannot be written: {why}", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// A phrase.
        why: String,
    },
}

/// Makes a master key with mode 0600 where nothing is, durably, and returns its id.
pub fn init(path: &Path, entropy: &dyn Entropy) -> Result<String, InitError> {
    let unwritten = |error: io::Error| InitError::Unwritten { path: path.to_path_buf(), why: words(&error) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    if !folder.is_dir() {
        return Err(InitError::NoFolder(folder.to_path_buf()));
    }
    let line = MasterKeys::new_line(entropy);
    // O_EXCL: never over one that is there, not even over a link to nothing.
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(InitError::Exists(path.to_path_buf()));
        }
        Err(error) => return Err(unwritten(error)),
    };
    let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| File::open(folder)?.sync_all()) {
        // Half a key would only be in the way; that it is ours was settled above.
        let _ = std::fs::remove_file(path);
        return Err(unwritten(error));
    }
    Ok(line.split_ascii_whitespace().nth(1).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use crate::crypto::entropy::SystemEntropy;

    use super::*;

    #[test]
    fn a_key_is_made_once_with_mode_0600_and_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert_eq!(load(&path).unwrap_err(), MasterKeyError::Missing(path.clone()));
        let id = init(&path, &SystemEntropy).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let keys = load(&path).unwrap();
        assert_eq!(keys.ids().collect::<Vec<_>>(), [id.as_str()]);
        let before = fs::read(&path).unwrap();
        assert_eq!(init(&path, &SystemEntropy), Err(InitError::Exists(path.clone())));
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_link_to_nothing_is_not_followed_and_no_folder_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).unwrap();
        assert_eq!(init(&link, &SystemEntropy), Err(InitError::Exists(link)));
        assert!(!folder.path().join("elsewhere").exists());
        let deep = folder.path().join("none/master.key");
        assert_eq!(init(&deep, &SystemEntropy), Err(InitError::NoFolder(folder.path().join("none"))));
    }

    #[test]
    fn a_key_that_others_may_read_or_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        init(&path, &SystemEntropy).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load(&path), Err(MasterKeyError::OpenToOthers { mode: 0o644, .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "nonsense").unwrap();
        assert_eq!(load(&path).unwrap_err().code(), "config.master_key_refused");
        assert!(matches!(load(folder.path()), Err(MasterKeyError::Unread { .. })));
    }
}
