//! SES over a connector that answers as told.

use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_sdk_sesv2::config::{Region, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_mail::message::unsubscribe::Unsubscribe;

use super::*;
use crate::clients::behavior_version;

const UNVERIFIED: &str =
    "Email address is not verified. The following identities failed the check in region EU-WEST-2:";

/// Answers each request with one status, code and message, or not at all; keeps the bodies.
#[derive(Clone, Debug)]
struct Canned {
    answer: Option<(u16, &'static str, String)>,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.bodies.lock().unwrap().push(request.body().bytes().unwrap().to_vec());
        let Some((status, code, message)) = &self.answer else {
            let error = ConnectorError::io("connection refused".into());
            return HttpConnectorFuture::ready(Err(error));
        };
        let body = serde_json::json!({ "message": message, "MessageId": "0100" }).to_string();
        let mut response = HttpResponse::new((*status).try_into().unwrap(), SdkBody::from(body));
        response.headers_mut().insert("content-type", "application/json");
        response.headers_mut().insert("x-amzn-errortype", *code);
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl Canned {
    fn new(answer: Option<(u16, &'static str, &str)>) -> Self {
        let answer = answer.map(|(status, code, message)| (status, code, message.to_owned()));
        Self { answer, bodies: Arc::default() }
    }

    fn ses(&self) -> Ses {
        let connector = SharedHttpConnector::new(self.clone());
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "a test");
        let config = Config::builder()
            .behavior_version(behavior_version())
            .region(Region::new("eu-west-2"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Ses::new(Client::from_conf(config))
    }
}

fn message() -> Message {
    let from = "CV Analytics <Reports@example.com>";
    let from: cv_analytics_mail::message::address::MailAddress = from.parse().unwrap();
    Message {
        week: "2026-W47".parse().unwrap(),
        subject: "A report".to_owned(),
        to: "owner@example.com".parse().unwrap(),
        html: "<p>A report</p>".to_owned(),
        text: "A report".to_owned(),
        unsubscribe: Unsubscribe::Mail(from.clone()),
        from,
        date: Timestamp::from_millis(1_795_424_400_000),
        faults: Vec::new(),
    }
}

/// What is said of a refusal; never with an address.
async fn refused(code: &'static str, words: &str) -> String {
    let error = Canned::new(Some((400, code, words))).ses().hand_over(&message()).await;
    let error = error.unwrap_err();
    let everything = format!("{error} {error:?}").to_lowercase();
    for name in ["owner@", "reports@", "someone@"] {
        assert!(!everything.contains(name), "{everything}");
    }
    error.to_string()
}

async fn check(code: &'static str, words: &str, expect: &str) {
    assert_eq!(refused(code, words).await, expect, "{code}: {words}");
}

#[tokio::test]
async fn a_message_goes_out_raw_with_its_way_out_of_the_list() {
    let canned = Canned::new(Some((200, "", "")));
    canned.ses().hand_over(&message()).await.unwrap();
    let bodies = canned.bodies.lock().unwrap();
    let body: serde_json::Value = serde_json::from_slice(&bodies[0]).unwrap();
    assert_eq!(body["FromEmailAddress"], "Reports@example.com");
    assert_eq!(body["Destination"]["ToAddresses"], serde_json::json!(["owner@example.com"]));
    let raw = body["Content"]["Raw"]["Data"].as_str().unwrap();
    let raw = aws_smithy_types::base64::decode(raw).unwrap();
    assert_eq!(raw, message().to_eml().unwrap());
    let raw = String::from_utf8(raw).unwrap();
    let way_out = "List-Unsubscribe: <mailto:Reports@example.com?subject=unsubscribe>\r\n";
    assert!(raw.contains(way_out), "{raw}");
}

#[tokio::test]
async fn an_unverified_sender_and_the_sandbox_are_told_apart() {
    let sender =
        "the sender is not verified in SES in eu-west-2: verify SENDER_EMAIL, or its domain, there";
    let sandbox = "the account is in SES's sandbox in eu-west-2, which sends only to verified recipients: \
                   verify the recipient there, or ask AWS for production access";
    let rejected = "MessageRejected";
    check(rejected, &format!("{UNVERIFIED} reports@example.com"), sender).await;
    check(rejected, &format!("{UNVERIFIED} owner@example.com"), sandbox).await;
    let both = format!("{UNVERIFIED} owner@example.com, CV Analytics <reports@example.com>");
    check(rejected, &both, &format!("{sender}; {sandbox}")).await;
    check(rejected, "Email address is not verified.", sender).await;
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    check(
        "MailFromDomainNotVerifiedException",
        "The MAIL FROM domain is not verified.",
        "the sender's MAIL FROM domain is not set up in SES in eu-west-2: add the MX record that its page shows, \
         or choose SES's own domain there",
    )
    .await;
    check(
        "AccountSuspendedException",
        "Account has been suspended.",
        "AWS has ended this account's sending through SES in eu-west-2: answer the case that AWS Support opened",
    )
    .await;
    check(
        "SendingPausedException",
        "Sending is paused for this account.",
        "sending is paused in SES in eu-west-2: its account dashboard says why; fix that and resume",
    )
    .await;
    let minute = "SES in eu-west-2 takes no more mails for the moment: try again in a minute";
    check("TooManyRequestsException", "Maximum sending rate exceeded.", minute).await;
    check(
        "TooManyRequestsException",
        "Daily message quota exceeded.",
        "the day's quota of SES in eu-west-2 is used up: try again tomorrow, or ask AWS for more",
    )
    .await;
    check(
        "AccessDeniedException",
        "User `arn:aws:sts::1:assumed-role/x' is not authorized to perform `ses:SendRawEmail' on resource \
         `arn:aws:ses:eu-west-2:1:identity/owner@example.com'",
        "no permission to send through SES in eu-west-2: give the role that calls ses:SendEmail and \
         ses:SendRawEmail on the sender's identity, and in the sandbox on the recipient's",
    )
    .await;
    check(
        "ExpiredTokenException",
        "The security token included in the request is expired",
        "AWS does not accept the credentials (ExpiredTokenException): sign in again, or set AWS_PROFILE",
    )
    .await;
}

#[tokio::test]
async fn what_ses_says_of_a_message_is_passed_on_without_addresses() {
    let said = "Address someone@example.com is on the suppression list";
    let expect = "SES rejects the message (Address [email] is on the suppression list)";
    check("MessageRejected", said, expect).await;
    let expect = "SES in eu-west-2 cannot use the message (Missing final [email])";
    check("BadRequestException", "Missing final '@domain'", expect).await;
    let expect = "SES in eu-west-2 failed for now (InternalServerError): try again";
    check("InternalServerError", "owner@example.com", expect).await;
}

#[tokio::test]
async fn an_unreachable_ses_says_what_to_check() {
    let error = Canned::new(None).ses().hand_over(&message()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot reach SES in eu-west-2: check AWS_REGION, that SES is available there, and outbound network access"
    );
}
