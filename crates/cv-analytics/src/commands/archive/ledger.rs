//! What a restore takes of an archive's ledger. An archive may come from anybody, so only records that this program
//! knows are taken, each read as its own type.

use cv_analytics_core::store::session_key::SESSION_KEY;
use cv_analytics_dashboard::{SECRETS_SHOWN_KEY, SecretsShown};
use cv_analytics_insights::settings::SETTINGS_KEY;
use cv_analytics_insights::settings::counting_rules::CountingRules;
use cv_analytics_insights::settings::cv_changes::{CV_CHANGES_KEY, CvChange};
use cv_analytics_insights::settings::parts::{LAST_CHANGE_KEY, PartChange};
use cv_analytics_mail::message::unsubscribe_key::LEDGER_KEY as UNSUBSCRIBE_KEY;
use cv_analytics_mail::schedule::recipient_record::{self, RecipientRecord};
use cv_analytics_mail::weekly_mail::delivery_lease::{self, DeliveryLease};
use serde::de::DeserializeOwned;

/// What a record of the ledger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LedgerRecord {
    /// The settings, and when they were changed.
    Settings,
    /// A secret of the installation that the archive was made of.
    Key,
    /// What that installation did: mails sent, recipients, secrets shown. Anybody's would keep this one from doing it.
    Done,
    /// Of another program or version, or unreadable.
    Unknown,
}

impl LedgerRecord {
    /// What the record `key` with this value is.
    pub(crate) fn of(key: &str, value: &str) -> Self {
        let (record, is_readable) = match key {
            SETTINGS_KEY => (Self::Settings, true),
            LAST_CHANGE_KEY => (Self::Settings, is_change(value)),
            CV_CHANGES_KEY => (Self::Settings, is::<Vec<CvChange>>(value)),
            SESSION_KEY | UNSUBSCRIBE_KEY => (Self::Key, true),
            SECRETS_SHOWN_KEY => (Self::Done, is::<SecretsShown>(value)),
            _ if key.starts_with(recipient_record::KEY_PREFIX) => {
                // Serde reads an array as a struct too; the program writes none.
                (Self::Done, value.trim_start().starts_with('{') && is::<RecipientRecord>(value))
            }
            _ if key.starts_with(delivery_lease::KEY_PREFIX) => {
                (Self::Done, DeliveryLease::from_json(value).is_ok())
            }
            _ => (Self::Unknown, true),
        };
        if is_readable { record } else { Self::Unknown }
    }
}

fn is<T: DeserializeOwned>(value: &str) -> bool {
    serde_json::from_str::<T>(value).is_ok()
}

/// Whether a change's settings could be in force: undoing it would put them there.
fn is_change(value: &str) -> bool {
    serde_json::from_str::<PartChange>(value).is_ok_and(|change| {
        [change.before, change.after].map(CountingRules::new).iter().all(Result::is_ok)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, value: &str, expect: LedgerRecord) {
        assert_eq!(LedgerRecord::of(key, value), expect, "{key} {value}");
    }

    #[test]
    fn only_records_of_this_program_are_known_and_only_as_it_writes_them() {
        let change = r#"{"part":"cv","before":{},"after":{"cv":["Go"]},"at":1795424400000}"#;
        let recipient = "cv-analytics:mail-recipient:c8cd3c6427301eaf6665bccacd65ddb6";
        let mark = "cv-analytics:mail:2026-W47:c8cd3c6427301eaf6665bccacd65ddb6";
        for (key, value, expect) in [
            (SETTINGS_KEY, "{}", LedgerRecord::Settings),
            (LAST_CHANGE_KEY, change, LedgerRecord::Settings),
            (CV_CHANGES_KEY, r#"[{"at":1,"added":1,"removed":0}]"#, LedgerRecord::Settings),
            (SESSION_KEY, "0123", LedgerRecord::Key),
            (UNSUBSCRIBE_KEY, "0123", LedgerRecord::Key),
            (SECRETS_SHOWN_KEY, r#"{"at":1,"key":"k"}"#, LedgerRecord::Done),
            (recipient, r#"{"unsubscribed":1795424400000}"#, LedgerRecord::Done),
            (recipient, r#"{"since":4102444799999}"#, LedgerRecord::Done),
            (mark, r#"{"state":"sent","at":0}"#, LedgerRecord::Done),
        ] {
            check(key, value, expect);
        }
        for key in [LAST_CHANGE_KEY, CV_CHANGES_KEY, SECRETS_SHOWN_KEY, recipient, mark] {
            for value in ["", "garbage", "[1]", r#"{"failing":{"week":1},"part":"x"}"#] {
                check(key, value, LedgerRecord::Unknown);
            }
        }
        let bad = change.replace("before\":{}", "before\":{\"aliases\":{\"\":[\"x\"]}}");
        check(LAST_CHANGE_KEY, &bad, LedgerRecord::Unknown);
        for key in
            ["", "k", "cv-analytics:x1", "cv-analytics:erased-sessions", "cv-analytics:mails"]
        {
            check(key, "{}", LedgerRecord::Unknown);
        }
    }
}
