/** An OpenAI-compatible service that gives one answer to everything and remembers what it was asked. */

import { createServer } from "node:http";

export async function startService() {
  const requests = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const { url: path, headers } = request;
      const body = JSON.parse(Buffer.concat(chunks).toString());
      requests.push({ path, key: headers.authorization, body });
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
