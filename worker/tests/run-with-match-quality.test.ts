/** What is asked of each kind of service, and what is asked again where it refuses. */

import { expect, test, vi } from "vitest";
import { withAnalytics } from "../src/index.ts";
import {
  MATCH_QUALITY_PROMPT,
  ModelStatusError,
  matchFromSimilarity,
  matchQualityPrompt,
  openAiResponseFormat,
  runWithMatchQuality,
  workersAiResponseFormat,
} from "../src/match-quality.ts";
import { askModel } from "../src/run-with-match-quality.ts";
import { Context, queue, secrets, taken } from "./queue.ts";

const OBJECT = {
  answer: "Docker, yes; Kubernetes, no.",
  matchQuality: {
    type: "partial",
    coverage: 50,
    confidence: 0.9,
    reasoning: "has Docker",
    matchedSkills: ["Docker"],
    missingSkills: ["Kubernetes"],
    topic: "other",
    topicPhrase: "container tools",
  },
};

const MESSAGES = [
  { role: "system", content: "You answer questions." },
  { role: "user", content: "Docker and k8s?" },
];

let number = 0;
/** A model that nothing was learned of. */
const newModel = () => `model-${++number}`;

type Body = Record<string, unknown> & { messages: { role: string; content: string }[] };

/** Workers AI that answers each call in turn, and remembers the inputs. */
function workersAi(...answers: (() => unknown)[]) {
  const inputs: Body[] = [];
  return {
    inputs,
    async run(_model: string, input: Body) {
      inputs.push(input);
      return (answers[Math.min(inputs.length, answers.length) - 1] as () => unknown)();
    },
  };
}

function service(...answers: (() => unknown)[]) {
  const bodies: Body[] = [];
  const call = async (body: Body) => {
    bodies.push(body);
    return (answers[Math.min(bodies.length, answers.length) - 1] as () => unknown)();
  };
  return Object.assign(call, { bodies });
}

const ok = () => ({ response: OBJECT });
const okText = () => ({ response: JSON.stringify(OBJECT) });
const completion = () => ({ choices: [{ message: { content: JSON.stringify(OBJECT) } }] });
const fails =
  (message: string, more: object = {}) =>
  () => {
    throw Object.assign(new Error(message), more);
  };

test("Workers AI is asked with its schema, the prompt and room for the rating", async () => {
  const ai = workersAi(ok);
  const model = newModel();
  const { answer, match, outcome, output } = await runWithMatchQuality(ai, {
    model,
    messages: MESSAGES,
    max_tokens: 80,
    stop: ["\n", "User:", "<|im_end|>"],
    temperature: 0,
  });
  expect({ answer, outcome, output }).toEqual({
    answer: OBJECT.answer,
    outcome: "answered",
    output: { response: OBJECT },
  });
  expect(match).toMatchObject({ matchType: "partial", matchScore: 50, topic: "container tools" });
  const [input] = ai.inputs;
  expect(input).toEqual({
    messages: [
      { role: "system", content: `You answer questions.\n\n${MATCH_QUALITY_PROMPT}` },
      MESSAGES[1],
    ],
    max_tokens: 800,
    stop: ["<|im_end|>"],
    temperature: 0,
    response_format: workersAiResponseFormat(),
  });
});

test("an input of one's own is left as it is", async () => {
  const input = { model: newModel(), messages: MESSAGES, stop: ["\n"], max_tokens: 80 };
  const before = JSON.stringify(input);
  await runWithMatchQuality(workersAi(ok), input);
  expect(JSON.stringify(input)).toBe(before);
});

test.each([
  "5025: This model doesn't support JSON Schema.",
  "AiError: 5025: This model doesn't support JSON Mode",
  "JSON mode is not supported by this model",
])(
  "a model without JSON mode (%s) is asked again without, and from then on at once",
  async (message) => {
    const ai = workersAi(fails(message), okText);
    const model = newModel();
    expect((await runWithMatchQuality(ai, { model, messages: MESSAGES })).match?.matchScore).toBe(
      50,
    );
    expect(ai.inputs.map((input) => "response_format" in input)).toEqual([true, false]);
    await runWithMatchQuality(ai, { model, messages: MESSAGES });
    expect(ai.inputs.map((input) => "response_format" in input)).toEqual([true, false, false]);
    // Other models are asked as before.
    const other = workersAi(ok);
    await runWithMatchQuality(other, { model: newModel(), messages: MESSAGES });
    expect(other.inputs.map((input) => "response_format" in input)).toEqual([true]);
  },
);

test("a model whose JSON mode failed for one question is asked with it for the next", async () => {
  const ai = workersAi(fails("5024: JSON Mode couldn't be met"), okText, ok);
  const model = newModel();
  await runWithMatchQuality(ai, { model, messages: MESSAGES });
  await runWithMatchQuality(ai, { model, messages: MESSAGES });
  expect(ai.inputs.map((input) => "response_format" in input)).toEqual([true, false, true]);
});

test("any other failure passes through, and is asked once", async () => {
  for (const message of ["3040: Capacity temporarily exceeded", "3036: used up"]) {
    const ai = workersAi(fails(message));
    const run = runWithMatchQuality(ai, { model: newModel(), messages: MESSAGES });
    await expect(run).rejects.toThrow(message);
    expect(ai.inputs).toHaveLength(1);
  }
  const limited = service(fails("429 response_format: slow down", { status: 429 }));
  const run = runWithMatchQuality(limited, { model: newModel(), messages: MESSAGES });
  await expect(run).rejects.toThrow("slow down");
  expect(limited.bodies).toHaveLength(1);
});

test("a service that refuses for ever is not asked for ever", async () => {
  const ai = workersAi(fails("5025: This model doesn't support JSON Schema."));
  const run = runWithMatchQuality(ai, { model: newModel(), messages: MESSAGES });
  await expect(run).rejects.toThrow("5025");
  expect(ai.inputs).toHaveLength(2);
});

test("an OpenAI-compatible SDK is asked with its own schema", async () => {
  const create = service(completion);
  const model = newModel();
  const { match } = await runWithMatchQuality(create, { model, messages: MESSAGES });
  expect(match?.matchType).toBe("partial");
  expect(create.bodies[0]).toMatchObject({ model, response_format: openAiResponseFormat() });
  // Without a limit it has none.
  expect(create.bodies[0]).not.toHaveProperty("max_tokens");
});

test("an SDK's error on response_format asks again without", async () => {
  const create = service(
    fails("400 Invalid parameter: 'response_format' of type 'json_schema' is not supported", {
      status: 400,
    }),
    completion,
  );
  await runWithMatchQuality(create, { model: newModel(), messages: MESSAGES, max_tokens: 5_000 });
  expect(create.bodies.map((body) => "response_format" in body)).toEqual([true, false]);
  expect(create.bodies[1]?.["max_tokens"]).toBe(5_000);
});

const refuses =
  (message: string, status = 400) =>
  () =>
    Response.json({ error: { message } }, { status });

test("fetch's response is read, and a refusal of each setting is learned", async () => {
  const send = service(
    refuses("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
    refuses("This model does not support response format `json_schema`.", 422),
    () => Response.json(completion()),
  );
  const model = newModel();
  const { answer } = await runWithMatchQuality(send, { model, messages: MESSAGES, max_tokens: 80 });
  expect(answer).toBe(OBJECT.answer);
  await runWithMatchQuality(send, { model, messages: MESSAGES, max_tokens: 80 });
  expect(send.bodies).toHaveLength(4);
  const { messages: _, ...last } = send.bodies[3] as Body;
  expect(last).toEqual({ model, max_completion_tokens: 3_000 });
});

test("max_tokens that is only named in a refusal is asked once, and changes nothing", async () => {
  const long =
    "'max_tokens' or 'max_completion_tokens' is too large: 800. This model's maximum context length is 4096 tokens.";
  const model = newModel();
  const input = { model, messages: MESSAGES, max_tokens: 800 };
  const send = service(refuses(long), () => Response.json(completion()));
  await expect(runWithMatchQuality(send, input)).rejects.toThrow(ModelStatusError);
  expect(send.bodies).toHaveLength(1);
  await runWithMatchQuality(send, input);
  expect(send.bodies[1]).toEqual(send.bodies[0]);
});

test.each([
  [400, "Unknown name \"additionalProperties\" at 'generation_config.response_schema'"],
  [400, "Failed to parse grammar"],
  [404, "No endpoints found that can handle the requested parameters."],
  [501, "not implemented"],
])(
  "a refusal with %d in words of its own is asked again without a schema",
  async (status, says) => {
    const input = { model: newModel(), messages: MESSAGES };
    const send = service(refuses(says, status), () => Response.json(completion()));
    expect((await runWithMatchQuality(send, input)).outcome).toBe("answered");
    expect(send.bodies.map((body) => "response_format" in body)).toEqual([true, false]);

    const error = Object.assign(new Error("Request failed"), { response: { status } });
    const calls: object[] = [];
    const thrown = async (body: object) => {
      calls.push(body);
      if (calls.length === 1) throw error;
      return completion();
    };
    await runWithMatchQuality(thrown, { ...input, model: newModel() });
    expect(calls.map((body) => "response_format" in body)).toEqual([true, false]);
  },
);

test.each([
  ["max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model."],
  ["max_tokens", 'Use "max_completion_tokens" instead.'],
  ["response_format", "This model does not support response_format."],
])("a refusal of %s is remembered only if the call without it went well", async (setting, says) => {
  const failing = () => new Response("busy", { status: 503 });
  const going = () => Response.json(completion());
  const send = service(refuses(says), failing, going, refuses(says), going, going);
  const model = newModel();
  const run = () => runWithMatchQuality(send, { model, messages: MESSAGES, max_tokens: 800 });
  await expect(run()).rejects.toThrow("503");
  for (let question = 0; question < 4; question++) await run();
  const has = send.bodies.map((body) => setting in body);
  expect(has).toEqual([true, false, true, true, false, false, false]);
});

test.each([
  "5021: The estimated number of input and maximum output tokens (4950) exceeded this model context window limit (4096).",
  "AiError: 5006: Error: maximum at '/max_tokens' not met, 800 > 256",
])("Workers AI that refuses the raised limit (%s) is asked with the caller's own", async (says) => {
  for (const own of [{ max_tokens: 80 }, {}]) {
    const ai = workersAi(fails(says), okText);
    const input = { model: newModel(), messages: MESSAGES, ...own };
    expect((await runWithMatchQuality(ai, input)).match?.matchScore).toBe(50);
    const limits = ai.inputs.map(({ max_tokens }) => max_tokens);
    expect(limits).toEqual([800, "max_tokens" in own ? 80 : undefined]);
    expect(ai.inputs[1]).toHaveProperty("response_format");
  }
});

test.each<[string, number, string]>([
  [
    "max_tokens",
    80,
    "This model's maximum context length is 4096 tokens. Please reduce max_tokens.",
  ],
  ["max_tokens", 80, "max_tokens is too large: 800. At most 256 completion tokens are supported."],
  ["max_completion_tokens", 90, "`inputs` tokens + `max_new_tokens` must be <= 2048."],
])(
  "a service that refuses the raised %s is asked with the caller's own",
  async (name, own, says) => {
    for (const status of [400, 413, 422]) {
      const send = service(refuses(says, status), () => Response.json(completion()));
      const input = { model: newModel(), messages: MESSAGES, [name]: own };
      expect((await runWithMatchQuality(send, input)).answer).toBe(OBJECT.answer);
      expect(send.bodies.map((body) => body[name])).toEqual([own === 80 ? 800 : 3_000, own]);
    }
  },
);

test("a model's own maximum is remembered, and that one question was too long is not", async () => {
  for (const [says, limits] of [
    ["maximum at '/max_tokens' not met, 800 > 256", [800, 80, 80]],
    ["This model's maximum context length is 4096 tokens.", [800, 80, 800]],
  ] as const) {
    const ai = workersAi(fails(says), okText);
    const input = { model: newModel(), messages: MESSAGES, max_tokens: 80 };
    for (let question = 0; question < 2; question++) await runWithMatchQuality(ai, input);
    expect(ai.inputs.map(({ max_tokens }) => max_tokens)).toEqual(limits);
  }
});

const GROQ = "Failed to generate JSON. Please adjust your prompt. See 'failed_generation'.";

test("Groq's failure to keep to the schema asks this question again without, and no other", async () => {
  const error = { message: GROQ, type: "invalid_request_error", code: "json_validate_failed" };
  for (const failing of [
    () => Response.json({ error: { ...error, failed_generation: "{" } }, { status: 400 }),
    fails(`400 ${GROQ}`, { status: 400, error }),
    fails("400 Failed to validate JSON. Please adjust your prompt.", { status: 400, error }),
  ]) {
    const send = service(failing, completion, completion);
    const input = { model: newModel(), messages: MESSAGES };
    for (let question = 0; question < 2; question++) {
      expect((await runWithMatchQuality(send, input)).answer).toBe(OBJECT.answer);
    }
    expect(send.bodies.map((body) => "response_format" in body)).toEqual([true, false, true]);
  }
});

test.each([
  ["response_format", "Do you know JSON mode?", "rejected: 'Do you know JSON mode?'"],
  ["response_format", "5025 response-format", 'unsafe: {"content":"5025 response-format"}'],
  ["max_tokens", "Unsupported: max_tokens?", "blocked input: Unsupported: max_tokens?"],
  ["max_tokens", "Do my tokens fit?", "blocked input: Do my tokens fit?"],
])(
  "that a refusal quotes %s from the question %s is not remembered",
  async (setting, content, says) => {
    for (const question of [
      { messages: [MESSAGES[0], { role: "user", content }] as typeof MESSAGES },
      { messages: [{ role: "system", content: `Answer: ${content}` }] },
      { prompt: `Answer: ${content}` },
    ]) {
      const model = newModel();
      const send = service(refuses(says), completion, completion);
      await runWithMatchQuality(send, { model, max_tokens: 80, ...question });
      await runWithMatchQuality(send, { model, max_tokens: 80, messages: MESSAGES });
      expect(send.bodies).toHaveLength(3);
      expect(send.bodies[2]).toHaveProperty(setting);
      expect(send.bodies[2]).toHaveProperty("max_tokens", 800);
    }
  },
);

test("a CV with JSON Schema in it does not keep a model's refusal from being remembered", async () => {
  const ai = workersAi(fails("5025: This model doesn't support JSON Schema."), okText);
  const system = { role: "system", content: "Her CV: JSON Schema, OpenAPI." };
  const input = { model: newModel(), messages: [system, MESSAGES[1]] as typeof MESSAGES };
  for (let question = 0; question < 2; question++) await runWithMatchQuality(ai, input);
  expect(ai.inputs.map((input) => "response_format" in input)).toEqual([true, false, false]);
});

const events = (...data: unknown[]) =>
  data.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
const delta = (content: string) => ({ choices: [{ delta: { content } }] });
const TEXT = JSON.stringify(OBJECT);

test.each<[string, string, string, string]>([
  ["prose", "text/plain", "Docker, yes; Kubernetes, no.", "answered"],
  ["prose with a line of data", "text/plain", "Docker, yes;\ndata: {}", "answered"],
  ["JSON under the type of a page", "text/html", JSON.stringify(completion()), "answered"],
  [
    "a stream that nobody asked for",
    "text/event-stream",
    `: ping\n\n${events(delta(TEXT.slice(0, 9)), delta(TEXT.slice(9)), { choices: [] })}data: [DONE]\n\n`,
    "answered",
  ],
  ["a stream of texts", "text/event-stream", "data: Docker,\n\ndata:  yes.\n\n", "answered"],
  ["nothing", "text/plain", "", "ai_error"],
])("a success of fetch with %s is the answer", async (_what, type, body, outcome) => {
  const send = service(() => new Response(body, { headers: { "content-type": type } }));
  const run = await runWithMatchQuality(send, { model: newModel(), messages: MESSAGES });
  expect(run.outcome).toBe(outcome);
  if (outcome === "answered") expect(run.answer).toMatch(/^Docker, yes/);
  expect(run.answer).not.toContain("choices");
});

test.each([
  "<!DOCTYPE html><title>Just a moment…</title>",
  "\n<html><body>Bad gateway, confidential</body></html>",
  '<?xml version="1.0"?><Error>confidential</Error>',
])("a success of fetch with a web page rejects without its words: %s", async (page) => {
  const headers = { "content-type": "text/html; charset=utf-8" };
  for (const stream of [false, true]) {
    const send = service(() => new Response(page, { headers }));
    const error: unknown = await askModel(
      send,
      { model: newModel(), messages: MESSAGES, stream },
      {},
    ).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ModelStatusError);
    expect(error).toMatchObject({ status: 200 });
    expect(String(error)).not.toMatch(/confidential|moment/);
    expect(send.bodies).toHaveLength(1);
  }
});

test("a stream that reports an error rejects without its words", async () => {
  const body = events(delta("Docker"), { error: { message: "confidential" } });
  const send = service(() => new Response(body));
  const error: unknown = await runWithMatchQuality(send, {
    model: newModel(),
    messages: MESSAGES,
  }).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(Error);
  expect(String(error)).not.toContain("confidential");
});

test("no service is sent the same body twice for one question", async () => {
  const says = ["Unsupported parameter: 'max_tokens'.", "response_format is not supported."];
  const own = { response_format: { type: "json_object" }, max_tokens: 80 };
  for (const more of [own, { ...own, max_completion_tokens: 90 }, { ...own, stream: true }]) {
    for (const refusal of says) {
      const ai = workersAi(fails(refusal));
      const input = { model: newModel(), messages: MESSAGES, ...more };
      await expect(askModel(ai, input, {})).rejects.toThrow(refusal);
      const create = service(fails(refusal));
      await expect(askModel(create, input, {})).rejects.toThrow(refusal);
      for (const bodies of [ai.inputs, create.bodies]) {
        expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(bodies.length);
      }
    }
  }
  const renamed = workersAi(fails("Use 'max_completion_tokens' instead."), ok);
  await runWithMatchQuality(renamed, { model: newModel(), messages: MESSAGES, max_tokens: 80 });
  expect(renamed.inputs[1]).not.toHaveProperty("max_tokens");
  expect(renamed.inputs[1]).toMatchObject({ max_completion_tokens: 3_000 });
});

test("fetch's failure rejects with its status, and with none of the service's words", async () => {
  for (const status of [400, 401, 429, 500]) {
    const send = service(refuses("Incorrect API key provided: sk-1", status));
    const error = await runWithMatchQuality(send, { model: newModel(), messages: MESSAGES }).catch(
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(ModelStatusError);
    expect(error).toMatchObject({ status });
    expect(String(error)).not.toContain("sk-1");
    expect(send.bodies).toHaveLength(1);
  }
});

test.each<[string, unknown[], (messages: Body["messages"]) => void]>([
  [
    "no system message",
    [MESSAGES[1]],
    (sent) => {
      expect(sent).toEqual([{ role: "system", content: MATCH_QUALITY_PROMPT }, MESSAGES[1]]);
    },
  ],
  [
    "the prompt already",
    [{ role: "system", content: `Hi. ${MATCH_QUALITY_PROMPT}` }, MESSAGES[1]],
    (sent) => {
      expect(sent[0]?.content).toBe(`Hi. ${MATCH_QUALITY_PROMPT}`);
    },
  ],
  [
    "a developer's message in parts",
    [{ role: "developer", content: [{ type: "text", text: "Hi." }] }],
    (sent) => {
      expect(sent[0]?.content).toEqual([
        { type: "text", text: "Hi." },
        { type: "text", text: MATCH_QUALITY_PROMPT },
      ]);
    },
  ],
  [
    "the prompt without reasoning already, in parts",
    [
      {
        role: "system",
        content: [{ type: "text", text: matchQualityPrompt({ reasoning: false }) }],
      },
    ],
    (sent) => {
      expect(JSON.stringify(sent)).not.toContain("reasoning");
    },
  ],
  [
    "a visitor who writes about it",
    [MESSAGES[0], { role: "user", content: "matchQuality?" }],
    (sent) => {
      expect(sent[0]?.content).toContain(MATCH_QUALITY_PROMPT);
    },
  ],
  [
    "a visitor's question about it in the system message",
    [{ role: "system", content: "The visitor asks: what is matchQuality?" }],
    (sent) => {
      expect(sent[0]?.content).toContain(MATCH_QUALITY_PROMPT);
    },
  ],
  [
    "a system message that forbids it",
    [{ role: "system", content: "Never speak of matchQuality." }, MESSAGES[1]],
    (sent) => {
      expect(sent[0]?.content).toContain(MATCH_QUALITY_PROMPT);
    },
  ],
])("messages with %s are asked for the rating", async (_what, messages, check) => {
  const create = service(completion);
  await runWithMatchQuality(create, { model: newModel(), messages: messages as typeof MESSAGES });
  check((create.bodies[0] as Body).messages);
});

test("a prompt that holds a visitor's question about the rating is asked for the rating all the same", async () => {
  const ai = workersAi(ok);
  const prompt = "CV: Docker.\nVisitor: what is matchQuality?";
  await runWithMatchQuality(ai, { model: newModel(), prompt });
  expect(ai.inputs[0]?.["prompt"]).toBe(`${MATCH_QUALITY_PROMPT}\n\n${prompt}`);
  const whole = `Hi. ${MATCH_QUALITY_PROMPT}\n${prompt}`;
  await runWithMatchQuality(ai, { model: newModel(), prompt: whole });
  expect(ai.inputs[1]?.["prompt"]).toBe(whole);
});

test("a prompt in place of messages has the part on match quality too", async () => {
  const ai = workersAi(ok);
  await runWithMatchQuality(ai, { model: newModel(), prompt: "Docker?" }, { reasoning: false });
  expect(ai.inputs[0]?.["prompt"]).toMatch(/matchQuality[\s\S]*\n\nDocker\?$/);
  expect(ai.inputs[0]?.["prompt"]).not.toContain("reasoning");
});

test("what the visitor and the report get where the model says nothing of use", async () => {
  const fallbackMatch = matchFromSimilarity([0.6]);
  const run = (response: string) =>
    runWithMatchQuality(
      workersAi(() => ({ response })),
      { model: newModel(), messages: MESSAGES },
      { fallback: "Ask again.", fallbackMatch },
    );
  expect(await run("Docker, yes.")).toMatchObject({
    answer: "Docker, yes.",
    match: fallbackMatch,
    outcome: "answered",
  });
  const silent = await run("");
  expect(silent).toMatchObject({ answer: "Ask again.", outcome: "ai_error" });
  expect(silent.match).toBeUndefined();
});

test("the event has the coverage as the score, and confidence and topic beside it", async () => {
  const messages = queue(taken);
  const handler = withAnalytics(async (_request, _env: object, _ctx, interaction) => {
    interaction.asked("Docker and k8s?");
    const { answer, match, outcome } = await interaction.timed("llm", () =>
      runWithMatchQuality(workersAi(ok), { model: newModel(), messages: MESSAGES }),
    );
    interaction.ended(outcome, match);
    return Response.json({ answer });
  });
  const context = new Context();
  await handler(new Request("https://agent.example/"), secrets(), context);
  await vi.waitFor(() => expect(messages).toHaveLength(2));
  const response = messages
    .map(({ event }) => event)
    .find(({ eventType }) => eventType === "response");
  expect(response).toMatchObject({
    outcome: "answered",
    matchType: "partial",
    matchScore: 50,
    confidence: 0.9,
    topic: "container tools",
    matchedSkills: ["Docker"],
    missingSkills: ["Kubernetes"],
    metadata: { matchSource: "model" },
  });
  vi.unstubAllGlobals();
});
