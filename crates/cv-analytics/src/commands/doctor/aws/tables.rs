//! The tables: keys, index, what leaves by time to live, and backups.

use aws_sdk_dynamodb::types::{
    BillingMode, PointInTimeRecoveryStatus, TableDescription, TableStatus, TimeToLiveStatus,
};
use cv_analytics_aws::install::INSTALL;
use cv_analytics_aws::tables::check::{check_index, check_keys};
use cv_analytics_aws::tables::error::TableError;

use serde_json::json;

use super::Account;
use super::calls::call_error::{CallError, MISPLACED};
use crate::commands::doctor::check::Check;

const TTL: &str = "ttl";
const NEW_TABLE: &str =
    "a table's keys cannot change: archive, make it anew from the template, and restore";

/// Looks at both.
pub(crate) async fn check(account: &Account) -> Vec<Check> {
    let names = &account.names;
    let (interim, records) = (&names.query_events, &names.analytics);
    let mut checks = Vec::new();
    if account.keys("interim-table", interim, &mut checks).await.is_some() {
        checks.push(account.ttl("interim-table-ttl", interim, true).await);
        checks.push(account.recovery("interim-table-backup", interim).await);
    }
    if let Some(table) = account.keys("records-table", records, &mut checks).await {
        let problem =
            check_index(&table).err().map(|problem| (problem, create_index(&table, records)));
        checks.push(Check::of("records-index", "week-index, every attribute", problem));
        checks.push(account.ttl("records-table-ttl", records, false).await);
        checks.push(account.recovery("records-table-backup", records).await);
    }
    checks
}

impl Account {
    async fn keys(
        &self,
        check: &str,
        table: &str,
        checks: &mut Vec<Check>,
    ) -> Option<TableDescription> {
        let described = match self.tables.describe(table).await {
            Ok(described) => described,
            Err(TableError::Misconfigured { problem, .. }) if problem.contains("no permission") => {
                let right = "dynamodb:DescribeTable".to_owned();
                checks.push(CallError::Denied { right }.inconclusive(check));
                return None;
            }
            Err(TableError::Misconfigured { problem, .. }) => {
                checks.push(Check::fail(check, format!("{table}: {problem}"), MISPLACED));
                return None;
            }
            Err(error) => {
                checks.push(CallError::Failed(error.to_string()).inconclusive(check));
                return None;
            }
        };
        let problem = check_keys(&described)
            .err()
            .map(|problem| (problem, NEW_TABLE.to_owned()))
            .or_else(|| inactive(&described));
        checks.push(Check::of(check, format!("{table} with its key"), problem));
        Some(described)
    }

    /// Whether rows of `table` leave by their attribute `ttl`, where they have to.
    async fn ttl(&self, check: &str, table: &str, wanted: bool) -> Check {
        let answer = self.tables.client().describe_time_to_live().table_name(table).send().await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                return CallError::of_sdk("dynamodb:DescribeTimeToLive", &error)
                    .inconclusive(check);
            }
        };
        let described = answer.time_to_live_description;
        let status = described.as_ref().and_then(|ttl| ttl.time_to_live_status());
        let on = matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling));
        let attribute = described.as_ref().and_then(|ttl| ttl.attribute_name());
        let attribute = attribute.filter(|_| on);
        let update = |enabled: bool, attribute: &str| {
            format!(
                "aws dynamodb update-time-to-live --table-name {table} --time-to-live-specification \
                 Enabled={enabled},AttributeName={attribute}"
            )
        };
        match (wanted, attribute) {
            (true, Some(TTL)) => Check::ok(check, "rows leave by `ttl`"),
            (true, Some(other)) => Check::fail(
                check,
                format!("rows leave by `{other}`, where `ttl` is right"),
                format!("{}; then, an hour later, {}", update(false, other), update(true, TTL)),
            ),
            (true, None) => {
                Check::fail(check, "no row leaves: time to live is off", update(true, TTL))
            }
            (false, None) => Check::ok(check, "off: records stay"),
            (false, Some(attribute)) => Check::fail(
                check,
                format!("records leave by `{attribute}`: what is reported must stay"),
                update(false, attribute),
            ),
        }
    }

    /// Whether there are continuous backups, which are a choice.
    async fn recovery(&self, check: &str, table: &str) -> Check {
        let client = self.tables.client();
        let answer = match client.describe_continuous_backups().table_name(table).send().await {
            Ok(answer) => answer,
            Err(error) => {
                return CallError::of_sdk("dynamodb:DescribeContinuousBackups", &error)
                    .inconclusive(check);
            }
        };
        let status = answer
            .continuous_backups_description
            .and_then(|backups| backups.point_in_time_recovery_description)
            .and_then(|recovery| recovery.point_in_time_recovery_status);
        if status == Some(PointInTimeRecoveryStatus::Enabled) {
            Check::ok(check, "point-in-time recovery is on")
        } else {
            Check::warn(
                check,
                "point-in-time recovery is off: what is deleted or overwritten is lost, but for archives",
                format!(
                    "aws dynamodb update-continuous-backups --table-name {table} --point-in-time-recovery-specification \
                     PointInTimeRecoveryEnabled=true"
                ),
            )
        }
    }
}

/// Makes the index as the template has it.
fn create_index(table: &TableDescription, name: &str) -> String {
    let index = &INSTALL.tables.week_index;
    let mut create = serde_json::Map::from_iter([
        ("IndexName".to_owned(), json!(index)),
        (
            "KeySchema".to_owned(),
            json!([
                {"AttributeName": "week", "KeyType": "HASH"},
                {"AttributeName": "timestamp", "KeyType": "RANGE"},
            ]),
        ),
        ("Projection".to_owned(), json!({"ProjectionType": "ALL"})),
    ]);
    let mode = table.billing_mode_summary().and_then(|summary| summary.billing_mode());
    if mode == Some(&BillingMode::Provisioned) {
        let units = INSTALL.tables.provisioned_units;
        let throughput = json!({"ReadCapacityUnits": units, "WriteCapacityUnits": units});
        create.insert("ProvisionedThroughput".to_owned(), throughput);
    }
    format!(
        "aws dynamodb update-table --table-name {name} --attribute-definitions \
         AttributeName=requestId,AttributeType=S AttributeName=week,AttributeType=S \
         AttributeName=timestamp,AttributeType=N --global-secondary-index-updates '{}'; an index of the same name has to \
         be deleted first, its rows come back by themselves",
        json!([{"Create": create}])
    )
}

fn inactive(table: &TableDescription) -> Option<(String, String)> {
    let status = table
        .table_status()
        .filter(|status| !matches!(status, TableStatus::Active | TableStatus::Updating))?;
    Some((
        format!("it is {}", status.as_str()),
        "wait until it is ACTIVE, and run this again".to_owned(),
    ))
}
