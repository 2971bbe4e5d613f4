//! dynoxide, an emulator of DynamoDB that counts capacity as AWS does, as its own process.

use std::ops::Deref;

use anyhow::Result;

use crate::emulators::process::{EmulatorProcess, Launch};
use crate::tools_cache;

/// Empty tables in memory; dropped, it is gone.
#[derive(Debug)]
pub struct DynoxideServer(EmulatorProcess);

impl DynoxideServer {
    /// Starts the server on a free port, and waits until it listens.
    ///
    /// # Errors
    /// Where the program is not installed, a sentence that says how to install it.
    pub fn start() -> Result<Self> {
        start().map(Self)
    }
}

impl Deref for DynoxideServer {
    type Target = EmulatorProcess;

    fn deref(&self) -> &EmulatorProcess {
        &self.0
    }
}

pub(super) fn start() -> Result<EmulatorProcess> {
    let program = tools_cache::dynoxide()?;
    EmulatorProcess::start_on_free_port(|port| {
        EmulatorProcess::start(&Launch {
            program: &program,
            arguments: &["serve", "--host", "127.0.0.1", "--port", port],
            variables: &[],
            ready: "listening on ",
        })
    })
}
