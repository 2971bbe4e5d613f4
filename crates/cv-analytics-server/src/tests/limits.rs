//! Too much at once, a store that fails, and stopping.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::*;
use crate::configuration::TrustedProxies;
use crate::serve;

fn message(body: &str) -> Request<Body> {
    let form = format!("Action=SendMessage&MessageGroupId=g&MessageBody={body}");
    Signing::default().post(QUEUE_PATH, &[FORM], form)
}

fn events(body: &str) -> Request<Body> {
    let request = Request::post("/v1/events").header("authorization", "Bearer a bearer token");
    request.body(Body::from(body.to_owned())).unwrap()
}

#[tokio::test]
async fn a_full_disk_is_never_a_success_and_recovers() {
    let rig = Rig::new();
    let health = || Request::get("/healthz").body(Body::empty()).unwrap();
    rig.store.fill(true);
    let refused = rig.send(message("one")).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (503, "ServiceUnavailable"));
    assert_eq!(refused.xml("Type"), "Receiver");
    assert_eq!(refused.header("retry-after"), "1");
    let refused = rig
        .json(
            "SendMessage",
            &serde_json::json!({"QueueUrl": QUEUE_URL, "MessageBody": "x", "MessageGroupId": "g"}),
        )
        .await;
    assert_eq!(refused.header("x-amzn-query-error"), "ServiceUnavailable;Receiver");
    assert_eq!(rig.send(events(EVENT)).await.status, 503);
    assert_eq!(rig.send(health()).await.status, 503);
    rig.store.fill(false);
    assert_eq!(rig.send(message("one")).await.status, 200);
    assert_eq!(rig.send(health()).await.status, 200);
}

#[tokio::test]
async fn too_much_that_waits_for_the_store_is_refused() {
    let gate = Arc::new(Notify::new());
    let store = MemoryStore::gated(&gate);
    let rig = Arc::new(Rig::with(Limits { max_waiting_bytes: 2048, ..Limits::default() }, store));
    let waiting: Vec<_> = ["one", "two"]
        .map(|body| {
            let rig = Arc::clone(&rig);
            tokio::spawn(async move { rig.send(message(body)).await.status })
        })
        .into();
    tokio::task::yield_now().await;
    assert_eq!(rig.send(message("three")).await.status, 503);
    for answer in waiting {
        gate.notify_one();
        assert_eq!(answer.await.unwrap(), 200);
        gate.notify_one();
    }
    assert_eq!(rig.send(message("three")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn failures_are_limited_and_held_back_and_successes_are_not() {
    let rig = Rig::new();
    let begun = Instant::now();
    let wrong = || {
        Signing { secret: "wrong", ..Signing::default() }.post(
            QUEUE_PATH,
            &[FORM],
            "Action=SendMessage",
        )
    };
    for _ in 0..50 {
        assert_eq!(rig.send(wrong()).await.status, 403);
    }
    let refused = rig.send(events(EVENT)).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "1"));
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let late = rig.send(wrong()).await;
    assert_eq!((late.status.as_u16(), late.header("retry-after")), (429, "1"));
    assert_eq!(begun.elapsed(), Limits::default().failure_delay);
    for _ in 0..100 {
        rig.send(wrong()).await;
    }
    let begun = Instant::now();
    assert_eq!(rig.send(message("x")).await.status, 200);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_had_the_token_is_not_locked_out_by_others() {
    let rig = Rig::new();
    assert_eq!(rig.send(events(EVENT)).await.status, 200);
    let guess = || Request::get("/metrics").header("authorization", "Bearer guess");
    for _ in 0..60 {
        rig.send(guess().body(Body::empty()).unwrap()).await;
        assert_eq!(rig.send(events(EVENT)).await.status, 200);
    }
}

#[tokio::test]
async fn a_limit_of_requests_is_told_as_clients_retry_it() {
    let rig = Rig::with(
        Limits { max_requests_per_second: NonZeroU32::new(1), ..Limits::default() },
        MemoryStore::default(),
    );
    assert_eq!(rig.send(message("x")).await.status, 200);
    let throttled = rig.send(message("y")).await;
    assert_eq!(
        (throttled.status.as_u16(), throttled.code().as_str()),
        (400, "ThrottlingException")
    );
    let throttled = rig.send(events(EVENT)).await;
    assert_eq!((throttled.status.as_u16(), throttled.header("retry-after")), (429, "1"));
}

async fn served(
    limits: Limits,
    store: MemoryStore,
) -> (TcpStream, Arc<Notify>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let stop = Arc::new(Notify::new());
    let stopping = Arc::clone(&stop);
    let rig = Rig::with(limits.clone(), store);
    let serving = tokio::spawn(async move {
        let stop = async move { stopping.notified().await };
        serve(listener, rig.app, limits, TrustedProxies::default(), stop).await.unwrap();
    });
    (stream, stop, serving)
}

const PLAIN: &str = "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer a bearer token\r\ncontent-length: 1\r\n\r\n5";

#[tokio::test]
async fn a_body_that_is_too_long_is_read_so_that_its_sender_sees_the_refusal() {
    let (mut stream, stop, serving) = served(Limits::default(), MemoryStore::default()).await;
    let length = 24 << 20;
    let head =
        PLAIN.replace("content-length: 1\r\n\r\n5", &format!("content-length: {length}\r\n\r\n"));
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; length]).await.unwrap();
    stream
        .write_all(PLAIN.replace("host: x", "host: x\r\nconnection: close").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("HTTP/1.1 200 "), "the connection goes on: {answer}");
    stop.notify_one();
    serving.await.unwrap();
}

#[tokio::test]
async fn what_is_under_way_is_answered_before_the_end() {
    let gate = Arc::new(Notify::new());
    let store = MemoryStore::gated(&gate);
    let (mut stream, stop, serving) = served(Limits::default(), store.clone()).await;
    stream.write_all(PLAIN.as_bytes()).await.unwrap();
    let address = stream.peer_addr().unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    store.entered.notified().await;
    stop.notify_one();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!serving.is_finished());
    gate.notify_one();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\r\ndate: "), "{answer}");
    serving.await.unwrap();
    assert_eq!(store.arrivals().len(), 1);
    let mut nothing = Vec::new();
    assert_eq!(idle.read_to_end(&mut nothing).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_store_that_hangs_does_not_hold_up_the_end_for_ever() {
    let store = MemoryStore::gated(&Arc::new(Notify::new()));
    let entered = Arc::clone(&store.entered);
    let limits = Limits { shutdown_timeout: Duration::from_millis(50), ..Limits::default() };
    let (mut stream, stop, serving) = served(limits, store).await;
    stream.write_all(PLAIN.as_bytes()).await.unwrap();
    entered.notified().await;
    stop.notify_one();
    serving.await.unwrap();
}

#[tokio::test]
async fn slow_headers_and_slow_bodies_are_cut_off() {
    let short = Duration::from_millis(50);
    let limits = Limits { header_timeout: short, body_timeout: short, ..Limits::default() };
    for part in ["POST / HTTP/1.1\r\nhost:", PLAIN.strip_suffix('5').unwrap()] {
        let (mut stream, _stop, serving) = served(limits.clone(), MemoryStore::default()).await;
        stream.write_all(part.as_bytes()).await.unwrap();
        let mut answer = String::new();
        tokio::time::timeout(Duration::from_secs(5), stream.read_to_string(&mut answer))
            .await
            .unwrap()
            .unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
        serving.abort();
    }
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_let_go() {
    let limits = Limits { write_timeout: Duration::from_millis(50), ..Limits::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let app = Router::new().fallback(|| async { vec![b'x'; 1 << 20] });
    let never = std::future::pending();
    let serving = tokio::spawn(serve(listener, app, limits, TrustedProxies::default(), never));
    let ask = "GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1000);
    // Asks until the answers fill every buffer between the two, and then until it is let go.
    let asking = async { while stream.write_all(ask.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(30), asking).await.unwrap();
    serving.abort();
}

/// Whether the other end has closed it.
async fn is_closed(stream: &mut TcpStream) -> bool {
    tokio::time::timeout(Duration::from_secs(10), stream.read(&mut [0; 1024]))
        .await
        .is_ok_and(|read| read.unwrap_or(0) == 0)
}

#[tokio::test]
async fn strangers_give_way_to_newcomers_and_those_who_were_right_stay() {
    let limits = Limits { max_connections: 3, ..Limits::default() };
    let (mut owner, _stop, _serving) = served(limits, MemoryStore::default()).await;
    let address = owner.peer_addr().unwrap();
    let mut answer = [0; 15];
    owner.write_all(PLAIN.as_bytes()).await.unwrap();
    owner.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    let mut crowd = Vec::new();
    for _ in 0..10 {
        let mut stranger = TcpStream::connect(address).await.unwrap();
        stranger.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
        crowd.push(stranger);
    }
    let mut newcomer = TcpStream::connect(address).await.unwrap();
    newcomer.write_all(PLAIN.as_bytes()).await.unwrap();
    newcomer.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    for stranger in &mut crowd[..9] {
        assert!(is_closed(stranger).await);
    }
    owner.write_all(PLAIN.as_bytes()).await.unwrap();
    assert!(!is_closed(&mut owner).await);
}
