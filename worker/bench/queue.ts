/** A queue that takes messages at once, after five seconds, or not at all; a process of its own. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const [, , how] = process.argv;
let messages = 0;

const server = createServer((request, response) => {
  if (request.method === "GET") {
    response.end(String(messages));
    return;
  }
  request.resume();
  request.on("end", () => {
    messages++;
    if (how === "refuses") {
      // Of the message and not of its sender, which would switch the client off: each one is sent.
      response.writeHead(400, { "content-type": "application/x-amz-json-1.0" });
      response.end('{"__type":"com.amazonaws.sqs#InvalidMessageContents","message":"no"}');
      return;
    }
    const answer = () => response.end('{"MessageId":"m","MD5OfMessageBody":"x"}');
    if (how === "takes 5 s") setTimeout(answer, 5_000);
    else answer();
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
