//! What visitors said of the answers.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use cv_analytics_core::event::{MatchType, Rating};
use cv_analytics_core::store::observation_page::PagedObservation;
use cv_analytics_core::timestamp::Timestamp;

use crate::model::{Feedback, Thumbs};
use crate::tally::weeks::rating;

/// The comments that a report shows.
const MAX_COMMENTS: usize = 20;

/// Counts one week's feedback.
#[derive(Debug, Default)]
pub(crate) struct FeedbackTally {
    thumbs: Thumbs,
    on_covered: Thumbs,
    /// The newest, then by request id.
    comments: BTreeSet<(Reverse<Timestamp>, String, String)>,
}

impl FeedbackTally {
    pub(crate) fn add(&mut self, observation: &PagedObservation<'_>) {
        let Some(feedback) = &observation.feedback else { return };
        self.thumbs.add(feedback.rating);
        if rating(observation) == Some(MatchType::Full) {
            self.on_covered.add(feedback.rating);
        }
        if let Some(comment) = feedback.comment {
            let id = observation.request_id.to_owned();
            self.comments.insert((Reverse(feedback.at), id, comment.to_owned()));
            if self.comments.len() > MAX_COMMENTS {
                self.comments.pop_last();
            }
        }
    }

    /// Whether anybody said anything.
    pub(crate) fn is_given(&self) -> bool {
        self.thumbs.given() > 0
    }

    pub(crate) fn report(self) -> Feedback {
        Feedback {
            up: self.thumbs.up,
            down: self.thumbs.down,
            covered: self.on_covered.given(),
            down_though_covered: self.on_covered.down,
            comments: self.comments.into_iter().map(|(_, _, comment)| comment).collect(),
        }
    }
}

impl Thumbs {
    /// Counts one.
    pub(crate) fn add(&mut self, rating: Rating) {
        match rating {
            Rating::Up => self.up += 1,
            Rating::Down => self.down += 1,
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.up += other.up;
        self.down += other.down;
    }

    /// These, where there are any.
    pub(crate) fn if_any(self) -> Option<Self> {
        (self.given() > 0).then_some(self)
    }
}
