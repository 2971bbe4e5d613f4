//! One keep-alive connection over HTTP/1.1, with blocking calls.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::lambda::http_request::HttpRequest;

/// Longer than any answer that is not a fault.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to one server.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The bytes that a client of AWS JSON 1.0 reads it from.
    pub fn to_aws_client(&self) -> Vec<u8> {
        let head = format!(
            "HTTP/1.1 {} Answered\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\n\r\n",
            self.status,
            self.body.len()
        );
        [head.as_bytes(), &self.body].concat()
    }
}

impl Connection {
    /// Connects to `authority`, a host and a port.
    pub fn open(authority: &str) -> Result<Self> {
        let stream =
            TcpStream::connect(authority).with_context(|| format!("connect to {authority}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self { stream, received: Vec::new() })
    }

    /// Proxies a call of AWS JSON 1.0 to the upstream server; gives the whole answer to hand back.
    pub fn hand_on(&mut self, request: &HttpRequest) -> Result<Vec<u8>> {
        let mut call = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
        call.push_str(&format!("host: {}\r\n", self.stream.peer_addr()?));
        for name in ["content-type", "x-amz-target", "authorization", "x-amz-date"] {
            if let Some(value) = request.header(name) {
                call.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        call.push_str(&format!("content-length: {}\r\n\r\n", request.body.len()));
        let answer = self.exchange(&[call.as_bytes(), &request.body].concat())?;
        Ok(answer.to_aws_client())
    }

    /// Sends a whole request, and waits for its answer.
    pub fn exchange(&mut self, request: &[u8]) -> Result<HttpResponse> {
        self.stream.write_all(request).context("send a request")?;
        loop {
            if let Some(head) = ResponseHead::parse(&self.received)?
                && self.received.len() >= head.length()
            {
                let message: Vec<u8> = self.received.drain(..head.length()).collect();
                let body = message.get(head.head_bytes..).unwrap_or_default().to_vec();
                return Ok(HttpResponse { status: head.status, body });
            }
            let mut chunk = [0; 4096];
            let count = self.stream.read(&mut chunk).context("read an answer")?;
            if count == 0 {
                bail!("the server closed the connection before it answered");
            }
            self.received.extend_from_slice(chunk.get(..count).unwrap_or_default());
        }
    }
}

/// Where an answer ends and how it went: as much of HTTP/1.1 (RFC 9112) as this server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// The HTTP status.
    pub status: u16,
    /// Bytes of status line and headers, with the empty line.
    pub head_bytes: usize,
    /// Bytes of the body.
    pub body_bytes: usize,
}

impl ResponseHead {
    /// Reads the head at the front of `received`; `None` where it is not there in full.
    ///
    /// # Errors
    /// What is not HTTP, and a body of unknown length.
    pub fn parse(received: &[u8]) -> Result<Option<Self>> {
        let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let head = received.get(..end).unwrap_or_default();
        let mut lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix(b"HTTP/1.1 "))
            .and_then(|rest| number(rest.get(..3)?))
            .and_then(|status| u16::try_from(status).ok())
            .context("the answer is not HTTP/1.1")?;
        let body_bytes = lines
            .filter_map(|line| {
                let colon = line.iter().position(|&byte| byte == b':')?;
                let (name, value) = line.split_at(colon);
                name.eq_ignore_ascii_case(b"content-length").then(|| value.get(1..)).flatten()
            })
            .find_map(|value| number(value.trim_ascii()))
            .context("the answer has no Content-Length")?;
        Ok(Some(Self { status, head_bytes: end + 4, body_bytes }))
    }

    /// Bytes of the whole answer.
    pub fn length(&self) -> usize {
        self.head_bytes + self.body_bytes
    }
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(received: &str, expect: Option<(u16, usize, usize)>) {
        let head = ResponseHead::parse(received.as_bytes()).unwrap();
        assert_eq!(head.map(|head| (head.status, head.head_bytes, head.body_bytes)), expect);
    }

    #[test]
    fn a_head_says_where_its_answer_ends() {
        check("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", Some((200, 38, 2)));
        check("HTTP/1.1 503 Busy\r\nA: b\r\nContent-Length:  10 \r\n\r\n", Some((503, 49, 10)));
        check("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n", None);
        check("", None);
        assert!(ResponseHead::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(ResponseHead::parse(b"SSH-2.0\r\n\r\n").is_err());
    }
}
