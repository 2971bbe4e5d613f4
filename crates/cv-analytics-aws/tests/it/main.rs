//! What `cv-analytics-aws` does as a whole, one file a subject.

mod cost;
mod join;
mod on_dynoxide;
mod parity;
#[cfg(feature = "queue")]
mod suite;
