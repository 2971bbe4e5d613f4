//! Names from a model are read, not taken: entries of `matchedSkills` and `missingSkills`, and `topic`.

use std::collections::BTreeMap;

use cv_analytics_insights::{
    QuestionWords, ReadNames, ReadTopic, SkillDictionary, TopicRules, name_key,
};
use proptest::prelude::*;

/// What a list of entries says beside a question: skills, unknown names, and how many were ignored.
fn read(entries: &[&str], question: Option<&str>) -> (Vec<String>, Vec<String>, u64) {
    let dictionary = SkillDictionary::shared();
    let mut names = ReadNames::default();
    for entry in entries {
        dictionary.read_names(&rules(), entry, question, &mut names);
    }
    let skills = names.skills.iter().map(|&skill| dictionary.name(skill).to_owned()).collect();
    (skills, names.unknown, names.ignored)
}

fn read_entry(entry: &str, question: Option<&str>) -> ReadNames {
    let mut names = ReadNames::default();
    SkillDictionary::shared().read_names(&rules(), entry, question, &mut names);
    names
}

fn check_skills(entry: &str, expected: &[&str]) {
    let (skills, unknown, ignored) = read(&[entry], Some("a question with none of them"));
    assert_eq!(skills, expected, "{entry}");
    assert!(unknown.is_empty(), "{entry}: {unknown:?}");
    assert_eq!(ignored, 0, "{entry}");
}

fn check_unknown(entry: &str, question: Option<&str>, expected: &[&str]) {
    let (skills, unknown, _) = read(&[entry], question);
    assert!(skills.is_empty(), "{entry}: {skills:?}");
    assert_eq!(unknown, expected, "{entry:?} beside {question:?}");
}

fn check_ignored(entry: &str, question: Option<&str>) {
    assert_eq!(read(&[entry], question), (vec![], vec![], 1), "{entry:?} beside {question:?}");
}

#[test]
fn an_entry_with_words_round_a_skill_is_that_skill() {
    for entry in [
        "Kubernetes",
        "Kubernetes (K8s)",
        "K8s (Kubernetes)",
        "experience with k8s",
        "Strong experience with Kubernetes",
        "Kubernetes experience",
        "kubernetes - not mentioned on the CV",
        "Kubernetes: 5+ years",
        "3 years of Kubernetes in production",
        "- Kubernetes",
        "• Kubernetes",
        "1. Kubernetes",
        "\"Kubernetes\"",
        "[Kubernetes]",
        "`kubernetes`",
        "Kubernetes.",
        "Kenntnisse in Kubernetes",
        "expérience avec Kubernetes",
        "  KUBERNETES  ",
    ] {
        check_skills(entry, &["Kubernetes"]);
    }
}

#[test]
fn a_list_in_one_text_is_its_parts() {
    check_skills("Go; Rust", &["Go", "Rust"]);
    check_skills("Go, Rust", &["Go", "Rust"]);
    check_skills("Go/Rust", &["Go", "Rust"]);
    check_skills("Go and Rust", &["Go", "Rust"]);
    check_skills("Go & Rust", &["Go", "Rust"]);
    check_skills("Go, Rust, and Kafka", &["Go", "Rust", "Kafka"]);
    check_skills("• Go\n• Rust", &["Go", "Rust"]);
    check_skills("- Go\n- Rust\n", &["Go", "Rust"]);
    check_skills("1. Go\n2. Rust", &["Go", "Rust"]);
    check_skills("Go | Rust · Kafka", &["Go", "Rust", "Kafka"]);
    check_skills("[\"Go\", \"Rust\"]", &["Go", "Rust"]);
    check_skills("Go、Rust", &["Go", "Rust"]);
    check_skills("Java, Java, java", &["Java"]);
    check_skills("Docker und Kubernetes", &["Docker", "Kubernetes"]);
}

#[test]
fn a_known_name_with_a_sign_of_lists_is_found_whole() {
    check_skills("CI/CD", &["CI/CD"]);
    check_skills("PL/SQL", &["PL/SQL"]);
    check_skills("TCP/IP", &["TCP/IP"]);
    check_skills("CI/CD, PL/SQL; TCP/IP", &["CI/CD", "PL/SQL", "TCP/IP"]);
    check_skills("experience with CI/CD pipelines", &["CI/CD"]);
    check_skills("Node.js/TypeScript", &["Node.js", "TypeScript"]);
    check_skills("C/C++", &["C", "C++"]);
    check_skills("C#/.NET", &["C#", ".NET"]);
}

#[test]
fn a_word_that_is_also_english_counts_where_the_part_is_little_more() {
    check_skills("go", &["Go"]);
    check_skills("Rest", &["REST"]);
    check_skills("R", &["R"]);
    check_skills("Swift", &["Swift"]);
    check_skills("experience with Go", &["Go"]);
    check_skills("Go (programming language)", &["Go"]);
    check_skills("Go 1.21", &["Go"]);
    check_skills("strong Go skills", &["Go"]);
    check_skills("Go-Entwickler", &["Go"]);
    check_skills("apps written in Go", &["Go"]);
    for sentence in [
        "ability to go abroad and rest",
        "willingness to go the extra mile",
        "a swift response to every customer",
    ] {
        assert_eq!(read(&[sentence], None).0, Vec::<String>::new(), "{sentence}");
    }
}

#[test]
fn an_unknown_name_is_kept_where_the_question_has_it() {
    let question = Some("Do you know Zorbifex, micro-widgets and Café Ops?");
    check_unknown("Zorbifex", question, &["Zorbifex"]);
    check_unknown("zorbifex", question, &["zorbifex"]);
    check_unknown("Experience with Zorbifex", question, &["Zorbifex"]);
    check_unknown("Basic Zorbifex skills", question, &["Zorbifex"]);
    check_unknown("Zorbifex (a tool for zorbs)", question, &["Zorbifex"]);
    check_unknown("Zorbifexes", question, &["Zorbifexes"]);
    check_unknown("micro widget", question, &["micro widget"]);
    check_unknown("Microwidgets", question, &["Microwidgets"]);
    check_unknown("cafe ops", question, &["cafe ops"]);
    check_unknown("Zorbifex, cafe-ops", question, &["Zorbifex", "cafe-ops"]);
    check_unknown(
        "customer experience",
        Some("And customer experience?"),
        &["customer experience"],
    );
    check_unknown("養蜂", Some("養蜂の経験はありますか"), &["養蜂"]);
    check_unknown("Zorbifex", None, &["Zorbifex"]);
    check_unknown("customer experience", None, &["customer experience"]);

    check_ignored("Zorb", question);
    check_ignored("Ops Zorbifex", question);
    check_ignored("Beekeeping", question);
    check_ignored("Widgets Zorb", Some("Widgets? Zorb?"));
}

#[test]
fn an_unknown_name_has_one_to_four_words_and_two_to_forty_characters() {
    check_unknown("four words and fine", None, &["four words and fine"]);
    check_unknown("xq", None, &["xq"]);
    check_ignored("this has five words here", None);
    check_ignored("x", None);
    check_ignored(&"q".repeat(41), None);
    check_unknown(&"q".repeat(40), None, &["q".repeat(40).as_str()]);
    check_ignored("2024", None);
    check_ignored("100%", None);
    check_ignored("The CV does not say whether the candidate keeps bees", None);
}

#[test]
fn a_placeholder_is_no_name_even_where_the_question_has_it() {
    for placeholder in [
        "none",
        "None",
        "NONE.",
        "n/a",
        "N/A",
        "na",
        "nil",
        "null",
        "undefined",
        "-",
        "—",
        "--",
        "?",
        "...",
        "not mentioned",
        "Not Mentioned",
        "not specified",
        "unknown",
        "string",
        "all skills",
        "various",
        "other",
        "nothing",
        "no skills",
        "unspecified",
        "see above",
        "tbd",
        "TBD",
        "skill1",
        "skill 2",
        "Skill A",
        "example",
        "<skill>",
        "[]",
        "{}",
        "[email]",
        "[api key]",
        "experience",
        "5 years",
        "keine",
        "keine Angabe",
        "nicht erwähnt",
        "nicht erwaehnt",
        "aucune",
        "non mentionné",
        "non mentionne",
        "ninguno",
        "no especificado",
        "nessuna",
        "non specificato",
        "nenhuma",
        "não mencionado",
        "geen",
        "niet vermeld",
        "brak",
        "nie podano",
    ] {
        check_ignored(placeholder, Some(&format!("Is it {placeholder} or not")));
    }
    assert_eq!(read(&["", "  ", "\n"], None), (vec![], vec![], 0));
    assert_eq!(read(&["Go, none, "], None), (vec!["Go".to_owned()], vec![], 1));
    assert_eq!(read(&["None", "Go; Rust", "Not mentioned"], None).0, ["Go", "Rust"]);
    assert_eq!(read(&["None", "Go; Rust", "Not mentioned"], None).2, 2);
}

#[test]
fn a_topic_is_no_skill_even_where_the_question_has_it() {
    for topic in [
        "salary",
        "Notice Period",
        "notice-period",
        "salary expectations",
        "Knowledge of salary",
        "relocation",
        "remote work",
        "visa",
        "German",
        "driving licence",
        "off-topic requests",
        "Yorkshire",
        "Relocation to Leeds",
        "wages",
    ] {
        for question in [Some(format!("Could you say something about {topic}?")), None] {
            let names = read_entry(topic, question.as_deref());
            assert!(names.skills.is_empty() && names.unknown.is_empty(), "{topic}: {names:?}");
            assert_eq!((names.topics.len(), names.ignored), (1, 0), "{topic}: {names:?}");
        }
    }
    let names = read_entry("Go; salary; zorbing", Some("Go, salary and zorbing?"));
    assert_eq!((names.skills.len(), names.ignored), (1, 0));
    assert_eq!(
        (names.unknown, names.topics),
        (vec!["zorbing".into()], vec!["salary expectations".into()])
    );
}

#[test]
fn no_placeholder_is_a_name_of_the_dictionary() {
    let dictionary = SkillDictionary::shared();
    for (id, name) in dictionary.iter() {
        for name in std::iter::once(name).chain(dictionary.aliases(id)) {
            assert_eq!(read(&[name], None).2, 0, "{name} is taken for a placeholder");
        }
    }
}

#[test]
fn every_name_and_alias_is_read_as_its_skill_alone() {
    let dictionary = SkillDictionary::shared();
    for (id, name) in dictionary.iter() {
        for alias in std::iter::once(name).chain(dictionary.aliases(id)) {
            assert_eq!(read(&[alias], Some("?")).0, [name], "{alias}");
            assert_eq!(read(&[&format!("{alias}, ")], Some("?")).0, [name], "{alias}, ");
        }
    }
}

#[test]
fn a_name_counts_once_in_a_list() {
    let (skills, unknown, ignored) =
        read(&["Go", "golang", "Zorb-Labs", "zorb labs", "Zorb Lab"], Some("Zorb Labs in go?"));
    assert_eq!((skills.len(), unknown.as_slice(), ignored), (1, &["Zorb-Labs".to_owned()][..], 0));
    assert_eq!(name_key("Zorb-Labs"), name_key("zorb lab"));
}

#[test]
fn names_that_look_alike_are_one() {
    for name in [
        "ZorbFix",
        "zorbfix",
        "Zorb\u{200b}Fix",
        "Zorb\u{ad}fix",
        "\u{feff}Zorbfix",
        "Zorb\u{2060}fix\u{200e}",
        "Zorb-Fix",
        "zorb_fix",
        "Zorb Fix",
        "Zorb\u{a0}Fix",
        "Zorb.fix",
        "Ｚｏｒｂｆｉｘ",
        "Zorbﬁx",
        "Zörbfíx",
        "Zo\u{308}rbfix",
        "Zorbfix™",
    ] {
        assert_eq!(name_key(name), "zorbfix", "{name:?}");
        let (_, unknown, _) = read(&[name], Some("Do you know Zor\u{200b}bfix?"));
        assert_eq!(unknown.len(), 1, "{name:?}");
        assert!(!unknown[0].contains(['\u{200b}', '\u{ad}', '\u{feff}', '™']), "{name:?}");
    }
}

fn rules() -> TopicRules {
    let rules = [("Relocation to Leeds", vec!["leeds", "yorkshire"]), ("Pay", vec!["wages"])];
    let owned = |(name, phrases): (&str, Vec<&str>)| {
        (name.to_owned(), phrases.into_iter().map(str::to_owned).collect())
    };
    TopicRules::new(&rules.into_iter().map(owned).collect::<BTreeMap<_, _>>())
}

fn check_topic(topic: &str, question: Option<&str>, expected: ReadTopic<'_>) {
    let parsed = SkillDictionary::shared().parse_topic(&rules(), topic);
    let question = question.map(QuestionWords::new);
    assert_eq!(parsed.read(question.as_ref()), expected, "{topic}");
}

#[test]
fn a_known_topic_becomes_its_name_whatever_the_question() {
    let question = Some("What about it?");
    for (topic, name) in [
        ("salary", "salary expectations"),
        ("Compensation", "salary expectations"),
        ("salary_expectations", "salary expectations"),
        ("Notice-Period", "notice period"),
        ("salary / notice period", "salary expectations"),
        ("k8s", "Kubernetes"),
        ("experience with Kubernetes", "Kubernetes"),
        ("Yorkshire", "Relocation to Leeds"),
        ("relocation to leeds", "Relocation to Leeds"),
        ("wages", "Pay"),
        ("Move to Yorkshire", "Relocation to Leeds"),
        ("German language", "German"),
        ("salary negotiation", "salary expectations"),
        ("visa status", "visa"),
        ("Relocation to Berlin", "relocation"),
        ("availability_and_notice", "availability"),
        ("educational background", "education"),
        ("small talk", "greetings"),
        ("Smalltalk", "Smalltalk"),
        ("React framework", "React"),
    ] {
        check_topic(topic, question, ReadTopic::Named(name));
    }
}

#[test]
fn other_is_no_topic_and_a_placeholder_is_ignored() {
    for topic in ["", " ", "other", "Other"] {
        check_topic(topic, Some("Other things?"), ReadTopic::None);
    }
    for topic in ["none", "n/a", "general", "Sonstiges", "other questions"] {
        check_topic(topic, Some("Other things?"), ReadTopic::Ignored);
    }
}

#[test]
fn an_unknown_topic_is_kept_in_small_letters_where_the_question_has_it() {
    let question = Some("Do you keep bees,  or ride Horses?");
    check_topic("Bees", question, ReadTopic::Named("bees"));
    check_topic("bee", question, ReadTopic::Named("bee"));
    for topic in ["Ride  Horses", "ride-horses", "ride_horses", "Ri\u{ad}de \u{200b}horses"] {
        check_topic(topic, question, ReadTopic::Named("ride horses"));
    }
    check_topic("Beekeeping", question, ReadTopic::Ignored);
    check_topic("whether the candidate keeps any bees", question, ReadTopic::Ignored);
    check_topic("Beekeeping", None, ReadTopic::Named("beekeeping"));
    check_topic("package manager", None, ReadTopic::Named("package manager"));
}

proptest! {
    #[test]
    fn any_entry_gives_names_within_the_limits(entry in any::<String>(), question in any::<String>()) {
        let (_, unknown, _) = read(&[&entry], None);
        for name in unknown {
            prop_assert!((2..=40).contains(&name.chars().count()));
            prop_assert!((1..=4).contains(&name.split_whitespace().count()));
            prop_assert!(name.chars().any(char::is_alphabetic));
        }
        let _ = read(&[&entry], Some(&question));
        let _ = SkillDictionary::shared().parse_topic(&rules(), &entry);
    }

    #[test]
    fn a_name_of_the_question_is_kept(name in "[a-z]{3,9}q( [a-z]{2,9}q){0,2}") {
        let question = format!("Could you say something about {name}, please");
        let (skills, unknown, _) = read(&[&name], Some(&question));
        prop_assert!(!skills.is_empty() || unknown == [name]);
    }
}
