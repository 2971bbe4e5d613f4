//! What to do, each with its evidence.
//!
//! Ranked by how many different people ask, how badly it is answered and whether it grows: people
//! times (a quarter plus the share of the questions about it that fail this way), half as much
//! again where it grows or fails again after the owner closed it. What makes the figures themselves
//! doubtful comes first.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::BuildHasher;

use cv_analytics_core::event::Outcome;

use crate::gap_sentences::gap_mark_name;
use crate::model::{
    Action, ActionKind, Capture, Evidence, FollowedGap, Gap, GapKind, GapMark, GapOf, GapType,
    SkillReport, Suggestion, Vocabulary,
};
use crate::skills::dictionary::SkillDictionary;
use crate::suggestion;
use crate::tally::gaps::Asked;
use crate::tally::weeks::distinct;

/// Under this join rate the figures cannot be trusted.
pub(crate) const TRUSTED_JOIN_RATE: f64 = 0.99;
/// The most actions of a report.
const MOST: usize = 10;
/// A gap of one question in one week is no reason to act.
const FEWEST: u64 = 2;
/// How often people must have used a word before the CV should.
const FEWEST_WORDS: u64 = 3;

/// What advice rests on.
pub(crate) struct Advice<'r> {
    pub(crate) capture: &'r Capture,
    pub(crate) gaps: &'r [Gap],
    pub(crate) followed: &'r [FollowedGap],
    pub(crate) vocabulary: &'r [Vocabulary],
    pub(crate) dictionary: &'r SkillDictionary,
}

struct Candidate {
    action: Action,
    first: bool,
    people: u64,
    badness_per_mille: u64,
    /// Whether it grows, or fails again.
    presses: bool,
    weeks_running: u32,
}

impl Advice<'_> {
    pub(crate) fn actions<'s>(
        &self,
        faults: &mut HashMap<Option<Outcome>, Asked, impl BuildHasher>,
        skill: impl Fn(&str) -> Option<&'s SkillReport>,
    ) -> Vec<Action> {
        let mut candidates: Vec<Candidate> = self.capture_check().into_iter().collect();
        candidates.extend(faults.iter_mut().filter_map(|(outcome, asked)| fault(*outcome, asked)));
        candidates.extend(self.gaps.iter().filter_map(|gap| {
            let about = Some(gap)
                .filter(|gap| gap.gap_type == GapType::Skill)
                .and_then(|gap| skill(&gap.name));
            self.for_gap(gap, about)
        }));
        candidates.extend(
            self.vocabulary.iter().filter_map(|words| self.their_word(words, skill(&words.skill))),
        );
        candidates.sort_by(|a, b| a.rank().cmp(&b.rank()));
        let ranked = (1..).zip(candidates).take(MOST);
        ranked.map(|(priority, candidate)| Action { priority, ..candidate.action }).collect()
    }

    fn capture_check(&self) -> Option<Candidate> {
        self.capture.join_rate.filter(|rate| *rate < TRUSTED_JOIN_RATE)?;
        let lost = self.capture.unanswered + self.capture.response_only;
        let all = lost + self.capture.joined;
        let why = format!(
            "{lost} of {all} interactions miss a half ({} without a response, {} without a query), so the figures are incomplete",
            self.capture.unanswered, self.capture.response_only
        );
        Some(Candidate {
            first: true,
            badness_per_mille: 1000 * lost / all.max(1),
            ..Candidate::new(ActionKind::CheckCapture, "capture", why, lost, None)
        })
    }

    fn for_gap(&self, gap: &Gap, skill: Option<&SkillReport>) -> Option<Candidate> {
        if gap.queries < FEWEST && gap.weeks_running < 2 && !gap.reopened {
            return None;
        }
        let weeks = match gap.weeks_running {
            1 => String::new(),
            weeks => format!(", for {weeks} weeks running"),
        };
        let (kind, why) = match (gap.kind, gap.mark) {
            (_, Some(GapMark::NotMine | GapMark::Noise))
            | (GapKind::Fault, _)
            | (GapKind::NotOnCv | GapKind::Unmatched, Some(GapMark::Learning)) => return None,
            (GapKind::Blocked, _) => {
                (ActionKind::RelaxFilter, format!("refused by a filter or outside hours{weeks}"))
            }
            (_, Some(GapMark::HaveIt)) if gap.reopened => {
                (ActionKind::FixRetrieval, self.fails_again(gap))
            }
            // It is on the CV since, or nobody has asked since: nothing to do before it fails again.
            (_, Some(GapMark::HaveIt)) => return None,
            (GapKind::NotOnCv, None) => {
                (ActionKind::AddOrLearn, format!("nothing matched, and it is not on the CV{weeks}"))
            }
            (GapKind::Unmatched, None) => {
                (ActionKind::AddOrLearn, format!("nothing matched{weeks}"))
            }
            (GapKind::NotRetrieved, Some(GapMark::Learning) | None) => {
                (ActionKind::FixRetrieval, format!("it is on the CV, yet nothing matched{weeks}"))
            }
        };
        let asked = skill.map_or(gap.queries, |skill| skill.queries.max(gap.queries));
        let grows = skill.map(|skill| skill.trend.grows());
        let mut candidate = Candidate {
            badness_per_mille: 1000 * gap.queries / asked.max(1),
            presses: grows == Some(true) || gap.reopened,
            weeks_running: gap.weeks_running,
            ..Candidate::new(kind, &gap.name, why, gap.queries, gap.sessions)
        };
        let evidence = &mut candidate.action.evidence;
        evidence.asked = skill.map(|_| asked);
        evidence.grows = grows;
        evidence.previous = skill.and_then(|skill| skill.previous);
        evidence.gap = Some(GapOf { gap_type: gap.gap_type, kind: gap.kind });
        candidate.action.suggestion = self.line_to_add(gap);
        Some(candidate)
    }

    /// Why a gap that was marked `have-it` is back.
    fn fails_again(&self, gap: &Gap) -> String {
        let followed = self.followed.iter().find(|followed| followed.name == gap.name);
        let since = followed.and_then(|followed| followed.since.as_deref()?.get(..10));
        let since = since.map_or_else(String::new, |day| format!(" on {day}"));
        let on_cv = match gap.kind {
            GapKind::NotOnCv => "; the CV\u{2019}s skill list does not name it",
            _ => "",
        };
        let mark = gap_mark_name(GapMark::HaveIt);
        format!("you marked it \u{201c}{mark}\u{201d}{since}, yet nothing matches{on_cv}")
    }

    /// The line that a skill's gap asks for, where the CV does not have it. A topic has none: what
    /// people want there is a sentence, and the CV's list is one of skills.
    fn line_to_add(&self, gap: &Gap) -> Option<Suggestion> {
        let missing = matches!(gap.kind, GapKind::NotOnCv | GapKind::Unmatched);
        if gap.gap_type == GapType::Topic || !missing {
            return None;
        }
        let words = self.vocabulary.iter().find(|words| words.skill == gap.name);
        let own = gap.name.to_lowercase();
        let theirs = words.and_then(|words| words.asked.iter().find(|word| word.text != own));
        suggestion::cv_line(self.dictionary, &gap.name, theirs.map(|word| word.text.as_str()))
    }

    fn their_word(&self, words: &Vocabulary, skill: Option<&SkillReport>) -> Option<Candidate> {
        let (cv_word, on_cv) = (words.on_cv.first()?, &words.on_cv);
        let theirs = words
            .asked
            .iter()
            .find(|word| !on_cv.iter().any(|known| says_the_same(known, &word.text)))?;
        if theirs.queries < FEWEST_WORDS {
            return None;
        }
        let why = format!(
            "people say \u{201c}{}\u{201d}, the CV says \u{201c}{cv_word}\u{201d}",
            theirs.text
        );
        let grows = skill.map(|skill| skill.trend.grows());
        let mut candidate = Candidate {
            badness_per_mille: 0,
            presses: grows == Some(true),
            ..Candidate::new(ActionKind::UseTheirWord, &words.skill, why, theirs.queries, None)
        };
        let evidence = &mut candidate.action.evidence;
        evidence.asked = skill.map(|skill| skill.queries);
        evidence.grows = grows;
        evidence.previous = skill.and_then(|skill| skill.previous);
        evidence.word = Some(theirs.text.clone());
        candidate.action.suggestion =
            suggestion::cv_line(self.dictionary, &words.skill, Some(&theirs.text));
        Some(candidate)
    }
}

impl Candidate {
    fn new(kind: ActionKind, name: &str, why: String, queries: u64, sessions: Option<u64>) -> Self {
        Self {
            action: Action {
                priority: 0,
                kind,
                name: name.to_owned(),
                why,
                evidence: Evidence {
                    queries,
                    sessions,
                    asked: None,
                    grows: None,
                    previous: None,
                    gap: None,
                    word: None,
                },
                suggestion: None,
            },
            first: false,
            people: sessions.unwrap_or(queries),
            badness_per_mille: 1000,
            presses: false,
            weeks_running: 1,
        }
    }

    /// People × (¼ + share) × 1½ where it presses, in two-thousandths.
    fn weight(&self) -> u64 {
        self.people * (250 + self.badness_per_mille) * if self.presses { 3 } else { 2 }
    }

    fn rank(&self) -> impl Ord + '_ {
        (
            Reverse(self.first),
            Reverse(self.weight()),
            Reverse(self.weeks_running),
            self.action.kind,
            &self.action.name,
        )
    }
}

fn fault(outcome: Option<Outcome>, asked: &mut Asked) -> Option<Candidate> {
    let what = match outcome {
        None => "no response came at all",
        Some(Outcome::Quota) => "a quota was used up",
        Some(Outcome::AiError) => "the model failed",
        Some(Outcome::Error) => "the agent met an error",
        Some(Outcome::Answered | Outcome::NoMatch | Outcome::Blocked | Outcome::OffHours) => {
            return None;
        }
    };
    if asked.queries < FEWEST {
        return None;
    }
    let name = outcome.map_or("unanswered", Outcome::code);
    let why = what.to_owned();
    Some(Candidate::new(
        ActionKind::FixFault,
        name,
        why,
        asked.queries,
        distinct(&mut asked.sessions),
    ))
}

/// Whether one of the words holds the other, spaces and punctuation aside: "CI/CD pipelines" says
/// "ci/cd", and "microsoft azure" says "azure".
fn says_the_same(known: &str, theirs: &str) -> bool {
    let letters = |word: &str| -> String {
        word.chars()
            .filter(|letter| letter.is_alphanumeric() || matches!(letter, '+' | '#'))
            .collect()
    };
    let (known, theirs) = (letters(known), letters(theirs));
    known.contains(&theirs) || theirs.contains(&known)
}
