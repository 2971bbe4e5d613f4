//! The installation on AWS, made right in an emulated account and then broken piece by piece.

use std::fs;

use serde_json::{Value, json};

use crate::account::{ACCOUNT, Environment, zip};

#[test]
fn all_is_well_where_everything_is_as_the_template_makes_it() {
    let environment = Environment::new("well");
    let diagnosis = environment.looked_at();
    diagnosis.is_well();
    assert_eq!(diagnosis.that_are("warn"), [""; 0]);
    assert_eq!(diagnosis.that_are("skipped"), ["processor-code", "reporter-code", "canary"]);
    diagnosis.says("credentials", "account 123456789012, as arn:aws:sts::", "");
    diagnosis.says("next-report", "T09:00:00", "");
    diagnosis.says("records-table-backup", "is off, the default", "");
    diagnosis.says("recipients", "2 of them, and the account is out of SES's sandbox", "");
}
