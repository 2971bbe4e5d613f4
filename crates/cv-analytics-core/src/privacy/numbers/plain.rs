//! Numbers that are not phone numbers: dates, amounts, versions, addresses of networks, books, standards.

use super::{End, Run};

impl Run<'_> {
    pub(super) fn plain(&self, from: usize) -> Option<End> {
        self.plain_in_any_case(from).or_else(|| self.amount(from))
    }

    /// What is plain even where a phone number is announced.
    pub(super) fn plain_in_any_case(&self, from: usize) -> Option<End> {
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

    pub(super) fn is_certain(&self, from: usize) -> bool {
        self.group(from).starts_with('0')
            && self.group(from).len() >= 9
            && !self.context.is_mixed_token
    }

    /// The number after the name of a standard, or after a word like "order".
    pub(super) fn standard(&self, from: usize) -> Option<End> {
        if from > 0 || !(self.context.is_id || self.context.is_standard) {
            return None;
        }
        Some(self.token_end(from))
    }

    /// Where the groups end that no blank parts.
    pub(super) fn token_end(&self, from: usize) -> End {
        let mut to = from + 1;
        while to < self.groups.len() && !self.gap(to - 1).contains(' ') {
            to += 1;
        }
        to
    }

    /// The number of a book (ISO 2108) by its check digit, and of an author (ORCID).
    pub(super) fn publication(&self, from: usize) -> Option<End> {
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
    pub(super) fn date(&self, from: usize) -> Option<End> {
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
    pub(super) fn dotted(&self, from: usize) -> Option<End> {
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
    pub(super) fn is_amount(&self, from: usize, to: usize) -> bool {
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
    pub(super) fn amount(&self, from: usize) -> Option<End> {
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
}
