//! Read-only calls to services of AWS whose SDK the program does not have: signed requests, and answers as JSON or XML.

pub(crate) mod call_error;
pub(crate) mod xml;

use std::time::Duration;

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde_json::Value;

use self::call_error::CallError;
use self::xml::Element;
use crate::signature::Call;

const TIMEOUT: Duration = Duration::from_secs(20);

/// A service, and how it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Sts,
    Iam,
    Sns,
    CloudWatch,
    EventBridge,
    Lambda,
}

impl Service {
    /// The name before the region in its address and in signatures, and in IAM's names of rights.
    const fn name(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Iam => "iam",
            Self::Sns => "sns",
            Self::CloudWatch => "monitoring",
            Self::EventBridge => "events",
            Self::Lambda => "lambda",
        }
    }

    const fn right_prefix(self) -> &'static str {
        match self {
            Self::CloudWatch => "cloudwatch",
            other => other.name(),
        }
    }

    /// The SDKs' own name, by which `AWS_ENDPOINT_URL_…` and profiles know it.
    const fn sdk_id(self) -> &'static str {
        match self {
            Self::Sts => "STS",
            Self::Iam => "IAM",
            Self::Sns => "SNS",
            Self::CloudWatch => "CloudWatch",
            Self::EventBridge => "EventBridge",
            Self::Lambda => "Lambda",
        }
    }

    const fn query_version(self) -> &'static str {
        match self {
            Self::Sts => "2011-06-15",
            Self::Sns => "2010-03-31",
            Self::CloudWatch => "2010-08-01",
            _ => "2010-05-08",
        }
    }
}

/// Makes the calls.
#[derive(Clone, Debug)]
pub(crate) struct AwsCalls {
    connector: SharedHttpConnector,
    credentials: SharedCredentialsProvider,
    sdk: SdkConfig,
    region: String,
}

struct AwsResponse {
    status: u16,
    date: Option<String>,
    error_type: Option<String>,
    body: Vec<u8>,
}

impl AwsCalls {
    /// Calls with the region, credentials and endpoints of `sdk`, by `connector`.
    pub(crate) fn new(
        sdk: &SdkConfig,
        credentials: SharedCredentialsProvider,
        connector: SharedHttpConnector,
    ) -> Self {
        let region = sdk.region().map(ToString::to_string).unwrap_or_default();
        Self { connector, credentials, sdk: sdk.clone(), region }
    }

    /// An action of the Query protocol: the element `…Result` of the answer.
    pub(crate) async fn query(
        &self,
        service: Service,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Element, CallError> {
        self.query_with_date(service, action, parameters).await.0
    }

    /// The same, with the date that the answer carries, whether it is a success or not.
    pub(crate) async fn query_with_date(
        &self,
        service: Service,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> (Result<Element, CallError>, Option<String>) {
        let version = service.query_version();
        let mut form = format!("Action={action}&Version={version}");
        for (name, value) in parameters {
            form += &format!("&{name}={}", percent_encoded(value));
        }
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let right = format!("{}:{action}", service.right_prefix());
        let answer = match self.call(service, "POST", "/", &headers, form).await {
            Ok(answer) => answer,
            Err(message) => return (Err(CallError::Unreached(message)), None),
        };
        let root = Element::parse(&answer.body);
        let element = match (answer.status, root) {
            (200, Some(root)) => {
                Ok(root.child(&format!("{action}Result")).cloned().unwrap_or(root))
            }
            (status, root) => {
                let error = root.as_ref().and_then(|root| root.descendant("Error"));
                let text = |name| error.and_then(|error| error.text(name)).unwrap_or_default();
                Err(CallError::answered(&right, status, text("Code"), text("Message")))
            }
        };
        (element, answer.date)
    }

    /// An action of `EventBridge`, whose protocol is JSON 1.1.
    pub(crate) async fn event_bridge(
        &self,
        action: &str,
        input: &Value,
    ) -> Result<Value, CallError> {
        let target = format!("AWSEvents.{action}");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &target)];
        let right = format!("events:{action}");
        let answer =
            self.call(Service::EventBridge, "POST", "/", &headers, input.to_string()).await;
        json(answer, &right)
    }

    /// A call of Lambda's that reads; `right` is what IAM calls it.
    pub(crate) async fn lambda(&self, path: &str, right: &str) -> Result<Value, CallError> {
        json(self.call(Service::Lambda, "GET", path, &[], String::new()).await, right)
    }

    async fn call(
        &self,
        service: Service,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<AwsResponse, String> {
        let (endpoint, region) = self.endpoint(service);
        let url = format!("{}{path}", endpoint.trim_end_matches('/'));
        let request = self.signed(service, &region, method, &url, headers, body).await?;
        let call = async {
            let answer = self.connector.call(request).await.map_err(|error| root_cause(&error))?;
            let header = |name| answer.headers().get(name).map(str::to_owned);
            let (date, error_type) = (header("date"), header("x-amzn-errortype"));
            let status = answer.status().as_u16();
            let body = ByteStream::new(answer.into_body()).collect().await;
            let body = body.map_err(|error| root_cause(&error))?.to_vec();
            Ok(AwsResponse { status, date, error_type, body })
        };
        let answered = tokio::time::timeout(TIMEOUT, call).await;
        let answered = answered.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        answered.map_err(|error: String| format!("{endpoint} is not reached: {error}"))
    }

    async fn signed(
        &self,
        service: Service,
        region: &str,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<HttpRequest, String> {
        let credentials = self.credentials.provide_credentials().await;
        let credentials = credentials.map_err(|error| root_cause(&error))?;
        let call = Call { service: service.name(), region, method, url, headers, body: &body };
        let signature = call.sign(credentials).map_err(|error| error.to_string())?;
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(method).map_err(|error| error.to_string())?;
        request.set_uri(url).map_err(|error| error.to_string())?;
        for (name, value) in headers.iter().copied().chain(signature.headers()) {
            request.headers_mut().insert(name.to_owned(), value.to_owned());
        }
        Ok(request)
    }

    /// Where the service is, and the region that is signed for.
    fn endpoint(&self, service: Service) -> (String, String) {
        let global = service == Service::Iam;
        let (region, address) = address(service, &self.region);
        let key = ServiceConfigKey::builder()
            .service_id(service.sdk_id())
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok();
        let own = key.and_then(|key| self.sdk.service_config()?.load_config(key));
        let configured = own.or_else(|| self.sdk.endpoint_url().map(str::to_owned));
        let signed = if global { region } else { self.region.clone() };
        (configured.unwrap_or(address), signed)
    }
}

/// The region that a service is signed for, and its address
/// (<https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html>).
fn address(service: Service, region: &str) -> (String, String) {
    let name = service.name();
    let (home, domain) = match region.get(..3) {
        Some("cn-") => ("cn-north-1", "amazonaws.com.cn"),
        _ if region.starts_with("us-gov-") => ("us-gov-west-1", "amazonaws.com"),
        _ => ("us-east-1", "amazonaws.com"),
    };
    if service != Service::Iam {
        return (region.to_owned(), format!("https://{name}.{region}.{domain}"));
    }
    let address = match home {
        "us-east-1" => format!("https://iam.{domain}"),
        "us-gov-west-1" => format!("https://iam.us-gov.{domain}"),
        home => format!("https://iam.{home}.{domain}"),
    };
    (home.to_owned(), address)
}

fn json(answer: Result<AwsResponse, String>, right: &str) -> Result<Value, CallError> {
    let answer = answer.map_err(CallError::Unreached)?;
    let value: Option<Value> = serde_json::from_slice(&answer.body).ok();
    if answer.status == 200 {
        return value.ok_or_else(|| CallError::failed(format!("{right} is answered without JSON")));
    }
    let text = |name: &str| value.as_ref()?.get(name)?.as_str();
    let code = answer.error_type.as_deref().or_else(|| text("__type")).unwrap_or_default();
    // `ResourceNotFoundException:http://…` and `com.amazonaws#ResourceNotFoundException`.
    let code = code.split(':').next().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    let message = text("message").or_else(|| text("Message")).unwrap_or_default();
    Err(CallError::answered(right, answer.status, code, message))
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value in a form or a query.
pub(crate) fn percent_encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_has_its_address_in_every_partition() {
        let check = |service, region, signed: &str, url: &str| {
            assert_eq!(address(service, region), (signed.to_owned(), url.to_owned()));
        };
        check(Service::Sts, "eu-west-2", "eu-west-2", "https://sts.eu-west-2.amazonaws.com");
        let monitoring = "https://monitoring.eu-west-2.amazonaws.com";
        check(Service::CloudWatch, "eu-west-2", "eu-west-2", monitoring);
        check(Service::Iam, "eu-west-2", "us-east-1", "https://iam.amazonaws.com");
        check(Service::Iam, "us-gov-east-1", "us-gov-west-1", "https://iam.us-gov.amazonaws.com");
        let in_china = "https://iam.cn-north-1.amazonaws.com.cn";
        check(Service::Iam, "cn-northwest-1", "cn-north-1", in_china);
        let in_china = "https://events.cn-north-1.amazonaws.com.cn";
        check(Service::EventBridge, "cn-north-1", "cn-north-1", in_china);
    }

    #[test]
    fn what_a_form_or_a_query_could_misread_is_encoded() {
        assert_eq!(
            percent_encoded("arn:aws:sns:x/y z+ü~").to_string(),
            "arn%3Aaws%3Asns%3Ax%2Fy%20z%2B%C3%BC~"
        );
    }
}
