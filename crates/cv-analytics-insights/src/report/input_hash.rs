//! The digest of what a report was made from.
//!
//! It covers the interactions of the report's eight weeks, whatever order they are read in, and the
//! settings. Sessions enter as ordinals, so that two installs with other session keys agree. It is
//! made on its own thread, since it takes a third as long as the counting.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use cv_analytics_core::event::{MatchScore, SessionDigest};
use cv_analytics_core::store::observation_page::{ObservationPage, PagedObservation};
use cv_analytics_core::timestamp::Timestamp;
use rustc_hash::FxBuildHasher;
use sha2::{Digest, Sha256};

use crate::report::ReportError;
use crate::settings::FigureSettings;

const WAITING_PAGES: usize = 4;

/// Digests pages of interactions on its own thread.
#[derive(Debug)]
pub(crate) struct InputDigester {
    /// `None` once all pages were added.
    pages: Option<SyncSender<Arc<ObservationPage>>>,
    digest: JoinHandle<String>,
}

impl InputDigester {
    /// Starts the thread; interactions outside `period` are passed over.
    ///
    /// # Errors
    /// [`ReportError::Settings`] where the settings cannot be written; [`ReportError::Thread`] where
    /// the system has no thread left.
    pub(crate) fn start(
        period: Range<Timestamp>,
        settings: &FigureSettings,
    ) -> Result<Self, ReportError> {
        // Excluded sessions enter with their interactions: their kept form depends on the install.
        let excluded: BTreeSet<SessionDigest> =
            settings.exclusions.sessions.iter().map(|session| SessionDigest::of(session)).collect();
        let mut settings = settings.clone();
        settings.exclusions.sessions.clear();
        let settings = settings.to_json()?;
        let (pages, waiting) = sync_channel::<Arc<ObservationPage>>(WAITING_PAGES);
        let thread = std::thread::Builder::new().name("input-digest".to_owned());
        let digest = thread.spawn(move || {
            let mut hash = InputHash::default();
            for page in waiting {
                for observation in page.iter() {
                    if observation.at().is_some_and(|at| period.contains(&at)) {
                        let excluded =
                            observation.session.is_some_and(|session| excluded.contains(&session));
                        hash.add(&observation, excluded);
                    }
                }
            }
            hash.finish(&settings)
        });
        let digest = digest.map_err(ReportError::Thread)?;
        Ok(Self { pages: Some(pages), digest })
    }

    pub(crate) fn add(&self, page: Arc<ObservationPage>) {
        // A thread that ended early shows when it is joined.
        drop(self.pages.as_ref().map(|pages| pages.send(page)));
    }

    /// Ends the pages: the digest is made while the caller goes on.
    pub(crate) fn close(&mut self) {
        self.pages = None;
    }

    /// The digest of all pages, as `sha256:…`; `None` where the thread ended early.
    pub(crate) fn finish(mut self) -> Option<String> {
        self.close();
        self.digest.join().ok()
    }
}

/// Collects interactions; 32 bytes each.
#[derive(Debug, Default)]
struct InputHash {
    /// The first 128 bits of each interaction's digest, with its session.
    interactions: Vec<(u128, Option<SessionDigest>)>,
    buffer: Vec<u8>,
}

impl InputHash {
    fn add(&mut self, observation: &PagedObservation<'_>, excluded: bool) {
        let buffer = &mut self.buffer;
        buffer.clear();
        put_text(buffer, observation.request_id);
        buffer.push(observation.traffic as u8);
        buffer.push(u8::from(excluded));
        buffer.push(
            u8::from(observation.query.is_some()) | u8::from(observation.response.is_some()) << 1,
        );
        if let Some(query) = &observation.query {
            buffer.extend_from_slice(&query.at.as_millis().to_le_bytes());
            put_text(buffer, query.text);
        }
        if let Some(response) = &observation.response {
            buffer.extend_from_slice(&response.at.as_millis().to_le_bytes());
            buffer.push(response.match_type.map_or(255, |match_type| match_type as u8));
            buffer.push(response.outcome as u8);
            buffer.push(response.match_source as u8);
            buffer.push(u8::from(response.outcome_named));
            buffer.push(response.form as u8);
            for text in [response.topic, response.reasoning] {
                buffer.push(u8::from(text.is_some()));
                put_text(buffer, text.unwrap_or_default());
            }
            for number in [response.match_score.map(MatchScore::value), response.total_time_ms] {
                buffer.push(u8::from(number.is_some()));
                buffer.extend_from_slice(&number.unwrap_or(0.0).to_le_bytes());
            }
            for skills in [&response.matched_skills, &response.missing_skills] {
                buffer.extend_from_slice(&(skills.len() as u64).to_le_bytes());
                for skill in skills.iter() {
                    put_text(buffer, skill);
                }
            }
        }
        // What earlier versions did not read comes last, and only where it is there: their hashes stay.
        if let Some(answer) = observation.response.as_ref().and_then(|response| response.answer) {
            buffer.push(b'a');
            put_text(buffer, answer);
        }
        if let Some(feedback) = &observation.feedback {
            buffer.push(b'f');
            buffer.extend_from_slice(&feedback.at.as_millis().to_le_bytes());
            buffer.push(feedback.rating as u8);
            put_text(buffer, feedback.comment.unwrap_or_default());
        }
        let digest = Sha256::digest(&*buffer);
        let half = digest.first_chunk::<16>().copied().unwrap_or_default();
        self.interactions.push((u128::from_be_bytes(half), observation.session));
    }

    fn finish(mut self, settings: &str) -> String {
        // The session plays no part in the order: its digest depends on the install's key.
        self.interactions.sort_unstable_by_key(|(digest, _)| *digest);
        let mut ordinals: HashMap<SessionDigest, u32, FxBuildHasher> = HashMap::default();
        let mut hasher = Sha256::new();
        hasher.update(b"cv-analytics input 3\n");
        hasher.update((settings.len() as u64).to_le_bytes());
        hasher.update(settings);
        let mut buffer = Vec::with_capacity(20 * 1024);
        for chunk in self.interactions.chunks(1024) {
            buffer.clear();
            for (digest, session) in chunk {
                let next = u32::try_from(ordinals.len() + 1).unwrap_or(u32::MAX);
                let ordinal = session.map(|session| *ordinals.entry(session).or_insert(next));
                buffer.extend_from_slice(&digest.to_be_bytes());
                buffer.extend_from_slice(&ordinal.unwrap_or(0).to_le_bytes());
            }
            hasher.update(&buffer);
        }
        format!("sha256:{}", hex::encode(hasher.finalize()))
    }
}

fn put_text(buffer: &mut Vec<u8>, text: &str) {
    buffer.extend_from_slice(&(text.len() as u64).to_le_bytes());
    buffer.extend_from_slice(text.as_bytes());
}
