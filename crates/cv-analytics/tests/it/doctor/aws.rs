//! The installation on AWS as a whole: well, elsewhere, not to be reached; and its functions.

use std::fs;

use serde_json::{Value, json};

use crate::doctor::account::{Environment, zip};
use crate::doctor::diagnosis::Diagnosis;
use crate::doctor::emulator;

#[test]
fn all_is_well_where_everything_is_as_the_template_makes_it() {
    let environment = Environment::new("well");
    let diagnosis = environment.looked_at();
    diagnosis.passed();
    assert_eq!(diagnosis.that_are("warn"), [""; 0]);
    assert_eq!(diagnosis.that_are("skipped"), ["processor-code", "reporter-code", "canary"]);
    diagnosis.says("credentials", "account 123456789012, as arn:aws:sts::", "");
    diagnosis.says("next-report", "T09:00:00", "");
    diagnosis.says("records-table-backup", "is off, the default", "");
    diagnosis.says("recipients", "2 of them, and the account is out of SES's sandbox", "");
}

#[test]
fn each_setting_of_a_function_that_is_wrong_fails_alone() {
    let environment = Environment::new("functions");
    let check = |function: &str, wrong: Value, right: Value, name: &str, said: &str, fix: &str| {
        environment.configure(function, &wrong);
        environment.looked_at().fails_alone(name, said, fix);
        environment.configure(function, &right);
    };
    check(
        "processor",
        json!({"Runtime": "nodejs20.x"}),
        json!({"Runtime": "provided.al2023"}),
        "processor-runtime",
        "the runtime is nodejs20.x",
        "--function-name functions-cv-analytics-processor --runtime provided.al2023",
    );
    check(
        "reporter",
        json!({"Timeout": 60}),
        json!({"Timeout": 300}),
        "reporter-size",
        "256 MB and 60 s, where 256 MB and 300 s are needed",
        "--memory-size 256 --timeout 300",
    );
    // A longer limit asks for a longer visibility: the queue is what has to follow.
    check(
        "processor",
        json!({"Timeout": 60}),
        json!({"Timeout": 30}),
        "events-queue-visibility",
        "hidden for 300 s, where 360 are needed",
        "VisibilityTimeout=360",
    );
    let variables = emulator::lambda(
        "GET",
        "/2015-03-31/functions/functions-cv-analytics-processor/configuration",
        &json!(null),
    );
    let variables = variables["Environment"].clone();
    let mut without = variables.clone();
    without["Variables"].as_object_mut().unwrap().remove("DEAD_LETTER_QUEUE_URL");
    check(
        "processor",
        json!({"Environment": without}),
        json!({"Environment": variables}),
        "processor-variables",
        "DEAD_LETTER_QUEUE_URL is not set",
        "sets DEAD_LETTER_QUEUE_URL of functions-cv-analytics-processor",
    );
    let mut other = variables.clone();
    other["Variables"]["ANALYTICS_TABLE"] = json!("Elsewhere");
    check(
        "processor",
        json!({"Environment": other}),
        json!({"Environment": variables}),
        "processor-variables",
        "ANALYTICS_TABLE is Elsewhere, where functions-CV-Analytics is looked at",
        "",
    );
    environment.looked_at().passed();

    emulator::lambda(
        "DELETE",
        "/2015-03-31/functions/functions-cv-analytics-reporter",
        &json!(null),
    );
    let diagnosis = environment.looked_at();
    diagnosis.says(
        "reporter",
        "missing function functions-cv-analytics-reporter",
        "infra/README.md",
    );
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
