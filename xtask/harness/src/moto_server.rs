//! moto, an emulator of SQS, DynamoDB and SES, as a process of its own.

use anyhow::Result;

use crate::emulator_process::EmulatorProcess;
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
        let arguments = ["-H", "127.0.0.1", "-p", "0"];
        Ok(Self(EmulatorProcess::start(&program, &arguments, "Running on ")?))
    }

    /// Host and port.
    pub fn authority(&self) -> &str {
        &self.0.authority
    }

    /// What `AWS_ENDPOINT_URL` has to say.
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.0.authority)
    }
}
