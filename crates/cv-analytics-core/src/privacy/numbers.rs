//! Phone and card numbers among the other numbers of a text.
//!
//! Numbers that only blanks, hyphens, dots, slashes and brackets part are one *run*. Each place in
//! a run is asked in turn: does something plain begin here (a date, an amount, a version, an
//! address of the Internet Protocol), a card, a number that can only be a phone's (a country code,
//! a trunk zero, an area in brackets, a word like "call" before it), or, where nothing else is
//! beside it, one that is grouped as phone numbers are?

use std::ops::Range;

use super::number_context::Context;
use super::payment::is_card;
use super::phone_plans::{is_north_american, national_part};
use super::redaction::{CARD, Findings, PHONE};

/// The most digits of an international number (ITU-T E.164).
const MAX_PHONE_DIGITS: usize = 15;
/// The most digits of a number with its trunk zero.
const MAX_TRUNK_DIGITS: usize = 12;
/// What dials out of a country, and the fewest digits of a number that begins with it.
const EXIT_CODES: [(&str, usize); 4] = [("0011", 13), ("011", 13), ("010", 13), ("00", 10)];
/// The fewest digits of a phone number.
const FEWEST_DIGITS: usize = 6;
/// The most groups that are looked at together: a longer list is read in parts.
const MAX_GROUPS: usize = 48;
/// The most groups of one number.
const MAX_NUMBER_GROUPS: usize = 10;
/// The most characters between two groups of one number.
const MAX_GAP: usize = 4;

/// How many digits the groups of a number have that is written without a country code or trunk zero.
const GROUPINGS: [&[usize]; 16] = [
    &[1, 4, 4],
    &[2, 4, 4],
    &[3, 4, 4],
    &[2, 5, 4],
    &[2, 1, 4, 4],
    &[4, 3, 3],
    &[4, 3, 4],
    &[3, 4, 3],
    &[3, 2, 2, 2],
    &[2, 3, 2, 2],
    &[3, 2, 3],
    &[3, 3, 2, 2],
    &[1, 3, 3, 2, 2],
    &[1, 2, 2, 2, 2],
    &[2, 2, 2, 2],
    &[2, 3, 4],
];

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
        if groups.iter().map(Range::len).sum::<usize>() < FEWEST_DIGITS
            || !groups.first().is_some_and(|first| findings.is_free(first))
        {
            continue;
        }
        let run = Run::new(text, groups);
        let (found, done) = run.findings();
        for (range, marker) in found {
            findings.replace(range, marker);
        }
        // The rest of a list that is too long for one run is a run of its own.
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
    /// The groups from `start` on, [`MAX_GROUPS`] at the most.
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
            let Some(gap) = rest.iter().take(MAX_GAP + 1).position(u8::is_ascii_digit) else {
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

    /// The place of groups in the text, with the plus and the bracket before them and the extension
    /// after them.
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

    /// Where the groups end that are no amount or number of things.
    fn last_plain_from(&self, from: usize) -> usize {
        let mut last = self.groups.len();
        if self.context.is_counted && last > from + 1 {
            last -= 1;
        }
        last
    }

    fn plain(&self, from: usize) -> Option<End> {
        self.plain_in_any_case(from).or_else(|| self.amount(from))
    }

    /// What is plain even where a phone number is announced.
    fn plain_in_any_case(&self, from: usize) -> Option<End> {
        let signed = from == 0 && self.context.has_plus;
        let last = from + 1 == self.groups.len();
        if (from == 0 && self.context.glued_before && !signed)
            || (last && self.context.glued_after && !self.is_certain(from))
        {
            return Some(self.token_end(from));
        }
        if signed || self.opens_with_bracket(from) {
            return None;
        }
        self.date(from)
            .or_else(|| self.dotted(from))
            .or_else(|| self.standard(from))
            .or_else(|| self.publication(from))
    }

    fn is_certain(&self, from: usize) -> bool {
        self.group(from).starts_with('0')
            && self.group(from).len() >= 9
            && !self.context.is_mixed_token
    }

    /// The number after the name of a standard, or after a word like "order".
    fn standard(&self, from: usize) -> Option<End> {
        if from > 0 || !(self.context.is_id || self.context.is_standard) {
            return None;
        }
        Some(self.token_end(from))
    }

    /// Where the groups end that no blank parts.
    fn token_end(&self, from: usize) -> End {
        let mut to = from + 1;
        while to < self.groups.len() && !self.gap(to - 1).contains(' ') {
            to += 1;
        }
        to
    }

    /// The number of a book (ISO 2108) by its check digit, and of an author (ORCID).
    fn publication(&self, from: usize) -> Option<End> {
        let to = self.token_end(from);
        let digits = self.digits_of(from, to);
        let hyphens = (from + 1..to).all(|index| self.gap(index - 1) == "-");
        let values = || digits.bytes().map(|digit| usize::from(digit.saturating_sub(b'0')));
        let is_book = match digits.len() {
            13 if digits.starts_with("978") || digits.starts_with("979") => {
                let sum: usize = values()
                    .enumerate()
                    .map(|(place, value)| value * if place % 2 == 0 { 1 } else { 3 })
                    .sum();
                sum.is_multiple_of(10)
            }
            10 if to == from + 4 && self.group(to - 1).len() == 1 => {
                let sum: usize =
                    values().enumerate().map(|(place, value)| value * (10 - place)).sum();
                sum.is_multiple_of(11)
            }
            16 => to == from + 4 && digits.starts_with("0000") && self.lengths(from, to) == [4; 4],
            _ => false,
        };
        (hyphens && is_book).then_some(to)
    }

    /// A date in any order with a year, a month and a year, or a year.
    fn date(&self, from: usize) -> Option<End> {
        let value = |index: usize| self.group(index).parse::<u32>().unwrap_or(u32::MAX);
        let month = |index: usize| self.group(index).len() <= 2 && (1..=12).contains(&value(index));
        let day = |index: usize| self.group(index).len() <= 2 && (1..=31).contains(&value(index));
        let year =
            |index: usize| self.group(index).len() == 4 && (1900..=2100).contains(&value(index));
        let (first, second) = (self.gap(from).trim(), self.gap(from + 1).trim());
        let three = from + 2 < self.groups.len() && first == second && first.len() <= 1;
        if three {
            let year_first = year(from)
                && (month(from + 1) && day(from + 2) || day(from + 1) && month(from + 2));
            let year_last =
                year(from + 2) && (day(from) && month(from + 1) || month(from) && day(from + 1));
            let short_year = self.group(from + 2).len() == 2
                && (day(from) && month(from + 1) || month(from) && day(from + 1))
                && !first.is_empty()
                && (from + 3 == self.groups.len() || self.gap(from + 2).trim() != first)
                && (from == 0 || self.gap(from - 1).trim() != first);
            if year_first || year_last || short_year {
                return Some(from + 3);
            }
        }
        let two = from + 1 < self.groups.len() && matches!(first, "-" | "/" | ".");
        if two
            && ((year(from) && (month(from + 1) || year(from + 1)))
                || (month(from) && year(from + 1)))
        {
            return Some(from + 2);
        }
        // The day and the year of an English date; hours beside minutes.
        let clock = (from == 0 && self.context.after_colon)
            || (from + 1 == self.groups.len() && self.context.before_colon);
        if clock && self.group(from).len() <= 2 {
            return Some(from + 1);
        }
        (year(from)
            && (from + 1 == self.groups.len() || !matches!(self.gap(from), "-" | "/" | "."))
            || year(from) && from == 0 && self.groups.len() == 2)
            .then_some(from + 1)
    }

    /// Groups that dots join without blanks: versions, addresses of the Internet Protocol, decimals.
    fn dotted(&self, from: usize) -> Option<End> {
        let mut to = from + 1;
        while to < self.groups.len() && self.gap(to - 1) == "." {
            to += 1;
        }
        let lengths = self.lengths(from, to);
        let digits: usize = lengths.iter().sum();
        let begins = self.group(from);
        let small = lengths.iter().all(|length| *length <= 3);
        let plain = match lengths.as_slice() {
            [_, decimals] => {
                let trunk = begins.starts_with('0') && begins.len() > 1 && digits >= 9;
                // An amount goes on after its first three digits.
                let goes_on = *decimals == 3
                    && to < self.groups.len()
                    && self.gap(to - 1) == " "
                    && self.group(to).len() == 3;
                !trunk && !goes_on
            }
            [3, 3, 3] => begins.starts_with(['0', '1', '2', '3', '4']) && !begins.starts_with('0'),
            [_, _, _] => small && !(begins.starts_with('0') && digits >= 8),
            [_, _, _, _] => {
                (small && !(begins.starts_with('0') && digits >= 9 && begins.len() > 1))
                    && lengths.as_slice() != [3, 2, 2, 2]
            }
            _ => false,
        };
        let zero = begins == "0" && to > from + 1;
        if !(plain || zero) {
            return None;
        }
        // The length of a prefix (RFC 4632), or a port.
        let prefix = lengths.len() == 4
            && to < self.groups.len()
            && self.gap(to - 1) == "/"
            && self.group(to).len() <= 2;
        Some(to + usize::from(prefix))
    }

    /// Whether groups are those of thousands.
    fn is_amount(&self, from: usize, to: usize) -> bool {
        let first = self.group(from);
        to > from + 1
            && first.len() <= 3
            && !first.starts_with('0')
            && (from + 1..to).all(|index| {
                self.group(index).len() == 3
                    && self.gap(index - 1) == self.gap(from)
                    && matches!(self.gap(from), " " | ".")
            })
    }

    /// An amount of money, or a number of things.
    fn amount(&self, from: usize) -> Option<End> {
        if (from == 0 && self.context.has_plus) || self.opens_with_bracket(from) {
            return None;
        }
        let count = self.groups.len();
        let mut to = from + 1;
        while to < count && self.is_amount(from, to + 1) {
            to += 1;
        }
        let valued =
            (from == 0 && self.context.after_currency) || (to == count && self.context.is_counted);
        if to == from + 1 {
            let alone = !self.group(from).starts_with('0') || self.context.before_money;
            // `10-12 engineers`, `300 - 1000 users`: the number that is counted takes its range along.
            let ranged = to + 1 == count
                && self.context.is_counted
                && self.gap(from).trim() == "-"
                && self.group(from).len() <= self.group(to).len()
                && !self.group(from).starts_with('0');
            return ((valued && alone)
                || (ranged && self.group(from).len() != 3)
                || (ranged && self.group(to).ends_with('0')))
            .then_some(to);
        }
        let goes_on = to < count && self.gap(to - 1) == "-" && self.group(to).len() == 4;
        let whole = to == count || (self.gap(to - 1) != self.gap(from) && !goes_on);
        let round = self.group(to - 1) == "000"
            || self.group(to - 1).ends_with("00") && self.group(from).len() < 3;
        let short = self.group(from).len() <= 2 || to - from == 2;
        (whole && (valued || round || short)).then_some(to)
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

    /// A number that is grouped as phone numbers are, and beside which nothing else stands.
    fn grouped(&self, from: usize, delimited: bool) -> Option<End> {
        if self.context.is_standard
            || self.context.is_id
            || (from == 0 && (self.context.after_comma || self.context.after_currency))
        {
            return None;
        }
        if self.groups.len() >= 5 && self.is_list {
            return None;
        }
        (from + 1..=self.groups.len().min(from + MAX_NUMBER_GROUPS)).rev().find(|to| {
            let inner_blank = (from + 1..*to).any(|index| self.gap(index - 1).contains(' '));
            let left = delimited || (from > 0 && !inner_blank && self.gap(from - 1).contains(' '));
            let right = *to == self.groups.len()
                || (!inner_blank && self.gap(to - 1).contains(' '))
                || self.plain(*to).is_some()
                || self.certain(*to).is_some()
                || self.has_form(*to);
            let counted = *to == self.groups.len() && self.context.is_counted;
            left && right && !counted && self.is_grouped(from, *to)
        })
    }

    fn has_form(&self, from: usize) -> bool {
        (from + 1..=self.groups.len().min(from + MAX_NUMBER_GROUPS))
            .any(|to| self.is_grouped(from, to))
    }

    fn is_grouped(&self, from: usize, to: usize) -> bool {
        let digits = self.digits_of(from, to);
        if !(7..=MAX_PHONE_DIGITS).contains(&digits.len())
            || ends_in_zeros(&digits)
            || is_bits(&digits)
            || is_moment(&digits)
            || is_limit(&digits)
        {
            return false;
        }
        if (from..to).any(|index| index + 1 < to && self.gap(index).contains('(')) {
            return false;
        }
        let at = |place: usize| digits.as_bytes().get(place).copied().unwrap_or_default();
        let begins = at(0);
        let lengths = self.lengths(from, to);
        let gaps = || (from + 1..to).map(|index| self.gap(index - 1));
        let hyphens = gaps().any(|gap| gap.contains('-'));
        let dots = gaps().all(|gap| gap == ".");
        let slashes = gaps().filter(|gap| gap.contains('/')).count();
        let all = |of: fn(&str) -> bool| (from..to).all(|index| of(self.group(index)));
        let listed = lengths.len() > 1
            && (all(|group| group.ends_with('0'))
                || all(is_limit)
                || self.is_sequence(from, to)
                || slashes > usize::from(hyphens || lengths.len() > 2));
        let mobile_of_china = begins == b'1' && matches!(at(1), b'3'..=b'9');
        // One and ten digits that rise are North America's all the same.
        let north_american = lengths.as_slice() == [1, 3, 3, 4] && national_part(&digits).is_some();
        if listed && !north_american {
            return false;
        }
        match lengths.as_slice() {
            [9] => matches!(begins, b'5'..=b'9') && !is_ladder(&digits),
            [10] => is_north_american(&digits) || matches!(begins, b'3' | b'6'..=b'9'),
            [11] => {
                mobile_of_china
                    || at(2) == b'9'
                    || (begins == b'8' && matches!(at(1), b'3' | b'4' | b'8' | b'9'))
                    || (begins != b'2' && national_part(&digits).is_some())
            }
            [12 | 13] => begins != b'1' && national_part(&digits).is_some(),
            [3, 8] => mobile_of_china,
            [3, 4] => {
                self.gap(from) == "-"
                    && matches!(begins, b'2'..=b'9')
                    && !self.is_range(from)
                    && self.date(from + 1).is_none()
            }
            [3, 3, 4] => true,
            [3, 7] => matches!(begins, b'2'..=b'9'),
            [1, 3, 3, 4] => {
                begins == b'1'
                    || (matches!(begins, b'7' | b'8') && matches!(at(1), b'3' | b'4' | b'8' | b'9'))
            }
            [3, 3, 3] => matches!(begins, b'5'..=b'9') && slashes == 0 && !digits.ends_with("00"),
            [4, 4] => {
                (matches!(begins, b'3' | b'6' | b'8' | b'9')
                    || (begins == b'2' && at(1) > b'0' && hyphens))
                    && slashes == 0
                    && !dots
                    && !self.is_range(from)
                    && !(from..to).any(|index| {
                        self.group(index).ends_with("00") || is_power_of_two(self.group(index))
                    })
            }
            [5, 5] => matches!(begins, b'6'..=b'9') && slashes == 0 && !dots,
            [5, 4] => hyphens && begins == b'9' && !self.is_range(from),
            [2, 7 | 8] | [4, 6] => !dots && !self.is_range(from),
            other if GROUPINGS.contains(&other) => !self.holds_year(from, to),
            many if many.len() >= 3 && !dots => {
                let coded = digits.len() >= 11
                    && self.group(from).len() <= 3
                    && national_part(&digits).is_some();
                let irregular = many.len() <= 6
                    && digits.len() >= 9
                    && many.iter().all(|length| (2..=6).contains(length))
                    && many
                        .windows(2)
                        .any(|pair| pair.first() != pair.last() || pair.first() == Some(&2))
                    && !self.is_decimal_list(from, to)
                    && !(many.len() == 3 && self.rises(from, to));
                (coded || irregular)
                    && !self.holds_year(from, to)
                    && !self.is_list_of_pairs(from, to)
            }
            _ => false,
        }
    }

    fn rises(&self, from: usize, to: usize) -> bool {
        let values: Vec<u64> =
            (from..to).filter_map(|index| self.group(index).parse().ok()).collect();
        values.windows(2).all(|pair| pair.first() < pair.last())
    }

    /// Whether blanks part what hyphens join, each alike, as codes of examinations: `70-486 70-487`.
    fn is_list_of_pairs(&self, from: usize, to: usize) -> bool {
        (to - from).is_multiple_of(2)
            && (from + 1..to).all(|index| (self.gap(index - 1) == "-") == ((index - from) % 2 > 0))
    }

    fn is_decimal_list(&self, from: usize, to: usize) -> bool {
        (from + 1..to).any(|index| self.gap(index - 1) == ".")
    }

    fn holds_year(&self, from: usize, to: usize) -> bool {
        (from..to).any(|index| {
            let group = self.group(index);
            group.len() == 4
                && (group.starts_with("19") || group.starts_with("20"))
                && to - from > 1
        })
    }

    /// Whether two groups are the ends of a range, as `500-1200`.
    fn is_range(&self, from: usize) -> bool {
        let (low, high) = (self.group(from), self.group(from + 1));
        let round = |text: &str| text.ends_with('0');
        (low.len(), low) < (high.len(), high) && (round(low) && round(high) || high.ends_with("00"))
            || (low.ends_with("00") && high.ends_with("00"))
    }

    /// Whether the groups are numbers that rise or fall, as in a list.
    fn is_sequence(&self, from: usize, to: usize) -> bool {
        let values: Vec<u64> =
            (from..to).filter_map(|index| self.group(index).parse().ok()).collect();
        (values.len() > 3 && self.rises(from, to))
            || (values.len() > 4 && values.windows(2).all(|pair| pair.first() > pair.last()))
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

/// A day with or without its time, without signs: `20261124`, `202611241000`.
fn is_moment(digits: &str) -> bool {
    let part = |range: Range<usize>| {
        digits.get(range).and_then(|part| part.parse::<u32>().ok()).unwrap_or(u32::MAX)
    };
    matches!(digits.len(), 8 | 10 | 12 | 14)
        && (1900..=2099).contains(&part(0..4))
        && (1..=12).contains(&part(4..6))
        && (1..=31).contains(&part(6..8))
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

/// A power of two, or the largest number below one.
fn is_limit(digits: &str) -> bool {
    digits
        .parse::<u64>()
        .is_ok_and(|value| value.is_power_of_two() || (value + 1).is_power_of_two())
}

fn is_power_of_two(group: &str) -> bool {
    group.parse::<u64>().is_ok_and(u64::is_power_of_two)
}
