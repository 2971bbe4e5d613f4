//! Which questions stand behind a figure: one typed filter, and the one codec by which addresses of
//! the dashboard's pages write and read it.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use cv_analytics_core::event::{MatchSource, MatchType, Outcome, SessionDigest, Traffic};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::form_urlencoded;

use crate::model::{Action, ActionKind, GapKind, GapOf, NameType};

/// Weeks that one filter looks through at the most.
pub const MAX_WEEKS: u8 = 8;
/// The last page that there can be: ten million questions.
pub const MAX_PAGES: u32 = 200_000;
/// Characters of a value: as many as a question has, whose whole text may be a topic's name.
const MAX_VALUE_CHARS: usize = 2_000;

/// Questions of a week or of several: everything that is set has to hold. Without
/// [`QuestionFilter::left_out`] only interactions that count are found.
///
/// Its fields are the parameters of the dashboard's `/questions`, in the order in which addresses
/// have them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct QuestionFilter {
    /// The newest week; `None` for the newest that has data.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub week: Option<IsoWeek>,
    /// How many weeks, that one and those before it, 1 to [`MAX_WEEKS`]; `None` for one.
    #[serde(deserialize_with = "read_weeks", skip_serializing_if = "Option::is_none")]
    pub weeks: Option<u8>,
    /// The week by whose report topics are named, where it is not [`QuestionFilter::week`]: phrases
    /// are topics only where the eight weeks of a report share them.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub as_of: Option<IsoWeek>,
    /// About this skill.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub skill: Option<String>,
    /// With this topic, where no skill is known.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// With this word for a skill in the question, in small letters; for [`QuestionFilter::skill`]
    /// where that is set.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// About this skill, or with this topic where no skill is known; in a gap or not.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// In the gap of this skill or topic.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub gap: Option<String>,
    /// In a gap of this type.
    #[serde(rename = "type", with = "parameter", skip_serializing_if = "Option::is_none")]
    pub gap_type: Option<NameType>,
    /// In a gap of this kind.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub kind: Option<GapKind>,
    /// With a match score in this range.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub score: Option<ScoreRange>,
    /// Covered this well.
    #[serde(rename = "match", with = "parameter", skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// Answered, with a match type from this source.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub source: Option<MatchSource>,
    /// Handled with this end.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Ended>,
    /// Handled this well.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub handled: Option<Handled>,
    /// With a score that disagrees with how the handling ended.
    #[serde(rename = "disagree", with = "parameter", skip_serializing_if = "Option::is_none")]
    pub disagrees: Option<Yes>,
    /// Of a session, or of none.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub session: Option<OfSession>,
    /// With these halves.
    #[serde(rename = "half", with = "parameter", skip_serializing_if = "Option::is_none")]
    pub halves: Option<Halves>,
    /// With a latency in this range.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub took: Option<LatencyRange>,
    /// At this moment or later.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Before this moment.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Left out of the figures, and why; in place of those that count.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// With these words in the question, in any case.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Which page of them, from 1 to [`MAX_PAGES`]; a search finds those of all pages.
    #[serde(deserialize_with = "read_page", skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
}

/// An address that no filter can be read from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FilterError(String);

/// A value of an address.
trait Parameter: Sized {
    fn write(&self) -> String;
    fn read(text: &str) -> Result<Self, String>;
}

/// Writes and reads a [`Parameter`]; an empty value is none.
mod parameter {
    use super::{Deserialize, Deserializer, Parameter, Serializer};

    #[expect(clippy::ref_option, reason = "serde asks for it so")]
    pub(super) fn serialize<T: Parameter, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&value.as_ref().map(T::write).unwrap_or_default())
    }

    pub(super) fn deserialize<'de, T: Parameter, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.trim() {
            "" => Ok(None),
            text => T::read(text).map(Some).map_err(serde::de::Error::custom),
        }
    }
}

/// Declares how a closed set of values is written, with the parameter's name for errors.
macro_rules! coded {
    ($type:ty, $name:literal, [$($code:expr => $value:expr),+ $(,)?]) => {
        impl Parameter for $type {
            fn write(&self) -> String {
                let codes = [$(($code, $value)),+];
                codes.iter().find(|(_, value)| value == self).map_or("", |(code, _)| *code).to_owned()
            }

            fn read(text: &str) -> Result<Self, String> {
                let codes = [$(($code, $value)),+];
                let found = codes.iter().find(|(code, _)| *code == text).map(|(_, value)| *value);
                found.ok_or_else(|| {
                    let codes = codes.map(|(code, _)| code).join(", ");
                    format!("invalid {} {text:?}: expected one of {codes}", $name)
                })
            }
        }
    };
}

/// How well a question is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// By the agent's own rating of an answer.
    Rated(MatchType),
    /// However well, by the agent's own rating.
    AnyRating,
    /// The agent did not say.
    Unrated,
}

coded!(Coverage, "match", [
    MatchType::Full.code() => Self::Rated(MatchType::Full),
    MatchType::Partial.code() => Self::Rated(MatchType::Partial),
    MatchType::None.code() => Self::Rated(MatchType::None),
    "rated" => Self::AnyRating,
    "unrated" => Self::Unrated,
]);

/// How the handling of a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this outcome.
    With(Outcome),
    /// No response has come.
    Unanswered,
}

coded!(Ended, "outcome", [
    Outcome::Answered.code() => Self::With(Outcome::Answered),
    Outcome::NoMatch.code() => Self::With(Outcome::NoMatch),
    Outcome::Blocked.code() => Self::With(Outcome::Blocked),
    Outcome::OffHours.code() => Self::With(Outcome::OffHours),
    Outcome::Quota.code() => Self::With(Outcome::Quota),
    Outcome::AiError.code() => Self::With(Outcome::AiError),
    Outcome::Error.code() => Self::With(Outcome::Error),
    "unanswered" => Self::Unanswered,
]);

impl Ended {
    /// The outcome; `None` where no response has come.
    pub const fn outcome(self) -> Option<Outcome> {
        match self {
            Self::With(outcome) => Some(outcome),
            Self::Unanswered => None,
        }
    }
}

/// How a question fared, by the rule that decides gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// It is in no gap of any kind.
    Well,
    /// The agent covered nothing, or only a part.
    Unmatched,
    /// A quota, the model or an error, or no answer came.
    Failed,
    /// A filter or the hour.
    Refused,
}

coded!(Handled, "handled", [
    "well" => Self::Well,
    "unmatched" => Self::Unmatched,
    "failed" => Self::Failed,
    "refused" => Self::Refused,
]);

/// Which halves an interaction has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halves {
    /// A question, with or without an answer.
    Query,
    /// An answer, with or without a question.
    Response,
    /// Both.
    Both,
    /// A question alone, or an answer alone.
    One,
    /// An answer alone.
    ResponseOnly,
}

coded!(Halves, "half", [
    "query" => Self::Query,
    "response" => Self::Response,
    "both" => Self::Both,
    "one" => Self::One,
    "response-only" => Self::ResponseOnly,
]);

/// Why an interaction counts in no figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// For whatever reason.
    Any,
    /// It is a bot's, the owner's own, or a canary.
    Traffic(Traffic),
    /// The owner lists it or its session.
    Listed,
}

coded!(LeftOut, "left-out", [
    "any" => Self::Any,
    Traffic::Bot.code() => Self::Traffic(Traffic::Bot),
    Traffic::Own.code() => Self::Traffic(Traffic::Own),
    Traffic::Canary.code() => Self::Traffic(Traffic::Canary),
    "listed" => Self::Listed,
]);

/// That something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Yes;

coded!(Yes, "disagree", ["yes" => Self]);

coded!(NameType, "type", [
    Self::Skill.code() => Self::Skill,
    Self::Topic.code() => Self::Topic,
]);

coded!(GapKind, "kind", [
    Self::NotOnCv.code() => Self::NotOnCv,
    Self::NotRetrieved.code() => Self::NotRetrieved,
    Self::NoAnswer.code() => Self::NoAnswer,
    Self::Unmatched.code() => Self::Unmatched,
    Self::Fault.code() => Self::Fault,
    Self::Blocked.code() => Self::Blocked,
]);

coded!(MatchSource, "source", [
    Self::Model.code() => Self::Model,
    Self::Similarity.code() => Self::Similarity,
    Self::Unknown.code() => Self::Unknown,
]);

/// Whose interactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfSession {
    /// Those of any session.
    Known,
    /// Those of none.
    None,
    /// Those of this one.
    Is(SessionDigest),
}

impl OfSession {
    /// A session by the digest that pages show, else by its kept form.
    pub fn named(id: &str) -> SessionDigest {
        SessionDigest::from_digits(id).unwrap_or_else(|| SessionDigest::of(id))
    }
}

impl Parameter for OfSession {
    fn write(&self) -> String {
        match self {
            Self::Known => "known".to_owned(),
            Self::None => "none".to_owned(),
            Self::Is(session) => session.to_string(),
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        Ok(match text {
            "known" => Self::Known,
            "none" => Self::None,
            id => Self::Is(Self::named(id)),
        })
    }
}

/// Match scores from a lowest one to below another; up to 100 where that is the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRange {
    /// The lowest.
    pub from: f64,
    /// Above the highest.
    pub to: f64,
}

impl ScoreRange {
    /// Any score.
    pub const ALL: Self = Self { from: 0.0, to: 100.0 };

    /// Whether `score` lies in it.
    pub fn contains(self, score: f64) -> bool {
        score >= self.from && (score < self.to || (self.to >= 100.0 && score <= 100.0))
    }
}

impl Parameter for ScoreRange {
    fn write(&self) -> String {
        if *self == Self::ALL { "known".to_owned() } else { format!("{}-{}", self.from, self.to) }
    }

    fn read(text: &str) -> Result<Self, String> {
        if text == "known" {
            return Ok(Self::ALL);
        }
        let range = text.split_once('-').and_then(|(from, to)| {
            let bound =
                |text: &str| text.parse::<f64>().ok().filter(|score| (0.0..=100.0).contains(score));
            Some(Self { from: bound(from)?, to: bound(to)? })
        });
        range.ok_or_else(|| {
            format!("invalid score {text:?}: expected a range from 0 to 100 as in 80-90, or known")
        })
    }
}

/// Latencies, milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatencyRange(pub RangeInclusive<u64>);

impl Parameter for LatencyRange {
    fn write(&self) -> String {
        match (*self.0.start(), *self.0.end()) {
            (0, u64::MAX) => "known".to_owned(),
            (from, u64::MAX) => format!("{from}-"),
            (from, to) => format!("{from}-{to}"),
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        if text == "known" {
            return Ok(Self(0..=u64::MAX));
        }
        let range = text.split_once('-').and_then(|(from, to)| {
            let to = if to.is_empty() { u64::MAX } else { to.parse().ok()? };
            Some(Self(from.parse().ok()?..=to))
        });
        range.ok_or_else(|| {
            format!("invalid took {text:?}: expected milliseconds as in 900-2100, or known")
        })
    }
}

impl Parameter for Timestamp {
    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Result<Self, String> {
        Self::read(&text.into()).map_err(|_| {
            let text: String = text.chars().take(40).collect();
            format!("invalid moment {text:?}: expected 2026-11-02T09:00:00Z")
        })
    }
}

impl Parameter for IsoWeek {
    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: cv_analytics_core::week::WeekError| error.to_string())
    }
}

impl Parameter for String {
    fn write(&self) -> String {
        self.clone()
    }

    fn read(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

fn read_number<'de, D: Deserializer<'de>>(
    deserializer: D,
    name: &str,
    most: u32,
) -> Result<Option<u32>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let number = text.trim().parse().ok().filter(|number| (1..=most).contains(number));
    number.map(Some).ok_or_else(|| {
        D::Error::custom(format!("invalid {name} {text:?}: expected a number from 1 to {most}"))
    })
}

fn read_weeks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    let weeks = read_number(deserializer, "weeks", MAX_WEEKS.into())?;
    Ok(weeks.and_then(|weeks| u8::try_from(weeks).ok()))
}

fn read_page<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    read_number(deserializer, "page", MAX_PAGES)
}

impl QuestionFilter {
    /// Reads the part of an address after the question mark; empty values are none.
    ///
    /// # Errors
    /// [`FilterError`] names the parameter that is unknown, invalid, too large or there twice.
    pub fn read(query: &str) -> Result<Self, FilterError> {
        let mut names = BTreeSet::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let shown: String = name.chars().take(40).collect();
            if value.chars().count() > MAX_VALUE_CHARS {
                let text =
                    format!("too large: {shown:?} has more than {MAX_VALUE_CHARS} characters");
                return Err(FilterError(text));
            }
            if !names.insert(name) {
                return Err(FilterError(format!("invalid address: it has {shown:?} twice")));
            }
        }
        let read: Self = serde_html_form::from_str(query)
            .map_err(|error| FilterError(error.to_string().chars().take(400).collect()))?;
        // Until report version 2 a topic's gap was of a skill's kind.
        let kind = read.kind.map(|kind| match read.gap_type {
            Some(NameType::Topic) if kind.is_uncovered() => GapKind::NoAnswer,
            _ => kind,
        });
        let word = read.word.map(|word| word.to_lowercase());
        Ok(Self { word, kind, ..read })
    }

    /// The part of an address after the question mark.
    pub fn query(&self) -> String {
        // Texts, numbers and codes can all be written.
        serde_html_form::to_string(self).unwrap_or_default()
    }

    /// The address of the same questions at another `path` of the dashboard.
    pub fn at(&self, path: &str) -> String {
        let query = self.query();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// The address of the page that lists them, below the dashboard's.
    pub fn path(&self) -> String {
        self.at("/questions")
    }

    /// All interactions of the ISO 8601 week; of the newest where the text names none.
    pub fn of_week(week: &str) -> Self {
        Self { week: week.parse().ok(), ..Self::default() }
    }

    /// All interactions of the week before it; `None` for a text that names no week.
    pub fn of_week_before(week: &str) -> Option<Self> {
        let week: IsoWeek = week.parse().ok()?;
        Some(Self { week: Some(week.earlier(1)), ..Self::default() })
    }

    /// The questions behind an action; `None` where its report does not say which they are.
    pub fn behind(action: &Action, week: &str) -> Option<Self> {
        let all = Self::of_week(week);
        let evidence = &action.evidence;
        match action.kind {
            ActionKind::CheckCapture if action.name == "response_only" => {
                Some(Self { halves: Some(Halves::ResponseOnly), ..all })
            }
            ActionKind::CheckCapture => Some(Self { halves: Some(Halves::One), ..all }),
            ActionKind::MoveOver => Some(Self { halves: Some(Halves::Response), ..all }),
            ActionKind::FixFault | ActionKind::ReviewFilter | ActionKind::ReviewHours => {
                Some(Self { outcome: Some(Ended::read(&action.name).ok()?), ..all })
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

    /// Of that week and the seven before.
    #[must_use]
    pub fn eight_weeks(self) -> Self {
        Self { weeks: Some(MAX_WEEKS), ..self }
    }

    /// With topics as the report of another week names them.
    #[must_use]
    pub fn as_of(self, week: &str) -> Self {
        Self { as_of: week.parse().ok().filter(|week| Some(*week) != self.week), ..self }
    }

    /// About a skill.
    #[must_use]
    pub fn skill(self, name: &str) -> Self {
        Self { skill: Some(name.to_owned()), ..self }
    }

    /// With a topic, where they name no skill.
    #[must_use]
    pub fn topic(self, name: &str) -> Self {
        Self { topic: Some(name.to_owned()), ..self }
    }

    /// With a word for the skill.
    #[must_use]
    pub fn word(self, word: &str) -> Self {
        Self { word: Some(word.to_owned()), ..self }
    }

    /// About a skill, or about a topic where they name none.
    #[must_use]
    pub fn about(self, name: &str) -> Self {
        Self { about: Some(name.to_owned()), ..self }
    }

    /// In one gap.
    #[must_use]
    pub fn gap(self, name: &str, name_type: NameType, kind: GapKind) -> Self {
        Self { kind: Some(kind), ..self.any_gap(name, name_type) }
    }

    /// In any gap of a name.
    #[must_use]
    pub fn any_gap(self, name: &str, name_type: NameType) -> Self {
        Self { gap: Some(name.to_owned()), gap_type: Some(name_type), ..self }
    }

    /// With a match type, `unrated` without one, or `rated` with any.
    #[must_use]
    pub fn coverage(self, code: &str) -> Self {
        Self { coverage: known(code), ..self }
    }

    /// With an outcome, or `unanswered`.
    #[must_use]
    pub fn outcome(self, code: &str) -> Self {
        Self { outcome: known(code), ..self }
    }

    /// Handled `well`, `unmatched`, `failed` or `refused`.
    #[must_use]
    pub fn handled(self, code: &str) -> Self {
        Self { handled: known(code), ..self }
    }

    /// With a score.
    #[must_use]
    pub fn scored(self) -> Self {
        Self { score: Some(ScoreRange::ALL), ..self }
    }

    /// With a score from the first to below the second; up to 100 where that is the second.
    #[must_use]
    pub fn score(self, from: u32, below: u32) -> Self {
        Self { score: Some(ScoreRange { from: from.into(), to: below.into() }), ..self }
    }

    /// With a score that disagrees with how they ended.
    #[must_use]
    pub fn disagreeing(self) -> Self {
        Self { disagrees: Some(Yes), ..self }
    }

    /// Of a known session.
    #[must_use]
    pub fn in_a_session(self) -> Self {
        Self { session: Some(OfSession::Known), ..self }
    }

    /// Of no session.
    #[must_use]
    pub fn without_session(self) -> Self {
        Self { session: Some(OfSession::None), ..self }
    }

    /// With a match type from this source: `model`, `similarity`, `unknown`.
    #[must_use]
    pub fn source(self, code: &str) -> Self {
        Self { source: known(code), ..self }
    }

    /// With a half or with both: `query`, `response`, `both`, `one`, `response-only`.
    #[must_use]
    pub fn half(self, code: &str) -> Self {
        Self { halves: known(code), ..self }
    }

    /// With an answer that took so long or longer, milliseconds.
    #[must_use]
    pub fn took_from(self, latency_ms: u64) -> Self {
        Self { took: Some(LatencyRange(latency_ms..=u64::MAX)), ..self }
    }

    /// With an answer whose time is known.
    #[must_use]
    pub fn timed(self) -> Self {
        self.took_from(0)
    }

    /// From a moment on, ISO 8601.
    #[must_use]
    pub fn since(self, moment: &str) -> Self {
        Self { since: Timestamp::read(&moment.into()).ok(), ..self }
    }

    /// Before a moment, ISO 8601.
    #[must_use]
    pub fn until(self, moment: &str) -> Self {
        Self { until: Timestamp::read(&moment.into()).ok(), ..self }
    }

    /// Those that count in no figure: `own`, `bot`, `canary`, `listed` or `any`.
    #[must_use]
    pub fn left_out(self, code: &str) -> Self {
        Self { left_out: known(code), ..self }
    }
}

/// The value of a code that the program itself writes.
fn known<T: Parameter>(code: &str) -> Option<T> {
    let value = T::read(code);
    debug_assert!(value.is_ok(), "unknown code {code:?}");
    value.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_percent_encoded() {
        let filter = QuestionFilter::of_week("2026-W47").skill("C++ & C#").outcome("no_match");
        let expect = "/questions?week=2026-W47&skill=C%2B%2B+%26+C%23&outcome=no_match";
        assert_eq!(filter.path(), expect);
        assert_eq!(QuestionFilter::default().path(), "/questions");
    }

    #[test]
    fn the_week_before_the_first_is_in_another_year() {
        let before = QuestionFilter::of_week_before("2026-W01").unwrap();
        assert_eq!(before.path(), "/questions?week=2025-W52");
        assert_eq!(QuestionFilter::of_week_before("next week"), None);
    }

    #[test]
    fn an_address_is_written_as_it_was_read() {
        for query in [
            "week=2026-W47&weeks=8&about=notice+period&since=2026-11-02T09%3A00%3A00Z",
            "week=2026-W46&as-of=2026-W47&topic=team+size",
            "week=2026-W47&skill=Go&word=golang&score=80-90&match=none&disagree=yes",
            "gap=Go&type=skill&kind=not_on_cv&match=partial&source=model&outcome=unanswered",
            "handled=failed&session=known&half=response-only&took=900-",
            "score=known&session=00000000000000ff&took=known&left-out=any&text=C%2B%2B&page=2",
        ] {
            assert_eq!(QuestionFilter::read(query).unwrap().query(), query);
        }
        let form = "text=C%2B%2B+&week=2026-W47&match=&weeks=3&outcome=unanswered";
        let expect = "week=2026-W47&weeks=3&outcome=unanswered&text=C%2B%2B";
        assert_eq!(QuestionFilter::read(form).unwrap().query(), expect);
    }

    #[test]
    fn addresses_of_earlier_mails_keep_their_meaning() {
        let read = |query: &str| QuestionFilter::read(query).unwrap();
        let week = || QuestionFilter::of_week("2026-W47");
        assert_eq!(read("week=2026-W47&half=one"), week().half("one"));
        assert_eq!(
            read("week=2026-W47&gap=Kubernetes&type=skill&kind=not_on_cv"),
            week().gap("Kubernetes", NameType::Skill, GapKind::NotOnCv)
        );
        assert_eq!(
            read("week=2026-W47&gap=salary&type=topic&kind=unmatched"),
            week().gap("salary", NameType::Topic, GapKind::NoAnswer)
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (query, part) in [
            ("week=2026-47", "2026-W47"),
            ("weeks=9", "invalid weeks \"9\": expected a number from 1 to 8"),
            ("weeks=0", "from 1 to 8"),
            ("page=0", "from 1 to 200000"),
            ("page=last", "invalid page \"last\": expected a number from 1 to 200000"),
            (
                "match=great",
                "invalid match \"great\": expected one of full, partial, none, rated, unrated",
            ),
            ("handled=badly", "well, unmatched, failed, refused"),
            ("since=monday", "2026-11-02T09:00:00Z"),
            ("score=90", "80-90"),
            ("score=-5-3", "80-90"),
            ("took=fast", "900-2100"),
            ("colour=red", "unknown field `colour`"),
            ("skill=Go&skill=Rust", "it has \"skill\" twice"),
        ] {
            let error = QuestionFilter::read(query).unwrap_err().to_string();
            assert!(error.contains(part), "{query}: {error}");
        }
        let long = format!("text={}", "a".repeat(2_001));
        let error = QuestionFilter::read(&long).unwrap_err().to_string();
        assert!(error.starts_with("too large: \"text\""), "{error}");
    }
}
