//! What arrived last, for those who follow it.

use crate::interaction::Interaction;

/// The position of a reader that follows the arrivals. Only the store that gave it can interpret it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArrivalCursor(pub i64);

/// Interactions that arrived, the oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals {
    /// The interactions as they are now. Where only timestamps tell what is new, one may come twice.
    pub interactions: Vec<Interaction>,
    /// From where the next ones are asked for.
    pub cursor: ArrivalCursor,
}
