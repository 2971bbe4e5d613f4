/** Judgements after the last byte in the real runtime, whose waitUntil has its own limits. */

import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Queue } from "./queue.ts";
import { Workerd } from "./workerd.ts";

let agent: Workerd;
let queue: Queue;

beforeEach(async () => {
  queue = await Queue.start();
  agent = await Workerd.start(join(import.meta.dirname, "judged-agent.ts"), queue.secrets);
});

afterEach(async () => {
  await agent.stop();
  queue.stop();
});

const ask = (words: number, judgeMilliseconds: number, signal?: AbortSignal) =>
  fetch(agent.url, {
    method: "POST",
    body: JSON.stringify({ question: "Go?", words, judgeMilliseconds }),
    ...(signal && { signal }),
  });

const response = () => queue.events.find(({ eventType }) => eventType === "response");

test("the visitor has the whole answer while the judge still reads it", async () => {
  const answer = await (await ask(3, 2_000)).text();
  expect(answer).toBe('"word 0" "word 1" "word 2" ');
  expect(response()).toBeUndefined();
  await vi.waitUntil(response, { timeout: 10_000 });
  expect(response()).toMatchObject({ outcome: "no_match", matchType: "none" });
});

test("an answer is judged although the visitor left in the middle of it", async () => {
  const visitor = new AbortController();
  const { body } = await ask(1_000, 200, visitor.signal);
  await body?.getReader().read();
  visitor.abort();
  await vi.waitUntil(response, { timeout: 10_000 });
  expect(response()).toMatchObject({ outcome: "no_match", metadata: { cancelled: true } });
});

test("a judge that takes too long costs the match and not the event, and the log says so", async () => {
  await (await ask(1, 60_000)).text();
  await vi.waitUntil(response, { timeout: 20_000 });
  expect(response()).toMatchObject({ outcome: "answered" });
  expect(response()).not.toHaveProperty("matchType");
  await vi.waitUntil(() => agent.log.includes("cv-analytics: missing judgement"));
}, 30_000);
