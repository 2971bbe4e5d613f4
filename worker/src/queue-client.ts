/** One message on its way to the queue: signed, sent, and sent again where that can help. */

import { AwsV4Signer } from "aws4fetch";
import { type AnalyticsEvent, messageBody } from "./event.ts";
import type { Settings } from "./settings.ts";

/** `waitUntil` ends 30 s after the answer: three tries of 6 s and waits of 2 s and 8 s fit. */
const TRY_MILLISECONDS = 6_000;
/**
 * The longest wait after each try. Half of it is sure, so that a queue that is away for 5 s is
 * outwaited.
 */
const WAITS_MILLISECONDS = [2_000, 8_000, 0];
/** Mended secrets come with a new isolate; a mended right or queue is found after so long. */
const PAUSE_MILLISECONDS = 60_000;
/** Something else lies at the address. */
const NO_QUEUE = / [23]\d\d| 40[45]/;
/** The next message would be refused too: the key, its rights or the queue are wrong. */
const REFUSES_ALL = / [23]\d\d| 40[45]|sign|token|client|denied|exist/i;
/** SQS takes a signature for 15 minutes; a clock that is wrong by less is not the fault. */
const SKEW_MILLISECONDS = 4 * 60_000;

/** Why a try failed, and when another may help. */
interface Failure {
  why: string;
  again?: "now" | "later";
}

/** Sends to one queue. Kept for the life of an isolate: it holds the signing keys of the day. */
export class QueueClient {
  readonly #settings: Settings;
  readonly #signingKeys = new Map<string, ArrayBuffer>();
  /** How far the queue's clock is ahead of ours; known after it refused a signature for that. */
  #clockAhead = 0;
  #pausedUntil = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Whether the queue refused, less than a minute ago, whatever these secrets send. */
  get isPaused(): boolean {
    return Date.now() < this.#pausedUntil;
  }

  /** Sends an event. Never rejects; gives what was wrong, without any text of the event. */
  async send(event: AnalyticsEvent): Promise<string | undefined> {
    let why = "";
    try {
      const body = this.#sendMessage(event);
      for (const wait of WAITS_MILLISECONDS) {
        const failure = await this.#try(body);
        if (!failure) return undefined;
        why = failure.why;
        if (!failure.again) return why;
        // Half by chance, so that many Workers do not come back at once:
        // https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ ("equal jitter")
        const time = (wait * (1 + Math.random())) / 2;
        if (time && failure.again === "later") await new Promise((done) => setTimeout(done, time));
      }
      return `${why}, ${WAITS_MILLISECONDS.length} times`;
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

  async #try(body: string): Promise<Failure | undefined> {
    const { url, ...request } = await new AwsV4Signer({
      ...this.#settings,
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "AmazonSQS.SendMessage",
      },
      body,
      service: "sqs",
      cache: this.#signingKeys,
      datetime: new Date(Date.now() + this.#clockAhead).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    }).sign();
    let response: Response;
    let text: string;
    try {
      // A redirect would take the event somewhere else, without its signature.
      response = await fetch(url, {
        ...request,
        redirect: "manual",
        signal: AbortSignal.timeout(TRY_MILLISECONDS),
      });
      text = await response.text();
    } catch (error) {
      const isTimeout = errorName(error) === "TimeoutError";
      return { why: isTimeout ? "no answer" : "no connection", again: "later" };
    }
    return this.#read(response, text);
  }

  #read({ ok, status, headers }: Response, text: string): Failure | undefined {
    const answer = parse(text);
    if (ok && typeof answer.MessageId === "string") return undefined;
    const code = errorCode(headers, answer);
    const why = `the queue answered ${status}${code && ` ${code}`}`;
    if (status >= 500 || status === 429 || /throttl|toomanyrequests/i.test(code)) {
      return { why, again: "later" };
    }
    if (/signature|expired|skew/i.test(code)) {
      const ahead = Date.parse(headers.get("date") ?? "") - Date.now();
      if (Math.abs(ahead - this.#clockAhead) > SKEW_MILLISECONDS) {
        this.#clockAhead = ahead;
        return { why, again: "now" };
      }
    }
    if (REFUSES_ALL.test(why)) this.#pausedUntil = Date.now() + PAUSE_MILLISECONDS;
    return { why: NO_QUEUE.test(why) ? `${why}: AWS_SQS_URL is no queue` : why };
  }
}

/** What is read of an answer of SQS, or of whatever else lies at the address. */
interface Answer {
  MessageId?: unknown;
  __type?: unknown;
}

function parse(text: string): Answer {
  try {
    return Object(JSON.parse(text));
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
