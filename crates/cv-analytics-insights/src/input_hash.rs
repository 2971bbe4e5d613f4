//! The digest of what a report was made from.
//!
//! It covers the interactions of the report's eight weeks, whatever order they are read in, and the
//! settings. Sessions enter as ordinals, so that two installs with other session keys agree.

use cv_analytics_core::event::MatchScore;
use cv_analytics_core::store::Observation;
use sha2::{Digest, Sha256};

/// Collects interactions; 32 bytes each.
#[derive(Debug, Default)]
pub(crate) struct InputHash {
    /// The first 128 bits of each interaction's digest, with its session's number here.
    interactions: Vec<(u128, Option<u32>)>,
    buffer: Vec<u8>,
}

impl InputHash {
    /// Adds an interaction; `session` is any number that stands for its session.
    pub(crate) fn add(&mut self, observation: &Observation, session: Option<u32>) {
        let buffer = &mut self.buffer;
        buffer.clear();
        put_text(buffer, &observation.request_id);
        buffer.push(observation.traffic as u8);
        buffer.push(
            u8::from(observation.query.is_some()) | u8::from(observation.response.is_some()) << 1,
        );
        if let Some(query) = &observation.query {
            buffer.extend_from_slice(&query.at.as_millis().to_le_bytes());
            put_text(buffer, &query.text);
        }
        if let Some(response) = &observation.response {
            buffer.extend_from_slice(&response.at.as_millis().to_le_bytes());
            buffer.push(response.match_type.map_or(255, |match_type| match_type as u8));
            buffer.push(response.outcome as u8);
            buffer.push(u8::from(response.combined));
            for number in [response.match_score.map(MatchScore::value), response.total_time_ms]
            {
                buffer.push(u8::from(number.is_some()));
                buffer.extend_from_slice(&number.unwrap_or(0.0).to_le_bytes());
            }
            for skills in [&response.matched_skills, &response.missing_skills] {
                buffer.extend_from_slice(&(skills.len() as u64).to_le_bytes());
                for skill in skills {
                    put_text(buffer, skill);
                }
            }
        }
        let digest = Sha256::digest(&*buffer);
        let half = digest.first_chunk::<16>().copied().unwrap_or_default();
        self.interactions.push((u128::from_be_bytes(half), session));
    }

    /// The digest of all of them and of `settings`, as `sha256:…`.
    pub(crate) fn finish(mut self, settings: &str, sessions: usize) -> String {
        self.interactions.sort_unstable();
        let mut ordinals: Vec<Option<u32>> = vec![None; sessions];
        let mut next = 0_u32;
        let mut hasher = Sha256::new();
        hasher.update(b"cv-analytics input 1\n");
        hasher.update((settings.len() as u64).to_le_bytes());
        hasher.update(settings);
        let mut buffer = Vec::with_capacity(20 * 1024);
        for chunk in self.interactions.chunks(1024) {
            buffer.clear();
            for (digest, session) in chunk {
                buffer.extend_from_slice(&digest.to_be_bytes());
                let ordinal =
                    session.and_then(|session| ordinals.get_mut(session as usize)).map(|slot| {
                        *slot.get_or_insert_with(|| {
                            next += 1;
                            next
                        })
                    });
                buffer.extend_from_slice(&ordinal.unwrap_or(0).to_le_bytes());
            }
            hasher.update(&buffer);
        }
        let digest = hasher.finalize();
        format!("sha256:{}", hex::encode(digest))
    }
}

fn put_text(buffer: &mut Vec<u8>, text: &str) {
    buffer.extend_from_slice(&(text.len() as u64).to_le_bytes());
    buffer.extend_from_slice(text.as_bytes());
}
