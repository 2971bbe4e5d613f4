//! What an invocation asks for: the schedule's event, or a week that the caller named.

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::{IsoWeek, WeekError};
use serde_json::{Map, Value};

/// Which report to send, and whether also to those who have got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportOrder {
    /// The week.
    pub week: IsoWeek,
    /// Send it whatever was sent before.
    pub again: bool,
}

/// An event that orders nothing that can be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// It is not an object.
    #[error(
        "invalid event: the reporter takes the schedule's event, {{}}, or {{\"week\":\"2026-W47\",\"again\":true}}"
    )]
    NotAnObject,
    /// It comes from somewhere else.
    #[error(
        "unknown event type {0:?}: expected the schedule's; take the reporter out of that rule's targets"
    )]
    AnotherEvent(String),
    /// It has a field that means nothing here.
    #[error("unknown field {0:?} of the event: the reporter knows `week` and `again`")]
    UnknownField(String),
    /// The week is not a text.
    #[error("invalid `week`: it is not a text; write the year and the week as in \"2026-W47\"")]
    WeekIsNoText,
    /// The week is none.
    #[error(transparent)]
    Week(#[from] WeekError),
    /// The week is in the future.
    #[error("invalid week {0}: it has not begun")]
    NotBegun(IsoWeek),
    /// `again` is neither true nor false.
    #[error("invalid `again`: expected true or false")]
    Again,
}

impl ReportOrder {
    /// Reads what Lambda was invoked with. Without a week it is the last one closed: at `now`, or
    /// when the schedule fired, so that a retry after the week's end covers the same week.
    ///
    /// # Errors
    /// [`OrderError`].
    pub fn read(event: &Value, now: Timestamp) -> Result<Self, OrderError> {
        match event {
            // An invocation without a payload.
            Value::Null => Ok(Self { week: IsoWeek::last_closed(now), again: false }),
            Value::Object(event) => match event.get("detail-type") {
                Some(kind) => Self::of_the_schedule(event, kind, now),
                None => Self::of_caller(event, now),
            },
            _ => Err(OrderError::NotAnObject),
        }
    }

    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html>
    fn of_the_schedule(
        event: &Map<String, Value>,
        kind: &Value,
        now: Timestamp,
    ) -> Result<Self, OrderError> {
        if kind != "Scheduled Event" {
            return Err(OrderError::AnotherEvent(short(&kind.to_string())));
        }
        let fired = event.get("time").and_then(|time| Timestamp::read(time).ok());
        let fired = fired.map_or(now, |fired| fired.min(now));
        Ok(Self { week: IsoWeek::last_closed(fired), again: false })
    }

    fn of_caller(event: &Map<String, Value>, now: Timestamp) -> Result<Self, OrderError> {
        let mut order = Self { week: IsoWeek::last_closed(now), again: false };
        for (field, value) in event {
            match (field.as_str(), value) {
                ("week" | "again", Value::Null) => {}
                ("week", Value::String(week)) => order.week = week.parse()?,
                ("week", _) => return Err(OrderError::WeekIsNoText),
                ("again", Value::Bool(again)) => order.again = *again,
                ("again", _) => return Err(OrderError::Again),
                _ => return Err(OrderError::UnknownField(short(field))),
            }
        }
        if order.week.start() > now {
            return Err(OrderError::NotBegun(order.week));
        }
        Ok(order)
    }
}

fn short(text: &str) -> String {
    text.trim_matches('"').chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Monday, 2026-11-23, 09:00.
    const NOW: Timestamp = Timestamp::from_millis(1_795_424_400_000);

    #[expect(clippy::needless_pass_by_value, reason = "the cases are shorter")]
    fn check(event: Value, expect: &str) {
        let order = ReportOrder::read(&event, NOW);
        let order = order.map_or_else(
            |error| error.to_string(),
            |order| format!("{}{}", order.week, if order.again { " again" } else { "" }),
        );
        assert_eq!(order, expect, "{event}");
    }

    #[test]
    fn the_schedule_orders_the_week_that_was_closed_when_it_fired() {
        let fired =
            |time: Value| json!({"detail-type": "Scheduled Event", "time": time, "id": "1"});
        check(fired(json!("2026-11-23T09:00:00Z")), "2026-W47");
        check(fired(json!("2026-11-22T23:59:59Z")), "2026-W46");
        // Unreadable, AWS's own example, and a clock that is ahead.
        check(fired(json!("soon")), "2026-W47");
        check(fired(json!("1970-01-01T00:00:00Z")), "2026-W47");
        check(fired(json!("2027-01-01T00:00:00Z")), "2026-W47");
        check(json!({"detail-type": "Scheduled Event"}), "2026-W47");
    }

    #[test]
    fn a_caller_orders_a_week_once_or_again() {
        check(json!({}), "2026-W47");
        check(json!(null), "2026-W47");
        check(json!({"again": true}), "2026-W47 again");
        check(json!({"week": "2026-W40"}), "2026-W40");
        check(json!({"week": "2026-W40", "again": false}), "2026-W40");
        check(json!({"week": "2026-W48", "again": true}), "2026-W48 again");
    }

    #[test]
    fn what_is_no_order_is_refused_by_a_sentence() {
        check(
            json!({"week": "2026-47"}),
            "invalid week \"2026-47\": write the year and the week as in 2026-W47",
        );
        check(
            json!({"week": 47}),
            "invalid `week`: it is not a text; write the year and the week as in \"2026-W47\"",
        );
        check(json!({"week": "2026-W49"}), "invalid week 2026-W49: it has not begun");
        check(json!({"again": "yes"}), "invalid `again`: expected true or false");
        check(
            json!({"Records": []}),
            "unknown field \"Records\" of the event: the reporter knows `week` and `again`",
        );
        check(
            json!({"detail-type": "EC2 Instance State-change Notification"}),
            "unknown event type \"EC2 Instance State-change Notification\": expected the schedule's; take the reporter \
             out of that rule's targets",
        );
        check(
            json!([]),
            "invalid event: the reporter takes the schedule's event, {}, or {\"week\":\"2026-W47\",\"again\":true}",
        );
    }
}
