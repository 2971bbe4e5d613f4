//! The joining law: what two halves make, whatever their order and however often they come.
//!
//! With one body a half, the record is the same for any order, repetition or batching. Of two
//! different bodies for one half the one that is there is kept whole.
//!
//! A self-contained response makes the whole record. Its session and its traffic flag stand in both
//! halves, and a query event that names others puts these into the query half: nothing else of it
//! is kept. So the record says what each of the two events named, whichever came first.

use super::{Disposition, Interaction};
use crate::event::{Event, Halves};

/// What an arriving event makes of the record that is there.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it lives for one call, and mostly holds the record")]
pub enum Joined {
    /// The record to keep now: the event added something.
    Changed(Interaction),
    /// The record stays as it is.
    Unchanged(Disposition),
}

impl Interaction {
    /// Joins `event` to what is there. Pure: the same arguments give the same answer.
    pub fn join(present: Option<&Self>, event: &Event) -> Joined {
        let Some(present) = present else {
            return Joined::Changed(Self::alone(event));
        };
        match &event.halves {
            // Neither duplicate nor conflict.
            Halves::Query(query) if present.is_whole() => match present.completed_by(query) {
                Some(completed) => Joined::Changed(completed),
                None => Joined::Unchanged(Disposition::Stored),
            },
            Halves::Query(query) => match &present.query {
                Some(kept) => Joined::Unchanged(repeated(kept == query)),
                None => Joined::Changed(Self { query: Some(query.clone()), ..present.clone() }),
            },
            Halves::Response(response) => match &present.response {
                Some(kept) => Joined::Unchanged(repeated(kept == response)),
                None => {
                    Joined::Changed(Self { response: Some(response.clone()), ..present.clone() })
                }
            },
            Halves::Whole(..) => {
                let whole = Self::alone(event);
                if present.response.is_some() {
                    let same = present.clone().without_query_event() == whole.without_query_event();
                    return Joined::Unchanged(repeated(same));
                }
                let completed = present.query.as_ref().and_then(|query| whole.completed_by(query));
                Joined::Changed(completed.unwrap_or(whole))
            }
        }
    }
}

fn repeated(same: bool) -> Disposition {
    if same { Disposition::Duplicate } else { Disposition::Conflict }
}
