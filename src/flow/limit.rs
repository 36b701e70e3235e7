//! A limit on failed client authentications, per address and client.
//!
//! Pure: takes `now`. A right secret is never asked here, so it is never delayed (and nobody can lock a client out).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::crypto::digest::sha256_of_parts;
use crate::ground::time::Timestamp;

/// So many failures are answered with 401 in one window; the rest of the window with 429.
const FAILURES_PER_WINDOW: u32 = 20;
const WINDOW: Duration = Duration::from_secs(60);
/// Entries kept at most: some 10 MB. Past it the finished windows go, then, if all are live, all of them: under such
/// a flood counting single sources has no use.
const MAX_ENTRIES: usize = 100_000;
const CLEAN_EVERY: Duration = Duration::from_secs(1);

/// Counts failures in fixed windows of a minute.
#[derive(Debug, Default)]
pub struct FailureLimiter {
    windows: Mutex<Windows>,
}

#[derive(Debug, Default)]
struct Windows {
    counters: HashMap<[u8; 32], Counter>,
    /// When the finished ones went last: looking through all of them for every failure would be work for a flood to order.
    cleaned: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy)]
struct Counter {
    began: Timestamp,
    failures: u32,
}

impl FailureLimiter {
    /// Counts a failure. `Err` says how long to wait, once there were too many.
    pub fn failed(&self, peer: IpAddr, client: &str, now: Timestamp) -> Result<(), Duration> {
        let key = sha256_of_parts(&[&network(peer), client.as_bytes()]);
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.make_room(now);
        let counter = windows.counters.entry(key).or_insert(Counter { began: now, failures: 0 });
        if now >= counter.began.after(WINDOW) {
            *counter = Counter { began: now, failures: 0 };
        }
        counter.failures = counter.failures.saturating_add(1);
        if counter.failures > FAILURES_PER_WINDOW { Err(counter.began.after(WINDOW).since(now)) } else { Ok(()) }
    }
}

impl Windows {
    fn make_room(&mut self, now: Timestamp) {
        if self.counters.len() < MAX_ENTRIES {
            return;
        }
        if self.cleaned.is_none_or(|cleaned| now >= cleaned.after(CLEAN_EVERY)) {
            self.cleaned = Some(now);
            self.counters.retain(|_, counter| now < counter.began.after(WINDOW));
        }
        if self.counters.len() >= MAX_ENTRIES {
            self.counters.clear();
        }
    }
}

/// An IPv4 address, or the /64 of an IPv6 one: whoever has an IPv6 address has its whole network.
fn network(peer: IpAddr) -> [u8; 8] {
    let octets = match peer.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => return first_half(address),
    };
    let mut bytes = [0xff; 8];
    for (place, octet) in bytes.iter_mut().zip(octets.into_iter().skip(8)) {
        *place = octet;
    }
    bytes
}

fn first_half(address: Ipv6Addr) -> [u8; 8] {
    let mut bytes = [0; 8];
    for (place, octet) in bytes.iter_mut().zip(address.octets()) {
        *place = octet;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    #[test]
    fn after_twenty_failures_the_rest_of_the_minute_is_closed() {
        let limiter = FailureLimiter::default();
        let peer: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..FAILURES_PER_WINDOW {
            assert_eq!(limiter.failed(peer, "a", at(0)), Ok(()));
        }
        assert_eq!(limiter.failed(peer, "a", at(20)), Err(Duration::from_secs(40)));
        assert_eq!(limiter.failed(peer, "b", at(20)), Ok(()), "another client");
        assert_eq!(limiter.failed("192.0.2.2".parse().unwrap(), "a", at(20)), Ok(()), "another address");
        assert_eq!(
            limiter.failed("::ffff:192.0.2.1".parse().unwrap(), "a", at(20)),
            Err(Duration::from_secs(40)),
            "the same, mapped"
        );
        assert_eq!(limiter.failed(peer, "a", at(60)), Ok(()), "the next minute");
    }

    #[test]
    fn an_ipv6_network_is_one_source() {
        let limiter = FailureLimiter::default();
        for host in 0..FAILURES_PER_WINDOW {
            assert_eq!(limiter.failed(format!("2001:db8::{host:x}").parse().unwrap(), "a", at(0)), Ok(()));
        }
        assert!(limiter.failed("2001:db8::ffff".parse().unwrap(), "a", at(0)).is_err());
        assert!(limiter.failed("2001:db8:1::1".parse().unwrap(), "a", at(0)).is_ok());
    }
}
