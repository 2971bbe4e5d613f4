//! The key from which each recipient's link for unsubscribing is made, and known again.

use cv_analytics_core::store::{KeyValueStore, StoreError};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::message::address::MailAddress;
use crate::weekly_mail::delivery_lease::recipient_digest;

/// The key of the key.
pub const LEDGER_KEY: &str = "cv-analytics:unsubscribe-key";
/// Hexadecimal digits of a recipient's digest, and as many of its code.
const CODE_HEX_DIGITS: usize = 32;

/// A secret of this installation: who has a link made with it may unsubscribe its recipient, and nothing else.
#[derive(Clone)]
pub struct UnsubscribeKey(String);

impl UnsubscribeKey {
    /// The key that is kept in `store`, else `fresh`, which is kept from now on: links in mails
    /// that were sent have to work forever.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn kept_or_made(
        store: &dyn KeyValueStore,
        fresh: impl FnOnce() -> String,
    ) -> Result<Self, StoreError> {
        if let Some(record) = store.get(LEDGER_KEY).await? {
            return Ok(Self(record.value));
        }
        store.put(LEDGER_KEY, &fresh(), None).await?;
        let kept = store.get(LEDGER_KEY).await?;
        let kept = kept.ok_or_else(|| StoreError::refused("the key of links was not kept"))?;
        Ok(Self(kept.value))
    }

    /// What stands in `recipient`'s link: 64 hexadecimal digits that tell nobody the address.
    pub fn token(&self, recipient: &MailAddress) -> String {
        let digest = recipient_digest(recipient);
        format!("{digest}{}", self.code(&digest))
    }

    /// The digest of the recipient in whose link `token` stands; `None` where it was not made with this key.
    pub fn recipient_of(&self, token: &str) -> Option<String> {
        let (digest, code) = token.split_at_checked(CODE_HEX_DIGITS)?;
        let is_made_here = self.code(digest).as_bytes().ct_eq(code.as_bytes());
        bool::from(is_made_here).then(|| digest.to_owned())
    }

    /// The first half of the HMAC-SHA256 of a recipient's digest.
    fn code(&self, digest: &str) -> String {
        // An HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()) else {
            return String::new();
        };
        mac.update(b"unsubscribe:");
        mac.update(digest.as_bytes());
        let mut code = hex::encode(mac.finalize().into_bytes());
        code.truncate(CODE_HEX_DIGITS);
        code
    }
}

impl std::fmt::Debug for UnsubscribeKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[key]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_recipient_and_no_other_key_makes_it() {
        let key = UnsubscribeKey("a".repeat(64));
        let me: MailAddress = "me@example.com".parse().unwrap();
        let token = key.token(&me);
        assert_eq!(token.len(), 64);
        assert_eq!(key.recipient_of(&token), Some(recipient_digest(&me)));
        assert_eq!(key.token(&"Me <ME@Example.com>".parse().unwrap()), token);
        assert_ne!(key.token(&"you@example.com".parse().unwrap()), token);
        assert_eq!(UnsubscribeKey("b".repeat(64)).recipient_of(&token), None);
        for end in 0..token.len() {
            assert_eq!(key.recipient_of(&token[..end]), None);
        }
        for other in
            [format!("{token}0"), token.to_uppercase(), "é".repeat(32), token.replace('a', "b")]
        {
            assert!(other == token || key.recipient_of(&other).is_none(), "{other}");
        }
    }
}
