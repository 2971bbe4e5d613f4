//! The weekly mail, read back with another library.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs;
use std::path::PathBuf;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_insights::model::Report;
use cv_analytics_mail::message::unsubscribe::{HttpsLink, Unsubscribe};
use cv_analytics_mail::message::{Message, MessageError, Surroundings, subject};
use mail_parser::MessageParser;

const MONDAY_NINE: Timestamp = Timestamp::from_millis(1_795_424_400_000);

fn report(name: &str) -> Report {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/reports");
    serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
}

fn message(name: &str) -> Message {
    let from = "CV Analytics <reports@example.com>";
    Message::for_report(&report(name), from, "owner@example.org", MONDAY_NINE).unwrap()
}

#[test]
fn a_message_reads_back_as_it_was_written() {
    for name in ["rich-week.json", "empty-week.json", "hostile-week.json"] {
        let message = message(name);
        let eml = message.to_eml().unwrap();
        let read = MessageParser::default().parse(&eml).unwrap();
        assert_eq!(read.subject().unwrap(), message.subject);
        assert!(message.subject.starts_with(&subject(message.week, None)), "{}", message.subject);
        assert_eq!(read.from().unwrap().first().unwrap().address().unwrap(), "reports@example.com");
        assert_eq!(read.from().unwrap().first().unwrap().name().unwrap(), "CV Analytics");
        assert_eq!(read.to().unwrap().first().unwrap().address().unwrap(), "owner@example.org");
        assert_eq!(read.date().unwrap().to_rfc3339(), "2026-11-23T09:00:00Z");
        assert_eq!(read.body_text(0).unwrap().replace("\r\n", "\n"), message.text);
        assert_eq!(read.body_html(0).unwrap().replace("\r\n", "\n"), message.html);
        assert_eq!(read.text_body_count(), 1);
        assert_eq!(read.attachment_count(), 0);
        assert!(read.text_body.first() < read.html_body.first(), "the text comes first");
    }
}

#[test]
fn a_message_travels_through_any_mail_server() {
    for name in ["rich-week.json", "hostile-week.json"] {
        let eml = message(name).to_eml().unwrap();
        assert!(eml.is_ascii());
        assert!(!eml.contains(&0));
        let text = String::from_utf8(eml).unwrap();
        for line in text.split("\r\n") {
            assert!(line.len() <= 998, "{line}");
            assert!(!line.contains(['\r', '\n']), "a line end that is not CRLF: {line:?}");
        }
    }
}

#[test]
fn the_subject_carries_the_news_and_no_header_breaks_by_what_visitors_wrote() {
    let eml = String::from_utf8(message("hostile-week.json").to_eml().unwrap()).unwrap();
    let (headers, _) = eml.split_once("\r\n\r\n").unwrap();
    let names: Vec<_> = headers
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "Date",
            "From",
            "To",
            "Subject",
            "Message-ID",
            "List-Unsubscribe",
            "Auto-Submitted",
            "MIME-Version",
            "Content-Type"
        ]
    );
    let message = message("rich-week.json");
    let news = "can't answer GraphQL again, 7 of 8 questions";
    assert_eq!(message.subject, subject(message.week, Some(news)));
}

#[test]
fn a_public_address_unsubscribes_with_one_click() {
    let mut message = message("rich-week.json");
    let by_mail = String::from_utf8(message.to_eml().unwrap()).unwrap();
    assert!(
        by_mail.contains("List-Unsubscribe: <mailto:reports@example.com?subject=unsubscribe>\r\n")
    );
    assert!(!by_mail.contains("List-Unsubscribe-Post"));

    let link = HttpsLink::new("https://cv.example.com/unsubscribe/abc").unwrap();
    message.unsubscribe = Unsubscribe::Link(link);
    let by_link = String::from_utf8(message.to_eml().unwrap()).unwrap();
    assert!(by_link.contains("List-Unsubscribe: <https://cv.example.com/unsubscribe/abc>\r\n"));
    assert!(by_link.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
}

#[test]
fn the_same_message_gives_the_same_bytes() {
    let first = message("rich-week.json");
    assert_eq!(first.to_eml().unwrap(), message("rich-week.json").to_eml().unwrap());
    let mut other = first.clone();
    other.to = "another@example.org".parse().unwrap();
    let id = |message: &Message| {
        let eml = message.to_eml().unwrap();
        MessageParser::default().parse(&eml).unwrap().message_id().unwrap().to_owned()
    };
    assert_ne!(id(&first), id(&other));
}

#[test]
fn an_address_or_a_week_that_could_break_a_header_is_refused() {
    let mut report = report("rich-week.json");
    let bad = "owner@example.org\r\nBcc: all@example.org";
    let refused = Message::for_report(&report, "reports@example.com", bad, MONDAY_NINE);
    assert!(matches!(refused, Err(MessageError::Address(_))));
    report.week = "2026-W47]\r\nBcc: all@example.org".to_owned();
    let refused = Message::for_report(&report, "reports@example.com", "a@b.c", MONDAY_NINE);
    assert!(matches!(refused, Err(MessageError::Week(_))));
}

#[test]
fn a_mail_names_the_same_way_out_in_its_header_and_at_its_end() {
    let link = "https://cv.example.org/unsubscribe?token=a-b";
    let dashboard = "https://cv.example.org".parse().unwrap();
    let surroundings = Surroundings {
        dashboard: Some(&dashboard),
        next_report: Some(MONDAY_NINE),
        unsubscribe: Some(Unsubscribe::Link(HttpsLink::new(link).unwrap())),
        template: None,
        answers: false,
    };
    let from = "reports@example.com";
    let linked =
        Message::in_context(&report("rich-week.json"), from, "a@b.c", MONDAY_NINE, &surroundings);
    let linked = linked.unwrap();
    let eml = linked.to_eml().unwrap();
    let header = format!("List-Unsubscribe: <{link}>");
    assert!(String::from_utf8(eml).unwrap().contains(&header));
    for form in [&linked.html, &linked.text] {
        assert!(form.contains(link));
        assert!(form.contains("https://cv.example.org/weeks/2026-W47"));
    }
    let plain = message("rich-week.json").html;
    assert_eq!(plain.matches("href=").count(), 1, "without surroundings only the unsubscribe link");
    assert!(plain.contains("href=\"mailto:reports@example.com"));
}
