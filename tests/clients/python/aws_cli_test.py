"""The AWS CLI against a server of cv-analytics: only the endpoint is set, by `--endpoint-url`.

Version 1 does not take SQS's endpoint from `AWS_ENDPOINT_URL`: it prefers a host name of old.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from questions import query_event, question_events

QUEUE_URL = os.environ["AWS_SQS_URL"]
QUEUE_NAME = "cv-analytics-events.fifo"
AWS = Path(sys.executable).parent / "aws"


def aws(*arguments, **environment):
    """Runs `aws sqs`, and gives what it printed, as JSON, or its exit code and its complaint."""
    command = [AWS, "sqs", *arguments, "--output", "json", "--endpoint-url", os.environ["AWS_ENDPOINT_URL"]]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
    if done.returncode != 0:
        return done.returncode, done.stderr
    return json.loads(done.stdout) if done.stdout else None


def send(body, *arguments):
    """Sends a message whose body comes from a file, so that no shell or parser touches it."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="") as file:
        file.write(body)
        file.flush()
        return aws("send-message", "--queue-url", QUEUE_URL, "--message-body", f"file://{file.name}",
                   "--message-group-id", "aws-cli", *arguments)


class AwsCli(unittest.TestCase):
    maxDiff = None

    def test_the_queue_is_found_by_its_name(self):
        self.assertEqual(aws("get-queue-url", "--queue-name", QUEUE_NAME), {"QueueUrl": QUEUE_URL})

    def test_attributes_are_those_of_a_fifo_queue(self):
        answer = aws("get-queue-attributes", "--queue-url", QUEUE_URL,
                     "--attribute-names", "FifoQueue", "ContentBasedDeduplication")
        self.assertEqual(answer, {"Attributes": {"FifoQueue": "true", "ContentBasedDeduplication": "true"}})

    def test_a_message_with_an_id_is_deduplicated_by_it(self):
        body = query_event("by-id")
        first = send(body, "--message-deduplication-id", "by-id:query")
        self.assertEqual(first["MD5OfMessageBody"], hashlib.md5(body.encode()).hexdigest())
        self.assertRegex(first["SequenceNumber"], r"^[0-9]{20}$")
        again = send(query_event("by-id", "another body"), "--message-deduplication-id", "by-id:query")
        self.assertEqual(again["MessageId"], first["MessageId"])

    def test_a_message_without_an_id_is_deduplicated_by_its_content(self):
        first = send(query_event("by-content"))
        self.assertEqual(send(query_event("by-content"))["MessageId"], first["MessageId"])
        self.assertNotEqual(send(query_event("by-content", "other"))["MessageId"], first["MessageId"])

    def test_a_batch_is_taken(self):
        entries = [{"Id": f"entry-{index}", "MessageBody": query_event(f"batch-{index}"), "MessageGroupId": "batch"}
                   for index in range(10)]
        answer = aws("send-message-batch", "--queue-url", QUEUE_URL, "--entries", json.dumps(entries))
        self.assertEqual([sent["Id"] for sent in answer["Successful"]], [entry["Id"] for entry in entries])
        self.assertFalse(answer.get("Failed"))

    def test_questions_arrive_letter_by_letter(self):
        for request_id, body in question_events():
            answer = send(body, "--message-deduplication-id", f"{request_id}:query")
            self.assertEqual(answer["MD5OfMessageBody"], hashlib.md5(body.encode()).hexdigest())

    def test_an_unknown_queue_is_an_error(self):
        code, complaint = aws("get-queue-url", "--queue-name", "other.fifo")
        self.assertGreater(code, 0)
        self.assertIn("(AWS.SimpleQueueService.NonExistentQueue)", complaint)
        self.assertIn("GetQueueUrl", complaint)

    def test_a_wrong_secret_is_an_error(self):
        code, complaint = aws("get-queue-url", "--queue-name", QUEUE_NAME, AWS_SECRET_ACCESS_KEY="wrong")
        self.assertGreater(code, 0)
        self.assertIn("(SignatureDoesNotMatch)", complaint)


if __name__ == "__main__":
    unittest.main()
