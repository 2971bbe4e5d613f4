//! Finds the ids of requests and sessions in an unreadable message.

use std::collections::{BTreeSet, HashSet, VecDeque};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;

use crate::event::{RequestId, SessionId};
use crate::privacy::{Privacy, is_request, is_session};

/// What a client adds to a request's id to name one of its messages.
const HALVES: [&str; 2] = [":query", ":response"];

/// The longest name of a field that is looked at.
const MAX_FIELD_BYTES: usize = 40;
/// The longest id that is looked at.
const MAX_ID_BYTES: usize = 1_024;
/// The most words of one message that are taken for ids.
const MAX_WORDS: usize = 10_000;
/// The shortest word with a digit that is taken for one, and the shortest without.
const MIN_WORD_CHARS: usize = 2;
const MIN_LETTERS: usize = 16;
/// What a word may contain besides letters and digits, cut by cut.
const MARKS_IN_WORDS: [&str; 3] = ["-", "-_", "-_.:"];
/// What separates words, besides blanks and the equals sign, where a word may contain any other mark.
const SEPARATORS: &str = "\"'`“”,;&<>(){}[]|\\\0";
/// What a name or a value may stand between.
const QUOTES: [char; 3] = ['"', '\'', '`'];
/// What stands between a field's name and its value.
const MARKS: [&str; 5] = ["=>", ":", "=", "><![CDATA[", ">"];

/// How many times a text may be encoded.
const MAX_LAYERS: usize = 4;
/// The most that is decoded of a message: so many times its length, and a little for short ones, up to a limit.
const MAX_DECODED: usize = 4 << 20;
const DECODED_PER_BYTE: usize = 4;
const DECODED_OF_ANY: usize = 4_096;
/// What a text costs of that besides its length, so that there are not too many of them.
const COST_OF_TEXT: usize = 16;
/// The shortest word that is taken for base64.
const MIN_BASE64_CHARS: usize = 8;
/// Takes base64 with padding or without, and also if it was cut off.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The ids that a message's body may name, as written and in lower case: what its id fields hold, and every
/// word that looks like an id, since nobody knows in which notation a message comes that cannot be read. Whatever of it
/// can be decoded, as strings of JSON, base64 or percent-encoding, is searched in the same way, in up to four layers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedIds {
    in_fields: Ids,
    words: Ids,
}

/// Ids in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ids {
    in_order: Vec<String>,
    known: HashSet<String>,
}

/// Texts that are still to be searched, with the number of times that each was encoded.
struct Layers {
    texts: VecDeque<(String, usize)>,
    known: HashSet<String>,
    bytes_left: usize,
}

impl NamedIds {
    /// Looks for them in a message's body and in its message group, which is often a request's or a session's id.
    pub fn in_message(body: &[u8], group: Option<&str>) -> Self {
        let mut named = Self::default();
        if let Some(group) = group {
            named.in_fields.add(group);
        }
        let mut layers = Layers::of(body);
        while let Some((text, depth)) = layers.texts.pop_front() {
            named.look_into_fields(&text);
            named.look_into_words(&text);
            if depth < MAX_LAYERS {
                layers.decode(&text, depth + 1);
            }
        }
        named
    }

    /// Whether one of them is among `names`, so that the message goes when these are forgotten.
    pub fn any_of(&self, names: &BTreeSet<String>) -> bool {
        self.all().any(|id| names.contains(id))
    }

    /// The requests that they may be, what id fields hold before the words.
    pub fn requests(&self) -> impl Iterator<Item = RequestId> {
        self.all().filter_map(|id| RequestId::new(id.as_str()).ok())
    }

    /// The sessions that they may be, in both forms in which one may be kept.
    pub fn sessions(&self, privacy: &Privacy) -> impl Iterator<Item = SessionId> {
        self.all().flat_map(|id| {
            privacy.session(id).into_iter().chain([SessionId::from_store(id.clone())])
        })
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.in_fields.in_order.iter().chain(&self.words.in_order)
    }

    /// Every word that a value follows may be a field's name: in JSON, whole or cut off, in Python's or YAML's way of
    /// writing, in a form's, in an element's. An id in a field may be short, and contain blanks.
    fn look_into_fields(&mut self, text: &str) {
        let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        let mut rest = text;
        // Values may overlap, where a quotation mark stays open.
        let mut bytes_left =
            text.len().saturating_mul(DECODED_PER_BYTE).saturating_add(DECODED_OF_ANY);
        while let Some(start) = rest.find(is_of_name)
            && bytes_left > 0
        {
            let word = rest.get(start..).unwrap_or_default();
            let end = word.find(|letter| !is_of_name(letter)).unwrap_or(word.len());
            let (field, after) = word.split_at(end);
            if is_id(field) {
                for id in values(after) {
                    bytes_left = bytes_left.saturating_sub(id.len() + COST_OF_TEXT);
                    self.in_fields.add(&id);
                    if let Ok(decoded) = percent_decode_str(&id.replace('+', " ")).decode_utf8() {
                        self.in_fields.add(&decoded);
                    }
                }
            }
            rest = after;
        }
    }

    fn look_into_words(&mut self, text: &str) {
        if self.words.known.len() >= MAX_WORDS {
            return;
        }
        for marks in MARKS_IN_WORDS {
            text.split(|letter: char| !letter.is_alphanumeric() && !marks.contains(letter))
                .for_each(|word| self.look_at(word));
        }
        let separates = |letter: char| {
            !letter.is_alphanumeric() && (letter.is_whitespace() || SEPARATORS.contains(letter))
        };
        for word in text.split(separates) {
            self.look_at(word);
            word.split('=').for_each(|part| self.look_at(part));
            if let Some((_, value)) = word.split_once('=') {
                self.look_at(value);
            }
        }
        strings(text).for_each(|string| self.look_at(string));
    }

    fn look_at(&mut self, word: &str) {
        for word in [word, word.trim_matches(|letter: char| !letter.is_alphanumeric())] {
            if looks_like_an_id(word) && !self.words.known.contains(word) {
                self.words.add(word);
            }
        }
    }
}

impl Ids {
    /// Adds an id in each form in which it may be known.
    fn add(&mut self, id: &str) {
        if self.known.len() >= MAX_WORDS {
            return;
        }
        let trimmed = id.trim();
        let of_message = HALVES.iter().find_map(|half| trimmed.strip_suffix(half));
        let small = trimmed.to_ascii_lowercase();
        for id in [id, trimmed, of_message.unwrap_or(trimmed), &small] {
            if !id.is_empty() && !self.known.contains(id) {
                self.known.insert(id.to_owned());
                self.in_order.push(id.to_owned());
            }
        }
    }
}

impl Layers {
    fn of(body: &[u8]) -> Self {
        let bytes_left = body.len().saturating_mul(DECODED_PER_BYTE).saturating_add(DECODED_OF_ANY);
        let latin = std::str::from_utf8(body)
            .is_err()
            .then(|| body.iter().copied().map(char::from).collect::<String>());
        Self {
            texts: texts(body).chain(latin).map(|text| (text, 0)).collect(),
            known: HashSet::new(),
            bytes_left: bytes_left.min(MAX_DECODED),
        }
    }

    fn add(&mut self, text: String, depth: usize) {
        if let Some(left) = self.bytes_left.checked_sub(text.len() + COST_OF_TEXT)
            && self.known.insert(text.clone())
        {
            self.bytes_left = left;
            self.texts.push_back((text, depth));
        }
    }

    fn decode(&mut self, text: &str, depth: usize) {
        if text.contains('\\') {
            for string in strings(text).filter(|string| string.contains('\\')) {
                self.add(unescape(string), depth);
            }
            self.add(unescape(text), depth);
        }
        if has_code(text, b'%') {
            self.add(percent_decode_str(text).decode_utf8_lossy().into_owned(), depth);
        }
        if has_code(text, b'=') {
            // Quoted-printable.
            let codes = text.replace("=\r\n", "").replace("=\n", "").replace('=', "%");
            self.add(percent_decode_str(&codes).decode_utf8_lossy().into_owned(), depth);
        }
        let marks = ["&quot;", "“", "”"];
        if marks.iter().any(|mark| text.contains(mark)) {
            let plain = marks.iter().fold(text.to_owned(), |text, mark| text.replace(mark, "\""));
            self.add(plain, depth);
        }
        for marks in ["+/", "-_"] {
            let is_apart = |letter: char| {
                !letter.is_ascii_alphanumeric()
                    && !marks.contains(letter)
                    && !"\r\n".contains(letter)
            };
            for words in text.split(is_apart) {
                words.lines().for_each(|line| self.add_base64(line, depth));
                // As mails have it, in lines.
                if words.trim().contains('\n') {
                    self.add_base64(&words.replace(['\r', '\n'], ""), depth);
                }
            }
        }
    }

    fn add_base64(&mut self, word: &str, depth: usize) {
        if word.len() < MIN_BASE64_CHARS || self.bytes_left < COST_OF_TEXT {
            return;
        }
        let mut word = word.replace('-', "+").replace('_', "/");
        if word.len() % 4 == 1 {
            word.pop();
        }
        let held = BASE64.decode(&word).unwrap_or_default();
        for text in texts(&held).filter(|text| is_printable(text)) {
            self.add(text, depth);
        }
    }
}

/// What bytes say: in UTF-8, and also in UTF-16 or without zeros if there are any.
fn texts(bytes: &[u8]) -> impl Iterator<Item = String> + use<> {
    let plain = String::from_utf8_lossy(bytes).into_owned();
    let wide = plain.contains('\0').then(|| {
        let zeros_at =
            |place| bytes.iter().skip(place).step_by(2).filter(|byte| **byte == 0).count();
        let order =
            if zeros_at(1) >= zeros_at(0) { u16::from_le_bytes } else { u16::from_be_bytes };
        let (pairs, _) = bytes.as_chunks::<2>();
        String::from_utf16_lossy(&pairs.iter().map(|pair| order(*pair)).collect::<Vec<_>>())
    });
    let dense = plain.contains('\0').then(|| plain.replace('\0', ""));
    [plain].into_iter().chain(wide).chain(dense)
}

/// What stands between quotation marks, and what stands between two strings: which is which, a text that was cut off
/// at its beginning does not tell.
fn strings(text: &str) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    })
}

/// Takes back what JSON and programming languages do to a text in quotation marks.
fn unescape(text: &str) -> String {
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        units.extend(plain.encode_utf16());
        let mut letters = escape.chars();
        let letter = letters.next().unwrap_or('\\');
        let after = letters.as_str();
        let digits = match letter {
            'u' => 4,
            'x' => 2,
            _ => 0,
        };
        let code = after.get(..digits).and_then(|code| u16::from_str_radix(code, 16).ok());
        rest = if code.is_some() { after.get(digits..).unwrap_or_default() } else { after };
        let meant = match letter {
            'n' | 'r' => '\n',
            't' | 'b' | 'f' | 'v' => '\t',
            letter => letter,
        };
        match code {
            Some(code) => units.push(code),
            None => units.extend(meant.encode_utf16(&mut [0; 2]).iter()),
        }
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}

/// Whether two hexadecimal digits follow a mark somewhere.
fn has_code(text: &str, mark: u8) -> bool {
    text.as_bytes().windows(3).any(|code| {
        matches!(code, [first, high, low]
            if *first == mark && high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
    })
}

/// Whether three of four letters can be read, as they hardly can where a common word is taken for base64.
fn is_printable(text: &str) -> bool {
    let is_odd = |letter: &char| {
        *letter == char::REPLACEMENT_CHARACTER || letter.is_control() && !letter.is_whitespace()
    };
    !text.is_empty() && text.chars().filter(is_odd).count() * 4 <= text.chars().count()
}

/// Whether a word may be an id although no field says so: it has a digit, as made-up ids have, or it is long.
fn looks_like_an_id(word: &str) -> bool {
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    (if has_digit { MIN_WORD_CHARS } else { MIN_LETTERS }..=MAX_ID_BYTES).contains(&word.len())
}

/// The value that follows a field's name, or the values of a list.
fn values(after_field: &str) -> Vec<String> {
    let after_field = after_field.get(..after_field.floor_char_boundary(MAX_ID_BYTES));
    let after_field = after_field.unwrap_or_default();
    let after_field = after_field.strip_prefix(QUOTES).unwrap_or(after_field).trim_start();
    let value = MARKS.iter().find_map(|mark| after_field.strip_prefix(mark));
    let Some(value) = value.map(str::trim_start) else { return Vec::new() };
    let list = value.trim_start_matches('[');
    let (first, mut rest) = first_value(list.trim_start());
    let mut values = vec![first];
    while list.len() < value.len()
        && let Some(next) = rest.trim_start().strip_prefix(',')
    {
        let (value, after) = first_value(next.trim_start());
        values.push(value);
        rest = after;
    }
    values
}

/// A value in quotation marks, or up to where a bare one ends, and what follows. It may end with the text.
fn first_value(text: &str) -> (String, &str) {
    let Some(mark) = text.chars().next().filter(|mark| QUOTES.contains(mark)) else {
        let ends = |letter: char| letter.is_whitespace() || ",;&<}])".contains(letter);
        let (value, rest) = text.split_at(text.find(ends).unwrap_or(text.len()));
        return (value.to_owned(), rest);
    };
    let text = text.strip_prefix(mark).unwrap_or_default();
    let mut escaped = false;
    let end = text.find(|letter| {
        let closes = letter == mark && !escaped;
        escaped = letter == '\\' && !escaped;
        closes
    });
    let (value, rest) = text.split_at(end.unwrap_or(text.len()));
    (unescape(value), rest.strip_prefix(mark).unwrap_or_default())
}

fn is_id(field: &str) -> bool {
    field.len() <= MAX_FIELD_BYTES && (is_session(field) || is_request(field))
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

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
            let content =
                Intake::for_tests().read(b"{\"query\":\"cut o", Timestamp::from_millis(0));
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
            (
                ID,
                whole
                    .bytes()
                    .map(|byte| format!("%{byte:02x}"))
                    .collect::<Vec<_>>()
                    .concat()
                    .into(),
            ),
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
                format!("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n{ID}\r\n--b")
                    .into(),
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
        let many: String =
            (0..=MAX_WORDS).map(|word| format!("w{word} ")).collect::<Vec<_>>().concat();
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
            while let Some((text, depth)) = layers.texts.pop_front() {
                assert!(depth <= MAX_LAYERS);
                searched += text.len() + COST_OF_TEXT;
                if depth < MAX_LAYERS {
                    layers.decode(&text, depth + 1);
                }
            }
            assert!(searched <= (1 + DECODED_PER_BYTE) * body.len() + 2 * DECODED_OF_ANY);
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
}
