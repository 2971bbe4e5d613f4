"""The scripts that a person runs beside Terraform: the Worker's key, and the stack."""

import unittest

from account import Account, Checkout, run
from created import clients
from read_back import read_back

# Keeps each secret in a file of its name, as wrangler hands it to Cloudflare; refuses those in REFUSED.
WRANGLER = """#!/usr/bin/env bash
set -eu
[[ $1 == secret && $2 == put ]]
[[ " ${REFUSED-} " != *" $3 "* ]] || { echo "not logged in" >&2; exit 1; }
cat >"$KEPT/$3"
"""


class Scripts(unittest.TestCase):
    def setUp(self):
        self.account, self.checkout = Account(), Checkout()
        self.addCleanup(self.account.close)
        self.addCleanup(self.checkout.remove)
        self.kept = self.checkout.folder / "kept"
        self.kept.mkdir()
        self.environment = self.account.environment(KEPT=str(self.kept))
        self.iam = clients(self.account.endpoint)("iam")

    def script(self, name, *words, **more):
        environment = {**self.environment, **more.pop("variables", {})}
        return run(self.checkout.infra / "scripts" / name, *words, environment=environment, **more)

    def worker_key(self, **more):
        wrangler = self.checkout.folder / "wrangler"
        wrangler.write_text(WRANGLER)
        wrangler.chmod(0o755)
        words = ("--user", "worker", "--queue-url", "https://sqs/q.fifo", "--region", "eu-west-2")
        return self.script("worker-key.sh", *words, "--wrangler", wrangler, **more)

    def keys(self):
        return [key["AccessKeyId"] for key in self.iam.list_access_keys(UserName="worker")["AccessKeyMetadata"]]

    def secret(self, name):
        return (self.kept / name).read_text()

    def test_the_workers_key_goes_to_wrangler_and_is_shown_nowhere(self):
        self.iam.create_user(UserName="worker")
        said = self.worker_key()
        self.assertEqual(self.keys(), [self.secret("AWS_ACCESS_KEY_ID")])
        self.assertGreater(len(self.secret("AWS_SECRET_ACCESS_KEY")), 30)
        self.assertNotIn(self.secret("AWS_SECRET_ACCESS_KEY"), said)
        self.assertEqual(self.secret("AWS_SQS_URL"), "https://sqs/q.fifo")
        self.assertEqual(self.secret("AWS_REGION"), "eu-west-2")

    def test_a_key_that_the_worker_did_not_take_is_deleted_again(self):
        self.iam.create_user(UserName="worker")
        said = self.worker_key(variables={"REFUSED": "AWS_SECRET_ACCESS_KEY"}, succeeds=False)
        self.assertIn("the new key is deleted again", said)
        self.assertEqual(self.keys(), [])

    def test_a_third_key_is_refused_before_anything_is_made(self):
        self.iam.create_user(UserName="worker")
        for _ in range(2):
            self.iam.create_access_key(UserName="worker")
        before = self.keys()
        self.assertIn("has two access keys", self.worker_key(succeeds=False))
        self.assertEqual(self.keys(), before)

    def test_a_user_that_is_not_there_is_named(self):
        self.assertIn("worker", self.worker_key(succeeds=False))
        self.assertEqual(list(self.kept.iterdir()), [])

    def test_a_wrong_word_shows_how_it_is_used(self):
        for name in ("deploy-stack.sh", "worker-key.sh", "release-functions.sh", "move-to-terraform.sh", "rollback.sh"):
            with self.subTest(name):
                self.assertIn(f"Usage: {name}", self.script(name, "--nonsense", succeeds=False))


if __name__ == "__main__":
    unittest.main()
