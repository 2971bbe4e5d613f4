//! What breaks first, and that the pages say what the program says.

use std::num::NonZeroU32;

use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive};
use cv_analytics_aws::cost::limits::{Carried, Limit, carried, exceeded};
use cv_analytics_aws::cost::prices::PriceList;
use cv_analytics_aws::cost::{Design, Workload, bill};
use cv_analytics_aws::tables::interaction_path::InteractionPath;

use crate::cost::workload;

const SCALING: &str = include_str!("../../../../../docs/operate/scaling.md");
const COST: &str = include_str!("../../../../../docs/operate/cost.md");

/// The cells of the table that begins with this row, row by row.
fn table<'t>(page: &'t str, head: &str) -> Vec<Vec<&'t str>> {
    let rows = page.lines().skip_while(|line| *line != head).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<&str>> =
        rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect();
    assert!(!rows.is_empty(), "no table begins with {head}");
    rows
}

#[test]
fn what_provisioned_tables_carry_is_bounded_by_the_busiest_of_them() {
    // 5 a second × 2,628,000 seconds; 1,200 s × 5 units × 8 interactions, of eight weeks
    assert_eq!(
        carried(&workload(1)),
        Carried { flat: 13_140_000, peak: 1_314_000, reported: 26_071 }
    );
    let first = Workload { path: InteractionPath::ResponseFirst, ..workload(1) };
    assert_eq!(carried(&first).flat, 6_570_000);
    let longer = Workload { record_bytes: 1_500, ..workload(1) };
    assert_eq!(carried(&longer), Carried { flat: 6_570_000, peak: 657_000, reported: 13_035 });
}

#[test]
fn provisioned_tables_that_are_too_small_are_said_to_be() {
    assert_eq!(exceeded(&workload(26_071), Design::Provisioned), []);
    assert_eq!(exceeded(&workload(26_072), Design::Provisioned), [Limit::ProvisionedReads(26_071)]);
    let limits = exceeded(&workload(13_140_001), Design::Provisioned);
    assert!(limits.contains(&Limit::ProvisionedWrites(13_140_000)), "{limits:?}");
    assert!(limits.contains(&Limit::ProvisionedReads(26_071)), "{limits:?}");
}

#[test]
fn limits_are_named_once_the_busiest_hour_is_over_them() {
    let on_demand = |interactions| exceeded(&workload(interactions), Design::OnDemand);
    assert_eq!(on_demand(6_000_000), []);
    // 12,887,671 interactions of 150 bytes
    assert_eq!(on_demand(7_000_000), [Limit::ReporterMemory(1_934)]);
    assert_eq!(on_demand(8_000_000), [Limit::ReporterMemory(2_210), Limit::ReporterTime(943)]);
    // 1,612 a second × 2,628,000 seconds / 10 times the mean / 2 messages
    let processor = |limit: &Limit| matches!(limit, Limit::Processor(..));
    assert!(!on_demand(211_816_800).iter().any(processor));
    assert!(on_demand(211_816_801).contains(&Limit::Processor(1_613, 1_612)));
    assert!(!on_demand(262_800_000).contains(&Limit::WeekPartition(1_000)));
    assert!(on_demand(262_800_001).contains(&Limit::WeekPartition(1_001)));
    assert!(!on_demand(315_360_000).contains(&Limit::Queue(2_400)));
    assert!(on_demand(315_360_001).contains(&Limit::Queue(2_401)));
    let limits = on_demand(4_000_000_000);
    assert_eq!(
        limits[2..],
        [Limit::Processor(30_442, 1_612), Limit::WeekPartition(15_221), Limit::Queue(30_442)]
    );
    let sentences: Vec<String> = limits.iter().map(Limit::to_string).collect();
    assert!(
        sentences[3].starts_with("15221 write units a second in the busiest hour"),
        "{sentences:?}"
    );
}

/// From how many interactions a month on a limit of this kind is met.
fn met_from(design: Design, kind: fn(&Limit) -> bool) -> u64 {
    let is_over = |count| exceeded(&workload(count), design).iter().any(kind);
    let (mut under, mut over) = (0, 1 << 40);
    assert!(is_over(over));
    while over - under > 1 {
        let middle = u64::midpoint(under, over);
        if is_over(middle) { over = middle } else { under = middle }
    }
    over
}

/// As the page writes it: `13 thousand`, `0.9 million`, `39 million`.
fn describe(count: u64) -> String {
    let (unit, word) = if count < 500_000 { (3, "thousand") } else { (6, "million") };
    let amount = BigDecimal::new(count.into(), unit);
    let digits = i64::from(amount < 10);
    format!("{} {word}", amount.with_scale_round(digits, RoundingMode::HalfUp).to_plain_string())
}

#[test]
fn the_page_of_limits_has_those_of_the_program_in_its_order() {
    let rows = table(SCALING, "| limit | interactions a month |");
    let (provisioned, on_demand) = (Design::Provisioned, Design::OnDemand);
    let of = |design, kind| describe(met_from(design, kind));
    let expect = [
        of(provisioned, |limit| matches!(limit, Limit::ProvisionedReads(_))),
        of(provisioned, |limit| matches!(limit, Limit::ProvisionedWrites(_))),
        of(on_demand, |limit| matches!(limit, Limit::ReporterMemory(_))),
        of(on_demand, |limit| matches!(limit, Limit::ReporterTime(_))),
        of(on_demand, |limit| matches!(limit, Limit::Processor(..))),
        of(on_demand, |limit| matches!(limit, Limit::WeekPartition(_))),
        of(on_demand, |limit| matches!(limit, Limit::Queue(_))),
    ];
    assert_eq!(rows.iter().map(|row| row[1].to_owned()).collect::<Vec<_>>(), expect);
    // The sections of the page have the same figures.
    for (section, figures) in [
        ("**1. Provisioned tables: the report, at 26 thousand a month.**", &expect[0..1]),
        ("**2. The reporter: at 6.4 to 7.6 million a month.**", &expect[2..4]),
        ("**3. The processor", &expect[4..5]),
        ("**4. One week's partition", &expect[5..6]),
        ("**5. The queue", &expect[6..7]),
    ] {
        let text = SCALING.split(section).nth(1).unwrap_or_else(|| panic!("no section {section}"));
        let text = format!("{section}{}", text.split("\n**").next().unwrap()).replace('\n', " ");
        for figure in figures {
            let amount = figure.split(' ').next().unwrap();
            assert!(text.contains(amount), "{section} has not {figure}");
        }
    }
}

#[test]
fn what_breaks_at_the_three_sizes_of_the_page_is_what_the_program_says() {
    let over = |interactions| exceeded(&workload(interactions), Design::OnDemand).len();
    assert_eq!([10_000, 1_000_000, 1_000_000_000].map(over), [0, 0, 5]);
    let row = table(SCALING, "| interactions a month | 10 thousand | 1 million | 1 billion |");
    let breaks = row.iter().find(|row| row[0].starts_with("**AWS**")).unwrap();
    assert!(breaks[1].starts_with("nothing"), "{}", breaks[1]);
    assert!(breaks[2].starts_with("nothing"), "{}", breaks[2]);
    assert!(breaks[3].ends_with("all five"), "{}", breaks[3]);
    assert!(COST.contains("A billion is over five limits"));
    assert!(COST.contains("a million over none"));
}

#[test]
fn the_page_of_costs_has_the_programs_dollars() {
    let prices = PriceList::built_in().unwrap();
    let rows = table(
        COST,
        "| interactions a month, London | free tier taken off | no free tier | the first plan, free tier taken off | the same without |",
    );
    let sizes = [
        ("none", 0, 1),
        ("10,000", 10_000, 1),
        ("1 million", 1_000_000, 1),
        ("1 million, full batches", 1_000_000, 10),
        ("1 billion", 1_000_000_000, 1),
        ("1 billion, full batches", 1_000_000_000, 10),
    ];
    let expected = sizes.map(|(name, interactions, batch)| {
        let mut expect = vec![name.to_owned()];
        for design in [Design::OnDemand, Design::NodeJs] {
            for has_always_free in [true, false] {
                let batch = NonZeroU32::new(batch).unwrap();
                let recovery = true;
                let workload =
                    Workload { batch, recovery, has_always_free, ..workload(interactions) };
                expect.push(dollars(&bill(&prices, "eu-west-2", &workload, design).unwrap().total));
            }
        }
        expect
    });
    assert_eq!(rows, expected);
}

/// As the page writes it: `$0.001`, `$4.33`, `$14,102`.
fn dollars(amount: &BigDecimal) -> String {
    let rounded = |digits| amount.with_scale_round(digits, RoundingMode::HalfUp);
    if *amount < BigDecimal::new(1.into(), 2) {
        format!("${}", rounded(3).to_plain_string())
    } else if *amount < 1_000 {
        format!("${}", rounded(2).to_plain_string())
    } else {
        let whole = rounded(0).to_u64().unwrap();
        format!("${},{:03}", whole / 1_000, whole % 1_000)
    }
}
