//! Load from one thread over many keep-alive connections.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use cv_analytics_harness::connection::ResponseHead;
use cv_analytics_harness::seeded::Seeded;
use hdrhistogram::Histogram;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use crate::intake::signed_messages::SignedMessages;

/// How long answers may take to come in once nothing more is sent.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// When requests are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// The next on a connection once the last is answered.
    AsFastAsAnswered,
    /// At random moments (Poisson), so many a second, whether or not answers come. A request's time
    /// runs from the moment at which it was due, so that a stall counts for all who wait.
    ASecond(f64),
}

/// What came of a time of load.
pub(crate) struct Load {
    /// Requests answered with success a second.
    pub(crate) rate: f64,
    /// From a request's sending (or its due moment) to its answer, in microseconds.
    pub(crate) latency_us: Histogram<u64>,
    /// Requests answered with success, those after the time among them.
    pub(crate) answered: u32,
    /// How long it was, in truth.
    pub(crate) duration: Duration,
    /// Processor time of the server in that time, in cores.
    pub(crate) server_cores: f64,
    /// The same of this process.
    pub(crate) generator_cores: f64,
}

struct Client {
    stream: TcpStream,
    received: Vec<u8>,
    since: Instant,
    is_waiting: bool,
}

/// Connections to one server.
pub(crate) struct Generator {
    clients: Vec<Client>,
    epoll: rustix::fd::OwnedFd,
}

impl Generator {
    pub(crate) fn connect(authority: &str, connections: usize) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut clients = Vec::with_capacity(connections);
        for index in 0..connections {
            let stream = TcpStream::connect(authority)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let data = epoll::EventData::new_u64(index as u64);
            epoll::add(&epoll, &stream, data, epoll::EventFlags::IN)?;
            clients.push(Client {
                stream,
                received: Vec::with_capacity(4096),
                since: Instant::now(),
                is_waiting: false,
            });
        }
        Ok(Self { clients, epoll })
    }

    /// Sends `messages` for `duration`, or until there are none.
    ///
    /// # Errors
    /// Any answer but success: what is measured is work done.
    pub(crate) fn run(
        &mut self,
        messages: &mut SignedMessages,
        pace: Pace,
        duration: Duration,
    ) -> Result<Load> {
        let mut schedule = Schedule::new(pace, Instant::now());
        let mut idle: Vec<usize> = (0..self.clients.len()).rev().collect();
        let mut events = Vec::with_capacity(self.clients.len());
        let mut request = Vec::with_capacity(2048);
        let mut latency_us = Histogram::new(3)?;
        let mut answered = 0_u32;
        let mut answered_in_time = 0_u32;
        let started = Instant::now();
        let mut ended = started + duration;
        let mut is_over = false;
        loop {
            let now = Instant::now();
            if !is_over && now >= ended {
                is_over = true;
                answered_in_time = answered;
            }
            while !is_over
                && let Some(due) = schedule.due(now)
                && let Some(index) = idle.pop()
            {
                if !messages.next(&mut request) {
                    idle.push(index);
                    ended = now;
                    is_over = true;
                    answered_in_time = answered;
                    break;
                }
                schedule.advance();
                let client = self.clients.get_mut(index).context("an idle connection")?;
                client.send(&request, due)?;
            }
            if is_over && idle.len() == self.clients.len() {
                break;
            }
            ensure!(
                now < ended + DRAIN_TIMEOUT,
                "the server did not answer within {DRAIN_TIMEOUT:?}"
            );
            let timeout = timeout(&schedule, !is_over && !idle.is_empty(), ended);
            epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&timeout))?;
            for event in events.drain(..) {
                let index = usize::try_from(event.data.u64())?;
                let client = self.clients.get_mut(index).context("a connection")?;
                if client.receive()? {
                    let micros = u64::try_from(client.since.elapsed().as_micros())?;
                    latency_us.record(micros)?;
                    answered += 1;
                    idle.push(index);
                }
            }
        }
        let duration = ended - started;
        let rate = f64::from(answered_in_time) / duration.as_secs_f64();
        Ok(Load { rate, latency_us, answered, duration, server_cores: 0.0, generator_cores: 0.0 })
    }
}

/// Until the next request is due, or for as long as answers may take.
fn timeout(schedule: &Schedule, may_send: bool, ended: Instant) -> Timespec {
    let until = match schedule.next {
        Some(next) if may_send => next.min(ended),
        // What is still out comes in within this time, or the loop gives up.
        _ => ended.max(Instant::now()) + Duration::from_millis(10),
    };
    let wait = until.saturating_duration_since(Instant::now()).min(Duration::from_millis(100));
    Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) }
}

/// When the next request is due; `None` for at once.
struct Schedule {
    next: Option<Instant>,
    mean_gap: f64,
    seeded: Seeded,
}

impl Schedule {
    fn new(pace: Pace, now: Instant) -> Self {
        let (next, mean_gap) = match pace {
            Pace::AsFastAsAnswered => (None, 0.0),
            Pace::ASecond(rate) => (Some(now), 1.0 / rate),
        };
        Self { next, mean_gap, seeded: Seeded::new(3) }
    }

    /// The moment at which a request was due, if that has come.
    fn due(&self, now: Instant) -> Option<Instant> {
        match self.next {
            None => Some(now),
            Some(next) => (next <= now).then_some(next),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "53 of the 64 bits are enough")]
    fn advance(&mut self) {
        if let Some(next) = &mut self.next {
            let uniform = ((self.seeded.bits() >> 11) as f64 + 1.0) / 9_007_199_254_740_992.0;
            *next += Duration::from_secs_f64(-uniform.ln() * self.mean_gap);
        }
    }
}

impl Client {
    fn send(&mut self, request: &[u8], since: Instant) -> Result<()> {
        // A kilobyte into an empty socket buffer.
        let written = self.stream.write(request).context("send a request")?;
        ensure!(written == request.len(), "the socket took only a part of a request");
        self.since = since;
        self.is_waiting = true;
        Ok(())
    }

    /// Reads what is there; whether the answer is complete.
    fn receive(&mut self) -> Result<bool> {
        let mut chunk = [0; 4096];
        match self.stream.read(&mut chunk) {
            Ok(0) => bail!("the server closed a connection"),
            Ok(count) => self.received.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error).context("read an answer"),
        }
        let Some(head) = ResponseHead::parse(&self.received)? else { return Ok(false) };
        if self.received.len() < head.length() {
            return Ok(false);
        }
        ensure!(
            head.status == 200 && self.is_waiting && self.received.len() == head.length(),
            "the server answered: {}",
            String::from_utf8_lossy(&self.received)
        );
        self.received.clear();
        self.is_waiting = false;
        Ok(true)
    }
}
