/** What the client sends in each way out, byte for byte the golden events that the intake reads. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { withAnalytics } from "../src/index.ts";
import { Context, question, queue, secrets } from "./queue.ts";
import { WAYS_OUT } from "./ways-out.ts";

interface Golden {
  about: string;
  event: unknown;
}

const files = import.meta.glob<Golden>("../../fixtures/worker-events/*.json", {
  eager: true,
  import: "default",
});
const golden = new Map(
  Object.entries(files).map(([path, file]) => [path.replace(/.*\/|\.json$/g, ""), file.event]),
);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_763_000_000_000 });
  vi.spyOn(crypto, "randomUUID").mockReturnValue("7d9f1c52-0d4c-4f0a-9d5c-6a4f3f1b2c3d");
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function sentBy(handle: (typeof WAYS_OUT)[number]["handle"]): Promise<unknown[]> {
  const messages = queue();
  const context = new Context();
  const visitor = question({
    headers: { "user-agent": "Mozilla/5.0", referer: "https://cv.example/" },
  });
  const fetch = withAnalytics(async (_request, _env, _ctx, interaction) => {
    vi.setSystemTime(1_763_000_000_020);
    try {
      return await handle(interaction);
    } finally {
      vi.setSystemTime(1_763_000_000_900);
    }
  });
  await fetch(visitor, secrets(), context).catch(() => {});
  await context.settled();
  return messages.map(({ event }) => event);
}

test("every golden event has a way out, and every way out its golden event", () => {
  const names = WAYS_OUT.map(({ name }) => `${name}-response`);
  expect([...golden.keys()].sort()).toEqual([...names, "query", "feedback"].sort());
});

test.each(WAYS_OUT)("$name sends its golden events", async ({ name, handle }) => {
  const [query, response, ...rest] = await sentBy(handle);
  expect(rest).toEqual([]);
  expect(query).toEqual(golden.get("query"));
  expect(response).toEqual(golden.get(`${name}-response`));
});

test("a rating sends its golden event", async () => {
  const sent = await sentBy(async (interaction) => {
    const { requestId } = interaction;
    interaction.feedback(requestId, "down", { comment: "Wrong. Call me: jane@example.com" });
    return new Response();
  });
  expect(sent).toEqual([golden.get("feedback")]);
});
