/** Asks a model for an answer and its rating, in the way that the model's service can take. */

import { parsed, textOfEvents } from "./json-in-output.ts";
import {
  type MatchQualityOptions,
  matchQualityPrompt,
  openAiResponseFormat,
  workersAiResponseFormat,
} from "./match-quality-prompt.ts";
import { type Match, type ModelAnswer, parseMatchQuality } from "./model-output.ts";

/** A chat completion's input: `model`, `messages` (or Workers AI's `prompt`), and any other settings. */
export interface ModelInput {
  model: string;
  messages?: readonly { role: string; content: unknown }[];
  prompt?: string;
  [setting: string]: unknown;
}

/** The binding of Workers AI, or whatever runs a model as it does. */
export interface WorkersAi {
  // biome-ignore lint/suspicious/noExplicitAny: the overloads of `Ai` take each model's own input
  run(model: any, input: any): PromiseLike<unknown>;
}

/**
 * Calls an OpenAI-compatible service with the body of a chat completion, by `fetch` (and gives the
 * `Response`) or by an SDK (and gives its result).
 */
// biome-ignore lint/suspicious/noExplicitAny: an SDK takes its own type of body
export type CallModel = (body: any) => PromiseLike<unknown>;

/** What is asked of the model, and what the visitor gets where it says nothing. */
export interface RunOptions extends MatchQualityOptions {
  /** What the visitor is shown where there is no answer. */
  fallback?: string | undefined;
  /** The match where there is an answer that the model did not rate: `matchFromSimilarity(…)`. */
  fallbackMatch?: Match | undefined;
}

/** The answer, with the output that it was read from. */
export interface RunAnswer extends ModelAnswer {
  /** What the service returned, for example for its `usage`. */
  output: unknown;
}

/** An OpenAI-compatible service, called by `fetch`, answered with a status of failure or a web page. */
export class ModelStatusError extends Error {
  override name = "ModelStatusError";
  /** The HTTP status. */
  readonly status: number;

  constructor(status: number) {
    super(`the model's service answered ${status}`);
    this.status = status;
  }
}

/**
 * Asks a model for `{ answer, matchQuality }` and reads what it returns, as `parseMatchQuality` does.
 *
 * - The prompt's part on match quality is added to the system message, unless the whole of it is there.
 * - A schema is asked for. A service that refuses it is asked again without, and from then on, in this
 *   isolate, without at once.
 * - A limit of tokens that would cut the JSON off is raised, unless the service refuses that; stop words
 *   that would are left out.
 *
 * Rejects where the call does, or with {@link ModelStatusError}.
 *
 * @param model `env.AI`, or a function that calls an OpenAI-compatible service
 */
export async function runWithMatchQuality(
  model: WorkersAi | CallModel,
  input: ModelInput,
  options: RunOptions = {},
): Promise<RunAnswer> {
  const { stream: _, ...whole } = input;
  const output = await askModel(model, whole as ModelInput, options);
  const { fallback, fallbackMatch } = options;
  return { ...parseMatchQuality(output, fallback, fallbackMatch), output };
}

/** What a service may refuse, and is then asked without: `raised_limit` is what the caller's limit was raised to. */
type Refusable = "response_format" | "max_tokens" | "raised_limit";

/** What was refused while the isolate lives, by the service's kind and the model. */
const refusals = new Map<string, Set<Refusable>>();

/** The service's result: with `stream: true` its stream. */
export async function askModel(
  model: WorkersAi | CallModel,
  input: ModelInput,
  options: MatchQualityOptions,
): Promise<unknown> {
  const isFunction = typeof model === "function";
  const key = `${isFunction ? "openai" : "workers-ai"} ${input.model}`;
  const refused = refusals.get(key) ?? new Set();
  refusals.set(key, refused);
  const skipped = new Set(refused);
  const learned = new Set<Refusable>();
  for (;;) {
    const body = isFunction
      ? openAiBody(input, options, skipped)
      : workersAiBody(input, options, skipped);
    let failure: unknown;
    let refusal: string;
    let status: unknown;
    try {
      const result = await (isFunction ? model(body) : model.run(input.model, body));
      if (!(result instanceof Response) || result.ok) {
        const output = result instanceof Response ? await bodyOf(result, input) : result;
        // Only now is it known that the setting was the reason, and not this question.
        for (const setting of learned) refused.add(setting);
        return output;
      }
      status = result.status;
      failure = new ModelStatusError(result.status);
      refusal = REFUSED.includes(result.status) ? await result.text().catch(() => "") : "";
      if (!refusal) await result.body?.cancel().catch(() => {});
    } catch (error) {
      failure = error;
      status = statusOf(error);
      refusal = refusalOf(error);
    }
    const found =
      refusedSetting(refusal, body, input) ??
      // Services have many words for what they cannot do: without the schema it may go well.
      (REFUSED.includes(status) && "response_format" in body && !OF_OTHERS.test(refusal)
        ? { setting: "response_format", isLasting: false }
        : undefined);
    if (!found || skipped.has(found.setting)) throw failure;
    skipped.add(found.setting);
    if (found.isLasting) learned.add(found.setting);
  }
}

/**
 * What a service answered with success: the stream that was asked for; else JSON as what it stands for, or
 * the text of the answer, also where it streams unasked. Rejects where it is a web page, as a proxy's or a
 * firewall's.
 */
async function bodyOf(response: Response, { stream }: ModelInput): Promise<unknown> {
  const { status, headers, body } = response;
  if (stream) {
    if (!/\bhtml\b/i.test(headers.get("content-type") ?? "")) return response;
    await body?.cancel().catch(() => {});
    throw new ModelStatusError(status);
  }
  const text = await response.text();
  const json = parsed(text);
  if (json !== undefined) return json;
  if (/^\s*<(?:!doctype|html|head|body|\?xml)\b/i.test(text)) throw new ModelStatusError(status);
  return /^\s*(?:data|event|id|retry)?:/.test(text) ? textOfEvents(text) : text;
}

/** Statuses of what is refused for its settings; 413 where the limit of tokens counts as asked for. */
const REFUSED: unknown[] = [400, 404, 413, 422, 501];

function statusOf(error: unknown): unknown {
  const { status, response } = (error ?? {}) as {
    status?: unknown;
    response?: { status?: unknown };
  };
  return status ?? response?.status;
}

/** What a failed call says, where it was refused for its settings. */
function refusalOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  const status = statusOf(error);
  return status === undefined || REFUSED.includes(status) ? String(message ?? error) : "";
}

interface Refusal {
  setting: Refusable;
  /** Whether the next question would be refused too. */
  isLasting: boolean;
}

/** What the words of services mean, in the order in which they are looked for. */
const REFUSALS: [Refusable, RegExp][] = [
  [
    "response_format",
    /\b502[45]\b|json.?(?:mode|schema|validate)|(?:generate|validate) json|response.?format|structured.?output/gi,
  ],
  // Not where it is only named: a question that is too long for the model is refused with its name too.
  ["max_tokens", /max_completion_tokens['"`\\ ]* instead|unsupported.{0,40}max_tokens/gi],
  ["raised_limit", /tokens\b|context|\b5021\b/gi],
];

/** The service can do what was asked, and failed with this question: the next may go well. */
const OF_THIS_QUESTION =
  /\b50(?:21|24)\b|couldn't be met|(?:generate|validate) json|json_validate|context/i;

/** What no other setting mends. */
const OF_OTHERS =
  /context|too (?:long|large)|api.?key|authenti|authoriz|model\b.{0,80}(?:not exist|not found)|no such model/i;

function refusedSetting(refusal: string, body: object, input: ModelInput): Refusal | undefined {
  const has: Record<Refusable, boolean> = {
    response_format: "response_format" in body,
    max_tokens: "max_tokens" in body,
    raised_limit: isRaised(body, input),
  };
  for (const [setting, pattern] of REFUSALS) {
    const words = refusal.match(pattern);
    if (!words || !has[setting]) continue;
    // Some services quote the question: a visitor's own words prove nothing about the service.
    const asked = lettersOf(JSON.stringify([input.messages, input.prompt]));
    const isOurs = words.some((found) => !asked.includes(lettersOf(found)));
    return { setting, isLasting: isOurs && !OF_THIS_QUESTION.test(refusal) };
  }
  return undefined;
}

function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, "");
}

function isRaised(body: object, input: ModelInput): boolean {
  const { max_tokens: tokens, max_completion_tokens: completionTokens } = body as ModelInput;
  const own = [input["max_tokens"], input["max_completion_tokens"]];
  return [tokens, completionTokens].some((limit) => limit !== undefined && !own.includes(limit));
}

/** Enough for a long answer and its rating. Workers AI's own default is 256, which cuts them off. */
const MIN_TOKENS = 800;
/** Where the model's thoughts count too. */
const MIN_TOKENS_WITH_THOUGHTS = 3_000;

function workersAiBody(
  { model: _, ...input }: ModelInput,
  options: MatchQualityOptions,
  skipped: ReadonlySet<Refusable>,
): object {
  // It cannot stream what keeps to a schema.
  const hasFormat = !skipped.has("response_format") && !input["stream"];
  const { stream, max_tokens: tokens, ...settings } = input;
  const { max_completion_tokens: completionTokens } = input;
  const limit = raising(skipped);
  const isRenamed =
    skipped.has("max_tokens") || (completionTokens !== undefined && tokens === undefined);
  return {
    ...prompted(settings, options),
    ...(stream ? { stream } : {}),
    ...(hasFormat && { response_format: workersAiResponseFormat(options) }),
    ...(isRenamed
      ? { max_completion_tokens: limit(completionTokens ?? tokens, MIN_TOKENS_WITH_THOUGHTS) }
      : { max_tokens: limit(tokens, MIN_TOKENS) }),
  };
}

function openAiBody(
  input: ModelInput,
  options: MatchQualityOptions,
  skipped: ReadonlySet<Refusable>,
): object {
  const { max_tokens: tokens, max_completion_tokens: completionTokens, ...settings } = input;
  // Newer models of OpenAI refuse the one for the other.
  const isRenamed = skipped.has("max_tokens");
  const most = completionTokens ?? (isRenamed ? tokens : undefined);
  const limit = raising(skipped);
  return {
    ...prompted(settings, options),
    ...(most !== undefined && {
      max_completion_tokens: limit(most, MIN_TOKENS_WITH_THOUGHTS),
    }),
    ...(tokens !== undefined && !isRenamed && { max_tokens: limit(tokens, MIN_TOKENS) }),
    ...(!skipped.has("response_format") && { response_format: openAiResponseFormat(options) }),
  };
}

/** Raises a limit of tokens to what a rating needs, unless the service refused that. */
function raising(skipped: ReadonlySet<Refusable>): (tokens: unknown, min: number) => unknown {
  if (skipped.has("raised_limit")) return (tokens) => tokens;
  return (tokens, min) => Math.max(Number(tokens) || 0, min);
}

/** The input with the prompt on match quality, and without stop words that would cut the JSON off. */
function prompted(
  input: Record<string, unknown>,
  options: MatchQualityOptions,
): Record<string, unknown> {
  // A format of the caller's would take the place of the rating's, or be refused again.
  const { messages, prompt, stop, response_format: _, ...settings } = input;
  const asked = matchQualityPrompt(options);
  const stops = [stop].flat().filter((word) => typeof word === "string" && END_MARK.test(word));
  return {
    ...settings,
    ...(Array.isArray(messages) && { messages: withPrompt(messages, asked) }),
    ...(typeof prompt === "string" && {
      prompt: asksForRating(prompt) ? prompt : `${asked}\n\n${prompt}`,
    }),
    ...(stops.length > 0 && { stop: stops }),
  };
}

/** A mark of the chat's template, which no JSON contains: `<|im_end|>`, `</s>`. */
const END_MARK = /^\s*(?:<[^\s<>]+>|\[\/?INST\])\s*$/;

type Messages = readonly { role: string; content: unknown }[];

function withPrompt(messages: Messages, prompt: string): Messages {
  const at = messages.findIndex(({ role }) => role === "system" || role === "developer");
  const system = messages[at];
  if (!system) return [{ role: "system", content: prompt }, ...messages];
  const { content } = system;
  const texts = [content].flat().map((part) => (part as { text?: unknown })?.text ?? part);
  if (texts.some(asksForRating)) return messages;
  const added = Array.isArray(content)
    ? [...content, { type: "text", text: prompt }]
    : `${String(content)}\n\n${prompt}`;
  return messages.map((message) => (message === system ? { ...system, content: added } : message));
}

/** Whether the caller's own text has the prompt; a word of it proves nothing, since a visitor can write it. */
function asksForRating(text: unknown): boolean {
  const prompts = [true, false].map((reasoning) => matchQualityPrompt({ reasoning }));
  return prompts.some((prompt) => String(text).includes(prompt));
}
