//! The commands on the tables of AWS, as their user meets them; moto stands in for AWS.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod emulated_account;

use reqwest::blocking::RequestBuilder;
use serde_json::{Value, json};

use crate::dynamodb_store::emulated_account::{EmulatedAccount, text, this_week};
use crate::http;

const QUERY: &str = r#"{"eventType":"query","requestId":"r1","timestamp":"2026-11-17T10:00:00Z","query":"Do you know k8s?","sessionId":"s"}"#;
const RESPONSE: &str = r#"{"eventType":"response","requestId":"r1","timestamp":"2026-11-17T10:00:02Z","matchType":"none","matchScore":12,"missingSkills":["Kubernetes"]}"#;
const OTHER: &str = r#"{"eventType":"query","requestId":"r2","timestamp":"2026-11-18T10:00:00Z","query":"And Go?","sessionId":"t"}"#;
const UNREADABLE: &str = r#"{"eventType":"click","requestId":"r1"}"#;
const SCAN: &str = include_str!("../earlier_rows/scan.json");
const SCAN_EVENTS: &str = include_str!("../earlier_rows/events.jsonl");

fn sorted(lines: &str) -> Vec<Value> {
    let mut lines: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.sort_by_key(ToString::to_string);
    lines
}

#[test]
fn report_settings_and_export_are_the_same_on_either_store() {
    let account = EmulatedAccount::new("same");
    let events = [QUERY, RESPONSE, OTHER].join("\n");
    let settings = r#"{"cv":["Go"],"aliases":{"Kubernetes":["kube"]}}"#;
    let mut outputs = Vec::new();
    for store in ["sqlite:here.db", "dynamodb"] {
        let run = |arguments: &[&str], input: &str| {
            account.done(&[&["--store", store], arguments].concat(), input)
        };
        run(&["events", "import", "--keep-session-ids"], &events);
        run(&["settings", "import", "-"], settings);
        let report = |format| run(&["report", "--week", "2026-W47", "--format", format], "");
        let mut json: Value = serde_json::from_str(&report("json")).unwrap();
        assert_eq!(json["capture"]["joined"], 1);
        json["capture"]["deliveries"].take();
        outputs.push((
            json.to_string(),
            sorted(&run(&["events", "export"], "")),
            run(&["gaps", "list", "--week", "2026-W47"], ""),
            run(&["settings", "export"], ""),
        ));
    }
    assert_eq!(outputs[0], outputs[1]);
}

#[test]
fn halves_that_come_apart_or_again_are_joined_and_counted() {
    let account = EmulatedAccount::new("apart");
    let import = |input: &str| -> Value {
        serde_json::from_str(&account.on_aws(&["events", "import", "--json"], input)).unwrap()
    };
    assert_eq!(import(QUERY)["stored"], 1);
    assert_eq!(import(RESPONSE)["stored"], 1);
    let again = import(&[QUERY, RESPONSE, &RESPONSE.replace("12", "13")].join("\n"));
    assert_eq!(
        again,
        json!({"lines": 3, "stored": 0, "duplicates": 2, "conflicts": 1, "deadLetters": 0, "erased": 0})
    );
}

#[test]
fn an_earlier_deployments_scan_is_imported_once() {
    let account = EmulatedAccount::new("earlier");
    let import = ["events", "import", "--json", "--keep-session-ids"];
    let first: Value = serde_json::from_str(&account.on_aws(&import, SCAN)).unwrap();
    assert_eq!((&first["lines"], &first["stored"]), (&json!(4), &json!(4)));
    let again: Value = serde_json::from_str(&account.on_aws(&import, SCAN)).unwrap();
    assert_eq!((&again["stored"], &again["duplicates"]), (&json!(0), &json!(4)));
    assert_eq!(sorted(&account.on_aws(&["events", "export"], "")), sorted(SCAN_EVENTS));
    // Two of the rows say 2025-W46; all their moments are in 2025-W47.
    let report = account.on_aws(&["report", "--week", "2025-W47", "--format", "json"], "");
    assert_eq!(serde_json::from_str::<Value>(&report).unwrap()["capture"]["queries"], 3);
}

#[test]
fn nothing_is_imported_into_tables_that_another_program_filled() {
    let account = EmulatedAccount::new("filled");
    account.put_earlier_row();
    let refused = account.run(&["--store", "dynamodb", "events", "import"], SCAN);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("hold rows of another program"), "{refused:?}");
}

#[test]
fn lines_that_cannot_be_read_go_to_the_queue_or_stay_in_the_file_and_are_named() {
    let account = EmulatedAccount::new("lines");
    let input = [QUERY, "nonsense", r#"{"requestId":"x","ttl":5}"#].join("\n");
    let without = account.without_queue(&["events", "import", "--json"], &input);
    assert_eq!(without.status.code(), Some(1));
    let said = text(&without.stderr);
    assert!(
        said.contains("line 2 cannot be read and is left out (set DEAD_LETTER_QUEUE_URL"),
        "{said}"
    );
    assert!(said.contains("the row holds neither a question nor an answer"), "{said}");
    assert_eq!(serde_json::from_slice::<Value>(&without.stdout).unwrap()["deadLetters"], 2);

    account.on_aws(&["events", "import"], &input);
    let letters = account.dead_letters();
    let reasons: Vec<&Value> = letters.iter().map(|letter| &letter["reason"]).collect();
    assert!(reasons.contains(&&json!("not_json")) && reasons.contains(&&json!("missing_field")));
    let id = |letter: &Value| letter["id"].as_str().unwrap().to_owned();
    let nonsense = letters.iter().find(|letter| letter["reason"] == "not_json").unwrap();
    let begin = id(nonsense).get(..12).unwrap().to_owned();
    assert_eq!(account.on_aws(&["dead-letters", "show", &begin], ""), "nonsense");
    let ambiguous = account.run(&["--store", "dynamodb", "dead-letters", "drop", "import-"], "");
    assert!(text(&ambiguous.stderr).contains("write more of it"), "{ambiguous:?}");

    assert_eq!(account.on_aws(&["dead-letters", "drop", &id(nonsense)], ""), "1 dropped\n");
    assert_eq!(account.dead_letters().len(), 1);
    assert_eq!(account.on_aws(&["dead-letters", "retry", "--all", "--json"], ""), "{\"sent\":1}\n");
    assert_eq!(
        account.on_aws(&["dead-letters", "list"], ""),
        "No dead letters: every message could be read.\n"
    );
    let message = account.receive_event();
    assert_eq!(message.body, r#"{"requestId":"x","ttl":5}"#);
    assert_eq!(message.group, "x");
    assert!(message.dead_letter_id.starts_with("import-"), "{message:?}");
    // An import is not counted as a delivery.
    let now = account.on_aws(&["report", "--format", "json", "--week", &this_week()], "");
    let now: Value = serde_json::from_str(&now).unwrap();
    assert_eq!(now["capture"]["deliveries"]["deadLetters"], 0);
}

#[test]
fn a_letter_that_is_still_unreadable_after_a_retry_is_not_swallowed() {
    let account = EmulatedAccount::new("again");
    for _ in 0..2 {
        account.on_aws(&["events", "import"], &[QUERY, UNREADABLE].join("\n"));
        assert_eq!(account.dead_letters().len(), 1);
        account.on_aws(&["dead-letters", "retry", "--all"], "");
        assert_eq!(account.dead_letters().len(), 0);
    }
}

#[test]
fn queues_are_found_by_their_names() {
    let account = EmulatedAccount::new("cv-analytics");
    account.send_dead_letter("group", r#"{"requestId":"r","#);
    let retried = account.without_queue(&["dead-letters", "retry", "--all"], "");
    assert!(text(&retried.stdout).starts_with("1 sent to the events queue"), "{retried:?}");
    assert_eq!(account.receive_event().body, r#"{"requestId":"r","#);
}

#[test]
fn letters_that_sqs_moved_itself_are_found_by_their_message_id() {
    let account = EmulatedAccount::new("moved");
    account.send_dead_letter("one group", "first");
    account.send_dead_letter("one group", "second");
    let letters = account.dead_letters();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0]["reason"], Value::Null);
    let listed = account.on_aws(&["dead-letters", "list", "--limit", "1"], "");
    assert!(listed.contains("moved by SQS") && listed.ends_with("1 more: --limit 2 shows them\n"));
    assert_eq!(account.on_aws(&["dead-letters", "drop", "--all"], ""), "2 dropped\n");
    let missing = account.run(&["--store", "dynamodb", "dead-letters", "show", "1"], "");
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("unknown dead letter 1"), "{missing:?}");
}

#[test]
fn what_was_forgotten_leaves_tables_and_queue_and_does_not_come_back() {
    let account = EmulatedAccount::new("forget");
    account.on_aws(&["events", "import"], &[QUERY, RESPONSE, OTHER, UNREADABLE].join("\n"));
    assert_eq!(
        account.on_aws(&["forget", "--session", "s"], ""),
        "1 interactions and 1 dead letters erased\n"
    );
    let again = account.on_aws(&["events", "import", "--json"], &[QUERY, RESPONSE].join("\n"));
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap()["erased"], 2);
    // Nor under another request, nor as a message that cannot be read.
    let later = QUERY.replace("r1", "r9");
    let unread = QUERY.replace("query\",\"requestId", "click\",\"requestId");
    let again =
        account.on_aws(&["events", "import", "--json"], &[&later, OTHER, &unread].join("\n"));
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!((&again["erased"], &again["deadLetters"]), (&json!(2), &json!(0)), "{again}");
    assert_eq!(account.on_aws(&["dead-letters", "list", "--json"], ""), "");
    assert_eq!(
        account.on_aws(&["forget", "--request", "r2"], ""),
        "1 interactions and 0 dead letters erased\n"
    );
    assert_eq!(account.on_aws(&["events", "export"], ""), "");
    let items = account.everything_in_the_tables();
    assert!(
        !items.contains("k8s") && !items.contains("hashed:") && !items.contains("And Go"),
        "{items}"
    );
}

#[test]
fn a_session_key_is_made_for_empty_tables_alone_and_that_is_said() {
    let account = EmulatedAccount::new("key");
    let made = account.without_salt(&["events", "import"], QUERY);
    assert!(text(&made.stderr).contains("a key for session ids is made"), "{made:?}");
    let kept = account.without_salt(&["forget", "--session", "s"], "");
    assert_eq!(text(&kept.stdout), "1 interactions and 0 dead letters erased\n");

    let other = EmulatedAccount::new("salt");
    other.on_aws(&["events", "import"], QUERY);
    for arguments in [&["events", "import"][..], &["forget", "--session", "s"]] {
        let refused = other.without_salt(arguments, OTHER);
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            text(&refused.stderr).contains("set SESSION_SALT to the processor's"),
            "{refused:?}"
        );
    }
    let request = other.without_salt(&["forget", "--request", "r1"], "");
    assert!(request.status.success(), "{request:?}");
}

#[test]
fn a_report_is_mailed_once_a_week_and_recipient() {
    let account = EmulatedAccount::new("mail");
    account.on_aws(&["events", "import"], &[QUERY, RESPONSE].join("\n"));
    let to = "one@example.org, two@example.org";
    let send = ["report", "--week", "2026-W47", "--send", "--from", "me@example.org", "--to", to];
    let unverified = account.run(&[&["--store", "dynamodb"], &send[..]].concat(), "");
    assert_eq!(unverified.status.code(), Some(1));
    assert!(text(&unverified.stderr).contains("not sent to one@example.org: "), "{unverified:?}");
    account.verify_sender("me@example.org");
    assert_eq!(account.on_aws(&send, ""), "sent to one@example.org\nsent to two@example.org\n");
    let before = account.on_aws(&send, "");
    assert!(before.starts_with("sent to one@example.org before"), "{before}");
    let again = account.on_aws(&[&send[..], &["--again"]].concat(), "");
    assert_eq!(again, "sent to one@example.org\nsent to two@example.org\n");
}

#[test]
fn what_does_not_work_there_is_refused_with_a_sentence() {
    let account = EmulatedAccount::new("refused");
    let check = |arguments: &[&str], code: i32, sentence: &str| {
        let output = account.run(arguments, "");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(sentence), "{arguments:?} said {said:?}");
    };
    check(&["demo", "--store", "dynamodb"], 2, "the demo keeps a database of its own");
    check(&["report", "--send"], 2, "name the recipient with --to or --mail-to");
    check(&["report", "--send", "--store", "dynamodb"], 2, "missing sender: name it with --from");
    check(
        &["report", "--send", "--store", "dynamodb", "--from", "a@example.org"],
        2,
        "name the recipient with --to",
    );
    check(&["report", "--store", "dynamo"], 2, "write --store sqlite:PATH or --store dynamodb");
    let missing = account.with("ANALYTICS_TABLE", "None", &["gaps", "list"]);
    assert!(text(&missing.stderr).contains("table None: unknown table"), "{missing:?}");
    let wrong = account.with("ANALYTICS_TABLE", "refused-QueryEvents", &["gaps", "list"]);
    assert!(text(&wrong.stderr).contains("missing index `week-index`"), "{wrong:?}");
    let nobody = account.with("AWS_ACCESS_KEY_ID", "", &["gaps", "list"]);
    assert!(text(&nobody.stderr).contains("missing AWS credentials: sign in"), "{nobody:?}");
}

#[test]
fn an_archive_in_s3_goes_from_one_kind_of_store_to_the_other_and_back() {
    let account = EmulatedAccount::new("archived");
    EmulatedAccount::make_bucket("archived");
    let events = [QUERY, RESPONSE, OTHER, UNREADABLE].join("\n");
    account.on_aws(&["events", "import", "--keep-session-ids"], &events);
    account.note_dead_letter("letter");
    account.on_aws(&["settings", "import", "-"], r#"{"cv":["Go"]}"#);
    account.on_aws(&["forget", "--request", "r2"], "");
    account.on_aws(&["archive", "s3://archived/deep/inside"], "");
    let against = ["archive", "s3://archived/deep/inside", "--verify", "--against-store"];
    assert!(account.on_aws(&against, "").contains("everything that the store keeps now"));
    let elsewhere = EmulatedAccount::new("restored");
    let in_sqlite = ["--store", "sqlite:here.db"];
    let of = |account: &EmulatedAccount, store: &[&str]| {
        let run = |arguments: &[&str]| account.done(&[store, arguments].concat(), "");
        let week = this_week();
        let dead =
            serde_json::from_str::<Value>(&run(&["report", "--week", &week, "--format", "json"]));
        let mut json: Value =
            serde_json::from_str(&run(&["report", "--week", "2026-W47", "--format", "json"]))
                .unwrap();
        json["capture"]["deliveries"].take();
        let dead = dead.unwrap()["capture"]["deliveries"]["deadLetters"].clone();
        (json, dead, sorted(&run(&["events", "export"])), run(&["settings", "export"]))
    };
    let first = of(&account, &["--store", "dynamodb"]);
    assert_eq!((&first.0["capture"]["joined"], &first.1), (&json!(1), &json!(1)));
    let restore = ["restore", "s3://archived/deep/inside", "--take-keys", "--keep-session-ids"];
    account.done(&[&in_sqlite[..], &restore].concat(), "");
    assert_eq!(of(&account, &in_sqlite), first);
    elsewhere.on_aws(&restore, "");
    assert_eq!(of(&elsewhere, &["--store", "dynamodb"]), first);
    // An erasure that SQLite has only the checksum of has no place on AWS, and is named.
    account.done(&[&in_sqlite[..], &["archive", "s3://archived/sqlite"]].concat(), "");
    let third = EmulatedAccount::new("third");
    let said = third.on_aws(&["restore", "s3://archived/sqlite", "--keep-session-ids"], "");
    assert!(said.contains("1 dead letters or erasures have no place"), "{said}");
    assert_eq!(of(&third, &["--store", "dynamodb"]), first);
    // What was erased comes back nowhere.
    let replay = elsewhere.on_aws(&["events", "import", "--json", "--keep-session-ids"], OTHER);
    assert_eq!(serde_json::from_str::<Value>(&replay).unwrap()["erased"], 1);
}

#[test]
fn a_bucket_that_is_not_there_is_named() {
    let account = EmulatedAccount::new("bucketless");
    let output = account.run(&["--store", "dynamodb", "archive", "s3://nowhere-at-all/x"], "");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("s3://nowhere-at-all/x"), "{said}");
}

#[test]
fn the_dashboard_shows_the_tables_and_takes_no_events() {
    let account = EmulatedAccount::new("dashboard");
    account.on_aws(&["events", "import"], &[QUERY, RESPONSE, OTHER].join("\n"));
    account.send_dead_letter("r1", UNREADABLE);
    let (serving, url) = account.serve(&[]);
    let kept = account.kept("dashboard.env");
    let token = kept.trim().strip_prefix("CV_ANALYTICS_TOKEN=").unwrap();
    let client = http::client();
    let answer = |request: RequestBuilder| http::answer(request.bearer_auth(token));
    let get = |path: &str| answer(client.get(format!("{url}{path}")));
    let (status, week) = get("/weeks/2026-W47");
    assert_eq!(status, 200, "{week}");
    assert!(week.contains("Kubernetes"), "{week}");
    assert!(get("/questions?week=2026-W47").1.contains("And Go?"));
    assert!(get("/interactions/r1").1.contains("Do you know k8s?"));
    let (_, letters) = get("/dead-letters");
    assert!(letters.contains("moved by SQS"), "{letters}");
    let marked = client
        .post(format!("{url}/settings/gap-marks"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("name=Kubernetes&mark=learning&week=2026-W47");
    assert_eq!(answer(marked).0, 303);
    assert!(account.on_aws(&["settings", "export"], "").contains("learning"));
    assert_eq!(answer(client.post(format!("{url}/v1/events")).body(OTHER)).0, 404);
    // The reporter's addresses are not known here, and no mailer's words are shown for them.
    let (_, mail) = get("/mail?week=2026-W47");
    assert!(mail.contains("The sender below is a stand-in"), "{mail}");
    drop(serving);
    let reporters = [
        ("SENDER_EMAIL", "Reports <r@example.org>"),
        ("RECIPIENT_EMAIL", "a@example.org,b@example.org"),
    ];
    let (_serving, url) = account.serve(&reporters);
    let (_, mail) = answer(client.get(format!("{url}/mail?week=2026-W47")));
    assert!(mail.contains("Reports &lt;r@example.org&gt;"), "{mail}");
    assert!(mail.contains("cv-analytics-reporter sends it"), "{mail}");
    assert!(!mail.contains("stand-in"), "{mail}");
}

#[test]
fn the_dashboards_health_is_that_of_the_tables_and_open() {
    let account = EmulatedAccount::new("health");
    let get = |url: &str| http::answer(http::client().get(url));
    let (serving, url) = account.serve(&[]);
    assert_eq!(get(&format!("{url}/healthz")), (200, r#"{"status":"ok"}"#.to_owned()));
    assert_eq!(get(&format!("{url}/metrics")).0, 404);
    drop(serving);
    let (_serving, url) = account.serve(&[]);
    account.delete_records_table();
    let (status, body) = get(&format!("{url}/healthz"));
    assert_eq!((status, body.contains("the tables could not be reached")), (503, true), "{body}");
}

#[test]
fn options_of_the_mail_are_said_to_mean_nothing_beside_the_reporter() {
    let account = EmulatedAccount::new("mailless");
    let said = |options: &[&str]| {
        // An address that this machine has not: it ends before it serves.
        let serve = ["--store", "dynamodb", "serve", "--listen", "192.0.2.1:1"];
        let output = account.run(&[&serve, options].concat(), "");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        text(&output.stderr)
    };
    let warned = said(&["--mail-to", "me@example.org", "--smtp-host", "mail.example.org"]);
    assert!(
        warned.contains(
            "warning: nothing is mailed from here, and --smtp-host, --mail-to are left aside"
        ),
        "{warned}"
    );
    assert!(
        said(&["--mail-schedule", "cron(0 8 ? * TUE *)"]).contains("--mail-schedule is left aside")
    );
    assert!(!said(&[]).contains("warning"));
}

#[test]
fn events_are_sent_to_the_installations_queue_with_the_installations_credentials() {
    let account = EmulatedAccount::new("sent");
    let said = account.on_aws(&["events", "send", "--json"], &[QUERY, UNREADABLE].join("\n"));
    assert_eq!(said, "{\"leftOut\":0,\"sent\":2}\n");
    let message = account.receive_event();
    assert_eq!((message.group.as_str(), message.body.as_str()), ("r1", QUERY));
    // By its name there is none in this account.
    let without = account.without_queue(&["events", "send"], QUERY);
    assert_eq!(without.status.code(), Some(1));
    let said = text(&without.stderr);
    assert!(said.contains("the events queue is not found by its name: set QUEUE_URL"), "{said}");
}
