/** Reads what a model returned: its answer, and what it says of the match. */

import type { MatchType } from "./event.ts";
import { DEEPEST_NESTING, isDebris, PLACEHOLDER, read, unwrapped } from "./json-in-output.ts";
import {
  ANSWER_NAMES,
  type Fields,
  isFields,
  isKnown,
  named,
  QUALITY_NAMES,
  type Tolerated,
  TYPE_NAMES,
  typeOf,
} from "./named-fields.ts";

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
    tolerated?: readonly Tolerated[];
  };
}

/** What the model returned, read. */
export interface ModelAnswer {
  /** What the visitor is shown: never empty, never JSON. */
  answer: string;
  /** What the model said of the match; absent where it said nothing that can be read. */
  match?: Match;
  /** What had to be tolerated. */
  tolerated: readonly Tolerated[];
}

const NO_ANSWER = "I could not put an answer into words. Please ask again.";

/**
 * Reads what a model returned: text, an object (Workers AI returns one in JSON mode), or the whole
 * result of Workers AI or of an OpenAI-compatible endpoint. Never throws.
 *
 * @param fallback what the visitor is shown where the output holds no answer
 */
export function parseMatchQuality(output: unknown, fallback: string = NO_ANSWER): ModelAnswer {
  const tolerated = new Set<Tolerated>();
  let match: Judgement | undefined;
  let answer: string | undefined;
  try {
    const { found, prose } = read(unwrapped(output), tolerated, 0);
    match = found && matchIn(found, tolerated);
    answer = found && answerIn(found, tolerated, 0);
    if (!answer && prose && !PLACEHOLDER.test(prose)) {
      answer = prose;
      if (found) tolerated.add("names");
    }
  } catch {
    // A foreign object whose fields cannot be read.
  }
  if (!answer) tolerated.add("no_answer");
  const codes = [...tolerated];
  return {
    answer: answer || fallback || NO_ANSWER,
    ...(match && {
      match: {
        ...match,
        metadata: { matchSource: "model", ...(codes.length > 0 && { tolerated: codes }) },
      },
    }),
    tolerated: codes,
  };
}

function answerIn(fields: Fields, tolerated: Set<Tolerated>, depth: number): string | undefined {
  let value = named(fields, ANSWER_NAMES, tolerated);
  if (Array.isArray(value) && value.every((part) => typeof part === "string")) {
    tolerated.add("nested");
    value = value.join(" ");
  }
  if (typeof value === "number") return String(value);
  if (isFields(value) && depth < DEEPEST_NESTING) {
    tolerated.add("nested");
    return answerIn(value, tolerated, depth + 1);
  }
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (PLACEHOLDER.test(text)) return undefined;
  if (!isDebris(text)) return text;
  // The whole object once more, as a text within the answer; or code that the visitor may see.
  const inner = new Set<Tolerated>();
  const { found, prose } = depth < DEEPEST_NESTING ? read(text, inner, 1) : {};
  if (!found) return /["'“”]?(?:match_?quality|answer)["'“”]?\s*:/i.test(text) ? prose : text;
  // Prose about a visitor's JSON is an answer: only a judgement within it cannot be the visitor's.
  if (!/^(?:`{3}\w*\s*)?[{[]/.test(text) && !isKnown(found, QUALITY_NAMES)) return text;
  tolerated.add("nested");
  return answerIn(found, tolerated, depth + 1) || prose;
}

type Judgement = Omit<Match, "metadata">;

function matchIn(fields: Fields, tolerated: Set<Tolerated>): Judgement | undefined {
  let quality = named(fields, QUALITY_NAMES, tolerated);
  if (typeof quality === "string") {
    tolerated.add("names");
    quality = { ...fields, type: quality };
  } else if (!isFields(quality)) {
    tolerated.add("names");
    quality = fields;
  }
  if (!isFields(quality)) return undefined;
  const matchType = typeOf(named(quality, TYPE_NAMES, tolerated), tolerated);
  if (!matchType) return undefined;
  const names = ["confidence", "score", "matchscore"];
  const matchScore = scoreOf(named(quality, names, tolerated), tolerated);
  const reasoning = named(quality, ["reasoning", "reason", "explanation"], tolerated);
  const matched = named(quality, ["matchedskills", "skillsmatched"], tolerated);
  const missing = named(quality, ["missingskills", "skillsmissing", "missingconcepts"], tolerated);
  return {
    matchType,
    ...(matchScore !== undefined && { matchScore }),
    ...(typeof reasoning === "string" && reasoning.trim() && { reasoning: reasoning.trim() }),
    ...(matched !== undefined && { matchedSkills: skillsOf(matched, tolerated) }),
    ...(missing !== undefined && { missingSkills: skillsOf(missing, tolerated) }),
  };
}

/** 0 to 100. Values up to 1 are fractions, as everywhere under this name. */
function scoreOf(value: unknown, tolerated: Set<Tolerated>): number | undefined {
  let number = value;
  if (typeof value === "string") {
    tolerated.add("confidence");
    const [, digits, unit] =
      /^\D*?(-?\d*[.,]?\d+)\s*(%|percent|(?:\/|out of)\s*100?\b)?/.exec(value.trim()) ?? [];
    if (digits === undefined) return undefined;
    number = Number(digits.replace(",", "."));
    if (/[/f]\s*10$/.test(unit ?? "")) number = Number(number) * 10;
    if (unit) return inRange(Number(number));
  }
  if (typeof number !== "number") return undefined;
  return inRange(number <= 1 ? number * 100 : number);
}

function inRange(score: number): number | undefined {
  return score >= 0 && score <= 100 ? Math.round(score * 1e6) / 1e6 : undefined;
}

function skillsOf(value: unknown, tolerated: Set<Tolerated>): readonly string[] {
  const list = typeof value === "string" ? value.split(/[,;]/) : Array.isArray(value) ? value : [];
  const names = list.map((skill: unknown) =>
    isFields(skill) ? (skill["name"] ?? skill["skill"]) : skill,
  );
  if (list !== value || names.some((name, number) => name !== list[number])) {
    tolerated.add("skills");
  }
  const texts = names.filter((name) => typeof name === "string").map((name) => name.trim());
  return [...new Set(texts)].filter((name) => name && !/^(none|n\/?a|null|-|…)$/i.test(name));
}
