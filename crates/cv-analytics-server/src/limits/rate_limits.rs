//! Rate limits: all requests together, and the failed logins, tokens and signatures of one address, which are slowed
//! down.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::configuration::Limits;
use crate::limits::occasional_log::OccasionalLog;

/// Addresses that are remembered at once.
const MAX_ADDRESSES: usize = 10_000;
/// Failures between two clean-ups of the memory.
const FAILURES_PER_CLEANUP: u32 = 1_024;
/// Stands for an address that is not known.
pub(crate) const UNKNOWN_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The sender's address: the connection's, or the one that a trusted proxy names.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

/// Counts what is limited.
pub struct RateLimits {
    requests: Option<DefaultDirectRateLimiter>,
    failures: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>,
    failure_delay: Duration,
    since_cleanup: AtomicU32,
    clock: DefaultClock,
    log: OccasionalLog,
    /// How often each network failed since the last line.
    failed: Mutex<HashMap<IpAddr, u64>>,
}

impl RateLimits {
    /// Begins to count.
    pub fn new(limits: &Limits) -> Self {
        let failures =
            Quota::per_second(limits.failures_per_second).allow_burst(limits.failure_burst);
        Self {
            requests: limits
                .max_requests_per_second
                .map(|rate| RateLimiter::direct(Quota::per_second(rate))),
            failures: RateLimiter::hashmap(failures),
            failure_delay: limits.failure_delay,
            since_cleanup: AtomicU32::new(0),
            clock: DefaultClock::default(),
            log: OccasionalLog::default(),
            failed: Mutex::default(),
        }
    }

    /// Counts a request; `Err` where there are too many.
    pub(crate) fn check_request(&self) -> Result<(), ()> {
        self.requests.as_ref().map_or(Ok(()), |requests| requests.check().map_err(|_| ()))
    }

    /// Counts a failed authentication, and logs one a minute. Where there were too many, it comes back after
    /// [`Limits::failure_delay`], so that guessing is slow, as `Err` with the seconds to wait. A request that
    /// succeeds is never counted, nor held up by those that failed; those that are held up are no more than
    /// there are connections.
    pub async fn count_failure(&self, address: Option<ClientAddress>) -> Result<(), u64> {
        let network = address.map_or(UNKNOWN_ADDRESS, |ClientAddress(address)| network(address));
        {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            let network = if failed.len() < MAX_ADDRESSES { network } else { UNKNOWN_ADDRESS };
            *failed.entry(network).or_default() += 1;
        }
        self.tell(self.log.count());
        let counted = self.count(network);
        if counted.is_err() {
            tokio::time::sleep(self.failure_delay).await;
        }
        counted
    }

    /// Logs those of the last minute that no line has told yet.
    pub fn tell_failures(&self) {
        self.tell(self.log.due());
    }

    fn tell(&self, count: Option<u64>) {
        let Some(count) = count else { return };
        let failed =
            std::mem::take(&mut *self.failed.lock().unwrap_or_else(PoisonError::into_inner));
        let most = failed.into_iter().max_by_key(|(_, failures)| *failures);
        let (network, of_it) = most.unwrap_or((UNKNOWN_ADDRESS, 0));
        tracing::warn!(
            client_address = %network,
            failures = count,
            of_this_address = of_it,
            "refused a wrong or missing token or signature; this address, or IPv6 network of 64 bits, failed most often"
        );
    }

    fn count(&self, network: IpAddr) -> Result<(), u64> {
        if self.since_cleanup.fetch_add(1, Ordering::Relaxed) >= FAILURES_PER_CLEANUP {
            self.since_cleanup.store(0, Ordering::Relaxed);
            self.failures.retain_recent();
            self.failures.shrink_to_fit();
        }
        // A full memory makes strangers share one count.
        let network = if self.failures.len() < MAX_ADDRESSES { network } else { UNKNOWN_ADDRESS };
        self.failures
            .check_key(&network)
            .map_err(|until| until.wait_time_from(self.clock.now()).as_secs().saturating_add(1))
    }
}

/// What one client has: an IPv4 address, or an IPv6 network of 64 bits.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn failures(limits: &RateLimits, address: &str, count: usize) -> usize {
        let network = network(address.parse().unwrap());
        (0..count).filter(|_| limits.count(network).is_err()).count()
    }

    #[test]
    fn each_address_may_fail_so_often() {
        let limits = RateLimits::new(&Limits::default());
        assert_eq!(failures(&limits, "192.0.2.1", 50), 0);
        assert!(failures(&limits, "192.0.2.1", 50) > 40);
        assert_eq!(failures(&limits, "192.0.2.2", 50), 0);
        assert_eq!(failures(&limits, "2001:db8::1", 50), 0);
        assert!(failures(&limits, "2001:db8::ffff", 50) > 40);
        assert!(failures(&limits, "::ffff:192.0.2.1", 50) > 40);
    }

    #[test]
    fn the_memory_for_addresses_is_bounded() {
        let limits = RateLimits::new(&Limits::default());
        for address in 0..50_000_u32 {
            let _ = limits.count(Ipv4Addr::from_bits(0x0a00_0000 + address).into());
        }
        assert!(limits.failures.len() <= MAX_ADDRESSES + 1);
    }

    #[test]
    fn requests_are_limited_only_where_a_limit_is_set() {
        let unlimited = RateLimits::new(&Limits::default());
        assert!((0..1000).all(|_| unlimited.check_request().is_ok()));
        let ten = Limits { max_requests_per_second: NonZeroU32::new(10), ..Limits::default() };
        let limited = RateLimits::new(&ten);
        assert!((0..10).all(|_| limited.check_request().is_ok()));
        assert!(limited.check_request().is_err());
    }
}
