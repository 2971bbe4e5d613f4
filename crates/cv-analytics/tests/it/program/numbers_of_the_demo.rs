//! Every number of the demo's week, on its page and in its mail, opens so many questions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use cv_analytics_harness::number_links::{NumberLink, number_links};
use jsonschema::Validator;
use serde_json::Value;

use crate::program::{Serving, run, text, token};

/// Checks a document by the schema that the documents have of it.
fn check_schema(name: &str, document: &str) {
    static SCHEMAS: LazyLock<[(&str, Validator); 2]> = LazyLock::new(|| {
        let schemas = [
            ("event", include_str!("../../../../../docs/schemas/event.json")),
            ("report", include_str!("../../../../../docs/schemas/report.json")),
        ];
        schemas.map(|(name, schema)| {
            let schema = serde_json::from_str(schema).unwrap();
            (name, jsonschema::draft202012::new(&schema).unwrap())
        })
    });
    let document: Value = serde_json::from_str(document).unwrap();
    let (_, validator) = SCHEMAS.iter().find(|(known, _)| *known == name).unwrap();
    let errors: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {document}\n{errors:?}");
}

/// What a link filters by.
fn kind(link: &NumberLink) -> String {
    let pairs = link.path.trim_start_matches("/questions?").split('&');
    let names: Vec<&str> = pairs.filter_map(|pair| pair.split('=').next()).collect();
    names.join("+")
}

#[test]
fn every_number_of_the_demos_page_and_mail_opens_so_many_questions() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(folder.path(), &["demo", "--exit", "--listen", "127.0.0.1:0"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let data = ["--data", "cv-analytics-demo"];
    let serving = Serving::start(folder.path(), &data);
    let token = token(&folder.path().join("cv-analytics-demo"));
    let form = ["report", "--format", "html", "--dashboard-url", &serving.url];
    let mail = run(folder.path(), &[&form[..], &data].concat());
    assert!(mail.status.success(), "{}", text(&mail.stderr));
    let mail = text(&mail.stdout);
    let week = mail.split("/weeks/").nth(1).and_then(|after| after.split('"').next()).unwrap();
    let (_, page) = serving.get(&format!("/weeks/{week}"), &token);

    let report = run(folder.path(), &[&["report", "--format", "json"][..], &data].concat()).stdout;
    check_schema("report", &text(&report));
    let events = run(folder.path(), &[&["events", "export"][..], &data].concat()).stdout;
    text(&events).lines().for_each(|event| check_schema("event", event));

    let mut opened = BTreeMap::new();
    for (html, expected, at_least) in [(&page, PAGE, 100), (&mail, MAIL, 50)] {
        let links = number_links(html, &serving.url);
        let links: Vec<_> = links.iter().filter(|link| link.stands_on_a_number()).collect();
        assert!(links.len() > at_least, "{} numbers", links.len());
        for link in &links {
            let open = || serving.get(&link.path, &token).1;
            let there = opened.entry(link.path.clone()).or_insert_with(open);
            assert_eq!(link.contradiction(there), None);
        }
        let kinds: BTreeSet<String> = links.into_iter().map(kind).collect();
        for name in expected.split_whitespace() {
            assert!(kinds.contains(name), "{name} is not among {kinds:?}");
        }
    }
}

/// The kinds of links that the page has, each made by one piece of code.
const PAGE: &str = "week week+half week+outcome week+session week+match week+handled week+skill \
     week+skill+match week+skill+outcome week+skill+word week+topic week+topic+match week+gap+type \
     week+gap+type+kind week+gap+type+kind+match week+weeks+about+until \
     week+weeks+about+handled+until week+weeks+about+since week+weeks+about+handled+since week+score \
     week+score+handled week+score+outcome week+score+disagree week+disagree week+left-out";

/// Those of the mail.
const MAIL: &str = "week+half week+outcome week+handled week+match week+skill week+topic \
     week+gap+type+kind week+gap+type+kind+match week+weeks+about+until \
     week+weeks+about+handled+until week+weeks+about+since week+weeks+about+handled+since";
