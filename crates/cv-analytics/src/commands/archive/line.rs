//! What an archive holds, as JSON Lines: events in the contract's canonical form, and everything else
//! as an object with its `kind`.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cv_analytics_core::dead_letter::{DeadLetter, Reason};
use cv_analytics_core::event::RequestId;
use cv_analytics_core::store::archive::{Archived, ErasedId};
use cv_analytics_core::store::erasure::Mark;
use cv_analytics_core::store::session_key::SESSION_KEY;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_insights::settings::counting_rules::CountingRules;
use cv_analytics_insights::settings::{FigureSettings, SETTINGS_KEY};
use cv_analytics_mail::message::unsubscribe_key::LEDGER_KEY as UNSUBSCRIBE_KEY;
use serde::{Deserialize, Serialize};

/// The longest key and the longest value of a record of the ledger that are taken back, in bytes.
const MAX_KEY_BYTES: usize = 1_024;
const MAX_VALUE_BYTES: usize = 4 << 20;
/// Secrets of the installation that an archive was made of,
const KEYS: [&str; 2] = [SESSION_KEY, UNSUBSCRIBE_KEY];
/// each of 32 random bytes in hexadecimal digits.
const KEY_DIGITS: usize = 64;
/// Of them so many different ones at least: chance makes fewer once in a hundred million million keys.
const MIN_KEY_DIGITS: usize = 8;
/// The most that a week's deliveries may count: more did not happen, and would overflow with the next.
const MAX_COUNT: u64 = 1_000_000_000_000;
/// Letters arrived from 1970 to 2200, whatever the clock said.
const MAX_MOMENT_MS: i64 = 7_258_118_400_000;

/// A line that is not an event, as it is written.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum State {
    Ledger {
        key: String,
        value: String,
    },
    Erased {
        request_id: Option<String>,
        sha256: Option<String>,
        // Where the mark is a session's. Earlier versions take it for a request's that nobody sends.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        session: bool,
    },
    Deliveries {
        week: String,
        duplicates: u64,
        conflicts: u64,
        dead_letters: u64,
        refused: u64,
    },
    DeadLetter {
        reason: String,
        detail: String,
        arrived_at: i64,
        body_base64: String,
    },
    DeadLetterNote {
        id: String,
        arrived_at: i64,
    },
}

/// The line as it is read; unknown fields are skipped, so that it takes no more memory than its bytes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    kind: String,
    key: Option<String>,
    value: Option<String>,
    request_id: Option<String>,
    sha256: Option<String>,
    #[serde(default)]
    session: bool,
    week: Option<String>,
    duplicates: Option<u64>,
    conflicts: Option<u64>,
    dead_letters: Option<u64>,
    // Archives of earlier versions have none.
    #[serde(default)]
    refused: u64,
    reason: Option<String>,
    detail: Option<String>,
    arrived_at: Option<i64>,
    body_base64: Option<String>,
    id: Option<String>,
}

/// Writes anything but an interaction as one line.
pub(super) fn write_state(line: &mut Vec<u8>, item: Archived) -> Result<()> {
    let state = match item {
        Archived::Ledger { key, value } => State::Ledger { key, value },
        Archived::Erased(ErasedId::RequestId(id)) => {
            let request_id = Some(id.as_str().to_owned());
            State::Erased { request_id, sha256: None, session: false }
        }
        Archived::Erased(ErasedId::Sha256(mark)) => {
            State::Erased { request_id: None, sha256: Some(hex::encode(mark)), session: false }
        }
        Archived::ErasedSession(mark) => {
            State::Erased { request_id: None, sha256: Some(hex::encode(mark)), session: true }
        }
        Archived::Deliveries { week, duplicates, conflicts, dead_letters, refused } => {
            let week = week.to_string();
            State::Deliveries { week, duplicates, conflicts, dead_letters, refused }
        }
        Archived::DeadLetter(letter) => State::DeadLetter {
            reason: letter.reason.code().to_owned(),
            detail: letter.detail,
            arrived_at: letter.arrived_at.as_millis(),
            body_base64: BASE64_STANDARD.encode(&letter.body),
        },
        Archived::DeadLetterNote { id, arrived_at } => {
            State::DeadLetterNote { id, arrived_at: arrived_at.as_millis() }
        }
        Archived::Interaction(_) => bail!("an interaction is written as its events"),
    };
    serde_json::to_writer(&mut *line, &state)?;
    line.push(b'\n');
    Ok(())
}

/// Reads a line that [`write_state`] wrote, and may have been changed since.
///
/// # Errors
/// Says what is not part of an archive, or larger than one has.
pub(crate) fn read_state(line: &[u8]) -> Result<Archived> {
    let line: Line = serde_json::from_slice(line)?;
    Ok(match line.kind.as_str() {
        "ledger" => {
            let (key, value) = (given(line.key, "key")?, given(line.value, "value")?);
            ensure!(
                key.len() <= MAX_KEY_BYTES && value.len() <= MAX_VALUE_BYTES,
                "too large: a setting of {} bytes",
                key.len() + value.len()
            );
            if key == SETTINGS_KEY {
                // Others would stop every report, and the server's next start.
                let rules = FigureSettings::read(&value).and_then(CountingRules::new);
                rules.context("invalid settings")?;
            }
            ensure!(
                !KEYS.contains(&key.as_str()) || is_key(&value),
                "invalid value of {key}: not a key"
            );
            Archived::Ledger { key, value }
        }
        "erased" => match (line.request_id, line.sha256, line.session) {
            (Some(id), _, _) => Archived::Erased(ErasedId::RequestId(RequestId::new(id)?)),
            (None, Some(digest), false) => Archived::Erased(ErasedId::Sha256(mark(&digest)?)),
            (None, Some(digest), true) => Archived::ErasedSession(mark(&digest)?),
            (None, None, _) => bail!("missing id of an erased item"),
        },
        "deliveries" => {
            let week = given(line.week, "week")?.parse()?;
            let count = |count: Option<u64>, name| {
                let count = given(count, name)?;
                ensure!(count <= MAX_COUNT, "too many {name} in a week: {count}");
                Ok(count)
            };
            Archived::Deliveries {
                week,
                duplicates: count(line.duplicates, "duplicates")?,
                conflicts: count(line.conflicts, "conflicts")?,
                dead_letters: count(line.dead_letters, "deadLetters")?,
                refused: count(Some(line.refused), "refused")?,
            }
        }
        "deadLetter" => {
            let reason = given(line.reason, "reason")?;
            let body = given(line.body_base64, "bodyBase64")?;
            Archived::DeadLetter(DeadLetter {
                reason: Reason::from_code(&reason)
                    .with_context(|| format!("unknown reason {reason:?} of a dead letter"))?,
                detail: given(line.detail, "detail")?,
                body: BASE64_STANDARD.decode(body).context("invalid base64 in bodyBase64")?,
                arrived_at: arrival(line.arrived_at)?,
            })
        }
        "deadLetterNote" => Archived::DeadLetterNote {
            id: given(line.id, "id")?,
            arrived_at: arrival(line.arrived_at)?,
        },
        kind => bail!("unknown kind of line {kind:?}"),
    })
}

/// Whether a key could have been made by this program: a shorter one could be found by trying.
fn is_key(value: &str) -> bool {
    let different = value.bytes().collect::<BTreeSet<u8>>().len();
    value.len() == KEY_DIGITS
        && different >= MIN_KEY_DIGITS
        && value.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn given<T>(value: Option<T>, name: &str) -> Result<T> {
    value.with_context(|| format!("missing {name}"))
}

fn mark(digest: &str) -> Result<Mark> {
    let mut mark = [0; 32];
    hex::decode_to_slice(digest, &mut mark).context("invalid sha256")?;
    Ok(mark)
}

fn arrival(moment: Option<i64>) -> Result<Timestamp> {
    let moment = given(moment, "arrivedAt")?;
    ensure!((0..=MAX_MOMENT_MS).contains(&moment), "invalid arrivedAt {moment}");
    Ok(Timestamp::from_millis(moment))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn check(item: Archived) {
        let mut line = Vec::new();
        write_state(&mut line, item.clone()).unwrap();
        assert_eq!(line.split(|byte| *byte == b'\n').count(), 2, "one line, with its end");
        assert_eq!(read_state(&line).ok(), Some(item));
    }

    #[test]
    fn every_kind_of_line_is_read_as_it_was_written() {
        let at = Timestamp::from_millis(1_763_000_000_000);
        check(Archived::Ledger { key: "a:b".to_owned(), value: "{\"x\":\n\"é\"}".to_owned() });
        check(Archived::Erased(ErasedId::RequestId(RequestId::new("r\u{1}1").unwrap())));
        check(Archived::Erased(ErasedId::Sha256([7; 32])));
        check(Archived::ErasedSession([7; 32]));
        let week = "2026-W53".parse().unwrap();
        check(Archived::Deliveries {
            week,
            duplicates: 1,
            conflicts: 2,
            dead_letters: MAX_COUNT,
            refused: 3,
        });
        check(Archived::DeadLetterNote { id: "m-1".to_owned(), arrived_at: at });
        for reason in Reason::ALL {
            let body = vec![0, 255, b'\n', b'{'];
            let detail = "a \u{202e} detail".to_owned();
            check(Archived::DeadLetter(DeadLetter { reason, detail, body, arrived_at: at }));
        }
    }

    #[test]
    fn lines_of_earlier_and_later_versions_are_read() {
        let earlier = r#"{"kind":"deliveries","week":"2025-W46","duplicates":1,"conflicts":0,"deadLetters":0}"#;
        assert!(read_state(earlier.as_bytes()).is_ok());
        let later =
            r#"{"kind":"ledger","key":"k","value":"v","more":{"a":[1.5,null]},"count":1e400}"#;
        let expect = Archived::Ledger { key: "k".to_owned(), value: "v".to_owned() };
        assert_eq!(read_state(later.as_bytes()).unwrap(), expect);
    }

    #[test]
    fn lines_that_nobody_wrote_are_refused() {
        for line in [
            "{}",
            r#"{"kind":"erased"}"#,
            r#"{"kind":"erased","sha256":"00"}"#,
            r#"{"kind":"deliveries","week":"2025-W54","duplicates":0,"conflicts":0,"deadLetters":0}"#,
            r#"{"kind":"deliveries","week":"2025-W46","duplicates":18446744073709551615,"conflicts":0,"deadLetters":0}"#,
            r#"{"kind":"deadLetter","reason":"odd","detail":"","arrivedAt":0,"bodyBase64":""}"#,
            r#"{"kind":"deadLetterNote","id":"m","arrivedAt":-9223372036854775808}"#,
            r#"{"kind":"ledger","key":["a"],"value":"b"}"#,
            r#"{"kind":"odd"}"#,
            r#"{"kind":"ledger","key":"cv-analytics:settings","value":"{not json"}"#,
            r#"{"kind":"ledger","key":"cv-analytics:settings","value":""}"#,
            r#"{"kind":"ledger","key":"cv-analytics:settings","value":"[]"}"#,
            r#"{"kind":"ledger","key":"cv-analytics:settings","value":"{\"aliases\":[]}"}"#,
            r#"{"kind":"ledger","key":"cv-analytics:settings","value":"{\"aliases\":{\"\":[\"x\"]}}"}"#,
            r#"{"kind":"ledger","key":"cv-analytics:session-key","value":""}"#,
            r#"{"kind":"ledger","key":"cv-analytics:unsubscribe-key","value":"0123"}"#,
            &format!(
                r#"{{"kind":"ledger","key":"cv-analytics:session-key","value":"{}"}}"#,
                "0".repeat(KEY_DIGITS)
            ),
            &format!(r#"{{"kind":"ledger","key":"{}","value":""}}"#, "k".repeat(MAX_KEY_BYTES + 1)),
        ] {
            assert!(read_state(line.as_bytes()).is_err(), "{line}");
        }
    }
}
