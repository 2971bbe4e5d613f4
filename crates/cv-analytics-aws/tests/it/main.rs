//! What `cv-analytics-aws` does as a whole, one file a subject.

mod cost;
mod join;
mod on_emulator;
mod parity;
#[cfg(feature = "queue")]
mod suite;
