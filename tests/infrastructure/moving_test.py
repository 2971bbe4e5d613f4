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

    def create_stack(self, name="cv-analytics", **parameters):
        parameters = {**PARAMETERS, **parameters}
        words = [f"ParameterKey={key},ParameterValue={value}" for key, value in parameters.items()]
        self.aws(
            "cloudformation", "create-stack", "--stack-name", name,
            "--template-body", f"file://{FILE}", "--parameters", *words,
        )

    def move(self, *words, environment="prod", **more):
        script = self.checkout.infra / "scripts/move-to-terraform.sh"
        return run(script, *words, environment, environment=self.environment, **more)

    def template(self, stack):
        return self.aws("cloudformation", "get-template", "--stack-name", stack, "--query", "TemplateBody", "--output", "text")

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
        self.assertIn("prod.tfvars says something else than the stack. Nothing was imported.", said)
        self.assertIn("nothing to import", self.move("apply", succeeds=False))
        self.assertEqual(self.left(), [])
        variables.write_text(right)

    def left(self):
        """What `plan` leaves for `apply`."""
        folder = self.checkout.infra / "terraform"
        return sorted(file.name for file in folder.iterdir() if file.name in ("imports.tf", "prod.tfplan"))

    def terraform(self, *words, **more):
        """As the page says it."""
        folder = self.checkout.infra / "terraform"
        return run("terraform", *words, environment={**self.environment, "TF_DATA_DIR": ".terraform/prod"}, folder=folder, **more)

    def test_an_environment_moves_with_its_own_stack_and_leaves_the_others(self):
        self.create_stack()
        prod = self.everything()
        self.create_stack(
            "dev-cv-analytics", EnvironmentPrefix="dev-", Environment="dev", CreateSenderIdentity="false", FreeTierAlert="false"
        )
        both, template = self.everything(), self.template("cv-analytics")
        (self.checkout.infra / "environments/dev.tfvars").unlink()
        self.assertIn("from the stack dev-cv-analytics", self.move("--stack", "dev-cv-analytics", "variables", environment="dev"))
        self.refuse_the_stack_of_prod("plan")
        self.assertEqual(self.template("cv-analytics"), template)
        self.assertIn("next: move-to-terraform.sh apply dev", self.move("plan", environment="dev"))
        named = ("--stack", "dev-cv-analytics")
        said = self.move(*named, "plan", environment="dev")
        self.assertIn("next: move-to-terraform.sh --stack dev-cv-analytics apply dev", said)
        said = self.move(*named, "apply", environment="dev")
        self.assertIn("next: move-to-terraform.sh --stack dev-cv-analytics finish dev", said)
        self.refuse_the_stack_of_prod("finish")
        self.move("finish", environment="dev")
        self.assertIn("does not exist", self.aws("cloudformation", "describe-stacks", "--stack-name", "dev-cv-analytics", succeeds=False))
        self.assertEqual(self.template("cv-analytics"), template)
        self.assertEqual(self.everything(), both)
        self.assertGreater(both.keys(), prod.keys())

    def refuse_the_stack_of_prod(self, step):
        said = self.move("--stack", "cv-analytics", step, environment="dev", succeeds=False)
        self.assertIn('the stack cv-analytics has the prefix "", and infra/environments/dev.tfvars "dev-"', said)

    def test_an_import_that_stopped_halfway_goes_on_and_may_be_taken_back(self):
        self.create_stack()
        before = self.everything()
        self.move("variables")
        self.move("plan")
        variables = self.checkout.infra / "environments/prod.tfvars"
        half = ("-target=module.sqs", "-target=module.dynamodb", f"-var-file={variables}")
        self.assertIn("6 imported", self.terraform("apply", "-auto-approve", *half))
        said = self.move("plan")
        self.assertIn("38 resources are left to import", said)
        self.refuse_another_environment()
        self.assertIn("38 imported", self.move("apply"))
        # As after an end between the import and what follows it.
        self.assertIn("0 resources are left to import", self.move("plan"))
        self.assertEqual(self.left(), ["imports.tf", "prod.tfplan"])
        self.assertIn("nothing to do", self.move("apply"))
        self.assertEqual(self.left(), [])
        imported = self.terraform("state", "list").split()
        self.terraform("state", "rm", *imported)
        self.assertEqual(self.terraform("state", "list"), "")
        self.assertEqual(self.everything(), before)
        self.assertIn("44 resources are left to import", self.move("plan"))

    def test_a_stack_that_keeps_everything_is_not_taken_out_of_service_until_its_template_is_back(self):
        self.create_stack()
        self.aws("iam", "create-access-key", "--user-name", "cv-analytics-worker-eu-west-2")
        self.move("variables")
        # Refused, and yet the stack was changed.
        variables = self.checkout.infra / "environments/prod.tfvars"
        variables.write_text(variables.read_text().replace("= 30", "= 60"))
        self.move("plan", succeeds=False)
        before = self.everything()
        self.assertIn("the stack cv-analytics is being moved to Terraform, and keeps everything", self.delete())
        self.assertEqual(self.everything(), before)
        run(self.checkout.infra / "scripts/deploy-stack.sh", environment=self.environment)
        self.assertNotIn("MovedToTerraform", self.template("cv-analytics"))
        # What it looks at next.
        self.assertIn("the Worker's key is in use", self.delete())
        self.assertEqual(self.everything(), before)

    def delete(self):
        script = self.checkout.infra / "scripts/rollback.sh"
        return run(script, "--program", "true", "delete", "nowhere", environment=self.environment, succeeds=False)

    def refuse_another_environment(self):
        """Terraform reads the imports whatever environment it plans."""
        for script in ("init.sh", "plan.sh"):
            said = run(self.checkout.infra / "scripts" / script, "dev", environment=self.environment, succeeds=False)
            self.assertIn("imports.tf belongs to the move of another environment", said)
        script = self.checkout.infra / "scripts/rollback.sh"
        words = ("--terraform", "prod", "--program", "true", "delete", "nowhere")
        said = run(script, *words, environment=self.environment, succeeds=False)
        self.assertIn("a stack is being moved to prod: end that first", said)

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
