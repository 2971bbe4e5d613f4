//! How much of a report a form shows.

use serde::Serialize;

use super::text::more;

/// The shown entries of a list, and how many others there are.
#[derive(Clone, Debug, Serialize)]
pub struct Listing<T> {
    /// The entries.
    pub shown: Vec<T>,
    /// `and 2 more skills`.
    pub more: Option<String>,
}

impl<T> Listing<T> {
    /// The first entries, and how many others there are of what has these two names.
    pub(super) fn of<E>(
        entries: impl IntoIterator<Item = E>,
        limit: usize,
        names: (&str, &str),
        view: impl FnMut(E) -> T,
    ) -> Self {
        let mut entries = entries.into_iter();
        let shown = entries.by_ref().take(limit).map(view).collect();
        Self { shown, more: more(entries.count(), names) }
    }
}

/// Entries of each list, and columns of each text, that a view holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Things to do.
    pub actions: usize,
    /// Names that moved.
    pub moved: usize,
    /// Skills, and topics.
    pub names: usize,
    /// Skills of the owner's CV list.
    pub own_names: usize,
    /// Skills and topics with a gap.
    pub gaps: usize,
    /// Questions of a gap.
    pub examples: usize,
    /// Skills that are named beside a gap.
    pub related: usize,
    /// Gaps that the owner closes.
    pub tracked: usize,
    /// Rows of words, and words of a row.
    pub vocabulary: (usize, usize),
    /// Scores that disagree with how their questions ended.
    pub disagreements: usize,
    /// Comments of visitors.
    pub comments: usize,
    /// Columns of a name.
    pub name_columns: usize,
    /// Columns of a word.
    pub word_columns: usize,
    /// Columns of a question.
    pub question_columns: usize,
    /// Columns of a reason.
    pub reason_columns: usize,
    /// Columns of an answer beside a question; 0 where answers are not shown.
    pub answer_columns: usize,
}

impl Limits {
    /// What a person reads in a few minutes, under the size at which mail programs cut off.
    pub const MAIL: Self = Self {
        actions: 5,
        moved: 5,
        names: 15,
        own_names: 15,
        gaps: 8,
        examples: 3,
        related: 3,
        tracked: 6,
        vocabulary: (8, 4),
        disagreements: 3,
        comments: 3,
        name_columns: 48,
        word_columns: 28,
        question_columns: 140,
        reason_columns: 200,
        answer_columns: 0,
    };

    /// What a page shows: a hundred rows of each list, which lead to the others.
    pub const PAGE: Self = Self {
        actions: 100,
        moved: 100,
        names: 100,
        gaps: 100,
        vocabulary: (100, 12),
        ..Self::ALL
    };

    /// Everything that a report has.
    pub const ALL: Self = Self {
        actions: usize::MAX,
        moved: usize::MAX,
        names: usize::MAX,
        own_names: usize::MAX,
        gaps: usize::MAX,
        examples: usize::MAX,
        related: 5,
        tracked: usize::MAX,
        vocabulary: (usize::MAX, 12),
        disagreements: usize::MAX,
        comments: usize::MAX,
        name_columns: 80,
        word_columns: 40,
        question_columns: 300,
        reason_columns: 300,
        answer_columns: 300,
    };
}
