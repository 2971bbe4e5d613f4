/** Calls the model: Workers AI, or any OpenAI-compatible service where MODEL_URL names one. */

import { openAiResponseFormat, workersAiResponseFormat } from "@cv-analytics/worker/match-quality";

import type { Message } from "./prompt.ts";

/** Answers with whatever the model returned; rejects with {@link ModelFailure}. */
export type Model = (messages: Message[]) => Promise<unknown>;

/** The model did not answer. The message says how, and holds nothing of the question. */
export class ModelFailure extends Error {
  override name = "ModelFailure";

  constructor(
    message: string,
    /** Whether the owner's own allowance is used up, rather than something broken. */
    readonly quota = false,
  ) {
    super(message);
  }
}

const PATIENCE_MS = 20_000;
const MAX_TOKENS = 700;
/** Where thoughts that nobody sees count too. */
const MAX_TOKENS_WITH_THOUGHTS = 3_000;

/** Workers AI. */
export function workersAi(ai: Ai, model: string): Model {
  return async (messages) => {
    const settings = { messages, max_tokens: MAX_TOKENS };
    const run = (more: object): Promise<unknown> =>
      ai.run(model as keyof AiModels, { ...settings, ...more } as never);
    const work = run({ response_format: workersAiResponseFormat() }).catch((error: unknown) => {
      // "JSON Mode couldn't be met", or a model without it; the prompt asks for JSON all the same.
      // https://developers.cloudflare.com/workers-ai/features/json-mode/
      if (/json (?:mode|schema)|response_format/i.test(String(error))) {
        return run({});
      }
      throw error;
    });
    try {
      return await inTime(work);
    } catch (error) {
      if (error instanceof ModelFailure) {
        throw error;
      }
      // "3036", and now "4006", is "you have used up your daily free allocation".
      // https://developers.cloudflare.com/workers-ai/platform/errors/
      const code = /\b[345]\d{3}\b/.exec(String(error))?.[0];
      const isUsedUp = code === "3036" || code === "4006";
      throw new ModelFailure(`Workers AI refused (${code ?? "no code"})`, isUsedUp);
    }
  };
}

/** A service that speaks OpenAI's chat completions; asked by `send`, which is `fetch` or stands in for it. */
export function openAiCompatible(
  baseUrl: string,
  model: string,
  key?: string,
  send: typeof fetch = fetch,
): Model {
  const url = `${baseUrl.replace(/\/+$/, "")}/chat/completions`;
  return async (messages) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const ask = (settings: object): Promise<Response> =>
      send(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(key ? { authorization: `Bearer ${key}` } : {}),
        },
        body: JSON.stringify({ model, messages, ...settings }),
        signal,
      });
    try {
      for (;;) {
        const settings = settingsOf(`${url} ${model}`);
        const response = await ask(settings.body);
        if (response.ok) {
          return await response.json().catch(() => {
            throw new ModelFailure("the service's answer broke off or is no JSON");
          });
        }
        const { status } = response;
        if ((status !== 400 && status !== 422) || !settings.learn(await response.text())) {
          await response.body?.cancel().catch(() => {});
          throw new ModelFailure(`the service answered ${status}`, status === 429);
        }
      }
    } catch (error) {
      if (error instanceof ModelFailure) {
        throw error;
      }
      throw new ModelFailure(error instanceof Error ? `no answer (${error.name})` : "no answer");
    }
  };
}

/** What services refused of our settings; kept while the isolate lives, so that one question learns for all. */
const refusedSettings = new Map<string, Set<"max_tokens" | "response_format">>();

/**
 * The settings that a service takes. They differ: Ollama and LM Studio know only `max_tokens`, OpenAI's newer
 * models refuse it for `max_completion_tokens`, and some take no schema.
 */
function settingsOf(service: string): { body: object; learn: (refusal: string) => boolean } {
  const refused = refusedSettings.get(service) ?? new Set();
  refusedSettings.set(service, refused);
  const body = {
    ...(refused.has("max_tokens")
      ? { max_completion_tokens: MAX_TOKENS_WITH_THOUGHTS }
      : { max_tokens: MAX_TOKENS }),
    ...(!refused.has("response_format") && { response_format: openAiResponseFormat() }),
  };
  const learn = (refusal: string): boolean => {
    const isFormat = /response.?format|json.?schema/i.test(refusal);
    const name = isFormat ? "response_format" : "max_tokens";
    // Whether it was sent, and not whether it is new: another question may have learned it meanwhile.
    if ((!refusal.includes(name) && !isFormat) || !(name in body)) {
      return false;
    }
    refused.add(name);
    return true;
  };
  return { body, learn };
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ModelFailure("no answer in time")), PATIENCE_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
