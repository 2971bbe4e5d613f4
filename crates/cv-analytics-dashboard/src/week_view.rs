//! A week's report as the page shows it: the report's words and figures, each with the address of
//! the questions behind it. Nothing is counted here.

mod figures;
mod gaps;
mod scores;
mod skills;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::linked_text::{LinkedText, Piece};
use cv_analytics_insights::model::Action;
use cv_analytics_insights::questions::filter::QuestionFilter;
use cv_analytics_insights::report_figures::{self, Figure};
use cv_analytics_insights::report_sentences as say;
use cv_analytics_insights::report_words::{days, foreign as line, rate};
use serde::Serialize;

use self::figures::Figures;
use self::gaps::{FollowedView, GapKindView};
pub(crate) use self::gaps::{asked_to_close, id as gap_id};
use self::scores::ScoresView;
use self::skills::SkillsView;
use crate::charts::Cell;
use crate::reports::WeekReport;
use crate::weeks::{WeekChoice, choices};

/// Characters of another's name, and of a reason.
const NAME: usize = 80;
const REASON: usize = 300;

/// The pieces of a text with their addresses.
fn pieces(text: LinkedText) -> Vec<Piece> {
    text.pieces(|opens| Some(opens.path()))
}

/// A figure with the address of its questions.
fn cell(value: String, opens: impl Into<Option<QuestionFilter>>) -> Cell {
    Cell { value, href: opens.into().map(|filter| filter.path()) }
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct WeekView {
    week: String,
    days: String,
    weeks: Vec<WeekChoice>,
    previous: Option<String>,
    next: Option<String>,
    banner: Option<BannerView>,
    /// `99.1 %` of the interactions are whole.
    join_rate: Option<String>,
    capture: Vec<Figure>,
    headline: Vec<Piece>,
    notes: Vec<String>,
    first: Option<ActionView>,
    actions: Vec<ActionView>,
    /// Everything that counts something; absent in a week with nothing in it.
    figures: Option<Figures>,
    skills: Option<SkillsView>,
    gaps: Vec<GapKindView>,
    followed: Vec<FollowedView>,
    scores: Option<ScoresView>,
    provenance: Vec<Vec<Piece>>,
}

/// A warning above the figures.
#[derive(Debug, Serialize)]
struct BannerView {
    title: String,
    text: Vec<Piece>,
}

#[derive(Debug, Serialize)]
struct ActionView {
    title: String,
    why: String,
    evidence: Vec<Piece>,
    /// A line to copy.
    suggestion: Option<String>,
}

impl WeekView {
    pub(crate) fn of(made: &WeekReport, week: IsoWeek, weeks: &[IsoWeek], now: Timestamp) -> Self {
        let report = &made.report;
        let address = |week: IsoWeek| format!("/weeks/{week}");
        let mut actions = report
            .actions
            .iter()
            .map(|action| ActionView::of(action, &report.week))
            .collect::<Vec<_>>();
        let first = (!actions.is_empty()).then(|| actions.remove(0));
        Self {
            week: week.to_string(),
            days: days(&report.from, &report.to),
            weeks: choices(weeks, week),
            previous: weeks
                .first()
                .filter(|first| **first < week)
                .map(|_| address(week.earlier(1))),
            next: (week < IsoWeek::containing(now)).then(|| address(week.later(1))),
            banner: say::banner(report)
                .map(|banner| BannerView { title: banner.title, text: pieces(banner.text) }),
            join_rate: report.capture.join_rate.map(rate),
            capture: figures::capture(report),
            headline: pieces(say::headline(report, NAME)),
            notes: say::notes(report),
            first,
            actions,
            figures: (!report.is_empty()).then(|| Figures::of(report)),
            skills: (!report.is_empty()).then(|| SkillsView::of(report, week)),
            gaps: gaps::kinds(report),
            followed: gaps::followed(report),
            scores: ScoresView::of(report),
            provenance: report_figures::provenance(report).into_iter().map(pieces).collect(),
        }
    }
}

impl ActionView {
    fn of(action: &Action, week: &str) -> Self {
        Self {
            title: say::action(action, NAME),
            why: say::why(action, REASON),
            evidence: pieces(say::evidence(action, week)),
            suggestion: action.suggestion.as_ref().map(|copy| line(&copy.text, REASON)),
        }
    }
}
