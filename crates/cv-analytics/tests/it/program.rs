//! The program as its user meets it: words, exit codes, files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod completions_and_manual;
mod doors;
mod events_in_any_form;
mod gaps_and_mail_form;
mod moved_database;
mod numbers_of_the_demo;
mod public_url;
#[cfg(unix)]
mod read_only;
mod readme;
mod sdk_client;
mod upgrade;
mod written_files;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use cv_analytics_harness::server_process::ServerProcess;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http;

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cv-analytics"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder).args(arguments).output().unwrap()
}

fn run_with_input(folder: &Path, arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
    let mut child = program(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_ref()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs the arguments and compares exit code and the part of standard error that matters.
fn check_refusal(folder: &Path, arguments: &[&str], code: i32, sentence: &str) {
    let output = run(folder, arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(said.contains(sentence), "{arguments:?} said {said:?}");
}

/// A server that is ready, and killed when it goes; its log is `server.log` in the folder.
struct Serving {
    process: ServerProcess,
    /// `http://127.0.0.1:PORT`.
    url: String,
}

impl Serving {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::listening(folder, &[&["--listen", "127.0.0.1:0"], arguments].concat())
    }

    /// One whose options say where it listens.
    fn listening(folder: &Path, options: &[&str]) -> Self {
        let mut command = program(folder);
        command.arg("serve").args(options);
        let process = ServerProcess::start(&mut command, &folder.join("server.log")).unwrap();
        let url = format!("http://{}", process.authority);
        Self { process, url }
    }

    /// The status and the body of a page.
    fn get(&self, path: &str, token: &str) -> (u16, String) {
        http::answer(http::client().get(format!("{}{path}", self.url)).bearer_auth(token))
    }
}

/// The owner's token, from the data folder.
fn token(data: &Path) -> String {
    let credentials = fs::read_to_string(data.join("credentials.env")).unwrap();
    let token = credentials.lines().find_map(|line| line.strip_prefix("CV_ANALYTICS_TOKEN="));
    token.unwrap().to_owned()
}

const QUERY: &str = r#"{"eventType":"query","requestId":"r1","timestamp":"2026-11-17T10:00:00Z","query":"Do you know k8s?","sessionId":"s"}"#;
const RESPONSE: &str = r#"{"eventType":"response","requestId":"r1","timestamp":"2026-11-17T10:00:02Z","matchType":"none","matchScore":12,"missingSkills":["Kubernetes"]}"#;

fn folder_with(lines: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = run_with_input(folder.path(), &["events", "import", "--json"], lines.join("\n"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    folder
}

fn report(folder: &Path, arguments: &[&str]) -> Value {
    let output =
        run(folder, &[&["report", "--week", "2026-W47", "--format", "json"], arguments].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn an_imported_question_comes_out_as_a_gap() {
    let folder = folder_with(&[QUERY, RESPONSE]);
    let report = report(folder.path(), &[]);
    assert_eq!(report["capture"]["joined"], 1);
    assert_eq!(report["latencyMs"]["p50"], 2000);
    assert_eq!(report["skills"][0]["skill"], "Kubernetes");
    assert_eq!(report["skills"][0]["variants"], json!([{"text": "k8s", "queries": 1}]));
    assert_eq!(report["gaps"][0]["kind"], "unmatched");
    let listed = text(&run(folder.path(), &["gaps", "list", "--week", "2026-W47"]).stdout);
    assert!(listed.contains("Kubernetes (skill): Not covered"), "{listed}");
}

#[test]
fn a_cv_list_tells_what_is_on_the_cv() {
    let folder = folder_with(&[QUERY, RESPONSE]);
    fs::write(folder.path().join("with.txt"), "- Kubernetes\n").unwrap();
    fs::write(folder.path().join("without.json"), r#"{"skills":[{"skill":"Go"}]}"#).unwrap();
    assert_eq!(report(folder.path(), &["--cv", "with.txt"])["gaps"][0]["kind"], "not_retrieved");
    assert_eq!(report(folder.path(), &["--cv", "without.json"])["gaps"][0]["kind"], "not_on_cv");
    let kept = run(folder.path(), &["settings", "import", "--cv", "without.json"]);
    assert!(kept.status.success(), "{}", text(&kept.stderr));
    assert_eq!(report(folder.path(), &[])["gaps"][0]["kind"], "not_on_cv");
}

#[test]
fn an_export_imported_elsewhere_gives_the_same_report() {
    let folder = folder_with(&[QUERY, RESPONSE, r#"{"eventType":"query""#]);
    let exported = run(folder.path(), &["events", "export"]).stdout;
    let other = folder_with(&text(&exported).lines().collect::<Vec<_>>());
    let (mut one, mut two) = (report(folder.path(), &[]), report(other.path(), &[]));
    one["capture"]["deliveries"].take();
    two["capture"]["deliveries"].take();
    assert_eq!(one, two);
}

#[test]
fn the_report_has_four_forms_and_the_file_names_one() {
    let folder = folder_with(&[QUERY, RESPONSE]);
    for (file, begins) in
        [("r.html", "<!"), ("r.txt", "CV ANALYTICS"), ("r.json", "{"), ("r.eml", "Date: ")]
    {
        let output = run(folder.path(), &["report", "--week", "2026-W47", "--output", file]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let written = fs::read_to_string(folder.path().join(file)).unwrap();
        assert!(
            written.contains(begins),
            "{file}: {}",
            written.chars().take(80).collect::<String>()
        );
    }
}

#[test]
fn settings_go_out_and_in_again_and_unknown_ones_are_named() {
    let folder = folder_with(&[QUERY]);
    fs::write(
        folder.path().join("s.json"),
        r#"{"aliases":{"Kubernetes":["kube"]},"exclusions":{"requestIds":["r1"]}}"#,
    )
    .unwrap();
    assert!(run(folder.path(), &["settings", "import", "s.json"]).status.success());
    let exported: Value =
        serde_json::from_slice(&run(folder.path(), &["settings", "export"]).stdout).unwrap();
    assert_eq!(exported["aliases"]["Kubernetes"], json!(["kube"]));
    assert_eq!(report(folder.path(), &[])["provenance"]["excluded"], 1);
    fs::write(folder.path().join("bad.json"), r#"{"alias":{}}"#).unwrap();
    check_refusal(folder.path(), &["settings", "import", "bad.json"], 1, "unknown field `alias`");
}

#[test]
fn a_file_without_settings_is_refused_and_clearing_is_explicit() {
    let folder = folder_with(&[QUERY]);
    let write = |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
    write("topics.txt", "parking = car park\n");
    write("aliases.txt", "Kubernetes: kube\n");
    write("cv.txt", "Go\n");
    let all = [
        "settings",
        "import",
        "--topics",
        "topics.txt",
        "--aliases",
        "aliases.txt",
        "--cv",
        "cv.txt",
    ];
    assert!(run(folder.path(), &all).status.success());
    let exported = || text(&run(folder.path(), &["settings", "export"]).stdout);
    let before = exported();
    for (content, kinds) in [
        ("", &["topics", "aliases", "cv"][..]),
        ("\u{feff} \n\n", &["topics", "aliases", "cv"]),
        ("# a comment\n", &["topics", "aliases", "cv"]),
        ("{}", &["topics", "aliases", "cv"]),
        ("[]", &["aliases", "cv", "topics"]),
    ] {
        write("empty", content);
        for kind in kinds {
            let option = format!("--{kind}");
            check_refusal(folder.path(), &["settings", "import", &option, "empty"], 1, "empty");
        }
    }
    check_refusal(folder.path(), &["settings", "import", "--topics", "empty"], 1, "line 1");
    write("empty", "{}");
    check_refusal(folder.path(), &["settings", "import", "empty"], 1, "missing settings in empty");
    check_refusal(folder.path(), &["settings", "import", "--topics", "empty"], 1, "--clear topics");
    check_refusal(
        folder.path(),
        &["settings", "import", "--exclude-session", ""],
        2,
        "--exclude-session",
    );
    for (content, kind, says) in [
        ("parking = car park\nsalary\n", "topics", "line 2"),
        ("{\n\"parking\": 1}", "topics", "line 2"),
        ("Go: golang\n--: x\n", "aliases", "line 2"),
        ("{\"Go\":\n1}", "aliases", "line 1"),
        ("{\"skills\":\n[}", "cv", "line 2"),
    ] {
        write("wrong", content);
        let option = format!("--{kind}");
        check_refusal(folder.path(), &["settings", "import", &option, "wrong"], 1, says);
    }
    assert_eq!(exported(), before);
    let cleared =
        run(folder.path(), &["settings", "import", "--clear", "topics", "--clear", "cv", "--json"]);
    let cleared: Value = serde_json::from_slice(&cleared.stdout).unwrap();
    assert_eq!((&cleared["topics"], &cleared["cv"]), (&json!({}), &Value::Null));
    assert_eq!(cleared["aliases"], json!({"Kubernetes": ["kube"]}));
}

#[test]
fn what_was_forgotten_is_not_brought_back_by_an_import() {
    let folder = folder_with(&[QUERY, RESPONSE, r#"{"eventType":"click","requestId":"r1"}"#]);
    let said = text(&run(folder.path(), &["forget", "--session", "s"]).stdout);
    assert_eq!(said, "1 interactions and 1 dead letters erased\n");
    let again = run_with_input(folder.path(), &["events", "import", "--json"], QUERY);
    assert_eq!(serde_json::from_slice::<Value>(&again.stdout).unwrap()["erased"], 1);
    assert_eq!(report(folder.path(), &[])["capture"]["queries"], 0);
    let bytes = fs::read(folder.path().join("cv-analytics-data/cv-analytics.db")).unwrap();
    assert!(!bytes.windows(8).any(|window| window == b"know k8s"));
}

#[test]
fn what_is_older_goes_by_a_word_and_leaves_no_byte() {
    let old = |number: i64| {
        QUERY.replace("r1", &format!("old-{number}")).replace("2026-11-17", "2020-01-01")
    };
    let events: Vec<String> = (0..150).map(old).chain([QUERY.to_owned()]).collect();
    let folder = folder_with(&events.iter().map(String::as_str).collect::<Vec<_>>());
    let older = ["forget", "--older-than-days", "1000"];
    check_refusal(folder.path(), &older, 1, "150 of 151 interactions and dead letters");
    check_refusal(folder.path(), &["forget", "--request", "r1", "--yes"], 2, "--yes");
    let said = text(&run(folder.path(), &[&older[..], &["--yes"]].concat()).stdout);
    assert!(said.starts_with("150 interactions and dead letters from before "), "{said}");
    assert_eq!(report(folder.path(), &[])["capture"]["queries"], 1);
    let bytes = fs::read(folder.path().join("cv-analytics-data/cv-analytics.db")).unwrap();
    assert!(!bytes.windows(4).any(|window| window == b"old-"));
}

#[test]
fn a_server_holds_back_what_is_more_than_a_fifth_and_the_doctor_says_so() {
    let old = |number: i64| {
        QUERY.replace("r1", &format!("old-{number}")).replace("2026-11-17", "2020-01-01")
    };
    let events: Vec<String> = (0..150).map(old).chain([QUERY.to_owned()]).collect();
    let folder = folder_with(&events.iter().map(String::as_str).collect::<Vec<_>>());
    let serving = Serving::start(folder.path(), &["--retention-days", "1000"]);
    let doctor = || -> Value {
        let said = run(folder.path(), &["doctor", "--no-canary", "--json"]).stdout;
        let said = text(&said);
        let checks = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let flat: Vec<Value> = checks
            .flat_map(|value| match value {
                Value::Array(values) => values,
                value => value["checks"].as_array().cloned().unwrap_or_else(|| vec![value]),
            })
            .collect();
        flat.into_iter()
            .find(|check| check["check"] == "retention")
            .unwrap_or_else(|| panic!("{said}"))
    };
    let mut check = doctor();
    for _ in 0..100 {
        if check["outcome"] == "warn" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        check = doctor();
    }
    assert!(check["message"].to_string().contains("150 interactions"), "{check}");
    assert!(check["fix"].to_string().contains("forget --older-than-days 1000 --yes"), "{check}");
    // Their names in the version before.
    assert_eq!((&check["said"], &check["mend"]), (&check["message"], &check["fix"]));
    let log = fs::read_to_string(folder.path().join("server.log")).unwrap();
    assert!(log.contains("nothing is deleted: more than a fifth"), "{log}");
    drop(serving);
    assert_eq!(text(&run(folder.path(), &["events", "export"]).stdout).lines().count(), 151);
}

#[test]
fn dead_letters_are_listed_shown_retried_and_dropped() {
    let folder = folder_with(&[
        QUERY,
        "{\"eventType\":\"query\",",
        r#"{"eventType":"query","requestId":"","timestamp":1,"query":"q"}"#,
    ]);
    let listed = text(&run(folder.path(), &["dead-letters", "list", "--json"]).stdout);
    let reasons: Vec<Value> = listed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["reason"].clone())
        .collect();
    assert_eq!(reasons, ["bad_request_id", "not_json"]);
    assert_eq!(
        text(&run(folder.path(), &["dead-letters", "show", "2"]).stdout),
        "{\"eventType\":\"query\","
    );
    let retried = text(&run(folder.path(), &["dead-letters", "retry", "--all"]).stdout);
    assert_eq!(retried, "0 could be read and are kept, 2 still cannot\n");
    assert_eq!(
        text(&run(folder.path(), &["dead-letters", "drop", "2", "3"]).stdout),
        "2 dropped\n"
    );
    check_refusal(folder.path(), &["dead-letters", "show", "2"], 1, "unknown dead letter 2");
}

#[test]
fn a_cut_list_of_dead_letters_says_so_and_all_of_them_are_retried_and_dropped() {
    let lines: Vec<String> = (0..1203).map(|number| format!("{{{number}")).collect();
    let folder = folder_with(&[QUERY, &lines.join("\n")]);
    let dead_letters = |arguments: &[&str]| {
        text(&run(folder.path(), &[&["dead-letters"], arguments].concat()).stdout)
    };
    let listed = dead_letters(&["list", "--limit", "2"]);
    assert_eq!(listed.lines().count(), 3);
    assert_eq!(listed.lines().last(), Some("1201 more: --limit 1203 shows them"));
    assert_eq!(dead_letters(&["list", "--limit", "1203"]).lines().count(), 1203);
    assert_eq!(dead_letters(&["list", "--limit", "2", "--json"]).lines().count(), 2);
    assert_eq!(dead_letters(&["retry", "--all", "--json"]), "{\"kept\":0,\"stillDead\":1203}\n");
    check_refusal(
        folder.path(),
        &["dead-letters", "retry", "2", "9999"],
        1,
        "unknown dead letter 9999; 0 were stored, 1 still cannot be read",
    );
    assert_eq!(dead_letters(&["drop", "2", "--json"]), "{\"dropped\":1}\n");
    assert_eq!(dead_letters(&["drop", "--all"]), "1202 dropped\n");
    assert_eq!(dead_letters(&["list"]), "No dead letters: every message could be read.\n");
}

#[test]
fn skills_are_found_in_lines_of_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_with_input(
        folder.path(),
        &["skills", "match"],
        "Go or Rust, which is stronger?\nWhere did you go to university?\n",
    );
    let lines: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines[0],
        json!({"text": "Go or Rust, which is stronger?", "skills": ["Go", "Rust"]})
    );
    assert_eq!(lines[1]["skills"], json!([]));
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none(), "a question made files");
}

#[test]
fn wrong_usage_ends_with_2_and_failures_with_1() {
    let folder = tempfile::tempdir().unwrap();
    check_refusal(
        folder.path(),
        &["report"],
        1,
        "missing database cv-analytics-data/cv-analytics.db",
    );
    check_refusal(
        folder.path(),
        &["report", "--week", "2026-47"],
        2,
        "write the year and the week as in 2026-W47",
    );
    check_refusal(
        folder.path(),
        &["report", "--store", "postgres:x"],
        2,
        "write --store sqlite:PATH",
    );
    check_refusal(folder.path(), &["forget"], 2, "--session <ID>");
    check_refusal(folder.path(), &["forget", "--json"], 2, "--session <ID>");
    check_refusal(folder.path(), &["serve", "--log", "a=b=c"], 2, "--log <FILTER>");
    for region in ["local", "London", "eu-west", "eu--2", "eu-west-2a"] {
        check_refusal(folder.path(), &["serve", "--region", region], 2, "as in eu-west-2");
    }
    check_refusal(
        folder.path(),
        &["serve", "--public-url", "example.org"],
        2,
        "invalid public URL",
    );
    check_refusal(folder.path(), &["serve", "--listen", "8787"], 2, "expected ADDR:PORT");
    check_refusal(folder.path(), &["serve", "--config", "none.toml"], 2, "cannot read none.toml");
    fs::write(folder.path().join("cv-analytics.toml"), "[serve]\nlisten-on = 1\n").unwrap();
    check_refusal(folder.path(), &["serve"], 2, "unknown option \"serve.listen-on\"");
}

#[test]
fn a_busy_port_a_busy_folder_and_a_newer_database_are_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    check_refusal(folder.path(), &["serve", "--listen", "127.0.0.1:0"], 1, "cv-analytics-data");
    check_refusal(
        folder.path(),
        &["serve", "--data", "other", "--listen", &serving.process.authority],
        1,
        "cannot listen on",
    );
    drop(serving);
    let database = folder.path().join("cv-analytics-data/cv-analytics.db");
    let mut bytes = fs::read(&database).unwrap();
    bytes[60..64].copy_from_slice(&9999_u32.to_be_bytes());
    fs::write(&database, bytes).unwrap();
    for leftover in ["cv-analytics.db-wal", "cv-analytics.db-shm"] {
        let _ = fs::remove_file(folder.path().join("cv-analytics-data").join(leftover));
    }
    check_refusal(folder.path(), &["report"], 1, "newer");
}

#[test]
fn the_first_start_prints_the_four_secrets_and_the_next_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    drop(Serving::start(folder.path(), &[]));
    let credentials =
        fs::read_to_string(folder.path().join("cv-analytics-data/credentials.env")).unwrap();
    let names: Vec<&str> =
        credentials.lines().map(|line| line.split('=').next().unwrap()).collect();
    assert_eq!(
        names,
        [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_REGION",
            "AWS_SQS_URL",
            "CV_ANALYTICS_TOKEN"
        ]
    );
    let serving = Serving::start(folder.path(), &[]);
    let again =
        fs::read_to_string(folder.path().join("cv-analytics-data/credentials.env")).unwrap();
    let unchanged = |text: &str| {
        text.lines().filter(|line| !line.starts_with("AWS_SQS_URL")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(unchanged(&again), unchanged(&credentials));
    assert!(again.contains(&serving.url));
}

#[test]
fn a_start_that_fails_is_not_the_first() {
    let folder = tempfile::tempdir().unwrap();
    check_refusal(
        folder.path(),
        &["serve", "--listen", "127.0.0.1:0", "--cv", "none"],
        1,
        "cannot open none",
    );
    assert!(!folder.path().join("cv-analytics-data/credentials.env").exists());
}

#[test]
fn a_cause_is_told_once() {
    let folder = folder_with(&[QUERY]);
    fs::write(folder.path().join("settings.json"), "{\"cv\":5}").unwrap();
    let output = run(folder.path(), &["settings", "import", "settings.json"]);
    let said = text(&output.stderr);
    assert_eq!(said.matches("expected a sequence").count(), 1, "{said}");
    fs::write(folder.path().join("cv-analytics.toml"), "x = [").unwrap();
    let said = text(&run(folder.path(), &["report"]).stderr);
    assert!(said.contains("invalid TOML in") && !said.contains("\n\n\n"), "{said:?}");
}

#[test]
fn counts_are_told_as_json_too() {
    let folder = folder_with(&[QUERY]);
    let json = |arguments: &[&str]| -> Value {
        let output = run(folder.path(), arguments);
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let kept = json(&["settings", "import", "--exclude-request", "x", "--json"]);
    assert_eq!(kept["exclusions"]["requestIds"], json!(["x"]));
    let erased = json(&["forget", "--request", "none", "--json"]);
    assert_eq!(erased, json!({"interactions": 0, "deadLetters": 0}));
    fs::write(folder.path().join("events.jsonl"), format!("{QUERY}\n")).unwrap();
    let _serving = Serving::start(folder.path(), &[]);
    let sent = json(&["events", "send", "events.jsonl", "--json"]);
    assert_eq!(sent, json!({"sent": 1, "leftOut": 0}));
}

#[test]
fn events_are_sent_to_a_server_and_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    let sent = run_with_input(
        folder.path(),
        &["events", "send"],
        format!("{QUERY}\n{RESPONSE}\nnot json\n"),
    );
    assert_eq!(text(&sent.stdout), "3 messages sent and acknowledged\n", "{}", text(&sent.stderr));
    let report = report(folder.path(), &[]);
    assert_eq!(report["capture"]["joined"], 1);
    drop(serving);
}

#[cfg(unix)]
#[test]
fn sigterm_ends_the_server_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    Serving::start(folder.path(), &[]).process.stop().unwrap();
}

#[test]
fn the_demo_writes_the_report_in_four_forms_and_refuses_a_folder_that_is_not_its_own() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("mine")).unwrap();
    fs::write(folder.path().join("mine/thesis.txt"), "x").unwrap();
    check_refusal(
        folder.path(),
        &["demo", "--exit", "--data", "mine", "--listen", "127.0.0.1:0"],
        1,
        "not a demo's folder",
    );
    let output = run(folder.path(), &["demo", "--exit", "--listen", "127.0.0.1:0"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let made: Vec<String> = fs::read_dir(folder.path().join("cv-analytics-demo"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for ending in [".html", ".txt", ".json", ".eml"] {
        assert!(
            made.iter().any(|name| name.starts_with("report-") && name.ends_with(ending)),
            "{ending} in {made:?}"
        );
    }
    let said = text(&output.stdout);
    assert!(said.contains("Kubernetes: rising"), "{said}");
}

#[test]
fn the_dashboard_opens_with_the_token() {
    let folder = folder_with(&[QUERY, RESPONSE]);
    let serving = Serving::start(folder.path(), &["--data", "cv-analytics-data"]);
    let token = token(&folder.path().join("cv-analytics-data"));
    let get = |path: &str, token: &str| serving.get(path, token);
    assert_eq!(get("/weeks/2026-W47", "wrong").0, 401);
    let (status, page) = get("/weeks/2026-W47", &token);
    assert_eq!(status, 200);
    assert!(page.contains("Kubernetes"), "{page}");
    assert!(
        get("/questions?week=2026-W47&skill=Kubernetes", &token).1.contains("Do you know k8s?")
    );
    assert!(get("/interactions/r1", &token).1.contains("Do you know k8s?"));
    assert_eq!(get("/v1/reports/2026-W47", &token).0, 200);
    assert_eq!(get("/healthz", "").0, 200);
}
