//! What an environment's resources are called, as `infra/` calls them.

use super::identity::Identity;
use crate::aws_installation::{DEAD_LETTER_QUEUE, variable};
use crate::data_folder::QUEUE;

/// Names and addresses of one environment in one region of one account.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) prefix: String,
    pub(crate) region: String,
    pub(crate) account: String,
    pub(crate) partition: String,
    pub(crate) query_events: String,
    pub(crate) analytics: String,
}

impl Names {
    /// The names with this prefix; those that the commands' own variables give are theirs.
    pub(crate) fn new(prefix: String, region: &str, identity: Identity) -> Self {
        let table = |name: &str, default: &str| {
            variable(name).unwrap_or_else(|| format!("{prefix}{default}"))
        };
        Self {
            query_events: table("QUERY_EVENTS_TABLE", "CV-Analytics-QueryEvents"),
            analytics: table("ANALYTICS_TABLE", "CV-Analytics"),
            region: region.to_owned(),
            account: identity.account,
            partition: identity.partition,
            prefix,
        }
    }

    pub(crate) fn events_queue(&self) -> String {
        format!("{}{QUEUE}", self.prefix)
    }

    pub(crate) fn dead_letter_queue(&self) -> String {
        format!("{}{DEAD_LETTER_QUEUE}", self.prefix)
    }

    /// The queue of what the schedule could not start.
    pub(crate) fn schedule_dead_letters(&self) -> String {
        self.named("schedule-dlq")
    }

    pub(crate) fn processor(&self) -> String {
        self.named("processor")
    }

    pub(crate) fn reporter(&self) -> String {
        self.named("reporter")
    }

    pub(crate) fn rule(&self) -> String {
        self.named("weekly-report")
    }

    /// The Worker's user.
    pub(crate) fn worker(&self) -> String {
        format!("{}-{}", self.named("worker"), self.region)
    }

    pub(crate) fn alert_topic(&self) -> String {
        self.arn("sns", &self.named("alerts"))
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

    pub(crate) fn named(&self, what: &str) -> String {
        format!("{}cv-analytics-{what}", self.prefix)
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        let Self { partition, region, account, .. } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}
