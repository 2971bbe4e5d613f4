//! A visitor's session as a keyed hash.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::event::HASHED_PREFIX;

/// The secret key of the session hash; does not print itself.
#[derive(Clone)]
pub struct SessionKey(Vec<u8>);

impl SessionKey {
    /// Takes the key's bytes, of any length (RFC 2104).
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The hash of a session's id, as it is kept.
    pub(super) fn hash(&self, id: &str) -> String {
        let mut kept = String::with_capacity(HASHED_PREFIX.len() + 2 * HASH_BYTES);
        kept.push_str(HASHED_PREFIX);
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) {
            mac.update(id.as_bytes());
            for byte in mac.finalize().into_bytes().iter().take(HASH_BYTES) {
                for nibble in [byte >> 4, byte & 15] {
                    kept.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
                }
            }
        }
        kept
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SessionKey(…)")
    }
}

/// HMAC-SHA256 (RFC 2104, FIPS 180-4) cut to its first 128 bits.
const HASH_BYTES: usize = 16;

pub(crate) fn is_hashed(id: &str) -> bool {
    id.strip_prefix(HASHED_PREFIX).is_some_and(|digest| {
        digest.len() == 2 * HASH_BYTES
            && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}
