//! A front before the emulator: it answers some calls itself, as AWS would where the emulator cannot.

use std::collections::BTreeSet;
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use cv_analytics_harness::lambda::http_request::HttpRequest;

use crate::http;

/// A call that is answered here: its path, target or body holds `holds`.
struct Rule {
    holds: String,
    status: u16,
    body: String,
}

/// Hands every call on for which there is no rule.
#[derive(Clone)]
pub(crate) struct Front {
    address: String,
    rules: Arc<Mutex<Vec<Rule>>>,
    /// What was called, as IAM names it.
    called: Arc<Mutex<BTreeSet<String>>>,
}

impl Front {
    /// Stands before the emulator at `behind`, a URL, until the tests end.
    pub(crate) fn start(behind: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let front = Self { address, rules: Arc::default(), called: Arc::default() };
        let serving = front.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (serving, behind) = (serving.clone(), behind.clone());
                thread::spawn(move || serving.serve(&stream, &behind));
            }
        });
        front
    }

    /// What `AWS_ENDPOINT_URL` has to say.
    pub(crate) fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers calls that hold `holds` with this from now on.
    pub(crate) fn answer(&self, holds: &str, status: u16, body: &str) {
        let rule = Rule { holds: holds.to_owned(), status, body: body.to_owned() };
        self.rules.lock().unwrap().insert(0, rule);
    }

    /// The rights that the calls since the last look needed.
    pub(crate) fn take_called(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.called.lock().unwrap())
    }

    /// Hands those calls on again.
    pub(crate) fn forget(&self, holds: &str) {
        self.rules.lock().unwrap().retain(|rule| rule.holds != holds);
    }

    fn serve(&self, stream: &TcpStream, behind: &str) {
        let mut reader = BufReader::new(stream);
        let mut writer = stream;
        while let Ok(Some(request)) = HttpRequest::read(&mut reader) {
            self.called.lock().unwrap().insert(right(&request));
            let (status, headers, body) =
                self.by_rule(&request).unwrap_or_else(|| handed_on(&request, behind));
            let head = format!(
                "HTTP/1.1 {status} Answered\r\n{headers}Content-Length: {}\r\n\r\n",
                body.len()
            );
            if writer.write_all(&[head.as_bytes(), &body].concat()).is_err() {
                return;
            }
        }
    }

    fn by_rule(&self, request: &HttpRequest) -> Option<(u16, String, Vec<u8>)> {
        let target = request.header("x-amz-target").unwrap_or_default();
        let text = format!("{} {target} {}", request.path, String::from_utf8_lossy(&request.body));
        let rules = self.rules.lock().unwrap();
        let rule = rules.iter().find(|rule| text.contains(&rule.holds))?;
        Some((rule.status, String::new(), rule.body.clone().into_bytes()))
    }
}

/// What IAM calls the action of a request.
fn right(request: &HttpRequest) -> String {
    let scope = request.header("authorization").unwrap_or_default();
    let service = scope.split('/').nth(3).unwrap_or_default();
    let body = String::from_utf8_lossy(&request.body);
    let action = match service {
        "lambda" if request.path.contains("/concurrency") => "GetFunctionConcurrency",
        "lambda" if request.path.contains("/configuration") => "GetFunctionConfiguration",
        "lambda" if request.path.contains("/policy") => "GetPolicy",
        "lambda" if request.path.contains("/event-source-mappings") => "ListEventSourceMappings",
        "ses" if request.path.contains("/identities/") => "GetEmailIdentity",
        "ses" if request.path.ends_with("/account") => "GetAccount",
        _ => match request.header("x-amz-target") {
            Some(target) => target.rsplit('.').next().unwrap(),
            None => body.split('&').find_map(|field| field.strip_prefix("Action=")).unwrap(),
        },
    };
    let service = if service == "monitoring" { "cloudwatch" } else { service };
    format!("{service}:{}", action.trim_end_matches("Batch"))
}

fn handed_on(request: &HttpRequest, behind: &str) -> (u16, String, Vec<u8>) {
    let url = format!("{behind}{}", request.path);
    let method = request.method.parse().unwrap();
    let mut call = http::client().request(method, url).body(request.body.clone());
    for name in ["content-type", "x-amz-target", "authorization", "x-amz-date"] {
        if let Some(value) = request.header(name) {
            call = call.header(name, value);
        }
    }
    let answer = call.send().unwrap();
    let mut headers = String::new();
    for name in ["content-type", "date", "x-amzn-errortype"] {
        if let Some(value) = answer.headers().get(name) {
            headers += &format!("{name}: {}\r\n", value.to_str().unwrap());
        }
    }
    (answer.status().as_u16(), headers, answer.bytes().unwrap().into())
}
