"""Makes through AWS's API what a template describes, and deletes it again: what CloudFormation does,
without what moto's leaves out silently."""

import io
import json
import zipfile

import boto3

from template import ACCOUNT, REGION


def clients(endpoint):
    """A function that gives a client of a service at `endpoint`."""
    session = boto3.session.Session("test", "test", region_name=REGION)
    made = {}

    def client(service):
        if service not in made:
            made[service] = session.client(service, endpoint_url=endpoint)
        return made[service]

    return client


def text(value):
    if isinstance(value, bool):
        return str(value).lower()
    compact = isinstance(value, (dict, list))
    return json.dumps(value, separators=(",", ":")) if compact else str(value)


def truth(value):
    return value if isinstance(value, bool) else {"true": True, "false": False}[value]


def zip_file(content="nothing"):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("bootstrap", content)
    return file.getvalue()


def tag_map(tags):
    return {tag["Key"]: tag["Value"] for tag in tags}


class Creator:
    """Each method makes one kind of resource from its properties, and gives its physical id.

    A property that is not taken is an error: none is left out silently."""

    def __init__(self, endpoint):
        self.client = clients(endpoint)

    def create(self, resource):
        method = getattr(self, resource["Type"].removeprefix("AWS::").replace("::", "_"))
        properties = json.loads(json.dumps(resource["Properties"]))
        physical_id = method(properties)
        if properties:
            raise ValueError(f"{resource['Type']}: {sorted(properties)} are not made")
        return physical_id

    def SQS_Queue(self, p):
        name, tags = p.pop("QueueName"), tag_map(p.pop("Tags"))
        attributes = {key: text(p.pop(key)) for key in list(p)}
        made = self.client("sqs").create_queue(QueueName=name, Attributes=attributes, tags=tags)
        return made["QueueUrl"]

    def SQS_QueuePolicy(self, p):
        [queue] = p.pop("Queues")
        attributes = {"Policy": text(p.pop("PolicyDocument"))}
        self.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes=attributes)
        return queue

    def DynamoDB_Table(self, p):
        name = p["TableName"]
        ttl = p.pop("TimeToLiveSpecification", None)
        recovery = truth(p.pop("PointInTimeRecoverySpecification")["PointInTimeRecoveryEnabled"])
        p["DeletionProtectionEnabled"] = truth(p["DeletionProtectionEnabled"])
        dynamodb = self.client("dynamodb")
        dynamodb.create_table(**{key: p.pop(key) for key in list(p)})
        if ttl:
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
        if recovery:
            dynamodb.update_continuous_backups(
                TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            )
        return name

    def IAM_Role(self, p):
        iam, name = self.client("iam"), p.pop("RoleName")
        trust = text(p.pop("AssumeRolePolicyDocument"))
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Tags=p.pop("Tags"))
        for policy in p.pop("Policies"):
            document = text(policy["PolicyDocument"])
            iam.put_role_policy(
                RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=document
            )
        return name

    def IAM_User(self, p):
        iam, name = self.client("iam"), p.pop("UserName")
        iam.create_user(UserName=name, Tags=p.pop("Tags"))
        for policy in p.pop("Policies"):
            document = text(policy["PolicyDocument"])
            iam.put_user_policy(
                UserName=name, PolicyName=policy["PolicyName"], PolicyDocument=document
            )
        return name

    def IAM_ManagedPolicy(self, p):
        made = self.client("iam").create_policy(
            PolicyName=p.pop("ManagedPolicyName"),
            Description=p.pop("Description"),
            PolicyDocument=text(p.pop("PolicyDocument")),
            Tags=p.pop("Tags", []),
        )
        return made["Policy"]["Arn"]

    def Logs_LogGroup(self, p):
        logs, name = self.client("logs"), p.pop("LogGroupName")
        logs.create_log_group(logGroupName=name, tags=tag_map(p.pop("Tags")))
        logs.put_retention_policy(logGroupName=name, retentionInDays=p.pop("RetentionInDays"))
        return name

    def Lambda_Function(self, p):
        code = p.pop("Code")
        if set(code) != {"S3Bucket", "S3Key"}:
            raise ValueError(f"the code lies in {code}")
        p["Tags"] = tag_map(p["Tags"])
        # Where nobody has uploaded a code, nothing is going to run either.
        buckets = [bucket["Name"] for bucket in self.client("s3").list_buckets()["Buckets"]]
        made = self.client("lambda").create_function(
            Code=code if code["S3Bucket"] in buckets else {"ZipFile": zip_file()},
            **{key: p.pop(key) for key in list(p)},
        )
        return made["FunctionName"]

    def Lambda_EventSourceMapping(self, p):
        p["Tags"] = tag_map(p["Tags"])
        concurrency = int(p["ScalingConfig"]["MaximumConcurrency"])
        p["ScalingConfig"] = {"MaximumConcurrency": concurrency}
        made = self.client("lambda").create_event_source_mapping(
            **{key: p.pop(key) for key in list(p)}
        )
        return made["UUID"]

    def Lambda_Permission(self, p):
        identifier = "cv-analytics-ReporterPermission-1ABCDEFGHIJKL"
        self.client("lambda").add_permission(
            StatementId=identifier, **{key: p.pop(key) for key in list(p)}
        )
        return identifier

    def Events_Rule(self, p):
        events, targets, name = self.client("events"), p.pop("Targets"), p["Name"]
        events.put_rule(**{key: p.pop(key) for key in list(p)})
        events.put_targets(Rule=name, Targets=targets)
        return name

    def SES_EmailIdentity(self, p):
        name = p.pop("EmailIdentity")
        self.client("sesv2").create_email_identity(EmailIdentity=name, Tags=p.pop("Tags"))
        return name

    def S3_Bucket(self, p):
        s3, name = self.client("s3"), p.pop("BucketName")
        s3.create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": p.pop("Tags")})
        encryption = p.pop("BucketEncryption")["ServerSideEncryptionConfiguration"]
        rules = [
            {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
            for rule in encryption
        ]
        s3.put_bucket_encryption(
            Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules}
        )
        s3.put_bucket_versioning(
            Bucket=name, VersioningConfiguration=p.pop("VersioningConfiguration")
        )
        s3.put_public_access_block(
            Bucket=name,
            PublicAccessBlockConfiguration=p.pop("PublicAccessBlockConfiguration"),
        )
        rules = []
        for rule in p.pop("LifecycleConfiguration")["Rules"]:
            rules.append({"ID": rule.pop("Id"), "Filter": {"Prefix": ""}, **rule})
        s3.put_bucket_lifecycle_configuration(
            Bucket=name, LifecycleConfiguration={"Rules": rules}
        )
        return name

    def S3_BucketPolicy(self, p):
        name = p.pop("Bucket")
        policy = text(p.pop("PolicyDocument"))
        self.client("s3").put_bucket_policy(Bucket=name, Policy=policy)
        return name

    def SNS_Topic(self, p):
        made = self.client("sns").create_topic(Name=p.pop("TopicName"), Tags=p.pop("Tags"))
        return made["TopicArn"]

    def SNS_Subscription(self, p):
        made = self.client("sns").subscribe(
            **{key: p.pop(key) for key in list(p)}, ReturnSubscriptionArn=True
        )
        return made["SubscriptionArn"]

    def SNS_TopicPolicy(self, p):
        [topic] = p.pop("Topics")
        self.client("sns").set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=text(p.pop("PolicyDocument"))
        )
        return topic

    def CloudWatch_Alarm(self, p):
        name = p["AlarmName"]
        for key in ("EvaluationPeriods", "DatapointsToAlarm"):
            if key in p:
                p[key] = int(p[key])
        self.client("cloudwatch").put_metric_alarm(**{key: p.pop(key) for key in list(p)})
        return name

    def CloudWatch_Dashboard(self, p):
        name = p.pop("DashboardName")
        self.client("cloudwatch").put_dashboard(
            DashboardName=name, DashboardBody=p.pop("DashboardBody")
        )
        return name

    def Budgets_Budget(self, p):
        budget, notifications = p.pop("Budget"), p.pop("NotificationsWithSubscribers")
        limit = budget["BudgetLimit"]
        budget["BudgetLimit"] = {"Amount": str(limit["Amount"]), "Unit": limit["Unit"]}
        self.client("budgets").create_budget(
            AccountId=ACCOUNT,
            Budget=budget,
            NotificationsWithSubscribers=notifications,
            ResourceTags=p.pop("ResourceTags"),
        )
        return budget["BudgetName"]

    def Budgets_BudgetsAction(self, p):
        threshold = p.pop("ActionThreshold")
        subscribers = [
            {"SubscriptionType": one["Type"], "Address": one["Address"]}
            for one in p.pop("Subscribers")
        ]
        made = self.client("budgets").create_budget_action(
            AccountId=ACCOUNT,
            ActionThreshold={
                "ActionThresholdType": threshold["Type"],
                "ActionThresholdValue": threshold["Value"],
            },
            Subscribers=subscribers,
            **{key: p.pop(key) for key in list(p)},
        )
        return made["ActionId"]

    def CloudFormation_WaitConditionHandle(self, p):
        return "https://example.org/handle"

    def update(self, resource, before):
        """Changes what may change without another name: an alarm, and a function's code and variables."""
        kind, properties = resource["Type"], resource["Properties"]
        changed = {key for key in {*properties, *before} if properties.get(key) != before.get(key)}
        if kind == "AWS::CloudWatch::Alarm" and "AlarmName" not in changed:
            self.create(resource)
        elif kind == "AWS::Lambda::Function" and changed <= {"Code", "Architectures", "Environment"}:
            functions, name = self.client("lambda"), properties["FunctionName"]
            if changed & {"Code", "Architectures"}:
                functions.update_function_code(
                    FunctionName=name, Architectures=properties["Architectures"], **properties["Code"]
                )
            functions.update_function_configuration(
                FunctionName=name, Environment=properties["Environment"]
            )
        else:
            raise ValueError(f"updates of {sorted(changed)} of {kind} are not made here")

    def delete(self, resource_type, physical_id):
        """Deletes one resource. Policies go with what they belong to, but for a queue's own."""
        calls = {
            "AWS::SQS::Queue": ("sqs", "delete_queue", "QueueUrl"),
            "AWS::DynamoDB::Table": ("dynamodb", "delete_table", "TableName"),
            "AWS::Logs::LogGroup": ("logs", "delete_log_group", "logGroupName"),
            "AWS::Lambda::Function": ("lambda", "delete_function", "FunctionName"),
            "AWS::Lambda::EventSourceMapping": ("lambda", "delete_event_source_mapping", "UUID"),
            "AWS::SES::EmailIdentity": ("sesv2", "delete_email_identity", "EmailIdentity"),
            "AWS::S3::Bucket": ("s3", "delete_bucket", "Bucket"),
            "AWS::SNS::Topic": ("sns", "delete_topic", "TopicArn"),
            "AWS::SNS::Subscription": ("sns", "unsubscribe", "SubscriptionArn"),
        }
        if resource_type in calls:
            service, method, argument = calls[resource_type]
            getattr(self.client(service), method)(**{argument: physical_id})
        elif resource_type == "AWS::SQS::QueuePolicy":
            self.client("sqs").set_queue_attributes(
                QueueUrl=physical_id, Attributes={"Policy": ""}
            )
        elif resource_type == "AWS::IAM::Role":
            iam = self.client("iam")
            for name in iam.list_role_policies(RoleName=physical_id)["PolicyNames"]:
                iam.delete_role_policy(RoleName=physical_id, PolicyName=name)
            iam.delete_role(RoleName=physical_id)
        elif resource_type == "AWS::Events::Rule":
            events = self.client("events")
            events.remove_targets(Rule=physical_id, Ids=["reporter"])
            events.delete_rule(Name=physical_id)
        elif resource_type == "AWS::CloudWatch::Alarm":
            self.client("cloudwatch").delete_alarms(AlarmNames=[physical_id])
        elif resource_type == "AWS::CloudWatch::Dashboard":
            self.client("cloudwatch").delete_dashboards(DashboardNames=[physical_id])
        elif resource_type == "AWS::Budgets::Budget":
            self.client("budgets").delete_budget(AccountId=ACCOUNT, BudgetName=physical_id)


def create_all(template, endpoint):
    """Makes every resource; gives the physical id of each by its logical name."""
    creator = Creator(endpoint)
    return {name: creator.create(resource) for name, resource in template.resources.items()}
