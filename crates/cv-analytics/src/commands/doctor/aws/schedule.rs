//! The weekly schedule: the rule, what it starts, whether it may, and when next.

use cv_analytics_aws::install::INSTALL;
use cv_analytics_aws::item::row::ROW_DAYS;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_mail::schedule::{Pause, Schedule};
use serde_json::{Value, json};

use super::Account;
use super::calls::call_error::MISPLACED;
use crate::commands::doctor::check::Check;

const RULE: &str = "schedule";
const TARGET: &str = "schedule-target";
const PERMISSION: &str = "schedule-permission";
const NEXT: &str = "next-report";
const DAY_MS: i64 = 24 * 3600 * 1000;
const MINUTES_PER_DAY: u64 = 24 * 60;
/// The most days between two runs: a lone half leaves with its row after [`ROW_DAYS`], and one that came just
/// after a run is swept by the next.
const MAX_DAYS_BETWEEN_RUNS: u32 = 14;
/// Every kind of month is among so many days.
const DAYS_LOOKED_AHEAD: i64 = 400;

/// Looks at the rule as of `now`.
pub(crate) async fn check(account: &Account, now: Timestamp) -> Vec<Check> {
    let rule = account.names.rule();
    let found = match account.calls.event_bridge("DescribeRule", &json!({"Name": rule})).await {
        Ok(found) => found,
        Err(error) => {
            let message = format!("missing rule {rule} in {}", account.names.region);
            return vec![error.missing(RULE, message, MISPLACED.to_owned())];
        }
    };
    let text = |name: &str| found.get(name).and_then(Value::as_str).unwrap_or_default();
    let expression = text("ScheduleExpression");
    let is_on = text("State").starts_with("ENABLED");
    let problem = (!is_on).then(|| {
        (
            format!("{rule} is off: no report is sent"),
            format!("aws events enable-rule --name {rule}"),
        )
    });
    let mut checks = vec![Check::of(RULE, format!("{rule} is on, {expression}"), problem)];
    checks.push(account.target(&rule).await);
    checks.push(account.permission().await);
    checks.push(if is_on {
        next(&rule, expression, now)
    } else {
        Check::skipped(NEXT, "the rule is off")
    });
    checks
}

impl Account {
    /// Whether the rule starts the reporter.
    async fn target(&self, rule: &str) -> Check {
        let found = match self.calls.event_bridge("ListTargetsByRule", &json!({"Rule": rule})).await
        {
            Ok(found) => found,
            Err(error) => return error.inconclusive(TARGET),
        };
        let reporter = self.names.function_arn(&self.names.reporter());
        let letters = self.names.queue_arn(&self.names.schedule_dead_letters());
        let mut targets = found.get("Targets").and_then(Value::as_array).into_iter().flatten();
        let text = |target: &Value, path: &str| {
            target.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let target = targets.find(|target| text(target, "/Arn") == reporter);
        let wrong = match target {
            None => Some(format!("{rule} does not start {reporter}")),
            Some(target) if text(target, "/DeadLetterConfig/Arn") != letters => {
                Some(format!("what {rule} cannot start is lost: {letters} does not get it"))
            }
            Some(_) => None,
        };
        let problem = wrong.map(|wrong| {
            let target = json!([{
                "Id": target.map_or_else(|| "reporter".to_owned(), |target| text(target, "/Id")),
                "Arn": reporter,
                "DeadLetterConfig": {"Arn": letters},
            }]);
            (wrong, format!("aws events put-targets --rule {rule} --targets '{target}'"))
        });
        Check::of(TARGET, format!("it starts {reporter}"), problem)
    }

    /// Whether the reporter lets the rule start it.
    async fn permission(&self) -> Check {
        let reporter = self.names.reporter();
        let (arn, rule) = (self.names.function_arn(&reporter), self.names.rule_arn());
        let path = format!("/2015-03-31/functions/{reporter}/policy");
        let fix = format!(
            "aws lambda add-permission --function-name {reporter} --statement-id schedule --action lambda:InvokeFunction \
             --principal events.amazonaws.com --source-arn {rule}"
        );
        let found = match self.calls.lambda(&path, "lambda:GetPolicy").await {
            Ok(found) => found,
            Err(error) => {
                return error.missing(PERMISSION, format!("nobody may start {arn}"), fix);
            }
        };
        let policy = found.get("Policy").and_then(Value::as_str).unwrap_or_default();
        let policy: Value = serde_json::from_str(policy).unwrap_or_default();
        let statements = policy.get("Statement").and_then(Value::as_array).into_iter().flatten();
        let allows = statements.into_iter().any(|statement| {
            let service = statement.pointer("/Principal/Service").and_then(Value::as_str);
            let is_allowed = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
            let source = ["ArnLike", "ArnEquals"].iter().find_map(|operator| {
                statement
                    .get("Condition")?
                    .get(operator)?
                    .get("AWS:SourceArn")
                    .or_else(|| statement.get("Condition")?.get(operator)?.get("aws:SourceArn"))
            });
            let source = source.and_then(Value::as_str);
            is_allowed
                && service == Some("events.amazonaws.com")
                && source.is_none_or(|source| source == rule)
        });
        let problem = (!allows).then(|| (format!("{rule} may not start {arn}"), fix));
        Check::of(PERMISSION, "the rule may start the reporter", problem)
    }
}

/// When the next report is made, and whether lone halves are swept often enough.
fn next(rule: &str, expression: &str, now: Timestamp) -> Check {
    let fix = format!(
        "aws events put-rule --name {rule} --schedule-expression '{}'; deploy again with Schedule where it should \
         stay",
        INSTALL.schedule.expression
    );
    let seldom = |message: String| {
        let message = format!(
            "{message}, but runs have to be no more than {MAX_DAYS_BETWEEN_RUNS} days apart: halves without a partner are lost \
             where none sweeps them for {ROW_DAYS} days"
        );
        Check::warn(NEXT, message, fix.as_str())
    };
    if let Some(rate) = expression.strip_prefix("rate(") {
        let every = rate.trim_end_matches(')');
        let message = format!("every {every} from when the rule was made");
        return match minutes(every) {
            Some(minutes) if minutes <= u64::from(MAX_DAYS_BETWEEN_RUNS) * MINUTES_PER_DAY => {
                Check::ok(NEXT, message)
            }
            Some(_) => seldom(message),
            None => Check::fail(NEXT, format!("invalid rate {expression}"), fix),
        };
    }
    let schedule = match expression.parse::<Schedule>() {
        Ok(schedule) => schedule,
        Err(error) => return Check::fail(NEXT, error.to_string(), fix),
    };
    let Some(at) = schedule.next_from(now) else {
        return Check::fail(NEXT, format!("{expression} never comes again"), fix);
    };
    let until = now.plus_millis(DAYS_LOOKED_AHEAD * DAY_MS);
    match schedule.pause_over(MAX_DAYS_BETWEEN_RUNS, now, until) {
        None => Check::ok(NEXT, format!("{at}, in UTC")),
        Some(Pause { from, to: Some(to) }) => {
            seldom(format!("{at}, in UTC; none between {from} and {to}"))
        }
        Some(Pause { from, to: None }) => seldom(format!("{at}, in UTC; none after {from}")),
    }
}

/// The minutes of a rate, as `7 days`.
fn minutes(rate: &str) -> Option<u64> {
    let (count, unit) = rate.trim().split_once(' ')?;
    let count = u64::from(count.parse::<u32>().ok()?);
    match unit.trim_end_matches('s') {
        "minute" => Some(count),
        "hour" => Some(60 * count),
        "day" => Some(MINUTES_PER_DAY * count),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_report_is_told_in_utc() {
        // Monday, 2026-11-23 09:00:01.
        let now = Timestamp::from_millis(1_795_424_401_000);
        let told = |expression| format!("{:?}", next("rule", expression, now));
        assert!(told("cron(0 9 ? * MON *)").contains("2026-11-30T09:00:00"));
        assert!(told("rate(7 days)").contains("every 7 days"));
        assert!(told("cron(0 9 ? * MON 2020)").contains("never comes again"));
        assert!(told("cron(0 9 * * MON *)").contains("Fail"));
        assert!(told("rate(often)").contains("Fail"));
    }

    #[test]
    fn a_schedule_that_lets_lone_halves_go_is_warned_of() {
        let now = Timestamp::from_millis(1_795_424_401_000);
        let told = |expression| format!("{:?}", next("rule", expression, now));
        for often in
            ["cron(0 9 ? * MON *)", "cron(0 9 1,15,29 * ? *)", "rate(14 days)", "rate(1 hour)"]
        {
            assert!(told(often).contains("Ok"), "{often}: {}", told(often));
        }
        for (seldom, when) in [
            ("cron(30 6 1 * ? *)", "none between 2026-12-01T06:30:00Z and 2027-01-01T06:30:00Z"),
            ("cron(0 9 1,15 * ? *)", "none between 2026-12-15T09:00:00Z and 2027-01-01T09:00:00Z"),
            ("cron(0 9 ? * MON 2026)", "none after 2026-12-28T09:00:00Z"),
            ("rate(15 days)", "every 15 days"),
            ("rate(337 hours)", "every 337 hours"),
        ] {
            let message = told(seldom);
            assert!(message.contains("Warn") && message.contains(when), "{seldom}: {message}");
            assert!(message.contains("no more than 14 days apart"), "{message}");
        }
    }
}
