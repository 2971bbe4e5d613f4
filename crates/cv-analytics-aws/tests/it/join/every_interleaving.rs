//! Every interleaving of the join's steps, the sweep's and erasure, with everything that may go
//! wrong between two calls, each any number of times: all states are visited.
//!
//! `cargo test -p cv-analytics-aws --test it every_interleaving -- --nocapture` says how many.

mod design;
mod known_bad;
mod moves;
mod property;
mod scenario;
mod search;
mod transitions;
mod visited;
mod words;
mod world;

use design::{Design, PRODUCT};
use property::Property;
use scenario::{
    Faults, Scenario, earlier_feedback, flagged_query, flagged_self_contained, later_feedback,
    other_query, other_response, the_feedback, the_query, the_response, the_self_contained,
};
use search::{Searched, search};

/// Searches through the product's own steps, and fails with the way to what does not hold.
fn holds(name: &str, scenario: Scenario) {
    let searched = search(PRODUCT, scenario, Property::ALL);
    let Searched { states, moves, at_rest, seconds, most_calls, broken } = searched;
    println!(
        "{name}: {states} states, {at_rest} of them at rest, {moves} moves; no more than \
         {most_calls} calls in a row; {seconds:.1} s"
    );
    if let Some(broken) = broken {
        panic!("{name}: {broken}");
    }
    assert!(at_rest > 0);
}

/// Searches through a known-bad design for a loss that nothing fixes.
fn is_caught(name: &str, design: Design, scenario: Scenario, property: Property) {
    let Searched { states, broken, .. } = search(design, scenario, Property::AT_REST);
    let broken = broken.unwrap_or_else(|| panic!("{name}: nothing found in {states} states"));
    println!("{name}: found among {states} states. {broken}");
    assert_eq!(broken.property, property);
}

/// Whether the searches that take minutes are asked for.
#[expect(clippy::disallowed_methods, reason = "the person who tests asks for more")]
fn every_fault() -> bool {
    std::env::var_os("EVERY_FAULT").is_some()
}

fn both() -> Scenario {
    Scenario::of([the_query(), the_response()])
}

#[test]
fn a_lone_half_of_either_kind() {
    holds("query alone", Scenario::of([the_query()]));
    holds("response alone", Scenario::of([the_response()]));
    holds("self-contained response alone", Scenario::of([the_self_contained()]));
    holds("query alone, erased", Scenario::of([the_query()]).erased());
    holds("response alone, erased", Scenario::of([the_response()]).erased());
}

#[test]
fn both_halves() {
    holds("both halves", both());
    let faults = Faults { expiry: false, ..Faults::ALL };
    holds("both halves, no row expires", both().with(faults));
}

#[test]
fn both_halves_erased() {
    holds("both halves, erased", both().erased());
}

#[test]
fn both_halves_and_three_executors() {
    holds("both halves, three executors", both().executors(3));
}

#[test]
fn both_halves_and_several_sweeps_at_once() {
    holds("both halves, several sweeps", both().swept_twice());
}

#[test]
fn a_self_contained_response_and_its_query() {
    let both = || Scenario::of([the_query(), the_self_contained()]);
    holds("self-contained response and query", both());
    holds("self-contained response and query, erased", both().erased());
}

#[test]
fn a_self_contained_response_and_a_query_with_a_session_and_a_flag_each() {
    let both = || Scenario::of([flagged_query(), flagged_self_contained()]);
    holds("flags on both", both());
    holds("flags on both, erased", both().erased());
    holds("flags on both, several sweeps", both().swept_twice());
    let queries = || Scenario::of([flagged_query(), other_query(), the_self_contained()]);
    holds("two queries and a self-contained response", queries());
}

#[test]
fn a_response_of_each_kind() {
    let responses = || Scenario::of([the_query(), the_response(), the_self_contained()]);
    holds("response of each kind", responses());
    let faults = Faults { stale_reads: false, crashes: false, expiry: false, ..Faults::ALL };
    holds("response of each kind, erased", responses().erased().with(faults));
}

#[test]
fn two_bodies_for_one_half() {
    let queries = || Scenario::of([the_query(), other_query(), the_response()]);
    let responses = || Scenario::of([the_query(), the_response(), other_response()]);
    // 15 and 20 million states, too many for every run.
    if every_fault() {
        holds("two queries, every fault", queries());
        holds("two responses, every fault", responses());
    }
    let faults = Faults { expiry: false, ..Faults::ALL };
    holds("two queries, no row expires", queries().with(faults));
    holds("two responses, no row expires", responses().with(faults));
    let faults = Faults { stale_reads: false, crashes: false, ..Faults::ALL };
    holds("two queries, fresh reads, no crash", queries().with(faults));
    holds("two responses, fresh reads, no crash", responses().with(faults));
}

#[test]
fn feedback_by_itself_and_beside_each_half() {
    holds("feedback by itself", Scenario::of([the_feedback()]));
    holds("feedback by itself, erased", Scenario::of([the_feedback()]).erased());
    holds("query and feedback", Scenario::of([the_query(), the_feedback()]));
    holds("response and feedback", Scenario::of([the_response(), the_feedback()]));
    let whole = || Scenario::of([the_self_contained(), the_feedback()]);
    holds("query and feedback, erased", Scenario::of([the_query(), the_feedback()]).erased());
    holds("response and feedback, erased", Scenario::of([the_response(), the_feedback()]).erased());
    holds("self-contained response and feedback", whole());
    holds("self-contained response and feedback, erased", whole().erased());
}

#[test]
fn feedback_beside_both_halves() {
    let events = || Scenario::of([the_query(), the_response(), the_feedback()]);
    holds("both halves and feedback", events());
    // Too many states for every run.
    if every_fault() {
        holds("both halves and feedback, erased", events().erased());
    }
    let faults = Faults { stale_reads: false, crashes: false, expiry: false, ..Faults::ALL };
    holds("both halves and feedback, erased, fresh reads", events().erased().with(faults));
    let events = || Scenario::of([flagged_query(), flagged_self_contained(), the_feedback()]);
    holds("flags on both, and feedback", events());
}

#[test]
fn several_words_of_feedback() {
    let words = || [the_feedback(), earlier_feedback(), later_feedback()];
    holds("three words of feedback", Scenario::of(words()));
    holds("three words of feedback, erased", Scenario::of(words()).erased());
    let two = || [the_self_contained(), the_feedback(), earlier_feedback()];
    holds("self-contained response and two words of feedback", Scenario::of(two()));
}

#[test]
fn putting_a_record_over_its_feedback_is_caught() {
    let scenario = Scenario::of([the_self_contained(), the_feedback()]).with(Faults::NONE);
    let lost = Property::EveryOrderEndsInTheSameRecord;
    is_caught("records by PutItem", known_bad::RECORDS_BY_PUT_ITEM, scenario, lost);
}

#[test]
fn keeping_the_feedback_that_arrives_last_is_caught() {
    let scenario = Scenario::of([the_feedback(), later_feedback()]).with(Faults::NONE);
    let lost = Property::EveryOrderEndsInTheSameRecord;
    is_caught("any feedback", known_bad::ANY_FEEDBACK, scenario, lost);
}

#[test]
fn deleting_the_row_for_its_content_is_caught() {
    let faults = Faults { lost_answers: true, ..Faults::NONE };
    let lost = Property::EveryOrderEndsInTheSameRecord;
    is_caught("delete and return", known_bad::DELETE_AND_RETURN, both().with(faults), lost);
    let faults = Faults { crashes: true, ..Faults::NONE };
    is_caught("delete and return", known_bad::DELETE_AND_RETURN, both().with(faults), lost);
}

#[test]
fn reading_and_then_writing_plainly_is_caught() {
    let scenario = both().with(Faults::NONE);
    let lost = Property::EveryOrderEndsInTheSameRecord;
    is_caught("read, plain write", known_bad::READ_THEN_PLAIN_WRITE, scenario, lost);
}

#[test]
fn a_plain_put_of_the_first_half_is_caught() {
    let scenario = both().with(Faults::NONE);
    let lost = Property::EveryOrderEndsInTheSameRecord;
    is_caught("plain first put", known_bad::PLAIN_PUT_OF_THE_FIRST_HALF, scenario, lost);
}

#[test]
fn a_promotion_that_a_late_partner_cannot_complete_is_caught() {
    let scenario = both().with(Faults::NONE);
    let lost = Property::EveryOrderEndsInTheSameRecord;
    is_caught("promoted for good", known_bad::PROMOTED_FOR_GOOD, scenario, lost);
}

#[test]
fn promoting_queries_alone_is_caught() {
    let scenario = Scenario::of([the_response()]).with(Faults::NONE);
    let lost = Property::EveryOrderEndsInTheSameRecord;
    is_caught("only queries promoted", known_bad::ONLY_QUERIES_PROMOTED, scenario, lost);
}

#[test]
fn losing_the_session_of_a_query_is_caught() {
    let both = || Scenario::of([the_query(), the_self_contained()]);
    let lost = Property::EveryOrderEndsInTheSameRecord;
    let design = known_bad::WHOLE_RECORDS_LEFT_AS_THEY_ARE;
    is_caught("whole records left as they are", design, both().with(Faults::NONE), lost);
    let faults = Faults { expiry: true, ..Faults::NONE };
    let design = known_bad::SESSION_OVERWRITTEN;
    is_caught("session overwritten", design, both().with(faults), lost);
}

#[test]
fn acknowledging_first_is_caught() {
    let faults = Faults { crashes: true, ..Faults::NONE };
    let lost = Property::EveryOrderEndsInTheSameRecord;
    is_caught("acknowledged first", known_bad::ACKNOWLEDGED_FIRST, both().with(faults), lost);
}

#[test]
fn erasing_without_a_tombstone_is_caught() {
    let scenario = both().erased().with(Faults::NONE);
    let back = Property::NothingComesBackAfterErasure;
    is_caught("no tombstone", known_bad::ERASED_WITHOUT_TOMBSTONE, scenario, back);
}
