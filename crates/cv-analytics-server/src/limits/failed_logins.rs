//! The failed logins, tokens and signatures of one address, which are slowed down.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::configuration::Limits;
use crate::limits::client_address::{ClientAddress, UNKNOWN_ADDRESS, network};
use crate::limits::occasional_log::OccasionalLog;

/// Addresses that are remembered at once.
const MAX_ADDRESSES: usize = 10_000;
/// Failures between two clean-ups of the memory.
const FAILURES_PER_CLEANUP: u32 = 1_024;

/// Counts failures by address, slows down who has too many, and logs them once a minute.
pub(crate) struct FailedLogins {
    allowed: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>,
    delay: Duration,
    since_cleanup: AtomicU32,
    clock: DefaultClock,
    log: OccasionalLog,
    /// How often each network failed since the last line.
    failed: Mutex<HashMap<IpAddr, u64>>,
}

impl FailedLogins {
    /// Begins to count.
    pub(crate) fn new(limits: &Limits) -> Self {
        let allowed =
            Quota::per_second(limits.failures_per_second).allow_burst(limits.failure_burst);
        Self {
            allowed: RateLimiter::hashmap(allowed),
            delay: limits.failure_delay,
            since_cleanup: AtomicU32::new(0),
            clock: DefaultClock::default(),
            log: OccasionalLog::default(),
            failed: Mutex::default(),
        }
    }

    /// Counts a failed authentication, and logs one a minute. Where there were too many, it comes back after
    /// [`Limits::failure_delay`], so that guessing is slow, as `Err` with the seconds to wait. A request that
    /// succeeds is never counted, nor held up by those that failed; those that are held up are no more than
    /// there are connections.
    pub(crate) async fn count_and_delay(&self, address: Option<ClientAddress>) -> Result<(), u64> {
        let network = address.map_or(UNKNOWN_ADDRESS, |ClientAddress(address)| network(address));
        {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            let network = if failed.len() < MAX_ADDRESSES { network } else { UNKNOWN_ADDRESS };
            *failed.entry(network).or_default() += 1;
        }
        self.tell(self.log.count());
        let counted = self.count(network);
        if counted.is_err() {
            tokio::time::sleep(self.delay).await;
        }
        counted
    }

    /// Logs those of the last minute that no line has told yet.
    pub(crate) fn tell_unlogged(&self) {
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
            self.allowed.retain_recent();
            self.allowed.shrink_to_fit();
        }
        // A full memory makes strangers share one count.
        let network = if self.allowed.len() < MAX_ADDRESSES { network } else { UNKNOWN_ADDRESS };
        self.allowed
            .check_key(&network)
            .map_err(|until| until.wait_time_from(self.clock.now()).as_secs().saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn failures(limits: &FailedLogins, address: &str, count: usize) -> usize {
        let network = network(address.parse().unwrap());
        (0..count).filter(|_| limits.count(network).is_err()).count()
    }

    #[test]
    fn each_address_may_fail_so_often() {
        let limits = FailedLogins::new(&Limits::default());
        assert_eq!(failures(&limits, "192.0.2.1", 50), 0);
        assert!(failures(&limits, "192.0.2.1", 50) > 40);
        assert_eq!(failures(&limits, "192.0.2.2", 50), 0);
        assert_eq!(failures(&limits, "2001:db8::1", 50), 0);
        assert!(failures(&limits, "2001:db8::ffff", 50) > 40);
        assert!(failures(&limits, "::ffff:192.0.2.1", 50) > 40);
    }

    #[test]
    fn the_memory_for_addresses_is_bounded() {
        let limits = FailedLogins::new(&Limits::default());
        for address in 0..50_000_u32 {
            let _ = limits.count(Ipv4Addr::from_bits(0x0a00_0000 + address).into());
        }
        assert!(limits.allowed.len() <= MAX_ADDRESSES + 1);
    }
}
