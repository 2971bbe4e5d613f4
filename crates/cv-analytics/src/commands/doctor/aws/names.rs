//! What an environment's resources are called, as `infra/` calls them.

use cv_analytics_aws::install::INSTALL;

use super::identity::Identity;
use crate::install::variable;

/// Names and addresses of one environment in one region of one account.
#[derive(Clone, Debug)]
pub(crate) struct ResourceNames {
    pub(crate) prefix: String,
    pub(crate) region: String,
    pub(crate) account: String,
    pub(crate) partition: String,
    pub(crate) query_events: String,
    pub(crate) analytics: String,
}

impl ResourceNames {
    /// The names with this prefix; those that the commands' own variables give are theirs.
    pub(crate) fn new(prefix: String, region: &str, identity: Identity) -> Self {
        let table = |name: &str, default: &str| {
            variable(name).unwrap_or_else(|| format!("{prefix}{default}"))
        };
        Self {
            query_events: table("QUERY_EVENTS_TABLE", &INSTALL.tables.query_events),
            analytics: table("ANALYTICS_TABLE", &INSTALL.tables.analytics),
            region: region.to_owned(),
            account: identity.account,
            partition: identity.partition,
            prefix,
        }
    }

    pub(crate) fn events_queue(&self) -> String {
        self.prefixed(&INSTALL.queues.events.name)
    }

    pub(crate) fn dead_letter_queue(&self) -> String {
        self.prefixed(&INSTALL.queues.dead_letters.name)
    }

    /// The queue of what the schedule could not start.
    pub(crate) fn schedule_dead_letters(&self) -> String {
        self.prefixed(&INSTALL.queues.schedule_dead_letters.name)
    }

    pub(crate) fn processor(&self) -> String {
        self.prefixed(&INSTALL.processor.name)
    }

    pub(crate) fn reporter(&self) -> String {
        self.prefixed(&INSTALL.reporter.name)
    }

    pub(crate) fn rule(&self) -> String {
        self.prefixed(&INSTALL.schedule.name)
    }

    /// The Worker's user.
    pub(crate) fn worker(&self) -> String {
        self.in_region(&self.prefixed(&INSTALL.worker.name))
    }

    pub(crate) fn alert_topic(&self) -> String {
        self.arn("sns", &self.prefixed(&INSTALL.alert_topic))
    }

    pub(crate) fn function_arn(&self, function: &str) -> String {
        self.arn("lambda", &format!("function:{function}"))
    }

    pub(crate) fn rule_arn(&self) -> String {
        self.arn("events", &format!("rule/{}", self.rule()))
    }

    /// A queue's name in IAM, from its address or its name.
    pub(crate) fn queue_arn(&self, queue: &str) -> String {
        self.arn("sqs", queue.rsplit('/').next().unwrap_or(queue))
    }

    /// The name of something in this environment.
    pub(crate) fn prefixed(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The name in IAM, which knows no regions.
    pub(crate) fn in_region(&self, name: &str) -> String {
        format!("{name}-{}", self.region)
    }

    /// What brings this environment's functions their code.
    pub(crate) fn release(&self) -> String {
        self.script("release-functions.sh", "--prefix", &self.prefix)
    }

    /// What makes this environment's stack what the template says.
    pub(crate) fn deploy(&self) -> String {
        let stack = format!("{}cv-analytics", self.prefix);
        self.script("deploy-stack.sh", "--stack", if self.prefix.is_empty() { "" } else { &stack })
    }

    /// A script with the options that it needs where they are not its defaults.
    fn script(&self, script: &str, option: &str, value: &str) -> String {
        let mut command = format!("infra/scripts/{script}");
        for (option, value, default) in
            [(option, value, ""), ("--region", self.region.as_str(), "eu-west-2")]
        {
            if value != default {
                command.push_str(&format!(" {option} {value}"));
            }
        }
        command
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        let Self { partition, region, account, .. } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(prefix: &str, region: &str) -> ResourceNames {
        ResourceNames {
            prefix: prefix.to_owned(),
            region: region.to_owned(),
            account: "123456789012".to_owned(),
            partition: "aws".to_owned(),
            query_events: "rows".to_owned(),
            analytics: "records".to_owned(),
        }
    }

    #[test]
    fn the_server_and_aws_have_one_name_of_the_queue_and_one_schedule() {
        assert_eq!(cv_analytics_server::QUEUE_NAME, INSTALL.queues.events.name);
        assert_eq!(cv_analytics_mail::schedule::Schedule::DEFAULT, INSTALL.schedule.expression);
    }

    #[test]
    fn a_command_to_copy_acts_on_the_environment_that_was_looked_at() {
        let first = names("", "eu-west-2");
        assert_eq!(first.release(), "infra/scripts/release-functions.sh");
        assert_eq!(first.deploy(), "infra/scripts/deploy-stack.sh");
        let second = names("dev-", "eu-west-1");
        assert_eq!(
            second.release(),
            "infra/scripts/release-functions.sh --prefix dev- --region eu-west-1"
        );
        assert_eq!(
            second.deploy(),
            "infra/scripts/deploy-stack.sh --stack dev-cv-analytics --region eu-west-1"
        );
    }
}
