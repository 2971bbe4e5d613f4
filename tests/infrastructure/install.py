"""infra/install.json, and what an account has of it."""

import json
import re
from collections import defaultdict

from template import ACCOUNT, PARAMETERS, REGION, ROOT

INSTALL = json.loads((ROOT / "infra/install.json").read_text())
# What an account does not tell: only provisioned tables have units, and an alarm does not know that it is a choice.
UNTOLD = {"tables.provisionedUnits", "alarms.cv-analytics-silence.optional"}
DAY = 24 * 3600


def statements(rights, function=None):
    """The rights of a function, or of the Worker's user, in the tests' account."""
    text = json.dumps(rights)
    for place, value in {
        "partition": "aws", "region": REGION, "account": ACCOUNT, "function": function, "sender": PARAMETERS["SenderEmail"],
        "queryEvents": INSTALL["tables"]["queryEvents"], "analytics": INSTALL["tables"]["analytics"],
        "weekIndex": INSTALL["tables"]["weekIndex"],
        "eventsQueue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{INSTALL['queues']['events']['name']}",
        "deadLetterQueue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{INSTALL['queues']['deadLetters']['name']}",
    }.items():
        text = text.replace(f"{{{place}}}", str(value))
    return json.loads(text)


def by_resource(rights):
    """What each statement allows and on which condition, by its resource."""
    allowed = {}
    for one in rights:
        actions = one["Action"] if isinstance(one["Action"], list) else [one["Action"]]
        allowed.setdefault(one["Resource"], []).append((sorted(actions), one.get("Condition"), one.get("Effect", "Allow")))
    return allowed


def facts(install):
    """Every fact by its path in the file: `reporter.memoryMb`."""
    found = {}

    def visit(value, path):
        if isinstance(value, dict):
            for name, inner in value.items():
                visit(inner, f"{path}.{name}" if path else name)
        else:
            found[path] = value

    rights = {
        kind: {**install[kind], "rights": by_resource(statements(install[kind]["rights"], install[kind]["name"]))}
        for kind in ("processor", "reporter", "worker")
    }
    visit({**install, **rights, "alarms": {alarm["name"]: alarm for alarm in install["alarms"]}}, "")
    return found


class Installed:
    """An account with the defaults, as `read_back` tells it, in the form of the file."""

    def __init__(self, account, install):
        self.account, self.install = account, install

    def part(self, kind, name, part):
        return self.account.get(f"{kind} {name}", {}).get(part, {})

    def queue(self, kind):
        name = self.install["queues"][kind]["name"]
        attributes = self.part("queue", f"https://sqs/{ACCOUNT}/{name}", "attributes")
        found = {"name": name if attributes else None, "retentionDays": int(attributes.get("MessageRetentionPeriod", 0)) / DAY}
        if kind == "events":
            found |= {
                "visibilitySeconds": int(attributes.get("VisibilityTimeout", 0)),
                "pollSeconds": int(attributes.get("ReceiveMessageWaitTimeSeconds", 0)),
                "maxReceives": attributes.get("RedrivePolicy", {}).get("maxReceiveCount"),
            }
        return found

    def table(self, kind):
        return self.part("table", self.install["tables"][kind], "table")

    def rights(self, kind, name):
        policies = self.part(kind, f"{name}-{REGION}", "policies").values()
        return [one for policy in policies for one in policy["Statement"]]

    def function(self, kind):
        name = self.install[kind]["name"]
        configuration = self.part("function", name, "configuration")
        variables = configuration.get("Environment", {}).get("Variables", {})
        in_order = [variable for variable in self.install[kind]["variables"] if variable in variables]
        return {
            "name": configuration.get("FunctionName"), "memoryMb": configuration.get("MemorySize"),
            "timeoutSeconds": configuration.get("Timeout"),
            "variables": in_order + sorted(variables.keys() - in_order), "rights": self.rights("role", name),
        }

    def mapping(self):
        queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.install['queues']['events']['name']}"
        found = self.part("event source mapping", queue, "mapping")
        return {"batchSize": found.get("BatchSize"), "concurrency": found.get("ScalingConfig", {}).get("MaximumConcurrency")}

    def alarm(self, alarm):
        stats = [one["MetricStat"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
        expressions = [one["Expression"] for one in alarm.get("Metrics", []) if "Expression" in one]
        bound = {"GreaterThanThreshold": "above", "LessThanThreshold": "below"}[alarm["ComparisonOperator"]]
        found = {
            "name": alarm["AlarmName"], bound: alarm["Threshold"], "periods": alarm["EvaluationPeriods"],
            "metrics": sorted(stat["Metric"]["MetricName"] for stat in stats) or [alarm["MetricName"]],
            "periodSeconds": stats[0]["Period"] if stats else alarm["Period"],
        }
        for expression in expressions:
            if expression == "DIFF(FILL(waiting, 0))":
                found["growth"] = True
            else:
                found["minimumMessages"] = int(re.match(r"IF\(received >= (\d+) ", expression).group(1))
        return found

    def whole(self):
        indexes = self.table("analytics").get("GlobalSecondaryIndexes", [])
        worker, rule = self.install["worker"]["name"], self.install["schedule"]["name"]
        topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:{self.install['alertTopic']}"
        logs = {
            self.part("log group", f"/aws/lambda/{self.install[kind]['name']}", "group").get("retentionInDays")
            for kind in ("processor", "reporter")
        }
        return {
            "tables": {
                **{kind: self.table(kind).get("TableName") for kind in ("queryEvents", "analytics")},
                "weekIndex": ", ".join(index["IndexName"] for index in indexes),
            },
            "queues": {kind: self.queue(kind) for kind in self.install["queues"]},
            "processor": self.function("processor"),
            "reporter": self.function("reporter"),
            "worker": {
                "name": worker if self.part("user", f"{worker}-{REGION}", "user") else None,
                "rights": self.rights("user", worker),
            },
            "mapping": self.mapping(),
            "schedule": {
                "name": self.part("rule", rule, "rule").get("Name"),
                "expression": self.part("rule", rule, "rule").get("ScheduleExpression"),
            },
            "logRetentionDays": logs.pop() if len(logs) == 1 else sorted(logs),
            "alertTopic": self.install["alertTopic"] if self.part("topic", topic, "attributes") else None,
            "alarms": [self.alarm(parts["alarm"]) for key, parts in self.account.items() if key.startswith("alarm ")],
        }


def differences(account, template, install=None):
    """Where an account that `template` made is not what the file says, a line for each fact."""
    install = INSTALL if install is None else install
    said, found = facts(install), facts(Installed(account, install).whole())
    said, found = (defaultdict(lambda: "nothing", of) for of in (said, found))
    paths = sorted((said.keys() | found.keys()) - UNTOLD)
    return [
        f"{template} says {found[path]}, infra/install.json says {said[path]} for {path}"
        for path in paths if said[path] != found[path]
    ]
