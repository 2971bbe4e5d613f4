//! The failed logins, tokens and signatures of one address, which are slowed down.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::configuration::Limits;
use crate::limits::client_address::{ClientAddress, UNKNOWN_ADDRESS, network};
use crate::limits::occasional_log::OccasionalLog;

/// Addresses that are remembered at once.
const MAX_ADDRESSES: usize = 10_000;
/// Failures between two clean-ups of the memory.
const FAILURES_PER_CLEANUP: u32 = 1_024;
/// How long an address counts as the owner's after it had the token.
const OWNER_INTERVAL: Duration = Duration::from_hours(1);

/// Why a token does not let its sender in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// It is another token, or none.
    Wrong,
    /// Its address failed too often.
    TooManyFailures {
        /// When it may try again.
        retry_after_seconds: u64,
    },
}

/// Counts failures by address, slows down who has too many, and logs them once a minute.
pub(crate) struct FailedLogins {
    /// The time that each failure takes off an address's budget, and what the budget holds.
    interval: Duration,
    budget: Duration,
    delay: Duration,
    recent: Mutex<Recent>,
    log: OccasionalLog,
}

#[derive(Default)]
struct Recent {
    networks: HashMap<IpAddr, History>,
    since_cleanup: u32,
    /// How often each network failed since the last line.
    unlogged: HashMap<IpAddr, u64>,
}

/// What is remembered of a network.
#[derive(Clone, Copy, Default)]
struct History {
    /// When all of its failures are forgotten.
    forgotten_at: Option<Instant>,
    /// When it last had the token.
    right_at: Option<Instant>,
}

impl History {
    fn is_owner(&self, now: Instant) -> bool {
        self.right_at.is_some_and(|at| now < at + OWNER_INTERVAL)
    }
}

impl Recent {
    /// A full memory makes strangers share one history.
    fn of(&mut self, network: IpAddr) -> &mut History {
        let is_full = self.networks.len() >= MAX_ADDRESSES && !self.networks.contains_key(&network);
        self.networks.entry(if is_full { UNKNOWN_ADDRESS } else { network }).or_default()
    }
}

impl FailedLogins {
    /// Begins to count.
    pub(crate) fn new(limits: &Limits) -> Self {
        let interval = Duration::from_secs(1) / limits.failures_per_second.get();
        Self {
            interval,
            budget: interval * limits.failure_burst.get(),
            delay: limits.failure_delay,
            recent: Mutex::default(),
            log: OccasionalLog::default(),
        }
    }

    /// Asks `is_right` whether a token is the right one, and counts it if it is not.
    ///
    /// An address that failed too often is not told: nothing is compared, so that clients who hang up before
    /// the answer do not guess faster. Where it had the right token within an hour, it is, since strangers may
    /// share it, as behind a proxy; what is wrong is then answered late.
    pub(crate) async fn check_token(
        &self,
        address: Option<ClientAddress>,
        is_right: impl FnOnce() -> bool,
    ) -> Result<(), TokenError> {
        let of = key(address);
        if let Err(retry_after_seconds) = self.check(of) {
            self.note(of);
            return Err(TokenError::TooManyFailures { retry_after_seconds });
        }
        if is_right() {
            self.recent().of(of).right_at = Some(Instant::now());
            return Ok(());
        }
        Err(match self.count_and_delay(address).await {
            Ok(()) => TokenError::Wrong,
            Err(retry_after_seconds) => TokenError::TooManyFailures { retry_after_seconds },
        })
    }

    /// Counts a failed authentication, and logs one a minute.
    ///
    /// # Errors
    /// The seconds to wait, where there were too many. It returns only after [`Limits::failure_delay`], and holds the
    /// connection for that time.
    pub(crate) async fn count_and_delay(&self, address: Option<ClientAddress>) -> Result<(), u64> {
        let of = key(address);
        self.note(of);
        let counted = self.count(of);
        if counted.is_err() {
            tokio::time::sleep(self.delay).await;
        }
        counted
    }

    /// Logs those of the last minute that no line has told yet.
    pub(crate) fn tell_unlogged(&self) {
        self.tell(self.log.due());
    }

    fn note(&self, network: IpAddr) {
        let mut recent = self.recent();
        let network = if recent.unlogged.len() < MAX_ADDRESSES { network } else { UNKNOWN_ADDRESS };
        *recent.unlogged.entry(network).or_default() += 1;
        drop(recent);
        self.tell(self.log.count());
    }

    fn tell(&self, count: Option<u64>) {
        let Some(count) = count else { return };
        let failed = std::mem::take(&mut self.recent().unlogged);
        let most = failed.into_iter().max_by_key(|(_, failures)| *failures);
        let (network, of_it) = most.unwrap_or((UNKNOWN_ADDRESS, 0));
        tracing::warn!(
            client_address = %network,
            failures = count,
            of_this_address = of_it,
            "refused a wrong or missing token or signature; this address, or IPv6 network of 64 bits, failed most often"
        );
    }

    /// Fails where a network has failed too often to be told whether a token is right, with the seconds to wait.
    fn check(&self, network: IpAddr) -> Result<(), u64> {
        let now = Instant::now();
        let history = *self.recent().of(network);
        if history.is_owner(now) { Ok(()) } else { self.after_another(&history, now).map(drop) }
    }

    fn count(&self, network: IpAddr) -> Result<(), u64> {
        let now = Instant::now();
        let mut recent = self.recent();
        recent.since_cleanup += 1;
        if recent.since_cleanup >= FAILURES_PER_CLEANUP {
            recent.since_cleanup = 0;
            let is_past = |history: &History| history.forgotten_at.is_none_or(|at| at <= now);
            recent.networks.retain(|_, history| !is_past(history) || history.is_owner(now));
            recent.networks.shrink_to_fit();
        }
        let history = recent.of(network);
        history.forgotten_at = Some(self.after_another(history, now)?);
        Ok(())
    }

    /// When a network's failures are forgotten if it fails once more now, or the seconds until it may.
    fn after_another(&self, history: &History, now: Instant) -> Result<Instant, u64> {
        let next = history.forgotten_at.map_or(now, |at| at.max(now)) + self.interval;
        let over = next.saturating_duration_since(now + self.budget);
        if over.is_zero() { Ok(next) } else { Err(over.as_secs().saturating_add(1)) }
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(address: Option<ClientAddress>) -> IpAddr {
    address.map_or(UNKNOWN_ADDRESS, |ClientAddress(address)| network(address))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn failures(limits: &FailedLogins, address: &str, count: usize) -> usize {
        let network = network(address.parse().unwrap());
        (0..count).filter(|_| limits.count(network).is_err()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn each_address_may_fail_so_often() {
        let limits = FailedLogins::new(&Limits::default());
        assert_eq!(failures(&limits, "192.0.2.1", 60), 10);
        assert_eq!(failures(&limits, "192.0.2.2", 50), 0);
        assert_eq!(failures(&limits, "2001:db8::1", 50), 0);
        assert_eq!(failures(&limits, "2001:db8::ffff", 50), 50);
        assert_eq!(failures(&limits, "::ffff:192.0.2.1", 50), 50);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(failures(&limits, "192.0.2.1", 50), 40);
    }

    /// Tries `count` tokens from `address`, each hanging up before a late answer; how many were compared.
    fn compared(limits: &FailedLogins, address: &str, count: usize) -> usize {
        let address = Some(ClientAddress(address.parse().unwrap()));
        let compared = std::cell::Cell::new(0);
        for _ in 0..count {
            let guess = limits.check_token(address, || {
                compared.set(compared.get() + 1);
                false
            });
            let _ = futures_util::FutureExt::now_or_never(guess);
        }
        compared.get()
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_over_the_budget_are_not_compared_even_for_those_who_hang_up() {
        let limits = FailedLogins::new(&Limits::default());
        assert_eq!(compared(&limits, "192.0.2.1", 400), 50);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(compared(&limits, "192.0.2.1", 400), 50);
        assert_eq!(compared(&limits, "192.0.2.2", 400), 50);
        let owner = Some(ClientAddress("192.0.2.1".parse().unwrap()));
        let refused = limits.check_token(owner, || true).await;
        assert_eq!(refused, Err(TokenError::TooManyFailures { retry_after_seconds: 1 }));
        tokio::time::advance(Duration::from_millis(100)).await;
        assert_eq!(limits.check_token(owner, || true).await, Ok(()));
        // Whoever shares its address cannot lock the owner out.
        assert_eq!(compared(&limits, "192.0.2.1", 400), 400);
        assert_eq!(limits.check_token(owner, || true).await, Ok(()));
        tokio::time::advance(OWNER_INTERVAL).await;
        assert_eq!(compared(&limits, "192.0.2.1", 400), 50);
    }

    #[test]
    fn the_memory_for_addresses_is_bounded() {
        let limits = FailedLogins::new(&Limits::default());
        for address in 0..50_000_u32 {
            let _ = limits.count(Ipv4Addr::from_bits(0x0a00_0000 + address).into());
        }
        assert!(limits.recent().networks.len() <= MAX_ADDRESSES + 1);
    }
}
