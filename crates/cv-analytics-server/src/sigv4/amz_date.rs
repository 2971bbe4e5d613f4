//! The form of `X-Amz-Date`: `20261123T090000Z`.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::Offset;

/// A moment to the second, with the sixteen bytes that a signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AmzDate {
    text: [u8; 16],
    unix_seconds: u64,
}

impl AmzDate {
    /// Reads exactly `YYYYMMDDTHHMMSSZ`, from 1970 on; anything else is not a date.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text: [u8; 16] = text.try_into().ok()?;
        let [y1, y2, y3, y4, mo1, mo2, d1, d2, b'T', h1, h2, mi1, mi2, s1, s2, b'Z'] = text else {
            return None;
        };
        let two = |tens: u8, ones: u8| -> Option<i8> {
            let digit = |byte: u8| byte.is_ascii_digit().then(|| byte - b'0');
            i8::try_from(digit(tens)? * 10 + digit(ones)?).ok()
        };
        let year = i16::from(two(y1, y2)?) * 100 + i16::from(two(y3, y4)?);
        let moment = DateTime::new(
            year,
            two(mo1, mo2)?,
            two(d1, d2)?,
            two(h1, h2)?,
            two(mi1, mi2)?,
            two(s1, s2)?,
            0,
        )
        .ok()?;
        let seconds = Offset::UTC.to_timestamp(moment).ok()?.as_second();
        Some(Self { text, unix_seconds: u64::try_from(seconds).ok()? })
    }

    /// The date of a moment; the year 9999 at most.
    pub(super) fn from_unix_seconds(seconds: u64) -> Self {
        let moment = i64::try_from(seconds)
            .ok()
            .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
            .unwrap_or(jiff::Timestamp::MAX);
        let at = Offset::UTC.to_datetime(moment);
        let text = format!(
            "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        );
        Self {
            text: text.as_bytes().try_into().unwrap_or(*b"99991231T235959Z"),
            unix_seconds: seconds,
        }
    }

    pub(super) const fn unix_seconds(self) -> u64 {
        self.unix_seconds
    }

    pub(super) const fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// `YYYYMMDD`.
    pub(super) fn day(self) -> [u8; 8] {
        self.text.first_chunk().copied().unwrap_or_default()
    }
}

impl fmt::Display for AmzDate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(std::str::from_utf8(&self.text).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, unix_seconds: Option<u64>) {
        let date = AmzDate::parse(text.as_bytes());
        assert_eq!(date.map(AmzDate::unix_seconds), unix_seconds, "{text:?}");
        if let Some(date) = date {
            assert_eq!(AmzDate::from_unix_seconds(date.unix_seconds()).to_string(), text);
        }
    }

    #[test]
    fn only_the_basic_form_in_utc_is_a_date() {
        check("20150830T123600Z", Some(1_440_938_160));
        check("19700101T000000Z", Some(0));
        check("20240229T235959Z", Some(1_709_251_199));
        check("20230229T000000Z", None);
        check("20261301T000000Z", None);
        check("20260101T240000Z", None);
        check("20260101T000060Z", None);
        check("19691231T235959Z", None);
        check("2026-01-01T00:00:00Z", None);
        check("20260101T000000z", None);
        check("20260101 000000Z", None);
        check("20260101T000000+", None);
        check("2026010１T00000Z", None);
        check("", None);
        check("Thu, 01 Jan 2026", None);
    }
}
