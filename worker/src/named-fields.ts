/** The fields of what was asked for, by whatever names a model gives them. */

import type { MatchType } from "./event.ts";

/** What had to be tolerated in a model's output. */
export type Tolerated =
  /** The model's thoughts came before its answer. */
  | "thoughts"
  /** There was something round the JSON: prose, a code fence. */
  | "around"
  /** It was no JSON: quotes, commas, comments. */
  | "repaired"
  /** It was cut off before its end. */
  | "cut_off"
  /** JSON lay within a text of JSON, or in a list. */
  | "nested"
  /** Fields had other names, or lay elsewhere. */
  | "names"
  /** The type was another word than `full`, `partial` or `none`. */
  | "type"
  /** The confidence was a text, a percentage, or a mark out of ten. */
  | "confidence"
  /** Skills were no list of texts. */
  | "skills"
  /** The model wrote prose and said nothing of the match. */
  | "prose"
  /** There was no answer, and the visitor is shown the fallback. */
  | "no_answer";

/** An object of a model's making. */
export type Fields = Record<string, unknown>;

export const ANSWER_NAMES = ["answer", "response", "reply", "text", "message", "content"];
export const TYPE_NAMES = ["type", "matchtype", "level"];
export const QUALITY_NAMES = ["matchquality", "match", "quality"];

/** A field by one of its names, in any spelling: `match_quality` is `matchQuality`. */
function field(fields: Fields, names: readonly string[]): [value: unknown, isExact: boolean] {
  for (const name of names) {
    for (const [key, value] of Object.entries(fields)) {
      if (key.replace(/[\s_-]/g, "").toLowerCase() === name) {
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

/** Whether a match can be read in it. */
export function isJudged(fields: Fields): boolean {
  const type = field(fields, TYPE_NAMES)[0];
  return isKnown(fields, QUALITY_NAMES) || typeOf(type, new Set()) !== undefined;
}

/** Whether it is the object that was asked for, or a part of it, and none of a CV's own code. */
export function isOurs(fields: Fields): boolean {
  return isKnown(fields, [...ANSWER_NAMES, "confidence"]) || isJudged(fields);
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
  tolerated.add("type");
  const word = String(value).toLowerCase().replace(/[_-]/g, " ");
  const [isFull, isPartial, isNone] = [FULL.test(word), PARTIAL.test(word), NONE.test(word)];
  // All of them: the model wrote down the choice and did not choose.
  if (isFull && isPartial && isNone) return undefined;
  if (isPartial || (isFull && isNone)) return "partial";
  return isFull ? "full" : isNone ? "none" : undefined;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
