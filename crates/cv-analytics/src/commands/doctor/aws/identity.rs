//! Who asks: account and name behind the credentials, and AWS's clock.

use super::calls::call_error::CallError;
use super::calls::{AwsCalls, Service};
use crate::clock::now;
use crate::commands::doctor::check::Check;
use crate::commands::doctor::clock;

/// The account, and the partition of AWS that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) account: String,
    pub(crate) partition: String,
}

const NAME: &str = "credentials";

/// Asks AWS for the caller's identity, which needs no right.
pub(crate) async fn check(calls: &AwsCalls) -> (Vec<Check>, Option<Identity>) {
    let (answer, date) = calls.query_with_date(Service::Sts, "GetCallerIdentity", &[]).await;
    let clock = clock::check("AWS", date.as_deref(), now());
    let (check, identity) = match answer {
        Ok(caller) => {
            let account = caller.text("Account").unwrap_or_default().to_owned();
            let arn = caller.text("Arn").unwrap_or_default();
            let partition = arn.split(':').nth(1).unwrap_or("aws").to_owned();
            let message = format!("account {account}, as {arn}");
            (Check::ok(NAME, message), Some(Identity { account, partition }))
        }
        Err(CallError::Unreached(message)) => {
            let fix = "look at the network, HTTPS_PROXY, AWS_CA_BUNDLE and AWS_ENDPOINT_URL, and at the region's name";
            (Check::fail(NAME, message, fix), None)
        }
        Err(error) => {
            let message = match error {
                CallError::Failed(message) => message,
                _ => "AWS does not take them".to_owned(),
            };
            let fix = "sign in again (`aws sso login`), or set AWS_PROFILE to a profile whose key exists; if the clock \
                        is wrong, fix that first";
            (Check::fail(NAME, message, fix), None)
        }
    };
    (vec![check, clock], identity)
}
