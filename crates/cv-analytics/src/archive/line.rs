//! What an archive holds, as JSON Lines: events in the contract's canonical form, and everything else
//! as an object with its `kind`.

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cv_analytics_core::archive::{Archived, ErasedId};
use cv_analytics_core::dead_letter::{DeadLetter, Reason};
use cv_analytics_core::event::RequestId;
use cv_analytics_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// A line that is no event.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum State {
    Ledger {
        key: String,
        value: String,
    },
    Erased {
        request_id: Option<String>,
        sha256: Option<String>,
    },
    Deliveries {
        week: String,
        duplicates: u64,
        conflicts: u64,
        dead_letters: u64,
        // Archives of earlier versions have none.
        #[serde(default)]
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

/// Writes anything but an interaction as one line.
pub(super) fn write_state(line: &mut Vec<u8>, item: Archived) -> Result<()> {
    let state = match item {
        Archived::Ledger { key, value } => State::Ledger { key, value },
        Archived::Erased(ErasedId::RequestId(id)) => {
            State::Erased { request_id: Some(id.as_str().to_owned()), sha256: None }
        }
        Archived::Erased(ErasedId::Sha256(digest)) => {
            State::Erased { request_id: None, sha256: Some(hex::encode(digest)) }
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

/// Reads a line that [`write_state`] wrote.
pub(crate) fn read_state(line: &[u8]) -> Result<Archived> {
    // Serde's tagged enums take no number straight from a text whose numbers are kept as written.
    let value: serde_json::Value = serde_json::from_slice(line)?;
    Ok(match serde_json::from_value(value)? {
        State::Ledger { key, value } => Archived::Ledger { key, value },
        State::Erased { request_id: Some(id), .. } => {
            Archived::Erased(ErasedId::RequestId(RequestId::new(id)?))
        }
        State::Erased { sha256: Some(digest), .. } => {
            let mut bytes = [0; 32];
            hex::decode_to_slice(digest, &mut bytes).context("sha256 is not one")?;
            Archived::Erased(ErasedId::Sha256(bytes))
        }
        State::Erased { .. } => bail!("an erased id without its id"),
        State::Deliveries { week, duplicates, conflicts, dead_letters, refused } => {
            let week = week.parse()?;
            Archived::Deliveries { week, duplicates, conflicts, dead_letters, refused }
        }
        State::DeadLetter { reason, detail, arrived_at, body_base64 } => {
            Archived::DeadLetter(DeadLetter {
                reason: Reason::from_code(&reason)
                    .with_context(|| format!("{reason:?} is no reason of a dead letter"))?,
                detail,
                body: BASE64_STANDARD.decode(body_base64).context("a body that is no base64")?,
                arrived_at: Timestamp::from_millis(arrived_at),
            })
        }
        State::DeadLetterNote { id, arrived_at } => {
            Archived::DeadLetterNote { id, arrived_at: Timestamp::from_millis(arrived_at) }
        }
    })
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
        let week = "2026-W53".parse().unwrap();
        check(Archived::Deliveries {
            week,
            duplicates: 1,
            conflicts: 2,
            dead_letters: u64::MAX,
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
    fn lines_that_nobody_wrote_are_refused() {
        for line in [
            "{}",
            r#"{"kind":"erased"}"#,
            r#"{"kind":"erased","sha256":"00"}"#,
            r#"{"kind":"deliveries","week":"2025-W54","duplicates":0,"conflicts":0,"deadLetters":0}"#,
            r#"{"kind":"deadLetter","reason":"odd","detail":"","arrivedAt":0,"bodyBase64":""}"#,
        ] {
            assert!(read_state(line.as_bytes()).is_err(), "{line}");
        }
    }
}
