//! The audit file: decision records as JSON lines, for people and for whatever ships logs.
//!
//! Floor 6.
//!
//! ```text
//! commit ─▶ store ─ durable ─▶ Audited ─▶ bounded queue ─▶ writer thread ─▶ audit.jsonl
//! start  ─▶ newest records of the store that the file lacks ─▲
//! ```
//!
//! **The file is a view, the store is the record.** A line is written from what was committed, after it was committed,
//! and nobody waits for it. So the file may lack lines that the store has: what was queued at a crash
//! ([`AuditFile::catch_up`] writes it at the next start), or what a full disk or a queue of 1024 lines turned away
//! (counted; a line `{"audit":"gap","lines_missing":n}` says so as soon as lines can be written again).
//! A reader may meet a line twice, never a line of something that was not committed; `trace_id` tells.
//! [`rebuild`] writes the whole file anew from the store.
//!
//! **Absent on purpose.** Deleting: rotated files (`audit.jsonl.1`, `.2`, … ascending) are the operator's.
//! Buffering in the process after a burst has ended; a sync per line (the store has done that).

mod audited;
mod lines;
#[cfg(test)]
mod tests;
mod writer;

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::store::{RecordCursor, Records, StoreError};

use self::lines::Known;
use self::writer::{Order, Writer};

pub use self::audited::Audited;
#[cfg(test)]
pub(crate) use self::tests::AuditedHarness;

const QUEUE: usize = 1024;
/// More than the queue and all commits in flight: what a crash can have kept from the file is among these.
const CATCH_UP: usize = 4096;
const PAGE: usize = 256;

/// Where the lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditOptions {
    /// The file; made with mode 0600 where it does not exist. Its folder must exist.
    pub path: PathBuf,
    /// Begin a new file once this one has so many bytes.
    pub rotate_at: Option<u64>,
}

/// Why lines could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file could not be written.
    #[error("the audit file cannot be written: {0}")]
    Io(#[from] io::Error),
}

/// An open audit file. When it goes, what is queued is written.
pub struct AuditFile {
    orders: Option<SyncSender<Order>>,
    writer: Option<JoinHandle<()>>,
    known: Mutex<Known>,
    missed: Arc<AtomicU64>,
    missed_ever: AtomicU64,
}

impl AuditFile {
    /// Opens it for appending. A last line that a crash cut short is cut off.
    pub fn open(options: AuditOptions) -> io::Result<Self> {
        let known = lines::read_end(&options.path)?;
        let missed = Arc::new(AtomicU64::new(0));
        let writer = Writer::open(options, Arc::clone(&missed))?;
        let (orders, receiver) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name("audit-writer".into()).spawn(move || writer.run(&receiver))?;
        Ok(Self {
            orders: Some(orders),
            writer: Some(thread),
            known: Mutex::new(known),
            missed,
            missed_ever: AtomicU64::new(0),
        })
    }

    /// Queues one record, JSON without line breaks. Never waits: where the queue is full the line is counted as missing.
    pub fn write(&self, record: &[u8]) {
        let order = Order::Line(record.to_vec());
        let sent = self.orders.as_ref().map(|orders| orders.try_send(order));
        match sent {
            Some(Ok(())) => {}
            Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) | None => {
                self.missed.fetch_add(1, Ordering::SeqCst);
                self.missed_ever.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    /// How many lines the queue has turned away since it was opened; they are in the store.
    pub fn turned_away(&self) -> u64 {
        self.missed_ever.load(Ordering::SeqCst)
    }

    /// Returns when everything queued before has been handed to the operating system (or counted as missing).
    pub async fn flushed(&self) {
        let (done, is_done) = oneshot::channel();
        let Some(orders) = self.orders.clone() else { return };
        // The queue may be full: waiting for a place must not hold up the runtime.
        let sent = tokio::task::spawn_blocking(move || orders.send(Order::Flush(done)));
        if matches!(sent.await, Ok(Ok(()))) {
            // The writer answers every flush before it ends.
            drop(is_done.await);
        }
    }

    /// Writes those of the store's newest 4096 records that the end of the file lacks, oldest first. To be called once,
    /// before anything else is written. Returns how many there were.
    pub async fn catch_up(&self, records: &dyn Records) -> Result<u64, AuditError> {
        let known = std::mem::take(&mut *self.known.lock().unwrap_or_else(PoisonError::into_inner));
        let newest = records.recent(CATCH_UP).await?;
        let mut written = 0;
        for record in newest.iter().rev().filter(|record| !known.contains(&record.trace_id)) {
            self.write(&record.record);
            written += 1;
            if written % (QUEUE as u64 / 2) == 0 {
                self.flushed().await;
            }
        }
        self.flushed().await;
        Ok(written)
    }
}

impl Drop for AuditFile {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(writer) = self.writer.take() {
            // It panics only by a fault of ours, and the store has the records.
            drop(writer.join());
        }
    }
}

/// Writes a whole new file from the store, oldest record first, and puts it in the place of `path`. Not beside a
/// running server: it would go on writing to the old one.
pub async fn rebuild(path: &Path, records: &dyn Records) -> Result<u64, AuditError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".rebuilding");
    let beside = PathBuf::from(beside);
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    let (mut written, mut cursor) = (0, Some(RecordCursor::start()));
    while let Some(from) = cursor {
        let page = records.page(from, PAGE).await?;
        let mut text = Vec::new();
        for record in &page.records {
            lines::push(&mut text, &record.record);
            written += 1;
        }
        file.write_all(&text)?;
        cursor = page.next;
    }
    file.sync_all()?;
    fs::rename(beside, path)?;
    Ok(written)
}
