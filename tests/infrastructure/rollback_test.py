"""An installation is taken out of service: nothing is deleted that is not in a verified archive."""

import json
import os
import shutil
import unittest

from account import Account, Checkout, run
from created import clients
from read_back import read_back

BUCKET = "bucket cv-analytics-{}-123456789012-eu-west-2"
KEPT_OF_A_STACK = (BUCKET.format("archive"), BUCKET.format("code"))
KEPT_OF_TERRAFORM = (BUCKET.format("archive"), BUCKET.format("terraform-state"))
USER = "cv-analytics-worker-eu-west-2"
# Made before the last question came, and after.
EARLIER = "s3://cv-analytics-archive-123456789012-eu-west-2/earlier"
ARCHIVE = "s3://cv-analytics-archive-123456789012-eu-west-2/last"
MAILS = ("SenderEmail=reports@example.org", "RecipientEmails=you@example.org", "AlertEmail=you@example.org")

# Stands before the AWS CLI, and refuses the calls that begin with REFUSED. The first version of the CLI asks for SQS
# at an address of its own, unless it is told by an option.
REFUSING_CLI = """#!/usr/bin/env bash
[[ -z ${REFUSED-} || "$* " != "$REFUSED"* ]] || { echo "An error occurred (AccessDenied): refused" >&2; exit 254; }
[[ $1 != sqs ]] || set -- --endpoint-url "$AWS_ENDPOINT_URL" "$@"
exec "$REAL" "$@"
"""


def events(first, last):
    """Questions with their answers, one of three without."""
    lines = []
    for number in range(first, last):
        request, at = f"r{number}", 1_763_000_000_000 + number * 60_000
        lines.append({"eventType": "query", "requestId": request, "timestamp": at, "query": "Do you know k8s?"})
        if number % 3:
            lines.append({"eventType": "response", "requestId": request, "timestamp": at + 900, "matchType": "none"})
    return "".join(json.dumps(line) + "\n" for line in lines)


class Installation:
    """With a Worker's key that is stopped, questions, and archives; `named` are the words that name it."""

    named = ("--stack", "cv-analytics")

    @classmethod
    def setUpClass(cls):
        cls.account, cls.checkout = Account(), Checkout()
        cls.addClassCleanup(cls.account.close)
        cls.addClassCleanup(cls.checkout.remove)
        cls.program = os.environ["CV_ANALYTICS_PROGRAM"]
        refusing = cls.checkout.folder / "aws"
        refusing.write_text(REFUSING_CLI)
        refusing.chmod(0o755)
        plain = cls.account.environment()
        cls.environment = {
            **plain, "REAL": shutil.which("aws", path=plain["PATH"]),
            "PATH": f"{cls.checkout.folder}{os.pathsep}{plain['PATH']}",
        }
        cls.client = staticmethod(clients(cls.account.endpoint))
        cls.create()
        cls.key = cls.client("iam").create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
        cls.import_events(0, 29)
        cls.too_early = cls.rollback("archive", EARLIER, succeeds=False)
        cls.stopped = cls.rollback("stop")
        cls.rollback("archive", EARLIER)
        cls.import_events(29, 30)
        cls.archived = cls.rollback("archive", ARCHIVE)

    @classmethod
    def create(cls):
        cls.script("deploy-stack.sh", *MAILS)

    @classmethod
    def script(cls, name, *words, **more):
        environment = {**cls.environment, **more.pop("variables", {})}
        return run(cls.checkout.infra / "scripts" / name, *words, environment=environment, **more)

    @classmethod
    def rollback(cls, *words, **more):
        options = ("--program", cls.program, "--settle", "0")
        return cls.script("rollback.sh", *more.pop("named", cls.named), *options, *words, **more)

    @classmethod
    def cv_analytics(cls, *words):
        return run(cls.program, *words, environment=cls.environment, folder=cls.checkout.folder)

    @classmethod
    def import_events(cls, first, last):
        file = cls.checkout.folder / "events.jsonl"
        file.write_text(events(first, last))
        cls.cv_analytics("events", "import", file, "--store", "dynamodb")

    def everything(self):
        return read_back(self.account.endpoint)

    def check_all_is_gone_and_can_be_had_again(self, said, kept):
        self.assertIn("the environment prod is gone", said)
        self.assertEqual(self.everything().keys(), {"sender reports@example.org", *kept})
        self.assertIn("there is nothing to delete", self.rollback("delete", ARCHIVE))
        self.cv_analytics("restore", ARCHIVE, "--data", "again")
        exported = self.cv_analytics("events", "export", "--data", "again")
        self.assertEqual(len(exported.splitlines()), 50)


class NothingIsDeleted(Installation, unittest.TestCase):
    """One installation, which every refusal leaves as it was."""

    def refuses_to_delete(self, words, place=ARCHIVE, given="prod\n", **more):
        before = self.everything()
        said = self.rollback("delete", place, given=given, succeeds=False, **more)
        self.assertIn(words, said)
        self.assertIn("nothing was deleted", said)
        self.assertEqual(self.everything(), before)
        [mapping] = self.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        self.assertEqual(mapping["State"], "Enabled")

    def test_new_events_stop_before_anything_is_archived(self):
        self.assertIn(f"the Worker's key is in use ({self.key}): rollback.sh stop comes first", self.too_early)
        self.assertIn(f"the key {self.key} is switched off", self.stopped)
        self.assertIn("everything that the store keeps now is in the archive", self.archived)

    def test_what_was_stopped_is_resumed_and_no_other_key(self):
        iam = self.client("iam")
        old = iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
        self.addCleanup(iam.delete_access_key, UserName=USER, AccessKeyId=old)
        iam.update_access_key(UserName=USER, AccessKeyId=old, Status="Inactive")
        self.assertIn(f"the key {self.key} is switched on again", self.rollback("resume"))
        keys = iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]
        self.assertEqual({key["AccessKeyId"]: key["Status"] for key in keys}, {self.key: "Active", old: "Inactive"})
        self.refuses_to_delete("rollback.sh stop comes first")
        self.rollback("stop")

    def test_a_complete_archive_is_verified_again_and_not_made_again(self):
        self.assertIn("everything that the store keeps now is in the archive", self.rollback("archive", ARCHIVE))

    def test_what_is_not_in_the_archive(self):
        self.refuses_to_delete("records that the store keeps now are not in", place=EARLIER)

    def test_a_damaged_archive(self):
        place = self.checkout.folder / "archive"
        self.rollback("archive", place)
        [part] = place.glob("events-*.gz")
        content = bytearray(part.read_bytes())
        content[-9] ^= 1
        part.write_bytes(content)
        self.refuses_to_delete("invalid checksum", place=place)

    def test_another_account_region_stack_or_name(self):
        before = self.everything()
        said = self.rollback("--account", "999999999999", "delete", ARCHIVE, given="prod\n", succeeds=False)
        self.assertIn("are for the account 123456789012, not 999999999999; nothing was changed", said)
        said = self.rollback("--yes", "prod", "delete", ARCHIVE, succeeds=False)
        self.assertIn("--yes needs --account", said)
        said = self.rollback("--region", "eu-central-1", "delete", ARCHIVE, given="prod\n")
        self.assertIn("region eu-central-1: there is nothing to delete", said)
        self.assertIn("unknown user", self.rollback("--region", "eu-central-1", "stop", succeeds=False))
        self.assertEqual(self.everything(), before)
        self.refuses_to_delete("name the stack with --stack", named=("--stack", "other"))
        self.refuses_to_delete("\"dev\" is not the environment's name", given="dev\n")

    def test_dead_letters_and_messages_that_wait(self):
        sqs = self.client("sqs")
        for name in ("cv-analytics-dlq.fifo", "cv-analytics-events.fifo"):
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            sqs.send_message(QueueUrl=url, MessageBody="{", MessageGroupId="1")
            self.refuses_to_delete(f"are in {name}")
            if "events" in name:
                said = self.rollback("--minutes", "0", "archive", ARCHIVE, succeeds=False)
                self.assertIn("1 messages still wait in cv-analytics-events.fifo after 0 minutes", said)
            sqs.purge_queue(QueueUrl=url)

    def test_what_may_not_be_looked_at_is_not_taken_for_gone(self):
        for call in ("iam get-user", "cloudformation describe-stacks"):
            with self.subTest(call):
                self.refuses_to_delete("AccessDenied", variables={"REFUSED": call})


class AStackIsDeleted(Installation, unittest.TestCase):
    def test_what_was_interrupted_goes_on_until_all_that_is_archived_is_gone(self):
        def interrupted(call):
            said = self.rollback("delete", ARCHIVE, given="prod\n", succeeds=False, variables={"REFUSED": call})
            self.assertIn("AccessDenied", said)
            self.assertIn("stopped halfway", said)

        interrupted("cloudformation delete-stack")
        self.assertIn("function cv-analytics-processor", self.everything())
        interrupted("dynamodb delete-table --table-name CV-Analytics ")
        self.assertNotIn("table CV-Analytics-QueryEvents", self.everything())
        # One table is left, which cannot be compared without its partner: the mark of the first run tells.
        said = self.rollback("delete", EARLIER, given="prod\n", succeeds=False)
        self.assertIn("was not compared with the archive in", said)
        self.assertIn("table CV-Analytics", self.everything())
        interrupted("iam delete-user ")
        said = self.rollback("--account", "123456789012", "--yes", "prod", "delete", ARCHIVE)
        self.check_all_is_gone_and_can_be_had_again(said, KEPT_OF_A_STACK)


class TerraformsAreDeleted(Installation, unittest.TestCase):
    named = ("--terraform", "prod")

    @classmethod
    def create(cls):
        for step in ("init", "plan", "apply"):
            cls.script(f"{step}.sh", "prod")

    def test_what_was_interrupted_goes_on_until_all_that_is_archived_is_gone(self):
        call = "dynamodb delete-table --table-name CV-Analytics "
        said = self.rollback("delete", ARCHIVE, given="prod\n", succeeds=False, variables={"REFUSED": call})
        self.assertIn("stopped halfway", said)
        said = self.rollback("delete", ARCHIVE, given="prod\n")
        self.check_all_is_gone_and_can_be_had_again(said, KEPT_OF_TERRAFORM)


if __name__ == "__main__":
    unittest.main()
