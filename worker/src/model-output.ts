/** Reads what a model returned: its answer, and what it says of the match. */

import type { MatchType } from "./event.ts";
import { isDebris, MAX_NESTING, PLACEHOLDER, parsed, read } from "./json-in-output.ts";
import {
  beginsThoughts,
  isOfThoughts,
  isServiceError,
  withoutHtml,
  withoutThoughts,
} from "./model-marks.ts";
import {
  ANSWER_NAMES,
  CONFIDENCE_NAMES,
  COVERAGE_NAMES,
  type Fields,
  folded,
  isFields,
  isKnown,
  isOfJudgement,
  MATCHED_NAMES,
  MISSING_NAMES,
  named,
  PHRASE_NAMES,
  QUALITY_NAMES,
  REASONING_NAMES,
  TOPIC_NAMES,
  type Tolerated,
  TYPE_NAMES,
  typeOf,
} from "./named-fields.ts";
import { OTHER_TOPIC, TOPICS } from "./topics.ts";

/** How well the answer fits, in the form that `interaction.answered(…)` takes. */
export interface Match {
  matchType: MatchType;
  /** 0 to 100: how much of what was asked the CV covers. */
  matchScore?: number;
  /** 0 to 1: how sure the model is of its rating. Never a score: it can be sure of `none`. */
  confidence?: number;
  reasoning?: string;
  matchedSkills?: readonly string[];
  missingSkills?: readonly string[];
  /** A topic of the report, or a phrase of at most three words where none fits, or `other`. */
  topic?: string;
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
  /** How well the answer fits; absent where nobody was answered or nothing rated it. */
  match?: Match;
  /** For `interaction.ended(outcome, match)`. `ai_error`: no answer, and the visitor is shown the fallback. */
  outcome: "answered" | "no_match" | "ai_error";
  /** What had to be tolerated. */
  tolerated: readonly Tolerated[];
}

const NO_ANSWER = "I could not put an answer into words. Please ask again.";

/**
 * Reads what a model returned: text, an object (Workers AI returns one in JSON mode), or the whole
 * result of Workers AI, OpenAI (chat, Responses), Anthropic, Gemini, Ollama, LangChain or the Vercel
 * AI SDK. Never throws.
 *
 * @param fallback what the visitor is shown where the output holds no answer
 * @param fallbackMatch the match where there is an answer that the model did not rate
 */
export function parseMatchQuality(
  output: unknown,
  fallback: string = NO_ANSWER,
  fallbackMatch?: Match,
): ModelAnswer {
  const tolerated = new Set<Tolerated>();
  let match: Judgement | undefined;
  let answer: string | undefined;
  try {
    const { found, prose } = read(output, tolerated, 0);
    if (found) {
      const said = answerIn(found, tolerated, 0);
      answer = said.answer;
      match = matchIn(found, tolerated) ?? (said.judged && matchIn(said.judged, tolerated));
    }
    if (!answer && prose && !PLACEHOLDER.test(prose)) {
      answer = prose;
      if (found) tolerated.add("names");
    }
    answer = answer && withoutHtml(withoutFence(answer));
  } catch {
    // A foreign object whose fields cannot be read.
  }
  // A service's error carries no rating: what the model rated is its answer.
  if (!answer || (!match && isServiceError(answer))) {
    tolerated.add("no_answer");
    // Nobody was answered, so nothing was matched.
    return { answer: fallback || NO_ANSWER, outcome: "ai_error", tolerated: [...tolerated] };
  }
  const codes = [...tolerated];
  const rated: Match | undefined = match
    ? {
        ...match,
        metadata: { matchSource: "model", ...(codes.length > 0 && { tolerated: codes }) },
      }
    : fallbackMatch;
  return {
    answer,
    ...(rated && { match: rated }),
    outcome: rated?.matchType === "none" ? "no_match" : "answered",
    tolerated: codes,
  };
}

/** The answer in an object, and the object within the answer that holds a judgement. */
function answerIn(
  fields: Fields,
  tolerated: Set<Tolerated>,
  depth: number,
): { answer?: string | undefined; judged?: Fields } {
  const filled = Object.entries(fields).filter(([, value]) => value !== "" && value !== null);
  let value = named(Object.fromEntries(filled), ANSWER_NAMES, tolerated);
  if (value === undefined && isKnown(fields, QUALITY_NAMES)) {
    // Beside a rating, under an unexpected name: the only other text.
    const texts = filled.filter(
      ([name, text]) => typeof text === "string" && !isOfJudgement(name) && !isOfThoughts(name),
    );
    if (texts.length === 1) value = texts[0]?.[1];
    if (value !== undefined) tolerated.add("names");
  }
  if (Array.isArray(value)) {
    value = value.map((part) => (isFields(part) ? (part["text"] ?? part["content"]) : part));
  }
  if (Array.isArray(value) && value.every((part) => typeof part === "string")) {
    tolerated.add("nested");
    value = value.join(" ");
  }
  if (typeof value === "number") return { answer: String(value) };
  if (isFields(value) && depth < MAX_NESTING) {
    tolerated.add("nested");
    return { judged: value, ...answerIn(value, tolerated, depth + 1) };
  }
  if (typeof value !== "string") return {};
  const text = withoutMarks(value.trim());
  if (PLACEHOLDER.test(text)) return {};
  if (!isDebris(text)) return { answer: text };
  // The whole object once more, as a text within the answer; or code that the visitor may see.
  const inner = new Set<Tolerated>();
  const { found, prose } = depth < MAX_NESTING ? read(text, inner, 1) : {};
  if (!found) {
    const isPiece = /["'“”](?:match_?quality|answer)["'“”]\s*:/i.test(text);
    return { answer: isPiece ? prose : text };
  }
  // Prose about a visitor's JSON is an answer. A judgement within it may be the visitor's too: it counts only where
  // the answer has none beside it.
  const isProse = !/^(?:`{3}\w*\s*)?[{[]/.test(text);
  if (isProse && !isKnown(found, QUALITY_NAMES)) return { answer: text };
  tolerated.add("nested");
  if (isProse && prose && isKnown(fields, QUALITY_NAMES)) return { answer: prose };
  const said = answerIn(found, tolerated, depth + 1);
  return { judged: found, ...said, answer: said.answer || prose };
}

/** An answer that is wholly in a fence, which shows no code. */
function withoutFence(answer: string): string {
  const fence = /^(`{3}|~{3})(?:markdown|md|text|txt|plaintext)?\s*\n/i.exec(answer);
  const mark = fence?.[1] ?? "";
  const isWhole = fence && answer.endsWith(mark) && answer.split(mark).length === 3;
  return isWhole ? answer.slice(fence[0].length, -mark.length).trim() || answer : answer;
}

/** Without the thoughts that an answer begins with, and the mark of its turn's end. */
function withoutMarks(answer: string): string {
  const words = beginsThoughts(answer) ? withoutThoughts(answer).text.trim() : answer;
  return words.replace(/(?:<\|\w{1,20}\|>|<\/s>)$/, "").trimEnd();
}

type Judgement = Omit<Match, "metadata">;

function matchIn(fields: Fields, tolerated: Set<Tolerated>): Judgement | undefined {
  let quality = named(fields, QUALITY_NAMES, tolerated);
  // Once more as JSON in a text, or in a list.
  if (typeof quality === "string") quality = parsed(quality) ?? quality;
  if (Array.isArray(quality)) quality = quality[0];
  if (typeof quality === "string") {
    tolerated.add("names");
    quality = { ...fields, type: quality };
  } else if (typeof quality === "number") {
    tolerated.add("names");
    quality = { ...fields, coverage: quality };
  } else if (!isFields(quality)) {
    tolerated.add("names");
    quality = fields;
  }
  if (!isFields(quality)) return undefined;
  const matchType = typeOf(named(quality, TYPE_NAMES, tolerated), tolerated);
  if (!matchType) return undefined;
  const matchScore = coverageOf(named(quality, COVERAGE_NAMES, tolerated), matchType, tolerated);
  const confidence = confidenceOf(named(quality, CONFIDENCE_NAMES, tolerated), tolerated);
  const reasoning = named(quality, REASONING_NAMES, tolerated);
  const matched = named(quality, MATCHED_NAMES, tolerated);
  const missing = named(quality, MISSING_NAMES, tolerated);
  const topic = topicOf(
    named(quality, TOPIC_NAMES, tolerated),
    named(quality, PHRASE_NAMES, tolerated),
  );
  return {
    matchType,
    ...(matchScore !== undefined && { matchScore }),
    ...(confidence !== undefined && { confidence }),
    ...(typeof reasoning === "string" && reasoning.trim() && { reasoning: reasoning.trim() }),
    ...(matched !== undefined && { matchedSkills: skillsOf(matched, tolerated) }),
    ...(missing !== undefined && { missingSkills: skillsOf(missing, tolerated) }),
    ...(topic && { topic }),
  };
}

/** 0 to 100. Values up to 1 are fractions, but 1 itself only of a full match. */
function coverageOf(
  value: unknown,
  type: MatchType,
  tolerated: Set<Tolerated>,
): number | undefined {
  const { number, isPercentage } = numberOf(value, tolerated);
  if (number === undefined) return undefined;
  const isFraction = !isPercentage && (number < 1 || (number === 1 && type === "full"));
  const coverage = inRange(isFraction ? number * 100 : number, 100);
  // Sure of "none", said as 95: that is no coverage.
  const isContrary =
    coverage !== undefined && (type === "none" ? coverage > 50 : type === "full" && coverage < 50);
  if (isContrary) tolerated.add("number");
  return isContrary ? undefined : coverage;
}

/** 0 to 1. Values above 1 are percentages. */
function confidenceOf(value: unknown, tolerated: Set<Tolerated>): number | undefined {
  const { number, isPercentage } = numberOf(value, tolerated);
  if (number === undefined) return undefined;
  if (number > 1) tolerated.add("number");
  return inRange(isPercentage || number > 1 ? number / 100 : number, 1);
}

/** A number, or one in a text: `"85%"`, `"4/5"`, `"8 out of 10"` (both percentages), `"0,8"`. */
function numberOf(
  value: unknown,
  tolerated: Set<Tolerated>,
): { number?: number; isPercentage?: boolean } {
  if (typeof value === "number") return { number: value };
  if (typeof value !== "string") return {};
  tolerated.add("number");
  const [, digits, whole, percent] =
    /^[^\d.,-]*(-?\d*[.,]?\d+)\s*(?:(?:\/|out of|of)\s*(\d+)|(%|percent))?/i.exec(value.trim()) ??
    [];
  if (digits === undefined) return {};
  const number = Number(digits.replace(",", "."));
  if (whole) return { number: (number / Number(whole)) * 100, isPercentage: true };
  return { number, isPercentage: percent !== undefined };
}

function inRange(number: number, most: number): number | undefined {
  return number >= 0 && number <= most ? Math.round(number * 1e6) / 1e6 : undefined;
}

function skillsOf(value: unknown, tolerated: Set<Tolerated>): readonly string[] {
  const list =
    typeof value === "string"
      ? value.replace(/^\[|\]$/g, "").split(/[,;\n]/)
      : Array.isArray(value)
        ? value
        : [];
  const names = list.map((skill: unknown) =>
    isFields(skill) ? (skill["name"] ?? skill["skill"]) : skill,
  );
  if (list !== value || names.some((name, number) => name !== list[number])) {
    tolerated.add("skills");
  }
  const texts = names
    .filter((name) => typeof name === "string")
    .map((name) => name.replace(/^[\s"'“]+|[\s"'”]+$/g, ""));
  return [...new Set(texts)].filter((name) => name && !/^(none|n\/?a|null|-|…)$/i.test(name));
}

/** A topic of the report, a phrase of at most three words where none fits, or `other`. */
function topicOf(topic: unknown, phrase: unknown): string | undefined {
  const name = phraseOf(topic);
  const known = (text: string) => TOPICS.find((built) => folded(built) === folded(text));
  if (name && name !== OTHER_TOPIC) return known(name) ?? name;
  const free = phraseOf(phrase);
  if (free && free !== OTHER_TOPIC) return known(free) ?? free;
  return name && OTHER_TOPIC;
}

const PHRASE_CHARACTERS = 40;

function phraseOf(value: unknown): string {
  if (typeof value !== "string") return "";
  const words = value
    .trim()
    .toLowerCase()
    .replace(/_/g, " ")
    .replace(/^["'“]|["'”.]$/g, "");
  const isPlaceholder = PLACEHOLDER.test(words) || /^(?:none|n\/?a|string|unknown)$/.test(words);
  const isKnownTopic = TOPICS.includes(words);
  const isShort = words.split(/\s+/).length <= 3 && words.length <= PHRASE_CHARACTERS;
  return !isPlaceholder && (isShort || isKnownTopic) ? words : "";
}
