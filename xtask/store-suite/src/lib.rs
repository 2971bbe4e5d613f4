//! What every store holds to. An adapter runs all of it by [`store_suite!`]: it gives what opens an empty
//! store, and gets a test for each case.
//!
//! Where stores rightly differ, a case says so: SQS deduplicates before the tables and counts no duplicates,
//! and what is retried on AWS goes to a processor that is not here.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

mod cases;
mod events;

pub use cases::*;

/// A test for each case. `$open` is an async function from the case's name to an empty store and what has to
/// live as long as it.
#[macro_export]
macro_rules! store_suite {
    ($open:path) => {
        $crate::store_suite!($open:
            joins_halves_and_says_what_became_of_each,
            keeps_feedback_and_lets_it_wait_for_its_interaction,
            swallows_or_repeats_a_message_that_comes_again,
            counts_deliveries_in_the_week_of_arrival,
            writes_a_value_only_at_the_version_that_was_read,
            scans_the_interactions_of_a_period,
            knows_its_weeks,
            gives_what_arrived_after_a_cursor,
            imports_what_counts_as_no_delivery,
            erases_a_request_and_what_comes_of_it_later,
            erases_a_session_and_what_comes_of_it_later,
            knows_a_session_that_was_erased_under_another_key,
            lists_dead_letters_and_gives_them_whole,
            drops_dead_letters,
            retries_dead_letters,
            puts_an_archive_back,
        );
    };
    ($open:path: $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                let (store, _guard) = $open(stringify!($case)).await;
                $crate::$case(store).await;
            }
        )+
    };
}
