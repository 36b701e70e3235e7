//! What `strace -f -y` wrote, read for one question: had the sync returned before the token left?
//!
//! ```text
//! request received ─▶ write to sled's db file done ─▶ fdatasync of it begun and done ─▶ answer begun
//! ```

use std::collections::HashMap;

/// A system call begins, or has returned.
struct Event<'t> {
    begins: bool,
    name: &'t str,
    /// As far as they were known when it began, and what came with its return.
    arguments: [&'t str; 2],
    succeeded: bool,
}

impl Event<'_> {
    fn names(&self, text: &str) -> bool {
        self.arguments.iter().any(|arguments| arguments.contains(text))
    }
}

/// How many answers with a token there are, if for each of them all came in this order since its request was received.
/// The requests must have been sent one after the other. A write that returns after a sync began needs another sync.
pub(super) fn check(trace: &str) -> Result<usize, String> {
    let (mut stage, mut answers) = (Stage::Idle, 0);
    for event in events(trace) {
        let of_data = event.names("/data/store/db>");
        let of_socket = event.names("<TCP:") || event.names("<socket:");
        stage = match (event.name, event.begins) {
            (name, false) if is_read(name) && of_socket && event.names("POST /token") => Stage::Received,
            (name, false) if name.starts_with("pwrite") && of_data && stage != Stage::Idle => Stage::Written,
            ("fdatasync" | "fsync", true) if of_data && stage == Stage::Written => Stage::Syncing,
            ("fdatasync" | "fsync", false) if of_data && stage == Stage::Syncing && event.succeeded => Stage::Synced,
            (name, true) if is_write(name) && of_socket && event.names("HTTP/1.1 200") => {
                if stage != Stage::Synced {
                    return Err(format!("answer {answers} begins while {stage:?}"));
                }
                answers += 1;
                Stage::Idle
            }
            _ => stage,
        };
    }
    Ok(answers)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    Received,
    Written,
    Syncing,
    Synced,
}

fn is_read(name: &str) -> bool {
    ["read", "readv", "recvfrom", "recvmsg"].contains(&name)
}

fn is_write(name: &str) -> bool {
    ["write", "writev", "sendto", "sendmsg"].contains(&name)
}

/// `PID name(arguments) = result` begins and returns; `PID name(arguments <unfinished ...>` begins;
/// `PID <... name resumed>arguments) = result` returns, and what it was about stands where it began.
fn events(trace: &str) -> Vec<Event<'_>> {
    let mut unfinished: HashMap<&str, &str> = HashMap::new();
    let mut events = Vec::new();
    for line in trace.lines() {
        let Some((pid, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        let succeeded = call.rsplit_once(" = ").is_some_and(|(_, result)| !result.starts_with('-'));
        if let Some((name, arguments)) = call.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            let began = unfinished.remove(pid).unwrap_or_default();
            // Of a read, what was read stands here; which file it was from, there.
            events.push(Event { begins: false, name, arguments: [began, arguments], succeeded });
            continue;
        }
        let Some((name, arguments)) = call.split_once('(') else { continue };
        let began = [arguments, ""];
        events.push(Event { begins: true, name, arguments: began, succeeded: false });
        if arguments.ends_with("<unfinished ...>") {
            unfinished.insert(pid, arguments);
        } else {
            events.push(Event { begins: false, name, arguments: began, succeeded });
        }
    }
    events
}
