//! A week's report as the page shows it: the report's words and figures, each with the address of
//! the questions behind it. Nothing is counted here.

mod figures;
mod gaps;
mod scores;
mod skills;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::report::{Action, ActionKind, Provenance, Report};
use cv_analytics_insights::report_figures;
use cv_analytics_insights::report_sentences::{self as say, Banner};
use cv_analytics_insights::report_words::{days, foreign as line, number, rate};
use serde::Serialize;

use self::figures::Figures;
use self::gaps::{FollowedView, GapKindView};
pub(crate) use self::gaps::{MARKS, asked_to_close, id as gap_id};
use self::scores::ScoresView;
use self::skills::SkillsView;
use crate::charts::Cell;
use crate::question_query::questions_of;
use crate::reports::WeekReport;
use crate::weeks::{WeekChoice, choices};

/// Characters of another's name, and of a reason.
const NAME: usize = 80;
const REASON: usize = 300;

/// A figure, its name, and the questions behind it.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) note: Option<String>,
    pub(crate) href: Option<String>,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct WeekView {
    week: String,
    days: String,
    weeks: Vec<WeekChoice>,
    previous: Option<String>,
    next: Option<String>,
    banner: Option<Banner>,
    /// `99.1 %` of the interactions are whole.
    join_rate: Option<String>,
    capture: Vec<Figure>,
    headline: String,
    notes: Vec<String>,
    first: Option<ActionView>,
    actions: Vec<ActionView>,
    /// Everything that counts something; absent in a week with nothing in it.
    figures: Option<Figures>,
    skills: Option<SkillsView>,
    gaps: Vec<GapKindView>,
    followed: Vec<FollowedView>,
    scores: Option<ScoresView>,
    left_out: Vec<LeftOutView>,
    provenance: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ActionView {
    title: String,
    why: String,
    evidence: String,
    href: Option<String>,
    /// A line to copy.
    suggestion: Option<String>,
}

/// Interactions that count in no figure, and why.
#[derive(Debug, Serialize)]
struct LeftOutView {
    count: Cell,
    why: &'static str,
}

impl WeekView {
    pub(crate) fn of(made: &WeekReport, week: IsoWeek, weeks: &[IsoWeek], now: Timestamp) -> Self {
        let report = &made.report;
        let address = |week: IsoWeek| format!("/weeks/{week}");
        let mut actions =
            report.actions.iter().map(|action| ActionView::of(action, report)).collect::<Vec<_>>();
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
            banner: say::banner(&report.capture),
            join_rate: report.capture.join_rate.map(rate),
            capture: figures::capture(report),
            headline: if report.is_empty() {
                say::headline(report, NAME)
            } else {
                say::insight(report, NAME)
            },
            notes: say::notes(report),
            first,
            actions,
            figures: (!report.is_empty()).then(|| Figures::of(report)),
            skills: (!report.is_empty()).then(|| SkillsView::of(report, week)),
            gaps: gaps::kinds(report),
            followed: gaps::followed(report),
            scores: ScoresView::of(report),
            left_out: left_out(&report.provenance, &report.week),
            provenance: report_figures::provenance(&report.provenance),
        }
    }
}

impl ActionView {
    fn of(action: &Action, report: &Report) -> Self {
        Self {
            title: say::action(action, report, NAME),
            why: say::why(action, REASON),
            evidence: say::evidence(action),
            href: evidence_href(action, report),
            suggestion: action.suggestion.as_ref().map(|copy| line(&copy.text, REASON)),
        }
    }
}

/// Every reason for which interactions were left out.
fn left_out(provenance: &Provenance, week: &str) -> Vec<LeftOutView> {
    let by = &provenance.excluded_by;
    let reasons = [
        (by.own, "own", "your own tests"),
        (by.bots, "bot", "known bots"),
        (by.canaries, "canary", "this program’s own checks"),
        (by.listed, "listed", "on your list of exclusions"),
    ];
    let reason = |(count, code, why): (u64, &str, &'static str)| LeftOutView {
        count: Cell { value: number(count), href: Some(questions_of(week, &[("left-out", code)])) },
        why,
    };
    reasons.into_iter().filter(|(count, ..)| *count > 0).map(reason).collect()
}

/// The questions that an action rests on.
fn evidence_href(action: &Action, report: &Report) -> Option<String> {
    let of = |filters: &[(&str, &str)]| Some(questions_of(&report.week, filters));
    let name = action.name.as_str();
    match action.kind {
        ActionKind::CheckCapture => of(&[("half", "one")]),
        ActionKind::FixFault => of(&[("outcome", name)]),
        ActionKind::UseTheirWord => {
            let words = report.vocabulary.iter().find(|words| words.skill == name)?;
            let count = action.evidence.queries;
            let word = words.asked.iter().find(|word| {
                word.queries == count
                    && action.why.contains(&format!("\u{201c}{}\u{201d}", word.text))
            })?;
            of(&[("skill", name), ("word", &word.text)])
        }
        ActionKind::AddOrLearn | ActionKind::FixRetrieval | ActionKind::RelaxFilter => {
            let gap = report.gaps.iter().find(|gap| {
                gap.name == name
                    && gap.queries == action.evidence.queries
                    && gaps::leads_to(gap) == Some(action.kind)
            })?;
            Some(gaps::address(gap, report))
        }
    }
}
