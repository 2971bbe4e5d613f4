//! Policies of IAM as grants, and what one lacks or has too much beside another
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>).

use serde_json::Value;

/// One action on one resource under one condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) action: String,
    pub(crate) resource: String,
    /// `null` where there is none.
    pub(crate) condition: Value,
}

/// What policies allow and deny.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grants {
    pub(crate) allowed: Vec<Grant>,
    pub(crate) denied: Vec<Grant>,
}

impl Grants {
    /// Takes in a policy's document.
    pub(crate) fn add(&mut self, document: &Value) {
        for statement in list(document.get("Statement")) {
            let condition = statement.get("Condition").map_or(Value::Null, normal);
            let denies = statement.get("Effect").and_then(Value::as_str) == Some("Deny");
            // What is named by all that it is not is as good as everything.
            let actions = texts(statement, "Action", "NotAction");
            for resource in texts(statement, "Resource", "NotResource") {
                let grants = actions.iter().map(|action| Grant {
                    action: action.clone(),
                    resource: resource.clone(),
                    condition: condition.clone(),
                });
                if denies { self.denied.extend(grants) } else { self.allowed.extend(grants) }
            }
        }
    }

    /// Takes conditions for met, where they cannot be told: those of what is allowed as given, of what is denied as not.
    pub(crate) fn ignore_conditions(&mut self) {
        self.allowed.iter_mut().for_each(|allowed| allowed.condition = Value::Null);
        self.denied.retain(|denied| denied.condition.is_null());
    }

    /// Those of `wanted` that are not allowed, or denied after all.
    pub(crate) fn lacking<'w>(&self, wanted: &'w [Grant]) -> Vec<&'w Grant> {
        let is_given = |wanted: &Grant| {
            self.allowed.iter().any(|allowed| allowed.covers(wanted))
                && !self.denied.iter().any(|denied| denied.touches(wanted))
        };
        wanted.iter().filter(|wanted| !is_given(wanted)).collect()
    }

    /// Those that are allowed beyond `wanted`.
    pub(crate) fn beyond(&self, wanted: &[Grant]) -> Vec<&Grant> {
        let is_wanted = |allowed: &Grant| wanted.iter().any(|wanted| wanted.covers(allowed));
        self.allowed.iter().filter(|allowed| !is_wanted(allowed)).collect()
    }
}

impl Grant {
    /// Whether everything that `other` grants is granted by this.
    fn covers(&self, other: &Self) -> bool {
        self.touches(other) && (self.condition.is_null() || self.condition == other.condition)
    }

    /// Whether this covers action and resource of `other`, ignoring conditions on secure transport.
    fn touches(&self, other: &Self) -> bool {
        let insecure = serde_json::json!({"Bool": {"aws:SecureTransport": "false"}});
        self.condition != insecure
            && matches(&self.action.to_ascii_lowercase(), &other.action.to_ascii_lowercase())
            && matches(&self.resource, &other.resource)
    }
}

impl std::fmt::Display for Grant {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} on {}", self.action, self.resource)?;
        if self.condition.is_null() {
            Ok(())
        } else {
            write!(formatter, " where {}", self.condition)
        }
    }
}

/// An array's elements, or the value itself as the only one.
fn list(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(values)) => values,
        Some(value) => std::slice::from_ref(value),
        None => &[],
    }
}

fn texts(statement: &Value, name: &str, negated: &str) -> Vec<String> {
    if statement.get(negated).is_some() {
        return vec!["*".to_owned()];
    }
    list(statement.get(name)).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A condition with lists of one as that one, and booleans as texts.
fn normal(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), normal(value))).collect()
        }
        Value::Array(values) if values.len() == 1 => values.first().map_or(Value::Null, normal),
        Value::Bool(truth) => Value::String(truth.to_string()),
        other => other.clone(),
    }
}

/// Whether `pattern`, with IAM's `*` and `?`, matches all of `text`.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut in_pattern, mut in_text) = (0, 0);
    let mut last_star = None;
    while in_text < text.len() {
        match pattern.get(in_pattern) {
            Some(b'*') => {
                last_star = Some((in_pattern, in_text));
                in_pattern += 1;
            }
            Some(byte) if *byte == b'?' || text.get(in_text) == Some(byte) => {
                in_pattern += 1;
                in_text += 1;
            }
            _ => {
                let Some((star, taken)) = last_star else { return false };
                last_star = Some((star, taken + 1));
                in_pattern = star + 1;
                in_text = taken + 1;
            }
        }
    }
    pattern.get(in_pattern..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn grants(statements: &Value) -> Grants {
        let mut grants = Grants::default();
        grants.add(&json!({"Version": "2012-10-17", "Statement": statements}));
        grants
    }

    #[track_caller]
    fn check(actual: &Value, wanted: &Value, lacking: usize, beyond: usize) {
        let (actual, wanted) = (grants(actual), grants(wanted).allowed);
        assert_eq!(actual.lacking(&wanted).len(), lacking, "{:?}", actual.lacking(&wanted));
        assert_eq!(actual.beyond(&wanted).len(), beyond, "{:?}", actual.beyond(&wanted));
    }

    #[test]
    fn what_is_lacking_and_what_is_too_much_is_told() {
        let wanted =
            json!([{"Effect": "Allow", "Action": ["sqs:A", "sqs:B"], "Resource": "arn:q"}]);
        check(&wanted, &wanted, 0, 0);
        check(&json!({"Effect": "Allow", "Action": "sqs:A", "Resource": ["arn:q"]}), &wanted, 1, 0);
        check(&json!({"Effect": "Allow", "Action": "SQS:*", "Resource": "arn:?"}), &wanted, 0, 1);
        check(&json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), &wanted, 0, 1);
        let denied = json!([wanted[0], {"Effect": "Deny", "Action": "sqs:a", "Resource": "*"}]);
        check(&denied, &wanted, 1, 0);
    }

    #[test]
    fn a_condition_limits_unless_it_is_the_one_that_is_wanted() {
        let mail = |from: Value| {
            json!([{"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*",
                    "Condition": {"StringEquals": {"ses:FromAddress": from}}}])
        };
        check(&mail(json!(["a@b.c"])), &mail(json!("a@b.c")), 0, 0);
        check(&mail(json!("x@b.c")), &mail(json!("a@b.c")), 1, 1);
        let free = json!([{"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}]);
        check(&free, &mail(json!("a@b.c")), 0, 1);
        let insecure = json!([free[0], {"Effect": "Deny", "Action": "*", "Resource": "*",
                              "Condition": {"Bool": {"aws:SecureTransport": false}}}]);
        check(&insecure, &free, 0, 0);
    }

    #[test]
    fn patterns_match_as_iams_do() {
        for (pattern, text, expect) in [
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("a*b*c", "axbxbxc", true),
            ("identity/*", "identity/*", true),
            ("a?c", "abc", true),
            ("a", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), expect, "{pattern} {text}");
        }
    }
}
