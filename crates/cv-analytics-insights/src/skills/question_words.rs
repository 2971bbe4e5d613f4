//! A question made ready to be asked whether a name stands in it.

use std::cell::OnceCell;

use crate::skills::words::accents::{compatible, without_accents};
use crate::skills::words::folded::{FoldedWords, Gap, without_markers};
use crate::skills::words::forms::singular;

/// A question's words, folded when they are first needed: most questions never need it.
#[derive(Debug)]
pub struct QuestionWords<'t> {
    text: &'t str,
    folded: OnceCell<Folded>,
}

#[derive(Debug)]
struct Folded {
    /// The words in the singular, with nothing between them but a line break for each full stop.
    text: String,
    /// Where words begin and end in it, ascending.
    bounds: Vec<usize>,
}

impl<'t> QuestionWords<'t> {
    /// The words of a question.
    pub fn new(text: &'t str) -> Self {
        Self { text, folded: OnceCell::new() }
    }

    /// Whether the [`name_key`] of a name stands in the question as whole words.
    pub(crate) fn has(&self, key: &str) -> bool {
        let folded = self.folded.get_or_init(|| Folded::of(self.text));
        if key.contains(is_written_without_blanks) {
            return folded.text.contains(key);
        }
        !key.is_empty()
            && folded.text.match_indices(key).any(|(at, _)| {
                folded.bounds.binary_search(&at).is_ok()
                    && folded.bounds.binary_search(&(at + key.len())).is_ok()
            })
    }
}

impl Folded {
    fn of(text: &str) -> Self {
        let words = FoldedWords::of(&without_accents(&compatible(&without_markers(text))));
        let mut folded = Self { text: String::with_capacity(text.len()), bounds: vec![0] };
        for index in 0..words.len() {
            if words.gap(index) == Gap::Stop {
                folded.text.push('\n');
                folded.bounds.push(folded.text.len());
            }
            folded.text.push_str(&singular(words.text(index)));
            folded.bounds.push(folded.text.len());
        }
        folded
    }
}

/// One key for all ways to write a name: without case, accents, blanks, hyphens and regular plurals,
/// and with nothing that only looks different (`ﬁ`, a soft hyphen).
pub fn name_key(name: &str) -> String {
    let words = FoldedWords::of(&without_accents(&compatible(name)));
    (0..words.len()).map(|index| singular(words.text(index))).collect()
}

/// Scripts of Asia that put no blanks between words.
fn is_written_without_blanks(char: char) -> bool {
    matches!(char, '\u{e00}'..='\u{eff}' | '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}
