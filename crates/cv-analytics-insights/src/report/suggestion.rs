//! The line that an owner can copy into the CV and its skill list.

use crate::model::{Suggestion, SuggestionPlace};
use crate::skills::cv_list::CvList;
use crate::skills::dictionary::SkillDictionary;

/// The CV's line for a skill, with the visitors' word for it where that is another one: `Kubernetes (k8s)`. Only a line
/// that the CV list's own reader takes, as this skill, is offered; `None` where there is none.
pub(crate) fn cv_line(
    dictionary: &SkillDictionary,
    name: &str,
    theirs: Option<&str>,
) -> Option<Suggestion> {
    let with_theirs = theirs
        .filter(|word| !name.to_lowercase().contains(&word.to_lowercase()))
        .map(|word| format!("{name} ({word})"));
    let line = with_theirs.filter(|line| reads_as(dictionary, line, name));
    let line = line.or_else(|| reads_as(dictionary, name, name).then(|| name.to_owned()))?;
    Some(Suggestion { place: SuggestionPlace::CvLine, text: line })
}

/// Whether the CV list's reader takes the line as one entry that names the skill. One that the
/// dictionary does not know becomes known by its entry in the list.
fn reads_as(dictionary: &SkillDictionary, line: &str, name: &str) -> bool {
    if CvList::read_entries(line).is_ok_and(|entries| entries == [line]) {
        let Some(skill) = dictionary.canonical(name) else { return true };
        return CvList::skills_of(dictionary, line).iter().any(|(found, _)| *found == skill);
    }
    false
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    static DICTIONARY: LazyLock<SkillDictionary> = LazyLock::new(SkillDictionary::built_in);

    fn line(name: &str, theirs: Option<&str>) -> Option<String> {
        cv_line(&DICTIONARY, name, theirs).map(|line| line.text)
    }

    #[test]
    fn a_line_holds_the_skill_and_the_visitors_word() {
        for (name, theirs, expect) in [
            ("Kubernetes", Some("k8s"), "Kubernetes (k8s)"),
            ("Kubernetes", Some("kubernetes"), "Kubernetes"),
            ("Go", Some("golang"), "Go (golang)"),
            ("Quarkus", None, "Quarkus"),
        ] {
            assert_eq!(line(name, theirs).as_deref(), Some(expect));
        }
    }

    #[test]
    fn the_list_that_takes_the_line_in_knows_both_words() {
        let dictionary = &DICTIONARY;
        let entries = CvList::read_entries(&line("Kubernetes", Some("k8s")).unwrap()).unwrap();
        let cv = CvList::new(dictionary, &entries);
        let kubernetes = dictionary.canonical("k8s").unwrap();
        assert_eq!(cv.words(kubernetes), ["k8s", "kubernetes"]);
    }

    #[test]
    fn what_no_list_can_hold_is_not_offered() {
        assert_eq!(line("- x\ny", None), None);
        assert_eq!(line("", None), None);
    }

    proptest! {
        #[test]
        fn a_line_is_always_one_entry_of_a_list(name in any::<String>(), theirs in any::<String>()) {
            if let Some(text) = line(&name, Some(&theirs)) {
                prop_assert_eq!(CvList::read_entries(&text), Ok(vec![text]));
            }
        }
    }
}
