//! How AWS is reached from a function: region, credentials and endpoints out of its environment,
//! one light HTTP client for all services.
//!
//! Not `aws-config`: a function's credentials are always in three variables, and the chain that
//! finds them elsewhere costs megabytes and milliseconds of every start.

pub(crate) mod sdk_failure;
pub mod trusted_roots;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use cv_analytics_core::loopback::is_loopback;

use crate::clients::trusted_roots::{CaBundleError, TrustedRoots};

/// The SDK's behaviour that this product was tested with.
pub fn behavior_version() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// A call may take as long as this, its repetitions included. What marks a mail as being sent relies on it.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(20);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(6);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A variable of the function's environment is missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("missing variable {0}: it comes with the function's configuration")]
pub struct MissingVariable(pub &'static str);

/// The function's environment cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// A variable is missing.
    #[error(transparent)]
    Missing(#[from] MissingVariable),
    /// `AWS_CA_BUNDLE` names no certificates.
    #[error(transparent)]
    CaBundle(#[from] CaBundleError),
}

/// An HTTP client with rustls on ring, that trusts `roots`; connects when it is first used.
///
/// One connector for all services, made once: the SDK's own client makes one for each service client
/// and another for the first call, and reads the roots each time.
pub fn http_client(roots: TrustedRoots) -> SharedHttpClient {
    let connector = http_connector(roots);
    http_client_fn(move |_, _| connector.clone())
}

/// The connector behind [`http_client`], for calls without an SDK; the environment's proxy is used only for other
/// machines.
#[expect(
    clippy::disallowed_methods,
    reason = "the proxy is the environment's, where the HTTP client reads it too"
)]
pub fn http_connector(roots: TrustedRoots) -> SharedHttpConnector {
    let is_set = |name: &str| {
        let set = |name: String| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        set(name.to_owned()) || set(name.to_lowercase())
    };
    if !["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].into_iter().any(is_set) {
        return connector(roots, ProxyConfig::disabled());
    }
    SharedHttpConnector::new(ByHost {
        here: connector(roots.clone(), ProxyConfig::disabled()),
        elsewhere: connector(roots, ProxyConfig::from_env()),
    })
}

fn connector(roots: TrustedRoots, proxy: ProxyConfig) -> SharedHttpConnector {
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build();
    let builder = Connector::builder()
        .connector_settings(settings)
        .proxy_config(proxy)
        .tls_provider(Provider::Rustls(CryptoMode::Ring));
    let connector = match TlsContext::builder().with_trust_store(roots.into_trust_store()).build() {
        Ok(context) => builder.tls_context(context).build(),
        // It never fails so far; with the system's roots then, rather than not at all.
        Err(_) => builder.build(),
    };
    SharedHttpConnector::new(connector)
}

/// One connector for this machine's loopback addresses, and one for all others.
#[derive(Debug)]
struct ByHost {
    here: SharedHttpConnector,
    elsewhere: SharedHttpConnector,
}

impl HttpConnector for ByHost {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let url = request.uri().parse::<http::Uri>().unwrap_or_default();
        let is_here = url.host().is_some_and(is_loopback);
        if is_here { self.here.call(request) } else { self.elsewhere.call(request) }
    }
}

/// How long calls may take, wherever they are made.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT)
        .build()
}

/// The configuration of every client, out of the variables that AWS sets for a function and the
/// SDKs' own `AWS_ENDPOINT_URL…`.
///
/// # Errors
/// [`EnvironmentError`].
pub fn function_config(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<SdkConfig, EnvironmentError> {
    let required = |name: &'static str| variable(name).ok_or(MissingVariable(name));
    let credentials = Credentials::new(
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        variable("AWS_SESSION_TOKEN"),
        None,
        "the function's environment",
    );
    let region = required("AWS_REGION")?;
    let endpoints = ServiceEndpoints::read(&variable);
    let endpoint = variable("AWS_ENDPOINT_URL");
    let has_https_endpoint = endpoint.iter().chain(endpoints.0.values()).any(|url| is_https(url));
    let bundle = variable("AWS_CA_BUNDLE").map(PathBuf::from);
    let roots = TrustedRoots::of_function(bundle.as_deref(), &region, has_https_endpoint)?;
    let config = SdkConfig::builder()
        .behavior_version(behavior_version())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client(roots))
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts())
        .service_config(endpoints);
    Ok(match endpoint {
        Some(endpoint) => config.endpoint_url(endpoint).build(),
        None => config.build(),
    })
}

fn is_https(url: &str) -> bool {
    url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

/// `AWS_ENDPOINT_URL_DYNAMODB` and its like
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>).
#[derive(Clone, Debug)]
struct ServiceEndpoints(Arc<HashMap<&'static str, String>>);

impl ServiceEndpoints {
    const SERVICES: [(&'static str, &'static str); 3] = [
        ("DynamoDB", "AWS_ENDPOINT_URL_DYNAMODB"),
        ("SQS", "AWS_ENDPOINT_URL_SQS"),
        ("SESv2", "AWS_ENDPOINT_URL_SESV2"),
    ];

    fn read(variable: &impl Fn(&str) -> Option<String>) -> Self {
        let set = Self::SERVICES.into_iter().filter_map(|(id, name)| Some((id, variable(name)?)));
        Self(Arc::new(set.collect()))
    }
}

impl LoadServiceConfig for ServiceEndpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        (key.env() == "AWS_ENDPOINT_URL").then(|| self.0.get(key.service_id()).cloned())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let error = function_config(|name| (name != "AWS_REGION").then(String::new)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "missing variable AWS_REGION: it comes with the function's configuration"
        );
    }

    #[test]
    fn a_bundle_that_is_not_there_keeps_the_function_from_starting() {
        let error = function_config(|name| {
            Some(if name == "AWS_CA_BUNDLE" { "/no/such/bundle.pem" } else { "x" }.to_owned())
        });
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("invalid AWS_CA_BUNDLE /no/such/bundle.pem: "), "{error}");
    }

    #[test]
    fn an_endpoint_of_one_service_wins_over_that_of_all() {
        let config = function_config(|name| match name {
            "AWS_ENDPOINT_URL" => Some("http://localhost:1".to_owned()),
            "AWS_ENDPOINT_URL_DYNAMODB" => Some("http://localhost:2".to_owned()),
            "AWS_CA_BUNDLE" => None,
            _ => Some("x".to_owned()),
        });
        let config = config.unwrap();
        assert_eq!(config.endpoint_url(), Some("http://localhost:1"));
        let key = ServiceConfigKey::builder()
            .service_id("DynamoDB")
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        let own = config.service_config().unwrap().load_config(key.unwrap());
        assert_eq!(own.as_deref(), Some("http://localhost:2"));
    }
}
