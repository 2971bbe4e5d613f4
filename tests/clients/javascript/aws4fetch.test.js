// aws4fetch, the signer that Workers use, against a server of cv-analytics: the queue's URL is set,
// nothing else.

import assert from "node:assert/strict";
import test from "node:test";

import { AwsClient } from "aws4fetch";

import { md5, queryEvent, questionEvents } from "./questions.js";

const queueUrl = process.env.AWS_SQS_URL;
const key = {
  accessKeyId: process.env.AWS_ACCESS_KEY_ID,
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  service: "sqs",
  region: process.env.AWS_REGION,
  retries: 0,
};
const client = new AwsClient(key);

function postForm(fields, { url = queueUrl, by = client } = {}) {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return by.fetch(url, { headers, body: new URLSearchParams({ Version: "2012-11-05", ...fields }).toString() });
}

function postJson(action, fields, by = client) {
  const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": `AmazonSQS.${action}` };
  return by.fetch(queueUrl, { headers, body: JSON.stringify({ QueueUrl: queueUrl, ...fields }) });
}

const sendForm = (MessageBody, fields, options) =>
  postForm({ Action: "SendMessage", MessageBody, MessageGroupId: "form", ...fields }, options);
const sendJson = (MessageBody, fields, by) =>
  postJson("SendMessage", { MessageBody, MessageGroupId: "json", ...fields }, by);

/** The text of an element that holds no other. */
function element(xml, name) {
  return xml.match(new RegExp(`<${name}>([^<]*)</${name}>`))?.[1];
}

test("form: a message is taken and deduplicated", async () => {
  const body = queryEvent("form");
  const first = await sendForm(body, { MessageDeduplicationId: "form:query" });
  const answer = await first.text();
  assert.equal(first.status, 200);
  assert.equal(element(answer, "MD5OfMessageBody"), md5(body));
  assert.match(element(answer, "SequenceNumber"), /^[0-9]{20}$/);
  const again = await sendForm(queryEvent("form", "other"), { MessageDeduplicationId: "form:query" });
  assert.equal(element(await again.text(), "MessageId"), element(answer, "MessageId"));
});

test("JSON: a message is taken and deduplicated by its content", async () => {
  const body = queryEvent("json");
  const first = await (await sendJson(body)).json();
  assert.equal(first.MD5OfMessageBody, md5(body));
  assert.match(first.SequenceNumber, /^[0-9]{20}$/);
  assert.equal((await (await sendJson(body)).json()).MessageId, first.MessageId);
  assert.notEqual((await (await sendJson(queryEvent("json", "other"))).json()).MessageId, first.MessageId);
});

test("JSON: a batch is taken", async () => {
  const Entries = Array.from({ length: 10 }, (_, index) => ({
    Id: `entry-${index}`,
    MessageBody: queryEvent(`batch-${index}`),
    MessageGroupId: "batch",
  }));
  const answer = await (await postJson("SendMessageBatch", { Entries })).json();
  assert.deepEqual(answer.Successful.map(({ Id }) => Id), Entries.map(({ Id }) => Id));
});

test("JSON: the queue is found, with its attributes", async () => {
  const found = await (await postJson("GetQueueUrl", { QueueName: "cv-analytics-events.fifo" })).json();
  assert.equal(found.QueueUrl, queueUrl);
  const { Attributes } = await (await postJson("GetQueueAttributes", { AttributeNames: ["FifoQueue"] })).json();
  assert.deepEqual(Attributes, { FifoQueue: "true" });
});

test("questions arrive letter by letter, in either protocol", async () => {
  for (const [index, [requestId, body]] of questionEvents().entries()) {
    const send = index % 2 === 0 ? sendForm : sendJson;
    const answer = await send(body, { MessageGroupId: requestId, MessageDeduplicationId: `${requestId}:query` });
    assert.equal(answer.status, 200);
    assert.ok((await answer.text()).includes(md5(body)));
  }
});

test("an unknown queue is named so, in either protocol", async () => {
  const form = await sendForm("{}", {}, { url: queueUrl.replace("events", "other") });
  assert.equal(form.status, 400);
  assert.equal(element(await form.text(), "Code"), "AWS.SimpleQueueService.NonExistentQueue");
  const json = await postJson("GetQueueUrl", { QueueName: "other.fifo" });
  assert.equal(json.status, 400);
  assert.equal((await json.json()).__type, "com.amazonaws.sqs#QueueDoesNotExist");
});

test("a wrong secret is refused, in either protocol", async () => {
  const by = new AwsClient({ ...key, secretAccessKey: "wrong" });
  const form = await sendForm("{}", {}, { by });
  assert.equal(form.status, 403);
  assert.equal(element(await form.text(), "Code"), "SignatureDoesNotMatch");
  const json = await sendJson("{}", {}, by);
  assert.equal(json.status, 403);
  assert.match((await json.json()).__type, /#InvalidSignatureException$/);
  assert.equal(json.headers.get("x-amzn-query-error"), "SignatureDoesNotMatch;Sender");
});
