//! Listener, storage, master key.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::super::snapshot::beside;
use super::{Audit, Resolving, Storage};

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const DEFAULT_CACHE_BYTES: u64 = 64 << 20;
const DEFAULT_KEEP: Duration = Duration::from_secs(90 * 86_400);
const AUDIT_FILE: &str = "audit.jsonl";

/// What concerns the server itself.
pub(super) struct Server {
    pub(super) listen: SocketAddr,
    pub(super) storage: Storage,
    pub(super) audit: Audit,
    pub(super) master_key: PathBuf,
}

impl Resolving<'_> {
    pub(super) fn server(&mut self) -> Option<Server> {
        let raw = &self.raw.server;
        let listen = raw.listen.as_ref().map_or(DEFAULT_LISTEN, |at| at.value);
        let reachable = raw.listen.as_ref().filter(|at| !at.value.ip().to_canonical().is_loopback());
        if let Some(at) = reachable.filter(|_| raw.trusted_proxies.is_none()) {
            let message =
                format!("`{}` can be reached from other machines, and nothing says how it is protected", at.value);
            self.findings
                .error("config.listen_exposed", at.span, message)
                .label("not a loopback address")
                .help("put a proxy with TLS in front and name it in `trusted_proxies: [CIDR]`, or listen on 127.0.0.1")
                .note("client secrets and tokens would travel in the clear");
        }
        let storage = raw.storage.as_ref().map(|sled| Storage {
            data: beside(self.path, &sled.path.value),
            cache_bytes: sled.cache.unwrap_or(DEFAULT_CACHE_BYTES),
        });
        let master_key = raw.master_key.as_ref().map(|at| (beside(self.path, &at.value), at.span));
        if let (Some(storage), Some((key, span))) = (&storage, &master_key)
            && is_below(key, &storage.data)
        {
            let message = format!("the master key lies in the data folder `{}`", storage.data.display());
            self.findings
                .error("config.master_key_in_storage", *span, message)
                .label("beside what it seals")
                .help("keep it elsewhere, such as /etc/drawbridge/master.key: whoever copies the data folder must not get the key with it");
        }
        let (storage, (master_key, _)) = (storage?, master_key?);
        let written = raw.audit.as_ref();
        let file = written.and_then(|audit| audit.file.as_ref()).map(|at| beside(self.path, &at.value));
        let audit = Audit {
            file: file.unwrap_or_else(|| storage.data.join(AUDIT_FILE)),
            keep: written.and_then(|audit| audit.keep).unwrap_or(DEFAULT_KEEP),
        };
        Some(Server { listen, storage, audit, master_key })
    }
}

/// Whether a file lies below a folder, links and `..` resolved as far as the paths exist.
pub(in crate::config) fn is_below(file: &Path, folder: &Path) -> bool {
    real(file).starts_with(real(folder))
}

/// The nearest ancestor that exists, resolved, and the rest.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    for ancestor in path.ancestors() {
        if let Ok(resolved) = ancestor.canonicalize() {
            let rest = path.strip_prefix(ancestor).unwrap_or_else(|_| Path::new(""));
            // What does not exist has no links: here `..` means what it says.
            return rest.components().fold(resolved, |mut resolved, component| {
                if component == Component::ParentDir {
                    resolved.pop();
                } else {
                    resolved.push(component);
                }
                resolved
            });
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_below_a_folder_is_found_through_links_and_dots() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        std::fs::create_dir_all(at("data/sub")).unwrap();
        std::os::unix::fs::symlink(at("data"), at("link")).unwrap();
        for (file, below) in [
            ("data/master.key", true),
            ("data/sub/../master.key", true),
            ("link/master.key", true),
            ("data/none/master.key", true),
            ("database/master.key", false),
            ("data/../master.key", false),
            ("data/none/../../master.key", false),
        ] {
            assert_eq!(is_below(&at(file), &at("data")), below, "{file}");
        }
        assert!(!is_below(&at("fresh/../master.key"), &at("fresh")));
    }
}
