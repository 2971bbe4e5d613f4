/** A queue that takes every message and remembers it, for tests of the agent without the rest. */

import { createServer } from "node:http";

export async function startQueue() {
  const events = [];
  const waiting = new Set();
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      events.push(JSON.parse(JSON.parse(Buffer.concat(chunks).toString()).MessageBody));
      response.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
      response.end(JSON.stringify({ MessageId: crypto.randomUUID() }));
      for (const check of waiting) check();
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const port = server.address().port;
  const until = (look) =>
    new Promise((resolve) => {
      const check = () => {
        const found = look();
        if (found) {
          waiting.delete(check);
          resolve(found);
        }
      };
      waiting.add(check);
      check();
    });
  return {
    secrets: {
      AWS_ACCESS_KEY_ID: "CVAKEXAMPLE000000001",
      AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      AWS_REGION: "eu-west-2",
      AWS_SQS_URL: `http://127.0.0.1:${port}/000000000000/cv-analytics-events.fifo`,
    },
    events,
    /** Resolves with what `look` gives, once it gives something: it looks again at each event. */
    until,
    /** Resolves with both halves of the interaction about `question`, once they have come. */
    halvesOf(question) {
      return until(() => {
        const query = events.find(
          (event) => event.eventType === "query" && event.query === question,
        );
        const response = events.find(
          (event) => event.eventType === "response" && event.query === question,
        );
        return query && response && { query, response };
      });
    },
    close() {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}
