//! How long a message that failed stays out of sight before it is delivered again.

use std::time::Duration;

/// The first wait.
const SHORTEST_SECONDS: u32 = 5;
/// The longest: a quarter of an hour.
const MAX_VISIBILITY_SECONDS: u32 = 900;

/// The wait after the `receives`-th failed delivery: 5 s, doubled up to 900 s, a good half hour in ten.
pub fn retry_delay(receives: u32) -> Duration {
    let doublings = receives.saturating_sub(1).min(31);
    let seconds = SHORTEST_SECONDS.saturating_mul(2_u32.saturating_pow(doublings));
    Duration::from_secs(u64::from(seconds.min(MAX_VISIBILITY_SECONDS)))
}

#[cfg(test)]
mod tests {
    use super::retry_delay;

    #[test]
    fn waits_grow_from_five_seconds_to_a_quarter_of_an_hour() {
        let waits: Vec<u64> = (0..=11).map(|receives| retry_delay(receives).as_secs()).collect();
        assert_eq!(waits, [5, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]);
        assert_eq!(retry_delay(u32::MAX).as_secs(), 900);
    }
}
