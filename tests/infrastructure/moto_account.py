"""moto's server with what it lacks of AWS: budgets' subscribers, tags and actions; which queues may
use a dead-letter queue, and a queue's policies as they were given; the tags of a sender's identity;
buckets that refuse what is not encrypted under way, taking that everything is; the size of a message's
attributes; code for another processor; stacks (`stacks.py`). `/mails` shows what SES took.

Run as a program it serves on a free port, says where, and ends with its standard input.
"""

import json
import sys
import threading
import uuid

from moto.awslambda.models import LambdaFunction
from moto.budgets.exceptions import NotFoundException
from moto.budgets.responses import BudgetsResponse
from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.ses.models import ses_backends
from moto.sesv2.responses import SESV2Response
from moto.sqs.exceptions import InvalidParameterValue
from moto.sqs.models import Queue, SQSBackend
from werkzeug.serving import make_server

import stacks

TAGS = {}
ACTIONS = {}


def arn(response, name):
    return f"arn:aws:budgets::{response.current_account}:budget/{name}"


def budget(response):
    name = response._get_param("BudgetName")
    budgets = response.backend.budgets[response._get_param("AccountId")]
    if name not in budgets:
        raise NotFoundException(f"Unable to get budget: {name} - the budget doesn't exist.")
    return budgets[name]


create_plain_budget = BudgetsResponse.create_budget


def create_budget(response):
    answer = create_plain_budget(response)
    name = response._get_param("Budget")["BudgetName"]
    TAGS[arn(response, name)] = response._get_param("ResourceTags") or []
    return answer


def describe_subscribers_for_notification(response):
    wanted = response._get_param("Notification")
    compared = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
    for notification in budget(response).notifications:
        if all(notification.details.get(name) == wanted.get(name) for name in compared):
            return json.dumps({"Subscribers": notification.subscribers})
    raise NotFoundException("Unable to get subscribers - the notification doesn't exist.")


def list_tags_for_resource(response):
    return json.dumps({"ResourceTags": TAGS.get(response._get_param("ResourceARN"), [])})


def tag_resource(response):
    tags = TAGS.setdefault(response._get_param("ResourceARN"), [])
    new = response._get_param("ResourceTags")
    names = [tag["Key"] for tag in new]
    tags[:] = [tag for tag in tags if tag["Key"] not in names] + new
    return json.dumps({})


def create_budget_action(response):
    budget(response)
    identifier = str(uuid.uuid4())
    name = response._get_param("BudgetName")
    kept = (
        "BudgetName", "NotificationType", "ActionType", "ActionThreshold", "Definition",
        "ExecutionRoleArn", "ApprovalModel", "Subscribers",
    )
    action = {key: response._get_param(key) for key in kept}
    ACTIONS[identifier] = {"ActionId": identifier, "Status": "STANDBY", **action}
    TAGS[f"{arn(response, name)}/action/{identifier}"] = response._get_param("ResourceTags") or []
    account = response._get_param("AccountId")
    return json.dumps({"AccountId": account, "BudgetName": name, "ActionId": identifier})


def describe_budget_action(response):
    action = ACTIONS.get(response._get_param("ActionId"))
    if action is None:
        raise NotFoundException("Unable to get the action - it doesn't exist.")
    account = response._get_param("AccountId")
    return json.dumps({"AccountId": account, "BudgetName": action["BudgetName"], "Action": action})


def describe_budget_actions_for_budget(response):
    name = response._get_param("BudgetName")
    return json.dumps({"Actions": [a for a in ACTIONS.values() if a["BudgetName"] == name]})


for call in (
    create_budget, describe_subscribers_for_notification, list_tags_for_resource, tag_resource,
    create_budget_action, describe_budget_action, describe_budget_actions_for_budget,
):
    setattr(BudgetsResponse, call.__name__, call)


Queue.redrive_allow_policy = None
Queue.policy = None
Queue.BASE_ATTRIBUTES = [*Queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]
set_some_attributes = Queue._set_attributes


def set_attributes(queue, attributes, now=None):
    kept = queue.policy
    set_some_attributes(queue, attributes, now)
    if "Policy" not in attributes:
        queue.policy = kept


Queue._set_attributes = set_attributes

attributes_with_spaces = Queue.attributes.fget


def attributes_as_given(queue):
    given = attributes_with_spaces(queue)
    if "RedrivePolicy" in given:
        given["RedrivePolicy"] = json.dumps(queue.redrive_policy, separators=(",", ":"))
    return given


Queue.attributes = property(attributes_as_given)

# moto would hand each message to the mapped function at once, in a container of its own.
Queue.lambda_event_source_mappings = property(lambda queue: {}, lambda queue, mappings: None)

send_message_of_any_attributes = SQSBackend.send_message


def send_message(backend, queue_name, message_body, message_attributes=None, **more):
    """Counts attributes as AWS does: names, types and values
    (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html)."""
    size, most = len(message_body.encode()), backend.get_queue(queue_name).maximum_message_size
    for name, value in (message_attributes or {}).items():
        texts = (name, value["DataType"], value.get("StringValue") or value.get("BinaryValue") or "")
        size += sum(len(text.encode() if isinstance(text, str) else text) for text in texts)
    if size > most:
        raise InvalidParameterValue(
            f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
        )
    return send_message_of_any_attributes(backend, queue_name, message_body, message_attributes, **more)


SQSBackend.send_message = send_message

create_untagged_identity = SESV2Response.create_email_identity


def create_email_identity(response):
    answer = create_untagged_identity(response)
    name = response._get_param("EmailIdentity")
    tags = {tag["Key"]: tag["Value"] for tag in response._get_param("Tags") or []}
    identity = f"arn:aws:ses:{response.region}:{response.current_account}:identity/{name}"
    response.sesv2_backend.tag_resource(identity, tags)
    return answer


SESV2Response.create_email_identity = create_email_identity


judge_without_conditions = IAMPolicyStatement.is_action_permitted


def is_action_permitted(statement, *arguments, **named):
    if statement._statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}:
        return PermissionResult.NEUTRAL
    return judge_without_conditions(statement, *arguments, **named)


IAMPolicyStatement.is_action_permitted = is_action_permitted

update_only_the_code = LambdaFunction.update_function_code


def update_function_code(function, body):
    function.architectures = body.get("Architectures") or function.architectures
    return update_only_the_code(function, body)


LambdaFunction.update_function_code = update_function_code

stacks.install()


def mails():
    """The raw messages that SES took in any region, in their order."""
    return [
        message.raw_data
        for regions in ses_backends.values() for backend in regions.values()
        for message in backend.sent_messages
    ]


def main():
    from moto.server import DomainDispatcherApplication, create_backend_app

    aws = DomainDispatcherApplication(create_backend_app)

    def application(environment, start_response):
        if environment["PATH_INFO"] != "/mails":
            return aws(environment, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(mails()).encode()]

    server = make_server("127.0.0.1", 0, application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
