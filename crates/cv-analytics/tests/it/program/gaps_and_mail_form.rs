//! What an owner says of gaps, and a mail template of theirs, through the program.

use std::fs;

use serde_json::Value;

use crate::program::{QUERY, RESPONSE, check_refusal, folder_with, run, run_with_input, text};

#[test]
fn a_gap_is_marked_by_alias_shown_exported_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let mark = |arguments: &[&str]| {
        let output = run(folder.path(), &[&["gaps", "mark"], arguments].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(mark(&["K8S", "learning"]).starts_with("Kubernetes is marked learning"));
    assert!(mark(&["kubernetes", "have-it"]).contains("have-it (was learning)"));
    let shown = text(&run(folder.path(), &["settings", "show"]).stdout);
    assert!(shown.contains("Gap marks: 1\n  Kubernetes: have-it since 20"), "{shown}");
    let exported = text(&run(folder.path(), &["settings", "export"]).stdout);
    let settings: Value = serde_json::from_str(&exported).unwrap();
    assert_eq!(settings["gapMarks"]["Kubernetes"]["earlier"][0]["mark"], "learning");

    let elsewhere = tempfile::tempdir().unwrap();
    let imported = run_with_input(elsewhere.path(), &["settings", "import", "-"], &exported);
    assert!(imported.status.success(), "{}", text(&imported.stderr));
    assert_eq!(text(&run(elsewhere.path(), &["settings", "export"]).stdout), exported);

    assert!(mark(&["kubernetes", "--clear"]).contains("no mark any more (was have-it)"));
    let shown = text(&run(folder.path(), &["settings", "show"]).stdout);
    assert!(shown.contains("Gap marks: 0, and 1 taken back\n"), "{shown}");
    assert!(mark(&["Docker", "none", "--json"]).contains(r#""mark":null"#));
    check_refusal(folder.path(), &["gaps", "mark", "Kubernettle", "noise"], 1, "did you mean");
    check_refusal(folder.path(), &["gaps", "mark", "Docker", "fixed"], 2, "invalid value");
    check_refusal(folder.path(), &["gaps", "mark", "Docker"], 2, "required");
}

#[test]
fn gaps_are_listed_in_the_words_of_the_report() {
    let folder = folder_with(&[QUERY, RESPONSE]);
    let list = || text(&run(folder.path(), &["gaps", "list", "--week", "2026-W47"]).stdout);
    let listed = list();
    let line = "    1  Kubernetes (skill): Not covered; 1 conversation\n";
    assert!(listed.contains(line), "{listed}");
    let before = QUERY.replace("r1", "r0").replace("11-17", "11-10");
    run_with_input(folder.path(), &["events", "import"], &before);
    let before = RESPONSE.replace("r1", "r0").replace("11-17", "11-10");
    run_with_input(folder.path(), &["events", "import"], &before);
    let listed = list();
    assert!(listed.contains("; 1 conversation; open for 2 weeks\n"), "{listed}");
}

#[test]
fn a_mail_template_is_tried_before_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.html"), "<p>\n{{ headlime }}</p>").unwrap();
    let mail = |file: &'static str| ["report", "--format", "html", "--mail-template", file];
    run_with_input(folder.path(), &["events", "import"], QUERY.replace("2026", "2025"));
    check_refusal(folder.path(), &mail("mine.html"), 1, "invalid mail template mine.html, line 2");
    check_refusal(folder.path(), &mail("absent.html"), 1, "absent.html");
    fs::write(folder.path().join("mine.html"), "<p>{{ headline }}</p>").unwrap();
    let output = run(folder.path(), &mail("mine.html"));
    assert!(text(&output.stdout).starts_with("<p>A quiet week"), "{}", text(&output.stderr));
}

#[test]
fn a_mail_template_without_an_end_is_refused_or_gives_way() {
    let folder = tempfile::tempdir().unwrap();
    run_with_input(folder.path(), &["events", "import"], QUERY);
    let doubled = |list: &str, then: &str| {
        format!("{{% set x = [week] %}}{}{then}", format!("{{% set x = {list} %}}").repeat(60))
    };
    let mail =
        |week| ["report", "--week", week, "--format", "html", "--mail-template", "mine.html"];
    let endless = [
        doubled("x + x", "{{ x }}"),
        doubled("x|zip(x)", "{{ x }}"),
        format!("{{{{ {}1 }}}}", "-".repeat(150_000)),
        "{{ '%999999999d'|format(1) }}".to_owned(),
        "{% macro m(x) %}{{ m([x, x]) }}{% endmacro %}{{ m([1]) }}".to_owned(),
    ];
    for source in endless {
        fs::write(folder.path().join("mine.html"), &source).unwrap();
        let output = run(folder.path(), &mail("2026-W47"));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{source:.120}: {said}");
        assert!(said.contains("invalid mail template mine.html"), "{source:.120}: {said}");
    }
    // What the samples do not show stands back when its week comes.
    let late = doubled("[x, x]", "{% if week == '2026-W46' %}{{ x }}{% else %}as usual{% endif %}");
    fs::write(folder.path().join("mine.html"), late).unwrap();
    assert_eq!(text(&run(folder.path(), &mail("2026-W47")).stdout), "as usual");
    let output = run(folder.path(), &mail("2026-W46"));
    let said = text(&output.stderr);
    assert!(output.status.success() && said.contains("too long: it takes more than"), "{said}");
    assert!(text(&output.stdout).starts_with("<!DOCTYPE html>"), "the built-in form");
}
