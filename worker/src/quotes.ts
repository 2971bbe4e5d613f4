/** Where a text in JSON ends, also where the model forgot to escape the quotes within it. */

/**
 * What follows a text behind blanks, or only in a later line. Each blank is read once: where a visitor steers a
 * model to write thousands, the time must not grow with the square of their number.
 */
function after(somewhere: string, inNextLine: string): RegExp {
  return new RegExp(String.raw`[^\S\n]*(?:\n\s*(?:${somewhere}|${inNextLine})|${somewhere})`, "y");
}

/** What may follow the quote that ends a value of an object: no word of the text itself. */
const AFTER_VALUE = after(
  String.raw`$|[}\]]|,\s*(?:["'“”]?$|[}\]]|\/[/*]|["'“”‘’]\w[\w -]{0,40}["'“”‘’]?\s*(?::|$))`,
  String.raw`["'“”‘’]\w{1,40}["'“”‘’]\s*:`,
);
/** The same where names have no quotes. */
const AFTER_BARE_VALUE = after(
  String.raw`$|[}\]]|,\s*(?:$|[}\]]|\/[/*]|["'“”‘’]?\w{1,40}["'“”‘’]?\s*(?::|$))`,
  String.raw`\w{1,40}\s*:`,
);
const AFTER_ELEMENT = /\s*(?:$|\]|,\s*(?:$|["'“”{[\]\d]|true|false|null))/y;
const AFTER_NAME = /\s*(?:$|:)/y;
/** The beginning of what may end a value, where more may come. */
const MAY_BECOME_NAME = String.raw`(?:\/|["'“”‘’](?:\w[\w -]{0,40})?["'“”‘’]?\s*|\w[\w -]{0,40}["'“”‘’]?\s*)?$`;
const MAY_END_VALUE = after(String.raw`$|,\s*${MAY_BECOME_NAME}`, MAY_BECOME_NAME);

/** Which quotes end a text that began with one. */
const ENDS: Record<string, string> = { '"': '"', "'": "'’", "“": '”“"', "”": '”"', "‘": "’'" };

/** The kind of a text: the name of a field, the value of one (also of a bare name), or an element of a list. */
export type TextKind = "name" | "value" | "bareValue" | "element";

/** A text in quotes, read. */
export interface QuotedText {
  /** Its words, with escapes undone and ready to be shown. */
  text: string;
  /** Where reading ended: behind the last quote, or at the first place that cannot be decided yet. */
  end: number;
  isEnded: boolean;
}

/** The quotes that end a text which began with this one. */
export function endsOf(quote: string): string {
  return ENDS[quote] ?? '"';
}

/**
 * Reads a text from behind its first quote, or from where reading ended before.
 *
 * @param ends the quotes that may end it, by {@link endsOf}
 * @param isWhole whether nothing more comes; if it may, what cannot be decided yet is left out
 */
export function quotedText(
  json: string,
  start: number,
  ends: string,
  kind: TextKind,
  isWhole: boolean,
): QuotedText {
  const ending = AFTER[kind];
  const matches = (expression: RegExp, at: number) => {
    expression.lastIndex = at;
    return expression.test(json);
  };
  let text = "";
  let place = start;
  let copied = start;
  for (; place < json.length; place++) {
    const unit = json[place] as string;
    if (unit === "\\") {
      // Half an escape at the end of what there is.
      if (place + (json[place + 1] === "u" ? 6 : 2) > json.length && !isWhole) break;
      ESCAPE.lastIndex = place;
      const [all = "\\", code, letter] = ESCAPE.exec(json) ?? [];
      text += json.slice(copied, place);
      if (code) text += String.fromCharCode(Number.parseInt(code, 16));
      // An escape that there is none of is a path or an expression: "C:\\Users".
      else if (letter) text += ESCAPES[letter] ?? (/[a-z]/i.test(letter) ? `\\${letter}` : letter);
      place += all.length - 1;
      copied = place + 1;
    } else if (ends.includes(unit)) {
      if (!isWhole && matches(MAY_END_VALUE, place + 1)) break;
      if (matches(ending, place + 1)) {
        return { text: text + json.slice(copied, place), end: place + 1, isEnded: true };
      }
    }
  }
  return { text: text + json.slice(copied, place), end: place, isEnded: false };
}

const AFTER: Record<TextKind, RegExp> = {
  name: AFTER_NAME,
  value: AFTER_VALUE,
  bareValue: AFTER_BARE_VALUE,
  element: AFTER_ELEMENT,
};
const ESCAPE = /\\(?:u([\dA-Fa-f]{4})|([^u])|u)/y;
const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "", f: "" };

/**
 * The same JSON with each text in double quotes and everything within it escaped. What is between the
 * texts stays. Linear in its length, but for a bounded look behind each quote.
 */
export function withEscapedTexts(json: string): string {
  const open: string[] = [];
  const value = /["'“”‘’]\w{1,40}["'“”‘’]\s*:/.test(json) ? "value" : "bareValue";
  let escaped = "";
  let before = "";
  let place = 0;
  while (place < json.length) {
    const unit = json[place] as string;
    if (unit in ENDS && /[{[,:]/.test(before)) {
      const isName = before === "{" || (before === "," && open.at(-1) === "{");
      const kind = isName ? "name" : open.at(-1) === "[" ? "element" : value;
      const { text, end, isEnded } = quotedText(json, place + 1, endsOf(unit), kind, true);
      const words = JSON.stringify(text);
      escaped += isEnded ? words : words.slice(0, -1);
      place = end;
      before = unit;
      continue;
    }
    if (unit === "{" || unit === "[") open.push(unit);
    else if (unit === "}" || unit === "]") open.pop();
    // A comma is often forgotten at the end of a line.
    if (
      unit === "\n" &&
      before !== "{" &&
      open.at(-1) === "{" &&
      NEXT_NAME.test(json.slice(place, place + 60))
    ) {
      if (!/[,:[]/.test(before)) escaped += ",";
      before = ",";
    }
    escaped += unit;
    if (/\S/.test(unit)) before = unit;
    place += 1;
  }
  return escaped;
}

const NEXT_NAME = /^\s*["'“”]\w{1,40}["'“”]\s*:/;
