//! The Lambda Runtime API, as a function's runtime sees it.
//!
//! The calls are those of <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>: one
//! server for one execution environment, which has one invocation at a time.

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::lambda::http_request::HttpRequest;

const INVOCATION: &str = "/2018-06-01/runtime/invocation/";
const INIT_ERROR: &str = "/2018-06-01/runtime/init/error";

/// What the runtime gets for its `next`.
#[derive(Clone, Debug)]
pub(crate) struct NextInvocation {
    pub(crate) request_id: String,
    pub(crate) deadline_ms: u128,
    pub(crate) function_arn: String,
    pub(crate) event: Vec<u8>,
}

/// What the runtime said, and when.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) at: Instant,
    pub(crate) what: RuntimeCall,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RuntimeCall {
    /// It is ready for an invocation.
    Next,
    /// An invocation has been handed to it.
    Took,
    /// An invocation's answer.
    Response { request_id: String, body: Vec<u8> },
    /// An invocation, or the start where there is no id, failed.
    Error { request_id: Option<String>, kind: String, message: String },
}

/// A server for one execution environment.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    /// Host and port: `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) authority: String,
    pub(crate) invocations: Sender<NextInvocation>,
    pub(crate) sayings: Receiver<Said>,
    has_ended: Arc<AtomicBool>,
}

impl RuntimeApi {
    /// Serves on a free port until it is dropped.
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("listen for a runtime")?;
        let authority = listener.local_addr()?.to_string();
        let (invocations, waiting) = mpsc::channel();
        let (said, sayings) = mpsc::channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let has_ended = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&has_ended);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                let (waiting, said) = (Arc::clone(&waiting), said.clone());
                thread::spawn(move || {
                    // A runtime that closes its connection or is killed is seen by its process.
                    let _ = serve(stream, &waiting, &said);
                });
            }
        });
        Ok(Self { authority, invocations, sayings, has_ended })
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(&self.authority);
    }
}

/// Answers the requests of one connection.
fn serve(
    mut stream: TcpStream,
    waiting: &Mutex<Receiver<NextInvocation>>,
    said: &Sender<Said>,
) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(request) = HttpRequest::read(&mut reader)? {
        let at = Instant::now();
        let path = request.path.as_str();
        let call = path.strip_prefix(INVOCATION).and_then(|rest| {
            rest.split_once('/').map_or(Some((rest, "")), |(id, call)| Some((id, call)))
        });
        match (request.method.as_str(), call) {
            ("GET", Some(("next", ""))) => {
                said.send(Said { at, what: RuntimeCall::Next })?;
                let next = {
                    let waiting = waiting.lock().ok().context("no thread fails with the lock")?;
                    waiting.recv()?
                };
                said.send(Said { at: Instant::now(), what: RuntimeCall::Took })?;
                stream.write_all(&next_answer(&next))?;
            }
            ("POST", Some((id, "response"))) => {
                let what = RuntimeCall::Response { request_id: id.to_owned(), body: request.body };
                said.send(Said { at, what })?;
                stream.write_all(&answer("202 Accepted", &[], br#"{"status":"OK"}"#))?;
            }
            ("POST", Some((id, "error"))) => {
                said.send(Said { at, what: failure(&request, Some(id)) })?;
                stream.write_all(&answer("202 Accepted", &[], br#"{"status":"OK"}"#))?;
            }
            ("POST", None) if path == INIT_ERROR => {
                said.send(Said { at, what: failure(&request, None) })?;
                stream.write_all(&answer("202 Accepted", &[], br#"{"status":"OK"}"#))?;
            }
            _ => stream.write_all(&answer("404 Not Found", &[], b"{}"))?,
        }
    }
    Ok(())
}

/// What an error says of itself: in its header, or in its body.
fn failure(request: &HttpRequest, request_id: Option<&str>) -> RuntimeCall {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let header = request.header("lambda-runtime-function-error-type");
    RuntimeCall::Error {
        request_id: request_id.map(str::to_owned),
        kind: text("errorType").or(header).unwrap_or("Unknown").to_owned(),
        message: text("errorMessage").unwrap_or_default().to_owned(),
    }
}

fn next_answer(next: &NextInvocation) -> Vec<u8> {
    let deadline = next.deadline_ms.to_string();
    let headers = [
        ("Lambda-Runtime-Aws-Request-Id", next.request_id.as_str()),
        ("Lambda-Runtime-Deadline-Ms", &deadline),
        ("Lambda-Runtime-Invoked-Function-Arn", &next.function_arn),
        ("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0"),
    ];
    answer("200 OK", &headers, &next.event)
}

fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    answer.push_str("\r\n");
    [answer.as_bytes(), body].concat()
}
