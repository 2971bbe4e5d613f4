/**
 * How well the model says that it could answer: what to ask of it, and how to read what it returns.
 */

import type { MatchType } from "./event.ts";

/** What is asked of the model. */
export interface MatchQualityOptions {
  /** Whether the model says why; `false` saves the tokens. `true` by default. */
  reasoning?: boolean;
}

/** The part of a system prompt that asks for `{ answer, matchQuality }`. */
export declare const MATCH_QUALITY_PROMPT: string;

/** {@link MATCH_QUALITY_PROMPT}, or the one that asks for no reasoning. */
export declare function matchQualityPrompt(options?: MatchQualityOptions): string;

/** A JSON schema, as plain data. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** The JSON schema of what the model returns. */
export declare function matchQualitySchema(options?: MatchQualityOptions): JsonSchema;

/** `response_format` of Workers AI. */
export declare function workersAiResponseFormat(options?: MatchQualityOptions): {
  type: "json_schema";
  json_schema: JsonSchema;
};

/** `response_format` of OpenAI and of what is compatible with it. */
export declare function openAiResponseFormat(options?: MatchQualityOptions): {
  type: "json_schema";
  json_schema: { name: string; strict: true; schema: JsonSchema };
};

/** How well the answer fits, in the form that `interaction.answered(…)` takes. */
export interface Match {
  matchType: MatchType;
  /** 0 to 100. */
  matchScore?: number;
  reasoning?: string;
  matchedSkills?: readonly string[];
  missingSkills?: readonly string[];
  metadata: {
    /** Who judged: the model itself, or the similarity of vectors in its place. */
    matchSource: "model" | "similarity";
    /** What had to be tolerated in the model's output, as codes. */
    tolerated?: readonly string[];
  };
}

/** What the model returned, read. */
export interface ModelAnswer {
  /** What the visitor is shown: never empty, never JSON. */
  answer: string;
  /** What the model said of the match; absent where it said nothing that can be read. */
  match?: Match;
  /** What had to be tolerated, as codes. */
  tolerated: readonly string[];
}

/**
 * Reads what a model returned: text, an object (Workers AI returns one in JSON mode), or the whole
 * result of Workers AI or of an OpenAI-compatible endpoint. Never throws.
 *
 * @param fallback what the visitor is shown where the output holds no answer
 */
export declare function parseMatchQuality(output: unknown, fallback?: string): ModelAnswer;

/** From which similarity on a match is full, and from which it is partial. */
export interface SimilarityThresholds {
  full?: number;
  partial?: number;
}

/**
 * A match judged by the best of the retrieval's similarities (cosine, 0 to 1), for where the model
 * said nothing. It is a fallback and says so (`metadata.matchSource: "similarity"`): similar text is
 * not yet an answer, and scales differ between embedding models. Thresholds: 0.75 and 0.5.
 */
export declare function matchFromSimilarity(
  scores: readonly number[],
  thresholds?: SimilarityThresholds,
): Match;
