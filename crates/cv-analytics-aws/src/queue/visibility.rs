//! How long a message that failed stays out of sight before it is delivered again.

use std::ops::RangeInclusive;

/// The first wait.
const MIN_RETRY_SECONDS: u32 = 5;
/// The longest: of 1,000 receives nearly all wait so long, which is nearly the four days that the queue keeps a message.
const MAX_RETRY_SECONDS: u32 = 300;
/// The least of the waits that no longer grow: what failed together does not come again together.
const MIN_LONG_RETRY_SECONDS: u32 = 270;

/// The seconds of which one is to be chosen at random, for the wait after the `receives`-th failed delivery: 5 s, then
/// between the wait before and twice that, up to 270 to 300 s from the eighth on.
pub fn retry_seconds(receives: u32) -> RangeInclusive<u32> {
    let wait = |doublings: u32, most| {
        let seconds = MIN_RETRY_SECONDS.saturating_mul(2_u32.saturating_pow(doublings));
        seconds.min(most)
    };
    let doublings = receives.saturating_sub(1);
    wait(doublings.saturating_sub(1), MIN_LONG_RETRY_SECONDS)..=wait(doublings, MAX_RETRY_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::retry_seconds;
    use crate::install::INSTALL;

    #[test]
    fn waits_grow_from_five_seconds_to_five_minutes() {
        let waits = (0..=9).map(|receives| retry_seconds(receives).into_inner());
        assert_eq!(
            waits.collect::<Vec<_>>(),
            [
                (5, 5),
                (5, 5),
                (5, 10),
                (10, 20),
                (20, 40),
                (40, 80),
                (80, 160),
                (160, 300),
                (270, 300),
                (270, 300)
            ]
        );
        assert_eq!(retry_seconds(u32::MAX), 270..=300);
    }

    #[test]
    fn a_message_is_received_to_its_last_time_before_the_queue_forgets_it() {
        let queue = &INSTALL.queues.events;
        let all: u32 =
            (1..=queue.max_receives).map(|receives| *retry_seconds(receives).end()).sum();
        assert!(all < queue.retention_days * 86_400, "{all} s");
    }
}
