"""Two environments in one account, by the documented commands, on an emulator that nobody here wrote: its own
CloudFormation makes them, and its own event source mapping hands the messages to the functions' own programs."""

import json
import os
import subprocess
import tempfile
import time
import unittest
from datetime import timedelta
from pathlib import Path

from account import Checkout, run
from created import clients, zip_file
from deployed_test import ARCHITECTURE, FUNCTIONS_VARIABLE
from deployed_week import PROGRAM_VARIABLE
from deployment import last_closed_week, now, week_name
from ministack import Ministack, leave_out_what_it_lacks

MAILS = ("SenderEmail=reports@example.org", "RecipientEmails=you@example.org", "AlertEmail=you@example.org")
# As infra/README.md has them.
ENVIRONMENTS = {
    "": (),
    "dev-": ("EnvironmentPrefix=dev-", "Environment=dev", "CreateSenderIdentity=false"),
}
DELIVERED_WITHIN_S = 180


class TwoEnvironments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.account, cls.checkout = Ministack(), Checkout()
        cls.addClassCleanup(cls.account.close)
        cls.addClassCleanup(cls.checkout.remove)
        cls.client = staticmethod(clients(cls.account.endpoint))
        for function in ("processor", "reporter"):
            program = (Path(os.environ[FUNCTIONS_VARIABLE]) / function).read_bytes()
            (cls.checkout.folder / f"dist/{function}-{ARCHITECTURE}.zip").write_bytes(zip_file(program))
        cls.left_out = leave_out_what_it_lacks(cls.checkout.infra / "cloudformation/cv-analytics.yaml")
        for prefix, words in ENVIRONMENTS.items():
            run(
                cls.checkout.infra / "scripts/deploy-stack.sh", "--architecture", ARCHITECTURE, *words, *MAILS,
                environment=cls.account.environment(),
            )
            for table in ("CV-Analytics-QueryEvents", "CV-Analytics"):
                # Its CloudFormation keeps the text "true", and no client can read the table's description.
                cls.client("dynamodb").update_table(TableName=prefix + table, DeletionProtectionEnabled=True)
        cls.monday = last_closed_week(now())
        cls.week = week_name(cls.monday)
        cls.data = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.data.cleanup)

    def test_only_budgets_and_alarms_on_a_calculated_metric_are_left_out(self):
        self.assertEqual(
            sorted(self.left_out),
            ["DeadLettersAlarm", "FreeTierBudget", "JoinRateAlarm", "MonthlyBudget", "StopIntakeAction"],
        )

    def test_each_environment_has_its_own_messages_and_its_own_report(self):
        sent = {prefix: [] for prefix in ENVIRONMENTS}
        self.ask(lambda *event: sent[""].append(self.send("", *event)))
        sent["dev-"].append(self.send("dev-", self.event("query", "of-dev", 1, query="Do you know Go?")))
        for prefix in ENVIRONMENTS:
            self.wait_until_delivered(prefix)
        self.assertEqual([letter["Body"] for letter in self.dead_letters("")], ["this is no JSON"])
        self.assertEqual(self.dead_letters("dev-"), [])
        self.program("", "forget", "--store", "dynamodb", "--request", "forgotten")

        # As a rule does it, and again: the mail goes out once.
        for prefix, interactions in (("", 8), ("dev-", 1)):
            answers = [self.invoke(f"{prefix}cv-analytics-reporter", {"week": self.week}) for _ in range(2)]
            self.assertEqual([answer["sent"] for answer in answers], [1, 0], answers)
            self.assertEqual(answers[0]["interactions"], interactions)

        # Answers after the report: one to what the sweep promoted, one to what was erased.
        late = [self.event("response", name, hour, matchType="full", matchScore=70) for name, hour in
                (("promoted", 5), ("forgotten", 6))]
        sent[""] += [self.send("", event) for event in late]
        self.wait_until_delivered("")
        for prefix in ENVIRONMENTS:
            self.assertEqual(self.report_on_aws(prefix), self.self_hosted_report(prefix, sent[prefix]))

    def ask(self, send):
        """Every way of the two halves to each other, and of what comes with them or again."""
        query, response = self.query, self.response
        for event in (
            query("in-order", 1), response("response-first", 2), query("together", 3), response("together", 3),
            self.event("response", "whole", 4, query="Do you know Rust?", queryTimestamp=self.at(4),
                       matchType="full", matchScore=80),
            query("promoted", 5), query("forgotten", 6), self.event("feedback", "feedback-first", 7, rating="down"),
        ):
            send(event)
        self.send_message("", "this is no JSON", "unreadable", "unreadable")
        self.wait_until_delivered("")
        for event in (
            response("in-order", 1), query("response-first", 2), query("feedback-first", 7),
            response("feedback-first", 7), self.event("feedback", "in-order", 2, rating="up"),
            response("lone-answer", 8),
        ):
            send(event)
        self.wait_until_delivered("")
        # The same again, and another body, each after the time in which SQS would have swallowed it.
        send(query("in-order", 1), ":again")
        send(self.event("response", "in-order", 1, matchType="none", matchScore=0), ":another")
        send(self.event("query", "asked-only", 9, query="What are your salary expectations?"))

    def at(self, hour):
        return int((self.monday + timedelta(hours=hour)).timestamp() * 1000)

    def event(self, kind, request_id, hour, **more):
        later = {"query": 0, "response": 700, "feedback": 9000}[kind]
        return {"eventType": kind, "requestId": request_id, "timestamp": self.at(hour) + later,
                "sessionId": request_id, **more}

    def query(self, request_id, hour):
        return self.event("query", request_id, hour, query="Do you know Kubernetes?")

    def response(self, request_id, hour):
        return self.event("response", request_id, hour, matchType="partial", matchScore=60)

    def send(self, prefix, event, again=""):
        body, name = json.dumps(event), event["requestId"]
        self.send_message(prefix, body, name, f"{name}:{event['eventType']}{again}")
        return body

    def send_message(self, prefix, body, group, deduplication_id):
        self.client("sqs").send_message(
            QueueUrl=self.queue(prefix, "events"), MessageBody=body, MessageGroupId=group,
            MessageDeduplicationId=deduplication_id,
        )

    def queue(self, prefix, name):
        return self.client("sqs").get_queue_url(QueueName=f"{prefix}cv-analytics-{name}.fifo")["QueueUrl"]

    def wait_until_delivered(self, prefix):
        url, deadline = self.queue(prefix, "events"), time.monotonic() + DELIVERED_WITHIN_S
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        while True:
            left = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            if all(left[name] == "0" for name in names):
                return
            if time.monotonic() > deadline:
                self.fail(f"{left} are left:\n{self.account.log.read_text()[-6000:]}")
            time.sleep(0.2)

    def dead_letters(self, prefix):
        answer = self.client("sqs").receive_message(
            QueueUrl=self.queue(prefix, "dlq"), MaxNumberOfMessages=10, VisibilityTimeout=0,
        )
        return answer.get("Messages", [])

    def invoke(self, name, event):
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        payload = answer["Payload"].read()
        self.assertNotIn("FunctionError", answer, payload)
        return json.loads(payload)

    def program(self, prefix, *words, given=None):
        environment = {
            **self.account.environment(), "QUERY_EVENTS_TABLE": f"{prefix}CV-Analytics-QueryEvents",
            "ANALYTICS_TABLE": f"{prefix}CV-Analytics",
        }
        command = [os.environ[PROGRAM_VARIABLE], *words]
        done = subprocess.run(command, env=environment, input=given, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def report(self, *words):
        """A week's report; what arrived more than once, or was unreadable, the two kinds of install count differently."""
        report = json.loads(self.program(*words, "--format", "json", "--week", self.week))
        del report["capture"]["deliveries"]
        return report

    def report_on_aws(self, prefix):
        return self.report(prefix, "report", "--store", "dynamodb")

    def self_hosted_report(self, prefix, bodies):
        folder = f"{self.data.name}/{prefix}data"
        self.program("", "events", "import", "--data", folder, "-", given="\n".join(bodies))
        if any('"forgotten"' in body for body in bodies):
            self.program("", "forget", "--data", folder, "--request", "forgotten")
        return self.report("", "report", "--data", folder)


if __name__ == "__main__":
    unittest.main()
