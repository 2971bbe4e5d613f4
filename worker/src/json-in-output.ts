/** Finds the object that was asked for in what a model returned, and repairs it. */

import { jsonrepair } from "jsonrepair";
import { isServiceError, withoutTemplateMarks, withoutThoughts } from "./model-marks.ts";
import {
  ANSWER_NAMES,
  CERTAIN_ANSWER_NAMES,
  type Fields,
  folded,
  isFields,
  isKnown,
  likeness,
  named,
  type Tolerated,
} from "./named-fields.ts";
import { endsOf, quotedText, withEscapedTexts } from "./quotes.ts";
import { deltaOf, isError, isMessageOnly, outputOf } from "./service-results.ts";

/** What an output held: an object of the expected kind, and the prose round it. */
export interface Reading {
  found?: Fields;
  prose?: string;
}

/** Longer outputs are cut: nobody reads such an answer, and repairing takes the processor's time. */
export const MAX_OUTPUT_UNITS = 32_000;
const MAX_OBJECTS = 20;
/** Repairing takes up to the square of the length: half a second for so many at the very worst. */
const MAX_REPAIRED_UNITS = 4_000;
const MAX_REPAIRS = 3;
export const MAX_NESTING = 3;

export function read(result: unknown, tolerated: Set<Tolerated>, depth: number): Reading {
  if (depth > MAX_NESTING) return {};
  if (depth === 0 && isFields(result) && isMessageOnly(result) && !isFields(result["message"])) {
    return {};
  }
  const output = outputOf(result);
  if (Array.isArray(output)) {
    tolerated.add("nested");
    return read(output[0], tolerated, depth + 1);
  }
  if (isFields(output)) {
    const hasAnswer = (fields: unknown) =>
      isFields(fields) && isKnown(fields, CERTAIN_ANSWER_NAMES);
    const wrapped = hasAnswer(output) ? undefined : Object.values(output).find(hasAnswer);
    if (wrapped === undefined) {
      return likeness(output) > 0 && !(likeness(output) < 3 && isError(output))
        ? { found: output }
        : {};
    }
    // A call of a tool, or the name of the schema round it all. What lies beside it counts too.
    tolerated.add("nested");
    const { type: _, ...beside } = output;
    return { found: { ...(wrapped as Fields), ...beside, ...(wrapped as Fields) } };
  }
  if (typeof output !== "string") return {};

  let text = withoutTalk(withoutEvents(output.slice(0, MAX_OUTPUT_UNITS).trim()));
  let whole = parsed(text);
  let unended: string | undefined;
  if (whole === undefined) {
    // Not before: a whole object may tell the visitor about such marks.
    const marked = text;
    const thoughts = withoutThoughts(text);
    unended = thoughts.unended;
    if (thoughts.text !== marked) tolerated.add("thoughts");
    text = withoutTemplateMarks(thoughts.text);
    if (text !== thoughts.text) tolerated.add("around");
    text = text.trim();
    // The braces are forgotten where the model was to go on from one.
    if (/^["“']answer["”']\s*:\s*["“']/i.test(text)) text = `{${text}`;
    whole = parsed(text);
    // Its quotes are escaped, as within a text, but there are none round it.
    if (/^[{[]\s*\\+"/.test(text)) whole ??= parsed(`"${text.replaceAll("\n", "\\n")}"`);
  }
  // A list of words, and not the pieces of a text.
  if (Array.isArray(whole) && whole.every((word) => typeof word === "string")) {
    whole = whole.join(", ");
  }
  if (whole !== undefined && typeof whole !== "number" && typeof whole !== "boolean") {
    if (typeof whole === "string") tolerated.add("nested");
    const reading = read(whole, tolerated, depth + 1);
    if (reading.found || reading.prose || !unended) return reading;
  }
  let reading = within(text, tolerated, depth);
  if (reading.found && !isKnown(reading.found, ANSWER_NAMES) && !/\w/.test(reading.prose ?? "")) {
    // Only the rating in what could not be repaired, or in a sample.
    const answer = firstField(text);
    if (answer) reading = { found: { answer, matchQuality: reading.found } };
    else if (isAboutSample(text)) reading = { prose: text };
  }
  // What a service's error quotes is not for the visitor: only a rating shows that it is none.
  if (isServiceError(text) && !(reading.found && likeness(reading.found) === 4)) reading = {};
  if (reading.found || reading.prose || !unended) return reading;
  // The thoughts did not end before the answer did: an object among them was meant for the visitor.
  const { found } = within(unended, new Set(), depth);
  return found && likeness(found) === 4 && isKnown(found, ["answer"]) ? { found } : reading;
}

/** A stream of JSON events that was gathered as a whole, as the text in it. */
function withoutEvents(text: string): string {
  return /^data: ?[{"]/.test(text) ? textOfEvents(text) : text;
}

/** The text in server-sent events: pieces of JSON or of text, or the object that was asked for. */
export function textOfEvents(events: string): string {
  const all = [...events.matchAll(/^data: ?(.*)$/gm)].map(([, data = ""]) => parsed(data) ?? data);
  const own = all.find((data) => isFields(data) && likeness(data) >= 3);
  return own
    ? JSON.stringify(own)
    : all.map((data) => (data === "[DONE]" ? "" : deltaOf(data))).join("");
}

/** The first turn, where a model goes on and writes the visitor's next question too. */
function withoutTalk(text: string): string {
  return text.replace(
    /(?<!:\s{0,8})\n[ \t]{0,20}\*{0,2}(?:user|human|visitor)\*{0,2}\s{0,3}:[^\n]*\n[\s*]{0,20}(?:assistant|ai|bot|answer)\*{0,2}\s{0,3}:[\s\S]*$/i,
    "",
  );
}

/** Looks for an object in a text that is not JSON as a whole. */
function within(text: string, tolerated: Set<Tolerated>, depth: number): Reading {
  const tagged = inTags(text, depth);
  if (tagged) {
    tolerated.add(tagged.found ? "names" : "around");
    return tagged;
  }
  const last = text.lastIndexOf("}");
  let start = -1;
  let repairs = 0;
  // An object that could also be something else, and the example of the prompt.
  let weaker: Reading | undefined;
  let unfilled: Reading | undefined;
  for (let number = 0; number < MAX_OBJECTS; number++) {
    start = text.indexOf("{", start + 1);
    if (start < 0) break;
    if (!/^\{\s*["'“”‘’`\w/}]/.test(text.slice(start, start + 200))) continue;
    const before = text.slice(0, start);
    const first = wholeObjects(text, start);
    if (first) {
      const rest = text.slice(first.end);
      const reading = { found: first.found, prose: proseOf(before, rest) };
      if (likeness(first.found) <= proseWeight(before, rest)) {
        start = first.end - 1;
        continue;
      }
      // The prompt's example said after it, or a draft without words: the answer may follow.
      if (isUnfilled(first.found)) unfilled ??= reading;
      else if (likeness(first.found) < 4) weaker ??= reading;
      else {
        if (first.isMerged) tolerated.add("nested");
        if (before.trim() || rest.trim()) tolerated.add("around");
        // The answer in one object, and its rating in the next.
        return isKnown(first.found, ANSWER_NAMES)
          ? reading
          : { ...reading, found: { ...weaker?.found, ...first.found } };
      }
      start = first.end - 1;
      continue;
    }
    if (/^\{\s*"(?:\$schema|type)"\s*:\s*"(?:object|http)/.test(text.slice(start, start + 60))) {
      // The schema itself, said again.
      const end = endOfObject(text, start);
      start = Math.max(end - 1, start);
      continue;
    }
    const after = last > start ? text.slice(last + 1) : "";
    const isCutOff = last < start || /^\s*[,"\]]/.test(after);
    const slice = isCutOff ? withoutFence(text.slice(start)) : text.slice(start, last + 1);
    const exact = parsed(slice);
    if (exact === undefined && ++repairs > MAX_REPAIRS) break;
    const found = exact ?? repaired(slice);
    if (!isFields(found) || likeness(found) === 0) continue;
    if (likeness(found) <= proseWeight(before, isCutOff ? "" : after)) continue;
    if (weaker && likeness(found) < 4) continue;
    if (exact === undefined) tolerated.add(isCutOff || isOpen(slice) ? "cut_off" : "repaired");
    const prose = proseOf(before, isCutOff ? "" : after);
    if (before.trim() || (!isCutOff && after.trim())) tolerated.add("around");
    return { found, prose };
  }
  const reading = weaker ?? unfilled;
  if (reading) {
    tolerated.add("around");
    return reading;
  }
  const lines = inLines(text);
  if (lines) {
    tolerated.add("names");
    return lines;
  }
  const answer = firstField(text);
  if (answer) {
    tolerated.add("repaired");
    return { found: { answer } };
  }
  tolerated.add("prose");
  const prose = isDebris(text) || LABEL.test(text) ? proseOf(text, "") : text;
  return { prose: prose || (isAboutSample(text) ? text : "") };
}

/** The first field, where it is the answer, up to the first quote of its text. */
export const ANSWER_BEGINS =
  /^(?:\[\s*)?(?:\{\s*(?:\/\/[^\n]*\n\s*)?["'“”]?(?:answer|response|reply)["'“”]?|["'“]answer["'”])\s*[:=]\s*(["'“”])/i;
/** The rating's name, or the answer's, within what was taken for the answer. */
const RATING = /(?:match_?quality\\?["'”]?|answer\\?["'”])\s*:/i;

/** What stands before the name of the rating in what was taken for the answer; `undefined` without one. */
export function beforeRating(words: string): string | undefined {
  const rating = words.search(RATING);
  // Bounded: the processor's time must not depend on blanks.
  return rating < 0
    ? undefined
    : words
        .slice(0, rating)
        .trimEnd()
        .replace(/[\s"'“”\\,{]{1,40}$/, "");
}

/** The answer in what could not be repaired: from its first quote to where the rating begins. */
function firstField(text: string): string {
  const begins = ANSWER_BEGINS.exec(text);
  if (!begins) return "";
  const rating = /["'”]\s{0,20},\s{0,20}["'“]match_?quality["'”]\s{0,20}:/i.exec(text);
  const end = rating?.index ?? text.length;
  const read = quotedText(text, begins[0].length, endsOf(begins[1] ?? ""), "value", true);
  const words = read.end < end && rating ? text.slice(begins[0].length, end) : read.text;
  return (beforeRating(words) ?? words.trimEnd()).replace(/["'”\s}\]`]{1,40}$/, "");
}

/**
 * How strongly the words round an object say that they are the answer and it is a sample in them, or what the
 * visitor pasted, on the scale of {@link likeness}: a paragraph is stronger than one common name, and a sentence
 * that goes on behind the object stronger than a rating in it.
 */
function proseWeight(before: string, after: string): number {
  const words = proseOf(before, after);
  // "It posts:" announces no answer.
  if (!words) return before.trim() && !mayAnnounce(before) ? 2 : 0;
  if (isInSentence(before, after)) return 4;
  if (/[^\s:][ \t]*[`"'(]?$/.test(before) || /^[`"')]?[ \t]*[\w,]/.test(after)) return 3;
  // A sample between two paragraphs.
  if (isParagraph(proseOf(before, "")) && /\w+\s+\w+\s+\w/.test(proseOf("", after))) return 3;
  return isParagraph(words) ? 2 : 1;
}

const isParagraph = (text: string) => text.split(/\s+/, 6).length > 5;

/** Whether a sentence begins before an object and goes on behind it. */
function isInSentence(before: string, after: string): boolean {
  const words = before.slice(-300).replace(OPENING_FENCE, "").trimEnd();
  const line = words.slice(words.lastIndexOf("\n") + 1).trim();
  return (
    line !== "" &&
    !/[.!?]$/.test(line) &&
    !isAnnouncement(line.replace(/[`"'(]$/, "").trimEnd()) &&
    /^[`"')]?(?:[ \t]*[\w(|]|[,;:.]\s*\w|\s{1,8}(?:```\s{0,8})?[a-z]+\s)/.test(after)
  );
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
): { found: Fields; end: number; isMerged: boolean } | undefined {
  let found: Fields | undefined;
  let isMerged = false;
  let end = start;
  let next = start;
  while (next >= 0 && text[next] === "{") {
    const nextEnd = endOfObject(text, next);
    const object = nextEnd < 0 ? undefined : parsed(text.slice(next, nextEnd));
    if (!isFields(object) || likeness(object) === 0) break;
    if (found && Object.keys(object).some((key) => found && key in found)) break;
    if (found) isMerged = true;
    found = { ...object, ...found };
    end = nextEnd;
    next = end + (/^[\s,;]*/.exec(text.slice(end, end + 50))?.[0].length ?? 0);
  }
  return found && { found, end, isMerged };
}

/** Behind the brace that closes the one at `start`; -1 where none does. */
export function endOfObject(text: string, start: number): number {
  let depth = 0;
  // Texts as a whole, so that braces within them do not count.
  for (const { 0: token, index } of text.slice(start).matchAll(/"(?:[^"\\]|\\.)*"?|[{}]/gs)) {
    if (token === "{") depth++;
    else if (token === "}" && --depth === 0) return start + index + 1;
  }
  return -1;
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The object in a text that is nearly JSON. */
function repaired(text: string): unknown {
  // Texts first: a quote within one that is not escaped is what repairs by guessing get wrong.
  const escaped = withEscapedTexts(text);
  const whole = parsed(escaped);
  if (whole !== undefined) return whole;
  for (const attempt of [escaped, text]) {
    try {
      const found: unknown = JSON.parse(jsonrepair(attempt.slice(0, MAX_REPAIRED_UNITS)));
      if (isFields(found) && likeness(found) > 0) return found;
    } catch {
      // Not even nearly.
    }
  }
  return undefined;
}

/** Whether more is opened than closed. */
function isOpen(text: string): boolean {
  return (text.match(/\{/g)?.length ?? 0) > (text.match(/\}/g)?.length ?? 0);
}

/** The fields of an output in tags: `<answer>…</answer><type>partial</type>`, or the text of `<answer>`. */
function inTags(text: string, depth: number): Reading | undefined {
  const inner =
    /(?:^|\n)[ \t]{0,20}<(answer|response|final_answer|final|output|reply|conclusion)>/i.exec(text);
  if (!inner || /[{"]/.test(text.slice(0, inner.index))) return undefined;
  const from = inner.index + inner[0].length;
  const close = text.toLowerCase().indexOf(`</${inner[1]?.toLowerCase()}`, from);
  const content = text.slice(from, close < 0 ? text.length : close).trim();
  const fields: Fields = {};
  for (const [, name = "", value = ""] of text.matchAll(/<(\w{1,30})>([^<>]{0,2000})<\/\1\s*>/g)) {
    const words = value.trim();
    if (/skill/i.test(name) && folded(name) === "skill") continue;
    if (words) fields[name] = words;
  }
  for (const name of ["matched", "missing"]) {
    const list = new RegExp(`<(${name}_?skills)>([\\s\\S]{0,2000}?)</\\1`, "i").exec(text);
    const skills = list?.[2]?.match(/<(\w+)>[^<>]*(?=<)/g)?.map((tag) => tag.replace(/^<\w+>/, ""));
    if (list?.[1] && skills) fields[list[1]] = skills;
  }
  if (/^<(?:answer|final_answer|final|output|reply|conclusion)>/i.test(content)) {
    return inTags(content, depth);
  }
  // JSON within the tag, or an answer and nothing else.
  if (/^[{[`]/.test(content)) return read(content, new Set(), depth + 1);
  if (likeness(fields) < 4) {
    const beside = text
      .slice(close < 0 ? text.length : close)
      .replace(/^<\/\w+\s*>/, "")
      .trim();
    const judged = beside.includes("{") ? within(beside, new Set(), depth).found : undefined;
    return judged && likeness(judged) === 4
      ? { found: judged, prose: content }
      : { prose: isDebris(content) ? proseOf(content, "") : content };
  }
  return { found: { ...fields, answer: content } };
}

const RATING_NAMES = [
  "matchquality",
  "match",
  "matchtype",
  "coverage",
  "matchedskills",
  "missingskills",
];
const LINE =
  /^[ \t>*_#-]{0,40}((?:final )?answer|thoughts?|thinking|analysis|(?:match ?)?(?:quality|type|score)|match|coverage|confidence|reasoning|reason|(?:matched|missing) ?skills|skills (?:matched|missing)|topic(?: ?phrase)?)\**[ \t]*[:=][ \t*_]*(.*)$/gim;

/** The fields of an output in lines, as YAML or as a list of labels: `Match type: partial`. */
function inLines(text: string): Reading | undefined {
  if (/[{}]/.test(text)) return undefined;
  const fields: Fields = {};
  let first = -1;
  let previous: { name: string; end: number } | undefined;
  for (const { 0: line, 1: label = "", 2: value = "", index } of text.matchAll(LINE)) {
    const name = folded(label.replace(/^final /i, ""));
    if (previous?.name === "answer") continueAnswer(index);
    if (first < 0) first = index;
    fields[name] ??= unquoted(value);
    // A list in lines below it.
    if (!value.trim()) {
      delete fields[name];
      const items = /^(?:\s*[-*•]\s+[^\n:]{1,80}(?:\n|$))+/.exec(
        text.slice(index + line.length + 1),
      );
      if (items)
        fields[name] = items[0].split("\n").map((item) => item.replace(/^\s*[-*•]\s+/, ""));
    }
    previous = { name, end: index + line.length };
  }
  if (previous?.name === "answer") continueAnswer(text.length);
  function continueAnswer(end: number): void {
    const more = withoutTail(text.slice(previous?.end, end), /[\s*_#-]/).replace(
      /\n\[\w{1,30}\]$/,
      "",
    );
    fields["answer"] = unquoted(`${String(fields["answer"])}${more}`);
  }
  // `partial (0.7)`, `partial, 70%`: the number beside the type.
  for (const name of ["matchquality", "match", "quality"]) {
    const [, type, number] =
      /^([a-z ]+?)\W*[([,–-]\s*([\d.,]+ ?%?)/i.exec(String(fields[name] ?? "").slice(0, 60)) ?? [];
    if (type) fields[name] = type;
    if (number && Number.parseFloat(number) > 1) fields["coverage"] ??= number;
  }
  const words = fields["answer"] === undefined ? text.slice(0, first).trim() : "";
  // The thoughts in lines of their own, and then the answer.
  if (
    /^(?:thought|thinking|analysis|reason)/.test(Object.keys(fields)[0] ?? "") &&
    fields["answer"]
  ) {
    return { found: fields };
  }
  // In lines without the label of an answer, a rating has to be named as one: a job has a type too.
  if (fields["answer"] === undefined && !isKnown(fields, RATING_NAMES)) return undefined;
  if (likeness(fields) < 4 || (fields["answer"] === undefined && !words)) return undefined;
  return { found: fields, prose: proseOf(words, "") };
}

function unquoted(text: string): string {
  // A block of YAML begins with its mark.
  const words = text.trim().replace(/^[|>][-+]?[ \t]*\n/, "");
  return withoutTail(words.trim().replace(/^(["'“])([\s\S]*)["'”]$/, "$2"), /[*_]/).trim();
}

/** Without such characters at its end: an expression of the run and `$` would take the square of its length. */
export function withoutTail(text: string, characters: RegExp): string {
  let end = text.length;
  while (end > 0 && characters.test(text[end - 1] as string)) end--;
  return text.slice(0, end);
}

/** Those of an object, and what a model draws between its answer and the rating. */
const OPENING_FENCE = /```[\w-]{0,20}\s{0,8}$/;
const CLOSING_FENCE = /^\s{0,8}```(?:json)?/;
const RULE = /\n\s{0,8}[-*_]{3,20}$/;

function withoutFence(text: string): string {
  return text.trimEnd().replace(/`{1,3}$/, "");
}

/** What was written round the JSON, without fences and without the words that announce it. */
function proseOf(before: string, after: string): string {
  const [first, last] = [before, after].map((text) => {
    const start = debrisStart(text);
    // What stands before a piece of the JSON, without the marks that belong to it.
    return start < 0 ? text.trim() : text.slice(0, start).replace(/[\s"'“*_`,{[(]{1,20}$/, "");
  });
  const announced = first?.replace(OPENING_FENCE, "").trimEnd().replace(ANNOUNCING_LINE, "");
  const words = `${announced}\n\n${last?.replace(CLOSING_FENCE, "")}`
    .trim()
    .replace(LABEL, "")
    .replace(RULE, "");
  return isDebris(words) || isAnnouncement(words) ? "" : words;
}

/** "Here is the JSON:", "Sure!": said of the object, not to the visitor. */
export function isAnnouncement(text: string): boolean {
  return (
    text.length < 200 &&
    ((/(?<![.\w])json\b/i.test(text) && !/\b(?:she|he|her|his|they)\b/i.test(text)) ||
      // In one sentence, but for an "Of course!" before it.
      /^(?:[\w ]{1,20}[!.,]\s+)?(?:[^.!?]|[.!?](?!\s))*:$/.test(text) ||
      /^(?:(?:const|let|var) )?[\w.]{1,30} ?=$/.test(text) ||
      /^(?:sure|certainly|of course|absolutely|ok(?:ay)?|assistant)\W*$/i.test(text))
  );
}

/** How a line begins that says that JSON or the answer follows. */
const ANNOUNCING = [
  "sure",
  "certainly",
  "of course",
  "absolutely",
  "ok",
  "here",
  "below",
  "this is",
  "the following",
  "as requested",
  "json",
  "output",
  "response",
  "result",
  "based on",
  "final",
  "answer",
  "thought",
  "thinking",
  "analysis",
  "reasoning",
  "internal",
  "my ",
  "let me think",
  "assistant",
  "const",
  "let",
  "return",
];

/** Whether a line may announce that JSON or the answer follows, also where it goes on. */
export function mayAnnounce(line: string): boolean {
  const words = line.replace(/^[*_#\s]+/, "").toLowerCase();
  return ANNOUNCING.some((begin) => begin.startsWith(words) || words.startsWith(begin));
}
/** "Here is the rating:" in a line below the answer. */
const ANNOUNCING_LINE =
  /\n(?:[^\n]{0,10}\b(?:here|below|json|rating|match)\b[^\n]{0,120}:\W{0,3}|[#*_ ]{1,8}match[ _]?quality\W*)$/i;
/** "**Answer:**" before the answer itself. */
export const LABEL =
  /^(?:[*_#\s]{0,10}(?:(?:final )?answer|assistant|response)[*_]{0,3}:[*_]{0,3}\s*|#{1,4} *answer *\n\s*)/i;
/** The example of the prompt in place of an answer, or none. */
export const PLACEHOLDER =
  /^(?:[^\p{L}\p{N}\p{So}]*|<[\w\s]{1,60}>|undefined|null|NaN|\[object \w{1,20}\])$/iu;

/** Whether words lead up to a sample, which is what they are about. */
function isAboutSample(text: string): boolean {
  return /^[\p{L}\p{N}]/u.test(text) && !mayAnnounce(text) && !OWN_NAMES.test(text);
}

const OWN_NAMES = /match_?quality|["'“]answer["'”]|missing_?skills/i;

const QUOTE = "[\"'“”‘’]?";
const DEBRIS = new RegExp(
  [
    // Begins as JSON, or as a fence round it.
    "^\\s*(?:`{1,3}\\w*\\s*)?(?:\\{|\\[\\s*(?:[{\"'“”]|$)|`{1,3}\\w*\\s*$)",
    "```json\\s*(?:[{[]|$)",
    // A name of a field of ours, with the colon after it.
    `(?<=^|[\\n.!?{,"'“*_(])[\\s>#*_-]{0,8}${QUOTE}(?:match[_ ]?quality|matched_?skills|missing_?skills|topic_?phrase)[*_]{0,2}${QUOTE}\\s*:`,
    `(?:\\{\\s*${QUOTE}|,\\s*["'“”‘’])(?:answer|response|type|coverage|confidence|reasoning)${QUOTE}\\s*:`,
    // Ends where an object has just begun. Bounded: the processor's time must not depend on blanks.
    "\\{[\\s\\w\"'“”‘’:]{0,80}$",
  ].join("|"),
  "i",
);

/** Whether it looks like a piece of the JSON that was asked for. */
export function isDebris(text: string): boolean {
  return debrisStart(text) >= 0;
}

function debrisStart(text: string): number {
  return withoutSamples(text).search(DEBRIS);
}

/** With other whole objects masked, and what stands in a sentence: the words are about them. Same length. */
function withoutSamples(text: string): string {
  let masked = text;
  let start = text.search(/\S\s*\{/) < 0 ? -1 : text.indexOf("{", 1);
  for (let number = 0; start > 0 && number < MAX_OBJECTS; number++) {
    const end = endOfObject(text, start);
    const object = end < 0 ? undefined : parsed(text.slice(start, end));
    const isSample = isFields(object) && likeness(object) < 4 && !isUnfilled(object);
    if (isSample || (end > 0 && isInSentence(text.slice(0, start), text.slice(end)))) {
      masked = masked.slice(0, start) + "·".repeat(end - start) + masked.slice(end);
    }
    start = text.indexOf("{", end < 0 ? start + 1 : end);
  }
  return masked;
}
