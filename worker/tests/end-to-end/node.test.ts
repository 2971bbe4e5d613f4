/** The recipe for Node.js, as a process: what it reports, and what it still sends when it is asked to end. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const WORKER = join(import.meta.dirname, "../..");

let folder: string;
let agent: ChildProcess;
let url: string;
let events: { eventType: string; outcome?: string; query: string; metadata: object }[];
let delay: number;

const queue = createServer(async (incoming: IncomingMessage, outgoing: ServerResponse) => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { MessageBody } = JSON.parse(String(Buffer.concat(chunks))) as { MessageBody: string };
  setTimeout(() => {
    events.push(JSON.parse(MessageBody) as (typeof events)[number]);
    outgoing.end('{"MessageId":"m"}');
  }, delay);
});

beforeEach(async () => {
  events = [];
  delay = 0;
  folder = await mkdtemp(join(tmpdir(), "cv-analytics-node-"));
  const outfile = join(folder, "agent.mjs");
  await build({
    entryPoints: [join(WORKER, "tests/recipes/node.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
    alias: { "@cv-analytics/worker": join(WORKER, "src/index.ts") },
    logLevel: "error",
  });
  queue.listen(0, "127.0.0.1");
  await once(queue, "listening");
  const { port } = queue.address() as AddressInfo;
  agent = spawn(process.execPath, [outfile], {
    env: {
      PORT: "0",
      AWS_ACCESS_KEY_ID: "CVAKEXAMPLE000000000",
      AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      AWS_REGION: "eu-west-2",
      AWS_SQS_URL: `http://127.0.0.1:${port}/000000000000/events.fifo`,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: agent.stdout as NodeJS.ReadableStream });
  for await (const line of lines) {
    const port = /port: (\d+)/.exec(line)?.[1];
    if (port) url = `http://127.0.0.1:${port}/`;
    if (port) break;
  }
});

afterEach(async () => {
  agent.kill("SIGKILL");
  queue.close();
  queue.closeAllConnections();
  await rm(folder, { recursive: true });
});

test("an answer and an exception are reported, with the visitor's user agent", async () => {
  for (const [question, status, outcome] of [
    ["Go?", 200, "answered"],
    ["fail", 500, "ai_error"],
  ] as const) {
    events = [];
    const headers = { "user-agent": "Mozilla/5.0" };
    const response = await fetch(url, { method: "POST", body: question, headers });
    expect(response.status).toBe(status);
    await vi.waitUntil(() => events.length === 2, { timeout: 10_000 });
    expect(events.find(({ eventType }) => eventType === "response")).toMatchObject({
      query: question,
      outcome,
      metadata: { userAgent: "Mozilla/5.0" },
    });
  }
});

test("what is on its way when the process is asked to end still arrives", async () => {
  delay = 500;
  const response = await fetch(url, { method: "POST", body: "Go?" });
  expect(await response.text()).toBe("a model answers: Go?");
  expect(events).toEqual([]);
  agent.kill("SIGTERM");
  const [code] = await once(agent, "exit");
  expect(code).toBe(0);
  expect(events.map(({ eventType }) => eventType).sort()).toEqual(["query", "response"]);
});
