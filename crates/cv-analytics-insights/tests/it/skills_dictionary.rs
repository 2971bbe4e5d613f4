//! The dictionary's laws: look-up, the owner's additions, entries of a CV, and texts of any kind.

use std::sync::LazyLock;

use cv_analytics_insights::{OwnerSkills, SkillDictionary};
use proptest::prelude::*;

static BUILT_IN: LazyLock<SkillDictionary> = LazyLock::new(SkillDictionary::built_in);

fn names(dictionary: &SkillDictionary, text: &str) -> Vec<String> {
    dictionary
        .find(text)
        .iter()
        .map(|mention| dictionary.name(mention.skill()).to_owned())
        .collect()
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(names(&BUILT_IN, text), expected, "{text}");
}

fn check_entry(entry: &str, expected: &[&str]) {
    let found = BUILT_IN.find_in_list_entry(entry);
    let found: Vec<&str> = found.iter().map(|mention| BUILT_IN.name(mention.skill())).collect();
    assert_eq!(found, expected, "{entry}");
}

#[test]
fn every_skill_is_found_by_its_name_and_by_its_aliases() {
    assert!(BUILT_IN.len() > 1_000);
    for (id, name) in BUILT_IN.iter() {
        assert_eq!(BUILT_IN.canonical(name), Some(id), "{name}");
        let found = BUILT_IN.find_in_list_entry(name);
        assert!(matches!(found.as_slice(), [only] if only.skill() == id), "{name}: {found:?}");
        for alias in BUILT_IN.aliases(id) {
            assert_eq!(BUILT_IN.canonical(alias), Some(id), "{name}: {alias}");
            assert_eq!(BUILT_IN.find_in_list_entry(alias).len(), 1, "{name}: {alias}");
        }
    }
}

#[test]
fn case_spaces_and_hyphens_do_not_matter_in_a_look_up() {
    for (name, canonical) in [
        ("K8S", "Kubernetes"),
        ("event driven architecture", "Event-Driven Architecture"),
        ("EventDrivenArchitecture", "Event-Driven Architecture"),
        ("node", "Node.js"),
        ("Node JS", "Node.js"),
        ("c sharp", "C#"),
        (" .net ", ".NET"),
        ("ｋ８ｓ", "Kubernetes"),
        ("go", "Go"),
    ] {
        assert_eq!(BUILT_IN.canonical(name).map(|id| BUILT_IN.name(id)), Some(canonical), "{name}");
    }
    assert_eq!(BUILT_IN.canonical("Underwater basket weaving"), None);
    assert_eq!(BUILT_IN.canonical(""), None);
    assert_eq!(BUILT_IN.canonical("I know Kubernetes"), None);
}

#[test]
fn the_longest_name_wins_and_a_name_inside_a_word_is_none() {
    check("AWS Lambda", &["AWS Lambda"]);
    check("Spring Boot and Spring", &["Spring Boot", "Spring"]);
    check("JavaScript", &["JavaScript"]);
    check("NoSQL, MySQL and SQL", &["NoSQL", "MySQL", "SQL"]);
    check("React Native or React", &["React Native", "React"]);
    check("AngularJS to Angular", &["AngularJS", "Angular"]);
    check("Dockerless gitlike javan", &[]);
    check("Do you react, native speaker?", &[]);
}

#[test]
fn separators_plurals_possessives_and_punctuation_do_not_hide_a_name() {
    check("(K8s?), \"AWS\"; C++, C#. .NET!", &["Kubernetes", "AWS", "C++", "C#", ".NET"]);
    check("ci/cd, CI-CD, ci cd, cicd", &["CI/CD"; 4]);
    check(
        "event driven, event-driven, event_driven, eventdriven",
        &["Event-Driven Architecture"; 4],
    );
    check("Docker's and Kubernetes’ docs", &["Docker", "Kubernetes"]);
    check("microservice, micro-services, MicroServices", &["Microservices"; 3]);
    check("REST APIs / rest api", &["REST", "REST"]);
    check("type script, type-script, TypeScript", &["TypeScript"; 3]);
    check("C#.NET and C++17", &["C#", ".NET", "C++"]);
}

#[test]
fn endings_compounds_and_versions_do_not_hide_a_name() {
    check("Haben Sie Java-Kenntnisse?", &["Java"]);
    check("Javakenntnisse, Go-Entwickler, SQL-kunskaper", &["Java", "Go", "SQL"]);
    check("Kubernetesem i Dockerem, w Pythonie", &["Kubernetes", "Docker", "Python"]);
    check("Python'da, React'i, Docker’ı", &["Python", "React", "Docker"]);
    check("Django5, Python3.12, Java17+, .NET8", &["Django", "Python", "Java", ".NET"]);
    check("spring-boot3 or Windows2022", &["Spring Boot", "Windows"]);
    check("Javanese Reaktor, scalable, Dartmouth, rustikal, kotlina, jestem", &[]);
}

#[test]
fn the_nouns_and_adjectives_of_other_languages_do_not_hide_a_name() {
    for (text, skill) in [
        ("Go-Module", "Go"),
        ("Kubernetescluster", "Kubernetes"),
        ("Pythonskripte", "Python"),
        ("Go-basierte Dienste", "Go"),
        ("Swift-Programmierer", "Swift"),
        ("Linuxserver", "Linux"),
        ("Oracledatenbanken", "Oracle"),
        ("React-Umgebung", "React"),
        ("Go-Stack", "Go"),
        ("Spring-Projekte", "Spring"),
        ("Javaprogrammeur", "Java"),
        ("Java-programmering", "Java"),
        ("Pythonmiljö", "Python"),
        ("Dockerplattform", "Docker"),
        ("Javautvikler", "Java"),
        ("Pythonudvikler", "Python"),
        ("Reactutvecklare", "React"),
        ("reactowych komponentów", "React"),
        ("dockerowe obrazy", "Docker"),
        ("javowy projekt", "Java"),
        ("kubernetesové clustery", "Kubernetes"),
    ] {
        check(text, &[skill]);
    }
}

#[test]
fn the_words_of_a_link_name_nothing() {
    for text in [
        "https://github.com/example/react-native-demo",
        "See https://react.dev, please",
        "(https://www.docker.com/products?lang=go#python)",
        "www.docker.com",
        "docs.docker.com/kubernetes",
        "linkedin.com/in/python",
        "example.de/react",
        "python@example.com",
        "Mail: first.last+go@react.dev.",
        "ssh://git@host/kubernetes/docker.git",
        "kubernetes.io",
        "https://user:[credentials]@example.org/react",
        "[here](https://react.dev/learn)",
        "user.github.io/react-demo",
        "看https://kubernetes.io吗",
    ] {
        check(text, &[]);
    }
    check("Node.js, ASP.NET and Next.js", &["Node.js", "ASP.NET", "Next.js"]);
    check("Socket.io, Draw.io/Monday.com", &["Socket.IO", "Draw.io", "Monday.com"]);
    check("Node.js/TypeScript", &["Node.js", "TypeScript"]);
    check("C#.NET, VB.NET/ASP.NET", &["C#", ".NET", "VB.NET", "ASP.NET"]);
    check("Docker at https://x.dev/go? Or @angular/core", &["Docker", "Angular"]);
    check("Do you know Kubernetes.", &["Kubernetes"]);
    check("I like Vue.js.It is nice, e.g. Docker", &["Vue.js", "Docker"]);
}

#[test]
fn a_title_makes_a_name_a_persons() {
    for text in ["Is Mr. Laravel in?", "Frau Kubernetes", "Herrn Docker", "Mrs Terraform"] {
        check(text, &[]);
    }
    check("Zna Pani Kubernetes?", &["Kubernetes"]);
    check("Is it for Mr X? Kubernetes!", &["Kubernetes"]);
}

#[test]
fn a_name_is_found_in_any_script_and_beside_one() {
    check("你会Python吗, C#吗, 熟悉.NET吗", &["Python", "C#", ".NET"]);
    check("Pythonは使えますか", &["Python"]);
    check("Ｐｙｔｈｏｎ and C♯", &["Python", "C#"]);
    check("你有机器学习经验吗", &["Machine Learning"]);
    check("クラウドファンディング", &[]);
    check("파이썬을, докером, בפייתון", &["Python", "Docker", "Python"]);
    check("l'intelligence artificielle", &["Artificial Intelligence"]);
    check(
        "kuenstliche Intelligenz, aprendizaje automatico",
        &["Artificial Intelligence", "Machine Learning"],
    );
}

#[test]
fn a_mention_with_an_ending_is_the_name_alone() {
    let found = BUILT_IN.find("Kubernetesem, Javakenntnisse, l’Angular");
    let texts: Vec<_> = found.iter().map(cv_analytics_insights::SkillMention::text).collect();
    assert_eq!(texts, ["Kubernetes", "Java", "Angular"]);
}

#[test]
fn a_mention_tells_where_it_stands_and_how_it_is_counted() {
    let text = "é Amazon   Web\nServices, K8S";
    let found = BUILT_IN.find(text);
    let variants: Vec<_> = found.iter().map(cv_analytics_insights::SkillMention::variant).collect();
    assert_eq!(variants, ["k8s"]);
    let text = "é Amazon   Web\tServices, K8S";
    let found = BUILT_IN.find(text);
    let variants: Vec<_> = found.iter().map(cv_analytics_insights::SkillMention::variant).collect();
    assert_eq!(variants, ["amazon web services", "k8s"]);
    assert!(found.iter().all(|mention| &text[mention.range()] == mention.text()));
}

#[test]
fn an_entry_of_a_cv_means_the_technology() {
    check_entry("Go", &["Go"]);
    check_entry("Spring", &["Spring"]);
    check_entry("React with TypeScript", &["React", "TypeScript"]);
    check_entry("MSMQ & SQL-based Queues", &["MSMQ", "Message Queues"]);
    check_entry(".NET 6+", &[".NET"]);
    check_entry(
        "Azure Functions (Node.js/TypeScript)",
        &["Azure Functions", "Node.js", "TypeScript"],
    );
    check_entry("Entity Framework 4", &["Entity Framework"]);
    check_entry("ASP.NET MVC/WebForms", &["ASP.NET MVC", "ASP.NET Web Forms"]);
    check_entry("Cloudflare DNS/CDN", &["Cloudflare"]);
    check_entry("DAAB/Enterprise Library", &["Enterprise Library"]);
    check_entry("RESTful APIs", &["REST"]);
    check_entry("Microservices Principles", &["Microservices"]);
    check_entry("Message Brokers & Patterns", &["Message Queues"]);
    check_entry("CI/CD Pipelines", &["CI/CD"]);
    check_entry("Windows Services", &["Windows Services"]);
    check_entry("T-SQL Performance Tuning", &["T-SQL", "Performance Tuning"]);
}

#[test]
fn the_owners_alias_wins_and_counts_wherever_it_stands() {
    let owner =
        OwnerSkills::read("Kubernetes: the fleet\nOur Framework: next, JS\n# a comment\n").unwrap();
    let dictionary = BUILT_IN.with_owner_skills(&owner);
    assert_eq!(names(&dictionary, "Did you run the fleet?"), ["Kubernetes"]);
    assert_eq!(names(&dictionary, "What's next for you?"), ["Our Framework"]);
    assert_eq!(names(&dictionary, "js and k8s"), ["Our Framework", "Kubernetes"]);
    assert_eq!(dictionary.canonical("js").map(|id| dictionary.name(id)), Some("Our Framework"));
    assert_eq!(dictionary.len(), BUILT_IN.len() + 1);
    check("What's next for you?", &[]);
}

#[test]
fn the_three_ways_to_write_additions_say_the_same() {
    let lines = OwnerSkills::read("Kubernetes: k8s, kube\n").unwrap();
    assert_eq!(OwnerSkills::read(r#"{"Kubernetes": ["k8s", "kube"]}"#), Ok(lines.clone()));
    assert_eq!(
        OwnerSkills::read(r#"[{"skill": "Kubernetes", "aliases": ["k8s", "kube"]}]"#),
        Ok(lines)
    );
    assert!(OwnerSkills::read("").unwrap().is_empty());
}

#[test]
fn a_fault_in_additions_names_its_line_and_what_to_do() {
    let fault = |text| OwnerSkills::read(text).unwrap_err().to_string();
    assert_eq!(
        fault("Kubernetes: k8s\n: x\n"),
        "line 2: missing letter or digit in a skill or alias; write `Canonical name: alias, alias`"
    );
    assert_eq!(
        fault("{\n\"Go\": \"golang\"}"),
        "line 2: invalid aliases of \"Go\": expected a list of texts; write \"Go\": [\"alias\", \"alias\"]"
    );
    assert!(fault("{\n\"Go\": [\"golang\"\n").starts_with("line 3: "));
    assert!(
        fault(&"x".repeat(101))
            .starts_with("line 1: too large: a skill or alias has more than 100 characters")
    );
}

proptest! {
    #[test]
    fn any_text_gives_mentions_in_order_on_character_boundaries(text in any::<String>()) {
        check_mentions(&text)?;
    }

    #[test]
    fn any_mixture_of_names_and_signs_does_too(
        parts in proptest::collection::vec(
            prop_oneof![
                "\\PC{0,4}",
                proptest::sample::select(vec![
                    "go", "Rust", "C++", "c#", ".NET", "REST", "aws lambda", "k8s", "next", "’s", "\0", "\u{202e}",
                    " ", ", ", " or ", "/", "ｇｏ", "🦀", "e\u{301}", "\n", "experience with ", "中文",
                    "机器学习", "ドッカー", "em", "kenntnisse", "'da", "’", "l'", "İ", "5", "+", "파이썬을", "питон",
                ]).prop_map(str::to_owned),
            ],
            0..40,
        )
    ) {
        check_mentions(&parts.concat())?;
    }
}

fn check_mentions(text: &str) -> Result<(), TestCaseError> {
    let mut end = 0;
    for mention in BUILT_IN.find(text) {
        prop_assert!(mention.range().start >= end);
        prop_assert_eq!(text.get(mention.range()), Some(mention.text()));
        prop_assert!(!mention.variant().is_empty());
        end = mention.range().end;
    }
    prop_assert_eq!(BUILT_IN.find(text), BUILT_IN.find(text));
    Ok(())
}
