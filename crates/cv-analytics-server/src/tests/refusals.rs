//! Every message that is refused at the door is counted by its reason, and nothing else is.

use super::*;

const BODY: &str = "Action=SendMessage&MessageGroupId=g&MessageBody=x";

fn counted(rig: &Rig) -> Vec<(&'static str, u64)> {
    let unstored = rig.server.refusals().take_unstored().into_iter();
    unstored.map(|refused| (refused.reason.code(), refused.count)).collect()
}

async fn check(what: &str, request: Request<Body>, expect: Option<&'static str>) {
    let rig = Rig::new();
    let answer = rig.send(request).await;
    let expect: Vec<_> = expect.into_iter().map(|reason| (reason, 1)).collect();
    assert_eq!(counted(&rig), expect, "{what}: {} {}", answer.status, answer.body);
    let metrics = Request::get("/metrics").header("authorization", "Bearer a bearer token");
    let text = rig.send(metrics.body(Body::empty()).unwrap()).await.body;
    for (reason, _) in expect {
        let line = format!("cv_analytics_refused_messages_total{{reason=\"{reason}\"}} 1");
        assert!(text.contains(&line), "{what}: {text}");
    }
}

async fn check_signing(what: &str, signing: Signing, expect: Option<&'static str>) {
    check(what, signing.post(QUEUE_PATH, &[FORM], BODY), expect).await;
    let target = ("x-amz-target", "AmazonSQS.SendMessage");
    let input =
        serde_json::json!({"QueueUrl": QUEUE_URL, "MessageBody": "x", "MessageGroupId": "g"});
    check(what, signing.post("/", &[JSON, target], input.to_string()), expect).await;
}

#[tokio::test]
async fn a_refused_signature_has_its_reason() {
    let usual = Signing::default;
    check_signing("right", usual(), None).await;
    check_signing("without the port", Signing { host: "127.0.0.1", ..usual() }, None).await;
    check_signing("another secret", Signing { secret: "guess", ..usual() }, Some("signature"))
        .await;
    check_signing("another key", Signing { key_id: "AKIAOTHER", ..usual() }, Some("key")).await;
    check_signing("another region", Signing { region: "us-east-1", ..usual() }, Some("region"))
        .await;
    check_signing("another service", Signing { service: "sns", ..usual() }, Some("region")).await;
    check_signing("another host", Signing { host: "cv.example", ..usual() }, Some("host")).await;
    let late = Signing { at: NOW.plus_millis(-16 * 60 * 1000), ..usual() };
    check_signing("another clock", late, Some("clock")).await;
}

#[tokio::test]
async fn what_a_stranger_sends_accuses_nobody_who_has_the_key() {
    let right = Signing::default;
    let forged = || Signing { secret: "guess", ..right() };
    for method in ["POST", "PUT"] {
        for signing in [right(), forged()] {
            let broken = futures_util::stream::iter([Ok("A"), Err(std::io::Error::other("gone"))]);
            let mut request = signing.request(method, QUEUE_PATH, &[FORM], BODY);
            *request.body_mut() = Body::from_stream(broken);
            check("a body that breaks off", request, None).await;
        }
        for body in ["", "Action=Nothing", "a&a", "%zz"] {
            let request = forged().request(method, QUEUE_PATH, &[FORM], body);
            check(body, request, Some("signature")).await;
        }
        let elsewhere = Signing { host: "cv.example", ..forged() };
        let request = elsewhere.request(method, QUEUE_PATH, &[FORM], BODY);
        check("another host", request, Some("signature")).await;
    }
}

fn unsigned(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).body(body.into()).unwrap()
}

#[tokio::test]
async fn a_message_without_a_signature_is_counted_in_every_form() {
    let batch = "Action=SendMessageBatch&SendMessageBatchRequestEntry.1.Id=a";
    let long = format!("{BODY}{}", "x".repeat(1024 * 1024));
    for path in ["/", "/000000000000/other.fifo", QUEUE_PATH] {
        for form in [BODY, &format!("Version=2012-11-05&{BODY}"), batch, &long] {
            check(path, unsigned(path, form.to_owned()), Some("signature")).await;
        }
        let in_url = unsigned(&format!("{path}?{BODY}"), Body::empty());
        check("in the URL", in_url, Some("signature")).await;
        let mut json = unsigned(path, "{}");
        json.headers_mut().insert("x-amz-target", "AmazonSQS.SendMessage".parse().unwrap());
        check("JSON", json, Some("signature")).await;
        let mut bearer = unsigned(path, BODY);
        bearer.headers_mut().insert("authorization", "Bearer a bearer token".parse().unwrap());
        check("a token in place of a signature", bearer, Some("signature")).await;
    }
}

#[tokio::test]
async fn what_is_sent_to_another_address_or_by_another_method_is_counted() {
    let usual = Signing::default;
    for (method, path) in [
        ("GET", QUEUE_PATH),
        ("PUT", QUEUE_PATH),
        ("PUT", "/"),
        ("POST", "/a/b/c"),
        ("PUT", "/a/b"),
        ("POST", "/nowhere"),
        ("POST", "/000000000000/cv-analytics-events.fifo/"),
    ] {
        let what = format!("{method} {path}");
        check(&what, usual().request(method, path, &[FORM], BODY), Some("request")).await;
        let wrong = Signing { secret: "guess", ..usual() };
        check(&what, wrong.request(method, path, &[FORM], BODY), Some("signature")).await;
        let stranger = Request::builder().method(method).uri(path);
        let stranger = stranger.header("authorization", "Basic Og==").body(Body::from("x"));
        let expect = (method == "POST" && path.ends_with(QUEUE_PATH)).then_some("signature");
        check(&what, stranger.unwrap(), expect).await;
    }
    for (method, path) in [
        ("POST", "//v1/events"),
        ("POST", "/v1/event"),
        ("POST", "/V1/Events"),
        ("POST", "/"),
        ("POST", "/events"),
        ("PUT", "/v1/events"),
        ("PUT", "/v1/events/"),
        ("POST", "/v1/events/x"),
    ] {
        let sent = |token: &str, body: Body| {
            let request = Request::builder().method(method).uri(path);
            request.header("authorization", format!("Bearer {token}")).body(body).unwrap()
        };
        let what = format!("{method} {path}");
        check(&what, sent("a bearer token", EVENT.into()), Some("request")).await;
        check(&what, sent("a bearer token", Body::empty()), None).await;
        check(&what, sent("guess", EVENT.into()), None).await;
    }
}

#[tokio::test]
async fn what_brings_no_message_is_not_counted() {
    check("the queue without a signature", unsigned(QUEUE_PATH, "x"), Some("signature")).await;
    check("a stranger at the root", unsigned("/", "a=b&Action=Other"), None).await;
    check("a stranger elsewhere", unsigned("/a/b", "log=a&pwd=b"), None).await;
    let wrong = || Signing { secret: "guess", ..Signing::default() };
    let asks = wrong().post("/", &[JSON, ("x-amz-target", "AmazonSQS.GetQueueAttributes")], "{}");
    check("a question to the queue", asks, None).await;
    let asks = Signing::default().post(QUEUE_PATH, &[FORM], "Action=GetQueueUrl&QueueName=other");
    check("a question that is wrong", asks, None).await;
    let other = Signing::default().post(QUEUE_PATH, &[FORM], "Action=ReceiveMessage");
    check("another action", other, None).await;
}

async fn check_form(what: &str, form: impl Into<Vec<u8>>, expect: &'static str) {
    check(what, Signing::default().post(QUEUE_PATH, &[FORM], form), Some(expect)).await;
}

#[tokio::test]
async fn a_signed_message_that_breaks_a_rule_has_its_reason() {
    check_form("without a group", "Action=SendMessage&MessageBody=x", "request").await;
    check_form("without a body", "Action=SendMessage&MessageGroupId=g", "request").await;
    check_form("no action", EVENT, "request").await;
    check_form("too long", format!("{BODY}{}", "x".repeat(1024 * 1024)), "size").await;
    check_form("far too long", format!("{BODY}{}", "x".repeat(4 * 1024 * 1024)), "size").await;
    let elsewhere = Signing::default().post("/000000000000/other.fifo", &[FORM], BODY);
    check("another queue", elsewhere, Some("request")).await;
}

#[tokio::test]
async fn each_message_of_a_batch_counts() {
    let rig = Rig::new();
    let entry = |id: &str| serde_json::json!({"Id": id, "MessageBody": "x"});
    let mut right = entry("c");
    right["MessageGroupId"] = "g".into();
    let input =
        serde_json::json!({"QueueUrl": QUEUE_URL, "Entries": [entry("a"), entry("b"), right]});
    rig.json("SendMessageBatch", &input).await;
    assert_eq!(counted(&rig), [("request", 2)]);
}

fn events(token: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post("/v1/events").header("authorization", format!("Bearer {token}"));
    request.body(body.into()).unwrap()
}

#[tokio::test]
async fn events_with_another_token_count_where_they_have_a_body() {
    check("right", events("a bearer token", EVENT), None).await;
    let many = "{}".repeat(100_001);
    check("too many", events("a bearer token", many), Some("size")).await;
    check("another token", events("guess", EVENT), Some("token")).await;
    check("no body", events("guess", Body::empty()), None).await;
    let long = "x".repeat(17 * 1024 * 1024);
    check("too long", events("a bearer token", long), Some("size")).await;
    let page = Request::get("/v1/reports/2026-W47").header("authorization", "Bearer guess");
    check("a report", page.body(Body::empty()).unwrap(), None).await;
}

#[tokio::test]
async fn what_is_answered_later_is_not_refused_and_a_flood_counts_whole() {
    let rig = Rig::new();
    rig.store.fill(true);
    assert_eq!(rig.query(QUEUE_PATH, BODY).await.status, 503);
    assert_eq!(counted(&rig), []);
    for _ in 0..80 {
        let wrong = Signing { secret: "guess", ..Signing::default() };
        rig.send(wrong.post(QUEUE_PATH, &[FORM], BODY)).await;
    }
    assert_eq!(counted(&rig), [("signature", 80)]);
    let elsewhere = Signing { host: "cv.example", ..Signing::default() };
    let answer = rig.send(elsewhere.post(QUEUE_PATH, &[FORM], BODY)).await;
    assert_eq!(answer.status, 403, "right key and signature: {}", answer.body);
    assert_eq!(counted(&rig), [("host", 1)]);
}
