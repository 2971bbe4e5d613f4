//! Finds the skills that a text mentions, in reading order.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;

use crate::skills::context::Context;
use crate::skills::dictionary::{SkillDictionary, SkillId};
use crate::skills::folded_words::FoldedWords;

/// One place in a text that names a skill.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SkillMention<'t> {
    skill: SkillId,
    text: &'t str,
    range: Range<usize>,
}

impl<'t> SkillMention<'t> {
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
        let plain = |byte: u8| {
            byte.is_ascii()
                && !byte.is_ascii_uppercase()
                && (byte == b' ' || !byte.is_ascii_whitespace())
        };
        if self.text.bytes().all(plain) && !self.text.contains("  ") {
            return Cow::Borrowed(self.text);
        }
        let words: Vec<String> = self.text.split_whitespace().map(str::to_lowercase).collect();
        Cow::Owned(words.join(" "))
    }
}

/// A name found in the words, before context has spoken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) first: usize,
    pub(crate) last: usize,
    pub(crate) skill: SkillId,
    pub(crate) rule: Option<u16>,
}

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
            self.collect(words, candidates);
            if in_context && candidates.iter().any(|candidate| candidate.rule.is_some()) {
                Context::new(self, words).retain(candidates);
            }
            found.extend(candidates.iter().filter_map(|candidate| {
                let range = words.word(candidate.first)?.from..words.word(candidate.last)?.to;
                Some(SkillMention { skill: candidate.skill, text: text.get(range.clone())?, range })
            }));
        });
    }

    /// Names from left to right, at each word the longest.
    fn collect(&self, words: &FoldedWords, candidates: &mut Vec<Candidate>) {
        let mut first = 0;
        while first < words.len() {
            let mut longest = None;
            for last in first..words.len() {
                let Some(form) = self.form(words.phrase(first, last)) else { break };
                if let Some(skill) = form.skill {
                    longest = Some(Candidate { first, last, skill, rule: form.rule });
                }
                if !form.continues {
                    break;
                }
            }
            first = longest.map_or(first, |candidate| candidate.last) + 1;
            candidates.extend(longest);
        }
    }
}
