//! Finds the skills that a text mentions, in reading order.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};

use crate::skills::context::{Candidate, Context};
use crate::skills::dictionary::{SkillDictionary, SkillId};
use crate::skills::words::endings::is_katakana;
use crate::skills::words::folded::FoldedWords;

/// One place in a text that names a skill.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SkillMention<'t> {
    skill: SkillId,
    text: &'t str,
    range: Range<usize>,
}

impl<'t> SkillMention<'t> {
    /// A mention in a text that was read before: the bytes `range` of `text` name `skill`.
    pub(crate) fn again(text: &'t str, skill: SkillId, range: Range<usize>) -> Option<Self> {
        Some(Self { skill, text: text.get(range.clone())?, range })
    }

    /// The skill that is named.
    pub fn skill(&self) -> SkillId {
        self.skill
    }

    /// The bytes of the text that name it, on character boundaries.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The words that name it, as they stand in the text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The words that name it in lower case, with white space collapsed: one key for counting.
    pub fn variant(&self) -> Cow<'t, str> {
        let single = |byte: u8| byte.is_ascii() && (byte == b' ' || !byte.is_ascii_whitespace());
        if self.text.bytes().all(single) && !self.text.contains("  ") {
            if self.text.bytes().any(|byte| byte.is_ascii_uppercase()) {
                return Cow::Owned(self.text.to_ascii_lowercase());
            }
            return Cow::Borrowed(self.text);
        }
        let words: Vec<String> = self.text.split_whitespace().map(str::to_lowercase).collect();
        Cow::Owned(words.join(" "))
    }
}

/// Articles and prepositions of French, Italian and Catalan before a vowel.
const ELIDED: [&str; 14] =
    ["l", "d", "j", "n", "s", "c", "m", "t", "qu", "un", "dell", "all", "nell", "sull"];

#[derive(Default)]
struct Scratch {
    words: FoldedWords,
    candidates: Vec<Candidate>,
}

thread_local! {
    /// Kept between texts, so that a text without a skill allocates nothing.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl SkillDictionary {
    /// The skills that a text mentions, in reading order. The longest name wins (`AWS Lambda` is not
    /// AWS), and a word that is also English counts only where the sentence means the technology.
    pub fn find<'t>(&self, text: &'t str) -> Vec<SkillMention<'t>> {
        let mut found = Vec::new();
        self.find_into(text, &mut found);
        found
    }

    /// [`find`](Self::find) into a buffer, which is emptied first.
    pub fn find_into<'t>(&self, text: &'t str, found: &mut Vec<SkillMention<'t>>) {
        self.search(text, true, found);
    }

    /// The skills in an entry of a CV's list, such as `Azure Functions (Node.js/TypeScript)`: an entry
    /// means the technology, so words that are also English count.
    pub fn find_in_list_entry<'t>(&self, text: &'t str) -> Vec<SkillMention<'t>> {
        let mut found = Vec::new();
        self.search(text, false, &mut found);
        found
    }

    fn search<'t>(&self, text: &'t str, in_context: bool, found: &mut Vec<SkillMention<'t>>) {
        found.clear();
        SCRATCH.with(|scratch| {
            let Ok(mut scratch) = scratch.try_borrow_mut() else { return };
            let Scratch { words, candidates } = &mut *scratch;
            words.fill(text);
            candidates.clear();
            self.collect(text, words, candidates);
            if in_context && !candidates.is_empty() {
                Context::new(self, words).retain(candidates);
            }
            found.extend(candidates.iter().filter_map(|candidate| {
                let range = candidate.from..candidate.to;
                Some(SkillMention { skill: candidate.skill, text: text.get(range.clone())?, range })
            }));
        });
    }

    /// Names from left to right, at each word the longest; where a word is none, one with an ending on it.
    fn collect(&self, text: &str, words: &FoldedWords, candidates: &mut Vec<Candidate>) {
        let mut first = 0;
        while first < words.len() {
            if !self.may_name(words.text(first)) {
                first += 1;
                continue;
            }
            let (word, elided) = after_elision(words, first);
            let (mut longest, mut last, mut phrase) = (None, first, word);
            loop {
                let Some(form) = self.form(phrase) else {
                    longest = self.with_ending(text, words, phrase, first..=last).or(longest);
                    break;
                };
                if let Some(skill) = form.skill {
                    longest = candidate(words, first, last, skill, form.rule);
                }
                last += 1;
                if !form.continues || last == words.len() {
                    break;
                }
                phrase = words.phrase(first, last).get(elided..).unwrap_or_default();
            }
            if let Some(found) = longest.as_mut().filter(|_| elided > 0) {
                let apostrophe = text.get(found.from..).and_then(|rest| rest.chars().next());
                found.from += apostrophe.map_or(0, char::len_utf8);
            }
            if longest.is_none() && is_unspaced(word) {
                self.collect_inside(text, words, first, candidates);
            }
            first = longest.map_or(first, |candidate| candidate.last) + 1;
            candidates.extend(longest);
        }
    }

    /// The name that a phrase is, with an ending on the last of its words.
    fn with_ending(
        &self,
        text: &str,
        words: &FoldedWords,
        phrase: &str,
        place: RangeInclusive<usize>,
    ) -> Option<Candidate> {
        let (first, last) = place.into_inner();
        let named = if first == last {
            self.inflected(phrase, phrase)
        } else {
            self.inflected(phrase, words.text(last))
        }?;
        let mut found = candidate(words, first, last, named.skill, named.rule)?;
        found.inflected = true;
        let to = found.to.saturating_sub(phrase.len() - named.length);
        // Only where a byte of the folded word is a byte of the source is the name's end known.
        let word = words.word(last)?;
        if word.to - word.from == word.end - word.start && text.is_char_boundary(to) {
            found.to = to;
        }
        Some(found)
    }

    /// The names inside a word of a script that is written without spaces.
    fn collect_inside(
        &self,
        text: &str,
        words: &FoldedWords,
        index: usize,
        candidates: &mut Vec<Candidate>,
    ) {
        let Some(word) = words.word(index) else { return };
        let source = text.get(word.from..word.to).unwrap_or_default();
        let mut before = ' ';
        let mut next = 0;
        for (at, char) in source.char_indices() {
            let starts = at >= next && !(is_katakana(char) && is_katakana(before));
            before = char;
            if !starts {
                continue;
            }
            if let Some((skill, length)) =
                source.get(at..).and_then(|rest| self.longest_inside(rest))
            {
                next = at + length;
                let (from, to) = (word.from + at, word.from + next);
                candidates.push(Candidate {
                    first: index,
                    last: index,
                    skill,
                    rule: None,
                    inflected: false,
                    from,
                    to,
                });
            }
        }
    }
}

fn candidate(
    words: &FoldedWords,
    first: usize,
    last: usize,
    skill: SkillId,
    rule: Option<u16>,
) -> Option<Candidate> {
    let (from, to) = (words.word(first)?.from, words.word(last)?.to);
    Some(Candidate { first, last, skill, rule, inflected: false, from, to })
}

/// A word without the apostrophe of an article or preposition before it (`l'intelligence`), and the
/// bytes that are left out.
#[inline]
fn after_elision(words: &FoldedWords, at: usize) -> (&str, usize) {
    let word = words.text(at);
    let Some((b'\'', _)) = word.as_bytes().split_first() else { return (word, 0) };
    let elided = at.checked_sub(1).is_some_and(|before| ELIDED.contains(&words.text(before)));
    if elided { (word.get(1..).unwrap_or_default(), 1) } else { (word, 0) }
}

/// Whether a word is in Thai, Japanese or Chinese, which put no space between words.
fn is_unspaced(word: &str) -> bool {
    word.as_bytes().first().is_some_and(|byte| *byte >= 0xe0)
        && word.starts_with(|char| {
            matches!(char, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
        })
}
