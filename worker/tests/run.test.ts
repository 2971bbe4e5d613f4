/** Work other than a fetch handler: its result, its exception, and its end. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createAnalytics } from "../src/index.ts";
import {
  Context,
  consoleLines,
  type Message,
  queue,
  responsesOf,
  secrets,
  typesOf,
} from "./queue.ts";

let messages: Message[];
let context: Context;

beforeEach(() => {
  messages = queue();
  context = new Context();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test.each([
  ["a text", "yes"],
  ["nothing", undefined],
  ["null", null],
  ["an object", { a: 1 }],
])(
  "work that gives %s is answered when it ends, and its result is its own",
  async (_what, result) => {
    const analytics = createAnalytics(secrets());
    const given = await analytics.run(context, async (interaction) => {
      interaction.asked("q");
      await new Promise((done) => setTimeout(done, 10));
      expect(responsesOf(messages)).toEqual([]);
      return result;
    });
    expect(given).toBe(result);
    await context.settled();
    expect(responsesOf(messages)).toMatchObject([{ outcome: "answered" }]);
  },
);

test("work that throws is an error, at once or later, and throws the same object", async () => {
  const error = new Error("gone");
  const analytics = createAnalytics(secrets());
  const works = [
    () => {
      throw error;
    },
    async () => {
      throw error;
    },
  ];
  for (const work of works) {
    const run = analytics.run(context, (interaction) => {
      interaction.asked("q");
      return work();
    });
    await expect(run).rejects.toBe(error);
  }
  await context.settled();
  expect(responsesOf(messages).map(({ outcome }) => outcome)).toEqual(["error", "error"]);
});

test("work that gives a streamed response ends with its last byte", async () => {
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const response = await createAnalytics(secrets()).run(context, (interaction) => {
    interaction.asked("q");
    return new Response(body.readable, { headers: { "content-type": "application/json" } });
  });
  await vi.waitUntil(() => messages.length === 1);
  const read = response.text();
  await body.writable.close();
  await read;
  await context.settled();
  expect(typesOf(messages)).toEqual(["query", "response"]);
});

test("work without a question sends nothing", async () => {
  await createAnalytics(secrets()).run(context, () => "no question");
  expect(messages).toEqual([]);
  expect(context.isEmpty).toBe(true);
});

test("work is done without secrets and without a ctx", async () => {
  const lines = consoleLines();
  const work = () => "done";
  expect(await createAnalytics(undefined).run(context, work)).toBe("done");
  const asks = createAnalytics(secrets()).run(undefined as never, ({ asked }) => {
    asked("q");
    return "done";
  });
  expect(await asks).toBe("done");
  await vi.waitUntil(() => messages.length === 2);
  expect(lines).toContainEqual(expect.stringContaining("waitUntil"));
});

test("user agent and referer come from the request, where one is given", async () => {
  const headers = { "user-agent": "Mozilla/5.0", referer: "https://cv.example/" };
  const request = new Request("https://agent.example/", { headers });
  await createAnalytics(secrets()).run(context, ({ asked }) => asked("q"), request);
  await context.settled();
  expect(responsesOf(messages)[0]?.metadata).toEqual({
    userAgent: "Mozilla/5.0",
    referer: "https://cv.example/",
  });
});
