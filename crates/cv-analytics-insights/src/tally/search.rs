//! Finds the interactions behind a figure, by the very rules by which the report counts them.

use std::collections::BTreeSet;

use cv_analytics_core::event::Traffic;
use cv_analytics_core::store::observation_page::{ObservationPage, PagedObservation};

use crate::model::{GapKind, NameType};
use crate::questions::filter::QuestionFilter;
use crate::questions::parameters::{Coverage, Halves, Handled, LeftOut, OfSession};
use crate::settings::counting_rules::CountingRules;
use crate::skills::mentions::SkillMention;
use crate::tally::exclusions::{Excluded, Exclusion};
use crate::tally::gaps::{KnownOnCv, Trouble, failed_names};
use crate::tally::names::Name;
use crate::tally::reading::{Reader, Reading};
use crate::tally::scores::disagree;
use crate::tally::weeks::{latency_ms, rating};

/// What the report makes of one interaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// Why it counts in no figure; `None` where it counts.
    pub left_out: Option<LeftOut>,
    /// The skills that it is about.
    pub skills: Vec<String>,
    /// Its topic where it is about no skill, else the topics that the agent says it misses.
    pub topics: Vec<String>,
    /// The gaps that it belongs to.
    pub gaps: Vec<(String, NameType, GapKind)>,
    /// How long the answer took, milliseconds.
    pub latency_ms: Option<u64>,
}

/// Finds interactions in pages.
pub struct QuestionSearch<'s> {
    filter: &'s QuestionFilter,
    exclusions: Excluded<'s>,
    reader: Reader<'s>,
    cv: KnownOnCv,
    /// What one of the names has to be; empty where any will do.
    about: Vec<Name>,
    /// The names of the gap that is looked for.
    gap: Vec<Name>,
    text: Option<String>,
    reading: Reading,
    failed: Vec<Name>,
}

impl<'s> QuestionSearch<'s> {
    /// Searches by `filter` under a report's rules; `shared_phrases` are that report's.
    pub fn new(
        filter: &'s QuestionFilter,
        rules: &'s CountingRules,
        shared_phrases: &'s BTreeSet<String>,
    ) -> Self {
        let mut reader = Reader::knowing(rules, shared_phrases);
        let cv = KnownOnCv::new(rules, &mut reader.names);
        let mut named = |name: &Option<String>, types: &[NameType]| -> Vec<Name> {
            let types = types.iter().map(|&name_type| (name.as_deref(), name_type));
            types.filter_map(|(name, name_type)| Some(reader.find(name?, name_type))).collect()
        };
        let both = [NameType::Skill, NameType::Topic];
        let types = filter.gap_type.as_ref().map_or(both.as_slice(), std::slice::from_ref);
        let mut about = named(&filter.skill, &[NameType::Skill]);
        about.extend(named(&filter.topic, &[NameType::Topic]));
        about.extend(named(&filter.about, &both));
        let gap = named(&filter.gap, types);
        Self {
            about,
            gap,
            text: filter.text.as_ref().map(|text| text.to_lowercase()),
            exclusions: Excluded::new(&rules.settings.exclusions),
            reader,
            cv,
            filter,
            reading: Reading::default(),
            failed: Vec::new(),
        }
    }

    /// Gives those of `page` that are looked for to `found`.
    pub fn search<'p>(
        &mut self,
        page: &'p ObservationPage,
        mut found: impl FnMut(&PagedObservation<'p>),
    ) {
        let mut mentions = Vec::new();
        for observation in page.iter() {
            if self.admits(&observation, &mut mentions) {
                found(&observation);
            }
        }
    }

    /// What the report makes of `observation`, whether or not it is looked for.
    pub fn explain(&mut self, observation: &PagedObservation<'_>) -> Explanation {
        let trouble = self.read(observation, &mut Vec::new());
        let name = |name: Name| self.reader.names.of(name).to_owned();
        let gaps = self.failed.iter().zip(trouble.into_iter().cycle());
        Explanation {
            left_out: self.left_out(observation),
            gaps: gaps
                .map(|(&failed, trouble)| {
                    (name(failed), failed.name_type(), self.cv.kind(trouble, failed))
                })
                .collect(),
            skills: self.reading.skills.iter().map(|&skill| name(Name::Skill(skill))).collect(),
            topics: self.reading.topics.iter().map(|&topic| name(Name::Topic(topic))).collect(),
            latency_ms: latency_ms(observation),
        }
    }

    /// Reads what it is about, and whom it fails.
    fn read<'p>(
        &mut self,
        observation: &PagedObservation<'p>,
        mentions: &mut Vec<SkillMention<'p>>,
    ) -> Option<Trouble> {
        self.reader.read(observation, mentions, &mut self.reading);
        let trouble = Trouble::of(observation);
        failed_names(trouble, &self.reading, &mut self.failed);
        trouble
    }

    fn left_out(&self, observation: &PagedObservation<'_>) -> Option<LeftOut> {
        self.exclusions.cover(observation).map(|reason| match reason {
            Exclusion::Own => LeftOut::Traffic(Traffic::Own),
            Exclusion::Bot => LeftOut::Traffic(Traffic::Bot),
            Exclusion::Canary => LeftOut::Traffic(Traffic::Canary),
            Exclusion::Listed => LeftOut::Listed,
        })
    }

    fn admits<'p>(
        &mut self,
        observation: &PagedObservation<'p>,
        mentions: &mut Vec<SkillMention<'p>>,
    ) -> bool {
        let filter = self.filter;
        let counts = match (filter.left_out, self.left_out(observation)) {
            (None, left_out) => left_out.is_none(),
            (Some(LeftOut::Any), left_out) => left_out.is_some(),
            (wanted, left_out) => wanted == left_out,
        };
        counts && self.has_the_values(observation) && self.is_about(observation, mentions)
    }

    fn has_the_values(&self, observation: &PagedObservation<'_>) -> bool {
        let filter = self.filter;
        let (asked, response) = (observation.query.is_some(), observation.response.as_ref());
        let halves = filter.halves.is_none_or(|halves| match halves {
            Halves::Query => asked,
            Halves::Response => response.is_some(),
            Halves::Both => asked && response.is_some(),
            Halves::One => asked != response.is_some(),
            Halves::ResponseOnly => !asked && response.is_some(),
        });
        let match_type = response.and_then(|response| response.match_type);
        let rating = rating(observation);
        let score = response.and_then(|response| response.match_score);
        halves
            && filter.coverage.is_none_or(|coverage| match coverage {
                Coverage::Rated(wanted) => rating == Some(wanted),
                Coverage::AnyRating => rating.is_some(),
                Coverage::Unrated => response.is_some() && rating.is_none(),
            })
            && filter.source.is_none_or(|source| {
                rating.is_some() && response.is_some_and(|response| response.match_source == source)
            })
            && filter.rating.is_none_or(|wanted| {
                observation.feedback.as_ref().is_some_and(|given| given.rating == wanted)
            })
            && filter
                .outcome
                .is_none_or(|ended| response.map(|response| response.outcome) == ended.outcome())
            && (!self.about.is_empty()
                || filter
                    .handled
                    .is_none_or(|handled| handled == Handled::of(Trouble::of(observation))))
            && filter.since.is_none_or(|since| observation.at().is_some_and(|at| at >= since))
            && filter.until.is_none_or(|until| observation.at().is_some_and(|at| at < until))
            && filter
                .score
                .is_none_or(|range| score.is_some_and(|score| range.contains(score.value())))
            && (filter.disagrees.is_none()
                || response.is_some_and(|response| {
                    score.is_some_and(|score| disagree(score.value(), response.outcome, match_type))
                }))
            && filter.session.is_none_or(|session| match session {
                OfSession::Known => observation.session.is_some(),
                OfSession::None => observation.session.is_none(),
                OfSession::Is(session) => observation.session == Some(session),
            })
            && filter
                .took
                .as_ref()
                .is_none_or(|took| latency_ms(observation).is_some_and(|ms| took.0.contains(&ms)))
            && self.text.as_deref().is_none_or(|text| {
                observation.query.as_ref().is_some_and(|query| contains(query.text, text))
            })
    }

    fn is_about<'p>(
        &mut self,
        observation: &PagedObservation<'p>,
        mentions: &mut Vec<SkillMention<'p>>,
    ) -> bool {
        let filter = self.filter;
        let in_a_gap = filter.gap.is_some() || filter.gap_type.is_some() || filter.kind.is_some();
        if self.about.is_empty() && filter.word.is_none() && !in_a_gap {
            return true;
        }
        let trouble = self.read(observation, mentions);
        let is_asked = |name: Name| self.about.is_empty() || self.about.contains(&name);
        let about = self.about.is_empty() || self.reading.names().any(is_asked);
        // Of names the question is how they fared themselves, whatever else the question is about.
        let handled = self.about.is_empty()
            || filter.handled.is_none_or(|handled| {
                let trouble = trouble.filter(|_| self.failed.iter().any(|&name| is_asked(name)));
                handled == Handled::of(trouble)
            });
        let said = filter.word.as_deref().is_none_or(|word| {
            mentions.iter().any(|mention| {
                is_asked(Name::Skill(mention.skill().0)) && mention.variant() == word
            })
        });
        let fails = |trouble: Trouble| {
            self.failed.iter().any(|&name| {
                (self.gap.is_empty() || self.gap.contains(&name))
                    && filter.gap_type.is_none_or(|wanted| wanted == name.name_type())
                    && filter.kind.is_none_or(|wanted| wanted == self.cv.kind(trouble, name))
            })
        };
        about && handled && said && (!in_a_gap || trouble.is_some_and(fails))
    }
}

impl Handled {
    const fn of(trouble: Option<Trouble>) -> Self {
        match trouble {
            None => Self::Well,
            Some(Trouble::NoMatch | Trouble::Partial) => Self::Unmatched,
            Some(Trouble::Fault) => Self::Failed,
            Some(Trouble::Blocked) => Self::Refused,
        }
    }
}

/// Whether `text` has `part`, which is in lower case.
fn contains(text: &str, part: &str) -> bool {
    if text.is_ascii() && part.is_ascii() {
        let same = |bytes: &[u8]| bytes.eq_ignore_ascii_case(part.as_bytes());
        return part.is_empty() || text.as_bytes().windows(part.len()).any(same);
    }
    text.to_lowercase().contains(part)
}
