/** The recipe for Node.js, as a process: what it reports, and what it still sends when it is asked to end. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Queue } from "./queue.ts";

const WORKER = join(import.meta.dirname, "../..");

let folder: string;
let agent: ChildProcess;
let url: string;
let queue: Queue;

beforeEach(async () => {
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
  queue = await Queue.start();
  agent = spawn(process.execPath, [outfile], {
    env: { PORT: "0", ...queue.secrets },
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
  queue.stop();
  await rm(folder, { recursive: true });
});

test("an answer and an exception are reported, with the visitor's user agent", async () => {
  for (const [question, status, outcome] of [
    ["Go?", 200, "answered"],
    ["fail", 500, "ai_error"],
  ] as const) {
    queue.events = [];
    const headers = { "user-agent": "Mozilla/5.0" };
    const response = await fetch(url, { method: "POST", body: question, headers });
    expect(response.status).toBe(status);
    await vi.waitUntil(() => queue.events.length === 2, { timeout: 10_000 });
    expect(queue.events.find(({ eventType }) => eventType === "response")).toMatchObject({
      query: question,
      outcome,
      metadata: { userAgent: "Mozilla/5.0" },
    });
  }
});

test("a question is read as a whole where its characters are cut, and refused where it is too long", async () => {
  const bytes = new TextEncoder().encode("Können Sie Go? 🎓");
  const body = new ReadableStream({
    async start(controller) {
      for (const byte of bytes) {
        controller.enqueue(Uint8Array.of(byte));
        await new Promise((next) => setTimeout(next, 5));
      }
      controller.close();
    },
  });
  const response = await fetch(url, { method: "POST", body, duplex: "half" } as RequestInit);
  expect(await response.text()).toBe("a model answers: Können Sie Go? 🎓");
  await vi.waitUntil(() => queue.events.length === 2, { timeout: 10_000 });
  const long = await fetch(url, { method: "POST", body: "x".repeat(50_000) });
  expect([long.status, await long.text()]).toEqual([413, "That question is too long."]);
  await new Promise((next) => setTimeout(next, 300));
  expect(queue.events).toHaveLength(2);
});

test("what is on its way when the process is asked to end still arrives", async () => {
  queue.delay = 500;
  const response = await fetch(url, { method: "POST", body: "Go?" });
  expect(await response.text()).toBe("a model answers: Go?");
  expect(queue.events).toEqual([]);
  agent.kill("SIGTERM");
  const [code] = await once(agent, "exit");
  expect(code).toBe(0);
  expect(queue.events.map(({ eventType }) => eventType).sort()).toEqual(["query", "response"]);
});
