//! Requests that nobody with the key has sent, or that were changed on the way.

use axum::http::HeaderValue;

use super::*;

const BODY: &str = "Action=SendMessage&MessageGroupId=g&MessageBody=x";

async fn send(signing: Signing, change: impl FnOnce(&mut Request<Body>)) -> Answered {
    let rig = Rig::new();
    let mut request = signing.post(QUEUE_PATH, &[FORM, ("x-extra", "1")], BODY);
    change(&mut request);
    let answer = rig.send(request).await;
    assert_eq!(rig.store.arrivals().len(), usize::from(answer.status == 200), "{}", answer.body);
    answer
}

async fn check(what: &str, expect: &str, change: impl FnOnce(&mut Request<Body>)) {
    let answer = send(Signing::default(), change).await;
    let seen = format!("{} {}", answer.status.as_u16(), answer.code());
    assert_eq!(seen, expect, "{what}: {}", answer.body);
}

/// The header set to another value, or set at all.
async fn check_set(what: &str, expect: &str, name: &'static str, value: &str) {
    check(what, expect, |request| set(request, name, value)).await;
}

/// The header a second time.
async fn check_added(what: &str, expect: &str, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).unwrap();
    check(what, expect, |request| assert!(request.headers_mut().append(name, value))).await;
}

async fn check_removed(what: &str, expect: &str, name: &'static str) {
    check(what, expect, |request| drop(request.headers_mut().remove(name))).await;
}

async fn check_target(what: &str, expect: &str, target: &str) {
    check(what, expect, |request| *request.uri_mut() = target.parse().unwrap()).await;
}

async fn check_body_swapped(what: &str, expect: &str, body: &str) {
    check(what, expect, |request| *request.body_mut() = Body::from(body.to_owned())).await;
}

/// A part of the `Authorization` header replaced by another text.
async fn check_authorization(what: &str, expect: &str, part: &str, other: &str) {
    check_signature(what, expect, |text| {
        assert!(text.contains(part), "{what}: {text}");
        text.replace(part, other)
    })
    .await;
}

async fn check_signature(what: &str, expect: &str, change: impl FnOnce(&str) -> String) {
    check(what, expect, |request| {
        let changed = change(request.headers()["authorization"].to_str().unwrap());
        set(request, "authorization", &changed);
    })
    .await;
}

async fn check_signing(what: &str, expect: &str, signing: Signing) {
    let answer = send(signing, |_| {}).await;
    let seen = format!("{} {}", answer.status.as_u16(), answer.code());
    assert_eq!(seen, expect, "{what}: {}", answer.body);
}

fn set(request: &mut Request<Body>, name: &'static str, value: &str) {
    request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
}

const OK: &str = "200 ok";
const MISMATCH: &str = "403 SignatureDoesNotMatch";
const INCOMPLETE: &str = "400 IncompleteSignature";
const MISSING: &str = "403 MissingAuthenticationToken";

#[tokio::test]
async fn what_is_not_signed_changes_nothing() {
    check("as signed", OK, |_| {}).await;
    check_set("an unsigned header", OK, "user-agent", "curl").await;
    check_set("a header of a proxy", OK, "x-forwarded-for", "192.0.2.1").await;
    check_set("blanks round a signed value", OK, "x-extra", "  1  ").await;
    check_target("an empty query", OK, &format!("{QUEUE_PATH}?")).await;
}

#[tokio::test]
async fn what_is_signed_cannot_be_changed() {
    check_body_swapped("another body", MISMATCH, &BODY.replace("=x", "=y")).await;
    check_body_swapped("a longer body", MISMATCH, &format!("{BODY}&")).await;
    check_body_swapped("no body", MISMATCH, "").await;
    check_set("another header", MISMATCH, "x-extra", "2").await;
    check_added("a header twice", MISMATCH, "x-extra", "1").await;
    check_removed("a header gone", INCOMPLETE, "x-extra").await;
    check_set("another content type", MISMATCH, "content-type", "text/plain").await;
    check_target("another path", MISMATCH, "/000000000001/cv-analytics-events.fifo").await;
    check_target("the root", MISMATCH, "/").await;
    check_target("a query", MISMATCH, &format!("{QUEUE_PATH}?a=1")).await;
    check_target("an encoded path", MISMATCH, &QUEUE_PATH.replace("fifo", "%66ifo")).await;
    check_set("another date", MISMATCH, "x-amz-date", "20261123T090001Z").await;
    check_set("another host", MISMATCH, "host", "localhost:8787").await;
    check_set("a strange host", MISMATCH, "host", "evil.example").await;
    check_added("a host twice", INCOMPLETE, "host", HOST).await;
    check_removed("no host", INCOMPLETE, "host").await;
    check_set("an action from outside", INCOMPLETE, "x-amz-target", "AmazonSQS.SendMessage").await;
}

#[tokio::test]
async fn the_signature_itself_cannot_be_changed() {
    let head = |text: &str| text[..text.len() - 64].to_owned();
    check_signature("zeroes", MISMATCH, |text| head(text) + &"0".repeat(64)).await;
    check_signature("none", INCOMPLETE, |text| head(text)).await;
    check_signature("short", MISMATCH, |text| text[..text.len() - 1].to_owned()).await;
    check_signature("long", MISMATCH, |text| format!("{text}0")).await;
    let upper = |text: &str| head(text) + &text[text.len() - 64..].to_uppercase();
    check_signature("upper case", MISMATCH, upper).await;
    check_signature("trailing blanks", OK, |text| format!("{text}  ")).await;
    check_authorization("no blanks after commas", OK, ", ", ",").await;
    check_authorization("another algorithm", INCOMPLETE, "SHA256", "SHA1").await;
    check_authorization("an asymmetric algorithm", INCOMPLETE, "HMAC", "ECDSA-P256").await;
    check_authorization("no algorithm", INCOMPLETE, "AWS4-HMAC-SHA256 ", "").await;
    check_authorization("the scope's date", INCOMPLETE, "/20261123/", "/20261122/").await;
    check_authorization("the scope's region", MISMATCH, "/eu-west-2/", "/us-east-1/").await;
    check_authorization("the scope's service", MISMATCH, "/sqs/", "/s3/").await;
    check_authorization("the scope's ending", MISMATCH, "aws4_request", "aws5_request").await;
    check_authorization("a short scope", INCOMPLETE, "/sqs/aws4_request", "").await;
    check_authorization("an unsigned host", INCOMPLETE, "host;", "").await;
    check_authorization("an unsigned date", INCOMPLETE, "x-amz-date;", "").await;
    check_authorization("one header less", MISMATCH, ";x-extra", "").await;
    check_authorization("one header more", INCOMPLETE, ";x-extra", ";x-extra;x-more").await;
    check_authorization("out of order", INCOMPLETE, "host;x-amz-date", "x-amz-date;host").await;
    check_authorization("upper case headers", INCOMPLETE, "host", "Host").await;
    check_authorization("a header twice", INCOMPLETE, "host;", "host;host;").await;
    let hundred: Vec<_> = (100..200).map(|number| format!("i{number}")).collect();
    let hundred = format!("host;{};", hundred.join(";"));
    check_authorization("a hundred headers", INCOMPLETE, "host;", &hundred).await;
    let million = "host;".repeat(200_000);
    check_authorization("a megabyte of headers", INCOMPLETE, "host;", &million).await;
    check_authorization("another key", MISMATCH, "AKIATEST", "AKIAOTHER").await;
    check_authorization("no key", MISMATCH, "AKIATEST", "").await;
}

#[tokio::test]
async fn other_ways_of_signing_are_refused() {
    check_removed("nothing", MISSING, "authorization").await;
    check_added("two of them", INCOMPLETE, "authorization", "AWS4-HMAC-SHA256 x").await;
    check_set("a bearer token", INCOMPLETE, "authorization", "Bearer a bearer token").await;
    check_set("an empty one", INCOMPLETE, "authorization", "").await;
    let presigned = format!("{QUEUE_PATH}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00");
    check_target("in the query", INCOMPLETE, &presigned).await;
    let version_2 = format!("{QUEUE_PATH}?AWSAccessKeyId=AKIATEST&Signature=x");
    check_target("version 2", INCOMPLETE, &version_2).await;
    let token = "403 InvalidClientTokenId";
    check_set("a session token", token, "x-amz-security-token", "token").await;
    let hash = "x-amz-content-sha256";
    check_set("an unsigned payload", MISMATCH, hash, "UNSIGNED-PAYLOAD").await;
    let streamed = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    check_set("a streamed payload", MISMATCH, hash, streamed).await;
    check_set("a payload's other hash", MISMATCH, hash, &"0".repeat(64)).await;
    check("a payload's two hashes", INCOMPLETE, |request| {
        for value in ["UNSIGNED-PAYLOAD", "UNSIGNED-PAYLOAD"] {
            request.headers_mut().append(hash, HeaderValue::from_static(value));
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_is_accepted_where_no_date_can_be_read() {
    check_removed("no date", INCOMPLETE, "x-amz-date").await;
    check("the Date header", INCOMPLETE, |request| {
        request.headers_mut().remove("x-amz-date");
        set(request, "date", "Mon, 23 Nov 2026 09:00:00 GMT");
    })
    .await;
    check_set("an extended date", INCOMPLETE, "x-amz-date", "2026-11-23T09:00:00Z").await;
    check_set("a day that is none", INCOMPLETE, "x-amz-date", "20261323T090000Z").await;
    check_set("an empty date", INCOMPLETE, "x-amz-date", "").await;
    check_added("two dates", INCOMPLETE, "x-amz-date", "20261123T090000Z").await;
    check_set("a date of letters", INCOMPLETE, "x-amz-date", "yyyymmddThhmmssZ").await;
}

#[tokio::test]
async fn keys_scopes_and_clocks_of_others_are_refused() {
    let usual = Signing::default;
    let at = |seconds: i64| Signing { at: NOW.plus_millis(seconds * 1000), ..usual() };
    check_signing("another secret", MISMATCH, Signing { secret: "guess", ..usual() }).await;
    check_signing("an empty secret", MISMATCH, Signing { secret: "", ..usual() }).await;
    check_signing("another key", MISMATCH, Signing { key_id: "AKIAOTHER", ..usual() }).await;
    check_signing("another region", MISMATCH, Signing { region: "us-east-1", ..usual() }).await;
    check_signing("another service", MISMATCH, Signing { service: "sns", ..usual() }).await;
    check_signing(
        "another host",
        MISMATCH,
        Signing { host: "sqs.eu-west-2.amazonaws.com", ..usual() },
    )
    .await;
    check_signing("14:59 ago", OK, at(-899)).await;
    check_signing("15:01 ago", MISMATCH, at(-901)).await;
    check_signing("14:59 ahead", OK, at(899)).await;
    check_signing("15:01 ahead", MISMATCH, at(901)).await;
    check_signing("a year ahead", MISMATCH, at(365 * 86_400)).await;
    check_signing("1971", MISMATCH, at(-55 * 365 * 86_400)).await;
}

#[tokio::test]
async fn an_unknown_key_and_a_wrong_signature_are_answered_alike() {
    let answers = [
        send(Signing { key_id: "AKIAOTHER", ..Signing::default() }, |_| {}).await,
        send(Signing { secret: "guess", ..Signing::default() }, |_| {}).await,
        send(Signing { key_id: "AKIAOTHER", secret: "guess", ..Signing::default() }, |_| {}).await,
    ];
    let seen = answers
        .map(|answer| (answer.status, answer.body.replace(answer.header("x-amzn-requestid"), "")));
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[tokio::test]
async fn a_request_of_an_unknown_key_is_refused_unread() {
    let mut request =
        Signing { key_id: "AKIAOTHER", ..Signing::default() }.post("/", &[FORM], BODY);
    let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    *request.body_mut() = Body::from_stream(never);
    assert_eq!(Rig::new().send(request).await.code(), "SignatureDoesNotMatch");
}

#[tokio::test]
async fn a_signed_request_has_only_so_many_parameters_in_its_query() {
    for (others, expect) in [(498, "200 ok"), (499, "400 InvalidQueryParameter")] {
        let more = (0..others).fold(String::new(), |more, number| more + &format!("&a{number}"));
        let target = format!("{QUEUE_PATH}?Action=SendMessage&MessageGroupId=g{more}");
        let request = Signing::default().post(&target, &[FORM], "MessageBody=x");
        let answer = Rig::new().send(request).await;
        let seen = format!("{} {}", answer.status.as_u16(), answer.code());
        assert_eq!(seen, expect, "{others}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_as_clients_correct_it() {
    let mut answers = Vec::new();
    for seconds in [-3600, 3600] {
        let signing = Signing { at: NOW.plus_millis(seconds * 1000), ..Signing::default() };
        let answer = Rig::new()
            .send(signing.post("/", &[JSON, ("x-amz-target", "AmazonSQS.SendMessage")], "{}"))
            .await;
        assert_eq!(answer.header("x-amzn-query-error"), "SignatureDoesNotMatch;Sender");
        answers.push(answer.json()["message"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        answers[0],
        "Signature expired: 20261123T080000Z is now earlier than 20261123T090000Z - 15 min."
    );
    assert_eq!(
        answers[1],
        "Signature not yet current: 20261123T100000Z is still later than 20261123T090000Z + 15 min."
    );
}

async fn check_body(headers: &[(&str, &str)], body: impl Into<Vec<u8>>, expect: &str) {
    let answer = Rig::new().send(Signing::default().post(QUEUE_PATH, headers, body)).await;
    assert_eq!(
        format!("{} {}", answer.status.as_u16(), answer.code()),
        expect,
        "{headers:?}: {}",
        answer.body
    );
}

#[tokio::test]
async fn signed_nonsense_is_refused_in_sqs_own_words() {
    let send = ("x-amz-target", "AmazonSQS.SendMessage");
    check_body(&[send], "{}", "415 UnsupportedMediaType").await;
    check_body(&[send, ("content-type", "application/json")], "{}", "415 UnsupportedMediaType")
        .await;
    check_body(&[send, FORM], BODY, "415 UnsupportedMediaType").await;
    check_body(&[send, JSON], BODY, "400 MalformedInput").await;
    check_body(&[send, JSON], "", "400 MalformedInput").await;
    check_body(&[send, JSON], "{\"MessageBody\":\"\\ud800\"}", "400 MalformedInput").await;
    check_body(&[send, JSON], "[".repeat(100_000), "400 MalformedInput").await;
    check_body(&[send, JSON], b"{\"MessageBody\":\"\xff\"}", "400 MalformedInput").await;
    check_body(&[("x-amz-target", "SendMessage"), JSON], "{}", "400 InvalidAction").await;
    check_body(&[("x-amz-target", "DynamoDB.SendMessage"), JSON], "{}", "400 InvalidAction").await;
    check_body(&[("x-amz-target", ""), JSON], "{}", "400 InvalidAction").await;
    check_body(&[FORM], b"Action=SendMessage&MessageBody=\xff", "400 MalformedInput").await;
    check_body(&[FORM], "Action=SendMessage&".repeat(3), "400 MalformedInput").await;
    check_body(&[("content-type", "application/json")], EVENT, "400 MissingAction").await;
    check_body(
        &[FORM],
        format!("{BODY}{}", "x".repeat(2 * 1024 * 1024)),
        "400 InvalidParameterValue",
    )
    .await;
    check_body(
        &[FORM],
        format!("{BODY}{}", "x".repeat(4 * 1024 * 1024)),
        "413 RequestEntityTooLarge",
    )
    .await;
}
