//! Steps that say what they do, how they ended and how long they took.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Runs steps one after another, and counts those that passed.
#[derive(Debug)]
pub(crate) struct Steps {
    started: Instant,
    passed: usize,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), passed: 0 }
    }

    /// Runs a step under its name.
    ///
    /// # Errors
    /// The step's own, after the closing line that counts it.
    pub(crate) fn step<T>(&mut self, name: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("\n==> {name}");
        let started = Instant::now();
        let outcome = step();
        let took = Took(started.elapsed());
        if outcome.is_ok() {
            self.passed += 1;
            println!("==> {name}: passed in {took}");
        } else {
            println!("==> {name}: FAILED after {took}");
            self.close(1);
        }
        outcome
    }

    /// Prints the closing line of steps that have all passed.
    pub(crate) fn finish(&self) {
        self.close(0);
    }

    fn close(&self, failed: usize) {
        let took = Took(self.started.elapsed());
        println!("\n{} passed, {failed} failed; {took} in all", self.passed);
    }
}

/// A duration for people.
pub(crate) struct Took(pub(crate) Duration);

impl fmt::Display for Took {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        if seconds < 60 {
            return write!(formatter, "{:.1} s", self.0.as_secs_f64());
        }
        write!(formatter, "{} min {} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn a_failed_step_keeps_its_error() {
        let mut steps = Steps::new();
        assert_eq!(steps.step("works", || Ok(1)).unwrap(), 1);
        let error = steps.step::<()>("fails", || bail!("no such tool")).unwrap_err();
        assert_eq!(error.to_string(), "no such tool");
        assert_eq!(steps.passed, 1);
    }

    #[test]
    fn durations_are_readable() {
        let check = |millis, expect: &str| {
            assert_eq!(Took(Duration::from_millis(millis)).to_string(), expect);
        };
        check(1_250, "1.2 s");
        check(59_900, "59.9 s");
        check(125_000, "2 min 5 s");
    }
}
