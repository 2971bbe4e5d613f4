/** A queue that hangs, as the real runtime meets it: the visitor has the answer, and both events get through. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Workerd } from "./workerd.ts";

let agent: Workerd;
/** How often each message came, by its deduplication id. */
const tries = new Map<string, number>();
const taken: string[] = [];

const queue = createServer(async (incoming: IncomingMessage, outgoing: ServerResponse) => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { MessageDeduplicationId: id = "" } = JSON.parse(String(Buffer.concat(chunks))) as Record<
    string,
    string
  >;
  tries.set(id, (tries.get(id) ?? 0) + 1);
  if (tries.get(id) === 1) {
    // The query event's first try gets no word, the response event's half an answer.
    if (id.endsWith(":response")) outgoing.writeHead(200, { "content-length": 100 }).write("{");
    return;
  }
  taken.push(id);
  outgoing.end('{"MessageId":"m"}');
});

beforeEach(async () => {
  queue.listen(0, "127.0.0.1");
  await once(queue, "listening");
  const { port } = queue.address() as AddressInfo;
  agent = await Workerd.start(join(import.meta.dirname, "agent.ts"), {
    AWS_ACCESS_KEY_ID: "CVAKEXAMPLE000000000",
    AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    AWS_REGION: "eu-west-2",
    AWS_SQS_URL: `http://127.0.0.1:${port}/000000000000/events.fifo`,
  });
});

afterEach(async () => {
  await agent.stop();
  queue.close();
  queue.closeAllConnections();
});

test("the visitor has the answer while the queue hangs, and both events are sent again", async () => {
  const body = JSON.stringify({ requestId: "q-1", question: "Docker?", way: "full" });
  const response = await fetch(agent.url, { method: "POST", body });
  expect(await response.json()).toEqual({ answer: "full" });
  expect(taken).toEqual([]);
  await vi.waitUntil(() => taken.length === 2, { timeout: 30_000 });
  expect(taken.toSorted()).toEqual(["q-1:query", "q-1:response"]);
  expect([...tries.values()]).toEqual([2, 2]);
});
