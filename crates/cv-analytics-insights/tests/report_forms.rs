//! The report's forms for people: HTML and plain text, from reports kept as JSON.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs;
use std::path::PathBuf;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_insights::mail_context::MailContext;
use cv_analytics_insights::model::Report;
use cv_analytics_insights::{report_html, report_text};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use quick_xml::Reader;
use quick_xml::events::Event;
use unicode_width::UnicodeWidthStr;

fn fixture(name: &str) -> Report {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/reports").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn check(name: &str) {
    let report = fixture(&format!("{name}.json"));
    let (html, text) = (report_html::render(&report).unwrap(), report_text::render(&report));
    check_html(&html);
    check_text(&text);
    insta::assert_snapshot!(format!("{name}.html"), html);
    insta::assert_snapshot!(format!("{name}.txt"), text);
}

#[test]
fn a_rich_week_reads_well() {
    check("rich-week");
}

#[test]
fn an_empty_week_is_a_short_note() {
    check("empty-week");
}

#[test]
fn a_hostile_week_shows_its_texts_as_text() {
    check("hostile-week");
}

fn in_a_mail() -> MailContext {
    MailContext {
        dashboard: Some("https://analytics.example.org".parse().unwrap()),
        next_report: Some(Timestamp::from_millis(1_796_029_200_000)),
        unsubscribe: Some("https://analytics.example.org/unsubscribe?token=a&b".to_owned()),
    }
}

#[test]
fn every_number_of_a_mail_opens_its_questions() {
    let (report, context) = (fixture("rich-week.json"), in_a_mail());
    let html = report_html::render_with(&report, &context).unwrap();
    let text = report_text::render_with(&report, &context);
    check_html(&html);
    assert_harmless(&text);
    insta::assert_snapshot!("mail.html", html);
    insta::assert_snapshot!("mail.txt", text);
    for form in [&html.replace("&amp;", "&"), &text] {
        for link in [
            "/weeks/2026-W47",
            "/questions?week=2026-W47&gap=Kubernetes&type=skill&kind=not_on_cv",
            "/questions?week=2026-W47&skill=Docker",
            "/questions?week=2026-W47&skill=PostgreSQL&word=postgres",
            "/mail",
            "/unsubscribe?token=a&b",
        ] {
            assert!(form.contains(&format!("https://analytics.example.org{link}")), "{link}");
        }
    }
    assert!(text.contains("The next report comes on Monday, 30 November 2026."));
    assert!(!report_html::render(&report).unwrap().contains("href"));
}

#[test]
fn a_form_is_the_same_bytes_each_time() {
    let report = fixture("rich-week.json");
    assert_eq!(report_html::render(&report).unwrap(), report_html::render(&report).unwrap());
    assert_eq!(report_text::render(&report), report_text::render(&report));
}

#[test]
fn a_mail_stays_under_100_kilobytes_whatever_the_week_holds() {
    for text in ["'", "<", "€", "😀", "שלום ", "a"] {
        let mut report = fixture("hostile-week.json");
        let mut skills = report.skills.iter().cycle().take(5_000).cloned().collect::<Vec<_>>();
        for skill in &mut skills {
            skill.queries = 1_000_000_000;
            skill.variants.clear();
            skill.weeks = vec![Some(1_000_000_000); 8];
        }
        report.skills = skills;
        report.gaps = report.gaps.iter().cycle().take(2_000).cloned().collect();
        report.followed = report.followed.iter().cycle().take(500).cloned().collect();
        report.trending = report.trending.iter().cycle().take(500).cloned().collect();
        report.vocabulary = report.vocabulary.iter().cycle().take(5_000).cloned().collect();
        for words in &mut report.vocabulary {
            words.asked = words.asked.iter().cycle().take(6).cloned().collect();
            words.on_cv = vec![String::new(); 6];
        }
        replace_texts(&mut report, &mut || text.repeat(400));
        report.sessions = Some(1_000_000_000);
        for context in [MailContext::default(), in_a_mail()] {
            if context.dashboard.is_some() {
                "2026-W47".clone_into(&mut report.week);
            }
            let html = report_html::render_with(&report, &context).unwrap();
            assert!(html.len() < 100_000, "{} bytes of {text:?}", html.len());
            check_html(&html);
            let plain = report_text::render_with(&report, &context);
            assert!(plain.len() < 100_000, "{} bytes of {text:?}", plain.len());
        }
        check_text(&report_text::render(&report));
    }
}

#[test]
fn a_count_under_twenty_has_no_percentage() {
    let mut report = fixture("rich-week.json");
    report.capture = serde_json::from_value(serde_json::json!({
        "queries": 11, "responses": 9, "joined": 9, "unanswered": 2, "responseOnly": 0,
        "joinRate": 0.8182,
        "deliveries": {"duplicates": null, "conflicts": null, "deadLetters": 0}
    }))
    .unwrap();
    report.matches.this_week.full = 5;
    report.matches.this_week.partial = 4;
    report.matches.this_week.none = 0;
    let text = report_text::render(&report);
    assert!(!text.contains('%'), "{text}");
    assert!(text.contains("Only 9 of 11 interactions"), "{text}");
}

#[test]
fn what_was_not_collected_is_not_zero() {
    let text = report_text::render(&fixture("hostile-week.json"));
    for line in [
        "Conversations ............................... not collected",
        "Match score ................................. not collected",
        "Repeated deliveries, left out ............... not counted",
        "Deliveries that contradict an earlier one ... not counted",
        "HOW LONG ANSWERS TOOK\n---------------------\nnot collected",
    ] {
        assert!(text.contains(line), "{line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_text_never_becomes_markup(texts in vec(hostile_text(), 1..40)) {
        let mut report = fixture("rich-week.json");
        let mut next = texts.iter().cycle();
        replace_texts(&mut report, &mut || next.next().unwrap().clone());
        check_html(&report_html::render(&report).unwrap());
        check_text(&report_text::render(&report));
    }
}

fn hostile_text() -> impl Strategy<Value = String> {
    let bits = select(vec![
        "<",
        ">",
        "\"",
        "'",
        "&",
        "&amp;",
        "</td>",
        "<script>",
        "<img src=x onerror=y>",
        "]]>",
        "-->",
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "\0",
        "\r\n",
        "\u{202e}",
        "\u{2066}",
        "שלום",
        "=cmd|",
        "x",
    ]);
    prop_oneof![any::<String>(), vec(bits, 0..12).prop_map(|bits| bits.concat())]
}

/// Puts another text into every string that a report can carry.
fn replace_texts(report: &mut Report, text: &mut impl FnMut() -> String) {
    let mut put = |field: &mut String| *field = text();
    let provenance = &mut report.provenance;
    for field in [&mut report.week, &mut report.from, &mut report.to] {
        put(field);
    }
    put(&mut provenance.input_hash);
    put(&mut provenance.version);
    for skill in &mut report.skills {
        put(&mut skill.skill);
        skill.variants.iter_mut().for_each(|variant| put(&mut variant.text));
    }
    report.trending.iter_mut().for_each(|moved| put(&mut moved.skill));
    for gap in &mut report.gaps {
        put(&mut gap.name);
        put(&mut gap.first_seen);
        gap.examples.iter_mut().for_each(&mut put);
        gap.related.iter_mut().for_each(&mut put);
    }
    for words in &mut report.vocabulary {
        put(&mut words.skill);
        words.on_cv.iter_mut().for_each(&mut put);
        words.asked.iter_mut().for_each(|variant| put(&mut variant.text));
    }
    for action in &mut report.actions {
        put(&mut action.name);
        put(&mut action.why);
        action.suggestion.iter_mut().for_each(|line| put(&mut line.text));
    }
    for gap in &mut report.followed {
        put(&mut gap.name);
        gap.reopened_in.iter_mut().for_each(&mut put);
    }
    for example in report.calibration.iter_mut().flat_map(|scores| &mut scores.examples) {
        put(&mut example.outcome);
        example.query.iter_mut().for_each(&mut put);
        example.match_type.iter_mut().for_each(&mut put);
    }
    report.history.iter_mut().for_each(|week| put(&mut week.week));
}

const ELEMENTS: &str =
    " html head meta title style body div table tr td th p h1 h2 h3 b br span a ";
const ATTRIBUTES: &str = " lang dir charset name content role class width height cellpadding \
     cellspacing bgcolor style align valign scope aria-label aria-hidden href ";

/// Reads the document as XML, which forgives nothing: every tag and attribute is one of the
/// template's own, balanced and quoted, and nothing in it runs or is loaded.
fn check_html(html: &str) {
    let mut reader = Reader::from_str(html);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => {
                let name = tag.name().as_ref().to_owned();
                assert!(ELEMENTS.contains(&format!(" {name} ")), "<{name}>");
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    let key = attribute.key.as_ref().to_owned();
                    assert!(ATTRIBUTES.contains(&format!(" {key} ")), "{key} of <{name}>");
                    if key == "href" {
                        let safe = ["https://", "http://", "mailto:"];
                        assert!(safe.iter().any(|scheme| attribute.value.starts_with(scheme)));
                    }
                    if key == "style" {
                        assert!(!attribute.value.contains("url("), "{}", attribute.value);
                    }
                }
            }
            Event::Eof => break,
            other => assert!(!matches!(other, Event::PI(_) | Event::CData(_)), "{other:?}"),
        }
    }
    assert_harmless(html);
}

fn check_text(text: &str) {
    for line in text.lines() {
        assert!(line.width() <= 78, "{line}");
    }
    assert_harmless(text);
}

fn assert_harmless(form: &str) {
    let harmful = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}' | '\u{2067}')
    };
    assert_eq!(form.chars().find(|c| harmful(*c)), None);
}
