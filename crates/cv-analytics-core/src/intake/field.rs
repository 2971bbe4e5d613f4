//! Taking fields out of a JSON object, with what was tolerated written down.

use serde_json::{Map, Value};

use crate::dead_letter::Reason;

/// Why a message cannot be read: the code and a sentence without the message's free text.
pub(crate) type Unreadable = (Reason, String);

/// The fields of one event that nobody has taken yet.
pub(crate) struct Fields {
    pub(crate) rest: Map<String, Value>,
    pub(crate) tolerated: Vec<String>,
}

impl Fields {
    pub(crate) fn new(rest: Map<String, Value>) -> Self {
        Self { rest, tolerated: Vec::new() }
    }

    /// Takes an optional field out; one that is `null` or an empty text is one that is absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.rest.remove(name).filter(|value| !is_absent(value))
    }

    /// Takes an optional field whose value is `fit`; a value of another type stays among the unknown fields.
    pub(crate) fn take_fit(
        &mut self,
        name: &str,
        expected: &str,
        fit: fn(&Value) -> bool,
    ) -> Option<Value> {
        let is_unfit = |value: &Value| !is_absent(value) && !fit(value);
        if self.rest.get(name).is_some_and(is_unfit) {
            self.ignore(name, expected);
            return None;
        }
        self.take(name)
    }

    /// Notes that the value of an optional field was left where it is.
    pub(crate) fn ignore(&mut self, name: &str, expected: &str) {
        self.tolerate(&format!("ignored {name}, expected {expected}"));
    }

    /// Takes a required field by its own name, else by one of those that are tolerated; an empty text
    /// where no other is there, so that the reason for refusing it is its own.
    pub(crate) fn take_required(&mut self, name: &str, others: &[&str]) -> Option<Value> {
        let empty = self.rest.get(name).filter(|value| value.is_string()).cloned();
        self.take_or(name, others).or(empty)
    }

    /// Takes the field by its own name, else by one of those that are tolerated.
    pub(crate) fn take_or(&mut self, name: &str, others: &[&str]) -> Option<Value> {
        if let Some(value) = self.take(name) {
            return Some(value);
        }
        for other in others {
            if let Some(value) = self.take(other) {
                self.tolerate(&format!("read {other} as {name}"));
                return Some(value);
            }
        }
        None
    }

    pub(crate) fn tolerate(&mut self, what: &str) {
        if !self.tolerated.iter().any(|known| known == what) {
            self.tolerated.push(what.to_owned());
        }
    }

    /// A text, or a number or truth value written as one.
    pub(crate) fn text(&mut self, name: &str, value: Value) -> Result<String, Unreadable> {
        match value {
            Value::String(text) => Ok(text),
            Value::Number(number) => {
                self.tolerate(&format!("{name} was a number, expected text"));
                Ok(number.to_string())
            }
            other => Err(wrong_type(name, "a text", &other)),
        }
    }

    /// A number, or a text that holds one.
    pub(crate) fn number(&mut self, name: &str, value: &Value) -> Result<f64, Unreadable> {
        match value {
            Value::Number(number) => {
                number.as_f64().ok_or_else(|| wrong_type(name, "a number", value))
            }
            Value::String(text) => {
                let number = number_in(text).ok_or_else(|| wrong_type(name, "a number", value))?;
                self.tolerate(&format!("{name} was text, expected a number"));
                Ok(number)
            }
            other => Err(wrong_type(name, "a number", other)),
        }
    }

    /// A list of names: texts, numbers, or objects that carry `name` or `skill`. One text is one
    /// entry, as it came: it is read when a report is made. Only one that is too long for a name is
    /// split, so that none of its names is lost. What is not a name is left out.
    pub(crate) fn names(&mut self, name: &str, value: Value) -> Vec<String> {
        let values = match value {
            Value::Array(values) => values,
            value => {
                self.tolerate(&format!("{name} was a single value, expected a list"));
                match value {
                    Value::String(text) if text.chars().count() > NAME_MAX_CHARS => {
                        text.split(LIST_SIGNS).map(Value::from).collect()
                    }
                    value => vec![value],
                }
            }
        };
        let mut names = Vec::with_capacity(values.len().min(MAX_NAMES));
        for value in values {
            let text = match value {
                Value::String(text) => text,
                Value::Null => continue,
                Value::Number(number) => {
                    self.tolerate(&format!("{name} held a number, expected text"));
                    number.to_string()
                }
                Value::Object(mut fields) => {
                    self.tolerate(&format!("{name} held objects, expected text"));
                    let text = ["name", "skill"]
                        .iter()
                        .find_map(|key| fields.remove(*key).filter(Value::is_string));
                    let Some(Value::String(text)) = text else {
                        self.tolerate(&format!("ignored an object without a name in {name}"));
                        continue;
                    };
                    text
                }
                Value::Bool(_) | Value::Array(_) => {
                    self.tolerate(&format!("ignored a value in {name} that is not text"));
                    continue;
                }
            };
            let text = text.trim();
            if !text.is_empty() {
                names.push(text.to_owned());
            }
        }
        names
    }
}

/// The most characters of a name that are kept.
pub(crate) const NAME_MAX_CHARS: usize = 200;
/// The most names of a list that are kept.
pub(crate) const MAX_NAMES: usize = 50;
/// What parts the names of a list that came as one text.
const LIST_SIGNS: [char; 12] = [',', ';', '\n', '\r', '|', '•', '·', '‣', '◦', '、', '，', '；'];

/// Whether a value can be read as text.
pub(crate) fn is_textual(value: &Value) -> bool {
    value.is_string() || value.is_number()
}

/// Whether a value can be read as a number.
pub(crate) fn is_numeric(value: &Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|text| number_in(text).is_some())
}

/// The number that a text holds, a percent sign left out.
fn number_in(text: &str) -> Option<f64> {
    let number = text.trim().trim_end_matches('%').trim_end().parse::<f64>();
    number.ok().filter(|number| number.is_finite())
}

/// Whether a value of an optional field is none.
pub(crate) fn is_absent(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

pub(crate) fn wrong_type(name: &str, expected: &str, found: &Value) -> Unreadable {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    (Reason::WrongType, format!("{name} has to be {expected}, and is {found}"))
}
