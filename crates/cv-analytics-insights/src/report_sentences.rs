//! What a report says in words: its headline, its warnings, and the plain names of kinds.

use cv_analytics_core::timestamp::Timestamp;
use serde::Serialize;

use crate::actions::TRUSTED_JOIN_RATE;
use crate::report::{
    Action, ActionKind, Calibration, Capture, Disagreement, Evidence, FollowCounts, FollowState,
    FollowedGap, Gap, GapKind, GapMark, GapType, Report, SkillReport, Trend, Trending,
};
use crate::report_words::{
    asked, counted, day, foreign, last_day, listed, long_date, number, questions, rate, share,
    weekday,
};

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

/// A warning above the figures.
#[derive(Debug, Serialize)]
pub struct Banner {
    /// In a few words.
    pub title: String,
    /// What is missing, and why that may be.
    pub text: String,
}

/// What moved and what to do first.
pub fn headline(report: &Report, limit: usize) -> String {
    if report.is_empty() {
        return if report.closed {
            "A quiet week: nobody asked your agent anything.".to_owned()
        } else {
            "Nobody has asked your agent anything this week yet.".to_owned()
        };
    }
    let mut sentences = vec![insight(report, limit)];
    if let Some(first) = report.actions.first() {
        sentences.push(format!("First: {}.", to_do(first, report, limit)));
    }
    sentences.join(" ")
}

/// The week's one insight, the first of these that there is: a gap that is open again; the skill
/// whose count changed most, of those that moved at all; a gap whose questions are answered since
/// the owner closed it; how many asked.
pub fn insight(report: &Report, limit: usize) -> String {
    let followed = |state| report.followed.iter().find(move |gap| gap.state == state);
    if let Some(gap) = followed(FollowState::Reopened) {
        return format!("{} is open again: {}.", foreign(&gap.name, limit), fails_again(gap));
    }
    if let Some(moved) = moved_most(report, limit) {
        return moved;
    }
    if let Some(gap) = followed(FollowState::Closed) {
        return format!("{} is closed: {}.", foreign(&gap.name, limit), since_marked(gap));
    }
    let asked = asked(report.capture.queries, report.sessions);
    format!("{asked}, and no skill clearly rose or fell.")
}

/// How a gap that is open again fails this week, else how it went since the mark.
fn fails_again(gap: &FollowedGap) -> String {
    match gap.weeks.last().copied().flatten() {
        Some(FollowCounts { asked, unmatched, .. }) if unmatched > 0 && gap.weeks_since > 1 => {
            let asked = questions(asked);
            format!("nothing matched for {} of {asked} this week", number(unmatched))
        }
        _ => since_marked(gap),
    }
}

/// The skill whose count changed most, of those that moved at all.
fn moved_most(report: &Report, limit: usize) -> Option<String> {
    let most = report
        .trending
        .iter()
        .filter(|moved| moved.trend.moved())
        .max_by_key(|moved| (moved.queries.abs_diff(moved.previous), moved.queries));
    let most = most?;
    let name = foreign(&most.skill, limit);
    let (now, before) = (number(most.queries), number(most.previous));
    Some(match most.trend {
        Trend::New => format!("{name} is new: {} this week.", questions(most.queries)),
        Trend::Gone => format!("Nobody asked about {name}, after {before} the week before."),
        Trend::Falling => format!("{name} fell from {before} questions to {now}."),
        _ => format!("{name} rose from {before} questions to {now}."),
    })
}

/// What to do, as the end of a sentence.
fn to_do(action: &Action, report: &Report, limit: usize) -> String {
    let name = foreign(&action.name, limit);
    let is_topic = || {
        let topics = report.gaps.iter().filter(|gap| gap.gap_type == GapType::Topic);
        topics.into_iter().any(|gap| gap.name == action.name)
    };
    match action.kind {
        ActionKind::AddOrLearn if is_topic() => format!("say something about {name} on your CV"),
        ActionKind::AddOrLearn => format!("add {name} to your CV if it is true, or learn it"),
        ActionKind::FixRetrieval => format!("help your agent find {name} on your CV"),
        ActionKind::RelaxFilter => format!("let questions about {name} through"),
        ActionKind::FixFault => match action.name.as_str() {
            "unanswered" => "find out why some questions get no answer".to_owned(),
            "quota" => "raise the quota that turns questions away".to_owned(),
            "ai_error" => "find out why the model fails".to_owned(),
            "error" => "find out why your agent fails".to_owned(),
            _ => format!("mend the failing answers: {name}"),
        },
        ActionKind::UseTheirWord => format!("use your visitors’ word for {name}"),
        ActionKind::CheckCapture => "find out where questions or answers get lost".to_owned(),
    }
}

/// What to do, as a heading.
pub fn action(action: &Action, report: &Report, limit: usize) -> String {
    capitalised(&to_do(action, report, limit))
}

/// Why, as a sentence of its own.
pub fn why(action: &Action, limit: usize) -> String {
    let why = capitalised(&foreign(&action.why, limit));
    if why.ends_with(['.', '!', '?', '…']) { why } else { why + "." }
}

/// How many questions stand behind an action.
pub fn evidence(action: &Action) -> String {
    let Evidence { queries, sessions, asked: about, grows } = action.evidence;
    if action.kind == ActionKind::CheckCapture {
        return counted(queries, "interaction", "interactions");
    }
    let mut evidence = asked(queries, sessions);
    if let Some(about) = about.filter(|about| *about > queries) {
        evidence += &format!(", of {} about it", number(about));
    }
    if grows == Some(true) {
        evidence += "; more than the week before";
    }
    evidence
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// The warning of a week whose halves do not meet.
pub fn banner(capture: &Capture) -> Option<Banner> {
    let join_rate = capture.join_rate.filter(|rate| *rate < TRUSTED_JOIN_RATE)?;
    let all = all_interactions(capture);
    let missing = [
        (capture.unanswered, "question has no answer", "questions have no answer"),
        (capture.response_only, "answer has no question", "answers have no question"),
    ]
    .into_iter()
    .filter(|(halves, ..)| *halves > 0)
    .map(|(halves, one, many)| counted(halves, one, many))
    .collect::<Vec<_>>();
    let of_all = match share(capture.joined, all) {
        Some(_) => format!("{} of the", rate(join_rate)),
        None => format!("{} of {}", number(capture.joined), number(all)),
    };
    Some(Banner {
        title: "Part of this week is missing".to_owned(),
        text: format!(
            "Only {of_all} interactions have both a question and its answer: {}. Either the \
             agent gave no answer, or its messages did not arrive. The figures below count what did.",
            listed(&missing)
        ),
    })
}

/// Interactions with a half at least.
pub fn all_interactions(capture: &Capture) -> u64 {
    capture.joined.saturating_add(capture.unanswered).saturating_add(capture.response_only)
}

/// That the week is not over, and that nothing happened.
pub fn notes(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if !report.closed {
        let until = last_day(&report.to).map(|day| format!(" until {}", long_date(day)));
        notes.push(format!(
            "This week is still open{}: the figures cover what has arrived so far.",
            until.unwrap_or_default()
        ));
    }
    if report.is_empty() {
        notes.push(
            "If you did expect questions, ask your agent one yourself and see whether it arrives."
                .to_owned(),
        );
    }
    notes
}

/// The share and the week before, as far as they are known.
pub fn share_and_before(share: Option<String>, before: Option<u64>) -> Option<String> {
    let before = before.map(|before| format!("{} the week before", number(before)));
    let parts: Vec<_> = share.into_iter().chain(before).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The arrow and the word of a skill that moved; nothing else has an arrow.
pub fn trend_mark(trend: Trend) -> Option<&'static str> {
    match trend {
        Trend::Rising => Some("↑ rising"),
        Trend::Falling => Some("↓ falling"),
        Trend::New => Some("↑ new"),
        Trend::Gone => Some("↓ gone"),
        Trend::Steady | Trend::TooFew => None,
    }
}

/// The figures of a skill that moved.
pub fn moved(moved: &Trending) -> String {
    match moved.trend {
        Trend::New => format!("{}, none in the seven weeks before", questions(moved.queries)),
        Trend::Gone => format!("no question, {} the week before", number(moved.previous)),
        _ => format!("{}, {} the week before", questions(moved.queries), number(moved.previous)),
    }
}

/// Why nothing moved, where nothing did.
pub fn moved_note(report: &Report) -> Option<String> {
    if report.trending.iter().any(|moved| moved.trend.moved()) {
        return None;
    }
    let note = if report.matches.previous.is_none()
        && report.skills.iter().all(|skill| skill.previous.is_none())
    {
        "The week before has no data to compare with."
    } else {
        "No skill clearly rose or fell. Small differences are mostly chance, so they get no arrow."
    };
    Some(note.to_owned())
}

/// How well a skill's questions were covered, in words: `8 fully, 22 partly, 5 unanswered`.
pub fn skill_coverage(skill: &SkillReport) -> String {
    let parts = [
        (skill.full, "fully covered"),
        (skill.partial, "partly"),
        (skill.none, "not"),
        (skill.unanswered, "unanswered"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{} {word}", number(count)))
    .collect::<Vec<_>>();
    parts.join(" · ")
}

/// The weeks of a sparkline in words.
pub fn weeks(weeks: &[Option<u64>]) -> String {
    let weeks: Vec<_> =
        weeks.iter().map(|week| week.map_or("no data".to_owned(), number)).collect();
    weeks.join(", ")
}

/// How often and since when.
pub fn gap_evidence(gap: &Gap) -> String {
    let asked = asked(gap.queries, gap.sessions);
    let unknown = if gap.sessions.is_none() { " (conversations not collected)" } else { "" };
    match gap.weeks_running {
        0 | 1 => format!("{asked}{unknown}"),
        weeks => format!("{asked}{unknown}; {weeks} weeks running"),
    }
}

/// The skills that come up in the same questions.
pub fn asked_with(related: &[String]) -> Option<String> {
    (!related.is_empty()).then(|| format!("Asked together with {}", listed(related)))
}

/// When the next report comes.
pub fn next_report(at: Timestamp) -> Option<String> {
    let day = day(&at.to_string())?;
    let weekday = weekday(day);
    Some(format!("The next report comes on {weekday}, {}.", long_date(day)))
}

/// What the owner said of a gap.
pub fn gap_mark(mark: GapMark) -> &'static str {
    match mark {
        GapMark::HaveIt => "you marked it: have it",
        GapMark::Learning => "you marked it: learning",
        GapMark::NotMine => "you marked it: not mine",
        GapMark::Noise => "you marked it: noise",
    }
}

/// The sentence for what a mail leaves out, and where that is.
pub fn more(others: usize, one: &str, many: &str, place: &str) -> Option<String> {
    let kind = if others == 1 { one } else { many };
    let others = number(u64::try_from(others).unwrap_or(u64::MAX));
    (others != "0").then(|| format!("and {others} more {kind} {place}"))
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

/// How a followed gap's questions were answered before the mark and since:
/// `0 of 9 → 6 of 7 answered in the three weeks since you added it`.
pub fn since_marked(gap: &FollowedGap) -> String {
    let learning = gap.state == FollowState::Learning;
    let did = if learning { "began to learn it" } else { "added it" };
    let of =
        |counts: FollowCounts| format!("{} of {}", number(counts.answered), number(counts.asked));
    let before = gap.before.filter(|counts| counts.asked > 0);
    if gap.weeks_since == 0 {
        let before = before.map(|counts| format!("{} answered so far; ", of(counts)));
        return format!("{}you {did} after this week", before.unwrap_or_default());
    }
    let since = match (gap.since.is_some(), gap.weeks_since) {
        (false, _) => "in the last eight weeks".to_owned(),
        (true, 1) => format!("since you {did} this week"),
        (true, weeks) => format!("in the {} weeks since you {did}", in_words(weeks)),
    };
    if gap.after.asked == 0 {
        let before = before.map(|counts| format!("{} answered before; ", of(counts)));
        return format!("{}nobody asked {since}", before.unwrap_or_default());
    }
    let before = before.map(|counts| format!("{} → ", of(counts)));
    format!("{}{} answered {since}", before.unwrap_or_default(), of(gap.after))
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
pub fn disagreeing(calibration: &Calibration) -> String {
    format!(
        "For {} of {} with a score, the score says one thing and the outcome another.",
        number(calibration.disagreeing),
        questions(calibration.scored)
    )
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
