//! The demo's visitors: eight weeks of plausible questions, the same for the same seed and week.

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::GapMark;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::queue_client::Message;

/// The weeks that the demo fills.
pub(crate) const WEEKS: u8 = 8;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// What the visitors ask, as `data/demo-questions.json` says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Questions {
    marks: Vec<DemoMark>,
    cv: Vec<String>,
    skills: Vec<Subject>,
    about_one: Vec<String>,
    about_two: Vec<String>,
    topics: Vec<Subject>,
}

/// What the demo's owner said of a gap.
#[derive(Deserialize)]
pub(crate) struct DemoMark {
    /// The gap.
    pub(crate) name: String,
    /// What it is to them.
    pub(crate) mark: GapMark,
    /// In which of the eight weeks.
    week: u8,
}

impl DemoMark {
    /// When it was said: on the morning of the week's Monday.
    pub(crate) fn at(&self, last: IsoWeek) -> Timestamp {
        last.earlier((WEEKS - 1).saturating_sub(self.week)).start().plus_millis(8 * 60 * MINUTE_MS)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subject {
    #[serde(default)]
    skill: Option<String>,
    #[serde(default)]
    topic: Option<String>,
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    questions: Vec<String>,
    weight: [u32; WEEKS as usize],
    #[serde(rename = "match")]
    shares: [u32; 3],
    #[serde(default)]
    fixed_from: Option<u8>,
    #[serde(default)]
    fixed_match: Option<[u32; 3]>,
    #[serde(default)]
    broken_from: Option<u8>,
}

impl Subject {
    fn shares(&self, week: u8) -> [u32; 3] {
        let broken = self.broken_from.is_some_and(|from| week >= from);
        match (self.fixed_from, self.fixed_match) {
            (Some(from), Some(fixed)) if week >= from && !broken => fixed,
            _ => self.shares,
        }
    }
}

fn questions() -> serde_json::Result<Questions> {
    serde_json::from_str(include_str!("../../../data/demo-questions.json"))
}

/// The skill list of the made-up CV.
pub(crate) fn cv() -> serde_json::Result<Vec<String>> {
    Ok(questions()?.cv)
}

/// What the demo's owner said of gaps.
pub(crate) fn marks() -> serde_json::Result<Vec<DemoMark>> {
    Ok(questions()?.marks)
}

/// Every message of the eight weeks that end with `last`, in the order in which they are sent.
pub(crate) fn messages(seed: u64, last: IsoWeek) -> serde_json::Result<Vec<Message>> {
    let questions = questions()?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut visits = Visits {
        questions: &questions,
        rng: &mut rng,
        opinions: ChaCha8Rng::seed_from_u64(seed.wrapping_add(1)),
        sent: Vec::new(),
        interactions: 0,
    };
    for week in 0..WEEKS {
        visits.week(week, last.earlier(WEEKS - 1 - week).start());
    }
    let mut sent = visits.sent;
    sent.sort_by_key(|(at, message)| (*at, message.deduplication_id.clone()));
    Ok(sent.into_iter().map(|(_, message)| message).collect())
}

struct Visits<'q> {
    questions: &'q Questions,
    rng: &'q mut ChaCha8Rng,
    /// What visitors think of the answers.
    opinions: ChaCha8Rng,
    sent: Vec<(Timestamp, Message)>,
    interactions: u32,
}

/// What a visitor asks, and which shares of full, partial and none the answers have.
struct Question {
    text: String,
    /// The skill that is covered worst, which the agent misses where it misses one.
    worst: Option<String>,
    /// The other skill, where it asks for two.
    other: Option<String>,
    topic: Option<String>,
    shares: [u32; 3],
}

impl Visits<'_> {
    fn week(&mut self, week: u8, monday: Timestamp) {
        let interactions = 250 + u32::from(week) * 12 + self.rng.random_range(0..40);
        let mut left = interactions;
        let mut sessions = 0;
        while left > 0 {
            let questions = self.rng.random_range(1..=5).min(left);
            left -= questions;
            sessions += 1;
            self.session(week, monday, questions, &format!("visit-{week}-{sessions}"));
        }
        for crawl in 0..6 {
            self.crawl(week, crawl, monday);
        }
        for day in 0..7 {
            self.aside(week, monday, day, "canary");
        }
        for day in [0, 2, 4] {
            self.aside(week, monday, day, "own");
        }
        if week + 1 == WEEKS {
            self.broken(monday);
        }
    }

    /// A visitor's questions, a minute or two apart, mostly on working days.
    fn session(&mut self, week: u8, monday: Timestamp, questions: u32, session: &str) {
        let day = if self.rng.random_ratio(9, 10) {
            self.rng.random_range(0..5)
        } else {
            self.rng.random_range(5..7)
        };
        let minute = self.rng.random_range(8 * 60..19 * 60);
        let mut at = monday
            .plus_millis(day * DAY_MS + minute * MINUTE_MS + self.rng.random_range(0..MINUTE_MS));
        for _ in 0..questions {
            let question = self.question(week);
            self.interaction(week, at, &question, session);
            at = at.plus_millis(self.rng.random_range(20_000..150_000));
        }
    }

    fn question(&mut self, week: u8) -> Question {
        let all: Vec<&Subject> =
            self.questions.skills.iter().chain(&self.questions.topics).collect();
        let weight =
            |subject: &&Subject| subject.weight.get(usize::from(week)).copied().unwrap_or(0);
        let Ok(&subject) = all.choose_weighted(self.rng, weight) else {
            return Question {
                text: "Hello?".to_owned(),
                worst: None,
                other: None,
                topic: None,
                shares: [1, 0, 0],
            };
        };
        if let Some(text) = subject.questions.choose(self.rng) {
            return Question {
                text: text.clone(),
                worst: None,
                other: None,
                topic: subject.topic.clone(),
                shares: subject.shares(week),
            };
        }
        let mut subjects = vec![subject];
        if self.rng.random_ratio(1, 10)
            && let Ok(&other) = all.choose_weighted(self.rng, weight)
            && other.skill.is_some()
            && other.skill != subject.skill
        {
            subjects.push(other);
        }
        let templates =
            if subjects.len() == 2 { &self.questions.about_two } else { &self.questions.about_one };
        let mut text = templates.choose(self.rng).cloned().unwrap_or_default();
        for subject in &subjects {
            let word = subject.words.choose(self.rng).map_or("", String::as_str);
            text = text.replacen("{}", word, 1);
        }
        subjects.sort_by_key(|subject| std::cmp::Reverse(subject.shares(week)[2]));
        let mut skills = subjects.iter().map(|subject| subject.skill.clone());
        Question {
            text,
            worst: skills.next().flatten(),
            other: skills.next().flatten(),
            topic: None,
            shares: subjects.first().map_or([1, 0, 0], |worst| worst.shares(week)),
        }
    }

    fn interaction(&mut self, week: u8, at: Timestamp, question: &Question, session: &str) {
        self.interactions += 1;
        let request_id = format!("demo-{week}-{:05}", self.interactions);
        let old_style = self.rng.random_ratio(1, 12);
        let query = if old_style {
            json!({"type": "query", "correlationId": request_id, "timestamp": at.as_millis() / 1000,
                   "query": question.text, "sessionId": session})
        } else {
            json!({"eventType": "query", "requestId": request_id, "timestamp": at.as_millis(), "query": question.text,
                   "sessionId": session, "metadata": {"userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"}})
        };
        self.send(at, &query, &request_id, "query");
        if self.rng.random_ratio(6, 1000) {
            return; // the agent was cut off: nobody answers
        }
        let response = self.response(at, question, session, &request_id, old_style);
        let answered_at = at.plus_millis(1000);
        self.send(answered_at, &response, &request_id, "response");
        if self.rng.random_ratio(1, 100) {
            // A retry whose first try had arrived, too late for the queue's deduplication.
            self.send(answered_at, &response, &request_id, "response:again");
        }
        self.opinion(answered_at, &response, &request_id);
    }

    /// One visitor in six rates an answer, and some say why. What the agent calls covered is not always.
    fn opinion(&mut self, answered_at: Timestamp, response: &Value, request_id: &str) {
        let (likes, reasons): (u32, &[&str]) = match response["matchType"].as_str() {
            Some("full") => (9, &["The year is wrong.", "That is not what I asked."]),
            Some("partial") => (5, &["Only half an answer.", "And Kubernetes?"]),
            Some("none") => (1, &["Not helpful.", "Surely you know this."]),
            _ => return,
        };
        if !self.opinions.random_ratio(1, 6) {
            return;
        }
        let up = self.opinions.random_ratio(likes, 10);
        let at = answered_at.plus_millis(self.opinions.random_range(4_000..60_000));
        let says_why = !up && self.opinions.random_ratio(1, 3);
        let comment = reasons.choose(&mut self.opinions).filter(|_| says_why);
        let feedback = json!({"eventType": "feedback", "requestId": request_id, "timestamp": at.as_millis(),
                              "rating": if up { "up" } else { "down" }, "comment": comment});
        self.send(at, &feedback, request_id, "feedback");
    }

    fn response(
        &mut self,
        at: Timestamp,
        question: &Question,
        session: &str,
        request_id: &str,
        old_style: bool,
    ) -> Value {
        let total = 380
            + self.rng.random_range(0..900)
            + if self.rng.random_ratio(1, 20) { 2500 } else { 0 };
        let trouble = self.rng.random_range(0..1000);
        let outcome = match trouble {
            0..6 => "ai_error",
            6..10 => "quota",
            10..22 => "blocked",
            22..28 => "off_hours",
            _ => "",
        };
        let (at, asked_at) = (at.as_millis() + total, at.as_millis());
        if !outcome.is_empty() {
            // With a quota or a model's fault it had found what to answer with, and then could not.
            let score =
                matches!(outcome, "quota" | "ai_error").then(|| self.rng.random_range(70..=96));
            return json!({"eventType": "response", "requestId": request_id, "timestamp": at,
                          "outcome": outcome, "query": question.text, "queryTimestamp": asked_at,
                          "matchScore": score,
                          "sessionId": session, "performance": {"totalTime": total}});
        }
        let [full, partial, none] = question.shares;
        let drawn = self.rng.random_range(0..(full + partial + none).max(1));
        let (match_type, score) = if drawn < full {
            // One in twenty comes from a cache, under a score that says nothing.
            let cached = self.rng.random_ratio(1, 20);
            ("full", self.rng.random_range(if cached { 15..=35 } else { 82..=98 }))
        } else if drawn < full + partial {
            ("partial", self.rng.random_range(40..=75))
        } else {
            ("none", self.rng.random_range(0..=20))
        };
        // How sure the model is says nothing of how much it covers.
        let confidence = f64::from(self.rng.random_range(80..=99)) / 100.0;
        let source = if self.rng.random_ratio(1, 12) { "similarity" } else { "model" };
        let Question { worst, other, .. } = question;
        // A partial answer covers the other skill, or something of the only one.
        let is_missing = match match_type {
            "partial" => other.is_some() || self.rng.random_ratio(1, 2),
            match_type => match_type == "none",
        };
        let (missing, matched): (Vec<_>, Vec<_>) = [(worst, is_missing), (other, false)]
            .into_iter()
            .filter_map(|(skill, is_missing)| Some((skill.as_ref()?, is_missing)))
            .partition(|(_, is_missing)| *is_missing);
        let names = |skills: Vec<(&String, bool)>| -> Vec<String> {
            skills.into_iter().map(|(skill, _)| skill.clone()).collect()
        };
        let (missing, matched) = (names(missing), names(matched));
        if old_style {
            return json!({"type": "response", "correlationId": request_id, "timestamp": at,
                          "matchQuality": {"type": match_type.to_uppercase(), "confidence": confidence},
                          "matchScore": score, "skillsMatched": matched, "skillsMissing": missing});
        }
        let reasoning = match match_type {
            "full" => "Found it, with a project.".to_owned(),
            _ if !missing.is_empty() => format!("Found nothing about {}.", missing.join(" or ")),
            "partial" => "Found a part of it.".to_owned(),
            _ => "Found nothing about it.".to_owned(),
        };
        let (has, lacks) = (matched.join(" and "), missing.join(" or "));
        let answer = match (match_type, has.is_empty(), lacks.is_empty()) {
            ("full", false, _) => format!("Yes: {has} is on the CV, with a project."),
            ("full", ..) => "Yes, the CV says so, with the dates.".to_owned(),
            ("partial", false, false) => {
                format!("In part: the CV has {has}, and says nothing of {lacks}.")
            }
            ("partial", ..) => "In part: the CV mentions it without details.".to_owned(),
            (_, _, false) => format!("I found nothing about {lacks} in the CV."),
            _ => "The CV says nothing about that.".to_owned(),
        };
        json!({"eventType": "response", "requestId": request_id, "timestamp": at, "matchType": match_type,
               "matchScore": score, "reasoning": reasoning, "answer": answer, "confidence": confidence, "matchedSkills": matched, "missingSkills": missing,
               "topic": question.topic.as_deref().unwrap_or("other"), "query": question.text,
               "queryTimestamp": asked_at, "sessionId": session, "model": "demo", "metadata": {"matchSource": source},
               "performance": {"totalTime": total, "llmTime": total * 4 / 5, "retrievalTime": 40, "cacheHit": false}})
    }

    /// A search engine's crawler that tries the chat: kept, flagged, and in no report.
    fn crawl(&mut self, week: u8, crawl: u32, monday: Timestamp) {
        let at = monday.plus_millis(self.rng.random_range(0..7 * DAY_MS));
        let request_id = format!("demo-{week}-crawl-{crawl}");
        let query = json!({"eventType": "query", "requestId": request_id, "timestamp": at.as_millis(), "query": "test",
                           "metadata": {"userAgent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}});
        self.send(at, &query, &request_id, "query");
    }

    /// A canary's daily question, or the owner's own test: kept, flagged, and in no report.
    fn aside(&mut self, week: u8, monday: Timestamp, day: i64, traffic: &str) {
        let minute = self.rng.random_range(6 * 60..7 * 60);
        let at = monday.plus_millis(day * DAY_MS + minute * MINUTE_MS);
        let request_id = format!("demo-{week}-{traffic}-{day}");
        let response = json!({"eventType": "response", "requestId": request_id, "timestamp": at.as_millis() + 700,
                              "matchType": "full", "matchScore": 95, "query": "Do you know Docker?",
                              "queryTimestamp": at.as_millis(), "metadata": {"traffic": traffic}});
        self.send(at, &response, &request_id, "response");
    }

    /// A message that was cut off on its way: it becomes a dead letter.
    fn broken(&mut self, monday: Timestamp) {
        let message = Message {
            body: "{\"eventType\":\"response\",\"requestId\":\"demo-cut-off\",\"timesta".to_owned(),
            deduplication_id: "demo-cut-off:response".to_owned(),
            group_id: "demo-cut-off".to_owned(),
        };
        self.sent.push((monday.plus_millis(3 * DAY_MS), message));
    }

    fn send(&mut self, at: Timestamp, event: &Value, request_id: &str, half: &str) {
        let message = Message {
            body: event.to_string(),
            deduplication_id: format!("{request_id}:{half}"),
            group_id: request_id.to_owned(),
        };
        self.sent.push((at, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_sends_the_same_messages() {
        let week: IsoWeek = "2026-W47".parse().unwrap();
        let messages = messages(1, week).unwrap();
        assert_eq!(messages, super::messages(1, week).unwrap());
        assert_ne!(messages, super::messages(2, week).unwrap());
        assert!(messages.len() > 4000, "{}", messages.len());
    }
}
