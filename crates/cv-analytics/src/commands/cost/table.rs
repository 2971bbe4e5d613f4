//! Figures and rows for people: amounts to the cent, or to the thousandth where they are tiny.

use bigdecimal::{BigDecimal, RoundingMode};

/// The width of a row, and of wrapped text.
const TABLE_COLUMNS: usize = 78;

/// One row of the table.
pub(super) fn row(service: &str, item: &str, quantity: &str, free: &str, dollars: &str) -> String {
    let figures = format!("{quantity:>16} {free:>11} {dollars:>14}");
    let name = format!("{service:<10} {item}");
    let figures = if quantity.is_empty() { figures.trim_start() } else { &figures };
    let room = TABLE_COLUMNS.saturating_sub(name.chars().count()).max(figures.len() + 1);
    let line = format!("{name}{figures:>room$}");
    format!("{}\n", line.trim_end())
}

/// `text` in lines that are not wider than the table.
pub(super) fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for word in text.split_inclusive(' ') {
        let length = word.trim_end().chars().count();
        if width > 0 && width + length > TABLE_COLUMNS {
            lines.truncate(lines.trim_end_matches(' ').len());
            lines.push('\n');
            width = 0;
        }
        lines += word;
        width += word.chars().count();
    }
    lines.push('\n');
    lines
}

/// An amount as people read it: `1,234.56`, `0.007`, `<0.001`.
pub(super) fn dollars(amount: &BigDecimal) -> String {
    let (zero, thousandth, cent) =
        (BigDecimal::default(), BigDecimal::new(1.into(), 3), BigDecimal::new(1.into(), 2));
    if *amount > zero && *amount < &thousandth / 2 {
        return "<0.001".to_owned();
    }
    let digits = if *amount > zero && *amount < cent { 3 } else { 2 };
    rounded(amount, digits)
}

/// A count, or an amount of something with its first three digits after the point.
pub(super) fn quantity(amount: &BigDecimal) -> String {
    rounded(amount, if amount.is_integer() { 0 } else { 3 })
}

fn rounded(amount: &BigDecimal, digits: i64) -> String {
    let plain = amount.with_scale_round(digits, RoundingMode::HalfUp).to_plain_string();
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(amount: &str, expect: &str) {
        assert_eq!(dollars(&amount.parse().unwrap()), expect, "{amount}");
    }

    #[test]
    fn amounts_are_told_to_the_cent_and_tiny_ones_to_the_thousandth() {
        check("0", "0.00");
        check("0.0000001", "<0.001");
        check("0.000499", "<0.001");
        check("0.0005", "0.001");
        check("0.0074999", "0.007");
        check("0.0075", "0.008");
        check("0.00999", "0.010");
        check("0.01", "0.01");
        check("0.014999", "0.01");
        check("0.015", "0.02");
        check("999.995", "1,000.00");
        check("13693106.4201", "13,693,106.42");
    }

    #[test]
    fn counts_have_no_point_and_parts_three_digits() {
        assert_eq!(quantity(&1_000_000_u64.into()), "1,000,000");
        assert_eq!(quantity(&"12.0005".parse().unwrap()), "12.001");
        assert_eq!(quantity(&u64::MAX.into()), "18,446,744,073,709,551,615");
    }

    #[test]
    fn rows_and_sentences_are_no_wider_than_80_columns() {
        let row =
            row("CloudWatch", "GB stored, with the index", "2,000,000,000", "1,000,000", "1.00");
        assert!(row.trim_end().len() <= 80, "{row}");
        for line in wrapped(&"interactions ".repeat(40)).lines() {
            assert!(line.len() <= 80, "{line}");
        }
    }
}
