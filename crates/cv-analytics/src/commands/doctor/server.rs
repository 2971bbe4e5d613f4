//! The self-hosted server: whether it runs, at which addresses, and whom it believes.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{RequestBuilder, Response};
use serde_json::json;

use super::check::Check;
use super::clock;
use crate::clock::now;
use crate::commands::serve::options::local_url;
use crate::http_client::{http_client, is_loopback, send};
use crate::install::data_folder::{StoredCredentials, queue_url};
use crate::output::with_causes;
use crate::queue_client::QueueClient;

const TIMEOUT: Duration = Duration::from_secs(10);

const START: &str = "start it with `cv-analytics serve` (with the same --data), or wait until it is ready; where it listens \
                     elsewhere, name that with --listen";
const LEAD: &str = "look whether the name has an address (DNS), let the tunnel or the proxy lead to the server, and start the \
                    server with this --public-url";

/// Calls the server where it listens and at its public addresses; gives the credentials with which it may
/// be sent to, if it may.
///
/// It listens at the address in the credentials, or at `listen` where that one is public.
pub(crate) async fn check(
    credentials: &StoredCredentials,
    public_url: Option<&str>,
    listen: SocketAddr,
) -> (Vec<Check>, Option<StoredCredentials>) {
    let base = base(&credentials.queue_url);
    let is_public = public_url == Some(base.as_str()) || !is_loopback(&base);
    let here = if is_public { local_url(listen) } else { base.clone() };
    let (mut server, mut date) = healthz("server", &here, START).await;
    let mut reached = &here;
    let mut outside = Vec::new();
    if is_public && here != base {
        let (check, date_there) = healthz("public-url", &base, LEAD).await;
        outside.push(check);
        if date.is_none() && date_there.is_some() {
            server = Check::ok("server", format!("it answers at {base}, and not at {here}"));
            (date, reached) = (date_there, &base);
        }
    }
    if let Some(public_url) = public_url.filter(|url| *url != base) {
        outside.push(healthz("public-url", public_url, LEAD).await.0);
    }
    let mut checks = vec![server];
    checks.extend(outside);
    let Some(date) = date else {
        let why = format!("{here} does not answer");
        let names = ["clock", "signature", "token"];
        checks.extend(names.map(|name| Check::skipped(name, why.as_str())));
        return (checks, None);
    };
    let mut credentials = credentials.clone();
    if *reached != base {
        credentials.queue_url = queue_url(reached);
    }
    checks.push(clock::check(reached, Some(&date), now()));
    let (signature, is_believed) = signature(&credentials).await;
    checks.push(signature);
    checks.push(token(reached, &credentials.token).await);
    (checks, is_believed.then_some(credentials))
}

/// Whether the server that listens at this address is ready.
pub(crate) async fn readiness(listen: SocketAddr) -> Check {
    healthz("server", &local_url(listen), START).await.0
}

/// Scheme, host and port of the queue's address.
pub(crate) fn base(queue_url: &str) -> String {
    let (scheme, rest) = queue_url.split_once("://").unwrap_or(("http", queue_url));
    format!("{scheme}://{}", rest.split('/').next().unwrap_or_default())
}

/// Whether the server at `base` is ready; the date that it answered with, if the server answered at all.
async fn healthz(name: &str, base: &str, fix: &str) -> (Check, Option<String>) {
    let url = format!("{base}/healthz");
    let answer = match get(&url, None).await {
        Ok(answer) => answer,
        Err(why) => {
            return (Check::fail(name, why, fix), None);
        }
    };
    let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
    let date = date.unwrap_or_default().to_owned();
    let status = answer.status().as_u16();
    let check = match status {
        200 => Check::ok(name, format!("{base} is ready")),
        503 => Check::fail(
            name,
            format!("{base} cannot write its store"),
            "look at the server's log: the disk is full, the database cannot be written, or it was moved or deleted under \
             the server: put it back, or start the server again",
        ),
        status => {
            let message = format!("{url} answers {status}: something else listens there");
            return (Check::fail(name, message, fix), None);
        }
    };
    (check, Some(date))
}

/// Whether the server believes the key: by a call that changes nothing.
async fn signature(credentials: &StoredCredentials) -> (Check, bool) {
    const NAME: &str = "signature";
    let body = json!({"QueueUrl": credentials.queue_url, "AttributeNames": ["All"]}).to_string();
    let answer =
        async { QueueClient::new(credentials.clone())?.call("GetQueueAttributes", body).await };
    let (message, fix) = match answer.await {
        Ok((200, _)) => return (Check::ok(NAME, "the server believes the key"), true),
        Ok((status, answer)) => {
            (format!("the server answers {status}: {}", answer.trim()), mend_of(&answer))
        }
        Err(error) => (with_causes(&error), "look at AWS_SQS_URL in credentials.env"),
    };
    (Check::fail(NAME, message, fix), false)
}

fn mend_of(answer: &str) -> &'static str {
    if answer.contains("Signature expired") || answer.contains("not yet current") {
        "set both clocks by the network"
    } else if answer.contains("The host that") {
        "start the server with --public-url and the address in AWS_SQS_URL"
    } else {
        "the server has another key, or another region: start it again, so that it reads credentials.env; then give the \
         Worker the same four secrets"
    }
}

/// Whether the bearer token is the server's.
async fn token(base: &str, token: &str) -> Check {
    const NAME: &str = "token";
    let url = format!("{base}/metrics");
    match get(&url, Some(token)).await {
        Ok(answer) if answer.status().as_u16() == 200 => Check::ok(NAME, "the server takes it"),
        Ok(answer) => Check::fail(
            NAME,
            format!("{url} answers {}", answer.status().as_u16()),
            "the server was started with another token (--token or CV_ANALYTICS_TOKEN), or before credentials.env was \
             changed: put that one into the file, or start it again without it",
        ),
        Err(why) => Check::fail(NAME, why, "try again"),
    }
}

/// What `url` answers to a call with this token; else why there is no answer.
async fn get(url: &str, token: Option<&str>) -> Result<Response, String> {
    let answer = async {
        let request = http_client(url, TIMEOUT)?.get(url);
        let request = token.into_iter().fold(request, RequestBuilder::bearer_auth);
        send(request).await
    };
    answer.await.map_err(|error| format!("{url} does not answer: {error}"))
}
