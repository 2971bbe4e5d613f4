//! The emulator that all environments share, and the calls for which tests have no SDK.

use std::sync::LazyLock;

use cv_analytics_harness::emulators::moto::MotoServer;
use serde_json::Value;

use crate::http;

/// It ends with the tests' process.
pub(crate) static SERVER: LazyLock<MotoServer> = LazyLock::new(|| MotoServer::start().unwrap());
/// Where everything is.
pub(crate) const REGION: &str = "eu-west-2";

/// A call in the Query protocol.
pub(crate) fn query(service: &str, form: &[(&str, &str)]) {
    let form: Vec<String> =
        form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let content_type = "application/x-www-form-urlencoded; charset=utf-8";
    call(service, "POST", "/", &[("content-type", content_type)], &form.join("&"));
}

pub(crate) fn events(action: &str, input: &Value) {
    let target = format!("AWSEvents.{action}");
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &*target)];
    call("events", "POST", "/", &headers, &input.to_string());
}

pub(crate) fn lambda(method: &str, path: &str, input: &Value) -> Value {
    let body = if method == "GET" { String::new() } else { input.to_string() };
    let answer = call("lambda", method, path, &[("content-type", "application/json")], &body);
    serde_json::from_str(&answer).unwrap_or_default()
}

fn call(service: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let url = format!("{}{path}", SERVER.endpoint_url());
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=test/20261124/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let mut call = http::client().request(method.parse().unwrap(), url).body(body.to_owned());
    call = call.header("authorization", authorization).header("x-amz-date", "20261124T000000Z");
    for (name, value) in headers {
        call = call.header(*name, *value);
    }
    let (status, text) = http::answer(call);
    assert!((200..300).contains(&status), "{method} {path} {body}: {text}");
    text
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
