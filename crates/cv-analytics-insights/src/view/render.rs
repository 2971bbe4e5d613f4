//! Lays a week out in one of its forms, each a template of this crate.

pub mod owner_template;

use std::borrow::Cow;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{
    AutoEscape, Environment, Error, Output, State, UndefinedBehavior, escape_formatter,
};
use serde::{Deserialize, Serialize};
use textwrap::Options;
use unicode_width::UnicodeWidthStr;

use super::week::WeekView;

/// The widest line of a text.
const TEXT_COLUMNS: usize = 78;
/// Holds two words together on one line.
const NO_BREAK: char = '\u{a0}';
const MARKDOWN: AutoEscape = AutoEscape::Custom(Cow::Borrowed("markdown"));

/// What a report looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// A document for mail clients: tables, inline styles, no scripts, nothing remote.
    Html,
    /// Plain text, at most 78 columns wide, with LF line ends.
    Text,
    /// Markdown, for notes and chats.
    Markdown,
}

impl Form {
    const fn template(self) -> &'static str {
        match self {
            Self::Html => include_str!("../../templates/report.html.j2"),
            Self::Text => include_str!("../../templates/report.txt.j2"),
            Self::Markdown => include_str!("../../templates/report.md.j2"),
        }
    }

    const fn escaping(self) -> AutoEscape {
        match self {
            Self::Html => AutoEscape::Html,
            Self::Text => AutoEscape::None,
            Self::Markdown => MARKDOWN,
        }
    }
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot fill in the report's template: {0:#}")]
pub struct RenderError(#[from] Error);

/// Writes the week in a form. Every text in it is escaped for that form.
///
/// # Errors
/// None with the templates of this crate, whatever the report holds.
pub fn render(form: Form, view: &WeekView) -> Result<String, RenderError> {
    let written = fill(form, "report", form.template(), view, None)?;
    Ok(match form {
        Form::Text => trimmed_lines(&written),
        Form::Html | Form::Markdown => written,
    })
}

/// Fills a template in as the form wants it: strictly, with every text escaped, and within `fuel` for
/// an owner's template: a unit is about one step, or 64 bytes.
pub(super) fn fill(
    form: Form,
    name: &str,
    template: &str,
    view: &WeekView,
    fuel: Option<u64>,
) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_fuel(fuel);
    environment.set_auto_escape_callback(move |_| form.escaping());
    environment.set_formatter(write_escaped);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("href", href);
    environment.add_filter("url", |address: &str| Value::from_safe_string(address.to_owned()));
    environment.add_filter("wrap", wrap);
    environment.add_filter("rule", |title: &str| "-".repeat(title.width()));
    environment.add_filter("dots", dots);
    environment.add_filter("cell", cell);
    environment.add_filter("number", number);
    let mut syntax = SyntaxConfig::builder();
    environment.set_syntax(
        syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?,
    );
    environment.template_from_named_str(name, template)?.render(Serde(view))
}

fn write_escaped(out: &mut Output, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if *state.auto_escape() != MARKDOWN {
        return escape_formatter(out, state, value);
    }
    let text = value.to_string();
    out.write_str(&if value.is_safe() { text } else { markdown(&text) }).map_err(Error::from)
}

/// Escapes text for Markdown, including what matters only at the start of a line.
fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut only_digits = true;
    for (place, character) in text.char_indices() {
        let marks = matches!(
            character,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '@' | '$' | '^'
        );
        let begins_block = place == 0 && matches!(character, '#' | '+' | '-' | '=' | ':');
        let after = text.get(place + character.len_utf8()..).unwrap_or_default();
        let ends_list_number = place > 0
            && only_digits
            && matches!(character, '.' | ')')
            && (after.is_empty() || after.starts_with(' '));
        // Chats make links of bare addresses, and those here are strangers' own.
        let begins_address = character == ':'
            && text.get(place..).is_some_and(|at| at.starts_with("://"))
            || character == '.'
                && text.get(..place).is_some_and(|to| to.to_lowercase().ends_with("www"));
        if marks || begins_block || ends_list_number || begins_address {
            escaped.push('\\');
        }
        only_digits &= character.is_ascii_digit();
        escaped.push(character);
    }
    escaped
}

/// An address for an attribute between double quotes, with its slashes left readable.
fn href(address: &str) -> Value {
    let address = address.replace('&', "&amp;").replace('"', "&quot;").replace('\'', "&#39;");
    Value::from_safe_string(address.replace('<', "&lt;").replace('>', "&gt;"))
}

/// The text in lines of at most [`TEXT_COLUMNS`], the first with `first` before it and the others
/// with `later`, which is `first` where it is not given. A word that is longer is broken. What stands
/// before is cut to a line, since an owner's template may make it as long as it likes.
fn wrap(text: &Value, first: Option<&str>, later: Option<&str>) -> String {
    let line = |text: &str| -> String { text.chars().take(TEXT_COLUMNS).collect() };
    let first = line(first.unwrap_or_default());
    let later = later.map_or_else(|| first.clone(), line);
    let options = Options::new(TEXT_COLUMNS)
        .initial_indent(&first)
        .subsequent_indent(&later)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit);
    textwrap::fill(&text.to_string(), options)
}

/// `Questions ......... `, up to a column of the line.
fn dots(name: &str, columns: usize) -> String {
    let dots = columns.min(TEXT_COLUMNS).saturating_sub(name.width() + 2);
    format!("{name} {} ", ".".repeat(dots))
}

/// The text at the left of a cell so wide; one that is too long has its own line.
fn cell(text: &str, columns: usize) -> String {
    let columns = columns.min(TEXT_COLUMNS);
    match columns.checked_sub(text.width()) {
        Some(rest) if rest > 0 => text.to_owned() + &" ".repeat(rest),
        _ => format!("{text}\n{}", " ".repeat(columns)),
    }
}

/// The text at the right of a cell so wide.
fn number(text: &Value, columns: usize) -> String {
    let text = text.to_string();
    " ".repeat(columns.min(TEXT_COLUMNS).saturating_sub(text.width())) + &text
}

fn trimmed_lines(text: &str) -> String {
    let mut trimmed = String::with_capacity(text.len());
    for line in text.lines() {
        trimmed.push_str(&line.trim_end().replace(NO_BREAK, " "));
        trimmed.push('\n');
    }
    trimmed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_shows_a_strangers_text_as_it_is() {
        for (text, expect) in [
            ("C# and C++", "C# and C++"),
            ("# not a heading", "\\# not a heading"),
            ("1. not a list", "1\\. not a list"),
            ("1.5 years", "1.5 years"),
            (
                "*bold* [link](x) <b> a|b `c` ~~d~~ @me",
                "\\*bold\\* \\[link\\](x) \\<b\\> a\\|b \\`c\\` \\~\\~d\\~\\~ \\@me",
            ),
            (
                "see https://evil.example or www.evil.example",
                "see https\\://evil.example or www\\.evil.example",
            ),
            ("16–22 November 2026", "16–22 November 2026"),
        ] {
            assert_eq!(markdown(text), expect);
        }
    }

    #[test]
    fn lines_are_at_most_78_columns_wide() {
        let text = format!("{} {}", "word ".repeat(40), "x".repeat(200));
        for line in wrap(&text.into(), Some("1. "), Some("   ")).lines() {
            assert!(line.width() <= TEXT_COLUMNS, "{line}");
        }
        assert_eq!(wrap(&"a b".into(), None, None), "a b");
        assert_eq!(dots("Questions", 14), "Questions ... ");
    }
}
