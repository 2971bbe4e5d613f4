//! Once for each week and recipient: claim the mark, hand the message over, note it as sent.
//!
//! A process that crashes leaves a claim behind, which another takes over after
//! [`lease_ttl`]: a mail is rather sent again than missed.

pub mod delivery_lease;

use std::pin::pin;
use std::time::Duration;

use cv_analytics_core::store::{KeyValueStore, StoreError, VersionedValue};
#[cfg(feature = "schedule")]
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use futures_util::future::{Either, select};
use futures_util::{StreamExt, stream};

use crate::clock::Clock;
use crate::message::Message;
use crate::message::address::MailAddress;
use crate::transport::{Transport, TransportError};
use crate::weekly_mail::delivery_lease::{DeliveryLease, NextStep, key, lease_ttl};

/// How many claims of other processes are waited for.
const MAX_AWAITED_LEASES: u32 = 2;
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How often one mail is claimed before the store counts as too slow.
const MAX_CLAIM_ATTEMPTS: usize = 8;
/// How often it is tried to note a mail that was handed over.
const MAX_NOTE_ATTEMPTS: usize = 3;
/// Mails that are sent at once: waiting for another's claim delays few others.
const SEND_CONCURRENCY: usize = 4;

/// Sends the mails of a week, each once.
pub struct WeeklyMail<'a, H, C> {
    /// Keeps the marks.
    pub store: &'a dyn KeyValueStore,
    /// Takes the messages.
    pub by: &'a H,
    /// Tells how old claims are.
    pub clock: &'a C,
    /// What tells this run from any other at any time: random.
    pub claimant: String,
    /// Identifies an order to send again through its retries, so that each recipient gets one mail by it.
    pub order: Option<String>,
}

/// What became of one recipient's mail.
#[derive(Debug)]
pub struct Delivery {
    /// The recipient.
    pub to: MailAddress,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a mail.
#[derive(Debug)]
pub enum Outcome {
    /// It was handed over.
    Sent,
    /// It was handed over, and the store did not note that: the next run sends it again.
    SentUnnoted(StoreError),
    /// It had been sent before.
    SentBefore,
    /// It was not sent.
    Failed(NotSent),
}

/// Why a mail was not sent. Names no address.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// The transport did not take it.
    #[error(transparent)]
    Refused(#[from] TransportError),
    /// The store failed before anything was handed over.
    #[error("cannot read or write whether this mail was sent: {0}")]
    Store(#[from] StoreError),
    /// There was nothing to hand over.
    #[error("{0}")]
    NotMade(String),
    /// The mark is not one that this version knows.
    #[error(
        "cannot read the mark {key} ({source}): a newer version wrote it; update this one, or send again regardless"
    )]
    Mark {
        /// The mark's key.
        key: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Others went on claiming this mail, or the store was too slow to claim it.
    #[error(
        "refused: another process has been sending this mail for too long; try again in a minute"
    )]
    Contended,
}

impl NotSent {
    /// Whether the owner has to change something before a retry can succeed.
    pub const fn is_permanent(&self) -> bool {
        matches!(self, Self::Refused(error) if error.is_permanent())
    }
}

/// A claim that is one's own.
struct Claim {
    key: String,
    version: u64,
    /// What the mark goes back to where the hand-over is refused.
    otherwise: DeliveryLease,
}

impl<H: Transport, C: Clock> WeeklyMail<'_, H, C> {
    /// Whether every one of `recipients` got the mail of `week`, so that it need not be made.
    ///
    /// # Errors
    /// [`NotSent::Store`] or [`NotSent::Mark`].
    pub async fn is_sent_to_all(
        &self,
        week: IsoWeek,
        recipients: &[MailAddress],
    ) -> Result<bool, NotSent> {
        for recipient in recipients {
            let key = key(week, recipient, self.clock.now());
            let mark = read(&key, self.store.get(&key).await?.as_ref())?;
            if !matches!(mark, Some(DeliveryLease::Sent { .. })) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sends each of `messages` not sent before, or all with `again`; outcomes in the messages' order.
    pub async fn send(&self, messages: Vec<Message>, again: bool) -> Vec<Delivery> {
        stream::iter(messages.into_iter().enumerate())
            .map(|(place, message)| async move {
                // By place: who is named twice waits for oneself and finds the mail sent.
                let claimant = format!("{}/{place}", self.claimant);
                let outcome = self.send_one(&message, &claimant, again).await;
                Delivery { to: message.to, outcome }
            })
            .buffered(SEND_CONCURRENCY)
            .collect()
            .await
    }

    async fn send_one(&self, message: &Message, claimant: &str, again: bool) -> Outcome {
        let claim = match self.claim(message, claimant, again).await {
            Ok(Some(claim)) => claim,
            Ok(None) => return Outcome::SentBefore,
            Err(error) => return Outcome::Failed(error),
        };
        if let Err(error) = self.hand_over(message).await {
            self.release(claim).await;
            return Outcome::Failed(error.into());
        }
        match self.note(&claim).await {
            Ok(()) => Outcome::Sent,
            Err(error) => Outcome::SentUnnoted(error),
        }
    }

    /// Claims the mail; `None` where it was sent before.
    async fn claim(
        &self,
        message: &Message,
        claimant: &str,
        again: bool,
    ) -> Result<Option<Claim>, NotSent> {
        let key = key(message.week, &message.to, message.date);
        let mut waited = Duration::ZERO;
        // The version that is being watched, and what had been waited for when it was first seen.
        let mut watched = (None, Duration::ZERO);
        let mut claims = 0;
        let holds = lease_ttl(self.by.limit());
        while waited <= holds * MAX_AWAITED_LEASES && claims <= MAX_CLAIM_ATTEMPTS {
            let record = self.store.get(&key).await?;
            let version = record.as_ref().map(|record| record.version);
            if watched.0 != version {
                watched = (version, waited);
            }
            let mark = match read(&key, record.as_ref()) {
                Err(_) if again => None,
                mark => mark?,
            };
            let order = self.order.as_deref();
            let again = again && !mark.as_ref().is_some_and(|mark| mark.is_sent_by(order));
            let now = self.clock.now();
            let unchanged = waited.saturating_sub(watched.1);
            match DeliveryLease::turn(mark.as_ref(), claimant, now, (unchanged, holds), again) {
                NextStep::SentBefore => return Ok(None),
                NextStep::HandOver => {
                    let sent_at = mark.and_then(|mark| mark.sent_at());
                    let otherwise = sent_at.map_or(DeliveryLease::Released, |at| {
                        DeliveryLease::Sent { at, order: None }
                    });
                    let version = version.unwrap_or_default();
                    return Ok(Some(Claim { key, version, otherwise }));
                }
                NextStep::Wait => {
                    self.clock.sleep(POLL_INTERVAL).await;
                    waited += POLL_INTERVAL;
                }
                NextStep::Claim => {
                    let sent_at = mark.and_then(|mark| mark.sent_at());
                    let claim =
                        DeliveryLease::Claimed { by: claimant.to_owned(), at: now, sent_at };
                    // Whether this was one's own is read, not believed: an answer that got lost
                    // and a call that was repeated look like another process's claim.
                    self.put(&key, &claim, version).await?;
                    claims += 1;
                }
            }
        }
        Err(NotSent::Contended)
    }

    async fn hand_over(&self, message: &Message) -> Result<(), TransportError> {
        let handed_over = pin!(self.by.hand_over(message));
        let limit = pin!(self.clock.sleep(self.by.limit()));
        match select(handed_over, limit).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => Err(TransportError::new(format!(
                "the mail transport did not answer within {} s: try again",
                self.by.limit().as_secs()
            ))),
        }
    }

    /// Gives the claim back, so that a retry can send at once. A claim that stays ages.
    async fn release(&self, claim: Claim) {
        let _ = self.put(&claim.key, &claim.otherwise, Some(claim.version)).await;
    }

    /// Notes the mail as sent, also where another process has claimed it meanwhile.
    async fn note(&self, claim: &Claim) -> Result<(), StoreError> {
        let mut version = Some(claim.version);
        let mut failure = None;
        for _ in 0..MAX_NOTE_ATTEMPTS {
            match self.try_to_note(&claim.key, &mut version).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => {
                    failure = Some(error);
                    self.clock.sleep(POLL_INTERVAL).await;
                }
            }
        }
        Err(failure.unwrap_or_else(|| StoreError::refused("the mail's mark kept changing")))
    }

    /// Whether the mark says now that the mail was sent; else `version` is that of the next try.
    async fn try_to_note(&self, key: &str, version: &mut Option<u64>) -> Result<bool, StoreError> {
        let sent = DeliveryLease::Sent { at: self.clock.now(), order: self.order.clone() };
        if self.put(key, &sent, *version).await? {
            return Ok(true);
        }
        let record = self.store.get(key).await?;
        *version = record.as_ref().map(|record| record.version);
        Ok(matches!(read(key, record.as_ref()), Ok(Some(DeliveryLease::Sent { .. }))))
    }

    async fn put(
        &self,
        key: &str,
        mark: &DeliveryLease,
        expected: Option<u64>,
    ) -> Result<bool, StoreError> {
        let value = serde_json::to_string(mark)
            .map_err(|error| StoreError::refused(format!("cannot write a mark: {error}")))?;
        self.store.put(key, &value, expected).await
    }
}

/// When the mail whose mark is under `key` was sent, where it was.
///
/// # Errors
/// [`NotSent::Store`] or [`NotSent::Mark`].
#[cfg(feature = "schedule")]
pub(crate) async fn sent_at(
    store: &dyn KeyValueStore,
    key: &str,
) -> Result<Option<Timestamp>, NotSent> {
    Ok(match read(key, store.get(key).await?.as_ref())? {
        Some(DeliveryLease::Sent { at, .. }) => Some(at),
        _ => None,
    })
}

fn read(key: &str, record: Option<&VersionedValue>) -> Result<Option<DeliveryLease>, NotSent> {
    let Some(record) = record else { return Ok(None) };
    let mark = DeliveryLease::from_json(&record.value);
    mark.map(Some).map_err(|source| NotSent::Mark { key: key.to_owned(), source })
}
