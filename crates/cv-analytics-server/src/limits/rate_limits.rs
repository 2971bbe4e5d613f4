//! How much is answered: all requests together, and the failures of one address.

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::configuration::Limits;
use crate::limits::client_address::ClientAddress;
use crate::limits::failed_logins::{FailedLogins, TokenError};

/// Counts what is limited.
pub struct RateLimits {
    requests: Option<DefaultDirectRateLimiter>,
    failed_logins: FailedLogins,
}

impl RateLimits {
    /// Begins to count.
    pub fn new(limits: &Limits) -> Self {
        Self {
            requests: limits
                .max_requests_per_second
                .map(|rate| RateLimiter::direct(Quota::per_second(rate))),
            failed_logins: FailedLogins::new(limits),
        }
    }

    /// Counts a request; `Err` where there are too many.
    pub(crate) fn check_request(&self) -> Result<(), ()> {
        self.requests.as_ref().map_or(Ok(()), |requests| requests.check().map_err(|_| ()))
    }

    /// Asks `is_right` whether a token is the right one, and counts it if it is not. An address that failed too often is
    /// refused before anything is compared, unless it had the token within an hour.
    ///
    /// # Errors
    /// [`TokenError`], which may come late.
    pub async fn check_token(
        &self,
        address: Option<ClientAddress>,
        is_right: impl FnOnce() -> bool,
    ) -> Result<(), TokenError> {
        self.failed_logins.check_token(address, is_right).await
    }

    /// Counts a wrong signature.
    ///
    /// # Errors
    /// The seconds to wait, after a delay, where there were too many.
    pub(crate) async fn count_failure(&self, address: Option<ClientAddress>) -> Result<(), u64> {
        self.failed_logins.count_and_delay(address).await
    }

    /// Logs the failures of the last minute that no line has told yet.
    pub fn tell_failures(&self) {
        self.failed_logins.tell_unlogged();
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

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
