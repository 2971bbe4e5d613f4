//! Whom an interaction fails, by the agent's own verdict, and the gaps of eight weeks.
//!
//! The contract's rules: a fault or a block is about all of the question's skills, else its topic;
//! `none` is about the skills (and topics beside skills) that the agent misses, else those of the question that it did not
//! match, else the topic; `partial` is about those that it misses; `full` fails nobody.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cv_analytics_core::event::{MatchType, Outcome};
use cv_analytics_core::store::observation_page::PagedObservation;
use cv_analytics_core::timestamp::Timestamp;
use rustc_hash::FxBuildHasher;

use crate::model::{GapKind, GapMark, Thumbs, WEEKS};
use crate::settings::counting_rules::CountingRules;
use crate::skills::words::accents::compatible;
use crate::skills::words::folded::FoldedWords;
use crate::tally::conversations::Conversations;
use crate::tally::names::{Name, Names, SkillIndex, TopicIndex};
use crate::tally::reading::Reading;

/// How many questions a gap shows.
const MAX_EXAMPLES: usize = 3;
/// Characters of an answer beside one of them.
const MAX_ANSWER_CHARS: usize = 300;

/// Why an interaction is in a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A quota, the model, an error, or no response.
    Fault,
    /// A filter or the hour.
    Blocked,
    /// The agent answered, and covered nothing.
    NoMatch,
    /// The agent answered in part.
    Partial,
}

impl Trouble {
    /// What went wrong; `None` where the agent answered, and does not say that it missed anything.
    pub(crate) fn of(observation: &PagedObservation<'_>) -> Option<Self> {
        let Some(response) = &observation.response else { return Some(Self::Fault) };
        match (response.outcome, response.match_type) {
            (Outcome::Quota | Outcome::AiError | Outcome::Error, _) => Some(Self::Fault),
            (Outcome::Blocked | Outcome::OffHours, _) => Some(Self::Blocked),
            (Outcome::Answered | Outcome::NoMatch, Some(MatchType::None)) => Some(Self::NoMatch),
            (Outcome::Answered | Outcome::NoMatch, Some(MatchType::Partial)) => Some(Self::Partial),
            (Outcome::Answered | Outcome::NoMatch, Some(MatchType::Full) | None) => None,
        }
    }
}

/// Writes the names that an interaction fails into `failed`, each once.
pub(crate) fn failed_names(trouble: Option<Trouble>, reading: &Reading, failed: &mut Vec<Name>) {
    failed.clear();
    let Reading { skills, matched, missing, topics, .. } = reading;
    let topics = topics.iter().map(|&topic| Name::Topic(topic));
    let unmatched = |skills: &[SkillIndex], failed: &mut Vec<Name>| {
        let unmatched = skills.iter().filter(|skill| !matched.contains(skill));
        failed.extend(unmatched.map(|&skill| Name::Skill(skill)));
    };
    match trouble {
        None => {}
        Some(Trouble::Fault | Trouble::Blocked) => failed.extend(reading.names()),
        Some(Trouble::Partial) => {
            unmatched(missing, failed);
            // Without a skill the topic is what it is about, and not what is missing.
            failed.extend(topics.filter(|_| !skills.is_empty()));
        }
        Some(Trouble::NoMatch) => {
            failed.extend(missing.iter().map(|&skill| Name::Skill(skill)).chain(topics));
            if failed.is_empty() {
                unmatched(skills, failed);
            }
            if failed.is_empty() {
                failed.push(Name::Topic(TopicIndex::OTHER));
            }
        }
    }
}

/// What the CV has: the imported list, and every skill that the owner marked `have-it`.
#[derive(Debug)]
pub(crate) struct KnownOnCv {
    skills: HashSet<SkillIndex, FxBuildHasher>,
    has_list: bool,
}

impl KnownOnCv {
    pub(crate) fn new(rules: &CountingRules, names: &mut Names<'_>) -> Self {
        let listed = rules.cv.iter().flat_map(crate::skills::cv_list::CvList::skills);
        let mut skills: HashSet<SkillIndex, _> = listed.map(|skill| skill.0).collect();
        for (_, marked, name) in rules.marked_gaps() {
            if marked.mark == Some(GapMark::HaveIt) {
                skills.insert(names.skill(name));
            }
        }
        Self { skills, has_list: rules.cv.is_some() }
    }

    /// Whether the CV has the skill.
    pub(crate) fn has(&self, skill: SkillIndex) -> bool {
        self.skills.contains(&skill)
    }

    /// The skills that the CV has.
    pub(crate) fn skills(&self) -> impl Iterator<Item = SkillIndex> {
        self.skills.iter().copied()
    }

    pub(crate) fn kind(&self, trouble: Trouble, name: Name) -> GapKind {
        match (trouble, name) {
            (Trouble::Fault, _) => GapKind::Fault,
            (Trouble::Blocked, _) => GapKind::Blocked,
            (_, Name::Topic(_)) => GapKind::NoAnswer,
            (_, Name::Skill(skill)) if self.has(skill) => GapKind::NotRetrieved,
            (_, Name::Skill(_)) if self.has_list => GapKind::NotOnCv,
            (_, Name::Skill(_)) => GapKind::Unmatched,
        }
    }
}

/// The gaps of eight weeks.
#[derive(Debug, Default)]
pub(crate) struct GapTally {
    pub(crate) gaps: HashMap<(Name, GapKind), OneGap, FxBuildHasher>,
    /// Faults and blocks of this week by outcome (`None`: unanswered), for the actions.
    pub(crate) by_outcome: HashMap<Option<Outcome>, Asked, FxBuildHasher>,
}

/// Interactions, with their conversations.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) queries: u64,
    pub(crate) conversations: Conversations,
}

#[derive(Debug, Default)]
pub(crate) struct OneGap {
    /// This week's interactions.
    pub(crate) asked: Asked,
    /// Of them those that were answered in part.
    pub(crate) partly: u64,
    /// What visitors said of them.
    pub(crate) thumbs: Thumbs,
    /// Which of the eight weeks have it, the oldest in the lowest bit.
    weeks: u8,
    /// The first different questions by time, then by request id.
    examples: Vec<Arc<Example>>,
    /// The skills of this week's interactions that name others beside the gap's own. They are counted for the
    /// rows that are shown: a visitor who makes up names would make pairs of them by the million.
    asked_skills: Vec<Arc<[SkillIndex]>>,
}

/// A question that gaps show: one text for all names that it fails.
#[derive(Debug)]
struct Example {
    at: Timestamp,
    request_id: String,
    question: String,
    /// The question without case, punctuation and forms of writing: the same words count as one example.
    words: String,
    /// Why the agent rated its answer so.
    reasoning: Option<String>,
    /// The beginning of what the visitor read.
    answer: Option<String>,
}

/// The words that tell one question from another; a text of signs is its own.
fn words_of(question: &str) -> String {
    let words = FoldedWords::of(&compatible(question));
    if words.len() == 0 { question.to_owned() } else { words.whole().replace(',', " ") }
}

impl Example {
    fn of(observation: &PagedObservation<'_>, question: &str, at: Timestamp) -> Self {
        let response = observation.response.as_ref();
        let reasoning = response.and_then(|response| response.reasoning);
        let answer = response.and_then(|response| response.answer);
        let beginning = |text: &str| text.chars().take(MAX_ANSWER_CHARS).collect();
        Self {
            at,
            request_id: observation.request_id.to_owned(),
            question: question.to_owned(),
            words: words_of(question),
            reasoning: reasoning.map(str::to_owned),
            answer: answer.map(beginning),
        }
    }
}

impl GapTally {
    /// Counts an interaction of the week at `place` of the eight.
    pub(crate) fn add(
        &mut self,
        observation: &PagedObservation<'_>,
        trouble: Trouble,
        reading: &Reading,
        failed: &[Name],
        cv: &KnownOnCv,
        (conversation, place): (u64, usize),
    ) {
        let last = place + 1 == usize::from(WEEKS);
        if last && matches!(trouble, Trouble::Fault | Trouble::Blocked) {
            let outcome = observation.response.as_ref().map(|response| response.outcome);
            self.by_outcome.entry(outcome).or_default().add(conversation);
        }
        let mut example: Option<Arc<Example>> = None;
        let skills: Arc<[SkillIndex]> =
            if last { reading.skills.as_slice().into() } else { Arc::default() };
        for &name in failed {
            let gap = self.gaps.entry((name, cv.kind(trouble, name))).or_default();
            gap.weeks |= 1 << place;
            if last {
                gap.asked.add(conversation);
                gap.partly += u64::from(trouble == Trouble::Partial);
                if let Some(feedback) = &observation.feedback {
                    gap.thumbs.add(feedback.rating);
                }
                if skills.iter().any(|&skill| Name::Skill(skill) != name) {
                    gap.asked_skills.push(Arc::clone(&skills));
                }
                if let Some(query) = &observation.query {
                    gap.add_example(query.at, observation.request_id, || {
                        let make = || Arc::new(Example::of(observation, query.text, query.at));
                        Arc::clone(example.get_or_insert_with(make))
                    });
                }
            }
        }
    }

    /// Lets every gap of a name that `moved` knows count under that name.
    pub(crate) fn rename(&mut self, moved: &HashMap<Name, Name, FxBuildHasher>) {
        let renamed: Vec<(Name, GapKind)> =
            self.gaps.keys().filter(|(name, _)| moved.contains_key(name)).copied().collect();
        for key @ (name, kind) in renamed {
            if let (Some(gap), Some(&name)) = (self.gaps.remove(&key), moved.get(&name)) {
                self.gaps.entry((name, kind)).or_default().merge(gap);
            }
        }
    }
}

impl Asked {
    fn add(&mut self, conversation: u64) {
        self.queries += 1;
        self.conversations.add(conversation);
    }
}

impl OneGap {
    /// Takes a question in where it is one of the first that differ.
    fn add_example(&mut self, at: Timestamp, id: &str, example: impl FnOnce() -> Arc<Example>) {
        let later = |other: &Arc<Example>| (other.at, other.request_id.as_str()) > (at, id);
        if self.examples.len() >= MAX_EXAMPLES && !self.examples.last().is_some_and(later) {
            return;
        }
        let example = example();
        if let Some(same) = self.examples.iter().position(|known| known.words == example.words) {
            if !self.examples.get(same).is_some_and(later) {
                return;
            }
            self.examples.remove(same);
        }
        let place = self.examples.iter().position(later).unwrap_or(self.examples.len());
        self.examples.insert(place, example);
        self.examples.truncate(MAX_EXAMPLES);
    }

    /// Adds what another gap counted.
    pub(crate) fn merge(&mut self, mut other: Self) {
        self.asked.queries += other.asked.queries;
        self.asked.conversations.merge(other.asked.conversations);
        self.partly += other.partly;
        self.thumbs.merge(other.thumbs);
        self.weeks |= other.weeks;
        for example in other.examples {
            self.add_example(example.at, &example.request_id, || Arc::clone(&example));
        }
        self.asked_skills.append(&mut other.asked_skills);
    }

    /// Other skills in the gap's own interactions, with how many name each.
    pub(crate) fn related(&self, name: Name) -> HashMap<SkillIndex, u64, FxBuildHasher> {
        let mut related = HashMap::default();
        let skills = self.asked_skills.iter().flat_map(|skills| skills.iter());
        for &skill in skills.filter(|skill| Name::Skill(**skill) != name) {
            *related.entry(skill).or_default() += 1;
        }
        related
    }

    /// Weeks in a row with this gap, this one included.
    pub(crate) fn weeks_running(&self) -> u32 {
        self.weeks.leading_ones()
    }

    /// How many weeks back the first of the eight is that has it.
    pub(crate) fn first_seen_weeks_ago(&self) -> u8 {
        u8::try_from(7_u32.saturating_sub(self.weeks.trailing_zeros())).unwrap_or(0)
    }

    /// The first different questions by time, each with the agent's reason and its answer.
    pub(crate) fn take_examples(
        &mut self,
    ) -> (Vec<String>, Vec<Option<String>>, Vec<Option<String>>) {
        let examples = std::mem::take(&mut self.examples).into_iter();
        let parts = |example: Arc<Example>| {
            (example.question.clone(), example.reasoning.clone(), example.answer.clone())
        };
        examples.map(parts).collect()
    }
}
