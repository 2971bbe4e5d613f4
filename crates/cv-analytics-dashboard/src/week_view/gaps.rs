//! Gaps by kind, each with its questions and the owner's mark, and how those that were closed fare.

use cv_analytics_insights::report::{
    Action, ActionKind, FollowState, FollowedGap, Gap, GapKind, GapMark, GapType, Report,
};
use cv_analytics_insights::report_sentences as say;
use cv_analytics_insights::report_words::{foreign as line, number};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::charts::Cell;
use crate::gap_marking::{MarkButton, buttons};
use crate::question_query::{questions_of, type_code};

/// Skills that are named beside a gap.
const RELATED: usize = 5;
/// Gaps of a kind that are open to the eye; the others unfold.
const SHOWN: usize = 10;
const NAME: usize = 80;

const OPEN_AGAIN: (&str, &str) =
    ("Open again", "You marked it as being on your CV, yet nothing matches.");
const NOT_YOURS: (&str, &str) = ("Not yours", "You said so: nothing to do.");

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
    marks: Vec<MarkButton>,
    marked: bool,
    /// Cards of this gap, one a kind, where there are several: a mark holds for them all.
    cards: Option<usize>,
}

/// A gap that the owner closes.
#[derive(Debug, Serialize)]
pub(super) struct FollowedView {
    name: Cell,
    state: &'static str,
    good: bool,
    text: String,
}

/// The marks with their names.
pub(crate) const MARKS: [(GapMark, &str); 4] = [
    (GapMark::HaveIt, "On my CV now"),
    (GapMark::Learning, "Learning it"),
    (GapMark::NotMine, "Not mine"),
    (GapMark::Noise, "No gap"),
];

/// The gaps of the report: those that are open again, then by kind (those that the owner mends in
/// the CV first), and last what is not the owner's.
pub(super) fn kinds(report: &Report) -> Vec<GapKindView> {
    let group = |(title, meaning), of: &dyn Fn(&Gap) -> bool| {
        let gaps = report.gaps.iter().filter(|gap| of(gap));
        let mut first: Vec<GapView> = gaps.map(|gap| view(gap, report)).collect();
        let others = first.split_off(first.len().min(SHOWN));
        (!first.is_empty()).then_some(GapKindView { title, meaning, first, others })
    };
    let not_mine = |gap: &Gap| gap.mark == Some(GapMark::NotMine);
    let again = group(OPEN_AGAIN, &|gap| gap.reopened);
    let by_kind = say::GAP_KINDS.iter().filter_map(|(kind, title, meaning)| {
        group((title, meaning), &|gap| gap.kind == *kind && !gap.reopened && !not_mine(gap))
    });
    let quiet = group(NOT_YOURS, &|gap| not_mine(gap) && !gap.reopened);
    again.into_iter().chain(by_kind).chain(quiet).collect()
}

fn view(gap: &Gap, report: &Report) -> GapView {
    let cards = report.gaps.iter().filter(|other| other.name == gap.name).count();
    let is_theirs = gap.mark == Some(GapMark::NotMine);
    let related: Vec<String> =
        gap.related.iter().take(RELATED).map(|name| line(name, NAME)).collect();
    GapView {
        id: id(gap),
        key: gap.name.clone(),
        name: line(&gap.name, NAME),
        is_topic: gap.gap_type == GapType::Topic,
        queries: Cell { value: number(gap.queries), href: Some(address(gap, report)) },
        evidence: say::gap_evidence(gap),
        examples: gap.examples.iter().filter(|_| !is_theirs).map(|text| line(text, 200)).collect(),
        related: say::asked_with(&related),
        marks: buttons(gap.mark),
        marked: gap.mark.is_some(),
        cards: (cards > 1).then_some(cards),
    }
}

/// Where a gap's card lies on the page, the same as long as it is that gap.
pub(crate) fn id(gap: &Gap) -> String {
    let named = [type_code(gap.gap_type), gap.kind.code(), &gap.name].join("/");
    let mut digits = hex::encode(Sha256::digest(named));
    digits.truncate(12);
    format!("gap-{digits}")
}

/// The gap that `action` asks to close.
pub(crate) fn asked_to_close<'r>(action: &Action, report: &'r Report) -> Option<&'r Gap> {
    report.gaps.iter().find(|gap| gap.name == action.name && leads_to(gap) == Some(action.kind))
}

/// The questions of a gap.
pub(super) fn address(gap: &Gap, report: &Report) -> String {
    let filters =
        [("gap", gap.name.as_str()), ("type", type_code(gap.gap_type)), ("kind", gap.kind.code())];
    questions_of(&report.week, &filters)
}

/// How the gaps fare that the owner marked.
pub(super) fn followed(report: &Report) -> Vec<FollowedView> {
    let view = |gap: &FollowedGap| FollowedView {
        name: Cell {
            value: line(&gap.name, NAME),
            // Answered questions are no part of a topic's gap.
            href: (gap.gap_type == GapType::Skill)
                .then(|| questions_of(&report.week, &[("weeks", "8"), ("skill", &gap.name)])),
        },
        state: say::follow_state(gap.state),
        good: gap.state == FollowState::Closed,
        text: say::since_marked(gap),
    };
    report.followed.iter().map(view).collect()
}

/// The action that a gap leads to.
pub(super) const fn leads_to(gap: &Gap) -> Option<ActionKind> {
    match gap.kind {
        // It was added to the CV since, and is not found there.
        GapKind::NotOnCv | GapKind::Unmatched if gap.reopened => Some(ActionKind::FixRetrieval),
        GapKind::NotOnCv | GapKind::Unmatched => Some(ActionKind::AddOrLearn),
        GapKind::NotRetrieved => Some(ActionKind::FixRetrieval),
        GapKind::Blocked => Some(ActionKind::RelaxFilter),
        GapKind::Fault => None,
    }
}
