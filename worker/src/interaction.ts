/** One question and its answer, as a handler reports them. */

import type { AnswerDetails, Outcome, QuestionDetails } from "./event.ts";

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
   * as you have the question, also where you will refuse it. The first call counts.
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
