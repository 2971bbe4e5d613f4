//! Skills: what moved, how often each was asked for, and in which words.

use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::linked_text::Piece;
use cv_analytics_insights::model::{Report, SkillReport, Trending, Vocabulary};
use cv_analytics_insights::questions::filter::QuestionFilter;
use cv_analytics_insights::report_sentences as say;
use cv_analytics_insights::report_words::{counted, foreign as line, number};
use serde::Serialize;

use super::{cell, pieces};
use crate::charts::{Cell, SparkBar, spark};

/// Skills that are open to the eye; the others unfold.
const SHOWN: usize = 15;
/// Characters of a name.
const NAME: usize = 80;
/// Words of a skill.
const WORDS: usize = 12;

#[derive(Debug, Serialize)]
pub(super) struct SkillsView {
    moved: Vec<Moved>,
    moved_note: Option<String>,
    first: Vec<SkillRow>,
    others: Vec<SkillRow>,
    vocabulary: Vec<WordsRow>,
    cv_known: bool,
}

#[derive(Debug, Serialize)]
struct Moved {
    skill: String,
    mark: &'static str,
    up: bool,
    text: Vec<Piece>,
}

#[derive(Debug, Serialize)]
struct SkillRow {
    skill: String,
    queries: Cell,
    sessions: Option<Cell>,
    previous: Cell,
    mark: Option<&'static str>,
    up: bool,
    bars: Vec<SparkBar>,
    weeks: Vec<WeekCell>,
    /// What the bars say, in words.
    words: String,
    handled: Vec<Handled>,
}

#[derive(Debug, Serialize)]
struct WeekCell {
    week: String,
    cell: Cell,
}

#[derive(Debug, Serialize)]
struct Handled {
    class: &'static str,
    text: String,
    href: String,
}

#[derive(Debug, Serialize)]
struct WordsRow {
    skill: String,
    asked: Vec<WordCell>,
    others: usize,
    on_cv: Option<String>,
}

#[derive(Debug, Serialize)]
struct WordCell {
    word: String,
    queries: Cell,
    on_cv: bool,
}

impl SkillsView {
    pub(super) fn of(report: &Report, week: IsoWeek) -> Self {
        let rows = report.skills.iter().map(|skill| row(skill, week));
        let mut first: Vec<SkillRow> = rows.collect();
        let others = first.split_off(first.len().min(SHOWN));
        let up = report.trending.iter().filter(|moved| moved.trend.grows());
        let down = report.trending.iter().filter(|moved| !moved.trend.grows());
        let telling = report.vocabulary.iter().filter(|words| words.tells_something());
        Self {
            moved: up.chain(down).filter_map(|moved| moved_view(moved, week)).collect(),
            moved_note: say::moved_note(report),
            first,
            others,
            vocabulary: telling.map(|words| words_row(words, &report.week)).collect(),
            cv_known: report.vocabulary.iter().any(|words| !words.on_cv.is_empty()),
        }
    }
}

fn moved_view(moved: &Trending, week: IsoWeek) -> Option<Moved> {
    Some(Moved {
        mark: say::trend_mark(moved.trend)?,
        up: moved.trend.grows(),
        text: pieces(say::moved(moved, &week.to_string())),
        skill: line(&moved.skill, NAME),
    })
}

fn row(skill: &SkillReport, week: IsoWeek) -> SkillRow {
    let of = |week: IsoWeek| QuestionFilter::of_week(&week.to_string()).skill(&skill.skill);
    let counted_in = |week: IsoWeek, count: Option<u64>| match count {
        Some(count) => cell(number(count), of(week)),
        None => cell("no data".to_owned(), None),
    };
    let oldest = u8::try_from(skill.weeks.len().saturating_sub(1)).unwrap_or_default();
    let weeks = (0..=oldest).rev().zip(&skill.weeks).map(|(back, count)| WeekCell {
        week: week.earlier(back).to_string(),
        cell: counted_in(week.earlier(back), *count),
    });
    let weeks: Vec<WeekCell> = weeks.collect();
    let words = weeks.iter().map(|week| week.cell.value.as_str()).collect::<Vec<_>>().join(", ");
    SkillRow {
        skill: line(&skill.skill, NAME),
        queries: counted_in(week, Some(skill.queries)),
        sessions: skill.sessions.map(|sessions| {
            let conversations = counted(sessions, "conversation", "conversations");
            cell(conversations, of(week).in_a_session())
        }),
        previous: counted_in(week.earlier(1), skill.previous),
        mark: say::trend_mark(skill.trend),
        up: skill.trend.grows(),
        bars: spark(&skill.weeks),
        weeks,
        words,
        handled: say::skill_parts(skill, &week.to_string())
            .map(|(class, text, filter)| Handled { class, text, href: filter.path() })
            .collect(),
    }
}

fn words_row(words: &Vocabulary, week: &str) -> WordsRow {
    let about = || QuestionFilter::of_week(week).skill(&words.skill);
    let asked = words.asked.iter().take(WORDS).map(|word| WordCell {
        queries: cell(number(word.queries), about().word(&word.text)),
        on_cv: words.on_cv.contains(&word.text),
        word: line(&word.text, 40),
    });
    let on_cv: Vec<String> = words.on_cv.iter().take(WORDS).map(|word| line(word, 40)).collect();
    WordsRow {
        skill: line(&words.skill, NAME),
        asked: asked.collect(),
        others: words.asked.len().saturating_sub(WORDS),
        on_cv: (!on_cv.is_empty()).then(|| on_cv.join(", ")),
    }
}
