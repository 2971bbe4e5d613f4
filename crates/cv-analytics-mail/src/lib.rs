//! The weekly mail.
//!
//! In reading order:
//!
//! 1. [`message`]: the report as an RFC 5322 message, the same bytes for the same inputs; who sends and who
//!    receives, and how a recipient unsubscribes.
//! 2. [`transport`]: what a way to send has to offer, whichever it is; `smtp` and `outbox` are two.
//! 3. [`weekly_mail`]: once for each week and recipient, by claiming its mark, handing over, and noting;
//!    [`clock`]: the time for it.
//! 4. `schedule` (a feature), for a program that runs for long: when, what else is kept of a recipient, and the
//!    mailer, which sends turn by turn.

pub mod clock;
pub mod message;
#[cfg(feature = "schedule")]
pub mod schedule;
pub mod transport;
pub mod weekly_mail;
