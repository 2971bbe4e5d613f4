//! What a person is told of skills: those that moved, how often each was asked for, and in which words.

use serde::Serialize;

use crate::linked_text::{LinkedText, Piece};
use crate::mail_context::PageLinks;
use crate::model::{SkillReport, Trend, Trending, Vocabulary};
use crate::questions::filter::QuestionFilter;
use crate::report_sentences as say;
use crate::report_view::{Lengths, Listing, NAME, SKILLS, WORD, bar_share, listing};
use crate::report_words::{foreign, number};

/// Words of a skill, and weeks, that a mail shows.
const WORDS: usize = 4;
const WEEKS: usize = 8;

/// The height of a sparkline's tallest bar, pixels.
const TALLEST: u64 = 24;

#[derive(Debug, Serialize)]
pub(crate) struct Moved {
    pub(crate) skill: String,
    /// `↑ rising`.
    pub(crate) mark: Option<&'static str>,
    /// Whether it goes up.
    pub(crate) up: bool,
    pub(crate) text: String,
    pub(crate) text_pieces: Vec<Piece>,
    pub(crate) link: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct SkillView {
    pub(crate) skill: String,
    pub(crate) queries: String,
    /// `was 14`.
    pub(crate) before: Option<String>,
    /// The link to the questions of the week before.
    pub(crate) before_link: Option<String>,
    /// `↑ rising`, where it moved.
    pub(crate) mark: Option<&'static str>,
    pub(crate) up: bool,
    pub(crate) coverage: String,
    pub(crate) coverage_pieces: Vec<Piece>,
    pub(crate) bars: Vec<WeekBar>,
    /// The bars in words: `3, 8, no data, 47`.
    pub(crate) weeks: String,
    pub(crate) link: Option<String>,
}

/// One week of a sparkline.
#[derive(Debug, Serialize)]
pub(crate) struct WeekBar {
    /// Pixels; `None` for a week without any data.
    pub(crate) height: Option<u64>,
    /// The same in eighths of a line.
    pub(crate) block: char,
}

#[derive(Debug, Serialize)]
pub(crate) struct VocabularyView {
    /// Whether the CV's words are known at all.
    pub(crate) cv_known: bool,
    pub(crate) rows: Listing<VocabularyRow>,
}

#[derive(Debug, Serialize)]
pub(crate) struct VocabularyRow {
    pub(crate) skill: String,
    pub(crate) asked: String,
    pub(crate) asked_pieces: Vec<Piece>,
    /// The CV's words, where it names the skill.
    pub(crate) on_cv: Option<String>,
    pub(crate) link: Option<String>,
}

pub(crate) fn moved_view(moved: &Trending, links: &PageLinks<'_>) -> Moved {
    let week = links.week_name();
    let text = say::moved(moved, week);
    // What is gone has its questions in the week before.
    let shown = match moved.trend {
        Trend::Gone => QuestionFilter::of_week_before(week),
        _ => Some(QuestionFilter::of_week(week)),
    };
    Moved {
        skill: foreign(&moved.skill, NAME),
        mark: say::trend_mark(moved.trend),
        up: moved.trend.grows(),
        text: text.to_string(),
        text_pieces: links.pieces(text),
        link: shown.and_then(|week| links.questions(week.skill(&moved.skill))),
    }
}

pub(crate) fn skill_view(skill: &SkillReport, links: &PageLinks<'_>) -> SkillView {
    let week = links.week_name();
    let newest = skill.weeks.len().saturating_sub(WEEKS);
    let weeks = skill.weeks.get(newest..).unwrap_or_default();
    let highest = weeks.iter().flatten().copied().max().unwrap_or_default().max(1);
    let coverage = say::skill_coverage(skill, week);
    let before = skill.previous.and(QuestionFilter::of_week_before(week));
    SkillView {
        skill: foreign(&skill.skill, NAME),
        queries: number(skill.queries),
        before: skill.previous.map(|before| format!("was {}", number(before))),
        before_link: before.and_then(|week| links.questions(week.skill(&skill.skill))),
        mark: say::trend_mark(skill.trend),
        up: skill.trend.grows(),
        coverage: coverage.to_string(),
        coverage_pieces: links.pieces(coverage),
        bars: weeks.iter().map(|week| week_bar(*week, highest)).collect(),
        weeks: say::weeks(weeks),
        link: links.questions(QuestionFilter::of_week(week).skill(&skill.skill)),
    }
}

fn week_bar(week: Option<u64>, highest: u64) -> WeekBar {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    match week {
        None => WeekBar { height: None, block: '–' },
        Some(0) => WeekBar { height: Some(1), block: '▁' },
        Some(queries) => WeekBar {
            height: Some(bar_share(queries, highest, TALLEST).max(3)),
            block: usize::try_from(bar_share(queries, highest, 7))
                .ok()
                .and_then(|level| BLOCKS.get(level.max(1)))
                .copied()
                .unwrap_or('█'),
        },
    }
}

pub(crate) fn vocabulary(
    vocabulary: &[Vocabulary],
    links: &PageLinks<'_>,
    lengths: Lengths,
) -> VocabularyView {
    let interesting = vocabulary.iter().filter(|entry| entry.tells_something()).collect::<Vec<_>>();
    VocabularyView {
        cv_known: vocabulary.iter().any(|entry| !entry.on_cv.is_empty()),
        rows: listing(interesting.into_iter(), lengths.vocabulary, links, SKILLS, |entry| {
            let about = || QuestionFilter::of_week(links.week_name()).skill(&entry.skill);
            let asked = entry.asked.iter().map(|variant| {
                let text = foreign(&variant.text, WORD);
                let text = format!("{text}\u{a0}{}", number(variant.queries));
                LinkedText::opening(text, about().word(&variant.text))
            });
            let asked = words(asked);
            let on_cv = entry.on_cv.iter().map(|text| LinkedText::plain(foreign(text, WORD)));
            VocabularyRow {
                skill: foreign(&entry.skill, NAME),
                asked: asked.to_string(),
                asked_pieces: links.pieces(asked),
                on_cv: (!entry.on_cv.is_empty()).then(|| words(on_cv).to_string()),
                link: links.questions(about()),
            }
        }),
    }
}

/// The first of the words, and how many others there are.
fn words(words: impl ExactSizeIterator<Item = LinkedText>) -> LinkedText {
    let others = words.len().saturating_sub(WORDS);
    let others = (others > 0).then(|| LinkedText::plain(format!("{others} more")));
    LinkedText::joined(words.take(WORDS).chain(others), ", ")
}
