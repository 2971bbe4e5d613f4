"""Terraform with the fewest options; `deployed_test.py` has every option."""

import unittest

from account import Account, Checkout, run
from created import create_all
from options import FEWEST, variables_file
from read_back import read_back
from template import Template


class Fewest(unittest.TestCase):
    def test_both_descriptions_make_the_same_and_a_second_plan_has_nothing_to_do(self):
        account, other, checkout = Account(), Account(), Checkout()
        for opened in (account, other):
            self.addCleanup(opened.close)
        self.addCleanup(checkout.remove)
        (checkout.infra / "environments/fewest.tfvars").write_text(variables_file(FEWEST))
        for step in ("init", "plan", "apply"):
            run(checkout.infra / f"scripts/{step}.sh", "fewest", environment=account.environment())
        create_all(Template(FEWEST, endpoint=other.endpoint), other.endpoint)
        found = {name: parts for name, parts in read_back(account.endpoint).items() if "terraform-state" not in name}
        from_template = read_back(other.endpoint)
        self.assertEqual(from_template.keys(), found.keys())
        for name, parts in from_template.items():
            with self.subTest(name):
                self.assertEqual(parts, found[name])
        for name in ("alarm cv-analytics-silence", "sender reports@example.org", "budget cv-analytics-free-tier"):
            self.assertNotIn(name, found)
        self.assertFalse(found["table CV-Analytics"]["table"]["DeletionProtectionEnabled"])
        again = run(checkout.infra / "scripts/plan.sh", "fewest", environment=account.environment())
        self.assertIn("No changes.", again)


if __name__ == "__main__":
    unittest.main()
