/** Tokens that vouch for a request id, and what comes back with them. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createFeedback } from "../src/feedback.ts";
import { Context, consoleLines, feedbackOf, type Message, queue, secrets } from "./queue.ts";

const NOW = 1_763_000_000_000;
const WEEK = 7 * 24 * 3_600_000;

let messages: Message[];
let context: Context;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  messages = queue();
  context = new Context();
});

afterEach(async () => {
  await context.settled();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function tokenOf(requestId: string, env: object = secrets()): Promise<string> {
  const token = await createFeedback(env).token(requestId);
  if (!token) throw new Error("no token");
  return token;
}

test.each(["r-1", "x".repeat(119), '"<&>?/+=:.%', "7d9f1c52-0d4c-4f0a-9d5c-6a4f3f1b2c3d"])(
  "a token for %s sends the rating of that answer, for a week",
  async (requestId) => {
    const env = secrets();
    const token = await tokenOf(requestId, env);
    expect(token).toMatch(/^[\w-]+\.[\w-]+$/);
    vi.setSystemTime(NOW + WEEK - 1);
    const feedback = createFeedback(env);
    expect(await feedback.submit(context, token, "down", { comment: "Wrong." })).toBe("accepted");
    await context.settled();
    expect(feedbackOf(messages)).toMatchObject([{ requestId, rating: "down", comment: "Wrong." }]);
    vi.setSystemTime(NOW + WEEK);
    expect(await feedback.submit(context, token, "up")).toBe("expired");
    await context.settled();
    expect(messages).toHaveLength(1);
  },
);

test("how long a token is valid is a choice", async () => {
  const env = secrets();
  const feedback = createFeedback(env, { expiresIn: 60 });
  const token = await feedback.token("r-1");
  vi.setSystemTime(NOW + 59_000);
  expect(await feedback.submit(context, token, "up")).toBe("accepted");
  vi.setSystemTime(NOW + 60_000);
  expect(await feedback.submit(context, token, "up")).toBe("expired");
});

test.each([
  [3600.5, 3600],
  [Number.NaN, WEEK / 1000],
  ["60", WEEK / 1000],
  [null, WEEK / 1000],
  [1e30, 50 * 365 * 24 * 3600],
  [Number.POSITIVE_INFINITY, 50 * 365 * 24 * 3600],
])("a token for %s s is valid for %d s at least", async (expiresIn, seconds) => {
  const feedback = createFeedback(secrets(), { expiresIn: expiresIn as number });
  const token = await feedback.token("r-1");
  vi.setSystemTime(NOW + seconds * 1000 - 1000);
  expect(await feedback.submit(context, token, "up")).toBe("accepted");
});

test("a token that was changed in any character is invalid", async () => {
  const env = secrets();
  const feedback = createFeedback(env);
  const token = await tokenOf("r-1", env);
  for (let index = 0; index < token.length; index++) {
    for (const other of ["A", "B", "9", "_", ".", ""]) {
      const changed = token.slice(0, index) + other + token.slice(index + 1);
      if (changed === token) continue;
      expect(await feedback.submit(context, changed, "up"), changed).toBe("invalid");
    }
  }
  expect(context.isEmpty).toBe(true);
});

test("halves of two tokens make none", async () => {
  const env = secrets();
  const [one, other] = [await tokenOf("r-1", env), await tokenOf("r-2", env)];
  const mixed = `${one.split(".")[0]}.${other.split(".")[1]}`;
  expect(await createFeedback(env).submit(context, mixed, "up")).toBe("invalid");
});

test("a token of another secret is invalid", async () => {
  const env = secrets();
  const token = await tokenOf("r-1", { ...env, AWS_SECRET_ACCESS_KEY: "another-secret" });
  expect(await createFeedback(env).submit(context, token, "up")).toBe("invalid");
});

test.each<unknown>([
  undefined,
  null,
  17,
  {},
  { toString: 1 },
  [],
  "",
  "x",
  ".",
  `${"x".repeat(300)}.y`,
])(
  "a page that sends %j in place of a token or a rating gets a result, not an exception",
  async (sent) => {
    const env = secrets();
    const feedback = createFeedback(env);
    expect(await feedback.submit(context, sent, "up")).toBe("invalid");
    expect(await feedback.submit(context, await tokenOf("r-1", env), sent)).toBe("invalid");
    const comment = sent as string;
    const token = await tokenOf("r-1", env);
    expect(await feedback.submit(context, token, "up", { comment })).toBe("accepted");
  },
);

test("an invalid request id gets no token, and neither does a client without secrets", async () => {
  consoleLines();
  const feedback = createFeedback(secrets());
  expect(await feedback.token("a b")).toBeUndefined();
  expect(await feedback.token("x".repeat(120))).toBeUndefined();
  const token = await tokenOf("r-1");
  expect(await createFeedback({}).token("r-1")).toBeUndefined();
  expect(await createFeedback(null).submit(context, token, "up")).toBe("off");
});

test("secrets of the Secrets Store and of other names sign tokens too", async () => {
  const { AWS_SECRET_ACCESS_KEY, ...env } = secrets();
  const token = await tokenOf("r-1", { ...env, AWS_SECRET_ACCESS_KEY });
  const stored = { ...env, KEY: { get: async () => AWS_SECRET_ACCESS_KEY } };
  const feedback = createFeedback(stored, { secrets: { AWS_SECRET_ACCESS_KEY: "KEY" } });
  expect(await feedback.submit(context, token, "up")).toBe("accepted");
  expect(await feedback.token("r-1")).toBe(token);
});
