//! Refused messages stand above every page.

use cv_analytics_core::intake::refusal::{RefusalReason, Refusals};

use crate::rig::{HOST, NOW, Rig, TOKEN};

const HOUR_MS: i64 = 3600 * 1000;

fn refused(reason: RefusalReason, count: u64, hours_ago: i64) -> Refusals {
    Refusals { reason, count, last_at: NOW.plus_millis(-hours_ago * HOUR_MS) }
}

const PAGES: [&str; 8] = [
    "/weeks",
    "/weeks/2026-W47",
    "/questions",
    "/live",
    "/dead-letters",
    "/settings",
    "/mail",
    "/connect",
];

#[tokio::test]
async fn every_page_tells_what_was_refused_within_a_day_and_what_to_change() {
    let rig = Rig::new().await;
    let sentence = "Messages were refused, and are missing from your figures";
    rig.store.add_refusals(vec![refused(RefusalReason::Host, 7, 25)]).await.unwrap();
    for page in PAGES {
        assert!(!rig.page(page).await.contains(sentence), "{page}");
    }
    let recent = vec![refused(RefusalReason::Key, 21, 1), refused(RefusalReason::Clock, 1, 2)];
    rig.store.add_refusals(recent).await.unwrap();
    for page in PAGES {
        let body = rig.page(page).await;
        for part in [
            sentence,
            "21 messages with an unknown access key were refused, the last",
            "1 hour ago",
            "Give your agent the four secrets in credentials.env again.",
            "1 message with a date more than 15 minutes off was refused",
            "another sender sent them",
        ] {
            assert!(body.contains(part), "{page} lacks {part:?}: {body}");
        }
        assert!(!body.contains("7 messages"), "{page}");
    }
    // With the bearer token too; the login page tells nobody.
    let request = axum::http::Request::get("/weeks/2026-W47").header("host", HOST);
    let request = request.header("authorization", format!("Bearer {TOKEN}"));
    let answer = rig.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert!(answer.body.contains(sentence), "{}", answer.body);
    let request = axum::http::Request::get("/login").header("host", HOST);
    let answer = rig.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert!(!answer.body.contains(sentence), "{}", answer.body);
}
