//! The queue in both of its protocols, behind a right signature.

use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use cv_analytics_core::intake::Content;
use md5::{Digest, Md5};
use quick_xml::Reader;
use quick_xml::events::Event as Xml;
use serde_json::Value;

use crate::queue::{Answered, signed, with_queue};

/// The first line is the action, the rest the body in AWS JSON 1.0.
///
/// Holds what every answer has to hold; that an answer is a JSON object, an error's with its type; and that a
/// message that is taken is the one in the body, by its MD5, of a batch as many as the answer names.
pub fn check_json(data: &[u8]) {
    let Some((action, body)) = first_line(data) else { return };
    // Signers do not agree on tabs in a header: some fold them like blanks.
    if action.contains('\t') {
        return;
    }
    let Ok(target) = HeaderValue::from_str(&format!("AmazonSQS.{action}")) else { return };
    let headers = [
        content_type("application/x-amz-json-1.0"),
        (HeaderName::from_static("x-amz-target"), target),
    ];
    let Some(answered) = answer(&Uri::from_static("/"), &headers, body) else { return };
    let said: Value = serde_json::from_str(&answered.body).expect("the answer is JSON");
    assert!(said.is_object(), "{said}");
    if answered.status != StatusCode::OK {
        assert!(said["__type"].is_string(), "{said}");
        assert!(answered.headers.contains_key("x-amzn-query-error"), "{said}");
        return;
    }
    // What is ignored may be what no value can hold.
    let Ok(sent) = serde_json::from_slice::<Value>(body) else { return };
    match action {
        "SendMessage" => check_sent(
            &answered,
            sent["MessageBody"].as_str().expect("a body was taken"),
            said["MD5OfMessageBody"].as_str().expect("a digest is told"),
        ),
        "SendMessageBatch" => {
            let count = |field: &str| said[field].as_array().map_or(0, Vec::len);
            assert_eq!(count("Successful"), answered.arrivals.len());
            let entries = sent["Entries"].as_array().map_or(0, Vec::len);
            assert_eq!(count("Successful") + count("Failed"), entries, "{said}");
        }
        _ => assert_eq!(answered.arrivals, []),
    }
}

/// The first line is the target with its query, the rest the form.
///
/// Holds what every answer has to hold; that an answer is well-formed XML; and that a message that is taken is the
/// one in the form, by its MD5.
pub fn check_query(data: &[u8]) {
    let Some((target, body)) = first_line(data) else { return };
    let Ok(target) = target.parse::<Uri>() else { return };
    if !target.path().starts_with('/') || target.authority().is_some() {
        return;
    }
    let headers = [content_type("application/x-www-form-urlencoded")];
    let Some(answered) = answer(&target, &headers, body) else { return };
    if answered.headers.get("content-type").is_none_or(|value| value != "text/xml") {
        // No queue is there.
        assert!(answered.status.is_client_error() && answered.arrivals.is_empty());
        return;
    }
    let texts = texts_of(&answered.body);
    let text = |element: &str| texts.iter().find(|(name, _)| name == element).map(|(_, text)| text);
    if answered.status != StatusCode::OK {
        assert!(text("Code").is_some_and(|code| !code.is_empty()), "{}", answered.body);
        return;
    }
    let parameters: Vec<(String, String)> =
        form_urlencoded::parse(target.query().unwrap_or_default().as_bytes())
            .chain(form_urlencoded::parse(body))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
    let parameter = |wanted: &str| {
        parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    };
    match parameter("Action") {
        Some("SendMessage") => check_sent(
            &answered,
            parameter("MessageBody").expect("a body was taken"),
            text("MD5OfMessageBody").expect("a digest is told"),
        ),
        Some("SendMessageBatch") => {
            let taken = texts.iter().filter(|(name, _)| name == "MD5OfMessageBody").count();
            assert_eq!(taken, answered.arrivals.len());
        }
        _ => assert_eq!(answered.arrivals, []),
    }
}

/// The answer to a signed request; `None` where nobody could sign it.
///
/// Holds that the answer is 200 or says what is wrong with the request; that a request that is refused leaves
/// nothing behind; and that the same request has the same answer.
fn answer(target: &Uri, headers: &[(HeaderName, HeaderValue)], body: &[u8]) -> Option<Answered> {
    let send = || Some(with_queue(|queue| Some(queue.send(signed(target, headers, body)?))))?;
    let answered = send()?;
    let status = answered.status;
    assert!(status == StatusCode::OK || status.is_client_error(), "{answered:?}");
    assert_ne!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_ne!(status, StatusCode::FORBIDDEN, "{answered:?}");
    assert!(status == StatusCode::OK || answered.arrivals.is_empty(), "{answered:?}");
    let again = send()?;
    assert_eq!((again.status, &again.arrivals), (status, &answered.arrivals));
    assert_eq!(without_request_id(&again), without_request_id(&answered));
    Some(answered)
}

fn check_sent(answered: &Answered, body: &str, digest: &str) {
    assert_eq!(digest, hex::encode(Md5::digest(body)), "{body:?}");
    let [arrival] = answered.arrivals.as_slice() else { panic!("{answered:?}") };
    if let Content::DeadLetter(letter) = &arrival.content {
        assert_eq!(letter.body, body.as_bytes());
    }
}

fn without_request_id(answered: &Answered) -> String {
    let id = answered.headers.get("x-amzn-requestid").and_then(|id| id.to_str().ok());
    id.map_or_else(|| answered.body.clone(), |id| answered.body.replace(id, ""))
}

/// The texts of an XML document's elements.
fn texts_of(xml: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(xml);
    let mut names: Vec<String> = Vec::new();
    let mut texts = Vec::new();
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {xml}")) {
            Xml::Start(start) => names.push(start.name().as_ref().to_owned()),
            Xml::End(_) => drop(names.pop()),
            Xml::Text(text) => {
                texts.push((names.last().cloned().unwrap_or_default(), text.to_string()));
            }
            Xml::Eof => break,
            _ => {}
        }
    }
    assert!(names.is_empty(), "{names:?} have no end: {xml}");
    texts
}

fn content_type(value: &'static str) -> (HeaderName, HeaderValue) {
    (axum::http::header::CONTENT_TYPE, HeaderValue::from_static(value))
}

fn first_line(data: &[u8]) -> Option<(&str, &[u8])> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(&data[..end]).ok()?, &data[end + 1..]))
}
