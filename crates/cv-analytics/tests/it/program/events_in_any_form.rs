//! Events in every form in which people have them, by import and by `POST /v1/events`.

use std::io::Read;
use std::net::TcpStream;

use super::*;

const OTHER: &str = r#"{"eventType":"query","requestId":"r2","timestamp":"2026-11-17T11:00:00Z","query":"Größe 😀?"}"#;
const BAD: &str = r#"{"eventType":"query","requestId":"bad"}"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn pretty(event: &str) -> String {
    serde_json::to_string_pretty(&serde_json::from_str::<Value>(event).unwrap()).unwrap()
}

/// Two events, in every form.
fn forms() -> Vec<Vec<u8>> {
    let texts = [
        format!("{QUERY}\n{OTHER}\n"),
        format!("{QUERY}{OTHER}"),
        format!("[{QUERY},{OTHER}]"),
        format!("[\n{},\n{}\n]\n", pretty(QUERY), pretty(OTHER)),
        format!("{}\n{}\n", pretty(QUERY), pretty(OTHER)),
    ];
    let encoded = texts.iter().flat_map(|text| {
        let marked = format!("\u{feff}{text}");
        [text.clone().into_bytes(), marked.clone().into_bytes(), utf16(text), utf16(&marked)]
    });
    encoded.flat_map(|bytes| [gzip(&bytes), bytes]).collect()
}

fn import(folder: &Path, input: impl AsRef<[u8]>) -> Value {
    let output = run_with_input(folder, &["events", "import", "--json"], input);
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn an_import_reads_every_form_and_twice_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut reports = Vec::new();
    for (place, form) in forms().into_iter().enumerate() {
        let counts = import(folder.path(), &form);
        let expect = if place == 0 { ("stored", 2) } else { ("duplicates", 2) };
        assert_eq!(counts[expect.0], expect.1, "form {place}: {counts}");
        reports.push(report(folder.path(), &[]));
    }
    assert!(reports.iter().all(|report| *report == reports[0]));
    let exported = text(&run(folder.path(), &["events", "export"]).stdout);
    assert!(exported.contains("Größe 😀?"), "{exported}");
}

#[test]
fn an_import_counts_in_no_week() {
    let folder = tempfile::tempdir().unwrap();
    let other_body = QUERY.replace("k8s", "Go");
    let lines = [QUERY, QUERY, &other_body, "oops", BAD, OTHER].join("\n");
    let counts = import(folder.path(), &lines);
    assert_eq!(
        [&counts["stored"], &counts["duplicates"], &counts["conflicts"], &counts["deadLetters"]],
        [2, 1, 1, 2]
    );
    import(folder.path(), &lines);
    assert!(run(folder.path(), &["archive", "kept"]).status.success());
    let mut state = String::new();
    let packed = fs::File::open(folder.path().join("kept/state-00000.jsonl.gz")).unwrap();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut state).unwrap();
    assert!(!state.contains("\"deliveries\""), "{state}");
    let letters = text(&run(folder.path(), &["dead-letters", "list", "--json"]).stdout);
    assert_eq!(letters.lines().count(), 2, "the same entry is one dead letter: {letters}");
}

#[test]
fn an_input_without_an_event_is_refused_and_leaves_nothing() {
    let noise: Vec<u8> =
        (0..400_000_u32).map(|byte| (byte.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for (input, says) in [
        (noise.clone(), "none of the first"),
        (gzip(&noise), "none of the first"),
        (b"a,b\n1,2\n".to_vec(), "none of the first 3 entries"),
        (b"[1,2,3]".to_vec(), "not_an_object"),
        (BAD.as_bytes().to_vec(), "line 1: missing_field"),
        (gzip(QUERY.as_bytes())[..60].to_vec(), "cannot read -"),
        (gzip(QUERY.as_bytes())[..12].to_vec(), "cannot read -"),
        (Vec::new(), "invalid events in -: it is empty"),
        (b" \n\t\r\n".to_vec(), "invalid events in -: it is empty"),
        (gzip(b"\n"), "invalid events in -: it is empty"),
        (b"\xef\xbb\xbf".to_vec(), "invalid events in -: it is empty"),
        (utf16("\u{feff} "), "invalid events in -: it is empty"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output = run_with_input(folder.path(), &["events", "import"], &input);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(says), "{said}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn an_array_without_an_event_makes_nothing() {
    for input in ["[]", " [ ]\n"] {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(import(folder.path(), input)["lines"], 0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn what_comes_before_the_end_of_a_cut_file_is_kept() {
    let noise = |from: u32| {
        let letters = (from..from + 90_000).map(|at| (at.wrapping_mul(2_654_435_761) >> 27) as u8);
        String::from_utf8(letters.map(|letter| b'A' + letter % 26).collect()).unwrap()
    };
    let long = |id: u32| {
        format!(
            r#"{{"eventType":"query","requestId":"r{id}","timestamp":1763000000000,"query":"{}"}}"#,
            noise(id)
        )
    };
    let packed = gzip(format!("{QUERY}\n{}\n{}\n", long(7), long(8)).as_bytes());
    let folder = tempfile::tempdir().unwrap();
    let output = run_with_input(folder.path(), &["events", "import"], &packed[..packed.len() - 20]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let kept = text(&run(folder.path(), &["events", "export"]).stdout).lines().count();
    assert!(kept > 0 && said.contains(&format!("; {kept} events are kept")), "{kept}: {said}");
}

#[test]
fn entries_that_cannot_be_read_are_told_in_few_lines() {
    let folder = tempfile::tempdir().unwrap();
    let lines = format!("{QUERY}\n{}", "oops\n".repeat(900));
    let output = run_with_input(folder.path(), &["events", "import"], lines);
    let said = text(&output.stderr);
    assert!(said.contains("line 2 cannot be read") && said.contains("and 895 more"), "{said}");
    assert!(said.lines().count() < 10, "{said}");
}

#[test]
fn what_nobody_interprets_comes_back_as_it_was_written() {
    let odd = r#""odd":{"big":340282366920938463463374607431768211455,"long":0.12345678901234567890123,"huge":1e+400,"list":[1.50,-0,2.5E-7]}"#;
    let lines = format!(
        "{},{odd}}}\n{},{odd}}}",
        &QUERY[..QUERY.len() - 1],
        &RESPONSE[..RESPONSE.len() - 1]
    );
    let folder = folder_with(&[&lines]);
    let exported = || text(&run(folder.path(), &["events", "export"]).stdout);
    assert_eq!(exported().matches("340282366920938463463374607431768211455").count(), 2);
    for part in ["0.12345678901234567890123", "1e+400", "[1.50,-0,2.5e-7]"] {
        assert_eq!(exported().to_lowercase().matches(part).count(), 2, "{part}: {}", exported());
    }
    assert_eq!(import(folder.path(), &lines)["duplicates"], 2);
    assert!(run(folder.path(), &["archive", "kept"]).status.success());
    let restored = run(folder.path(), &["restore", "kept", "--data", "again"]);
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    assert_eq!(
        text(&run(folder.path(), &["events", "export", "--data", "again"]).stdout),
        exported()
    );
}

/// Posts `body` as a client sends it, header by header, and gives the status and the answer.
fn post(serving: &Serving, token: &str, headers: &[&str], body: &[u8]) -> (u16, Value) {
    let address = &serving.process.authority;
    let address = address.trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    let headers = headers.join("\r\n");
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n{headers}\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap())
}

#[test]
fn the_server_takes_what_clients_send() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    let token = token(&folder.path().join("cv-analytics-data"));
    let mut is_first = true;
    for form in forms() {
        let length = format!("Content-Length: {}", form.len());
        for kind in [
            // curl -d and --data-binary, curl with "Content-Type:", requests with data= and json=.
            Some("application/x-www-form-urlencoded"),
            None,
            Some("application/json"),
            Some("application/x-ndjson"),
            Some("application/jsonlines"),
            Some("text/plain; charset=utf-8"),
            Some("application/gzip"),
        ] {
            let kind = kind.map(|kind| format!("Content-Type: {kind}"));
            let headers: Vec<&str> =
                [Some(length.as_str()), kind.as_deref()].into_iter().flatten().collect();
            let (status, answer) = post(&serving, &token, &headers, &form);
            let field = if is_first { "stored" } else { "duplicates" };
            assert_eq!((status, &answer[field]), (200, &json!(2)), "{headers:?}: {answer}");
            is_first = false;
        }
    }
    // requests and curl send a body of unknown length in chunks.
    let packed = gzip(format!("{QUERY}\n").as_bytes());
    let chunked =
        [format!("{:x}\r\n", packed.len()).as_bytes(), &packed, b"\r\n0\r\n\r\n"].concat();
    let headers = ["Transfer-Encoding: chunked", "Content-Encoding: gzip"];
    let (status, answer) = post(&serving, &token, &headers, &chunked);
    assert_eq!((status, &answer["duplicates"]), (200, &json!(1)), "{answer}");
    let (status, answer) =
        post(&serving, &token, &["Content-Length: 2", "Content-Encoding: br"], b"{}");
    assert_eq!((status, &answer["error"]), (415, &json!("unknown_coding")), "{answer}");
}

#[test]
fn events_of_every_form_are_sent_to_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    let _serving = Serving::start(folder.path(), &[]);
    for form in forms() {
        let sent = run_with_input(folder.path(), &["events", "send", "--json"], &form);
        let counts: Value = serde_json::from_slice(&sent.stdout).unwrap();
        assert_eq!(counts, json!({"sent": 2, "leftOut": 0}), "{}", text(&sent.stderr));
    }
}

#[test]
fn a_cv_list_and_settings_are_read_in_every_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let resume =
        r#"{"basics":{"name":"Zoë"},"skills":[{"name":"Backend","keywords":["Go","Kubernetes"]}]}"#;
    for list in [resume.to_owned(), "Backend\r\nGo\r\nKubernetes\r\n".to_owned()] {
        let marked = format!("\u{feff}{list}");
        for bytes in
            [list.clone().into_bytes(), marked.clone().into_bytes(), utf16(&list), utf16(&marked)]
        {
            fs::write(folder.path().join("cv"), bytes).unwrap();
            let kept = run(folder.path(), &["settings", "import", "--cv", "cv", "--json"]);
            let kept: Value = serde_json::from_slice(&kept.stdout).unwrap();
            assert_eq!(kept["cv"], json!(["Backend", "Go", "Kubernetes"]));
        }
    }
    let document = String::from_utf8(run(folder.path(), &["settings", "export"]).stdout).unwrap();
    fs::write(folder.path().join("settings.json"), utf16(&format!("\u{feff}{document}"))).unwrap();
    let kept = run(folder.path(), &["settings", "import", "settings.json"]);
    assert!(kept.status.success(), "{}", text(&kept.stderr));
}
