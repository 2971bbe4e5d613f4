//! The dictionary of skills: canonical names, what people type for them, and exact look-up.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use rustc_hash::FxBuildHasher;

use crate::skills::owner::OwnerSkills;
use crate::skills::words::endings::{Ending, Endings, Heads, is_katakana};
use crate::skills::words::english::EnglishWords;
use crate::skills::words::folded::FoldedWords;
use crate::skills::words::forms::{humps, misspellings, plural, spellings, stem, without_accents};

const RECRUITERS_WORDS: &str = include_str!("../../data/skills.txt");
const BRANDS: &str = include_str!("../../data/brands.txt");
const LANGUAGES: &str = include_str!("../../data/languages.txt");
const TRANSLATIONS: &str = include_str!("../../data/translations.txt");
const NOT_MISSPELLINGS: &str = include_str!("../../data/not-misspellings.txt");

/// Sections of `skills.txt` whose skills are not technologies: standing beside one in a list says
/// nothing about a technology whose name is also English.
const NO_TECHNOLOGY: [&str; 3] = ["People", "Practices", "Domains"];

/// Index of a skill in its dictionary (dense, from 0).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SkillId(pub(crate) u32);

impl SkillId {
    /// The index as a number, for tables with one row a skill.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a run of folded words stands for.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Form {
    /// The skill it names, if it is a whole name.
    pub(crate) skill: Option<SkillId>,
    /// Its rule in [`EnglishWords`] where it is also an ordinary word.
    pub(crate) rule: Option<u16>,
    /// Whether a longer name begins with it.
    pub(crate) continues: bool,
    /// Whether it may have a case ending.
    inflects: bool,
    /// How surely it names the skill: a later source never replaces an earlier one.
    rank: u8,
}

/// A name that a phrase begins with, before an ending.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inflected {
    pub(crate) skill: SkillId,
    /// Its rule where it is also an ordinary word and the ending does not make it certain.
    pub(crate) rule: Option<u16>,
    /// Bytes of the phrase that are the name.
    pub(crate) length: usize,
}

#[derive(Clone, Debug)]
struct Skill {
    name: Box<str>,
    aliases: Vec<Box<str>>,
    technology: bool,
}

#[derive(Clone, Default, Debug)]
struct Tables {
    skills: Vec<Skill>,
    forms: HashMap<Box<str>, Form, FxBuildHasher>,
    names: HashMap<Box<str>, SkillId, FxBuildHasher>,
    english: EnglishWords,
    endings: Endings,
    /// How names of one word begin, and how the last words of longer names do.
    heads: Heads,
    last_heads: Heads,
    /// The first words of all forms.
    first_words: Heads,
}

/// Canonical skills with their aliases; a clone shares its tables.
#[derive(Clone, Debug)]
pub struct SkillDictionary {
    tables: Arc<Tables>,
}

/// Ranks of a form: what the owner says, a name or alias as listed, a plural or a name split at its
/// humps. A misspelling has the rank 0: it only fills a place that is free.
const OWNER_RANK: u8 = 3;
const LISTED_RANK: u8 = 2;
const VARIED_RANK: u8 = 1;
/// Shorter names take a noun, but no case ending.
const MIN_HEAD_LETTERS: usize = 4;
/// Letters of the longest name in a script without spaces, less one.
const MAX_INSIDE_LETTERS: usize = 24;

impl SkillDictionary {
    /// The dictionary that the program carries.
    pub fn built_in() -> Self {
        let mut tables = Tables {
            english: EnglishWords::built_in(),
            endings: Endings::built_in(),
            ..Tables::default()
        };
        for list in [RECRUITERS_WORDS, BRANDS, LANGUAGES] {
            tables.read_list(list);
        }
        tables.add_variants();
        tables.read_list(TRANSLATIONS);
        tables.add_translated_variants();
        tables.index_first_words();
        Self { tables: Arc::new(tables) }
    }

    /// The dictionary that the program carries, made once a process: it takes longer than a page may.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<SkillDictionary> = LazyLock::new(SkillDictionary::built_in);
        &SHARED
    }

    /// This dictionary with the owner's skills and aliases, which win over the ones already there and
    /// count wherever they stand.
    #[must_use]
    pub fn with_owner_skills(&self, owner: &OwnerSkills) -> Self {
        let mut tables = Tables::clone(&self.tables);
        for (name, aliases) in owner.iter() {
            let id = tables.skill(name, true);
            tables.add_form(name, id, OWNER_RANK);
            for alias in aliases {
                tables.add_alias(alias, id, OWNER_RANK);
                if let Some(alias) = plural(alias) {
                    tables.add_form(&alias, id, VARIED_RANK);
                }
            }
        }
        tables.index_first_words();
        Self { tables: Arc::new(tables) }
    }

    /// How many skills there are.
    pub fn len(&self) -> usize {
        self.tables.skills.len()
    }

    /// Whether there are no skills.
    pub fn is_empty(&self) -> bool {
        self.tables.skills.is_empty()
    }

    /// The canonical name of a skill; empty for an id of a larger dictionary.
    pub fn name(&self, id: SkillId) -> &str {
        self.tables.skills.get(id.index()).map_or("", |skill| &skill.name)
    }

    /// The aliases of a skill as listed, without its name and without variants.
    pub fn aliases(&self, id: SkillId) -> impl Iterator<Item = &str> {
        self.tables
            .skills
            .get(id.index())
            .into_iter()
            .flat_map(|skill| skill.aliases.iter().map(AsRef::as_ref))
    }

    /// All skills in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (SkillId, &str)> {
        (0..).map(SkillId).zip(self.tables.skills.iter().map(|skill| &*skill.name))
    }

    /// The skill whose name or alias is the whole of `name`, whatever its case, spaces and hyphens.
    /// Context plays no part: for `missingSkills: ["k8s"]` and the like.
    pub fn canonical(&self, name: &str) -> Option<SkillId> {
        self.tables.names.get(FoldedWords::of(name).squeezed().as_str()).copied()
    }

    pub(crate) fn form(&self, phrase: &str) -> Option<&Form> {
        self.tables.forms.get(phrase)
    }

    /// The name that a phrase begins with where its last word has an ending on it: `Kubernetesem`, `spring boot3`.
    pub(crate) fn inflected(&self, phrase: &str, last: &str) -> Option<Inflected> {
        let endings = &self.tables.endings;
        if Endings::may_be_version(last) {
            let (name, ending) = Endings::version(phrase)?;
            return self.named(name, ending);
        }
        let several = last.len() < phrase.len();
        let heads = if several { &self.tables.last_heads } else { &self.tables.heads };
        if heads.may_begin(last.as_bytes()) {
            let found = endings.part(phrase, |name, ending| self.named(name, ending));
            if found.is_some() {
                return found.filter(|_| !endings.is_ordinary(last));
            }
        }
        if several || last.is_ascii() {
            return None;
        }
        endings.without_prefix(last).find_map(|name| {
            let form = self.form(name).filter(|form| form.rank >= VARIED_RANK)?;
            Some(Inflected { skill: form.skill?, rule: None, length: phrase.len() })
        })
    }

    /// Whether a name may begin with this word or in it: it spares most words of a text the look into the table.
    #[inline]
    pub(crate) fn may_name(&self, word: &str) -> bool {
        let bytes = word.as_bytes();
        Heads::may_be_or_begin(&self.tables.first_words, &self.tables.heads, bytes)
            || Endings::may_be_version(word)
            || bytes.first().is_some_and(|first| !first.is_ascii() || *first == b'\'')
    }

    /// The skill of a name that has an ending on it. A name that is rather an ordinary word needs more
    /// than a case ending, and no year.
    fn named(&self, name: &str, ending: Ending) -> Option<Inflected> {
        let inflected = matches!(ending, Ending::Case | Ending::Adjective);
        let form = self
            .form(name)
            .filter(|form| form.rank >= VARIED_RANK && (form.inflects || !inflected))?;
        let rule = form.rule.filter(|rule| {
            matches!(ending, Ending::Case | Ending::Year)
                && self.english().get(*rule).is_some_and(|rule| !rule.counts)
        });
        if rule.is_some() && ending == Ending::Year {
            return None;
        }
        Some(Inflected { skill: form.skill?, rule, length: name.len() })
    }

    /// The longest name that a text of a script without spaces begins with, and its bytes.
    pub(crate) fn longest_inside(&self, text: &str) -> Option<(SkillId, usize)> {
        if !self.tables.heads.may_begin(text.as_bytes()) {
            return None;
        }
        let ends = text.char_indices().map(|(at, char)| at + char.len_utf8());
        let mut longest = None;
        for end in ends.skip(1).take(MAX_INSIDE_LETTERS) {
            let (name, rest) = text.split_at_checked(end)?;
            if let Some(skill) = self.form(name).and_then(|form| form.skill)
                && (!name.ends_with(is_katakana) || self.tables.endings.ends_katakana(rest))
            {
                longest = Some((skill, end));
            }
        }
        longest
    }

    pub(crate) fn endings(&self) -> &Endings {
        &self.tables.endings
    }

    pub(crate) fn english(&self) -> &EnglishWords {
        &self.tables.english
    }

    pub(crate) fn is_technology(&self, id: SkillId) -> bool {
        self.tables.skills.get(id.index()).is_some_and(|skill| skill.technology)
    }
}

impl Tables {
    /// Reads a list: `[Section]` lines, `Canonical: alias, alias` lines, `#` comments.
    fn read_list(&mut self, list: &str) {
        let mut technology = true;
        for line in
            list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("# "))
        {
            if let Some(section) = line.strip_prefix('[') {
                technology = !NO_TECHNOLOGY.contains(&section.trim_end_matches(']'));
                continue;
            }
            let (name, aliases) = line.split_once(':').unwrap_or((line, ""));
            let id = self.skill(name, technology);
            for alias in aliases.split(',').map(str::trim).filter(|alias| !alias.is_empty()) {
                self.add_alias(alias, id, LISTED_RANK);
            }
        }
    }

    /// The skill of that name, made if it is new.
    fn skill(&mut self, name: &str, technology: bool) -> SkillId {
        let name = name.trim();
        if let Some(&id) = self.names.get(FoldedWords::of(name).squeezed().as_str()) {
            return id;
        }
        let id = SkillId(u32::try_from(self.skills.len()).unwrap_or(u32::MAX));
        self.skills.push(Skill { name: name.into(), aliases: Vec::new(), technology });
        self.add_form(name, id, LISTED_RANK);
        id
    }

    fn add_alias(&mut self, alias: &str, id: SkillId, rank: u8) {
        self.add_form(alias, id, rank);
        if let Some(skill) = self.skills.get_mut(id.index())
            && !skill.aliases.iter().any(|known| **known == *alias)
            && *skill.name != *alias
        {
            skill.aliases.push(alias.into());
        }
    }

    /// Makes every spelling of a name or alias stand for the skill, unless a better source has said otherwise.
    fn add_form(&mut self, name: &str, id: SkillId, rank: u8) {
        let words = FoldedWords::of(name);
        if words.len() == 0 {
            return;
        }
        let squeezed = words.squeezed();
        if rank >= LISTED_RANK
            && (rank == OWNER_RANK || !self.names.contains_key(squeezed.as_str()))
        {
            self.names.insert(squeezed.into(), id);
        }
        let last = words.text(words.len() - 1);
        if words.len() > 1 {
            self.last_heads.add(last.as_bytes());
        } else if last.len() < MIN_HEAD_LETTERS {
            self.heads.add_with_nouns(last, &self.endings);
        } else {
            self.heads.add(last.as_bytes());
        }
        // Only English joins the words of a name and parts them as it likes.
        let all = if name.is_ascii() { spellings(&words) } else { vec![words.whole().to_owned()] };
        for spelling in all {
            for (end, _) in spelling.match_indices([' ', ',']) {
                if let Some(beginning) = spelling.get(..end) {
                    self.forms.entry(beginning.into()).or_default().continues = true;
                }
            }
            let rule = if rank == OWNER_RANK { None } else { self.english.rule(&spelling) };
            let ordinary =
                rule.and_then(|rule| self.english.get(rule)).is_some_and(|rule| !rule.counts);
            let inflects = self.endings.inflects(&spelling, words.len(), ordinary);
            let form = self.forms.entry(spelling.into()).or_default();
            if form.rank < rank || (rank == OWNER_RANK && form.rank == OWNER_RANK) {
                *form = Form { skill: Some(id), rule, rank, inflects, ..*form };
            }
        }
    }

    /// Adds plurals, names split at their humps (`type script`) and near misspellings.
    fn add_variants(&mut self) {
        let mut listed: Vec<(SkillId, bool, Box<str>)> = Vec::new();
        for (id, skill) in (0..).map(SkillId).zip(&self.skills) {
            let names = std::iter::once(&skill.name).chain(&skill.aliases);
            listed.extend(names.map(|name| (id, skill.technology, name.clone())));
        }
        for (id, _, name) in &listed {
            self.add_changed_ends(name, *id);
            if self.english.rule(FoldedWords::of(name).whole()).is_none() {
                for variant in humps(name).into_iter().chain(plural(name)) {
                    self.add_form(&variant, *id, VARIED_RANK);
                }
            }
        }
        listed.retain(|(_, technology, name)| {
            let rule = self.english.rule(FoldedWords::of(name).whole());
            *technology
                && rule.and_then(|rule| self.english.get(rule)).is_none_or(|rule| rule.counts)
        });
        let words: Vec<&str> =
            NOT_MISSPELLINGS.lines().filter(|line| !line.starts_with('#')).collect();
        for (id, _, name) in &listed {
            for wrong in misspellings(name) {
                if words.binary_search(&wrong.as_str()).is_err()
                    && !self.endings.is_ordinary(&wrong)
                {
                    let form = Form { skill: Some(*id), ..Form::default() };
                    self.forms.entry(wrong.into()).or_insert(form);
                }
            }
        }
    }

    /// Adds the cases of a name of one word that change its last letter: `Javy`, `Djangem`.
    fn add_changed_ends(&mut self, name: &str, id: SkillId) {
        let name = name.to_lowercase();
        if !self.endings.is_inflected(&name) {
            return;
        }
        let changed = [('a', &self.endings.after_a), ('o', &self.endings.after_o)];
        for (last, endings) in changed {
            let Some(stem) = name.strip_suffix(last) else { continue };
            for ending in endings {
                let case = format!("{stem}{ending}");
                if !self.endings.is_ordinary(&case) {
                    let form = Form { skill: Some(id), ..Form::default() };
                    self.forms.entry(case.into()).or_insert(form);
                }
            }
        }
    }

    /// Notes the first word of every form.
    fn index_first_words(&mut self) {
        for form in self.forms.keys() {
            let first = form.split([' ', ',']).next().unwrap_or_default();
            self.first_words.add_whole(first.as_bytes());
        }
    }

    /// Adds names of other languages without their accents, and those in Cyrillic without a last
    /// vowel, so that the vowels of other cases may follow.
    fn add_translated_variants(&mut self) {
        for line in TRANSLATIONS.lines() {
            let Some((name, aliases)) = line.split_once(": ") else { continue };
            let Some(id) = self.names.get(FoldedWords::of(name).squeezed().as_str()).copied()
            else {
                continue;
            };
            for alias in aliases.split(", ").filter(|alias| !alias.is_ascii()) {
                for variant in without_accents(alias).into_iter().chain(stem(alias)) {
                    self.add_form(&variant, id, VARIED_RANK);
                }
            }
        }
    }
}
