/** A fetch handler whose outcome is reported however it ends. */

import { type AnalyticsOptions, createAnalytics } from "./analytics.ts";
import type { Interaction, WaitUntil } from "./interaction.ts";

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
 * A body with a `Content-Length` or a `Content-Encoding` counts as whole when it is returned and is
 * passed on untouched; any other is passed on chunk by chunk.
 */
export function withAnalytics<
  Req extends Request = Request,
  Env = unknown,
  Ctx extends WaitUntil = WaitUntil,
>(
  handler: HandlerWithInteraction<Req, Env, Ctx>,
  options?: AnalyticsOptions,
): (request: Req, env: Env, ctx: Ctx) => Promise<Response> {
  return (request, env, ctx) =>
    createAnalytics(env as object, options).run(
      ctx,
      async (interaction) => {
        const response = await handler(request, env, ctx, interaction);
        // The runtime throws where a handler without types gave no response.
        if (!(response instanceof Response)) interaction.ended("error");
        return response;
      },
      request,
    );
}
