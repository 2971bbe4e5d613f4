//! Numbers, dates and other people's words, in one style for every form and page.
//!
//! The style is that of a British newspaper: thousands with commas (`1,234`), percentages with one
//! digit at most (`99.7%`), times with the unit that reads best (`881 ms`, `3.1 s`), dates in
//! full (`16–22 November 2026`). A share of a handful gets no percentage.

use std::fmt::Display;

use jiff::civil::Date;

/// Counts below this get no percentage: a share of a handful misleads.
const MIN_COUNT_FOR_SHARE: u64 = 20;
/// Accents that one letter may carry; more of them paint over the lines around.
const MAX_ACCENTS: usize = 3;

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

/// `1 conversation`, `12 conversations`.
pub fn conversations(value: u64) -> String {
    counted(value, "conversation", "conversations")
}

/// `once`, `twice`, `50 times`.
pub fn times(value: u64) -> String {
    match value {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{} times", number(value)),
    }
}

/// A figure that has one digit in the contract: `71.4`, `9`.
pub fn decimal(value: f64) -> String {
    let written = format!("{value:.1}");
    written.strip_suffix(".0").map_or_else(|| written.clone(), str::to_owned)
}

/// How many entries a list leaves out of what has these two names: `and 2 more gaps`.
pub fn more(others: usize, (one, many): (&str, &str)) -> Option<String> {
    let others = u64::try_from(others).unwrap_or(u64::MAX);
    (others > 0)
        .then(|| format!("and {} more {}", number(others), if others == 1 { one } else { many }))
}

/// `value` ÷ `whole` × `length`, rounded.
pub(super) fn bar_share(value: u64, whole: u64, length: u64) -> u64 {
    let twice = u128::from(value) * u128::from(length) * 2 + u128::from(whole);
    u64::try_from(twice / (u128::from(whole.max(1)) * 2)).unwrap_or(length)
}

/// The share of the whole in whole percent; `None` where the whole is too small for one.
pub fn share(part: u64, whole: u64) -> Option<String> {
    if whole < MIN_COUNT_FOR_SHARE {
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

/// A rate, 0 to 1, as percent with one digit at most: `99.7%`, `92%`. `100%` is said only of a
/// whole: less is `over 99.9%`.
pub fn rate(value: f64) -> String {
    let percent = decimal(value * 100.0);
    if percent == "100" && value < 1.0 { "over 99.9%".to_owned() } else { format!("{percent}%") }
}

/// A duration in the unit that reads best: `900 ms`, `2.1 s`, `1 min 15 s`.
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
    let start = if first.year() != last.year() {
        format!("{} – ", long_date(first))
    } else if first.month() != last.month() {
        first.strftime("%-d %B – ").to_string()
    } else {
        first.strftime("%-d–").to_string()
    };
    start + &long_date(last)
}

/// The last day before the moment `to`.
pub fn last_day(to: &str) -> Option<Date> {
    day(to)?.yesterday().ok()
}

/// The day with its weekday left out: `22 November 2026`.
pub fn long_date(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// The day with its weekday: `Monday 30 November 2026`.
pub fn long_date_with_weekday(date: Date) -> String {
    date.strftime("%A %-d %B %Y").to_string()
}

/// The day of an ISO 8601 moment.
pub fn day(moment: &str) -> Option<Date> {
    moment.get(..10)?.parse().ok()
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

/// The sentence with a capital first letter.
pub fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// Makes text that a stranger wrote fit for one line: cuts it after `limit` columns (see
/// `html_cost`) with "…"; takes out control and direction characters and those that are invisible;
/// writes runs of white space as one blank; and isolates text that runs from right to left, so that
/// it cannot reorder the line. Every form shows such text through here and nowhere else.
pub fn sanitize(text: &str, limit: usize) -> String {
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
        if is_invisible(character) {
            continue;
        }
        accents = if is_accent(character) { accents + 1 } else { 0 };
        if accents > MAX_ACCENTS {
            continue;
        }
        let cost = html_cost(character);
        if length + usize::from(blank) + cost > limit {
            kept.push('…');
            break;
        }
        if blank {
            kept.push(' ');
            length += 1;
            blank = false;
        }
        kept.push(character);
        length += cost;
        right_to_left |= is_right_to_left(character);
    }
    match kept.as_str() {
        "" => "(blank)".to_owned(),
        _ if right_to_left => format!("\u{2068}{kept}\u{2069}"),
        _ => kept,
    }
}

/// Half the bytes of a character in HTML, rounded up, so that a mail's size has a bound. For wide
/// characters these are about the columns that they fill, too.
const fn html_cost(character: char) -> usize {
    match character {
        '<' | '>' | '&' | '"' | '\'' | '/' => 3,
        _ => character.len_utf8().div_ceil(2),
    }
}

/// Characters without a shape: format and direction characters, tags, private and unassigned ends.
/// The joiners that emoji and several scripts need (U+200C, U+200D, U+FE0F) stay.
pub fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0e}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{fffe}'
            | '\u{ffff}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
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
fn is_right_to_left(character: char) -> bool {
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
        assert_eq!([1, 2, 3].map(times), ["once", "twice", "3 times"]);
    }

    #[test]
    fn a_share_of_a_handful_is_not_shown() {
        assert_eq!(share(9, 19), None);
        assert_eq!(share(0, 0), None);
        for (part, whole, expect) in
            [(10, 20, "50%"), (0, 90, "0%"), (1, 900, "under 1%"), (899, 900, "over 99%")]
        {
            assert_eq!(share(part, whole).as_deref(), Some(expect));
        }
    }

    #[test]
    fn a_rate_has_one_digit_and_only_a_whole_is_a_hundred_percent() {
        for (value, expect) in [
            (0.9973, "99.7%"),
            (0.9196, "92%"),
            (1.0, "100%"),
            (0.5, "50%"),
            (0.9999, "over 99.9%"),
        ] {
            assert_eq!(rate(value), expect);
        }
        assert_eq!(decimal(71.44), "71.4");
    }

    #[test]
    fn a_duration_has_the_unit_that_reads_best() {
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
        let monday = day("2026-11-30T09:00:00Z").unwrap();
        assert_eq!(long_date_with_weekday(monday), "Monday 30 November 2026");
    }

    #[test]
    fn a_strangers_text_becomes_one_harmless_line() {
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
            assert_eq!(sanitize(text, 10), expect, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn sanitized_text_is_short_and_has_no_controls(text in any::<String>(), limit in 1_usize..60) {
            let line = sanitize(&text, limit);
            prop_assert!(line.chars().count() <= limit.max(7) + 3);
            let steers = line.chars().any(|c| matches!(c, '\u{202a}'..='\u{202e}'));
            prop_assert!(!steers && !line.chars().any(char::is_control));
        }
    }
}
