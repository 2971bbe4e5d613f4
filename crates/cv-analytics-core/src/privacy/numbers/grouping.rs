//! Numbers that are grouped as those of phones are, where neither a country code nor a trunk zero tells.

use std::ops::Range;

use super::super::phone_plans::{is_mobile_of_13_digits, is_north_american, national_part};
use super::{End, MAX_NUMBER_GROUPS, MAX_PHONE_DIGITS, Run, ends_in_zeros, is_bits, is_ladder};

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

impl Run<'_> {
    /// A number that is grouped as phone numbers are, and beside which nothing else stands.
    pub(super) fn grouped(&self, from: usize, delimited: bool) -> Option<End> {
        if self.context.is_standard
            || self.context.is_id
            || (from == 0 && (self.context.after_comma || self.context.after_currency))
        {
            return None;
        }
        if self.is_numbering || (self.groups.len() >= 5 && self.is_list) {
            return None;
        }
        (from + 1..=self.groups.len().min(from + MAX_NUMBER_GROUPS)).rev().find(|to| {
            let inner_blank = (from + 1..*to).any(|index| self.gap(index - 1).contains(' '));
            let left = delimited || (from > 0 && !inner_blank && self.gap(from - 1).contains(' '));
            let counted = *to == self.groups.len() && self.context.is_counted;
            // The dearest question comes last.
            left && !counted
                && self.is_grouped(from, *to)
                && (*to == self.groups.len()
                    || (!inner_blank && self.gap(to - 1).contains(' '))
                    || self.plain(*to).is_some()
                    || self.certain(*to).is_some()
                    || self.has_form(*to))
        })
    }

    pub(super) fn has_form(&self, from: usize) -> bool {
        (from + 1..=self.groups.len().min(from + MAX_NUMBER_GROUPS))
            .any(|to| self.is_grouped(from, to))
    }

    pub(super) fn is_grouped(&self, from: usize, to: usize) -> bool {
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
            [12] => begins != b'1' && national_part(&digits).is_some(),
            [13] => {
                begins != b'1'
                    && national_part(&digits).is_some()
                    && is_mobile_of_13_digits(&digits)
            }
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

    pub(super) fn rises(&self, from: usize, to: usize) -> bool {
        let values: Vec<u64> =
            (from..to).filter_map(|index| self.group(index).parse().ok()).collect();
        values.windows(2).all(|pair| pair.first() < pair.last())
    }

    /// Whether blanks part what hyphens join, each alike, as codes of examinations: `70-486 70-487`.
    pub(super) fn is_list_of_pairs(&self, from: usize, to: usize) -> bool {
        (to - from).is_multiple_of(2)
            && (from + 1..to)
                .all(|index| (self.gap(index - 1) == "-") != (index - from).is_multiple_of(2))
    }

    pub(super) fn is_decimal_list(&self, from: usize, to: usize) -> bool {
        (from + 1..to).any(|index| self.gap(index - 1) == ".")
    }

    pub(super) fn holds_year(&self, from: usize, to: usize) -> bool {
        (from..to).any(|index| {
            let group = self.group(index);
            group.len() == 4
                && (group.starts_with("19") || group.starts_with("20"))
                && to - from > 1
        })
    }

    /// Whether two groups are the ends of a range, as `500-1200`.
    pub(super) fn is_range(&self, from: usize) -> bool {
        let (low, high) = (self.group(from), self.group(from + 1));
        let round = |text: &str| text.ends_with('0');
        (low.len(), low) < (high.len(), high) && (round(low) && round(high) || high.ends_with("00"))
            || (low.ends_with("00") && high.ends_with("00"))
    }

    /// Whether the groups are numbers that rise or fall, as in a list.
    pub(super) fn is_sequence(&self, from: usize, to: usize) -> bool {
        let values: Vec<u64> =
            (from..to).filter_map(|index| self.group(index).parse().ok()).collect();
        (values.len() > 3 && self.rises(from, to))
            || (values.len() > 4 && values.windows(2).all(|pair| pair.first() > pair.last()))
    }
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

/// A power of two, or the largest number below one.
fn is_limit(digits: &str) -> bool {
    digits
        .parse::<u64>()
        .is_ok_and(|value| value.is_power_of_two() || (value + 1).is_power_of_two())
}

fn is_power_of_two(group: &str) -> bool {
    group.parse::<u64>().is_ok_and(u64::is_power_of_two)
}
