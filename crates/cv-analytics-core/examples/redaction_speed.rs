//! What redaction costs: an ordinary question, one with personal data, and long texts.
//!
//! `cargo run --release -p cv-analytics-core --example redaction_speed`; docs/develop/benchmarks.md has what was
//! measured.
#![allow(clippy::disallowed_methods, reason = "an example measures time")]

use std::hint::black_box;
use std::time::Instant;

use cv_analytics_core::intake::Intake;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::timestamp::Timestamp;

fn main() {
    let privacy = Privacy::full(SessionKey::new(b"speed".to_vec()));
    let question = "Have you worked with Kubernetes (k8s), Helm and Terraform in production, and how would you \
                    design a pipeline of data for a bank that has to keep its records for years and years to come?";
    let texts = [
        ("an ordinary question of 200 characters", question.to_owned()),
        (
            "one with a phone number and an address",
            format!("{question} Call +44 20 7946 0958 or jo@example.org"),
        ),
        ("1 MiB of ordinary questions", question.repeat(1_048_576 / question.len())),
        ("1 MiB of phone numbers", "07911 123456 ".repeat(1_048_576 / 13)),
        ("1 MiB of digits", "7".repeat(1_048_576)),
        ("1 MiB of groups of digits", "12 ".repeat(1_048_576 / 3)),
        ("1 MiB of one word", "w".repeat(1_048_576)),
        ("1 MiB of at signs", "a@".repeat(1_048_576 / 2)),
        ("1 MiB of brackets", "(at) ".repeat(1_048_576 / 5)),
        ("1 MiB of Arabic digits", "٠١٢ ".repeat(1_048_576 / 7)),
        ("1 MiB of names of secrets", "token: ".repeat(1_048_576 / 7)),
        ("1 MiB of colons", "https://".repeat(1_048_576 / 8)),
    ];
    privacy.text("call 07911 123456");
    for (name, text) in texts {
        let rounds = if text.len() < 1_000 { 2_000 } else { 1 };
        let started = Instant::now();
        for _ in 0..rounds {
            black_box(privacy.text(black_box(&text)));
        }
        println!("{name}: {:.1} µs", started.elapsed().as_secs_f64() * 1e6 / f64::from(rounds));
    }
    let intake = Intake::new(privacy);
    let number = "07911 123456 ";
    let events = [
        ("1 MiB in query", format!(r#""query":"{}""#, number.repeat(80_000))),
        ("1 MiB in note", format!(r#""query":"q","note":"{}""#, number.repeat(80_000))),
        ("250 KB in note", format!(r#""query":"q","note":"{}""#, number.repeat(19_000))),
        (
            "250 KB in 10,000 texts",
            format!(r#""query":"q","notes":["a"{}]"#, r#","call 07911 123456""#.repeat(10_000)),
        ),
        (
            "250 KB of one token",
            format!(r#""query":"q","blob":"{}""#, "Zx9Qw3Er7Ty1Ui5Op8As2Df6".repeat(10_000)),
        ),
    ];
    for (name, fields) in events {
        let event = format!(
            r#"{{"eventType":"query","requestId":"r","timestamp":1763000000000,{fields}}}"#
        );
        let started = Instant::now();
        black_box(intake.read(event.as_bytes(), Timestamp::from_millis(0)));
        println!("{name}: {:.1} µs", started.elapsed().as_secs_f64() * 1e6);
    }
}
