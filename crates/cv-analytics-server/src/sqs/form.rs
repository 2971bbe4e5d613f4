//! Form-encoded parameters, read strictly: what is not well formed is refused, never fixed.

use std::borrow::Cow;

use super::error::{SqsError, shown};

/// More parameters than a batch of ten messages with ten attributes each can have.
const MAX_PARAMETERS: usize = 1_000;

/// Parameters by name, each once.
#[derive(Debug)]
pub(super) struct Form<'r> {
    sorted: Vec<(Cow<'r, str>, Cow<'r, str>)>,
}

impl<'r> Form<'r> {
    /// Reads the parameters of the URL and of the body together.
    pub(super) fn parse(query: &'r str, body: &'r [u8]) -> Result<Self, SqsError> {
        let mut sorted = Vec::with_capacity(16);
        for pair in
            query.as_bytes().split(|&byte| byte == b'&').chain(body.split(|&byte| byte == b'&'))
        {
            if pair.is_empty() {
                continue;
            }
            if sorted.len() >= MAX_PARAMETERS {
                return Err(SqsError::unreadable("The request has more than 1000 parameters."));
            }
            let middle = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
            let (name, value) = pair.split_at(middle);
            sorted.push((decoded(name)?, decoded(value.get(1..).unwrap_or_default())?));
        }
        sorted.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        let repeated = sorted.windows(2).find_map(|pair| match pair {
            [(left, _), (right, _)] if left == right => Some(left),
            _ => None,
        });
        match repeated {
            Some(name) => {
                Err(SqsError::unreadable(format!("The parameter {} is repeated.", shown(name))))
            }
            None => Ok(Self { sorted }),
        }
    }

    /// Takes the parameter's value out.
    pub(super) fn take(&mut self, name: &str) -> Option<Cow<'r, str>> {
        let index = self.sorted.binary_search_by(|(known, _)| known.as_ref().cmp(name)).ok()?;
        self.sorted.get_mut(index).map(|(_, value)| std::mem::take(value))
    }

    /// Whether any parameter's name begins so.
    pub(super) fn has_prefix(&self, prefix: &str) -> bool {
        let index = self.sorted.partition_point(|(known, _)| known.as_ref() < prefix);
        self.sorted.get(index).is_some_and(|(name, _)| name.starts_with(prefix))
    }

    /// Whether a parameter's name is `prefix.N…` with a number that is not one of 1 to `last`.
    pub(super) fn has_number_beyond(&self, prefix: &str, last: usize) -> bool {
        let index = self.sorted.partition_point(|(known, _)| known.as_ref() < prefix);
        let names = self.sorted.iter().skip(index).map_while(|(name, _)| name.strip_prefix(prefix));
        names
            .filter_map(|rest| rest.strip_prefix('.')?.split('.').next()?.parse::<usize>().ok())
            .any(|number| !(1..=last).contains(&number))
    }
}

fn decoded(encoded: &[u8]) -> Result<Cow<'_, str>, SqsError> {
    let text = if encoded.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        String::from_utf8(percent_decoded(encoded)?).ok().map(Cow::Owned)
    } else {
        std::str::from_utf8(encoded).ok().map(Cow::Borrowed)
    };
    text.ok_or_else(|| SqsError::unreadable("The request's parameters are not UTF-8."))
}

fn percent_decoded(encoded: &[u8]) -> Result<Vec<u8>, SqsError> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => match after {
                [high, low, after @ ..] => {
                    let mut byte = [0];
                    hex::decode_to_slice([*high, *low], &mut byte).map_err(|_| bad_escape())?;
                    rest = after;
                    byte[0]
                }
                _ => return Err(bad_escape()),
            },
            byte => byte,
        });
    }
    Ok(bytes)
}

fn bad_escape() -> SqsError {
    SqsError::unreadable("The request's parameters hold a % that no two hexadecimal digits follow.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &[u8], expect: Result<&str, &str>) {
        let parsed =
            Form::parse("", body).map(|mut form| form.take("a").unwrap_or_default().into_owned());
        assert_eq!(
            parsed.as_deref().map_err(|error| error.code),
            expect,
            "{}",
            body.escape_ascii()
        );
    }

    #[test]
    fn forms_are_read_strictly() {
        check(b"a=1", Ok("1"));
        check(b"b=2&a=1&c=3", Ok("1"));
        check(b"a=x+y%20z%2B", Ok("x y z+"));
        check(b"a=%7B%22k%22%3a1%7d", Ok("{\"k\":1}"));
        check(b"a=%E2%82%AC", Ok("\u{20ac}"));
        check("a=\u{20ac}".as_bytes(), Ok("\u{20ac}"));
        check(b"%61=1", Ok("1"));
        check(b"a=b=c", Ok("b=c"));
        check(b"a", Ok(""));
        check(b"a=", Ok(""));
        check(b"&&a=1&&", Ok("1"));
        check(b"a=%00", Ok("\0"));
        check(b"", Ok(""));
        check(b"a=%", Err("MalformedInput"));
        check(b"a=%4", Err("MalformedInput"));
        check(b"a=%4g", Err("MalformedInput"));
        check(b"a=%ff", Err("MalformedInput"));
        check(b"a=\xff", Err("MalformedInput"));
        check(b"a=1&a=1", Err("MalformedInput"));
        check(b"a=1&%61=2", Err("MalformedInput"));
        check("a&".repeat(2000).as_bytes(), Err("MalformedInput"));
    }

    #[test]
    fn a_parameter_may_stand_in_the_url() {
        let mut form = Form::parse("Action=SendMessage", b"a=1").unwrap();
        assert_eq!(form.take("Action").as_deref(), Some("SendMessage"));
        assert!(form.has_prefix("a") && form.has_prefix("Act") && !form.has_prefix("b"));
        assert!(Form::parse("a=1", b"a=1").is_err());
    }
}
