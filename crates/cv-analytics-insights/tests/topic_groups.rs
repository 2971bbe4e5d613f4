//! How well the table and shared phrases tell usual questions apart, by V-measure and adjusted Rand index.

use std::collections::HashMap;

use cv_analytics_insights::{OTHER_QUESTIONS, phrase, table_topic};
use serde::Deserialize;

const QUESTIONS: &str = include_str!("../../../fixtures/questions/topic_groups.jsonl");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    text: String,
    group: String,
    held_out: bool,
}

fn questions(held_out: bool) -> Vec<Question> {
    let all = QUESTIONS.lines().map(|line| serde_json::from_str::<Question>(line).expect(line));
    all.filter(|question| question.held_out == held_out).collect()
}

/// How often each pair of labels stands together, and each label by itself.
struct Contingency {
    pairs: HashMap<(usize, usize), f64>,
    groups: Vec<f64>,
    topics: Vec<f64>,
    total: f64,
}

impl Contingency {
    fn of(labels: &[(String, String)]) -> Self {
        let (mut group_ids, mut topic_ids) = (HashMap::new(), HashMap::new());
        let mut pairs = HashMap::new();
        let (mut groups, mut topics) = (Vec::new(), Vec::new());
        for (group, topic) in labels {
            let next = group_ids.len();
            let group = *group_ids.entry(group).or_insert(next);
            let next = topic_ids.len();
            let topic = *topic_ids.entry(topic).or_insert(next);
            groups.resize(group_ids.len(), 0.0);
            topics.resize(topic_ids.len(), 0.0);
            groups[group] += 1.0;
            topics[topic] += 1.0;
            *pairs.entry((group, topic)).or_insert(0.0) += 1.0;
        }
        let total = groups.iter().sum();
        Self { pairs, groups, topics, total }
    }

    /// The harmonic mean of homogeneity and completeness (Rosenberg and Hirschberg 2007).
    fn v_measure(&self) -> f64 {
        let entropy = |counts: &[f64]| -> f64 {
            counts.iter().map(|count| -count / self.total * (count / self.total).ln()).sum()
        };
        let mutual: f64 = self
            .pairs
            .iter()
            .map(|(&(group, topic), &count)| {
                count / self.total
                    * (count * self.total / (self.groups[group] * self.topics[topic])).ln()
            })
            .sum();
        let (groups, topics) = (entropy(&self.groups), entropy(&self.topics));
        let share = |entropy: f64| if entropy == 0.0 { 1.0 } else { mutual / entropy };
        let (homogeneity, completeness) = (share(groups), share(topics));
        2.0 * homogeneity * completeness / (homogeneity + completeness)
    }

    /// The Rand index less what chance gives (Hubert and Arabie 1985).
    fn adjusted_rand_index(&self) -> f64 {
        let pairs = |count: f64| count * (count - 1.0) / 2.0;
        let together: f64 = self.pairs.values().map(|&count| pairs(count)).sum();
        let in_groups: f64 = self.groups.iter().map(|&count| pairs(count)).sum();
        let in_topics: f64 = self.topics.iter().map(|&count| pairs(count)).sum();
        let expected = in_groups * in_topics / pairs(self.total);
        (together - expected) / (f64::midpoint(in_groups, in_topics) - expected)
    }
}

/// What the report would say with the table and shared phrases alone.
fn topics(questions: &[Question]) -> Vec<(String, String)> {
    let named: Vec<_> = questions
        .iter()
        .map(|question| match table_topic(&question.text) {
            Some(topic) => (topic.to_owned(), None),
            None => (OTHER_QUESTIONS.to_owned(), phrase(&question.text)),
        })
        .collect();
    let mut sharing: HashMap<&str, usize> = HashMap::new();
    for phrase in named.iter().filter_map(|(_, phrase)| phrase.as_deref()) {
        *sharing.entry(phrase).or_default() += 1;
    }
    let shared =
        |phrase: &Option<String>| phrase.clone().filter(|phrase| sharing[phrase.as_str()] >= 3);
    let of = |(topic, phrase): &(String, Option<String>)| {
        shared(phrase).unwrap_or_else(|| topic.clone())
    };
    questions
        .iter()
        .zip(&named)
        .map(|(question, named)| (question.group.clone(), of(named)))
        .collect()
}

#[test]
fn usual_questions_are_told_apart() {
    for held_out in [false, true] {
        let questions = questions(held_out);
        let labels = topics(&questions);
        let measured = Contingency::of(&labels);
        let (v, ari) = (measured.v_measure(), measured.adjusted_rand_index());
        println!("held out {held_out}: V-measure {v:.3}, adjusted Rand index {ari:.3}");
        if std::env::var("SHOW").is_ok() {
            for (q, (g, t)) in questions.iter().zip(&labels) {
                if g != t {
                    println!("  {g:28} {t:28} {}", q.text);
                }
            }
        }
    }
}
