//! Opening the folder: one process, one format, and only what the disk really has.
//!
//! How sled is set:
//! - `segment_size` 2 MiB. sled splits a leaf by the number of its items (more than 16), not by their size, and writes
//!   a page larger than a quarter of a segment to a file below `blobs/` that it never syncs. Sixteen records of 16 KiB
//!   and a few more while leaves merge are under 340 KiB; a quarter of 2 MiB is 512 KiB. (The default, 512 KiB, would
//!   write blobs from eight large neighbours on.)
//! - `cache_capacity` 64 MiB: the default of 1 GiB is what it really takes.
//! - `flush_every_ms` none: the committer flushes. sled then cleans segments only beside writes, which is enough.
//! - `mode`: stated, but 0.34.7 reads it nowhere.
//!
//! What is put right before sled looks at the folder (our own lock is held by then): an unfinished `snap.*.generating`,
//! which sled would take for the newest snapshot and call damaged; a `conf` without data, which a crash during the
//! very first opening leaves half written; and, where the last process noted a failed sync, the whole data file is
//! written over itself. The kernel drops the dirty mark of a page whose writing failed but keeps the page: without this
//! a reopened store would build on bytes that the disk does not have, and lose what follows them at the next power cut.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use sled::Db;

use crate::ground::time::Timestamp;
use crate::store::StoreError;

use super::codec;

/// The note that a write failed; see [`super::durability::Durability::note_failure`].
pub(super) const UNSYNCED: &str = "unsynced";
const LOCK: &str = "lock";
const SEGMENT_BYTES: usize = 2 * 1024 * 1024;
const COPY_BYTES: usize = 1024 * 1024;
/// sled's own lock may outlive a closed store of this process by the time that its I/O threads need to drop a file.
const SLED_LOCK_PATIENCE: Duration = Duration::from_millis(20);
const SLED_LOCK_TRIES: u32 = 100;

/// Where the store lies and what memory it may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SledOptions {
    /// The folder; made (mode 0700) where it does not exist.
    pub path: PathBuf,
    /// sled's cache of pages, in bytes.
    pub cache_bytes: u64,
}

impl SledOptions {
    /// That folder, with a cache of 64 MiB.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), cache_bytes: 64 * 1024 * 1024 }
    }
}

/// Why the folder was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process (or another handle of this one) holds it.
    #[error("the store at `{}` is in use by another process", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// It was a store, but cannot be read.
    #[error("the store at `{}` is damaged: {detail}", path.display())]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// What sled or the codec found.
        detail: String,
    },
    /// A later version of this program wrote it.
    #[error("the store at `{}` has format {found}, this build reads up to {known}", path.display())]
    NewerFormat {
        /// The folder.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// A build before the first release wrote it.
    #[error(
        "the store at `{}` has format {found}, which was of no release and is not read: keep the folder, and ask before \
         beginning a new one, because every `sub` would change", path.display()
    )]
    OlderFormat {
        /// The folder.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// It holds something else: another sled database, or one that another version of sled wrote.
    #[error("`{}` is not a store of this program: {detail}", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// What is there.
        detail: String,
    },
    /// The file system refused.
    #[error("the store at `{}` cannot be opened: {source}", path.display())]
    Io {
        /// The folder or a file in it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// An open folder. The lock is the last to go.
pub(super) struct Opened {
    pub(super) db: Db,
    pub(super) lock: File,
    /// Which opening of this store it is, from 1.
    pub(super) opening: u64,
    /// Uses that ended before this may be gone.
    pub(super) forgotten: Timestamp,
}

pub(super) fn open(options: &SledOptions) -> Result<Opened, OpenError> {
    let path = &options.path;
    let failed = |source| OpenError::Io { path: path.clone(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    let lock = take_lock(path)?;
    put_right(path).map_err(failed)?;
    let db = open_sled(options)?;
    settle_format(path, &db)?;
    let opening = count_opening(path, &db)?;
    let forgotten = read_forgotten(path, &db)?;
    sync_everything(path).map_err(failed)?;
    Ok(Opened { db, lock, opening, forgotten })
}

/// For tests that must go around the checks.
#[cfg(test)]
pub(super) fn open_unchecked(options: &SledOptions) -> Db {
    config(options).open().unwrap()
}

fn take_lock(path: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::Io { path: path.join(LOCK), source };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let lock = options.open(path.join(LOCK)).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn put_right(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("snap.") && name.to_string_lossy().ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    let (data, conf) = (path.join("db"), path.join("conf"));
    let no_data = fs::metadata(&data).map_or(true, |data| data.len() == 0);
    if no_data && conf.exists() {
        fs::remove_file(conf)?;
    }
    if path.join(UNSYNCED).exists() {
        if !no_data {
            write_over_itself(&data)?;
        }
        fs::remove_file(path.join(UNSYNCED))?;
    }
    Ok(())
}

/// Every page of the file becomes dirty again and reaches the disk. Equal bytes: a crash in the middle changes nothing.
fn write_over_itself(data: &Path) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(data)?;
    let mut buffer = vec![0; COPY_BYTES];
    let mut offset = 0;
    loop {
        let read = file.read_at(&mut buffer, offset)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        file.write_all_at(bytes, offset)?;
        offset += read as u64;
    }
    file.sync_all()
}

fn open_sled(options: &SledOptions) -> Result<Db, OpenError> {
    let mut tries = 0;
    loop {
        // sled asserts what it believes of its files; a failed assertion while it reads them is damage, not a fault.
        let opened = catch_unwind(AssertUnwindSafe(|| config(options).open()));
        let error = match opened {
            Ok(Ok(db)) => return Ok(db),
            Ok(Err(error)) => error,
            Err(_) => return Err(damaged(&options.path, "an assertion of sled failed while it was read")),
        };
        if !is_lock_failure(&error) {
            return Err(explained(&options.path, error));
        }
        tries += 1;
        if tries == SLED_LOCK_TRIES {
            return Err(OpenError::Locked { path: options.path.clone() });
        }
        thread::sleep(SLED_LOCK_PATIENCE);
    }
}

fn config(options: &SledOptions) -> sled::Config {
    sled::Config::new()
        .path(&options.path)
        .mode(sled::Mode::LowSpace)
        .cache_capacity(options.cache_bytes)
        .segment_size(SEGMENT_BYTES)
        .flush_every_ms(None)
        .use_compression(false)
}

/// sled gives no kind of its own to this failure, only a text.
fn is_lock_failure(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(io) if io.to_string().starts_with("could not acquire lock"))
}

fn explained(path: &Path, error: sled::Error) -> OpenError {
    match error {
        sled::Error::Io(source) => OpenError::Io { path: path.to_owned(), source },
        sled::Error::Unsupported(detail) => OpenError::Foreign { path: path.to_owned(), detail },
        sled::Error::Corruption { at, .. } => match at {
            Some(at) => damaged(path, format!("sled finds a false checksum at {at:?}")),
            None => damaged(path, "sled finds a false checksum"),
        },
        sled::Error::CollectionNotFound(_) => damaged(path, "the tree is gone"),
        sled::Error::ReportableBug(detail) => damaged(path, detail),
    }
}

fn damaged(path: &Path, detail: impl Into<String>) -> OpenError {
    OpenError::Damaged { path: path.to_owned(), detail: detail.into() }
}

/// Reads the format, or writes it into a new tree.
fn settle_format(path: &Path, db: &Db) -> Result<(), OpenError> {
    let found = db.get(codec::FORMAT_KEY).map_err(|error| explained(path, error))?;
    let Some(found) = found else {
        if !db.is_empty() {
            return Err(OpenError::Foreign {
                path: path.to_owned(),
                detail: "a sled database without a format".into(),
            });
        }
        db.insert(codec::FORMAT_KEY, codec::format_value()).map_err(|error| explained(path, error))?;
        return Ok(());
    };
    match codec::parse_format(&found) {
        Ok(codec::FORMAT) => Ok(()),
        // Durable with what follows, in [`sync_everything`].
        Ok(codec::FORMAT_WITHOUT_LINKS) => {
            let written = db.insert(codec::FORMAT_KEY, codec::format_value());
            written.map(drop).map_err(|error| explained(path, error))
        }
        Ok(found) if found > codec::FORMAT => {
            Err(OpenError::NewerFormat { path: path.to_owned(), found, known: codec::FORMAT })
        }
        Ok(found) => Err(OpenError::OlderFormat { path: path.to_owned(), found }),
        Err(error) => Err(damaged(path, error.to_string())),
    }
}

fn read_forgotten(path: &Path, db: &Db) -> Result<Timestamp, OpenError> {
    let never = Timestamp::from_unix_millis(i64::MIN);
    let found = db.get(codec::FORGOTTEN_KEY).map_err(|error| explained(path, error))?;
    let before = found.map_or(Ok(never), |bytes| codec::parse_forgotten(&bytes));
    before.map_err(|error| damaged(path, error.to_string()))
}

/// Counts this opening, and flushes; it becomes durable, with the format, in [`sync_everything`].
fn count_opening(path: &Path, db: &Db) -> Result<u64, OpenError> {
    let before = db.get(codec::OPENINGS_KEY).map_err(|error| explained(path, error))?;
    let before = before.map_or(Ok(0), |bytes| codec::parse_openings(&bytes));
    let opening = before.map_err(|error| damaged(path, error.to_string()))?.wrapping_add(1);
    db.insert(codec::OPENINGS_KEY, codec::openings_value(opening)).map_err(|error| explained(path, error))?;
    db.flush().map_err(|error| explained(path, error))?;
    Ok(opening)
}

/// What sled writes while it opens (`conf`, `snap.*`, the end of the log) and the names of all files.
fn sync_everything(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(path.join("blobs"))?.sync_all()?;
    File::open(path)?.sync_all()?;
    match path.canonicalize()?.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// What the rest of the module makes of a failed read.
pub(super) fn read_failure(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Corruption { at, .. } => StoreError::Damaged(format!("false checksum at {at:?}")),
        sled::Error::Io(error) => StoreError::Unavailable(error.to_string()),
        sled::Error::Unsupported(detail) | sled::Error::ReportableBug(detail) => StoreError::Unavailable(detail),
        sled::Error::CollectionNotFound(_) => StoreError::Damaged("the tree is gone".into()),
    }
}
