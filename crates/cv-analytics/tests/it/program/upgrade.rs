//! The data folder of the oldest version in use by this one, and a folder of a newer version copied back.
//!
//! `tests/earlier_data` has the folder, and what that version said about it.

use std::collections::BTreeMap;

use cv_analytics_harness::connection::Connection;
use cv_analytics_harness::server_process::CredentialsFile;
use cv_analytics_harness::signer::Signer;
use jiff::Timestamp;

use super::*;

const EARLIER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/earlier_data");
const WEEKS: [&str; 4] = ["2026-W44", "2026-W45", "2026-W46", "2026-W47"];
/// When the events arrived.
const ARRIVED: &str = "2026-W49";
const DATA: &str = "cv-analytics-data";

/// A copy of the folder.
fn earlier_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(DATA)).unwrap();
    for name in ["cv-analytics.db", "credentials.env"] {
        let file = Path::new(EARLIER).join(DATA).join(name);
        fs::copy(file, folder.path().join(DATA).join(name)).unwrap();
    }
    folder
}

/// What the earlier version wrote into a file.
fn earlier(name: &str) -> Value {
    serde_json::from_slice(&fs::read(Path::new(EARLIER).join(name)).unwrap()).unwrap()
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn json_of(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&done(folder, arguments)).unwrap()
}

fn report_of(folder: &Path, week: &str) -> Value {
    json_of(folder, &["report", "--week", week, "--format", "json"])
}

#[test]
fn the_reports_of_an_upgraded_folder_are_those_of_its_events() {
    let upgraded = earlier_folder();
    // The feedback, which the earlier version could not read.
    let retried = run(upgraded.path(), &["dead-letters", "retry", "--all"]);
    let fresh = tempfile::tempdir().unwrap();
    for file in ["events.jsonl", "more-events.jsonl"] {
        done(fresh.path(), &["events", "import", &format!("{EARLIER}/{file}")]);
    }
    done(fresh.path(), &["forget", "--request", "w47-erased"]);
    let mut settings = json_of(upgraded.path(), &["settings", "export"]);
    // Each folder has its own key for sessions.
    settings["exclusions"]["sessions"] = json!([]);
    fs::write(fresh.path().join("settings.json"), settings.to_string()).unwrap();
    done(fresh.path(), &["settings", "import", "settings.json", "--exclude-session", "owner"]);
    for week in WEEKS {
        let [one, other] = [&upgraded, &fresh].map(|folder| {
            let mut report = report_of(folder.path(), week);
            report["capture"]["deliveries"].take();
            report["provenance"]["inputHash"].take();
            report
        });
        assert_eq!(one, other, "{week}");
    }
    let feedback = &report_of(upgraded.path(), "2026-W47")["feedback"];
    assert_eq!(feedback["up"], 1, "{}", text(&retried.stderr));
}

/// Each skill of a report, with what both versions count of it.
fn skills(report: &Value) -> BTreeMap<&str, Vec<&Value>> {
    let counted =
        ["queries", "previous", "weeks", "full", "partial", "none", "unanswered", "variants"];
    let skills = report["skills"].as_array().unwrap().iter();
    skills
        .map(|skill| {
            (skill["skill"].as_str().unwrap(), counted.iter().map(|name| &skill[name]).collect())
        })
        .collect()
}

#[test]
fn figures_whose_rules_did_not_change_are_those_that_the_earlier_version_gave() {
    let folder = earlier_folder();
    for week in WEEKS.into_iter().chain([ARRIVED]) {
        let mut before = earlier(&format!("report-{week}.json"));
        let now = report_of(folder.path(), week);
        assert_eq!(skills(&now), skills(&before), "{week}");
        // Later versions added some to these.
        before["provenance"]["inputHash"].take();
        for part in ["capture", "match", "outcomes", "latencyMs", "provenance"] {
            ensure_has(&now[part], &before[part], &format!("{week}: {part}"));
        }
    }
}

/// Whether `found` has all that is in `wanted`, and perhaps more.
fn ensure_has(found: &Value, wanted: &Value, what: &str) {
    match wanted {
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                ensure_has(&found[name], value, &format!("{what}.{name}"));
            }
        }
        Value::Null => {}
        _ => assert_eq!(found, wanted, "{what}"),
    }
}

#[test]
fn settings_marks_interactions_and_dead_letters_are_kept() {
    let folder = earlier_folder();
    let folder = folder.path();
    ensure_has(&json_of(folder, &["settings", "export"]), &earlier("settings.json"), "settings");
    let kept = |name: &str| fs::read_to_string(Path::new(EARLIER).join(name)).unwrap();
    assert_eq!(done(folder, &["events", "export"]), kept("exported.jsonl"));
    assert_eq!(done(folder, &["dead-letters", "list", "--json"]), kept("dead-letters.json"));
    let back = run_with_input(
        folder,
        &["events", "import", "--json"],
        r#"{"eventType":"query","requestId":"w47-erased","timestamp":1795000000000,"query":"Forget this question"}"#,
    );
    assert_eq!(serde_json::from_slice::<Value>(&back.stdout).unwrap()["erased"], 1);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "signatures are for the server's own clock")]
fn an_agent_and_its_visitors_notice_nothing_of_an_upgrade() {
    let folder = earlier_folder();
    let data = folder.path().join(DATA);
    let before = CredentialsFile::read(&data).unwrap();
    let serving = Serving::start(folder.path(), &[]);
    let address = &serving.process.authority;
    // A visitor of before, under the key of before.
    let event = r#"{"eventType":"query","requestId":"later","timestamp":1796000000000,"query":"GraphQL now?","sessionId":"visitor-14"}"#;
    let message = json!({"QueueUrl": before.value("AWS_SQS_URL").unwrap(), "MessageGroupId": "later",
        "MessageDeduplicationId": "later:query", "MessageBody": event});
    let key = before.access_key().unwrap();
    let signer = Signer::new(&key, address, "SendMessage", Timestamp::now()).unwrap();
    let request = signer.request(message.to_string().as_bytes()).unwrap();
    assert_eq!(Connection::open(address).unwrap().exchange(&request).unwrap().status, 200);
    let token = before.value("CV_ANALYTICS_TOKEN").unwrap();
    let (status, report) = serving.get("/v1/reports/2026-W47", token);
    assert_eq!((status, &report[..1]), (200, "{"));
    serving.process.stop().unwrap();
    let export = done(folder.path(), &["events", "export"]);
    let session = |id: &str| {
        let events = export.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut sessions = events.filter(|event| event["requestId"] == id);
        sessions.next().unwrap()["sessionId"].clone()
    };
    assert_eq!(session("later"), session("w47-4-0"));
    assert_ne!(session("later"), session("w47-5-0"));
}

/// The version of a database's layout is the header's big-endian number at byte 60.
const LAYOUT_AT: usize = 60;

#[test]
fn a_folder_of_a_newer_layout_is_refused_and_stays_as_it_is() {
    let folder = earlier_folder();
    let folder = folder.path();
    // What only reads leaves the new layout in the log beside the file.
    let event = format!("{EARLIER}/events.jsonl");
    done(folder, &["events", "import", &event]);
    let file = folder.join(DATA).join("cv-analytics.db");
    let mut bytes = fs::read(&file).unwrap();
    let layout = &mut bytes[LAYOUT_AT..LAYOUT_AT + 4];
    let known = u32::from_be_bytes(layout.try_into().unwrap());
    assert!(known > 1, "the earlier file is brought up to date");
    layout.copy_from_slice(&(known + 1).to_be_bytes());
    fs::write(&file, &bytes).unwrap();
    let copy = tempfile::tempdir().unwrap();
    let back = copy.path().join("copied-back");
    fs::create_dir(&back).unwrap();
    fs::write(back.join("cv-analytics.db"), &bytes).unwrap();
    let sentence = format!(
        "was written by a newer cv-analytics (schema version {}, this one knows up to {known}): use that newer version",
        known + 1
    );
    let copied = ["--data", "copied-back"];
    for arguments in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["report"],
        &["report", "--week", "2026-W47", "--format", "json"],
        &["events", "import", &event],
        &["events", "export"],
        &["dead-letters", "list"],
        &["gaps", "list"],
        &["gaps", "mark", "Kubernetes", "have-it"],
        &["settings", "show"],
        &["forget", "--request", "w47-3-0"],
        &["archive", "archived"],
    ] {
        check_refusal(folder, arguments, 1, &sentence);
        check_refusal(copy.path(), &[arguments, &copied].concat(), 1, &sentence);
    }
    let doctor = run(folder, &["doctor", "--no-canary"]);
    assert_eq!(doctor.status.code(), Some(1));
    let said = text(&doctor.stdout);
    let version =
        format!("FAIL     schema: version {}, this program knows up to {known}", known + 1);
    assert!(said.contains(&version), "{said}");
    for file in [file, back.join("cv-analytics.db")] {
        assert_eq!(fs::read(&file).unwrap(), bytes, "{}", file.display());
    }
    assert!(!folder.join("archived").exists());
}
