/** Finds what the visitor may read in a model's output while it comes. */

import {
  ANSWER_BEGINS,
  beforeRating,
  endOfObject,
  isAnnouncement,
  LABEL,
  mayAnnounce,
  PLACEHOLDER,
  parsed,
} from "./json-in-output.ts";
import {
  beginsThoughts,
  isServiceError,
  LABELLED_THOUGHTS,
  mayBecomeServiceError,
  withoutThoughts,
} from "./model-marks.ts";
import { isFields, likeness } from "./named-fields.ts";
import { endsOf, quotedText, type TextKind } from "./quotes.ts";

/**
 * Takes an output piece by piece and gives what is surely part of the answer. What is not sure stays
 * back, and at the end `parseMatchQuality` decides on it with the whole output.
 */
export class AnswerScanner {
  /** The output as far as it is not decided, without thoughts that came first. */
  #text = "";
  #part: "start" | "answer" | "prose" | "rest" = "start";
  #ends = '"';
  #kind: TextKind = "value";
  /** What is the answer's and has not been given: blanks at its end, half a character, a first word. */
  #kept = "";
  #given = "";
  #isComplete = false;

  /** Whether the answer was read to its end: what follows is the rating. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** What comes next of the answer; often empty. */
  push(piece: string): string {
    if (this.#part === "rest" && !this.#kept) return "";
    this.#text += piece;
    if (this.#part === "start") this.#start(piece);
    if (this.#part === "answer") this.#answer();
    if (this.#part === "prose") this.#prose();
    return this.#give();
  }

  /** Past thoughts, a fence and an announcement, to the answer. */
  #start(piece: string): void {
    for (;;) {
      this.#text = this.#text.trimStart();
      const text = this.#text;
      if (!text || MAY_BEGIN_MARK.test(text)) return;
      if (beginsThoughts(text)) {
        // Looked for only where an end may have come: thoughts are long.
        if (!/[>\]▷]/.test(piece)) return;
        const { text: rest, unended } = withoutThoughts(text);
        // A mark whose word has not come yet is left as it is.
        if (unended !== undefined || rest === text) return;
        this.#text = rest;
        continue;
      }
      const mark =
        /^(?:```(?:json\w{0,2})?\s*\n(?=\s*\{)|<(?:answer|output|response|final_answer|reply)>|<\|[^<>]{1,60}\|>(?:assistant)?)/i.exec(
          text,
        );
      if (mark) {
        this.#text = text.slice(mark[0].length);
        continue;
      }
      if (/^[{["“`<◁＜]/.test(text)) {
        const field = ANSWER_BEGINS.exec(text);
        if (field) {
          this.#ends = endsOf(field[1] ?? "");
          this.#kind = /["'“”‘’]\s*:/.test(field[0]) ? "value" : "bareValue";
          this.#text = text.slice(field[0].length);
          this.#part = "answer";
        } else if (!MAY_BEGIN_ANSWER.test(text)) {
          // Words in quotes, but no text of JSON.
          this.#part = /^["“](?!\s*[{[\\])/.test(text) ? "prose" : "rest";
        }
        return;
      }
      const line = /^[^\n{`]*/.exec(text)?.[0] ?? "";
      if (
        LABELLED_THOUGHTS.test(text.slice(0, line.length + 1)) ||
        /^(?:answer\s*=|analysis[a-z])/i.test(line)
      ) {
        this.#part = "rest";
        return;
      }
      const label = LABEL.exec(text)?.[0].length ?? 0;
      if (label > 0) {
        if (label === text.length) return;
        this.#text = text.slice(label);
        continue;
      }
      const said = line.trim();
      if (line.length < text.length && isAnnouncement(said) && !isServiceError(said)) {
        const rest = text.slice(line.length).trimStart();
        if (!rest) return;
        if (MAY_BEGIN_OBJECT.test(rest)) return;
        // Above the answer's object alone: other JSON, a list or code may be what the line is about.
        if (OBJECT_OF_ANSWER.test(rest) || rest.startsWith("<")) {
          this.#text = rest;
          continue;
        }
        if (/^(?:[{["`])/.test(rest)) {
          this.#part = "rest";
          return;
        }
      }
      const isDecided = line.length < text.length || line.length > MAX_ANNOUNCEMENT_UNITS;
      if (!isDecided && mayAnnounce(line)) return;
      this.#part = "prose";
      return;
    }
  }

  #answer(): void {
    const { text, end, isEnded } = quotedText(this.#text, 0, this.#ends, this.#kind, false);
    this.#kept += text;
    this.#text = this.#text.slice(end);
    if (!isEnded) return;
    this.#part = "rest";
    this.#isComplete = true;
  }

  /** Up to what may be JSON, thoughts, or a mark. */
  #prose(): void {
    for (;;) {
      const at = this.#text.search(/[{`<◁＜\n[]/);
      const until = at < 0 ? this.#text.length : at;
      this.#kept += this.#text.slice(0, until);
      this.#text = this.#text.slice(until);
      if (!this.#text) return;
      const safe = proseUntil(this.#text);
      if (safe === "rest") this.#part = "rest";
      if (typeof safe !== "number") return;
      this.#kept += this.#text.slice(0, safe);
      this.#text = this.#text.slice(safe);
    }
  }

  #give(): string {
    if (!this.#given) {
      this.#kept = this.#kept.trimStart();
      // JSON, a tag or a code fence as the answer, which may be something else.
      if (/^[{[<`~◁＜]/.test(this.#kept)) {
        this.#part = "rest";
        this.#isComplete = false;
        this.#kept = "";
      }
      if (!isAnswerSurely(this.#kept, this.#isComplete)) return "";
    }
    // Quotes that were not escaped may have hidden where the answer ends.
    const before = beforeRating(this.#kept);
    if (before !== undefined) {
      this.#part = "rest";
      this.#isComplete = false;
      this.#kept = before;
    }
    const given = this.#isComplete ? this.#kept.trimEnd() : beforeUndecided(this.#kept);
    this.#kept = this.#isComplete ? "" : this.#kept.slice(given.length);
    this.#given += given;
    return given;
  }
}

const MAX_ANNOUNCEMENT_UNITS = 120;
/** What may become the name of the rating. */
const MAY_BE_RATING = /[("”]?,?\s{0,8}(?:\{\s{0,8}["“]?\w{0,14}["”]?|["“]\w{0,14}["”]?)?$/;

/** Without half a character, blanks and what may become the name of the rating at the end. */
function beforeUndecided(text: string): string {
  const words = text.replace(/[\uD800-\uDBFF]$/, "").trimEnd();
  const rating = MAY_BE_RATING.exec(words.slice(-60))?.[0].length ?? 0;
  return words.slice(0, words.length - rating).trimEnd();
}

const OBJECT_OF_ANSWER = /^(?:```(?:json\w{0,2})?\s*)?\[?\s*\{\s*["'“”]?answer["'“”]?\s*:/i;
/** The beginning of that. */
const MAY_BEGIN_OBJECT =
  /^(?:`{1,3}|```(?:js?o?n?\w{0,2})?\s*)?(?:\[?\s*\{?\s*["'“”]?[a-z]{0,6}["'“”]?\s*)$/i;
const MAY_BEGIN_ANSWER =
  /^(?:\[\s*)?(?:\{\s*(?:\/\/[^\n]*\n?\s*)?)?["'“”]?[a-z]{0,8}["'“”]?\s*(?::\s*)?$/i;
/** A mark that is not there as a whole yet. */
const MAY_BEGIN_MARK = /^(?:`{1,2}|```[\w-]*\s*|<[^<>\s]{0,40}|\[[A-Z]{0,12}|◁[^▷]{0,20})$/;
/** How far a prose's next mark is safe, whether it ends the prose, or that more has to come. */
function proseUntil(text: string): number | "rest" | "wait" {
  switch (text[0]) {
    case "{": {
      if (!/^\{\s*["'“”\w}]/.test(text)) return /^\{\s*$/.test(text) ? "wait" : 1;
      const end = endOfObject(text, 0);
      if (end < 0) return text.length > MAX_SAMPLE_UNITS ? "rest" : "wait";
      const object = parsed(text.slice(0, end));
      const isOurs = isFields(object)
        ? likeness(object) >= 3
        : /match|answer|coverage|confidence/i.test(text.slice(0, end));
      return isOurs ? "rest" : end;
    }
    case "`": {
      if (/^`{1,2}$/.test(text)) return "wait";
      if (!text.startsWith("```")) return /^`+/.exec(text)?.[0].length ?? 1;
      if (/^```[\w-]*\s*$/.test(text)) return "wait";
      if (!/^```[\w-]*\s*[{[]/.test(text)) return 3;
      const end = text.indexOf("```", 3);
      if (end < 0) return "wait";
      return /match|answer|coverage|confidence/i.test(text.slice(0, end)) ? "rest" : end + 3;
    }
    case "\n": {
      const [, lead = "", line = "", after] =
        /^([\s>*_#"'“,-]*)([^\n]{0,160})(\n?)/.exec(text) ?? [];
      if (line.length < MAX_LABEL_UNITS && !after) return "wait";
      // Drawn between the answer and its rating.
      if (/-{3}|\*{3}|_{3}/.test(lead) && /^[`{]/.test(line)) return "rest";
      if (FIELD_LINE.test(line)) return "rest";
      if (/^(?:here|below|json|rating)\b/i.test(line)) {
        if (!after && line.length < MAX_ANNOUNCEMENT_UNITS) return "wait";
        if (isAnnouncement(line.trim())) return "rest";
      }
      return lead.length;
    }
    case "[":
      if (/^\[\/?[A-Z]{0,12}$/.test(text)) return "wait";
      return beginsThoughts(text) || /^\[\/?INST\]/.test(text) ? "rest" : 1;
    default:
      if (/^[<◁＜][^<>▷＞\s]{0,40}$/.test(text)) return "wait";
      return beginsThoughts(text) || MARK.test(text) ? "rest" : 1;
  }
}

/** Longer objects in prose are left for the end: looking for theirs again and again takes time. */
const MAX_SAMPLE_UNITS = 4_000;
const MAX_LABEL_UNITS = 18;
const FIELD_LINE =
  /^(?:(?:match(?:[ _]?(?:quality|type|score))?|coverage|confidence|(?:matched|missing)[ _]?skills|topic[ _]?phrase|user|human|visitor)["'”*_]*\s*[:=]|match[ _]?quality\W*$|answer\b["'”*_]*\s*:)/i;
const MARK =
  /^(?:<\||<｜|<\/?s>|<\/?(?:answer|output|response|final_answer|reply|bos|eos|pad|unused\d+|start_of_turn|end_of_turn|match\w*|tool_call)\b|<<|<\/?(?:think|thought|reason|analysis)|◁)/i;

/** So long an answer is shown before its end, though it begins as errors do. */
const ERROR_CHARACTERS = 120;

/** Whether what there is of an answer has words, and is no service's error. */
function isAnswerSurely(text: string, isComplete: boolean): boolean {
  // Only its beginning: the processor's time must not grow with the square of its length.
  if (PLACEHOLDER.test(text.slice(0, 400))) return false;
  // A rating that follows may show that it is an answer: the end decides.
  if (isComplete) return !isServiceError(text);
  // The first word, or the second where many answers begin with the first.
  if (!/\S\s+\S/.test(text) && text.length < 40) return /[^\x20-\x7e]{2}/.test(text);
  if (/^(?:you|your|the|this|no|not|bad|too)\s+\S{0,8}$/i.test(text)) return false;
  if (!mayBecomeServiceError(text)) return true;
  return text.length >= ERROR_CHARACTERS && !isServiceError(text);
}
