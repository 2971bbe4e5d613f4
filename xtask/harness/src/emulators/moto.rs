//! moto, an emulator of SQS, DynamoDB and SES, as its own process.

use std::ops::Deref;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::connection::Connection;
use crate::emulators::process::{EmulatorProcess, Launch};
use crate::tools_cache;

/// An account without any resource; dropped, it is gone.
#[derive(Debug)]
pub struct MotoServer(EmulatorProcess);

impl MotoServer {
    /// Starts the server on a free port, and waits until it listens.
    ///
    /// # Errors
    /// Where the program is not installed, a sentence that says how to install it.
    pub fn start() -> Result<Self> {
        let program = tools_cache::moto_server()?;
        let launch = Launch {
            program: &program,
            arguments: &["-H", "127.0.0.1", "-p", "0"],
            variables: &[],
            ready: "Running on ",
        };
        EmulatorProcess::start(&launch).map(Self)
    }

    /// The Python that moto runs in, which has botocore too.
    ///
    /// # Errors
    /// Where moto is not installed, a sentence that says how to install it.
    pub fn python() -> Result<PathBuf> {
        Ok(tools_cache::moto_server()?.with_file_name("python"))
    }

    /// The raw messages that SES was given, in their order; only verified senders may send.
    pub fn sent_mails(&self) -> Result<Vec<SentMail>> {
        let path = "/moto-api/data.json";
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.authority());
        let answer = Connection::open(self.authority())?.exchange(request.as_bytes())?;
        ensure!(answer.status == 200, "{path} was answered {}", answer.status);
        let data: Value = serde_json::from_slice(&answer.body)?;
        let sent = data.pointer("/ses/RawMessage").and_then(Value::as_array);
        sent.into_iter()
            .flatten()
            .map(|mail| {
                let raw = mail.get("raw_data").and_then(Value::as_str);
                let to = mail.get("destinations").and_then(Value::as_array).into_iter().flatten();
                let mut to: Vec<String> = to.filter_map(Value::as_str).map(str::to_owned).collect();
                // moto names those of the call and those of the message.
                to.sort();
                to.dedup();
                Ok(SentMail { to, raw: raw.context("a mail has raw data")?.to_owned() })
            })
            .collect()
    }
}

impl Deref for MotoServer {
    type Target = EmulatorProcess;

    fn deref(&self) -> &EmulatorProcess {
        &self.0
    }
}

/// A raw message that SES took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMail {
    /// Whom it goes to.
    pub to: Vec<String>,
    /// The message, with its header fields.
    pub raw: String,
}
