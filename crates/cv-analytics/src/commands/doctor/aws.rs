//! The installation on AWS: who asks, every resource as this version needs it, and a message that travels through.

mod alerts;
mod calls;
mod canary_pipeline;
mod functions;
mod identity;
mod mail;
mod mapping;
mod names;
mod queues;
mod rights;
mod schedule;
mod tables;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use aws_types::SdkConfig;
use clap::Args;
use cv_analytics_aws::queue::clients::Queues;
use cv_analytics_aws::{DynamoDbStore, TableNames, Tables};

use self::calls::AwsCalls;
use self::names::ResourceNames;
use super::canary;
use super::check::{Check, Findings};
use crate::clock::now;
use crate::install::aws;
use crate::output::with_causes;

/// What of an account is looked at.
#[derive(Debug, Args)]
pub(crate) struct Scope {
    /// On AWS: the prefix of every name, such as `dev-`
    #[arg(long, value_name = "PREFIX", default_value = "", value_parser = prefix)]
    prefix: String,
    /// On AWS: compare the functions with the zip files in this folder
    #[arg(long, value_name = "DIR")]
    functions: Option<PathBuf>,
}

/// How the account is reached, and what its resources are called.
pub(crate) struct Account {
    calls: AwsCalls,
    sdk: SdkConfig,
    names: ResourceNames,
    tables: Tables,
    queues: Queues,
    functions: Option<PathBuf>,
}

const GROUPS: [&str; 9] =
    ["functions", "mapping", "queues", "tables", "rights", "mail", "alerts", "schedule", "canary"];

/// Checks all of it; the canary only where there is patience for one.
pub(crate) async fn check(
    scope: Scope,
    patience: Option<Duration>,
    findings: &mut Findings,
) -> Result<()> {
    let (sdk, connector, credentials) = match aws::sdk_with_connector().await {
        Ok(found) => found,
        Err(error) => {
            let fix = "sign in with `aws sso login`, name a profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and \
                        AWS_SECRET_ACCESS_KEY";
            findings.add(Check::fail("credentials", with_causes(&error), fix))?;
            return findings.add_all(GROUPS.map(|group| Check::skipped(group, "no credentials")));
        }
    };
    let calls = AwsCalls::new(&sdk, credentials, connector);
    let (checks, identity) = identity::check(&calls).await;
    findings.add_all(checks)?;
    let Some(identity) = identity else {
        let why = "AWS does not say which account this is";
        return findings.add_all(GROUPS.map(|group| Check::skipped(group, why)));
    };
    let region = sdk.region().map(ToString::to_string).unwrap_or_default();
    let names = ResourceNames::new(scope.prefix, &region, identity);
    let table_names =
        TableNames { query_events: names.query_events.clone(), analytics: names.analytics.clone() };
    let account = Account {
        tables: Tables::new(aws_sdk_dynamodb::Client::new(&sdk), table_names),
        queues: Queues::new(sdk.clone()),
        calls,
        sdk,
        names,
        functions: scope.functions,
    };
    account.check_all(patience, findings).await
}

impl Account {
    async fn check_all(&self, patience: Option<Duration>, findings: &mut Findings) -> Result<()> {
        let (processor, reporter) = functions::check(self, findings).await?;
        findings.add_all(mapping::check(self).await)?;
        let timeout_s = processor.as_ref().and_then(functions::Function::timeout_s);
        let queues = queues::check(self, timeout_s, findings).await?;
        findings.add_all(tables::check(self).await)?;
        let sender = reporter.as_ref().and_then(|reporter| reporter.variable("SENDER_EMAIL"));
        let recipients =
            reporter.as_ref().and_then(|reporter| reporter.variable("RECIPIENT_EMAIL"));
        findings.add_all(
            rights::check(self, processor.as_ref(), reporter.as_ref(), sender.as_deref()).await,
        )?;
        findings.add_all(mail::check(self, sender.as_deref(), recipients.as_deref()).await)?;
        findings.add_all(alerts::check(self, processor.as_ref()).await)?;
        findings.add_all(schedule::check(self, now()).await)?;
        let Some(patience) = patience else {
            return findings.add(canary::not_sent());
        };
        let (Some(events), Some(dead_letters)) = (queues.events, queues.dead_letters) else {
            let why = "it needs both queues";
            return findings.add(Check::skipped(canary::NAME, why));
        };
        let store = DynamoDbStore::new(self.tables.clone(), now);
        let pipeline = canary_pipeline::Pipeline {
            queues: &self.queues,
            events: &events,
            dead_letters: &dead_letters,
            waiting_letters: queues.waiting_letters,
            store: &store,
            names: &self.names,
        };
        findings.add_all(pipeline.send_through(patience).await)
    }
}

/// An environment's prefix, by the rule of the template.
fn prefix(text: &str) -> Result<String, &'static str> {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let is_one = text.len() <= 12
        && text.ends_with('-')
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(allowed);
    if text.is_empty() || is_one {
        Ok(text.to_owned())
    } else {
        Err(
            "write lower-case letters, digits and dashes with a dash at the end, 12 at most, as in dev-",
        )
    }
}
