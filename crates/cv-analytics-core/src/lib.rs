//! The heart of cv-analytics: no input or output, no clock.
//!
//! In reading order:
//!
//! 1. [`timestamp`] and [`week`]: a moment in milliseconds, and the ISO 8601 week that holds it.
//! 2. [`event`]: the two halves of an interaction and the values in them.
//! 3. [`privacy`] (a folder by subject) and [`known_bots`]: what is taken out of a message before anything keeps it.
//! 4. [`intake`] (with `json_object`, `field` and `match_fields`): the one function that turns bytes
//!    into halves, or into a [`dead_letter`].
//! 5. [`interaction`]: the joining law; [`canary`]: what was sent to check the installation alone.
//! 6. [`canonical`]: halves written as the events of the contract again.
//! 7. [`refusal`]: messages refused at the door. [`store`] and [`observation_page`]: the ports that a store offers, and what a report reads;
//!    [`erasure`]: what is left of what was erased, and [`id_fields`]: whether a dead letter belongs to it;
//!    [`session_key`]: where
//!    the key of the session hash is kept; [`archive`]: what an archive holds of a store;
//!    [`browse`]: single interactions for a dashboard.

pub mod archive;
pub mod browse;
pub mod canary;
pub mod canonical;
pub mod dead_letter;
pub mod erasure;
pub mod event;
mod field;
pub mod id_fields;
pub mod intake;
pub mod interaction;
mod json_object;
pub mod known_bots;
pub mod loopback;
mod match_fields;
pub mod observation_page;
pub mod privacy;
pub mod refusal;
pub mod session_key;
pub mod store;
pub mod timestamp;
pub mod week;
