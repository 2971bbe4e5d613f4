//! Phone and card numbers among the other numbers of a text.
//!
//! Numbers that only blanks, hyphens, dots, slashes and brackets part are one *run*. Each place in a run is asked in
//! turn: does something plain begin here (a date, an amount, a version, an address of the Internet Protocol), a card, a
//! number that can only be a phone's (a country code, a trunk zero, an area in brackets, a word like "call" before it),
//! or, where nothing else is beside it, one that is grouped as phone numbers are?

mod grouping;
mod plain;

use std::ops::Range;

use super::findings::{CARD, Findings, PHONE};
use super::number_context::Context;
use super::payment::is_card;
use super::phone_plans::national_part;

/// The most digits of an international number (ITU-T E.164).
const MAX_PHONE_DIGITS: usize = 15;
/// The most digits of a number with its trunk zero.
const MAX_TRUNK_DIGITS: usize = 12;
/// What dials out of a country, and the fewest digits of a number that begins with it.
const EXIT_CODES: [(&str, usize); 4] = [("0011", 13), ("011", 13), ("010", 13), ("00", 10)];
/// The fewest digits of a phone number.
const MIN_PHONE_DIGITS: usize = 6;
/// The most groups that are looked at together: a longer list is read in parts.
const MAX_GROUPS: usize = 48;
const MAX_NUMBER_GROUPS: usize = 10;
/// The most characters between two groups of one number.
const MAX_GAP_CHARS: usize = 4;

/// Finds card and phone numbers.
pub(super) fn find(findings: &mut Findings<'_>) {
    let text = findings.text;
    let bytes = text.as_bytes();
    let mut place = 0;
    while let Some(offset) =
        bytes.get(place..).and_then(|rest| rest.iter().position(u8::is_ascii_digit))
    {
        let groups = Run::groups(text, place + offset, findings);
        place = groups.last().map_or(place + offset + 1, |last| last.end);
        // What is part of a link or of a key is decided; so is what has too few digits.
        if groups.iter().map(Range::len).sum::<usize>() < MIN_PHONE_DIGITS
            || !groups.first().is_some_and(|first| findings.is_free(first))
        {
            continue;
        }
        let run = Run::new(text, groups);
        let (found, done) = run.findings();
        for (range, marker) in found {
            findings.replace(range, marker);
        }
        // The rest of a list that is too long for one run is a run by itself.
        place = run.groups.get(done).map_or(place, |next| next.start);
    }
}

/// Groups of digits that only blanks, hyphens, dots, slashes and brackets part.
struct Run<'t> {
    text: &'t str,
    groups: Vec<Range<usize>>,
    context: Context,
    /// Its numbers rise or fall from the first to the last.
    is_list: bool,
    /// Each of its groups begins with a zero, as in `001 002 003`.
    is_numbering: bool,
}

/// What begins at a group: up to which group it goes.
type End = usize;

impl<'t> Run<'t> {
    /// The groups from `start` on, [`MAX_GROUPS`] at most.
    fn groups(text: &str, start: usize, findings: &Findings<'_>) -> Vec<Range<usize>> {
        let bytes = text.as_bytes();
        let mut groups: Vec<Range<usize>> = Vec::new();
        let mut place = start;
        loop {
            let digits = bytes.get(place..).unwrap_or_default();
            let length =
                digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
            let group = place..place + length;
            if !groups.is_empty() && !findings.is_free(&group) {
                break;
            }
            place = group.end;
            groups.push(group);
            if groups.len() == MAX_GROUPS {
                break;
            }
            let rest = bytes.get(place..).unwrap_or_default();
            let Some(gap) = rest.iter().take(MAX_GAP_CHARS + 1).position(u8::is_ascii_digit) else {
                break;
            };
            if !is_gap(rest.get(..gap).unwrap_or_default()) {
                break;
            }
            place += gap;
        }
        groups
    }

    fn new(text: &'t str, groups: Vec<Range<usize>>) -> Self {
        let whole =
            groups.first().map_or(0, |first| first.start)..groups.last().map_or(0, |last| last.end);
        let context = Context::of(text, whole);
        let is_numbering = groups.len() > 2
            && groups
                .iter()
                .all(|group| text.get(group.clone()).is_some_and(|digits| digits.starts_with('0')));
        let mut run = Self { text, groups, context, is_list: false, is_numbering };
        run.is_list = run.groups.len() > 3 && run.is_sequence(0, run.groups.len());
        run
    }

    fn group(&self, index: usize) -> &'t str {
        self.groups.get(index).and_then(|group| self.text.get(group.clone())).unwrap_or_default()
    }

    fn lengths(&self, from: usize, to: usize) -> Vec<usize> {
        self.groups.get(from..to).unwrap_or_default().iter().map(Range::len).collect()
    }

    /// What stands between a group and the next.
    fn gap(&self, index: usize) -> &'t str {
        let (Some(this), Some(next)) = (self.groups.get(index), self.groups.get(index + 1)) else {
            return "";
        };
        self.text.get(this.end..next.start).unwrap_or_default()
    }

    fn digits_of(&self, from: usize, to: usize) -> String {
        (from..to).map(|index| self.group(index)).collect()
    }

    /// The numbers in the run, and at which group it was left.
    fn findings(&self) -> (Vec<(Range<usize>, &'static str)>, usize) {
        let mut found = Vec::new();
        let is_cut = self.groups.len() == MAX_GROUPS;
        let mut from = 0;
        let mut delimited = true;
        while from < self.groups.len() && !(is_cut && from + MAX_NUMBER_GROUPS > MAX_GROUPS) {
            let (to, marker) = if let Some(to) = self.card(from) {
                (to, Some(CARD))
            } else if let Some(to) = self.announced(from) {
                (to, Some(PHONE))
            } else if let Some(to) = self.plain(from) {
                (to, None)
            } else if let Some(to) = self.certain(from) {
                (to, Some(PHONE))
            } else if let Some(to) = self.grouped(from, delimited) {
                (to, Some(PHONE))
            } else {
                delimited = false;
                from += 1;
                continue;
            };
            if let Some(marker) = marker {
                found.push((self.range(from, to), marker));
            }
            delimited = true;
            from = to;
        }
        (found, from)
    }

    /// The place of groups in the text, with the plus and the bracket before them and the extension after them.
    fn range(&self, from: usize, to: usize) -> Range<usize> {
        let mut start = self.groups.get(from).map_or(0, |group| group.start);
        let mut end = self.groups.get(to - 1).map_or(0, |group| group.end);
        if from == 0 {
            start -= self.context.sign_length;
        } else if self.gap(from - 1).ends_with(['(', '+']) {
            start -=
                self.gap(from - 1).len() - self.gap(from - 1).trim_end_matches(['(', '+']).len();
        }
        if to == self.groups.len() {
            end += self.context.extension_length;
        } else if self.text.get(start..end).is_some_and(opens_last) {
            end += usize::from(self.gap(to - 1).starts_with(')'));
        }
        if to == self.groups.len() && self.text.get(start..end).is_some_and(opens_last) {
            end += usize::from(self.text.get(end..).is_some_and(|rest| rest.starts_with(')')));
        }
        start..end
    }

    fn card(&self, from: usize) -> Option<End> {
        let apart =
            from > 0 || !(self.context.glued_before || self.context.has_plus || self.context.is_id);
        apart.then(|| {
            let fits: [&[usize]; 11] = [
                &[4, 4, 4, 4, 3],
                &[4, 4, 4, 4],
                &[4, 6, 5],
                &[4, 6, 4],
                &[4, 4, 4, 1],
                &[13],
                &[14],
                &[15],
                &[16],
                &[18],
                &[19],
            ];
            fits.into_iter().find_map(|lengths| {
                let to = from + lengths.len();
                let round = (from..to).all(|index| self.group(index).ends_with("00"));
                let alike = (from + 1..to).all(|index| self.gap(index - 1) == self.gap(from));
                (self.lengths(from, to) == lengths
                    && alike
                    && !(round && lengths.len() > 1)
                    && is_card(&self.digits_of(from, to)))
                .then_some(to)
            })
        })?
    }

    /// A number that a word like "call" announces, whatever its form.
    fn announced(&self, from: usize) -> Option<End> {
        if !self.context.is_announced || from > 0 || self.plain_in_any_case(from).is_some() {
            return None;
        }
        self.certain(from).or_else(|| {
            let last = self.last_plain_from(from);
            (from + 1..=last.min(from + MAX_NUMBER_GROUPS)).rev().find(|to| {
                let digits = self.digits_of(from, *to);
                let lengths = self.lengths(from, *to);
                let range = lengths.len() == 2
                    && (from..*to).all(|index| self.group(index).ends_with("00"));
                let amount = self.is_amount(from, *to) && digits.ends_with("000");
                let rising = self.is_list && lengths.iter().any(|length| *length != 2);
                (6..=MAX_PHONE_DIGITS).contains(&digits.len())
                    && !range
                    && !amount
                    && !rising
                    && !ends_in_zeros(&digits)
            })
        })
    }

    /// Where the groups end that are not an amount or a number of things.
    fn last_plain_from(&self, from: usize) -> usize {
        let mut last = self.groups.len();
        if self.context.is_counted && last > from + 1 {
            last -= 1;
        }
        last
    }

    fn opens_with_bracket(&self, from: usize) -> bool {
        if from == 0 { self.context.has_bracket } else { self.gap(from - 1).ends_with('(') }
    }

    /// A number that by its beginning can only be a phone's.
    fn certain(&self, from: usize) -> Option<End> {
        if (from == 0 && self.context.has_plus) || (from > 0 && self.gap(from - 1).ends_with('+')) {
            return self.international(from, 0);
        }
        let first = self.group(from);
        if self.is_apart(from) {
            for (prefix, shortest) in EXIT_CODES {
                let to = first.starts_with(prefix).then(|| self.international(from, prefix.len()));
                if let Some(to) = to.flatten()
                    && self.digits_of(from, to).len() >= shortest
                {
                    return Some(to);
                }
            }
        }
        if first.starts_with('0') && self.is_apart(from) {
            return self.with_trunk_zero(from);
        }
        self.with_bracket(from)
    }

    /// Whether nothing says that the number is an id.
    fn is_apart(&self, from: usize) -> bool {
        from > 0 || !(self.context.is_id || self.context.after_comma)
    }

    /// A number with its country code, after `prefix` digits of what dials it.
    fn international(&self, from: usize, prefix: usize) -> Option<End> {
        let last = self.last_plain_from(from);
        let ends: Vec<usize> = (from + 1..=last)
            .take_while(|to| self.digits_of(from, *to).len() <= MAX_PHONE_DIGITS + prefix + 1)
            .collect();
        let fits = |to: &&usize| {
            let digits = self.digits_of(from, **to);
            let digits = digits.get(prefix..).unwrap_or_default();
            let digits = self.without_trunk_zero(from, **to, digits, prefix);
            // `+2 000 000` and `+150 000 users` are amounts.
            national_part(&digits).is_some()
                && !(prefix == 0 && self.is_amount(from, **to) && ends_in_zeros(&digits))
        };
        if let Some(to) = ends.iter().rev().find(fits) {
            return Some(*to);
        }
        let to = *ends.last()?;
        let digits = self.digits_of(from, to);
        let whole = to == self.groups.len() && !ends_in_zeros(&digits) && !self.context.is_counted;
        (whole
            && prefix == 0
            && (8..=MAX_PHONE_DIGITS).contains(&digits.len())
            && !self.is_amount(from, to))
        .then_some(to)
    }

    /// The digits of an international number, less a `(0)` in it.
    fn without_trunk_zero(&self, from: usize, to: usize, digits: &str, prefix: usize) -> String {
        let zero = (from + 1..to)
            .find(|index| self.group(*index).starts_with('0') && self.gap(index - 1).contains('('));
        let Some(zero) = zero else { return digits.to_owned() };
        let before = self.digits_of(from, zero);
        let (before, after) = (before.get(prefix..).unwrap_or_default(), self.digits_of(zero, to));
        format!("{before}{}", after.get(1..).unwrap_or_default())
    }

    /// A number with the zero that is dialled within a country.
    fn with_trunk_zero(&self, from: usize) -> Option<End> {
        let decimal = self.group(from) == "0" && self.gap(from) == ".";
        if decimal || self.is_numbering || self.group(from).starts_with("000") {
            return None;
        }
        let last = self.last_plain_from(from);
        let pairs = (from..from + 5).all(|index| self.group(index).len() == 2);
        if pairs && from + 5 <= self.groups.len() && !self.is_sequence(from, from + 5) {
            return Some(from + 5);
        }
        let mut best = None;
        for to in from + 1..=last {
            let digits = self.digits_of(from, to);
            // What a hyphen joins belongs together.
            let joined = to > from + 1 && self.gap(to - 2) == "-";
            if digits.len() > MAX_TRUNK_DIGITS + if joined { 2 } else { 0 } {
                break;
            }
            // The next number of a list begins with its zero.
            if best.is_some()
                && self.group(to - 1).starts_with('0')
                && self.group(to - 1).len() >= 3
                && self.gap(to - 2) != "-"
            {
                break;
            }
            if to > from + 1 && self.date(to - 1).is_some_and(|end| end > to) {
                break;
            }
            if digits.len() >= 9 && !is_bits(&digits) && !(to == from + 1 && is_ladder(&digits)) {
                best = Some(to);
            }
        }
        // Of a longer number no end is left over.
        best.map(|to| {
            let rest = self.digits_of(to, self.groups.len()).len();
            let longer = (1..=4).contains(&rest)
                && self.digits_of(from, to).len() + rest <= MAX_TRUNK_DIGITS + 2
                && last == self.groups.len()
                && self.plain(to).is_none();
            if longer { last } else { to }
        })
    }

    /// A number whose area is in brackets, with what is dialled before it.
    fn with_bracket(&self, from: usize) -> Option<End> {
        let area = if self.opens_with_bracket(from) {
            from
        } else if self.gap(from).trim_start() == "(" && self.group(from).len() <= 3 {
            from + 1
        } else {
            return None;
        };
        if !self.gap(area).starts_with(')') || !(1..=5).contains(&self.group(area).len()) {
            return None;
        }
        let last = self.last_plain_from(from);
        (area + 2..=last.min(area + MAX_NUMBER_GROUPS)).rev().find(|to| {
            let digits = self.digits_of(from, *to).len();
            let rest = self.digits_of(area + 1, *to);
            (8..=13).contains(&digits)
                && rest.len() >= 5
                && !ends_in_zeros(&rest)
                && (digits >= 9
                    || self.group(area).starts_with('0')
                    || self.gap(area + 1).contains('-')
                    || area + 2 == *to)
        })
    }
}

/// What may stand between two groups of one number.
fn is_gap(gap: &[u8]) -> bool {
    let signs = gap.iter().filter(|byte| **byte != b' ').count();
    !gap.is_empty()
        && gap.iter().all(|byte| matches!(byte, b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b'+'))
        && (signs <= 1 || gap.iter().any(|byte| matches!(byte, b'(' | b')')))
        && gap != b". "
        && (!gap.contains(&b'+') || gap.starts_with(b" "))
}

fn opens_last(number: &str) -> bool {
    number.rfind('(') > number.rfind(')')
}

fn ends_in_zeros(digits: &str) -> bool {
    digits.ends_with("00000") || digits.trim_end_matches('0').len() <= 2
}

fn is_bits(digits: &str) -> bool {
    digits.bytes().all(|digit| matches!(digit, b'0' | b'1'))
}

/// `123456789` and `987654321`.
fn is_ladder(digits: &str) -> bool {
    let steps = |by: i16| {
        digits
            .as_bytes()
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if i16::from(*b) - i16::from(*a) == by))
    };
    steps(1) || steps(-1)
}
