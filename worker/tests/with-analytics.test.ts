/** The wrapper: one response event in every way out, and a visitor who notices nothing. */

import { afterEach, expect, test, vi } from "vitest";
import { type AnalyticsOptions, createAnalytics, withAnalytics } from "../src/index.ts";
import type { Interaction } from "../src/interaction.ts";
import {
  Context,
  consoleLines,
  question,
  queue,
  refusal,
  responsesOf,
  secrets,
  typesOf,
  withoutWaits,
} from "./queue.ts";
import { WAYS_OUT } from "./ways-out.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

type Handle = (interaction: Interaction, request: Request) => Response | Promise<Response>;

/** Runs a handler as the runtime would; gives what the visitor got. */
async function visit(
  handle: Handle,
  {
    context = new Context(),
    request = question(),
    env = secrets(),
    options = {},
  }: {
    context?: Context;
    request?: Request;
    env?: object;
    options?: AnalyticsOptions;
  } = {},
): Promise<{ status: number; text: string } | { thrown: unknown }> {
  const fetch = withAnalytics(
    (request: Request, _env: object, _ctx: Context, interaction) => handle(interaction, request),
    options,
  );
  try {
    const response = await fetch(request, env, context);
    const text = await response.text();
    await context.settled();
    return { status: response.status, text };
  } catch (thrown) {
    await context.settled();
    return { thrown };
  }
}

/** A stream of texts, and then of an error where one is given. */
function stream(texts: string[], error?: Error): ReadableStream<Uint8Array> {
  const chunks = texts.map((text) => new TextEncoder().encode(text));
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk) controller.enqueue(chunk);
      else if (error) controller.error(error);
      else controller.close();
    },
  });
}

test.each(WAYS_OUT)("$name leaves with one query and one response event", async (way) => {
  const messages = queue();
  await visit((interaction) => way.handle(interaction));
  expect(typesOf(messages)).toEqual(["query", "response"]);
  expect(responsesOf(messages)[0]).toMatchObject({
    outcome: way.outcome,
    query: "Do you know Kubernetes?",
    queryTimestamp: expect.any(Number),
  });
  expect(messages[0]?.event.requestId).toBe(messages[1]?.event.requestId);
});

test.each(WAYS_OUT)("$name shows the visitor what the bare handler would", async ({ handle }) => {
  queue(refusal(500, "InternalFailure"));
  withoutWaits();
  consoleLines();
  const interaction = createAnalytics({}).begin(new Context());
  const bare = await Promise.resolve()
    .then(() => handle(interaction))
    .then(async (response) => ({ status: response.status, text: await response.text() }))
    .catch((thrown: unknown) => ({ thrown }));
  expect(await visit((interaction) => handle(interaction))).toEqual(bare);
});

test("an env that cannot be read is off with a line, and the visitor gets the answer", async () => {
  const messages = queue();
  const lines = consoleLines();
  const env = {
    get AWS_REGION() {
      throw new Error("confidential");
    },
  };
  const handle: Handle = (interaction) => {
    interaction.asked("q");
    return new Response("an answer");
  };
  expect(await visit(handle, { env })).toEqual({ status: 200, text: "an answer" });
  expect(messages).toEqual([]);
  expect(lines).toEqual(["cv-analytics: nothing is sent: cannot read the secrets"]);
});

test("an exception goes on as the same object", async () => {
  queue();
  const error = new Error("the index is gone");
  const ended = await visit((interaction) => {
    interaction.asked("q");
    throw error;
  });
  expect((ended as { thrown: unknown }).thrown).toBe(error);
});

test.each([
  [200, "answered"],
  [302, "answered"],
  [400, "blocked"],
  [403, "blocked"],
  [402, "quota"],
  [429, "quota"],
  [500, "error"],
  [503, "error"],
])("a return without a word and with status %i is %s", async (status, outcome) => {
  const messages = queue();
  await visit((interaction) => {
    interaction.asked("q");
    return new Response(null, { status });
  });
  expect(responsesOf(messages).map((event) => event.outcome)).toEqual([outcome]);
});

test("a named refusal stays where an exception follows, an answer does not", async () => {
  for (const [said, outcome] of [
    ["quota", "quota"],
    ["blocked", "blocked"],
    ["answered", "error"],
  ] as const) {
    const messages = queue();
    await visit((interaction) => {
      interaction.asked("q");
      interaction.ended(said);
      throw new Error("thrown to end the request");
    });
    expect(responsesOf(messages).map((event) => event.outcome)).toEqual([outcome]);
  }
});

test("a model that failed and was asked again with success is no error", async () => {
  const messages = queue();
  await visit(async (interaction) => {
    interaction.asked("q");
    const fails = () => Promise.reject(new Error("capacity"));
    await interaction.timed("llm", fails).catch(() => {});
    await interaction.timed("llm", async () => "fine");
    return Response.json({});
  });
  expect(responsesOf(messages)[0]?.outcome).toBe("answered");
});

test("a model's error that was caught and not named is an ai_error whatever the status", async () => {
  const messages = queue();
  await visit(async (interaction) => {
    interaction.asked("q");
    await interaction.timed("llm", () => Promise.reject(new Error("capacity"))).catch(() => {});
    return Response.json({ answer: "Sorry." });
  });
  expect(responsesOf(messages)[0]?.outcome).toBe("ai_error");
});

test("what was noted is reported after an exception too", async () => {
  const messages = queue();
  await visit((interaction) => {
    interaction.asked("q");
    interaction.noted({ vectorMatches: 4, metadata: { index: "a" } });
    interaction.noted({ model: "m", metadata: { try: 1 } });
    throw new Error();
  });
  expect(responsesOf(messages)[0]).toMatchObject({
    outcome: "error",
    vectorMatches: 4,
    model: "m",
    metadata: { index: "a", try: 1 },
  });
});

test("the last word counts", async () => {
  const messages = queue();
  await visit((interaction) => {
    interaction.asked("q");
    interaction.answered({ matchType: "full" });
    interaction.ended("blocked");
    return Response.json({});
  });
  expect(responsesOf(messages).map((event) => event.outcome)).toEqual(["blocked"]);
});

test("a request that is no question sends nothing and waits for nothing", async () => {
  const messages = queue();
  const context = new Context();
  await visit(() => new Response("a page"), { context });
  expect(messages).toEqual([]);
  expect(context.isEmpty).toBe(true);
});

test("a question keeps the request alive until its end is seen, also after the visitor left", async () => {
  const messages = queue();
  const context = new Context();
  const model = Promise.withResolvers<void>();
  const visited = visit(
    async (interaction) => {
      interaction.asked("Do you know Go?");
      await model.promise;
      return new Response("yes");
    },
    { context },
  );
  let isOver = false;
  await vi.waitUntil(() => messages.length === 1);
  const over = context.settled().then(() => {
    isOver = true;
  });
  await new Promise((resolve) => setTimeout(resolve));
  expect(isOver).toBe(false);
  model.resolve();
  await Promise.all([visited, over]);
  expect(typesOf(messages)).toEqual(["query", "response"]);
});

test("a refusal before the question was read is reported without a query", async () => {
  const messages = queue();
  await visit((interaction) => {
    interaction.ended("off_hours");
    return new Response("closed");
  });
  expect(typesOf(messages)).toEqual(["response"]);
  expect(responsesOf(messages)[0]).not.toHaveProperty("query");
});

test("the first question counts, and a second one has a line", async () => {
  const messages = queue();
  const lines = consoleLines();
  await visit((interaction) => {
    interaction.asked("first");
    interaction.asked("second");
    return Response.json({});
  });
  expect(typesOf(messages)).toEqual(["query", "response"]);
  expect(responsesOf(messages)[0]?.query).toBe("first");
  expect(lines).toEqual([expect.stringContaining("another()")]);
});

test("several questions of one request have two events each, also after an exception", async () => {
  for (const fails of [false, true]) {
    const messages = queue();
    await visit((interaction) => {
      interaction.asked("first");
      interaction.ended("blocked");
      const second = interaction.another();
      second.asked("second");
      if (fails) throw new Error();
      return Response.json({});
    });
    expect(typesOf(messages).sort()).toEqual(["query", "query", "response", "response"]);
    const outcomes = new Map(responsesOf(messages).map(({ query, outcome }) => [query, outcome]));
    expect(outcomes.get("first")).toBe("blocked");
    expect(outcomes.get("second")).toBe(fails ? "error" : "answered");
    expect(new Set(messages.map(({ event }) => event.requestId)).size).toBe(2);
  }
});

test("the visitor's body is not touched", async () => {
  queue();
  const request = question();
  let wasUsed = true;
  const ended = await visit(
    async (interaction, request) => {
      interaction.asked("q");
      wasUsed = request.bodyUsed;
      return new Response(await request.text());
    },
    { request },
  );
  expect(wasUsed).toBe(false);
  expect(ended).toMatchObject({ text: "the body" });
});

test("the answer does not wait for the queue", async () => {
  let release: (() => void) | undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const messages = queue(async () => {
    await held;
    return Response.json({ MessageId: "m" });
  });
  const context = new Context();
  const fetch = withAnalytics((_request: Request, _env: object, _ctx: Context, interaction) => {
    interaction.asked("q");
    return Response.json({ answer: "now" });
  });
  const response = await fetch(question(), secrets(), context);
  expect(await response.json()).toEqual({ answer: "now" });
  release?.();
  await context.settled();
  expect(messages).toHaveLength(2);
});

test.each([
  ["is missing", undefined],
  [
    "throws",
    {
      waitUntil() {
        throw new Error("too late");
      },
    },
  ],
])("a ctx.waitUntil that %s does not reach the visitor", async (_how, ctx) => {
  const messages = queue();
  const lines = consoleLines();
  const fetch = withAnalytics(
    (_request: Request, _env: object, _ctx: Context, interaction: Interaction) => {
      interaction.asked("q");
      return new Response(stream(["an ", "answer"]));
    },
  );
  const response = await fetch(question(), secrets(), ctx as unknown as Context);
  expect(await response.text()).toBe("an answer");
  expect(lines).not.toEqual([]);
  await vi.waitUntil(() => messages.length === 2);
});

test.each<unknown>(["", "  \n\u00A0\u0085", undefined, null, {}, { toString: 1 }, [], ["Go?"]])(
  "%j in place of a question sends nothing, whatever the handler says, and has a line",
  async (blank) => {
    const messages = queue();
    const lines = consoleLines();
    for (const outcome of [undefined, "answered", "blocked"] as const) {
      await visit((interaction) => {
        interaction.asked(blank as string);
        if (outcome) interaction.ended(outcome, { matchType: "full" });
        return Response.json({});
      });
    }
    const interaction = createAnalytics(secrets()).begin(new Context());
    interaction.asked(blank as string);
    interaction.answered();
    expect(messages).toEqual([]);
    expect(lines).toEqual(Array(4).fill("cv-analytics: missing question: nothing is sent"));
  },
);

test("a question after a blank one is the first", async () => {
  const messages = queue();
  consoleLines();
  await visit((interaction) => {
    interaction.asked("", { sessionId: "s-1", metadata: { page: "cv" } });
    interaction.asked("Do you know Go?");
    return Response.json({});
  });
  expect(typesOf(messages)).toEqual(["query", "response"]);
  expect(responsesOf(messages)[0]).toMatchObject({ query: "Do you know Go?", outcome: "answered" });
  for (const { event } of messages) expect(event).not.toHaveProperty("sessionId");
});

test.each(["a text", 7, true, ["a"], null])("metadata of %j is left out", async (metadata) => {
  const messages = queue();
  await visit((interaction) => {
    interaction.asked("Do you know Go?", { metadata: metadata as never });
    interaction.noted({ metadata: { index: "a" } });
    interaction.answered({ metadata: metadata as never });
    return Response.json({});
  });
  expect(messages[0]?.event).not.toHaveProperty("metadata");
  expect(responsesOf(messages)[0]?.metadata).toEqual({ index: "a" });
});

test("details without types do no harm", async () => {
  const messages = queue();
  consoleLines();
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const ended = await visit((interaction) => {
    const untyped = interaction as unknown as Record<string, (...words: unknown[]) => void>;
    untyped["asked"]?.(17, { sessionId: 4, requestId: {}, metadata: circle });
    untyped["noted"]?.(undefined);
    untyped["answered"]?.({
      matchType: "superb",
      matchScore: "72",
      matchedSkills: "Go",
      tokens: 1n,
    });
    untyped["ended"]?.("splendid");
    return Response.json({ answer: "fine" });
  });
  expect(ended).toEqual({ status: 200, text: '{"answer":"fine"}' });
  expect(typesOf(messages)).toEqual(["query", "response"]);
  expect(responsesOf(messages)[0]).not.toHaveProperty("matchType");
});

test("a session that a visitor sends as an object with its own toString is left out", async () => {
  const messages = queue();
  const lines = consoleLines();
  await visit((interaction) => {
    const trap = JSON.parse('{"toString": 1}') as string;
    interaction.asked("Do you know Go?", { sessionId: trap });
    return Response.json({});
  });
  expect(responsesOf(messages)[0]).toMatchObject({ outcome: "answered" });
  expect(responsesOf(messages)[0]).not.toHaveProperty("sessionId");
  expect(lines).toEqual([]);
});

test("the calls work taken off their object, and options may be null", async () => {
  const messages = queue();
  const ended = await visit(
    async ({ asked, timed, noted, answered, another }) => {
      asked("Do you know Go?");
      noted({ model: "m" });
      const answer = await timed("llm", Promise.resolve("Yes") as never);
      answered({ matchType: "full" });
      another().ended("blocked");
      return Response.json({ answer });
    },
    { options: null as never },
  );
  expect(ended).toEqual({ status: 200, text: '{"answer":"Yes"}' });
  expect(typesOf(messages)).toEqual(["query", "response", "response"]);
});

test("a request without headers costs no event", async () => {
  const messages = queue();
  const context = new Context();
  const interaction = createAnalytics(secrets()).begin(context, {} as Request);
  interaction.asked("Do you know Go?");
  interaction.answered();
  await context.settled();
  expect(typesOf(messages)).toEqual(["query", "response"]);
});

// Streams

test("a streamed answer is passed on as it was, and its event leaves at its end", async () => {
  const messages = queue();
  const context = new Context();
  const fetch = withAnalytics((_request: Request, _env: object, _ctx: Context, interaction) => {
    interaction.asked("q");
    interaction.answered({ matchType: "full" });
    return new Response(stream(["one", "two"]), {
      status: 201,
      headers: { "content-type": "text/event-stream", "x-own": "1" },
    });
  });
  const response = await fetch(question(), secrets(), context);
  expect(response.status).toBe(201);
  expect(response.headers.get("x-own")).toBe("1");
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const chunks: string[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    expect(responsesOf(messages)).toEqual([]);
    chunks.push(new TextDecoder().decode(value));
  }
  expect(chunks).toEqual(["one", "two"]);
  await context.settled();
  expect(responsesOf(messages).map((event) => event.outcome)).toEqual(["answered"]);
});

test("no chunk is asked for before the visitor asks for it", async () => {
  queue();
  let pulls = 0;
  const source = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        pulls++;
        controller.enqueue(new Uint8Array([pulls]));
      },
    },
    { highWaterMark: 0 },
  );
  const fetch = withAnalytics((_request: Request, _env: object, _ctx: Context, interaction) => {
    interaction.asked("q");
    return new Response(source);
  });
  const context = new Context();
  const response = await fetch(question(), secrets(), context);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  expect(pulls).toBe(1);
  await reader.read();
  expect(pulls).toBe(2);
  await reader.cancel();
  await context.settled();
});

test("a stream that fails is an error, and fails for the visitor as it would have", async () => {
  for (const isModels of [false, true]) {
    const messages = queue();
    const ended = await visit(async (interaction) => {
      interaction.asked("q");
      interaction.answered();
      const error = new Error("cut off");
      if (isModels) await interaction.timed("llm", () => Promise.reject(error)).catch(() => {});
      return new Response(stream(["one"], error));
    });
    expect(ended).toMatchObject({ thrown: expect.objectContaining({ message: "cut off" }) });
    expect(responsesOf(messages).map((event) => event.outcome)).toEqual([
      isModels ? "ai_error" : "error",
    ]);
  }
});

test.each([
  ["between two chunks", false],
  ["while one is waited for", true],
])(
  "a visitor who leaves %s cancels the stream, and the event says so",
  async (_when, isWaiting) => {
    const messages = queue();
    const context = new Context();
    let reason: unknown;
    const fetch = withAnalytics((_request: Request, _env: object, _ctx: Context, interaction) => {
      interaction.asked("q");
      return new Response(
        new ReadableStream<Uint8Array>({
          start: (controller) => controller.enqueue(new Uint8Array([1])),
          cancel: (given) => {
            reason = given;
            interaction.noted({ model: "cancelled" });
          },
        }),
      );
    });
    const response = await fetch(question(), secrets(), context);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    const waiting = isWaiting && reader.read();
    await new Promise((next) => setTimeout(next));
    await reader.cancel("left");
    await waiting;
    await context.settled();
    expect(reason).toBe("left");
    expect(responsesOf(messages)).toMatchObject([
      { outcome: "answered", model: "cancelled", metadata: { cancelled: true } },
    ]);
  },
);

test("what is said while the answer streams is in the event", async () => {
  const messages = queue();
  await visit((interaction) => {
    interaction.asked("q");
    const texts = ["one", "two"];
    return new Response(
      new ReadableStream<Uint8Array>({
        async pull(controller) {
          const text = texts.shift();
          if (text) return controller.enqueue(new TextEncoder().encode(text));
          interaction.answered({ matchType: "none", tokens: 7 });
          controller.close();
        },
      }),
    );
  });
  expect(responsesOf(messages)).toMatchObject([{ outcome: "no_match", tokens: 7 }]);
});

test.each([
  ["JSON", Response.json({})],
  ["a text of JSON", new Response("{}", { headers: { "content-type": "application/json" } })],
  ["a known length", new Response("ab", { headers: { "content-length": "2" } })],
  [
    "an encoding",
    new Response("ab", { headers: { "content-encoding": "gzip" }, encodeBody: "manual" }),
  ],
  ["no body", new Response(null, { status: 204 })],
])("an answer with %s is the very object of the handler", async (_what, response) => {
  const messages = queue();
  const context = new Context();
  const fetch = withAnalytics((_request: Request, _env: object, _ctx: Context, interaction) => {
    interaction.asked("q");
    return response;
  });
  expect(await fetch(question(), secrets(), context)).toBe(response);
  await context.settled();
  expect(typesOf(messages)).toEqual(["query", "response"]);
});

test.each([
  { "content-encoding": "identity", "content-type": "text/event-stream" },
  { "content-type": "application/json-seq" },
  { "content-type": "application/stream+json" },
  { "content-type": "application/json" },
  { "content-type": "application/json; charset=utf-8" },
])("a stream with %j is watched to its end", async (headers) => {
  const messages = queue();
  await visit((interaction) => {
    interaction.asked("q");
    return new Response(stream(["a"], new Error("broken off")), { headers });
  });
  expect(responsesOf(messages).map(({ outcome }) => outcome)).toEqual(["error"]);
});

test("what is asked after the handler has returned is sent by its first word", async () => {
  const messages = queue();
  const context = new Context();
  await visit(
    (interaction) => {
      context.waitUntil(
        (async () => {
          await new Promise((done) => setTimeout(done));
          interaction.asked("late");
          interaction.ended("no_match");
        })(),
      );
      return new Response("taken", { headers: { "content-length": "5" } });
    },
    { context },
  );
  expect(messages.map(({ event }) => event.eventType)).toEqual(["query", "response"]);
  expect(responsesOf(messages)[0]).toMatchObject({ query: "late", outcome: "no_match" });
});

test("an unknown outcome counts as error, with a line", async () => {
  const lines = consoleLines();
  const messages = queue();
  const context = new Context();
  const interaction = createAnalytics(secrets()).begin(context);
  interaction.asked("q");
  interaction.ended("timeout" as "error");
  await context.settled();
  expect(responsesOf(messages)[0]?.outcome).toBe("error");
  expect(lines).toEqual(["cv-analytics: unknown outcome: reported as error"]);
});

test("an answer to HEAD is not watched: nobody would read it", async () => {
  const messages = queue();
  const context = new Context();
  const response = new Response("page");
  const fetch = withAnalytics((_request: Request, _env: object, _ctx: Context, interaction) => {
    interaction.asked("q");
    return response;
  });
  const request = new Request("https://agent.example/", { method: "HEAD" });
  expect(await fetch(request, secrets(), context)).toBe(response);
  await context.settled();
  expect(typesOf(messages)).toEqual(["query", "response"]);
});

test("an answer whose body was read, or that is none, goes on as it is, and is reported", async () => {
  const read = new Response("text");
  const reader = read.body?.getReader();
  for (const [given, outcome] of [
    [read, "answered"],
    [undefined, "error"],
    [{ status: 200 }, "error"],
  ] as const) {
    const messages = queue();
    const context = new Context();
    const fetch = withAnalytics((_request: Request, _env: object, _ctx: Context, interaction) => {
      interaction.asked("q");
      return given as Response;
    });
    expect(await fetch(question(), secrets(), context)).toBe(given);
    await context.settled();
    expect(responsesOf(messages).map((event) => event.outcome)).toEqual([outcome]);
  }
  await reader?.cancel();
});

test("a runtime that makes no streams passes the answer on as it is", async () => {
  const messages = queue();
  const context = new Context();
  const response = new Response(stream(["one"]));
  vi.stubGlobal("ReadableStream", function ReadableStream() {
    throw new TypeError("Illegal constructor");
  });
  const fetch = withAnalytics((_request: Request, _env: object, _ctx: Context, interaction) => {
    interaction.asked("q");
    return response;
  });
  expect(await fetch(question(), secrets(), context)).toBe(response);
  expect(await response.text()).toBe("one");
  await context.settled();
  expect(responsesOf(messages)).toHaveLength(1);
});

test("every cookie of a streamed answer is passed on", async () => {
  queue();
  const context = new Context();
  const fetch = withAnalytics((_request: Request, _env: object, _ctx: Context, interaction) => {
    interaction.asked("q");
    const headers = new Headers([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
    return new Response(stream(["one"]), { headers });
  });
  const response = await fetch(question(), secrets(), context);
  expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  await response.text();
  await context.settled();
});

// Together

test("a quick answer sends one message where both go together", async () => {
  const messages = queue();
  await visit(
    (interaction) => {
      interaction.asked("q", { sessionId: "s" });
      return Response.json({});
    },
    { options: { together: 60_000 } },
  );
  expect(responsesOf(messages)).toMatchObject([{ query: "q", sessionId: "s" }]);
  expect(messages).toHaveLength(1);
});

test("a slow answer sends its question first although both could go together", async () => {
  const messages = queue();
  await visit(
    async (interaction) => {
      interaction.asked("q");
      await vi.waitUntil(() => messages.length > 0, { timeout: 10_000 });
      expect(typesOf(messages)).toEqual(["query"]);
      return Response.json({});
    },
    { options: { together: 1 } },
  );
  expect(typesOf(messages)).toEqual(["query", "response"]);
});

// Without wrapping

test("an interaction that was begun by hand sends by its first word, and once", async () => {
  const messages = queue();
  const context = new Context();
  const interaction = createAnalytics(secrets()).begin(context, question());
  interaction.asked("q", { requestId: "my-own-id" });
  interaction.answered({ matchType: "full" });
  interaction.ended("error");
  await context.settled();
  expect(typesOf(messages)).toEqual(["query", "response"]);
  expect(responsesOf(messages)).toMatchObject([{ outcome: "answered", requestId: "my-own-id" }]);
});
