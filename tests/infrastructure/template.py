"""The CloudFormation template with its parameters put in: what each resource is to be."""

import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "infra/cloudformation/cv-analytics.yaml"
ACCOUNT = "123456789012"
REGION = "eu-west-2"
NOTHING = object()

PARAMETERS = {
    "SenderEmail": "reports@example.org",
    "RecipientEmails": "you@example.org",
    "AlertEmail": "you@example.org",
    "CodeBucket": "code",
    "ProcessorCodeKey": "processor.zip",
    "ReporterCodeKey": "reporter.zip",
}


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def short_form(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", short_form)


def load(text=None):
    return yaml.load(FILE.read_text() if text is None else text, Loader)


def check_value(name, value, parameter):
    """Refuses what CloudFormation would: a pattern has to match the whole of a value."""
    pattern = parameter.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, value):
        raise ValueError(f"Parameter {name} failed to satisfy constraint: {value} is not {pattern}")
    allowed = parameter.get("AllowedValues")
    if allowed is not None and value not in map(str, allowed):
        raise ValueError(f"Parameter '{name}' must be one of AllowedValues: {value} is not in {allowed}")
    if parameter["Type"] == "Number":
        number = float(value)
        if not parameter.get("MinValue", number) <= number <= parameter.get("MaxValue", number):
            raise ValueError(f"Parameter '{name}' must be a number within its limits: {value} is not")


class Template:
    """A template with parameters: `resources` are those that its conditions leave, in an order in
    which each comes after those that it names."""

    def __init__(self, parameters=None, endpoint="https://sqs.eu-west-2.amazonaws.com", text=None):
        self.template = load(text)
        self.endpoint = endpoint
        self.parameters = {
            name: parameter["Default"]
            for name, parameter in self.template["Parameters"].items()
            if "Default" in parameter
        }
        self.parameters.update(PARAMETERS if parameters is None else parameters)
        missing = self.template["Parameters"].keys() - self.parameters.keys()
        if missing:
            raise ValueError(f"parameters without a value: {sorted(missing)}")
        for name, value in self.parameters.items():
            check_value(name, str(value), self.template["Parameters"][name])
        declared = self.template["Resources"]
        self.declared = {
            name: resource
            for name, resource in declared.items()
            if "Condition" not in resource or self.condition(resource["Condition"])
        }
        self.resources = {}
        for name in self.declared:
            self.visit(name, ())

    def visit(self, name, path):
        if name in self.resources:
            return
        if name in path:
            raise ValueError(f"resources name each other in a circle: {path}")
        resource = self.declared[name]
        needed = set(re.findall(r"[A-Za-z0-9]+", json.dumps(resource.get("Properties", {}))))
        needed.update([resource["DependsOn"]] if "DependsOn" in resource else [])
        for other in sorted(needed & self.declared.keys() - {name}):
            self.visit(other, (*path, name))
        self.resources[name] = {
            "Type": resource["Type"],
            "Properties": self.resolved(resource.get("Properties", {})),
            "DeletionPolicy": resource.get("DeletionPolicy", "Delete"),
        }

    def outputs(self):
        outputs = self.template.get("Outputs", {})
        return {name: self.resolved(output["Value"]) for name, output in outputs.items()}

    def condition(self, name):
        return self.truth(self.template["Conditions"][name])

    def truth(self, expression):
        if "Fn::Not" in expression:
            return not self.truth(expression["Fn::Not"][0])
        left, right = (self.resolved(side) for side in expression["Fn::Equals"])
        return str(left) == str(right)

    def resolved(self, value):
        if isinstance(value, list):
            items = (self.resolved(item) for item in value)
            return [item for item in items if item is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            if name == "Ref":
                return self.reference(argument)
            if name == "Fn::GetAtt":
                return self.attribute(*argument)
            if name == "Fn::Sub":
                return self.substituted(argument)
            if name == "Fn::If":
                which = 1 if self.condition(argument[0]) else 2
                return self.resolved(argument[which])
            if name.startswith("Fn::"):
                raise ValueError(f"{name} is not understood here")
        items = ((key, self.resolved(item)) for key, item in value.items())
        return {key: item for key, item in items if item is not NOTHING}

    def substituted(self, argument):
        text, more = argument if isinstance(argument, list) else (argument, {})

        def put(match):
            name = match.group(1)
            if name in more:
                return str(self.resolved(more[name]))
            return str(self.attribute(*name.split(".", 1)) if "." in name else self.reference(name))

        return re.sub(r"\$\{([A-Za-z0-9:.]+)\}", put, text)

    def reference(self, name):
        pseudo = {
            "AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws",
            "AWS::NoValue": NOTHING,
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        kind, own = self.type_and_name(name)
        if kind == "AWS::SQS::Queue":
            return f"{self.endpoint}/{ACCOUNT}/{own}"
        if kind in ("AWS::SNS::Topic", "AWS::IAM::ManagedPolicy"):
            return self.arn(kind, own)
        return own

    def attribute(self, name, attribute):
        kind, own = self.type_and_name(name)
        if attribute == "QueueName":
            return own
        if attribute != "Arn":
            raise ValueError(f"{name}.{attribute} is not understood here")
        return self.arn(kind, own)

    def arn(self, kind, own):
        return {
            "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{own}",
            "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{own}",
            "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{own}",
            "AWS::IAM::User": f"arn:aws:iam::{ACCOUNT}:user/{own}",
            "AWS::IAM::ManagedPolicy": f"arn:aws:iam::{ACCOUNT}:policy/{own}",
            "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{own}:*",
            "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{own}",
            "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{own}",
            "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{own}",
            "AWS::S3::Bucket": f"arn:aws:s3:::{own}",
        }[kind]

    def type_and_name(self, name):
        resource = self.template["Resources"][name]
        properties = resource["Properties"]
        names = (
            "QueueName", "TableName", "RoleName", "UserName", "ManagedPolicyName", "LogGroupName",
            "FunctionName", "BucketName", "TopicName", "AlarmName", "DashboardName",
            "EmailIdentity", "Name",
        )
        if resource["Type"] == "AWS::Budgets::Budget":
            return resource["Type"], self.resolved(properties["Budget"]["BudgetName"])
        own = next(properties[key] for key in names if key in properties)
        return resource["Type"], self.resolved(own)
