"""What AWS runs between a queue and a function, as a deployed mapping says
(https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html)."""

from dataclasses import dataclass


@dataclass
class Delivery:
    """One batch, and what became of it."""

    invocation: object
    acknowledged: list
    returned: list
    messages: list


class EventSourceMapping:
    """Feeds a deployment's queue to an environment of its processor."""

    def __init__(self, deployment, environment):
        self.deployment, self.environment = deployment, environment
        self.sqs = deployment.client("sqs")
        self.partial = "ReportBatchItemFailures" in deployment.mapping["FunctionResponseTypes"]

    def deliver(self):
        """Hands one batch over; None where nothing is to be seen."""
        answer = self.sqs.receive_message(
            QueueUrl=self.deployment.queue_url,
            MaxNumberOfMessages=self.deployment.mapping["BatchSize"],
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        if not messages:
            return None
        invocation = self.environment.invoke({"Records": [self.record(message) for message in messages]})
        failed = self.failed(invocation, {message["MessageId"] for message in messages})
        delivery = Delivery(invocation, [], [], messages)
        for message in messages:
            if message["MessageId"] in failed:
                delivery.returned.append(message)
            else:
                self.sqs.delete_message(QueueUrl=self.deployment.queue_url, ReceiptHandle=message["ReceiptHandle"])
                delivery.acknowledged.append(message)
        return delivery

    def deliver_all(self):
        """Delivers until nothing is to be seen."""
        return list(iter(self.deliver, None))

    def failed(self, invocation, ids):
        """Who stays in the queue: all, where the function failed or its answer is not understood."""
        if invocation.outcome != "response":
            return ids
        if not self.partial or not invocation.answer:
            return set()
        named = {failure["itemIdentifier"] for failure in invocation.answer.get("batchItemFailures") or []}
        return named if named <= ids else ids

    def record(self, message):
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {
                name: {
                    "stringValue": value.get("StringValue"), "dataType": value["DataType"],
                    "stringListValues": [], "binaryListValues": [],
                }
                for name, value in message.get("MessageAttributes", {}).items()
            },
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self.deployment.queue_arn,
            "awsRegion": self.deployment.queue_arn.split(":")[3],
        }
