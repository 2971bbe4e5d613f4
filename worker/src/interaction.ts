/** One question and its answer, as a handler reports them. */

import {
  type AnalyticsEvent,
  type AnswerDetails,
  answerFields,
  cut,
  isOutcome,
  isRequestId,
  type Metadata,
  type Outcome,
  QUESTION_CHARACTERS,
  type QuestionDetails,
  type ResponseEvent,
  textOf,
} from "./event.ts";
import type { Sent } from "./queue-client.ts";

/** A part of the work whose time is reported by itself. */
export type TimedPart = "llm" | "retrieval";

/**
 * What a handler says about one question. No call throws, waits, or reads the visitor's body.
 *
 * Nothing is sent before {@link asked} or {@link ended} was called: a page or a health check that
 * is no question costs nothing.
 */
export interface Interaction {
  /** Joins the two halves. Set anew by `asked(…, { requestId })`. */
  readonly requestId: string;

  /**
   * Says what the visitor asked: the query event leaves at once, beside your work. Call it as soon
   * as you have the question, also where you will refuse it, and before you return the answer. The
   * first call counts.
   */
  asked(question: string, details?: QuestionDetails): void;

  /**
   * Does a part of the work and times it; several times of one part add up. An exception passes
   * through as it is. The outcome is `ai_error` where the last `llm` part failed and nothing else
   * was said.
   */
  timed<T>(part: TimedPart, work: () => T | PromiseLike<T>): Promise<T>;

  /** Notes details as they become known, without saying how it ended. */
  noted(details: AnswerDetails): void;

  /** Says that the visitor gets an answer: `answered`, or `no_match` where `matchType` is `none`. */
  answered(details?: AnswerDetails): void;

  /** Says how it ended otherwise. The last word counts until the response event leaves. */
  ended(outcome: Outcome, details?: AnswerDetails): void;

  /** An interaction for one more question of the same request, with its own two events. */
  another(): Interaction;
}

/** The part of a Worker's `ctx` (or of a Durable Object's state) that is used. */
export interface WaitUntil {
  waitUntil(promise: Promise<unknown>): void;
}

/** What an interaction needs of its surroundings. */
export interface Reporter {
  readonly enabled: boolean;
  /** Milliseconds for which a question waits for its answer. */
  readonly together: number;
  send(event: AnalyticsEvent): Promise<Sent>;
  /** Never throws. */
  log(line: string): void;
}

/** How a request ended, as far as its wrapper saw. */
export type RequestEnd =
  | { status: number; cancelled?: boolean }
  /** The handler or its stream threw. */
  | "threw";

/** What was asked, as both events carry it. */
interface Question {
  query: string;
  queryTimestamp: number;
  sessionId?: string;
  metadata?: Metadata;
}

/** Outcomes that a later exception does not change: the handler had named the reason. */
const REASONS: readonly Outcome[] = ["blocked", "off_hours", "quota", "ai_error"];

/** An interaction that sends its two events. */
export class ReportedInteraction implements Interaction {
  requestId: string = crypto.randomUUID();
  readonly #reporter: Reporter;
  readonly #ctx: WaitUntil;
  readonly #request: Request | undefined;
  /** Whether the end of the request is not waited for, or was. */
  #sendsAtOnce: boolean;
  readonly #began = Date.now();
  #question: Question | undefined;
  #outcome: Outcome | undefined;
  #details: AnswerDetails = {};
  #times: { [part in `${TimedPart}Time`]?: number } = {};
  #llmFailed = false;
  #hasLeft = false;
  /** Ends the wait of a question for its answer. */
  #answerIsThere: (() => void) | undefined;
  /** Lets the request end; see {@link #stay}. */
  #release: (() => void) | undefined;
  /** Interactions of the same request, which end with it. */
  readonly #others: ReportedInteraction[] = [];

  constructor(
    reporter: Reporter,
    ctx: WaitUntil,
    request: Request | undefined,
    sendsAtOnce: boolean,
  ) {
    this.#reporter = reporter;
    this.#ctx = ctx;
    this.#request = request;
    this.#sendsAtOnce = sendsAtOnce;
  }

  // Properties, so that they work taken off their object too: `{ asked }` in place of `interaction`.
  asked = (question: string, details?: QuestionDetails): void => {
    this.#safely(() => {
      if (this.#question || this.#hasLeft) {
        this.#reporter.log("asked() counts once: take another()");
        return;
      }
      const { requestId, sessionId: session, metadata: more } = details ?? {};
      if (isRequestId(requestId)) this.requestId = requestId;
      else if (requestId !== undefined) {
        this.#reporter.log("a wrong requestId was replaced");
      }
      const metadata = { ...visitor(this.#request), ...more };
      const sessionId = textOf(session, 256);
      this.#question = {
        query: textOf(question, QUESTION_CHARACTERS),
        queryTimestamp: Date.now(),
        ...(sessionId && { sessionId }),
        ...(Object.keys(metadata).length > 0 && { metadata }),
      };
      const { queryTimestamp: timestamp, ...rest } = this.#question;
      this.#later({ eventType: "query", requestId: this.requestId, timestamp, ...rest });
      this.#stay();
    });
  };

  timed = async <T>(part: TimedPart, work: () => T | PromiseLike<T>): Promise<T> => {
    const began = Date.now();
    let failed = true;
    try {
      // Without types it may be the promise itself.
      const result = await (typeof work === "function" ? work() : work);
      failed = false;
      return result;
    } finally {
      const time = `${part}Time` as const;
      this.#times[time] = (this.#times[time] ?? 0) + Date.now() - began;
      if (part === "llm") this.#llmFailed = failed;
    }
  };

  noted = (details?: AnswerDetails): void => {
    this.#safely(() => {
      const metadata = { ...this.#details.metadata, ...details?.metadata };
      this.#details = { ...this.#details, ...details, metadata };
    });
  };

  answered = (details?: AnswerDetails): void => {
    this.noted(details);
    this.ended(this.#details.matchType === "none" ? "no_match" : "answered");
  };

  ended = (outcome: Outcome, details?: AnswerDetails): void => {
    this.noted(details);
    this.#outcome = isOutcome(outcome) ? outcome : "error";
    if (this.#outcome !== outcome) this.#reporter.log("an unknown outcome counts as error");
    if (this.#sendsAtOnce) this.leave({ status: 200 });
    else this.#safely(() => this.#stay());
  };

  another = (): Interaction => {
    const other = new ReportedInteraction(
      this.#reporter,
      this.#ctx,
      this.#request,
      this.#sendsAtOnce,
    );
    if (!this.#sendsAtOnce) this.#others.push(other);
    return other;
  };

  /** Whether there is something to send when the request ends. */
  get isOpen(): boolean {
    return this.#isOpen || this.#others.some((other) => other.isOpen);
  }

  get #isOpen(): boolean {
    return !this.#hasLeft && (this.#question ?? this.#outcome) !== undefined;
  }

  /** Sends the response event, the first time; those of the other interactions too. */
  leave(end: RequestEnd): void {
    this.#safely(() => {
      for (const other of this.#others) other.leave(end);
      // What is asked from now on was begun by hand.
      this.#sendsAtOnce = true;
      if (!this.#isOpen) return;
      this.#hasLeft = true;
      this.#answerIsThere?.();
      this.#later(this.#answerEvent(end));
      this.#release?.();
    });
  }

  #answerEvent(end: RequestEnd): ResponseEvent {
    const now = Date.now();
    const { cacheHit } = this.#details;
    const metadata = {
      ...(this.#question?.metadata ?? visitor(this.#request)),
      ...this.#details.metadata,
      ...(end !== "threw" && end.cancelled && { cancelled: true }),
    };
    return {
      eventType: "response",
      requestId: this.requestId,
      timestamp: now,
      outcome: this.#outcomeAt(end),
      ...answerFields(this.#details),
      ...this.#question,
      performance: {
        totalTime: now - this.#began,
        ...this.#times,
        ...(typeof cacheHit === "boolean" && { cacheHit }),
      },
      ...(Object.keys(metadata).length > 0 && { metadata }),
    };
  }

  #outcomeAt(end: RequestEnd): Outcome {
    const said = this.#outcome;
    if (said && (end !== "threw" || REASONS.includes(said))) return said;
    if (this.#llmFailed) return "ai_error";
    if (end === "threw") return "error";
    const { status } = end;
    if (status < 400) return this.#details.matchType === "none" ? "no_match" : "answered";
    if (status >= 500) return "error";
    return status === 402 || status === 429 ? "quota" : "blocked";
  }

  /**
   * Hands the sending to the runtime, which does not wait with the answer for it. It begins in the
   * next turn: signing takes the processor for a while, and the handler and its answer go first.
   */
  #later(event: AnalyticsEvent): void {
    const { enabled, together, send } = this.#reporter;
    if (!enabled) return;
    const isHeld = event.eventType === "query" && together > 0;
    const turn = new Promise<void>((resolve) => {
      setTimeout(resolve, isHeld ? together : 0);
      if (isHeld) this.#answerIsThere = resolve;
    });
    const sent = turn.then(() => (isHeld && this.#hasLeft ? undefined : send(event)));
    this.#ctx.waitUntil(sent);
  }

  /**
   * Keeps the request alive until its end is seen: a visitor who leaves cancels all that was not
   * handed to `waitUntil`, the handler too.
   */
  #stay(): void {
    if (this.#release || this.#sendsAtOnce || !this.#reporter.enabled) return;
    const end = new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    this.#ctx.waitUntil(end);
  }

  /** What reports must never harm the handler that calls it. */
  #safely(work: () => void): void {
    try {
      work();
    } catch {
      this.#reporter.log("an event may be lost: waitUntil or a value failed");
    }
  }
}

function visitor(request: Request | undefined): Metadata {
  const headers = request?.headers;
  const userAgent = headers?.get("user-agent");
  const referer = headers?.get("referer");
  return {
    ...(userAgent && { userAgent: cut(userAgent, 500) }),
    ...(referer && { referer: cut(referer, 500) }),
  };
}
