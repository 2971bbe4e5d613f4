//! The report's words for other pages than its own: one wording wherever a week is told.

use serde::Serialize;

use crate::report::{
    Action, Capture, Gap, GapKind, GapMark, Latency, Outcomes, Provenance, Report, SkillReport,
    Trend, Trending, Vocabulary,
};
use crate::report_figures::{self, Figure};
use crate::{report_sentences as say, report_words};

/// Characters of another's name that a page shows.
const NAME: usize = 80;
/// Characters of a reason.
const REASON: usize = 300;

/// A title and a text, as of a warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Titled {
    /// The title.
    pub title: String,
    /// The text.
    pub text: String,
}

/// A figure with its name and a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// What it is.
    pub name: &'static str,
    /// The figure.
    pub value: String,
    /// What stands beside it.
    pub note: Option<String>,
}

impl From<Figure> for Named {
    fn from(Figure { name, value, note }: Figure) -> Self {
        Self { name, value, note }
    }
}

fn named(figures: Vec<Figure>) -> Vec<Named> {
    figures.into_iter().map(Named::from).collect()
}

/// What moved most and what to do first.
pub fn headline(report: &Report) -> String {
    say::headline(report, NAME)
}

/// The warning above the figures of a week whose halves do not meet.
pub fn banner(capture: &Capture) -> Option<Titled> {
    say::banner(capture).map(|banner| Titled { title: banner.title, text: banner.text })
}

/// That the week is not over, and that nothing happened.
pub fn notes(report: &Report) -> Vec<String> {
    say::notes(report)
}

/// What to do, as a heading; why, as a sentence; and how many questions stand behind it.
pub fn action(action: &Action, report: &Report) -> (String, String, String) {
    (say::action(action, report, NAME), say::why(action, REASON), say::evidence(action))
}

/// The large numbers.
pub fn totals(report: &Report) -> Vec<Named> {
    named(report_figures::totals(report))
}

/// What the bar of covered questions leaves out.
pub fn coverage_note(report: &Report) -> String {
    report_figures::coverage_note(report)
}

/// How the handlings ended.
pub fn outcomes(outcomes: &Outcomes) -> Vec<Named> {
    named(report_figures::outcomes(outcomes))
}

/// How long the answers took.
pub fn latency(latency: &Latency) -> Vec<Named> {
    named(report_figures::latency(latency))
}

/// Capture health and deliveries.
pub fn capture(report: &Report) -> Vec<Named> {
    named(report_figures::capture(report))
}

/// What the figures were made from.
pub fn provenance(provenance: &Provenance) -> Vec<String> {
    report_figures::provenance(provenance)
}

/// Every gap kind in reading order, with its plain name and what it means.
pub fn gap_kinds() -> &'static [(GapKind, &'static str, &'static str)] {
    &say::GAP_KINDS
}

/// How often a gap was asked for and since when.
pub fn gap_evidence(gap: &Gap) -> String {
    say::gap_evidence(gap)
}

/// What the owner said of a gap.
pub fn gap_mark(mark: GapMark) -> &'static str {
    say::gap_mark(mark)
}

/// The arrow and the word of a skill that moved; nothing else has an arrow.
pub fn trend_mark(trend: Trend) -> Option<&'static str> {
    say::trend_mark(trend)
}

/// The figures of a skill that moved.
pub fn moved(moved: &Trending) -> String {
    say::moved(moved)
}

/// Why nothing moved, where nothing did.
pub fn moved_note(report: &Report) -> Option<String> {
    say::moved_note(report)
}

/// How well a skill's questions were covered.
pub fn skill_coverage(skill: &SkillReport) -> String {
    say::skill_coverage(skill)
}

/// The skills that come up in the same questions.
pub fn asked_with(gap: &Gap, most: usize) -> Option<String> {
    let names: Vec<String> = gap.related.iter().take(most).map(|name| line(name, NAME)).collect();
    say::asked_with(&names)
}

/// Whether the words for a skill are worth a row: more than one, or another than the CV's.
pub fn tells_something(words: &Vocabulary) -> bool {
    crate::report_view::is_interesting(words)
}

/// A number with commas between thousands.
pub fn number(value: u64) -> String {
    report_words::number(value)
}

/// The number with its noun.
pub fn counted(value: u64, one: &str, many: &str) -> String {
    report_words::counted(value, one, many)
}

/// The share of the whole in percent; `None` where the whole is too small for one.
pub fn share(part: u64, whole: u64) -> Option<String> {
    report_words::share(part, whole)
}

/// A rate as percent.
pub fn rate(value: f64) -> String {
    report_words::rate(value)
}

/// A duration as a person says it.
pub fn duration(millis: u64) -> String {
    report_words::duration(millis)
}

/// The first and the last day of a week, from its first moment and the first after it.
pub fn days(from: &str, to: &str) -> String {
    report_words::days(from, to)
}

/// Text that somebody else wrote, fit for one line of at most `limit` columns.
pub fn line(text: &str, limit: usize) -> String {
    report_words::foreign(text, limit)
}
