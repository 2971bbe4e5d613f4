//! Gaps in words: their kinds, the owner's marks, and what became of the gaps that the owner closes.

use cv_analytics_core::event::{MatchType, Outcome};

use super::{FAILED_OR_UNANSWERED, STOPPED_OR_OUTSIDE_HOURS, outcome_words};
use crate::model::{
    GapKind, ResponseOutcomes, Thumbs, TrackedCounts, TrackedGap, TrackedState, WEEKS,
};
use crate::questions::filter::QuestionFilter;
use crate::questions::parameters::Handled;
use crate::view::context::ViewContext;
use crate::view::links::text::LinkedText;
use crate::view::text::{listed, number};

/// Every gap kind in reading order, those first that the owner fixes in the CV, with its plain name and what it means.
pub const GAP_KINDS: [(GapKind, &str, &str); 6] = [
    (GapKind::NotOnCv, "Not on your CV", "Your CV's skill list does not name it."),
    (
        GapKind::NotRetrieved,
        "On your CV, but not found",
        "Your CV's skill list names it, but your agent has no answer.",
    ),
    (
        GapKind::Unmatched,
        "Not covered",
        "Your agent has no answer. Import your CV's skill list to see what it lacks.",
    ),
    (GapKind::NoAnswer, "No answer", "Your agent has no answer about it."),
    (
        GapKind::Fault,
        FAILED_OR_UNANSWERED,
        "A quota, the model or an error stopped the answer, or none arrived.",
    ),
    (
        GapKind::Blocked,
        STOPPED_OR_OUTSIDE_HOURS,
        "A filter stopped the question, or it came outside your agent's hours.",
    ),
];

/// The plain name of a gap kind.
pub fn kind_name(kind: GapKind) -> &'static str {
    GAP_KINDS.iter().find(|(known, ..)| *known == kind).map_or(kind.code(), |(_, name, _)| name)
}

pub(in crate::view) fn kind_meaning(kind: GapKind) -> &'static str {
    GAP_KINDS.iter().find(|(known, ..)| *known == kind).map_or("", |(.., meaning)| meaning)
}

/// The plain name of a gap kind in this week: only a filter or only the hours may have stopped its questions.
pub(in crate::view) fn kind_name_in(kind: GapKind, week: &ResponseOutcomes) -> &'static str {
    match (kind, week.blocked, week.off_hours) {
        (GapKind::Blocked, 1.., 0) => outcome_words(Some(Outcome::Blocked)),
        (GapKind::Blocked, 0, 1..) => outcome_words(Some(Outcome::OffHours)),
        _ => kind_name(kind),
    }
}

/// Visitors' thumbs: `2 up, 5 down`.
pub(in crate::view) fn thumbs(thumbs: Thumbs) -> String {
    format!("{} up, {} down", number(thumbs.up), number(thumbs.down))
}

/// For how many weeks in a row there is a gap: `open for 3 weeks`, `open for 8 weeks or more`; `None` for a first week.
pub fn open_for(weeks: u32) -> Option<String> {
    let or_more = if weeks >= u32::from(WEEKS) { " or more" } else { "" };
    (weeks > 1).then(|| format!("open for {weeks} weeks{or_more}"))
}

/// The skills that come up in the same questions.
pub(in crate::view) fn asked_with(related: &[String]) -> Option<String> {
    (!related.is_empty()).then(|| format!("Asked together with {}", listed(related)))
}

/// How a tracked gap stands, in a word or two.
pub const fn tracked_state(state: TrackedState) -> &'static str {
    match state {
        TrackedState::Reopened => "open again",
        TrackedState::Closed => "closed",
        TrackedState::Waiting => "waiting",
        TrackedState::Learning => "learning",
    }
}

/// What is still not covered of a gap that fails again: `27 of 49 not covered in full`.
fn uncovered(counts: TrackedCounts, about: &QuestionFilter, at: &ViewContext<'_>) -> LinkedText {
    let uncovered = at.count(counts.unmatched, about.clone().handled(Handled::Unmatched));
    let asked = at.count(counts.asked, about.clone());
    LinkedText::filled("{} of {} not covered in full", [uncovered, asked])
}

/// How these questions were answered: `6 of 7 answered`, `none of 10 answered in full (6 in part)`.
fn answered(counts: TrackedCounts, about: &QuestionFilter, at: &ViewContext<'_>) -> LinkedText {
    let fully = match counts.answered {
        0 => "none".into(),
        fully => at.count(fully, about.clone().handled(Handled::Well)),
    };
    let asked = at.count(counts.asked, about.clone());
    if counts.partly == 0 {
        return LinkedText::filled("{} of {} answered", [fully, asked]);
    }
    let partly = about.clone().handled(Handled::Unmatched).coverage(MatchType::Partial);
    let partly = at.count(counts.partly, partly);
    LinkedText::filled("{} of {} answered in full ({} in part)", [fully, asked, partly])
}

/// How a tracked gap's questions were answered before the mark and since:
/// `none of 9 answered before; 6 of 7 answered in the 3 weeks since you added it`. One that fails again says since
/// when, and what fails.
pub(in crate::view) fn since_marked(gap: &TrackedGap, at: &ViewContext<'_>) -> LinkedText {
    let fared = if gap.state == TrackedState::Reopened { uncovered } else { answered };
    let learning = gap.state == TrackedState::Learning;
    let did = if learning { "began to learn it" } else { "added it" };
    let eight_weeks = || at.this_week().eight_weeks().about(&gap.name);
    let before = gap.before.filter(|counts| counts.asked > 0).zip(gap.since.as_deref());
    let before = before.map(|(counts, since)| {
        let when = if gap.weeks_since == 0 { " so far; " } else { " before; " };
        fared(counts, &eight_weeks().until(since), at).text(when)
    });
    let before = before.unwrap_or_default();
    if gap.weeks_since == 0 {
        return before.text(format!("you {did} after this week"));
    }
    let when = match (gap.since.is_some(), gap.weeks_since) {
        (false, _) => "in the last 8 weeks".to_owned(),
        (true, 1) => format!("since you {did} this week"),
        (true, weeks) => format!("in the {weeks} weeks since you {did}"),
    };
    let again =
        gap.reopened_in.as_ref().map(|week| format!("fails again since {}; ", at.word(week)));
    let before = LinkedText::from(again.unwrap_or_default()).append(before);
    if gap.after.asked == 0 {
        return before.text(format!("nobody asked {when}"));
    }
    let after = match gap.since.as_deref() {
        Some(since) => eight_weeks().since(since),
        None => eight_weeks(),
    };
    before.append(fared(gap.after, &after, at)).text(format!(" {when}"))
}
