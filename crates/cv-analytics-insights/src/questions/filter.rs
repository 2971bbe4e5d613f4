//! Which questions stand behind a figure, and the dashboard's page that lists them: decided here
//! once, for the mail and the dashboard alike.

use cv_analytics_core::week::IsoWeek;
use url::form_urlencoded::Serializer;

use crate::model::{Action, ActionKind, GapKind, GapOf, NameType};

/// The page of the dashboard that a figure opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opens {
    /// The questions that it counts.
    Questions(QuestionFilter),
    /// The messages that could not be read.
    DeadLetters,
}

impl Opens {
    /// The page's address below the dashboard's.
    pub fn path(&self) -> String {
        match self {
            Self::Questions(filter) => filter.path(),
            Self::DeadLetters => "/dead-letters".to_owned(),
        }
    }
}

impl From<QuestionFilter> for Opens {
    fn from(filter: QuestionFilter) -> Self {
        Self::Questions(filter)
    }
}

/// Questions of a week, or of eight: the parameters of the dashboard's `/questions`. All that are
/// set have to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionFilter {
    parameters: Vec<(&'static str, String)>,
}

impl QuestionFilter {
    /// All interactions of the ISO 8601 week.
    pub fn of_week(week: &str) -> Self {
        Self { parameters: vec![("week", week.to_owned())] }
    }

    /// All interactions of the week before it; `None` for a text that names no week.
    pub fn of_week_before(week: &str) -> Option<Self> {
        let week: IsoWeek = week.parse().ok()?;
        Some(Self::of_week(&week.earlier(1).to_string()))
    }

    /// The questions behind an action; `None` where its report does not say which they are.
    pub fn behind(action: &Action, week: &str) -> Option<Self> {
        let all = Self::of_week(week);
        let evidence = &action.evidence;
        match action.kind {
            ActionKind::CheckCapture if action.name == "response_only" => {
                Some(all.half("response-only"))
            }
            ActionKind::CheckCapture => Some(all.half("one")),
            ActionKind::MoveOver => Some(all.half("response")),
            ActionKind::FixFault | ActionKind::ReviewFilter | ActionKind::ReviewHours => {
                Some(all.outcome(&action.name))
            }
            ActionKind::UseTheirWord => {
                Some(all.skill(&action.name).word(evidence.word.as_deref()?))
            }
            ActionKind::AddOrLearn | ActionKind::FixRetrieval | ActionKind::AnswerTopic => {
                let GapOf { name_type, kind } = evidence.gap?;
                Some(all.gap(&action.name, name_type, kind))
            }
        }
    }

    fn and(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((name, value.into()));
        self
    }

    /// Of that week and the seven before.
    #[must_use]
    pub fn eight_weeks(self) -> Self {
        self.and("weeks", "8")
    }

    /// About a skill.
    #[must_use]
    pub fn skill(self, name: &str) -> Self {
        self.and("skill", name)
    }

    /// With a topic, where they name no skill.
    #[must_use]
    pub fn topic(self, name: &str) -> Self {
        self.and("topic", name)
    }

    /// With a word for the skill.
    #[must_use]
    pub fn word(self, word: &str) -> Self {
        self.and("word", word)
    }

    /// About a skill, or about a topic where they name none.
    #[must_use]
    pub fn about(self, name: &str) -> Self {
        self.and("about", name)
    }

    /// In one gap.
    #[must_use]
    pub fn gap(self, name: &str, name_type: NameType, kind: GapKind) -> Self {
        self.and("gap", name).and("type", name_type.code()).and("kind", kind.code())
    }

    /// In any gap of a name.
    #[must_use]
    pub fn any_gap(self, name: &str, name_type: NameType) -> Self {
        self.and("gap", name).and("type", name_type.code())
    }

    /// With a match type, `unrated` without one, or `rated` with any.
    #[must_use]
    pub fn coverage(self, code: &str) -> Self {
        self.and("match", code)
    }

    /// With an outcome, or `unanswered`.
    #[must_use]
    pub fn outcome(self, code: &str) -> Self {
        self.and("outcome", code)
    }

    /// Handled `well`, `unmatched`, `failed` or `refused`.
    #[must_use]
    pub fn handled(self, code: &str) -> Self {
        self.and("handled", code)
    }

    /// With a score.
    #[must_use]
    pub fn scored(self) -> Self {
        self.and("score", "known")
    }

    /// With a score from the first to below the second; up to 100 where that is the second.
    #[must_use]
    pub fn score(self, from: u32, below: u32) -> Self {
        self.and("score", format!("{from}-{below}"))
    }

    /// With a score that disagrees with how they ended.
    #[must_use]
    pub fn disagreeing(self) -> Self {
        self.and("disagree", "yes")
    }

    /// Of a known session.
    #[must_use]
    pub fn in_a_session(self) -> Self {
        self.and("session", "known")
    }

    /// Of no session.
    #[must_use]
    pub fn without_session(self) -> Self {
        self.and("session", "none")
    }

    /// With a match type from this source: `model`, `similarity`, `unknown`.
    #[must_use]
    pub fn source(self, code: &str) -> Self {
        self.and("source", code)
    }

    /// With a half or with both: `query`, `response`, `both`, `one`, `response-only`.
    #[must_use]
    pub fn half(self, code: &str) -> Self {
        self.and("half", code)
    }

    /// With an answer that took so long or longer, milliseconds.
    #[must_use]
    pub fn took_from(self, latency_ms: u64) -> Self {
        self.and("took", format!("{latency_ms}-"))
    }

    /// With an answer whose time is known.
    #[must_use]
    pub fn timed(self) -> Self {
        self.and("took", "known")
    }

    /// From a moment on, ISO 8601.
    #[must_use]
    pub fn since(self, moment: &str) -> Self {
        self.and("since", moment)
    }

    /// Before a moment, ISO 8601.
    #[must_use]
    pub fn until(self, moment: &str) -> Self {
        self.and("until", moment)
    }

    /// Those that count in no figure: `own`, `bot`, `canary`, `listed` or `any`.
    #[must_use]
    pub fn left_out(self, code: &str) -> Self {
        self.and("left-out", code)
    }

    /// The address of the page that lists them, below the dashboard's.
    pub fn path(&self) -> String {
        const PAGE: &str = "/questions?";
        let mut written = Serializer::for_suffix(PAGE.to_owned(), PAGE.len());
        for (name, value) in &self.parameters {
            written.append_pair(name, value);
        }
        written.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_percent_encoded() {
        let filter = QuestionFilter::of_week("2026-W47").skill("C++ & C#").outcome("no_match");
        let expect = "/questions?week=2026-W47&skill=C%2B%2B+%26+C%23&outcome=no_match";
        assert_eq!(filter.path(), expect);
    }

    #[test]
    fn the_week_before_the_first_is_in_another_year() {
        let before = QuestionFilter::of_week_before("2026-W01").unwrap();
        assert_eq!(before.path(), "/questions?week=2025-W52");
        assert_eq!(QuestionFilter::of_week_before("next week"), None);
    }
}
