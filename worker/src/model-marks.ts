/** What models and services write that is not for the visitor: thoughts, marks of a chat's template, errors. */

/** The words within a mark that thoughts follow. */
const THOUGHT_WORDS =
  "think|thinking|thought|thoughts|reasoning|reason|analysis|reflection|scratchpad|reasoning_steps|inner_monologue|internal_monologue|inner_thoughts|chain[_-]of[_-]thought|thought_process|thinking_process|antthinking|planning";
/** `<think>`, `[THINK]`, `◁think▷`, `<seed:think>`, `<|begin_of_thought|>`, in any case, with attributes. */
const THOUGHTS_MARK = `(?:[<◁＜]|\\[(?=[A-Z_]{1,20}\\]))\\|?(?:begin_(?:of_)?|start_|\\w{1,20}:)?(${THOUGHT_WORDS})(?:\\|?[>▷＞\\]]|\\s[^<>]{0,80}>)`;
/** What begins thoughts where models and programs write them in another way. */
const OTHER_MARKS =
  '<unused94>(?:thought)?|<\\|START_THINKING\\|>|<\\|inner_prefix\\|>|<｜begin▁of▁thinking｜>|<\\|channel>thought|^\\s*Thinking\\.\\.\\.\\s*\\n|^<details type="reasoning"[^<>]{0,200}>';
const THOUGHTS_BEGIN = new RegExp(THOUGHTS_MARK, "i");
const BEGINS_THOUGHTS = new RegExp(`^(?:${THOUGHTS_MARK}|<\\|channel\\|>|${OTHER_MARKS})`, "i");
const thoughtsEnd = (words: string) =>
  new RegExp(`[<[◁＜]\\|?(?:/|end_(?:of_)?)(?:\\w{1,20}:)?(?:${words})\\s{0,3}\\|?[>▷＞\\]]`, "i");
const ANY_THOUGHTS_END = thoughtsEnd(THOUGHT_WORDS);

/** The channels of OpenAI's open models: only the last, `final`, is for the visitor. */
const FINAL_CHANNEL = /(?:<\|channel\|>\s*final[^<]{0,40}|<\|start\|>assistant)<\|message\|>/i;
const ANY_CHANNEL = /<\|channel\|>\s*(?:analysis|commentary)\b/i;
const OTHER_BEGINS = new RegExp(OTHER_MARKS, "gi");
/** What models and programs write in place of `</think>`. */
const OTHER_ENDS =
  /<unused95>|<\|END_THINKING\|>|<\|inner_suffix\|>|<｜end▁of▁thinking｜>|<channel\|>|\n\.\.\.done thinking\.\s/g;
/** The same of a whole block. */
const OTHER_BLOCKS =
  /<details type="reasoning"[^<>]{0,200}>[\s\S]*?<\/details>|^\s*(`{3}|~{3})(?:think|thinking|thoughts?|reasoning)\s*\n[\s\S]*?\n\1/gi;
/** Thoughts below a label, or announced, which end at the last label of an answer. */
export const LABELLED_THOUGHTS =
  /^[*_#\s]{0,6}(?:(?:here is )?(?:(?:internal|my) )?(?:thoughts?|thinking|reasoning|analysis)(?: process)?[*_]{0,3}(?::|\s*\n)|let me think step by step)/i;
const ANSWER_LABEL =
  /\n[*_#\s]{0,6}(?:(?:final )?answer|here is my response|response)[*_]{0,3}(?::[*_]{0,3}|(?=\s*\n))/i;
/** The channels of OpenAI's open models whose marks a service has taken out. */
const BARE_CHANNELS = /^analysis(?=[a-z])[\s\S]*assistantfinal/i;

const THOUGHTS_NAME = new RegExp(`${THOUGHT_WORDS}|plan|notes?\\b`, "i");

/** Whether a field is for thoughts, by its name. */
export function isOfThoughts(name: string): boolean {
  return THOUGHTS_NAME.test(name);
}

/** A text without its thoughts. */
export interface WithoutThoughts {
  text: string;
  /** Thoughts that never ended, which may hold an answer after all. */
  unended?: string;
}

/** Takes out what a model thought before it answered, anywhere in the text. Linear in its length. */
export function withoutThoughts(output: string): WithoutThoughts {
  let text = output;
  const final = lastMatch(text, FINAL_CHANNEL);
  if (final) text = text.slice(final.index + final[0].length);
  else if (ANY_CHANNEL.test(text)) return { text: "", unended: text };
  text = text
    .replace(BARE_CHANNELS, "")
    .replace(OTHER_BLOCKS, "")
    .replace(OTHER_BEGINS, "<think>")
    .replace(OTHER_ENDS, "</think>\n");
  const answer = LABELLED_THOUGHTS.test(text) && lastMatch(text, ANSWER_LABEL);
  if (answer) return { text: `Answer:${text.slice(answer.index + answer[0].length)}` };
  // Whatever a model puts in tags of its own before the rest is not said to the visitor.
  const own = /^\s*<([a-z]\w{1,30})>[\s\S]*?<\/\1>(?=\s*\S)/i.exec(text);
  if (own && !SHOWN_TAGS.test(own[1] ?? "")) text = text.slice(own[0].length);
  let kept = "";
  for (let found = 0; found < 20; found++) {
    const begin = THOUGHTS_BEGIN.exec(text);
    if (!begin) break;
    const after = text.slice(begin.index + begin[0].length);
    const end = thoughtsEnd(`${begin[1]}s?(?:ing)?`).exec(after) ?? ANY_THOUGHTS_END.exec(after);
    // Prose about such a mark has no end of it and is no thought.
    if (!end && /\S[ \t]*$/.test(text.slice(0, begin.index))) {
      kept += text.slice(0, begin.index + begin[0].length);
      text = after;
      continue;
    }
    kept += text.slice(0, begin.index);
    if (!end) return { text: kept, unended: after };
    text = after.slice(end.index + end[0].length);
  }
  text = kept + text;
  // The mark that began them may have been part of the prompt.
  const end = ANY_THOUGHTS_END.exec(text);
  const before = text.slice(0, end?.index);
  const words = before.trimEnd();
  const isLine = /^$|[.!?…]$/.test(words.slice(-1)) || before.slice(words.length).includes("\n");
  const after = end ? text.slice(end.index + end[0].length) : "";
  // Or a visitor had the model write an end into its thoughts, which go on behind it.
  const isSecond = text.length < output.length && after.trim() !== "" && !kept.trim();
  if (end && (isLine || isSecond || /^\s*(?:[{`\n]|$)/.test(after))) text = after;
  return { text };
}

/** Tags of HTML, of an answer and of its rating. */
const SHOWN_TAGS =
  /^(?:p|div|span|ul|ol|li|h[1-6]|b|strong|em|i|u|a|br|code|pre|table|html|body|section|article|blockquote|details|answer|response|final\w*|output|reply|match\w*|quality|type|coverage|confidence|topic\w*|missing\w*|json|result|tool_call|s)$/i;

/** Whether thoughts may begin at the start of a text, or at its end where it goes on. */
export function beginsThoughts(text: string): boolean {
  return BEGINS_THOUGHTS.test(text);
}

function lastMatch(text: string, expression: RegExp): RegExpExecArray | undefined {
  return [...text.matchAll(new RegExp(expression, "gi"))].at(-1);
}

const TEMPLATE_MARKS =
  /<\|[\w ]{1,40}\|>|<｜[^<>｜]{1,40}｜>|<\/?s>|<(?:bos|eos|pad|end_of_turn|start_of_turn)>(?:model\n)?|\[\/?INST\]|<<\/?SYS>>/g;

/** Without the marks of a chat's template, such as `<|im_end|>`, which some services let through. */
export function withoutTemplateMarks(text: string): string {
  const marks = text.replace(
    /<\|(?:im_start|start_header_id|start)\|>\s*assistant\s*(?:<\|end_header_id\|>)?/g,
    "",
  );
  // What follows the end of its turn is a talk that the model goes on with.
  const end = /\S[\s]*(<\|(?:im_end|eot_id|end|endoftext)\|>|<\/s>|<end_of_turn>)/.exec(marks);
  const turn = end ? marks.slice(0, end.index + end[0].length) : marks;
  return turn.replace(TEMPLATE_MARKS, "");
}

/** How an error that is known by its first words has to go on: not at all, or with advice. */
const ENDS = /^(?:\W*$|[.,:;!]\s+(?:please|try|retry|check|see|you can|visit|contact|limit|\d))/;
const WHOLE = /^\W*$/;
const ANY = /^/;
const MODEL =
  /^(?:[`'"]?[\w./:@-]{1,80}[`'"]?,? )?(?:does not exist|not found|is (?:currently )?(?:overloaded|loading|unavailable))(?:\W*$| or | with |[.,:;!]\s+(?:please|try|retry))/;
const CREDENTIAL = /^(?: provided\b|\W*$|[.,:;!]\s+(?:please|check|see|you can|visit))/;
const UNUSABLE =
  /^(?:is|has|was) (?:too low|not (?:valid|active|allowed)|invalid|incorrect|missing|expired|disabled|been )/;
const QUOTA = /^(?:\w+ )?(?:quota|rate|limit)/;
const NO_SUPPORT = /^(?:json|response|tools?\b|streaming|function)/;
const NO_CAPACITY = /^(?: (?:available|left|for this model))?\W*$/;

/**
 * Errors of services in lower case: the words that each begins with, and how it goes on. An answer may
 * be about the same things ("Connection reset handling is in his library."), so the words that follow
 * decide too.
 */
const SERVICE_ERRORS: [begins: string, goesOn: RegExp][] = [
  ...all(
    WHOLE,
    "internal server error|bad gateway|service unavailable|service temporarily unavailable|gateway timeout|gateway time-out|gateway time out|too many requests|unauthorized|forbidden|not found|request timeout|request time out|rate limited|rate limit|bad request|error|insufficient balance|insufficient quota|insufficient_quota|no healthy upstream|provider returned error|network connection lost|user is not authorized|rate exceeded|endpoint request timed out|payment required|access denied|permission denied|not authenticated|method not allowed|payload too large|unprocessable entity|timed out|timeout|time out",
  ),
  ...all(
    ENDS,
    "overloaded|capacity temporarily exceeded|context length exceeded|maximum context length exceeded|request aborted|request was aborted|request timed out|operation aborted|operation was aborted|operation timed out|connection refused|connection reset|connection reset by peer|connection error|no such model|upstream request timeout",
  ),
  ...all(
    /^(?: for\b|: free|\W*$|[.,:;!]\s+(?:please|try|retry|limit|\d))/,
    "rate limit reached|rate limit exceeded",
  ),
  ...all(/^(?:: the (?:request|operation|model)\b|\W*$)/, "timeout error|time-out error"),
  ["fetch failed", /^(?:\W*$|\W+(?:econn|etimedout|enotfound|und_err))/],
  ...["incorrect", "invalid", "missing"].flatMap((fault) =>
    all(
      CREDENTIAL,
      `${fault} api key|${fault} api token|${fault} token|${fault} x-api-key|${fault} authentication`,
    ),
  ),
  ...all(UNUSABLE, "your api key |your credit balance "),
  ...all(QUOTA, "exceeded your |you exceeded your |you have exceeded your |have exceeded your "),
  ...all(
    ANY,
    "you didn't provide an api key|you did not provide an api key|you have used up your daily",
  ),
  ...all(MODEL, "model |the model |this model |the server "),
  ...all(NO_SUPPORT, "this model doesn't support |this model does not support "),
  ["this model's maximum context", ANY],
  ...all(
    ANY,
    "failed to fetch|prompt is too long: |quota exceeded for quota |input validation error|please reduce the length|this endpoint's maximum context|api error: |request failed with status code |connect econnrefused|connect etimedout|getaddrinfo |cuda out of memory|worker exceeded resource limits|internal error; reference|an error occurred while processing your request|the response was filtered due to the prompt|the api deployment for this resource|access denied due to invalid subscription|no endpoints found matching|no such model @|user location is not supported|user is not authorized to perform|the security token included in the request|resource has been exhausted|number of request tokens has exceeded|this request would exceed your|request too large for |your account is not active|api key not valid|that model is currently overloaded|the engine is currently overloaded|this model has been deprecated|no route matched with those values|throttling: |the operation was aborted due to timeout",
  ),
  ...all(/^\s+nginx/, "bad gateway|gateway time-out|service temporarily unavailable"),
  ["models/", /^[\w.-]{1,60} is not found/],
  ["the server had an error", /^(?: while)? processing your|^\W*$/],
  ["no auth", /^(?:(?:entication)? credentials|orization header)(?: found| provided)?\W*$/],
  ...all(NO_CAPACITY, "no capacity|no available capacity"),
  ["cannot read propert", /^(?:y ['"`]|y of (?:undefined|null)\b|ies of (?:undefined|null)\b)/],
  ...all(ANY, "upstream connect error or disconnect|traceback (most recent|<!doctype|<html|<?xml"),
];

function all(goesOn: RegExp, begins: string): [string, RegExp][] {
  return begins.split("|").map((words) => [words, goesOn]);
}

/** `AxiosError: …`, `TypeError [code]: …`, `Error code: 524`. */
const NAMED_ERROR =
  /^(?:\[\w{1,40} error\]:|http error! status|(?:[\w.]{0,60}error|[\w.]{1,60}exception)\s*(?:\[\w+\]\s*)?:(?:\s|$)|error\W+(?:code\W+)?\d{3,4}\s*(?:[:({-]|\W*$))/;
const MAY_BE_NAMED = /^http error!|^(?:\[\w{1,40}(?: e|$)|[\w.]{0,60}error|[\w.]{1,60}exception)\b/;
/** A status or a service's own code before the words: `HTTP 503: `, `400 `, `5025: `. */
const CODE = /^(?:(?:http(?:\/[\d.]+)?|status|error|code)\W{0,3}){0,3}\d{3,5}\b\W{0,3}/;
const MAY_BE_CODE = /^(?:http|status)[\W\d]*[a-z]{0,5}[\W\d]*$/;

const beginningOf = (text: string) => text.slice(0, 400).trim().toLowerCase().replaceAll("’", "'");

/** Whether a text is a service's error instead of a model's words. */
export function isServiceError(text: string): boolean {
  const words = beginningOf(text);
  const said = words.replace(CODE, "");
  return (
    NAMED_ERROR.test(words) ||
    SERVICE_ERRORS.some(
      ([begins, goesOn]) => said.startsWith(begins) && goesOn.test(said.slice(begins.length)),
    )
  );
}

/** Whether a text that goes on may become a service's error: each beginning of one does. */
export function mayBecomeServiceError(text: string): boolean {
  const words = beginningOf(text);
  const said = words.replace(CODE, "");
  return (
    MAY_BE_NAMED.test(words) ||
    MAY_BE_CODE.test(words) ||
    SERVICE_ERRORS.some(([begins]) => said.startsWith(begins) || begins.startsWith(said))
  );
}

/** A whole text in tags of HTML, as plain text; other texts as they are. */
export function withoutHtml(text: string): string {
  if (
    !/^<(p|div|span|ul|ol|h[1-6]|b|strong|em|i|html|body|section|article)\b[^<>]{0,200}>/i.test(
      text,
    )
  ) {
    return text;
  }
  if (!/<\/[a-z]+\d?>$|<br ?\/?>$/i.test(text)) return text;
  return text
    .replace(/<br ?\/?>|<\/(?:p|div|li|h[1-6]|ul|ol)>/gi, "\n")
    .replace(/<\/?[a-z]+\d?\b[^<>]{0,200}>/gi, "")
    .replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (_all, name: string) => ENTITIES[name] ?? "")
    .replace(/\n{2,}/g, "\n")
    .trim();
}

const ENTITIES: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  "#39": "'",
  nbsp: " ",
};
