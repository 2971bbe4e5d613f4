//! Small numbers for sessions, so that a report holds four bytes for each mention of one.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;
use sha2::{Digest, Sha256};

/// Numbers sessions in the order in which they come.
#[derive(Debug, Default)]
pub(crate) struct SessionNumbers {
    numbers: HashMap<u128, u32, FxBuildHasher>,
}

impl SessionNumbers {
    /// The session's number, by the first 128 bits of its digest.
    pub(crate) fn number(&mut self, session: &str) -> u32 {
        let key = hashed(session).unwrap_or_else(|| {
            let digest = Sha256::digest(session.as_bytes());
            u128::from_be_bytes(digest.first_chunk::<16>().copied().unwrap_or_default())
        });
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(key).or_insert(next)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }
}

/// The usual kept form holds its 128 bits already.
fn hashed(session: &str) -> Option<u128> {
    let digits = session.strip_prefix("hashed:").filter(|digits| digits.len() == 32)?;
    u128::from_str_radix(digits, 16).ok()
}
