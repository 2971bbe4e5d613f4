//! What a report says in words: its headline, its warnings, what to do, and what moved.

use cv_analytics_core::timestamp::Timestamp;

use crate::gap_sentences::{fails_again, since_marked};
use crate::linked_text::LinkedText;
use crate::model::{
    Action, ActionKind, Capture, Evidence, FollowState, FollowedGap, GapOf, GapType, Report,
    SkillReport, Trend, Trending,
};
use crate::questions::filter::QuestionFilter;
use crate::report::actions::TRUSTED_JOIN_RATE;
use crate::report_words::{
    asked, counted, day, foreign, last_day, long_date, number, questions, rate, share, weekday,
};

/// Characters of a visitors' word.
const WORD: usize = 40;

/// A warning above the figures.
#[derive(Debug)]
pub struct Banner {
    /// In a few words.
    pub title: String,
    /// What is missing, and why that may be.
    pub text: LinkedText,
}

/// What moved and what to do first.
pub fn headline(report: &Report, limit: usize) -> LinkedText {
    if report.is_empty() {
        return LinkedText::plain(if report.closed {
            "A quiet week: nobody asked your agent anything."
        } else {
            "Nobody has asked your agent anything this week yet."
        });
    }
    let insight = insight(report, limit);
    match report.actions.first() {
        Some(first) => insight.say(format!(" First: {}.", to_do(first, limit))),
        None => insight,
    }
}

/// The week's one insight, the first of these that there is: a gap that is open again and fails this
/// week; the skill whose count changed most, of those that moved at all; a gap whose questions are
/// answered since the owner closed it; how many asked.
fn insight(report: &Report, limit: usize) -> LinkedText {
    let week = &report.week;
    let mut followed = report.followed.iter();
    let again = followed.clone().find_map(|gap| Some((gap, fails_again(gap, week)?)));
    if let Some((gap, fails)) = again {
        let name = foreign(&gap.name, limit);
        return LinkedText::plain(format!("{name} is open again: ")).then(fails).say(".");
    }
    if let Some(moved) = moved_most(report, limit) {
        return moved;
    }
    if let Some(gap) = followed.find(|gap| gap.state == FollowState::Closed && is_asked(gap)) {
        let name = foreign(&gap.name, limit);
        return LinkedText::plain(format!("{name} is closed: "))
            .then(since_marked(gap, week))
            .say(".");
    }
    let all = || QuestionFilter::of_week(week);
    let asked = LinkedText::opening(questions(report.capture.queries), all().half("query"));
    let asked = match report.sessions {
        Some(sessions) => asked
            .say(" in ")
            .open(counted(sessions, "conversation", "conversations"), all().in_a_session()),
        None => asked,
    };
    asked.say(", and no skill clearly rose or fell.")
}

/// Whether anybody asked about it this week.
fn is_asked(gap: &FollowedGap) -> bool {
    gap.weeks.last().copied().flatten().is_some_and(|week| week.asked > 0)
}

/// The skill whose count changed most, of those that moved at all.
fn moved_most(report: &Report, limit: usize) -> Option<LinkedText> {
    let most = report
        .trending
        .iter()
        .filter(|moved| moved.trend.moved())
        .max_by_key(|moved| (moved.queries.abs_diff(moved.previous), moved.queries))?;
    let name = foreign(&most.skill, limit);
    let this_week = || QuestionFilter::of_week(&report.week).skill(&most.skill);
    let before = QuestionFilter::of_week_before(&report.week);
    let before = before.map(|week| week.skill(&most.skill));
    let went = |verb| {
        LinkedText::plain(format!("{name} {verb} from "))
            .open(questions(most.previous), before.clone())
            .say(" to ")
            .open(number(most.queries), this_week())
            .say(".")
    };
    Some(match most.trend {
        Trend::New => LinkedText::plain(format!("{name} is new: "))
            .open(questions(most.queries), this_week())
            .say(" this week."),
        Trend::Gone => LinkedText::plain(format!("Nobody asked about {name}, after "))
            .open(number(most.previous), before)
            .say(" the week before."),
        Trend::Falling => went("fell"),
        _ => went("rose"),
    })
}

/// What to do, as the end of a sentence.
fn to_do(action: &Action, limit: usize) -> String {
    let name = foreign(&action.name, limit);
    let is_topic = matches!(action.evidence.gap, Some(GapOf { gap_type: GapType::Topic, .. }));
    match action.kind {
        ActionKind::AddOrLearn if is_topic => format!("say something about {name} on your CV"),
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
pub fn action(action: &Action, limit: usize) -> String {
    capitalised(&to_do(action, limit))
}

/// Why, as a sentence of its own.
pub fn why(action: &Action, limit: usize) -> String {
    let why = capitalised(&foreign(&action.why, limit));
    if why.ends_with(['.', '!', '?', '…']) { why } else { why + "." }
}

/// How many questions stand behind an action: `50 asked about it (16 the week before); 30 of them,
/// from 26 conversations, found nothing`.
pub fn evidence(action: &Action, week: &str) -> LinkedText {
    let Evidence { queries, sessions, asked: about, previous, .. } = action.evidence;
    let behind = QuestionFilter::behind(action, week);
    if action.kind == ActionKind::CheckCapture {
        return LinkedText::opening(counted(queries, "interaction", "interactions"), behind);
    }
    let before = previous.zip(QuestionFilter::of_week_before(week));
    let before = before.map(|(count, week)| (number(count), week.skill(&action.name)));
    let Some(about) = about.filter(|about| *about > queries) else {
        let evidence = LinkedText::opening(asked(queries, sessions), behind);
        return match before {
            Some((count, week)) => {
                evidence.say("; ").open(format!("{count} about it the week before"), week)
            }
            None => evidence,
        };
    };
    let all = QuestionFilter::of_week(week).skill(&action.name);
    let mut evidence = LinkedText::opening(format!("{} asked about it", number(about)), all);
    if let Some((count, week)) = before {
        evidence = evidence.say(" (").open(format!("{count} the week before"), week).say(")");
    }
    let of_them = format!("{} of them", number(queries));
    let (of_them, comma) = match sessions {
        Some(sessions) => {
            let conversations = counted(sessions, "conversation", "conversations");
            (format!("{of_them}, from {conversations}"), ",")
        }
        None => (of_them, ""),
    };
    let fared = match action.kind {
        ActionKind::RelaxFilter if queries == 1 => "was turned away".to_owned(),
        ActionKind::RelaxFilter => "were turned away".to_owned(),
        ActionKind::UseTheirWord => {
            let word = action.evidence.word.as_deref().unwrap_or(&action.name);
            let say = if queries == 1 { "says" } else { "say" };
            format!("{say} “{}”", foreign(word, WORD))
        }
        _ => "found nothing".to_owned(),
    };
    evidence.say("; ").open(of_them, behind).say(format!("{comma} {fared}"))
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// The warning of a week whose halves do not meet.
pub fn banner(report: &Report) -> Option<Banner> {
    let capture = &report.capture;
    let join_rate = capture.join_rate.filter(|rate| *rate < TRUSTED_JOIN_RATE)?;
    let filter = || QuestionFilter::of_week(&report.week);
    let all = all_interactions(capture);
    let unanswered = filter().outcome("unanswered");
    let missing = [
        (capture.unanswered, "question has no answer", "questions have no answer", unanswered),
        (
            capture.response_only,
            "answer has no question",
            "answers have no question",
            filter().half("response-only"),
        ),
    ]
    .into_iter()
    .filter(|(halves, ..)| *halves > 0)
    .map(|(halves, one, many, filter)| LinkedText::opening(counted(halves, one, many), filter))
    .collect();
    let of_all = match share(capture.joined, all) {
        Some(_) => LinkedText::plain(format!("{} of the", rate(join_rate))),
        None => LinkedText::opening(number(capture.joined), filter().half("both"))
            .say(" of ")
            .open(number(all), filter()),
    };
    let text = LinkedText::plain("Only ")
        .then(of_all)
        .say(" interactions have both a question and its answer: ")
        .then(LinkedText::listed(missing))
        .say(
            ". Either the agent gave no answer, or its messages did not arrive. The figures below \
             count what did.",
        );
    Some(Banner { title: "Part of this week is missing".to_owned(), text })
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
pub fn share_and_before(
    share: Option<String>,
    before: Option<(u64, QuestionFilter)>,
) -> LinkedText {
    let before = before.map(|(count, filter)| {
        LinkedText::opening(format!("{} the week before", number(count)), filter)
    });
    LinkedText::joined(share.map(LinkedText::plain).into_iter().chain(before), "; ")
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
pub fn moved(moved: &Trending, week: &str) -> LinkedText {
    let this_week = QuestionFilter::of_week(week).skill(&moved.skill);
    let now = LinkedText::opening(questions(moved.queries), this_week);
    let before = QuestionFilter::of_week_before(week).map(|week| week.skill(&moved.skill));
    let before = LinkedText::opening(format!("{} the week before", number(moved.previous)), before);
    match moved.trend {
        Trend::New => now.say(", none in the seven weeks before"),
        Trend::Gone => LinkedText::plain("no question, ").then(before),
        _ => now.say(", ").then(before),
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

/// How well a skill's questions were covered, the parts that there are: its code, in words, and its
/// questions.
pub fn skill_parts(
    skill: &SkillReport,
    week: &str,
) -> impl Iterator<Item = (&'static str, String, QuestionFilter)> {
    let about = || QuestionFilter::of_week(week).skill(&skill.skill);
    [
        ("full", skill.full, "fully covered", about().coverage("full")),
        ("partial", skill.partial, "partly", about().coverage("partial")),
        ("none", skill.none, "not", about().coverage("none")),
        ("unanswered", skill.unanswered, "unanswered", about().outcome("unanswered")),
    ]
    .into_iter()
    .filter(|(_, count, ..)| *count > 0)
    .map(|(code, count, words, filter)| (code, format!("{}\u{a0}{words}", number(count)), filter))
}

/// The same as a text: `8 fully covered · 22 partly · 5 unanswered`.
pub fn skill_coverage(skill: &SkillReport, week: &str) -> LinkedText {
    let parts = skill_parts(skill, week);
    LinkedText::joined(parts.map(|(_, words, filter)| LinkedText::opening(words, filter)), " · ")
}

/// The weeks of a sparkline in words.
pub fn weeks(weeks: &[Option<u64>]) -> String {
    let weeks: Vec<_> =
        weeks.iter().map(|week| week.map_or("no data".to_owned(), number)).collect();
    weeks.join(", ")
}

/// When the next report comes.
pub fn next_report(at: Timestamp) -> Option<String> {
    let day = day(&at.to_string())?;
    let weekday = weekday(day);
    Some(format!("The next report comes on {weekday}, {}.", long_date(day)))
}

/// The sentence for what a mail leaves out, and where that is.
pub fn more(others: usize, one: &str, many: &str, place: &str) -> Option<String> {
    let kind = if others == 1 { one } else { many };
    let others = number(u64::try_from(others).unwrap_or(u64::MAX));
    (others != "0").then(|| format!("and {others} more {kind} {place}"))
}
