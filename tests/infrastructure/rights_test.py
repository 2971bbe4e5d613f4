"""What each role may do, as infra/install.json lists it: what its page says and its sources call, and nothing more. What
the functions really call is compared in `deployed_test.py`; here that the sources have no call which no run made."""

import re
import unittest

from install import INSTALL
from template import ROOT, Template

# The calls of the SDK for Rust, and what IAM calls them.
CALLS = {
    "get_item": "dynamodb:GetItem", "batch_get_item": "dynamodb:BatchGetItem",
    "put_item": "dynamodb:PutItem", "update_item": "dynamodb:UpdateItem",
    "delete_item": "dynamodb:DeleteItem", "batch_write_item": "dynamodb:BatchWriteItem",
    "transact_write_items": "dynamodb:TransactWriteItems", "query": "dynamodb:Query",
    "scan": "dynamodb:Scan", "describe_table": "dynamodb:DescribeTable",
    "send_message": "sqs:SendMessage", "change_message_visibility": "sqs:ChangeMessageVisibility",
    "get_queue_attributes": "sqs:GetQueueAttributes", "receive_message": "sqs:ReceiveMessage",
    "delete_message": "sqs:DeleteMessage",
}
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
BY_LAMBDA = {
    "processor": {
        "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage",
        "logs:CreateLogStream", "logs:PutLogEvents",
    },
    "reporter": {"logs:CreateLogStream", "logs:PutLogEvents"},
}
# A message as raw data needs both: https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html
MAIL = {"ses:SendEmail", "ses:SendRawEmail"}


def actions(kind):
    return {action for right in INSTALL[kind]["rights"] for action in right["Action"]}


def called(*files):
    text = "".join((ROOT / "crates" / file).read_text() for file in files)
    names = re.findall(r"\.(\w+)\(\)\s*\.(?:table_name|queue_url|set_request_items|request_items)", text)
    # Some calls are made for a helper that names the table.
    names += re.findall(r"self\.client\.(\w+)\(\)", text)
    unknown = set(names) - CALLS.keys()
    if unknown:
        raise AssertionError(f"calls that have no name in IAM here: {sorted(unknown)}")
    return {CALLS[name] for name in names}


class Rights(unittest.TestCase):
    def test_the_page_lists_exactly_what_each_role_may_do(self):
        page = (ROOT / "docs/operate/aws.md").read_text()
        table = page[page.index("| on | processor | reporter |"):].split("\n\n")[0]
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
        self.assertGreater(len(rows), 5)
        for column, kind in ((1, "processor"), (2, "reporter")):
            listed = set()
            for row in rows:
                listed |= set(re.findall(r"`(\w+:\w+)`", row[column]))
            self.assertEqual(listed, actions(kind), kind)

    def test_each_action_on_tables_and_queues_is_called_and_each_call_is_allowed(self):
        tables = [f"cv-analytics-aws/src/tables{file}.rs" for file in ("", "/interim_rows", "/records", "/own_state")]
        sources = [*tables, "cv-analytics-aws/src/tables/check.rs", "cv-analytics-aws/src/queue/dead_letters.rs", "cv-analytics-aws/src/queue/clients.rs"]
        allowed = set()
        for kind, by_lambda in BY_LAMBDA.items():
            self.assertLessEqual(by_lambda, actions(kind))
            allowed |= actions(kind) - by_lambda - MAIL
        # The reporter only counts what the program's own commands also receive.
        counted = {"sqs:GetQueueAttributes"}
        self.assertLessEqual(counted, called("cv-analytics-aws/src/queue/receiver.rs"))
        self.assertEqual(called(*sources) | counted, allowed)

    def test_the_processor_neither_mails_nor_scans_and_the_reporter_only_counts_in_a_queue(self):
        self.assertFalse({one for one in actions("processor") if one.startswith("ses:") or one.endswith((":Scan", ":Query"))})
        self.assertEqual({one for one in actions("reporter") if one.startswith("sqs:")}, {"sqs:GetQueueAttributes"})

    def test_no_right_is_for_everything(self):
        for name, resource in Template().resources.items():
            for policy in resource["Properties"].get("Policies", []):
                for statement in policy["PolicyDocument"]["Statement"]:
                    listed = statement["Action"]
                    with self.subTest(name):
                        self.assertNotIn("*", "".join([listed] if isinstance(listed, str) else listed))
                        self.assertNotEqual(statement["Resource"], "*")


if __name__ == "__main__":
    unittest.main()
