//! The heart of cv-analytics: no input or output, no clock.
//!
//! In reading order:
//!
//! 1. [`timestamp`] and [`week`]: a moment in milliseconds, and the ISO 8601 week that holds it.
//! 2. [`event`]: the two halves of an interaction and the values in them.
//! 3. [`privacy`]: what is taken out of a message before anything keeps it.
//! 4. [`intake`]: the one function that turns bytes into halves, or into a [`dead_letter`].
//! 5. [`interaction`]: the joining law; [`canary`]: what was sent only to check the installation.
//! 6. [`canonical`]: halves written as the events of the contract again.
//! 7. [`store`]: the ports that a store offers, and what goes through them.

pub mod canary;
pub mod canonical;
pub mod dead_letter;
pub mod event;
pub mod intake;
pub mod interaction;
pub mod loopback;
pub mod privacy;
pub mod store;
pub mod timestamp;
pub mod week;
