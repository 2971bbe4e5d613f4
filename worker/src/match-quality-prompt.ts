/** What is asked of a model about the match: in words, and as a schema. */

import { OTHER_TOPIC, TOPICS } from "./topics.ts";

/** What is asked of the model. */
export interface MatchQualityOptions {
  /** Whether the model says why; `false` saves the tokens. `true` by default. */
  reasoning?: boolean;
}

/** {@link MATCH_QUALITY_PROMPT}, or the one that asks for no reasoning. */
export function matchQualityPrompt({ reasoning = true }: MatchQualityOptions = {}): string {
  return `Return one JSON object and nothing else, no code fence, in this order:
{"answer": "…", "matchQuality": {"type": "partial", "coverage": 70, "confidence": 0.9, ${
    reasoning ? '"reasoning": "…", ' : ""
  }"matchedSkills": ["…"], "missingSkills": ["…"], "topic": "${OTHER_TOPIC}", "topicPhrase": "…"}}
- answer: what the visitor reads. It never mentions matchQuality.
- type: how well the CV covers the question. "full": everything that was asked for is in it; "partial": a part is; "none": nothing is.
- coverage: from 0 to 100, how much of what was asked the CV covers: 100 for "full", 0 for "none".
- confidence: from 0 to 1, how sure you are of type and coverage. You can be sure of "none".${
    reasoning ? "\n- reasoning: one short sentence, why it is that type." : ""
  }
- matchedSkills: skills that were asked about and are in the CV. missingSkills: skills that were asked about and are not. Short names, such as "Kubernetes"; empty lists where there are none.
- topic: what the question is about, one of: ${TOPICS.join(", ")}; "${OTHER_TOPIC}" if none of them fits.
- topicPhrase: if topic is "${OTHER_TOPIC}", what the question is about in at most three of its words; else "".`;
}

/** The part of a system prompt that asks for `{ answer, matchQuality }`. */
export const MATCH_QUALITY_PROMPT: string = matchQualityPrompt();

/** A JSON schema, as plain data. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** The JSON schema of what the model returns. */
export function matchQualitySchema({ reasoning = true }: MatchQualityOptions = {}): JsonSchema {
  const skills = { type: "array", items: { type: "string" } };
  // What the visitor reads comes first: it is there where the output is cut off.
  return closedObject({
    answer: { type: "string" },
    matchQuality: closedObject({
      type: { type: "string", enum: ["full", "partial", "none"] },
      coverage: { type: "integer" },
      confidence: { type: "number" },
      ...(reasoning && { reasoning: { type: "string" } }),
      matchedSkills: skills,
      missingSkills: skills,
      topic: { type: "string", enum: [...TOPICS, OTHER_TOPIC] },
      topicPhrase: { type: "string" },
    }),
  });
}

/** As the strict mode of OpenAI wants it: all required, nothing besides. */
function closedObject(properties: Record<string, unknown>): JsonSchema {
  const required = Object.keys(properties);
  return { type: "object", properties, required, additionalProperties: false };
}

/** `response_format` of Workers AI. */
export function workersAiResponseFormat(options?: MatchQualityOptions): {
  type: "json_schema";
  json_schema: JsonSchema;
} {
  return { type: "json_schema", json_schema: matchQualitySchema(options) };
}

/** `response_format` of OpenAI and of what is compatible with it. */
export function openAiResponseFormat(options?: MatchQualityOptions): {
  type: "json_schema";
  json_schema: { name: string; strict: true; schema: JsonSchema };
} {
  const schema = matchQualitySchema(options);
  return { type: "json_schema", json_schema: { name: "match_quality", strict: true, schema } };
}
