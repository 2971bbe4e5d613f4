//! One invocation of the processor: a batch of the queue, its requests joined at once.

use cv_analytics_aws::joining::event_batch::EventBatch;
use cv_analytics_aws::joining::{JoinOutcome, Joining};
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::timestamp::Timestamp;

use super::queue::Queue;
use super::traffic::Traffic;

/// The halves of one request on their way, or its feedback.
pub(super) struct Job {
    pub(super) request: usize,
    /// The messages that brought them.
    messages: Vec<usize>,
    gathered: EventBatch,
    pub(super) joining: Joining,
    /// Calls in a row that the table has not made or not answered.
    pub(super) failures: u32,
    has_failed: bool,
}

/// An invocation.
pub(super) struct Worker {
    pub(super) jobs: Vec<Job>,
    pub(super) arrived_at: Timestamp,
    /// Until when it hangs.
    pub(super) awake_at: Timestamp,
}

/// As often as an AWS client makes one call.
const ATTEMPTS: u32 = 3;

impl Job {
    /// Whether there is a call to make.
    pub(super) fn is_open(&self) -> bool {
        !self.has_failed && !matches!(self.joining, Joining::Done(_))
    }

    /// Notes a call that failed, or whose answer was lost.
    pub(super) fn fail(&mut self) {
        self.failures += 1;
        self.has_failed = self.failures == ATTEMPTS;
    }
}

impl Worker {
    pub(super) fn begin(
        messages: &[usize],
        queue: &Queue,
        traffic: &Traffic,
        now: Timestamp,
    ) -> Self {
        let delivered = messages.iter().map(|&place| {
            let message = queue.message(place);
            (traffic.events[message.request][message.event].clone(), (message.request, place))
        });
        let jobs = EventBatch::gather(delivered).into_iter().map(|(gathered, beside)| Job {
            request: beside[0].0,
            messages: beside.into_iter().map(|(_, place)| place).collect(),
            joining: Joining::begin(gathered.delivered().clone()),
            gathered,
            failures: 0,
            has_failed: false,
        });
        let jobs = jobs.collect();
        Self { jobs, arrived_at: now, awake_at: now }
    }

    /// Whether it works on a request.
    pub(super) fn is_on(&self, request: usize) -> bool {
        self.jobs.iter().any(|job| job.request == request && job.is_open())
    }

    /// Whether every job has ended.
    pub(super) fn is_done(&self) -> bool {
        !self.jobs.iter().any(Job::is_open)
    }

    /// Hands back what failed; the messages that may be acknowledged, and what became of each.
    pub(super) fn end(self, queue: &mut Queue, now: Timestamp) -> Vec<(usize, Disposition)> {
        let mut kept_messages = Vec::new();
        for job in self.jobs {
            if let Joining::Done(outcome) = &job.joining {
                let dispositions = job.gathered.dispositions(outcome);
                assert_eq!(dispositions.len(), job.messages.len());
                for disposition in &dispositions {
                    assert_eq!(
                        *disposition == Disposition::Erased,
                        *outcome == JoinOutcome::Erased
                    );
                }
                kept_messages.extend(job.messages.into_iter().zip(dispositions));
            } else {
                job.messages.iter().for_each(|&place| queue.hand_back(place, now));
            }
        }
        kept_messages
    }
}
