//! What a person is told of a week, in reading order: every figure and sentence as text, cleaned
//! and cut to a length, so that a form only lays it out. The HTML template's variables are these.

use serde::Serialize;

use crate::gap_view::{self, CalibrationView, FollowedView, GapsView};
use crate::mail_context::{DashboardAddress, MailContext, PageLinks, QuestionFilter};
use crate::report::{
    Action, ActionKind, GapKind, MatchCounts, Report, SkillReport, Trend, Vocabulary,
};
use crate::report_figures::{self, Figure, Opens};
use crate::report_sentences::{self as say, Banner};
use crate::report_words::{days, foreign, number, share};

const WORDS: usize = 4;
const WEEKS: usize = 8;

/// Characters of each foreign text that a mail shows.
pub(crate) const NAME: usize = 48;
pub(crate) const WORD: usize = 28;
pub(crate) const EXAMPLE: usize = 140;
const REASON: usize = 200;

/// Entries of each list that a mail shows; the dashboard and the JSON form have them all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lengths {
    actions: usize,
    moved: usize,
    skills: usize,
    pub(crate) gaps: usize,
    pub(crate) examples: usize,
    pub(crate) followed: usize,
    vocabulary: usize,
}

impl Lengths {
    /// As many as a person reads, then fewer and fewer for a mail whose texts are too large.
    pub(crate) const ALL: [Self; 3] = [
        Self {
            actions: 8,
            moved: 10,
            skills: 15,
            gaps: 10,
            examples: 3,
            followed: 8,
            vocabulary: 8,
        },
        Self { actions: 5, moved: 5, skills: 8, gaps: 6, examples: 2, followed: 4, vocabulary: 4 },
        Self { actions: 3, moved: 3, skills: 4, gaps: 3, examples: 1, followed: 2, vocabulary: 2 },
    ];
}

/// The height of a sparkline's tallest bar, pixels.
const TALLEST: u64 = 24;

/// One week as a person reads it.
#[derive(Debug, Serialize)]
pub(crate) struct ReportView {
    /// `2026-W47`.
    pub(crate) week: String,
    /// `16–22 November 2026`.
    pub(crate) days: String,
    /// What moved and what to do first, in a sentence or two.
    pub(crate) headline: String,
    /// What an inbox shows beside the subject.
    pub(crate) preheader: String,
    /// Why the figures are not whole, above all of them.
    pub(crate) banner: Option<Banner>,
    /// That the week is not over, or that nothing happened, a paragraph each.
    pub(crate) notes: Vec<String>,
    pub(crate) actions: Listing<ActionView>,
    /// Everything that counts something; absent in a week with nothing in it.
    pub(crate) counts: Option<Figures>,
    /// Capture health and deliveries, a line each.
    pub(crate) capture: Vec<Figure>,
    /// What the figures were made from, a line each.
    pub(crate) provenance: Vec<String>,
    /// The week's page on the dashboard; only in a mail.
    pub(crate) week_link: Option<String>,
    /// What became of the weekly mails; only in a mail.
    pub(crate) mail_link: Option<String>,
    /// When the next report comes, as a sentence; only in a mail.
    pub(crate) next_report: Option<String>,
    /// The recipient's way out of the list; only in a mail.
    pub(crate) unsubscribe: Option<String>,
}

/// The shown entries of a list, and the sentence that counts the others.
#[derive(Debug, Serialize)]
pub(crate) struct Listing<T> {
    pub(crate) shown: Vec<T>,
    pub(crate) more: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ActionView {
    pub(crate) title: String,
    pub(crate) why: String,
    pub(crate) evidence: String,
    /// A line to copy.
    pub(crate) suggestion: Option<String>,
    pub(crate) link: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    /// The large numbers.
    pub(crate) totals: Vec<Figure>,
    /// How well the questions were covered; empty where no match type is known.
    pub(crate) coverage: Vec<CoveragePart>,
    pub(crate) coverage_note: String,
    pub(crate) outcomes: Vec<Figure>,
    pub(crate) moved: Listing<Moved>,
    pub(crate) moved_note: Option<String>,
    pub(crate) skills: Listing<SkillView>,
    pub(crate) gaps: GapsView,
    pub(crate) followed: Listing<FollowedView>,
    /// Only where scores and outcomes disagree.
    pub(crate) calibration: Option<CalibrationView>,
    pub(crate) vocabulary: VocabularyView,
    pub(crate) latency: Vec<Figure>,
}

#[derive(Debug, Serialize)]
pub(crate) struct CoveragePart {
    /// `full`, `partial` or `none`.
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
    pub(crate) value: String,
    /// The share in percent, and the week before, where they are known.
    pub(crate) note: Option<String>,
    /// The part of the bar's width, percent; 0 where nothing is drawn.
    pub(crate) width: u64,
    pub(crate) link: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Moved {
    pub(crate) skill: String,
    /// `↑ rising`.
    pub(crate) mark: Option<&'static str>,
    /// Whether it goes up.
    pub(crate) up: bool,
    pub(crate) text: String,
    pub(crate) link: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct SkillView {
    pub(crate) skill: String,
    pub(crate) queries: String,
    /// `was 14`.
    pub(crate) before: Option<String>,
    /// `↑ rising`, where it moved.
    pub(crate) mark: Option<&'static str>,
    pub(crate) up: bool,
    pub(crate) coverage: String,
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
    /// The CV's words, where it names the skill.
    pub(crate) on_cv: Option<String>,
    pub(crate) link: Option<String>,
}

impl ReportView {
    pub(crate) fn of(report: &Report, context: &MailContext, lengths: Lengths) -> Self {
        let links = PageLinks::new(context, &report.week);
        let headline = say::headline(report, NAME);
        let days = days(&report.from, &report.to);
        Self {
            week_link: links.week(),
            mail_link: context.dashboard.as_ref().map(DashboardAddress::mail),
            next_report: context.next_report.and_then(say::next_report),
            unsubscribe: context.unsubscribe.clone(),
            week: foreign(&report.week, 10),
            preheader: headline.clone(),
            headline,
            days,
            banner: say::banner(&report.capture),
            notes: say::notes(report),
            actions: listing(
                report.actions.iter(),
                lengths.actions,
                &links,
                ("action", "actions"),
                |action| ActionView {
                    title: say::action(action, report, NAME),
                    why: say::why(action, REASON),
                    evidence: say::evidence(action),
                    suggestion: action
                        .suggestion
                        .as_ref()
                        .map(|line| foreign(&line.text, NAME + WORD)),
                    link: behind(action, &links),
                },
            ),
            counts: (!report.is_empty()).then(|| Figures::of(report, &links, lengths)),
            capture: links.link(report_figures::capture(report)),
            provenance: report_figures::provenance(&report.provenance),
        }
    }
}

/// The questions behind an action.
fn behind(action: &Action, links: &PageLinks<'_>) -> Option<String> {
    let filter = QuestionFilter::default();
    match action.kind {
        ActionKind::AddOrLearn | ActionKind::FixRetrieval => links.gap(&action.name, None),
        ActionKind::RelaxFilter => links.gap(&action.name, Some(GapKind::Blocked.code())),
        ActionKind::FixFault => {
            links.questions(QuestionFilter { outcome: Some(&action.name), ..filter })
        }
        ActionKind::UseTheirWord => links.skill(&action.name),
        ActionKind::CheckCapture => {
            links.questions(QuestionFilter { outcome: Some("unanswered"), ..filter })
        }
    }
}

impl Figures {
    fn of(report: &Report, links: &PageLinks<'_>, lengths: Lengths) -> Self {
        let (up, down): (Vec<_>, Vec<_>) = report
            .trending
            .iter()
            .filter(|moved| moved.trend.moved())
            .partition(|moved| matches!(moved.trend, Trend::Rising | Trend::New));
        let moved = up.into_iter().chain(down).collect::<Vec<_>>();
        let asked = report.skills.iter().filter(|skill| skill.queries > 0).collect::<Vec<_>>();
        Self {
            totals: links.link(report_figures::totals(report)),
            coverage: coverage(report, links),
            coverage_note: report_figures::coverage_note(report),
            outcomes: links.link(report_figures::outcomes(&report.outcomes)),
            moved_note: say::moved_note(report),
            moved: listing(moved.into_iter(), lengths.moved, links, SKILLS, |moved| Moved {
                skill: foreign(&moved.skill, NAME),
                mark: say::trend_mark(moved.trend),
                up: is_up(moved.trend),
                text: say::moved(moved),
                link: links.skill(&moved.skill),
            }),
            skills: listing(asked.into_iter(), lengths.skills, links, SKILLS, |skill| {
                skill_view(skill, links)
            }),
            gaps: GapsView::of(&report.gaps, links, lengths),
            followed: gap_view::followed(&report.followed, links, lengths),
            calibration: CalibrationView::of(report.calibration.as_ref(), links),
            vocabulary: vocabulary(&report.vocabulary, links, lengths),
            latency: links.link(report_figures::latency(&report.latency_ms)),
        }
    }
}

const SKILLS: (&str, &str) = ("skill", "skills");

/// The first entries, and how many more there are of what has these two names.
pub(crate) fn listing<I: ExactSizeIterator, T>(
    entries: I,
    limit: usize,
    links: &PageLinks<'_>,
    (one, many): (&str, &str),
    view: impl FnMut(I::Item) -> T,
) -> Listing<T> {
    let more = say::more(entries.len().saturating_sub(limit), one, many, links.rest());
    Listing { shown: entries.take(limit).map(view).collect(), more }
}

fn is_up(trend: Trend) -> bool {
    matches!(trend, Trend::Rising | Trend::New)
}

fn coverage(report: &Report, links: &PageLinks<'_>) -> Vec<CoveragePart> {
    let MatchCounts { full, partial, none, .. } = report.matches.this_week;
    let whole = full.saturating_add(partial).saturating_add(none);
    if whole == 0 {
        return Vec::new();
    }
    let previous = report.matches.previous.as_ref();
    let part = |kind, name, value: u64, before: Option<u64>| CoveragePart {
        kind,
        name,
        value: number(value),
        note: say::share_and_before(share(value, whole), before),
        width: if value == 0 { 0 } else { bar_share(value, whole, 100).max(2) },
        link: links.behind(Opens::Match(kind)),
    };
    vec![
        part("full", "fully covered", full, previous.map(|counts| counts.full)),
        part("partial", "partly covered", partial, previous.map(|counts| counts.partial)),
        part("none", "not covered", none, previous.map(|counts| counts.none)),
    ]
}

fn skill_view(skill: &SkillReport, links: &PageLinks<'_>) -> SkillView {
    let newest = skill.weeks.len().saturating_sub(WEEKS);
    let weeks = skill.weeks.get(newest..).unwrap_or_default();
    let highest = weeks.iter().flatten().copied().max().unwrap_or_default().max(1);
    SkillView {
        skill: foreign(&skill.skill, NAME),
        queries: number(skill.queries),
        before: skill.previous.map(|before| format!("was {}", number(before))),
        mark: say::trend_mark(skill.trend),
        up: is_up(skill.trend),
        coverage: say::skill_coverage(skill),
        bars: weeks.iter().map(|week| week_bar(*week, highest)).collect(),
        weeks: say::weeks(weeks),
        link: links.skill(&skill.skill),
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

/// `value` ÷ `whole` × `length`, rounded.
fn bar_share(value: u64, whole: u64, length: u64) -> u64 {
    let twice = u128::from(value) * u128::from(length) * 2 + u128::from(whole);
    u64::try_from(twice / (u128::from(whole.max(1)) * 2)).unwrap_or(length)
}

fn vocabulary(
    vocabulary: &[Vocabulary],
    links: &PageLinks<'_>,
    lengths: Lengths,
) -> VocabularyView {
    let interesting = vocabulary.iter().filter(|entry| entry.tells_something()).collect::<Vec<_>>();
    VocabularyView {
        cv_known: vocabulary.iter().any(|entry| !entry.on_cv.is_empty()),
        rows: listing(interesting.into_iter(), lengths.vocabulary, links, SKILLS, |entry| {
            let asked = entry.asked.iter().map(|variant| (&variant.text, Some(variant.queries)));
            let on_cv = entry.on_cv.iter().map(|text| (text, None));
            VocabularyRow {
                skill: foreign(&entry.skill, NAME),
                asked: words(asked),
                on_cv: (!entry.on_cv.is_empty()).then(|| words(on_cv)),
                link: links.skill(&entry.skill),
            }
        }),
    }
}

fn words<'a>(words: impl ExactSizeIterator<Item = (&'a String, Option<u64>)>) -> String {
    let others = words.len().saturating_sub(WORDS);
    let mut shown = words
        .take(WORDS)
        .map(|(text, queries)| {
            let text = foreign(text, WORD);
            queries.map_or(text.clone(), |queries| format!("{text}\u{a0}{}", number(queries)))
        })
        .collect::<Vec<_>>();
    if others > 0 {
        shown.push(format!("{others} more"));
    }
    shown.join(", ")
}
