/**
 * How well the model says that it could answer: what to ask of it, and how to read what it returns.
 */

import { jsonrepair } from "jsonrepair";
import type { MatchType } from "./event.ts";

/** What is asked of the model. */
export interface MatchQualityOptions {
  /** Whether the model says why; `false` saves the tokens. `true` by default. */
  reasoning?: boolean;
}

/** {@link MATCH_QUALITY_PROMPT}, or the one that asks for no reasoning. */
export function matchQualityPrompt({ reasoning = true }: MatchQualityOptions = {}): string {
  return `Return one JSON object and nothing else, no code fence, in this order:
{"answer": "…", "matchQuality": {"type": "partial", "confidence": 0.7, ${
    reasoning ? '"reasoning": "…", ' : ""
  }"matchedSkills": ["…"], "missingSkills": ["…"]}}
- answer: what the visitor reads. It never mentions matchQuality.
- type: how well the CV covers the question. "full": everything that was asked for is in it; "partial": a part is; "none": nothing is.
- confidence: from 0 to 1, how sure you are of the type.${
    reasoning ? "\n- reasoning: one short sentence, why it is that type." : ""
  }
- matchedSkills: skills that were asked about and are in the CV. missingSkills: skills that were asked about and are not. Short names, such as "Kubernetes"; empty lists where there are none.`;
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
      confidence: { type: "number" },
      ...(reasoning && { reasoning: { type: "string" } }),
      matchedSkills: skills,
      missingSkills: skills,
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
    // An object of somebody else's making whose fields cannot be looked at.
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

type Fields = Record<string, unknown>;

/** What an output held: an object of the expected kind, and the prose round it. */
interface Reading {
  found?: Fields;
  prose?: string;
}

/** Longer outputs are cut: nobody reads such an answer, and repairing takes the processor's time. */
const OUTPUT_UNITS = 32_000;
const LONGEST_SEARCH = 20;
/** Repairing takes up to the square of the length: half a second for so many at the very worst. */
const REPAIRED_UNITS = 4_000;
const REPAIRS = 3;
const DEEPEST_NESTING = 3;

/** The model's own words within the result of an endpoint. */
function unwrapped(output: unknown): unknown {
  if (!isFields(output)) return output;
  const { response, choices, result, output: items } = output;
  // "response" is also a name that models give to the answer: then a judgement lies beside it.
  if (isJudged(output) || output["answer"]) return output;
  if (response !== undefined) return response;
  if (Array.isArray(choices)) {
    const choice: Fields = isFields(choices[0]) ? choices[0] : {};
    const message = choice["message"];
    return contentOf(isFields(message) ? message : { content: choice["text"] });
  }
  if (Array.isArray(items)) {
    // Of the Responses API, as some models of Workers AI have it: thoughts are an item of their own.
    return items
      .filter((item) => isFields(item) && item["type"] === "message")
      .map(contentOf)
      .join("");
  }
  return isFields(result) ? unwrapped(result) : output;
}

/** The text of a message, which may come in parts. */
function contentOf(message: Fields): string {
  const content = message["content"] ?? message["refusal"];
  const parts = Array.isArray(content) ? content : [content];
  return parts.map((part) => (isFields(part) ? (part["text"] ?? part["refusal"]) : part)).join("");
}

function read(output: unknown, tolerated: Set<Tolerated>, depth: number): Reading {
  if (depth > DEEPEST_NESTING) return {};
  if (Array.isArray(output)) {
    tolerated.add("nested");
    return read(output[0], tolerated, depth + 1);
  }
  if (isFields(output)) {
    const wrapped = isKnown(output, ANSWER_NAMES)
      ? undefined
      : Object.values(output).find((value) => isFields(value) && isKnown(value, ["answer"]));
    if (wrapped === undefined) return isOurs(output) ? { found: output } : {};
    // A call of a tool, or the name of the schema round it all. What lies beside it counts too.
    tolerated.add("nested");
    const { type: _, ...beside } = output;
    return { found: { ...(wrapped as Fields), ...beside, ...(wrapped as Fields) } };
  }
  if (typeof output !== "string") return {};

  let text = withoutThoughts(output.slice(0, OUTPUT_UNITS), tolerated).trim();
  // The braces are forgotten where the model was to go on from one.
  if (/^["“']answer["”']\s*:\s*["“']/i.test(text)) text = `{${text}`;
  const whole = parsed(text);
  if (whole !== undefined && typeof whole !== "number" && typeof whole !== "boolean") {
    if (typeof whole === "string") tolerated.add("nested");
    return read(whole, tolerated, depth + 1);
  }
  return within(text, tolerated);
}

/** Some models think aloud before they answer; what has no end is nothing but thoughts. */
function withoutThoughts(text: string, tolerated: Set<Tolerated>): string {
  const rest = text
    .replace(/<(think|thinking|reasoning)>[\s\S]*?(<\/\1>|$)/gi, "")
    .replace(/^[\s\S]*?<\/think(?:ing)?>/i, "");
  if (rest !== text) tolerated.add("thoughts");
  return rest;
}

/** Looks for an object in a text that is not JSON as a whole. */
function within(text: string, tolerated: Set<Tolerated>): Reading {
  const last = text.lastIndexOf("}");
  let start = -1;
  let repairs = 0;
  for (let number = 0; number < LONGEST_SEARCH; number++) {
    start = text.indexOf("{", start + 1);
    if (start < 0) break;
    if (!/^\{\s*["'“”‘’`\w/}]/.test(text.slice(start, start + 200))) continue;
    const before = text.slice(0, start);
    const first = wholeObjects(text, start, tolerated);
    if (first) {
      const rest = text.slice(first.end);
      if (before.trim() || rest.trim()) tolerated.add("around");
      return { found: first.found, prose: proseOf(before, rest) };
    }
    const after = last > start ? text.slice(last + 1) : "";
    const isCutOff = last < start || /^\s*[,"\]]/.test(after);
    let slice = isCutOff ? withoutFence(text.slice(start)) : text.slice(start, last + 1);
    const exact = parsed(slice);
    if (exact === undefined) {
      if (++repairs > REPAIRS) break;
      slice = slice.slice(0, REPAIRED_UNITS);
    }
    const found = exact ?? repaired(slice);
    if (!isFields(found) || !isOurs(found)) continue;
    if (exact === undefined) tolerated.add(isCutOff || isOpen(slice) ? "cut_off" : "repaired");
    const prose = proseOf(before, isCutOff ? "" : after);
    if (before.trim() || (!isCutOff && after.trim())) tolerated.add("around");
    return { found, prose };
  }
  tolerated.add("prose");
  return { prose: isDebris(text) || LABEL.test(text) ? proseOf(text, "") : text };
}

/** The object that begins there, where it is whole, and those of ours that follow at once. */
function wholeObjects(
  text: string,
  start: number,
  tolerated: Set<Tolerated>,
): { found: Fields; end: number } | undefined {
  let found: Fields | undefined;
  let end = start;
  let next = start;
  while (next >= 0 && text[next] === "{") {
    const nextEnd = endOfObject(text, next);
    const object = nextEnd < 0 ? undefined : parsed(text.slice(next, nextEnd));
    if (!isFields(object) || !isOurs(object)) break;
    if (found && Object.keys(object).some((key) => found && key in found)) break;
    if (found) tolerated.add("nested");
    found = { ...object, ...found };
    end = nextEnd;
    next = end + (/^[\s,;]*/.exec(text.slice(end, end + 50))?.[0].length ?? 0);
  }
  return found && { found, end };
}

/** Behind the brace that closes the one at `start`; -1 where none does. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  // Texts as a whole, so that braces within them do not count.
  for (const { 0: token, index } of text.slice(start).matchAll(/"(?:[^"\\]|\\.)*"?|[{}]/gs)) {
    if (token === "{") depth++;
    else if (token === "}" && --depth === 0) return start + index + 1;
  }
  return -1;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function repaired(text: string): unknown {
  try {
    return JSON.parse(jsonrepair(text));
  } catch {
    return undefined;
  }
}

/** Whether more is opened than closed. */
function isOpen(text: string): boolean {
  return (text.match(/\{/g)?.length ?? 0) > (text.match(/\}/g)?.length ?? 0);
}

const FENCE = /```[\w-]*/g;

function withoutFence(text: string): string {
  return text.trimEnd().replace(/`{1,3}$/, "");
}

/** What was written round the JSON, without fences and without the words that announce it. */
function proseOf(before: string, after: string): string {
  const [first, last] = [before, after].map((text) => {
    const start = debrisStart(text);
    // What stands before a piece of the JSON, without the marks that belong to it.
    return start < 0 ? text.trim() : text.slice(0, start).replace(/[\s"'“*_`,{[]{1,20}$/, "");
  });
  const words = `${first}\n\n${last}`.replace(FENCE, "").trim().replace(LABEL, "");
  return isDebris(words) || isAnnouncement(words) ? "" : words;
}

/** "Here is the JSON:", "Sure!": said of the object, not to the visitor. */
function isAnnouncement(text: string): boolean {
  return (
    text.length < 200 &&
    (/(?<![.\w])json\b|:$/i.test(text) || /^(sure|certainly|ok(ay)?)\W*$/i.test(text))
  );
}

/** "**Answer:**" before the answer itself. */
const LABEL = /^[*_#\s]{0,10}answer[*_]{0,3}:[*_]{0,3}\s*/i;
/** The example of the prompt in place of an answer, or none. */
const PLACEHOLDER = /^(?:[^\p{L}\p{N}\p{So}]*|<[\w\s]{1,60}>|undefined|null)$/iu;

const QUOTE = "[\"'“”‘’]?";
const DEBRIS = new RegExp(
  [
    // Begins as JSON, or as a fence round it.
    "^\\s*(?:[{[]|`{1,3}\\w*\\s*(?:[{[]|$))",
    "```json",
    // A name of a field of ours, with the colon after it.
    `\\b(?:match[_ ]?quality|matched[_ ]?skills|missing[_ ]?skills)[*_]{0,2}${QUOTE}\\s*:`,
    `[{,]\\s*${QUOTE}(?:answer|response|type|confidence|reasoning)${QUOTE}\\s*:`,
    // Ends where an object has just begun. Bounded: the processor's time must not depend on blanks.
    "\\{[\\s\\w\"'“”‘’:]{0,80}$",
  ].join("|"),
  "i",
);

/** Whether it looks like a piece of the JSON that was asked for. */
function isDebris(text: string): boolean {
  return DEBRIS.test(text);
}

function debrisStart(text: string): number {
  return text.search(DEBRIS);
}

const ANSWER_NAMES = ["answer", "response", "reply", "text", "message", "content"];
const TYPE_NAMES = ["type", "matchtype", "level"];
const QUALITY_NAMES = ["matchquality", "match", "quality"];

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

function named(fields: Fields, names: readonly string[], tolerated: Set<Tolerated>): unknown {
  const [value, isExact] = field(fields, names);
  if (!isExact) tolerated.add("names");
  return value;
}

function isKnown(fields: Fields, names: readonly string[]): boolean {
  return field(fields, names)[0] !== undefined;
}

/** Whether a match can be read in it. */
function isJudged(fields: Fields): boolean {
  const type = field(fields, TYPE_NAMES)[0];
  return isKnown(fields, QUALITY_NAMES) || typeOf(type, new Set()) !== undefined;
}

/** Whether it is the object that was asked for, or a part of it, and none of a CV's own code. */
function isOurs(fields: Fields): boolean {
  return isKnown(fields, [...ANSWER_NAMES, "confidence"]) || isJudged(fields);
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

const FULL =
  /\b(?:full(?:y)?|exact(?:ly)?|complete(?:ly)?|yes|true|perfect|total|direct|strong|high|100)\b/;
const PARTIAL =
  /\b(?:partial(?:ly)?|part|some(?:what)?|mixed|limited|incomplete|medium|moderate|weak|related)\b/;
const NONE =
  /\b(?:none?|not?|false|missing|nothing|zero|unmatched|mismatch|absent|low|unknown|irrelevant|null)\b/;

function typeOf(value: unknown, tolerated: Set<Tolerated>): MatchType | undefined {
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

/** 0 to 100. Values up to 1 are fractions, as everywhere under this name. */
function scoreOf(value: unknown, tolerated: Set<Tolerated>): number | undefined {
  let number = value;
  if (typeof value === "string") {
    tolerated.add("confidence");
    const [, digits, unit] =
      /^\D*?(-?\d*[.,]?\d+)\s*(%|percent|\/\s*10\b|\/\s*100\b)?/.exec(value.trim()) ?? [];
    if (digits === undefined) return undefined;
    number = Number(digits.replace(",", "."));
    if (unit?.replace(/\s/g, "") === "/10") number = Number(number) * 10;
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

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

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
