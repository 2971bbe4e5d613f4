//! A text in which each number knows the page that it opens.

use std::fmt::{Display, Formatter, Result as FormatResult};
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Serde, Value};
use serde::{Serialize, Serializer};

/// A sentence, or a part of one, in pieces.
///
/// For a template it is one object: printed it is the text; iterated it gives the pieces, each with
/// `text` and `link`; `link` of the whole is its first link. As JSON it is the list of pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkedText(Vec<Piece>);

/// Words in a row that open one page, or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// The words, with the blanks around them.
    pub text: String,
    /// The address of the page.
    pub link: Option<String>,
}

impl<T: Into<String>> From<T> for LinkedText {
    fn from(text: T) -> Self {
        Self::default().text(text)
    }
}

impl LinkedText {
    /// A text that opens the page at `link`.
    pub fn linked(text: impl Into<String>, link: Option<String>) -> Self {
        Self::default().link(text, link)
    }

    /// The sentence with the parts in the place of each `{}`.
    pub fn filled(sentence: &'static str, parts: impl IntoIterator<Item = Self>) -> Self {
        let mut words = sentence.split("{}");
        let first = Self::from(words.next().unwrap_or_default());
        words.zip(parts).fold(first, |all, (words, part)| all.append(part).text(words))
    }

    /// Goes on with words that open nothing.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.link(text, None)
    }

    /// Goes on with words that open the page at `link`.
    #[must_use]
    pub fn link(mut self, text: impl Into<String>, link: Option<String>) -> Self {
        self.push(Piece { text: text.into(), link });
        self
    }

    /// Goes on with another text.
    #[must_use]
    pub fn append(mut self, other: Self) -> Self {
        other.0.into_iter().for_each(|piece| self.push(piece));
        self
    }

    /// Words that open nothing are one piece with those before them.
    fn push(&mut self, piece: Piece) {
        match self.0.last_mut() {
            _ if piece.text.is_empty() => {}
            Some(last) if last.link.is_none() && piece.link.is_none() => last.text += &piece.text,
            _ => self.0.push(piece),
        }
    }

    /// The texts with `between` between them.
    pub fn joined(texts: impl IntoIterator<Item = Self>, between: &str) -> Self {
        let mut all = Self::default();
        for (place, text) in texts.into_iter().enumerate() {
            all = if place == 0 { text } else { all.text(between).append(text) };
        }
        all
    }

    /// The texts with commas and a last "and".
    pub fn listed(mut texts: Vec<Self>) -> Self {
        let last = texts.pop().unwrap_or_default();
        if texts.is_empty() {
            return last;
        }
        Self::filled("{} and {}", [Self::joined(texts, ", "), last])
    }

    /// Whether it has no words.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, where it has words.
    pub fn if_any(self) -> Option<Self> {
        (!self.is_empty()).then_some(self)
    }

    /// The pieces in a row.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// The page that its first linked words open.
    pub(in crate::view) fn first_link(&self) -> Option<&str> {
        self.0.iter().find_map(|piece| piece.link.as_deref())
    }
}

impl Display for LinkedText {
    fn fmt(&self, to: &mut Formatter<'_>) -> FormatResult {
        self.0.iter().try_for_each(|piece| to.write_str(&piece.text))
    }
}

impl Serialize for LinkedText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The engine takes its own values back whole; to others an object is the list of its pieces.
        Value::from_object(self.clone()).serialize(serializer)
    }
}

impl Object for LinkedText {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "link" => Some(self.first_link().into()),
            "value" => Some(self.to_string().into()),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let pieces = self.0.iter().map(|piece| Value::from(Serde(piece)));
        Enumerator::Values(pieces.collect())
    }

    fn render(self: &Arc<Self>, to: &mut Formatter<'_>) -> FormatResult {
        Display::fmt(self, to)
    }
}

#[cfg(test)]
mod tests {
    use minijinja::Environment;

    use super::*;

    #[derive(Serialize)]
    struct Row {
        text: LinkedText,
    }

    fn row() -> Row {
        let parts = [LinkedText::linked("3 <b>", Some("/a".to_owned())), "none".into()];
        Row { text: LinkedText::joined(parts, " · ").text(".") }
    }

    #[test]
    fn a_text_is_its_pieces_in_a_row() {
        let Row { text } = row();
        assert_eq!(text.to_string(), "3 <b> · none.");
        let links: Vec<_> = text.pieces().iter().map(|piece| piece.link.as_deref()).collect();
        assert_eq!(links, [Some("/a"), None]);
        assert_eq!(text.pieces().last().unwrap().text, " · none.");
    }

    #[test]
    fn a_sentence_takes_its_parts_as_they_are() {
        let part = LinkedText::linked("{} of", Some("/a".to_owned()));
        let text = LinkedText::filled("{}{}, and {}.", ["1 ".into(), part, "{}".into()]);
        assert_eq!(text.to_string(), "1 {} of, and {}.");
        assert_eq!(text.pieces().len(), 3);
    }

    #[test]
    fn a_template_prints_the_text_and_iterates_the_pieces() {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
        let source = "{{ text }}|{% for piece in text %}[{{ piece.text }}]({{ piece.link }}){% endfor %}|{{ text.link }}|{{ text is true }}{% if text %}!{% endif %}";
        let written = environment.render_str(source, Serde(row())).unwrap();
        let expect = "3 &lt;b&gt; · none.|[3 &lt;b&gt;](&#x2f;a)[ · none.](None)|&#x2f;a|False!";
        assert_eq!(written, expect);
    }

    #[test]
    fn as_json_it_is_its_pieces() {
        let json = serde_json::to_value(row()).unwrap();
        assert_eq!(json["text"][0], serde_json::json!({"text": "3 <b>", "link": "/a"}));
    }
}
