//! What is left of something that the owner had erased: a mark without content, by which it is known
//! when it comes again.
//!
//! Anybody who has the marks can try out which ids they are of. A request id and a session that is kept as a keyed hash
//! cannot be guessed; a session id that is kept as the agent sends it can where it is short.

use sha2::{Digest, Sha256};

use crate::event::{Event, EventBody, RequestId, SessionId};
use crate::interaction::Interaction;

/// What was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Interactions.
    pub interactions: u64,
    /// Dead letters that named the request or the session.
    pub dead_letters: u64,
}

/// SHA-256 of a request id, or of a session's kept form or the agent's text for it.
pub type Mark = [u8; 32];

impl RequestId {
    /// What is left of it when it is erased.
    pub fn mark(&self) -> Mark {
        Sha256::digest(self.as_str()).into()
    }
}

impl SessionId {
    /// What is left of its kept form when it is erased.
    pub fn mark(&self) -> Mark {
        Sha256::digest(self.as_str()).into()
    }

    /// The marks that tell that it was erased: of its kept form, and of the agent's text where it is known. `forget` leaves
    /// both, so that stores with other keys know a late message of it.
    pub fn marks(&self) -> impl Iterator<Item = Mark> {
        std::iter::once(self.mark()).chain(self.sent.as_deref().copied())
    }
}

impl Event {
    /// The sessions that its halves name.
    pub fn sessions(&self) -> impl Iterator<Item = &SessionId> {
        let (query, response) = match &self.body {
            EventBody::Feedback(_) => (None, None),
            EventBody::Query(query) => (Some(query), None),
            EventBody::Response(response) => (None, Some(response)),
            EventBody::Whole(query, response) => (Some(query), Some(response)),
        };
        let query = query.and_then(|half| half.session.as_ref());
        query.into_iter().chain(response.and_then(|half| half.session.as_ref()))
    }
}

impl Interaction {
    /// The sessions that its halves name.
    pub fn sessions(&self) -> impl Iterator<Item = &SessionId> {
        let query = self.query.as_ref().and_then(|half| half.session.as_ref());
        query.into_iter().chain(self.response.as_ref().and_then(|half| half.session.as_ref()))
    }
}
