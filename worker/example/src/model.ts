/** Calls the model: Workers AI, or any OpenAI-compatible service where MODEL_URL names one. */

import {
  ModelStatusError,
  type RunAnswer,
  type RunOptions,
  runWithMatchQuality,
} from "@cv-analytics/worker/match-quality";

import type { Message } from "./prompt.ts";

/** Answers with what the model said; rejects with {@link ModelFailure}. */
export type Model = (messages: Message[], options?: RunOptions) => Promise<RunAnswer>;

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
const MAX_TOKENS = 900;

/** Workers AI. */
export function workersAi(ai: Ai, model: string): Model {
  return async (messages, options) => {
    try {
      return await inTime(
        runWithMatchQuality(ai, { model, messages, max_tokens: MAX_TOKENS }, options),
      );
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
  return async (messages, options) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const ask = (body: object): Promise<Response> =>
      send(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(key ? { authorization: `Bearer ${key}` } : {}),
        },
        body: JSON.stringify(body),
        signal,
      });
    try {
      return await runWithMatchQuality(ask, { model, messages, max_tokens: MAX_TOKENS }, options);
    } catch (error) {
      if (error instanceof ModelStatusError) {
        throw new ModelFailure(`the service answered ${error.status}`, error.status === 429);
      }
      throw new ModelFailure(error instanceof Error ? `no answer (${error.name})` : "no answer");
    }
  };
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ModelFailure("no answer in time")), PATIENCE_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
