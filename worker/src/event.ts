/** The two events of an interaction, and how they become the body of a message. */

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

/** What a handler can say of a question besides its text. */
export interface QuestionDetails {
  /** The visitor's session. The intake keeps a keyed hash of it. */
  sessionId?: string | undefined;
  /**
   * Joins the two halves: 1 to 119 visible ASCII characters, not beginning with `cv-analytics:`.
   * A random UUID where it is absent or breaks the rule.
   */
  requestId?: string | undefined;
  /** Whatever you want to keep with the question; `traffic: "own"` leaves it out of reports. */
  metadata?: Metadata | undefined;
}

/** What a handler can say of an answer. Everything may be left out. */
export interface AnswerDetails {
  matchType?: MatchType | undefined;
  /** 0 to 100. */
  matchScore?: number | undefined;
  /** 0 to 1: how sure the model is of its rating. Never a score. */
  confidence?: number | undefined;
  /** Why it is that match; kept to 500 characters. */
  reasoning?: string | undefined;
  matchedSkills?: readonly string[] | undefined;
  missingSkills?: readonly string[] | undefined;
  /** What the question is about; kept to 200 characters. */
  topic?: string | undefined;
  /** How many pieces the retrieval found. */
  vectorMatches?: number | undefined;
  /** Whether the answer came out of a cache. */
  cacheHit?: boolean | undefined;
  model?: string | undefined;
  /** Tokens used, in and out. */
  tokens?: number | undefined;
  /** Whatever you want to keep with the answer; merged with what was noted before. */
  metadata?: Metadata | undefined;
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

/** How it was handled. With `query` and `queryTimestamp` it is the whole record alone. */
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

/** One message of the queue. */
export type AnalyticsEvent = QueryEvent | ResponseEvent;

/**
 * Twice what the core keeps: the core takes personal data out before it cuts, so that no half of an
 * address stays at the end, and it notes that it cut.
 */
export const QUESTION_CHARACTERS = 4_000;
const REASONING_CHARACTERS = 1_000;
const NAME_CHARACTERS = 200;
const NAMES = 50;
/** With any escapes and encoding under the core's 256 KiB, and so under the queue's 1 MiB. */
const BODY_UNITS = 60_000;

const MATCH_TYPES: readonly unknown[] = ["full", "partial", "none"] satisfies MatchType[];
const OUTCOMES: readonly unknown[] = [
  "answered",
  "no_match",
  "blocked",
  "off_hours",
  "quota",
  "ai_error",
  "error",
] satisfies Outcome[];

/** Whether it is an outcome, for callers without types. */
export function isOutcome(value: unknown): value is Outcome {
  return OUTCOMES.includes(value);
}

/** A text of it. A visitor may have sent an object, whose own `toString` must not be called. */
export function textOf(value: unknown, characters: number): string {
  return cut(typeof value === "object" ? "" : String(value ?? ""), characters);
}

/** Whether the queue and the intake take the text as `requestId`. */
export function isRequestId(text: unknown): text is string {
  return typeof text === "string" && /^(?!cv-analytics:)[!-~]{1,119}$/.test(text);
}

/** The fields of a response event that an answer gives; what would be refused is left out. */
export function answerFields(
  details: AnswerDetails,
): Omit<ResponseEvent, "eventType" | "requestId" | "timestamp" | "outcome" | "performance"> {
  const {
    matchType,
    matchScore,
    confidence,
    reasoning,
    matchedSkills,
    missingSkills,
    topic,
    model,
  } = details;
  return {
    ...(MATCH_TYPES.includes(matchType) && { matchType: matchType as MatchType }),
    ...(isNumber(matchScore) && { matchScore: Math.min(100, Math.max(0, matchScore)) }),
    ...(isNumber(confidence) && { confidence }),
    ...(typeof reasoning === "string" && { reasoning: cut(reasoning, REASONING_CHARACTERS) }),
    ...(Array.isArray(matchedSkills) && { matchedSkills: names(matchedSkills) }),
    ...(Array.isArray(missingSkills) && { missingSkills: names(missingSkills) }),
    ...(typeof topic === "string" && { topic: cut(topic, NAME_CHARACTERS) }),
    ...(isNumber(details.vectorMatches) && { vectorMatches: details.vectorMatches }),
    ...(typeof model === "string" && { model: cut(model, NAME_CHARACTERS) }),
    ...(isNumber(details.tokens) && { tokens: details.tokens }),
  };
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
  if (body === undefined || body.length > BODY_UNITS) {
    const metadata = {
      traffic: textOf(event.metadata?.["traffic"], 9) || undefined,
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

function names(list: readonly unknown[]): string[] {
  const texts = list.filter((name) => typeof name === "string");
  return texts.slice(0, NAMES).map((name) => cut(name, NAME_CHARACTERS));
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}
