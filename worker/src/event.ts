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
  /** Why it is that match; kept to 500 characters. */
  reasoning?: string | undefined;
  matchedSkills?: readonly string[] | undefined;
  missingSkills?: readonly string[] | undefined;
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
  reasoning?: string;
  matchedSkills?: readonly string[];
  missingSkills?: readonly string[];
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
