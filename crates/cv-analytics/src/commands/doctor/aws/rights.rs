//! What each role and the Worker's user may do: everything that they need, and nothing more.
//!
//! `infra/install.json` lists what they need.

mod policy;

use cv_analytics_aws::install::INSTALL;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use self::policy::{Grant, Grants};
use super::Account;
use super::calls::Service;
use super::calls::call_error::{CallError, MISPLACED};
use super::calls::xml::Element;
use super::functions::Function;
use crate::commands::doctor::check::Check;
use crate::install::variable;

/// Grants that one line names.
const MAX_LISTED_GRANTS: usize = 4;

/// Whose policies are read.
#[derive(Clone, Copy)]
enum Holder {
    Role,
    User,
}

impl Holder {
    const fn word(self) -> &'static str {
        match self {
            Self::Role => "Role",
            Self::User => "User",
        }
    }
}

/// Looks at both roles and at the Worker's user.
pub(crate) async fn check(
    account: &Account,
    processor: Option<&Function>,
    reporter: Option<&Function>,
    sender: Option<&str>,
) -> Vec<Check> {
    let names = &account.names;
    let mut checks = Vec::new();
    for (kind, facts, function) in
        [("processor", &INSTALL.processor, processor), ("reporter", &INSTALL.reporter, reporter)]
    {
        let name = names.prefixed(&facts.name);
        let role = function.and_then(Function::role).map(str::to_owned);
        let role = role.unwrap_or_else(|| names.in_region(&name));
        checks.extend(account.trust(kind, &role).await);
        let needed = account.needed(&facts.rights, &name, sender);
        checks.extend(account.rights(kind, Holder::Role, &role, needed).await);
    }
    let (name, worker) = (names.prefixed(&INSTALL.worker.name), names.worker());
    let needed = account.needed(&INSTALL.worker.rights, &name, sender);
    checks.extend(account.rights("worker", Holder::User, &worker, needed).await);
    checks
}

impl Account {
    /// Whether the role may be taken by Lambda, and by nobody else.
    async fn trust(&self, kind: &str, role: &str) -> Option<Check> {
        let name = format!("{kind}-trust");
        let found = match self.calls.query(Service::Iam, "GetRole", &[("RoleName", role)]).await {
            Ok(found) => found,
            Err(error) => {
                let message = format!("missing role {role}");
                return Some(error.missing(name, message, MISPLACED.to_owned()));
            }
        };
        let document = found.descendant("AssumeRolePolicyDocument").and_then(document);
        let principals: Vec<&Value> = document
            .as_ref()
            .and_then(|document| document.get("Statement"))
            .map(|statements| match statements {
                Value::Array(statements) => statements.iter().collect(),
                statement => vec![statement],
            })
            .into_iter()
            .flatten()
            .filter_map(|statement| statement.get("Principal"))
            .collect();
        let by_lambda = serde_json::json!({"Service": "lambda.amazonaws.com"});
        let problem = (principals != [&by_lambda]).then(|| {
            let fix = format!(
                "deploy again, or: aws iam update-assume-role-policy --role-name {role} with lambda.amazonaws.com as the \
                 only principal"
            );
            (format!("{role} can be assumed by more than Lambda"), fix)
        });
        Some(Check::of(name, format!("{role} can be assumed only by Lambda"), problem))
    }

    async fn rights(
        &self,
        kind: &str,
        holder: Holder,
        who: &str,
        needed: Result<Vec<Grant>, String>,
    ) -> Vec<Check> {
        let (lacks, more) = (format!("{kind}-rights"), format!("{kind}-rights-more"));
        let grants = match self.grants(holder, who).await {
            Ok(grants) => grants,
            Err(CallError::NotFound) => {
                let word = holder.word().to_lowercase();
                let message = format!("missing {word} {who}");
                return vec![Check::fail(lacks, message, MISPLACED)];
            }
            Err(error) => return vec![error.inconclusive(lacks)],
        };
        let needed = match needed {
            Ok(needed) => needed,
            Err(why) => return vec![Check::skipped(lacks, why)],
        };
        let again =
            format!("deploy again ({} or apply.sh), which sets the policy", self.names.deploy());
        let lacking = grants.lacking(&needed);
        let problem = named(lacking.iter().copied()).map(|lacking| {
            let fix = if holder.is_stopped(&grants) {
                format!(
                    "if the budget stopped intake: look at what it was spent on, then aws iam detach-user-policy \
                     --user-name {who} --policy-arn (that of {})",
                    self.names.prefixed("cv-analytics-stop-intake")
                )
            } else {
                again.clone()
            };
            (format!("{who} may not do {lacking}"), fix)
        });
        let good = format!("{who} has all {}", needed.len());
        let mut checks = vec![Check::of(lacks, good, problem)];
        let beyond = grants.beyond(&needed);
        let problem = named(beyond.iter().copied()).map(|beyond| {
            let fix = format!("take it away; {again}, and others are not to be on {who}");
            (format!("{who} may also do {beyond}"), fix)
        });
        checks.push(Check::of(more, format!("{who} may do nothing more"), problem));
        checks
    }

    /// What the statements of `infra/install.json` grant in this account, to the function of that name.
    fn needed(
        &self,
        rights: &Value,
        function: &str,
        sender: Option<&str>,
    ) -> Result<Vec<Grant>, String> {
        let names = &self.names;
        let mut text = rights.to_string();
        if text.contains("{sender}") && sender.is_none() {
            return Err(
                "the reporter's SENDER_EMAIL is not known, which its right names".to_owned()
            );
        }
        let queue =
            |name: &str, otherwise: String| names.queue_arn(&variable(name).unwrap_or(otherwise));
        for (place, value) in [
            ("{partition}", names.partition.clone()),
            ("{region}", names.region.clone()),
            ("{account}", names.account.clone()),
            ("{function}", function.to_owned()),
            ("{queryEvents}", names.query_events.clone()),
            ("{analytics}", names.analytics.clone()),
            ("{weekIndex}", INSTALL.tables.week_index.clone()),
            ("{eventsQueue}", queue("QUEUE_URL", names.events_queue())),
            ("{deadLetterQueue}", queue("DEAD_LETTER_QUEUE_URL", names.dead_letter_queue())),
            ("{sender}", sender.unwrap_or_default().replace(['"', '\\'], "")),
        ] {
            text = text.replace(place, &value);
        }
        let statements: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let mut grants = Grants::default();
        grants.add(&serde_json::json!({"Statement": statements}));
        Ok(grants.allowed)
    }

    /// Everything that the policies of a role or a user grant, its own and those attached.
    async fn grants(&self, holder: Holder, who: &str) -> Result<Grants, CallError> {
        let word = holder.word();
        let name = format!("{word}Name");
        let mut grants = Grants::default();
        let query = |action: String, parameters: Vec<(String, String)>| async move {
            let parameters: Vec<(&str, &str)> =
                parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            self.calls.query(Service::Iam, &action, &parameters).await
        };
        let of = |more: &[(&str, &str)]| -> Vec<(String, String)> {
            let own = [(name.as_str(), who)];
            own.iter()
                .chain(more)
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let own = query(format!("List{word}Policies"), of(&[])).await?;
        for policy in own.members("PolicyNames") {
            let found = query(format!("Get{word}Policy"), of(&[("PolicyName", policy.own_text())]));
            grants.add(&read(&found.await?, "PolicyDocument")?);
        }
        let attached = query(format!("ListAttached{word}Policies"), of(&[])).await?;
        for policy in attached.members("AttachedPolicies") {
            let arn = policy.text("PolicyArn").unwrap_or_default().to_owned();
            let found = query("GetPolicy".to_owned(), vec![("PolicyArn".to_owned(), arn.clone())]);
            let found = found.await?;
            let version = found.descendant("DefaultVersionId").map(Element::own_text);
            let version = version.unwrap_or("v1").to_owned();
            let parameters = vec![("PolicyArn".to_owned(), arn), ("VersionId".to_owned(), version)];
            let found = query("GetPolicyVersion".to_owned(), parameters).await?;
            grants.add(&read(&found, "Document")?);
        }
        Ok(grants)
    }
}

impl Holder {
    /// Whether a denial took the Worker's permission away, as the budget does.
    fn is_stopped(self, grants: &Grants) -> bool {
        matches!(self, Self::User) && !grants.denied.is_empty()
    }
}

fn read(answer: &Element, name: &str) -> Result<Value, CallError> {
    let found = answer.descendant(name).and_then(document);
    found.ok_or_else(|| CallError::failed("cannot read a policy that IAM returned"))
}

/// A document is percent-encoded JSON.
fn document(element: &Element) -> Option<Value> {
    let text = percent_decode_str(element.own_text()).decode_utf8().ok()?;
    serde_json::from_str(&text).ok()
}

/// The first of `grants` in words; `None` where there is none.
fn named<'g>(grants: impl Iterator<Item = &'g Grant> + Clone) -> Option<String> {
    let count = grants.clone().count();
    let words: Vec<String> = grants.take(MAX_LISTED_GRANTS).map(ToString::to_string).collect();
    let more = if count > MAX_LISTED_GRANTS {
        format!(" and {} more", count - MAX_LISTED_GRANTS)
    } else {
        String::new()
    };
    (count > 0).then(|| format!("{}{more}", words.join(", ")))
}
