//! The weekly mail.
//!
//! In reading order:
//!
//! 1. [`mail_address`]: who sends and who receives; no header can be injected through it.
//! 2. [`unsubscribe`]: the recipient's way out, by one click or by mail; [`unsubscribe_key`]: whose
//!    click it is.
//! 3. [`message`]: the report as an RFC 5322 message, the same bytes for the same inputs.
//! 4. [`hand_over`]: what a way to send has to offer, whichever it is; `smtp` and `outbox` are two.
//! 5. [`sent_mark`]: the ledger's mark of one mail; [`weekly_mail`]: once for each week and
//!    recipient, by claiming the mark, handing over, and noting; [`clock`]: the time for it.
//!
//! With the feature `schedule`, for a program that runs for long: `schedule` says when, `mailing` who
//! gets what, `recipient_record` is what else is kept of a recipient, `mail_state` how it stands, and
//! `mailer` sends, turn by turn.

pub mod clock;
pub mod hand_over;
pub mod mail_address;
#[cfg(feature = "schedule")]
pub mod mail_state;
#[cfg(feature = "schedule")]
pub mod mailer;
#[cfg(feature = "schedule")]
pub mod mailing;
pub mod message;
#[cfg(feature = "schedule")]
pub mod outbox;
#[cfg(feature = "schedule")]
pub mod recipient_record;
#[cfg(feature = "schedule")]
pub mod schedule;
pub mod sent_mark;
#[cfg(feature = "smtp")]
pub mod smtp;
pub mod unsubscribe;
pub mod unsubscribe_key;
pub mod weekly_mail;
