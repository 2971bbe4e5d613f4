/** A fetch handler whose every way out is reported. */

import { type AnalyticsOptions, createReporter } from "./analytics.ts";
import { type Interaction, ReportedInteraction, type WaitUntil } from "./interaction.ts";
import type { AnalyticsEnv } from "./settings.ts";

/** A fetch handler of a module Worker, with the interaction as fourth argument. */
export type HandlerWithInteraction<Req extends Request, Env, Ctx extends WaitUntil> = (
  request: Req,
  env: Env,
  ctx: Ctx,
  interaction: Interaction,
) => Response | Promise<Response>;

/**
 * Wraps a fetch handler. Once it has called `interaction.asked(…)`, exactly one response event
 * leaves, whatever happens, when the last byte of the answer has left:
 *
 * | the handler | outcome |
 * | --- | --- |
 * | said how it ended | what it said last |
 * | threw | `ai_error` where the last `llm` part failed, else `error`; a refusal that it named (`blocked`, `off_hours`, `quota`, `ai_error`) stays. The exception goes on as it is |
 * | returned without a word | `ai_error` where the last `llm` part failed; else by status: under 400 `answered`, 402 and 429 `quota`, other 4xx `blocked`, 5xx `error` |
 * | streams, and the stream fails | as if it had thrown |
 * | streams, and the visitor leaves | as if it had ended, with `metadata.cancelled` |
 *
 * A body with a `Content-Length`, a `Content-Encoding` or a JSON type counts as whole when it is
 * returned and is passed on untouched; any other is passed on chunk by chunk.
 */
export function withAnalytics<
  Req extends Request = Request,
  Env = unknown,
  Ctx extends WaitUntil = WaitUntil,
>(
  handler: HandlerWithInteraction<Req, Env, Ctx>,
  options?: AnalyticsOptions,
): (request: Req, env: Env, ctx: Ctx) => Promise<Response> {
  return async (request, env, ctx) => {
    const reporter = createReporter(env as AnalyticsEnv, options);
    const interaction = new ReportedInteraction(reporter, ctx, request, false);
    let response: Response;
    try {
      response = await handler(request, env, ctx, interaction);
    } catch (error) {
      interaction.leave("threw");
      throw error;
    }
    if (reporter.enabled && interaction.isOpen && isStreamed(request, response)) {
      try {
        return watched(response, interaction);
      } catch {
        // A Worker of before 2022-11-30 makes no streams: its answer is passed on as it is.
      }
    }
    // The runtime throws where a handler without types gave no response.
    interaction.leave(response instanceof Response ? { status: response.status } : "threw");
    return response;
  };
}

/** Whether the answer may still be on its way when the handler has returned. */
function isStreamed(request: Request, response: Response): boolean {
  if (!(response instanceof Response) || !response.body) return false;
  const { body, headers, webSocket } = response;
  return (
    !body.locked &&
    !webSocket &&
    request.method !== "HEAD" &&
    !headers.has("content-length") &&
    /^(?:identity)?$/i.test(headers.get("content-encoding") ?? "") &&
    !/^application\/json *(?:;|$)/i.test(headers.get("content-type") ?? "")
  );
}

/**
 * The same answer, whose end is seen. A chunk is asked for when the visitor's side asks, and is
 * passed on as it came: nothing is held.
 */
function watched(response: Response, interaction: ReportedInteraction): Response {
  const { status } = response;
  // Taken when the visitor first asks, so that the body is untouched until all is well.
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  const source = () => (reader ??= (response.body as ReadableStream<Uint8Array>).getReader());
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await source().read();
          if (!done) return controller.enqueue(value);
          interaction.leave({ status });
          controller.close();
        } catch (error) {
          interaction.leave("threw");
          controller.error(error);
        }
      },
      cancel(reason) {
        interaction.leave({ status, cancelled: true });
        return source().cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(stream, response);
}
