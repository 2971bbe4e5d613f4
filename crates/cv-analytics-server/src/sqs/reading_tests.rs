//! Laws of reading and writing, whatever the bytes.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::action::Action;
use super::error::SqsError;
use super::queue::QueuePath;
use super::{json_protocol, query_protocol};

const PATH: QueuePath<'static> = QueuePath("/000000000000/cv-analytics-events.fifo");

fn json_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-target", HeaderValue::from_static("AmazonSQS.SendMessage"));
    headers.insert("content-type", HeaderValue::from_static("application/x-amz-json-1.0"));
    headers
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat()
}

fn body(action: Action<'_>) -> Option<String> {
    match action {
        Action::SendMessage(message) => message.body.map(Cow::into_owned),
        _ => None,
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = json_protocol::read(&json_headers(), &bytes, &PATH);
        let _ = query_protocol::read("Action=SendMessageBatch", &bytes, &PATH);
        let _ = query_protocol::read("", &bytes, &PATH);
    }

    #[test]
    fn both_protocols_carry_every_text(text in any::<String>()) {
        let form = format!("Action=SendMessage&MessageBody={}", encoded(&text));
        let read = query_protocol::read("", form.as_bytes(), &PATH).unwrap();
        prop_assert_eq!(body(read), Some(text.clone()));
        let json = serde_json::json!({"MessageBody": text}).to_string();
        let read = json_protocol::read(&json_headers(), json.as_bytes(), &PATH).unwrap();
        prop_assert_eq!(body(read), Some(text.clone()));
    }

    #[test]
    fn every_error_is_well_formed_in_xml_and_in_json(text in any::<String>()) {
        let error = SqsError::invalid_parameter(text.clone());
        let json = json_protocol::write_error(&error);
        let json: serde_json::Value = serde_json::from_slice(json.body()).unwrap();
        prop_assert_eq!(&json["message"], &text);
        let xml = query_protocol::write_error(&error, "id");
        let xml = std::str::from_utf8(xml.body()).unwrap();
        let unreadable = |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r');
        prop_assert!(!xml.contains(unreadable), "{}", xml);
        let mut reader = Reader::from_str(xml);
        let mut elements = 0;
        loop {
            match reader.read_event() {
                Ok(Event::Eof) => break,
                Ok(Event::Start(_)) => elements += 1,
                Ok(_) => {}
                Err(error) => prop_assert!(false, "{}: {}", error, xml),
            }
        }
        prop_assert_eq!(elements, 7);
    }
}
