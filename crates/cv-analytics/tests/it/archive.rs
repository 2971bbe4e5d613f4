//! `archive` and `restore` of a SQLite store, as their user meets them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

#[cfg(target_os = "linux")]
use cv_analytics_harness::memory::Memory;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const EVENTS: [&str; 7] = [
    r#"{"eventType":"query","requestId":"r1","timestamp":"2026-11-17T10:00:00Z","query":"Do you know k8s?","sessionId":"s"}"#,
    r#"{"eventType":"response","requestId":"r1","timestamp":"2026-11-17T10:00:02Z","matchType":"none","matchScore":12.345,"missingSkills":["Kubernetes"],"strange":{"a":[1,2.5e-3,null]}}"#,
    r#"{"eventType":"response","requestId":"r2","timestamp":"2026-11-18T10:00:00Z","matchType":"full","query":"Go or Rust?\u0000\u202e <b>","queryTimestamp":"2026-11-18T09:59:59Z","sessionId":"t"}"#,
    r#"{"correlationId":"r3","type":"query","timestamp":"2026-11-18T11:00:00Z","query":"mail me@example.org","response":"no"}"#,
    r#"{"eventType":"query","requestId":"r4","timestamp":"2026-10-18T10:00:00Z","query":"alone","metadata":{"traffic":"own"}}"#,
    r#"{"eventType":"response","requestId":"r5","timestamp":"2026-11-19T10:00:00Z","outcome":"blocked"}"#,
    r#"{"eventType":"click","requestId":"r6"}"#,
];
const SETTINGS: &str = r#"{"cv":["Go"],"aliases":{"Kubernetes":["kube"]}}"#;

fn run(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cv-analytics"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may have ended before.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn done(folder: &Path, arguments: &[&str], input: &str) -> String {
    let output = run(folder, arguments, input);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn check_refusal(folder: &Path, arguments: &[&str], sentence: &str) {
    let output = run(folder, arguments, "");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    assert!(said.contains(sentence), "{arguments:?} said {said:?}");
}

/// A folder whose store `one` holds a bit of everything.
fn filled() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let import = ["events", "import", "--data", "one"];
    done(folder.path(), &import, &EVENTS.join("\n"));
    // A duplicate and a conflict, which are counted by their arrival.
    done(folder.path(), &import, &[EVENTS[0], &EVENTS[5].replace("blocked", "quota")].join("\n"));
    done(folder.path(), &["settings", "import", "-", "--data", "one"], SETTINGS);
    folder
}

/// Everything that a user can see of a store.
fn seen(folder: &Path, data: &str) -> Vec<String> {
    let show = |arguments: &[&str]| done(folder, &[arguments, &["--data", data]].concat(), "");
    let mut all = vec![show(&["events", "export"]), show(&["settings", "export"])];
    let letters = show(&["dead-letters", "list", "--json"]);
    for letter in letters.lines() {
        let mut letter: Value = serde_json::from_str(letter).unwrap();
        letter["id"].take();
        all.push(letter.to_string());
    }
    for week in ["2026-W42", "2026-W47", "2026-W48"] {
        for format in ["json", "html", "text"] {
            all.push(show(&["report", "--week", week, "--format", format]));
        }
    }
    all
}

/// Restores an archive of one's own.
fn restored(folder: &Path, from: &str, data: &str) -> Value {
    restored_with(folder, from, data, &["--take-keys"])
}

fn restored_with(folder: &Path, from: &str, data: &str, options: &[&str]) -> Value {
    let restore = [&["restore", from, "--data", data, "--json"], options].concat();
    serde_json::from_str(&done(folder, &restore, "")).unwrap()
}

fn export(folder: &Path, data: &str) -> String {
    done(folder, &["events", "export", "--data", data], "")
}

/// An archive as another program may write it, with right checksums: of each part the kind and the lines.
fn write_archive(folder: &Path, name: &str, parts: &[(&str, &[u8])]) {
    let archive = folder.join(name);
    fs::create_dir(&archive).unwrap();
    let mut said = Vec::new();
    let mut counts = [0, 0];
    for (number, (kind, lines)) in parts.iter().enumerate() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(lines).unwrap();
        let packed = packed.finish().unwrap();
        let count = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        counts[usize::from(*kind == "state")] += count;
        let name = format!("part-{number}.jsonl.gz");
        said.push(json!({"name": name, "kind": kind, "lines": count, "bytes": packed.len(),
                         "sha256": hex::encode(Sha256::digest(&packed))}));
        fs::write(archive.join(name), packed).unwrap();
    }
    let manifest = json!({"archiveVersion": 1, "program": "0.0.0", "source": "sqlite", "beganAt": "", "finishedAt": "",
                          "counts": {"events": counts[0], "other": counts[1], "unreadable": 0}, "parts": said});
    fs::write(archive.join("manifest.json"), manifest.to_string()).unwrap();
}

#[test]
fn a_restored_store_is_the_same_and_restoring_again_changes_nothing() {
    let folder = filled();
    let folder = folder.path();
    done(folder, &["archive", "kept", "--data", "one"], "");
    let first = restored(folder, "kept", "two");
    assert_eq!((&first["stored"], &first["conflicts"]), (&first["events"], &json!(0)));
    assert_eq!(seen(folder, "one"), seen(folder, "two"));
    let again = restored(folder, "kept", "two");
    assert_eq!((&again["stored"], &again["thereBefore"]), (&json!(0), &again["events"]));
    assert_eq!(seen(folder, "one"), seen(folder, "two"));
    // The same people are the same sessions: the key of their hash came along.
    let later = EVENTS[0].replace("r1", "r9");
    let exported = |data: &str| {
        done(folder, &["events", "import", "--data", data], &later);
        export(folder, data)
    };
    assert_eq!(exported("one"), exported("two"));
}

#[test]
fn keys_of_an_archive_are_taken_over_by_its_owners_word_alone() {
    let folder = filled();
    let folder = folder.path();
    done(folder, &["archive", "kept", "--data", "one"], "");
    let said = done(folder, &["restore", "kept", "--data", "two"], "");
    assert!(said.contains("The keys in the archive were left out"), "{said}");
    assert!(said.contains("--take-keys"), "{said}");
    assert_eq!(export(folder, "one"), export(folder, "two"));
    let later = EVENTS[0].replace("r1", "r9");
    for data in ["one", "two"] {
        done(folder, &["events", "import", "--data", data], &later);
    }
    assert_ne!(export(folder, "one"), export(folder, "two"), "the same key was taken");
    // Where the store has them, nothing is left out.
    assert_eq!(restored_with(folder, "kept", "one", &[])["keysLeftOut"], 0);
    assert_eq!(restored_with(folder, "kept", "two", &[])["keysLeftOut"], 1);
}

#[test]
fn a_foreign_archive_goes_through_the_rules_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let event = json!({"eventType": "query", "requestId": "r1", "timestamp": 1_763_000_000_000_i64,
        "query": "mail jane@example.org", "sessionId": "a-session", "note": "call 07911 123456 please",
        "metadata": {"userAgent": "Mozilla/5.0"}});
    write_archive(folder, "theirs", &[("events", format!("{event}\n").as_bytes())]);
    let restored = restored_with(folder, "theirs", "one", &[]);
    assert_eq!((&restored["stored"], &restored["refused"]), (&json!(1), &json!(0)));
    let kept: Value = serde_json::from_str(&export(folder, "one")).unwrap();
    assert_eq!(kept["query"], "mail [email]");
    assert_eq!(kept["note"], "call [phone] please");
    assert!(kept["sessionId"].as_str().unwrap().starts_with("hashed:"), "{kept}");
    assert_eq!(kept.get("metadata"), None);
    // Unless its owner keeps more.
    let keep = ["--keep-personal-data", "--keep-session-ids", "--keep-user-agents"];
    restored_with(folder, "theirs", "two", &keep);
    let kept: Value = serde_json::from_str(&export(folder, "two")).unwrap();
    for field in ["query", "sessionId", "note", "metadata"] {
        assert_eq!(kept[field], event[field]);
    }
}

#[test]
fn an_archive_that_unpacks_to_more_than_one_has_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let ledger = |key: &str, value: &str| {
        json!({"kind": "ledger", "key": key, "value": value}).to_string() + "\n"
    };
    let many: String = (0..100_001).map(|number| ledger(&format!("k{number}"), "")).collect();
    let large = ledger("cv-analytics:settings", &"x".repeat(5 << 20));
    let long = vec![b'['; 64 << 20];
    let counted = format!(
        r#"{{"kind":"deliveries","week":"2026-W47","duplicates":{},"conflicts":0,"deadLetters":0}}"#,
        u64::MAX
    );
    for (name, kind, lines, sentence) in [
        ("long-event", "events", &long[..], "a line has more than 1048576 bytes"),
        ("long-state", "state", &long[..], "a line has more than"),
        ("large", "state", large.as_bytes(), "too large: a setting"),
        ("many", "state", many.as_bytes(), "100001 settings and marks"),
        ("counted", "state", counted.as_bytes(), "too many duplicates in a week"),
        (
            "guessed",
            "state",
            ledger("cv-analytics:session-key", "0").as_bytes(),
            "invalid value of cv-analytics:session-key",
        ),
    ] {
        write_archive(folder, name, &[(kind, lines)]);
        check_refusal(folder, &["restore", name, "--data", "one"], sentence);
    }
    // Dead letters that a small file unpacks to.
    let letter = json!({"kind": "deadLetter", "reason": "not_json", "detail": "", "arrivedAt": 0,
                        "bodyBase64": "A".repeat(30 << 20)});
    write_archive(folder, "letters", &[("state", format!("{letter}\n").repeat(9).as_bytes())]);
    check_refusal(folder, &["restore", "letters", "--data", "one"], "with --take-keys");
    // A part that is elsewhere.
    write_archive(folder, "outside", &[("state", ledger("k", "v").as_bytes())]);
    let manifest = folder.join("outside/manifest.json");
    let said = fs::read_to_string(&manifest).unwrap().replace("part-0", "../outside/part-0");
    fs::write(&manifest, said).unwrap();
    check_refusal(folder, &["restore", "outside", "--data", "one"], "invalid part name");
    // A part that says nothing, and one without an end.
    #[cfg(unix)]
    for (name, made) in [("pipe", &["mkfifo"][..]), ("endless", &["ln", "-s", "/dev/zero"])] {
        write_archive(folder, name, &[("state", ledger("k", "v").as_bytes())]);
        let part = folder.join(name).join("part-0.jsonl.gz");
        fs::remove_file(&part).unwrap();
        assert!(Command::new(made[0]).args(&made[1..]).arg(&part).status().unwrap().success());
        check_refusal(folder, &["restore", name, "--data", "one"], "it is not a plain file");
    }
    assert!(!folder.join("one").exists());
}

#[test]
fn no_archive_keeps_a_mail_from_being_sent_unless_its_owner_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let digest = "0".repeat(32);
    let records = [
        (format!("cv-analytics:mail:2020-W10:{digest}"), r#"{"state":"sent","at":0}"#),
        (format!("cv-analytics:mail:2100-W10:{digest}"), r#"{"state":"sent","at":0}"#),
        (format!("cv-analytics:mail-recipient:{digest}"), r#"{"unsubscribed":0}"#),
        // Nothing that this program reads.
        (format!("cv-analytics:mail-recipient:1{digest}"), "garbage"),
        ("cv-analytics:settings-change".to_owned(), "garbage"),
        ("cv-analytics:x1".to_owned(), "{}"),
        ("k".to_owned(), "v"),
    ];
    let lines: String = records
        .iter()
        .map(|(key, value)| {
            json!({"kind": "ledger", "key": key, "value": value}).to_string() + "\n"
        })
        .collect();
    write_archive(folder, "theirs", &[("state", lines.as_bytes())]);
    let counts = |restored: &Value| {
        ["mailRecordsLeftOut", "unknownRecords", "otherRecords"]
            .map(|name| restored[name].as_u64().unwrap())
    };
    assert_eq!(counts(&restored_with(folder, "theirs", "one", &[])), [3, 4, 0]);
    assert_eq!(counts(&restored_with(folder, "theirs", "two", &["--take-keys"])), [0, 4, 3]);
    assert_eq!(counts(&restored_with(folder, "theirs", "two", &[])), [0, 4, 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_small_archive_takes_little_memory_however_much_it_unpacks_to() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // Each event is as large as one may be, and takes many times that once it is read.
    let zeroes = "0,".repeat(120_000) + "0";
    let mut lines = Vec::new();
    for number in 0..24 {
        let line = format!(
            "{{\"eventType\":\"query\",\"requestId\":\"r{number}\",\"timestamp\":1763000000000,\"query\":\"q\",\"n\":[{zeroes}]}}\n"
        );
        lines.extend_from_slice(line.as_bytes());
    }
    write_archive(folder, "theirs", &[("events", &lines)]);
    let packed = fs::metadata(folder.join("theirs/part-0.jsonl.gz")).unwrap().len();
    assert!(packed < 2 << 20, "{packed}");
    let mut child = Command::new(env!("CARGO_BIN_EXE_cv-analytics"))
        .args(["restore", "theirs", "--data", "one", "--json"])
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        // It may end in between.
        peak = Memory::of(child.id()).map_or(peak, |memory| peak.max(memory.peak_kib));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(child.wait().unwrap().success());
    assert!(peak > 0 && peak < 250 << 10, "{} MiB", peak >> 10);
    assert_eq!(export(folder, "one").lines().count(), 24);
}

#[test]
fn events_of_an_archive_are_json_lines_that_an_import_reads() {
    let folder = filled();
    let folder = folder.path();
    done(folder, &["archive", "kept", "--data", "one"], "");
    let mut lines = String::new();
    let packed = fs::File::open(folder.join("kept/events-00001.jsonl.gz")).unwrap();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(packed), &mut lines).unwrap();
    done(folder, &["events", "import", "--data", "two"], &lines);
    assert_eq!(export(folder, "one"), export(folder, "two"));
}

#[test]
fn what_was_erased_comes_back_neither_where_it_was_erased_nor_elsewhere() {
    let folder = filled();
    let folder = folder.path();
    done(folder, &["archive", "before", "--data", "one"], "");
    done(folder, &["forget", "--request", "r1", "--data", "one"], "");
    assert_eq!(restored(folder, "before", "one")["erased"], 2);
    assert!(!done(folder, &["events", "export", "--data", "one"], "").contains("\"r1\""));
    // The mark goes along, and works on a store that still has it.
    done(folder, &["archive", "after", "--data", "one"], "");
    restored(folder, "before", "two");
    restored(folder, "after", "two");
    assert!(!done(folder, &["events", "export", "--data", "two"], "").contains("\"r1\""));
    restored(folder, "after", "three");
    assert_eq!(restored(folder, "before", "three")["erased"], 2);
    // Of a session too, in any order of restores.
    done(folder, &["forget", "--session", "t", "--data", "one"], "");
    assert_eq!(restored(folder, "before", "one")["erased"], 3);
    done(folder, &["archive", "later", "--data", "one"], "");
    restored(folder, "before", "four");
    restored(folder, "later", "four");
    restored(folder, "later", "five");
    assert_eq!(restored(folder, "before", "five")["erased"], 3);
    for data in ["one", "four", "five"] {
        let exported = export(folder, data);
        assert!(!exported.contains("\"r1\"") && !exported.contains("\"r2\""), "{data}: {exported}");
        let late = EVENTS[2].replace("r2", "r10");
        done(folder, &["events", "import", "--data", data], &late);
        assert_eq!(export(folder, data), exported, "{data}");
    }
    for file in fs::read_dir(folder.join("two")).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(8).any(|bytes| bytes == b"know k8s"), "its bytes are still there");
    }
}

#[test]
fn a_session_that_was_erased_under_another_key_is_not_kept_and_where_it_cannot_be_known_that_is_told()
 {
    let folder = filled();
    let folder = folder.path();
    let late = EVENTS[0].replace("r1", "late");
    done(folder, &["archive", "before", "--data", "one"], "");
    let forget = ["forget", "--session", "s", "--data"];
    done(folder, &[&forget[..], &["one"]].concat(), "");
    done(folder, &["archive", "after", "--data", "one"], "");
    // The mark goes to a store that has another key, and is of the session as the agent sends it.
    done(folder, &["restore", "after", "--data", "two"], "");
    done(folder, &["events", "import", "--data", "two"], &late);
    assert!(!export(folder, "two").contains("late"));
    // A store with another key erased the session, and the archive only has its hash.
    let other = EVENTS[0].replace("r1", "r9").replace("\"s\"", "\"other\"");
    done(folder, &["events", "import", "--data", "three"], &other);
    assert_eq!(restored(folder, "before", "three")["erasuresUnrecognized"], false);
    for data in ["three", "four"] {
        done(folder, &["events", "import", "--data", data], &other);
        done(folder, &[&forget[..], &[data]].concat(), "");
        let said = done(folder, &["restore", "before", "--data", data], "");
        let command = "cv-analytics forget --session ID --archive before";
        assert!(said.contains("Sessions were erased here") && said.contains(command), "{said}");
        assert!(export(folder, data).contains("\"r1\""));
        done(folder, &[&forget[..], &[data, "--archive", "before"]].concat(), "");
        let exported = export(folder, data);
        assert!(!exported.contains("\"r1\"") && exported.contains("\"r9\""), "{exported}");
        // From now on it is known in either form.
        restored(folder, "before", data);
        done(folder, &["events", "import", "--data", data], &late);
        assert_eq!(export(folder, data), exported);
    }
    // With the same key nothing is told, nor where no session was erased.
    assert_eq!(restored(folder, "before", "one")["erasuresUnrecognized"], false);
    let imported = export(folder, "two");
    let said = run(folder, &["events", "import", "--data", "four"], &imported);
    assert!(text(&said.stderr).contains("have their sessions as hashes"), "{said:?}");
    let said = run(folder, &["events", "import", "--data", "five"], &imported);
    assert!(!text(&said.stderr).contains("hashes"), "{said:?}");
}

#[test]
fn an_archive_that_is_damaged_changes_nothing() {
    let folder = filled();
    let folder = folder.path();
    done(folder, &["archive", "kept", "--data", "one"], "");
    let (part, manifest) =
        (folder.join("kept/events-00001.jsonl.gz"), folder.join("kept/manifest.json"));
    let (whole, said) = (fs::read(&part).unwrap(), fs::read_to_string(&manifest).unwrap());
    let refused = |sentence: &str| {
        check_refusal(folder, &["restore", "kept", "--data", "two"], sentence);
        check_refusal(folder, &["archive", "kept", "--verify"], sentence);
        assert!(!folder.join("two").exists());
    };
    let mut damaged = whole.clone();
    damaged[100] ^= 1;
    fs::write(&part, damaged).unwrap();
    refused("invalid checksum of events-00001.jsonl.gz in kept: it differs from the manifest's");
    fs::write(&part, &whole[..whole.len() / 2]).unwrap();
    refused("invalid checksum of");
    fs::remove_file(&part).unwrap();
    refused("missing events-00001.jsonl.gz in kept");
    fs::write(&part, &whole).unwrap();
    fs::write(&manifest, said.replace("\"archiveVersion\": 1", "\"archiveVersion\": 2")).unwrap();
    refused("a newer cv-analytics wrote it; update the program");
    fs::write(&manifest, "{").unwrap();
    refused("cannot read manifest.json in kept");
    let mut fewer: Value = serde_json::from_str(&said).unwrap();
    fewer["parts"].as_array_mut().unwrap().pop();
    fs::write(&manifest, fewer.to_string()).unwrap();
    refused("not as many lines as its manifest counts");
    fs::remove_file(&manifest).unwrap();
    refused("missing archive: kept");
}

#[test]
fn an_archive_that_was_interrupted_goes_on_where_it_stopped() {
    let folder = filled();
    let folder = folder.path();
    done(folder, &["archive", "kept", "--data", "one"], "");
    // As it was when the first part had been written.
    let manifest = folder.join("kept/manifest.json");
    let whole: Value = serde_json::from_str(&fs::read_to_string(&manifest).unwrap()).unwrap();
    let mut begun = whole.clone();
    begun["parts"].as_array_mut().unwrap().truncate(1);
    begun["counts"]["events"] = json!(0);
    begun["cursor"] = json!("interactions:");
    begun.as_object_mut().unwrap().remove("finishedAt");
    fs::write(folder.join("kept/in-progress.json"), begun.to_string()).unwrap();
    fs::remove_file(&manifest).unwrap();
    fs::write(folder.join("kept/events-00001.jsonl.gz"), "half").unwrap();
    check_refusal(folder, &["restore", "kept", "--data", "two"], "incomplete archive in");
    let goes_on = run(folder, &["archive", "kept", "--data", "one"], "");
    assert!(text(&goes_on.stderr).contains("goes on after 0 events"), "{goes_on:?}");
    let complete: Value = serde_json::from_str(&fs::read_to_string(&manifest).unwrap()).unwrap();
    assert_eq!(complete["parts"], whole["parts"]);
    assert!(!folder.join("kept/in-progress.json").exists());
    restored(folder, "kept", "two");
    assert_eq!(seen(folder, "one"), seen(folder, "two"));
}

#[test]
fn what_came_after_the_archive_is_noticed() {
    let folder = filled();
    let folder = folder.path();
    let verify = ["archive", "kept", "--verify", "--against-store", "--data", "one"];
    done(folder, &["archive", "kept", "--data", "one"], "");
    assert!(done(folder, &verify, "").contains("everything that the store keeps now"));
    done(folder, &["events", "import", "--data", "one"], &EVENTS[0].replace("r1", "r9"));
    check_refusal(folder, &verify, "1 records that the store keeps now are not in kept");
}

#[test]
fn a_place_that_cannot_be_used_is_refused_with_a_sentence() {
    let folder = filled();
    let folder = folder.path();
    done(folder, &["archive", "kept", "--data", "one"], "");
    check_refusal(
        folder,
        &["archive", "kept", "--data", "one"],
        "kept already contains an archive",
    );
    check_refusal(folder, &["archive", "gs://b/x", "--data", "one"], "unknown scheme gs://");
    check_refusal(folder, &["archive", "s3:///x", "--data", "one"], "missing bucket");
    check_refusal(folder, &["restore", "elsewhere", "--data", "two"], "invalid folder elsewhere");
    fs::write(folder.join("file"), "").unwrap();
    check_refusal(folder, &["archive", "file", "--data", "one"], "invalid folder file");
    let wrong = run(folder, &["archive", "kept", "--against-store"], "");
    assert_eq!(wrong.status.code(), Some(2));
}
