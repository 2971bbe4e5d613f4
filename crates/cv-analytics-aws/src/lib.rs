//! The ports of cv-analytics on AWS.
//!
//! In reading order:
//!
//! 1. [`joining`] and [`promotion`]: the join and the sweep as pure steps, with [`row`] and
//!    [`record`], what they see of the two tables. Every order, repetition, crash and race of
//!    these steps is tried by a test.

pub mod joining;
pub mod promotion;
pub mod record;
pub mod row;
