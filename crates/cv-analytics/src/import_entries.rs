//! What an import reads: JSON Lines, or the answer of a DynamoDB scan as the AWS CLI writes it.

use std::io::{BufRead, Read};

use anyhow::Result;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::input_lines;

/// How a scan's answer may begin: `{`, then the name of one of its parts.
const PARTS: [&[u8]; 5] =
    [b"\"Items\"", b"\"Count\"", b"\"ScannedCount\"", b"\"ConsumedCapacity\"", b"\"$metadata\""];
/// As much of the input is looked at to tell its form.
const LOOK_AHEAD: u64 = 4096;

/// The items of a scan's answer.
#[derive(Deserialize)]
struct ScanAnswer<'text> {
    #[serde(rename = "Items", borrow)]
    items: Vec<&'text RawValue>,
}

/// An entry of the input, with the number of the line on which it begins.
pub(crate) type Entry = (u64, Vec<u8>);
type Entries = Box<dyn Iterator<Item = std::io::Result<Entry>>>;

/// The entries of `input`: its lines, or the items of one or several answers of a scan, which are
/// read into memory whole.
pub(crate) fn entries(mut input: Box<dyn BufRead + Send>) -> Result<Entries> {
    let mut begin = Vec::new();
    (&mut input).take(LOOK_AHEAD).read_to_end(&mut begin)?;
    let is_scan = begins_as_scan(&begin);
    let mut input: Box<dyn BufRead + Send> = Box::new(std::io::Cursor::new(begin).chain(input));
    if !is_scan {
        return Ok(Box::new(input_lines::lines(input)));
    }
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    Ok(Box::new(items(&text)?.into_iter().map(Ok)))
}

fn begins_as_scan(begin: &[u8]) -> bool {
    let Some(rest) = begin.trim_ascii_start().strip_prefix(b"{") else { return false };
    PARTS.iter().any(|part| {
        let after = rest.trim_ascii_start().strip_prefix(*part);
        after.is_some_and(|after| after.trim_ascii_start().starts_with(b":"))
    })
}

/// The items of every answer in `text`, each with its line.
fn items(text: &[u8]) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let (mut line, mut counted) = (1_u64, 0);
    for answer in serde_json::Deserializer::from_slice(text).into_iter::<ScanAnswer<'_>>() {
        let answer = answer.map_err(|error| {
            anyhow::anyhow!(
                "the input begins as a DynamoDB scan's answer, but is none ({error}); nothing of it is kept"
            )
        })?;
        for item in answer.items {
            let item = item.get().as_bytes();
            // The item is a part of the text: where it begins is how far it lies behind its start.
            let begins = item.as_ptr().addr().saturating_sub(text.as_ptr().addr());
            let between = text.get(counted..begins).unwrap_or_default();
            line += between.split(|byte| *byte == b'\n').count().saturating_sub(1) as u64;
            counted = begins;
            entries.push((line, item.to_vec()));
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &'static str, expect: &[(u64, &str)]) {
        let read: Vec<Entry> =
            entries(Box::new(input.as_bytes())).unwrap().map(Result::unwrap).collect();
        let read: Vec<(u64, &str)> =
            read.iter().map(|(line, entry)| (*line, std::str::from_utf8(entry).unwrap())).collect();
        assert_eq!(read, expect);
    }

    #[test]
    fn lines_stay_lines_and_items_of_scans_are_taken_out_with_their_line() {
        check("{\"a\":1}\n\n{\"b\":\n", &[(1, "{\"a\":1}"), (3, "{\"b\":")]);
        check("{\n", &[(1, "{")]);
        check("{\"Items\":[{\"a\":1},{}],\"Count\":2}", &[(1, "{\"a\":1}"), (1, "{}")]);
        check(
            "{\n  \"Count\": 1,\n  \"Items\": [\n    {\"a\": 1}\n  ]\n}\n{\"Items\": [ {} ]}\n",
            &[(4, "{\"a\": 1}"), (7, "{}")],
        );
        check("{\"Item\":{}}\n{\"Item\":{}}", &[(1, "{\"Item\":{}}"), (2, "{\"Item\":{}}")]);
        check("", &[]);
    }

    #[test]
    fn a_scan_that_ends_early_is_refused_whole() {
        let refused = entries(Box::new("{\"Items\":[{}".as_bytes())).err().unwrap();
        assert!(refused.to_string().contains("nothing of it is kept"), "{refused}");
    }
}
