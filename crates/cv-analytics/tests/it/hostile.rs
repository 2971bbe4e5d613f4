//! A real server under attack, as a list: what strangers send, and what holds beside it.
//!
//! While an attack goes on, a small and a large signed message are acknowledged, each try within [`READ_TIMEOUT`], `/healthz`
//! answers 200, and the process stays under [`MAX_MEMORY_KIB`]. At the end the server is killed, and every message that
//! it acknowledged is there. No answer to a stranger holds a secret. Loopback only; bounded in count.
//! `cargo test -p cv-analytics every_attack -- --nocapture` shows how long the slower message took beside each.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use cv_analytics_harness::connection::ResponseHead;
use cv_analytics_harness::server_process::{CredentialsFile, ServerProcess, serve_command};
use cv_analytics_harness::signer::{AccessKey, Signer};
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;
use tokio::net::TcpSocket;

/// Half of what a server waits for the slowest part of a request.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a signed message is sent that is answered with 503.
const MAX_TRIES: u32 = 10;
/// Twice what a build for tests takes at its peak.
const MAX_MEMORY_KIB: u64 = 256 * 1024;
/// What the system may hold for all connections of this machine, those of other programs among them.
const MAX_HELD_KIB: u64 = 512 * 1024;
/// More connections than the server holds.
const MANY_CONNECTIONS: usize = 1_100;

struct Attack {
    name: &'static str,
    /// How many connections send it, each the same.
    connections: usize,
    sent: fn(&Target) -> Vec<u8>,
    then: Then,
}

/// What a stranger does once all is sent, and what it meets with.
enum Then {
    /// Keeps the connections open and reads nothing.
    Stays,
    /// Goes away at once.
    Leaves,
    /// Reads answers of these statuses; then the connection is closed, or takes another request.
    Reads(&'static [u16], End),
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Closed,
    Open,
}

use End::{Closed, Open};
use Then::{Leaves, Reads, Stays};

const fn crowd(
    name: &'static str,
    connections: usize,
    sent: fn(&Target) -> Vec<u8>,
    then: Then,
) -> Attack {
    Attack { name, connections, sent, then }
}

const fn single(
    name: &'static str,
    sent: fn(&Target) -> Vec<u8>,
    statuses: &'static [u16],
    end: End,
) -> Attack {
    Attack { name, connections: 1, sent, then: Reads(statuses, end) }
}

#[rustfmt::skip]
const ATTACKS: &[Attack] = &[
    // Where a request ends, and whom it is for.
    single("gzip, chunked", |at| at.framed("transfer-encoding: gzip, chunked\r\n"), &[501], Closed),
    single("chunked twice", |at| at.framed("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n"), &[501], Closed),
    single("chunked, identity", |at| at.framed("transfer-encoding: chunked, identity\r\n"), &[400], Closed),
    single("chunked and a length: one request, not two", |at| at.framed("transfer-encoding: chunked\r\ncontent-length: 6\r\n"), &[405], Closed),
    single("a length and chunked: one request, not two", |at| at.framed("content-length: 6\r\ntransfer-encoding: chunked\r\n"), &[405], Closed),
    single("two lengths", |at| at.framed("content-length: 5\r\ncontent-length: 6\r\n"), &[400], Closed),
    single("a length with a sign", |at| at.framed("content-length: +5\r\n"), &[400], Closed),
    single("a blank before the colon", |at| at.framed("transfer-encoding : chunked\r\n"), &[400], Closed),
    single("a header over two lines", |at| at.framed("x: y\r\n transfer-encoding: chunked\r\n"), &[400], Closed),
    single("a chunk longer than any number", |at| at.post("/v1/events", "transfer-encoding: chunked\r\n", "fffffffffffffffff\r\nx"), &[401], Closed),
    single("another site's address in the request line", |at| at.line("GET http://evil.example/login HTTP/1.1"), &[421], Open),
    single("another site as the host", |_| b"GET /login HTTP/1.1\r\nhost: evil.example\r\n\r\n".to_vec(), &[421], Open),
    single("two hosts", |at| at.get("/login", "host: evil.example\r\n"), &[400], Closed),
    single("a way through", |at| at.line("CONNECT evil.example:443 HTTP/1.1"), &[404], Open),
    single("HTTP/2", |_| b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), &[], Closed),
    single("zeroes", |_| vec![0; 100_000], &[400], Closed),
    single("a line without an end", |_| [&b"GET /"[..], &[b'a'; 300_000]].concat(), &[431], Closed),
    single("300 headers", |at| at.get("/healthz", &"x: y\r\n".repeat(300)), &[431], Closed),
    // Files.
    single("a way up", |at| at.get("/assets/../credentials.env", ""), &[404], Open),
    single("a way up, encoded", |at| at.get("/assets/%2e%2e%2fcredentials.env", ""), &[401], Open),
    single("a way up, with the token", |at| at.get("/assets/..%2f..%2fetc%2fpasswd", &format!("authorization: Bearer {}\r\n", at.token)), &[404], Open),
    // Secrets.
    single("no token", |at| at.get("/v1/reports/2026-W47", ""), &[401], Open),
    single("the live feed without a session", |at| at.get("/live/events", ""), &[401], Open),
    single("the token in the address", |at| at.get(&format!("/metrics?token={}", at.token), ""), &[401], Open),
    single("a login from another site", |at| at.post("/login", "origin: https://evil.example\r\ncontent-length: 0\r\n", ""), &[403], Open),
    // Bodies.
    single("a body of a terabyte", |at| at.owned("/v1/events", "content-length: 1000000000000\r\n", b""), &[413], Closed),
    single("256 KB that unpack to 256 MB", |at| at.owned_body(&bomb()), &[413], Open),
    single("gzip within gzip", |at| at.owned_body(&packed(&packed(b"{}"))), &[200], Open),
    single("100,001 events", |at| at.owned_body(&b"{}\n".repeat(100_001)), &[413], Open),
    single("100,000 brackets", |at| at.owned_body(&b"[".repeat(100_000)), &[200], Open),
    single("a million empty lists", |at| at.owned_body(&[&b"["[..], &b"[],".repeat(1_000_000), b"[]]"].concat()), &[413], Open),
    // Crowds: of connections, of bodies, of guesses.
    crowd("connections that say nothing", MANY_CONNECTIONS, |_| Vec::new(), Stays),
    crowd("connections that come and go", MANY_CONNECTIONS, |_| b"GET".to_vec(), Leaves),
    crowd("headers without an end", MANY_CONNECTIONS, |_| b"GET / HTTP/1.1\r\nhost: ".to_vec(), Stays),
    crowd("60 KB of headers without an end", 300, |_| [&b"GET / HTTP/1.1\r\nx: "[..], &[b'x'; 60_000]].concat(), Stays),
    crowd("style sheets that nobody reads", MANY_CONNECTIONS, |at| at.get("/assets/dashboard.css", "").repeat(12), Stays),
    crowd("megabytes of style sheets that nobody reads", MANY_CONNECTIONS, |at| at.get("/assets/dashboard.css", "").repeat(150), Stays),
    crowd("health that nobody reads", 200, |at| at.get("/healthz", "").repeat(100), Stays),
    crowd("TLS on a plain port", 200, |_| b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(20), Stays),
    crowd("signed bodies of 3 MB, announced and not sent", MANY_CONNECTIONS, |at| at.forged(3_000_000, 0), Stays),
    crowd("signed bodies of 3 MB that stop after 70 KB", 300, |at| at.forged(3_000_000, 70_000), Stays),
    crowd("signed bodies that stop after a byte", MANY_CONNECTIONS, |at| at.forged(100, 1), Stays),
    crowd("whole bodies of 3 MB with a forged signature", 40, |at| at.forged(3_000_000, 3_000_000), Stays),
    crowd("chunks without an end", 300, |at| at.post("/", "transfer-encoding: chunked\r\n", "ffff\r\nx"), Stays),
    crowd("bodies that wait to be asked for", 300, |at| at.post("/v1/events", "expect: 100-continue\r\ncontent-length: 9\r\n", ""), Stays),
    crowd("login forms that stop after a byte", 300, |at| at.post("/login", "content-length: 9\r\n", "t"), Stays),
    crowd("guessed logins", 200, |at| at.post("/login", "content-length: 9\r\n", "token=1234"), Stays),
    crowd("guessed tokens", 200, |at| at.get("/metrics", "authorization: Bearer 1234567890123456\r\n"), Stays),
    crowd("guessed signatures", 200, |at| at.forged(3, 3), Stays),
    crowd("forged signatures over queries of 60 KB, 40 a connection", 50, |at| at.long_queries().repeat(20), Stays),
    crowd("guessed links of mails", 200, |at| at.get("/unsubscribe/1234567890123456", ""), Stays),
];

#[test]
fn every_attack_leaves_the_intake_open_and_loses_nothing() {
    let mut target = Target::start();
    for attack in ATTACKS {
        let held = target.meet(attack);
        target.check(attack.name);
        drop(held);
    }
    let acknowledged = std::mem::take(&mut target.acknowledged);
    let exported = target.kill_and_export();
    for id in &acknowledged {
        assert!(exported.contains(&format!("\"{id}\"")), "{id} was acknowledged and is gone");
    }
    assert!(acknowledged.len() >= 2 * ATTACKS.len());
}

/// Attacks that work later or elsewhere have their own tests, which the documents list.
#[test]
fn every_attack_that_the_documents_list_has_its_test() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/develop");
    let page = std::fs::read_to_string(docs.join("attacks-and-faults.md")).unwrap();
    let (_, list) = page.split_once("### Attacks that work later, or elsewhere").unwrap();
    let (list, _) = list.split_once("\n## ").unwrap();
    let rows: Vec<&str> = list.lines().filter(|line| line.contains("](../../crates/")).collect();
    assert!(rows.len() > 20);
    for row in rows {
        let (_, link) = row.split_once("| [").unwrap();
        let (test, file) = link.split_once("](").unwrap();
        let file = docs.join(file.trim_end_matches([' ', '|', ')']));
        let source = std::fs::read_to_string(&file).unwrap();
        assert!(source.contains(&format!("fn {test}()")), "{test} in {}", file.display());
    }
}

/// The server that is attacked.
struct Target {
    folder: TempDir,
    process: ServerProcess,
    address: SocketAddr,
    token: String,
    key: AccessKey,
    acknowledged: Vec<String>,
    /// Connects with a small buffer for what it receives.
    runtime: tokio::runtime::Runtime,
}

impl Target {
    fn start() -> Self {
        // The crowd has an end of each connection here.
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let mut command = serve_command(env!("CARGO_BIN_EXE_cv-analytics").as_ref(), &data);
        let process = ServerProcess::start(&mut command, &folder.path().join("log")).unwrap();
        let credentials = CredentialsFile::read(&data).unwrap();
        Self {
            address: process.authority.parse().unwrap(),
            token: credentials.value("CV_ANALYTICS_TOKEN").unwrap().to_owned(),
            key: credentials.access_key().unwrap(),
            acknowledged: Vec::new(),
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            folder,
            process,
        }
    }

    /// Sends what the attack sends; the connections that stay open.
    fn meet(&self, attack: &Attack) -> Vec<TcpStream> {
        let bytes = (attack.sent)(self);
        let mut held = Vec::new();
        for _ in 0..attack.connections {
            let mut stream = match attack.then {
                Reads(..) => TcpStream::connect(self.address).unwrap(),
                Stays | Leaves => self.connect_with_small_buffer(),
            };
            match attack.then {
                Reads(statuses, end) => self.read(attack.name, stream, &bytes, statuses, end),
                Leaves => drop(stream.write(&bytes)),
                Stays => {
                    // As much as the other end takes: it may close meanwhile.
                    stream.set_nonblocking(true).unwrap();
                    let mut rest = &bytes[..];
                    while let Ok(written @ 1..) = stream.write(rest) {
                        rest = &rest[written..];
                    }
                    held.push(stream);
                }
            }
        }
        held
    }

    fn connect_with_small_buffer(&self) -> TcpStream {
        let connect = async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(2048).unwrap();
            socket.connect(self.address).await.unwrap().into_std().unwrap()
        };
        self.runtime.block_on(connect)
    }

    /// Sends `bytes` and reads every answer.
    fn read(&self, name: &str, mut stream: TcpStream, bytes: &[u8], statuses: &[u16], end: End) {
        stream.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(READ_TIMEOUT)).unwrap();
        // The other end may have heard enough.
        let _ = stream.write_all(bytes);
        let (mut received, mut seen) = (Vec::new(), Vec::new());
        while seen.len() < statuses.len()
            && let Some((status, body)) = next_answer(&mut stream, &mut received)
        {
            assert!(
                !body.contains(&self.token) && !body.contains(&self.key.secret),
                "{name}: {body}"
            );
            seen.push(status);
        }
        assert_eq!(seen, statuses, "{name}: {}", String::from_utf8_lossy(&received));
        match end {
            Open => {
                stream.write_all(&self.get("/healthz", "")).unwrap();
                let next = next_answer(&mut stream, &mut received).map(|(status, _)| status);
                assert_eq!(next, Some(200), "{name}: the connection goes on");
            }
            Closed => {
                assert_eq!(next_answer(&mut stream, &mut received), None, "{name}: it is closed");
            }
        }
    }

    /// What has to hold while an attack goes on.
    fn check(&mut self, name: &str) {
        let mut slowest = (Duration::ZERO, 0);
        for text in ["Go?".to_owned(), "Go? ".repeat(50_000)] {
            let id = format!("beside-{}", self.acknowledged.len());
            let query = if text.len() > 10 { &text[..1_500] } else { &text };
            // The larger of the two is large by a field that nobody reads.
            let event = format!(
                r#"{{"eventType":"query","requestId":"{id}","timestamp":{},"query":"{query}","more":"{text}"}}"#,
                now().as_millisecond()
            );
            let body = serde_json::json!({"QueueUrl": format!("http://{}/000000000000/cv-analytics-events.fifo", self.address),
                                          "MessageGroupId": id, "MessageBody": event});
            let authority = self.process.authority.clone();
            let signer = Signer::new(&self.key, &authority, "SendMessage", now()).unwrap();
            let request = signer.request(body.to_string().as_bytes()).unwrap();
            // A large body may have to give way while a crowd of others comes in; clients send again.
            let (begun, mut tries) = (Instant::now(), 0);
            let answer = loop {
                tries += 1;
                let answer = self.ask(&request);
                if tries == MAX_TRIES || !matches!(answer, Some((503, _))) {
                    break answer;
                }
            };
            slowest = slowest.max((begun.elapsed(), tries));
            assert_eq!(
                answer.as_ref().map(|(status, _)| *status),
                Some(200),
                "{name}: a signed message of {} bytes: {answer:?}",
                request.len()
            );
            self.acknowledged.push(id);
        }
        println!("{name}: the slowest signed message took {:?} in {} tries", slowest.0, slowest.1);
        assert_eq!(
            self.ask(&self.get("/healthz", "")).map(|(status, _)| status),
            Some(200),
            "{name}: health"
        );
        let memory = self.process.memory().unwrap();
        assert!(memory.peak_kib < MAX_MEMORY_KIB, "{name}: {memory:?}");
        let held = held_by_sockets_kib();
        assert!(held < MAX_HELD_KIB, "{name}: {held} KiB in sockets' buffers");
    }

    /// An honest request on its own connection.
    fn ask(&self, request: &[u8]) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
        stream.write_all(request).unwrap();
        next_answer(&mut stream, &mut Vec::new())
    }

    /// Ends the process as a power cut would; what is there afterwards.
    fn kill_and_export(self) -> String {
        self.process.kill().unwrap();
        let mut export = Command::new(env!("CARGO_BIN_EXE_cv-analytics"));
        export.args(["events", "export", "--data"]).arg(self.folder.path().join("data"));
        let output = export.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn line(&self, line: &str) -> Vec<u8> {
        format!("{line}\r\nhost: {}\r\n\r\n", self.address).into_bytes()
    }

    fn get(&self, path: &str, headers: &str) -> Vec<u8> {
        format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n", self.address).into_bytes()
    }

    fn post(&self, path: &str, headers: &str, body: &str) -> Vec<u8> {
        format!("POST {path} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n{body}", self.address)
            .into_bytes()
    }

    /// A request whose end depends on who reads it, with another in its body.
    fn framed(&self, headers: &str) -> Vec<u8> {
        let smuggled = String::from_utf8(self.get("/healthz", "")).unwrap();
        self.post("/healthz", headers, &format!("0\r\n\r\n{smuggled}"))
    }

    /// One with the right token, from an attacker.
    fn owned(&self, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
        let headers = format!("authorization: Bearer {}\r\n{headers}", self.token);
        [&self.post(path, &headers, "")[..], body].concat()
    }

    fn owned_body(&self, body: &[u8]) -> Vec<u8> {
        self.owned("/v1/events", &format!("content-length: {}\r\n", body.len()), body)
    }

    /// Two requests that look signed: with as many parameters as headers may have room for, and with as many as are read.
    fn long_queries(&self) -> Vec<u8> {
        let plain = String::from_utf8(self.forged(0, 0)).unwrap();
        let with = |query: &str| plain.replacen("POST / ", &format!("POST /?{query} "), 1);
        let long = format!("{}&", "%".repeat(119));
        [with(&"a&".repeat(30_000)), with(&long.repeat(499))].concat().into_bytes()
    }

    /// A request that looks signed: `sent` bytes of a body of `length`.
    fn forged(&self, length: usize, sent: usize) -> Vec<u8> {
        let key = AccessKey { secret: "a guess".to_owned(), ..self.key.clone() };
        let signer = Signer::new(&key, &self.process.authority, "SendMessage", now());
        let head = signer.unwrap().head(length, &[0; 32]);
        [head.as_bytes(), &vec![b'x'; sent]].concat()
    }
}

#[expect(clippy::disallowed_methods, reason = "a real server's clock is the system's")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// What the buffers of TCP sockets hold, by the system's own count of pages.
fn held_by_sockets_kib() -> u64 {
    let told = std::fs::read_to_string("/proc/net/sockstat").unwrap();
    let tcp = told.lines().find(|line| line.starts_with("TCP:")).unwrap();
    let (_, pages) = tcp.rsplit_once("mem ").unwrap();
    pages.trim().parse::<u64>().unwrap() * rustix::param::page_size() as u64 / 1024
}

/// The next answer's status and body; `None` where the connection ends before it is whole.
fn next_answer(stream: &mut TcpStream, received: &mut Vec<u8>) -> Option<(u16, String)> {
    loop {
        // An answer without a length has no body.
        let head = ResponseHead::parse(received).ok().flatten();
        if let Some(head) = head
            && received.len() >= head.length()
        {
            let message: Vec<u8> = received.drain(..head.length()).collect();
            return Some((head.status, String::from_utf8_lossy(&message).into_owned()));
        }
        let mut chunk = [0; 16 * 1024];
        match stream.read(&mut chunk) {
            Ok(count @ 1..) => received.extend_from_slice(&chunk[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("neither answered nor closed: {}", String::from_utf8_lossy(received));
            }
            Ok(0) | Err(_) => return None,
        }
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// As much as a body may have, of what unpacks to far more.
fn bomb() -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..256 {
        packer.write_all(&blanks).unwrap();
    }
    packer.finish().unwrap()
}
