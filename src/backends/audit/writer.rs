//! The thread that writes lines, in bursts of whatever comes within [`GATHER`].

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{AuditOptions, lines};

const BURST_BYTES: usize = 256 * 1024;
/// How long a burst gathers. Nobody waits for a line, and while this thread sleeps nobody needs to wake it: woken for
/// every line, it and its wakers took a tenth of the processor time of an exchange under load. Far shorter than what
/// the queue holds.
const GATHER: Duration = Duration::from_millis(2);
/// Lines between two syncs: far fewer than a start compares with the store.
const SYNC_EVERY: u64 = 1024;

/// What may be asked of the writer.
pub(super) enum Order {
    Line(Vec<u8>),
    Flush(oneshot::Sender<()>),
}

pub(super) struct Writer {
    options: AuditOptions,
    file: File,
    /// Bytes of whole lines in the file; whatever stands behind them is a line that failed half way.
    length: u64,
    torn: bool,
    burst: Vec<u8>,
    burst_lines: u64,
    unsynced_lines: u64,
    missed: Arc<AtomicU64>,
}

impl Writer {
    pub(super) fn open(options: AuditOptions, missed: Arc<AtomicU64>) -> io::Result<Self> {
        let file = open_file(&options)?;
        let length = file.metadata()?.len();
        let (torn, burst_lines, unsynced_lines) = (false, 0, 0);
        Ok(Self { options, file, length, torn, burst: Vec::new(), burst_lines, unsynced_lines, missed })
    }

    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        while let Ok(first) = orders.recv() {
            thread::sleep(GATHER);
            let mut flushes = Vec::new();
            let mut next = Some(first);
            while let Some(order) = next {
                match order {
                    Order::Line(record) => {
                        lines::push(&mut self.burst, &record);
                        self.burst_lines += 1;
                    }
                    Order::Flush(done) => flushes.push(done),
                }
                next = if self.burst.len() < BURST_BYTES { orders.try_recv().ok() } else { None };
            }
            self.end_burst();
            for done in flushes {
                // Who asked may have gone.
                let _ = done.send(());
            }
        }
        if let Err(error) = self.file.sync_data() {
            tracing::warn!(%error, "the audit file may lack its last lines after a power cut");
        }
    }

    fn end_burst(&mut self) {
        let lines = std::mem::take(&mut self.burst_lines);
        let burst = std::mem::take(&mut self.burst);
        if burst.is_empty() {
            return;
        }
        if let Err(error) = self.write(&burst, lines) {
            let missing = self.missed.fetch_add(lines, Ordering::SeqCst) + lines;
            tracing::error!(%error, missing, "the audit file cannot be written; the records are in the store");
        }
        // Keeps the room for the next burst.
        self.burst = burst;
        self.burst.clear();
    }

    fn write(&mut self, burst: &[u8], lines: u64) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.length)?;
            self.torn = false;
        }
        self.rotate_if_due()?;
        let missing = self.missed.swap(0, Ordering::SeqCst);
        let mut text = Vec::new();
        if missing > 0 {
            lines::push(&mut text, format!(r#"{{"audit":"gap","lines_missing":{missing}}}"#).as_bytes());
        }
        text.extend_from_slice(burst);
        if let Err(error) = self.file.write_all(&text) {
            self.torn = true;
            self.missed.fetch_add(missing, Ordering::SeqCst);
            return Err(error);
        }
        self.length += text.len() as u64;
        self.unsynced_lines += lines;
        if self.unsynced_lines >= SYNC_EVERY {
            self.unsynced_lines = 0;
            self.file.sync_data()?;
        }
        Ok(())
    }

    fn rotate_if_due(&mut self) -> io::Result<()> {
        if self.length == 0 || self.options.rotate_at.is_none_or(|limit| self.length < limit) {
            return Ok(());
        }
        self.file.sync_data()?;
        let path = &self.options.path;
        let last = lines::rotated(path)?.pop();
        let number = last.and_then(|last| lines::rotation_number(path, last.file_name()?)).unwrap_or(0);
        let mut rotated = path.as_os_str().to_owned();
        rotated.push(format!(".{}", number + 1));
        fs::rename(path, PathBuf::from(rotated))?;
        self.file = open_file(&self.options)?;
        self.length = 0;
        Ok(())
    }
}

fn open_file(options: &AuditOptions) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(&options.path)
}
