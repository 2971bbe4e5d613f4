//! Finds phrases of a table in a text, word by word.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use rustc_hash::FxBuildHasher;

use crate::skills::words::accents::without_accents;
use crate::skills::words::folded::{FoldedWords, Gap};
use crate::skills::words::forms::{misspellings, singular};

/// Words that `..` passes over at most.
const MAX_SKIPPED_WORDS: usize = 3;
/// Characters of a word by which its prefixes are looked up; no shorter prefix is allowed.
const PREFIX_KEY_CHARS: usize = 3;
/// Auxiliaries, in the singular, that are passed over before a subject: `where (do) you live`.
const AUXILIARIES: [&str; 5] = ["do", "doe", "did", "don", "didn"];
/// What follows them then.
const SUBJECTS: [&str; 14] =
    ["you", "u", "ya", "he", "she", "they", "it", "we", "i", "your", "ur", "his", "their", "this"];
/// The words for the person that is asked about.
const PERSON: [&str; 2] = ["you", "your"];
/// Stands for an unknown word with a capital letter inside a sentence; no text has this word.
const NAME: &str = "\u{fffd}";
/// Letters of the shortest word whose misspellings are known.
const MIN_MISSPELT_LETTERS: usize = 6;
/// What `65k` stands for: money, at work.
const THOUSANDS: &str = "0k";
/// What a number of three digits or more stands for: money, beside `a day` or `euros`.
const LARGE_NUMBER: &str = "000";
/// Stands for the start and the end of a clause among the words of a phrase.
const CLAUSE_END: u32 = 0;

type Token = u32;
type Node = u32;
/// The beginning of a word with its token.
type Prefix = (Box<str>, Token);

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
    /// Whether it is common in questions about other things too.
    lone: bool,
}

/// Phrases, as paths through a tree of words.
#[derive(Clone, Default, Debug)]
pub(crate) struct PhraseMatcher {
    meanings: HashMap<Box<str>, Meaning, FxBuildHasher>,
    /// Beginnings of words, by their first characters.
    prefixes: HashMap<Box<str>, Vec<Prefix>, FxBuildHasher>,
    /// The last token that was given out.
    last_token: Token,
    steps: HashMap<(Node, Token), Node, FxBuildHasher>,
    nodes: Vec<NodeData>,
}

/// What a word of a text means for the phrases.
#[derive(Clone, Default, Debug)]
struct Meaning {
    /// Whether it is passed over.
    filler: bool,
    /// Whether it is passed over before a subject.
    auxiliary: bool,
    /// Its own token among the phrases, if one has it.
    own: Option<Token>,
    /// The tokens of the words that it stands for besides.
    others: Vec<Token>,
    /// Whether it tells nothing of what a question is about.
    plain: bool,
}

#[derive(Clone, Default, Debug)]
struct NodeData {
    /// Where a phrase goes on after `..`.
    passing: Option<Node>,
    ends: Vec<End>,
}

/// The end of a phrase: what a [`Match`] says of it.
#[derive(Clone, Copy, Debug)]
struct End {
    topic: usize,
    points: u32,
    lone: bool,
}

/// A text as the matcher sees it: for each word that is not a filler what it stands for.
#[derive(Default)]
struct ReadText {
    folded: FoldedWords,
    tokens: Vec<Token>,
    /// The tokens of each word, as a range, and whether a clause begins or a sentence ends before it.
    words: Vec<WordData>,
}

struct WordData {
    from: usize,
    to: usize,
    begins_clause: bool,
    begins_sentence: bool,
    /// Whether it tells something of what a question is about.
    telling: bool,
}

thread_local! {
    /// Kept between texts, so that most texts allocate nothing.
    static SCRATCH: RefCell<ReadText> = RefCell::default();
}

impl Match {
    pub(crate) fn covers(&self, word: usize) -> bool {
        (self.first..=self.last).contains(&word)
    }
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
            self.meanings.entry(fold_word(member).into()).or_default().others.push(head);
        }
    }

    /// Skips filler words, and auxiliaries before their subjects, in texts and in phrases added from now on.
    pub(crate) fn add_fillers<'w>(&mut self, words: impl Iterator<Item = &'w str>) {
        for word in words {
            self.meanings.entry(fold_word(word).into()).or_default().filler = true;
        }
        for word in AUXILIARIES {
            self.meanings.entry(word.into()).or_default().auxiliary = true;
        }
    }

    /// Lets a phrase that is common in other questions count beside words that tell nothing.
    pub(crate) fn add_plain<'w>(&mut self, words: impl Iterator<Item = &'w str>) {
        for word in words {
            self.meanings.entry(fold_word(word).into()).or_default().plain = true;
        }
    }

    /// Adds a phrase in the notation of `topics.txt`. Where it speaks of the person, a name in a text
    /// stands for that too: `does Ada drive`.
    pub(crate) fn add(&mut self, phrase: &str, topic: usize) {
        let phrase = phrase.trim();
        if let Some(phrase) = phrase.strip_prefix('!') {
            return self.add_path(phrase, topic);
        }
        self.add_path(phrase, topic);
        if phrase.split([' ', '$']).any(|word| PERSON.contains(&word)) {
            let named = phrase.split(' ').map(|word| match word.strip_suffix('$') {
                Some(word) if PERSON.contains(&word) => format!("{NAME}$"),
                None if PERSON.contains(&word) => NAME.to_owned(),
                _ => word.to_owned(),
            });
            self.add_path(&named.collect::<Vec<_>>().join(" "), topic);
        }
    }

    /// Adds a phrase of folded words, as they are.
    pub(crate) fn add_words(&mut self, words: &[String], topic: usize) {
        let mut node = 0;
        for word in words {
            let token = self.token(word);
            node = self.step(node, token);
        }
        let points = u32::try_from(words.len()).unwrap_or(u32::MAX);
        self.end(node, End { topic, points, lone: false });
    }

    fn add_path(&mut self, phrase: &str, topic: usize) {
        let (lone, phrase) = without_prefix(phrase, '?');
        let (weak, phrase) = without_prefix(phrase, '~');
        let (at_start, phrase) = without_prefix(phrase, '^');
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
            let is_auxiliary = AUXILIARIES.contains(&part)
                && parts.peek().is_some_and(|next| SUBJECTS.contains(next) || *next == NAME);
            if is_auxiliary {
                continue;
            }
            if part == ".." {
                node = self.pass(node);
            } else if part == NAME {
                let token = self.token(NAME);
                node = self.step(node, token);
                points += 1;
            } else if let Some(prefix) = part.strip_suffix('*') {
                let token = self.prefix(&fold_prefix(prefix));
                node = self.step(node, token);
                points += 1;
            } else {
                for word in fold(part) {
                    if !self.meanings.get(word.as_str()).is_some_and(|meaning| meaning.filler) {
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
        self.end(node, End { topic, points, lone });
    }

    fn end(&mut self, node: Node, end: End) {
        if let Some(data) = self.nodes.get_mut(node as usize).filter(|_| node != 0) {
            data.ends.push(end);
        }
    }

    /// Lets slips of the finger stand for the words that are a phrase by themselves.
    pub(crate) fn add_misspellings(&mut self) {
        let is_phrase = |token: Token| {
            let node = self.steps.get(&(0, token)).and_then(|&node| self.nodes.get(node as usize));
            node.is_some_and(|node| !node.ends.is_empty())
        };
        let mut words: Vec<(Box<str>, Token)> = self
            .meanings
            .iter()
            .filter(|(word, _)| word.len() >= MIN_MISSPELT_LETTERS)
            .filter_map(|(word, meaning)| Some((word.clone(), meaning.own?)))
            .filter(|(_, token)| is_phrase(*token))
            .collect();
        words.sort_unstable();
        for (word, token) in words {
            // A word without its last letter is often one of another language: `patente`.
            for wrong in misspellings(&word).into_iter().filter(|wrong| !word.starts_with(wrong)) {
                let meaning = self.meanings.entry(wrong.into()).or_default();
                if meaning.own.is_none() && !meaning.others.contains(&token) {
                    meaning.others.push(token);
                }
            }
        }
    }

    /// All places where a phrase stands, by their first word, and the number of words.
    pub(crate) fn find(&self, text: &str) -> (Vec<Match>, usize) {
        self.find_and(text, |_, _| ())
    }

    /// The same without the phrases that are common in other questions where such a question may be
    /// meant. Topics of one `group` speak for each other.
    pub(crate) fn find_told(
        &self,
        text: &str,
        group: impl Fn(usize) -> usize,
    ) -> (Vec<Match>, usize) {
        let your = self.known("your");
        self.find_and(text, |words, found| {
            if found.iter().any(|found| found.lone) {
                words.keep_told(your, found, &group);
            }
        })
    }

    fn find_and(
        &self,
        text: &str,
        select: impl Fn(&ReadText, &mut Vec<Match>),
    ) -> (Vec<Match>, usize) {
        let mut found = Vec::new();
        let words = SCRATCH.with(|scratch| {
            let Ok(mut words) = scratch.try_borrow_mut() else { return 0 };
            self.read(text, &mut words);
            for first in 0..words.words.len() {
                self.follow(&words, first, first, 0, &mut found);
                if words.ends_clause(first)
                    && let Some(&node) = self.steps.get(&(0, CLAUSE_END))
                {
                    self.follow(&words, first, first, node, &mut found);
                }
            }
            select(&words, &mut found);
            words.words.len()
        });
        (found, words)
    }

    /// Follows the phrases that have come to `node` before the word `next`.
    fn follow(
        &self,
        words: &ReadText,
        first: usize,
        next: usize,
        node: Node,
        found: &mut Vec<Match>,
    ) {
        let Some(data) = self.nodes.get(node as usize) else { return };
        let mut end = |data: &NodeData| {
            found.extend(data.ends.iter().map(|end| Match {
                first,
                last: next.saturating_sub(1),
                topic: end.topic,
                points: end.points,
                lone: end.lone,
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
        for token in words.tokens(next) {
            if let Some(&node) = self.steps.get(&(node, *token)) {
                self.follow(words, first, next + 1, node, found);
            }
        }
        let Some(passing) = data.passing else { return };
        for at in next..=next + MAX_SKIPPED_WORDS {
            if words.begins_sentence(at) {
                break;
            }
            for token in words.tokens(at) {
                if let Some(&node) = self.steps.get(&(passing, *token)) {
                    self.follow(words, first, at + 1, node, found);
                }
            }
        }
    }

    fn read(&self, text: &str, into: &mut ReadText) {
        let ReadText { folded, tokens, words } = into;
        folded.fill(&without_accents(text));
        tokens.clear();
        words.clear();
        let (mut begins_clause, mut begins_sentence) = (true, true);
        for index in 0..folded.len() {
            begins_clause |= folded.gap(index).is_hard();
            begins_sentence |= folded.gap(index) == Gap::Stop;
            for part in split_unspaced(word_text(folded, index)) {
                let meaning = self.meanings.get(singular(part).as_ref());
                let is_passed_over = |meaning: &Meaning| {
                    meaning.filler || (meaning.auxiliary && is_subject(folded, index + 1))
                };
                if meaning.is_some_and(is_passed_over) {
                    continue;
                }
                let from = tokens.len();
                tokens.extend(meaning.and_then(|meaning| meaning.own));
                tokens.extend(meaning.into_iter().flat_map(|meaning| &meaning.others));
                if let Some(prefixes) = prefix_key(part).and_then(|key| self.prefixes.get(key)) {
                    let known = prefixes.iter().filter(|(prefix, _)| part.starts_with(&**prefix));
                    tokens.extend(known.map(|(_, token)| *token));
                }
                if tokens.len() == from {
                    tokens.extend(stand_in(folded, index).and_then(|word| self.known(word)));
                }
                let to = tokens.len();
                let telling = part.contains(char::is_alphabetic)
                    && !meaning.is_some_and(|meaning| meaning.plain);
                words.push(WordData { from, to, begins_clause, begins_sentence, telling });
                (begins_clause, begins_sentence) = (false, false);
            }
        }
    }

    fn known(&self, word: &str) -> Option<Token> {
        self.meanings.get(word)?.own
    }

    fn token(&mut self, word: &str) -> Token {
        let own = &mut self.meanings.entry(word.into()).or_default().own;
        *own.get_or_insert_with(|| next(&mut self.last_token))
    }

    fn prefix(&mut self, prefix: &str) -> Token {
        let Some(key) = prefix_key(prefix) else { return self.token(prefix) };
        let known = self.prefixes.entry(key.into()).or_default();
        if let Some((_, token)) = known.iter().find(|(known, _)| **known == *prefix) {
            return *token;
        }
        let token = next(&mut self.last_token);
        known.push((prefix.into(), token));
        token
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

impl ReadText {
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

    fn tells(&self, word: usize) -> bool {
        self.words.get(word).is_some_and(|word| word.telling)
    }

    /// Drops phrases that are common in other questions, unless they stand after `your`, beside another
    /// phrase of their group, or where no other word of their clause tells anything. In a time that
    /// grows with the words of a text, since strangers write it.
    fn keep_told(
        &self,
        your: Option<Token>,
        found: &mut Vec<Match>,
        group: impl Fn(usize) -> usize,
    ) {
        let mut clause = 0;
        let clauses: Vec<usize> = (0..self.words.len())
            .map(|word| {
                clause += usize::from(word > 0 && self.ends_clause(word));
                clause
            })
            .collect();
        let mut covered: HashMap<usize, Vec<bool>, FxBuildHasher> = HashMap::default();
        let mut told: HashSet<usize, FxBuildHasher> = HashSet::default();
        for found in &*found {
            let group = group(found.topic);
            let covered = covered.entry(group).or_insert_with(|| vec![false; self.words.len()]);
            covered.iter_mut().take(found.last + 1).skip(found.first).for_each(|word| *word = true);
            if !found.lone {
                told.insert(group);
            }
        }
        // The clauses that say something besides what a group has.
        let mut others: HashSet<(usize, usize), FxBuildHasher> = HashSet::default();
        for (&group, covered) in &covered {
            let words = clauses.iter().zip(covered).enumerate();
            let other = words.filter(|(word, (_, covered))| !**covered && self.tells(*word));
            others.extend(other.map(|(_, (&clause, _))| (group, clause)));
        }
        found.retain(|found| {
            let group = group(found.topic);
            let clause = clauses.get(found.first).copied().unwrap_or_default();
            !found.lone
                || self.is_after(your, found.first)
                || told.contains(&group)
                || !others.contains(&(group, clause))
        });
    }

    /// Whether a token stands right before a word in its clause.
    fn is_after(&self, token: Option<Token>, word: usize) -> bool {
        let before = word.checked_sub(1).filter(|_| !self.ends_clause(word));
        before.is_some_and(|before| self.tokens(before).iter().any(|stands| Some(*stands) == token))
    }
}

/// The next token; the first is none of the tokens that have their own meaning.
fn next(last: &mut Token) -> Token {
    *last += 1;
    *last
}

/// Whether an auxiliary before the word is one.
fn is_subject(words: &FoldedWords, index: usize) -> bool {
    SUBJECTS.contains(&words.text(index)) || is_name(words, index)
}

/// Whether a word has a capital letter that no sentence or sign gives it.
fn is_name(words: &FoldedWords, index: usize) -> bool {
    words.gap(index) == Gap::Space && words.word(index).is_some_and(|word| word.capital)
}

/// What an unknown word stands for by its form.
fn stand_in(words: &FoldedWords, index: usize) -> Option<&'static str> {
    let word = words.text(index);
    if is_number(word) {
        return (word.len() >= LARGE_NUMBER.len()).then_some(LARGE_NUMBER);
    }
    if word.strip_suffix('k').is_some_and(is_number) {
        return Some(THOUSANDS);
    }
    is_name(words, index).then_some(NAME)
}

/// A word without the apostrophe that parts it from the word before.
fn word_text(words: &FoldedWords, index: usize) -> &str {
    words.text(index).trim_start_matches('\'')
}

/// The words of a text without accents, in the singular.
pub(crate) fn fold(text: &str) -> Vec<String> {
    let words = FoldedWords::of(&without_accents(text));
    let parts = (0..words.len()).flat_map(|index| split_unspaced(word_text(&words, index)));
    parts.map(|part| singular(part).into_owned()).collect()
}

fn without_prefix(text: &str, sign: char) -> (bool, &str) {
    text.strip_prefix(sign).map_or((false, text), |rest| (true, rest))
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
    matches!(char, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}
