//! Skills and topics: those that moved, how often each was asked for, in which words, and which come
//! up together.

use serde::Serialize;

use super::limits::Limits;
use super::linked_text::LinkedText;
use super::links::WeekLinks;
use super::phrases::{self, trend_mark};
use super::text::{conversations, decimal, number, sanitize};
use super::week::{Listing, bar_share, listing};
use crate::model::{
    NameFigures, NameType, Report, SkillReport, Together, TopicReport, Trend, Trending, Vocabulary,
};
use crate::questions::filter::QuestionFilter;

/// Weeks of a sparkline.
const SPARK_WEEKS: usize = 8;
/// The height of a sparkline's tallest bar, pixels.
const SPARK_PIXELS: u64 = 24;

/// What skills are called, one and many.
pub(super) const SKILLS: (&str, &str) = ("skill", "skills");
const TOPICS: (&str, &str) = ("topic", "topics");

/// A name that moved.
#[derive(Clone, Debug, Serialize)]
pub struct MovedView {
    /// The name.
    pub name: String,
    /// `skill` or `topic`.
    pub name_type: &'static str,
    /// `↑ rising`.
    pub mark: Option<&'static str>,
    /// Whether it goes up.
    pub up: bool,
    /// `20 conversations, 14 last week (about 9.4 expected)`.
    pub text: LinkedText,
    /// Its questions of this week, or of the last one where it is gone.
    pub link: Option<String>,
}

/// The names that moved, those that rise first.
pub(super) fn moved(report: &Report, at: &WeekLinks<'_>, limits: &Limits) -> Listing<MovedView> {
    let moved = report.trending.iter().filter(|moved| moved.trend.moved());
    let (up, down): (Vec<_>, Vec<_>) = moved.partition(|moved| moved.trend.grows());
    let both = up.into_iter().chain(down).collect::<Vec<_>>();
    listing(both.into_iter(), limits.moved, ("name", "names"), |moved: &Trending| {
        // What is gone has its questions in the week before.
        let week = match moved.trend {
            Trend::Gone => at.week_before(),
            _ => Some(at.this_week()),
        };
        let link = at.questions(week.map(|week| at.about(week, moved.name_type, &moved.name)));
        MovedView {
            name: sanitize(&moved.name, limits.name_columns),
            name_type: moved.name_type.code(),
            mark: trend_mark(moved.trend),
            up: moved.trend.grows(),
            text: phrases::moved(moved, report).into(),
            link,
        }
    })
}

/// The week of a skill or topic.
#[derive(Clone, Debug, Serialize)]
pub struct NameRow {
    /// The name.
    pub name: String,
    /// `skill` or `topic`.
    pub name_type: &'static str,
    /// Questions this week.
    pub queries: LinkedText,
    /// Their conversations: `20 conversations`.
    pub conversations: String,
    /// Questions last week: `was 14`.
    pub before: Option<LinkedText>,
    /// The link to those.
    pub before_link: Option<String>,
    /// `↑ rising`, where it moved.
    pub mark: Option<&'static str>,
    /// Whether it goes up.
    pub up: bool,
    /// How its questions were covered: `8 fully covered · 22 partly · 5 unanswered`.
    pub coverage: LinkedText,
    /// The same in parts, with their codes for colours.
    pub parts: Vec<CoverageCount>,
    /// Questions in a gap of this name.
    pub failing: Option<LinkedText>,
    /// One bar a week, oldest first.
    pub bars: Vec<WeekBar>,
    /// The bars in words: `3, 8, no data, 47`.
    pub weeks: String,
    /// Its questions of this week.
    pub link: Option<String>,
}

/// How many of a name's questions were covered one way.
#[derive(Clone, Debug, Serialize)]
pub struct CoverageCount {
    /// `full`, `partial`, `none` or `unanswered`.
    pub kind: &'static str,
    /// `8 fully covered`.
    pub text: LinkedText,
}

/// One week of a sparkline.
#[derive(Clone, Debug, Serialize)]
pub struct WeekBar {
    /// The ISO 8601 week; empty where the report does not name it.
    pub week: String,
    /// Questions; `None` for a week without any data.
    pub queries: Option<u64>,
    /// Pixels; `None` for a week without any data.
    pub height: Option<u64>,
    /// The same in eighths of a line.
    pub block: char,
    /// The week's questions about the name.
    pub link: Option<String>,
}

/// The skills that were asked for this week.
pub(super) fn skills(report: &Report, at: &WeekLinks<'_>, limits: &Limits) -> Listing<NameRow> {
    let asked = report.skills.iter().filter(|skill| skill.figures.queries > 0);
    let asked = asked.collect::<Vec<_>>();
    listing(asked.into_iter(), limits.names, SKILLS, |skill: &SkillReport| {
        row(NameType::Skill, &skill.skill, &skill.figures, report, at, limits)
    })
}

/// The topics that were asked about this week.
pub(super) fn topics(report: &Report, at: &WeekLinks<'_>, limits: &Limits) -> Listing<NameRow> {
    let asked = report.topics.iter().filter(|topic| topic.figures.queries > 0);
    let asked = asked.collect::<Vec<_>>();
    listing(asked.into_iter(), limits.names, TOPICS, |topic: &TopicReport| {
        row(NameType::Topic, &topic.topic, &topic.figures, report, at, limits)
    })
}

fn row(
    name_type: NameType,
    name: &str,
    figures: &NameFigures,
    report: &Report,
    at: &WeekLinks<'_>,
    limits: &Limits,
) -> NameRow {
    // A row that stands for many names has no questions of its own to list.
    let is_one = figures.names.is_none();
    let of = |week: QuestionFilter| is_one.then(|| at.about(week, name_type, name));
    let this_week = || of(at.this_week());
    let before_link =
        at.questions(at.week_before().and_then(of).filter(|_| figures.previous.is_some()));
    let parts = parts(figures).map(|(kind, count, words)| {
        let filter = this_week().map(|all| match kind {
            "unanswered" => all.outcome(kind),
            kind => all.coverage(kind),
        });
        CoverageCount { kind, text: at.linked(format!("{}\u{a0}{words}", number(count)), filter) }
    });
    let parts = parts.collect::<Vec<_>>();
    let shown = match figures.names {
        Some(names) => phrases::other_names(names, name_type),
        None => sanitize(name, limits.name_columns),
    };
    let failing = this_week().map(|_| at.this_week().any_gap(name, name_type));
    NameRow {
        name: shown,
        name_type: name_type.code(),
        queries: at.linked(number(figures.queries), this_week()),
        conversations: conversations(figures.conversations),
        before: figures.previous.map(|before| {
            LinkedText::linked(format!("was {}", number(before)), before_link.clone())
        }),
        before_link,
        mark: trend_mark(figures.trend),
        up: figures.trend.grows(),
        coverage: LinkedText::joined(parts.iter().map(|part| part.text.clone()), " · "),
        parts,
        failing: (figures.failing > 0).then(|| at.linked(number(figures.failing), failing)),
        bars: bars(figures, report, |week| of(QuestionFilter::of_week(week)), at),
        weeks: phrases::weeks(newest(&figures.weeks)),
        link: at.questions(this_week()),
    }
}

fn parts(figures: &NameFigures) -> impl Iterator<Item = (&'static str, u64, &'static str)> {
    [
        ("full", figures.full, "fully covered"),
        ("partial", figures.partial, "partly"),
        ("none", figures.none, "not"),
        ("unanswered", figures.unanswered, "unanswered"),
    ]
    .into_iter()
    .filter(|(_, count, _)| *count > 0)
}

/// The weeks of a sparkline, where a report from elsewhere has more.
fn newest<T>(weeks: &[T]) -> &[T] {
    weeks.get(weeks.len().saturating_sub(SPARK_WEEKS)..).unwrap_or_default()
}

fn bars(
    figures: &NameFigures,
    report: &Report,
    of: impl Fn(&str) -> Option<QuestionFilter>,
    at: &WeekLinks<'_>,
) -> Vec<WeekBar> {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let weeks = newest(&figures.weeks);
    let names = report.history.iter().map(|week| week.week.as_str());
    let unnamed = weeks.len().saturating_sub(report.history.len());
    let names = std::iter::repeat_n("", unnamed).chain(names);
    let highest = weeks.iter().flatten().copied().max().unwrap_or_default().max(1);
    let bar = |(queries, week): (&Option<u64>, &str)| WeekBar {
        week: if week.is_empty() { String::new() } else { sanitize(week, 10) },
        queries: *queries,
        height: queries.map(|count| match count {
            0 => 1,
            count => bar_share(count, highest, SPARK_PIXELS).max(3),
        }),
        block: queries.map_or('–', |count| {
            let level = usize::try_from(bar_share(count, highest, 7)).unwrap_or(7);
            let level = if count > 0 { level.max(1) } else { 0 };
            BLOCKS.get(level).copied().unwrap_or('█')
        }),
        link: at.questions(queries.filter(|count| *count > 0).and_then(|_| of(week))),
    };
    weeks.iter().zip(names).map(bar).collect()
}

/// Two names that conversations ask for together.
#[derive(Clone, Debug, Serialize)]
pub struct TogetherView {
    /// The two.
    pub names: [String; 2],
    /// `16 conversations, about 10.7 expected`.
    pub text: String,
}

/// The pairs of the report, as it orders them.
pub(super) fn together(pairs: &[Together], limits: &Limits) -> Vec<TogetherView> {
    let pair = |pair: &Together| TogetherView {
        names: pair.names.each_ref().map(|name| sanitize(name, limits.name_columns)),
        text: format!(
            "{}, about {} expected",
            conversations(pair.conversations),
            decimal(pair.expected)
        ),
    };
    pairs.iter().take(limits.names).map(pair).collect()
}

/// The words that people use, beside those on the CV.
#[derive(Clone, Debug, Serialize)]
pub struct VocabularyView {
    /// Whether the CV's words are known at all.
    pub cv_known: bool,
    /// One row a skill.
    pub rows: Listing<VocabularyRow>,
}

/// The words for one skill.
#[derive(Clone, Debug, Serialize)]
pub struct VocabularyRow {
    /// The skill.
    pub name: String,
    /// The visitors' words, each with its questions.
    pub asked: LinkedText,
    /// The CV's words, where it names the skill.
    pub on_cv: Option<String>,
    /// The questions about the skill.
    pub link: Option<String>,
}

/// The skills for which there is more than one word.
pub(super) fn vocabulary(
    vocabulary: &[Vocabulary],
    at: &WeekLinks<'_>,
    limits: &Limits,
) -> VocabularyView {
    let (rows, words) = limits.vocabulary;
    let listed = |texts: Vec<LinkedText>| {
        let others = texts.len().saturating_sub(words);
        let others = (others > 0).then(|| LinkedText::from(format!("{others} more")));
        LinkedText::joined(texts.into_iter().take(words).chain(others), ", ")
    };
    let informative = vocabulary.iter().filter(|entry| entry.is_informative()).collect::<Vec<_>>();
    VocabularyView {
        cv_known: vocabulary.iter().any(|entry| !entry.on_cv.is_empty()),
        rows: listing(informative.into_iter(), rows, SKILLS, |entry: &Vocabulary| {
            let about = || at.this_week().skill(&entry.skill);
            let asked = entry.asked.iter().map(|variant| {
                let text = sanitize(&variant.text, limits.word_columns);
                let text = format!("{text}\u{a0}{}", number(variant.queries));
                at.linked(text, about().word(&variant.text))
            });
            let on_cv = entry.on_cv.iter().map(|text| sanitize(text, limits.word_columns).into());
            VocabularyRow {
                name: sanitize(&entry.skill, limits.name_columns),
                asked: listed(asked.collect()),
                on_cv: listed(on_cv.collect()).if_any().map(|words| words.to_string()),
                link: at.questions(about()),
            }
        }),
    }
}
