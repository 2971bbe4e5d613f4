//! What one of our forms sent, in the way browsers encode it.

pub(crate) mod editors;
pub(crate) mod marks;

use std::borrow::Cow;

/// The field that every form of a signed-in page carries.
pub(crate) const FORM_TOKEN: &str = "form-token";

/// The fields of a form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`. Browsers send each line break as CR LF, whatever it
    /// was in the page (<https://html.spec.whatwg.org/#converting-an-entry-list-to-a-list-of-name-value-pairs>).
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(bytes);
        let own = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
            (name.into(), value.replace("\r\n", "\n"))
        };
        Self(pairs.map(own).collect())
    }

    /// The first value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a field.
    pub(crate) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_comes_back_as_it_was() {
        let form = Form::read(b"name=one%0D%0Atwo&mark=noise");
        assert_eq!(form.get("name"), Some("one\ntwo"));
        assert_eq!(form.get("mark"), Some("noise"));
    }
}
