/** One message on its way: what is sent, when it is sent again, and what is said of it. */

import { afterEach, expect, test, vi } from "vitest";
import { createAnalytics, type QueryEvent, type Sent } from "../src/index.ts";
import type { AnalyticsEnv } from "../src/settings.ts";
import {
  Context,
  consoleLines,
  queue,
  refusal,
  SECRET,
  secrets,
  taken,
  withoutWaits,
} from "./queue.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function query(fields: Partial<QueryEvent> = {}): QueryEvent {
  return {
    eventType: "query",
    requestId: "r-1",
    timestamp: 1_763_000_000_000,
    query: "a b",
    ...fields,
  };
}

async function send(event = query(), env: AnalyticsEnv = secrets()): Promise<Sent> {
  return createAnalytics(env).send(event);
}

const NEVER = new AbortController().signal;
const down = () => Promise.reject(new TypeError("Network connection lost: a b"));

test("a message is a signed SendMessage of AWS JSON 1.0", async () => {
  const messages = queue();
  expect(await send()).toBe("sent");
  const [message] = messages;
  expect(message?.url).toBe("https://sqs.eu-west-2.amazonaws.com/");
  expect(message?.headers.get("x-amz-target")).toBe("AmazonSQS.SendMessage");
  expect(message?.headers.get("content-type")).toBe("application/x-amz-json-1.0");
  expect(message?.headers.get("authorization")).toMatch(
    /^AWS4-HMAC-SHA256 Credential=CVAKEXAMPLE\d+\/\d{8}\/eu-west-2\/sqs\/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=[0-9a-f]{64}$/,
  );
  expect(message?.body).toEqual({
    QueueUrl: "https://sqs.eu-west-2.amazonaws.com/000000000000/cv-analytics-events.fifo",
    MessageBody: JSON.stringify(query()),
    MessageGroupId: "r-1",
    MessageDeduplicationId: "r-1:query",
  });
  expect(message?.redirect).toBe("manual");
});

test.each([
  ["no connection", down],
  ["a fault of the queue", refusal(500, "InternalFailure")],
  ["an overloaded queue", refusal(503, "ServiceUnavailable")],
  ["too many requests", refusal(429, "RateExceeded")],
  ["SQS's throttling", refusal(403, "RequestThrottled")],
  ["AWS's throttling", refusal(400, "ThrottlingException")],
  ["a proxy without words", () => new Response("<html>", { status: 502 })],
])("%s is tried again under the same ids", async (_what, answer) => {
  withoutWaits();
  const messages = queue(answer, answer, taken);
  expect(await send()).toBe("sent");
  expect(messages).toHaveLength(3);
  expect(new Set(messages.map(({ body }) => body.MessageDeduplicationId))).toEqual(
    new Set(["r-1:query"]),
  );
});

test("three tries are all there are", async () => {
  withoutWaits();
  const lines = consoleLines();
  const messages = queue(refusal(500, "InternalFailure"));
  expect(await send()).toBe("lost");
  expect(messages).toHaveLength(3);
  expect(lines).toEqual([
    "cv-analytics: a query event was lost: the queue answered 500 InternalFailure, 3 times",
  ]);
});

test("waits between tries are 1 to 2 s and 4 to 8 s, by chance", async () => {
  const waits: number[] = [];
  const now = globalThis.setTimeout;
  vi.stubGlobal("setTimeout", (work: () => void, wait: number) => {
    waits.push(wait);
    now(work, 0);
  });
  consoleLines();
  queue(down);
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  await send();
  expect(waits).toEqual([1_500, 6_000]);
});

test.each([
  [400, "InvalidMessageContents"],
  [400, "InvalidParameterValue"],
  // A firewall in front of the queue that dislikes a question.
  [403, ""],
  [413, ""],
])(
  "a refusal of a message with %i %s is final, and is one line in the log",
  async (status, code) => {
    const lines = consoleLines();
    const messages = queue(refusal(status, code));
    const env = secrets();
    expect(await send(query(), env)).toBe("lost");
    expect(await send(query(), env)).toBe("lost");
    expect(messages).toHaveLength(2);
    const line = `cv-analytics: a query event was lost: the queue answered ${status}${code && ` ${code}`}`;
    expect(lines).toEqual([line, line]);
  },
);

test.each([
  [400, "QueueDoesNotExist"],
  [400, "AWS.SimpleQueueService.NonExistentQueue"],
  [403, "AccessDenied"],
  [400, "AccessDeniedException"],
  [403, "InvalidClientTokenId"],
  [400, "UnrecognizedClientException"],
  [403, "SignatureDoesNotMatch"],
  [400, "InvalidSignatureException"],
  [400, "IncompleteSignature"],
  [403, "MissingAuthenticationToken"],
  [403, "OptInRequired"],
  [400, "NotAuthorized"],
  [403, "InvalidSecurity"],
  [404, ""],
  [405, ""],
])(
  "a refusal of the sender with %i %s switches sending off, with one line a minute",
  async (status, code) => {
    withoutWaits();
    vi.useFakeTimers({ toFake: ["Date"], now: 1_763_000_000_000 });
    const date = new Date().toUTCString();
    const lines = consoleLines();
    const messages = queue(refusal(status, code, { date }));
    const env = secrets();
    const line = expect.stringMatching(
      new RegExp(
        `^cv-analytics: nothing is sent for a minute: the queue answered ${status}${code && ` ${code}`}`,
      ),
    );
    // Both on their way before either is refused.
    const first = Promise.all([send(query(), env), send(query({ requestId: "r-2" }), env)]);
    expect(await first).toEqual(["lost", "lost"]);
    const tries = code ? 1 : 3;
    expect(messages).toHaveLength(2 * tries);
    expect(lines).toEqual([line]);

    vi.advanceTimersByTime(59_000);
    for (let time = 0; time < 3; time++) expect(await send(query(), env)).toBe("off");
    expect(messages).toHaveLength(2 * tries);
    expect(lines).toHaveLength(1);

    vi.advanceTimersByTime(1_000);
    expect(await send(query(), env)).toBe("lost");
    expect(await send(query(), env)).toBe("off");
    expect(messages).toHaveLength(3 * tries);
    expect(lines).toEqual([line, line]);
  },
);

test.each([200, 302, 404, 405])(
  "a firewall that answers %i to a visitor's text holds up nobody else's",
  async (status) => {
    withoutWaits();
    const lines = consoleLines();
    queue((message) =>
      message.event.query === "<script>" ? new Response("no", { status }) : taken(message, NEVER),
    );
    const env = secrets();
    expect(await send(query(), env)).toBe("sent");
    expect(await send(query({ query: "<script>" }), env)).toBe("lost");
    expect(await send(query(), env)).toBe("sent");
    expect(lines).toEqual([
      expect.stringContaining(`a query event was lost: the queue answered ${status}`),
    ]);
  },
);

test.each([404, 405, 408, 425])(
  "%i is tried again: a server behind a proxy may be starting",
  async (status) => {
    withoutWaits();
    const messages = queue(() => new Response("not yet", { status }), taken);
    expect(await send()).toBe("sent");
    expect(messages).toHaveLength(2);
  },
);

test("a queue that takes events again is found by the first event after the minute", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_763_000_000_000 });
  consoleLines();
  const messages = queue(refusal(403, "AccessDenied"), taken);
  const env = secrets();
  expect(await send(query(), env)).toBe("lost");
  vi.advanceTimersByTime(60_000);
  for (let time = 0; time < 3; time++) expect(await send(query(), env)).toBe("sent");
  expect(messages).toHaveLength(4);
});

test("other secrets are tried at once", async () => {
  consoleLines();
  queue(refusal(403, "AccessDenied"), taken);
  expect(await send()).toBe("lost");
  expect(await send()).toBe("sent");
});

test("the Query protocol's code is the one that is logged where both are there", async () => {
  const lines = consoleLines();
  queue(
    refusal(400, "QueueDoesNotExist", {
      "x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender",
    }),
  );
  await send();
  expect(lines[0]).toMatch(/400 AWS\.SimpleQueueService\.NonExistentQueue$/);
});

test("a redirect is not followed", async () => {
  const lines = consoleLines();
  const messages = queue(
    () => new Response(null, { status: 302, headers: { location: "https://elsewhere.example/" } }),
  );
  expect(await send()).toBe("lost");
  expect(messages).toHaveLength(1);
  expect(lines).toHaveLength(1);
});

test("a success without a message id is none: some other site answered", async () => {
  for (const answer of [
    () => new Response("<html>welcome</html>"),
    () => Response.json({}),
    () => Response.json(null),
  ]) {
    const lines = consoleLines();
    queue(answer);
    expect(await send()).toBe("lost");
    expect(lines[0]).toContain("AWS_SQS_URL is not a queue");
    vi.restoreAllMocks();
  }
});

test("a queue that hangs is given up after 6 s a try, headers or body", async () => {
  withoutWaits();
  const limits: number[] = [];
  vi.spyOn(AbortSignal, "timeout").mockImplementation((milliseconds) => {
    limits.push(milliseconds);
    return AbortSignal.abort(new DOMException("too long", "TimeoutError"));
  });
  const hangs = (_message: unknown, signal: AbortSignal) => {
    signal.throwIfAborted();
    return new Promise<Response>(() => {});
  };
  const lines = consoleLines();
  const messages = queue(hangs);
  expect(await send()).toBe("lost");
  expect(messages).toHaveLength(3);
  expect(limits).toEqual([6_000, 6_000, 6_000]);
  expect(lines).toEqual(["cv-analytics: a query event was lost: no answer, 3 times"]);
});

test.each([["SignatureDoesNotMatch"], ["InvalidSignatureException"], ["RequestExpired"]])(
  "%s by a wrong clock is signed again with the queue's",
  async (code) => {
    const ahead = 3_600_000;
    vi.useFakeTimers({ toFake: ["Date"], now: 1_763_000_000_000 });
    const queueDate = new Date(Date.now() + ahead);
    const messages = queue(refusal(403, code, { date: queueDate.toUTCString() }), taken);
    const env = secrets();
    expect(await send(query(), env)).toBe("sent");
    const dates = messages.map(({ headers }) => headers.get("x-amz-date"));
    expect(dates).toEqual(["20251113T021320Z", "20251113T031320Z"]);
    // From then on at once.
    expect(await send(query(), env)).toBe("sent");
    expect(messages[2]?.headers.get("x-amz-date")).toBe("20251113T031320Z");
  },
);

test("two events that find the clock wrong at once are both signed again", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_763_000_000_000 });
  const lines = consoleLines();
  const ahead = 3_600_000;
  const isLate = ({ headers }: { headers: Headers }) =>
    !headers.get("x-amz-date")?.startsWith("20251113T03");
  const messages = queue((message) => {
    const date = new Date(Date.now() + ahead).toUTCString();
    return (isLate(message) ? refusal(403, "SignatureDoesNotMatch", { date }) : taken)(
      message,
      NEVER,
    );
  });
  const env = secrets();
  const both = Promise.all([send(query(), env), send(query({ requestId: "r-2" }), env)]);
  expect(await both).toEqual(["sent", "sent"]);
  expect(messages).toHaveLength(4);
  expect(lines).toEqual([]);
});

test("a wrong signature by a right clock is final", async () => {
  consoleLines();
  const date = new Date().toUTCString();
  const messages = queue(refusal(403, "SignatureDoesNotMatch", { date }));
  expect(await send()).toBe("lost");
  expect(messages).toHaveLength(1);
});

test("a signature that is refused again by the queue's own clock is final", async () => {
  consoleLines();
  const date = new Date(Date.now() + 3_600_000).toUTCString();
  const messages = queue(refusal(403, "SignatureDoesNotMatch", { date }));
  expect(await send()).toBe("lost");
  expect(messages).toHaveLength(2);
});

// What is sent

test("a question is cut well under the queue's limit, and never within a character", async () => {
  const messages = queue();
  const context = new Context();
  const interaction = createAnalytics(secrets()).begin(context);
  interaction.asked(`x${"🎓".repeat(1_000_000)}`);
  interaction.answered({
    reasoning: "é".repeat(1_000_000),
    matchedSkills: Array.from({ length: 10_000 }, () => "Go".repeat(1_000)),
  });
  await context.settled();
  for (const { body, event } of messages) {
    expect(new TextEncoder().encode(body.MessageBody).length).toBeLessThan(256 * 1024);
    expect(Array.from(event.query ?? "")).toHaveLength(4_000);
    expect(event.query?.isWellFormed()).toBe(true);
  }
  expect(messages).toHaveLength(2);
});

test("half a surrogate pair, controls and non-characters make a body that SQS takes", async () => {
  const messages = queue();
  const context = new Context();
  const interaction = createAnalytics(secrets()).begin(context);
  interaction.asked("a\u{D83D}b\u{0}c\u{1F}d\u{FFFE}e\u{FFFF}f");
  await context.settled();
  const body = messages[0]?.body.MessageBody ?? "";
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
  for (const character of body) {
    const point = character.codePointAt(0) ?? 0;
    expect([9, 10, 13].includes(point) || point >= 0x20).toBe(true);
    expect(point).not.toSatisfy((point: number) => point >= 0xd800 && point <= 0xdfff);
    expect([0xfffe, 0xffff]).not.toContain(point);
  }
  expect(messages[0]?.event.query).toBe("a\u{FFFD}b\u{0}c\u{1F}d\u{FFFD}e\u{FFFD}f");
});

test("metadata that is too long or no JSON is left out, and the event says so", async () => {
  const messages = queue();
  await send(query({ metadata: { long: "x".repeat(2_000_000) } }));
  await send(query({ metadata: { number: 1n } }));
  expect(messages.map(({ event }) => event.metadata)).toEqual([
    { left_out: "too_long" },
    { left_out: "not_json" },
  ]);
});

test("own traffic stays own where the rest of the metadata is left out", async () => {
  const messages = queue();
  const circle: Record<string, unknown> = { traffic: "own" };
  circle["self"] = circle;
  await send(query({ metadata: { traffic: "own", long: "x".repeat(60_000) } }));
  await send(query({ metadata: circle }));
  await send(query({ metadata: { traffic: "x".repeat(70_000) } }));
  expect(messages.map(({ event }) => event.metadata)).toEqual([
    { left_out: "too_long", traffic: "own" },
    { left_out: "not_json", traffic: "own" },
    { left_out: "too_long", traffic: "xxxxxxxxx" },
  ]);
});

test.each(["", "x".repeat(120), "cv-analytics:x", "a b", "é", "a\n"])(
  "a request id like %j is replaced by one that the queue takes",
  async (requestId) => {
    const messages = queue();
    const lines = consoleLines();
    const context = new Context();
    createAnalytics(secrets()).begin(context).asked("q", { requestId });
    await context.settled();
    expect(messages[0]?.event.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(lines).toHaveLength(1);
  },
);

test("an event of one's own making with an impossible id is lost with a line", async () => {
  const lines = consoleLines();
  const messages = queue();
  expect(await send(query({ requestId: "a b" }))).toBe("lost");
  expect(messages).toEqual([]);
  expect(lines).toHaveLength(1);
});

// Secrets

test("the self-hosted server's secrets work alike", async () => {
  const messages = queue();
  const url = "http://127.0.0.1:8787/000000000000/cv-analytics-events.fifo";
  expect(await send(query(), { ...secrets(), AWS_SQS_URL: url })).toBe("sent");
  expect(messages[0]?.url).toBe("http://127.0.0.1:8787/");
});

test("works without URL.parse, which the workerd of early Wrangler 3 lacks", async () => {
  vi.spyOn(URL, "parse").mockImplementation(() => {
    throw new TypeError("URL.parse is not a function");
  });
  queue();
  expect(await send()).toBe("sent");
});

test("blanks round a secret do no harm", async () => {
  const messages = queue();
  const env = Object.fromEntries(Object.entries(secrets()).map(([k, v]) => [k, ` ${v}\r\n`]));
  expect(await send(query(), env)).toBe("sent");
  expect(messages[0]?.headers.get("authorization")).toContain("/eu-west-2/sqs/");
});

test.each<[string, Partial<Record<keyof AnalyticsEnv, unknown>>, string]>([
  ["a missing key", { AWS_SECRET_ACCESS_KEY: undefined }, "missing AWS_SECRET_ACCESS_KEY"],
  ["an empty address", { AWS_SQS_URL: " " }, "missing AWS_SQS_URL"],
  ["an object in place of a text", { AWS_REGION: {} }, "missing AWS_REGION"],
  ["null in place of a text", { AWS_REGION: null }, "missing AWS_REGION"],
  ["a session token with a line break", { AWS_SESSION_TOKEN: "a\nb" }, "AWS_SESSION_TOKEN: spaces"],
  ["a key with a blank in it", { AWS_SECRET_ACCESS_KEY: "a b" }, "AWS_SECRET_ACCESS_KEY: spaces"],
  ["a key in quotes", { AWS_SECRET_ACCESS_KEY: `"${SECRET}"` }, "AWS_SECRET_ACCESS_KEY: spaces"],
  ["a key id that is none", { AWS_ACCESS_KEY_ID: "AKIA-1" }, "AWS_ACCESS_KEY_ID"],
  ["a region that is none", { AWS_REGION: "London" }, "AWS_REGION"],
  ["another region", { AWS_REGION: "eu-west-1" }, "invalid AWS_REGION: AWS_SQS_URL has another"],
  ["no address", { AWS_SQS_URL: "queue" }, "invalid AWS_SQS_URL: expected https://HOST"],
  ["a queue that is not FIFO", { AWS_SQS_URL: "https://sqs.eu-west-2.amazonaws.com/1/q" }, ".fifo"],
  ["another protocol", { AWS_SQS_URL: "ftp://h/1/q.fifo" }, "AWS_SQS_URL"],
  ["an address with a password", { AWS_SQS_URL: "https://u:p@h/1/q.fifo" }, "AWS_SQS_URL"],
])("%s switches sending off, and says so once", async (_what, wrong, line) => {
  const lines = consoleLines();
  const messages = queue();
  const env = { ...secrets(), ...wrong } as AnalyticsEnv;
  vi.resetModules();
  const { createAnalytics } = await import("../src/index.ts");
  for (let time = 0; time < 3; time++) {
    const context = new Context();
    const analytics = createAnalytics(env);
    expect(analytics.enabled).toBe(false);
    const interaction = analytics.begin(context);
    interaction.asked("q");
    interaction.answered();
    expect(context.isEmpty).toBe(true);
    expect(await analytics.send(query())).toBe("off");
  }
  expect(messages).toEqual([]);
  expect(lines).toEqual([expect.stringContaining(line)]);
});

test.each(["https://sqs.cn-north-1.amazonaws.com.cn/1/q.fifo", "http://localhost:4566/0/q.fifo"])(
  "an address like %s is right",
  (url) => {
    const env = { ...secrets(), AWS_REGION: "cn-north-1", AWS_SQS_URL: url };
    expect(createAnalytics(env).enabled).toBe(true);
  },
);

test("no env at all is off, not an exception", () => {
  consoleLines();
  expect(createAnalytics(undefined as unknown as AnalyticsEnv).enabled).toBe(false);
});

// Where secrets come from

/** Secrets as the Secrets Store binds them, and how often they were read. */
function bound(secrets: object): {
  env: Record<string, { get(): Promise<string> }>;
  reads(): number;
} {
  let reads = 0;
  const env = Object.fromEntries(
    Object.entries(secrets).map(([name, value]) => [
      name,
      {
        async get() {
          reads++;
          return value as string;
        },
      },
    ]),
  );
  return { env, reads: () => reads };
}

test("secrets in the Secrets Store are read when there is something to send, and not before", async () => {
  const messages = queue();
  const { env, reads } = bound(secrets());
  const context = new Context();
  const analytics = createAnalytics(env);
  expect(analytics.enabled).toBe(true);
  expect(reads()).toBe(0);
  const interaction = analytics.begin(context);
  interaction.asked("q");
  interaction.answered();
  await context.settled();
  expect(messages).toHaveLength(2);
  expect(messages[0]?.headers.get("authorization")).toContain("/eu-west-2/sqs/");
  expect(reads()).toBeGreaterThan(0);
});

test("one secret in the store and the others as texts are enough", async () => {
  queue();
  const { AWS_SECRET_ACCESS_KEY, ...texts } = secrets();
  expect(await send(query(), { ...texts, ...bound({ AWS_SECRET_ACCESS_KEY }).env })).toBe("sent");
});

const UNREADABLE = "cannot read AWS_SECRET_ACCESS_KEY from the Secrets Store";

test.each([
  ["is not there", () => Promise.reject(new Error("Secret not found")), UNREADABLE],
  [
    "cannot be read",
    () => {
      throw new Error("internal");
    },
    UNREADABLE,
  ],
  ["is empty", async () => "", "missing AWS_SECRET_ACCESS_KEY"],
])("a secret of the store that %s is one line, and the events are off", async (_how, get, line) => {
  const lines = consoleLines();
  const messages = queue();
  vi.resetModules();
  const { createAnalytics } = await import("../src/index.ts");
  for (let time = 0; time < 3; time++) {
    const analytics = createAnalytics({ ...secrets(), AWS_SECRET_ACCESS_KEY: { get } });
    expect(await analytics.send(query())).toBe("off");
  }
  expect(messages).toEqual([]);
  expect(lines).toEqual([`cv-analytics: nothing is sent: ${line}`]);
});

test("secrets of other names are found by the option, and named so where they are wrong", async () => {
  queue();
  const lines = consoleLines();
  const { AWS_ACCESS_KEY_ID, AWS_REGION, ...rest } = secrets();
  const names = { AWS_ACCESS_KEY_ID: "QUEUE_KEY", AWS_REGION: "QUEUE_REGION" };
  const env = { ...rest, QUEUE_KEY: AWS_ACCESS_KEY_ID, QUEUE_REGION: AWS_REGION };
  expect(await createAnalytics(env, { secrets: names }).send(query())).toBe("sent");
  vi.resetModules();
  const fresh = await import("../src/index.ts");
  fresh.createAnalytics({ ...env, QUEUE_KEY: "", QUEUE_REGION: "" }, { secrets: names });
  fresh.createAnalytics({ ...env, QUEUE_REGION: "London" }, { secrets: names });
  expect(lines).toEqual([
    "cv-analytics: nothing is sent: missing QUEUE_KEY, QUEUE_REGION",
    "cv-analytics: nothing is sent: invalid QUEUE_REGION",
  ]);
});

test("temporary credentials send their session token, signed", async () => {
  const messages = queue();
  expect(await send(query(), { ...secrets(), AWS_SESSION_TOKEN: "IQoJb3/+==\n" })).toBe("sent");
  expect(messages[0]?.headers.get("x-amz-security-token")).toBe("IQoJb3/+==");
  expect(messages[0]?.headers.get("authorization")).toContain(
    "SignedHeaders=host;x-amz-date;x-amz-security-token;x-amz-target,",
  );
});

test("no line holds a secret or a text, whatever goes wrong", async () => {
  withoutWaits();
  const lines = consoleLines();
  const text = "confidential-question";
  const echo = (message: { body: { MessageBody: string } }) =>
    Response.json(
      { __type: message.body.MessageBody, message: message.body.MessageBody },
      { status: 400 },
    );
  const echoInHeader = () =>
    new Response(text, { status: 403, headers: { "x-amzn-query-error": `${text} ${SECRET}` } });
  const throws = () => Promise.reject(new Error(`${text} ${SECRET}`));
  const named = () => Promise.reject(Object.assign(new Error(), { name: `${text} ${SECRET}` }));
  const env = secrets();
  for (const answer of [echo, echoInHeader, throws, named, refusal(400, "AccessDenied")]) {
    queue(answer);
    await send(query({ query: text, sessionId: text, metadata: { text } }), env);
  }
  vi.spyOn(crypto.subtle, "importKey").mockRejectedValue(new Error(`${text} ${SECRET}`));
  await send(query({ query: text }), secrets());
  vi.resetModules();
  const fresh = await import("../src/index.ts");
  for (const wrong of Object.keys(env) as (keyof typeof env)[]) {
    fresh.createAnalytics({ ...env, [wrong]: `${env[wrong]} ${text}` });
  }
  expect(lines.length).toBeGreaterThanOrEqual(10);
  const log = lines.join("\n");
  expect(log).not.toContain(text);
  expect(log).not.toContain(SECRET);
  expect(log).not.toContain(env.AWS_ACCESS_KEY_ID);
});
