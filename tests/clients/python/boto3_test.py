"""boto3 against a server of cv-analytics: only the endpoint is set, by `AWS_ENDPOINT_URL`."""

import hashlib
import os
import struct
import unittest

import boto3
from botocore.exceptions import ClientError

from questions import query_event, question_events

QUEUE_URL = os.environ["AWS_SQS_URL"]
QUEUE_NAME = "cv-analytics-events.fifo"


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def md5_of_attributes(attributes):
    """As AWS documents it: names sorted, everything with its length, 1 for text and 2 for bytes."""
    digest = hashlib.md5()

    def update(data):
        digest.update(struct.pack(">I", len(data)) + data)

    for name in sorted(attributes):
        value = attributes[name]
        update(name.encode())
        update(value["DataType"].encode())
        if value["DataType"].startswith("Binary"):
            digest.update(b"\x02")
            update(value["BinaryValue"])
        else:
            digest.update(b"\x01")
            update(value["StringValue"].encode())
    return digest.hexdigest()


class Boto3(unittest.TestCase):
    def setUp(self):
        self.sqs = boto3.client("sqs")
        self.addCleanup(self.sqs.close)

    def send(self, body, **parameters):
        parameters = {"QueueUrl": QUEUE_URL, "MessageGroupId": "boto3", **parameters}
        return self.sqs.send_message(MessageBody=body, **parameters)

    def assert_error(self, code, call, **parameters):
        with self.assertRaises(ClientError) as caught:
            call(**parameters)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        return caught.exception

    def test_the_queue_is_found_by_its_name(self):
        self.assertEqual(self.sqs.get_queue_url(QueueName=QUEUE_NAME)["QueueUrl"], QUEUE_URL)

    def test_attributes_are_those_of_a_fifo_queue(self):
        all_of_them = self.sqs.get_queue_attributes(QueueUrl=QUEUE_URL, AttributeNames=["All"])["Attributes"]
        self.assertEqual(all_of_them["FifoQueue"], "true")
        self.assertEqual(all_of_them["ContentBasedDeduplication"], "true")
        self.assertTrue(all_of_them["QueueArn"].endswith(f":{QUEUE_NAME}"))
        one = self.sqs.get_queue_attributes(QueueUrl=QUEUE_URL, AttributeNames=["FifoQueue"])["Attributes"]
        self.assertEqual(one, {"FifoQueue": "true"})

    def test_a_message_with_an_id_is_deduplicated_by_it(self):
        body = query_event("by-id")
        first = self.send(body, MessageDeduplicationId="by-id:query")
        self.assertEqual(first["MD5OfMessageBody"], md5(body))
        self.assertRegex(first["MessageId"], r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        self.assertRegex(first["SequenceNumber"], r"^[0-9]{20}$")
        again = self.send(query_event("by-id", "another body"), MessageDeduplicationId="by-id:query")
        self.assertEqual(again["MessageId"], first["MessageId"])
        self.assertEqual(again["SequenceNumber"], first["SequenceNumber"])
        other = self.send(query_event("by-id"), MessageDeduplicationId="another-id")
        self.assertNotEqual(other["MessageId"], first["MessageId"])
        self.assertGreater(int(other["SequenceNumber"]), int(first["SequenceNumber"]))

    def test_a_message_without_an_id_is_deduplicated_by_its_content(self):
        first = self.send(query_event("by-content"))
        self.assertEqual(self.send(query_event("by-content"))["MessageId"], first["MessageId"])
        self.assertNotEqual(self.send(query_event("by-content", "other"))["MessageId"], first["MessageId"])

    def test_message_attributes_are_digested(self):
        attributes = {
            "source": {"DataType": "String", "StringValue": "worker – 👋"},
            "attempt": {"DataType": "Number", "StringValue": "1"},
            "trace": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        }
        answer = self.send(query_event("attributes"), MessageAttributes=attributes)
        self.assertEqual(answer["MD5OfMessageAttributes"], md5_of_attributes(attributes))

    def test_a_batch_takes_what_is_right_and_names_what_is_wrong(self):
        bodies = {f"entry-{index}": query_event(f"batch-{index}") for index in range(9)}
        entries = [{"Id": id, "MessageBody": body, "MessageGroupId": id} for id, body in bodies.items()]
        entries.append({"Id": "wrong", "MessageBody": "\ufffe", "MessageGroupId": "wrong"})
        answer = self.sqs.send_message_batch(QueueUrl=QUEUE_URL, Entries=entries)
        self.assertEqual({sent["Id"]: sent["MD5OfMessageBody"] for sent in answer["Successful"]},
                         {id: md5(body) for id, body in bodies.items()})
        self.assertEqual([(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]],
                         [("wrong", "InvalidMessageContents", True)])

    def test_questions_arrive_letter_by_letter(self):
        for request_id, body in question_events():
            answer = self.send(body, MessageGroupId=request_id, MessageDeduplicationId=f"{request_id}:query")
            self.assertEqual(answer["MD5OfMessageBody"], md5(body))

    def test_a_missing_group_is_an_error(self):
        self.assert_error("MissingParameter", self.sqs.send_message, QueueUrl=QUEUE_URL, MessageBody="{}")

    def test_an_unknown_queue_is_the_clients_own_error(self):
        missing = "AWS.SimpleQueueService.NonExistentQueue"
        other = QUEUE_URL.replace("events", "other")
        for error in [
            self.assert_error(missing, self.sqs.get_queue_url, QueueName="other.fifo"),
            self.assert_error(missing, self.sqs.send_message, QueueUrl=other, MessageBody="{}", MessageGroupId="g"),
        ]:
            self.assertIsInstance(error, self.sqs.exceptions.QueueDoesNotExist)

    def test_a_wrong_secret_and_an_unknown_key_are_the_same_error(self):
        for key, secret in [(os.environ["AWS_ACCESS_KEY_ID"], "wrong"), ("AKIAUNKNOWN", "wrong")]:
            sqs = boto3.client("sqs", aws_access_key_id=key, aws_secret_access_key=secret)
            self.addCleanup(sqs.close)
            self.assert_error("SignatureDoesNotMatch", sqs.send_message,
                              QueueUrl=QUEUE_URL, MessageBody="{}", MessageGroupId="g")


if __name__ == "__main__":
    unittest.main()
