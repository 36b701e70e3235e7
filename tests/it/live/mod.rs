//! The bridge as people meet it: the built binary, over real loopback HTTP, with files, store and master key of its own.
//!
//! ```text
//! files (a folder) ─▶ server (a child process) ◀─ wire (raw HTTP) ─ doors, manners, leak, commands, reload
//!                         ▲ assertions signed now (provider)
//! ```
//!
//! Nothing here sleeps: a test waits for a line of output, an answer, or the end of a process.

mod clients;
mod commands;
mod doors;
mod files;
mod forwards;
mod leak;
mod links;
mod manners;
mod provider;
mod recordings;
mod refusals;
mod reload;
mod replay;
mod server;
mod shadow;
mod start;
mod subjects;
mod verify;

use files::Files;
use server::Server;
