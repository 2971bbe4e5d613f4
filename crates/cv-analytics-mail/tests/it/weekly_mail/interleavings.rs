//! Whatever the order, the delays and the crashes: never missed, and twice only after a crash.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::{sleep, timeout};

use crate::weekly_mail::fakes::{Run, World};

/// A run, when it begins, and when it crashes.
#[derive(Debug, Clone)]
struct Planned {
    run: Run,
    begins_ms: u64,
    crashes_after_ms: Option<u64>,
}

fn planned() -> impl Strategy<Value = Planned> {
    let run = (
        prop::collection::vec(0_u64..900, 1..6),
        prop::option::weighted(0.2, 0_usize..3),
        0_u64..19_000,
        prop::bool::weighted(0.2),
    );
    let crash = prop::option::weighted(0.4, 0_u64..25_000);
    (run, 0_u64..70_000, crash).prop_map(|(run, begins_ms, crashes_after_ms)| {
        let (ledger_ms, lost_answer, hand_over_ms, refuses) = run;
        let refuses = refuses.then_some("*");
        let run = Run { ledger_ms, lost_answer, hand_over_ms, refuses, ..Run::default() };
        Planned { run, begins_ms, crashes_after_ms }
    })
}

/// Runs them all at once, then one that nothing happens to; says how many crashed and how many mails arrived.
async fn all(plan: Vec<Planned>) -> (usize, usize) {
    let world = World::new();
    let runs = plan.into_iter().enumerate().map(|(number, planned)| {
        let world = world.clone();
        async move {
            sleep(Duration::from_millis(planned.begins_ms)).await;
            let limit = Duration::from_millis(planned.crashes_after_ms.unwrap_or(3_600_000));
            let claimant = format!("run {number}");
            timeout(limit, world.send_one(&claimant, planned.run, false)).await.is_err()
        }
    });
    let crashed = futures_util::future::join_all(runs).await;
    let last = world.send_one("the last", Run::default(), false).await;
    assert!(last == "sent" || last == "before", "{last}");
    (crashed.into_iter().filter(|&crashed| crashed).count(), world.delivered().len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_mail_is_never_missed_and_sent_twice_only_after_a_crash(
        plan in prop::collection::vec(planned(), 1..5)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let (crashed, delivered) = runtime.block_on(all(plan));
        prop_assert!(delivered >= 1, "the mail was missed");
        prop_assert!(delivered <= 1 + crashed, "{delivered} mails, {crashed} crashes");
    }
}
