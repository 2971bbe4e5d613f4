//! Numbers of payment cards (ISO/IEC 7812, with Luhn's check digit) and of bank accounts (ISO 13616, and British ones).

use std::sync::LazyLock;

use regex::Regex;

use super::findings::{Findings, IBAN};

/// The countries of the IBAN registry and the lengths of their numbers.
const IBAN_LENGTHS: &str = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24\
    FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27\
    MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28\
    TL23TN24TR26UA29VA22VG24XK20YE30";

/// A British account: its sort code of six digits and its number of eight (seven of some banks), each after its word.
/// Neither has a check digit, so either alone could be any number.
static SORT_CODES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let code =
        r"(?-u:\b)sort[ -]?code(?-u:\b)[^0-9\n]{0,20}([0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2})(?-u:\b)";
    let account =
        r"(?-u:\b)(?:account|acct?|a/c)(?-u:\b)[^0-9\n]{0,20}([0-9]{4}[ -]?[0-9]{3,4})(?-u:\b)";
    let between = "[^0-9]{0,30}";
    Regex::new(&format!("(?i){code}{between}{account}|{account}{between}{code}")).ok()
});

/// Finds bank accounts that are named by a sort code.
pub(super) fn find_sort_codes(findings: &mut Findings<'_>) {
    let text = findings.text;
    for found in SORT_CODES.iter().flat_map(|codes| codes.captures_iter(text)) {
        for number in found.iter().skip(1).flatten() {
            findings.replace(number.range(), IBAN);
        }
    }
}

/// Finds bank accounts with a country and check digits.
pub(super) fn find_ibans(findings: &mut Findings<'_>) {
    let bytes = findings.text.as_bytes();
    let mut place = 0;
    while let Some(head) = bytes.get(place..place + 4) {
        let begins = matches!(head, [a, b, c, d]
            if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit());
        let apart =
            place == 0 || bytes.get(place - 1).is_none_or(|before| !before.is_ascii_alphanumeric());
        match (begins && apart).then(|| iban_end(bytes, place)).flatten() {
            Some(end) => {
                findings.replace(place..end, IBAN);
                place = end;
            }
            None => place += 1,
        }
    }
}

/// The end of the number that begins at `start`, where its length and check digits are right.
fn iban_end(bytes: &[u8], start: usize) -> Option<usize> {
    let country = bytes.get(start..start + 2)?.to_ascii_uppercase();
    let length = IBAN_LENGTHS.as_bytes().chunks(4).find(|entry| entry.starts_with(&country))?;
    let length: usize = std::str::from_utf8(length.get(2..)?).ok()?.parse().ok()?;
    let mut letters = Vec::with_capacity(length);
    let mut place = start;
    let mut gaps = 0;
    while letters.len() < length {
        match *bytes.get(place)? {
            letter if letter.is_ascii_alphanumeric() => {
                letters.push(letter);
                gaps = 0;
            }
            b' ' | b'-' | b'.' if gaps == 0 => gaps += 1,
            _ => return None,
        }
        place += 1;
    }
    let apart = bytes.get(place).is_none_or(|after| !after.is_ascii_alphanumeric());
    letters.rotate_left(4);
    let remainder = letters.iter().try_fold(0_u32, |remainder, letter| {
        let value = char::from(*letter).to_digit(36)?;
        Some((remainder * if value < 10 { 10 } else { 100 } + value) % 97)
    });
    (apart && remainder == Some(1)).then_some(place)
}

/// Whether `digits` have the beginning, the length and the check digit of a payment card's number.
pub(super) fn is_card(digits: &str) -> bool {
    let two: u32 = digits.get(..2).and_then(|two| two.parse().ok()).unwrap_or_default();
    let plausible = match digits.len() {
        13 => two / 10 == 4,
        14 => matches!(two, 30 | 36 | 38 | 39),
        15 => matches!(two, 34 | 37 | 18 | 21),
        16 => matches!(two, 22..=27 | 35 | 40..=49 | 50..=69 | 81 | 90..=99),
        17..=19 => matches!(two, 40..=49 | 50 | 56..=69),
        _ => false,
    };
    plausible && passes_luhn(digits)
}

fn passes_luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit.saturating_sub(b'0'));
            if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
        })
        .sum();
    sum.is_multiple_of(10)
}
