//! Alarms that reach the owner: each is there and has an action, and the mail address is confirmed.

use cv_analytics_aws::install::INSTALL;

use super::Account;
use super::calls::Service;
use super::calls::call_error::MISPLACED;
use super::calls::xml::Element;
use super::functions::Function;
use crate::commands::doctor::check::Check;

/// Looks at alarms and at who is told.
pub(crate) async fn check(account: &Account, processor: Option<&Function>) -> Vec<Check> {
    let mut checks = account.alarms(processor).await;
    checks.push(account.subscription().await);
    checks
}

impl Account {
    async fn alarms(&self, processor: Option<&Function>) -> Vec<Check> {
        const NAME: &str = "alarms";
        let prefix = self.names.prefixed("cv-analytics-");
        let parameters = [("AlarmNamePrefix", prefix.as_str()), ("MaxRecords", "100")];
        let found = match self.calls.query(Service::CloudWatch, "DescribeAlarms", &parameters).await
        {
            Ok(found) => found,
            Err(error) => return vec![error.inconclusive(NAME)],
        };
        let alarms: Vec<&Element> = found.members("MetricAlarms").collect();
        let name_of = |alarm: &Element| alarm.text("AlarmName").unwrap_or_default().to_owned();
        let missing: Vec<String> = INSTALL
            .alarms
            .iter()
            .filter(|alarm| !alarm.optional)
            .map(|alarm| self.names.prefixed(&alarm.name))
            .filter(|name| !alarms.iter().any(|alarm| name_of(alarm) == *name))
            .collect();
        let problem = (!missing.is_empty()).then(|| {
            let message = format!("missing alarm {}", missing.join(", "));
            (message, format!("deploy again: {} or apply.sh", self.names.deploy()))
        });
        let mut checks = vec![Check::of(NAME, format!("{} are there", alarms.len()), problem)];
        if alarms.is_empty() {
            return checks;
        }
        let topic = self.names.alert_topic();
        let silent = alarms.iter().find(|alarm| {
            alarm.text("ActionsEnabled") != Some("true")
                || !alarm.members("AlarmActions").any(|action| action.own_text() == topic)
        });
        let problem = silent.map(|alarm| {
            let name = name_of(alarm);
            let fix = if alarm.text("ActionsEnabled") == Some("true") {
                format!("deploy again: {} or apply.sh", self.names.deploy())
            } else {
                format!("aws cloudwatch enable-alarm-actions --alarm-names {name}")
            };
            (format!("{name} tells nobody: it has no action on {topic}"), fix)
        });
        checks.push(Check::of("alarm-actions", format!("all tell {topic}"), problem));
        if let Some(processor) = processor {
            checks.push(self.alarm_environment(&alarms, &processor.environment()));
        }
        let ringing: Vec<String> = alarms
            .iter()
            .filter(|alarm| alarm.text("StateValue") == Some("ALARM"))
            .map(|alarm| name_of(alarm))
            .collect();
        checks.push(if ringing.is_empty() {
            Check::ok("alarms-ringing", "none rings")
        } else {
            let message = format!("{} rings", ringing.join(", "));
            Check::warn(
                "alarms-ringing",
                message,
                "docs/operate/runbook.md says what to do for each",
            )
        });
        checks
    }

    /// Whether alarms on the processor's own metrics watch those that it writes, by their dimension.
    fn alarm_environment(&self, alarms: &[&Element], environment: &str) -> Check {
        let watched = |alarm: &Element| {
            let dimensions = alarm.all().into_iter();
            let mut environments = dimensions.filter(|one| one.text("Name") == Some("Environment"));
            environments.find_map(|one| one.text("Value").map(str::to_owned))
        };
        let wrong = alarms.iter().find_map(|alarm| watched(alarm).filter(|it| it != environment));
        let problem = wrong.map(|watched| {
            let message = format!(
                "alarms watch the environment {watched}, and ENVIRONMENT of {} is {environment}: they see no metric",
                self.names.processor()
            );
            (message, format!("deploy again ({} or apply.sh), which sets both", self.names.deploy()))
        });
        Check::of("alarm-environment", format!("all watch {environment}"), problem)
    }

    /// Whether the topic has a confirmed subscriber.
    async fn subscription(&self) -> Check {
        const NAME: &str = "alarm-mail";
        let topic = self.names.alert_topic();
        let parameters = [("TopicArn", topic.as_str())];
        let found =
            match self.calls.query(Service::Sns, "ListSubscriptionsByTopic", &parameters).await {
                Ok(found) => found,
                Err(error) => {
                    let message = format!("missing topic {topic}");
                    return error.missing(NAME, message, MISPLACED.to_owned());
                }
            };
        let subscriptions: Vec<&Element> = found.members("Subscriptions").collect();
        let is_confirmed = |subscription: &&&Element| {
            let arn = subscription.text("SubscriptionArn");
            arn.is_some_and(|arn| arn.starts_with("arn:"))
        };
        let endpoint = |one: &Element| one.text("Endpoint").unwrap_or_default().to_owned();
        if let Some(confirmed) = subscriptions.iter().find(is_confirmed) {
            return Check::ok(NAME, format!("{} is told", endpoint(confirmed)));
        }
        let address = subscriptions.first().map(|one| endpoint(one));
        let subscribe = |address: &str| {
            format!(
                "aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint {address}"
            )
        };
        match address {
            Some(address) => Check::fail(
                NAME,
                format!("{address} has not confirmed: alarms reach nobody"),
                format!(
                    "follow the link in the mail from SNS; for another one: {}",
                    subscribe(&address)
                ),
            ),
            None => Check::fail(NAME, "nobody is told", subscribe("you@example.org")),
        }
    }
}
