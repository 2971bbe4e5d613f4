//! Redacts lines of standard input.
use cv_analytics_core::privacy::{Privacy, SessionKey};
use std::io::BufRead;
fn main() {
    let privacy = Privacy::full(SessionKey::new(b"k".to_vec()));
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        println!("{line}\t=> {}", privacy.text(&line));
    }
}
