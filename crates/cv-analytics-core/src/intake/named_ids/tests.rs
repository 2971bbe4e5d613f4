//! In which notations an id is found, and in which it is not.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::layers::MAX_LAYERS;
use super::*;
use crate::intake::{Content, Intake};
use crate::timestamp::Timestamp;

#[track_caller]
fn check(id: &str, body: &str, expect: bool) {
    let named = NamedIds::in_message(body.as_bytes(), None);
    assert_eq!(named.any_of(&BTreeSet::from([id.to_owned()])), expect, "{body}");
}

#[test]
fn only_id_fields_of_json_name_a_letter() {
    check("1", r#"{"requestId":"1"}"#, true);
    check("1", r#"{"requestId":1}"#, true);
    check("1", r#"{"correlationId":" 1 "}"#, true);
    check("1", r#"[{"event":{"sessionId":"1"}}]"#, true);
    check("1", r#"{"requestId":"1","requestId":"2"}"#, true);
    check("1", r#""{\"requestId\":\"1\"}""#, true);
    check("1", r#"{"requestId":"11","timestamp":0,"eventType":"query","query":"1"}"#, false);
    let elsewhere = r#"{"eventType":"query","requestId":"zz","sessionId":"zzz","query":"k8s","metadata":{"attempt":1}}"#;
    check("1", elsewhere, false);
    check("zzz", elsewhere, true);
    check("1", r#"{"requestId":{"of":"1"}}"#, false);
    check("1", r#""1""#, false);
    check("1", "1", false);
}

#[test]
fn text_that_is_no_json_is_named_by_an_id_beside_its_field() {
    check("1", r#"{"requestId":"1","query":"cut o"#, true);
    check("1", "{\"query\":\"q\", \"sessionId\" :\n \"1\", nonsense", true);
    check("1", r#"{"requestId":"1"#, true);
    check("a\"b", r#"{"requestId":"a\"b","#, true);
    check("a\nb", "{\"requestId\":\"a\nb\"}", true);
    check("1", r#"{"requestId":"12","#, false);
    check("12", r#"{"requestId":"1"#, false);
    check("1", r#"{"requestId":"1 or 2"#, false);
    check("1", r#"{"requestId":"2","query":"1"#, false);
    check("1", "I have 1 question", false);
    check("1", "{1", false);
    check("", r#"{"requestId""#, false);
    check("1", "my requestId is 1", false);
}

#[test]
fn other_ways_of_writing_a_message_name_it_too() {
    check("a-1", "{'requestId': 'a-1', 'query': 'it\\'s'}", true);
    check("a-1", "requestId: a-1\nquery: Go?\n", true);
    check("a-1", "requestId: \"a-1\"", true);
    check("a-1", "query=Go&requestId=a-1&x=y", true);
    check("a 1", "sessionId=a%201", true);
    check("a-1", "<event><requestId>a-1</requestId></event>", true);
    check("a-1", "{requestId: `a-1`, query: 'Go'}", true);
    check("a-1", r#"{"requestId":"A-1"}"#, true);
    check("a-1", &BASE64_STANDARD.encode(r#"{"requestId":"a-1"}"#), true);
    check("a-1", r#"{"Request_ID":"a-1","correlation-id":["b-1"]}"#, true);
    check("b-1", r#"{"Request_ID":"a-1","correlation-id":["b-1"]}"#, true);
    check("a-1", r#"{"Type":"Notification","Message":"{\"requestId\":\"a-1\"}"}"#, true);
    check("a-1", r#""{\"requestId\":\"a-1\",\"query\":\"cut o"#, true);
    check("a-1", r#"{"requestId"=>"a-1", "query"=>"Go?"}"#, true);
    check("a-1", "<requestId><![CDATA[a-1]]></requestId>", true);
    check("a-1", "body=%7B%22requestId%22%3A%22a-1%22%7D", true);
    check("a-1", "{&quot;requestId&quot;:&quot;a-1&quot;}", true);
    check("a-1", "{“requestId”: “a-1”}", true);
    check("a-1", r#"{"requestId":["a-1"], cut"#, true);
    check("a-1", r#"{"requestId":"a-1:query"}"#, true);
    check("a-1", "requestId = a-12", false);
}
#[test]
fn a_word_that_looks_like_an_id_names_a_letter_in_any_notation() {
    check("q-1", r#"{"requestId":{"S":"q-1"},"query":{"S":"Go?"}}"#, true);
    check("S1", r#"{"eventType":"zap","session":{"id":"S1"},"q":"Go?"}"#, true);
    check("S1", r#"{"name":"sessionId","value":"S1"}"#, true);
    check("S1", "2026-11-30 12:00 asked by S1: Go?", true);
    check("S1", "S1,Go?,none", true);
    check(
        "S1",
        "--b\r\nContent-Disposition: form-data; name=\"sessionId\"\r\n\r\nS1\r\n--b--",
        true,
    );
    check("S1", r#"a:1:{s:9:"sessionId";s:2:"S1";}"#, true);
    check("a.b:1", r#"{"Key":"sessionId","Value":"a.b:1"}"#, true);
    check("q-1", "X-Request: q-1:query", true);
    check("S1", "S\x001\x00", true);
    check("S1", "who is S12?", false);
    check("question", "a question", false);
}

#[test]
fn a_message_group_names_a_letter_however_its_body_ends() {
    let letter = |group| {
        let content = Intake::for_tests().read(b"{\"query\":\"cut o", Timestamp::from_millis(0));
        let Content::DeadLetter(letter) = content.in_group(group) else { unreachable!() };
        letter
    };
    assert_eq!(letter(Some("a-1:query")).group(), Some("a-1:query"));
    for (group, names) in
        [(Some("a-1"), true), (Some("a-1:query"), true), (Some("b"), false), (None, false)]
    {
        let named = letter(group).named();
        assert_eq!(named.any_of(&BTreeSet::from(["a-1".to_owned()])), names, "{group:?}");
    }
}

const ID: &str = "Sess-039-aZ9";

fn json(id: &str) -> String {
    format!(r#"{{"eventType":"zap","requestId":"r-1","sessionId":"{id}","query":"Go???~~~"}}"#)
}

fn nested(id: &str) -> String {
    format!(r#"{{"eventType":"zap","session":{{"id":"{id}"}},"q":"Go?"}}"#)
}

fn in_json(text: &str) -> String {
    serde_json::json!({"eventType": "zap", "a": text}).to_string()
}

fn percent(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn base64(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

fn utf16(text: &str) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn escaped(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat()
}

fn lines(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(76).map(|line| line.iter().collect::<String>() + "\n").collect()
}

#[test]
fn an_id_is_found_however_a_message_was_encoded() {
    let (whole, url) = (json(ID), percent(&json(ID)));
    let twice = serde_json::json!(serde_json::json!(whole).to_string()).to_string();
    let envelope = in_json(&in_json(&in_json(&whole)));
    let found: [(&str, Vec<u8>); 53] = [
        (
            ID,
            whole
                .as_bytes()
                .split_last_chunk::<3>()
                .map(|(cut, _)| cut.to_vec())
                .unwrap_or_default(),
        ),
        (ID, format!("{{'sessionId': '{ID}', 'query': 'Go?'}}").into()),
        (ID, format!("sessionId: {ID}\nquery: Go?\n").into()),
        (ID, in_json(&format!("visitor\n{ID} asked")).into()),
        (ID, in_json(&format!("time\t{ID}\tGo?")).into()),
        (ID, format!("sessionId={ID}&q=Go").into()),
        (ID, format!("<e><sessionId>{ID}</sessionId><q>Go?</q></e>").into()),
        (ID, utf16(&whole)),
        (ID, whole.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        (ID, whole.chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect()),
        (ID, base64(&whole).into()),
        (ID, base64(&whole).trim_end_matches('=').into()),
        (ID, BASE64_URL_SAFE_NO_PAD.encode(&whole).into()),
        (ID, lines(&base64(&whole)).into()),
        (ID, in_json(&base64(&whole)).into()),
        (ID, format!("data:application/json;base64,{}", base64(&whole)).into()),
        (ID, BASE64_STANDARD.encode(utf16(&whole)).into()),
        (ID, url.clone().into()),
        (ID, percent(&format!("sessionId={ID}&q=Go")).into()),
        (ID, percent(&url).into()),
        (ID, whole.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat().into()),
        (ID, in_json(&url).into()),
        (ID, url.replace("%22", "%27").into()),
        (ID, format!("sessionId=3D{ID}&q=3DGo").into()),
        (ID, serde_json::json!(twice).to_string().into()),
        (ID, envelope.into()),
        (ID, whole.replace('"', "&#34;").into()),
        (ID, nested(&escaped(ID)).into()),
        (ID, nested(&escaped(ID)).trim_end_matches(['"', '}']).into()),
        (ID, json(&escaped(ID)).replace("sess", "s\\u0065ss").into()),
        ("ab/cd/12/ef", nested("ab\\/cd\\/12\\/ef").into()),
        ("q83vEjRWeJCr3Q==", nested("q83vEjRWeJCr3Q==").into()),
        ("a8+v/jRW+eJCr3Qw", format!("sid_x={}&q=Go", percent("a8+v/jRW+eJCr3Qw")).into()),
        ("GA1.2.12345.67890", "Visitor GA1.2.12345.67890. said Go".into()),
        ("v1.aa.bb12:7", in_json("https://x.org/chat/v1.aa.bb12:7/messages?x=Go").into()),
        ("v2.aa.bb12:7", in_json("https://x.org/?sid=v2.aa.bb12:7#topGo").into()),
        ("visitor 12 x", nested("visitor 12 x").into()),
        ("sess-039-az9", nested("SESS-039-AZ9").into()),
        ("sitzung-ü-12", r#"{"session":{"id":"sitzung-ü-12"},"q":"Go"#.into()),
        ("sitzung-ö-12", nested("sitzung-\\u00f6-12").into()),
        ("sitzung-ä-12", utf16(&json("sitzung-ä-12"))),
        (
            "sitzung-ß-12",
            json("sitzung-ß-12").chars().filter_map(|c| u8::try_from(c).ok()).collect(),
        ),
        (
            ID,
            format!("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n{ID}\r\n--b").into(),
        ),
        (ID, [b"\x82\xa1s\xac", ID.as_bytes(), b"\xa1q\xa3Go?"].concat()),
        (ID, [b"\x0a\x0c", ID.as_bytes(), b"\x12\x03Go?"].concat()),
        (ID, format!("chat_{ID}_messages Go?").into()),
        (ID, format!("user:{ID}:lang Go?").into()),
        (ID, format!("{ID}@example Go?").into()),
        (ID, in_json(&format!("x\\n{{\"a\":\"b\"}}\n{whole}")).into()),
        (ID, format!(r#"{{"a":"b\t{ID}","a":1}}"#).into()),
        (ID, format!(r#"1,"{{""requestId"":""{ID}""}}""#).into()),
        (ID, format!(r#"body: {{\"requestId\":\"{ID}\"}}"#).into()),
        (ID, format!("'log\\n{ID}\\nGo?'").into()),
    ];
    for (id, body) in found {
        let named = NamedIds::in_message(&body, None);
        let text = String::from_utf8_lossy(&body);
        assert!(named.any_of(&BTreeSet::from([id.to_owned()])), "{id} in {text}");
    }
}

#[test]
fn what_is_not_found() {
    let hex: String =
        json(ID).bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    check(ID, &hex, false);
    // Another case, too short without a digit, and the length before it, which is a digit's code.
    check(ID, &nested(&ID.to_uppercase()), false);
    check(ID, &nested(&ID.to_lowercase()), false);
    check("alicewonders", &nested("alicewonders"), false);
    check(&"s1".repeat(24), &format!("\n0{}\x12", "s1".repeat(24)), false);
    let many: String = (0..=MAX_WORDS).map(|word| format!("w{word} ")).collect::<Vec<_>>().concat();
    check(ID, &format!("{many} \"v\":\"{ID}\""), false);
}

#[test]
fn a_hostile_body_costs_a_few_times_its_length() {
    let mut deep = "a1 ".repeat(8_000);
    while deep.len() < 190_000 {
        deep = base64(&deep);
    }
    let bodies = [
        deep,
        "\\".repeat(1 << 18),
        "\"".repeat(1 << 18),
        "\\\"".repeat(1 << 17),
        "%25".repeat(87_000),
        "=3D".repeat(87_000),
        "YTEgYTIg ".repeat(29_000),
        "requestId:[\"1\",".repeat(17_000),
        "requestId:\"".repeat(23_000),
        "[".repeat(1 << 18),
    ];
    for body in bodies {
        let mut layers = Layers::of(body.as_bytes());
        let mut searched = 0;
        while let Some(text) = layers.next() {
            searched += text.len() + COST_OF_TEXT;
        }
        assert!(searched <= body.len() + limit_of(body.len()) + 4_096);
        let named = NamedIds::in_message(body.as_bytes(), None);
        assert!(named.all().count() <= 2 * MAX_WORDS + 6);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_four_layers_are_decoded(
        id in "[a-z]{2,4}[-_.:/]?[0-9]{2,4}[a-zäö]?",
        ways in prop::collection::vec(0..5, 0..=MAX_LAYERS),
    ) {
        let body = ways.iter().fold(format!("who is {id}?"), |text, way| match way {
            0 => in_json(&text),
            1 => percent(&text),
            2 => base64(&text),
            3 => BASE64_URL_SAFE_NO_PAD.encode(&text),
            _ => escaped(&text),
        });
        let named = NamedIds::in_message(body.as_bytes(), None);
        prop_assert!(named.any_of(&BTreeSet::from([id])), "{}", body);
    }

    #[test]
    fn any_bytes_are_searched(body in prop::collection::vec(any::<u8>(), 0..200)) {
        NamedIds::in_message(&body, None);
    }
}
