//! Gap marks on the pages.

use serde_json::json;

use crate::rig::{MONDAY, Rig, whole};

#[tokio::test]
async fn a_gap_is_marked_on_the_page_and_the_report_follows() {
    let rig = Rig::new().await;
    let none = json!({"matchType": "none", "outcome": "no_match"});
    rig.keep(&[
        whole("r1", MONDAY, "Do you know k8s?", &none),
        whole("r2", MONDAY + 1000, "What is your notice period?", &none),
    ])
    .await;
    let before = rig.page("/weeks/2026-W47").await;
    assert!(before.contains("value=\"have-it\" aria-pressed=\"false\""), "{before}");
    let fields = [("name", "Kubernetes"), ("mark", "learning"), ("next", "/weeks/2026-W47#gap-0")];
    let answer = rig.post("/settings/gap-marks", &fields).await;
    assert_eq!(answer.header("location"), "/weeks/2026-W47#gap-0");
    let after = rig.page("/weeks/2026-W47").await;
    assert!(after.contains("value=\"learning\" aria-pressed=\"true\""), "{after}");
    rig.post("/settings/gap-marks", &[("name", "notice period"), ("mark", "noise")]).await;
    assert!(!rig.page("/weeks/2026-W47").await.contains("notice period</span>"));
    assert!(rig.page("/settings").await.contains("notice period"));
    rig.post("/settings/gap-marks", &[("name", "notice period"), ("mark", "none")]).await;
    assert!(rig.page("/weeks/2026-W47").await.contains("notice period</span>"));
    for fields in [[("name", ""), ("mark", "noise")], [("name", "Go"), ("mark", "great")]] {
        assert_eq!(rig.post("/settings/gap-marks", &fields).await.status, 400, "{fields:?}");
    }
}
