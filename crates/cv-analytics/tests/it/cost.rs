//! `cv-analytics cost` as its user meets it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn run(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_cv-analytics"))
        .arg("cost")
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "a question made files");
    output
}

fn text(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json_of(arguments: &[&str]) -> Value {
    serde_json::from_str(&text(&[arguments, &["--json"]].concat())).unwrap()
}

#[test]
fn the_table_has_every_line_and_what_stands_beside_it() {
    insta::assert_snapshot!(text(&[]));
}

#[test]
fn the_json_has_exact_figures_with_their_sources() {
    insta::assert_snapshot!(text(&["--json"]));
}

#[test]
fn the_table_is_no_wider_than_80_columns() {
    for arguments in [
        &["--interactions", "0"][..],
        &["--interactions", "1000000", "--recovery", "false", "--archive", "--free-tier", "none"],
        &["--interactions", "10000000000", "--provisioned", "--free-tier", "credits"],
    ] {
        let table = text(arguments);
        for line in table.lines() {
            assert!(line.chars().count() <= 80, "{arguments:?}: {line}");
        }
    }
}

#[test]
fn credits_pay_for_some_months_and_no_more_than_they_last() {
    assert_eq!(json_of(&["--free-tier", "credits"])["creditsLastMonths"], 12);
    let busy = ["--free-tier", "credits", "--interactions", "10000000"];
    let months = json_of(&busy)["creditsLastMonths"].as_u64().unwrap();
    assert!((1..12).contains(&months), "{months}");
    assert!(text(&busy).contains(&format!("for {months} of the 12 months")));
    assert_eq!(json_of(&[])["creditsLastMonths"], Value::Null);
}

#[test]
fn provisioned_tables_that_are_too_small_have_no_total_beside_others() {
    let estimate = json_of(&["--interactions", "30000"]);
    assert_eq!(estimate["totals"]["provisioned"], Value::Null);
    let table = text(&["--interactions", "30000", "--provisioned"]);
    assert!(table.contains("too small"), "{table}");
    assert!(table.contains("a report reads 26071 interactions a month"), "{table}");
}

#[test]
fn limits_that_a_workload_is_over_are_said() {
    assert_eq!(json_of(&[])["overLimits"], json!([]));
    let table = text(&["--interactions", "1000000000"]);
    assert!(table.contains("Over a limit: 7611 messages a second in the busiest hour"), "{table}");
    assert!(table.contains("the reporter is ended"), "{table}");
    let estimate = json_of(&["--interactions", "7000000"]);
    assert_eq!(
        estimate["overLimits"],
        json!(["a report remembers 1934 MB: the reporter has 1769"])
    );
}

#[test]
fn a_region_without_prices_and_a_wrong_option_are_refused_with_a_sentence() {
    let refused = |arguments: &[&str], code: i32, sentence: &str| {
        let output = run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(sentence), "{arguments:?} said {said:?}");
    };
    refused(
        &["--region", "ap-south-1"],
        2,
        "unknown region ap-south-1: prices are known for eu-central-1, eu-west-1, eu-west-2, us-east-1",
    );
    refused(&["--interactions=-1"], 2, "--interactions <N>");
    refused(&["--interactions", "18446744073709551616"], 2, "18446744073709551616");
    refused(&["--batch", "11"], 2, "11 is not in 1..=10");
    refused(&["--path", "sideways"], 2, "self-contained");
    refused(
        &["--region", "eu-west-1", "--provisioned", "--free-tier", "none"],
        1,
        "omit --provisioned",
    );
}

#[test]
fn a_price_that_is_not_known_leaves_its_total_open() {
    let estimate = json_of(&["--region", "eu-west-1", "--free-tier", "none"]);
    assert_eq!(estimate["totals"]["provisioned"], Value::Null);
    assert!(estimate["totals"]["onDemand"].is_string());
}
