//! A week's report as the page shows it: the report's words and figures, each with the address of
//! the questions behind it. Nothing is counted here.

mod figures;
mod gaps;
mod skills;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::page_words::{self as say, Titled};
use cv_analytics_insights::report::{Action, ActionKind, Report};
use serde::Serialize;

use self::figures::Figures;
use self::gaps::GapKindView;
pub(crate) use self::gaps::MARKS;
use self::skills::SkillsView;
use crate::charts::Cell;
use crate::question_query::{kind_code, questions_of, type_code};
use crate::reports::WeekReport;
use crate::weeks::{WeekChoice, choices};

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
    banner: Option<Titled>,
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
    left_out: Cell,
    provenance: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ActionView {
    title: String,
    why: String,
    evidence: String,
    href: Option<String>,
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
            days: say::days(&report.from, &report.to),
            weeks: choices(weeks, week),
            previous: weeks
                .first()
                .filter(|first| **first < week)
                .map(|_| address(week.earlier(1))),
            next: (week < IsoWeek::containing(now)).then(|| address(week.later(1))),
            banner: say::banner(&report.capture),
            join_rate: report.capture.join_rate.map(say::rate),
            capture: figures::capture(report),
            headline: say::headline(report),
            notes: say::notes(report),
            first,
            actions,
            figures: (!report.is_empty()).then(|| Figures::of(made)),
            skills: (!report.is_empty()).then(|| SkillsView::of(report, week)),
            gaps: gaps::kinds(report),
            left_out: Cell {
                value: say::number(report.provenance.excluded),
                href: Some(questions_of(&report.week, &[("left-out", "any")])),
            },
            provenance: say::provenance(&report.provenance),
        }
    }
}

impl ActionView {
    fn of(action: &Action, report: &Report) -> Self {
        let (title, why, evidence) = say::action(action, report);
        Self { title, why, evidence, href: evidence_href(action, report) }
    }
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
                    && gaps::leads_to(gap.kind) == Some(action.kind)
            })?;
            of(&[("gap", name), ("type", type_code(gap.gap_type)), ("kind", kind_code(gap.kind))])
        }
    }
}
