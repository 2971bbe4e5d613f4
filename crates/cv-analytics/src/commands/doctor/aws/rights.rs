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
        let needed = account.needed(&facts.rights, &name, sender);
        checks.extend(account.permissions(kind, Holder::Role, &role, needed).await);
    }
    let (name, worker) = (names.prefixed(&INSTALL.worker.name), names.worker());
    let needed = account.needed(&INSTALL.worker.rights, &name, sender);
    checks.extend(account.permissions("worker", Holder::User, &worker, needed).await);
    checks
}

/// Whether the role may be taken by Lambda, and by nobody else.
fn trust(kind: &str, role: &str, found: &Element) -> Check {
    let name = format!("{kind}-trust");
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
    Check::of(name, format!("{role} can be assumed only by Lambda"), problem)
}

impl Account {
    /// Who may assume the role, what it or the user may do, and what bounds that.
    async fn permissions(
        &self,
        kind: &str,
        holder: Holder,
        who: &str,
        needed: Result<Vec<Grant>, String>,
    ) -> Vec<Check> {
        let word = holder.word();
        let (lacks, more) = (format!("{kind}-rights"), format!("{kind}-rights-more"));
        let (action, name) = (format!("Get{word}"), format!("{word}Name"));
        let found = match self.calls.query(Service::Iam, &action, &[(&name, who)]).await {
            Ok(found) => found,
            Err(error) => {
                let message = format!("missing {} {who}", word.to_lowercase());
                return vec![error.missing(lacks, message, MISPLACED.to_owned())];
            }
        };
        let mut checks = match holder {
            Holder::Role => vec![trust(kind, who, &found)],
            Holder::User => Vec::new(),
        };
        let grants = match self.grants(holder, who).await {
            Ok(grants) => grants,
            Err(error) => {
                checks.push(error.inconclusive(lacks));
                return checks;
            }
        };
        let needed = match needed {
            Ok(needed) => needed,
            Err(why) => {
                checks.push(Check::skipped(lacks, why));
                return checks;
            }
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
        checks.push(Check::of(lacks, good, problem));
        let beyond = grants.beyond(&needed);
        let problem = named(beyond.iter().copied()).map(|beyond| {
            let fix = format!("take it away; {again}, and others are not to be on {who}");
            (format!("{who} may also do {beyond}"), fix)
        });
        checks.push(Check::of(more, format!("{who} may do nothing more"), problem));
        checks.push(self.boundary(kind, holder, who, (&found, &needed)).await);
        checks
    }

    /// Whether a permissions boundary of the role or user allows what is needed
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>).
    async fn boundary(
        &self,
        kind: &str,
        holder: Holder,
        who: &str,
        (found, needed): (&Element, &[Grant]),
    ) -> Check {
        let name = format!("{kind}-boundary");
        let Some(arn) = found.descendant("PermissionsBoundaryArn").map(Element::own_text) else {
            return Check::ok(name, format!("{who} has no permissions boundary"));
        };
        let mut bounds = Grants::default();
        match self.managed_policy(arn).await {
            Ok(document) => bounds.add(&document),
            Err(error) => return error.inconclusive(name),
        }
        bounds.ignore_conditions();
        let problem = named(bounds.lacking(needed).into_iter()).map(|lacking| {
            let fix = format!(
                "aws iam delete-{word}-permissions-boundary --{word}-name {who}; or allow it in {arn}",
                word = holder.word().to_lowercase()
            );
            (format!("the permissions boundary {arn} keeps {who} from {lacking}"), fix)
        });
        Check::of(name, format!("{arn} allows what {who} needs"), problem)
    }

    /// The document of a managed policy, in the version that holds.
    async fn managed_policy(&self, arn: &str) -> Result<Value, CallError> {
        let found = self.calls.query(Service::Iam, "GetPolicy", &[("PolicyArn", arn)]).await?;
        let version = found.descendant("DefaultVersionId").map_or("v1", Element::own_text);
        let parameters = [("PolicyArn", arn), ("VersionId", version)];
        let found = self.calls.query(Service::Iam, "GetPolicyVersion", &parameters).await?;
        read(&found, "Document")
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
        for (place, value) in [
            ("{partition}", names.partition.clone()),
            ("{region}", names.region.clone()),
            ("{account}", names.account.clone()),
            ("{function}", function.to_owned()),
            ("{queryEvents}", names.query_events.clone()),
            ("{analytics}", names.analytics.clone()),
            ("{weekIndex}", INSTALL.tables.week_index.clone()),
            ("{eventsQueue}", names.queue_arn(&names.events_queue)),
            ("{deadLetterQueue}", names.queue_arn(&names.dead_letter_queue)),
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
        let query = async |action: &str, more: &[(&str, &str)]| {
            let parameters = [&[(name.as_str(), who)], more].concat();
            self.calls.query(Service::Iam, action, &parameters).await
        };
        let own = query(&format!("List{word}Policies"), &[]).await?;
        for policy in own.members("PolicyNames") {
            let name = [("PolicyName", policy.own_text())];
            let found = query(&format!("Get{word}Policy"), &name).await?;
            grants.add(&read(&found, "PolicyDocument")?);
        }
        let attached = query(&format!("ListAttached{word}Policies"), &[]).await?;
        for policy in attached.members("AttachedPolicies") {
            let arn = policy.text("PolicyArn").unwrap_or_default();
            grants.add(&self.managed_policy(arn).await?);
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
