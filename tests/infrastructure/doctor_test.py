"""`cv-analytics doctor` on what the template makes: it expects exactly that."""

import json
import os
import subprocess
import tempfile
import unittest

from account import Account
from created import clients, create_all
from template import PARAMETERS, Template

PROGRAM = "CV_ANALYTICS_PROGRAM"
# The code cannot be compared without zip files; the emulator does not tell whether an account is in SES's sandbox.
NOT_LOOKED_AT = {"processor-code", "reporter-code", "recipients", "canary"}


class Doctor(unittest.TestCase):
    def setUp(self):
        if PROGRAM not in os.environ:
            raise RuntimeError(f"{PROGRAM} names no program: `cargo xtask test infrastructure` builds it")
        self.account = Account()
        self.addCleanup(self.account.close)

    def checks(self, *options):
        with tempfile.TemporaryDirectory() as folder:
            command = [os.environ[PROGRAM], "doctor", "--store", "dynamodb", "--no-canary", "--json", *options]
            done = subprocess.run(
                command, cwd=folder, env=self.account.environment(), capture_output=True, text=True
            )
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return {check["check"]: check for check in json.loads(done.stdout)["checks"]}

    def assert_well(self, checks):
        wrong = {name: check for name, check in checks.items() if check["outcome"] != "ok"}
        self.assertEqual(wrong.keys(), NOT_LOOKED_AT, json.dumps(wrong, indent=1))
        self.assertGreater(len(checks), 45)

    def test_what_the_template_makes_is_well(self):
        create_all(Template(endpoint=self.account.endpoint), self.account.endpoint)
        self.assert_well(self.checks())

    def test_so_is_another_environment_with_other_choices(self):
        choices = {
            **PARAMETERS, "EnvironmentPrefix": "dev-", "Environment": "dev", "SilenceHours": "0", "TableBilling": "Provisioned",
            "StopIntakeAtBudget": "true", "Architecture": "x86_64", "Schedule": "cron(30 6 1,15,29 * ? *)",
        }
        create_all(Template(choices, self.account.endpoint), self.account.endpoint)
        checks = self.checks("--prefix", "dev-")
        self.assert_well(checks)
        self.assertRegex(checks["next-report"]["message"], "-(01|15|29)T06:30:00")

    def test_what_was_changed_by_hand_is_told(self):
        create_all(Template(endpoint=self.account.endpoint), self.account.endpoint)
        client = clients(self.account.endpoint)
        role = "cv-analytics-processor-eu-west-2"
        client("iam").delete_role_policy(RoleName=role, PolicyName="processor")
        client("cloudwatch").disable_alarm_actions(AlarmNames=["cv-analytics-silence"])
        client("events").put_rule(Name="cv-analytics-weekly-report", ScheduleExpression="cron(30 6 1 * ? *)")
        checks = self.checks()
        those_that = lambda outcome: {name for name, check in checks.items() if check["outcome"] == outcome}
        self.assertEqual(those_that("fail"), {"processor-rights", "alarm-actions"})
        self.assertIn("next-report", those_that("warn"))
        self.assertIn("14 days apart", checks["next-report"]["message"])


if __name__ == "__main__":
    unittest.main()
