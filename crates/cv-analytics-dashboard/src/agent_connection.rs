//! What the pages ask of a server with an intake: the agent's secrets, whether a question arrives, and
//! what was refused.

use std::future::Future;
use std::pin::Pin;

use cv_analytics_core::event::RequestId;
use cv_analytics_core::intake::refusal::Refusals;
use cv_analytics_core::store::StoreError;
use cv_analytics_core::timestamp::Timestamp;

/// How a test question went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestQuestion {
    /// Names it in the store.
    pub request_id: RequestId,
    /// Where it was sent to first, as an agent would send it, and what was wrong where it was not taken.
    pub outside: Attempt,
    /// The same by the address on this machine, where it was tried since the first failed.
    pub inside: Option<Attempt>,
}

/// A signed question and its answer, sent to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The queue's address.
    pub address: String,
    /// Why it was not taken.
    pub failure: Option<String>,
}

impl TestQuestion {
    /// Whether it is durable, by whichever address.
    pub fn is_taken(&self) -> bool {
        let taken = |attempt: &Attempt| attempt.failure.is_none();
        taken(&self.outside) || self.inside.as_ref().is_some_and(taken)
    }
}

/// A question on its way.
pub type Sending<'c> = Pin<Box<dyn Future<Output = TestQuestion> + Send + 'c>>;

/// Refused messages on their way from the store.
pub type Refused<'c> = Pin<Box<dyn Future<Output = Result<Vec<Refusals>, StoreError>> + Send + 'c>>;

/// Connects agents to the intake of this server; the program implements it.
pub trait AgentConnection: Send + Sync + 'static {
    /// The file that holds the secrets.
    fn secrets_file(&self) -> &str;

    /// Whether agents elsewhere can reach the address in the secrets.
    fn has_public_address(&self) -> bool;

    /// Names and values of what an agent needs.
    fn secrets(&self) -> [(&'static str, String); 4];

    /// Sends a question and its answer, signed like an agent's; flagged as a canary, so no figure counts them.
    fn send_test(&self) -> Sending<'_>;

    /// The messages that were refused since `moment`, one entry a reason.
    fn refused_since(&self, moment: Timestamp) -> Refused<'_>;
}
