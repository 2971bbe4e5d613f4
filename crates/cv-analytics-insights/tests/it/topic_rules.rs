//! The owner's topics: reading their file, and what they say of a text.

use std::collections::BTreeMap;

use cv_analytics_insights::TopicRules;
use proptest::prelude::*;

fn read(text: &str) -> BTreeMap<String, Vec<String>> {
    TopicRules::read(text).unwrap_or_else(|fault| BTreeMap::from([(fault.to_string(), vec![])]))
}

fn check_error(text: &str, expected: &str) {
    let fault = TopicRules::read(text).map_err(|fault| fault.to_string());
    assert!(fault.as_ref().is_err_and(|fault| fault.starts_with(expected)), "{text:?}: {fault:?}");
}

#[test]
fn lines_and_json_say_the_same() {
    let lines = "\u{feff}# my topics\n\nPay = wages,  what do you\tcost ,\r\nMove to Leeds=leeds, yorkshire\nPay = wages, money\n";
    let json = r#"{"Pay": ["wages", "what do you cost", "money"], "Move to Leeds": ["leeds", "yorkshire"]}"#;
    assert_eq!(read(lines), read(json));
    assert_eq!(read(lines)["Pay"], ["wages", "what do you cost", "money"]);
    assert_eq!(read("# nothing\n"), BTreeMap::new());
    assert_eq!(read("{}"), BTreeMap::new());
}

#[test]
fn errors_name_the_line_and_say_what_to_write() {
    check_error("Pay = wages\nleeds\n", "line 2: missing \"=\": write `name = phrase, phrase`");
    check_error("Pay =\n", "line 1: missing phrases of \"Pay\"");
    check_error("\n= wages\n", "line 2: missing name");
    check_error("Pay = wages, ?\n", "line 1: missing phrase");
    check_error("Pay = wages\nMoney = Wage\n", "line 2: invalid phrase \"Wage\"");
    check_error("Other questions = what else\n", "line 1: refused");
    check_error("Others = what else\n", "line 1: refused");
    check_error("[email] = what else\n", "line 1: refused");
    check_error("{\"your [API key]\": [\"what else\"]}", "line 1: refused");
    check_error(&format!("Pay = {}\n", "a".repeat(101)), "line 1: too large");
    check_error(
        "{\"Pay\": [\"wages\"],\n \"Money\": \"cash\"}",
        "line 2: invalid phrases of \"Money\"",
    );
    check_error("{\"Pay\": [", "line 1: invalid JSON");
    check_error(&"#".repeat((1 << 20) + 1), "line 1: too large");
}

fn check(text: &str, expected: Option<&str>) {
    let rules = TopicRules::new(&read(
        "Pay = wages, what do you cost\nMove to Leeds = leeds, happy in yorkshire\nYorkshire = Yorkshire\nCafé = café visits\n",
    ));
    assert_eq!(rules.topic(text), expected, "{text}");
}

#[test]
fn the_longest_phrase_of_the_owner_wins() {
    check("Which WAGES do you have in mind?", Some("Pay"));
    check("which wage?", Some("Pay"));
    check("So what do you cost?", Some("Pay"));
    check("what-do-you-cost", Some("Pay"));
    check("Would you be happy in Yorkshire?", Some("Move to Leeds"));
    check("Yorkshire?", Some("Yorkshire"));
    check("Wages in Yorkshire?", Some("Pay"));
    check("Any cafe visit?", Some("Café"));
    check("What does he cost?", None);
    check("What do you Kosten", None);
    check("Wageslip?", None);
    check("Pay?", None);
    check("Is it happy? No. In Yorkshire", Some("Yorkshire"));
    check("", None);
    check("My [wages]", Some("Pay"));
    assert_eq!(TopicRules::default().topic("wages"), None);
}

proptest! {
    #[test]
    fn what_is_read_is_found(text in any::<String>()) {
        if let Ok(rules) = TopicRules::read(&text) {
            let found = TopicRules::new(&rules);
            for phrase in rules.values().flatten() {
                prop_assert!(found.topic(phrase).is_some(), "{phrase}");
            }
        }
    }
}
