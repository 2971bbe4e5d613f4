//! A text as folded words: lower case, separators turned to one space, punctuation kept as gaps.

use std::borrow::Cow;

use cv_analytics_core::privacy::REDACTION_MARKERS;

use crate::skills::words::links::{Link, link};

/// What stands between a word and the word before it; a later variant separates more strongly.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Gap {
    /// White space, or nothing where the script changes.
    Space,
    /// `don't`, `docker's`: the rest after the apostrophe is its own word.
    Apostrophe,
    /// `event-driven`, `snake_case`.
    Hyphen,
    /// `node.js`, with no white space round it.
    Dot,
    /// `R&D`, with no white space round it.
    TightAmpersand,
    /// `docker/kubernetes`, also with white space.
    Slash,
    /// `&` between spaces, `+`, `,` and other signs that list.
    List,
    /// `:`, `;`, brackets, quotation marks, a dash between spaces.
    Aside,
    /// The end of a sentence or of a line, and the start of the text.
    Stop,
}

impl Gap {
    /// What stands for it in the folded text: a space where a name may run across it, whatever the sign, else a comma.
    pub(crate) fn folded(self) -> char {
        match self {
            Self::Space | Self::Hyphen | Self::Dot | Self::TightAmpersand | Self::Slash => ' ',
            Self::Apostrophe | Self::List | Self::Aside | Self::Stop => ',',
        }
    }

    /// Whether it ends a phrase.
    pub(crate) fn is_hard(self) -> bool {
        self >= Self::List
    }
}

/// One word: its place in the folded text and in the source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    /// Byte where it begins in the folded text.
    pub(crate) start: usize,
    /// Byte after its end in the folded text.
    pub(crate) end: usize,
    /// Byte where it begins in the source.
    pub(crate) from: usize,
    /// Byte after its end in the source.
    pub(crate) to: usize,
    /// What stands before it.
    pub(crate) gap: Gap,
    /// Whether its first letter is a capital.
    pub(crate) capital: bool,
    /// Whether it has a lower-case letter.
    pub(crate) lower: bool,
}

/// A folded text and its words; made once and filled again for each text.
#[derive(Default, Debug)]
pub(crate) struct FoldedWords {
    text: String,
    words: Vec<Word>,
}

impl FoldedWords {
    /// Folds one text.
    pub(crate) fn of(source: &str) -> Self {
        let mut folded = Self::default();
        folded.fill(source);
        folded
    }

    /// Replaces the content by that of `source`. The words of links and e-mail addresses are none of its
    /// words; a bare domain is one word (`monday.com`).
    pub(crate) fn fill(&mut self, source: &str) {
        self.text.clear();
        self.words.clear();
        let may_link = may_hold_link(source);
        let mut gap = Gap::Stop;
        let mut open: Option<Word> = None;
        let mut previous = ' ';
        let mut at = 0;
        while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
            if may_link
                && (open.is_none() || is_far_script(previous))
                && may_follow(previous)
                && let Some(link) = link(rest)
            {
                self.close(open.take());
                gap = self.pass_link(link, gap, at);
                at += link.length;
                previous = ' ';
                continue;
            }
            let run = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            let ends_open = matches!(previous, '+' | '#') || is_far_script(previous);
            if run > 0 && !(open.is_some() && ends_open) {
                let (run, _) = rest.split_at(run);
                let mut word = open.take().unwrap_or_else(|| self.begin(gap, run, at));
                at += run.len();
                self.push_ascii(&mut word, run, at);
                open = Some(word);
                gap = Gap::Space;
                previous = run.chars().next_back().unwrap_or(' ');
                continue;
            }
            // A space stands between nearly all words: it ends one, and the rules below add nothing.
            if rest.starts_with(' ') {
                self.close(open.take());
                at += 1;
                previous = ' ';
                continue;
            }
            let mut chars = rest.chars();
            let raw = chars.next().unwrap_or(' ');
            let begin = at;
            at += raw.len_utf8();
            if is_ignorable(raw) {
                continue;
            }
            let (char, next) = (half_width(raw), half_width(chars.next().unwrap_or(' ')));
            if let Some(word) = &mut open
                && belongs(char, previous, next)
            {
                push_lower(&mut self.text, char);
                word.to = at;
                word.lower |= char.is_lowercase();
            } else if begins(char, previous, next)
                || (is_apostrophe(char) && open.is_some() && next.is_alphabetic())
            {
                let between = match &open {
                    Some(_) if is_apostrophe(char) => Gap::Apostrophe,
                    Some(_) => Gap::Space,
                    None => gap,
                };
                self.close(open.take());
                let mut word = self.begin(between, char.encode_utf8(&mut [0; 4]), begin);
                push_lower(&mut self.text, char);
                word.to = at;
                word.lower = char.is_lowercase();
                word.capital |= is_apostrophe(char) && next.is_uppercase();
                open = Some(word);
                gap = Gap::Space;
            } else {
                self.close(open.take());
                gap = gap.max(gap_of(char, previous, next));
            }
            previous = char;
        }
        self.close(open);
    }

    /// Passes over a link at `at`, of whose words only a bare domain is one; gives the gap after it.
    #[cold]
    fn pass_link(&mut self, Link { domain, length }: Link<'_>, mut gap: Gap, at: usize) -> Gap {
        if let Some(domain) = domain {
            let mut word = self.begin(gap, domain, at);
            self.push_ascii(&mut word, domain, at + domain.len());
            self.close(Some(word));
            gap = Gap::Space;
        }
        if length > domain.map_or(0, str::len) { gap.max(Gap::Aside) } else { gap }
    }

    /// Starts a word before its text is pushed.
    fn begin(&mut self, gap: Gap, first: &str, from: usize) -> Word {
        if !self.text.is_empty() {
            self.text.push(gap.folded());
        }
        let start = self.text.len();
        let capital = first.starts_with(char::is_uppercase);
        Word { start, end: start, from, to: from, gap, capital, lower: false }
    }

    fn push_ascii(&mut self, word: &mut Word, run: &str, to: usize) {
        let start = self.text.len();
        self.text.push_str(run);
        if let Some(run) = self.text.get_mut(start..) {
            run.make_ascii_lowercase();
        }
        word.lower |= run.bytes().any(|byte| byte.is_ascii_lowercase());
        word.to = to;
    }

    fn close(&mut self, word: Option<Word>) {
        if let Some(mut word) = word {
            word.end = self.text.len();
            self.words.push(word);
        }
    }

    /// How many words there are.
    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    pub(crate) fn word(&self, index: usize) -> Option<&Word> {
        self.words.get(index)
    }

    /// The folded word at an index, empty where there is none.
    pub(crate) fn text(&self, index: usize) -> &str {
        self.phrase(index, index)
    }

    /// The folded words from `first` to `last`, both included; empty where there are none. It holds
    /// a comma where a gap parts them.
    pub(crate) fn phrase(&self, first: usize, last: usize) -> &str {
        match (self.words.get(first), self.words.get(last)) {
            (Some(from), Some(to)) => self.text.get(from.start..to.end).unwrap_or_default(),
            _ => "",
        }
    }

    /// The whole folded text.
    pub(crate) fn whole(&self) -> &str {
        &self.text
    }

    /// The gap before a word; after the last word the text stops.
    pub(crate) fn gap(&self, index: usize) -> Gap {
        self.words.get(index).map_or(Gap::Stop, |word| word.gap)
    }

    /// The whole folded text with its separators left out: one key for all ways to write a name.
    pub(crate) fn squeezed(&self) -> String {
        (0..self.len()).map(|index| self.text(index)).collect()
    }
}

/// Whether a link may begin after `previous`.
fn may_follow(previous: char) -> bool {
    !previous.is_alphanumeric() && !matches!(previous, '.' | '-' | '_' | '+' | '#' | '&')
        || is_far_script(previous)
}

/// Whether a text has a sign that a link, an e-mail address or a domain needs: most have none.
fn may_hold_link(text: &str) -> bool {
    let is_sign = |byte: u8| matches!(byte, b'.' | b'@' | b':');
    // The whole text is passed over without a branch; few go on to the pairs.
    text.bytes().fold(false, |found, byte| found | is_sign(byte))
        && text.as_bytes().windows(2).any(|pair| {
            matches!(pair, [b'.', next] if next.is_ascii_alphanumeric())
                || matches!(pair, [b'@', _] | [b':', b'/'])
        })
}

/// Whether `char` goes on with the word that `previous` ended so far.
fn belongs(char: char, previous: char, next: char) -> bool {
    match char {
        '#' => previous.is_ascii_alphabetic() && (!next.is_alphabetic() || is_far_script(next)),
        '+' if previous == '+' => true,
        '+' => {
            previous.is_ascii_alphanumeric()
                && (next == '+' || !next.is_alphanumeric() || is_far_script(next))
        }
        _ if matches!(previous, '+' | '#') => false,
        _ => is_word_char(char) && is_far_script(char) == is_far_script(previous),
    }
}

/// Whether a word begins with `char`.
fn begins(char: char, previous: char, next: char) -> bool {
    let leading_dot = char == '.'
        && previous != '.'
        && if is_far_script(previous) {
            next.is_ascii_alphabetic()
        } else {
            next.is_alphabetic() && !previous.is_alphanumeric()
        };
    is_word_char(char) || leading_dot
}

/// Letters and digits, and the signs of Hindi, Bengali and Thai that go on with a word.
fn is_word_char(char: char) -> bool {
    char.is_alphanumeric()
        || matches!(char, '\u{93c}' | '\u{94d}' | '\u{9bc}' | '\u{9cd}' | '\u{e47}'..='\u{e4e}')
}

/// Scripts other than Latin: a Latin name may stand right beside them without a space.
pub(crate) fn is_far_script(char: char) -> bool {
    char >= '\u{370}' && !matches!(char, '\u{1e00}'..='\u{1eff}')
}

fn is_apostrophe(char: char) -> bool {
    char == '\''
}

/// Characters that show nothing and part nothing: zero width, direction marks, accents that follow their letter.
fn is_ignorable(char: char) -> bool {
    is_invisible(char) || matches!(char, '\u{300}'..='\u{36f}')
}

/// Characters that show nothing: zero width, soft hyphens, direction marks.
pub(crate) fn is_invisible(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// The ASCII form of a full-width character, of an apostrophe and of the sharp sign.
fn half_width(char: char) -> char {
    match char {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(char) - 0xfee0).unwrap_or(char),
        '\u{3000}' => ' ',
        '\u{266f}' => '#',
        '\u{2019}' | '\u{2bc}' => '\'',
        _ => char,
    }
}

fn push_lower(text: &mut String, char: char) {
    if char.is_ascii() {
        text.push(char.to_ascii_lowercase());
    } else {
        text.extend(char.to_lowercase().filter(|lower| !is_ignorable(*lower)));
    }
}

fn gap_of(char: char, previous: char, next: char) -> Gap {
    let tight = !previous.is_whitespace() && !next.is_whitespace();
    match char {
        '_' => Gap::Hyphen,
        '-' | '\u{2010}' | '\u{2011}' if tight => Gap::Hyphen,
        '.' if tight && next.is_alphanumeric() => Gap::Dot,
        '&' if tight => Gap::TightAmpersand,
        '/' | '\\' => Gap::Slash,
        '\n' | '\r' | '.' | '?' | '!' | '\u{3002}' | '\u{2026}' => Gap::Stop,
        '&' | '+' | ',' | '|' | '\u{2022}' | '\u{3001}' => Gap::List,
        _ if char.is_whitespace() || is_apostrophe(char) => Gap::Space,
        _ => Gap::Aside,
    }
}

/// The text with a full stop for each marker of redaction: a marker never is or makes a topic.
pub(crate) fn without_markers(text: &str) -> Cow<'_, str> {
    if !text.contains('[') {
        return Cow::Borrowed(text);
    }
    let mut plain = text.to_owned();
    for marker in REDACTION_MARKERS {
        plain = plain.replace(marker, ". ");
    }
    Cow::Owned(plain)
}
