//! A text in which each number knows the page that it opens.

use serde::Serialize;

use crate::questions::filter::{Opens, QuestionFilter};

/// A sentence, or a part of one, in pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkedText(Vec<Piece>);

/// Words in a row that open one page, or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// The words, with the blanks around them.
    pub text: String,
    /// What they open on the dashboard.
    #[serde(skip)]
    pub opens: Option<Opens>,
    /// The link to that, where there is a dashboard.
    pub link: Option<String>,
}

impl LinkedText {
    /// A text that opens nothing.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::default().say(text)
    }

    /// A text that opens these questions.
    pub fn opening(text: impl Into<String>, opens: impl Into<Option<QuestionFilter>>) -> Self {
        Self::default().open(text, opens)
    }

    /// Goes on with words that open nothing.
    #[must_use]
    pub fn say(self, text: impl Into<String>) -> Self {
        self.open(text, None)
    }

    /// Goes on with words that open these questions.
    #[must_use]
    pub fn open(
        mut self,
        text: impl Into<String>,
        opens: impl Into<Option<QuestionFilter>>,
    ) -> Self {
        let opens = opens.into().map(Opens::from);
        self.add(Piece { text: text.into(), opens, link: None });
        self
    }

    /// Words that open nothing are one piece with those before them.
    fn add(&mut self, piece: Piece) {
        match self.0.last_mut() {
            _ if piece.text.is_empty() => {}
            Some(last) if last.opens.is_none() && piece.opens.is_none() => last.text += &piece.text,
            _ => self.0.push(piece),
        }
    }

    /// Goes on with another text.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        other.0.into_iter().for_each(|piece| self.add(piece));
        self
    }

    /// The texts with `between` between them.
    pub fn joined(texts: impl IntoIterator<Item = Self>, between: &str) -> Self {
        let mut all = Self::default();
        for (place, text) in texts.into_iter().enumerate() {
            all = if place == 0 { text } else { all.say(between).then(text) };
        }
        all
    }

    /// The texts with commas and a last "and".
    pub fn listed(mut texts: Vec<Self>) -> Self {
        let last = texts.pop().unwrap_or_default();
        if texts.is_empty() {
            return last;
        }
        Self::joined(texts, ", ").say(" and ").then(last)
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words alone; `None` where there are none.
    pub fn words(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.to_string())
    }

    /// The pieces, each with the link to what it opens.
    pub fn pieces(self, link: impl Fn(&Opens) -> Option<String>) -> Vec<Piece> {
        let linked = |piece: Piece| Piece { link: piece.opens.as_ref().and_then(&link), ..piece };
        self.0.into_iter().map(linked).collect()
    }
}

impl std::fmt::Display for LinkedText {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|piece| to.write_str(&piece.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_pieces_in_a_row() {
        let week = || QuestionFilter::of_week("2026-W47");
        let parts = [LinkedText::opening("3 fully", week()), LinkedText::plain("none")];
        let text = LinkedText::joined(parts, " · ").say(".");
        assert_eq!(text.to_string(), "3 fully · none.");
        let pieces = text.pieces(|opens| Some(opens.path()));
        let links: Vec<_> = pieces.iter().map(|piece| piece.link.as_deref()).collect();
        assert_eq!(links, [Some("/questions?week=2026-W47"), None]);
        assert_eq!(pieces.last().unwrap().text, " · none.");
    }
}
