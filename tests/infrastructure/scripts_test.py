"""The scripts that a person runs beside Terraform: the Worker's key, and the stack."""

import re
import sys
import unittest

from account import Account, Checkout, run
from created import clients

# Keeps each secret in a file of its name, as wrangler hands them to Cloudflare: all of them or, where it is to
# refuse, none. Where nobody is logged in, its `whoami` says so and ends well (4.164.0).
WRANGLER = """#!{python}
import json, os, sys
if sys.argv[1:] == ["whoami"]:
    print("Getting User settings...")
    if "LOGGED_OUT" in os.environ:
        print("You are not authenticated. Please run `wrangler login`.")
    sys.exit(1 if "UNREACHABLE" in os.environ else 0)
if sys.argv[1:] != ["secret", "bulk", *os.environ.get("WORDS", "").split()]:
    sys.exit(f"not a command of wrangler: {{sys.argv[1:]}}")
secrets = json.load(sys.stdin)
if "REFUSED" in os.environ:
    sys.exit("Cloudflare did not answer")
for name, value in secrets.items():
    with open(os.path.join(os.environ["KEPT"], name), "w") as file:
        file.write(value)
"""

# S3 answers so where a bucket's owner is not the expected one.
AWS_WITH_A_FOREIGN_BUCKET = """#!/bin/sh
case "$*" in
  sts*) echo 123456789012 ;;
  "s3api head-bucket --bucket cv-analytics-terraform-state-123456789012-eu-west-2 --expected-bucket-owner 123456789012")
    echo "An error occurred (403) when calling the HeadBucket operation: Forbidden"; exit 254 ;;
  *) echo "nothing else is asked: $*"; exit 1 ;;
esac
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

    def worker_key(self, *more_words, **more):
        wrangler = self.checkout.folder / "wrangler"
        wrangler.write_text(WRANGLER.format(python=sys.executable))
        wrangler.chmod(0o755)
        words = ("--user", "worker", "--queue-url", "https://sqs/q.fifo", "--region", "eu-west-2")
        return self.script("worker-key.sh", *words, "--wrangler", wrangler, *more_words, **more)

    def keys(self):
        """The keys that AWS takes."""
        listed = self.iam.list_access_keys(UserName="worker")["AccessKeyMetadata"]
        return [key["AccessKeyId"] for key in listed if key["Status"] == "Active"]

    def secrets(self):
        return {file.name: file.read_text() for file in self.kept.iterdir()}

    def test_the_workers_key_goes_to_wrangler_and_is_shown_nowhere(self):
        self.iam.create_user(UserName="worker")
        said = self.worker_key()
        kept = self.secrets()
        self.assertEqual(self.keys(), [kept["AWS_ACCESS_KEY_ID"]])
        self.assertGreater(len(kept["AWS_SECRET_ACCESS_KEY"]), 30)
        self.assertNotIn(kept["AWS_SECRET_ACCESS_KEY"], said)
        self.assertEqual(kept["AWS_SQS_URL"], "https://sqs/q.fifo")
        self.assertEqual(kept["AWS_REGION"], "eu-west-2")

    def test_a_worker_that_is_deployed_as_an_environment_gets_its_key_there(self):
        self.iam.create_user(UserName="worker")
        self.worker_key("--env", "production", variables={"WORDS": "--env production"})
        self.assertEqual(self.keys(), [self.secrets()["AWS_ACCESS_KEY_ID"]])

    def test_a_first_key_that_the_worker_did_not_take_is_deleted_again(self):
        self.iam.create_user(UserName="worker")
        said = self.worker_key(variables={"REFUSED": ""}, succeeds=False)
        self.assertIn("the new key is deleted again", said)
        self.assertEqual((self.keys(), self.secrets()), ([], {}))

    def test_a_worker_keeps_a_key_that_works_when_a_rotation_fails(self):
        self.iam.create_user(UserName="worker")
        self.worker_key()
        before = self.secrets()
        said = self.worker_key(variables={"REFUSED": ""}, succeeds=False)
        self.assertEqual(self.secrets(), before)
        [new] = set(self.keys()) - {before["AWS_ACCESS_KEY_ID"]}
        self.assertEqual(len(self.keys()), 2)
        for key in (new, before["AWS_ACCESS_KEY_ID"]):
            self.assertIn(f"aws iam get-access-key-last-used --access-key-id {key}", said)
            self.assertNotIn(f"delete-access-key --user-name worker --access-key-id {key}", said)
        self.iam.delete_access_key(UserName="worker", AccessKeyId=new)
        said = self.worker_key()
        self.assertNotEqual(self.secrets()["AWS_ACCESS_KEY_ID"], before["AWS_ACCESS_KEY_ID"])
        self.assertEqual(set(self.keys()), {self.secrets()["AWS_ACCESS_KEY_ID"], before["AWS_ACCESS_KEY_ID"]})
        self.assertIn(f"--access-key-id {before['AWS_ACCESS_KEY_ID']}", said)

    def test_a_wrangler_that_is_not_logged_in_is_named_before_a_key_is_made(self):
        self.iam.create_user(UserName="worker")
        said = self.worker_key(variables={"LOGGED_OUT": ""}, succeeds=False)
        self.assertRegex(said, r"^wrangler is not logged in: \S+ login, or CLOUDFLARE_API_TOKEN, comes first; no key was made$")
        self.assertEqual((self.keys(), self.secrets()), ([], {}))

    def test_a_wrangler_that_cannot_say_who_is_logged_in_is_tried(self):
        self.iam.create_user(UserName="worker")
        self.worker_key(variables={"UNREACHABLE": ""})
        self.assertEqual(self.keys(), [self.secrets()["AWS_ACCESS_KEY_ID"]])

    def test_a_url_that_is_none_makes_no_key(self):
        self.iam.create_user(UserName="worker")
        self.assertIn("in no queue's URL", self.worker_key("--queue-url", 'https://"', succeeds=False))
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
        self.assertEqual(self.secrets(), {})

    def test_a_wrong_word_shows_how_it_is_used(self):
        for name in ("deploy-stack.sh", "worker-key.sh", "release-functions.sh", "move-to-terraform.sh", "rollback.sh"):
            with self.subTest(name):
                self.assertIn(f"Usage: {name}", self.script(name, "--nonsense", succeeds=False))

    def test_no_call_reaches_another_accounts_bucket(self):
        """A bucket's name may be anybody's, so each call says whose it has to be; a creation takes no name twice."""
        count = 0
        for file in (self.checkout.infra / "scripts").iterdir():
            text = file.read_text().replace("\\\n", "")
            self.assertNotIn("aws s3 ", text, file.name)
            for call in re.findall(r"aws s3api (?!create-bucket).*", text):
                count += 1
                self.assertRegex(call, r'"\$\{ours\[@\]\}"|--expected-bucket-owner', file.name)
        self.assertGreaterEqual(count, 8)

    def test_scripts_keep_to_what_the_bash_and_the_programs_of_macos_have(self):
        """Bash 3.2 and BSD's programs. Arrays that may be empty are beyond this."""
        unknown = (
            r"\b(?:mapfile|readarray|coproc)\b", r"(?:declare|local|typeset) -[a-zA-Z]*[An]", r"\$\{\w+(?:,,?|\^\^?)\}",
            r"&>>", r"\bgrep -[a-zA-Z]*P", r"\breadlink -f", r"\bdate (?:-d|--)", r"\bsed -[a-zA-Z]*[ir]",
            r"\bstat -c", r"\bxargs -r", r"\bsort -[a-zA-Z]*V", r"\bpaste (?!.* -\))", r"\bsed [^|]*(?<!\$')\\t",
        )
        for file in (self.checkout.infra / "scripts").iterdir():
            for line in file.read_text().splitlines():
                for pattern in unknown:
                    self.assertNotRegex(line, pattern, file.name)

    def test_a_bucket_of_another_account_is_refused(self):
        aws = self.checkout.folder / "bin/aws"
        aws.parent.mkdir()
        aws.write_text(AWS_WITH_A_FOREIGN_BUCKET)
        aws.chmod(0o755)
        path = f"{aws.parent}:{self.environment['PATH']}"
        said = self.script("init.sh", "prod", variables={"PATH": path}, succeeds=False)
        self.assertIn("cannot use the bucket cv-analytics-terraform-state-123456789012-eu-west-2: it is another account's", said)
        self.assertNotIn("nothing else is asked", said)


if __name__ == "__main__":
    unittest.main()
