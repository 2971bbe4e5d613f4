//! How well the table and shared phrases tell usual questions apart, by V-measure and adjusted Rand index.

use std::collections::BTreeMap;

use cv_analytics_insights::model::OTHER_QUESTIONS;
use cv_analytics_insights::{phrase, table_topic};
use serde::Deserialize;

const QUESTIONS: &str = include_str!("../../../../fixtures/questions/topic_groups.jsonl");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    text: String,
    group: String,
    held_out: bool,
}

fn questions(held_out: bool) -> Vec<Question> {
    let all = QUESTIONS.lines().filter_map(|line| serde_json::from_str::<Question>(line).ok());
    all.filter(|question| question.held_out == held_out).collect()
}

/// How many questions each group, each topic, and each pair of them has.
#[derive(Default)]
struct Contingency<'l> {
    groups: BTreeMap<&'l str, f64>,
    topics: BTreeMap<&'l str, f64>,
    pairs: BTreeMap<(&'l str, &'l str), f64>,
    total: f64,
}

impl<'l> Contingency<'l> {
    fn of(labels: impl Iterator<Item = (&'l str, &'l str)>) -> Self {
        let mut counts = Self::default();
        for (group, topic) in labels {
            *counts.groups.entry(group).or_default() += 1.0;
            *counts.topics.entry(topic).or_default() += 1.0;
            *counts.pairs.entry((group, topic)).or_default() += 1.0;
            counts.total += 1.0;
        }
        counts
    }

    /// The harmonic mean of homogeneity and completeness (Rosenberg and Hirschberg 2007): twice the
    /// mutual information over the sum of the entropies.
    fn v_measure(&self) -> f64 {
        let total = self.total;
        let entropy = |count: &f64| -count / total * (count / total).ln();
        let groups: f64 = self.groups.values().map(entropy).sum();
        let topics: f64 = self.topics.values().map(entropy).sum();
        let pairs: f64 = self.pairs.values().map(entropy).sum();
        2.0 * (groups + topics - pairs) / (groups + topics)
    }

    /// The Rand index less what chance gives (Hubert and Arabie 1985).
    fn adjusted_rand_index(&self) -> f64 {
        let two_of = |count: &f64| count * (count - 1.0) / 2.0;
        let together: f64 = self.pairs.values().map(two_of).sum();
        let in_groups: f64 = self.groups.values().map(two_of).sum();
        let in_topics: f64 = self.topics.values().map(two_of).sum();
        let expected = in_groups * in_topics / two_of(&self.total);
        (together - expected) / (f64::midpoint(in_groups, in_topics) - expected)
    }
}

/// What the report would say with only the table and shared phrases.
fn topics(questions: &[Question]) -> Vec<String> {
    let phrases: Vec<_> = questions.iter().map(|question| phrase(&question.text)).collect();
    let topic = |(question, phrase): (&Question, &Option<String>)| {
        let shared = phrases.iter().filter(|other| *other == phrase).count() >= 3;
        let named = table_topic(&question.text).map(str::to_owned);
        named
            .or_else(|| phrase.clone().filter(|_| shared))
            .unwrap_or_else(|| OTHER_QUESTIONS.into())
    };
    questions.iter().zip(&phrases).map(topic).collect()
}

/// The V-measure and the adjusted Rand index of the questions for which the table was made, or of
/// those that were held out of it.
fn measured(held_out: bool) -> (f64, f64) {
    let questions = questions(held_out);
    let topics = topics(&questions);
    let labels = questions.iter().map(|question| question.group.as_str());
    let counts = Contingency::of(labels.zip(topics.iter().map(String::as_str)));
    let (v_measure, rand_index) = (counts.v_measure(), counts.adjusted_rand_index());
    println!("held out {held_out}: V-measure {v_measure:.3}, adjusted Rand index {rand_index:.3}");
    (v_measure, rand_index)
}

#[test]
fn usual_questions_are_told_apart() {
    assert_eq!(questions(true).len() + questions(false).len(), QUESTIONS.lines().count());
    for held_out in [false, true] {
        let (v_measure, rand_index) = measured(held_out);
        assert!(v_measure >= 0.95 && rand_index >= 0.85, "{held_out}: {v_measure}, {rand_index}");
    }
}

#[test]
fn the_measures_are_those_of_the_literature() {
    let same = Contingency::of([("a", "1"), ("a", "1"), ("b", "2"), ("b", "2")].into_iter());
    assert!((same.v_measure() - 1.0).abs() < 1e-9);
    assert!((same.adjusted_rand_index() - 1.0).abs() < 1e-9);
    // scikit-learn's own example of one group that is split.
    let split = Contingency::of([("a", "1"), ("a", "1"), ("b", "2"), ("b", "3")].into_iter());
    assert!((split.v_measure() - 0.8).abs() < 1e-9);
    assert!((split.adjusted_rand_index() - 4.0 / 7.0).abs() < 1e-9);
}
