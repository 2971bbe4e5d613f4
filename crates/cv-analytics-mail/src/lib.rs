//! The weekly mail.
//!
//! In reading order:
//!
//! 1. [`mail_address`]: who sends and who receives; no header can be injected through it.
//! 2. [`unsubscribe`]: the recipient's way out, by one click or by mail.
//! 3. [`message`]: the report as an RFC 5322 message, the same bytes for the same inputs.
//! 4. [`hand_over`]: what a way to send has to offer, whichever it is.
//! 5. [`sent_mark`]: the ledger's mark of one mail; [`weekly_mail`]: once for each week and
//!    recipient, by claiming the mark, handing over, and noting; [`clock`]: the time for it.

pub mod clock;
pub mod hand_over;
pub mod mail_address;
pub mod message;
pub mod sent_mark;
pub mod unsubscribe;
pub mod weekly_mail;
