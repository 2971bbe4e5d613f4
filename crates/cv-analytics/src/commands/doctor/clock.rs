//! How far this machine's clock is from a server's, by the `Date` of an answer.

use aws_smithy_types::date_time::{DateTime, Format};
use cv_analytics_core::timestamp::Timestamp;

use super::check::Check;

/// Beyond this AWS refuses signatures of most services
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/signing-elements.html>).
const MAX_ACCEPTED_SKEW_MS: u64 = 5 * 60 * 1000;
/// Beyond this a clock is not kept right by anybody. `Date` has whole seconds.
const MAX_HEALTHY_SKEW_MS: u64 = 30 * 1000;
const NAME: &str = "clock";
const FIX: &str = "set this machine's clock by the network: `sudo timedatectl set-ntp true`, on Windows `w32tm /resync`; \
                    if it is right, the server's is wrong";

/// Compares the clock at `now` with the `Date` that `server` answered.
pub(crate) fn check(server: &str, date: Option<&str>, now: Timestamp) -> Check {
    let date = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
    let Some(theirs) = date.and_then(|date| date.to_millis().ok()) else {
        return Check::skipped(NAME, format!("{server} answers without a date"));
    };
    let ahead_ms = now.as_millis() - theirs;
    let apart = ahead_ms.unsigned_abs();
    let direction = if ahead_ms < 0 { "behind" } else { "ahead of" };
    let message = format!("{} seconds {direction} {server}", apart / 1000);
    match apart {
        apart if apart >= MAX_ACCEPTED_SKEW_MS => {
            Check::fail(NAME, format!("{message}: signatures are refused"), FIX)
        }
        apart if apart >= MAX_HEALTHY_SKEW_MS => Check::warn(NAME, message, FIX),
        _ => Check::ok(NAME, format!("within {} seconds of {server}", MAX_HEALTHY_SKEW_MS / 1000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_right_worth_a_look_or_wrong() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let theirs = 784_111_777_000_i64;
        let check = |ahead_ms: i64| {
            let now = Timestamp::from_millis(theirs + ahead_ms);
            check("it", Some("Sun, 06 Nov 1994 08:49:37 GMT"), now)
        };
        assert_eq!(check(999), Check::ok("clock", "within 30 seconds of it"));
        assert_eq!(check(-40_000), Check::warn("clock", "40 seconds behind it", FIX));
        let refused = "300 seconds ahead of it: signatures are refused";
        assert_eq!(check(300_000), Check::fail("clock", refused, FIX));
    }

    #[test]
    fn an_answer_without_a_date_tells_nothing() {
        let now = Timestamp::from_millis(0);
        for date in [None, Some("yesterday")] {
            assert_eq!(
                check("it", date, now),
                Check::skipped("clock", "it answers without a date")
            );
        }
    }
}
