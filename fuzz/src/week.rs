//! ISO weeks, and the moments of events.

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use serde_json::{Value, json};

/// Holds that a week's text is its own, that a week holds its bounds and seven days, and that a moment, written
/// in any way that is taken, is read again as it is and is in the week that is said to hold it.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(week) = text.parse::<IsoWeek>() {
        assert_eq!(week.to_string(), text);
        check_week(week);
    }
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    if let Ok(moment) = Timestamp::read(&value) {
        for written in [json!(moment.as_millis()), json!(moment.to_string())] {
            assert_eq!(Timestamp::read(&written), Ok(moment), "{written}");
        }
        let week = IsoWeek::containing(moment);
        assert!(week.start() <= moment && moment < week.end(), "{moment} in {week}");
        assert_eq!(week.to_string().parse(), Ok(week));
        check_week(week);
    }
}

fn check_week(week: IsoWeek) {
    assert_eq!(week.end().as_millis() - week.start().as_millis(), 7 * 86_400_000, "{week}");
    assert_eq!(IsoWeek::containing(week.start()), week);
    assert_eq!(IsoWeek::containing(week.end().plus_millis(-1)), week);
    assert_eq!(week.later(1).earlier(1), week);
}
