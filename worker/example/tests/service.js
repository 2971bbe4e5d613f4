/**
 * An OpenAI-compatible service that gives one answer to everything and remembers what it was asked. `refuse` may
 * name what is wrong with a request: then the answer is 400 with those words.
 */

import { createServer } from "node:http";

export async function startService(refuse = (_body) => undefined) {
  const requests = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const { url: path, headers } = request;
      const body = JSON.parse(Buffer.concat(chunks).toString());
      requests.push({ path, key: headers.authorization, body });
      const message = refuse(body);
      if (message) {
        response.writeHead(400, { "content-type": "application/json" });
        response.end(JSON.stringify({ error: { message } }));
        return;
      }
      const content = JSON.stringify({ answer: "It was me.", matchQuality: { type: "full" } });
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ choices: [{ message: { content } }] }));
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}/v1`,
    requests,
    close() {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}
