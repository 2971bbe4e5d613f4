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
    /// The events queue's name, or its address where a variable gives that.
    pub(crate) events_queue: String,
    /// The dead-letter queue's, alike.
    pub(crate) dead_letter_queue: String,
}

impl ResourceNames {
    /// The names with this prefix; those that the commands' own variables give are theirs.
    pub(crate) fn new(prefix: String, region: &str, identity: Identity) -> Self {
        let named = |name: &str, default: &str| {
            variable(name).unwrap_or_else(|| format!("{prefix}{default}"))
        };
        let queues = &INSTALL.queues;
        Self {
            query_events: named("QUERY_EVENTS_TABLE", &INSTALL.tables.query_events),
            analytics: named("ANALYTICS_TABLE", &INSTALL.tables.analytics),
            events_queue: named("QUEUE_URL", &queues.events.name),
            dead_letter_queue: named("DEAD_LETTER_QUEUE_URL", &queues.dead_letters.name),
            region: region.to_owned(),
            account: identity.account,
            partition: identity.partition,
            prefix,
        }
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

    /// Whether `url` is the address of `queue`, which is a name in this account and region, or an address.
    pub(crate) fn is_queue(&self, url: &str, queue: &str) -> bool {
        let (host, path) = host_and_path(url);
        let wanted = if queue.contains("://") {
            host_and_path(queue).1.to_owned()
        } else {
            format!("{}/{queue}", self.account)
        };
        // One queue has several addresses; those of AWS name the region, but for the oldest.
        let is_in_region = host.contains(&self.region)
            || !host.contains(".amazonaws.com")
            || host == "queue.amazonaws.com";
        path == wanted && is_in_region
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

fn host_and_path(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_once('/').unwrap_or((rest, ""))
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
            events_queue: "q.fifo".to_owned(),
            dead_letter_queue: "d.fifo".to_owned(),
        }
    }

    #[test]
    fn the_server_and_aws_have_one_name_of_the_queue_and_one_schedule() {
        assert_eq!(cv_analytics_server::QUEUE_NAME, INSTALL.queues.events.name);
        assert_eq!(cv_analytics_mail::schedule::Schedule::DEFAULT, INSTALL.schedule.expression);
    }

    #[test]
    fn a_queue_is_known_by_each_of_its_addresses() {
        let names = names("", "eu-west-2");
        for url in [
            "https://sqs.eu-west-2.amazonaws.com/123456789012/q.fifo",
            "https://eu-west-2.queue.amazonaws.com/123456789012/q.fifo",
            "https://vpce-0a1-b2.sqs.eu-west-2.vpce.amazonaws.com/123456789012/q.fifo",
            "http://127.0.0.1:5000/123456789012/q.fifo",
        ] {
            assert!(names.is_queue(url, "q.fifo"), "{url}");
            assert!(names.is_queue(url, "http://localhost/123456789012/q.fifo"), "{url}");
        }
        for url in [
            "https://sqs.eu-west-1.amazonaws.com/123456789012/q.fifo",
            "https://sqs.eu-west-2.amazonaws.com/210987654321/q.fifo",
            "https://sqs.eu-west-2.amazonaws.com/123456789012/d.fifo",
            "q.fifo",
        ] {
            assert!(!names.is_queue(url, "q.fifo"), "{url}");
        }
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
