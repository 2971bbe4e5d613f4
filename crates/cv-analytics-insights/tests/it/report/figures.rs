//! Capture health, matches, latencies, trends, scores, history and exclusions.

use cv_analytics_core::event::{MatchScore, MatchSource, Outcome, Rating, ResponseForm, Traffic};
use cv_analytics_core::store::Observation;
use cv_analytics_insights::model::{ActionKind, AfterNoMatch, MatchSources, Thumbs, Trend};
use cv_analytics_insights::settings::FigureSettings;
use proptest::prelude::*;

use crate::report::interactions::*;

#[test]
fn capture_counts_halves_and_rounds_the_join_rate_to_four_digits() {
    let lone_query = asked("q", 0, "Hello").silent();
    let lone_response = asked("r", 0, "").textless();
    let report = report(&[
        asked("1", 0, "Go?"),
        asked("2", 0, "C#?"),
        lone_query,
        lone_response,
        asked("old", 1, "x"),
    ]);
    let capture = &report.capture;
    assert_eq!((capture.queries, capture.responses, capture.joined), (3, 3, 2));
    assert_eq!((capture.unanswered, capture.response_only), (1, 1));
    assert_eq!(capture.join_rate, Some(0.5));
    assert_eq!(report.outcomes.unanswered, 1);
    assert_eq!(report.provenance.interactions, 4);
    assert_eq!(report.actions[0].kind, ActionKind::CheckCapture);
}

#[test]
fn feedback_counts_with_its_interaction_and_says_where_visitors_disagree_with_the_agent() {
    let thumbs = |up, down| Some(Thumbs { up, down });
    let early = |mut one: Observation| {
        one.feedback.iter_mut().for_each(|said| said.at = said.at.plus_millis(-1000));
        one
    };
    let made = report(&[
        asked("1", 0, "Go?").rated(Rating::Up, Some("thanks")),
        early(asked("2", 0, "Go?").rated(Rating::Down, Some("wrong year"))),
        asked("3", 0, "Go?").none().rated(Rating::Down, None),
        // Nobody was answered by it, however full the match was.
        asked("4", 0, "Rust?").ended(Outcome::Quota).rated(Rating::Down, None),
        asked("5", 0, "Rust?"),
        asked("old", 1, "Go?").rated(Rating::Down, Some("of last week")),
    ]);
    let said = made.feedback.as_ref().unwrap();
    assert_eq!((said.up, said.down, said.covered, said.down_though_covered), (1, 3, 2, 1));
    assert_eq!(said.comments, ["thanks", "wrong year"]);
    assert_eq!(row(&made, "Go").feedback, thumbs(1, 2));
    assert_eq!(row(&made, "Rust").feedback, thumbs(0, 1));
    assert_eq!(gap(&made, "Go").feedback, thumbs(0, 1));
    // A week without any is not one in which none is collected.
    let quiet = report(&[asked("1", 0, "Go?"), asked("2", 1, "Go?").rated(Rating::Up, None)]);
    assert_eq!(quiet.feedback.map(|said| (said.up, said.comments.len())), Some((0, 0)));
    assert_eq!(report(&[asked("1", 0, "Go?")]).feedback, None);
}

#[test]
fn feedback_and_answers_are_in_the_hash_and_their_absence_leaves_it() {
    let hash = |one: Observation| report(&[one]).provenance.input_hash;
    let plain = || asked("1", 0, "Go?");
    let answered = |text: &str| {
        let text = text.to_owned();
        plain().answered(|response| response.answer = Some(text))
    };
    let all = [
        hash(plain()),
        hash(answered("yes")),
        hash(answered("no")),
        hash(plain().rated(Rating::Up, None)),
        hash(plain().rated(Rating::Down, None)),
        hash(plain().rated(Rating::Down, Some("why"))),
    ];
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
}

#[test]
fn an_empty_week_has_nulls_and_no_zero_rates() {
    let report = report(&[asked("old", 8, "Kubernetes?")]);
    assert!(report.is_empty());
    assert_eq!(report.capture.join_rate, None);
    assert_eq!(report.conversations, 0);
    assert_eq!(report.matches.this_week.mean_score, None);
    assert_eq!(report.matches.previous, None);
    assert_eq!((report.latency_ms.p50, report.latency_ms.samples), (None, 0));
    assert!(report.skills.is_empty() && report.gaps.is_empty() && report.actions.is_empty());
}

#[test]
fn latency_is_the_agents_own_measure_else_the_difference_and_percentiles_go_by_nearest_rank() {
    let timed = |id: &str, total: f64| {
        asked(id, 0, "x").answered(|response| response.total_time_ms = Some(total))
    };
    let combined = asked("c", 0, "x").answered(|response| response.form = ResponseForm::Combined);
    let negative =
        asked("n", 0, "x").answered(|response| response.at = response.at.plus_millis(-5000));
    let report = report(&[
        timed("1", 100.0),
        timed("2", 200.4),
        timed("3", 300.0),
        timed("m", -5.0),
        asked("4", 0, "x"),
        combined,
        negative,
    ]);
    assert_eq!(
        (report.latency_ms.p50, report.latency_ms.p95, report.latency_ms.samples),
        (Some(200), Some(1000), 4)
    );
}

#[test]
fn the_mean_score_is_rounded_to_one_digit_half_up() {
    let scored = |id: &str, score: f64| {
        asked(id, 0, "x").answered(|response| response.match_score = MatchScore::new(score))
    };
    assert_eq!(
        report(&[scored("1", 71.2), scored("2", 71.3)]).matches.this_week.mean_score,
        Some(71.3)
    );
    assert_eq!(
        report(&[scored("1", 0.0), scored("2", 0.0), scored("3", 100.0)])
            .matches
            .this_week
            .mean_score,
        Some(33.3)
    );
}

#[test]
fn weeks_are_eight_with_null_where_there_is_no_data() {
    let report = report(&[
        asked("1", 0, "Docker?"),
        asked("2", 2, "Docker?"),
        asked("3", 7, "Python?"),
        asked("4", 8, "Docker?"),
    ]);
    let docker = row(&report, "Docker");
    assert_eq!(docker.weeks, [Some(0), None, None, None, None, Some(1), None, Some(1)]);
    assert_eq!(docker.previous, None);
    assert_eq!(docker.trend, Trend::TooFew);
}

#[test]
fn bots_and_what_the_owner_lists_are_left_out_and_counted() {
    let mut settings = FigureSettings::default();
    settings.exclusions.sessions.insert("mine".to_owned());
    settings.exclusions.request_ids.insert("4".to_owned());
    let bot = Observation { traffic: Traffic::Bot, ..asked("1", 0, "Docker?") };
    let own = Observation { traffic: Traffic::Own, ..asked("2", 0, "Docker?") };
    let report = report_with(
        &settings,
        &[
            bot,
            own,
            asked("3", 0, "Docker?").of("mine"),
            asked("4", 0, "Docker?"),
            asked("5", 0, "Docker?"),
        ],
    );
    assert_eq!((report.provenance.interactions, report.provenance.excluded), (1, 4));
    let by = &report.provenance.excluded_by;
    assert_eq!((by.own, by.bots, by.canaries, by.listed), (1, 1, 0, 2));
    assert_eq!(report.skills[0].figures.queries, 1);
}

#[test]
fn scores_are_held_against_outcomes_with_the_plainest_disagreements_first() {
    let scored = |id: &str, score: f64, outcome: Outcome| {
        asked(id, 0, id).answered(|response| {
            response.match_score = MatchScore::new(score);
            response.outcome = outcome;
        })
    };
    let mut asked = vec![
        scored("a", 71.0, Outcome::Quota),
        scored("b", 83.0, Outcome::Quota),
        scored("c", 5.0, Outcome::Answered),
        scored("d", 60.0, Outcome::Error),
        scored("e", 61.0, Outcome::Error),
    ];
    asked.extend((0..100).map(|id| scored(&format!("w{id}"), 90.0, Outcome::Answered)));
    let calibration = report(&asked).calibration.unwrap();
    assert_eq!(
        (calibration.scored, calibration.disagreeing, calibration.disagrees),
        (105, 5, true)
    );
    let first: Vec<_> = calibration.examples.iter().map(|example| example.score).collect();
    assert_eq!(first, [5.0, 83.0, 71.0, 61.0, 60.0]);
    assert_eq!(calibration.bands[4].outcomes.answered, 100);
    assert_eq!((calibration.bands[3].scored, calibration.bands[3].disagreeing), (3, 3));
    let four = report(&asked[1..]).calibration.unwrap();
    assert!(!four.disagrees, "under five nothing is said");
    asked.extend((0..200).map(|id| scored(&format!("x{id}"), 90.0, Outcome::Answered)));
    assert!(!report(&asked).calibration.unwrap().disagrees, "nor under one in fifty");
}

#[test]
fn the_history_has_the_figures_of_eight_weeks() {
    let report = report(&[asked("1", 0, "x"), asked("2", 3, "x").none(), asked("3", 3, "x")]);
    let weeks: Vec<_> = report.history.iter().map(|week| week.figures.is_some()).collect();
    assert_eq!(weeks, [false, false, false, false, true, false, false, true]);
    assert_eq!(report.history[4].week, "2026-W44");
    let figures = report.history[4].figures.as_ref().unwrap();
    assert_eq!(
        (figures.interactions, figures.matches.none, figures.outcomes.responses.no_match),
        (2, 1, 1)
    );
    assert_eq!((figures.latency_ms.p50, figures.latency_ms.samples), (Some(1000), 2));
    assert_eq!(figures.score_bands.as_ref().unwrap()[4].scored, 1);
    let this = report.history[7].figures.as_ref().unwrap();
    assert_eq!((&this.matches, &this.outcomes), (&report.matches.this_week, &report.outcomes));
    assert_eq!(this.latency_ms, report.latency_ms);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The same bytes for any order, and for other names of the same sessions.
    #[test]
    fn a_report_knows_no_order_and_no_names_of_sessions(
        seeds in proptest::collection::vec((0..4_u8, 0..6_usize, 0..5_u8, any::<bool>()), 1..60),
        rotation in 0..60_usize,
    ) {
        let texts = ["k8s and Docker?", "visa?", "Go or Rust?", "What are your salary expectations?", "Python?", ""];
        let make = |prefix: &str| -> Vec<Observation> {
            seeds
                .iter()
                .enumerate()
                .map(|(place, &(weeks_ago, text, session, matched))| {
                    let id = format!("r{place}");
                    let made = asked(&id, weeks_ago, texts[text]);
                    let made = if matched { made } else { made.none() };
                    if session == 0 { made } else { made.of(&format!("{prefix}{session}")) }
                })
                .collect()
        };
        let one = report(&make("a"));
        let mut turned = make("another");
        turned.rotate_left(rotation % seeds.len());
        turned.reverse();
        prop_assert_eq!(one.to_json().unwrap(), report(&turned).to_json().unwrap());
        let without = |session: &str, observations: &[Observation]| {
            let mut settings = FigureSettings::default();
            settings.exclusions.sessions.insert(session.to_owned());
            report_with(&settings, observations).provenance
        };
        prop_assert_eq!(without("a1", &make("a")), without("another1", &make("another")));
        let mut other = make("a");
        other[0].request_id.push('x');
        prop_assert_ne!(one.provenance.input_hash, report(&other).provenance.input_hash);
    }
}

#[test]
fn only_answers_are_rated_and_the_sources_of_their_match_are_counted() {
    let source =
        |id: &str, source| asked(id, 0, "x").answered(|response| response.match_source = source);
    let report = report(&[
        source("1", MatchSource::Model),
        source("2", MatchSource::Similarity),
        asked("3", 0, "Docker?"),
        asked("4", 0, "Docker?").ended(Outcome::Quota),
    ]);
    assert_eq!((report.matches.this_week.full, report.matches.this_week.rated()), (3, 3));
    assert_eq!(report.matches.sources, MatchSources { model: 1, similarity: 1, unknown: 1 });
    let docker = row(&report, "Docker");
    assert_eq!((docker.queries, docker.full), (2, 1), "nobody was answered by a quota message");
}

#[test]
fn conversations_are_sessions_and_each_interaction_without_one() {
    let report = report(&[
        asked("1", 0, "COBOL?").of("one"),
        asked("2", 0, "COBOL?").of("one"),
        asked("3", 0, "COBOL?"),
        asked("4", 0, "COBOL?"),
    ]);
    assert_eq!((report.conversations, report.capture.without_session), (3, 2));
    assert_eq!(row(&report, "COBOL").conversations, 3);
    assert_eq!(report.history[7].figures.as_ref().unwrap().conversations, 3);
}

#[test]
fn a_conversation_goes_on_or_ends_after_an_answer_that_covered_nothing() {
    let later = |observation: Observation, minutes: i64| {
        let mut observation = observation;
        let query = observation.query.as_mut().unwrap();
        query.at = query.at.plus_millis(minutes * 60_000);
        observation
    };
    let went_on = [asked("1", 0, "x").none().of("a"), later(asked("2", 0, "y").of("a"), 1)];
    let ended = [asked("3", 0, "x").of("b"), later(asked("4", 0, "y").none().of("b"), 1)];
    let report = report(&[&went_on[..], &ended, &[asked("5", 0, "x").none()]].concat());
    assert_eq!(
        report.history[7].figures.as_ref().unwrap().after_no_match,
        Some(AfterNoMatch { answers: 2, asked_on: 1, ended: 1 })
    );
    let nobody = crate::report::interactions::report(&[asked("1", 0, "x").none()]);
    assert_eq!(nobody.history[7].figures.as_ref().unwrap().after_no_match, None);
}

#[test]
fn names_that_are_asked_for_together_more_than_chance_has_it_are_paired() {
    let mut all = Vec::new();
    for visitor in 0..4 {
        let session = format!("s{visitor}");
        all.push(asked(format!("k{visitor}"), 0, "Kubernetes?").of(&session));
        all.push(asked(format!("t{visitor}"), 0, "Terraform?").of(&session));
    }
    all.extend(many(8, 0, "Python?"));
    let report = report(&all);
    assert_eq!(report.together.len(), 1);
    let pair = &report.together[0];
    assert_eq!(pair.names, ["Kubernetes", "Terraform"]);
    assert_eq!((pair.conversations, pair.expected), (4, 1.3));
}

#[test]
fn a_name_rises_only_where_more_people_ask_than_before() {
    let week = |weeks_ago: u8, python: usize, others: usize| {
        [many(python, weeks_ago, "Python?"), many(others, weeks_ago, "Docker?")].concat()
    };
    let earlier: Vec<Observation> = (1..8).flat_map(|back| week(back, 40, 260)).collect();
    let fewer = report(&[earlier.clone(), week(0, 30, 70)].concat());
    assert!(fewer.trending.iter().all(|moved| !moved.trend.grows()), "{:?}", fewer.trending);
    let more = report(&[earlier, week(0, 120, 260)].concat());
    assert_eq!(more.trending[0].name, "Python");
    let moved = &more.trending[0];
    assert_eq!((moved.trend, moved.conversations, moved.previous), (Trend::Rising, 120, 40));
    assert_eq!(row(&more, "Python").expected, moved.expected);
}
