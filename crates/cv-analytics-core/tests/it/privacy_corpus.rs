//! The corpora of personal and of plain texts (`fixtures/privacy`): what is personal goes, and
//! nothing else does. What is known to slip through or to be destroyed nevertheless is in `limits.jsonl`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cv_analytics_core::privacy::{Privacy, SessionKey};
use serde_json::Value;

/// The calling codes of countries whose numbers are in the corpus; none begins with another.
const CALLING_CODES: &str = "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 94 95 98 212 213 216 221 225 229 233 234 237 250 251 254 255 256 260 263 351 352 353 354 356 357 358 359 370 371 372 374 375 380 381 385 386 420 421 423 502 503 506 507 591 593 595 598 852 853 855 856 880 886 961 962 965 966 968 971 972 973 974 977 994 995 998";

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn lines(path: &str) -> Vec<Value> {
    let text = fs::read_to_string(in_repository("fixtures").join(path)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn plain() -> Vec<Value> {
    ["privacy/plain.jsonl", "questions/skills.jsonl", "questions/topics.jsonl"].map(lines).concat()
}

/// Redacts each text; prints those that are not as expected, and counts them.
fn failures(lines: &[Value], expect: impl Fn(&Value) -> Value) -> usize {
    let privacy = Privacy::full(SessionKey::new(b"corpus".to_vec()));
    let mut failed = 0;
    for line in lines {
        let text = line["text"].as_str().unwrap();
        let kept = privacy.text(text).into_owned();
        assert_eq!(privacy.text(&kept), kept, "redacted twice");
        if expect(line) != kept.as_str() {
            failed += 1;
            println!("{text:?} became {kept:?} instead of {}", expect(line));
        }
    }
    failed
}

#[test]
fn what_is_personal_goes() {
    let lines = lines("privacy/personal.jsonl");
    assert!(lines.len() >= 150);
    assert_eq!(failures(&lines, |line| line["kept"].clone()), 0, "slipped through");
}

#[test]
fn what_is_plain_stays() {
    let lines = plain();
    assert!(lines.len() >= 2_900);
    assert_eq!(failures(&lines, |line| line["text"].clone()), 0, "destroyed");
}

#[test]
fn the_documents_say_what_was_tried_and_what_slips_and_is_destroyed() {
    let (personal, limits) = (lines("privacy/personal.jsonl"), lines("privacy/limits.jsonl"));
    // A form that is mended moves to the corpus that it belongs to.
    assert_eq!(failures(&limits, |line| line["kept"].clone()), 0, "no longer as it was");
    let is_of = |code: &&str| {
        let code = format!("+{code}");
        personal.iter().any(|line| line["text"].as_str().unwrap().contains(&code))
    };
    let countries = CALLING_CODES.split(' ').filter(is_of).count();
    assert_eq!(countries, CALLING_CODES.split(' ').count());
    let (slips, destroyed): (Vec<_>, Vec<_>) =
        limits.iter().partition(|line| line["kept"] == line["text"]);
    let [slips, destroyed] = [slips, destroyed].map(|lines| {
        let forms: BTreeSet<_> = lines.iter().map(|line| line["form"].as_str().unwrap()).collect();
        Vec::from_iter(forms).join("; ")
    });
    let table = format!(
        "| texts | count | as they should be |\n\
         | --- | --- | --- |\n\
         | with personal data, phone numbers under {countries} calling codes among it | {} | all |\n\
         | plain questions and texts | {} | all |\n\
         | known to slip through: {slips} | {} | none |\n\
         | known to be destroyed: {destroyed} | {} | none |\n",
        personal.len(),
        plain().len(),
        limits.iter().filter(|line| line["kept"] == line["text"]).count(),
        limits.iter().filter(|line| line["kept"] != line["text"]).count(),
    );
    let page = fs::read_to_string(in_repository("docs/develop/attacks-and-faults.md")).unwrap();
    assert!(page.contains(&table), "docs/develop/attacks-and-faults.md has to say:\n{table}");
}
