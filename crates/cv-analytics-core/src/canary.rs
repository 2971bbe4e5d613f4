//! What an installation's own check sends through it: kept like everything else, in no figure.

use crate::dead_letter::DeadLetter;
use crate::event::{Event, EventBody, Traffic};
use crate::intake::Content;

/// How the request id of a canary of the product's own begins.
pub const REQUEST_ID_PREFIX: &str = "doctor-canary-";
/// How the body of a canary that cannot be read begins: it has no field that could say so.
pub const UNREADABLE_PREFIX: &str = "cv-analytics canary ";

impl Content {
    /// Whether this was sent to check the installation, so that it counts in no deliveries.
    pub fn is_canary(&self) -> bool {
        match self {
            Self::Event(event) => event.is_canary(),
            Self::DeadLetter(letter) => letter.is_canary(),
        }
    }
}

impl Event {
    /// Whether a half is flagged as a canary.
    pub fn is_canary(&self) -> bool {
        match &self.body {
            EventBody::Query(query) => query.traffic == Traffic::Canary,
            EventBody::Response(response) | EventBody::Whole(_, response) => {
                response.traffic == Traffic::Canary
            }
            EventBody::Feedback(_) => false,
        }
    }
}

impl DeadLetter {
    /// Whether its body begins as that of a canary does.
    pub fn is_canary(&self) -> bool {
        self.body.starts_with(UNREADABLE_PREFIX.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use crate::intake::Intake;
    use crate::timestamp::Timestamp;

    #[track_caller]
    fn check(body: &str, expect: bool) {
        let content = Intake::for_tests().read(body.as_bytes(), Timestamp::from_millis(0));
        assert_eq!(content.is_canary(), expect, "{body}");
    }

    #[test]
    fn a_canary_is_known_by_its_flag_or_by_how_it_begins() {
        let query = |rest: &str| {
            format!(
                r#"{{"eventType":"query","requestId":"r","timestamp":1763000000000,"query":"q"{rest}}}"#
            )
        };
        check(&query(r#","metadata":{"traffic":"canary"}"#), true);
        check(&query(r#","metadata":{"traffic":"own"}"#), false);
        check(&query(""), false);
        let whole = r#"{"eventType":"response","requestId":"r","timestamp":1763000000000,"matchType":"full","query":"q",
                        "queryTimestamp":1763000000000,"metadata":{"traffic":"canary"}}"#;
        check(whole, true);
        check("cv-analytics canary 1", true);
        check("a cv-analytics canary", false);
        check("", false);
    }
}
