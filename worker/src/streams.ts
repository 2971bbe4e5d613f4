/** A model's stream as the visitor's: the answer's text as it comes, and the match at its end. */

import { AnswerScanner } from "./answer-scanner.ts";
import { byteStream } from "./byte-stream.ts";
import { DeltaReader } from "./deltas.ts";
import { type Match, type ModelAnswer, parseMatchQuality } from "./model-output.ts";
import {
  askModel,
  type CallModel,
  type ModelInput,
  type RunOptions,
  type WorkersAi,
} from "./run-with-match-quality.ts";

export type { Match, ModelAnswer } from "./model-output.ts";
export {
  type CallModel,
  type ModelInput,
  ModelStatusError,
  type WorkersAi,
} from "./run-with-match-quality.ts";

/** How the answer leaves, and what stands in for what the model does not say. */
export interface AnswerStreamOptions {
  /**
   * `text`: plain text, `text/plain; charset=utf-8`. `sse`: server-sent events as Workers AI has them,
   * `data: {"response":"…"}`, and `data: [DONE]` when the answer is complete. `text` by default.
   */
  format?: "text" | "sse" | undefined;
  /** What the visitor is shown where there is no answer. */
  fallback?: string | undefined;
  /** The match where there is an answer that the model did not rate: `matchFromSimilarity(…)`. */
  fallbackMatch?: Match | undefined;
  /**
   * Whether the model's template begins its thoughts, so that the output has only their end,
   * `</think>` (as QwQ). What comes before it would be shown otherwise. `false` by default.
   */
  beginsInThoughts?: boolean | undefined;
}

/** What the visitor was shown of a stream, and how it ended. */
export interface StreamedAnswer extends ModelAnswer {
  /** Why the model's stream failed, where it did. Not for the visitor. */
  error?: unknown;
}

/** A model's stream, read. It is read as `body` is: no faster, and not at all where nobody reads. */
export interface AnswerStream {
  /** For `new Response(body)`: the answer in UTF-8. It never fails, and ends when the model does. */
  readonly body: ReadableStream<Uint8Array>;
  /** The match, before `body` ends; `undefined` where nobody was answered or nothing rated it. Never rejects. */
  readonly match: Promise<Match | undefined>;
  /** The answer, match and outcome, before `body` ends. Never rejects. */
  readonly result: Promise<StreamedAnswer>;
}

/**
 * Passes on the answer in a model's output while the model still writes. Nothing of the JSON round it,
 * of thoughts or of a service's error is shown; what cannot be decided yet waits.
 *
 * A visitor who leaves ends the model's stream too. Where that fails, the answer ends as far as it came,
 * or is the fallback.
 *
 * @param source what the model's call gave: a stream of Workers AI, the `Response` (or its body) of an
 * OpenAI-compatible service, an SDK's stream, texts one after another in a `ReadableStream` or an async
 * iterable, a whole result, or a promise of one of these
 */
export function answerStream(source: unknown, options: AnswerStreamOptions = {}): AnswerStream {
  const { format = "text", fallback, fallbackMatch, beginsInThoughts = false } = options;
  const deltas = new DeltaReader(source);
  const scanner = new AnswerScanner();
  let output = "";
  let shown = "";
  let isEnded = false;
  let isCancelled = false;
  const encoder = new TextEncoder();
  let resolve: (result: StreamedAnswer) => void;
  const result = new Promise<StreamedAnswer>((done) => {
    resolve = done;
  });

  function take(piece: string): string {
    output += piece;
    return scanner.push(piece);
  }

  /** Decides with the whole output; gives what the visitor has not seen yet. */
  function finish(failure?: { error: unknown }): string {
    const read = parseMatchQuality(
      deltas.whole ?? output,
      fallback,
      failure ? undefined : fallbackMatch,
    );
    // After a failure only what the model itself rated counts as answered.
    const hasFailed = failure ? !read.match : !isCancelled && read.outcome === "ai_error";
    const rest = isEnded || !read.answer.startsWith(shown) ? "" : read.answer.slice(shown.length);
    resolve({
      ...read,
      answer: shown + rest,
      outcome: hasFailed ? "ai_error" : read.match?.matchType === "none" ? "no_match" : "answered",
      ...failure,
    });
    return rest;
  }

  const body = byteStream({
    async pull(controller) {
      const show = (text: string) => {
        shown += text;
        const data = format === "sse" ? `data: ${JSON.stringify({ response: text })}\n\n` : text;
        controller.enqueue(encoder.encode(data));
      };
      const end = () => {
        if (format === "sse" && !isEnded) controller.enqueue(encoder.encode("data: [DONE]\n\n"));
        isEnded = true;
      };
      let rest: string;
      try {
        for (;;) {
          const piece = await deltas.next();
          if (piece === undefined) break;
          const text = take(piece);
          if (text) show(text);
          if (scanner.isComplete && shown) end();
          if (text) return;
        }
        rest = finish();
      } catch (error) {
        deltas.cancel(error);
        rest = finish({ error });
      }
      if (isCancelled) return;
      if (rest) show(rest);
      end();
      // Who waits for the match hears of it before the end of the body.
      await new Promise((next) => setTimeout(next, 0));
      controller.close();
    },
    cancel(reason) {
      isCancelled = true;
      deltas.cancel(reason);
      finish();
    },
  });
  if (beginsInThoughts) take("<think>");
  return { body, match: result.then(({ match }) => match), result };
}

/**
 * Asks a model for a stream of `{ answer, matchQuality }` as `runWithMatchQuality` asks for the whole,
 * and gives it as {@link answerStream} does. (Workers AI has no schemas for streams: there the prompt
 * asks for the JSON.)
 *
 * Rejects where the call does, or with `ModelStatusError`.
 *
 * @param model `env.AI`, or a function that calls an OpenAI-compatible service
 */
export async function streamWithMatchQuality(
  model: WorkersAi | CallModel,
  input: ModelInput,
  options: AnswerStreamOptions & RunOptions = {},
): Promise<AnswerStream> {
  return answerStream(await askModel(model, { ...input, stream: true }, options), options);
}
