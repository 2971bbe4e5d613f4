/** The recipes of docs/use/recipes.md, inside the runtime that they are for. */

import {
  adminSecretsStore,
  createExecutionContext,
  createMessageBatch,
  createPagesEventContext,
  getQueueResult,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import document from "../../docs/use/recipes.md?raw";
import {
  consoleLines,
  feedbackOf,
  type Message,
  queue,
  responsesOf,
  SECRET,
  typesOf,
} from "./queue.ts";
import type { ChatAgent } from "./recipes/agents-sdk.ts";
import type { ChatRoom } from "./recipes/durable-object.ts";
import hono from "./recipes/hono.ts";
import itty from "./recipes/itty-router.ts";
import judgedStream from "./recipes/judged-stream.ts";
import { onRequestPost } from "./recipes/pages.ts";
import queueConsumer from "./recipes/queue-consumer.ts";
import ratings from "./recipes/ratings.ts";
import type { CvAgent } from "./recipes/rpc.ts";

interface Bindings {
  ROOM: DurableObjectNamespace<ChatRoom>;
  AGENT: DurableObjectNamespace<ChatAgent>;
  MODEL: string;
  AWS_SECRET_ACCESS_KEY: SecretsStoreSecret;
}

const bindings = env as unknown as Bindings;
const loopback = exports as unknown as { default: Fetcher; CvAgent: Service<CvAgent> };

const sources = import.meta.glob<string>("./recipes/*.ts", {
  eager: true,
  query: "?raw",
  import: "default",
});
/** What only surrounds the recipes. */
const SURROUNDINGS = ["main", "agents-shape"];

let messages: Message[];

beforeEach(async () => {
  await adminSecretsStore(bindings.AWS_SECRET_ACCESS_KEY).create(SECRET);
  messages = queue();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("the page shows each recipe as it is run, and no other code of ours", () => {
  const shown = [...document.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  for (const [path, source] of Object.entries(sources)) {
    const name = path.replace(/.*\/|\.ts$/g, "");
    if (SURROUNDINGS.includes(name)) continue;
    expect(shown, name).toContain(source);
  }
});

function ask(question: string, path = "/chat"): Request<unknown, IncomingRequestCfProperties> {
  return new Request(`https://agent.example${path}`, {
    method: "POST",
    body: JSON.stringify({ question }),
    headers: { "content-type": "application/json" },
  }) as Request<unknown, IncomingRequestCfProperties>;
}

/** Both halves, once they are there. */
async function halves(outcome: string): Promise<void> {
  await vi.waitUntil(() => messages.length >= 2, { timeout: 5_000 });
  expect(typesOf(messages).sort()).toEqual(["query", "response"]);
  expect(responsesOf(messages)).toMatchObject([{ outcome }]);
  if (outcome === "answered") expect(responsesOf(messages)[0]?.model).toBe("a model");
  expect(messages[0]?.headers.get("authorization")).toMatch(/Signature=[0-9a-f]{64}$/);
}

/** Recipes that answer a request, under the name of their file. */
const FETCHES: Record<string, (request: ReturnType<typeof ask>) => Promise<Response>> = {
  hono: (request) => handled((ctx) => hono.fetch(request, bindings, ctx as never)),
  "itty-router": (request) => handled((ctx) => itty.fetch(request, bindings as never, ctx)),
  pages: async (request) => {
    const context = createPagesEventContext({
      request: request as never,
      functionName: "",
      params: {},
      data: {},
    } as never);
    const response = await onRequestPost(context as never);
    await waitOnExecutionContext(context);
    return response;
  },
  "agents-sdk": (request) => bindings.AGENT.getByName("visitor").fetch(request),
};

async function handled(
  work: (ctx: ExecutionContext) => Response | Promise<Response>,
): Promise<Response> {
  const ctx = createExecutionContext();
  const response = await work(ctx);
  const text = await response.clone().text();
  await waitOnExecutionContext(ctx);
  return new Response(text, response);
}

test.each(Object.keys(FETCHES))("%s: an answer and an exception are reported", async (name) => {
  consoleLines();
  const response = await FETCHES[name]?.(ask("Go?"));
  expect(await response?.json()).toEqual({ answer: "a model answers: Go?" });
  await halves("answered");

  messages = queue();
  const failed = Promise.resolve(FETCHES[name]?.(ask("fail")));
  const status = await failed.then(
    (response) => response?.status,
    () => 500,
  );
  expect(status).toBe(500);
  await halves("ai_error");
});

test("rpc: a call and its exception are reported", async () => {
  expect(await loopback.CvAgent.ask("Go?", "s-1")).toBe("a model answers: Go?");
  await halves("answered");
  expect(responsesOf(messages)[0]?.sessionId).toBe("s-1");

  messages = queue();
  await expect(async () => loopback.CvAgent.ask("fail", "s-1")).rejects.toThrow("does not answer");
  await halves("ai_error");
});

const SOCKETS: Record<string, () => Promise<Response>> = {
  websocket: () => loopback.default.fetch("https://agent.example/", UPGRADE),
  "durable-object": () => bindings.ROOM.getByName("room").fetch("https://agent.example/", UPGRADE),
  "agents-sdk": () => bindings.AGENT.getByName("visitor").fetch("https://agent.example/", UPGRADE),
};
const UPGRADE = { headers: { upgrade: "websocket" } };

test.each(Object.keys(SOCKETS))("%s: each message is an interaction by itself", async (name) => {
  const socket = (await SOCKETS[name]?.())?.webSocket;
  socket?.accept();
  const answers: unknown[] = [];
  socket?.addEventListener("message", ({ data }) => {
    answers.push(data);
  });
  socket?.send("Go?");
  await halves("answered");
  await vi.waitUntil(() => answers.length === 1);
  expect(answers).toEqual(["a model answers: Go?"]);

  messages = queue();
  socket?.send("Rust?");
  await halves("answered");
  expect(responsesOf(messages)[0]?.query).toBe("Rust?");
  socket?.close();
});

test("websocket: a message whose answer fails is reported, and the visitor told", async () => {
  const socket = (await SOCKETS["websocket"]?.())?.webSocket;
  socket?.accept();
  const answers: unknown[] = [];
  socket?.addEventListener("message", ({ data }) => {
    answers.push(data);
  });
  socket?.send("fail");
  await halves("ai_error");
  expect(answers).toEqual(["Sorry, that went wrong."]);
  socket?.close();
});

test("queue-consumer: each message is reported, and one that fails is retried under its id", async () => {
  const batch = createMessageBatch("questions", [
    { id: "1", timestamp: new Date(), attempts: 1, body: { id: "q-1", question: "Go?" } },
    { id: "2", timestamp: new Date(), attempts: 1, body: { id: "q-2", question: "fail" } },
  ]);
  const ctx = createExecutionContext();
  await queueConsumer.queue(batch as never, bindings as never, ctx);
  const { explicitAcks, retryMessages } = await getQueueResult(batch, ctx);
  expect(explicitAcks).toEqual(["1"]);
  expect(retryMessages).toMatchObject([{ msgId: "2" }]);
  const outcomes = responsesOf(messages).map(({ requestId, outcome }) => [requestId, outcome]);
  expect(Object.fromEntries(outcomes)).toEqual({ "q-1": "answered", "q-2": "ai_error" });
});

test("judged-stream: a judgement after the last byte is in the event", async () => {
  const response = await handled((ctx) =>
    judgedStream.fetch(ask("Go?") as Request, bindings as never, ctx),
  );
  expect(await response.text()).toBe("data: a\n\ndata: model\n\ndata: answers:\n\ndata: Go?\n\n");
  expect(responsesOf(messages)).toMatchObject([{ outcome: "answered", matchType: "partial" }]);
});

test("ratings: the page's rating arrives under the answer's id, and a forged one does not", async () => {
  const rate = (body: object | string) => {
    const request = new Request("https://agent.example/feedback", {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return handled((ctx) => ratings.fetch(request as never, bindings as never, ctx));
  };
  const asked = await handled((ctx) => ratings.fetch(ask("Go?"), bindings as never, ctx));
  const { answer, feedbackToken: token } = await asked.json<Record<string, string>>();
  expect(responsesOf(messages)).toMatchObject([{ answer }]);
  expect((await rate({ token, rating: "down", comment: "No." })).status).toBe(202);
  const requestId = responsesOf(messages)[0]?.requestId;
  expect(feedbackOf(messages)).toMatchObject([{ requestId, rating: "down", comment: "No." }]);
  expect((await rate({ token: `x${token}`, rating: "down" })).status).toBe(400);
  expect((await rate({ token, rating: "excellent" })).status).toBe(400);
  for (const body of ["", "no JSON", "null", "7", "[]"])
    expect((await rate(body)).status).toBe(400);
  expect(feedbackOf(messages)).toHaveLength(1);
});
