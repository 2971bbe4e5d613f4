"""What an account has, as AWS's API tells it, without what differs from one creation to the next."""

import json

from created import clients
from template import ACCOUNT

# Identifiers and moments that AWS makes up.
MADE_UP = {
    "ResponseMetadata", "CreatedTimestamp", "LastModifiedTimestamp", "CreationDateTime", "TableId",
    "CreateDate", "RoleId", "UserId", "PolicyId", "UpdateDate", "RevisionId", "CodeSha256",
    "CodeSize", "LastModified", "UUID", "StateTransitionReason", "creationTime",
    "LatestStreamLabel", "CreationDate", "StateUpdatedTimestamp", "StateTransitionedTimestamp",
    "AlarmConfigurationUpdatedTimestamp", "StateReason", "StateReasonData", "StateValue",
    "SubscriptionArn", "LastUpdatedTime", "TimePeriod", "storedBytes",
    "EventSourceMappingArn", "RuntimeVersionConfig", "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible",
    "LatestRestorableDateTime", "EarliestRestorableDateTime", "LastEvaluatedTime", "CreatedBy",
    "RoleLastUsed", "VersionId", "LastUpdateToPayPerRequestDateTime",
}


def plain(value):
    """Without what is made up or empty, documents read, lists in one order."""
    if isinstance(value, dict):
        items = ((key, plain(item)) for key, item in value.items() if key not in MADE_UP)
        return {key: item for key, item in items if item not in (None, "", [], {}, "null")}
    if isinstance(value, (list, tuple)):
        return sorted((plain(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True, default=str))
    if isinstance(value, str) and value.startswith("{"):
        try:
            return plain(json.loads(value))
        except ValueError:
            return value
    return value


def tags(pairs):
    """Tags, in whichever of AWS's forms."""
    if isinstance(pairs, dict):
        return pairs
    return {(tag.get("Key") or tag.get("key")): (tag.get("Value") or tag.get("value")) for tag in pairs}


def read_back(endpoint):
    """Every resource by its kind and name."""
    client = clients(endpoint)
    account = {}

    def note(kind, name, **parts):
        # The account that emulates SQS has its address in the queues' URLs.
        text = json.dumps(plain(parts), default=str).replace(endpoint, "https://sqs")
        account[f"{kind} {name.replace(endpoint, 'https://sqs')}"] = json.loads(text)

    sqs = client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        note(
            "queue", url,
            attributes=sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"],
            tags=tags(sqs.list_queue_tags(QueueUrl=url).get("Tags", {})),
        )
    dynamodb = client("dynamodb")
    for name in dynamodb.list_tables()["TableNames"]:
        table = dynamodb.describe_table(TableName=name)["Table"]
        note(
            "table", name, table=table,
            ttl=dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"],
            backups=dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"],
            tags=tags(dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]),
        )
    iam = client("iam")
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
        note(
            "role", name, role=role,
            policies={p: iam.get_role_policy(RoleName=name, PolicyName=p)["PolicyDocument"] for p in policies},
            attached=iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"],
            tags=tags(iam.list_role_tags(RoleName=name)["Tags"]),
        )
    for user in iam.list_users()["Users"]:
        name = user["UserName"]
        policies = iam.list_user_policies(UserName=name)["PolicyNames"]
        note(
            "user", name, user=user,
            policies={p: iam.get_user_policy(UserName=name, PolicyName=p)["PolicyDocument"] for p in policies},
            attached=iam.list_attached_user_policies(UserName=name)["AttachedPolicies"],
            keys=iam.list_access_keys(UserName=name)["AccessKeyMetadata"],
            tags=tags(iam.list_user_tags(UserName=name)["Tags"]),
        )
    for policy in iam.list_policies(Scope="Local")["Policies"]:
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        note("policy", policy["PolicyName"], policy=policy, document=version["PolicyVersion"]["Document"])
    functions = client("lambda")
    for function in functions.list_functions()["Functions"]:
        name = function["FunctionName"]
        found = functions.get_function(FunctionName=name)
        try:
            statements = json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"]
        except functions.exceptions.ResourceNotFoundException:
            statements = []
        for statement in statements:
            statement.pop("Sid")
        note(
            "function", name, configuration=found["Configuration"], may_invoke=statements,
            tags=tags(found.get("Tags", {})),
        )
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        arn = mapping.get("EventSourceMappingArn")
        note(
            "event source mapping", mapping["EventSourceArn"], mapping=mapping,
            tags=tags(functions.list_tags(Resource=arn)["Tags"]) if arn else {},
        )
    logs = client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        note("log group", name, group=group, tags=tags(logs.list_tags_log_group(logGroupName=name)["tags"]))
    events = client("events")
    for rule in events.list_rules()["Rules"]:
        note(
            "rule", rule["Name"], rule=rule,
            targets=events.list_targets_by_rule(Rule=rule["Name"])["Targets"],
            tags=tags(events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]),
        )
    ses = client("sesv2")
    for identity in ses.list_email_identities()["EmailIdentities"]:
        name = identity["IdentityName"]
        arn = f"arn:aws:ses:eu-west-2:{ACCOUNT}:identity/{name}"
        note(
            "sender", name, identity=ses.get_email_identity(EmailIdentity=name),
            tags=tags(ses.list_tags_for_resource(ResourceArn=arn)["Tags"]),
        )
    s3 = client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        note(
            "bucket", name,
            encryption=s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"],
            versioning=s3.get_bucket_versioning(Bucket=name).get("Status"),
            public=s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
            lifecycle=lifecycle(s3, name),
            policy=s3.get_bucket_policy(Bucket=name)["Policy"],
            tags=tags(s3.get_bucket_tagging(Bucket=name)["TagSet"]),
        )
    sns = client("sns")
    for topic in sns.list_topics()["Topics"]:
        arn = topic["TopicArn"]
        note(
            "topic", arn, attributes=sns.get_topic_attributes(TopicArn=arn)["Attributes"],
            subscriptions=sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"],
            tags=tags(sns.list_tags_for_resource(ResourceArn=arn)["Tags"]),
        )
    cloudwatch = client("cloudwatch")
    for alarm in cloudwatch.describe_alarms()["MetricAlarms"]:
        note(
            "alarm", alarm["AlarmName"], alarm=alarm,
            tags=tags(cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]),
        )
    for dashboard in cloudwatch.list_dashboards()["DashboardEntries"]:
        name = dashboard["DashboardName"]
        body = json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])
        account[f"dashboard {name}"] = body
    budgets = client("budgets")
    for budget in budgets.describe_budgets(AccountId=ACCOUNT)["Budgets"]:
        name = budget["BudgetName"]
        of = {"AccountId": ACCOUNT, "BudgetName": name}
        arn = f"arn:aws:budgets::{ACCOUNT}:budget/{name}"
        told = []
        for notification in budgets.describe_notifications_for_budget(**of)["Notifications"]:
            subscribers = budgets.describe_subscribers_for_notification(Notification=notification, **of)
            notification.pop("NotificationState", None)
            told.append({**notification, "subscribers": subscribers["Subscribers"]})
        limit = budget["BudgetLimit"]
        budget["BudgetLimit"] = {"Amount": float(limit["Amount"]), "Unit": limit["Unit"]}
        actions = budgets.describe_budget_actions_for_budget(**of)["Actions"]
        for action in actions:
            action.pop("ActionId")
        note(
            "budget", name, budget=budget, told=told, actions=actions,
            tags=tags(budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"]),
        )
    return account


def lifecycle(s3, name):
    try:
        return s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchLifecycleConfiguration":
            return []
        raise
