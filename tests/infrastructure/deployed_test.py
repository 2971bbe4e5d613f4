"""What is deployed works: the functions' own programs, under the settings that the account has of them, from
the first message to the mail; and each right is needed for that, and none is missing."""

import email
import email.policy
import json
import os
import platform
import re
import shutil
import tempfile
import unittest
from pathlib import Path

from account import Account, Checkout, run
from created import create_all, zip_file
from deployed_week import DeployedWeek
from deployment import Deployment
from options import ALL_OPTIONS, variables_file
from read_back import read_back
from recording_proxy import Call
from template import Template

# The folder of the programs `processor` and `reporter`, as the one that runs the tests has built them.
FUNCTIONS_VARIABLE = "CV_ANALYTICS_FUNCTIONS"
ARCHITECTURE = "x86_64" if platform.machine() in ("x86_64", "AMD64") else "arm64"
# AWS's own addresses take nothing else; the emulator has no TLS.
SECURE = (("aws:SecureTransport", "true"),)


def setUpModule():
    """The functions as `cargo xtask dist` lays them out, but for how they are compiled."""
    global DIST
    DIST = Path(tempfile.mkdtemp())
    unittest.addModuleCleanup(shutil.rmtree, DIST)
    for function in ("processor", "reporter"):
        program = (Path(os.environ[FUNCTIONS_VARIABLE]) / function).read_bytes()
        (DIST / f"{function}-{ARCHITECTURE}.zip").write_bytes(zip_file(program))


class Deployed:
    """What holds of a deployment, however it was made."""

    SENDER = "reports@example.org"

    @classmethod
    def setUpClass(cls):
        cls.account, cls.checkout = Account(), Checkout()
        cls.addClassCleanup(cls.account.close)
        cls.addClassCleanup(cls.checkout.remove)
        cls.environment = cls.account.environment()
        for file in DIST.iterdir():
            shutil.copy(file, cls.checkout.folder / "dist")
        cls.deploy()
        cls.found = read_back(cls.account.endpoint)
        zip_files = sorted((cls.checkout.folder / "dist").iterdir())
        cls.deployment = Deployment(cls.account.endpoint, zip_files, cls.checkout.folder / "unpacked")
        cls.week = DeployedWeek(cls.deployment)

    @classmethod
    def script(cls, name, *words):
        return run(cls.checkout.infra / "scripts" / name, *words, environment=cls.environment)

    def test_the_parts_name_each_other(self):
        variables = self.deployment.processor.variables
        self.assertEqual(variables["QUEUE_URL"], self.deployment.queue_url)
        self.assertEqual(variables["DEAD_LETTER_QUEUE_URL"], self.deployment.dead_letter_queue_url)
        for name in ("QUERY_EVENTS_TABLE", "ANALYTICS_TABLE"):
            self.assertEqual(variables[name], self.deployment.reporter.variables[name])
        timeout = int(self.deployment.queue["VisibilityTimeout"])
        self.assertGreaterEqual(timeout, 6 * self.deployment.processor.timeout_s)
        logs = self.deployment.client("logs")
        groups = {group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]}
        # Else Lambda would make them, for which it has no right.
        self.assertEqual(groups, {self.deployment.processor.log_group, self.deployment.reporter.log_group})

    def test_every_message_is_joined_set_aside_or_comes_again(self):
        self.assertEqual(self.week.returned, [])
        for returned in self.week.returned_by_fault:
            self.assertEqual([json.loads(message["Body"])["requestId"] for message in returned], ["unlucky"])
        self.assertEqual(len(self.week.returned_by_fault), 2)
        first, second = self.week.waits()
        self.assertEqual(first, 5)
        # At random between the previous wait and twice it.
        self.assertTrue(5 <= second <= 10, second)
        counted = {name: value for (_, name, _), value in self.week.metrics.items()}
        counted.pop("OldestMessageAge")
        self.assertEqual(counted, {
            "Received": 19, "Joined": 6, "Coalesced": 1, "Duplicates": 1, "Conflicts": 0, "Erased": 1,
            "DeadLetters": 2, "Failed": 2,
        })
        left = self.deployment.attributes(self.deployment.queue_url)
        for name in ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"):
            self.assertEqual(left[name], "0", name)

    def test_what_cannot_be_read_lies_in_the_dead_letter_queue(self):
        letters = {letter["Body"]: letter.get("MessageAttributes", {}) for letter in self.week.dead_letters}
        self.assertEqual(letters.keys(), {"this is no JSON", self.week.fills_the_queue})
        self.assertEqual(letters["this is no JSON"]["reason"]["StringValue"], "not_json")
        # A reason beside it would be more than the queue takes.
        self.assertEqual(letters[self.week.fills_the_queue], {})

    def test_alarms_look_at_metrics_that_the_processor_writes(self):
        watched = set()
        for alarm in self.deployment.client("cloudwatch").describe_alarms()["MetricAlarms"]:
            # A metric of its own, or those of an expression.
            parts = [part.get("MetricStat", {}).get("Metric") for part in alarm.get("Metrics", [])] or [alarm]
            for metric in parts:
                if metric and not metric["Namespace"].startswith("AWS/"):
                    dimensions = tuple((one["Name"], one["Value"]) for one in metric["Dimensions"])
                    watched.add((metric["Namespace"], metric["MetricName"], dimensions))
        self.assertEqual({name for _, name, _ in watched}, {"Failed", "Joined", "Received"})
        self.assertLessEqual(watched, self.week.metrics.keys())

    def test_the_report_is_mailed_once_to_each_recipient(self):
        first, again = self.week.reported
        recipients = self.deployment.reporter.variables["RECIPIENT_EMAIL"].split(",")
        self.assertEqual(recipients, self.RECIPIENTS)
        sent = {"week": self.week.week, "sent": len(recipients), "sentBefore": 0, "interactions": 8}
        self.assertEqual(first, sent)
        self.assertEqual(again, {"week": self.week.week, "sent": 0, "sentBefore": len(recipients), "interactions": None})
        mails = [email.message_from_string(mail, policy=email.policy.default) for mail in self.week.mails]
        self.assertEqual(sorted(mail["To"] for mail in mails), sorted(recipients))
        for mail in mails:
            self.assertEqual(mail["From"].addresses[0].addr_spec, self.SENDER)
            subject = f"CV Analytics Weekly Report - Week [{self.week.week}]"
            self.assertTrue(mail["Subject"].startswith(subject), mail["Subject"])

    def mailed_text(self, mails):
        message = email.message_from_string(mails[0], policy=email.policy.default)
        return message.get_body(("plain",)).get_content().replace("\r\n", "\n")

    def test_the_report_has_the_weeks_figures(self):
        text = self.mailed_text(self.week.mails)
        self.assertIn(f"WEEK {self.week.week}", text)
        self.assertIn("4 fully covered · 2 partly covered · 1 not covered", text)
        figures = dict(re.findall(r"^(\w[\w, ]+?) \.{3,} (.*)$", text, re.M))
        self.assertRegex(figures["Questions"], r"^7 \(in 8 conversations\b")
        # Of the seven with an answer: 90, 60, 100, 0, 80, 70 and 40.
        self.assertRegex(figures["Match score"], r"^62\.9 \(of 100\b")
        said = " ".join(text.split())
        self.assertIn("1 question without an answer", said)
        self.assertIn("1 answer without a question", said)

    def test_dead_letters_are_counted_in_the_week_in_which_they_came(self):
        # The same text to everybody; two weeks only where one ended meanwhile.
        texts = {self.mailed_text([mail]) for mail in self.week.mails_since}
        counted = [re.search(r"(\d+) messages? could not be read", " ".join(text.split())) for text in texts]
        self.assertEqual(sum(int(found.group(1)) for found in counted if found), 2)

    def test_what_was_forgotten_is_nowhere(self):
        self.assertEqual(self.week.row_of_forgotten.keys(), {"requestId", "erased", "ttl"})
        self.assertNotIn("forgotten", json.dumps(self.week.mails + self.week.mails_since))

    def test_logs_tell_no_question(self):
        for line in self.week.lines:
            self.assertNotIn("Rust", line)
            self.assertNotIn("this is no JSON", line)

    # What Lambda itself does with a function's role, while it feeds a queue and keeps a log:
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    FED = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    LOGGED = ("logs:CreateLogStream", "logs:PutLogEvents")

    def by_lambda(self, function, *queues):
        fed = {Call(action, queue) for queue in queues for action in self.FED}
        account = function.arn.split(":")[4]
        group = f"arn:aws:logs:{function.region}:{account}:log-group:{function.log_group}"
        stream = f"{group}:log-stream:{function.log_stream}"
        return fed | {Call(action, stream) for action in self.LOGGED}

    def calls(self, name, by_lambda=frozenset()):
        """Everything that one principal asked for, each time with its own key, and that Lambda asks for it."""
        proxy = self.week.proxies[name]
        self.assertEqual({request.access_key for request in proxy.requests}, {self.week.keys[name]["AccessKeyId"]})
        return {Call(call.action, call.resource, call.context + SECURE) for call in proxy.calls() | by_lambda}

    def of_function(self, name, *queues):
        function = getattr(self.deployment, name)
        statements = self.deployment.statements("role", function.role.rpartition("/")[2])
        return self.calls(name, self.by_lambda(function, *queues)), statements

    def test_the_processor_may_do_what_it_does_and_nothing_else(self):
        self.assertEqual(differences(*self.of_function("processor", self.deployment.queue_arn)), ([], []))

    def test_the_reporter_may_do_what_it_does_and_nothing_else(self):
        self.assertEqual(differences(*self.of_function("reporter")), ([], []))

    def test_the_worker_may_do_what_it_does_and_nothing_else(self):
        statements = self.deployment.statements("user", self.deployment.worker)
        self.assertEqual(differences(self.calls("worker"), statements), ([], []))

    def test_each_right_that_is_missing_or_elsewhere_and_each_one_too_many_is_found(self):
        calls, statements = self.of_function("processor", self.deployment.queue_arn)
        for statement in statements:
            for changed in ("actions", "resources"):
                before = getattr(statement, changed)
                for one in before:
                    setattr(statement, changed, [other for other in before if other != one])
                    with self.subTest(f"{statement.sid} without {one}"):
                        self.assertNotEqual(differences(calls, statements)[0], [])
                setattr(statement, changed, before)
            statement.actions.append("dynamodb:DeleteItem")
            with self.subTest(f"{statement.sid} with one more"):
                self.assertEqual(differences(calls, statements), ([], [(statement.sid, "dynamodb:DeleteItem")]))
            statement.actions.remove("dynamodb:DeleteItem")


def differences(calls, statements):
    """Calls that no statement allows, and actions of statements that no call needs."""
    refused = [call for call in calls if not any(statement.allows(call) for statement in statements)]
    allowed = {(statement.sid, action) for statement in statements for action in statement.actions}
    needed = {(statement.sid, call.action) for statement in statements for call in calls if statement.allows(call)}
    return refused, sorted(allowed - needed)


class FromTheTemplate(Deployed, unittest.TestCase):
    """A stack with the defaults but for larger messages, by the script that a person runs."""

    RECIPIENTS = ["you@example.org"]

    @classmethod
    def deploy(cls):
        cls.script(
            "deploy-stack.sh", "--architecture", ARCHITECTURE, f"SenderEmail={cls.SENDER}",
            "RecipientEmails=you@example.org", "AlertEmail=you@example.org", "MaximumMessageSize=1048576",
        )


class FromTerraform(Deployed, unittest.TestCase):
    """Terraform with every option, by the scripts that a person runs."""

    OPTIONS = {**ALL_OPTIONS, "Architecture": ARCHITECTURE}
    RECIPIENTS = ALL_OPTIONS["RecipientEmails"].split(",")

    @classmethod
    def deploy(cls):
        cls.variables = cls.checkout.infra / "environments/all.tfvars"
        cls.variables.write_text(variables_file(cls.OPTIONS))
        for step in ("init", "plan", "apply"):
            cls.script(f"{step}.sh", "all")

    def test_both_descriptions_make_the_same_resources_with_every_option(self):
        other = Account()
        self.addCleanup(other.close)
        create_all(Template(self.OPTIONS, endpoint=other.endpoint), other.endpoint)
        from_template = read_back(other.endpoint)
        found = {name: parts for name, parts in self.found.items() if "terraform-state" not in name}
        self.assertEqual(from_template.keys(), found.keys())
        for name, parts in from_template.items():
            with self.subTest(name):
                self.assertEqual(parts, found[name])

    def test_a_plan_after_the_week_has_nothing_to_do(self):
        folder = self.checkout.infra / "terraform"
        environment = {**self.environment, "TF_DATA_DIR": str(folder / ".terraform/all")}
        said = run(
            "terraform", f"-chdir={folder}", "plan", "-detailed-exitcode", f"-var-file={self.variables}",
            # moto does not say a table's class.
            "-var=table_class=STANDARD",
            environment=environment,
        )
        self.assertIn("No changes", said)


if __name__ == "__main__":
    unittest.main()
