/** Sees how a piece of work ends: with a value, an exception, or the last byte of its answer. */

import type { ReportedInteraction } from "./interaction.ts";

/** Does the work, and has the response event leave at its end. The result is the work's own. */
export async function seeEnd<T>(
  interaction: ReportedInteraction,
  work: () => T | PromiseLike<T>,
  request: Request | undefined,
): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    interaction.leave();
    throw error;
  }
  if (!(result instanceof Response)) {
    interaction.leave(200);
    return result;
  }
  try {
    if (interaction.isOpen && isStreamed(result, request)) return watched(result, interaction) as T;
  } catch {
    // A Worker of before 2022-11-30 cannot make streams: its answer is passed on as it is.
  }
  interaction.leave(result.status);
  return result;
}

/**
 * Whether the answer may still be on its way. JSON is in most cases made at once, by `Response.json`:
 * such a body is the runtime's own, which gives a BYOB reader, and is passed on with its length.
 */
function isStreamed({ body, headers, webSocket }: Response, request: Request | undefined): boolean {
  if (
    !body ||
    body.locked ||
    webSocket ||
    request?.method === "HEAD" ||
    headers.has("content-length") ||
    !/^(?:identity)?$/i.test(headers.get("content-encoding") ?? "")
  ) {
    return false;
  }
  if (!/^application\/json *(?:;|$)/i.test(headers.get("content-type") ?? "")) return true;
  try {
    body.getReader({ mode: "byob" }).releaseLock();
    return false;
  } catch {
    return true;
  }
}

/**
 * The same answer, whose end is seen. A chunk is asked for when the visitor's side asks, and is
 * passed on as it came: nothing is held.
 */
function watched(response: Response, interaction: ReportedInteraction): Response {
  const { body, status } = response;
  // Taken last, so that the body is untouched until all is well.
  let reader: ReadableStreamDefaultReader<Uint8Array>;
  let isCancelled = false;
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (isCancelled) return;
          if (!done) return controller.enqueue(value);
          interaction.leave(status);
          controller.close();
        } catch (error) {
          if (isCancelled) return;
          interaction.leave();
          controller.error(error);
        }
      },
      cancel(reason) {
        isCancelled = true;
        // In the next turn: what the handler says as its stream is cancelled counts.
        setTimeout(() => interaction.leave(status, true));
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  const result = new Response(stream, response);
  reader = (body as ReadableStream<Uint8Array>).getReader();
  return result;
}
