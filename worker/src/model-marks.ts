/** What models and services write that is not for the visitor: thoughts, marks of a chat's template, errors. */

/** The words within a mark that thoughts follow. */
const THOUGHT_WORDS =
  "think|thinking|thought|thoughts|reasoning|reason|analysis|reflection|scratchpad|reasoning_steps|inner_monologue|internal_monologue|inner_thoughts|chain_of_thought|thought_process|thinking_process|antthinking|planning";
/** `<think>`, `[THINK]`, `◁think▷`, `<seed:think>`, `<|begin_of_thought|>`, in any case, with attributes. */
const THOUGHTS_BEGIN = new RegExp(
  `(?:[<◁＜]|\\[(?=[A-Z]+\\]))\\|?(?:begin_of_|\\w{1,20}:)?(${THOUGHT_WORDS})(?:\\|?[>▷＞\\]]|\\s[^<>]{0,80}>)`,
  "i",
);
const thoughtsEnd = (word: string) =>
  new RegExp(`[<[◁＜]\\|?(?:/|end_of_)(?:\\w{1,20}:)?${word}s?(?:ing)?\\|?[>▷＞\\]]`, "i");
const ANY_THOUGHTS_END = new RegExp(
  `[<[◁＜]\\|?(?:/|end_of_)(?:\\w{1,20}:)?(?:${THOUGHT_WORDS})\\|?[>▷＞\\]]`,
  "i",
);

/** The channels of OpenAI's open models: only the last, `final`, is for the visitor. */
const FINAL_CHANNEL = /<\|channel\|>\s*final[^<]*<\|message\|>/i;
const ANY_CHANNEL = /<\|channel\|>\s*(?:analysis|commentary)\b/i;
/** Gemma's marks of thoughts, as the others write them. */
const GEMMA_MARKS = /<unused94>(?:thought)?|<unused95>/g;

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
  text = text.replace(GEMMA_MARKS, (mark) => (mark === "<unused95>" ? "</think>" : "<think>"));
  // Whatever a model puts in tags of its own before the rest is not said to the visitor.
  const own = /^\s*<([a-z]\w{1,30})>[\s\S]*?<\/\1>(?=\s*\S)/i.exec(text);
  if (own && !SHOWN_TAGS.test(own[1] ?? "")) text = text.slice(own[0].length);
  let kept = "";
  for (let found = 0; found < 20; found++) {
    const begin = THOUGHTS_BEGIN.exec(text);
    if (!begin) break;
    const after = text.slice(begin.index + begin[0].length);
    const end = thoughtsEnd(begin[1] ?? "").exec(after) ?? ANY_THOUGHTS_END.exec(after);
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
  const isLine = end && /(?:^|\n|[.!?…] ?)\s*$/.test(text.slice(0, end.index));
  if (end && (isLine || /^\s*(?:[{`\n]|$)/.test(text.slice(end.index + end[0].length)))) {
    text = text.slice(end.index + end[0].length);
  }
  return { text };
}

/** Tags of HTML, of an answer and of its rating. */
const SHOWN_TAGS =
  /^(?:p|div|span|ul|ol|li|h[1-6]|b|strong|em|i|u|a|br|code|pre|table|html|body|section|article|blockquote|details|answer|response|final\w*|output|reply|match\w*|quality|type|coverage|confidence|topic\w*|missing\w*|json|result|tool_call|s)$/i;

/** Whether thoughts may begin at the start of a text, or at its end where it goes on. */
export function beginsThoughts(text: string): boolean {
  return THOUGHTS_BEGIN.exec(text)?.index === 0 || /^<(?:\|channel\|>|unused94>)/.test(text);
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

const PHRASES =
  "internal server error|bad gateway|service (?:temporarily )?unavailable|gateway time-?out|too many requests|unauthorized|forbidden|not found|request timed? ?out|rate limit(?:ed| exceeded)?(?: reached)?|bad request|payment required|access denied|permission denied|not authenticated|method not allowed|payload too large|unprocessable entity|time(?:d )?out";
const SERVICE_ERROR = new RegExp(
  [
    "^\\s*<(?:!doctype|html|\\?xml)",
    "^traceback \\(most recent",
    "^(?:\\w{0,30}error|\\w{1,30}exception)\\s*(?:\\[\\w+\\]\\s*)?:\\s",
    "^error\\s+(?:code\\b|\\d{3})",
    `^(?:http\\s*)?(?:error\\s*)?(?:[45]\\d\\d|[3-9]\\d{3})?\\s*[:-]?\\s*(?:${PHRASES})\\W*$`,
    "^(?:http\\s*)?(?:[45]\\d\\d|[3-9]\\d{3})\\s*[:-]\\s*[A-Z]",
    "^upstream (?:connect|request) ",
    "^rate limit (?:reached|exceeded)(?: for\\b|[.:,;!]|$)",
    "^(?:incorrect|invalid|missing) (?:api (?:key|token)|authentication|token|x-api-key)(?: provided\\b|[.:,;!]|$)",
    "^your (?:api key|credit balance) (?:is|has|was)\\b",
    "^(?:you )?(?:have )?exceeded your (?:\\w+ )?(?:quota|rate|limit)",
    "^you (?:didn't|did not) provide an api key",
    "^(?:the )?model [`'\"]?[\\w./:@-]+[`'\"]?(?: does not exist| is (?:currently )?(?:overloaded|loading|unavailable)|,? not found)",
    "^(?:the )?model is (?:currently )?(?:overloaded|loading|unavailable)",
    "^(?:the server|this model) (?:is (?:currently )?overloaded|had an error|doesn't support|'s maximum context)",
    "^this model's maximum context",
    "^(?:context length|maximum context length) exceeded",
    "^overloaded$",
    "^no auth",
    "^cannot read propert",
    "^time-?out error\\b",
    "^capacity temporarily exceeded",
    "^no (?:available )?capacity",
    "^fetch failed",
    "^connection (?:refused|reset|error)",
    "^(?:request|operation) (?:was )?(?:aborted|timed out)(?:[.:,;!]|$)",
  ].join("|"),
  "i",
);

/** Whether a text is a service's error instead of a model's words. */
export function isServiceError(text: string): boolean {
  return SERVICE_ERROR.test(text.slice(0, 400).trim());
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
