"""The template makes what infra/install.json says; `terraform_test.py` has the same of Terraform."""

import copy
import unittest

from account import Account
from created import create_all
from install import INSTALL, differences
from read_back import read_back
from template import FILE, ROOT, Template

NAME = str(FILE.relative_to(ROOT))


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        account = Account()
        cls.addClassCleanup(account.close)
        create_all(Template(endpoint=account.endpoint), account.endpoint)
        cls.account = read_back(account.endpoint)

    def test_the_template_is_what_the_file_says(self):
        self.assertEqual(differences(self.account, NAME), [])

    def test_a_fact_that_only_one_of_them_has_changed_is_named_with_both_values(self):
        changed = copy.deepcopy(INSTALL)
        changed["reporter"]["memoryMb"] = 512
        changed["queues"]["deadLetters"]["name"] = "other.fifo"
        changed["worker"]["rights"][0]["Action"] = ["sqs:ReceiveMessage"]
        changed["alarms"] = changed["alarms"][1:]
        found = differences(self.account, NAME, changed)
        self.assertIn(f"{NAME} says 1769, infra/install.json says 512 for reporter.memoryMb", found)
        self.assertIn(f"{NAME} says None, infra/install.json says other.fifo for queues.deadLetters.name", found)
        for path in ("worker.rights.arn:aws:sqs:", "alarms.cv-analytics-dead-letters.above"):
            self.assertTrue(any(f"for {path}" in line for line in found), found)


if __name__ == "__main__":
    unittest.main()
