//! The record of one request in `CV-Analytics`: an interaction, or the tombstone of one.

use cv_analytics_core::interaction::Interaction;

/// What is under a request id.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it lives for one call, and mostly is the record")]
pub enum Record {
    /// Both halves, or one that was promoted before its partner came; or feedback that waits for either.
    Interaction(Interaction),
    /// The owner had it erased.
    Erased,
}

/// What a record with both halves finds in its way.
#[derive(Clone, Debug, PartialEq)]
pub enum PutConflict {
    /// A record with both halves.
    Joined(Interaction),
    /// A lone query half with a session or a traffic flag that the whole record lacks.
    Lone(Interaction),
    /// A tombstone.
    Erased,
}
