//! dynoxide, an emulator of DynamoDB that counts capacity as AWS does, as its own process.

use anyhow::Result;

use crate::emulators::process::{EmulatorProcess, free_port};
use crate::tools_cache;

/// How often another port is tried where the free one was taken meanwhile.
const MAX_ATTEMPTS: usize = 5;

/// Empty tables in memory; dropped, it is gone.
#[derive(Debug)]
pub struct DynoxideServer(EmulatorProcess);

impl DynoxideServer {
    /// Starts the server on a free port, and waits until it listens.
    ///
    /// # Errors
    /// Where the program is not installed, a sentence that says how to install it.
    pub fn start() -> Result<Self> {
        let program = tools_cache::dynoxide()?;
        let mut tries = 1;
        loop {
            let port = free_port()?.to_string();
            let arguments = ["serve", "--host", "127.0.0.1", "--port", &port];
            match EmulatorProcess::start(&program, &arguments, "listening on ") {
                Ok(process) => return Ok(Self(process)),
                Err(error) if tries == MAX_ATTEMPTS => return Err(error),
                Err(_) => tries += 1,
            }
        }
    }

    /// Host and port.
    pub fn authority(&self) -> &str {
        &self.0.authority
    }

    /// What `AWS_ENDPOINT_URL_DYNAMODB` has to say.
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.0.authority)
    }
}
