//! The ways in which people write one name: apart, joined, in the plural, misspelt.

use std::borrow::Cow;

use crate::skills::words::folded::FoldedWords;

/// Names of more words than this are kept as they are written, not joined in every way.
const MAX_JOINED_WORDS: usize = 4;
/// Shorter names have too many neighbours that are other words.
const MIN_MISSPELT_LETTERS: usize = 6;
/// First halves that make a split name an ordinary phrase: `in design`, `mass transit`.
const NOT_A_HALF: [&str; 18] = [
    "in", "on", "no", "to", "go", "un", "re", "my", "one", "at", "by", "up", "the", "be", "mass",
    "out", "you", "is",
];

/// Every way to join the words of a name: `ci cd` gives `ci cd` and `cicd`. A hyphen, a dot or a slash
/// in a text is folded to a space before, so these cover them.
pub(crate) fn spellings(words: &FoldedWords) -> Vec<String> {
    let gaps = words.len().saturating_sub(1);
    let ways = if words.len() <= MAX_JOINED_WORDS { 1_usize << gaps } else { 1 };
    (0..ways)
        .map(|joined| {
            let mut spelling = String::new();
            for index in 0..words.len() {
                if index > 0 && joined & (1 << (index - 1)) == 0 {
                    spelling.push(words.gap(index).folded());
                }
                spelling.push_str(words.text(index));
            }
            spelling
        })
        .collect()
}

/// The name with a space at each change from a lower-case to an upper-case letter, if it has one.
pub(crate) fn humps(name: &str) -> Option<String> {
    let mut split = String::new();
    let mut previous = ' ';
    for char in name.chars() {
        if previous.is_lowercase() && char.is_uppercase() {
            split.push(' ');
        }
        split.push(char);
        previous = char;
    }
    let first = split.split(' ').next().unwrap_or_default().to_lowercase();
    (split.len() > name.len() && first.len() > 1 && !NOT_A_HALF.contains(&first.as_str()))
        .then_some(split)
}

/// The plural of a name whose last word is a plain one of four letters or more, or the singular of a
/// plural of several words (`Azure Function`).
pub(crate) fn plural(name: &str) -> Option<String> {
    let last = name.rsplit([' ', '-', '/', '.']).next().unwrap_or_default();
    let several = last.len() < name.len();
    if !last.chars().all(|char| char.is_ascii_alphabetic())
        || last.len() < 3
        || (!several && last.len() < 4)
    {
        return None;
    }
    match last.strip_suffix('s') {
        Some(_)
            if !several
                || last.len() < 5
                || last.ends_with("ss")
                || last.ends_with("is")
                || last.ends_with("us") =>
        {
            None
        }
        Some(_) => name.strip_suffix('s').map(str::to_owned),
        None if last.ends_with(['x', 'z']) || last.ends_with("ch") || last.ends_with("sh") => None,
        None => match name.strip_suffix('y') {
            Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => Some(format!("{stem}ies")),
            _ => Some(format!("{name}s")),
        },
    }
}

/// The singular of a regular English plural, else the word.
pub(crate) fn singular(word: &str) -> Cow<'_, str> {
    let kept = ["ss", "us", "is", "ics", "news", "series"].iter().any(|end| word.ends_with(end));
    if kept || word.len() < 4 || !word.is_ascii() {
        return Cow::Borrowed(word);
    }
    if let Some(stem) = word.strip_suffix("ies") {
        return Cow::Owned(format!("{stem}y"));
    }
    let twice = ["sses", "ches", "shes", "xes"].iter().any(|end| word.ends_with(end));
    Cow::Borrowed(word.strip_suffix(if twice { "es" } else { "s" }).unwrap_or(word))
}

/// The name without accents as people type it: `künstlich` gives `kunstlich` and `kuenstlich`.
pub(crate) fn without_accents(name: &str) -> Vec<String> {
    let with = |umlaut: &dyn Fn(char) -> &'static str| -> String {
        name.chars()
            .map(|char| match umlaut(char) {
                "" => plain(char).map_or_else(|| char.to_string(), str::to_owned),
                letters => letters.to_owned(),
            })
            .collect()
    };
    let german = |char| match char {
        'ä' => "ae",
        'ö' => "oe",
        'ü' => "ue",
        _ => "",
    };
    let mut all = vec![with(&|_| ""), with(&german)];
    all.dedup();
    all.retain(|plain| plain != name);
    all
}

/// The letters of ASCII for a Latin letter with an accent.
fn plain(char: char) -> Option<&'static str> {
    Some(match char {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ą' | 'ă' | 'ā' => "a",
        'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ě' | 'ė' | 'ē' => "e",
        'í' | 'ì' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'ő' => "o",
        'ú' | 'ù' | 'û' | 'ü' | 'ů' | 'ű' | 'ū' | 'ų' => "u",
        'ý' => "y",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' => "d",
        'ğ' => "g",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ť' | 'ț' => "t",
        'ź' | 'ż' | 'ž' => "z",
        'ß' => "ss",
        'æ' => "ae",
        _ => return None,
    })
}

/// A name in Cyrillic without its last vowel, if it ends with one.
pub(crate) fn stem(name: &str) -> Option<String> {
    let mut chars = name.chars();
    let last = chars.next_back()?;
    let cyrillic =
        chars.clone().next_back().is_some_and(|char| matches!(char, 'а'..='я' | 'ё' | 'і'));
    (cyrillic && name.chars().count() >= MIN_MISSPELT_LETTERS && "аяоеиыуюі".contains(last))
        .then(|| chars.as_str().to_owned())
}

/// What slips of the finger make of a single word: a letter left out, two letters exchanged, a letter
/// doubled, one vowel for another. The first letter is taken to be right.
pub(crate) fn misspellings(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.to_lowercase().chars().collect();
    if letters.len() < MIN_MISSPELT_LETTERS || !letters.iter().all(char::is_ascii_lowercase) {
        return Vec::new();
    }
    let mut all = Vec::new();
    for at in 1..letters.len() {
        let (before, after) = letters.split_at(at);
        let [letter, rest @ ..] = after else { continue };
        let mut add = |middle: &[char], rest: &[char]| {
            all.push(before.iter().chain(middle).chain(rest).collect::<String>());
        };
        add(&[], rest);
        add(&[*letter, *letter], rest);
        if let [next, rest @ ..] = rest
            && next != letter
        {
            add(&[*next, *letter], rest);
        }
        if "aeiou".contains(*letter) {
            for vowel in "aeiou".chars().filter(|vowel| vowel != letter) {
                add(&[vowel], rest);
            }
        }
    }
    all
}
