//! One HTTP/1.1 request as a server reads it: as much of RFC 9112 as runtimes of Lambda send.

use std::io::{BufRead, Read};

use anyhow::{Context, Result, bail};

/// A request with its whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// As `POST`.
    pub method: String,
    /// As `/`, with what follows a question mark.
    pub path: String,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// Reads the next request; `None` where the connection was closed before one began.
    pub fn read(stream: &mut impl BufRead) -> Result<Option<Self>> {
        let Some(first) = line(stream)? else { return Ok(None) };
        let mut words = first.split(' ');
        let (Some(method), Some(path)) = (words.next(), words.next()) else {
            bail!("{first:?} is no request line");
        };
        let mut request = Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: headers(stream)?,
            body: Vec::new(),
        };
        if request.header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
            request.body = chunks(stream)?;
        } else if let Some(length) = request.header("content-length") {
            request.body = exactly(stream, length.parse().context("read a content length")?)?;
        }
        Ok(Some(request))
    }

    /// The value of the header `name`, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// The header fields up to the empty line, their names in lower case.
fn headers(stream: &mut impl BufRead) -> Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let line = line(stream)?.context("a request ended among its headers")?;
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line.split_once(':').context("a header has a colon")?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn chunks(stream: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let head = line(stream)?.context("a request ended before its last chunk")?;
        let digits = head.split(';').next().unwrap_or_default().trim();
        let length = usize::from_str_radix(digits, 16).context("read a chunk's length")?;
        if length == 0 {
            // Fields after the last chunk: how a stream that fails names its error.
            headers(stream)?;
            return Ok(body);
        }
        body.extend(exactly(stream, length)?);
        line(stream)?;
    }
}

fn exactly(stream: &mut impl BufRead, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).context("read a request's body")?;
    Ok(bytes)
}

/// A line without its end; `None` at the end of the stream.
fn line(stream: &mut impl BufRead) -> Result<Option<String>> {
    const MAX_HEAD_BYTES: u64 = 64 << 10;
    let mut line = String::new();
    let count =
        stream.by_ref().take(MAX_HEAD_BYTES).read_line(&mut line).context("read a request")?;
    Ok((count > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(received: &str, expect: &[(&str, &str, &str)]) {
        let mut stream = received.as_bytes();
        for &(method, path, body) in expect {
            let request = HttpRequest::read(&mut stream).unwrap().unwrap();
            assert_eq!((request.method.as_str(), request.path.as_str()), (method, path));
            assert_eq!(request.body, body.as_bytes());
        }
        assert_eq!(HttpRequest::read(&mut stream).unwrap(), None);
    }

    #[test]
    fn requests_follow_one_another_on_a_connection() {
        check("", &[]);
        check(
            "GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
            &[("GET", "/a", ""), ("POST", "/b", "{}")],
        );
    }

    #[test]
    fn a_body_may_come_in_chunks() {
        check(
            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
            &[("POST", "/a", "abcd")],
        );
    }

    #[test]
    fn a_request_that_is_cut_off_is_an_error() {
        for received in ["GET /a HTTP/1.1\r\nHost", "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{"]
        {
            assert!(HttpRequest::read(&mut received.as_bytes()).is_err());
        }
    }
}
