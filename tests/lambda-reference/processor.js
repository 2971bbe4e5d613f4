// The processor as the first plan had it, for the benchmark to compare with: put the
// query, and on its response get the query, put the joined record, delete the query.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";

const QUERY_EVENTS = process.env.QUERY_EVENTS_TABLE;
const ANALYTICS = process.env.ANALYTICS_TABLE;
const DAY_SECONDS = 24 * 60 * 60;

const tables = DynamoDBDocumentClient.from(new DynamoDBClient({}), {
  marshallOptions: { removeUndefinedValues: true },
});

export async function handler(event) {
  const batchItemFailures = [];
  for (const record of event.Records) {
    try {
      await keep(JSON.parse(record.body));
    } catch (error) {
      console.error("failed to keep a message", record.messageId, error);
      batchItemFailures.push({ itemIdentifier: record.messageId });
    }
  }
  console.log("kept", event.Records.length - batchItemFailures.length, "of", event.Records.length);
  return { batchItemFailures };
}

async function keep(half) {
  const { requestId } = half;
  if (half.eventType === "query") {
    const ttl = Math.floor(Date.now() / 1000) + DAY_SECONDS;
    await tables.send(new PutCommand({ TableName: QUERY_EVENTS, Item: { ...half, ttl } }));
    return;
  }
  const key = { TableName: QUERY_EVENTS, Key: { requestId } };
  const { Item: query } = await tables.send(new GetCommand(key));
  const timestamp = query?.timestamp ?? half.timestamp;
  const joined = {
    ...half,
    query: query?.query ?? half.query,
    sessionId: query?.sessionId,
    timestamp,
    responseTimestamp: half.timestamp,
    week: week(timestamp),
  };
  await tables.send(new PutCommand({ TableName: ANALYTICS, Item: joined }));
  await tables.send(new DeleteCommand(key));
}

// As planned, and wrong on a third of all days.
function week(timestamp) {
  const date = new Date(timestamp);
  const days = Math.floor((timestamp - Date.UTC(date.getUTCFullYear(), 0, 1)) / (DAY_SECONDS * 1000));
  return `${date.getUTCFullYear()}-W${String(Math.ceil((days + 1) / 7)).padStart(2, "0")}`;
}
