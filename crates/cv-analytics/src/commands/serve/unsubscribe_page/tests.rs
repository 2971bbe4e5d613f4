//! The unsubscribe page: by a look, by one click, by the button, and by a link that is not one.

use axum::http::{Method, Request};
use cv_analytics_mail::message::address::MailAddress;
use cv_analytics_mail::weekly_mail::delivery_lease::recipient_digest;
use cv_analytics_sqlite::SqliteStore;
use http_body_util::BodyExt;
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;

const FORM: &str = "application/x-www-form-urlencoded";

fn clock() -> Timestamp {
    Timestamp::from_millis(1_795_424_400_000)
}

fn owner() -> MailAddress {
    "owner@example.org".parse().unwrap()
}

struct Site {
    router: Router,
    store: SqliteStore,
    link: String,
    _folder: TempDir,
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("cv-analytics.db")).unwrap();
        let key = UnsubscribeKey::kept_or_made(&store, || "k".repeat(64)).await.unwrap();
        let link = format!("/unsubscribe/{}", key.token(&owner()));
        let router = unsubscribe_page(Arc::new(store.clone()), key, clock);
        Self { router, store, link, _folder: folder }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: &str,
    ) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path).header("content-type", kind);
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        if status != StatusCode::METHOD_NOT_ALLOWED {
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
            assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        }
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn look(&self) -> String {
        let (status, page) = self.ask(Method::GET, &self.link, FORM, "").await;
        assert_eq!(status, StatusCode::OK);
        page
    }

    async fn is_unsubscribed(&self) -> bool {
        let record = RecipientRecord::load(&self.store, &recipient_digest(&owner())).await;
        record.unwrap().unsubscribed.is_some()
    }
}

#[tokio::test]
async fn a_look_changes_nothing_and_names_nobody() {
    let site = Site::new().await;
    for _ in 0..2 {
        let page = site.look().await;
        assert!(page.contains(">Unsubscribe</button>"), "{page}");
        assert!(!page.contains("owner"), "{page}");
        assert!(
            page.contains("<link rel=\"stylesheet\" href=\"/assets/dashboard.css\">"),
            "{page}"
        );
        assert!(!site.is_unsubscribed().await);
    }
}

#[tokio::test]
async fn one_click_unsubscribes_in_either_encoding_and_however_often() {
    let multipart = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    for (kind, body) in
        [(FORM, "List-Unsubscribe=One-Click"), ("multipart/form-data; boundary=x", multipart)]
    {
        let site = Site::new().await;
        for _ in 0..2 {
            let (status, page) = site.ask(Method::POST, &site.link, kind, body).await;
            assert_eq!(status, StatusCode::OK);
            assert!(page.contains("Unsubscribed"), "{page}");
            assert!(site.is_unsubscribed().await);
        }
        assert!(site.look().await.contains("Subscribe again"));
    }
}

#[tokio::test]
async fn the_button_unsubscribes_and_subscribes_again() {
    let site = Site::new().await;
    for (wish, gone) in [("unsubscribe", true), ("subscribe", false), ("subscribe", false)] {
        let form = format!("wish={wish}");
        let (status, _) = site.ask(Method::POST, &site.link, FORM, &form).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(site.is_unsubscribed().await, gone);
    }
}

#[tokio::test]
async fn a_link_that_is_none_is_a_404_that_tells_nothing() {
    let site = Site::new().await;
    let wrong = format!("{}0", site.link.get(..site.link.len() - 1).unwrap());
    let mut bodies = Vec::new();
    for path in ["/unsubscribe/x", "/unsubscribe/%ff", "/unsubscribe/é%20", wrong.as_str()] {
        let path = path.replace('é', "%C3%A9");
        for method in [Method::GET, Method::POST] {
            let (status, body) = site.ask(method, &path, FORM, "List-Unsubscribe=One-Click").await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            bodies.push(body);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    assert!(!site.is_unsubscribed().await);
}

#[tokio::test]
async fn a_post_of_anything_else_changes_nothing() {
    let site = Site::new().await;
    for body in ["", "wish=", "wish=other", "List-Unsubscribe=Two-Clicks", &"x".repeat(100_000)] {
        let (status, _) = site.ask(Method::POST, &site.link, FORM, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(!site.is_unsubscribed().await);
    }
    let (status, _) = site.ask(Method::DELETE, &site.link, FORM, "").await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}
