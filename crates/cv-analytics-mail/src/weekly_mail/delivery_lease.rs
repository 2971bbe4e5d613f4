//! The lease on one mail: claimed by a process that is sending it, or sent.

use std::time::Duration;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::message::address::MailAddress;
use crate::transport::TRANSPORT_TIMEOUT;

/// What the keys of all marks begin with.
pub const KEY_PREFIX: &str = "cv-analytics:mail:";
/// What follows the week where it was not over.
const SO_FAR: &str = "so-far:";

/// A claimant begins to hand over within this, or claims anew.
pub(crate) const LEASE_GRACE: Duration = Duration::from_secs(5);
/// How long a store may take to note that a mail was sent.
const NOTE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a claim holds where a hand-over takes [`TRANSPORT_TIMEOUT`].
pub const LEASE_TTL: Duration = lease_ttl(TRANSPORT_TIMEOUT);

/// How long a lease holds for a hand-over of `limit`; an older one belongs to a crashed process.
pub const fn lease_ttl(limit: Duration) -> Duration {
    LEASE_GRACE.saturating_add(limit).saturating_add(NOTE_TIMEOUT)
}

/// What is known of one mail. Its absence means that nobody has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DeliveryLease {
    /// A process is sending it, or crashed while sending.
    Claimed {
        /// What tells the one who claimed from all others.
        by: String,
        /// When.
        at: Timestamp,
        /// When it was sent before, where it is sent again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent_at: Option<Timestamp>,
    },
    /// The hand-over was refused: the next process may try.
    Released,
    /// It was handed over.
    Sent {
        /// When that was noted.
        at: Timestamp,
        /// The order by which it was sent again, which a retry of that order names too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order: Option<String>,
    },
}

/// What to do about a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// Nothing: the mail was sent.
    SentBefore,
    /// Hand over: the claim is one's own and fresh.
    HandOver,
    /// Claim it.
    Claim,
    /// Look again later: another process is sending it.
    Wait,
}

impl DeliveryLease {
    /// Reads a mark's record. By way of a `Value`, since serde's tagged enums take no number straight
    /// from a text whose numbers are kept as they were written.
    ///
    /// # Errors
    /// The record holds something else.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text).and_then(serde_json::from_value)
    }

    /// What `claimant` does at `now` about a mark that it has seen unchanged for `watched`; with `again` a mail is sent
    /// though it was sent before, yet after another process that is sending it. Others' claims hold for `holds`.
    pub(crate) fn turn(
        mark: Option<&Self>,
        claimant: &str,
        now: Timestamp,
        (watched, holds): (Duration, Duration),
        again: bool,
    ) -> NextStep {
        match mark {
            Some(Self::Claimed { by, at, .. }) if by == claimant => {
                if is_older(*at, LEASE_GRACE, now) { NextStep::Claim } else { NextStep::HandOver }
            }
            Some(Self::Sent { .. }) if !again => NextStep::SentBefore,
            // What was watched counts too: the other's clock may be ahead.
            Some(Self::Claimed { at, .. }) if watched < holds && !is_older(*at, holds, now) => {
                NextStep::Wait
            }
            _ => NextStep::Claim,
        }
    }

    pub(crate) fn is_sent_by(&self, order: Option<&str>) -> bool {
        matches!(self, Self::Sent { order: Some(by), .. } if Some(by.as_str()) == order)
    }

    /// When the mail was last sent, as far as the mark knows.
    pub(crate) fn sent_at(&self) -> Option<Timestamp> {
        match self {
            Self::Claimed { sent_at, .. } => *sent_at,
            Self::Released => None,
            Self::Sent { at, .. } => Some(*at),
        }
    }
}

fn is_older(at: Timestamp, than: Duration, now: Timestamp) -> bool {
    let than = i64::try_from(than.as_millis()).unwrap_or(i64::MAX);
    now.as_millis().saturating_sub(at.as_millis()) >= than
}

/// The key of this mail; an unfinished week's mail is another than the whole week's.
pub fn key(week: IsoWeek, recipient: &MailAddress, now: Timestamp) -> String {
    let so_far = if now < week.end() { SO_FAR } else { "" };
    format!("{KEY_PREFIX}{week}:{so_far}{}", recipient_digest(recipient))
}

/// 32 hexadecimal digits that stand for a mailbox in keys and logs, the same in any case and under any name.
pub fn recipient_digest(recipient: &MailAddress) -> String {
    let mailbox = recipient.address().to_ascii_lowercase();
    let mut digits = hex::encode(Sha256::digest(mailbox.as_bytes()));
    digits.truncate(32);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_424_400_000);

    fn claimed(by: &str, seconds_ago: i64) -> DeliveryLease {
        let at = NOW.plus_millis(-1000 * seconds_ago);
        DeliveryLease::Claimed { by: by.to_owned(), at, sent_at: None }
    }

    fn sent(order: Option<&str>) -> DeliveryLease {
        DeliveryLease::Sent { at: NOW, order: order.map(str::to_owned) }
    }

    fn check(mark: Option<&DeliveryLease>, watched: u64, expect: NextStep, expect_again: NextStep) {
        let watched = Duration::from_secs(watched);
        assert_eq!(
            DeliveryLease::turn(mark, "me", NOW, (watched, LEASE_TTL), false),
            expect,
            "{mark:?}"
        );
        let again = DeliveryLease::turn(mark, "me", NOW, (watched, LEASE_TTL), true);
        assert_eq!(again, expect_again, "{mark:?} again");
    }

    #[test]
    fn a_mark_decides_whose_turn_it_is() {
        check(None, 0, NextStep::Claim, NextStep::Claim);
        check(Some(&DeliveryLease::Released), 0, NextStep::Claim, NextStep::Claim);
        check(Some(&sent(None)), 0, NextStep::SentBefore, NextStep::Claim);
        check(Some(&claimed("me", 0)), 0, NextStep::HandOver, NextStep::HandOver);
        check(Some(&claimed("me", 5)), 0, NextStep::Claim, NextStep::Claim);
        check(Some(&claimed("another", 0)), 0, NextStep::Wait, NextStep::Wait);
        check(Some(&claimed("another", 44)), 0, NextStep::Wait, NextStep::Wait);
        check(Some(&claimed("another", 45)), 0, NextStep::Claim, NextStep::Claim);
    }

    #[test]
    fn a_claim_from_the_future_holds_no_longer_than_another() {
        check(Some(&claimed("another", -3600)), 44, NextStep::Wait, NextStep::Wait);
        check(Some(&claimed("another", -3600)), 45, NextStep::Claim, NextStep::Claim);
    }

    #[test]
    fn a_key_names_week_and_recipient_and_no_address() {
        let week: IsoWeek = "2026-W47".parse().unwrap();
        let of = |address: &str, now| key(week, &address.parse().unwrap(), now);
        let plain = of("owner@example.org", week.end());
        assert_eq!(plain, "cv-analytics:mail:2026-W47:9057178f1b2d7232db7d0fcdd9688b38");
        assert_eq!(of("The Owner <Owner@Example.org>", NOW), plain);
        assert_ne!(of("owner@example.com", NOW), plain);
        let so_far = of("owner@example.org", week.end().plus_millis(-1));
        assert!(so_far.starts_with("cv-analytics:mail:2026-W47:so-far:"), "{so_far}");
    }

    #[test]
    fn a_mark_reads_back_as_it_was_written() {
        let written = [
            (claimed("me", 0), r#"{"state":"claimed","by":"me","at":1795424400000}"#),
            (DeliveryLease::Released, r#"{"state":"released"}"#),
            (sent(None), r#"{"state":"sent","at":1795424400000}"#),
            (sent(Some("o")), r#"{"state":"sent","at":1795424400000,"order":"o"}"#),
        ];
        for (mark, text) in written {
            assert_eq!(serde_json::to_string(&mark).unwrap(), text);
            assert_eq!(DeliveryLease::from_json(text).unwrap(), mark);
        }
    }
}
