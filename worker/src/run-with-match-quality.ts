/** Asks a model for an answer and its rating, in the way that the model's service can take. */

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

/** An OpenAI-compatible service, called by `fetch`, answered with a status of failure. */
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
 * - The prompt's part on match quality is added to the system message, unless it is there.
 * - A schema is asked for. A service that refuses it is asked again without, and from then on, in this
 *   isolate, without at once.
 * - A limit of tokens that would cut the JSON off is raised, and stop words that would are left out.
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

/** Settings that a service may refuse, and is then asked without. */
type Refusable = "response_format" | "max_tokens";

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
    try {
      const result = await (isFunction ? model(body) : model.run(input.model, body));
      const isResponse = result instanceof Response;
      if (!isResponse || result.ok) {
        // Only now is it known that the setting was the reason, and not this question.
        for (const setting of learned) refused.add(setting);
        return isResponse && !input["stream"] ? await result.json() : result;
      }
      failure = new ModelStatusError(result.status);
      refusal = [400, 422].includes(result.status) ? await result.text().catch(() => "") : "";
      if (!refusal) await result.body?.cancel().catch(() => {});
    } catch (error) {
      failure = error;
      refusal = refusalOf(error);
    }
    const setting = refusedSetting(refusal, body);
    if (!setting || skipped.has(setting)) throw failure;
    skipped.add(setting);
    // The model knows schemas and failed with this question's: the next may go well.
    if (!/\b5024\b|couldn't be met/.test(refusal)) learned.add(setting);
  }
}

/** What a failed call says, where it was refused for its settings. */
function refusalOf(error: unknown): string {
  const { status, message } = (error ?? {}) as { status?: unknown; message?: unknown };
  const isRefused = status === undefined || status === 400 || status === 422;
  return isRefused ? String(message ?? error) : "";
}

function refusedSetting(refusal: string, body: object): Refusable | undefined {
  const isFormat = /\b502[45]\b|json.?(?:mode|schema)|response.?format|structured.?output/i;
  if (isFormat.test(refusal) && "response_format" in body) return "response_format";
  // Not where it is only named: a question that is too long for the model is refused with its name too.
  const isTokens = /max_completion_tokens['"`\\ ]* instead|unsupported.{0,40}max_tokens/i;
  return isTokens.test(refusal) && "max_tokens" in body ? "max_tokens" : undefined;
}

/** Enough for a long answer and its rating. Workers AI's own default is 256, which cuts them off. */
const FEWEST_TOKENS = 800;
/** Where the model's thoughts count too. */
const FEWEST_TOKENS_WITH_THOUGHTS = 3_000;

function workersAiBody(
  { model: _, ...input }: ModelInput,
  options: MatchQualityOptions,
  skipped: ReadonlySet<Refusable>,
): object {
  // It cannot stream what keeps to a schema.
  const hasFormat = !skipped.has("response_format") && !input["stream"];
  const { stream, max_tokens: tokens, ...settings } = input;
  const { max_completion_tokens: completionTokens } = input;
  return {
    ...prompted(settings, options),
    ...(stream ? { stream } : {}),
    ...(hasFormat && { response_format: workersAiResponseFormat(options) }),
    ...(skipped.has("max_tokens")
      ? {
          max_completion_tokens: atLeast(completionTokens ?? tokens, FEWEST_TOKENS_WITH_THOUGHTS),
        }
      : { max_tokens: atLeast(tokens, FEWEST_TOKENS) }),
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
  return {
    ...prompted(settings, options),
    ...(most !== undefined && {
      max_completion_tokens: atLeast(most, FEWEST_TOKENS_WITH_THOUGHTS),
    }),
    ...(tokens !== undefined && !isRenamed && { max_tokens: atLeast(tokens, FEWEST_TOKENS) }),
    ...(!skipped.has("response_format") && { response_format: openAiResponseFormat(options) }),
  };
}

function atLeast(tokens: unknown, fewest: number): number {
  return Math.max(Number(tokens) || 0, fewest);
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
      prompt: hasPrompt(prompt) ? prompt : `${asked}\n\n${prompt}`,
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
  if (hasPrompt(JSON.stringify(content))) return messages;
  const added = Array.isArray(content)
    ? [...content, { type: "text", text: prompt }]
    : `${String(content)}\n\n${prompt}`;
  return messages.map((message) => (message === system ? { ...system, content: added } : message));
}

function hasPrompt(text: string): boolean {
  return text.includes("matchQuality");
}
