/** The fields of what was asked for, by whatever names a model gives them. */

import type { MatchType } from "./event.ts";

/** What had to be tolerated in a model's output. */
export type Tolerated =
  /** The model's thoughts came before its answer. */
  | "thoughts"
  /** There was something round the JSON: prose, a code fence, marks of the chat's template. */
  | "around"
  /** It was not JSON: quotes, commas, comments. */
  | "repaired"
  /** It was cut off before its end. */
  | "cut_off"
  /** JSON lay within a text of JSON, or in a list. */
  | "nested"
  /** Fields had other names, or lay elsewhere, or were lines or tags instead of JSON. */
  | "names"
  /** The type was another word than `full`, `partial` or `none`. */
  | "type"
  /** A coverage or confidence was a text, on another scale, or contradicted the type. */
  | "number"
  /** Skills were no list of texts. */
  | "skills"
  /** The model wrote prose and said nothing of the match. */
  | "prose"
  /** There was no answer, and the visitor is shown the fallback. */
  | "no_answer";

/** An object of a model's making. */
export type Fields = Record<string, unknown>;

/** Names of the answer, the likeliest first. */
export const ANSWER_NAMES = [
  "answer",
  "finalanswer",
  "answertext",
  "response",
  "reply",
  "text",
  "message",
  "content",
];
/** Those of them that nothing else has. */
export const CERTAIN_ANSWER_NAMES = ANSWER_NAMES.slice(0, 3);
export const TYPE_NAMES = ["type", "matchtype", "level"];
export const QUALITY_NAMES = ["matchquality", "match", "quality"];
export const COVERAGE_NAMES = ["coverage", "matchscore", "coveragescore", "score"];
export const CONFIDENCE_NAMES = ["confidence", "certainty"];
export const REASONING_NAMES = ["reasoning", "reason", "explanation", "rationale"];
export const MATCHED_NAMES = ["matchedskills", "skillsmatched"];
export const MISSING_NAMES = ["missingskills", "skillsmissing", "missingconcepts"];
export const TOPIC_NAMES = ["topic"];
export const PHRASE_NAMES = ["topicphrase"];
/** What only a judgement has beside its type. */
const JUDGEMENT_NAMES = [
  ...COVERAGE_NAMES,
  ...CONFIDENCE_NAMES,
  ...MATCHED_NAMES,
  ...MISSING_NAMES,
];

/** Whether a field is one of a judgement. */
export function isOfJudgement(name: string): boolean {
  return [
    ...QUALITY_NAMES,
    ...TYPE_NAMES,
    ...JUDGEMENT_NAMES,
    ...REASONING_NAMES,
    ...TOPIC_NAMES,
    ...PHRASE_NAMES,
  ].includes(folded(name));
}

/** A name in any spelling: `match_quality` is `matchQuality`. */
export function folded(name: string): string {
  return name.replace(/[\s_-]/g, "").toLowerCase();
}

/** A field by one of its names. */
function field(fields: Fields, names: readonly string[]): [value: unknown, isExact: boolean] {
  for (const name of names) {
    for (const [key, value] of Object.entries(fields)) {
      if (folded(key) === name) {
        return [value, name === names[0] && /^[a-z]+([A-Z][a-z]+)*$/.test(key)];
      }
    }
  }
  return [undefined, true];
}

export function named(
  fields: Fields,
  names: readonly string[],
  tolerated: Set<Tolerated>,
): unknown {
  const [value, isExact] = field(fields, names);
  if (!isExact) tolerated.add("names");
  return value;
}

export function isKnown(fields: Fields, names: readonly string[]): boolean {
  return field(fields, names)[0] !== undefined;
}

/**
 * How surely it is the object that was asked for, and not an object that the answer is about: 0 not
 * at all, 1 by a common name (`message`, `type`), 2 by a rarer one, 3 by `answer`, 4 by a judgement.
 */
export function likeness(fields: Fields): 0 | 1 | 2 | 3 | 4 {
  // A schema, said again.
  if (fields["type"] === "object" && isFields(fields["properties"])) return 0;
  const quality = field(fields, QUALITY_NAMES)[0];
  if (isFields(quality) || isKnown(fields, QUALITY_NAMES.slice(0, 1))) return 4;
  if (isRated(fields) || typeOf(quality, new Set())) {
    // Much says whether things match.
    if (typeof quality === "boolean" && !isKnown(fields, CERTAIN_ANSWER_NAMES)) return 2;
    if (isKnown(fields, [...JUDGEMENT_NAMES, ...CERTAIN_ANSWER_NAMES])) return 4;
    return isKnown(fields, ANSWER_NAMES) ? 2 : 1;
  }
  if (isKnown(fields, CERTAIN_ANSWER_NAMES)) return 3;
  if (isKnown(fields, ["response", "reply", ...QUALITY_NAMES])) return 2;
  return isKnown(fields, [...ANSWER_NAMES, ...CONFIDENCE_NAMES]) ? 1 : 0;
}

/** Whether it has a type of match itself. */
export function isRated(fields: Fields): boolean {
  return typeOf(field(fields, TYPE_NAMES)[0], new Set()) !== undefined;
}

const FULL =
  /\b(?:full(?:y)?|exact(?:ly)?|complete(?:ly)?|yes|true|perfect|total|direct|strong|high|100)\b/;
const PARTIAL =
  /\b(?:partial(?:ly)?|part|some(?:what)?|mixed|limited|incomplete|medium|moderate|weak|related)\b/;
const NONE =
  /\b(?:none?|not?|false|missing|nothing|zero|unmatched|mismatch|absent|low|unknown|irrelevant|null)\b/;

export function typeOf(value: unknown, tolerated: Set<Tolerated>): MatchType | undefined {
  if (value === "full" || value === "partial" || value === "none") return value;
  if (typeof value !== "string" && typeof value !== "boolean") return undefined;
  const word = String(value).toLowerCase().replace(/[_-]/g, " ");
  // A sentence is not a type.
  if (word.length > 60) return undefined;
  tolerated.add("type");
  const [isFull, isPartial, isNone] = [FULL.test(word), PARTIAL.test(word), NONE.test(word)];
  // All of them: the model wrote down the choice and did not choose.
  if (isFull && isPartial && isNone) return undefined;
  if (isPartial || (isFull && isNone)) return "partial";
  return isFull ? "full" : isNone ? "none" : undefined;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
