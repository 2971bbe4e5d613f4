//! The whole pipeline under a virtual clock: workers act in random order, one call at a time.

use cv_analytics_aws::joining::promotion::{Promotion, Swept};
use cv_analytics_aws::joining::{JoinOutcome, Joining};
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_harness::seeded::Seeded;

use super::counts::Counts;
use super::queue::{Message, Queue};
use super::sweep::Sweep;
use super::tables::Request;
use super::traffic::{DAY_MS, HOUR_MS, MINUTE_MS, Traffic};
use super::worker::Worker;
use crate::join::calls::{Call, Steps};
use crate::join::events::ASKED_AT;
use crate::join::law::Bodies;

/// The most invocations at once.
const WORKERS: usize = 4;
/// Monday after [`ASKED_AT`], 09:00.
const FIRST_SWEEP: Timestamp = ASKED_AT.plus_millis(6 * DAY_MS);
/// How long it goes on after the last delivery: until every row has expired.
const AFTERWARDS_MS: i64 = 30 * DAY_MS;

/// Percent of the calls that the table refuses, makes without an answer, and after which an executor crashes or hangs.
struct Trouble {
    throttled: usize,
    lost: usize,
    crashed: usize,
    hanging: usize,
}

/// One run.
pub(super) struct Pipeline {
    pub(super) bodies: Bodies,
    random: Seeded,
    trouble: Trouble,
    pub(super) now: Timestamp,
    pub(super) traffic: Traffic,
    queue: Queue,
    pub(super) requests: Vec<Request>,
    /// By request, the events that were acknowledged.
    pub(super) acknowledged: Vec<Vec<usize>>,
    workers: Vec<Worker>,
    sweep: Option<Sweep>,
    next_sweep_at: Timestamp,
    /// The weekly sweep's attempts so far, and whether last week's all failed.
    sweep_attempts: u32,
    has_missed_sweep: bool,
    /// Requests whose tombstone is put and whose row is not yet erased.
    half_erased: Vec<usize>,
    counts: Counts,
}

/// Who acts next.
#[derive(Clone, Copy)]
enum Turn {
    Receive,
    Work(usize),
    Sweep,
    EraseRow(usize),
}

impl Pipeline {
    pub(super) fn new(seed: u64, bodies: Bodies) -> Self {
        let mut random = Seeded::new(seed);
        let traffic = Traffic::random(&mut random, bodies);
        let mut queue = Queue::default();
        let mut sendings = traffic.sendings.clone();
        sendings.sort_by_key(|&(at, ..)| at);
        for (at, request, event) in sendings {
            queue.send(at, request, event);
        }
        // Some runs are calm, some are all trouble.
        let mut percent = |most| if random.chance(30) { 0 } else { random.below(most) };
        let trouble = Trouble {
            throttled: percent(30),
            lost: percent(30),
            crashed: percent(15),
            hanging: percent(15),
        };
        Self {
            bodies,
            trouble,
            now: ASKED_AT,
            queue,
            requests: (0..traffic.requests).map(|_| Request::default()).collect(),
            acknowledged: vec![Vec::new(); traffic.requests],
            workers: Vec::new(),
            sweep: None,
            next_sweep_at: FIRST_SWEEP,
            sweep_attempts: 0,
            has_missed_sweep: false,
            half_erased: Vec::new(),
            counts: Counts::default(),
            traffic,
            random,
        }
    }

    /// Runs to the end and checks what is there.
    pub(super) fn run(mut self) -> Counts {
        let mut ends_at = None;
        loop {
            self.begin_what_is_due();
            let turns = self.turns();
            if !turns.is_empty() {
                let turn = turns[self.random.below(turns.len())];
                self.take(turn);
                self.now = self.now.plus_millis(1 + self.random.millis(40));
                continue;
            }
            let next_at = self.next_at();
            if next_at.is_none() && ends_at.is_none() {
                ends_at = Some(self.now.plus_millis(AFTERWARDS_MS));
            }
            let sweep_at = Some(self.next_sweep_at).filter(|&at| at > self.now);
            let next_at = next_at.into_iter().chain(sweep_at).min().unwrap();
            if ends_at.is_some_and(|ends_at| next_at > ends_at) {
                break;
            }
            self.wait_until(next_at);
        }
        self.check_end();
        for request in &self.requests {
            self.counts.late_reads += request.late_reads;
            self.counts.expired_rows += request.expired;
        }
        self.counts.dead_letters = self.queue.dead_letters;
        self.counts
    }

    /// Everybody who can act now.
    fn turns(&self) -> Vec<Turn> {
        let mut turns = Vec::new();
        for (place, worker) in self.workers.iter().enumerate() {
            if worker.awake_at <= self.now {
                turns.push(Turn::Work(place));
            }
        }
        if self.workers.len() < WORKERS && self.queue.has_some(self.now) {
            turns.push(Turn::Receive);
        }
        if self.sweep.as_ref().is_some_and(|sweep| sweep.awake_at <= self.now) {
            turns.push(Turn::Sweep);
        }
        turns.extend(self.half_erased.iter().map(|&request| Turn::EraseRow(request)));
        turns
    }

    /// When a worker can act again, but for the weekly sweep.
    fn next_at(&self) -> Option<Timestamp> {
        let workers = self.workers.iter().map(|worker| worker.awake_at);
        let erasures = self.traffic.erasures.iter().map(|&(at, _)| at);
        let sweep = self.sweep.iter().map(|sweep| sweep.awake_at);
        let reports = self.traffic.reports.iter().copied();
        let all = workers.chain(erasures).chain(sweep).chain(reports).chain(self.queue.moments());
        all.filter(|&at| at > self.now).min()
    }

    fn wait_until(&mut self, next_at: Timestamp) {
        let is_long = self.now.plus_millis(HOUR_MS) < next_at;
        self.now = next_at;
        // DynamoDB removes what has expired within some days.
        for request in &mut self.requests {
            if is_long && self.random.chance(50) {
                request.expire(self.now);
            }
        }
        self.check_acknowledged();
    }

    fn begin_what_is_due(&mut self) {
        let now = self.now;
        for (_, request) in self.traffic.erasures.extract_if(.., |&mut (at, _)| at <= now) {
            self.requests[request].put_tombstone(now);
            self.half_erased.push(request);
            self.counts.erased += 1;
        }
        if self.sweep.is_none() {
            let is_scheduled = self.next_sweep_at <= now;
            let is_asked_for = self.traffic.reports.iter().any(|&at| at <= now);
            self.traffic.reports.retain(|&at| at > now);
            if is_scheduled || is_asked_for {
                let requests = &mut self.requests;
                self.sweep = Some(Sweep::begin(is_scheduled, requests, now, &mut self.random));
            }
        }
    }

    fn take(&mut self, turn: Turn) {
        match turn {
            Turn::Receive => {
                let batch = self.queue.receive(self.now, &mut self.random);
                if batch.is_empty() {
                    return;
                }
                let worker = Worker::begin(&batch, &self.queue, &self.traffic, self.now);
                let is_busy = |place: usize| self.workers.iter().any(|other| other.is_on(place));
                let shared = worker.jobs.iter().filter(|job| is_busy(job.request));
                self.counts.at_once += shared.count() as u64;
                self.workers.push(worker);
            }
            Turn::Work(place) => self.work(place),
            Turn::Sweep => self.go_on_sweeping(),
            Turn::EraseRow(request) => {
                if self.random.chance(self.trouble.crashed) {
                    // Broken off: the owner begins again, later.
                    self.half_erased.retain(|&other| other != request);
                    let at = self.now.plus_millis(self.random.millis(DAY_MS));
                    self.traffic.erasures.push((at, request));
                } else {
                    self.requests[request].erase_row(self.now);
                    if !self.random.chance(self.trouble.lost) {
                        self.half_erased.retain(|&other| other != request);
                    }
                }
            }
        }
    }

    /// One call of one worker, or its end.
    fn work(&mut self, place: usize) {
        if self.random.chance(self.trouble.crashed) {
            self.counts.crashes += 1;
            self.workers.swap_remove(place);
            return;
        }
        if self.workers[place].is_done() {
            let worker = self.workers.swap_remove(place);
            for (place, disposition) in worker.end(&mut self.queue, self.now) {
                self.counts.acknowledged += 1;
                let Message { request, event, .. } = self.queue.message(place);
                if self.random.chance(self.trouble.lost) {
                    self.counts.acknowledged_in_vain += 1;
                } else {
                    self.queue.acknowledge(place);
                }
                if disposition == Disposition::Erased {
                    assert!(self.requests[request].is_erased, "nobody erased request {request}");
                }
                self.acknowledged[request].push(event);
            }
            self.check_acknowledged();
            return;
        }
        let worker = &mut self.workers[place];
        if self.random.chance(self.trouble.hanging) {
            worker.awake_at = self.now.plus_millis(hang_ms(&mut self.random));
        }
        let arrived_at = worker.arrived_at;
        let open: Vec<usize> =
            (0..worker.jobs.len()).filter(|&place| worker.jobs[place].is_open()).collect();
        let job = &mut worker.jobs[open[self.random.below(open.len())]];
        if self.traffic.outage.contains(&self.now) || self.random.chance(self.trouble.throttled) {
            self.counts.throttled += 1;
            job.fail();
            return;
        }
        self.counts.calls += 1;
        let request = &mut self.requests[job.request];
        let call = job.joining.call().unwrap();
        self.counts.feedback += u64::from(matches!(call, Call::PutFeedback(_)));
        let answer = request.make(call, arrived_at, self.now, self.bodies, &mut self.random);
        if self.random.chance(self.trouble.lost) {
            self.counts.lost_answers += 1;
            job.fail();
            return;
        }
        job.failures = 0;
        let joining = std::mem::replace(&mut job.joining, Joining::Done(JoinOutcome::Stored));
        job.joining = joining.answered(answer);
    }

    /// One call of the sweep, or its next row, or its end.
    fn go_on_sweeping(&mut self) {
        let Some(sweep) = &mut self.sweep else { return };
        if self.random.chance(self.trouble.hanging) {
            sweep.awake_at = self.now.plus_millis(hang_ms(&mut self.random));
        }
        if !self.has_missed_sweep && self.random.chance(self.trouble.crashed) {
            self.counts.crashes += 1;
            self.end_sweep(false);
            return;
        }
        let Some((place, promotion)) = sweep.current.take() else {
            if !sweep.next_row(&mut self.requests, self.now, &mut self.random) {
                self.end_sweep(true);
            }
            return;
        };
        let Some(call) = promotion.call() else {
            self.counts.promoted += u64::from(promotion == Promotion::Done(Swept::Promoted));
            self.counts.joined_by_sweep += u64::from(promotion == Promotion::Done(Swept::Joined));
            return;
        };
        if self.traffic.outage.contains(&self.now) {
            self.end_sweep(false);
            return;
        }
        if self.random.chance(self.trouble.throttled) {
            self.counts.throttled += 1;
            sweep.current = Some((place, promotion));
            return;
        }
        self.counts.calls += 1;
        let now = self.now;
        let answer = self.requests[place].make(call, now, now, self.bodies, &mut self.random);
        let promotion: Promotion = if self.random.chance(self.trouble.lost) {
            self.counts.lost_answers += 1;
            promotion
        } else {
            promotion.answered(answer)
        };
        sweep.current = Some((place, promotion));
    }

    /// A sweep that fails is tried again twice, as Lambda does; then it is due next week.
    fn end_sweep(&mut self, is_whole: bool) {
        let Some(Sweep { is_scheduled, .. }) = self.sweep.take() else { return };
        self.counts.sweeps += u64::from(is_whole);
        if !is_scheduled {
            return;
        }
        self.sweep_attempts += 1;
        if !is_whole && self.sweep_attempts < 3 {
            self.next_sweep_at = self.now.plus_millis(MINUTE_MS);
            return;
        }
        self.has_missed_sweep = !is_whole;
        self.sweep_attempts = 0;
        let since = self.now.as_millis() - FIRST_SWEEP.as_millis();
        let weeks = since.div_euclid(7 * DAY_MS) + 1;
        self.next_sweep_at = FIRST_SWEEP.plus_millis(weeks * 7 * DAY_MS);
    }
}

/// How long an executor hangs, milliseconds: often until its messages are delivered again.
fn hang_ms(random: &mut Seeded) -> i64 {
    random.millis(MINUTE_MS) + if random.chance(50) { MINUTE_MS } else { 0 }
}
