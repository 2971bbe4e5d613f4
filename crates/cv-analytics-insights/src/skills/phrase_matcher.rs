//! Finds phrases of a table in a text, word by word.

use std::collections::{HashMap, HashSet};

use rustc_hash::FxBuildHasher;

use crate::skills::accents::without_accents;
use crate::skills::folded_words::{FoldedWords, Gap};
use crate::skills::question_words::singular;

/// Words that `..` passes over at most.
const MAX_PASSED_OVER: usize = 3;
/// Characters of a word by which its prefixes are looked up; no shorter prefix is allowed.
const PREFIX_KEY_CHARS: usize = 2;
/// Auxiliaries, in the singular, that are passed over before a subject: `where (do) you live`.
const AUXILIARIES: [&str; 5] = ["do", "doe", "did", "don", "didn"];
/// What follows them then.
const SUBJECTS: [&str; 14] =
    ["you", "u", "ya", "he", "she", "they", "it", "we", "i", "your", "ur", "his", "their", "this"];
/// What a name in a text stands for, where the table has these words: `does Ada drive`.
const NAME_STANDS_FOR: [&str; 2] = ["you", "your"];
/// What `65k` stands for: money, at work.
const THOUSANDS: &str = "0k";
/// What a number of three digits or more stands for: money, beside `a day` or `euros`.
const LARGE_NUMBER: &str = "000";
/// Stands for the start and the end of a clause among the words of a phrase.
const CLAUSE_END: u32 = 0;

type Token = u32;
type Node = u32;

/// A place in a text where a phrase stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Match {
    /// Its first word, counted without fillers.
    pub(crate) first: usize,
    /// Its last word.
    pub(crate) last: usize,
    /// The number its phrase was added with.
    pub(crate) topic: usize,
    /// What it counts: a point a word, and one more unless it is weak.
    pub(crate) points: u32,
}

/// Phrases, as paths through a tree of words.
#[derive(Clone, Default, Debug)]
pub(crate) struct PhraseMatcher {
    tokens: HashMap<Box<str>, Token, FxBuildHasher>,
    /// Words with the tokens that they stand for besides their own.
    stands_for: HashMap<Box<str>, Vec<Token>, FxBuildHasher>,
    /// Beginnings of words, by their first characters.
    prefixes: HashMap<Box<str>, Vec<(Box<str>, Token)>, FxBuildHasher>,
    fillers: HashSet<Box<str>, FxBuildHasher>,
    /// What a capital letter inside a sentence lets an unknown word stand for.
    names: Vec<Token>,
    steps: HashMap<(Node, Token), Node, FxBuildHasher>,
    nodes: Vec<NodeData>,
}

#[derive(Clone, Default, Debug)]
struct NodeData {
    /// Where a phrase goes on after `..`.
    passing: Option<Node>,
    ends: Vec<(usize, u32)>,
}

/// A text as the matcher sees it: for each word that is no filler what it stands for.
struct Words {
    tokens: Vec<Token>,
    /// The tokens of each word, as a range, and whether a clause begins or a sentence ends before it.
    words: Vec<WordData>,
}

struct WordData {
    from: usize,
    to: usize,
    begins_clause: bool,
    begins_sentence: bool,
}

impl PhraseMatcher {
    pub(crate) fn new() -> Self {
        let root = NodeData::default();
        Self { nodes: vec![root], ..Self::default() }
    }

    /// Lets words stand for `head` too, in the texts.
    pub(crate) fn add_class<'w>(&mut self, head: &str, members: impl Iterator<Item = &'w str>) {
        let head = self.token(&fold_word(head));
        for member in members {
            self.stands_for.entry(fold_word(member).into()).or_default().push(head);
        }
    }

    /// Passes over words in texts and in phrases that are added from now on.
    pub(crate) fn add_fillers<'w>(&mut self, words: impl Iterator<Item = &'w str>) {
        self.fillers.extend(words.map(|word| Box::from(fold_word(word))));
    }

    /// Lets unknown words with a capital letter stand for the person that is asked about.
    pub(crate) fn read_names(&mut self) {
        self.names = NAME_STANDS_FOR.iter().map(|word| self.token(word)).collect();
    }

    /// Adds a phrase in the notation of `topics.txt`.
    pub(crate) fn add(&mut self, phrase: &str, topic: usize) {
        let phrase = phrase.trim();
        let (weak, phrase) = match phrase.strip_prefix('~') {
            Some(phrase) => (true, phrase),
            None => (false, phrase),
        };
        let (at_start, phrase) = match phrase.strip_prefix('^') {
            Some(phrase) => (true, phrase),
            None => (false, phrase),
        };
        let (at_end, phrase) = match phrase.strip_suffix('$') {
            Some(phrase) => (true, phrase),
            None => (false, phrase),
        };
        let mut node = 0;
        let mut points = u32::from(!weak);
        if at_start {
            node = self.step(node, CLAUSE_END);
        }
        let mut parts = phrase.split(' ').filter(|part| !part.is_empty()).peekable();
        while let Some(part) = parts.next() {
            if AUXILIARIES.contains(&part)
                && parts.peek().is_some_and(|next| SUBJECTS.contains(next))
            {
                continue;
            }
            if part == ".." {
                node = self.pass(node);
            } else if let Some(prefix) = part.strip_suffix('*') {
                let token = self.prefix(&fold_prefix(prefix));
                node = self.step(node, token);
                points += 1;
            } else {
                for word in fold(part) {
                    if !self.fillers.contains(word.as_str()) {
                        let token = self.token(&word);
                        node = self.step(node, token);
                        points += 1;
                    }
                }
            }
        }
        if at_end {
            node = self.step(node, CLAUSE_END);
        }
        if let Some(data) = self.nodes.get_mut(node as usize).filter(|_| node != 0) {
            data.ends.push((topic, points));
        }
    }

    /// All places where a phrase stands, by their first word, and the number of words.
    pub(crate) fn find(&self, text: &str) -> (Vec<Match>, usize) {
        let words = self.read(text);
        let mut found = Vec::new();
        for first in 0..words.words.len() {
            self.follow(&words, first, first, 0, &mut found);
            if words.ends_clause(first)
                && let Some(&node) = self.steps.get(&(0, CLAUSE_END))
            {
                self.follow(&words, first, first, node, &mut found);
            }
        }
        (found, words.words.len())
    }

    /// Follows the phrases that have come to `node` before the word `next`.
    fn follow(&self, words: &Words, first: usize, next: usize, node: Node, found: &mut Vec<Match>) {
        let Some(data) = self.nodes.get(node as usize) else { return };
        let mut end = |data: &NodeData| {
            found.extend(data.ends.iter().map(|&(topic, points)| Match {
                first,
                last: next.saturating_sub(1),
                topic,
                points,
            }));
        };
        end(data);
        if next > first
            && words.ends_clause(next)
            && let Some(&at_end) = self.steps.get(&(node, CLAUSE_END))
            && let Some(data) = self.nodes.get(at_end as usize)
        {
            end(data);
        }
        let may_go_on = |at: usize| at == first || !words.begins_sentence(at);
        if may_go_on(next) {
            for token in words.tokens(next) {
                if let Some(&node) = self.steps.get(&(node, *token)) {
                    self.follow(words, first, next + 1, node, found);
                }
            }
        }
        if let Some(passing) = data.passing {
            for at in next..=next + MAX_PASSED_OVER {
                if !may_go_on(at) {
                    break;
                }
                for token in words.tokens(at) {
                    if let Some(&node) = self.steps.get(&(passing, *token)) {
                        self.follow(words, first, at + 1, node, found);
                    }
                }
            }
        }
    }

    fn read(&self, text: &str) -> Words {
        let folded = FoldedWords::of(&without_accents(text));
        let mut words = Words { tokens: Vec::new(), words: Vec::new() };
        let (mut begins_clause, mut begins_sentence) = (true, true);
        for index in 0..folded.len() {
            begins_clause |= folded.gap(index).is_hard();
            begins_sentence |= folded.gap(index) == Gap::Stop;
            let is_name = |index: usize| {
                folded.gap(index) == Gap::Space
                    && folded.word(index).is_some_and(|word| word.capital)
            };
            for part in split_unspaced(folded.text(index).trim_start_matches('\'')) {
                let word = singular(part);
                let next = folded.text(index + 1);
                if self.fillers.contains(word.as_ref())
                    || (AUXILIARIES.contains(&word.as_ref())
                        && (SUBJECTS.contains(&next) || is_name(index + 1)))
                {
                    continue;
                }
                let from = words.tokens.len();
                words.tokens.extend(self.tokens.get(word.as_ref()));
                words.tokens.extend(self.stands_for.get(word.as_ref()).into_iter().flatten());
                if let Some(prefixes) = prefix_key(part).and_then(|key| self.prefixes.get(key)) {
                    let known = prefixes.iter().filter(|(prefix, _)| part.starts_with(&**prefix));
                    words.tokens.extend(known.map(|(_, token)| *token));
                }
                if is_number(part) && part.len() >= LARGE_NUMBER.len() {
                    words.tokens.extend(self.tokens.get(LARGE_NUMBER));
                }
                if part.strip_suffix('k').is_some_and(is_number) {
                    words.tokens.extend(self.tokens.get(THOUSANDS));
                }
                if words.tokens.len() == from && is_name(index) {
                    words.tokens.extend(&self.names);
                }
                let to = words.tokens.len();
                words.words.push(WordData { from, to, begins_clause, begins_sentence });
                (begins_clause, begins_sentence) = (false, false);
            }
        }
        words
    }

    fn token(&mut self, word: &str) -> Token {
        let next = self.next_token();
        *self.tokens.entry(word.into()).or_insert(next)
    }

    fn prefix(&mut self, prefix: &str) -> Token {
        let next = self.next_token();
        let Some(key) = prefix_key(prefix) else { return self.token(prefix) };
        let known = self.prefixes.entry(key.into()).or_default();
        if let Some((_, token)) = known.iter().find(|(known, _)| **known == *prefix) {
            return *token;
        }
        known.push((prefix.into(), next));
        next
    }

    fn next_token(&self) -> Token {
        let prefixes: usize = self.prefixes.values().map(Vec::len).sum();
        u32::try_from(1 + self.tokens.len() + prefixes).unwrap_or(u32::MAX)
    }

    fn step(&mut self, node: Node, token: Token) -> Node {
        let next = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let node = *self.steps.entry((node, token)).or_insert(next);
        if node == next {
            self.nodes.push(NodeData::default());
        }
        node
    }

    fn pass(&mut self, node: Node) -> Node {
        let next = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let Some(data) = self.nodes.get_mut(node as usize) else { return node };
        let node = *data.passing.get_or_insert(next);
        if node == next {
            self.nodes.push(NodeData::default());
        }
        node
    }
}

impl Words {
    fn tokens(&self, word: usize) -> &[Token] {
        let tokens = self.words.get(word).and_then(|word| self.tokens.get(word.from..word.to));
        tokens.unwrap_or_default()
    }

    /// Whether a clause ends before a word.
    fn ends_clause(&self, word: usize) -> bool {
        self.words.get(word).is_none_or(|word| word.begins_clause)
    }

    fn begins_sentence(&self, word: usize) -> bool {
        self.words.get(word).is_none_or(|word| word.begins_sentence)
    }
}

/// The words of a text without accents, in the singular.
pub(crate) fn fold(text: &str) -> Vec<String> {
    let words = FoldedWords::of(&without_accents(text));
    let parts = (0..words.len()).flat_map(|index| split_unspaced(words.text(index)));
    parts.map(|part| singular(part).into_owned()).collect()
}

fn fold_word(word: &str) -> String {
    fold(word).concat()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn fold_prefix(prefix: &str) -> String {
    FoldedWords::of(&without_accents(prefix)).squeezed()
}

/// The first characters of a word that has so many.
fn prefix_key(word: &str) -> Option<&str> {
    let (end, last) = word.char_indices().nth(PREFIX_KEY_CHARS - 1)?;
    word.get(..end + last.len_utf8())
}

/// A word, or each character of a script that puts no blanks between words.
fn split_unspaced(word: &str) -> impl Iterator<Item = &str> {
    let unspaced = word.starts_with(is_unspaced);
    let mut rest = word;
    std::iter::from_fn(move || {
        let char = rest.chars().next()?;
        let (part, after) = rest.split_at(if unspaced { char.len_utf8() } else { rest.len() });
        rest = after;
        Some(part)
    })
}

fn is_unspaced(char: char) -> bool {
    matches!(char, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}
