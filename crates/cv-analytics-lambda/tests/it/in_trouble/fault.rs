//! What is out of order for a while, and the calls that meet it.

use std::time::Duration;

use super::virtual_clock::elapsed;

/// What is out of order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// Nothing.
    Nothing,
    /// No call reaches the tables.
    TablesOutOfReach,
    /// Calls to the tables get no answer.
    TablesHang,
    /// The tables take one call in so many seconds, and refuse all others.
    TablesThrottled { seconds_a_call: u32 },
    /// Every invocation of the processor ends in the middle of its batch.
    ProcessorCrashes,
    /// Every invocation whose batch has a body with this word in it.
    ProcessorCrashesOn(&'static str),
    /// Lambda has no execution free for the processor.
    NoConcurrency,
    /// The event source mapping is off.
    MappingOff,
    /// Every run of the reporter ends in an error.
    ReporterFails,
    /// The rule is off.
    RuleOff,
}

/// A fault and when it is there, after the start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trouble {
    pub(super) fault: Fault,
    pub(super) from: Duration,
    pub(super) until: Duration,
}

impl Trouble {
    /// The fault that is there now.
    pub(super) fn now(&self) -> Fault {
        if (self.from..self.until).contains(&elapsed()) { self.fault } else { Fault::Nothing }
    }
}
