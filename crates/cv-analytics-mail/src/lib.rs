//! The weekly mail.
//!
//! In reading order:
//!
//! 1. [`mail_address`]: who sends and who receives; no header can be injected through it.
//! 2. [`unsubscribe`]: the recipient's way out, by one click or by mail.
//! 3. [`message`]: the report as an RFC 5322 message, the same bytes for the same inputs.

pub mod mail_address;
pub mod message;
pub mod unsubscribe;
