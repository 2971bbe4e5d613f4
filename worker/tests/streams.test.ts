/** The visitor's stream: the answer as it comes and nothing else, and the match at its end. */

import { afterEach, expect, test, vi } from "vitest";
import { AnswerScanner } from "../src/answer-scanner.ts";
import { type Interaction, withAnalytics } from "../src/index.ts";
import { matchFromSimilarity, parseMatchQuality } from "../src/match-quality.ts";
import {
  type AnswerStream,
  type AnswerStreamOptions,
  answerStream,
  streamWithMatchQuality,
} from "../src/streams.ts";
import { HOSTILE, STREAM_MISSES } from "./model-outputs/hostile.ts";
import { LIKE_ERRORS, REALISTIC, SERVICE_ERROR_TEXTS } from "./model-outputs/realistic.ts";
import { Context, queue, secrets, taken } from "./queue.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const ANSWER = "Yes: she ran Docker in production, but no Kubernetes yet.";
const OBJECT = {
  answer: ANSWER,
  matchQuality: { type: "partial", coverage: 60, confidence: 0.9, matchedSkills: ["Docker"] },
};
const JSON_TEXT = JSON.stringify(OBJECT);
const MATCH = { matchType: "partial", matchScore: 60, confidence: 0.9 };
const FALLBACK = "Ask again.";
const OPTIONS: AnswerStreamOptions = { fallback: FALLBACK };

const encoder = new TextEncoder();
const bytes = (text: string) => encoder.encode(text);

/** A text in pieces of so many UTF-16 units. */
function pieces(text: string, size: number): string[] {
  const all: string[] = [];
  for (let at = 0; at < text.length; at += size) all.push(text.slice(at, at + size));
  return all;
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

const streamOf = (chunks: readonly (Uint8Array | string)[]) =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });

/** Bytes in pieces of so many, as a network cuts them. */
function byteStream(text: string, size: number): ReadableStream {
  const all = bytes(text);
  const chunks = [];
  for (let at = 0; at < all.length; at += size) chunks.push(all.slice(at, at + size));
  return streamOf(chunks);
}

const event = (data: unknown) =>
  `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
const sse = (all: unknown[]) => [...all, "[DONE]"].map(event).join("");
const workersAi = (text: string) => [
  ...pieces(text, 5).map((response) => ({ response, p: "abc" })),
  { response: "", usage: { total_tokens: 9 } },
];
const chatChunk = (delta: object, finish: string | null = null) => ({
  id: "c",
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const openAi = (text: string) => [
  chatChunk({ role: "assistant", content: "" }),
  ...pieces(text, 5).map((content) => chatChunk({ content })),
  chatChunk({}, "stop"),
  { id: "c", choices: [], usage: { total_tokens: 9 } },
];
const anthropic = (text: string) => [
  { type: "message_start", message: { type: "message", role: "assistant", content: [] } },
  { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "Hm." } },
  { type: "content_block_start", index: 1, content_block: { type: "text", text: "" } },
  { type: "ping" },
  ...pieces(text, 5).map((piece) => ({
    type: "content_block_delta",
    index: 1,
    delta: { type: "text_delta", text: piece },
  })),
  { type: "content_block_stop", index: 1 },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 9 } },
  { type: "message_stop" },
];
const responses = (text: string) => [
  { type: "response.created", response: { id: "r", output: [] } },
  { type: "response.reasoning_text.delta", delta: "Hm." },
  ...pieces(text, 5).map((delta) => ({ type: "response.output_text.delta", delta })),
  { type: "response.output_text.done", text },
  {
    type: "response.completed",
    response: { output: [{ type: "message", content: [{ type: "output_text", text }] }] },
  },
];
const gemini = (text: string) =>
  pieces(text, 20).map((piece) => ({
    candidates: [{ content: { role: "model", parts: [{ text: piece }] } }],
  }));
const ollama = (text: string) => [
  ...pieces(text, 5).map((content) => ({
    model: "m",
    created_at: "2026-11-01T00:00:00Z",
    message: { role: "assistant", content },
    done: false,
  })),
  { model: "m", created_at: "", message: { role: "assistant", content: "" }, done: true },
];
const aiSdk = (text: string) => [
  { type: "start" },
  { type: "reasoning-delta", id: "0", text: "Hm." },
  { type: "text-start", id: "1" },
  ...pieces(text, 5).map((piece) => ({ type: "text-delta", id: "1", text: piece })),
  { type: "text-end", id: "1" },
  { type: "finish", finishReason: "stop" },
];
const langChain = (text: string) =>
  pieces(text, 5).map((content) => ({
    content,
    response_metadata: {},
    tool_calls: [],
    type: "ai",
  }));

async function shown(source: unknown, options: AnswerStreamOptions = OPTIONS) {
  const stream = answerStream(source, options);
  const text = await new Response(stream.body).text();
  return { text, match: await stream.match, ...(await stream.result) };
}

test.each<[string, () => unknown]>([
  ["Workers AI", () => byteStream(sse(workersAi(JSON_TEXT)), 1_000)],
  ["Workers AI, byte by byte", () => byteStream(sse(workersAi(JSON_TEXT)), 1)],
  [
    "Workers AI with line breaks of Windows",
    () => byteStream(sse(workersAi(JSON_TEXT)).replaceAll("\n", "\r\n"), 7),
  ],
  [
    "Workers AI without its end",
    () => byteStream(workersAi(JSON_TEXT).map(event).join("").trimEnd(), 7),
  ],
  ["OpenAI's chat", () => byteStream(sse(openAi(JSON_TEXT)), 50)],
  ["OpenAI's chat as fetch's response", () => new Response(byteStream(sse(openAi(JSON_TEXT)), 50))],
  ["OpenAI's chat, its SDK", () => each(openAi(JSON_TEXT))],
  ["OpenAI's chat with comments", () => byteStream(`: PROCESSING\n\n${sse(openAi(JSON_TEXT))}`, 9)],
  ["the Responses API", () => byteStream(sse(responses(JSON_TEXT)), 50)],
  ["the Responses API's SDK", () => each(responses(JSON_TEXT))],
  [
    "Anthropic",
    () =>
      byteStream(
        anthropic(JSON_TEXT)
          .map((data) => `event: ${data.type}\n${event(data)}`)
          .join(""),
        30,
      ),
  ],
  ["Anthropic's SDK", () => each(anthropic(JSON_TEXT))],
  ["Gemini", () => byteStream(sse(gemini(JSON_TEXT)), 30)],
  ["Gemini's SDK", () => each(gemini(JSON_TEXT))],
  [
    "Ollama",
    () =>
      byteStream(
        ollama(JSON_TEXT)
          .map((line) => `${JSON.stringify(line)}\n`)
          .join(""),
        30,
      ),
  ],
  ["Ollama's library", () => each(ollama(JSON_TEXT))],
  ["the AI SDK's texts", () => each(pieces(JSON_TEXT, 5))],
  ["the AI SDK's full stream", () => each(aiSdk(JSON_TEXT))],
  ["LangChain's stream", () => each(langChain(JSON_TEXT))],
  ["texts in a stream", () => streamOf(pieces(JSON_TEXT, 3))],
  ["plain bytes", () => byteStream(JSON_TEXT, 3)],
  ["a promise of a stream", async () => byteStream(sse(workersAi(JSON_TEXT)), 50)],
  ["a whole result", () => ({ response: OBJECT })],
  ["a whole text", () => JSON_TEXT],
  [
    "a body that is a whole result",
    () => new Response(JSON.stringify({ choices: [{ message: { content: JSON_TEXT } }] })),
  ],
  [
    "a tool's arguments",
    () =>
      each([
        chatChunk({
          tool_calls: [{ index: 0, id: "t", function: { name: "answer", arguments: "" } }],
        }),
        ...pieces(JSON_TEXT, 5).map((part) =>
          chatChunk({ tool_calls: [{ index: 0, function: { arguments: part } }] }),
        ),
      ]),
  ],
])("%s is read as it comes", async (_what, source) => {
  const read = await shown(source());
  expect(read).toMatchObject({ text: ANSWER, answer: ANSWER, match: MATCH, outcome: "answered" });
});

test("a number that Workers AI makes of digits is text", async () => {
  const chunks = [{ response: "In " }, { response: 2024 }, { response: "." }];
  expect((await shown(byteStream(sse(chunks), 20))).text).toBe("In 2024.");
});

/** A source whose pieces the test gives one by one. */
function dripping() {
  let controller!: ReadableStreamDefaultController<string>;
  let pulls = 0;
  let cancelled: unknown;
  const stream = new ReadableStream<string>(
    {
      start(given) {
        controller = given;
      },
      pull() {
        pulls += 1;
      },
      cancel(reason) {
        cancelled = reason;
      },
    },
    { highWaterMark: 0 },
  );
  return {
    stream,
    give: (text: string) => controller.enqueue(text),
    close: () => controller.close(),
    fail: (error: unknown) => controller.error(error),
    get pulls() {
      return pulls;
    },
    get cancelled() {
      return cancelled;
    },
  };
}

test.each([
  ["JSON", '{"answer": "Yes: she', "Yes: she"],
  ["JSON in a fence", '```json\n{\n  "answer": "Yes: she', "Yes: she"],
  ["JSON after thoughts", '<think>Hm {"a"}.</think>\n{"answer": "Yes: she', "Yes: she"],
  ["JSON after an announcement", 'Sure! Here is the JSON:\n{"answer": "Yes: she', "Yes: she"],
  ["JSON with a name that is nearly right", "{'reply': 'Yes: she", "Yes: she"],
  ["prose", "Yes: she", "Yes: she"],
  ["prose after thoughts", "◁think▷Hm.◁/think▷Yes: she", "Yes: she"],
  ["prose with a label", "**Answer:** Yes: she", "Yes: she"],
  ["prose in Japanese", "はい、東京", "はい、東京"],
  ["a quote in the text", '{"answer": "It is \\"here\\" now', 'It is "here" now'],
])("the first words of %s leave while the model still writes", async (_what, given, expected) => {
  const source = dripping();
  const reader = answerStream(source.stream).body.getReader();
  for (const piece of pieces(given, 4)) source.give(piece);
  let text = "";
  while (text !== expected) {
    const { value } = await reader.read();
    text += new TextDecoder().decode(value);
    expect(expected.startsWith(text)).toBe(true);
  }
  await reader.cancel();
});

test("nothing is read ahead of the visitor", async () => {
  const source = dripping();
  const { body } = answerStream(source.stream);
  await new Promise((done) => setTimeout(done, 5));
  expect(source.pulls).toBe(0);
  const reader = body.getReader();
  source.give('{"answer": "One two');
  await reader.read();
  const { pulls } = source;
  await new Promise((done) => setTimeout(done, 5));
  expect(source.pulls).toBe(pulls);
  await reader.cancel();
});

test("a visitor who leaves ends the model's stream, also while it is silent", async () => {
  const source = dripping();
  const stream = answerStream(source.stream, OPTIONS);
  const reader = stream.body.getReader();
  source.give('{"answer": "One two three');
  await reader.read();
  const silent = reader.read();
  await reader.cancel("gone");
  expect((await silent).done).toBe(true);
  expect(source.cancelled).toBe("gone");
  expect(await stream.result).toMatchObject({ answer: "One two three", outcome: "answered" });
  expect(await stream.match).toBeUndefined();
});

test("a visitor who leaves ends an SDK's call", async () => {
  const controller = new AbortController();
  const sdk = Object.assign(each(["Yes: she did that."]), { controller });
  const reader = answerStream(sdk).body.getReader();
  await reader.read();
  await reader.cancel("gone");
  expect(controller.signal.aborted).toBe(true);
});

test("a visitor who leaves before the model's stream is there ends it", async () => {
  const source = dripping();
  let give!: (stream: unknown) => void;
  const { body, result } = answerStream(
    new Promise((resolve) => {
      give = resolve;
    }),
  );
  const reader = body.getReader();
  const first = reader.read();
  await reader.cancel("gone");
  give(source.stream);
  await first;
  await vi.waitFor(() => expect(source.cancelled).toBeDefined());
  expect((await result).outcome).toBe("answered");
});

async function* failingAfter(text: string): AsyncGenerator<string> {
  yield* pieces(text, 4);
  throw new Error("Incorrect API key sk-1");
}

test.each<[string, () => unknown, string, object]>([
  [
    "in the answer",
    () => failingAfter('{"answer": "Yes: she ran Docker'),
    "Yes: she ran Docker",
    { outcome: "ai_error" },
  ],
  [
    "in prose",
    () => failingAfter("Yes: she ran Docker"),
    "Yes: she ran Docker",
    { outcome: "ai_error" },
  ],
  ["before the first word", () => failingAfter('{"ans'), FALLBACK, { outcome: "ai_error" }],
  ["at once", () => failingAfter(""), FALLBACK, { outcome: "ai_error" }],
  [
    "after the rating",
    () => failingAfter(JSON_TEXT),
    ANSWER,
    { outcome: "answered", match: MATCH },
  ],
  ["as a promise", () => Promise.reject(new Error("sk-1")), FALLBACK, { outcome: "ai_error" }],
  [
    "with a status",
    () => Response.json({ error: { message: "sk-1" } }, { status: 500 }),
    FALLBACK,
    { outcome: "ai_error" },
  ],
  [
    "as an event",
    () =>
      byteStream(
        `${sse(openAi("Yes: she ran")).replace(event("[DONE]"), "")}${event({ error: { message: "sk-1" } })}`,
        20,
      ),
    "Yes: she ran",
    { outcome: "ai_error" },
  ],
  [
    "as an event with a name",
    () => byteStream(`event: error\n${event({ message: "sk-1" })}`, 20),
    FALLBACK,
    { outcome: "ai_error" },
  ],
  [
    "as an object",
    () => each([{ type: "error", error: { message: "sk-1" } }]),
    FALLBACK,
    { outcome: "ai_error" },
  ],
])(
  "where the model's stream fails %s, the visitor's ends well",
  async (_what, source, text, result) => {
    const fallbackMatch = matchFromSimilarity([0.9]);
    const read = await shown(source(), { fallback: FALLBACK, fallbackMatch });
    expect(read).toMatchObject({ text, answer: text, ...result });
    expect(read.error).toBeInstanceOf(Error);
    if (!("match" in result)) expect(read.match).toBeUndefined();
  },
);

test("what is cut off, is prose, or says nothing has the fallback's match or none", async () => {
  const fallbackMatch = matchFromSimilarity([0.9]);
  const options = { fallback: FALLBACK, fallbackMatch };
  const cut = await shown(each(pieces(JSON_TEXT.slice(0, 40), 3)), options);
  expect(cut).toMatchObject({
    text: JSON_TEXT.slice(11, 40).trim(),
    match: fallbackMatch,
    outcome: "answered",
  });
  const prose = await shown(each(pieces(ANSWER, 3)), options);
  expect(prose).toMatchObject({ text: ANSWER, match: fallbackMatch });
  expect((await shown(each([ANSWER]))).match).toBeUndefined();
  const silent = await shown(each([]), options);
  expect(silent).toMatchObject({ text: FALLBACK, outcome: "ai_error" });
  expect(silent.match).toBeUndefined();
});

test("server-sent events say when the answer is complete, before its rating has come", async () => {
  const source = dripping();
  const { body, match } = answerStream(source.stream, { format: "sse" });
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  source.give('{"answer": "Yes: \\"she\\" did.", "matchQuality": {');
  let text = "";
  while (!text.includes("[DONE]")) {
    if (!text) source.give('"type": "full", ');
    text += (await reader.read()).value;
  }
  expect(text).toBe(`${event({ response: 'Yes: "she" did.' })}${event("[DONE]")}`);
  source.give('"coverage": 100}}');
  source.close();
  expect((await reader.read()).done).toBe(true);
  expect(await match).toMatchObject({ matchType: "full", matchScore: 100 });
});

test("thoughts that the template began are not shown", async () => {
  const options = { fallback: FALLBACK, beginsInThoughts: true };
  const read = await shown(
    each(pieces(`The CV has Docker.\n</think>\n\n${JSON_TEXT}`, 3)),
    options,
  );
  expect(read).toMatchObject({ text: ANSWER, match: MATCH });
  expect((await shown(each(["The CV has"]), options)).text).toBe(FALLBACK);
});

test.each([1, 4, 1_000])(
  "in pieces of %i a service's error is shown only if it is rated, and an answer like one always",
  async (size) => {
    for (const text of SERVICE_ERROR_TEXTS) {
      for (const output of [text, JSON.stringify({ answer: text })]) {
        const read = await shown(each(pieces(output, size)));
        expect(read, output).toMatchObject({ text: FALLBACK, outcome: "ai_error" });
        expect(parseMatchQuality(output, FALLBACK).outcome, output).toBe("ai_error");
      }
    }
    // What the model rated is its answer, whatever it looks like.
    for (const text of [...LIKE_ERRORS, ...SERVICE_ERROR_TEXTS]) {
      const output = JSON.stringify({ ...OBJECT, answer: text });
      const read = await shown(each(pieces(output, size)));
      expect(read, output).toMatchObject({ text, outcome: "answered", match: MATCH });
    }
    for (const text of LIKE_ERRORS) {
      const read = await shown(each(pieces(text, size)));
      expect(read, text).toMatchObject({ text, outcome: "answered" });
    }
  },
);

test("each beginning of a service's error is held back, and of an answer only a short one", () => {
  for (const text of SERVICE_ERROR_TEXTS) {
    const scanner = new AnswerScanner();
    expect([...text].map((character) => scanner.push(character)).join(""), text).toBe("");
  }
  const scanner = new AnswerScanner();
  expect(scanner.push("8080: ours")).toBe("8080: ours");
});

const texts = [...REALISTIC, ...HOSTILE].filter(({ output }) => typeof output === "string");

test("streamed in pieces of any size, an output shows what it shows as a whole", {
  timeout: 60_000,
}, async () => {
  const misses = new Set<string>();
  for (const { output, shows } of texts) {
    const whole = parseMatchQuality(output, FALLBACK);
    for (const size of [1, 3, 8, 1_000_000]) {
      const read = await shown(each(pieces(output as string, size)));
      const isSame =
        read.text === whole.answer && JSON.stringify(read.match) === JSON.stringify(whole.match);
      if (!isSame) {
        if (!misses.has(shows))
          console.log(
            `  ${shows}: ${JSON.stringify(read.text)} for ${JSON.stringify(whole.answer)}`,
          );
        misses.add(shows);
      }
      expect(read.answer).toBe(read.text);
    }
  }
  console.log(`streamed: ${texts.length - misses.size} of ${texts.length} texts as a whole`);
  expect([...misses].sort()).toEqual([...STREAM_MISSES].sort());
});

test("cut off anywhere, a stream never shows debris", { timeout: 60_000 }, async () => {
  for (const text of [
    JSON_TEXT,
    `\`\`\`json\n${JSON.stringify(OBJECT, null, 2)}\n\`\`\``,
    `${ANSWER}\n\n{"matchQuality": {"type": "partial"}}`,
  ]) {
    for (let length = 0; length <= text.length; length++) {
      const read = await shown(each(pieces(text.slice(0, length), 2)));
      expect(read.text, text.slice(0, length)).not.toMatch(
        /[{}[\]]|matchQuality|confidence|"answer|```|^$/,
      );
    }
  }
});

test("half a character in one piece and half in the next is one", async () => {
  const text = "She said 🎉🎉 and went 👩‍🚀 on.";
  expect((await shown(each(pieces(text, 1)))).text).toBe(text);
  expect((await shown(byteStream(JSON.stringify({ answer: text }), 1))).text).toBe(text);
  const escaped = JSON.stringify({ answer: text }).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16)}`,
  );
  expect((await shown(each(pieces(escaped, 1)))).text).toBe(text);
});

test("long streams take time in proportion to their length", { timeout: 20_000 }, async () => {
  // Each was quadratic at some time; a test that runs into its limit fails.
  const words = "word ".repeat(8_000);
  for (const text of [
    `{"answer": "${words}"}`,
    words,
    `<think>${words}`,
    `{"answer": "${'"'.repeat(20_000)}`,
    `x ${"{".repeat(20_000)}`,
    `x ${"\n".repeat(20_000)}`,
    `x ${"<".repeat(20_000)}`,
  ]) {
    await shown(each(pieces(text, 4)));
  }
});

/** An agent that streams and has said how it ended, as far as a visitor reads it. */
async function streamed(
  say: (interaction: Interaction, stream: AnswerStream) => void,
  read: (response: Response) => Promise<unknown>,
): Promise<{ response: unknown; lines: string[] }> {
  const messages = queue(taken);
  const lines: string[] = [];
  const handler = withAnalytics(
    async (_request, _env: object, _ctx, interaction) => {
      interaction.asked("Docker and k8s?");
      const stream = await streamWithMatchQuality(
        { run: async () => byteStream(sse(workersAi(JSON_TEXT)), 30) },
        { model: "streamed", messages: [{ role: "user", content: "Docker and k8s?" }] },
      );
      say(interaction, stream);
      return new Response(stream.body);
    },
    { log: (line) => lines.push(line) },
  );
  const context = new Context();
  await read(await handler(new Request("https://agent.example/"), secrets(), context));
  await context.settled();
  expect(messages).toHaveLength(2);
  const halves = messages.map(({ event }) => event);
  return { response: halves.find(({ eventType }) => eventType === "response"), lines };
}

const WAYS_TO_SAY: [string, (interaction: Interaction, stream: AnswerStream) => void][] = [
  [
    "ended",
    (interaction, { result }) =>
      interaction.timed("llm", async () => {
        const { outcome, match } = await result;
        interaction.ended(outcome, match);
      }),
  ],
  ["judgedBy", (interaction, { match }) => interaction.judgedBy(match)],
];

test.each(WAYS_TO_SAY)(
  "by %s the match is in the event of an agent that streams",
  async (_way, say) => {
    const { response, lines } = await streamed(say, async (answer) => {
      expect(await answer.text()).toBe(ANSWER);
    });
    expect(response).toMatchObject({
      outcome: "answered",
      ...MATCH,
      metadata: { matchSource: "model" },
    });
    expect(lines).toEqual([]);
  },
);

test.each(WAYS_TO_SAY)(
  "by %s a visitor who leaves is in the event, and nothing is too late",
  async (_way, say) => {
    const { response, lines } = await streamed(say, async ({ body }) => {
      const reader = body?.getReader();
      await reader?.read();
      await reader?.cancel("gone");
    });
    expect(response).toMatchObject({ outcome: "answered", metadata: { cancelled: true } });
    expect(lines).toEqual([]);
  },
);

test("Workers AI is asked for a stream without a schema, and another service with one", async () => {
  const inputs: Record<string, unknown>[] = [];
  const model = async (body: Record<string, unknown>) => {
    inputs.push(body);
    return byteStream(sse(openAi(JSON_TEXT)), 30);
  };
  const input = {
    model: "asked",
    messages: [{ role: "user", content: "Docker?" }],
    max_tokens: 80,
    stop: "\n",
  };
  const [first, second] = [
    await streamWithMatchQuality({ run: (_model, body) => model(body) }, input),
    await streamWithMatchQuality(model, input),
  ];
  for (const { body } of [first, second]) expect(await new Response(body).text()).toBe(ANSWER);
  for (const body of inputs) {
    expect(body).toMatchObject({ stream: true, max_tokens: 800 });
    expect(body).not.toHaveProperty("stop");
  }
  expect(inputs.map((body) => "response_format" in body)).toEqual([false, true]);
});
