//! Skills and topics: those that moved, how often each was asked for, in which words, and which come up together.

use cv_analytics_core::event::{MatchType, Rating};
use serde::Serialize;

use super::context::ViewContext;
use super::limits::Listing;
use super::links::text::LinkedText;
use super::phrases::{self, trend_mark};
use super::text::{bar_share, conversations, decimal, number, sanitize};
use crate::model::{
    HistoryWeek, NameFigures, NameType, Thumbs, Together, Trend, Trending, Vocabulary,
};
use crate::questions::filter::QuestionFilter;
use crate::questions::parameters::Ended;

/// Weeks of a sparkline.
const SPARK_WEEKS: usize = 8;
/// The height of a sparkline's tallest bar, pixels.
const SPARK_PIXELS: u64 = 24;

/// What skills are called, one and many.
const SKILLS: (&str, &str) = ("skill", "skills");

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
    /// `20 conversations, 14 last week (about 9.4 would be usual)`.
    pub text: LinkedText,
    /// Its questions of this week, or of the last one where it is gone.
    pub link: Option<String>,
}

/// The names that moved, those that rise first.
pub(super) fn moved(
    trending: &[Trending],
    history: &[HistoryWeek],
    at: &ViewContext<'_>,
) -> Listing<MovedView> {
    let moved = trending.iter().filter(|moved| moved.trend.moved());
    let (up, down): (Vec<_>, Vec<_>) = moved.partition(|moved| moved.trend.grows());
    let both = up.into_iter().chain(down);
    Listing::of(both, at.limits.moved, ("name", "names"), |moved| {
        // What is gone has its questions in the week before.
        let week = match moved.trend {
            Trend::Gone => at.week_before(),
            _ => Some(at.this_week()),
        };
        MovedView {
            name: at.name(&moved.name),
            name_type: moved.name_type.code(),
            mark: trend_mark(moved.trend),
            up: moved.trend.grows(),
            text: phrases::moved(moved, history).into(),
            link: at.questions(week.map(|week| at.about(week, moved.name_type, &moved.name))),
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
    /// Questions in a gap of this name.
    pub failing: Option<LinkedText>,
    /// One bar a week, oldest first.
    pub bars: Vec<WeekBar>,
    /// The bars in words: `3, 8, no data, 47`.
    pub weeks: String,
    /// Its questions of this week.
    pub link: Option<String>,
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

/// The skills, or the topics, that were asked for this week.
pub(super) fn rows<'r>(
    names: impl Iterator<Item = (NameType, &'r str, &'r NameFigures)>,
    name_type: NameType,
    history: &[HistoryWeek],
    at: &ViewContext<'_>,
) -> Listing<NameRow> {
    let nouns = match name_type {
        NameType::Skill => SKILLS,
        NameType::Topic => ("topic", "topics"),
    };
    let asked = names.filter(|(of, _, figures)| *of == name_type && figures.queries > 0);
    Listing::of(asked, at.limits.names, nouns, |(_, name, figures)| {
        row(name_type, name, figures, history, at)
    })
}

fn row(
    name_type: NameType,
    name: &str,
    figures: &NameFigures,
    history: &[HistoryWeek],
    at: &ViewContext<'_>,
) -> NameRow {
    // A row that stands for many names has no questions of its own to list.
    let is_one = figures.names.is_none();
    let of = |week: QuestionFilter| is_one.then(|| at.about(week, name_type, name));
    let this_week = || of(at.this_week());
    let covered = [
        (figures.full, "fully covered", Some(MatchType::Full)),
        (figures.partial, "partly", Some(MatchType::Partial)),
        (figures.none, "not", Some(MatchType::None)),
        (figures.unanswered, "unanswered", None),
    ];
    let covered = covered.into_iter().filter(|(count, ..)| *count > 0);
    let coverage = covered.map(|(count, words, rating)| {
        let filter = this_week().map(|all| match rating {
            Some(rating) => all.coverage(rating),
            None => all.outcome(Ended::Unanswered),
        });
        at.linked(format!("{}\u{a0}{words}", number(count)), filter)
    });
    let Thumbs { up, down } = figures.feedback.unwrap_or_default();
    let thumbs = [(up, "thumbs\u{a0}up", Rating::Up), (down, "thumbs\u{a0}down", Rating::Down)];
    let thumbs =
        thumbs.into_iter().filter(|(count, ..)| *count > 0).map(|(count, words, rating)| {
            let filter = this_week().map(|all| all.rating(rating));
            at.linked(format!("{}\u{a0}{words}", number(count)), filter)
        });
    let before = figures
        .previous
        .map(|before| at.linked(format!("was {}", number(before)), at.week_before().and_then(of)));
    let failing = this_week().map(|_| at.this_week().any_gap(name, name_type));
    NameRow {
        name: match figures.names {
            Some(names) => phrases::other_names(names, name_type),
            None => at.name(name),
        },
        name_type: name_type.code(),
        queries: at.count(figures.queries, this_week()),
        conversations: conversations(figures.conversations),
        before_link: before.as_ref().and_then(LinkedText::first_link).map(str::to_owned),
        before,
        mark: trend_mark(figures.trend),
        up: figures.trend.grows(),
        coverage: LinkedText::joined(coverage.chain(thumbs), " · "),
        failing: (figures.failing > 0).then(|| at.count(figures.failing, failing)),
        bars: bars(figures, history, |week| of(QuestionFilter::of_week(week)), at),
        weeks: phrases::weeks(newest(&figures.weeks)),
        link: at.questions(this_week()),
    }
}

/// The weeks of a sparkline, where a report from elsewhere has more.
fn newest<T>(weeks: &[T]) -> &[T] {
    weeks.get(weeks.len().saturating_sub(SPARK_WEEKS)..).unwrap_or_default()
}

fn bars(
    figures: &NameFigures,
    history: &[HistoryWeek],
    of: impl Fn(&str) -> Option<QuestionFilter>,
    at: &ViewContext<'_>,
) -> Vec<WeekBar> {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let weeks = newest(&figures.weeks);
    let names = history.iter().map(|week| week.week.as_str());
    let unnamed = weeks.len().saturating_sub(history.len());
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
pub(super) fn together(pairs: &[Together], at: &ViewContext<'_>) -> Vec<TogetherView> {
    let pair = |pair: &Together| {
        let (asked, expected) = (conversations(pair.conversations), decimal(pair.expected));
        TogetherView {
            names: pair.names.each_ref().map(|name| at.name(name)),
            text: format!("{asked}, about {expected} by chance"),
        }
    };
    pairs.iter().take(at.limits.names).map(pair).collect()
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
pub(super) fn vocabulary(vocabulary: &[Vocabulary], at: &ViewContext<'_>) -> VocabularyView {
    let (rows, words) = at.limits.vocabulary;
    let listed = |texts: Vec<LinkedText>| {
        let others = texts.len().saturating_sub(words);
        let others = (others > 0).then(|| LinkedText::from(format!("{others} more")));
        LinkedText::joined(texts.into_iter().take(words).chain(others), ", ")
    };
    let informative = vocabulary.iter().filter(|entry| entry.is_informative());
    VocabularyView {
        cv_known: vocabulary.iter().any(|entry| !entry.on_cv.is_empty()),
        rows: Listing::of(informative, rows, SKILLS, |entry| {
            let about = || at.this_week().skill(&entry.skill);
            let asked = entry.asked.iter().map(|variant| {
                let text = format!("{}\u{a0}{}", at.word(&variant.text), number(variant.queries));
                at.linked(text, about().word(&variant.text))
            });
            let on_cv = entry.on_cv.iter().map(|text| at.word(text).into());
            VocabularyRow {
                name: at.name(&entry.skill),
                asked: listed(asked.collect()),
                on_cv: listed(on_cv.collect()).if_any().map(|words| words.to_string()),
                link: at.questions(about()),
            }
        }),
    }
}
