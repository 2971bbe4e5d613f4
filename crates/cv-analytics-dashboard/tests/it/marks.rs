//! Gap marks on the pages.

use std::sync::atomic::{AtomicI64, Ordering};

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_insights::settings::FigureSettings;
use serde_json::json;

use crate::rig::{Answered, MONDAY, NOW, Rig, mailing, whole};

const DAY: i64 = 86_400_000;

const WEEK: &str = "/weeks/2026-W47";

/// A week with two gaps, of which Kubernetes has two kinds.
async fn rig() -> Rig {
    let rig = Rig::new().await;
    let none = json!({"matchType": "none", "outcome": "no_match"});
    let failed = json!({"outcome": "error"});
    rig.keep(&[
        whole("r1", MONDAY, "Do you know k8s?", &none),
        whole("r2", MONDAY + 1000, "What is your notice period?", &none),
        whole("r3", MONDAY + 2000, "Kubernetes?", &failed),
        whole("r4", MONDAY + 3000, "k8s at work?", &none),
    ])
    .await;
    rig
}

async fn mark(rig: &Rig, name: &str, mark: &str, next: &str) -> Answered {
    rig.post("/settings/gap-marks", &[("name", name), ("mark", mark), ("next", next)]).await
}

/// What a page says was done, up to the end of its section.
fn done(page: &str) -> &str {
    let (_, after) = page.split_once("role=\"status\"").unwrap_or_default();
    after.split("</form>").next().unwrap_or_default()
}

/// The row of a gap.
fn gap<'p>(page: &'p str, name: &str) -> Option<&'p str> {
    let rows = page.split("<tbody class=\"gap\" id=\"").skip(1);
    let name = format!("<span dir=\"auto\">{name}</span>");
    rows.filter_map(|row| row.split("</tbody>").next()).find(|row| row.contains(&name))
}

#[tokio::test]
async fn a_gap_is_marked_on_the_page_which_says_so_and_the_report_follows() {
    let rig = rig().await;
    let before = rig.page(WEEK).await;
    assert!(before.contains("value=\"have-it\" aria-pressed=\"false\""), "{before}");
    let row = gap(&before, "Kubernetes").unwrap();
    assert!(row.contains("Not covered · Failed or unanswered"), "{row}");
    assert_eq!(before.matches("<tbody class=\"gap\"").count(), 2, "one row whatever its kinds");
    let answer = mark(&rig, "k8s", "learning", "/weeks/2026-W47#gap-0").await;
    assert_eq!(answer.header("location"), "/weeks/2026-W47?marked=Kubernetes#gap-0");
    let after = rig.page("/weeks/2026-W47?marked=Kubernetes").await;
    assert!(after.contains("value=\"learning\" aria-pressed=\"true\""), "{after}");
    assert!(done(&after).contains("Kubernetes</strong>: marked “Learning it”: reports track it"));
    assert_eq!(after.matches("class=\"note marked\"").count(), 1, "its row says so");
    assert!(rig.page(WEEK).await.contains("learning\" aria-pressed=\"true\""));
    assert_eq!(done(&rig.page(WEEK).await), "");
}

#[tokio::test]
async fn what_was_marked_is_taken_back_in_the_same_place() {
    let rig = rig().await;
    let next = "/weeks/2026-W47?marked=other#gap-9";
    let answer = mark(&rig, "notice period", "noise", next).await;
    let marked = "/weeks/2026-W47?marked=notice+period";
    assert_eq!(answer.header("location"), format!("{marked}#gap-9"));
    let page = rig.page(marked).await;
    assert_eq!(gap(&page, "notice period"), None, "no gap any more");
    assert!(done(&page).contains("marked “Ignore”: reports leave it out from now on."));
    assert!(done(&page).contains("value=\"none\">Undo"), "{}", done(&page));
    assert!(rig.page("/settings").await.contains("notice period"));

    mark(&rig, "notice period", "not-mine", "").await;
    assert!(done(&rig.page(marked).await).contains("value=\"back\">Back to “Ignore”"));
    mark(&rig, "notice period", "none", "").await;
    let page = rig.page(marked).await;
    assert!(done(&page).contains("</strong>: no mark any more."), "{}", done(&page));
    assert!(gap(&page, "notice period").is_some());
}

#[tokio::test]
async fn a_mark_and_its_way_back_leave_everything_as_it_was() {
    static CLOCK: AtomicI64 = AtomicI64::new(NOW.as_millis());
    let clock = || Timestamp::from_millis(CLOCK.load(Ordering::Relaxed));
    let rig = Rig::at(clock, None, mailing(&[])).await;
    let none = json!({"matchType": "none", "outcome": "no_match"});
    rig.keep(&[whole("r1", MONDAY, "Do you know k8s?", &none)]).await;
    mark(&rig, "Kubernetes", "have-it", "").await;
    let settings = async || FigureSettings::load(&rig.store).await.unwrap();
    let before = settings().await;

    CLOCK.fetch_add(20 * DAY, Ordering::Relaxed);
    mark(&rig, "Kubernetes", "learning", "").await;
    assert_ne!(settings().await, before);
    let marked = "/settings?marked=Kubernetes";
    assert!(done(&rig.page(marked).await).contains("value=\"back\">Back to “On my CV now”"));
    mark(&rig, "Kubernetes", "back", "").await;
    assert_eq!(settings().await, before);
    // The button that is pressed already begins nothing anew.
    mark(&rig, "Kubernetes", "have-it", "").await;
    assert_eq!(settings().await, before);
    // A bookmarked address cannot undo any more.
    mark(&rig, "Kubernetes", "learning", "").await;
    CLOCK.fetch_add(DAY, Ordering::Relaxed);
    assert!(!rig.page(marked).await.contains("value=\"back\""));
}

#[tokio::test]
async fn an_address_cannot_make_a_page_say_that_something_was_marked() {
    let rig = rig().await;
    for path in [WEEK, "/settings", "/questions?week=2026-W47"] {
        let sign = if path.contains('?') { '&' } else { '?' };
        let page = rig.page(&format!("{path}{sign}marked=Your+data+is+lost")).await;
        assert!(!page.contains("data is lost"), "{path}");
    }
}

#[tokio::test]
async fn the_first_action_and_the_questions_of_a_gap_have_its_buttons() {
    let rig = rig().await;
    let page = rig.page(WEEK).await;
    let (_, action) = page.split_once("id=\"first-action\"").unwrap();
    let (action, _) = action.split_once("</section>").unwrap();
    assert!(action.contains("name=\"name\" value=\"Kubernetes\""), "{action}");
    assert_eq!(action.matches("aria-pressed=\"false\"").count(), 4);
    let (_, asked) = action.split_once("What people asked").unwrap();
    assert!(asked.contains("<li dir=\"auto\">“"), "{asked}");

    let questions = "/questions?week=2026-W47&gap=Kubernetes";
    assert!(
        rig.page(questions).await.contains("What is <span dir=\"auto\">Kubernetes</span> to you?")
    );
    assert!(!rig.page("/questions?week=2026-W47").await.contains("to you?"));
    let answer = mark(&rig, "Kubernetes", "have-it", questions).await;
    assert_eq!(answer.header("location"), format!("{questions}&marked=Kubernetes"));
    let page = rig.page(answer.header("location")).await;
    assert!(
        done(&page).contains("On my CV now") && page.contains("aria-pressed=\"true\""),
        "{page}"
    );
}

#[tokio::test]
async fn the_card_of_a_gap_keeps_its_place_while_others_come_and_go() {
    let rig = rig().await;
    let card =
        |page: &str| gap(page, "notice period").unwrap().split('"').next().unwrap().to_owned();
    let before = card(&rig.page(WEEK).await);
    mark(&rig, "Kubernetes", "noise", "").await;
    assert_eq!(card(&rig.page(WEEK).await), before);
}

#[tokio::test]
async fn what_is_not_the_owners_is_shown_without_what_people_asked() {
    let rig = rig().await;
    let asked = "<li dir=\"auto\">“What is your notice period?”</li>";
    assert!(rig.page(WEEK).await.contains(asked));
    mark(&rig, "notice period", "not-mine", "").await;
    let page = rig.page(WEEK).await;
    assert!(gap(&page, "notice period").is_some() && !page.contains(asked));
}

#[tokio::test]
async fn a_name_that_nobody_knows_leaves_the_form_as_it_was_with_names_that_look_like_it() {
    let rig = rig().await;
    let answer = mark(&rig, "Kubernetis", "noise", "/settings").await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("aria-label=\"Pages\""), "the page has its navigation");
    assert!(answer.body.contains("No skill and no gap of these weeks is called “Kubernetis”."));
    assert!(
        answer.body.contains("name=\"name\" value=\"Kubernetes\" dir=\"auto\">Kubernetes</button>")
    );
    assert!(answer.body.contains("required maxlength=\"2000\" value=\"Kubernetis\" aria-invalid"));
    assert!(answer.body.contains("<option value=\"noise\" selected>"));
    let answer = mark(&rig, "", "noise", "").await;
    assert!(answer.status == 400 && answer.body.contains("A name has 1 to 2000 characters."));
    assert_eq!(mark(&rig, "Go", "great", "").await.status, 400);
    assert!(FigureSettings::load(&rig.store).await.unwrap().gap_marks.is_empty());
}
