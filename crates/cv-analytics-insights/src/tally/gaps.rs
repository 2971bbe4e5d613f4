//! Counts what people ask for and the agent cannot answer well, by skill or topic and kind.

use std::collections::HashMap;

use cv_analytics_core::event::{MatchType, Outcome, SessionDigest};
use cv_analytics_core::observation_page::PagedObservation;
use cv_analytics_core::timestamp::Timestamp;
use rustc_hash::FxBuildHasher;

use crate::model::{GapKind, WEEKS};
use crate::skills::cv_list::CvList;
use crate::skills::dictionary::SkillId;
use crate::skills::topics::topic;
use crate::tally::asked_skills::SkillIndex;

/// How many questions a gap shows.
const EXAMPLES: usize = 3;

/// What a gap is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum GapSubject {
    Skill(SkillIndex),
    Topic(String),
}

/// The gaps of eight weeks.
pub(crate) struct GapTally<'s> {
    cv: Option<&'s CvList>,
    pub(crate) gaps: HashMap<(GapSubject, GapKind), OneGap, FxBuildHasher>,
    /// Faults and blocks of this week by outcome (`None`: unanswered), for the actions.
    pub(crate) by_outcome: HashMap<Option<Outcome>, Asked, FxBuildHasher>,
}

/// Interactions, and their sessions, one each.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) queries: u64,
    pub(crate) sessions: Vec<SessionDigest>,
}

/// One gap.
#[derive(Debug, Default)]
pub(crate) struct OneGap {
    /// This week's interactions.
    pub(crate) asked: Asked,
    /// Which of the eight weeks have it, the oldest in the lowest bit.
    weeks: u8,
    /// The first questions by time, then by request id.
    examples: Vec<(Timestamp, String, String)>,
    /// Other skills in the gap's own interactions.
    pub(crate) related: HashMap<SkillIndex, u64, FxBuildHasher>,
}

impl<'s> GapTally<'s> {
    pub(crate) fn new(cv: Option<&'s CvList>) -> Self {
        Self { cv, gaps: HashMap::default(), by_outcome: HashMap::default() }
    }

    /// Counts an interaction of the week at `place` of the eight.
    pub(crate) fn add(
        &mut self,
        observation: &PagedObservation<'_>,
        skills: &[SkillIndex],
        session: Option<SessionDigest>,
        place: usize,
    ) {
        let Some(trouble) = Trouble::of(observation) else { return };
        let last = place + 1 == usize::from(WEEKS);
        if last && trouble != Trouble::NoMatch {
            let outcome = observation.response.as_ref().map(|response| response.outcome);
            self.by_outcome.entry(outcome).or_default().add(session);
        }
        for (subject, kind) in gaps_of(observation, skills, self.cv) {
            let own = match subject {
                GapSubject::Skill(skill) => Some(skill),
                GapSubject::Topic(_) => None,
            };
            let gap = self.gaps.entry((subject, kind)).or_default();
            gap.add(observation, skills, own, session, place);
        }
    }
}

/// The gaps that an interaction about `skills` belongs to: one for each skill, else that of its
/// topic; none where the agent answered well.
pub(crate) fn gaps_of(
    observation: &PagedObservation<'_>,
    skills: &[SkillIndex],
    cv: Option<&CvList>,
) -> impl Iterator<Item = (GapSubject, GapKind)> {
    let trouble = Trouble::of(observation);
    let text = observation.query.as_ref().map_or("", |query| query.text);
    let topic = trouble.filter(|_| skills.is_empty()).and_then(|_| topic(text));
    let subjects = topic
        .map(GapSubject::Topic)
        .into_iter()
        .chain(skills.iter().map(|&skill| GapSubject::Skill(skill)));
    trouble.into_iter().zip(std::iter::once(subjects)).flat_map(move |(trouble, subjects)| {
        subjects.map(move |subject| {
            let kind = kind(trouble, &subject, cv);
            (subject, kind)
        })
    })
}

fn kind(trouble: Trouble, subject: &GapSubject, cv: Option<&CvList>) -> GapKind {
    match (trouble, cv) {
        (Trouble::Fault, _) => GapKind::Fault,
        (Trouble::Blocked, _) => GapKind::Blocked,
        (Trouble::NoMatch, None) => GapKind::Unmatched,
        (Trouble::NoMatch, Some(cv)) => match subject {
            GapSubject::Skill(skill) if cv.has(SkillId(*skill)) => GapKind::NotRetrieved,
            _ => GapKind::NotOnCv,
        },
    }
}

/// The first kind of trouble that applies to an interaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    Fault,
    Blocked,
    NoMatch,
}

impl Trouble {
    pub(crate) fn of(observation: &PagedObservation<'_>) -> Option<Self> {
        let Some(response) = &observation.response else { return Some(Self::Fault) };
        match response.outcome {
            Outcome::Quota | Outcome::AiError | Outcome::Error => Some(Self::Fault),
            Outcome::Blocked | Outcome::OffHours => Some(Self::Blocked),
            Outcome::Answered | Outcome::NoMatch => {
                (response.match_type == Some(MatchType::None)).then_some(Self::NoMatch)
            }
        }
    }
}

impl Asked {
    fn add(&mut self, session: Option<SessionDigest>) {
        self.queries += 1;
        self.sessions.extend(session);
    }
}

impl OneGap {
    fn add(
        &mut self,
        observation: &PagedObservation<'_>,
        skills: &[SkillIndex],
        own: Option<SkillIndex>,
        session: Option<SessionDigest>,
        place: usize,
    ) {
        self.weeks |= 1 << place;
        if place + 1 < usize::from(WEEKS) {
            return;
        }
        self.asked.add(session);
        for &skill in skills {
            if Some(skill) != own {
                *self.related.entry(skill).or_default() += 1;
            }
        }
        if let Some(query) = &observation.query {
            let later = |(at, id, _): &(Timestamp, String, String)| {
                (*at, id.as_str()) > (query.at, observation.request_id)
            };
            if self.examples.len() < EXAMPLES || self.examples.last().is_some_and(later) {
                let place = self.examples.iter().position(later).unwrap_or(self.examples.len());
                self.examples.insert(
                    place,
                    (query.at, observation.request_id.to_owned(), query.text.to_owned()),
                );
                self.examples.truncate(EXAMPLES);
            }
        }
    }

    /// Weeks in a row with this gap, this one included.
    pub(crate) fn weeks_running(&self) -> u32 {
        self.weeks.leading_ones()
    }

    /// How many weeks back the first of the eight is that has it.
    pub(crate) fn first_seen_weeks_ago(&self) -> u8 {
        u8::try_from(7_u32.saturating_sub(self.weeks.trailing_zeros())).unwrap_or(0)
    }

    /// The first questions by time.
    pub(crate) fn examples(&self) -> Vec<String> {
        self.examples.iter().map(|(_, _, text)| text.clone()).collect()
    }
}
