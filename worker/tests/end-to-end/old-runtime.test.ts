/** Workers whose compatibility date nobody has changed for years: the visitor gets the answer, the queue its events. */

import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Queue } from "./queue.ts";
import { Workerd } from "./workerd.ts";

let agent: Workerd | undefined;
let queue: Queue;

beforeEach(async () => {
  queue = await Queue.start();
});

afterEach(async () => {
  await agent?.stop();
  agent = undefined;
  queue.stop();
});

async function start(
  compatibilityDate: string,
  more: Record<string, string> = {},
  file = "old-agent.ts",
): Promise<URL> {
  const entry = join(import.meta.dirname, file);
  agent = await Workerd.start(entry, { ...queue.secrets, ...more }, compatibilityDate);
  return agent.url;
}

// 2021-11-02 is the first that modules can have; 2022-10-31 brought the standard's URL, 2022-11-30 its streams.
const DATES = ["2021-11-02", "2022-10-30", "2022-10-31", "2022-11-29", "2022-11-30", "2024-09-23"];

test.each(DATES)("a Worker of %s answers, and its events arrive", async (date) => {
  const url = await start(date);
  for (const form of ["json", "text", "passed on", "thrown"]) {
    queue.events = [];
    const response = await fetch(url, { method: "POST", body: form });
    expect(response.status).toBe(form === "thrown" ? 500 : 200);
    expect(await response.text()).toContain(form === "thrown" ? "" : "an answer");
    await vi.waitUntil(() => queue.events.length === 2, { timeout: 10_000 });
    const answered = queue.events.find(({ eventType }) => eventType === "response");
    expect(answered).toMatchObject({
      query: form,
      ...(form === "thrown" ? { outcome: "error" } : { outcome: "answered", matchType: "full" }),
    });
  }
});

test("an invalid queue URL switches the client of an old Worker off, and the visitor gets the answer", async () => {
  const url = await start("2021-11-02", { AWS_SQS_URL: "no address" });
  const response = await fetch(url, { method: "POST", body: "text" });
  expect(await response.text()).toBe("an answer");
  expect(queue.events).toEqual([]);
});

test.each(["2021-11-02", "2022-11-29", "2022-11-30"])(
  "a Worker of %s streams its answer, and the match arrives",
  async (date) => {
    const url = await start(date, {}, "old-streams-agent.ts");
    const response = () => queue.events.find(({ eventType }) => eventType === "response");

    const answer = await (await fetch(url, { method: "POST", body: "Docker?" })).text();
    expect(answer).toBe("Docker, yes; Kubernetes, no.");
    await vi.waitUntil(response, { timeout: 10_000 });
    expect(response()).toMatchObject({ outcome: "answered", matchType: "partial" });

    const cut = await (await fetch(url, { method: "POST", body: "fails" })).text();
    expect(cut).toBe("Docker, yes; Kubern");
    await vi.waitUntil(() => agent?.log.includes("fails: ai_error Error: capacity"));

    const visitor = new AbortController();
    const { body } = await fetch(url, { method: "POST", body: "endless", signal: visitor.signal });
    await body?.getReader().read();
    visitor.abort();
    await vi.waitUntil(() => agent?.log.includes("endless: answered"), { timeout: 10_000 });
  },
);
