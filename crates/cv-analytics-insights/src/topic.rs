//! The key phrase of a question that names no skill.

/// The question's key phrase, `None` where it has none.
pub fn topic(text: &str) -> Option<String> {
    let _ = text;
    None
}
