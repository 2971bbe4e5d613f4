//! `docs/schemas/report.json`, the schema of the report for other programs: made from these types and their comments,
//! and held against reports.

use std::fs;
use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::{Value, json};

use super::Report;

/// Sets the variable that makes the test write the schema instead.
const UPDATE: &str = "CV_ANALYTICS_UPDATE_SCHEMA";

/// A comment in the words of a reader of JSON, on one line.
fn for_readers_of_json(schema: &mut schemars::Schema) {
    let Some(Value::String(text)) = schema.get_mut("description") else { return };
    *text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("`None`", "`null`");
}

fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let settings = settings.with_transform(RecursiveTransform(for_readers_of_json));
    let mut schema = settings.into_generator().into_root_schema_for::<Report>().to_value();
    let more = "Numbers that were not collected are null, never 0. Later versions of the program may add fields.";
    schema["description"] = json!(format!(
        "{} {more} docs/use/report.md says what each figure means.",
        schema["description"].as_str().unwrap_or_default()
    ));
    schema["title"] = json!("The report of a week, version 2");
    schema
}

#[test]
fn the_committed_schema_is_that_of_these_types() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas/report.json");
    let made = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    #[expect(clippy::disallowed_methods, reason = "the variable tells the test to write the file")]
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&file, &made).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == made,
        "docs/schemas/report.json is not what the types of the report make; \
         `{UPDATE}=1 cargo test --package cv-analytics-insights schema` writes it"
    );
}

#[test]
fn every_field_and_value_says_what_it_is() {
    fn untold(schema: &Value, path: &str, found: &mut Vec<String>) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            if field.get("description").is_none() {
                found.push(path);
            }
        }
    }
    let schema = schema();
    let mut found = Vec::new();
    untold(&schema, "Report", &mut found);
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        // What is counted there is what the field is called.
        if !["MatchSources", "ResponseOutcomes", "Outcomes", "Latency"].contains(&name.as_str()) {
            untold(definition, name, &mut found);
        }
        assert!(definition.get("description").is_some(), "{name}");
    }
    assert!(found.is_empty(), "{found:?}");
    let text = schema.to_string();
    assert!(!text.contains("None`") && !text.contains("[`"), "{text}");
}

#[test]
fn reports_fit_and_what_is_no_report_does_not() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/reports");
    // The fourth is one that no program of ours wrote.
    for name in ["empty-week", "outage-week", "rich-week"] {
        let report = fs::read(fixtures.join(format!("{name}.json"))).unwrap();
        let report: Report = serde_json::from_slice(&report).unwrap();
        let report: Value = serde_json::from_str(&report.to_json().unwrap()).unwrap();
        let errors: Vec<_> =
            validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        for (place, wrong) in [
            ("/reportVersion", json!(1)),
            ("/week", json!("2026-47")),
            ("/capture/joinRate", json!(1.1)),
            ("/capture/queries", json!(-1)),
            ("/capture/deliveries/deadLetters", json!(null)),
            ("/closed", json!("yes")),
            ("/provenance/inputHash", json!("sha256:")),
            ("/outcomes/quota", json!(0.5)),
            ("/gaps", json!([{}])),
            ("/match", json!(null)),
        ] {
            let mut report = report.clone();
            *report.pointer_mut(place).expect(place) = wrong;
            assert!(!validator.is_valid(&report), "{place} is wrong");
        }
    }
}
