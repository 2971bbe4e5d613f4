//! The numbering plans of countries: how long a number is after its country code (ITU-T E.164).

/// A country code, and the fewest and the most digits of a number after it.
struct Plan {
    code: &'static str,
    shortest: usize,
    longest: usize,
}

const fn plan(code: &'static str, shortest: usize, longest: usize) -> Plan {
    Plan { code, shortest, longest }
}

/// The plans that are narrower than [`OTHERS`].
const PLANS: [Plan; 88] = [
    plan("1", 10, 10),
    plan("7", 10, 10),
    plan("20", 8, 10),
    plan("27", 9, 9),
    plan("30", 10, 10),
    plan("31", 9, 9),
    plan("32", 8, 9),
    plan("33", 9, 9),
    plan("34", 9, 9),
    plan("36", 8, 9),
    plan("39", 6, 11),
    plan("40", 9, 9),
    plan("41", 9, 9),
    plan("43", 7, 13),
    plan("44", 9, 10),
    plan("45", 8, 8),
    plan("46", 7, 10),
    plan("47", 8, 8),
    plan("48", 9, 9),
    plan("49", 7, 12),
    plan("51", 8, 9),
    plan("52", 10, 11),
    plan("53", 8, 8),
    plan("54", 10, 11),
    plan("55", 10, 11),
    plan("56", 9, 9),
    plan("57", 8, 10),
    plan("58", 10, 10),
    plan("60", 8, 10),
    plan("61", 9, 9),
    plan("62", 8, 12),
    plan("63", 8, 10),
    plan("64", 8, 10),
    plan("65", 8, 8),
    plan("66", 8, 9),
    plan("81", 9, 10),
    plan("82", 8, 10),
    plan("84", 9, 10),
    plan("86", 9, 11),
    plan("90", 10, 10),
    plan("91", 10, 10),
    plan("92", 9, 10),
    plan("93", 9, 9),
    plan("94", 9, 9),
    plan("95", 7, 10),
    plan("98", 10, 10),
    plan("212", 9, 9),
    plan("213", 8, 9),
    plan("216", 8, 8),
    plan("225", 8, 10),
    plan("229", 8, 10),
    plan("233", 9, 9),
    plan("234", 8, 10),
    plan("251", 9, 9),
    plan("254", 9, 9),
    plan("255", 9, 9),
    plan("256", 9, 9),
    plan("351", 9, 9),
    plan("352", 6, 9),
    plan("353", 7, 9),
    plan("354", 7, 9),
    plan("355", 8, 9),
    plan("356", 8, 8),
    plan("357", 8, 8),
    plan("358", 6, 11),
    plan("359", 7, 9),
    plan("370", 8, 8),
    plan("371", 8, 8),
    plan("372", 7, 8),
    plan("374", 8, 8),
    plan("375", 9, 9),
    plan("380", 9, 9),
    plan("381", 7, 10),
    plan("385", 8, 9),
    plan("386", 8, 8),
    plan("420", 9, 9),
    plan("421", 9, 9),
    plan("852", 8, 8),
    plan("856", 8, 10),
    plan("880", 8, 10),
    plan("886", 8, 9),
    plan("961", 7, 8),
    plan("962", 8, 9),
    plan("965", 8, 8),
    plan("966", 8, 9),
    plan("971", 8, 9),
    plan("972", 8, 9),
    plan("977", 8, 10),
];

/// The countries with codes of three digits that [`PLANS`] does not name: their codes' first two.
const OTHERS: [&str; 20] = [
    "21", "22", "23", "24", "25", "26", "29", "35", "37", "38", "42", "50", "59", "67", "68", "69",
    "85", "88", "96", "97",
];

/// Where the number after the country code begins in `digits`, where it has a length that its country knows.
pub(super) fn national_part(digits: &str) -> Option<&str> {
    let known = PLANS.iter().find_map(|plan| Some((plan, digits.strip_prefix(plan.code)?)));
    let national = match known {
        Some((plan, national)) => {
            // Italy keeps the zero of its area codes; others write theirs by mistake.
            let dialled =
                if plan.code == "39" { national } else { national.trim_start_matches('0') };
            let zeros = national.len() - dialled.len();
            ((plan.shortest..=plan.longest).contains(&dialled.len()) && zeros <= 1)
                .then_some(dialled)?
        }
        None if OTHERS.iter().any(|code| digits.starts_with(code)) || digits.starts_with("99") => {
            digits.get(3..).filter(|national| (6..=9).contains(&national.len()))?
        }
        None => return None,
    };
    let area = national.get(..3)?;
    // North American area codes and exchanges begin with 2 to 9.
    let north_american = digits.starts_with('1') && national.len() == 10;
    (!north_american || is_north_american(national)).then_some(national).filter(|_| area != "000")
}

/// Whether thirteen digits, a country code with a number of eleven, are those of a mobile where only
/// mobiles have as many. The numbers of articles (EAN-13) have thirteen as well.
pub(super) fn is_mobile_of_13_digits(digits: &str) -> bool {
    // The country code, and the digit that mobiles have at a place in the whole number.
    const MOBILES: [(&str, usize, u8); 5] =
        [("52", 2, b'1'), ("54", 2, b'9'), ("55", 4, b'9'), ("62", 2, b'8'), ("86", 2, b'1')];
    MOBILES
        .iter()
        .find(|(code, ..)| digits.starts_with(code))
        .is_none_or(|(_, place, digit)| digits.as_bytes().get(*place) == Some(digit))
}

/// Whether ten digits are an area code, an exchange and a line of the North American plan.
pub(super) fn is_north_american(digits: &str) -> bool {
    let at = |place: usize| digits.as_bytes().get(place).copied().unwrap_or_default();
    digits.len() == 10 && matches!(at(0), b'2'..=b'9') && matches!(at(3), b'2'..=b'9')
}
