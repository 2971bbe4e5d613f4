//! The report's forms for people: HTML and plain text, from reports kept as JSON.

use std::fs;
use std::path::PathBuf;

use cv_analytics_insights::report::Report;
use cv_analytics_insights::{report_html, report_text};

fn fixture(name: &str) -> Report {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/reports").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn check(name: &str) {
    let report = fixture(&format!("{name}.json"));
    insta::assert_snapshot!(format!("{name}.html"), report_html::render(&report).unwrap());
    insta::assert_snapshot!(format!("{name}.txt"), report_text::render(&report));
}

#[test]
fn a_rich_week_reads_well() {
    check("rich-week");
}

#[test]
fn an_empty_week_is_a_short_note() {
    check("empty-week");
}

#[test]
fn a_hostile_week_shows_its_texts_as_text() {
    check("hostile-week");
}
