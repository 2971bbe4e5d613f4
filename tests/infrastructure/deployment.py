"""What an account has of the product, found only through AWS's API: no name is known beforehand."""

import base64
import hashlib
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase
from pathlib import Path

from created import clients

DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


@dataclass(frozen=True)
class Function:
    """A deployed function, its program unpacked."""

    name: str
    arn: str
    region: str
    handler: str
    memory_mb: int
    timeout_s: int
    variables: dict
    role: str
    log_group: str
    program: Path

    @property
    def log_stream(self):
        return "2026/11/16/[$LATEST]00000000000000000000000000000000"


class Deployment:
    """The queue that is fed to a function, and the function that a rule starts."""

    def __init__(self, endpoint, zip_files, unpacked):
        self.endpoint, self.client = endpoint, clients(endpoint)
        self.zip_files, self.unpacked = zip_files, unpacked
        [self.mapping] = self.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        [self.rule] = self.client("events").list_rules()["Rules"]
        [self.target] = self.client("events").list_targets_by_rule(Rule=self.rule["Name"])["Targets"]
        self.processor = self.function(self.mapping["FunctionArn"])
        self.reporter = self.function(self.target["Arn"])
        self.queue_arn = self.mapping["EventSourceArn"]
        self.queue_url = self.url(self.queue_arn)
        self.queue = self.attributes(self.queue_url)
        redrive = json.loads(self.queue["RedrivePolicy"])
        self.dead_letter_queue_arn = redrive["deadLetterTargetArn"]
        self.dead_letter_queue_url = self.url(self.dead_letter_queue_arn)
        [self.worker] = [user["UserName"] for user in self.client("iam").list_users()["Users"]]

    def url(self, arn):
        return self.client("sqs").get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]

    def attributes(self, url):
        return self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    def function(self, arn):
        found = self.client("lambda").get_function(FunctionName=arn)["Configuration"]
        name, handler = found["FunctionName"], found["Handler"]
        log_group = found.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}"
        return Function(
            name=name,
            arn=found["FunctionArn"],
            region=found["FunctionArn"].split(":")[3],
            handler=handler,
            memory_mb=found["MemorySize"],
            timeout_s=found["Timeout"],
            variables=found["Environment"]["Variables"],
            role=found["Role"],
            log_group=log_group,
            program=self.program(name, handler, found["CodeSha256"]),
        )

    def program(self, name, handler, sha256):
        """What the function runs: out of the zip file that was uploaded for it, as its hash says."""
        for file in self.zip_files:
            if base64.b64encode(hashlib.sha256(file.read_bytes()).digest()).decode() == sha256:
                folder = self.unpacked / name
                with zipfile.ZipFile(file) as archive:
                    archive.extract(handler, folder)
                (folder / handler).chmod(0o755)
                return folder / handler
        raise AssertionError(f"{name} has a code that nobody built: {sha256}")

    def role_credentials(self, function):
        """What Lambda hands to a function: its role's, for a while."""
        made = self.client("sts").assume_role(RoleArn=function.role, RoleSessionName=function.name)
        return made["Credentials"]

    def worker_key(self):
        return self.client("iam").create_access_key(UserName=self.worker)["AccessKey"]

    def statements(self, kind, name):
        """Every statement that says what a role or a user may do."""
        iam, argument = self.client("iam"), {f"{kind.title()}Name": name}
        attached = getattr(iam, f"list_attached_{kind}_policies")(**argument)["AttachedPolicies"]
        if attached:
            raise AssertionError(f"{name} has policies that are not its own: {attached}")
        found = []
        for policy in getattr(iam, f"list_{kind}_policies")(**argument)["PolicyNames"]:
            document = getattr(iam, f"get_{kind}_policy")(PolicyName=policy, **argument)["PolicyDocument"]
            found += [Statement(statement) for statement in document["Statement"]]
        return found

    def fired(self, now):
        """When the rule fired last, by its cron expression: a minute, an hour and days of the week."""
        fields = self.rule["ScheduleExpression"].removeprefix("cron(").removesuffix(")").split()
        minute, hour, day, month, weekday, year = fields
        if (day, month, year) != ("?", "*", "*"):
            raise AssertionError(f"{self.rule['ScheduleExpression']} is not every week")
        moment = now.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
        while moment > now or DAYS[moment.weekday()] not in weekday.split(","):
            moment -= timedelta(days=1)
        return moment

    def scheduled_event(self, fired):
        """What the rule hands to its target: the target's own input, else the event itself
        (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html)."""
        if "InputPath" in self.target or "InputTransformer" in self.target:
            raise AssertionError("the target changes its event in a way that is not followed here")
        if "Input" in self.target:
            return json.loads(self.target["Input"])
        return {
            "version": "0",
            "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": self.rule["Arn"].split(":")[4],
            "time": fired.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self.rule["Arn"].split(":")[3],
            "resources": [self.rule["Arn"]],
            "detail": {},
        }


def last_closed_week(moment):
    """The Monday of the ISO week before the one that `moment` is in."""
    monday = (moment - timedelta(days=moment.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    return monday - timedelta(days=7)


def week_name(moment):
    year, week, _ = moment.isocalendar()
    return f"{year}-W{week:02}"


def now():
    return datetime.now(timezone.utc)


class Statement:
    """One statement of a policy: what it allows of a call."""

    def __init__(self, statement):
        if statement["Effect"] != "Allow":
            raise AssertionError(f"{statement} is not followed here")
        self.sid = statement["Sid"]
        self.actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        self.resources = [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
        self.conditions = statement.get("Condition", {})

    def allows(self, call):
        return (
            call.action in self.actions
            and any(fnmatchcase(call.resource, pattern) for pattern in self.resources)
            and all(self.holds(kind, keys, dict(call.context)) for kind, keys in self.conditions.items())
        )

    @staticmethod
    def holds(kind, keys, context):
        if kind not in ("StringEquals", "Bool"):
            raise AssertionError(f"{kind} is not followed here")
        return all(context.get(key) == value for key, value in keys.items())
