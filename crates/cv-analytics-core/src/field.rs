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

    /// Takes a field out; one that is `null` is one that is absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.rest.remove(name).filter(|value| !value.is_null())
    }

    /// Takes the field by its own name, else by one of those that are tolerated.
    pub(crate) fn take_or(&mut self, name: &str, others: &[&str]) -> Option<Value> {
        if let Some(value) = self.take(name) {
            return Some(value);
        }
        for other in others {
            if let Some(value) = self.take(other) {
                self.tolerate(&format!("{other} for {name}"));
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
                self.tolerate(&format!("a number for the text {name}"));
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
                let number = text.trim().trim_end_matches('%').trim_end().parse::<f64>();
                let number = number.ok().filter(|number| number.is_finite());
                self.tolerate(&format!("a text for the number {name}"));
                number.ok_or_else(|| wrong_type(name, "a number", value))
            }
            other => Err(wrong_type(name, "a number", other)),
        }
    }

    /// A list of names: texts, numbers, or objects that carry `name` or `skill`; one text is
    /// split at its commas.
    pub(crate) fn names(&mut self, name: &str, value: Value) -> Result<Vec<String>, Unreadable> {
        let values = match value {
            Value::Array(values) => values,
            Value::String(text) => {
                self.tolerate(&format!("a text for the list {name}"));
                text.split(',').map(|part| Value::String(part.to_owned())).collect()
            }
            other => return Err(wrong_type(name, "a list", &other)),
        };
        let mut names = Vec::with_capacity(values.len());
        for value in values {
            let text = match value {
                Value::Object(mut fields) => {
                    self.tolerate(&format!("objects for the texts in {name}"));
                    match fields.remove("name").or_else(|| fields.remove("skill")) {
                        Some(Value::String(text)) => text,
                        _ => {
                            return Err((
                                Reason::WrongType,
                                format!("{name} holds an object without a name"),
                            ));
                        }
                    }
                }
                Value::Null => continue,
                value => self.text(name, value)?,
            };
            let text = text.trim();
            if !text.is_empty() {
                names.push(text.to_owned());
            }
        }
        Ok(names)
    }
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
