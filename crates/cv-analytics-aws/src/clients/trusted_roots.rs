//! Certificate authorities that the certificate of an endpoint has to lead to.

use std::path::{Path, PathBuf};

use aws_smithy_http_client::tls::TrustStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The five roots that Amazon Trust Services asks a trust store to have, and AWS's endpoints lead to
/// one of (<https://www.amazontrust.com/repository/>). A test holds them to Mozilla's list.
const AMAZON: &[u8] = include_bytes!("amazon_roots.pem");

/// Certificate authorities that are trusted.
#[derive(Clone, Debug)]
pub struct TrustedRoots(TrustStore);

/// The file that `AWS_CA_BUNDLE` names cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "invalid AWS_CA_BUNDLE {}: {problem}; name a PEM file with the certificates of the authorities to trust, or unset it",
    path.display()
)]
pub struct CaBundleError {
    path: PathBuf,
    problem: String,
}

impl TrustedRoots {
    /// Amazon's own, compiled in: the system's file has thirty times as many, and reading it takes a
    /// function longer than anything else at its start.
    pub fn amazon() -> Self {
        Self(TrustStore::empty().with_pem_certificate(AMAZON))
    }

    /// The system's, which may have a company's own among them.
    pub fn of_the_system() -> Self {
        Self(TrustStore::default())
    }

    /// Those in a PEM file, and no others: what `AWS_CA_BUNDLE` means
    /// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-gen-config.html>).
    ///
    /// # Errors
    /// [`CaBundleError`], where the HTTP client would panic.
    pub fn in_bundle(path: &Path) -> Result<Self, CaBundleError> {
        let failed = |problem: String| CaBundleError { path: path.to_owned(), problem };
        let pem =
            std::fs::read(path).map_err(|error| failed(format!("cannot read it ({error})")))?;
        let mut certificates = 0;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate =
                certificate.map_err(|error| failed(format!("not a PEM file ({error})")))?;
            certificates += 1;
            webpki::anchor_from_trusted_cert(&certificate).map_err(|error| {
                failed(format!("invalid certificate number {certificates} ({error})"))
            })?;
        }
        if certificates == 0 {
            return Err(failed("it contains no certificate".to_owned()));
        }
        Ok(Self(TrustStore::empty().with_pem_certificate(pem)))
    }

    /// Those that a function trusts: of `AWS_CA_BUNDLE`; else Amazon's own where every endpoint is
    /// Amazon's; else the system's.
    ///
    /// # Errors
    /// [`CaBundleError`].
    pub fn of_function(
        bundle: Option<&Path>,
        region: &str,
        has_https_endpoint_of_its_own: bool,
    ) -> Result<Self, CaBundleError> {
        match bundle {
            Some(bundle) => Self::in_bundle(bundle),
            None if has_https_endpoint_of_its_own || !leads_to_amazon(region) => {
                Ok(Self::of_the_system())
            }
            None => Ok(Self::amazon()),
        }
    }

    /// Those that the program trusts on a person's machine: of `AWS_CA_BUNDLE`, else the system's.
    ///
    /// # Errors
    /// [`CaBundleError`].
    pub fn of_program(bundle: Option<&Path>) -> Result<Self, CaBundleError> {
        bundle.map_or_else(|| Ok(Self::of_the_system()), Self::in_bundle)
    }

    pub(crate) fn into_trust_store(self) -> TrustStore {
        self.0
    }
}

/// Whether a region's endpoints lead to Amazon's roots. China and the isolated partitions are not known to.
fn leads_to_amazon(region: &str) -> bool {
    !region.starts_with("cn-") && !region.contains("-iso")
}

#[cfg(test)]
mod tests {
    use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

    use super::*;

    fn problem(content: &[u8]) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, content).unwrap();
        let text = TrustedRoots::in_bundle(file.path()).unwrap_err().to_string();
        text.replace(&file.path().display().to_string(), "FILE")
    }

    #[test]
    fn amazons_five_roots_are_in_mozillas_list() {
        let roots: Vec<_> =
            CertificateDer::pem_slice_iter(AMAZON).collect::<Result<_, _>>().unwrap();
        let of_amazon = |certificate: &CertificateDer<'_>| {
            let anchor = webpki::anchor_from_trusted_cert(certificate).unwrap();
            let subject = String::from_utf8_lossy(anchor.subject.as_ref()).into_owned();
            subject.contains("Amazon Root CA ") || subject.contains("Starfield Services Root")
        };
        let mut in_list: Vec<&[u8]> = TLS_SERVER_ROOT_CERTS
            .iter()
            .filter(|root| of_amazon(root))
            .map(AsRef::as_ref)
            .collect();
        let mut ours: Vec<&[u8]> = roots.iter().map(AsRef::as_ref).collect();
        in_list.sort_unstable();
        ours.sort_unstable();
        assert_eq!(ours.len(), 5);
        assert_eq!(ours, in_list);
    }

    #[test]
    fn a_bundle_of_several_certificates_is_taken() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, AMAZON).unwrap();
        assert!(TrustedRoots::in_bundle(file.path()).is_ok());
    }

    #[test]
    fn a_bundle_that_cannot_be_used_is_a_sentence() {
        let end = "name a PEM file with the certificates of the authorities to trust, or unset it";
        assert_eq!(
            problem(b"hello"),
            format!("invalid AWS_CA_BUNDLE FILE: it contains no certificate; {end}")
        );
        let cut = AMAZON.get(..400).unwrap();
        assert!(problem(cut).starts_with("invalid AWS_CA_BUNDLE FILE: not a PEM file ("));
        let none = b"-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        let text = problem(none);
        assert!(text.contains("invalid certificate number 1 ("), "{text}");
        let missing = TrustedRoots::in_bundle(Path::new("/no/such/file.pem")).unwrap_err();
        let text = missing.to_string();
        assert!(text.starts_with("invalid AWS_CA_BUNDLE /no/such/file.pem: cannot read it ("));
    }

    #[test]
    fn a_function_trusts_amazon_alone_where_every_endpoint_is_amazons() {
        let trusts_the_system = |region, own_endpoint| {
            let roots = TrustedRoots::of_function(None, region, own_endpoint).unwrap();
            format!("{:?}", roots.into_trust_store()).contains("enable_native_roots: true")
        };
        assert!(!trusts_the_system("eu-west-2", false));
        assert!(!trusts_the_system("us-gov-west-1", false));
        assert!(trusts_the_system("eu-west-2", true));
        assert!(trusts_the_system("cn-north-1", false));
        assert!(trusts_the_system("us-iso-east-1", false));
    }
}
