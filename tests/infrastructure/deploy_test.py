"""The stack by its script: created, changed, refused where that would change something else than was meant."""

import base64
import hashlib
import unittest

from account import Account, Checkout, run
from created import clients, zip_file
from read_back import read_back
from template import FILE

MAILS = ("SenderEmail=reports@example.org", "RecipientEmails=you@example.org", "AlertEmail=you@example.org")
BUCKET = "cv-analytics-code-123456789012-eu-west-2"

# An AWS CLI that says this of every stack, and fails with what is no status.
AWS_OF_ONE_STATUS = """#!/bin/sh
case "$*" in *describe-stacks*) ;; *) echo 123456789012; exit ;; esac
echo '{status}'
case '{status}' in *error*) exit 254 ;; esac
"""


class Deploys(unittest.TestCase):
    def setUp(self):
        self.account, self.checkout = Account(), Checkout()
        self.addCleanup(self.account.close)
        self.addCleanup(self.checkout.remove)
        self.environment = self.account.environment()
        self.client = clients(self.account.endpoint)
        self.dist = self.checkout.folder / "dist"

    def deploy(self, *words, **more):
        environment = {**self.environment, **more.pop("variables", {})}
        return run(self.checkout.infra / "scripts/deploy-stack.sh", *words, environment=environment, **more)

    def release(self, *words, **more):
        return run(self.checkout.infra / "scripts/release-functions.sh", *words, environment=self.environment, **more)

    def everything(self):
        return read_back(self.account.endpoint)

    def build_for_x86_64(self, content="for x86_64"):
        for function in ("processor", "reporter"):
            (self.dist / f"{function}-x86_64.zip").write_bytes(zip_file(f"{function} {content}"))

    def runs(self, architecture, prefix=""):
        """Whether both functions run the code of `dist` for an architecture, as one for it."""
        for function in ("processor", "reporter"):
            found = self.client("lambda").get_function_configuration(FunctionName=f"{prefix}cv-analytics-{function}")
            digest = hashlib.sha256((self.dist / f"{function}-{architecture}.zip").read_bytes()).digest()
            self.assertEqual(found["Architectures"], [architecture])
            self.assertEqual(found["CodeSha256"], base64.b64encode(digest).decode())

    def silence(self):
        [alarm] = self.client("cloudwatch").describe_alarms(AlarmNames=["cv-analytics-silence"])["MetricAlarms"]
        return alarm["Period"] * alarm["EvaluationPeriods"] // 3600

    def recipients(self):
        found = self.client("lambda").get_function_configuration(FunctionName="cv-analytics-reporter")
        return found["Environment"]["Variables"]["RECIPIENT_EMAIL"]

    def with_status(self, status):
        """Variables with an AWS CLI that says this of every stack."""
        aws = self.checkout.folder / "bin/aws"
        aws.parent.mkdir(exist_ok=True)
        aws.write_text(AWS_OF_ONE_STATUS.format(status=status))
        aws.chmod(0o755)
        return {"PATH": f"{aws.parent}:{self.environment['PATH']}"}

    def test_a_stack_is_deployed_and_says_what_to_do_next(self):
        said = self.deploy(*MAILS)
        for words in ("Next1ConfirmMails", "worker-key.sh --user cv-analytics-worker-eu-west-2", "cv-analytics-events.fifo"):
            self.assertIn(words, said)
        first = self.everything()
        self.assertIn("function cv-analytics-processor", first)
        self.assertIn(f"bucket {BUCKET}", first)
        for words in ((), ("--code",)):
            self.assertIn("No changes to deploy", self.deploy(*words))
            self.assertEqual(self.everything(), first)

    def test_a_parameter_is_changed_without_a_build_and_the_code_stays(self):
        self.deploy(*MAILS)
        before = self.everything()
        for file in self.dist.iterdir():
            file.unlink()
        said = self.deploy("SilenceHours=120")
        self.assertIn("the code stays as it is", said)
        self.assertEqual(self.silence(), 120)
        changed = {name for name, parts in self.everything().items() if parts != before[name]}
        self.assertEqual(changed, {"alarm cv-analytics-silence"})
        self.assertIn("processor-arm64.zip: build it with", self.deploy("--code", succeeds=False))

    def test_a_report_may_have_several_recipients(self):
        self.deploy(*MAILS)
        self.deploy("RecipientEmails=you@example.org, colleague@example.org")
        self.assertEqual(self.recipients(), "you@example.org, colleague@example.org")
        for wrong in ("you@example.org colleague@example.org", "you@example.org,", "you"):
            self.assertIn("failed to satisfy constraint", self.deploy(f"RecipientEmails={wrong}", succeeds=False))

    def test_a_stack_keeps_its_architecture(self):
        self.build_for_x86_64()
        self.deploy("--architecture", "x86_64", *MAILS)
        self.runs("x86_64")
        self.deploy("SilenceHours=120")
        self.runs("x86_64")
        self.build_for_x86_64("changed")
        self.assertIn("for x86_64", self.deploy("--code"))
        self.runs("x86_64")
        self.deploy("Architecture=arm64")
        self.runs("arm64")

    def test_a_release_is_of_the_architecture_that_a_function_has_and_changes_it_when_it_is_told_to(self):
        self.build_for_x86_64()
        self.deploy("--architecture", "x86_64", *MAILS)
        self.assertEqual(self.release().count("runs this code already"), 2)
        self.build_for_x86_64("changed")
        self.assertEqual(self.release().count("runs the new code"), 2)
        self.runs("x86_64")
        self.assertEqual(self.release("--architecture", "arm64").count("runs the new code"), 2)
        self.runs("arm64")

    def test_code_is_brought_though_the_stack_names_it_already(self):
        dev = ("EnvironmentPrefix=dev-", "CreateSenderIdentity=false")
        self.deploy(*MAILS)
        self.deploy(*dev, *MAILS)
        self.assertEqual(self.deploy("--code").count("runs this code already"), 2)
        first = {file: file.read_bytes() for file in self.dist.iterdir()}
        for file in first:
            file.write_bytes(zip_file(f"{file.name} changed"))
        for prefix in ("", "dev-"):
            self.assertEqual(self.release("--prefix", prefix).count("runs the new code"), 2)
            self.runs("arm64", prefix)
        for file, content in first.items():
            file.write_bytes(content)
        said = self.deploy("--code", "--stack", "dev-cv-analytics")
        self.assertIn("No changes to deploy", said)
        self.assertIn("dev-cv-analytics-processor runs the new code", said)
        self.runs("arm64", "dev-")
        self.deploy("SilenceHours=120")
        with self.assertRaises(AssertionError):
            self.runs("arm64")
        self.deploy("--code")
        self.runs("arm64")

    def test_code_that_no_stack_names_any_more_leaves_by_the_buckets_lifecycle(self):
        keys = lambda: {one["Key"] for one in self.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]}
        self.deploy(*MAILS)
        self.deploy("EnvironmentPrefix=dev-", "CreateSenderIdentity=false", *MAILS)
        first = keys()
        self.assertEqual(len(first), 4)
        (self.dist / "processor-arm64.zip").write_bytes(zip_file("processor changed"))
        self.deploy("--code")
        [gone], [new] = first - keys(), keys() - first
        self.assertTrue(gone.startswith("cv-analytics/processor/") and new.startswith("cv-analytics/processor/"))
        versions = self.client("s3").list_object_versions(Bucket=BUCKET, Prefix=gone)
        self.assertEqual((len(versions["Versions"]), len(versions["DeleteMarkers"])), (1, 1))
        [rule] = self.client("s3").get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
        self.assertEqual((rule["Status"], rule["NoncurrentVersionExpiration"]["NoncurrentDays"]), ("Enabled", 90))

    def test_another_environment_is_another_stack(self):
        self.deploy(*MAILS)
        first = self.everything()
        dev = ("EnvironmentPrefix=dev-", "Environment=dev", "CreateSenderIdentity=false")
        said = self.deploy("--stack", "cv-analytics", *dev, succeeds=False)
        self.assertIn('the stack cv-analytics has the prefix "", not "dev-"', said)
        self.assertIn("--stack dev-cv-analytics", said)
        self.assertEqual(self.everything(), first)
        self.deploy(*dev, *MAILS)
        both = self.everything()
        self.assertIn("table dev-CV-Analytics", both)
        self.assertEqual({name: both[name] for name in first}, first)
        said = self.deploy("--stack", "dev-cv-analytics", "EnvironmentPrefix=", succeeds=False)
        self.assertIn('the stack dev-cv-analytics has the prefix "dev-", not ""', said)
        self.assertIn("No changes to deploy", self.deploy("EnvironmentPrefix=dev-"))
        self.assertEqual(self.everything(), both)
        self.take_out_of_service_what_its_prefix_names()

    def take_out_of_service_what_its_prefix_names(self):
        key = self.client("iam").create_access_key(UserName="dev-cv-analytics-worker-eu-west-2")["AccessKey"]["AccessKeyId"]
        for stack, words in (
            ((), f"the Worker's key is in use ({key}): rollback.sh stop comes first"),
            (("--stack", "cv-analytics"), 'the stack cv-analytics has the prefix "", not "dev-"'),
        ):
            script = self.checkout.infra / "scripts/rollback.sh"
            options = (*stack, "--prefix", "dev-", "--program", "true")
            self.assertIn(words, run(script, *options, "delete", "nowhere", environment=self.environment, succeeds=False))

    def test_a_creation_that_was_only_looked_at_is_no_stack_yet(self):
        parameters = dict(word.split("=") for word in (*MAILS, "CodeBucket=b", "ProcessorCodeKey=p", "ReporterCodeKey=r"))
        self.client("cloudformation").create_change_set(
            StackName="cv-analytics", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=FILE.read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        [stack] = self.client("cloudformation").describe_stacks(StackName="cv-analytics")["Stacks"]
        self.assertEqual(stack["StackStatus"], "REVIEW_IN_PROGRESS")
        self.deploy(*MAILS)
        self.runs("arm64")

    def test_a_stack_that_takes_no_change_is_named_and_nothing_is_made(self):
        for status, words in (
            ("ROLLBACK_COMPLETE", "a half of it that can only be deleted"),
            ("UPDATE_ROLLBACK_FAILED", "its last change could not be taken back"),
            ("UPDATE_IN_PROGRESS", "wait until that has ended"),
        ):
            with self.subTest(status):
                said = self.deploy(*MAILS, variables=self.with_status(status), succeeds=False)
                self.assertIn(f"the stack cv-analytics is {status}: {words}", said)
                self.assertEqual(self.everything(), {})

    def test_a_stack_that_cannot_be_looked_at_is_not_taken_for_one_that_is_not_there(self):
        variables = self.with_status("An error occurred (AccessDenied): refused")
        self.assertIn("AccessDenied", self.deploy(*MAILS, variables=variables, succeeds=False))
        self.assertEqual(self.everything(), {})

    def test_functions_that_were_not_built_are_named_before_anything_is_made(self):
        said = self.deploy("--architecture", "x86_64", *MAILS, succeeds=False)
        self.assertIn("cargo xtask dist --arch x86_64", said)
        self.assertEqual(self.everything(), {})


if __name__ == "__main__":
    unittest.main()
