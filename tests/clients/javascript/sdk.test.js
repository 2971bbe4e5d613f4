// The AWS SDK for JavaScript against a server of cv-analytics: the endpoint or the queue's URL is
// set, nothing else.

import assert from "node:assert/strict";
import test from "node:test";

import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  SQSServiceException,
} from "@aws-sdk/client-sqs";

import { md5, queryEvent, questionEvents } from "./questions.js";

const QueueUrl = process.env.AWS_SQS_URL;
const QueueName = "cv-analytics-events.fifo";
const endpoint = process.env.AWS_ENDPOINT_URL;
// The first client takes the endpoint from the environment; the others must do without.
const byEnvironment = new SQSClient();
await byEnvironment.config.credentials();
await byEnvironment.send(new GetQueueUrlCommand({ QueueName }));
delete process.env.AWS_ENDPOINT_URL;
const byEndpoint = new SQSClient({ endpoint });
// It warns of every queue that is not on AWS.
const silent = () => {};
const logger = { trace: silent, debug: silent, info: silent, warn: silent, error: silent };
const byQueueUrl = new SQSClient({ logger });
const message = (MessageBody, fields) =>
  new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId: "sdk", ...fields });

for (const [how, sqs] of Object.entries({ byEnvironment, byEndpoint, byQueueUrl })) {
  test(`${how}: a message with an id is deduplicated by it`, async () => {
    const body = queryEvent(`${how}-by-id`);
    const MessageDeduplicationId = `${how}:query`;
    const first = await sqs.send(message(body, { MessageDeduplicationId }));
    assert.equal(first.MD5OfMessageBody, md5(body));
    assert.match(first.MessageId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.match(first.SequenceNumber, /^[0-9]{20}$/);
    const again = await sqs.send(message(queryEvent(`${how}-by-id`, "another body"), { MessageDeduplicationId }));
    assert.equal(again.MessageId, first.MessageId);
    assert.equal(again.SequenceNumber, first.SequenceNumber);
  });

  test(`${how}: a message without an id is deduplicated by its content`, async () => {
    const first = await sqs.send(message(queryEvent(`${how}-by-content`)));
    const again = await sqs.send(message(queryEvent(`${how}-by-content`)));
    const other = await sqs.send(message(queryEvent(`${how}-by-content`, "other")));
    assert.equal(again.MessageId, first.MessageId);
    assert.notEqual(other.MessageId, first.MessageId);
  });
}

test("the queue is found by its name", async () => {
  const answer = await byEndpoint.send(new GetQueueUrlCommand({ QueueName }));
  assert.equal(answer.QueueUrl, QueueUrl);
});

test("attributes are those of a FIFO queue", async () => {
  const AttributeNames = ["FifoQueue", "ContentBasedDeduplication"];
  const { Attributes } = await byQueueUrl.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
  assert.deepEqual(Attributes, { FifoQueue: "true", ContentBasedDeduplication: "true" });
});

test("message attributes are digested as the SDK does", async () => {
  // The SDK itself compares the body's digest, and this one is boto's.
  const MessageAttributes = { timestamp: { DataType: "Number", StringValue: "1493147359900" } };
  const answer = await byQueueUrl.send(message(queryEvent("attributes"), { MessageAttributes }));
  assert.equal(answer.MD5OfMessageAttributes, "235c5c510d26fb653d073faed50ae77c");
});

test("a batch takes what is right and names what is wrong", async () => {
  const right = Array.from({ length: 9 }, (_, index) => ({
    Id: `entry-${index}`,
    MessageBody: queryEvent(`batch-${index}`),
    MessageGroupId: `group-${index}`,
  }));
  const wrong = { Id: "wrong", MessageBody: "\ufffe", MessageGroupId: "wrong" };
  const answer = await byQueueUrl.send(new SendMessageBatchCommand({ QueueUrl, Entries: [...right, wrong] }));
  const found = answer.Successful.map(({ Id, MD5OfMessageBody }) => [Id, MD5OfMessageBody]);
  assert.deepEqual(found, right.map(({ Id, MessageBody }) => [Id, md5(MessageBody)]));
  const failed = answer.Failed.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault]);
  assert.deepEqual(failed, [["wrong", "InvalidMessageContents", true]]);
});

test("questions arrive letter by letter", async () => {
  for (const [requestId, body] of questionEvents()) {
    const fields = { MessageGroupId: requestId, MessageDeduplicationId: `${requestId}:query` };
    const answer = await byQueueUrl.send(message(body, fields));
    assert.equal(answer.MD5OfMessageBody, md5(body));
  }
});

test("an unknown queue is the SDK's own error", async () => {
  await assert.rejects(byEndpoint.send(new GetQueueUrlCommand({ QueueName: "other.fifo" })), QueueDoesNotExist);
  const other = QueueUrl.replace("events", "other");
  await assert.rejects(byQueueUrl.send(message("{}", { QueueUrl: other })), QueueDoesNotExist);
});

test("a wrong secret and an unknown key are the same error", async () => {
  for (const accessKeyId of [process.env.AWS_ACCESS_KEY_ID, "AKIAUNKNOWN"]) {
    const sqs = new SQSClient({ logger, credentials: { accessKeyId, secretAccessKey: "wrong" } });
    await assert.rejects(sqs.send(message("{}")), (error) => {
      assert.ok(error instanceof SQSServiceException);
      assert.equal(error.$metadata.httpStatusCode, 403);
      assert.match(error.name, /SignatureDoesNotMatch/);
      return true;
    });
  }
});
