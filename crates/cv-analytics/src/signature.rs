//! Signs calls to AWS, or to a server that speaks as SQS does, by Signature Version 4.

use std::time::SystemTime;

use anyhow::Result;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SigningInstructions, SigningSettings, sign,
};
use aws_sigv4::sign::v4;

/// A call, as far as a signature covers it.
pub(crate) struct Call<'c> {
    pub(crate) service: &'c str,
    pub(crate) region: &'c str,
    pub(crate) method: &'c str,
    pub(crate) url: &'c str,
    pub(crate) headers: &'c [(&'c str, &'c str)],
    pub(crate) body: &'c str,
}

impl Call<'_> {
    /// The headers that sign this call, as of now.
    ///
    /// # Errors
    /// Where the URL or a header is invalid.
    pub(crate) fn sign(&self, credentials: Credentials) -> Result<SigningInstructions> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a signature carries the moment at which it is made"
        )]
        let time = SystemTime::now();
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(time)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let body = SignableBody::Bytes(self.body.as_bytes());
        let headers = self.headers.iter().copied();
        let signable = SignableRequest::new(self.method, self.url, headers, body)?;
        Ok(sign(signable, &parameters)?.into_parts().0)
    }
}
