"""Terraform against an emulated account, by the scripts that a person runs."""

import json
import os
import re
import unittest


from account import Account, Checkout, run
from created import create_all
from install import differences
from read_back import read_back
from template import ROOT, Template, load


class Applied(unittest.TestCase):
    """What Terraform makes, read back through the API: the processor from a project of its own, and
    everything else from the infrastructure's."""

    @classmethod
    def setUpClass(cls):
        cls.account, cls.checkout = Account(), Checkout()
        cls.addClassCleanup(cls.account.close)
        cls.addClassCleanup(cls.checkout.remove)
        cls.environment = cls.account.environment()
        scripts = cls.checkout.infra / "scripts"
        with (cls.checkout.infra / "environments/prod.tfvars").open("a") as variables:
            variables.write("deploy_processor = false\n")
        cls.said = {
            step: run(scripts / f"{step}.sh", "prod", environment=cls.environment)
            for step in ("init", "plan", "apply")
        }
        cls.begin("processor")
        cls.terraform("apply", "-auto-approve", *cls.STATE, root="processor")
        cls.from_terraform = {
            name: parts for name, parts in read_back(cls.account.endpoint).items()
            if "terraform-state" not in name
        }

    BUCKET = "cv-analytics-terraform-state-123456789012-eu-west-2"
    STATE = (
        "-var", f"state_bucket={BUCKET}", "-var", "state_key=infrastructure/prod/terraform.tfstate",
        "-var", "state_options={use_path_style=true}",
    )

    @classmethod
    def terraform(cls, *words, root="", **more):
        folder = cls.checkout.infra / "terraform" / root
        data = folder / ".terraform" / ("prod" if root == "" else "own")
        environment = {**cls.environment, "TF_DATA_DIR": str(data)}
        return run("terraform", f"-chdir={folder}", *words, environment=environment, **more)

    @classmethod
    def begin(cls, root):
        key = f"-backend-config=key={root}/prod/terraform.tfstate"
        cls.terraform("init", f"-backend-config=bucket={cls.BUCKET}", "-backend-config=region=eu-west-2", key, root=root)

    def test_a_second_plan_has_nothing_to_do(self):
        variables = self.checkout.infra / "environments/prod.tfvars"
        said = self.terraform("plan", "-detailed-exitcode", f"-var-file={variables}")
        self.assertIn("No changes", said)

    def test_a_function_on_its_own_has_nothing_to_do_twice(self):
        said = self.terraform("plan", "-detailed-exitcode", *self.STATE, root="processor")
        self.assertIn("No changes", said)

    def test_the_reporter_can_be_planned_on_its_own(self):
        self.begin("reporter")
        said = self.terraform("plan", *self.STATE, root="reporter")
        self.assertIn("Plan: 7 to add, 0 to change, 0 to destroy.", said)

    def test_a_plan_is_applied_once(self):
        apply = self.checkout.infra / "scripts/apply.sh"
        said = run(apply, "prod", environment=self.environment, succeeds=False)
        self.assertIn("missing plan: run plan.sh prod first", said)

    def test_the_state_lies_in_a_protected_bucket_and_holds_no_key(self):
        account = read_back(self.account.endpoint)
        bucket = account[f"bucket {self.BUCKET}"]
        self.assertEqual(bucket["versioning"], "Enabled")
        self.assertTrue(all(bucket["public"].values()) and len(bucket["public"]) == 4)
        self.assertEqual(bucket["policy"]["Statement"][0]["Effect"], "Deny")
        state = self.terraform("state", "pull")
        self.assertIn("aws_sqs_queue", state)
        self.assertNotIn("aws_iam_access_key", state)

    def test_both_descriptions_make_the_same_resources(self):
        other = Account()
        self.addCleanup(other.close)
        create_all(Template(endpoint=other.endpoint), other.endpoint)
        from_template = read_back(other.endpoint)
        self.assertEqual(from_template.keys(), self.from_terraform.keys())
        for name, parts in from_template.items():
            with self.subTest(name):
                self.assertEqual(parts, self.from_terraform[name])
        self.assertGreater(len(from_template), 25)

    def test_terraform_makes_what_the_file_of_facts_says(self):
        self.assertEqual(differences(self.from_terraform, "infra/terraform"), [])

    def test_each_difference_between_the_descriptions_is_found(self):
        other = Account()
        self.addCleanup(other.close)
        changes = {
            "EventsQueue": ("MessageRetentionPeriod", 60),
            "DeadLetterQueue": ("RedriveAllowPolicy", {"redrivePermission": "allowAll"}),
            "AnalyticsTable": ("DeletionProtectionEnabled", False),
            "QueryEventsTable": ("TimeToLiveSpecification", {"AttributeName": "ttl2", "Enabled": True}),
            "Processor": ("Timeout", 31),
            "ProcessorMapping": ("FunctionResponseTypes", []),
            "ScheduleRule": ("ScheduleExpression", "cron(0 10 ? * MON *)"),
            "ReporterLogs": ("RetentionInDays", 1),
            "SilenceAlarm": ("TreatMissingData", "ignore"),
            "WorkerUser": ("Policies", []),
            "ArchiveBucket": ("VersioningConfiguration", {"Status": "Suspended"}),
            "AlertSubscription": ("Endpoint", "other@example.org"),
        }
        create_all(Template(endpoint=other.endpoint), other.endpoint)
        self.assertEqual(read_back(other.endpoint), self.from_terraform)
        for name, (property_name, value) in changes.items():
            with self.subTest(name):
                other.empty()
                template = Template(endpoint=other.endpoint)
                self.assertNotEqual(template.resources[name]["Properties"].get(property_name), value)
                template.resources[name]["Properties"][property_name] = value
                create_all(template, other.endpoint)
                self.assertNotEqual(read_back(other.endpoint), self.from_terraform)

    def test_the_outputs_are_those_that_other_projects_read(self):
        outputs = json.loads(self.terraform("output", "-json"))
        needed = {
            "queue_url", "queue_arn", "processor_role_arn", "reporter_role_arn",
            "query_events_table_name", "query_events_table_arn", "analytics_table_name",
            "analytics_table_arn",
        }
        self.assertLessEqual(needed, outputs.keys())
        self.assertTrue(outputs["queue_url"]["value"].endswith("/cv-analytics-events.fifo"))
        self.assertIn("next_steps", self.said["apply"])

    def test_a_new_code_is_released_once(self):
        release = self.checkout.infra / "scripts/release-functions.sh"
        first = run(release, environment=self.environment)
        self.assertEqual(first.count("runs this code already"), 2)
        (self.checkout.folder / "dist/reporter-arm64.zip").write_bytes(b"not the same")
        missing = run(release, "--architecture", "x86_64", environment=self.environment, succeeds=False)
        self.assertIn("cargo xtask dist --arch x86_64", missing)

    def test_an_architecture_is_not_changed_without_the_code_that_was_built_for_it(self):
        variables = self.checkout.infra / "environments/prod.tfvars"
        said = self.terraform("plan", "-detailed-exitcode", f"-var-file={variables}", "-var=architecture=x86_64")
        self.assertIn("No changes", said)

    def test_a_function_on_its_own_has_no_state_before_its_environment_is_named(self):
        self.terraform("init", "-reconfigure", "-input=false", f"-backend-config=bucket={self.BUCKET}", root="reporter", succeeds=False)

    def test_an_environment_that_is_not_there_is_named(self):
        plan = self.checkout.infra / "scripts/plan.sh"
        said = run(plan, "nowhere", environment=self.environment, succeeds=False)
        self.assertIn("missing infra/environments/nowhere.tfvars", said)
        said = run(plan, "dev", environment=self.environment, succeeds=False)
        self.assertIn("init.sh dev comes first", said)


class Described(unittest.TestCase):
    """What needs no account."""

    @classmethod
    def setUpClass(cls):
        cls.checkout = Checkout()
        cls.addClassCleanup(cls.checkout.remove)

    def environment(self):
        own = {"TF_CLI_ARGS": "-no-color", "CHECKPOINT_DISABLE": "true", "AWS_REGION": "eu-west-2"}
        return {**os.environ, **own}

    def test_every_file_is_formatted(self):
        run("terraform", "fmt", "-check", "-recursive", ROOT / "infra", environment=self.environment())

    def test_every_configuration_is_valid(self):
        for root in ("", "processor", "reporter", "examples/complete"):
            with self.subTest(root):
                folder = self.checkout.infra / "terraform" / root
                run("terraform", "init", "-backend=false", "-input=false", environment=self.environment(), folder=folder)
                run("terraform", "validate", environment=self.environment(), folder=folder)

    def test_its_own_tests_pass(self):
        folder = self.checkout.infra / "terraform"
        run("terraform", "init", "-backend=false", "-input=false", environment=self.environment(), folder=folder)
        said = run("terraform", "test", environment=self.environment(), folder=folder)
        self.assertRegex(said, r"Success! [1-9]\d* passed, 0 failed")

    def test_each_module_is_four_files(self):
        for module in (ROOT / "infra/terraform/modules").iterdir():
            files = {file.name for file in module.iterdir()}
            self.assertEqual(files, {"main.tf", "variables.tf", "outputs.tf", "versions.tf"}, module.name)

    def test_what_the_stack_retains_is_what_terraform_refuses_to_destroy(self):
        retained = {
            resource["Type"] for resource in load()["Resources"].values()
            if resource.get("DeletionPolicy") == "RetainExceptOnCreate"
        }
        kinds = {
            "aws_sqs_queue": "AWS::SQS::Queue", "aws_dynamodb_table": "AWS::DynamoDB::Table",
            "aws_cloudwatch_log_group": "AWS::Logs::LogGroup", "aws_iam_user": "AWS::IAM::User",
            "aws_sesv2_email_identity": "AWS::SES::EmailIdentity", "aws_s3_bucket": "AWS::S3::Bucket",
        }
        self.assertEqual(retained, set(kinds.values()))
        for file in (ROOT / "infra/terraform/modules").glob("*/main.tf"):
            for kind, body in re.findall(r'^resource "(\w+)" "\w+" \{\n(.*?)^\}', file.read_text(), re.M | re.S):
                with self.subTest(f"{file.parent.name} {kind}"):
                    self.assertEqual("prevent_destroy = true" in body, kind in kinds)


if __name__ == "__main__":
    unittest.main()
