//! From sled's buffers to the disk, in two steps that tests can watch and break.
//!
//! sled's `flush` writes its log with `pwrite` and `sync_file_range`: that survives the end of the process, not of the
//! power, since neither the file's metadata nor the cache of the disk is flushed. `fdatasync` on the same file does both.
//! Nothing else needs syncing after a batch: `blobs/` stays empty (see [`super::open`]), `conf` and `snap.*` are
//! written only while the store is opened, and synced then.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use sled::Db;

use super::open::UNSYNCED;

/// What makes a batch durable.
pub(super) trait Durability: Send {
    /// Hands what sled has buffered to the operating system and waits for it. Never `flush_async`: it deadlocks under load.
    fn flush(&mut self, db: &Db) -> io::Result<()> {
        db.flush().map(drop).map_err(io::Error::from)
    }

    /// Waits until the disk has what was flushed.
    fn sync(&mut self) -> io::Result<()>;

    /// Leaves a note for the next opening that a write may be in memory only.
    fn note_failure(&mut self) {}
}

/// The real one: `fdatasync` on sled's `db` file.
pub(super) struct DataFile {
    file: File,
    directory: PathBuf,
}

impl DataFile {
    /// Opens the file a second time; sled keeps its own handle to itself. Both lead to one inode, and `fdatasync` is
    /// about the inode.
    pub(super) fn open(directory: PathBuf) -> io::Result<Self> {
        Ok(Self { file: File::open(directory.join("db"))?, directory })
    }
}

impl Durability for DataFile {
    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn note_failure(&mut self) {
        // Needed only as long as the page cache lives, so it need not be synced; where even this fails, so will opening.
        if let Err(error) = File::create(self.directory.join(UNSYNCED)) {
            tracing::error!(%error, "the failed write could not be noted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sync_reaches_the_file() {
        // fdatasync(2) on a pipe is EINVAL: the call is really made, and its failure is really returned.
        let (reader, _writer) = io::pipe().unwrap();
        let file = File::from(std::os::fd::OwnedFd::from(reader));
        let mut pipe = DataFile { file, directory: PathBuf::new() };
        assert_eq!(pipe.sync().unwrap_err().kind(), io::ErrorKind::InvalidInput);

        let folder = tempfile::tempdir().unwrap();
        File::create(folder.path().join("db")).unwrap();
        DataFile::open(folder.path().to_owned()).unwrap().sync().unwrap();
    }
}
