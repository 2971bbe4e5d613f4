//! Trends by the contract: what an arrow may say in weeks that every owner meets.

use cv_analytics_insights::model::Trend;
use cv_analytics_insights::report::trends::{EightWeeks, Movement, movements};

fn trends(totals: &EightWeeks<Option<u64>>, names: &[EightWeeks<u64>]) -> Vec<Trend> {
    movements(totals, names).iter().map(|movement| movement.trend).collect()
}

/// Forty names whose shares fall like 1 ÷ rank, each week near what its share lets expect.
fn zipf(totals: EightWeeks<u64>) -> Vec<EightWeeks<u64>> {
    let count = |rank: u64, week: u64, total: u64| {
        let expected = total / (4 * rank);
        // Up and down by a tenth and one, so that no week is like another.
        expected * (90 + (rank * 7 + week * 13) % 21) / 100 + (rank + week) % 2
    };
    let weeks = |rank| {
        let mut week = 0;
        totals.map(|total| {
            week += 1;
            count(rank, week, total)
        })
    };
    (1..=40).map(weeks).collect()
}

/// A name's weeks, and its movement.
type Row = (EightWeeks<u64>, Trend, Option<f64>, Option<f64>);

struct Case {
    totals: EightWeeks<Option<u64>>,
    names: &'static [Row],
}

/// Expected values by a reading of the contract in exact fractions, with probabilities to sixty digits (mpmath): seven
/// weeks, a week without data between, a fall to a third, three, two and no base weeks.
#[test]
fn movements_equal_those_of_exact_arithmetic() {
    let cases = [
        Case {
            totals: [Some(60), Some(72), None, Some(55), Some(81), Some(64), Some(70), Some(66)],
            names: &[
                ([18, 30, 0, 16, 20, 23, 32, 20], Trend::Steady, Some(20.0), Some(0.93808)),
                ([13, 18, 0, 13, 25, 8, 18, 10], Trend::Steady, Some(13.7), Some(0.47612)),
                ([11, 16, 0, 6, 19, 7, 5, 44], Trend::Rising, Some(9.3), Some(0.0)),
                ([5, 13, 0, 7, 9, 10, 13, 9], Trend::Steady, Some(8.3), Some(0.76532)),
                ([7, 5, 0, 3, 12, 4, 8, 4], Trend::Steady, Some(5.7), Some(0.60662)),
                ([5, 2, 0, 9, 7, 6, 9, 0], Trend::Gone, Some(5.5), Some(0.0096)),
                ([3, 3, 0, 5, 7, 4, 3, 1], Trend::Steady, Some(3.7), Some(0.19843)),
                ([4, 1, 0, 1, 8, 4, 10, 6], Trend::Steady, Some(4.1), Some(0.3959)),
                ([2, 5, 0, 1, 6, 3, 5, 19], Trend::Rising, Some(3.2), Some(0.0)),
                ([0, 1, 0, 0, 1, 1, 0, 2], Trend::Steady, Some(0.5), Some(0.12457)),
                ([0, 2, 0, 0, 1, 1, 1, 1], Trend::Steady, Some(0.8), Some(0.70843)),
                ([0, 0, 0, 0, 0, 0, 0, 0], Trend::TooFew, Some(0.1), None),
            ],
        },
        Case {
            totals: [
                Some(200),
                Some(180),
                Some(240),
                Some(90),
                Some(210),
                Some(190),
                Some(250),
                Some(70),
            ],
            names: &[
                ([80, 39, 51, 16, 94, 69, 104, 19], Trend::Steady, Some(23.3), Some(0.65108)),
                ([53, 35, 41, 18, 48, 40, 44, 16], Trend::Steady, Some(14.4), Some(0.70468)),
                ([35, 17, 34, 23, 32, 40, 41, 16], Trend::Steady, Some(11.4), Some(0.32989)),
                ([32, 12, 31, 9, 22, 12, 40, 17], Trend::Steady, Some(8.2), Some(0.04122)),
                ([15, 15, 16, 11, 26, 29, 43, 4], Trend::Steady, Some(8.0), Some(0.26186)),
                ([15, 13, 18, 8, 11, 20, 36, 6], Trend::Steady, Some(6.2), Some(0.97543)),
                ([11, 17, 13, 5, 6, 22, 14, 5], Trend::Steady, Some(4.6), Some(0.77553)),
                ([6, 8, 16, 0, 15, 11, 10, 6], Trend::Steady, Some(3.4), Some(0.24417)),
                ([3, 9, 9, 2, 13, 1, 10, 4], Trend::Steady, Some(2.4), Some(0.36402)),
                ([8, 2, 5, 1, 5, 6, 5, 2], Trend::Steady, Some(1.7), Some(0.72145)),
                ([6, 0, 1, 3, 3, 1, 1, 12], Trend::Rising, Some(0.8), Some(0.0)),
            ],
        },
        Case {
            totals: [None, None, None, Some(40), None, Some(61), None, Some(90)],
            names: &[
                ([0, 0, 0, 13, 0, 15, 0, 21], Trend::Steady, None, Some(0.84866)),
                ([0, 0, 0, 6, 0, 12, 0, 53], Trend::Rising, None, Some(0.0)),
                ([0, 0, 0, 5, 0, 7, 0, 0], Trend::Gone, None, Some(0.00141)),
                ([0, 0, 0, 3, 0, 6, 0, 3], Trend::Steady, None, Some(0.15858)),
                ([0, 0, 0, 0, 0, 3, 0, 1], Trend::TooFew, None, None),
            ],
        },
        Case {
            totals: [None, Some(33), Some(35), None, Some(31), None, None, Some(60)],
            names: &[
                ([0, 13, 10, 0, 6, 0, 0, 8], Trend::Steady, Some(17.7), Some(0.05179)),
                ([0, 8, 5, 0, 9, 0, 0, 28], Trend::Rising, Some(13.5), Some(0.01112)),
                ([0, 4, 5, 0, 5, 0, 0, 0], Trend::Gone, Some(8.7), Some(0.00133)),
                ([0, 1, 4, 0, 1, 0, 0, 4], Trend::Steady, Some(3.9), Some(0.85462)),
                ([0, 0, 2, 0, 0, 0, 0, 1], Trend::TooFew, Some(1.5), None),
            ],
        },
        Case {
            totals: [None, None, None, None, None, None, None, Some(20)],
            names: &[
                ([0, 0, 0, 0, 0, 0, 0, 6], Trend::Steady, None, None),
                ([0, 0, 0, 0, 0, 0, 0, 1], Trend::TooFew, None, None),
            ],
        },
    ];
    for case in cases {
        let names: Vec<EightWeeks<u64>> = case.names.iter().map(|(name, ..)| *name).collect();
        let expect: Vec<Movement> = case
            .names
            .iter()
            .map(|&(_, trend, expected, p)| Movement { trend, expected, p })
            .collect();
        assert_eq!(movements(&case.totals, &names), expect, "{:?}", case.totals);
    }
}

#[test]
fn nothing_rises_when_traffic_falls_to_a_third() {
    let totals = [300, 310, 290, 305, 295, 300, 300, 100];
    let mut names = zipf(totals);
    // Python: 40 questions the week before, 30 now, a share that has doubled.
    names[0] = [41, 38, 42, 40, 39, 43, 40, 30];
    let trends = trends(&totals.map(Some), &names);
    assert!(trends.iter().all(|trend| !trend.moved()), "{trends:?}");
}

#[test]
fn with_one_base_week_nothing_rises_on_fewer_conversations_either() {
    let totals = [None, None, None, None, None, None, Some(300), Some(100)];
    let names = [[0, 0, 0, 0, 0, 0, 40, 30], [0, 0, 0, 0, 0, 0, 100, 33]];
    let movements = movements(&totals, &names);
    assert!(movements[0].p < Some(0.001), "{movements:?}");
    assert_eq!(movements[0].trend, Trend::Steady);
    assert_eq!(movements[1].trend, Trend::Steady);
}

#[test]
fn a_campaign_for_one_skill_makes_no_other_fall() {
    for size in [50, 100, 300, 1000] {
        let mut totals = [size; 8];
        let mut names = zipf(totals);
        totals[7] += 150;
        names[3][7] += 150;
        let trends = trends(&totals.map(Some), &names);
        assert_eq!(trends[3], Trend::Rising, "{size}");
        assert_eq!(trends.iter().filter(|trend| trend.moved()).count(), 1, "{size}: {trends:?}");
    }
}

#[test]
fn a_name_is_new_where_none_of_the_seven_weeks_had_it() {
    let totals = [100; 8];
    let mut names = zipf(totals);
    names[20] = [0, 0, 0, 0, 0, 0, 0, 14];
    names[21] = [1, 0, 0, 0, 0, 0, 0, 14];
    let trends = trends(&totals.map(Some), &names);
    assert_eq!(trends[20], Trend::New);
    assert_eq!(trends[21], Trend::Rising);
}

#[test]
fn a_name_is_gone_where_it_fell_to_nothing() {
    let totals = [100; 8];
    let mut names = zipf(totals);
    names[1] = [14, 12, 15, 13, 14, 12, 13, 0];
    names[2] = [14, 12, 15, 13, 14, 12, 13, 1];
    let trends = trends(&totals.map(Some), &names);
    assert_eq!(trends[1], Trend::Gone);
    assert_eq!(trends[2], Trend::Falling);
}

#[test]
fn an_arrow_agrees_with_the_last_week_that_has_data() {
    let totals = [100, 100, 100, 100, 100, 100, 0, 100].map(|total| (total > 0).then_some(total));
    let mut names = zipf([100, 100, 100, 100, 100, 100, 0, 100]);
    for name in &mut names {
        name[6] = 0;
    }
    // Far more than expected, but the last week with data had as many.
    names[5] = [2, 3, 2, 3, 2, 30, 0, 30];
    names[6] = [2, 3, 2, 3, 2, 3, 0, 30];
    let trends = trends(&totals, &names);
    assert_eq!(trends[5], Trend::Steady);
    assert_eq!(trends[6], Trend::Rising);
}

#[test]
fn a_finding_among_many_names_needs_to_be_clearer() {
    let totals = [1000; 8].map(Some);
    let alone = [10, 10, 10, 10, 10, 10, 10, 20];
    assert_eq!(trends(&totals, &[alone]), [Trend::Rising]);
    let mut names = vec![alone];
    names.extend((0..200).map(|_| [10; 8]));
    let movements = movements(&totals, &names);
    assert!((0.005..0.05).contains(&movements[0].p.unwrap()), "{:?}", movements[0]);
    assert_eq!(movements[0].trend, Trend::Steady);
}

#[test]
fn without_an_earlier_week_there_are_no_arrows() {
    let totals = [None, None, None, None, None, None, None, Some(40)];
    let names = [[0, 0, 0, 0, 0, 0, 0, 30], [0, 0, 0, 0, 0, 0, 0, 4]];
    let steady = Movement { trend: Trend::Steady, expected: None, p: None };
    let too_few = Movement { trend: Trend::TooFew, ..steady };
    assert_eq!(movements(&totals, &names), [steady, too_few]);
}

#[test]
fn a_week_without_conversations_has_no_arrows() {
    for this_week in [None, Some(0)] {
        let mut totals = [Some(100); 8];
        totals[7] = this_week;
        let mut names = zipf([100; 8]);
        for name in &mut names {
            name[7] = 0;
        }
        assert!(trends(&totals, &names).iter().all(|trend| !trend.moved()));
    }
    assert_eq!(movements(&[None; 8], &[]), []);
    assert_eq!(trends(&[None; 8], &[[0; 8]]), [Trend::TooFew]);
}

#[test]
fn the_order_of_the_names_changes_nothing() {
    let totals = [300, 310, 290, 100, 295, 300, 320, 280];
    let names = zipf(totals);
    let mut reversed: Vec<EightWeeks<u64>> = names.clone();
    reversed.reverse();
    let mut movements_reversed = movements(&totals.map(Some), &reversed);
    movements_reversed.reverse();
    assert_eq!(movements(&totals.map(Some), &names), movements_reversed);
}
