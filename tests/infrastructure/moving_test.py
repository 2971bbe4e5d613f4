"""The way from CloudFormation to Terraform, rehearsed in an emulated account."""

import re
import unittest

from account import Account, Checkout, run
from read_back import read_back
from template import FILE, PARAMETERS, load


class Moving(unittest.TestCase):
    def setUp(self):
        self.account, self.checkout = Account(), Checkout()
        self.addCleanup(self.account.close)
        self.addCleanup(self.checkout.remove)
        self.environment = self.account.environment()
        (self.checkout.infra / "environments/prod.tfvars").unlink()

    def aws(self, *words, **more):
        return run("aws", *words, environment=self.environment, **more)

    def create_stack(self, **parameters):
        parameters = {**PARAMETERS, **parameters}
        words = [f"ParameterKey={key},ParameterValue={value}" for key, value in parameters.items()]
        self.aws(
            "cloudformation", "create-stack", "--stack-name", "cv-analytics",
            "--template-body", f"file://{FILE}", "--parameters", *words,
        )

    def move(self, step, **more):
        script = self.checkout.infra / "scripts/move-to-terraform.sh"
        return run(script, step, "prod", environment=self.environment, **more)

    def everything(self):
        """Without the bucket of Terraform's state."""
        found = read_back(self.account.endpoint)
        return {name: parts for name, parts in found.items() if "terraform-state" not in name}

    def test_a_stack_becomes_terraforms_and_nothing_is_changed(self):
        self.create_stack(SilenceHours="100", BudgetAmount="7")
        before = self.everything()
        self.assertIn("wrote infra/environments/prod.tfvars", self.move("variables"))
        self.refuse_what_would_change_something()
        said = self.move("plan")
        planned = re.search(r"^Plan: (\d+) to import, 0 to add, 0 to change, 0 to destroy\.$", said, re.M)
        self.assertGreater(int(planned.group(1)), 40)
        self.assertIn("nothing to do", self.move("apply"))
        self.assertFalse((self.checkout.infra / "terraform/imports.tf").exists())
        self.assertIn("the stack is gone", self.move("finish"))
        self.assertEqual(self.everything(), before)
        bucket = "cv-analytics-terraform-state-123456789012-eu-west-2"
        kept = self.aws("s3", "cp", f"s3://{bucket}/cloudformation/cv-analytics.yaml", "-")
        self.assertEqual(load(kept), load())
        gone = self.aws(
            "cloudformation", "describe-stacks", "--stack-name", "cv-analytics", succeeds=False
        )
        self.assertIn("does not exist", gone)

    def refuse_what_would_change_something(self):
        variables = self.checkout.infra / "environments/prod.tfvars"
        right = variables.read_text()
        self.assertIn("= 30", right)
        variables.write_text(right.replace("= 30", "= 60"))
        said = self.move("plan", succeeds=False)
        self.assertIn("prod.tfvars says something else than the stack", said)
        self.assertIn("there is no plan", self.move("apply", succeeds=False))
        variables.write_text(right)

    def test_without_the_step_that_retains_a_deleted_stack_takes_the_functions_and_leaves_the_data(self):
        self.create_stack()
        before = self.everything()
        self.aws("cloudformation", "delete-stack", "--stack-name", "cv-analytics")
        gone = before.keys() - self.everything().keys()
        self.assertIn("function cv-analytics-processor", gone)
        self.assertIn("role cv-analytics-reporter-eu-west-2", gone)
        kinds = {name.split()[0] for name in gone}
        self.assertFalse(kinds & {"queue", "table", "bucket", "log", "user", "sender"})

    def test_variables_that_are_there_are_kept(self):
        self.create_stack()
        (self.checkout.infra / "environments/prod.tfvars").write_text("# mine\n")
        self.assertIn("is there already", self.move("variables", succeeds=False))


if __name__ == "__main__":
    unittest.main()
