/** One message on its way to the queue: signed, sent, and sent again where that can help. */

import { type AnalyticsEvent, isRequestId, messageBody } from "./event.ts";
import type { Settings } from "./settings.ts";
import { authorization, type SigningKey } from "./signature.ts";

/** `waitUntil` ends 30 s after the answer: three tries of 6 s and waits of 2 s and 8 s fit. */
const TRY_MILLISECONDS = 6_000;
/**
 * The longest wait after each try. Half of it is sure, so that a queue that is away for 5 s is
 * outwaited.
 */
const WAITS_MILLISECONDS = [2_000, 8_000, 0];
/** Mended secrets come with a new isolate; a mended right or queue is found after so long. */
const PAUSE_MILLISECONDS = 60_000;
/** SQS takes a signature for 15 minutes; a clock that is wrong by less is not the fault. */
const SKEW_MILLISECONDS = 4 * 60_000;
/** SQS's limit for a deduplication id. */
const MAX_ID_CHARACTERS = 128;
/** In a log line: never other text that a caller without types gave. */
const EVENT_TYPE = /^(?:query|feedback)$/;

// Of what the queue answered: status, and SQS's code where there is one.
/** Another try may help. 404 and 405: a proxy whose server is being started again. */
const PASSES = / (?:5\d\d|40[458]|42[59])|throttl|toomany/i;
/** Something else lies at the address, or a firewall that dislikes the text before it. */
const NO_QUEUE = / (?:[23]\d\d|40[45])/;
/** The next message would be refused too: the key, its rights or the queue are wrong. */
const REFUSES_SENDER = /signature|token|client|denied|exist|address|optin|authoriz|security/i;

/** What became of an event. */
export type Sent =
  /** The queue has it. */
  | "sent"
  /** The queue does not have it; a line in the log says why. */
  | "lost"
  /** Sending is switched off: the secrets are missing or invalid, or the queue refused them just now. */
  | "off";

/** Why a try failed, and when another may help. */
interface Failure {
  why: string;
  again?: "now" | "later" | false;
}

/** Sends to one queue. Kept for the life of an isolate: it holds the signing key of the day. */
export class QueueClient {
  readonly #settings: Settings;
  readonly #signingKey: Partial<SigningKey> = {};
  /** How far the queue's clock is ahead of ours; known after it refused a signature for that. */
  #clockAhead = 0;
  #pausedUntil = 0;
  #hasSent = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Sends an event. Never rejects; says what was wrong, without any text of the event. */
  async send(event: AnalyticsEvent, log: (line: string) => void): Promise<Sent> {
    if (this.#isPaused) return "off";
    let why = "invalid requestId";
    try {
      if (isRequestId(event?.requestId)) {
        const body = this.#sendMessage(event);
        for (const wait of WAITS_MILLISECONDS) {
          const failure = await this.#try(body);
          if (!failure) {
            this.#hasSent = true;
            return "sent";
          }
          why = failure.why;
          if (!failure.again) break;
          if (!wait) why += `, ${WAITS_MILLISECONDS.length} times`;
          // Half by chance, so that many Workers do not come back at once:
          // https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ ("equal jitter")
          const time = (wait * (1 + Math.random())) / 2;
          if (time && failure.again === "later")
            await new Promise((done) => setTimeout(done, time));
        }
      }
    } catch {
      why = "cannot sign it";
    }
    const isNoQueue = NO_QUEUE.test(why);
    if (isNoQueue) why += ": AWS_SQS_URL is not a queue";
    // Once an event got through, an answer without SQS's code is about the text of this one.
    if (REFUSES_SENDER.test(why) || (isNoQueue && !this.#hasSent)) {
      if (!this.#isPaused) log(`nothing is sent for a minute: ${why}`);
      this.#pausedUntil = Date.now() + PAUSE_MILLISECONDS;
    } else log(`a ${EVENT_TYPE.exec(event?.eventType)?.[0] ?? "response"} event was lost: ${why}`);
    return "lost";
  }

  get #isPaused(): boolean {
    return Date.now() < this.#pausedUntil;
  }

  #sendMessage(event: AnalyticsEvent): string {
    const { requestId, eventType, timestamp } = event;
    // The same for each try. A visitor may give feedback more than once.
    const id = `${requestId}:${eventType}${eventType === "feedback" ? `:${timestamp}` : ""}`;
    return JSON.stringify({
      QueueUrl: this.#settings.queueUrl,
      MessageBody: messageBody(event),
      MessageGroupId: requestId,
      // Its end, since the time is there.
      MessageDeduplicationId: id.slice(-MAX_ID_CHARACTERS),
    });
  }

  async #try(body: string): Promise<Failure | undefined> {
    const ahead = this.#clockAhead;
    const { url, sessionToken } = this.#settings;
    const signed = {
      host: new URL(url).host,
      "x-amz-date": new Date(Date.now() + ahead).toISOString().replace(/[:-]|\.\d{3}/g, ""),
      "x-amz-target": "AmazonSQS.SendMessage",
      ...(sessionToken && { "x-amz-security-token": sessionToken }),
    };
    const signer = { ...this.#settings, service: "sqs" };
    // The runtime sets `host` itself.
    const { host: _host, ...sent } = {
      ...signed,
      "content-type": "application/x-amz-json-1.0",
      authorization: await authorization(signer, signed, body, this.#signingKey),
    };
    let response: Response;
    let text: string;
    try {
      // A redirect would take the event somewhere else, without its signature.
      response = await fetch(url, {
        method: "POST",
        headers: sent,
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(TRY_MILLISECONDS),
      });
      text = await response.text();
    } catch (error) {
      const isTimeout = (error as Error | undefined)?.name === "TimeoutError";
      return { why: isTimeout ? "no answer" : "no connection", again: "later" };
    }
    const { ok, status, headers } = response;
    const answer = parse(text);
    if (ok && typeof answer.MessageId === "string") return undefined;
    const code = errorCode(headers, answer);
    const why = `the queue answered ${status}${code && ` ${code}`}`;
    if (/signature|expired|skew/i.test(code)) {
      const queueAhead = Date.parse(headers.get("date") ?? "") - Date.now();
      // Held against the clock that this try was signed by: another event may have set it since.
      if (Math.abs(queueAhead - ahead) > SKEW_MILLISECONDS) {
        this.#clockAhead = queueAhead;
        return { why, again: "now" };
      }
    }
    return { why, again: PASSES.test(why) && "later" };
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
