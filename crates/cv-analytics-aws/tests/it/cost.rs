//! Bills that were counted by hand, and the infrastructure that they assume.
#![cfg(feature = "cost")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod limits;

use std::num::NonZeroU32;

use bigdecimal::BigDecimal;
use cv_analytics_aws::cost::prices::PriceList;
use cv_analytics_aws::cost::{Bill, Design, Line, RECORD_BYTES, Workload, bill};
use cv_analytics_aws::tables::interaction_path::InteractionPath;

const TEMPLATE: &str = include_str!("../../../../infra/cloudformation/cv-analytics.yaml");
const BENCHMARK: &str = include_str!("../../../../xtask/bench/src/lambda/request_units.rs");

fn workload(interactions: u64) -> Workload {
    Workload {
        interactions,
        path: InteractionPath::SelfContained,
        batch: NonZeroU32::MIN,
        recipients: 1,
        record_bytes: RECORD_BYTES,
        kept_months: 12,
        recovery: false,
        archive: false,
        has_always_free: true,
    }
}

fn paid(interactions: u64) -> Workload {
    Workload { has_always_free: false, ..workload(interactions) }
}

fn decimal(figure: &str) -> BigDecimal {
    figure.parse().unwrap()
}

fn in_london(workload: &Workload, design: Design) -> Bill {
    bill(&PriceList::built_in().unwrap(), "eu-west-2", workload, design).unwrap()
}

fn line<'t>(bill: &'t Bill, service: &str, item: &str) -> &'t Line {
    bill.lines
        .iter()
        .find(|line| line.service == service && line.item == item)
        .unwrap_or_else(|| panic!("no line {service} {item}"))
}

/// Compares quantity, what is free of it, and dollars of lines with what was counted by hand.
fn check(bill: &Bill, lines: &[(&str, &str, &str, &str, &str)]) {
    for (service, item, quantity, free, dollars) in lines {
        let line = line(bill, service, item);
        assert_eq!(line.quantity, decimal(quantity), "{service}, {item}: quantity");
        assert_eq!(line.free, decimal(free), "{service}, {item}: free");
        assert_eq!(line.dollars, decimal(dollars), "{service}, {item}: dollars");
    }
}

fn sum(bill: &Bill) -> BigDecimal {
    bill.lines.iter().map(|line| &line.dollars).sum()
}

#[test]
fn no_interactions_cost_a_report_a_week() {
    let bill = in_london(&workload(0), Design::OnDemand);
    check(
        &bill,
        &[
            ("SQS", "polls of a quiet queue", "657000", "657000", "0"),
            ("SQS", "messages sent", "0", "0", "0"),
            ("Lambda", "reporter, requests", "5", "5", "0"),
            // 5 × 0.2 s × 1,769 MB
            ("Lambda", "reporter, GB-seconds", "1.7275390625", "1.7275390625", "0"),
            ("DynamoDB", "write units", "0", "0", "0"),
            ("CloudWatch", "own metrics", "0", "0", "0"),
            ("CloudWatch", "metrics of alarms", "10", "10", "0"),
            ("SES", "report mails", "5", "0", "0.0005"),
        ],
    );
    assert_eq!(bill.total, decimal("0.0005"));
}

#[test]
fn ten_thousand_are_writes_and_reads_alone() {
    let bill = in_london(&workload(10_000), Design::OnDemand);
    check(
        &bill,
        &[
            ("SQS", "messages sent", "20000", "20000", "0"),
            ("SQS", "batches deleted", "20000", "20000", "0"),
            // 150 µs × 1,769 / 128 = 2.07 ms, so 3; and 2 × 5 ms: 13 ms × 128 MB × 20,000
            ("Lambda", "processor, GB-seconds", "32.5", "32.5", "0"),
            ("DynamoDB", "write units", "30000", "0", "0.022269"),
            ("DynamoDB", "read units, joining", "0", "0", "0"),
            ("DynamoDB", "read units, reports", "10000", "0", "0.001485"),
            // (12 × 2 × 10,000 × 1,100 + 10,000 × 600 × 480 / 730) / 2^30
            ("DynamoDB", "GB stored, with the index", "0.249543", "0.249543", "0"),
            ("CloudWatch", "own metrics", "9", "9", "0"),
            ("SES", "report mails", "5", "0", "0.0005"),
        ],
    );
    assert_eq!(bill.total, decimal("0.024254"));
}

#[test]
fn ten_thousand_without_a_free_tier_are_mostly_watching() {
    let bill = in_london(&paid(10_000), Design::OnDemand);
    check(
        &bill,
        &[
            ("SQS", "polls of a quiet queue", "657000", "0", "0.3285"),
            ("SQS", "batches received", "20000", "0", "0.01"),
            ("Lambda", "processor, requests", "20000", "0", "0.004"),
            ("Lambda", "processor, GB-seconds", "32.5", "0", "0.0004333355"),
            ("CloudWatch", "own metrics", "9", "0", "2.7"),
            ("CloudWatch", "metrics of alarms", "10", "0", "1"),
            ("CloudWatch", "dashboards", "1", "0", "3"),
            ("SNS", "alarm mails", "20", "0", "0.0004"),
        ],
    );
    assert!(bill.total > decimal("7.1") && bill.total < decimal("7.2"), "{}", bill.total);
    assert_eq!(bill.total, sum(&bill));
}

#[test]
fn a_million_use_the_free_requests_up() {
    let bill = in_london(&workload(1_000_000), Design::OnDemand);
    check(
        &bill,
        &[
            ("SQS", "polls of a quiet queue", "657000", "657000", "0"),
            ("SQS", "messages sent", "2000000", "343000", "0.8285"),
            ("SQS", "batches received", "2000000", "0", "1"),
            ("SQS", "batches deleted", "2000000", "0", "1"),
            ("Lambda", "processor, requests", "2000000", "1000000", "0.2"),
            ("Lambda", "processor, GB-seconds", "3250", "3250", "0"),
            ("Lambda", "reporter, requests", "5", "0", "0.000001"),
            // 1,841,095 interactions × 64 µs + 0.2 s = 118.03 s, 5 times, 1,769 MB
            ("Lambda", "reporter, GB-seconds", "1019.507177734375", "1019.507177734375", "0"),
            ("DynamoDB", "write units", "3000000", "0", "2.2269"),
            ("DynamoDB", "read units, reports", "1000000", "0", "0.1485"),
            ("CloudWatch", "GB of log written", "2.235183", "2.235183", "0"),
            ("CloudWatch", "GB of log kept", "2.235183", "2.235183", "0"),
        ],
    );
    assert_eq!(bill.total, sum(&bill));
}

#[test]
fn a_thousand_million_in_full_batches() {
    let workload = Workload { batch: NonZeroU32::new(10).unwrap(), ..workload(1_000_000_000) };
    let bill = in_london(&workload, Design::OnDemand);
    check(
        &bill,
        &[
            ("SQS", "messages sent", "2000000000", "343000", "999.8285"),
            ("SQS", "batches deleted", "200000000", "0", "100"),
            ("Lambda", "processor, requests", "200000000", "1000000", "39.8"),
            // 1.5 ms × 1,769 / 128 = 20.7 ms, so 21; and 10: 31 ms × 128 MB × 200 million
            ("Lambda", "processor, GB-seconds", "775000", "400000", "5.000025"),
            // It does not end: three tries of 900 s, 5 times, 1,769 MB
            ("Lambda", "reporter, GB-seconds", "23321.77734375", "0", "0.310958586035156250"),
            ("DynamoDB", "write units", "3000000000", "0", "2226.9"),
            ("DynamoDB", "read units, reports", "1000000000", "0", "148.5"),
        ],
    );
    assert_eq!(bill.total, sum(&bill));
}

#[test]
fn what_is_free_ends_with_the_last_of_it() {
    // 343,000 requests are left beside the polls: three for each of 114,333 messages, and one.
    let at = |interactions| in_london(&workload(interactions), Design::OnDemand);
    assert_eq!(line(&at(57_166), "SQS", "batches deleted").dollars, decimal("0"));
    // 114,334 messages are 343,002 requests: two are billed, at 50 cents a million.
    let over = at(57_167);
    assert_eq!(line(&over, "SQS", "batches received").dollars, decimal("0"));
    assert_eq!(line(&over, "SQS", "batches deleted").dollars, decimal("0.000001"));
}

#[test]
fn the_largest_number_is_counted_to_the_last_digit() {
    let bill = in_london(&paid(u64::MAX), Design::OnDemand);
    // 18,446,744,073,709,551,615 × 3 × 0.0000007423
    check(
        &bill,
        &[("DynamoDB", "write units", "55340232221128654845", "0", "41079054377743.8004914435")],
    );
    assert_eq!(bill.total, sum(&bill));
}

#[test]
fn each_path_writes_what_was_measured() {
    for (path, writes, reads) in [
        (InteractionPath::SelfContained, "3000000", "0"),
        (InteractionPath::InOrder, "3000000", "500000"),
        (InteractionPath::ResponseFirst, "4000000", "500000"),
        (InteractionPath::OneBatch, "2000000", "0"),
    ] {
        let bill = in_london(&Workload { path, ..workload(1_000_000) }, Design::OnDemand);
        assert_eq!(line(&bill, "DynamoDB", "write units").quantity, decimal(writes), "{path:?}");
        let read = line(&bill, "DynamoDB", "read units, joining");
        assert_eq!(read.quantity, decimal(reads), "{path:?}");
    }
}

#[test]
fn a_long_reason_and_an_answer_cost_a_second_kilobyte() {
    let of = |record_bytes| {
        in_london(&Workload { record_bytes, ..workload(1_000_000) }, Design::OnDemand)
    };
    for (bytes, writes, reads) in [
        (1, "3000000", "1000000"),
        (1_024, "3000000", "1000000"),
        (1_025, "5000000", "2000000"),
        (3_000, "7000000", "3000000"),
    ] {
        check(
            &of(bytes),
            &[("DynamoDB", "read units, reports", reads, "0", &dollars(reads, "0.1485"))],
        );
        assert_eq!(
            line(&of(bytes), "DynamoDB", "write units").quantity,
            decimal(writes),
            "{bytes}"
        );
    }
    // 12 × 2 × 500 bytes more of a million, in 2^30
    let stored = |bytes| line(&of(bytes), "DynamoDB", "GB stored, with the index").quantity.clone();
    assert_eq!(stored(1_500) - stored(1_000), decimal("11.175871"));
    let first = Workload {
        path: InteractionPath::ResponseFirst,
        record_bytes: 1_500,
        ..workload(1_000_000)
    };
    let written = in_london(&first, Design::OnDemand);
    assert_eq!(line(&written, "DynamoDB", "write units").quantity, decimal("8000000"));
}

/// What so many units come to at a price for a million.
fn dollars(units: &str, million: &str) -> String {
    (decimal(units) * decimal(million) / decimal("1000000")).to_plain_string()
}

#[test]
fn the_first_plan_writes_a_third_more_and_computes_longer() {
    let bill = in_london(&workload(1_000_000), Design::NodeJs);
    check(
        &bill,
        &[
            ("DynamoDB", "write units", "4000000", "0", "2.9692"),
            ("DynamoDB", "read units, joining", "500000", "0", "0.07425"),
            ("DynamoDB", "read units, reports", "250000", "0", "0.037125"),
            // 3,570 µs × 1,769 / 128 = 49.3 ms, so 50; and 2 × 5 ms: 60 ms × 128 MB × 2 million
            ("Lambda", "processor, GB-seconds", "15000", "15000", "0"),
        ],
    );
}

#[test]
fn provisioned_tables_are_free_within_the_free_units_and_priced_without() {
    let bill = in_london(&workload(1_000_000), Design::Provisioned);
    check(
        &bill,
        &[
            ("DynamoDB", "write unit hours", "10950", "10950", "0"),
            ("DynamoDB", "read unit hours", "10950", "10950", "0"),
        ],
    );
    let bill = in_london(&paid(1_000_000), Design::Provisioned);
    check(
        &bill,
        &[
            ("DynamoDB", "write unit hours", "10950", "0", "8.4534"),
            ("DynamoDB", "read unit hours", "10950", "0", "1.69068"),
        ],
    );
    assert!(bill.lines.iter().all(|line| line.item != "write units"));
}

#[test]
fn a_price_that_is_not_known_is_missed_only_where_it_is_needed() {
    let prices = PriceList::built_in().unwrap();
    let ireland = |workload| bill(&prices, "eu-west-1", &workload, Design::Provisioned);
    assert!(ireland(workload(1)).is_ok());
    assert_eq!(
        ireland(paid(1)).unwrap_err().to_string(),
        "missing price of a write unit hour for region eu-west-1: omit --provisioned"
    );
}

#[test]
fn recovery_and_archive_have_lines_of_their_own() {
    let workload = Workload { recovery: true, archive: true, ..workload(1_000_000) };
    let bill = in_london(&workload, Design::OnDemand);
    check(
        &bill,
        &[
            // 12 million records of 1,000 bytes and 20 days of rows, each item with 100 bytes more, in 2^30
            ("DynamoDB", "GB under recovery", "12.660884", "0", "3.00974534448"),
            ("DynamoDB", "read units, archive", "1500000", "0", "0.22275"),
            ("S3", "GB of archive", "2.235174", "0", "0.053644176"),
            // 12,000,000,000 / 16 MiB, and two
            ("S3", "archive parts written", "718", "0", "0.0038054"),
            ("Transfer", "GB out, archive", "13.411045", "13.411045", "0"),
        ],
    );
}

#[test]
fn every_region_has_its_prices_and_another_is_named_with_those_that_have() {
    let prices = PriceList::built_in().unwrap();
    let writes: Vec<_> = prices
        .regions
        .keys()
        .map(|region| {
            let bill = bill(&prices, region, &workload(1_000_000), Design::OnDemand).unwrap();
            (region.as_str(), line(&bill, "DynamoDB", "write units").dollars.clone())
        })
        .collect();
    assert_eq!(
        writes,
        [
            ("eu-central-1", decimal("2.2875")),
            ("eu-west-1", decimal("2.115")),
            ("eu-west-2", decimal("2.2269")),
            ("us-east-1", decimal("1.875")),
        ]
    );
    assert_eq!(
        bill(&prices, "mars-1", &workload(1), Design::OnDemand).unwrap_err().to_string(),
        "unknown region mars-1: prices are known for eu-central-1, eu-west-1, eu-west-2, us-east-1"
    );
}

#[test]
fn every_price_names_a_source_with_a_day() {
    let prices = PriceList::built_in().unwrap();
    assert!(prices.sources.contains_key(&prices.always_free.source));
    assert!(prices.sources.contains_key(&prices.credits.source));
    for (name, source) in &prices.sources {
        let day: Vec<&str> = source.as_of.split('-').collect();
        assert!(matches!(day.as_slice(), [year, _, _] if year.len() == 4), "{name}");
        assert!(source.address.starts_with("https://"), "{name}");
    }
    let all = Workload { recovery: true, archive: true, ..paid(1_000_000_000) };
    for region in prices.regions.keys() {
        for design in [Design::OnDemand, Design::NodeJs] {
            for line in bill(&prices, region, &all, design).unwrap().lines {
                let price = line.price.unwrap();
                assert!(prices.sources.contains_key(&price.source), "{region}: {}", line.item);
                assert!(price.usd > decimal("0"), "{region}: {}", line.item);
            }
        }
    }
}

#[test]
fn the_benchmark_of_request_units_has_the_prices_of_the_list() {
    let london = PriceList::built_in().unwrap().region("eu-west-2").unwrap().clone();
    for (name, price) in [
        ("DOLLARS_PER_MILLION_WRITES", london.million_writes),
        ("DOLLARS_PER_MILLION_READS", london.million_reads),
    ] {
        let constant = format!("const {name}: f64 = {};", price.usd);
        assert!(BENCHMARK.contains(&constant), "{constant}");
    }
}

#[test]
fn the_template_has_the_one_dashboard_that_is_billed() {
    let kinds = TEMPLATE.lines().map(str::trim);
    assert_eq!(kinds.filter(|line| *line == "Type: AWS::CloudWatch::Dashboard").count(), 1);
}
