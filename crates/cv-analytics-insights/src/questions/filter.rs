//! Which questions stand behind a figure: one typed filter, and the one codec by which addresses of
//! the dashboard's pages write and read it.

use std::collections::BTreeSet;

use cv_analytics_core::event::{MatchSource, Rating};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use url::form_urlencoded;

use crate::model::{Action, ActionKind, GapKind, GapOf, NameType};
use crate::questions::parameters::{
    Coverage, Ended, Halves, Handled, LatencyRange, LeftOut, OfSession, ScoreRange, Yes, parameter,
};

/// Weeks that one filter looks through at most.
pub const MAX_WEEKS: u8 = 8;
/// The last page that there can be: ten million questions.
pub const MAX_PAGES: u32 = 200_000;
/// Characters of a value: as many as a question has, whose whole text may be a topic's name.
const MAX_VALUE_CHARS: usize = 2_000;

/// Questions of a week or of several: everything that is set has to hold. Without
/// [`QuestionFilter::left_out`] only interactions that count are found.
///
/// Its fields are the parameters of the dashboard's `/questions`, in the order in which addresses have them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct QuestionFilter {
    /// The newest week; `None` for the newest that has data.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub week: Option<IsoWeek>,
    /// How many weeks, that one and those before it, 1 to [`MAX_WEEKS`]; `None` for one.
    #[serde(deserialize_with = "read_weeks", skip_serializing_if = "Option::is_none")]
    pub weeks: Option<u8>,
    /// The week whose report names topics, if not [`QuestionFilter::week`]: its eight weeks share the phrases.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub as_of: Option<IsoWeek>,
    /// About this skill.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub skill: Option<String>,
    /// With this topic, where no skill is known.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// With this word for a skill in the question, in lower case; for [`QuestionFilter::skill`] where that is set.
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
    /// With this word of the visitor on the answer.
    #[serde(with = "parameter", skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
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
                Some(all.half(Halves::ResponseOnly))
            }
            ActionKind::CheckCapture => Some(all.half(Halves::One)),
            ActionKind::MoveOver => Some(all.half(Halves::Response)),
            ActionKind::FixFault | ActionKind::ReviewFilter | ActionKind::ReviewHours => {
                Some(all.outcome(Ended::from_code(&action.name)?))
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

    /// Covered this well: a match type, any, or none.
    #[must_use]
    pub fn coverage(self, coverage: impl Into<Coverage>) -> Self {
        Self { coverage: Some(coverage.into()), ..self }
    }

    /// With an outcome, or without an answer.
    #[must_use]
    pub fn outcome(self, ended: impl Into<Ended>) -> Self {
        Self { outcome: Some(ended.into()), ..self }
    }

    /// Handled this well.
    #[must_use]
    pub fn handled(self, handled: Handled) -> Self {
        Self { handled: Some(handled), ..self }
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

    /// With a match type from this source.
    #[must_use]
    pub fn source(self, source: MatchSource) -> Self {
        Self { source: Some(source), ..self }
    }

    /// With this word of the visitor on the answer.
    #[must_use]
    pub fn rating(self, rating: Rating) -> Self {
        Self { rating: Some(rating), ..self }
    }

    /// With these halves.
    #[must_use]
    pub fn half(self, halves: Halves) -> Self {
        Self { halves: Some(halves), ..self }
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

    /// Those that count in no figure, for this reason.
    #[must_use]
    pub fn left_out(self, reason: LeftOut) -> Self {
        Self { left_out: Some(reason), ..self }
    }
}

#[cfg(test)]
mod tests {
    use cv_analytics_core::event::Outcome;

    use super::*;

    #[test]
    fn values_are_percent_encoded() {
        let filter =
            QuestionFilter::of_week("2026-W47").skill("C++ & C#").outcome(Outcome::NoMatch);
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
            "week=2026-W47&skill=Go&word=golang&score=80-90&match=none&rating=down&disagree=yes",
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
        assert_eq!(read("week=2026-W47&half=one"), week().half(Halves::One));
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

    #[test]
    fn the_document_of_the_http_interface_has_its_parameters() {
        let openapi = include_str!("../../../../docs/schemas/openapi.json");
        let openapi: serde_json::Value = serde_json::from_str(openapi).unwrap();
        let documented = openapi.pointer("/components/schemas/QuestionFilter/properties").unwrap();
        let documented = documented.as_object().unwrap();
        let refusal = |query: &str| QuestionFilter::read(query).unwrap_err().to_string();
        let unknown = refusal("=");
        let (_, names) = unknown.split_once("expected one of ").unwrap();
        let names: BTreeSet<_> = names.split(", ").map(|name| name.trim_matches('`')).collect();
        assert_eq!(names, documented.keys().map(String::as_str).collect());
        for (name, value) in documented {
            let Some(codes) = value.get("enum") else { continue };
            let codes: Vec<String> = serde_json::from_value(codes.clone()).unwrap();
            let refusal = refusal(&format!("{name}=?"));
            assert!(refusal.ends_with(&format!("one of {}", codes.join(", "))), "{refusal}");
        }
    }
}
