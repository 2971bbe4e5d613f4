"""A week at a deployment, by every path that its functions have: sent with the Worker's key, received as the
deployed mapping says, processed and reported by the deployed programs, mailed to the deployed addresses."""

import json
import os
import subprocess
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
from botocore.config import Config

from deployment import last_closed_week, now, week_name
from event_source_mapping import EventSourceMapping
from lambda_environment import LambdaEnvironment
from recording_proxy import RecordingProxy

# The program `cv-analytics`, as the one that runs the tests has built it.
PROGRAM_VARIABLE = "CV_ANALYTICS_PROGRAM"


def arrived(message):
    return datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, timezone.utc)


def fails(kind, words):
    """A refusal: the table does not take a write of one request."""

    def refusal(request):
        if request.operation == "UpdateItem" and b'"unlucky"' in request.body:
            return 400, {"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "message": words}

    return refusal


# Of both the processor makes a message that comes again; after the second it looks at the tables.
FAULTS = (
    fails("ThrottlingException", "Throughput exceeds the current capacity of your table"),
    fails("ResourceNotFoundException", "Requested resource not found"),
)


def broken_off(request):
    """The erasure of a row does not get through."""
    if request.operation == "UpdateItem":
        kind = "com.amazon.coral.service#AccessDeniedException"
        return 400, {"__type": kind, "message": "User is not authorized to perform: dynamodb:UpdateItem"}


class DeployedWeek:
    """Lives through the week when it is made, and keeps what happened."""

    def __init__(self, deployment):
        self.deployment = deployment
        principals = ("worker", "processor", "reporter", "owner")
        self.proxies = {name: RecordingProxy(deployment.endpoint) for name in principals}
        self.environments = {}
        self.keys = {"worker": deployment.worker_key()}
        self.lines, self.metrics = [], {}
        self.fired = deployment.fired(now())
        self.monday = last_closed_week(self.fired)
        self.week = week_name(self.monday)
        try:
            self.worker = self.worker_client()
            self.mapping = EventSourceMapping(deployment, self.start("processor", deployment.processor))
            self.ask()
            self.be_unlucky()
            self.forget()
            self.report()
            self.answer_late()
        finally:
            for environment in self.environments.values():
                environment.close()
            for proxy in self.proxies.values():
                proxy.close()

    def worker_client(self):
        key = self.keys["worker"]
        return boto3.client(
            "sqs", endpoint_url=self.proxies["worker"].endpoint,
            region_name=self.deployment.queue_arn.split(":")[3],
            aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    def start(self, name, function):
        self.keys[name] = self.deployment.role_credentials(function)
        self.environments[name] = LambdaEnvironment(function, self.keys[name], self.proxies[name].endpoint)
        return self.environments[name]

    def send(self, body, group, deduplication_id):
        self.worker.send_message(
            QueueUrl=self.deployment.queue_url, MessageBody=body, MessageGroupId=group,
            MessageDeduplicationId=deduplication_id,
        )

    def send_event(self, kind, request_id, hour, again="", **more):
        at = int((self.monday + timedelta(hours=hour)).timestamp() * 1000)
        event = {"eventType": kind, "requestId": request_id, "timestamp": at, "sessionId": request_id, **more}
        self.send(json.dumps(event), request_id, f"{request_id}:{kind}{again}")

    def send_query(self, request_id, hour, again=""):
        self.send_event("query", request_id, hour, again, query="Do you know Rust?")

    def send_response(self, request_id, hour, match, score):
        self.send_event("response", request_id, hour + 0.001, matchType=match, matchScore=score)

    def send_whole(self, request_id, hour, match, score):
        asked = int((self.monday + timedelta(hours=hour)).timestamp() * 1000)
        self.send_event(
            "response", request_id, hour + 0.001, matchType=match, matchScore=score,
            query="Do you know Rust?", queryTimestamp=asked,
        )

    def deliver(self):
        """Delivers what can be seen; the ids of the requests that were returned."""
        returned = []
        for delivery in self.mapping.deliver_all():
            delivery.invocation.response()
            self.note(delivery.invocation.lines)
            returned += delivery.returned
        return returned

    def note(self, lines):
        self.lines += lines
        for line in lines:
            document = json.loads(line)
            if "_aws" in document:
                [described] = document["_aws"]["CloudWatchMetrics"]
                for metric in described["Metrics"]:
                    dimensions = tuple((name, document[name]) for name in described["Dimensions"][0])
                    key = (described["Namespace"], metric["Name"], dimensions)
                    self.metrics[key] = self.metrics.get(key, 0) + document[metric["Name"]]

    def ask(self):
        """Both orders of the halves, one batch for both, a half alone of either kind, what cannot be read."""
        self.send_query("in-order", 1)
        self.send_response("response-first", 2, "partial", 60)
        self.send_query("lone-question", 3)
        self.send_response("lone-answer", 4, "full", 100)
        self.send_query("forgotten", 5)
        self.send("this is no JSON", "unreadable", "unreadable")
        self.fills_the_queue = "x" * int(self.deployment.queue["MaximumMessageSize"])
        self.send(self.fills_the_queue, "large", "large")
        self.returned = self.deliver()
        self.send_response("in-order", 1, "full", 90)
        self.send_query("response-first", 2)
        self.send_query("together", 6)
        self.send_response("together", 6, "none", 0)
        self.send_whole("whole", 7, "full", 80)
        self.returned += self.deliver()
        # Asked again after more than five minutes, in which the queue would have swallowed it.
        self.send_query("in-order", 1, again=":again")
        self.returned += self.deliver()

    def be_unlucky(self):
        """A message that fails comes again, each time later, and holds up no other."""
        proxy = self.proxies["processor"]
        self.send_query("unlucky", 8)
        self.send_whole("fine", 9, "partial", 40)
        self.returned_by_fault = []
        for proxy.refusal in FAULTS:
            delivery = self.mapping.deliver()
            self.note(delivery.invocation.lines)
            self.returned_by_fault.append(delivery.returned)
            self.show(delivery.returned)
        proxy.refusal = lambda request: None
        self.returned += self.deliver()
        self.send_response("unlucky", 8, "full", 70)
        self.returned += self.deliver()

    def waits(self):
        """What the processor asked for, in seconds, for messages that failed."""
        requests = self.proxies["processor"].requests
        return [one.parameters["VisibilityTimeout"] for one in requests if one.operation == "ChangeMessageVisibility"]

    def show(self, messages):
        """Lets messages come again at once, instead of waiting for them."""
        sqs = self.deployment.client("sqs")
        for message in messages:
            try:
                sqs.change_message_visibility(
                    QueueUrl=self.deployment.queue_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0,
                )
            except sqs.exceptions.MessageNotInflight:
                # Waited for long enough by now.
                pass

    def forget(self):
        """Broken off after the tombstone: the row still has the question, until a report is made."""
        self.proxies["owner"].refusal = broken_off
        function = self.deployment.processor
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(function.program.parent),
            "AWS_ENDPOINT_URL": self.proxies["owner"].endpoint, "AWS_REGION": function.region,
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
            **function.variables,
        }
        program = Path(os.environ[PROGRAM_VARIABLE])
        words = ["forget", "--store", "dynamodb", "--request", "forgotten"]
        done = subprocess.run([program, *words], env=environment, capture_output=True, text=True)
        if done.returncode != 1 or "UpdateItem" not in done.stderr:
            raise AssertionError(f"forget was not broken off: {done.returncode} {done.stdout} {done.stderr}")

    def report(self):
        """The rule fires, and fires once more; then a caller asks for the week in which messages came."""
        reporter = self.start("reporter", self.deployment.reporter)
        event = self.deployment.scheduled_event(self.fired)
        self.reported = [reporter.invoke(event).response() for _ in range(2)]
        self.mails = self.sent_mails()
        self.row_of_forgotten = self.deployment.client("dynamodb").get_item(
            TableName=self.deployment.processor.variables["QUERY_EVENTS_TABLE"],
            Key={"requestId": {"S": "forgotten"}}, ConsistentRead=True,
        )["Item"]
        self.dead_letters = self.receive_all(self.deployment.dead_letter_queue_url)
        for since in {week_name(arrived(letter)) for letter in self.dead_letters}:
            reporter.invoke({"week": since}).response()
        self.mails_since = self.sent_mails()[len(self.mails):]

    def answer_late(self):
        """An answer to what was forgotten."""
        self.send_response("forgotten", 5, "full", 100)
        self.returned += self.deliver()

    def sent_mails(self):
        with urllib.request.urlopen(f"{self.deployment.endpoint}/mails") as answer:
            return json.load(answer)

    def receive_all(self, url):
        sqs, all_messages = self.deployment.client("sqs"), []
        while True:
            answer = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
            if not answer.get("Messages"):
                return all_messages
            all_messages += answer["Messages"]
