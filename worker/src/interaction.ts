/** One question and its answer, as a handler reports them. */

import {
  type AnalyticsEvent,
  type AnswerDetails,
  answerFields,
  cut,
  type FeedbackDetails,
  feedbackEvent,
  isOutcome,
  isRequestId,
  MAX_QUESTION_CHARACTERS,
  type Metadata,
  metadataOf,
  type Outcome,
  type QuestionDetails,
  type Rating,
  REASONS,
  type ResponseEvent,
  textOf,
} from "./event.ts";
import type { Sent } from "./queue-client.ts";

/** A part of the work whose time is reported by itself. */
export type TimedPart = "llm" | "retrieval";

/**
 * What a handler says about one question. No call throws, waits, or reads the visitor's body.
 *
 * Nothing is sent before {@link asked}, {@link ended} or {@link feedback} was called: a page or a
 * health check costs nothing.
 */
export interface Interaction {
  /** Joins the two halves. Set anew by `asked(…, { requestId })`. */
  readonly requestId: string;

  /**
   * Says what the visitor asked: the query event leaves at once, beside your work. Call it as soon
   * as you have the question, also where you will refuse it, and before you return the answer. A
   * blank question counts as none: nothing is sent, with a line in the log.
   *
   * One interaction is one question. Another one, asked here instead of on {@link another}, is left
   * out with a line in the log, and so is all that is said after it: the first question keeps its
   * outcome.
   */
  asked(question: string, details?: QuestionDetails | null): void;

  /**
   * Does a part of the work and times it; several times of one part add up. An exception passes
   * through as it is. The outcome is `ai_error` where the last `llm` part failed and nothing else
   * was said.
   */
  timed<T>(part: TimedPart, work: () => T | PromiseLike<T>): Promise<T>;

  /** Notes details as they become known, without saying how it ended. */
  noted(details: AnswerDetails | null | undefined): void;

  /** Says that the visitor gets an answer: `answered`, or `no_match` where `matchType` is `none`. */
  answered(details?: AnswerDetails | null): void;

  /** Says how it ended otherwise. The last word counts until the response event leaves. */
  ended(outcome: Outcome, details?: AnswerDetails | null): void;

  /**
   * Waits with the response event for a judgement that comes after the answer's last byte: at most
   * 10 s, while the visitor has the answer already. Call it before the answer ends. What the promise
   * gives is noted; where it rejects or comes later, the event goes without, and a line in the log
   * says so.
   */
  judgedBy(match: PromiseLike<AnswerDetails | null | undefined>): void;

  /**
   * Sends a visitor's rating of an earlier answer. Only for a `requestId` that your code knows to
   * be its own: for one that comes from a page, use the tokens of `@cv-analytics/worker/feedback`.
   */
  feedback(requestId: string, rating: Rating, details?: FeedbackDetails | null): void;

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

/** What was asked, as both events carry it. */
interface Question {
  query: string;
  queryTimestamp: number;
  sessionId?: string;
  metadata?: Metadata;
}

/** How long a judgement is waited for: `waitUntil` ends 30 s after the answer, and sending takes time. */
const MAX_JUDGEMENT_MILLISECONDS = 10_000;

const TOO_LATE =
  "too late, the response event was sent: report it before the answer ends, or use judgedBy()";

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
  /** Whether nothing was asked but blanks, which the intake would refuse. */
  #isBlank = false;
  #outcome: Outcome | undefined;
  #details: AnswerDetails = {};
  #times: { [part in `${TimedPart}Time`]?: number } = {};
  #llmFailed = false;
  /** Whether the answer has ended. */
  #hasLeft = false;
  /** Whether the response event is on its way. */
  #hasGone = false;
  /** Whether nothing that is said counts any more. */
  #isFinal = false;
  /** Done when all judgements are there. */
  #judged: Promise<unknown> | undefined;
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
  asked = (question: string, details?: QuestionDetails | null): void => {
    this.#safely(() => {
      const query = textOf(question, MAX_QUESTION_CHARACTERS);
      if (this.#question || this.#hasLeft) {
        // Two layers of an agent may both say what was asked.
        if (query === this.#question?.query && !this.#outcome) return;
        this.#isFinal = true;
        this.#reporter.log("ignored a second asked() and what follows it: use another()");
        return;
      }
      this.#isBlank = !/[^\s\x85]/.test(query);
      if (this.#isBlank) {
        this.#reporter.log("missing question: nothing is sent");
        return;
      }
      const { requestId, sessionId: session, metadata: more } = details ?? {};
      if (isRequestId(requestId)) this.requestId = requestId;
      else if (requestId != null) this.#reporter.log("invalid requestId: replaced by a new one");
      const metadata = { ...visitor(this.#request), ...metadataOf(more) };
      const sessionId = textOf(session, 256);
      this.#question = {
        query,
        queryTimestamp: Date.now(),
        ...(sessionId && { sessionId }),
        ...unlessEmpty(metadata),
      };
      const { queryTimestamp: timestamp, ...rest } = this.#question;
      const event = { eventType: "query", requestId: this.requestId, timestamp, ...rest } as const;
      this.#later(event, this.#reporter.together);
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
      // A model that judges the answer afterwards does not count.
      if (!this.#hasLeft && !this.#isFinal) {
        const time = `${part}Time` as const;
        this.#times[time] = (this.#times[time] ?? 0) + Date.now() - began;
        if (part === "llm") this.#llmFailed = failed;
      }
    }
  };

  noted = (details?: AnswerDetails | null): void => {
    this.#note(details);
  };

  answered = (details?: AnswerDetails | null): void => {
    this.ended("answered", details);
  };

  ended = (outcome: Outcome, details?: AnswerDetails | null): void => {
    if (!this.#note(details)) return;
    this.#outcome = isOutcome(outcome) ? outcome : "error";
    if (this.#outcome !== outcome) this.#reporter.log("unknown outcome: reported as error");
    if (this.#sendsAtOnce) this.leave(200);
    else this.#safely(() => this.#stay());
  };

  judgedBy = (match: PromiseLike<AnswerDetails | null | undefined>): void => {
    // Where it is too late that is said now: the request may end before the judgement comes.
    const isInTime = this.#note(undefined);
    const judged = (async () => {
      try {
        // Without types it may be a function that gives the promise.
        const given = match as typeof match | (() => typeof match);
        const details = await (typeof given === "function" ? given() : given);
        if (isInTime && !this.#hasGone) this.#note(details, false);
      } catch {
        this.#reporter.log("missing judgement: the promise given to judgedBy() was rejected");
      }
    })();
    this.#judged = Promise.all([this.#judged, judged]);
  };

  feedback = (requestId: string, rating: Rating, details?: FeedbackDetails | null): void => {
    this.#safely(() => {
      const event = feedbackEvent(requestId, rating, details);
      if (event) this.#later(event);
      else this.#reporter.log("invalid requestId or rating: the feedback was not sent");
    });
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
    const isSaid = this.#question ?? (!this.#isBlank && this.#outcome);
    return this.#reporter.enabled && !this.#hasLeft && !!isSaid;
  }

  /**
   * Sends the response event, the first time; those of the other interactions too.
   *
   * @param status of the visitor's response; none where the handler or its stream threw
   */
  leave(status?: number, cancelled?: boolean): void {
    this.#safely(() => {
      for (const other of this.#others) other.leave(status, cancelled);
      // What is asked from now on was begun by hand.
      this.#sendsAtOnce = true;
      if (!this.#isOpen) return this.#release?.();
      this.#hasLeft = true;
      const now = Date.now();
      const answer = () =>
        this.#safely(() => {
          this.#hasGone = this.#isFinal = true;
          this.#answerIsThere?.();
          this.#later(this.#answerEvent(now, status, cancelled));
        });
      const held = this.#judged && this.#judgement().then(answer);
      if (held) this.#ctx.waitUntil(held);
      else answer();
      this.#release?.();
    });
  }

  /** Ends with the judgements, or when they took too long. */
  #judgement(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#reporter.log("missing judgement: judgedBy() waits for 10 s after the answer");
        resolve();
      }, MAX_JUDGEMENT_MILLISECONDS);
      this.#judged?.then(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Adds details; says whether they still count. */
  #note(details: AnswerDetails | null | undefined, isLate = this.#isFinal): boolean {
    this.#safely(() => {
      if (isLate) {
        // Said after a second question it has its line already.
        if (this.#hasGone) this.#reporter.log(TOO_LATE);
        return;
      }
      const all = this.#details as Record<string, unknown>;
      const metadata = { ...this.#details.metadata, ...metadataOf(details?.metadata) };
      for (const [name, value] of Object.entries(details ?? {})) all[name] = value ?? all[name];
      all["metadata"] = metadata;
    });
    return !isLate;
  }

  #answerEvent(now: number, status?: number, cancelled?: boolean): ResponseEvent {
    const outcome = this.#outcomeAt(status);
    const { cacheHit } = this.#details;
    const metadata = {
      ...(this.#question?.metadata ?? visitor(this.#request)),
      ...this.#details.metadata,
      ...(cancelled && { cancelled }),
    };
    return {
      eventType: "response",
      requestId: this.requestId,
      timestamp: now,
      outcome,
      ...answerFields(this.#details, outcome),
      ...this.#question,
      performance: {
        totalTime: now - this.#began,
        ...this.#times,
        ...(typeof cacheHit === "boolean" && { cacheHit }),
      },
      ...unlessEmpty(metadata),
    };
  }

  #outcomeAt(status: number | undefined): Outcome {
    const said = this.#outcome;
    let outcome = this.#llmFailed ? "ai_error" : outcomeOf(status);
    if (said && (status || REASONS.includes(said))) outcome = said;
    return outcome === "answered" && this.#details.matchType === "none" ? "no_match" : outcome;
  }

  /**
   * Hands the sending to the runtime, which does not wait with the answer for it. It begins in the
   * next turn: signing takes the processor for a while, and the handler and its answer go first.
   */
  #later(event: AnalyticsEvent, held = 0): void {
    const { enabled, send } = this.#reporter;
    if (!enabled) return;
    const turn = new Promise<boolean>((resolve) => {
      setTimeout(() => resolve(true), held);
      if (held) this.#answerIsThere = () => resolve(false);
    });
    // Begun before `waitUntil` is looked for: it may be missing.
    const sent = turn.then((isDue): unknown => isDue && send(event));
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
      this.#reporter.log("an event may be lost: waitUntil() or a value in the details threw");
    }
  }
}

function outcomeOf(status = 500): Outcome {
  if (status < 400) return "answered";
  if (status >= 500) return "error";
  return status === 402 || status === 429 ? "quota" : "blocked";
}

function unlessEmpty(metadata: Metadata): { metadata?: Metadata } {
  return Object.keys(metadata).length > 0 ? { metadata } : {};
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
