//! The report's forms for people: HTML, plain text and Markdown, from reports kept as JSON.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs;
use std::path::PathBuf;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_insights::model::Report;
use cv_analytics_insights::view::limits::Limits;
use cv_analytics_insights::view::links::Links;
use cv_analytics_insights::view::owner_template::{MAX_MAIL_BYTES, MailContext};
use cv_analytics_insights::view::render::{Form, render};
use cv_analytics_insights::view::week::WeekView;
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

/// The report in a form, without a dashboard.
fn written(form: Form, report: &Report) -> String {
    render(form, &MailContext::default().view(report)).unwrap()
}

fn check(name: &str) {
    let report = fixture(&format!("{name}.json"));
    let html = written(Form::Html, &report);
    let text = written(Form::Text, &report);
    let markdown = written(Form::Markdown, &report);
    check_html(&html);
    check_text(&text);
    assert_harmless(&markdown);
    insta::assert_snapshot!(format!("{name}.html"), html);
    insta::assert_snapshot!(format!("{name}.txt"), text);
    insta::assert_snapshot!(format!("{name}.md"), markdown);
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
fn the_headline_of_an_outage_is_the_outage() {
    check("outage-week");
    let view = MailContext::default().view(&fixture("outage-week.json"));
    assert_eq!(view.headline.to_string(), "65 of 96 questions got no answer this week.");
    assert_eq!(view.news.as_deref(), Some("65 of 96 questions got no answer"));
}

#[test]
fn a_hostile_week_shows_its_texts_as_text() {
    check("hostile-week");
}

fn in_a_mail() -> MailContext {
    MailContext {
        links: Links::Absolute("https://analytics.example.org".parse().unwrap()),
        next_report: Some(Timestamp::from_millis(1_796_029_200_000)),
        unsubscribe: Some("https://analytics.example.org/unsubscribe?token=a&b".to_owned()),
    }
}

#[test]
fn every_number_of_a_mail_opens_its_questions() {
    let view = in_a_mail().view(&fixture("rich-week.json"));
    let html = render(Form::Html, &view).unwrap();
    let text = render(Form::Text, &view).unwrap();
    let markdown = render(Form::Markdown, &view).unwrap();
    check_html(&html);
    assert_harmless(&text);
    insta::assert_snapshot!("mail.html", html);
    insta::assert_snapshot!("mail.txt", text);
    insta::assert_snapshot!("mail.md", markdown);
    for form in [&html.replace("&amp;", "&"), &markdown] {
        for link in [
            "/weeks/2026-W47",
            "/questions?week=2026-W47&half=query",
            "/questions?week=2026-W47&gap=Kubernetes&type=skill",
            "/questions?week=2026-W47&gap=GraphQL&type=skill&kind=not_retrieved",
            "/questions?week=2026-W47&topic=salary",
            "/questions?week=2026-W46&skill=Kubernetes",
        ] {
            assert!(form.contains(&format!("https://analytics.example.org{link}")), "{link}");
        }
    }
    for form in [&html.replace("&amp;", "&"), &text] {
        assert!(form.contains("https://analytics.example.org/unsubscribe?token=a&b"));
        assert!(form.contains("Next report: Monday 30 November 2026."), "{form}");
        assert!(form.contains("See all 10 actions"));
    }
    let without = written(Form::Html, &fixture("rich-week.json"));
    assert!(!without.contains("href") && without.contains("run cv-analytics serve"));
}

#[test]
fn a_mail_of_a_full_week_is_read_in_a_few_minutes() {
    for context in [MailContext::default(), in_a_mail()] {
        let text = render(Form::Text, &context.view(&fixture("rich-week.json"))).unwrap();
        let words = text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric));
        let words = words.count();
        assert!(words <= 600, "{words} words");
    }
}

#[test]
fn a_form_is_the_same_bytes_each_time() {
    let report = fixture("rich-week.json");
    for form in [Form::Html, Form::Text, Form::Markdown] {
        assert_eq!(written(form, &report), written(form, &report));
    }
}

#[test]
fn a_mail_stays_under_100_kilobytes_whatever_the_week_holds() {
    for text in ["'", "<", "€", "😀", "שלום ", "a"] {
        let mut report = fixture("hostile-week.json");
        let mut skills = report.skills.iter().cycle().take(5_000).cloned().collect::<Vec<_>>();
        for skill in &mut skills {
            skill.figures.queries = 1_000_000_000;
            skill.variants.clear();
            skill.figures.weeks = vec![Some(1_000_000_000); 8];
        }
        report.skills = skills;
        report.followed = fixture("rich-week.json").followed;
        report.gaps = report.gaps.iter().cycle().take(200).cloned().collect();
        report.followed = report.followed.iter().cycle().take(500).cloned().collect();
        report.trending = report.trending.iter().cycle().take(500).cloned().collect();
        report.actions = report.actions.iter().cycle().take(500).cloned().collect();
        report.vocabulary = report.vocabulary.iter().cycle().take(5_000).cloned().collect();
        for words in &mut report.vocabulary {
            words.asked = words.asked.iter().cycle().take(6).cloned().collect();
            words.on_cv = vec![String::new(); 6];
        }
        let mut turn = 0;
        replace_texts(&mut report, &mut || {
            turn += 1;
            // Names that differ: each gap has a row.
            text.repeat(400) + &turn.to_string()
        });
        report.conversations = 1_000_000_000;
        for context in [MailContext::default(), in_a_mail()] {
            if context != MailContext::default() {
                "2026-W47".clone_into(&mut report.week);
            }
            let view = context.view(&report);
            let html = render(Form::Html, &view).unwrap();
            assert!(html.len() < MAX_MAIL_BYTES, "{} bytes of {text:?}", html.len());
            check_html(&html);
            for form in [Form::Text, Form::Markdown] {
                let written = render(form, &view).unwrap();
                assert!(written.len() < MAX_MAIL_BYTES, "{} bytes of {text:?}", written.len());
            }
        }
        check_text(&written(Form::Text, &report));
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
    report.provenance.interactions = 11;
    report.matches.this_week.full = 5;
    report.matches.this_week.partial = 4;
    report.matches.this_week.none = 0;
    let text = written(Form::Text, &report);
    assert!(!text.contains('%'), "{text}");
    assert!(text.contains("2 questions without an answer, of 11 interactions."), "{text}");
    assert!(text.contains("Data complete: 9 of 11"), "{text}");
}

#[test]
fn what_was_not_collected_is_not_zero() {
    let view = MailContext::default().view(&fixture("hostile-week.json"));
    let text = render(Form::Text, &view).unwrap();
    assert!(text.contains("Match score ............. not collected"), "{text}");
    let figures: Vec<_> = view.capture.iter().map(|row| (row.name, row.value.as_str())).collect();
    assert!(figures.contains(&("Duplicates ignored", "not counted")), "{figures:?}");
    assert!(view.counts.unwrap().latency.is_empty());
}

#[test]
fn repeated_deliveries_alone_are_no_reason_for_a_banner() {
    let mut report = fixture("rich-week.json");
    report.capture.join_rate = Some(1.0);
    report.capture.deliveries.dead_letters = 0;
    let banner = |report: &Report| WeekView::of(report, &Links::None, Limits::MAIL).banner;
    assert_eq!(banner(&report), None);
    report.capture.deliveries.refused = Some(3);
    let said = banner(&report).unwrap().text.to_string();
    assert_eq!(said, "3 messages were refused (signature, key, host, clock or size).");
    report.capture.deliveries.refused = None;
    (report.matches.sources.model, report.matches.sources.similarity) = (60, 42);
    assert_eq!(banner(&report).unwrap().title, "Scores come from two sources");
}

#[test]
fn the_page_has_everything_and_its_links_are_paths() {
    let report = fixture("rich-week.json");
    let view = WeekView::of(&report, &Links::Relative, Limits::PAGE);
    let counts = view.counts.unwrap();
    assert_eq!(view.actions.shown.len(), report.actions.len());
    assert_eq!(counts.history.len(), 8);
    let rated_by = counts.rated_by.unwrap();
    assert_eq!(rated_by.to_string(), "98 ratings by the model, 4 by similarity search");
    let source = "/questions?week=2026-W47&source=model";
    assert_eq!(rated_by.pieces()[0].link.as_deref(), Some(source));
    let after = "24 answers covered nothing: after 12 the visitor asked on, after 12 the conversation ended";
    assert_eq!(counts.after_no_match.as_deref(), Some(after));
    // One row a name, whatever its kinds.
    let kubernetes: Vec<_> =
        counts.gaps.rows.iter().filter(|row| row.name == "Kubernetes").collect();
    assert_eq!(kubernetes.len(), 1);
    assert_eq!(kubernetes[0].parts.len(), 2);
    let first = view.actions.shown.first().unwrap();
    let row = counts.gaps.rows.iter().find(|row| Some(&row.id) == first.gap_id.as_ref());
    assert_eq!(row.unwrap().name, "GraphQL");
    assert!(first.link.as_ref().unwrap().starts_with("/questions?week=2026-W47&gap=GraphQL"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_text_never_becomes_markup(texts in vec(hostile_text(), 1..40)) {
        let mut report = fixture("rich-week.json");
        let mut next = texts.iter().cycle();
        replace_texts(&mut report, &mut || next.next().unwrap().clone());
        check_html(&written(Form::Html, &report));
        check_text(&written(Form::Text, &report));
        assert_harmless(&written(Form::Markdown, &report));
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
    report.topics.iter_mut().for_each(|topic| put(&mut topic.topic));
    report.together.iter_mut().flat_map(|pair| &mut pair.names).for_each(&mut put);
    report.never_asked.iter_mut().flatten().for_each(&mut put);
    report.feedback.iter_mut().flat_map(|said| &mut said.comments).for_each(&mut put);
    for skill in &mut report.skills {
        put(&mut skill.skill);
        skill.variants.iter_mut().for_each(|variant| put(&mut variant.text));
    }
    report.trending.iter_mut().for_each(|moved| put(&mut moved.name));
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
        action.evidence.word.iter_mut().for_each(&mut put);
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
