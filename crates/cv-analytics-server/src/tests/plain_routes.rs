//! Reports, health, metrics, and what is nowhere.

use cv_analytics_core::store::StoreError;

use super::*;

fn get(path: &str, authorization: &str) -> Request<Body> {
    request("GET", path, authorization)
}

fn request(method: &str, path: &str, authorization: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !authorization.is_empty() {
        request = request.header("authorization", authorization);
    }
    request.body(Body::empty()).unwrap()
}

async fn check(method: &str, path: &str, authorization: &str, status: u16, part: &str) {
    let answer = Rig::new().send(request(method, path, authorization)).await;
    assert_eq!(answer.status, status, "{method} {path} {authorization:?}: {}", answer.body);
    assert!(answer.body.contains(part), "{}", answer.body);
    assert_eq!(answer.header("www-authenticate"), if status == 401 { "Bearer" } else { "" });
}

const TOKEN: &str = "Bearer a bearer token";

#[tokio::test]
async fn routes_are_guarded_and_strict() {
    check("GET", "/v1/reports/2026-W47", TOKEN, 200, r#"{"week":"2026-W47"}"#).await;
    check("GET", "/v1/reports/2026-W47", "bearer a bearer token", 200, "2026-W47").await;
    check("GET", "/v1/reports/2020-W53", TOKEN, 200, "2020-W53").await;
    check("GET", "/v1/reports/2026-W54", TOKEN, 400, "2026-W47").await;
    check("GET", "/v1/reports/last", TOKEN, 400, "write the year and the week").await;
    check("GET", "/v1/reports/%ff", TOKEN, 400, "bad_request").await;
    check("GET", "/v1/reports/%ff", "", 401, "unauthorized").await;
    check("GET", "/v1/reports/%00", TOKEN, 400, "bad_request").await;
    check("GET", "/v1/reports/2026-W47", "", 401, "unauthorized").await;
    check("GET", "/v1/reports/2026-W47", "Bearer", 401, "unauthorized").await;
    check("GET", "/v1/reports/2026-W47", "Bearer ", 401, "unauthorized").await;
    check("GET", "/v1/reports/2026-W47", "Bearer a bearer toke", 401, "unauthorized").await;
    check("GET", "/v1/reports/2026-W47", "Bearer a bearer token2", 401, "unauthorized").await;
    check("GET", "/v1/reports/2026-W47", "Basic a bearer token", 401, "unauthorized").await;
    check("POST", "/v1/reports/2026-W47", TOKEN, 405, "method_not_allowed").await;
    check("POST", "/v1/events", "", 401, "unauthorized").await;
    check("GET", "/v1/events", TOKEN, 405, "method_not_allowed").await;
    check("GET", "/healthz", "", 200, r#"{"status":"ok"}"#).await;
    check("HEAD", "/healthz", "", 200, "").await;
    check("POST", "/healthz", "", 405, "method_not_allowed").await;
    check("GET", "/metrics", "", 401, "unauthorized").await;
    check("GET", "/metrics", TOKEN, 200, "cv_analytics_build_info{version=\"0.1.0\"} 1").await;
    check("GET", QUEUE_PATH, "", 405, "method_not_allowed").await;
    check("DELETE", "/", "", 405, "method_not_allowed").await;
    check("GET", "/nowhere", "", 404, "not_found").await;
    check("GET", "/no/where", "", 404, "not_found").await;
    check("GET", "/a/b/c", "", 404, "not_found").await;
    check("POST", "/v1/events/", TOKEN, 400, "the body is empty").await;
    check("PUT", "/v1/events/", TOKEN, 405, "method_not_allowed").await;
    check("POST", "//v1/events", TOKEN, 404, "not_found").await;
}

#[tokio::test]
async fn a_browser_gets_a_page_where_nothing_is() {
    for path in ["/nowhere", "/no/where", "/a/b/c"] {
        let mut asked = get(path, "");
        asked.headers_mut().insert("accept", "text/html,*/*;q=0.8".parse().unwrap());
        assert_eq!(Rig::new().send(asked).await.body, "a page", "{path}");
    }
}

#[tokio::test]
async fn damage_is_told_until_the_next_start() {
    let rig = Rig::new();
    rig.server.note_damage(&StoreError::refused("could not read: the database is damaged"));
    let sent = rig.query(QUEUE_PATH, "Action=SendMessage&MessageGroupId=g&MessageBody=x").await;
    assert_eq!(sent.status, 200, "what can be kept is kept");
    let health = rig.send(get("/healthz", "")).await;
    assert_eq!(health.status, 503);
    assert!(health.body.contains("the store is damaged"), "{}", health.body);
}

#[tokio::test]
async fn two_tokens_are_none() {
    let mut twice = get("/metrics", TOKEN);
    twice.headers_mut().append("authorization", TOKEN.parse().unwrap());
    assert_eq!(Rig::new().send(twice).await.status, 401);
}

#[tokio::test]
async fn metrics_tell_what_happened() {
    let rig = Rig::new();
    rig.query(QUEUE_PATH, "Action=SendMessage&MessageGroupId=g&MessageBody=x").await;
    rig.query(QUEUE_PATH, "Action=SendMessage&MessageGroupId=g&MessageBody=x").await;
    rig.send(get("/metrics", "Bearer wrong")).await;
    let text = rig.send(get("/metrics", TOKEN)).await.body;
    for line in [
        "cv_analytics_messages_total{disposition=\"deadLetter\"} 1",
        "cv_analytics_messages_total{disposition=\"deduplicated\"} 1",
        "cv_analytics_http_requests_total{route=\"/\",status=\"200\"} 2",
        "cv_analytics_authentication_failures_total{reason=\"token\"} 1",
        "cv_analytics_acknowledgement_seconds_count 2",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_one() {
    let answer = Rig::new().send(request("PUT", "/v1/events", TOKEN)).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"));
}
