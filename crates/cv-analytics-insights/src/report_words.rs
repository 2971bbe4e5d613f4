//! Numbers, dates and other people's words as a report writes them, alike in HTML and in text.

use std::fmt::Display;

use jiff::civil::{Date, Weekday};

/// Counts below this get no percentage: a share of a handful misleads.
const SHARES_FROM: u64 = 20;
/// Accents that one letter may carry; more of them paint over the lines around.
const ACCENTS_ON_A_LETTER: usize = 3;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The number with commas between thousands: `12,345`.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut written = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// The number with its noun: `1 question`, `1,200 questions`.
pub fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(value), if value == 1 { one } else { many })
}

/// `1 question`, `12 questions`.
pub fn questions(value: u64) -> String {
    counted(value, "question", "questions")
}

/// The questions, and how many conversations they come from where that is known.
pub fn asked(queries: u64, sessions: Option<u64>) -> String {
    match sessions {
        Some(sessions) => {
            let conversations = counted(sessions, "conversation", "conversations");
            format!("{} in {conversations}", questions(queries))
        }
        None => questions(queries),
    }
}

/// The share of the whole in whole percent; `None` where the whole is too small for one.
pub fn share(part: u64, whole: u64) -> Option<String> {
    if whole < SHARES_FROM {
        return None;
    }
    let percent = (u128::from(part) * 200 + u128::from(whole)) / (u128::from(whole) * 2);
    let percent = match percent {
        0 if part > 0 => "under 1%".to_owned(),
        100 if part < whole => "over 99%".to_owned(),
        percent => format!("{percent}%"),
    };
    Some(percent)
}

/// A rate as percent with the digits that it has, four at most: `91.96%`, `100%`.
pub fn rate(value: f64) -> String {
    let percent = format!("{:.2}", value * 100.0);
    format!("{}%", percent.trim_end_matches('0').trim_end_matches('.'))
}

/// A duration as a person says it: `900 ms`, `2.1 s`, `1 min 15 s`.
pub fn duration(millis: u64) -> String {
    let tenths = millis.saturating_add(50) / 100;
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..59_950 => format!("{}.{} s", tenths / 10, tenths % 10),
        _ => {
            let seconds = millis.saturating_add(500) / 1000;
            let (minutes, rest) = (number(seconds / 60), seconds % 60);
            if rest == 0 { format!("{minutes} min") } else { format!("{minutes} min {rest} s") }
        }
    }
}

/// The first and the last day of a week: `16–22 November 2026`. `from` and `to` are ISO 8601, and
/// `to` is the first moment after the week; what cannot be read is left out.
pub fn days(from: &str, to: &str) -> String {
    let Some((first, last)) = day(from).zip(last_day(to)) else { return String::new() };
    if first.year() != last.year() {
        format!("{} – {}", long_date(first), long_date(last))
    } else if first.month() != last.month() {
        format!("{} {} – {}", first.day(), month(first), long_date(last))
    } else {
        format!("{}–{}", first.day(), long_date(last))
    }
}

/// The last day before the moment `to`.
pub fn last_day(to: &str) -> Option<Date> {
    day(to)?.yesterday().ok()
}

/// The day with its weekday's name left out: `22 November 2026`.
pub fn long_date(date: Date) -> String {
    format!("{} {} {}", date.day(), month(date), date.year())
}

/// The weekday's name.
pub fn weekday(date: Date) -> &'static str {
    match date.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

/// The day of an ISO 8601 moment.
pub fn day(moment: &str) -> Option<Date> {
    moment.get(..10)?.parse().ok()
}

fn month(date: Date) -> &'static str {
    usize::try_from(date.month() - 1)
        .ok()
        .and_then(|index| MONTHS.get(index))
        .copied()
        .unwrap_or_default()
}

/// The parts with commas and a last "and".
pub fn listed(parts: &[impl Display]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.to_string(),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(ToString::to_string).collect();
            format!("{} and {last}", first.join(", "))
        }
    }
}

/// Text that somebody else wrote, fit for one line: cut after `limit` columns (see `room`) with
/// "…"; control and direction characters, and those that show nothing, taken out; runs of white
/// space as one blank; text that runs from right to left isolated, so that it cannot reorder the
/// line.
pub fn foreign(text: &str, limit: usize) -> String {
    let mut kept = String::new();
    let mut length = 0;
    let mut accents = 0;
    let mut right_to_left = false;
    let mut blank = false;
    for character in text.chars() {
        if character.is_whitespace() || character.is_control() {
            blank = !kept.is_empty();
            continue;
        }
        if shows_nothing(character) {
            continue;
        }
        accents = if is_accent(character) { accents + 1 } else { 0 };
        if accents > ACCENTS_ON_A_LETTER {
            continue;
        }
        let room = room(character);
        if length + usize::from(blank) + room > limit {
            kept.push('…');
            break;
        }
        if blank {
            kept.push(' ');
            length += 1;
            blank = false;
        }
        kept.push(character);
        length += room;
        right_to_left |= runs_right_to_left(character);
    }
    match kept.as_str() {
        "" => "(blank)".to_owned(),
        _ if right_to_left => format!("\u{2068}{kept}\u{2069}"),
        _ => kept,
    }
}

/// What a character takes up: half its bytes in HTML, rounded up, so that a mail's size has a bound.
/// For wide characters these are about the columns that they fill, too.
const fn room(character: char) -> usize {
    match character {
        '<' | '>' | '&' | '"' | '\'' | '/' => 3,
        _ => character.len_utf8().div_ceil(2),
    }
}

/// Characters without a shape: format and direction characters, tags, private and unassigned ends.
/// The joiners that emoji and several scripts need (U+200C, U+200D, U+FE0F) stay.
fn shows_nothing(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{fffe}'
            | '\u{ffff}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{10ffff}'
    )
}

fn is_accent(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Hebrew, Arabic and the other scripts of their blocks.
fn runs_right_to_left(character: char) -> bool {
    matches!(
        character,
        '\u{590}'..='\u{8ff}'
            | '\u{fb1d}'..='\u{fdff}'
            | '\u{fe70}'..='\u{fefe}'
            | '\u{10800}'..='\u{10fff}'
            | '\u{1e800}'..='\u{1efff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_have_commas_between_thousands() {
        for (value, expect) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(number(value), expect);
        }
        assert_eq!(questions(1), "1 question");
        assert_eq!(questions(1_200), "1,200 questions");
    }

    #[test]
    fn a_share_of_a_handful_is_not_told() {
        assert_eq!(share(9, 19), None);
        assert_eq!(share(0, 0), None);
        for (part, whole, expect) in
            [(10, 20, "50%"), (0, 90, "0%"), (1, 900, "under 1%"), (899, 900, "over 99%")]
        {
            assert_eq!(share(part, whole).as_deref(), Some(expect));
        }
    }

    #[test]
    fn a_rate_keeps_its_digits() {
        for (value, expect) in [(0.9196, "91.96%"), (0.9899, "98.99%"), (1.0, "100%"), (0.5, "50%")]
        {
            assert_eq!(rate(value), expect);
        }
    }

    #[test]
    fn a_duration_reads_as_a_person_says_it() {
        for (millis, expect) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1.0 s"),
            (2_149, "2.1 s"),
            (59_949, "59.9 s"),
            (59_999, "1 min"),
            (75_000, "1 min 15 s"),
        ] {
            assert_eq!(duration(millis), expect);
        }
    }

    #[test]
    fn the_days_of_a_week_name_month_and_year_once() {
        for (from, to, expect) in [
            ("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z", "16–22 November 2026"),
            ("2026-09-28T00:00:00Z", "2026-10-05T00:00:00Z", "28 September – 4 October 2026"),
            ("2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z", "28 December 2026 – 3 January 2027"),
            ("2026-11-16T00:00:00Z", "some day", ""),
        ] {
            assert_eq!(days(from, to), expect);
        }
    }

    #[test]
    fn foreign_text_becomes_one_harmless_line() {
        for (text, expect) in [
            ("k8s", "k8s"),
            ("  two\r\n\tlines  ", "two lines"),
            ("a\u{202e}b\0c\u{85}d", "ab c d"),
            ("\u{2067}\u{200b}\u{feff}", "(blank)"),
            ("שכר", "\u{2068}שכר\u{2069}"),
            ("abcdefghijklm", "abcdefghij…"),
            ("abcdefghij ", "abcdefghij"),
            ("abcdefghi jk", "abcdefghi…"),
            ("<><><>", "<><…"),
            ("技能技能技能", "技能技能技…"),
            ("e\u{301}\u{301}\u{301}\u{301}\u{301}", "e\u{301}\u{301}\u{301}"),
        ] {
            assert_eq!(foreign(text, 10), expect, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn foreign_text_is_short_and_has_no_controls(text in any::<String>(), limit in 1_usize..60) {
            let line = foreign(&text, limit);
            prop_assert!(line.chars().count() <= limit.max(7) + 3);
            let steers = line.chars().any(|c| matches!(c, '\u{202a}'..='\u{202e}'));
            prop_assert!(!steers && !line.chars().any(char::is_control));
        }
    }
}
