/** Workers whose compatibility date nobody has changed for years: the visitor gets the answer, the queue its events. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Workerd } from "./workerd.ts";

let agent: Workerd | undefined;
let events: { eventType: string; outcome?: string; query?: string }[];

const queue = createServer(async (incoming: IncomingMessage, outgoing: ServerResponse) => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { MessageBody } = JSON.parse(String(Buffer.concat(chunks))) as { MessageBody: string };
  events.push(JSON.parse(MessageBody) as (typeof events)[number]);
  outgoing.end('{"MessageId":"m"}');
});

beforeEach(async () => {
  events = [];
  queue.listen(0, "127.0.0.1");
  await once(queue, "listening");
});

afterEach(async () => {
  await agent?.stop();
  agent = undefined;
  queue.close();
  queue.closeAllConnections();
});

async function start(compatibilityDate: string, queueUrl: string): Promise<Workerd> {
  const secrets = {
    AWS_ACCESS_KEY_ID: "CVAKEXAMPLE000000000",
    AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    AWS_REGION: "eu-west-2",
    AWS_SQS_URL: queueUrl,
  };
  agent = await Workerd.start(
    join(import.meta.dirname, "old-agent.ts"),
    secrets,
    compatibilityDate,
  );
  return agent;
}

// 2021-11-02 is the first that modules can have; 2022-10-31 brought the standard's URL, 2022-11-30 its streams.
const DATES = ["2021-11-02", "2022-10-30", "2022-10-31", "2022-11-29", "2022-11-30", "2024-09-23"];

test.each(DATES)("a Worker of %s answers, and its events arrive", async (date) => {
  const { port } = queue.address() as AddressInfo;
  const { url } = await start(date, `http://127.0.0.1:${port}/000000000000/events.fifo`);
  for (const form of ["json", "text", "passed on", "thrown"]) {
    events = [];
    const response = await fetch(url, { method: "POST", body: form });
    expect(response.status).toBe(form === "thrown" ? 500 : 200);
    expect(await response.text()).toContain(form === "thrown" ? "" : "an answer");
    await vi.waitUntil(() => events.length === 2, { timeout: 10_000 });
    const answered = events.find(({ eventType }) => eventType === "response");
    expect(answered).toMatchObject({
      query: form,
      outcome: form === "thrown" ? "error" : "answered",
    });
  }
});

test("an invalid queue URL switches the client of an old Worker off, and the visitor gets the answer", async () => {
  const { url } = await start("2021-11-02", "no address");
  const response = await fetch(url, { method: "POST", body: "text" });
  expect(await response.text()).toBe("an answer");
  expect(events).toEqual([]);
});
