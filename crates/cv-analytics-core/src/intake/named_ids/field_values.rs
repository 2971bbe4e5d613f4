//! The values that follow a field's name, in whatever notation.

use super::MAX_ID_BYTES;
use super::layers::unescape;

/// What a name or a value may stand between.
const QUOTES: [char; 3] = ['"', '\'', '`'];
/// What stands between a field's name and its value.
const MARKS: [&str; 5] = ["=>", ":", "=", "><![CDATA[", ">"];

/// The value that follows a field's name, or the values of a list.
pub(super) fn values(after_field: &str) -> Vec<String> {
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
