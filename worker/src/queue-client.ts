/** One message on its way to the queue: signed, sent, and sent again where that can help. */

import { AwsV4Signer } from "aws4fetch";
import { type AnalyticsEvent, messageBody } from "./event.ts";
import type { Settings } from "./settings.ts";

const TRIES = 3;
/** `waitUntil` ends 30 s after the answer: three tries of 6 s and waits of 2 s and 8 s fit. */
const TRY_MILLISECONDS = 6_000;
/** The longest waits. Half of each is sure, so that a queue that is away for 5 s is outwaited. */
const WAITS_MILLISECONDS = [2_000, 8_000];
/** SQS takes a signature for 15 minutes; a clock that is wrong by less is not the fault. */
const SKEW_MILLISECONDS = 4 * 60_000;

/** How a try ended: the queue has it, it may help to try again, or it will not. */
type Try =
  | { end: "sent" }
  | { end: "again"; why: string; now?: boolean }
  | { end: "no"; why: string };

/** Sends to one queue. Kept for the life of an isolate: it holds the signing keys of the day. */
export class QueueClient {
  readonly #settings: Settings;
  readonly #signingKeys = new Map<string, ArrayBuffer>();
  /** How far the queue's clock is ahead of ours; known after it refused a signature for that. */
  #clockAhead = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Sends an event. Never rejects; gives what was wrong, without any text of the event. */
  async send(event: AnalyticsEvent): Promise<string | undefined> {
    let why = "";
    try {
      const body = this.#sendMessage(event);
      for (let number = 1; number <= TRIES; number++) {
        const ended = await this.#try(body);
        if (ended.end === "sent") return undefined;
        why = ended.why;
        if (ended.end === "no") return why;
        const wait = WAITS_MILLISECONDS[number - 1];
        // Half by chance, so that many Workers do not come back at once:
        // https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ ("equal jitter")
        if (wait && !ended.now) await delay((wait * (1 + Math.random())) / 2);
      }
      return `${why}, ${TRIES} times`;
    } catch (error) {
      return `not signed: ${errorName(error)}`;
    }
  }

  #sendMessage(event: AnalyticsEvent): string {
    const { requestId, eventType } = event;
    return JSON.stringify({
      QueueUrl: this.#settings.queueUrl,
      MessageBody: messageBody(event),
      MessageGroupId: requestId,
      MessageDeduplicationId: `${requestId}:${eventType}`,
    });
  }

  async #try(body: string): Promise<Try> {
    const { endpoint, accessKeyId, secretAccessKey, region } = this.#settings;
    const { method, url, headers } = await new AwsV4Signer({
      method: "POST",
      url: endpoint,
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "AmazonSQS.SendMessage",
      },
      body,
      accessKeyId,
      secretAccessKey,
      region,
      service: "sqs",
      cache: this.#signingKeys,
      datetime: new Date(Date.now() + this.#clockAhead).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    }).sign();
    let response: Response;
    let text: string;
    try {
      // A redirect would take the event somewhere else, without its signature.
      response = await fetch(url, {
        method,
        headers,
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(TRY_MILLISECONDS),
      });
      text = await response.text();
    } catch (error) {
      const isTimeout = errorName(error) === "TimeoutError";
      return { end: "again", why: isTimeout ? "no answer" : "no connection" };
    }
    return this.#read(response, text);
  }

  #read({ ok, status, headers }: Response, text: string): Try {
    const answer = parse(text);
    if (ok && typeof answer.MessageId === "string") return { end: "sent" };
    const code = errorCode(headers, answer);
    const why = `the queue answered ${status}${code && ` ${code}`}`;
    if (status >= 500 || status === 429 || /throttl|toomanyrequests|slowdown/i.test(code)) {
      return { end: "again", why };
    }
    if (ok) return { end: "no", why: `${why} without a MessageId: AWS_SQS_URL is no queue` };
    if (/signature|expired|skew/i.test(code)) {
      const ahead = Date.parse(headers.get("date") ?? "") - Date.now();
      if (Math.abs(ahead - this.#clockAhead) > SKEW_MILLISECONDS) {
        this.#clockAhead = ahead;
        return { end: "again", why, now: true };
      }
    }
    return { end: "no", why };
  }
}

/** What is read of an answer of SQS, or of whatever else lies at the address. */
interface Answer {
  MessageId?: unknown;
  __type?: unknown;
}

function parse(text: string): Answer {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** SQS's code: a word, so that nothing else of an answer can enter the log. */
function errorCode(headers: Headers, answer: Answer): string {
  const code = headers.get("x-amzn-query-error") ?? String(answer.__type ?? "");
  return /^(?:[\w.]+#)?([\w.]{1,80})(?:;|$)/.exec(code)?.[1] ?? "";
}

function errorName(error: unknown): string {
  const name = (error as Error | undefined)?.name ?? "";
  return /^\w{1,40}$/.test(name) ? name : "unknown";
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
