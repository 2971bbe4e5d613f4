//! What agents send: few requests and sessions, so that messages meet.
//!
//! Every text, request and session is a unique word, by which bytes in the files are known again.

use std::collections::BTreeSet;
use std::io::BufRead;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_harness::seeded::Seeded;
use serde_json::{Value, json};

/// What a word begins with. No hash has these letters.
const BEGIN: &[u8; 2] = b"zq";
/// Letters after it.
const LETTERS: u32 = 6;

/// Requests that messages are about, most of them.
const REQUESTS: usize = 30;
const SESSIONS: usize = 5;

pub(super) struct Traffic {
    words: u32,
    pub(super) requests: Vec<String>,
    pub(super) sessions: Vec<String>,
    /// What was sent so far, to be repeated.
    sent: Vec<Vec<u8>>,
}

impl Traffic {
    pub(super) fn new() -> Self {
        let mut traffic =
            Self { words: 0, requests: Vec::new(), sessions: Vec::new(), sent: Vec::new() };
        traffic.requests = (0..REQUESTS).map(|_| traffic.word()).collect();
        traffic.sessions = (0..SESSIONS).map(|_| traffic.word()).collect();
        traffic
    }

    /// A word that nobody has used.
    pub(super) fn word(&mut self) -> String {
        let mut left = self.words;
        self.words += 1;
        let mut word = BEGIN.to_vec();
        for _ in 0..LETTERS {
            word.push(b'a' + u8::try_from(left % 26).unwrap());
            left /= 26;
        }
        String::from_utf8(word).unwrap()
    }

    /// One message: new, or one that was sent before.
    pub(super) fn message(&mut self, now: Timestamp, random: &mut Seeded) -> Vec<u8> {
        if random.chance(35)
            && let Some(body) = random.choice(&self.sent)
        {
            return body.clone();
        }
        let body = self.new_message(now, random);
        self.sent.push(body.clone());
        body
    }

    fn new_message(&mut self, now: Timestamp, random: &mut Seeded) -> Vec<u8> {
        let request = random.choice(&self.requests).unwrap().clone();
        // Each request has its own moment, so that the same half has the same timestamp.
        let asked_at = now.plus_millis(-random.millis(3 * 24 * 3_600_000));
        let long = " and so on".repeat(random.below(40) * random.below(2));
        let text = format!("what about {}{long}", self.word());
        let mut event = match random.below(11) {
            0..4 => json!({"eventType": "query", "requestId": request, "timestamp": asked_at,
                           "query": text}),
            4..7 => json!({"eventType": "response", "requestId": request, "timestamp": asked_at,
                           "matchType": "partial", "matchScore": random.below(101),
                           "reasoning": text, "tokens": random.below(1000)}),
            7 => json!({"eventType": "response", "requestId": request, "timestamp": asked_at,
                        "matchType": "full", "query": text, "queryTimestamp": asked_at}),
            8 => json!({"type": "query", "correlationId": request, "timestamp": asked_at,
                        "query": text, "response": "an answer"}),
            9 => json!({"eventType": "feedback", "requestId": request, "timestamp": asked_at,
                        "rating": random.choice(&["up", "down"]).unwrap(), "comment": text}),
            // Cannot be read: no moment, no end, no JSON.
            _ => match random.below(3) {
                0 => json!({"eventType": "query", "requestId": request, "query": text}),
                1 => {
                    let body = format!("{{\"requestId\":\"{request}\",\"query\":\"{text}");
                    return body.into_bytes();
                }
                _ => return text.into_bytes(),
            },
        };
        if random.chance(50) {
            event["sessionId"] = random.choice(&self.sessions).unwrap().as_str().into();
        }
        if random.chance(15) {
            event["metadata"] = json!({"traffic": random.choice(&["bot", "own"]).unwrap()});
        }
        Value::to_string(&event).into_bytes()
    }
}

/// The words in `bytes`, without their first letter.
pub(super) fn words(bytes: &[u8]) -> BTreeSet<&[u8]> {
    let [first, second] = *BEGIN;
    let is_word = |word: &&[u8]| word[0] == second && word[1..].iter().all(u8::is_ascii_lowercase);
    let mut found = BTreeSet::new();
    let mut rest = bytes;
    // Files are long, and tests are built without optimisation: this finds the letter as fast as can be.
    while rest.skip_until(first).unwrap() > 0 {
        found.extend(rest.get(..1 + LETTERS as usize).filter(is_word));
    }
    found
}
