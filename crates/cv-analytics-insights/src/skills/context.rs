//! Decides from its sentence whether a word that is also English means the technology.

use crate::skills::dictionary::{SkillDictionary, SkillId};
use crate::skills::words::english::{Cue, EnglishWords, Pattern, Phrases, Rule, outline};
use crate::skills::words::folded::{FoldedWords, Gap, Word, is_far_script};

/// Modifiers that may stand between a cue and the word (`experience with some of the`).
const MAX_MODIFIERS: usize = 3;
/// Words in the longest cue before a name (`comfortable are you with`).
const MAX_CUE_WORDS: usize = 4;
/// Words in the longest phrase after a name (`one of your`).
const MAX_FOLLOWING_WORDS: usize = 3;
/// Words that may stand between two members of a list (`and maybe some`).
const MAX_WORDS_BETWEEN: usize = 3;

/// Words before a noun that has an `of` after it.
const DETERMINERS: [&str; 14] = [
    "a", "an", "the", "any", "no", "some", "my", "your", "his", "her", "its", "our", "their",
    "this",
];

/// A name found in the words, before context has spoken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) first: usize,
    pub(crate) last: usize,
    pub(crate) skill: SkillId,
    pub(crate) rule: Option<u16>,
    /// Whether it has a case ending on it.
    pub(crate) inflected: bool,
    /// Byte of the source where the name begins.
    pub(crate) from: usize,
    /// Byte of the source after the name: before the end of the word where an ending is on it.
    pub(crate) to: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Technology,
    Open,
    Ordinary,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    None,
    List,
    Contrast,
}

/// What the case of a word's letters says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Silent,
    Capital,
    /// All capitals, three letters or more.
    Shouts,
}

/// A text in which at least one name stands.
pub(crate) struct Context<'a> {
    dictionary: &'a SkillDictionary,
    english: &'a EnglishWords,
    words: &'a FoldedWords,
}

impl<'a> Context<'a> {
    pub(crate) fn new(dictionary: &'a SkillDictionary, words: &'a FoldedWords) -> Self {
        Self { dictionary, english: dictionary.english(), words }
    }

    /// Removes the candidates that are ordinary words here.
    pub(crate) fn retain(&self, candidates: &mut Vec<Candidate>) {
        candidates.retain(|candidate| {
            candidate.rule.is_some() || !self.has_title(candidate) && !self.is_domain(candidate)
        });
        if candidates.iter().all(|candidate| candidate.rule.is_none()) {
            return;
        }
        let mut verdicts: Vec<Verdict> =
            (0..candidates.len()).map(|at| self.alone(candidates, at)).collect();
        self.spread(candidates, &mut verdicts);
        let mut verdicts = verdicts.iter();
        candidates.retain(|_| verdicts.next() == Some(&Verdict::Technology));
    }

    /// What a candidate's own surroundings say.
    fn alone(&self, candidates: &[Candidate], at: usize) -> Verdict {
        let Some(candidate) = candidates.get(at) else { return Verdict::Open };
        let Some(rule) = candidate.rule.and_then(|rule| self.english.get(rule)) else {
            return Verdict::Technology;
        };
        let before = at.checked_sub(1).and_then(|before| candidates.get(before));
        let after = candidates.get(at + 1);
        let next = candidate.last + 1;
        let previous = candidate.first.checked_sub(1).map_or("", |at| self.words.text(at));
        let neighbours = (outline(previous), outline(self.words.text(next)));
        let matches =
            |pattern: &Pattern| pattern.may_match(neighbours) && self.matches(pattern, candidate);
        if rule.cues.iter().any(matches) {
            return Verdict::Technology;
        }
        if self.has_case_ending(candidate) {
            return Verdict::Technology;
        }
        if self.is_glued(rule, candidate, before, after)
            || self.has_title_or_surname(candidate)
            || self.has_genitive(candidate, after)
        {
            return Verdict::Ordinary;
        }
        let part_of_a_name = rule.person && self.is_part_of_a_name(candidate, before, after);
        let hears = |cue| !rule.deaf_to.contains(&cue);
        let foreign = || hears(Cue::Language) && self.is_foreign();
        let counts = rule.counts && (self.is_capital(candidate) || !foreign());
        let mut against = rule
            .against
            .iter()
            .filter(|pattern| matches(pattern))
            .filter(|pattern| !self.is_inside_list(pattern, candidate, before))
            .peekable();
        // Nothing near most names speaks against them, and the rest need not be looked at.
        if counts && !part_of_a_name && against.peek().is_none() {
            return Verdict::Technology;
        }
        let case = if hears(Cue::Capital) { self.case(candidate) } else { Case::Silent };
        if (case != Case::Silent && rule.capital_decides)
            || self.has_phrase_after(next, &self.english.after)
        {
            return Verdict::Technology;
        }
        let cue = self.cue_before(candidate.first).filter(|_| hears(Cue::Before));
        let cue_words = cue.map_or(0, |(words, adjacent)| if adjacent { words } else { 0 });
        let shouts = case == Case::Shouts && !rule.counts;
        let noun = hears(Cue::After) && self.has_noun_after(next);
        let outweighed = |pattern: &Pattern| {
            pattern.after.is_empty() && (noun || shouts || pattern.before.len() < cue_words)
        };
        if part_of_a_name || against.any(|pattern| !outweighed(pattern)) {
            return Verdict::Ordinary;
        }
        let for_it = counts
            || cue.is_some()
            || noun
            || case != Case::Silent
            || self.is_beside_another_script(candidate)
            || (hears(Cue::After) && self.has_weak_cue_after(next))
            || (hears(Cue::Alone)
                && (self.stands_alone(candidate) || self.is_asked_for(candidate)))
            || (hears(Cue::Your) && self.is_your(candidate));
        if for_it {
            return Verdict::Technology;
        }
        Verdict::Open
    }

    /// Lets a list's members speak for each other, until nothing changes.
    fn spread(&self, candidates: &[Candidate], verdicts: &mut [Verdict]) {
        let links: Vec<Link> = candidates
            .windows(2)
            .map(|pair| if let [left, right] = pair { self.link(left, right) } else { Link::None })
            .collect();
        let mut changed = true;
        while changed {
            changed = false;
            for (at, link) in links.iter().enumerate() {
                let Some([left, right]) = verdicts.get_mut(at..at + 2) else { continue };
                let hears = |at: usize| {
                    let rule = candidates.get(at).and_then(|candidate| candidate.rule);
                    rule.and_then(|rule| self.english.get(rule))
                        .is_none_or(|rule| !rule.deaf_to.contains(&Cue::List))
                };
                let speaks = |from: usize, to: usize| {
                    let technology = |at: usize| {
                        candidates
                            .get(at)
                            .is_some_and(|candidate| self.dictionary.is_technology(candidate.skill))
                    };
                    hears(to) && (technology(from) || !technology(to))
                };
                let (from_left, from_right) = match (*left, *right, link) {
                    (_, _, Link::None) => (false, false),
                    (Verdict::Technology, Verdict::Open, _) => (speaks(at, at + 1), false),
                    (Verdict::Open, Verdict::Technology, _) => (false, speaks(at + 1, at)),
                    (Verdict::Open, Verdict::Open, Link::Contrast) => (hears(at + 1), hears(at)),
                    _ => (false, false),
                };
                if from_left {
                    *right = Verdict::Technology;
                }
                if from_right {
                    *left = Verdict::Technology;
                }
                changed |= from_left || from_right;
            }
        }
    }

    /// Whether it has a name's ending: after an apostrophe, or on a capital within a sentence.
    fn has_case_ending(&self, candidate: &Candidate) -> bool {
        let next = candidate.last + 1;
        let starts = self.words.word(candidate.first).is_none_or(|word| word.gap >= Gap::Stop);
        candidate.inflected && self.is_capital(candidate) && !starts
            || self.words.gap(next) == Gap::Apostrophe
                && self.dictionary.endings().is_case_after_apostrophe(self.words.text(next))
    }

    /// How two neighbouring candidates are joined.
    fn link(&self, left: &Candidate, right: &Candidate) -> Link {
        let between = left.last + 1..right.first;
        if between.len() > MAX_WORDS_BETWEEN
            || (between.start..=right.first).any(|at| self.words.gap(at) == Gap::Stop)
        {
            return Link::None;
        }
        let mut link =
            if self.words.gap(right.first) == Gap::Slash { Link::Contrast } else { Link::List };
        for at in between {
            let word = self.words.text(at);
            if self.english.contrasts.contains(word) {
                link = Link::Contrast;
            } else if !self.english.connectors.contains(word) && !is_number(word) {
                return Link::None;
            }
        }
        link
    }

    /// Whether a hyphen, a dot or an ampersand ties the word to one that is not a skill: `go-live`, `R&D`,
    /// `node.example`.
    fn is_glued(
        &self,
        rule: &Rule,
        candidate: &Candidate,
        before: Option<&Candidate>,
        after: Option<&Candidate>,
    ) -> bool {
        let tight = |gap| matches!(gap, Gap::Hyphen | Gap::Dot | Gap::TightAmpersand);
        let next = candidate.last + 1;
        let tied_before = tight(self.words.gap(candidate.first))
            && before.is_none_or(|before| before.last + 1 != candidate.first);
        let tied_after = tight(self.words.gap(next))
            && after.is_none_or(|after| after.first != next)
            && !(self.words.gap(next) == Gap::Hyphen
                && (self.follows_a_skill(self.words.text(next))
                    || self.dictionary.endings().is_case(self.words.text(next))
                    || rule.counts && self.is_compound(candidate)));
        tied_before
            || tied_after
            || self.words.gap(next) == Gap::Apostrophe && self.words.text(next) != "'s"
    }

    fn matches(&self, pattern: &Pattern, candidate: &Candidate) -> bool {
        let after = pattern.after.iter().enumerate().all(|(at, word)| {
            let index = candidate.last + 1 + at;
            self.words.text(index) == &**word && self.words.gap(index) != Gap::Stop
        });
        let end = candidate.last + 1 + pattern.after.len();
        after
            && (!pattern.ends || self.words.gap(end).is_hard())
            && pattern.before.iter().rev().enumerate().all(|(back, word)| {
                self.words.gap(candidate.first - back.min(candidate.first)) != Gap::Stop
                    && candidate
                        .first
                        .checked_sub(back + 1)
                        .is_some_and(|index| self.words.text(index) == &**word)
            })
    }

    /// Whether the words of a pattern link the word to a technology before them: `Java to Go`.
    fn is_inside_list(
        &self,
        pattern: &Pattern,
        candidate: &Candidate,
        before: Option<&Candidate>,
    ) -> bool {
        pattern.after.is_empty()
            && !pattern.ends
            && before.is_some_and(|before| {
                before
                    .rule
                    .is_none_or(|rule| self.english.get(rule).is_some_and(|rule| rule.counts))
                    && before.last + 1 + pattern.before.len() == candidate.first
                    && self.link(before, candidate) != Link::None
            })
    }

    /// Length of the longest cue before the word, and whether it is adjacent: only then it outweighs counter-evidence.
    fn cue_before(&self, first: usize) -> Option<(usize, bool)> {
        let mut end = first;
        for _ in 0..=MAX_MODIFIERS {
            if end == 0 || self.words.gap(end) >= Gap::Stop {
                return None;
            }
            let longest = (1..=MAX_CUE_WORDS.min(end)).rev().find(|length| {
                self.english.before.contains(self.words.phrase(end - length, end - 1))
            });
            if let Some(length) = longest {
                return Some((length, end == first));
            }
            if !self.english.modifiers.contains(self.words.text(end - 1)) {
                return None;
            }
            end -= 1;
        }
        None
    }

    /// Whether a noun that follows technologies follows, such as `developer`.
    fn has_noun_after(&self, next: usize) -> bool {
        matches!(self.words.gap(next), Gap::Space | Gap::Hyphen | Gap::Slash)
            && self.follows_a_skill(self.words.text(next))
    }

    /// Whether the word is a noun that follows technologies, in English or with the endings of other languages.
    fn follows_a_skill(&self, word: &str) -> bool {
        self.english.after.contains(word) || self.dictionary.endings().is_noun(word)
    }

    /// Whether a hyphen joins it to a noun as in German: both with a capital, as in `Excel-Makros`.
    fn is_compound(&self, candidate: &Candidate) -> bool {
        self.is_capital(candidate)
            && self.words.word(candidate.last + 1).is_some_and(|word| word.capital && word.lower)
    }

    /// Whether a title stands before a name that is not an ordinary word: `Mr. Laravel`.
    fn has_title(&self, candidate: &Candidate) -> bool {
        let Some(before) = candidate.first.checked_sub(1) else { return false };
        // The dot of `Mr. Laravel` ends no sentence; `Ms` stands before products of Microsoft too.
        matches!(self.words.gap(candidate.first), Gap::Space | Gap::Stop)
            && self.is_capital(candidate)
            && self.words.word(before).is_some_and(|word| word.lower)
            && !matches!(self.words.text(before), "ms" | "miss")
            && self.english.titles.contains(self.words.text(before))
    }

    /// Whether it is the first part of a bare domain: `kubernetes.io`.
    fn is_domain(&self, candidate: &Candidate) -> bool {
        let next = candidate.last + 1;
        self.words.gap(next) == Gap::Dot
            && matches!(self.words.text(next), "io" | "dev" | "app" | "ai" | "sh")
    }

    /// Whether a title, a first name or a family name beside it makes it a person's: `Mr Jenkins`, `Ruby Smith`.
    fn has_title_or_surname(&self, candidate: &Candidate) -> bool {
        let is_name = |at: usize, names: &Phrases| {
            self.words.word(at).is_some_and(|word| word.capital && word.lower)
                && names.contains(self.words.text(at))
        };
        let is_title = |at: usize| {
            // `MS` and `ms` stand before products of Microsoft, and `miss` is a verb.
            let text = self.words.text(at);
            let capital = matches!(text, "ms" | "miss");
            self.words.word(at).is_some_and(|word| word.lower && (word.capital || !capital))
                && self.english.titles.contains(text)
        };
        let next = candidate.last + 1;
        self.is_capital(candidate)
            && (self.words.gap(next) == Gap::Space && is_name(next, &self.english.surnames)
                || candidate.first.checked_sub(1).is_some_and(|before| {
                    let gap = self.words.gap(candidate.first);
                    // The dot of `Mr. Jenkins` ends no sentence.
                    matches!(gap, Gap::Space | Gap::Stop) && is_title(before)
                        || gap == Gap::Space && is_name(before, &self.english.first_names)
                }))
    }

    /// Whether it is something of something: `a notion of quality`, `the oracle of the team`.
    fn has_genitive(&self, candidate: &Candidate, after: Option<&Candidate>) -> bool {
        let next = candidate.last + 1;
        self.words.text(next) == "of"
            && self.words.gap(next) == Gap::Space
            && after.is_none_or(|after| after.first != next + 1)
            && self.words.gap(next + 1) == Gap::Space
            && self.words.gap(candidate.first) == Gap::Space
            && candidate
                .first
                .checked_sub(1)
                .is_some_and(|before| DETERMINERS.contains(&self.words.text(before)))
    }

    /// Whether a phrase of several words follows that is in the list, such as `one of your skills`.
    fn has_phrase_after(&self, next: usize, phrases: &Phrases) -> bool {
        self.words.gap(next) < Gap::Aside
            && (2..=MAX_FOLLOWING_WORDS).any(|length| {
                let last = next + length - 1;
                last < self.words.len() && phrases.contains(self.words.phrase(next, last))
            })
    }

    /// Whether the capitals of its neighbours make it a person's name: `Cassandra Miller`.
    fn is_part_of_a_name(
        &self,
        candidate: &Candidate,
        before: Option<&Candidate>,
        after: Option<&Candidate>,
    ) -> bool {
        if !self.is_capital(candidate) {
            return false;
        }
        let is_name = |at: usize| {
            let text = self.words.text(at);
            self.words.word(at).is_some_and(|word| word.capital && word.lower)
                && !self.english.after.contains(text)
                && !self.english.weak_after.contains(text)
                && !self.english.before.contains(text)
                && !self.english.modifiers.contains(text)
                && !self.english.connectors.contains(text)
        };
        let next = candidate.last + 1;
        let last_name = self.words.gap(next) == Gap::Space
            && is_name(next)
            && after.is_none_or(|after| after.first != next);
        let first_name = candidate.first.checked_sub(1).is_some_and(|at| {
            self.words.gap(candidate.first) == Gap::Space
                && self.words.gap(at) < Gap::Stop
                && is_name(at)
                && before.is_none_or(|before| before.last != at)
        });
        (last_name || first_name) && {
            let (large, small): (Vec<&Word>, Vec<&Word>) = (0..self.words.len())
                .filter_map(|at| self.words.word(at))
                .filter(|word| word.gap < Gap::Stop)
                .partition(|word| word.capital);
            small.len() >= large.len()
        }
    }

    /// Whether a word of another script is adjacent: such texts borrow names from English, hardly ordinary words.
    fn is_beside_another_script(&self, candidate: &Candidate) -> bool {
        let next = candidate.last + 1;
        let is_far = |at: usize| self.words.text(at).starts_with(is_far_script);
        self.words.gap(next) < Gap::Aside && is_far(next)
            || self.words.gap(candidate.first) < Gap::Aside
                && candidate.first.checked_sub(1).is_some_and(is_far)
    }

    /// Whether it opens a question and is asked for a purpose: `Express for APIs?`.
    fn is_asked_for(&self, candidate: &Candidate) -> bool {
        self.words.gap(candidate.first).is_hard()
            && self.is_capital(candidate)
            && self.words.text(candidate.last + 1) == "for"
    }

    /// Whether a version follows, or a word that also follows ordinary words.
    fn has_weak_cue_after(&self, next: usize) -> bool {
        let gap = self.words.gap(next);
        let word = self.words.text(next);
        if is_number(word) {
            return gap == Gap::Space
                && word.len() <= 2
                && !self.english.units.contains(self.words.text(next + 1));
        }
        (matches!(gap, Gap::Space | Gap::Hyphen) && self.english.weak_after.contains(word))
            || self.has_phrase_after(next, &self.english.weak_after)
    }

    /// Whether the text has enough words to be known for English, and has none of English.
    fn is_foreign(&self) -> bool {
        self.words.len() > 3
            && !(0..self.words.len()).any(|at| self.english.english.contains(self.words.text(at)))
    }

    fn is_capital(&self, candidate: &Candidate) -> bool {
        self.words.word(candidate.first).is_some_and(|word| word.capital)
    }

    /// What the letter case says: a capital within a sentence without title case, or all capitals in a mixed text.
    fn case(&self, candidate: &Candidate) -> Case {
        let Some(word) = self.words.word(candidate.first).filter(|word| word.capital) else {
            return Case::Silent;
        };
        let letters = word.end - word.start;
        let others = (0..self.words.len()).filter(|&at| at != candidate.first);
        let others = others.filter_map(|at| self.words.word(at));
        if !word.lower && letters > 1 {
            let (small, large): (Vec<&Word>, Vec<&Word>) =
                others.filter(|other| other.end - other.start > 1).partition(|other| other.lower);
            return match small.len() > large.len() {
                true if letters > 2 => Case::Shouts,
                true => Case::Capital,
                false => Case::Silent,
            };
        }
        let cut_off = letters == 1
            && candidate.first == candidate.last
            && !self.ends_phrase(candidate.last + 1);
        if word.gap >= Gap::Stop || cut_off {
            return Case::Silent;
        }
        let (large, small): (Vec<&Word>, Vec<&Word>) = others
            .filter(|other| other.end - other.start > 2 && other.gap < Gap::Aside)
            .partition(|other| other.capital);
        if small.len() > large.len() { Case::Capital } else { Case::Silent }
    }

    fn stands_alone(&self, candidate: &Candidate) -> bool {
        self.words.gap(candidate.first).is_hard() && self.words.gap(candidate.last + 1).is_hard()
    }

    fn is_your(&self, candidate: &Candidate) -> bool {
        let next = candidate.last + 1;
        candidate.first.checked_sub(1).is_some_and(|before| self.words.text(before) == "your")
            && self.ends_phrase(next)
    }

    /// Whether a phrase ends before this word, or a list goes on with it.
    fn ends_phrase(&self, next: usize) -> bool {
        self.words.gap(next).is_hard()
            || self.words.gap(next) == Gap::Slash
            || self.words.text(next) == "and"
            || self.english.contrasts.contains(self.words.text(next))
    }
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}
