//! What a report says of gaps: their kinds and groups, the owner's marks and what became of them, and
//! where the agent's own score misleads.

use crate::linked_text::LinkedText;
use crate::model::{
    Calibration, Disagreement, FollowCounts, FollowState, FollowedGap, Gap, GapKind, GapMark,
};
use crate::questions::filter::QuestionFilter;
use crate::report_words::{asked, foreign, listed, number, questions};

/// Every gap kind in reading order, with its plain name and what it means.
pub const GAP_KINDS: [(GapKind, &str, &str); 5] = [
    (GapKind::NotOnCv, "Not on your CV", "Nothing matched, and your CV does not name it."),
    (
        GapKind::NotRetrieved,
        "On your CV, but not found",
        "Your CV names it, yet the agent found nothing to answer with.",
    ),
    (
        GapKind::Unmatched,
        "Nothing matched",
        "The agent found nothing to answer with. With your CV’s skill list the report could tell \
         what is missing from what is only not found.",
    ),
    (GapKind::Fault, "The agent failed", "A quota, the model or an error, or no answer came."),
    (GapKind::Blocked, "Turned away", "A filter or the time of day refused the question."),
];

/// The plain name of a gap kind.
pub fn gap_kind_name(kind: GapKind) -> &'static str {
    GAP_KINDS.iter().find(|(known, ..)| *known == kind).map_or(kind.code(), |(_, name, _)| name)
}

const OPEN_AGAIN: (&str, &str) =
    ("Open again", "You marked it “On my CV now”, yet nothing matches.");
const NOT_MINE: (&str, &str) =
    ("Not yours", "You marked it “Not mine”: listed for completeness, and nothing to do.");

/// Gaps that stand together under one heading.
#[derive(Debug)]
pub struct GapGroup<T> {
    /// The heading.
    pub title: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Whether the owner has nothing to do with them.
    pub is_quiet: bool,
    /// The gaps, in the order in which they came.
    pub gaps: Vec<T>,
}

/// The gaps in the order in which they are told: those that are open again, then by kind (the kinds
/// that the owner mends in the CV first), and last what is not the owner's.
pub fn gap_groups<T>(gaps: Vec<T>, gap: impl Fn(&T) -> &Gap) -> Vec<GapGroup<T>> {
    let group = |(title, meaning): (&'static str, &'static str)| GapGroup {
        title,
        meaning,
        is_quiet: false,
        gaps: Vec::new(),
    };
    let mut again = group(OPEN_AGAIN);
    let mut by_kind = GAP_KINDS.map(|(kind, title, meaning)| (kind, group((title, meaning))));
    let mut quiet = GapGroup { is_quiet: true, ..group(NOT_MINE) };
    for one in gaps {
        let Gap { kind, mark, reopened, .. } = gap(&one);
        if *reopened {
            again.gaps.push(one);
        } else if *mark == Some(GapMark::NotMine) {
            quiet.gaps.push(one);
        } else if let Some((_, group)) = by_kind.iter_mut().find(|(known, _)| known == kind) {
            group.gaps.push(one);
        }
    }
    let by_kind = by_kind.into_iter().map(|(_, group)| group);
    let groups = std::iter::once(again).chain(by_kind).chain([quiet]);
    groups.filter(|group| !group.gaps.is_empty()).collect()
}

/// How often and since when.
pub fn gap_evidence(gap: &Gap, week: &str) -> LinkedText {
    let own = QuestionFilter::of_week(week).gap(&gap.name, gap.gap_type, gap.kind);
    let evidence = LinkedText::opening(asked(gap.queries, gap.sessions), own);
    let unknown = if gap.sessions.is_none() { " (conversations not collected)" } else { "" };
    match gap.weeks_running {
        0 | 1 => evidence.say(unknown),
        weeks => evidence.say(format!("{unknown}; {weeks} weeks running")),
    }
}

/// The skills that come up in the same questions.
pub fn asked_with(related: &[String]) -> Option<String> {
    (!related.is_empty()).then(|| format!("Asked together with {}", listed(related)))
}

/// Every mark with its name, on buttons and in sentences.
pub const GAP_MARKS: [(GapMark, &str); 4] = [
    (GapMark::HaveIt, "On my CV now"),
    (GapMark::Learning, "Learning it"),
    (GapMark::NotMine, "Not mine"),
    (GapMark::Noise, "No gap"),
];

/// What a mark is called.
pub fn gap_mark_name(mark: GapMark) -> &'static str {
    GAP_MARKS.iter().find(|(known, _)| *known == mark).map_or(mark.code(), |(_, name)| name)
}

/// What the owner said of a gap.
pub fn gap_mark(mark: GapMark) -> String {
    format!("you marked it “{}”", gap_mark_name(mark))
}

/// What reports do with a gap of this mark, as the end of a sentence.
pub const fn mark_consequence(mark: GapMark) -> &'static str {
    match mark {
        GapMark::HaveIt => "reports follow it from now on, and open it again if it fails again",
        GapMark::Learning => "reports follow it from now on, and tell no more to add it",
        GapMark::NotMine => "reports list it last from now on, and make no action of it",
        GapMark::Noise => "reports leave it out from now on",
    }
}

/// How a followed gap stands, in a word or two.
pub const fn follow_state(state: FollowState) -> &'static str {
    match state {
        FollowState::Reopened => "open again",
        FollowState::Closed => "closed",
        FollowState::Waiting => "waiting",
        FollowState::Learning => "learning",
    }
}

/// That a gap which was closed fails again in this very week, and how: `nothing matched for 7 of 8
/// questions this week`.
pub fn fails_again(gap: &FollowedGap, week: &str) -> Option<LinkedText> {
    let last = gap.weeks.last().copied().flatten()?;
    if gap.state != FollowState::Reopened || last.unmatched == 0 {
        return None;
    }
    let about = QuestionFilter::of_week(week).about(&gap.name);
    let (counts, about, when) = match gap.since.as_deref() {
        Some(since) if gap.weeks_since <= 1 => {
            (gap.after, about.since(since), " since you added it this week")
        }
        _ => (last, about, " this week"),
    };
    let unmatched = about.clone().handled("unmatched");
    Some(
        LinkedText::plain("nothing matched for ")
            .open(number(counts.unmatched), unmatched)
            .say(" of ")
            .open(questions(counts.asked), about)
            .say(when),
    )
}

/// How a followed gap's questions were answered before the mark and since:
/// `0 of 9 → 6 of 7 answered in the three weeks since you added it`.
pub fn since_marked(gap: &FollowedGap, week: &str) -> LinkedText {
    let learning = gap.state == FollowState::Learning;
    let did = if learning { "began to learn it" } else { "added it" };
    let eight_weeks = || QuestionFilter::of_week(week).eight_weeks().about(&gap.name);
    let of = |counts: FollowCounts, about: QuestionFilter| {
        LinkedText::opening(number(counts.answered), about.clone().handled("well"))
            .say(" of ")
            .open(number(counts.asked), about)
    };
    let before = gap.before.filter(|counts| counts.asked > 0).zip(gap.since.as_deref());
    let before = before.map(|(counts, since)| of(counts, eight_weeks().until(since)));
    let before = |after: &str| before.map(|before| before.say(after)).unwrap_or_default();
    if gap.weeks_since == 0 {
        return before(" answered so far; ").say(format!("you {did} after this week"));
    }
    let since = match (gap.since.is_some(), gap.weeks_since) {
        (false, _) => "in the last eight weeks".to_owned(),
        (true, 1) => format!("since you {did} this week"),
        (true, weeks) => format!("in the {} weeks since you {did}", in_words(weeks)),
    };
    if gap.after.asked == 0 {
        return before(" answered before; ").say(format!("nobody asked {since}"));
    }
    let after = match gap.since.as_deref() {
        Some(since) => eight_weeks().since(since),
        None => eight_weeks(),
    };
    before(" → ").then(of(gap.after, after)).say(format!(" answered {since}"))
}

fn in_words(weeks: u32) -> &'static str {
    match weeks {
        2 => "two",
        3 => "three",
        4 => "four",
        5 => "five",
        6 => "six",
        7 => "seven",
        _ => "eight",
    }
}

/// How many scores disagree with how their questions ended.
pub fn disagreeing(calibration: &Calibration, week: &str) -> LinkedText {
    let all = || QuestionFilter::of_week(week);
    LinkedText::plain("For ")
        .open(number(calibration.disagreeing), all().disagreeing())
        .say(" of ")
        .open(questions(calibration.scored), all().scored())
        .say(" with a score, the score says one thing and the outcome another.")
}

/// One disagreement's figures: `Score 83, yet the quota was used up`.
pub fn disagreement(example: &Disagreement, limit: usize) -> String {
    let ended = match example.outcome.as_str() {
        "answered" => "answered".to_owned(),
        "no_match" => "nothing matched".to_owned(),
        "blocked" => "refused by a filter".to_owned(),
        "off_hours" => "asked outside hours".to_owned(),
        "quota" => "the quota was used up".to_owned(),
        "ai_error" => "the model failed".to_owned(),
        "error" => "the agent failed".to_owned(),
        other => foreign(other, limit),
    };
    let rated = example.match_type.as_ref();
    let rated = rated.map(|rated| format!(" (rated {})", foreign(rated, limit)));
    let score = (example.score * 10.0).round() / 10.0;
    format!("Score {score}, yet {ended}{}", rated.unwrap_or_default())
}
