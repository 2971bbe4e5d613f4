/** Finds the object that was asked for in what a model returned, and repairs it. */

import { jsonrepair } from "jsonrepair";
import {
  ANSWER_NAMES,
  type Fields,
  isFields,
  isJudged,
  isKnown,
  isOurs,
  named,
  type Tolerated,
} from "./named-fields.ts";

/** What an output held: an object of the expected kind, and the prose round it. */
export interface Reading {
  found?: Fields;
  prose?: string;
}

/** Longer outputs are cut: nobody reads such an answer, and repairing takes the processor's time. */
const OUTPUT_UNITS = 32_000;
const LONGEST_SEARCH = 20;
/** Repairing takes up to the square of the length: half a second for so many at the very worst. */
const REPAIRED_UNITS = 4_000;
const REPAIRS = 3;
export const DEEPEST_NESTING = 3;

/** The model's own words within the result of an endpoint. */
export function unwrapped(output: unknown): unknown {
  if (!isFields(output)) return output;
  const { response, choices, result, output: items } = output;
  // "response" is also a name that models give to the answer: then a judgement lies beside it.
  if (isJudged(output) || output["answer"]) return output;
  if (response !== undefined) return response || (argumentsOf(output) ?? response);
  if (Array.isArray(choices)) {
    const choice: Fields = isFields(choices[0]) ? choices[0] : {};
    const message = choice["message"];
    if (!isFields(message)) return contentOf({ content: choice["text"] });
    return contentOf(message) || argumentsOf(message);
  }
  if (Array.isArray(items)) {
    // Of the Responses API, as some models of Workers AI have it: thoughts are an item of their own.
    const text = items
      .filter((item) => isFields(item) && item["type"] === "message")
      .map(contentOf)
      .join("");
    return text || items.find((item) => isFields(item) && item["arguments"])?.arguments;
  }
  return isFields(result) ? unwrapped(result) : output;
}

/** The text of a message, which may come in parts. */
function contentOf(message: Fields): string {
  const content = message["content"] ?? message["refusal"];
  const parts = Array.isArray(content) ? content : [content];
  return parts.map((part) => (isFields(part) ? (part["text"] ?? part["refusal"]) : part)).join("");
}

/** What a model gave to the first tool that it called, where the schema was handed to it as one. */
function argumentsOf({ tool_calls: calls, function_call: only }: Fields): unknown {
  const call: unknown = Array.isArray(calls) ? calls[0] : only;
  if (!isFields(call)) return undefined;
  return (isFields(call["function"]) ? call["function"] : call)["arguments"];
}

export function read(output: unknown, tolerated: Set<Tolerated>, depth: number): Reading {
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

  let text = output.slice(0, OUTPUT_UNITS).trim();
  let whole = parsed(text);
  if (whole === undefined) {
    // Not before: a whole object may tell the visitor about such marks.
    text = withoutThoughts(text, tolerated).trim();
    // The braces are forgotten where the model was to go on from one.
    if (/^["“']answer["”']\s*:\s*["“']/i.test(text)) text = `{${text}`;
    whole = parsed(text);
  }
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
  let unfilled: Reading | undefined;
  for (let number = 0; number < LONGEST_SEARCH; number++) {
    start = text.indexOf("{", start + 1);
    if (start < 0) break;
    if (!/^\{\s*["'“”‘’`\w/}]/.test(text.slice(start, start + 200))) continue;
    const before = text.slice(0, start);
    const first = wholeObjects(text, start, tolerated);
    if (first) {
      const rest = text.slice(first.end);
      if (before.trim() || rest.trim()) tolerated.add("around");
      const reading = { found: first.found, prose: proseOf(before, rest) };
      if (!isUnfilled(first.found)) return reading;
      // The prompt's example said after it, or a draft without words: the answer may follow.
      unfilled ??= reading;
      start = first.end - 1;
      continue;
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
  if (unfilled) return unfilled;
  tolerated.add("prose");
  return { prose: isDebris(text) || LABEL.test(text) ? proseOf(text, "") : text };
}

/** Whether its answer has no words. */
function isUnfilled(fields: Fields): boolean {
  const answer = named(fields, ANSWER_NAMES, new Set());
  return typeof answer === "string" && PLACEHOLDER.test(answer.trim());
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
export const PLACEHOLDER = /^(?:[^\p{L}\p{N}\p{So}]*|<[\w\s]{1,60}>|undefined|null)$/iu;

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
export function isDebris(text: string): boolean {
  return DEBRIS.test(text);
}

function debrisStart(text: string): number {
  return text.search(DEBRIS);
}
