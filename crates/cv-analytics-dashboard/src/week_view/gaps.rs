//! Gaps by kind, each with its questions and the owner's mark.

use cv_analytics_insights::page_words as say;
use cv_analytics_insights::report::{ActionKind, Gap, GapKind, GapMark, GapType, Report};
use serde::Serialize;

use crate::charts::Cell;
use crate::question_query::{kind_code, questions_of, type_code};

/// Skills that are named beside a gap.
const RELATED: usize = 5;
/// Gaps of a kind that are open to the eye; the others unfold.
const SHOWN: usize = 10;

#[derive(Debug, Serialize)]
pub(super) struct GapKindView {
    title: &'static str,
    meaning: &'static str,
    first: Vec<GapView>,
    others: Vec<GapView>,
}

#[derive(Debug, Serialize)]
struct GapView {
    id: String,
    /// As it is written in forms.
    key: String,
    name: String,
    is_topic: bool,
    queries: Cell,
    evidence: String,
    examples: Vec<String>,
    related: Option<String>,
    marks: Vec<MarkView>,
    marked: bool,
}

/// A button.
#[derive(Debug, Serialize)]
struct MarkView {
    code: &'static str,
    name: &'static str,
    set: bool,
}

/// The marks with their codes and names.
pub(crate) const MARKS: [(GapMark, &str, &str); 4] = [
    (GapMark::HaveIt, "have-it", "It is on my CV now"),
    (GapMark::Learning, "learning", "I am learning it"),
    (GapMark::NotMine, "not-mine", "Not what I do"),
    (GapMark::Noise, "noise", "No gap: leave it out"),
];

/// The gaps of the report, the kinds that the owner mends in the CV first.
pub(super) fn kinds(report: &Report) -> Vec<GapKindView> {
    let kind = |(kind, title, meaning): &(GapKind, &'static str, &'static str)| {
        let gaps = report.gaps.iter().filter(|gap| gap.kind == *kind);
        let mut first: Vec<GapView> = gaps.map(|gap| view(gap, report)).collect();
        let others = first.split_off(first.len().min(SHOWN));
        (!first.is_empty()).then_some(GapKindView { title, meaning, first, others })
    };
    say::gap_kinds().iter().filter_map(kind).collect()
}

fn view(gap: &Gap, report: &Report) -> GapView {
    let place = report.gaps.iter().position(|other| std::ptr::eq(other, gap));
    let (kind, gap_type) = (kind_code(gap.kind), type_code(gap.gap_type));
    GapView {
        id: format!("gap-{}", place.unwrap_or_default()),
        key: gap.name.clone(),
        name: say::line(&gap.name, 80),
        is_topic: gap.gap_type == GapType::Topic,
        queries: Cell {
            value: say::number(gap.queries),
            href: Some(questions_of(
                &report.week,
                &[("gap", &gap.name), ("type", gap_type), ("kind", kind)],
            )),
        },
        evidence: say::gap_evidence(gap),
        examples: gap.examples.iter().map(|text| say::line(text, 200)).collect(),
        related: say::asked_with(gap, RELATED),
        marks: MARKS
            .iter()
            .map(|(mark, code, name)| MarkView { code, name, set: gap.mark == Some(*mark) })
            .collect(),
        marked: gap.mark.is_some(),
    }
}

/// The action that a gap of this kind leads to.
pub(super) const fn leads_to(kind: GapKind) -> Option<ActionKind> {
    match kind {
        GapKind::NotOnCv | GapKind::Unmatched => Some(ActionKind::AddOrLearn),
        GapKind::NotRetrieved => Some(ActionKind::FixRetrieval),
        GapKind::Blocked => Some(ActionKind::RelaxFilter),
        GapKind::Fault => None,
    }
}
