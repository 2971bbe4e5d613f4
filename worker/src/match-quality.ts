/** How well the model says that it could answer: what to ask of it, and what it returns. */

import type { Match } from "./model-output.ts";

export {
  type JsonSchema,
  MATCH_QUALITY_PROMPT,
  type MatchQualityOptions,
  matchQualityPrompt,
  matchQualitySchema,
  openAiResponseFormat,
  workersAiResponseFormat,
} from "./match-quality-prompt.ts";
export { type Match, type ModelAnswer, parseMatchQuality } from "./model-output.ts";
export type { Tolerated } from "./named-fields.ts";
export {
  type CallModel,
  type ModelInput,
  ModelStatusError,
  type RunAnswer,
  type RunOptions,
  runWithMatchQuality,
  type WorkersAi,
} from "./run-with-match-quality.ts";

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
export function matchFromSimilarity(
  scores: readonly number[],
  { full = 0.75, partial = 0.5 }: SimilarityThresholds = {},
): Match {
  const best = Math.max(0, ...scores.filter(Number.isFinite));
  return {
    matchType: best >= full ? "full" : best >= partial ? "partial" : "none",
    matchScore: Math.round(Math.min(1, best) * 10_000) / 100,
    metadata: { matchSource: "similarity" },
  };
}
