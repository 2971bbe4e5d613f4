/** The events of an interaction, and how they become the body of a message. */

import { OTHER_TOPIC } from "./topics.ts";

/** How well what the agent knows covers the question. */
export type MatchType = "full" | "partial" | "none";

/** How the agent's handling ended. */
export type Outcome =
  | "answered"
  | "no_match"
  | "blocked"
  | "off_hours"
  | "quota"
  | "ai_error"
  | "error";

/** The visitor's judgement of an answer. */
export type Rating = "up" | "down";

/** What a handler can say of a question besides its text. */
export interface QuestionDetails {
  /** The visitor's session. The intake keeps a keyed hash of it. */
  sessionId?: string | null | undefined;
  /**
   * Joins the two halves: 1 to 119 visible ASCII characters, not beginning with `cv-analytics:`.
   * A random UUID where it is absent or breaks the rule.
   */
  requestId?: string | null | undefined;
  /** Whatever you want to keep with the question; `traffic: "own"` leaves it out of reports. */
  metadata?: Metadata | null | undefined;
}

/**
 * What a handler can say of an answer. Everything may be left out. `null` and `undefined` say
 * nothing: what was noted before stays.
 */
export interface AnswerDetails {
  /**
   * Sent only if the outcome is `answered` or `no_match`, as are score, confidence, skills and topic.
   */
  matchType?: MatchType | null | undefined;
  /** 0 to 100. */
  matchScore?: number | null | undefined;
  /** 0 to 1: how sure the model is of its rating. Never a score. */
  confidence?: number | null | undefined;
  /** Why it is that match; kept to 500 characters. */
  reasoning?: string | null | undefined;
  matchedSkills?: readonly string[] | null | undefined;
  missingSkills?: readonly string[] | null | undefined;
  /** What the question is about; kept to 200 characters. */
  topic?: string | null | undefined;
  /** Sent as the topic if that is `other` or absent. */
  topicPhrase?: string | null | undefined;
  /** What the visitor read, if you want it kept; kept to 2,000 characters. */
  answer?: string | null | undefined;
  /** How many pieces the retrieval found. */
  vectorMatches?: number | null | undefined;
  /** Whether the answer came out of a cache. */
  cacheHit?: boolean | null | undefined;
  model?: string | null | undefined;
  /** Tokens used, in and out. */
  tokens?: number | null | undefined;
  /** Whatever you want to keep with the answer; merged with what was noted before. */
  metadata?: Metadata | null | undefined;
}

/** What a visitor can say with a rating. */
export interface FeedbackDetails {
  /** The visitor's own words; kept to 500 characters. */
  comment?: string | null | undefined;
}

/** Fields that the product keeps and does not interpret. */
export type Metadata = Readonly<Record<string, unknown>>;

/** What was asked. */
export interface QueryEvent {
  eventType: "query";
  requestId: string;
  /** Milliseconds since 1970. */
  timestamp: number;
  query: string;
  sessionId?: string;
  metadata?: Metadata;
}

/** How it was handled. With `query` and `queryTimestamp` it makes the complete record by itself. */
export interface ResponseEvent {
  eventType: "response";
  requestId: string;
  /** Milliseconds since 1970. */
  timestamp: number;
  outcome: Outcome;
  matchType?: MatchType;
  matchScore?: number;
  confidence?: number;
  reasoning?: string;
  matchedSkills?: readonly string[];
  missingSkills?: readonly string[];
  topic?: string;
  answer?: string;
  vectorMatches?: number;
  query?: string;
  queryTimestamp?: number;
  sessionId?: string;
  /** Milliseconds; a part that was not timed is absent. */
  performance?: {
    totalTime?: number;
    llmTime?: number;
    retrievalTime?: number;
    cacheHit?: boolean;
  };
  model?: string;
  tokens?: number;
  metadata?: Metadata;
}

/** What the visitor thought of the answer to `requestId`. Of several the latest counts. */
export interface FeedbackEvent {
  eventType: "feedback";
  requestId: string;
  /** Milliseconds since 1970. */
  timestamp: number;
  rating: Rating;
  comment?: string;
}

/** One message of the queue. */
export type AnalyticsEvent = QueryEvent | ResponseEvent | FeedbackEvent;

/**
 * Twice what the core keeps: the core takes personal data out before it cuts, so that no half of an
 * address stays at the end, and it notes that it cut.
 */
export const MAX_QUESTION_CHARACTERS = 4_000;
/** Of a reasoning, and of a visitor's comment. */
const MAX_REASONING_CHARACTERS = 1_000;
const MAX_ANSWER_CHARACTERS = 4_000;
const MAX_NAME_CHARACTERS = 200;
const MAX_NAMES = 50;
/** With any escapes and encoding under the core's 256 KiB, and so under the queue's 1 MiB. */
const MAX_BODY_UNITS = 60_000;

const MATCH_TYPES: readonly unknown[] = ["full", "partial", "none"] satisfies MatchType[];
/** Outcomes that a later exception does not change: the handler had named the reason. */
export const REASONS: readonly unknown[] = [
  "blocked",
  "off_hours",
  "quota",
  "ai_error",
] satisfies Outcome[];
const OUTCOMES: readonly unknown[] = ["answered", "no_match", ...REASONS, "error"];

/** Whether it is an outcome, for callers without types. */
export function isOutcome(value: unknown): value is Outcome {
  return OUTCOMES.includes(value);
}

/** A text of it. A visitor may have sent an object, whose own `toString` must not be called. */
export function textOf(value: unknown, characters: number): string {
  return cut(typeof value === "object" ? "" : String(value ?? ""), characters);
}

/** The fields to keep. From plain JavaScript it may be anything: what is not an object has none. */
export function metadataOf(value: unknown): Metadata {
  return typeof value === "object" && !Array.isArray(value) ? { ...value } : {};
}

/** Whether the queue and the intake take the text as `requestId`. */
export function isRequestId(text: unknown): text is string {
  return typeof text === "string" && /^(?!cv-analytics:)[!-~]{1,119}$/.test(text);
}

/** The visitor's rating as an event; none if the intake would refuse it. */
export function feedbackEvent(
  requestId: string,
  rating: Rating,
  details?: FeedbackDetails | null,
): FeedbackEvent | undefined {
  if (!isRequestId(requestId) || !isRating(rating)) return undefined;
  const comment = textOf(details?.comment, MAX_REASONING_CHARACTERS);
  const timestamp = Date.now();
  return { eventType: "feedback", requestId, timestamp, rating, ...(comment && { comment }) };
}

/** Whether it is a rating, for callers without types. */
export function isRating(value: unknown): value is Rating {
  return value === "up" || value === "down";
}

/**
 * The fields of a response event that an answer gives; what would be refused is left out, and so is
 * a match where nobody was answered or that contradicts the outcome.
 */
export function answerFields(details: AnswerDetails, outcome: Outcome): Partial<ResponseEvent> {
  const { matchType, matchScore } = details;
  const topic = optionalText(details.topic, MAX_NAME_CHARACTERS);
  const isNamed = topic && topic !== OTHER_TOPIC;
  const isMatch =
    outcome === "answered" || (outcome === "no_match" && (matchType ?? "none") === "none");
  // JSON leaves out what is undefined.
  return {
    ...(isMatch && {
      matchType: MATCH_TYPES.includes(matchType) ? matchType : undefined,
      matchScore: optionalNumber(matchScore) && Math.min(100, Math.max(0, matchScore as number)),
      matchedSkills: names(details.matchedSkills),
      missingSkills: names(details.missingSkills),
      confidence: optionalNumber(details.confidence),
      topic: isNamed ? topic : optionalText(details.topicPhrase, MAX_NAME_CHARACTERS) || topic,
    }),
    reasoning: optionalText(details.reasoning, MAX_REASONING_CHARACTERS),
    answer: optionalText(details.answer, MAX_ANSWER_CHARACTERS),
    vectorMatches: optionalNumber(details.vectorMatches),
    model: optionalText(details.model, MAX_NAME_CHARACTERS),
    tokens: optionalNumber(details.tokens),
  } as Partial<ResponseEvent>;
}

/**
 * The message's body. SQS refuses U+FFFE and U+FFFF, which JSON leaves as they are; metadata that is
 * no JSON or too long is left out but for `traffic`, and the event says so.
 */
export function messageBody(event: AnalyticsEvent): string {
  let body: string | undefined;
  try {
    body = JSON.stringify(event);
  } catch {
    // A circle or a BigInt in the metadata.
  }
  if (body === undefined || body.length > MAX_BODY_UNITS) {
    const metadata = {
      traffic: textOf((event as QueryEvent).metadata?.["traffic"], 9) || undefined,
      left_out: body ? "too_long" : "not_json",
    };
    body = JSON.stringify({ ...event, metadata });
  }
  return body.replace(/[\uFFFE\uFFFF]/g, "\uFFFD");
}

/** At most so many characters (code points, as the core counts), none of them half a pair. */
export function cut(text: string, characters: number): string {
  // A code point has at most two units: what lies beyond need not be looked at.
  const enough = text.slice(0, 2 * characters).toWellFormed();
  return Array.from(enough).slice(0, characters).join("");
}

function names(list: unknown): string[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const texts = list.filter((name) => typeof name === "string");
  return texts.slice(0, MAX_NAMES).map((name) => cut(name, MAX_NAME_CHARACTERS));
}

function optionalText(value: unknown, characters: number): string | undefined {
  return typeof value === "string" ? cut(value, characters) : undefined;
}

function optionalNumber(value: unknown): number | undefined {
  return Number.isFinite(value) ? (value as number) : undefined;
}
