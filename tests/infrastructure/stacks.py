"""CloudFormation as far as these tests need it: stacks that make every resource of their template
through the API, and take all but the retained ones with them."""


from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult

from created import Creator
from template import ACCOUNT, REGION, Template

STACKS = {}
CHANGE_SETS = {}


class Stack:
    """A stack; without a template it was only looked at, as after a creation whose change set was not carried out."""

    def __init__(self, name, endpoint):
        self.name, self.endpoint = name, endpoint
        self.arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1"
        self.text, self.parameters, self.physical_ids = None, {}, {}
        self.status = "REVIEW_IN_PROGRESS"

    def create(self, text, parameters):
        self.text, self.parameters = text, parameters
        self.make_what_is_missing()
        self.status = "CREATE_COMPLETE"
        return self

    def template(self):
        return read_template(self.name, self.text, self.parameters, self.endpoint)

    def make_what_is_missing(self):
        creator = Creator(self.endpoint)
        for name, resource in self.template().resources.items():
            if name not in self.physical_ids:
                self.physical_ids[name] = creator.create(resource)

    def update(self, text, parameters):
        before, self.text, self.parameters = self.template().resources, text, parameters
        after = self.template().resources
        kept = before.keys() & after.keys()
        changed = [name for name in before if name in kept and before[name]["Properties"] != after[name]["Properties"]]
        if not changed and before.keys() == after.keys():
            raise ValidationError(self.name, "No updates are to be performed.")
        creator = Creator(self.endpoint)
        for name in changed:
            try:
                creator.update(after[name], before[name]["Properties"])
            except (KeyError, ValueError) as error:
                raise ValidationError(self.name, f"{name}: {error}") from error
        self.make_what_is_missing()
        for name in before.keys() - kept:
            delete_unless_retained(creator, before[name], self.physical_ids.pop(name))
        self.status = "UPDATE_COMPLETE"

    def delete(self):
        creator = Creator(self.endpoint)
        for name, resource in reversed(self.template().resources.items()):
            delete_unless_retained(creator, resource, self.physical_ids[name])
        self.status = "DELETE_COMPLETE"

    def described(self):
        return {
            "StackId": self.arn,
            "StackName": self.name,
            "StackStatus": self.status,
            "CreationTime": "2026-01-01T00:00:00Z",
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": str(value)}
                for key, value in (self.template().parameters if self.text else {}).items()
            ],
            # moto makes a list of it.
            "Tags": {},
            "Outputs": [
                {"OutputKey": key, "OutputValue": value}
                for key, value in (self.template().outputs() if self.text else {}).items()
            ],
        }


def delete_unless_retained(creator, resource, physical_id):
    if not resource["DeletionPolicy"].startswith("Retain"):
        creator.delete(resource["Type"], physical_id)


def read_template(name, text, parameters, endpoint):
    try:
        return Template(parameters, endpoint, text)
    except ValueError as error:
        raise ValidationError(name, str(error)) from error


def found(response):
    name = response._get_param("StackName")
    for stack in STACKS.values():
        if name == stack.arn or (name == stack.name and stack.status != "DELETE_COMPLETE"):
            return stack
    raise ValidationError(name)


def create_stack(response):
    name = response._get_param("StackName")
    endpoint = f"http://{response.headers['Host']}"
    parameters = {
        one["ParameterKey"]: one["ParameterValue"] for one in response._get_param("Parameters", [])
    }
    STACKS[name] = Stack(name, endpoint).create(response._get_param("TemplateBody"), parameters)
    return ActionResult({"StackId": STACKS[name].arn})


def update_stack(response):
    stack = found(response)
    for one in response._get_param("Parameters", []):
        if one["ParameterKey"] not in stack.parameters and not one.get("UsePreviousValue"):
            raise ValidationError(stack.name, f"{one['ParameterKey']} is new")
    stack.update(response._get_param("TemplateBody"), stack.parameters)
    return ActionResult({"StackId": stack.arn})


def get_template_summary(response):
    parameters = [{"ParameterKey": key} for key in found(response).template().parameters]
    return ActionResult({"Parameters": parameters})


def create_change_set(response):
    name = response._get_param("StackName")
    text, kind = response._get_param("TemplateBody"), response._get_param("ChangeSetType")
    stack = STACKS.get(name)
    new = stack is None or stack.status in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS")
    if new != (kind == "CREATE"):
        raise ValidationError(name, f"a stack that is {'not there' if new else stack.status} takes no {kind}")
    if new:
        stack = Stack(name, f"http://{response.headers['Host']}")
    parameters = {
        one["ParameterKey"]: one.get("ParameterValue", stack.parameters.get(one["ParameterKey"]))
        for one in response._get_param("Parameters", [])
    }
    parameters = {key: value for key, value in parameters.items() if value is not None}
    wanted = read_template(name, text, parameters, stack.endpoint)
    STACKS[name] = stack
    arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/{response._get_param('ChangeSetName')}/1"
    same = not new and (stack.text, stack.template().parameters) == (text, wanted.parameters)
    CHANGE_SETS[arn] = (name, text, parameters, same)
    return ActionResult({"Id": arn, "StackId": stack.arn})


def describe_change_set(response):
    name, _, _, same = CHANGE_SETS[response._get_param("ChangeSetName")]
    reason = "The submitted information didn't contain changes." if same else ""
    return ActionResult({
        "ChangeSetId": response._get_param("ChangeSetName"),
        "StackName": name,
        "Status": "FAILED" if same else "CREATE_COMPLETE",
        "StatusReason": reason,
        "Changes": [],
        "Parameters": {},
    })


def execute_change_set(response):
    name, text, parameters, _ = CHANGE_SETS[response._get_param("ChangeSetName")]
    if STACKS[name].status == "REVIEW_IN_PROGRESS":
        STACKS[name].create(text, parameters)
    else:
        STACKS[name].update(text, parameters)
    return ActionResult({})


def delete_stack(response):
    found(response).delete()
    return EmptyResult()


def describe_stacks(response):
    return ActionResult({"Stacks": [found(response).described()]})


def describe_stack_resources(response):
    stack = found(response)
    resources = stack.template().resources
    return ActionResult({
        "StackResources": [
            {
                "StackName": stack.name,
                "StackId": stack.arn,
                "LogicalResourceId": name,
                "PhysicalResourceId": physical_id,
                "ResourceType": resources[name]["Type"],
                "Timestamp": "2026-01-01T00:00:00Z",
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for name, physical_id in stack.physical_ids.items()
        ]
    })


def get_template(response):
    return ActionResult({"TemplateBody": found(response).text, "StagesAvailable": ["Original"]})


def install():
    """Puts these calls in the place of moto's."""
    for call in (
        create_stack, update_stack, delete_stack, describe_stacks, describe_stack_resources,
        get_template, get_template_summary, create_change_set, describe_change_set, execute_change_set,
    ):
        setattr(CloudFormationResponse, call.__name__, call)
