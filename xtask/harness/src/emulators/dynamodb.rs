//! The emulators of DynamoDB that the tests of the tables run on: what holds on one of them is not proven.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::emulators::dynoxide;
use crate::emulators::process::{EmulatorProcess, Launch};
use crate::tools_cache::{self, variable};

/// Names the emulator that the tests of the tables run on; dynoxide where it is not set.
pub const DYNAMODB_EMULATOR_VARIABLE: &str = "CV_ANALYTICS_DYNAMODB_EMULATOR";

/// An emulator of DynamoDB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynamoDbEmulator {
    /// Counts capacity as AWS does (<https://crates.io/crates/dynoxide-rs>).
    Dynoxide,
    /// Gives no old item with a failed condition (<https://www.npmjs.com/package/dynalite>).
    Dynalite,
    /// With most of AWS (<https://pypi.org/project/ministack>).
    Ministack,
}

impl DynamoDbEmulator {
    /// All of them, each with its name in [`DYNAMODB_EMULATOR_VARIABLE`].
    pub const ALL: [(&'static str, Self); 3] = [
        ("dynoxide", Self::Dynoxide),
        ("dynalite", Self::Dynalite),
        ("ministack", Self::Ministack),
    ];

    /// The one that [`DYNAMODB_EMULATOR_VARIABLE`] names.
    ///
    /// # Errors
    /// Where it names another, a sentence with the names that there are.
    pub fn chosen() -> Result<Self> {
        Self::named(variable(DYNAMODB_EMULATOR_VARIABLE))
    }

    fn named(name: Option<PathBuf>) -> Result<Self> {
        let Some(name) = name else { return Ok(Self::Dynoxide) };
        let found = Self::ALL.iter().find(|(known, _)| name.as_os_str() == *known);
        let Some((_, emulator)) = found else {
            let known = Self::ALL.map(|(known, _)| known).join(", ");
            let name = name.display();
            bail!("unknown emulator {name} in {DYNAMODB_EMULATOR_VARIABLE}: expected {known}");
        };
        Ok(*emulator)
    }

    /// Starts it on a free port, without tables, and waits until it listens.
    ///
    /// # Errors
    /// Where the program is not installed, a sentence that says how to install it.
    pub fn start(self) -> Result<EmulatorProcess> {
        match self {
            Self::Dynoxide => dynoxide::start(),
            Self::Dynalite => start_dynalite(),
            Self::Ministack => start_ministack(),
        }
    }
}

fn start_dynalite() -> Result<EmulatorProcess> {
    let program = tools_cache::dynalite()?;
    EmulatorProcess::start_on_free_port(|port| {
        EmulatorProcess::start(&Launch {
            program: &program,
            // A new table is used at once.
            arguments: &["--host", "127.0.0.1", "--port", port, "--createTableMs", "0"],
            variables: &[],
            ready: "listening at: ",
        })
    })
}

fn start_ministack() -> Result<EmulatorProcess> {
    let program = tools_cache::ministack()?;
    EmulatorProcess::start_on_free_port(|port| {
        EmulatorProcess::start(&Launch {
            program: &program,
            arguments: &[],
            variables: &[
                ("BIND_HOST", "127.0.0.1"),
                ("GATEWAY_PORT", port),
                ("MINISTACK_REGION", "eu-west-2"),
            ],
            ready: "Running on ",
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emulator_is_known_by_its_name_and_any_other_name_is_an_error() {
        assert_eq!(DynamoDbEmulator::named(None).unwrap(), DynamoDbEmulator::Dynoxide);
        for (name, emulator) in DynamoDbEmulator::ALL {
            assert_eq!(DynamoDbEmulator::named(Some(name.into())).unwrap(), emulator);
        }
        let error = DynamoDbEmulator::named(Some("dynalyte".into())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown emulator dynalyte in CV_ANALYTICS_DYNAMODB_EMULATOR: \
             expected dynoxide, dynalite, ministack"
        );
    }
}
