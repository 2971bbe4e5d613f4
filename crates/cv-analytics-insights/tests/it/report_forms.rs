//! The report's forms for people: HTML, plain text and Markdown, from reports kept as JSON.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use cv_analytics_core::event::Outcome;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_insights::model::{
    GapKind, MatchSources, Outcomes, Report, TrackedCounts, TrackedState,
};
use cv_analytics_insights::view::limits::Limits;
use cv_analytics_insights::view::links::Links;
use cv_analytics_insights::view::phrases::outcome_words;
use cv_analytics_insights::view::render::owner_template::{MAX_MAIL_BYTES, MailContext};
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
        answers: false,
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
    assert_eq!(
        said,
        "3 messages were refused at the door. cv-analytics doctor says why, and what to \
         change. If your agent's secrets are right, they came from another sender."
    );
    report.capture.deliveries.refused = None;
    (report.matches.sources.model, report.matches.sources.similarity) = (60, 42);
    assert_eq!(banner(&report).unwrap().title, "Scores come from two sources");
}

#[test]
fn a_jump_in_where_scores_come_from_is_a_reason_for_a_banner() {
    let said = |before: (u64, u64), now: (u64, u64)| {
        let mut report = fixture("rich-week.json");
        report.capture.join_rate = Some(1.0);
        report.capture.deliveries.dead_letters = 0;
        let set = |sources: &mut MatchSources, (model, similarity)| {
            (sources.model, sources.similarity) = (model, similarity);
        };
        set(&mut report.matches.previous.as_mut().unwrap().sources, before);
        set(&mut report.matches.sources, now);
        let banner = WeekView::of(&report, &Links::None, Limits::MAIL).banner;
        banner.map(|banner| format!("{}. {}", banner.title, banner.text))
    };
    let jump = "Scores come from another source than last week. 94 of 104 ratings come from \
                similarity search, 8 of 104 last week: do not compare the two weeks' scores.";
    assert_eq!(said((96, 8), (10, 94)).as_deref(), Some(jump));
    assert!(said((0, 104), (104, 0)).unwrap().contains("0 of 104 ratings"));
    for (before, now) in [
        ((96, 8), (90, 14)),
        // The same two sources each week can be compared.
        ((60, 42), (58, 44)),
        // A handful says nothing of the week, neither now nor before.
        ((9, 1), (1, 9)),
        ((9, 1), (60, 2)),
    ] {
        assert_eq!(said(before, now), None, "{before:?} {now:?}");
    }
    assert!(said((9, 1), (60, 42)).unwrap().starts_with("Scores come from two sources."));
}

#[test]
fn a_week_without_an_action_names_what_went_badly_all_the_same() {
    let mut report = fixture("rich-week.json");
    report.actions.clear();
    let said = |report: &Report| {
        let view = MailContext::default().view(report);
        (view.headline.to_string(), view.news.unwrap())
    };
    let badly = "Nothing stands out in 111 questions in 50 conversations: 24 not covered, 28 partly \
                 covered, 8 failed or unanswered and 2 stopped or outside hours.";
    assert_eq!(said(&report), (badly.to_owned(), "nothing stands out, 111 questions".to_owned()));
    (report.matches.this_week.none, report.matches.this_week.partial) = (0, 0);
    report.outcomes = Outcomes::default();
    report.outcomes.responses.answered = 111;
    let well = "Nothing to do: 111 questions in 50 conversations, and nothing went wrong.";
    assert_eq!(said(&report), (well.to_owned(), "nothing to do, 111 questions".to_owned()));
}

#[test]
fn a_new_name_is_held_against_the_weeks_that_there_are() {
    let mut report = fixture("rich-week.json");
    let known = report.history.last().unwrap().figures.clone();
    report.history.iter_mut().for_each(|week| week.figures.clone_from(&known));
    let mut said = |unknown: usize| {
        report.history.iter_mut().take(unknown).for_each(|week| week.figures = None);
        let counts = MailContext::default().view(&report).counts.unwrap();
        let rust = counts.moved.shown.into_iter().find(|moved| moved.name == "Rust").unwrap();
        (rust.text.to_string(), counts.weeks_looked_at)
    };
    for (unknown, before, all) in [
        (0, "none in the seven weeks before", "eight weeks"),
        (4, "none in the 3 earlier weeks with data", "the 4 weeks with data"),
        (6, "none in the one earlier week with data", "the 2 weeks with data"),
    ] {
        assert_eq!(said(unknown), (format!("5 conversations, {before}"), all.to_owned()));
    }
}

#[test]
fn names_that_share_a_row_are_told_by_their_number_and_lead_nowhere() {
    let mut report = fixture("rich-week.json");
    report.gaps[0].name = "others".to_owned();
    report.skills[0].skill = "others".to_owned();
    report.skills[0].figures.names = Some(312);
    let row = |links: &Links, limits: Limits| {
        let counts = WeekView::of(&report, links, limits).counts.unwrap();
        (counts.skills.shown[0].name.clone(), counts.gaps)
    };
    let (skill, gaps) = row(&Links::Relative, Limits::PAGE);
    assert_eq!(skill, "312 other skills");
    let others = gaps.rows.iter().find(|row| row.many).unwrap();
    assert_eq!(others.name, "312 other skills");
    assert!(others.link.is_none());
    assert!(others.failed.pieces().iter().all(|piece| piece.link.is_none()));
    let (_, gaps) = row(&Links::None, Limits::MAIL);
    assert_eq!(gaps.more.as_deref(), Some("and 3 more gaps and 312 other names"));
}

#[test]
fn each_outcome_has_its_own_words() {
    let mut report = fixture("rich-week.json");
    report.gaps[0].kind = GapKind::Blocked;
    for (blocked, off_hours, expect) in
        [(2, 0, "Stopped by a filter"), (0, 2, "Outside hours"), (1, 1, "Stopped or outside hours")]
    {
        let responses = &mut report.outcomes.responses;
        (responses.blocked, responses.off_hours) = (blocked, off_hours);
        let counts = MailContext::default().view(&report).counts.unwrap();
        let kubernetes = counts.gaps.rows.into_iter().find(|row| row.name == "Kubernetes");
        assert!(kubernetes.unwrap().why.split(" · ").any(|why| why == expect), "{expect}");
    }
    let words: Vec<_> = Outcome::ALL.iter().map(|outcome| outcome_words(Some(*outcome))).collect();
    let distinct: BTreeSet<_> = words.iter().collect();
    assert_eq!(distinct.len(), words.len(), "{words:?}");
}

#[test]
fn an_outcome_is_told_with_the_week_before() {
    let mut report = fixture("outage-week.json");
    let mut before = fixture("rich-week.json").history.remove(6);
    before.figures.as_mut().unwrap().outcomes.responses.quota = 3;
    report.history = vec![before, report.history.pop().unwrap()];
    report.actions[1].evidence.conversations = 1;
    report.actions[1].evidence.queries = 4;
    let actions = MailContext::default().view(&report).actions.shown;
    assert_eq!(actions[1].evidence.to_string(), "4 questions in 1 conversation (3 last week)");
}

#[test]
fn a_gap_that_was_answered_in_part_is_not_told_as_unanswered() {
    let mut report = fixture("rich-week.json");
    report.followed[0].before = Some(counts(10, 0, 6));
    report.followed[0].after = counts(17, 8, 1);
    let said = |report: &Report| {
        let counts = MailContext::default().view(report).counts.unwrap();
        counts.followed.shown[0].text.to_string()
    };
    let again = "fails again since 2026-W47; 10 of 10 not covered in full before; 9 of 17 not covered in full in \
                 the 5 weeks since you added it";
    assert_eq!(said(&report), again);
    report.followed[0].state = TrackedState::Closed;
    report.followed[0].reopened_in = None;
    let closed = "none of 10 answered in full (6 in part) before; 8 of 17 answered in full (1 in part) in the 5 weeks \
                  since you added it";
    assert_eq!(said(&report), closed);
}

fn counts(asked: u64, answered: u64, partly: u64) -> TrackedCounts {
    TrackedCounts { asked, answered, unmatched: asked - answered, partly }
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
    let after = "24 answers covered nothing: the visitor asked again after 12, and left after 12";
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

#[test]
fn a_mail_shows_answers_where_it_is_asked_to() {
    let mut report = fixture("rich-week.json");
    let gap = report.gaps.iter_mut().find(|gap| !gap.examples.is_empty()).unwrap();
    gap.example_answers = vec![Some("I <b>found</b> nothing.".to_owned())];
    // One whose questions never came.
    report.gaps.last_mut().unwrap().examples.clear();
    for (answers, expect) in [(false, 0), (true, 1)] {
        let view = MailContext { answers, ..MailContext::default() }.view(&report);
        for form in [Form::Html, Form::Text, Form::Markdown] {
            let shown = render(form, &view).unwrap();
            assert_eq!(shown.matches("Your agent answered").count(), expect);
            assert_harmless(&shown.replace(" nothing.", ""));
            assert_eq!(shown.contains("<b>found"), answers && form == Form::Text);
        }
    }
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
        gap.example_reasons.iter_mut().flatten().for_each(&mut put);
        gap.example_answers.iter_mut().flatten().for_each(&mut put);
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
