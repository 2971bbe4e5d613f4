//! What counts in no figure: canaries, known bots, the owner's own traffic, and what the owner lists.

use std::collections::BTreeSet;

use cv_analytics_core::event::{SessionDigest, Traffic};
use cv_analytics_core::store::observation_page::PagedObservation;

use crate::model::ExcludedBy;
use crate::settings::Exclusions;

/// What the owner leaves out, with its sessions ready to compare.
pub(crate) struct Excluded<'s> {
    sessions: BTreeSet<SessionDigest>,
    request_ids: &'s BTreeSet<String>,
}

impl<'s> Excluded<'s> {
    pub(crate) fn new(exclusions: &'s Exclusions) -> Self {
        let sessions =
            exclusions.sessions.iter().map(|session| SessionDigest::of(session)).collect();
        Self { sessions, request_ids: &exclusions.request_ids }
    }

    /// Why the interaction is left out, if it is: by the flag of the intake, or by the owner's list.
    pub(crate) fn cover(&self, observation: &PagedObservation<'_>) -> Option<Exclusion> {
        match observation.traffic {
            Traffic::Bot => Some(Exclusion::Bot),
            Traffic::Own => Some(Exclusion::Own),
            Traffic::Canary => Some(Exclusion::Canary),
            Traffic::Visitor => {
                let listed =
                    observation.session.is_some_and(|session| self.sessions.contains(&session))
                        || self.request_ids.contains(observation.request_id);
                listed.then_some(Exclusion::Listed)
            }
        }
    }
}

/// Why an interaction is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exclusion {
    Own,
    Bot,
    Canary,
    Listed,
}

impl Exclusion {
    pub(crate) const fn count_in(self, counts: &mut ExcludedBy) -> &mut u64 {
        match self {
            Self::Own => &mut counts.own,
            Self::Bot => &mut counts.bots,
            Self::Canary => &mut counts.canaries,
            Self::Listed => &mut counts.listed,
        }
    }
}
