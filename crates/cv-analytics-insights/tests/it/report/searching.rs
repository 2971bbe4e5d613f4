//! Every number opens exactly the questions that it counts.

use std::collections::BTreeSet;

use cv_analytics_core::event::{MatchType, Rating};
use cv_analytics_core::store::Observation;
use cv_analytics_core::store::observation_page::ObservationPage;
use cv_analytics_insights::model::{NameType, Report, Thumbs};
use cv_analytics_insights::questions::filter::QuestionFilter;
use cv_analytics_insights::settings::counting_rules::CountingRules;
use cv_analytics_insights::tally::search::QuestionSearch;
use proptest::prelude::*;

use crate::report::interactions::*;

fn found(
    rules: &CountingRules,
    phrases: &BTreeSet<String>,
    page: &ObservationPage,
    filter: &QuestionFilter,
) -> u64 {
    let mut count = 0;
    QuestionSearch::new(filter, rules, phrases).search(page, |_| count += 1);
    count
}

fn this_week(observations: &[Observation]) -> ObservationPage {
    let this = |observation: &&Observation| observation.at().unwrap() >= week().start();
    observations.iter().filter(this).cloned().collect()
}

fn check(report: &Report, count: impl Fn(&QuestionFilter) -> u64) {
    for row in &report.skills {
        let skill = QuestionFilter { skill: Some(row.skill.clone()), ..QuestionFilter::default() };
        assert_eq!(count(&skill), row.figures.queries, "{}", row.skill);
        let about = QuestionFilter { about: Some(row.skill.clone()), ..QuestionFilter::default() };
        assert_eq!(count(&about), row.figures.queries, "{}", row.skill);
        for word in &row.variants {
            let filter = QuestionFilter { word: Some(word.text.clone()), ..skill.clone() };
            assert_eq!(count(&filter), word.queries, "{} as {}", row.skill, word.text);
        }
    }
    for row in &report.topics {
        let topic = QuestionFilter { topic: Some(row.topic.clone()), ..QuestionFilter::default() };
        assert_eq!(count(&topic), row.figures.queries, "{}", row.topic);
    }
    let rated = |filter: &QuestionFilter| {
        let thumbs = |rating| count(&filter.clone().rating(rating));
        let thumbs = Thumbs { up: thumbs(Rating::Up), down: thumbs(Rating::Down) };
        (thumbs.given() > 0).then_some(thumbs)
    };
    let all = QuestionFilter::default();
    if let Some(said) = &report.feedback {
        let Thumbs { up, down } = rated(&all).unwrap_or_default();
        assert_eq!((said.up, said.down), (up, down));
        let covered = rated(&all.coverage(MatchType::Full)).unwrap_or_default();
        assert_eq!((said.covered, said.down_though_covered), (covered.given(), covered.down));
    }
    for row in &report.skills {
        let skill = QuestionFilter { skill: Some(row.skill.clone()), ..QuestionFilter::default() };
        assert_eq!(rated(&skill), row.figures.feedback, "{}", row.skill);
    }
    for gap in &report.gaps {
        let filter = QuestionFilter {
            gap: Some(gap.name.clone()),
            gap_type: Some(gap.name_type),
            kind: Some(gap.kind),
            ..QuestionFilter::default()
        };
        assert_eq!(count(&filter), gap.queries, "{gap:?}");
        assert_eq!(rated(&filter), gap.feedback, "{gap:?}");
    }
    let rows = report.skills.iter().map(|row| (&row.skill, &row.figures, NameType::Skill));
    for (name, figures, name_type) in rows {
        let filter = QuestionFilter {
            gap: Some(name.clone()),
            gap_type: Some(name_type),
            ..QuestionFilter::default()
        };
        assert_eq!(count(&filter), figures.failing, "failing of {name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_figure_of_a_name_is_found_again(
        seeds in proptest::collection::vec((0..3_u8, 0..9_usize, 0..4_u8, 0..5_usize, 0..4_usize), 1..80),
    ) {
        let texts = [
            "k8s and Docker?", "Kubernetes, React or COBOL?", "visa?", "What do you want to earn?",
            "Tell me about otter wrangling", "Go or Rust?", "", "Do you know zorbing?", "hm?",
        ];
        let lists: [&[&str]; 4] = [&[], &["Docker"], &["COBOL; Kubernetes", "none"], &["Zorbing"]];
        let make = |(place, &(weeks_ago, text, session, way, list)): (usize, &(u8, usize, u8, usize, usize))| {
            let made = asked(place, weeks_ago, texts[text]).matched(lists[(list + place) % 4]).missing(lists[list]);
            let made = match way {
                0 => made,
                1 => made.none(),
                2 => made.partial(),
                3 => made.about("relocation").none(),
                _ => made.silent(),
            };
            let made = match place % 5 {
                0 => made.rated(Rating::Down, None),
                1 => made.rated(Rating::Up, Some("ta")),
                _ => made,
            };
            if session == 0 { made } else { made.of(&format!("s{session}")) }
        };
        let all: Vec<Observation> = seeds.iter().enumerate().map(make).collect();
        let rules = rules(&with_cv(&["Docker", "React"]));
        let built = built(&rules, &all);
        let page = this_week(&all);
        check(&built.report, |filter| found(&rules, &built.shared_phrases, &page, filter));
    }
}
