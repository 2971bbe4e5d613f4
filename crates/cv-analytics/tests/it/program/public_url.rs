//! The public URL, the addresses that are listened on, and pages that do not exist.

use std::io::Read as _;
use std::net::TcpStream;

use super::*;

/// The server's answer to a request for `host`, whole.
fn get(serving: &Serving, path: &str, host: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(&serving.process.authority).unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn queue_url(folder: &Path) -> String {
    let credentials = fs::read_to_string(folder.join("cv-analytics-data/credentials.env")).unwrap();
    credentials.lines().find_map(|line| line.strip_prefix("AWS_SQS_URL=")).unwrap().to_owned()
}

#[test]
fn a_public_url_holds_for_later_starts_until_another_is_given_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let start = |options: &[&str]| Serving::start(folder.path(), options);
    let is_known = |started: &Serving, host: &str| {
        let answer = get(started, "/login", host, "");
        assert!(
            answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 421"),
            "{answer}"
        );
        answer.starts_with("HTTP/1.1 200")
    };
    let first = start(&["--public-url", "https://cv.example"]);
    let said = "The public URL is https://cv.example, remembered for later starts.";
    assert!(first.process.printed.contains(said), "{}", first.process.printed);
    assert!(is_known(&first, "cv.example"));
    drop(first);

    let later = start(&["--mail-to", "owner@example.org"]);
    let said = "The public URL is https://cv.example, as at an earlier start; `--public-url none` forgets it.";
    assert!(later.process.printed.contains(said), "{}", later.process.printed);
    assert!(!later.process.printed.contains("AWS_SQS_URL was"), "{}", later.process.printed);
    assert!(is_known(&later, "cv.example"));
    assert!(queue_url(folder.path()).starts_with("https://cv.example/"));
    drop(later);

    let other = start(&["--public-url", "https://other.example"]);
    let said = "AWS_SQS_URL was https://cv.example/000000000000/cv-analytics-events.fifo and is https://other.example/";
    assert!(other.process.printed.contains(said), "{}", other.process.printed);
    assert!(is_known(&other, "other.example") && !is_known(&other, "cv.example"));
    drop(other);

    let none = start(&["--public-url", "none"]);
    assert!(
        none.process.printed.contains("A deployed Worker needs a public URL"),
        "{}",
        none.process.printed
    );
    assert!(!is_known(&none, "other.example"));
    drop(none);
    assert!(start(&[]).process.printed.contains("A deployed Worker needs a public URL"));
    assert!(queue_url(folder.path()).starts_with("http://127.0.0.1:"));
}

#[test]
fn a_name_is_listened_on_as_an_address_is() {
    let folder = tempfile::tempdir().unwrap();
    let started = Serving::listening(folder.path(), &["--listen", "localhost:0"]);
    assert!(started.url.starts_with("http://127.0.0.1:"), "{}", started.url);
    assert!(get(&started, "/healthz", "localhost", "").contains("200 OK"));
}

#[test]
fn an_unknown_page_is_a_page_in_a_browser_and_json_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let started = Serving::start(folder.path(), &[]);
    let token = token(&folder.path().join("cv-analytics-data"));
    let address = &started.process.authority;
    let signed_in = format!("Accept: text/html\r\nAuthorization: Bearer {token}\r\n");
    for path in ["/unknown", "/un/known", "/un/known/page", "/v1/unknown"] {
        for headers in ["Accept: text/html,*/*\r\n", &signed_in] {
            let answer = get(&started, path, address, headers);
            assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
            assert!(answer.contains("content-type: text/html"), "{path}: {answer}");
            assert!(answer.contains("content-security-policy:"), "{path}: {answer}");
            assert!(answer.contains("No page has this address."), "{path}: {answer}");
            assert!(!answer.contains("<nav"), "{path}: {answer}");
        }
        let answer = get(&started, path, address, "");
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(answer.contains("{\"error\":\"not_found\""), "{path}: {answer}");
    }
}

#[test]
fn the_demo_takes_another_port_where_the_default_is_busy() {
    // Another program may have it already, which is as good.
    let _busy = std::net::TcpListener::bind("127.0.0.1:8787");
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["demo", "--exit"]);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(said.contains("\n127.0.0.1:8787 is in use: taking another port.\n"), "{said}");
}

#[test]
fn a_variable_that_is_empty_is_as_one_that_is_not_set() {
    let folder = folder_with(&[QUERY]);
    for name in [
        "CV_ANALYTICS_PUBLIC_URL",
        "CV_ANALYTICS_DATA",
        "CV_ANALYTICS_STORE",
        "CV_ANALYTICS_CONFIG",
        "CV_ANALYTICS_CV",
        "SENDER_EMAIL",
    ] {
        let output = program(folder.path())
            .env(name, "")
            .args(["report", "--week", "2026-W47"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
        assert!(text(&output.stdout).contains("2026"), "{name}");
    }
    check_refusal(
        folder.path(),
        &["serve", "--public-url", "https://x:99999"],
        2,
        "a port from 1 to 65535",
    );
}
