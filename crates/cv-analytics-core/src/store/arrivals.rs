//! What arrived last, for those who follow it.

use crate::interaction::Interaction;

/// How far somebody who follows the arrivals has come; what it counts is the store's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArrivalCursor(pub i64);

/// Interactions that arrived, the oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals {
    /// The interactions as they are now. Where moments alone tell what is new, one may come twice.
    pub interactions: Vec<Interaction>,
    /// From where the next ones are asked for.
    pub cursor: ArrivalCursor,
}
