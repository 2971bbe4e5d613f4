//! What an address of the question pages asks for, and the addresses that ask for it.

use cv_analytics_core::event::{MatchType, Outcome, SessionDigest, Traffic};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::{GapKind, GapType};
use cv_analytics_insights::questions::search::{
    Coverage, Filter, HalvesThere, Handled, LeftOut, ScoreRange,
};

use crate::page::PageError;

/// Weeks that one search looks through at the most.
pub(crate) const MOST_WEEKS: u8 = 8;
/// The last page that there can be: ten million questions.
const MOST_PAGES: usize = 200_000;
/// Characters of a value: as many as a question has, whose whole text may be the name of a gap.
const LONGEST: usize = 2_000;

/// The parameters, in the order in which addresses have them.
const NAMES: [&str; 22] = [
    "week", "weeks", "skill", "word", "about", "gap", "topic", "type", "kind", "match", "outcome",
    "handled", "score", "disagree", "session", "half", "took", "since", "until", "left-out",
    "text", "page",
];

/// Which questions, and which page of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct QuestionQuery {
    /// The newest week; `None` for the newest that has data.
    pub(crate) week: Option<IsoWeek>,
    /// How many weeks, that one and those before it.
    pub(crate) weeks: u8,
    pub(crate) filter: Filter,
    /// From 1.
    pub(crate) page: usize,
    /// What the address says, without empty values.
    pairs: Vec<(&'static str, String)>,
}

impl QuestionQuery {
    /// Reads the part of an address after the question mark.
    pub(crate) fn read(query: &str) -> Result<Self, PageError> {
        let mut pairs: Vec<(&'static str, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            let Some(name) = NAMES.iter().find(|known| **known == name).copied() else {
                let name: String = name.chars().take(40).collect();
                return Err(bad(format!("there is no filter {name:?}")));
            };
            if value.chars().count() > LONGEST {
                return Err(bad(format!("{name} has more than {LONGEST} characters")));
            }
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(bad(format!("{name} stands there twice")));
            }
            if !value.is_empty() {
                pairs.push((name, value.to_owned()));
            }
        }
        pairs.sort_by_key(|(name, _)| NAMES.iter().position(|known| known == name));
        let value = |name: &str| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
        };
        let week = value("week").map(str::parse::<IsoWeek>).transpose();
        let week = week.map_err(|error| bad(error.to_string()))?;
        let weeks = number(value("weeks"), "weeks", 1, u64::from(MOST_WEEKS))?;
        let page = number(value("page"), "page", 1, MOST_PAGES as u64)?;
        let filter = read_filter(value)?;
        Ok(Self {
            week,
            weeks: weeks.map_or(1, |weeks| u8::try_from(weeks).unwrap_or(MOST_WEEKS)),
            page: page.map_or(1, |page| usize::try_from(page).unwrap_or(MOST_PAGES)),
            filter,
            pairs,
        })
    }

    /// What the address says of one parameter.
    pub(crate) fn value(&self, name: &str) -> &str {
        let found = self.pairs.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The address of the same at `path`, with other values for some; an empty one is left out.
    pub(crate) fn href(&self, path: &str, changes: &[(&'static str, &str)]) -> String {
        let other =
            |name: &str| changes.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let pairs = NAMES.iter().filter_map(|name| {
            let value = other(name).unwrap_or_else(|| self.value(name));
            (!value.is_empty()).then_some((*name, value))
        });
        address(path, pairs)
    }
}

/// The address of the questions of `week` to which `filters` apply.
pub(crate) fn questions_of(week: &str, filters: &[(&str, &str)]) -> String {
    address("/questions", std::iter::once(("week", week)).chain(filters.iter().copied()))
}

fn address<'a>(path: &str, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut written = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        written.append_pair(name, value);
    }
    let query = written.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn bad(text: String) -> PageError {
    PageError::BadRequest(text)
}

fn number(value: Option<&str>, name: &str, from: u64, to: u64) -> Result<Option<u64>, PageError> {
    let Some(value) = value else { return Ok(None) };
    let number = value.parse().ok().filter(|number| (from..=to).contains(number));
    number.map(Some).ok_or_else(|| bad(format!("{name} is a number from {from} to {to}")))
}

/// The codes of a filter with what they stand for.
fn one_of<T: Copy>(
    value: Option<&str>,
    name: &str,
    known: &[(&str, T)],
) -> Result<Option<T>, PageError> {
    let Some(value) = value else { return Ok(None) };
    let found = known.iter().find(|(code, _)| *code == value).map(|(_, meaning)| *meaning);
    found.map(Some).ok_or_else(|| {
        let codes: Vec<&str> = known.iter().map(|(code, _)| *code).collect();
        bad(format!("{name} is one of {}", codes.join(", ")))
    })
}

/// The codes of gap kinds.
pub(crate) const KINDS: [(&str, GapKind); 5] = [
    (GapKind::NotOnCv.code(), GapKind::NotOnCv),
    (GapKind::NotRetrieved.code(), GapKind::NotRetrieved),
    (GapKind::Unmatched.code(), GapKind::Unmatched),
    (GapKind::Fault.code(), GapKind::Fault),
    (GapKind::Blocked.code(), GapKind::Blocked),
];

fn read_filter<'v>(value: impl Fn(&str) -> Option<&'v str>) -> Result<Filter, PageError> {
    let outcomes: Vec<(&str, Option<Outcome>)> = Outcome::ALL
        .iter()
        .map(|outcome| (outcome.code(), Some(*outcome)))
        .chain([("unanswered", None)])
        .collect();
    let coverage = [
        ("full", Coverage::Rated(MatchType::Full)),
        ("partial", Coverage::Rated(MatchType::Partial)),
        ("none", Coverage::Rated(MatchType::None)),
        ("rated", Coverage::AnyRating),
        ("unrated", Coverage::Unrated),
    ];
    let halves = [
        ("query", HalvesThere::Query),
        ("response", HalvesThere::Response),
        ("both", HalvesThere::Both),
        ("one", HalvesThere::One),
        ("response-only", HalvesThere::ResponseAlone),
    ];
    let handled = [
        ("well", Handled::Well),
        ("unmatched", Handled::Unmatched),
        ("failed", Handled::Failed),
        ("refused", Handled::Refused),
    ];
    let left_out = [
        ("any", LeftOut::Any),
        ("bot", LeftOut::Traffic(Traffic::Bot)),
        ("own", LeftOut::Traffic(Traffic::Own)),
        ("canary", LeftOut::Traffic(Traffic::Canary)),
        ("listed", LeftOut::Listed),
    ];
    let types = [GapType::Skill, GapType::Topic].map(|of| (of.code(), of));
    let moment = |name| value(name).map(|text| moment(text, name)).transpose();
    let topic = value("topic");
    if topic.is_some() && value("gap").is_some() {
        return Err(bad("gap and topic exclude each other".to_owned()));
    }
    let gap_type = match topic {
        Some(_) => Some(GapType::Topic),
        None => one_of(value("type"), "type", &types)?,
    };
    let session = match value("session") {
        None | Some("known") => None,
        Some(id) => Some(session_of(id)),
    };
    Ok(Filter {
        skill: value("skill").map(str::to_owned),
        word: value("word").map(str::to_lowercase),
        about: value("about").map(str::to_owned),
        gap: value("gap").or(topic).map(str::to_owned),
        gap_type,
        kind: one_of(value("kind"), "kind", &KINDS)?,
        halves: one_of(value("half"), "half", &halves)?,
        coverage: one_of(value("match"), "match", &coverage)?,
        outcome: one_of(value("outcome"), "outcome", &outcomes)?,
        handled: one_of(value("handled"), "handled", &handled)?,
        score: value("score").map(score).transpose()?,
        disagrees: one_of(value("disagree"), "disagree", &[("yes", true)])?.is_some(),
        session,
        in_a_session: value("session") == Some("known"),
        took_ms: value("took").map(took).transpose()?,
        since: moment("since")?,
        until: moment("until")?,
        text: value("text").map(str::to_owned),
        left_out: one_of(value("left-out"), "left-out", &left_out)?,
    })
}

/// A session by the digest that pages show, else by its kept form.
pub(crate) fn session_of(id: &str) -> SessionDigest {
    SessionDigest::from_digits(id).unwrap_or_else(|| SessionDigest::of(id))
}

/// `2026-11-02T09:00:00Z`.
fn moment(text: &str, name: &str) -> Result<Timestamp, PageError> {
    Timestamp::read(&text.into())
        .map_err(|_| bad(format!("{name} is a moment as in 2026-11-02T09:00:00Z")))
}

/// `80-90`, or `known` for any.
fn score(text: &str) -> Result<ScoreRange, PageError> {
    if text == "known" {
        return Ok(ScoreRange { from: 0.0, to: 100.0 });
    }
    let range = text.split_once('-').and_then(|(from, to)| {
        let bound =
            |text: &str| text.parse::<f64>().ok().filter(|score| (0.0..=100.0).contains(score));
        Some(ScoreRange { from: bound(from)?, to: bound(to)? })
    });
    range.ok_or_else(|| bad("score is a range as in 80-90, from 0 to 100, or known".to_owned()))
}

/// `900-2100` or `2100-`, milliseconds, or `known` for any.
fn took(text: &str) -> Result<std::ops::RangeInclusive<u64>, PageError> {
    if text == "known" {
        return Ok(0..=u64::MAX);
    }
    let range = text.split_once('-').and_then(|(from, to)| {
        let to = if to.is_empty() { u64::MAX } else { to.parse().ok()? };
        Some(from.parse().ok()?..=to)
    });
    range.ok_or_else(|| bad("took is a range of milliseconds as in 900-2100, or known".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_it_was_read() {
        let text =
            "text=C%2B%2B+%26+Go&week=2026-W47&weeks=3&match=&outcome=unanswered&score=80-90";
        let query = QuestionQuery::read(text).unwrap();
        assert_eq!(query.filter.text.as_deref(), Some("C++ & Go"));
        assert_eq!(query.filter.outcome, Some(None));
        let expect = "/questions?week=2026-W47&weeks=3&outcome=unanswered&score=80-90&text=C%2B%2B+%26+Go&page=2";
        let href = query.href("/questions", &[("page", "2")]);
        assert_eq!(href, expect);
        let (_, again) = href.split_once('?').unwrap();
        assert_eq!(QuestionQuery::read(again).unwrap().filter, query.filter);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, part) in [
            ("week=2026-47", "2026-W47"),
            ("weeks=9", "from 1 to 8"),
            ("weeks=0", "from 1 to 8"),
            ("page=0", "from 1 to 200000"),
            ("page=last", "from 1 to 200000"),
            ("match=great", "full, partial, none, rated, unrated"),
            ("handled=badly", "well, unmatched, failed, refused"),
            ("since=monday", "2026-11-02T09:00:00Z"),
            ("score=90", "80-90"),
            ("score=-5-3", "80-90"),
            ("took=fast", "900-2100"),
            ("colour=red", "no filter"),
            ("skill=Go&skill=Rust", "twice"),
            ("gap=a&topic=b", "exclude"),
        ] {
            let error = QuestionQuery::read(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
