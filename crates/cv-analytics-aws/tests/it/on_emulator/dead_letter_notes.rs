//! Notes of dead letters, beside the interactions and never among them.

use cv_analytics_core::store::ReportSource as _;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;

use crate::on_emulator::emulated_tables::{ASKED_AT, exported, observed, store};

#[tokio::test]
async fn a_dead_letter_is_counted_once_in_the_week_it_arrived_in() {
    let store = store();
    let arrived_at = Timestamp::from_millis(ASKED_AT);
    for id in ["a", "b", "a"] {
        store.tables().note_dead_letter(id, arrived_at).await.unwrap();
    }
    let week = IsoWeek::containing(arrived_at);
    let deliveries = store.deliveries(week).await.unwrap();
    assert_eq!(
        (deliveries.dead_letters, deliveries.duplicates, deliveries.conflicts),
        (2, None, None)
    );
    assert_eq!(store.deliveries(week.later(1)).await.unwrap().dead_letters, 0);
    assert_eq!(observed(&store).await, []);
    assert_eq!(exported(&store).await, []);
}
