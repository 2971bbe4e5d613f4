/** What is said of a question: late judgements, matches, second questions, answers and ratings. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createAnalytics, type Interaction, type Outcome, withAnalytics } from "../src/index.ts";
import {
  Context,
  consoleLines,
  feedbackOf,
  type Message,
  question,
  queue,
  responsesOf,
  secrets,
  typesOf,
} from "./queue.ts";

let messages: Message[];
let lines: string[];
let context: Context;

beforeEach(() => {
  messages = queue();
  lines = consoleLines();
  context = new Context();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** An interaction of a wrapped handler that has answered with a stream; and what ends that stream. */
async function streaming(): Promise<{ interaction: Interaction; end(): Promise<void> }> {
  const { promise, resolve } = Promise.withResolvers<Interaction>();
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const fetch = withAnalytics((_request: Request, _env: object, _ctx: Context, interaction) => {
    interaction.asked("Do you know Go?");
    resolve(interaction);
    return new Response(body.readable);
  });
  const response = await fetch(question(), secrets(), context);
  return {
    interaction: await promise,
    async end() {
      const read = response.text();
      await body.writable.close();
      await read;
    },
  };
}

const begin = () => createAnalytics(secrets()).begin(context);
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Judgements after the answer

test("a judgement after the last byte is in the event, and its time is the answer's", async () => {
  const { interaction, end } = await streaming();
  const judgement = Promise.withResolvers<{ matchType: "none"; missingSkills: string[] }>();
  interaction.judgedBy(judgement.promise);
  interaction.answered();
  await end();
  const ended = Date.now();
  await pause(50);
  expect(responsesOf(messages)).toEqual([]);
  judgement.resolve({ matchType: "none", missingSkills: ["Go"] });
  await context.settled();
  expect(responsesOf(messages)).toMatchObject([
    { outcome: "no_match", matchType: "none", missingSkills: ["Go"] },
  ]);
  expect(responsesOf(messages)[0]?.timestamp).toBeLessThanOrEqual(ended);
  expect(lines).toEqual([]);
});

test("several judgements are all waited for, and so is what they say by themselves", async () => {
  const { interaction, end } = await streaming();
  interaction.judgedBy(pause(10).then(() => ({ matchType: "full" as const })));
  interaction.judgedBy(pause(20).then(() => interaction.noted({ matchScore: 80 }) as undefined));
  await end();
  await context.settled();
  expect(responsesOf(messages)).toMatchObject([
    { outcome: "answered", matchType: "full", matchScore: 80 },
  ]);
});

test("a judgement that takes over 10 s is not waited for, and has a line", async () => {
  const judgement = Promise.withResolvers<{ matchType: "none" }>();
  const limits: number[] = [];
  const now = globalThis.setTimeout;
  vi.stubGlobal("setTimeout", (work: () => void, milliseconds: number) => {
    limits.push(milliseconds);
    return now(work, 0);
  });
  const interaction = begin();
  interaction.asked("q");
  interaction.judgedBy(judgement.promise);
  interaction.answered();
  await context.settled();
  expect(limits).toContain(10_000);
  expect(responsesOf(messages)).toMatchObject([{ outcome: "answered" }]);
  expect(responsesOf(messages)[0]).not.toHaveProperty("matchType");
  // Said when the wait ends: the runtime may end the request with its event.
  const line = "cv-analytics: missing judgement: judgedBy() waits for 10 s after the answer";
  expect(lines).toEqual([line]);
  judgement.resolve({ matchType: "none" });
  await judgement.promise;
  await pause(0);
  expect(lines).toEqual([line]);
});

test("a function in place of the promise is called, and its exception has a line", async () => {
  for (const judge of [
    async () => ({ matchType: "none" }),
    () => {
      throw new Error("confidential");
    },
  ]) {
    const interaction = begin();
    interaction.asked("q");
    interaction.judgedBy(judge as never);
    interaction.answered();
  }
  await context.settled();
  expect(
    responsesOf(messages)
      .map(({ outcome }) => outcome)
      .sort(),
  ).toEqual(["answered", "no_match"]);
  expect(lines).toEqual([
    "cv-analytics: missing judgement: the promise given to judgedBy() was rejected",
  ]);
});

test("a judgement that fails has a line without its words, and the event leaves", async () => {
  const { interaction, end } = await streaming();
  interaction.judgedBy(Promise.reject(new Error("confidential")));
  interaction.answered({ matchType: "partial" });
  await end();
  await context.settled();
  expect(responsesOf(messages)).toMatchObject([{ matchType: "partial" }]);
  expect(lines).toEqual([
    "cv-analytics: missing judgement: the promise given to judgedBy() was rejected",
  ]);
});

test("the time and the failure of a model that judges the answer do not count as the answer's", async () => {
  const { interaction, end } = await streaming();
  interaction.judgedBy(
    pause(10).then(() => interaction.timed("llm", () => Promise.reject(new Error("capacity")))),
  );
  await end();
  await context.settled();
  expect(responsesOf(messages)).toMatchObject([{ outcome: "answered" }]);
  expect(responsesOf(messages)[0]?.performance).not.toHaveProperty("llmTime");
});

test.each<[string, (interaction: Interaction) => void]>([
  ["noted", (interaction) => interaction.noted({ matchType: "none" })],
  ["answered", (interaction) => interaction.answered({ matchType: "none" })],
  ["ended", (interaction) => interaction.ended("no_match")],
  ["judgedBy", (interaction) => interaction.judgedBy(Promise.resolve({ matchType: "none" }))],
])("%s after the last byte changes nothing, and has a line", async (_name, say) => {
  const { interaction, end } = await streaming();
  await end();
  say(interaction);
  await pause(0);
  await context.settled();
  expect(responsesOf(messages)).toMatchObject([{ outcome: "answered" }]);
  expect(lines).toEqual([expect.stringContaining("judgedBy()")]);
});

test("a client that is off waits for no judgement", async () => {
  const interaction = createAnalytics({}).begin(context);
  interaction.asked("q");
  interaction.judgedBy(new Promise(() => {}));
  interaction.judgedBy(Promise.reject(new Error()));
  interaction.answered();
  expect(context.isEmpty).toBe(true);
});

test("while a judgement is waited for, both events still go by their own time limits", async () => {
  const interaction = createAnalytics(secrets(), { together: 5 }).begin(context);
  interaction.asked("q");
  interaction.judgedBy(pause(200).then(() => ({ matchType: "full" as const })));
  interaction.answered();
  await vi.waitUntil(() => messages.length > 0, { timeout: 190 });
  expect(typesOf(messages)).toEqual(["query"]);
  await context.settled();
  expect(typesOf(messages)).toEqual(["query", "response"]);
});

// A match only where somebody was answered

const MATCH = {
  matchType: "full",
  matchScore: 90,
  matchedSkills: ["Go"],
  missingSkills: [],
  confidence: 0.9,
  topic: "projects",
} as const;

test.each<Outcome>(["blocked", "off_hours", "quota", "ai_error", "error"])(
  "%s sends no match, whatever was noted",
  async (outcome) => {
    const interaction = begin();
    interaction.asked("q");
    interaction.noted({ ...MATCH, model: "m" });
    interaction.ended(outcome);
    await context.settled();
    const [event] = responsesOf(messages);
    expect(event).toMatchObject({ outcome, model: "m" });
    for (const name of Object.keys(MATCH)) expect(event).not.toHaveProperty(name);
  },
);

test("an exception after a match sends no match", async () => {
  const run = createAnalytics(secrets()).run(context, (interaction) => {
    interaction.asked("q");
    interaction.answered(MATCH);
    throw new Error();
  });
  await run.catch(() => {});
  await context.settled();
  expect(responsesOf(messages)).toMatchObject([{ outcome: "error" }]);
  expect(responsesOf(messages)[0]).not.toHaveProperty("matchType");
});

test.each<[Outcome, "full" | "partial" | "none", Outcome, string | undefined]>([
  ["answered", "partial", "answered", "partial"],
  ["answered", "none", "no_match", "none"],
  ["no_match", "none", "no_match", "none"],
  ["no_match", "full", "no_match", undefined],
])("%s with the match %s is %s", async (said, matchType, outcome, sent) => {
  const interaction = begin();
  interaction.asked("q");
  interaction.noted({ ...MATCH, matchType });
  interaction.ended(said);
  await context.settled();
  const [event] = responsesOf(messages);
  expect(event?.outcome).toBe(outcome);
  expect(event?.matchType).toBe(sent);
  expect(event?.matchScore).toBe(sent && 90);
});

test.each([
  ["projects", undefined, "projects"],
  ["projects", "side projects", "projects"],
  ["other", "side projects", "side projects"],
  [undefined, "side projects", "side projects"],
  ["", "side projects", "side projects"],
  ["other", "", "other"],
  ["other", 7, "other"],
  [undefined, undefined, undefined],
  ["p".repeat(300), undefined, "p".repeat(200)],
])("the topic %j with the phrase %j is sent as %j", async (topic, topicPhrase, sent) => {
  const interaction = begin();
  interaction.asked("q");
  interaction.answered({ ...MATCH, topic, topicPhrase: topicPhrase as string });
  await context.settled();
  const [event] = responsesOf(messages);
  expect(event?.topic).toBe(sent);
  expect(event).not.toHaveProperty("topicPhrase");
});

// One interaction, one question

test("a second question on one interaction does not touch the first one", async () => {
  const run = createAnalytics(secrets()).run(context, async (interaction) => {
    interaction.asked("first");
    interaction.answered({ matchType: "full", model: "m" });
    interaction.asked("second", { requestId: "second" });
    interaction.noted({ model: "n" });
    await interaction.timed("llm", () => Promise.reject(new Error())).catch(() => {});
    interaction.judgedBy(Promise.resolve({ matchType: "none" }));
    interaction.ended("quota");
  });
  await run;
  await context.settled();
  expect(typesOf(messages)).toEqual(["query", "response"]);
  expect(responsesOf(messages)).toMatchObject([
    { query: "first", outcome: "answered", matchType: "full", model: "m" },
  ]);
  expect(responsesOf(messages)[0]?.performance).not.toHaveProperty("llmTime");
  expect(lines).toEqual([expect.stringContaining("use another()")]);
});

test("a judgement of the first question counts although a second one was asked meanwhile", async () => {
  const interaction = begin();
  interaction.asked("first");
  interaction.judgedBy(pause(10).then(() => ({ matchType: "none" as const })));
  interaction.answered();
  interaction.asked("second");
  interaction.answered({ matchType: "full" });
  await context.settled();
  expect(responsesOf(messages)).toMatchObject([{ query: "first", outcome: "no_match" }]);
});

test("the same question said twice before it ended is one question", async () => {
  const interaction = begin();
  interaction.asked("q");
  interaction.asked("q");
  interaction.answered({ matchType: "full" });
  await context.settled();
  expect(responsesOf(messages)).toMatchObject([{ outcome: "answered", matchType: "full" }]);
  expect(lines).toEqual([]);
});

// Details

test("null says as little as undefined, and takes nothing back", async () => {
  const interaction = createAnalytics(secrets(), {
    together: null,
    log: null,
    secrets: { AWS_REGION: null },
  }).begin(context);
  interaction.asked("q", { sessionId: null, requestId: null, metadata: null });
  interaction.noted({ matchType: "full", model: "m", tokens: 5, metadata: { index: "a" } });
  interaction.noted(null);
  interaction.answered({ matchType: null, model: undefined, tokens: 6, metadata: null });
  interaction.feedback("r-1", "up", null);
  interaction.feedback("r-1", "up", { comment: null });
  await context.settled();
  expect(messages[0]?.event).not.toHaveProperty("sessionId");
  expect(responsesOf(messages)).toMatchObject([
    { matchType: "full", model: "m", tokens: 6, metadata: { index: "a" } },
  ]);
  expect(feedbackOf(messages)).toHaveLength(2);
  expect(lines).toEqual([]);
});

test("an answer is sent where it is given, up to twice what the intake keeps", async () => {
  for (const answer of ["Yes.", "🎓".repeat(5_000), undefined]) {
    const interaction = begin();
    interaction.asked("q");
    interaction.answered({ matchType: "full", answer });
  }
  await context.settled();
  const answers = responsesOf(messages).map(({ answer }) => answer);
  expect(answers).toEqual(["Yes.", "🎓".repeat(4_000), undefined]);
});

// Feedback

test("feedback is an event by itself, in the group of the answer that it is about", async () => {
  const interaction = begin();
  interaction.feedback("r-1", "down", { comment: "Wrong year." });
  await context.settled();
  expect(feedbackOf(messages)).toEqual([
    {
      eventType: "feedback",
      requestId: "r-1",
      timestamp: expect.any(Number),
      rating: "down",
      comment: "Wrong year.",
    },
  ]);
  expect(messages[0]?.body.MessageGroupId).toBe("r-1");
  expect(messages[0]?.body.MessageDeduplicationId).toMatch(/^r-1:feedback:\d+$/);
});

test.each([1, 36, 105, 106, 119])(
  "each of several ratings of an id of %i characters arrives once, whatever is retried",
  async (length) => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_763_000_000_000 });
    vi.stubGlobal("setTimeout", (work: () => void) => queueMicrotask(work));
    let fails = true;
    messages = queue(() => {
      fails = !fails;
      return fails ? Response.json({ MessageId: "m" }) : new Response(null, { status: 500 });
    });
    const requestId = "x".repeat(length);
    for (const rating of ["up", "down", "up"] as const) {
      begin().feedback(requestId, rating);
      await context.settled();
      vi.advanceTimersByTime(1);
    }
    const ids = messages.map(({ body }) => body.MessageDeduplicationId);
    expect(ids).toHaveLength(6);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id.length).toBeLessThanOrEqual(128);
    for (const { body } of messages) expect(body.MessageGroupId).toBe(requestId);
  },
);

test("feedback that the intake would refuse is not sent, and has a line", async () => {
  const interaction = begin();
  interaction.feedback("a b", "up");
  interaction.feedback("r-1", "excellent" as "up");
  interaction.feedback(undefined as never, undefined as never);
  interaction.feedback({ toString: 1 } as never, "up");
  await context.settled();
  expect(messages).toEqual([]);
  expect(lines).toHaveLength(4);
});

test("a long comment is cut, and one that is not text is left out", async () => {
  const interaction = begin();
  interaction.feedback("r-1", "up", { comment: "é".repeat(1_000_000) });
  interaction.feedback("r-2", "up", { comment: { toString: 1 } as never });
  await context.settled();
  expect(Array.from(feedbackOf(messages)[0]?.comment ?? "")).toHaveLength(1_000);
  expect(feedbackOf(messages)[1]).not.toHaveProperty("comment");
});
