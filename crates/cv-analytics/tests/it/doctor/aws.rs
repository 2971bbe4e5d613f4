//! The installation on AWS as a whole: well, elsewhere, not to be reached; and its functions.

use std::fs;

use crate::doctor::account::{Environment, zip};
use crate::doctor::diagnosis::Diagnosis;

#[test]
fn all_is_well_where_everything_is_as_the_template_makes_it() {
    let environment = Environment::new("well");
    let diagnosis = environment.looked_at();
    diagnosis.passed();
    assert_eq!(diagnosis.that_are("warn"), [""; 0]);
    assert_eq!(diagnosis.that_are("skipped"), ["processor-code", "reporter-code", "canary"]);
    diagnosis.says("credentials", "account 123456789012, as arn:aws:sts::", "");
    diagnosis.says("next-report", "T09:00:00", "");
    diagnosis.says("records-table-backup", "point-in-time recovery is on", "");
    diagnosis.says("recipients", "2 of them, and the account is out of SES's sandbox", "");
}

#[test]
fn the_code_that_runs_is_compared_with_the_zip_files() {
    let environment = Environment::new("code");
    let dist = environment.folder.path().join("dist");
    fs::create_dir(&dist).unwrap();
    fs::write(dist.join("processor-arm64.zip"), zip()).unwrap();
    let look = || environment.doctor(&["--no-canary", "--functions", "dist"]);
    let diagnosis = look();
    assert_eq!(diagnosis.check("processor-code")["outcome"], "ok");
    diagnosis.says("reporter-code", "cannot read dist/reporter-arm64.zip", "cargo xtask dist");
    fs::write(dist.join("reporter-arm64.zip"), [zip(), zip()].concat()).unwrap();
    look().fails_alone("reporter-code", "is not what runs", "release-functions.sh");
}

#[test]
fn credentials_that_are_missing_or_not_taken_end_it_with_what_to_do() {
    let environment = Environment::new("nobody");
    let mut program = environment.program();
    let diagnosis = Diagnosis::of(program.env_remove("AWS_ACCESS_KEY_ID").arg("doctor"));
    diagnosis.fails_alone("credentials", "missing AWS credentials", "aws sso login");
    let invalid = "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>The security token is invalid</Message></Error></ErrorResponse>";
    environment.front.answer("Action=GetCallerIdentity", 403, invalid);
    let diagnosis = environment.doctor(&[]);
    diagnosis.fails_alone("credentials", "InvalidClientTokenId", "sign in again");
    assert!(diagnosis.that_are("skipped").contains(&"canary"));
    let mut program = environment.program();
    program.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").arg("doctor");
    let diagnosis = Diagnosis::of(&mut program);
    diagnosis.fails_alone(
        "credentials",
        "http://127.0.0.1:1 is not reached",
        "look at the network",
    );
}

#[test]
fn another_environments_prefix_shows_what_is_not_there() {
    let environment = Environment::new("here");
    let mut program = environment.program();
    let diagnosis = Diagnosis::of(program.args(["doctor", "--prefix", "elsewhere-"]));
    diagnosis.says("canary", "it needs both queues", "");
    for name in [
        "processor",
        "reporter",
        "events-queue",
        "records-table",
        "schedule",
        "alarms",
        "alarm-mail",
        "worker-rights",
    ] {
        assert_eq!(diagnosis.check(name)["outcome"], "fail", "{name}");
    }
    diagnosis.says(
        "processor",
        "missing function elsewhere-cv-analytics-processor in eu-west-2",
        "--prefix",
    );
}
