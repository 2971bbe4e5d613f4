/** A queue in the place of the network, and what surrounds a handler in a test. */

import { vi } from "vitest";
import type { FeedbackEvent, QueryEvent, ResponseEvent } from "../src/event.ts";
import type { AnalyticsEnv } from "../src/settings.ts";

export const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

let number = 0;

/** Secrets that no other test has, so that each begins like a new isolate. */
export function secrets(): Record<Exclude<keyof AnalyticsEnv, "AWS_SESSION_TOKEN">, string> {
  return {
    AWS_ACCESS_KEY_ID: `CVAKEXAMPLE${String(++number).padStart(9, "0")}`,
    AWS_SECRET_ACCESS_KEY: SECRET,
    AWS_SQS_URL: "https://sqs.eu-west-2.amazonaws.com/000000000000/cv-analytics-events.fifo",
    AWS_REGION: "eu-west-2",
  };
}

/** A message as it came. */
export interface Message {
  url: string;
  headers: Headers;
  body: {
    QueueUrl: string;
    MessageBody: string;
    MessageGroupId: string;
    MessageDeduplicationId: string;
  };
  event: QueryEvent | ResponseEvent;
  redirect: string | undefined;
}

type Answer = (message: Message, signal: AbortSignal) => Response | Promise<Response>;

export const taken: Answer = () => Response.json({ MessageId: "m-1" });

/** A refusal in SQS's own form. */
export function refusal(status: number, code: string, headers: HeadersInit = {}): Answer {
  return () =>
    Response.json(
      { __type: `com.amazonaws.sqs#${code}`, message: "the queue's own words" },
      { status, headers },
    );
}

/** Answers the tries in turn with `answers`, and from then on with the last of them. */
export function queue(...answers: Answer[]): Message[] {
  const messages: Message[] = [];
  vi.stubGlobal("fetch", async (input: URL, init: RequestInit & { signal: AbortSignal }) => {
    const body = JSON.parse(init.body as string) as Message["body"];
    const message: Message = {
      url: String(input),
      headers: new Headers(init.headers),
      body,
      event: JSON.parse(body.MessageBody) as Message["event"],
      redirect: init.redirect,
    };
    messages.push(message);
    const answer = answers[Math.min(messages.length, answers.length) - 1] ?? taken;
    return answer(message, init.signal);
  });
  return messages;
}

/** A `ctx` that remembers what it was handed. */
export class Context {
  readonly #handed: Promise<unknown>[] = [];

  waitUntil(promise: Promise<unknown>): void {
    this.#handed.push(promise);
  }

  passThroughOnException(): void {}

  get isEmpty(): boolean {
    return this.#handed.length === 0;
  }

  /** Ends when everything has, as the runtime would wait for it. */
  async settled(): Promise<void> {
    for (let index = 0; index < this.#handed.length; index++) await this.#handed[index];
  }
}

export function question(init: RequestInit = {}): Request {
  return new Request("https://agent.example/chat", { method: "POST", body: "the body", ...init });
}

export function responsesOf(messages: readonly Message[]): ResponseEvent[] {
  return messages.map(({ event }) => event).filter((event) => event.eventType === "response");
}

export function feedbackOf(messages: readonly Message[]): FeedbackEvent[] {
  return messages
    .map(({ event }): QueryEvent | ResponseEvent | FeedbackEvent => event)
    .filter((event) => event.eventType === "feedback");
}

export function typesOf(messages: readonly Message[]): string[] {
  return messages.map(({ event }) => event.eventType);
}

/** Everything that was written to the console. */
export function consoleLines(): string[] {
  const lines: string[] = [];
  for (const method of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, method).mockImplementation((...words: unknown[]) => {
      lines.push(words.map(String).join(" "));
    });
  }
  return lines;
}

/** Waits of retries end at once. */
export function withoutWaits(): void {
  const now = globalThis.setTimeout;
  vi.stubGlobal("setTimeout", (work: () => void) => now(work, 0));
}
