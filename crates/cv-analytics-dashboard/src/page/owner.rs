//! Whom a page is for, and what its frame tells them.

use cv_analytics_core::intake::refusal::Refusals;
use cv_analytics_insights::view::phrases::refusals::{refused_messages, what_to_change};

use crate::times::{Moment, Times};

/// Who is asking.
#[derive(Clone, Debug)]
pub(crate) enum Owner {
    /// A browser that is signed in.
    Browser {
        /// The session's id.
        session: String,
        /// What its forms carry.
        form_token: String,
        notices: Notices,
    },
    /// A program with the token.
    Program { notices: Notices },
    /// Not signed in; only the login page sees one.
    Unknown,
}

impl Owner {
    pub(crate) fn form_token(&self) -> &str {
        match self {
            Self::Browser { form_token, .. } => form_token,
            Self::Program { .. } | Self::Unknown => "",
        }
    }

    /// What the frame of every page tells; `None` for those who see none.
    pub(crate) const fn notices(&self) -> Option<&Notices> {
        match self {
            Self::Browser { notices, .. } | Self::Program { notices } => Some(notices),
            Self::Unknown => None,
        }
    }

    pub(crate) const fn notices_mut(&mut self) -> Option<&mut Notices> {
        match self {
            Self::Browser { notices, .. } | Self::Program { notices } => Some(notices),
            Self::Unknown => None,
        }
    }
}

/// What the frame of every page tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices {
    /// Dead letters that there are.
    pub(crate) dead_letters: u64,
    /// Messages that were refused within a day, by reason.
    pub(crate) refused: Vec<RefusedNotice>,
}

/// Messages that were refused for one reason.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct RefusedNotice {
    text: String,
    last: Moment,
    change: &'static str,
}

impl RefusedNotice {
    pub(crate) fn of(refused: &Refusals, times: &Times) -> Self {
        Self {
            text: refused_messages(refused),
            last: times.moment(refused.last_at),
            change: what_to_change(refused.reason),
        }
    }
}
