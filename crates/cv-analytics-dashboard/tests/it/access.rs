//! Who is let in, route by route.

use axum::body::Body;
use axum::http::Request;

use crate::rig::{HOST, Rig, TOKEN};

/// Every route, with what an owner gets.
const ROUTES: [(&str, &str, u16); 30] = [
    ("GET", "/", 303),
    ("GET", "/weeks", 200),
    ("GET", "/weeks?by=quarter&show=shares", 200),
    ("GET", "/weeks?week=2026-W47", 303),
    ("GET", "/weeks/2026-W47", 200),
    ("GET", "/questions", 200),
    ("GET", "/questions?week=2026-W47&text=go", 200),
    ("GET", "/questions.csv", 200),
    ("GET", "/questions.jsonl", 200),
    ("GET", "/interactions/none", 404),
    ("GET", "/sessions/0123456789abcdef", 404),
    ("GET", "/live", 200),
    ("GET", "/dead-letters", 200),
    ("GET", "/dead-letters/7", 404),
    ("GET", "/settings", 200),
    ("GET", "/assets/live.js", 200),
    ("GET", "/assets/none.js", 404),
    ("GET", "/weeks/last", 400),
    ("GET", "/questions?colour=red", 400),
    ("HEAD", "/weeks/2026-W47", 200),
    ("POST", "/logout", 303),
    ("POST", "/settings/gap-marks", 400),
    ("POST", "/settings/cv", 400),
    ("POST", "/settings/none", 404),
    ("POST", "/settings/undo", 400),
    ("GET", "/connect", 200),
    ("GET", "/connect/test/r1", 404),
    ("POST", "/connect/secrets", 200),
    ("POST", "/dead-letters/7/retry", 303),
    ("POST", "/dead-letters/7/drop", 303),
];

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

/// What every route answers to these headers.
async fn check_all(headers: &[(&str, &str)], expect: impl Fn(&str, u16) -> u16) {
    let rig = Rig::new().await;
    for (method, path, usual) in ROUTES {
        let answer = rig.send(request(method, path, headers)).await;
        assert_eq!(
            answer.status,
            expect(method, usual),
            "{method} {path} {headers:?}: {}",
            answer.body
        );
        assert!(answer.header("content-security-policy").starts_with("default-src 'none';"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        let is_file = path.starts_with("/assets") && answer.status == 200;
        assert_eq!(answer.header("cache-control") == "no-store", !is_file, "{path}");
    }
}

#[tokio::test]
async fn the_token_opens_every_route() {
    let bearer = format!("Bearer {TOKEN}");
    check_all(&[("host", HOST), ("authorization", &bearer)], |_, usual| usual).await;
}

#[tokio::test]
async fn nothing_answers_without_a_token() {
    check_all(&[("host", HOST)], |_, _| 401).await;
    check_all(&[("host", HOST), ("authorization", "Bearer no")], |_, _| 401).await;
    check_all(&[("host", HOST), ("cookie", "cv-analytics-session=0123")], |_, _| 401).await;
}

#[tokio::test]
async fn a_browser_without_a_session_is_sent_to_the_login_page() {
    let headers = [("host", HOST), ("accept", "text/html,*/*;q=0.8")];
    check_all(&headers, |method, _| if method == "GET" { 303 } else { 401 }).await;
    let answer = Rig::new().await.send(request("GET", "/weeks/2026-W47", &headers)).await;
    assert_eq!(answer.header("location"), "/login?next=%2Fweeks%2F2026-W47");
}

#[tokio::test]
async fn another_host_is_refused_with_the_token_too() {
    let bearer = format!("Bearer {TOKEN}");
    for host in ["evil.example", "127.0.0.1:1", "evil.example:8787", ""] {
        check_all(&[("host", host), ("authorization", &bearer)], |_, _| 421).await;
    }
    check_all(&[("authorization", &bearer)], |_, _| 421).await;
}

#[tokio::test]
async fn loopback_names_and_the_public_address_are_ours() {
    let rig = Rig::with(Some("https://cv.example")).await;
    let bearer = format!("Bearer {TOKEN}");
    for host in ["localhost:8787", "127.0.0.1:8787", "[::1]:8787", "cv.example", "CV.example:443"] {
        let headers = [("host", host), ("authorization", &*bearer)];
        assert_eq!(rig.send(request("GET", "/settings", &headers)).await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn a_change_from_another_site_is_refused() {
    let rig = Rig::new().await;
    let token = rig.get("/settings").await.form_token();
    let form = format!("form-token={token}&name=Go&mark=noise");
    let post = |headers: Vec<(&str, &str)>, form: &str| {
        let mut request =
            Request::post("/settings/gap-marks").header("host", HOST).header("cookie", &rig.cookie);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.body(Body::from(form.to_owned())).unwrap()
    };
    let ours = format!("http://{HOST}");
    for (headers, form, expect) in [
        (vec![("sec-fetch-site", "same-origin")], &*form, 303),
        (vec![("origin", &*ours)], &form, 303),
        (vec![("origin", "null")], &form, 303),
        (vec![], &form, 303),
        (vec![("sec-fetch-site", "cross-site")], &form, 403),
        (vec![("sec-fetch-site", "same-site")], &form, 403),
        (vec![("sec-fetch-site", "cross-site"), ("origin", &*ours)], &form, 403),
        (vec![("origin", "https://evil.example")], &form, 403),
        (vec![("origin", "http://127.0.0.1:1")], &form, 403),
        (vec![("sec-fetch-site", "same-origin")], "name=Go&mark=noise", 403),
        (vec![("sec-fetch-site", "same-origin")], "form-token=no&name=Go&mark=noise", 403),
    ] {
        let answer = rig.send(post(headers.clone(), form)).await;
        assert_eq!(answer.status, expect, "{headers:?} {form}: {}", answer.body);
    }
}

#[tokio::test]
async fn the_cookie_is_strict_and_ends_with_the_session() {
    let rig = Rig::new().await;
    let form = format!("token={TOKEN}&next=/weeks/2026-W47");
    let request = Request::post("/login").header("host", HOST).body(Body::from(form)).unwrap();
    let answer = rig.send(request).await;
    assert_eq!(answer.header("location"), "/weeks/2026-W47");
    let cookie = answer.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"] {
        assert!(cookie.split("; ").any(|known| known == part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Secure"));
    let answer = rig.post("/logout", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/login"));
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(rig.get("/settings").await.status, 303);
    let kept = std::fs::read_to_string(rig.folder.path().join("dashboard-sessions.json")).unwrap();
    assert!(!kept.contains(rig.cookie.split('=').nth(1).unwrap()));
}

#[tokio::test]
async fn under_https_the_cookie_is_secure() {
    let rig = Rig::with(Some("https://cv.example")).await;
    let form = format!("token={TOKEN}");
    let request = Request::post("/login").header("host", "cv.example").body(Body::from(form));
    let answer = rig.send(request.unwrap()).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-cv-analytics-session=") && cookie.contains("; Secure"));
}

#[tokio::test]
async fn wrong_tokens_are_counted_and_then_refused_and_the_owner_is_not() {
    let rig = Rig::new().await;
    let try_one = async |token: &str| {
        let request = Request::post("/login").header("host", HOST);
        rig.send(request.body(Body::from(format!("token={token}"))).unwrap()).await
    };
    let first = try_one("no").await;
    assert_eq!(first.status, 403);
    assert!(first.body.contains("role=\"alert\""));
    assert_eq!(try_one(TOKEN).await.status, 303);
    let mut refused = 0;
    for _ in 0..120 {
        let answer = try_one("no").await;
        refused += u32::from(answer.status == 429);
        assert_eq!(answer.status == 429, !answer.header("retry-after").is_empty());
    }
    assert!(refused > 0);
    // The owner's address is not held up by others' failures.
    assert_eq!(try_one(TOKEN).await.status, 303);
    let bearer = Request::get("/").header("host", HOST);
    let bearer = bearer.header("authorization", format!("Bearer {TOKEN}"));
    assert_eq!(rig.send(bearer.body(Body::empty()).unwrap()).await.status, 303);
}

#[tokio::test]
async fn a_form_that_does_not_come_is_not_waited_for() {
    let rig = Rig::new().await;
    tokio::time::pause();
    let never =
        Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let request = Request::post("/login").header("host", HOST).body(never).unwrap();
    assert_eq!(rig.send(request).await.status, 408);
}

#[tokio::test]
async fn a_link_from_a_mail_goes_on_through_a_page_of_ours() {
    let rig = Rig::new().await;
    let mail = [
        ("host", HOST),
        ("accept", "text/html"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
    ];
    let answer = rig.send(request("GET", "/questions?skill=C%2B%2B&week=2026-W47", &mail)).await;
    assert_eq!(answer.status, 200);
    let again = "content=\"0; url=&#x2f;questions?skill=C%2B%2B&amp;week=2026-W47\"";
    assert!(answer.body.contains(again), "{}", answer.body);
    assert!(!answer.body.contains("/weeks/"));
    // A path can look like another site's address.
    let elsewhere = rig.send(request("GET", "//evil.example/weeks", &mail)).await;
    assert!(!elsewhere.body.contains("evil.example"), "{}", elsewhere.body);
}

#[tokio::test]
async fn the_login_page_and_its_style_are_open() {
    let rig = Rig::new().await;
    for path in ["/login", "/login?next=/settings", "/assets/dashboard.css", "/assets/icon.svg"] {
        assert_eq!(rig.send(request("GET", path, &[("host", HOST)])).await.status, 200, "{path}");
    }
    assert_eq!(rig.get("/login?next=//evil.example").await.header("location"), "/");
}
