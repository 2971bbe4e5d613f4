/** Events of a Worker on their way to its queue. */

import { seeEnd } from "./answer-end.ts";
import type { AnalyticsEvent } from "./event.ts";
import {
  type Interaction,
  ReportedInteraction,
  type Reporter,
  type WaitUntil,
} from "./interaction.ts";
import { QueueClient, type Sent } from "./queue-client.ts";
import { type AnalyticsEnv, readSettings, type SecretNames, type Settings } from "./settings.ts";

/** How events are sent. */
export interface AnalyticsOptions {
  /**
   * Sends one message in place of two where the answer comes within so many milliseconds: only the
   * response event, which is self-contained. Halves what the queue costs.
   *
   * What it trades away: until then nothing has left. An agent that dies before it answers (out of
   * memory, out of processor time, cancelled by the runtime) leaves no trace of the question, where
   * it would otherwise count as unanswered. Off by default.
   */
  together?: number | null | undefined;
  /**
   * Takes the lines that say what is wrong; `console.warn` by default. A line never holds a secret
   * or the text of an event.
   */
  log?: ((line: string) => void) | null | undefined;
  /** The names of the secrets in `env` where they are others: `{ AWS_REGION: "QUEUE_REGION" }`. */
  secrets?: SecretNames | null | undefined;
}

/** What reports a Worker's questions. */
export interface Analytics {
  /**
   * Whether the secrets are there and can be right. Of secrets in the Secrets Store that is known
   * only when they are read, with the first event.
   */
  readonly enabled: boolean;

  /**
   * Does a piece of work about one question and sees how it ends, as {@link withAnalytics} does for
   * a fetch handler: a method called by RPC, a message of a WebSocket or a queue, a route. Once it
   * has called `interaction.asked(…)`, exactly one response event leaves, when the work has ended,
   * or when the last byte has left where it gives a `Response`. The result is the work's own, and an
   * exception goes on as it is.
   *
   * @param ctx the `ctx` of a Worker or of a Durable Object
   * @param request gives user agent and referer; neither its body nor anything else is read
   */
  run<T>(
    ctx: WaitUntil,
    work: (interaction: Interaction) => T | PromiseLike<T>,
    request?: Request,
  ): Promise<T>;

  /**
   * Begins an interaction that you end yourself: `answered` or `ended` sends the response event at
   * once (with {@link Interaction.judgedBy} after the judgement), and what is said afterwards adds
   * nothing. It does not notice exceptions: {@link run} does.
   *
   * @param request gives user agent and referer; neither its body nor anything else is read
   */
  begin(ctx: WaitUntil, request?: Request): Interaction;

  /**
   * Sends an event that you made yourself, at most three times. Never rejects: hand the promise to
   * `ctx.waitUntil`.
   */
  send(event: AnalyticsEvent): Promise<Sent>;
}

/** The queue of the last `env`, kept while the isolate lives. */
let kept: { key: string; queue: QueueClient } | undefined;
/** What was wrong with secrets, said once while the isolate lives. */
const said = new Set<string>();

/**
 * Makes what sends events with the secrets in `env`. Cheap: call it in each request.
 *
 * Missing or invalid secrets switch sending off, with one line in the log for each isolate. Where only
 * the queue can know (an unknown key, another key's secret, no right, no such queue), its refusal
 * switches sending off for a minute at a time.
 */
export function createAnalytics(
  env: AnalyticsEnv | object | null | undefined,
  options?: AnalyticsOptions | null,
): Analytics {
  const { log: take, together, secrets } = options ?? {};
  const log = (line: string): void => {
    try {
      (take ?? console.warn)(`cv-analytics: ${line}`);
    } catch {
      // A log that fails must not reach the visitor.
    }
  };
  const queueOf = (settings: Settings | string): QueueClient | undefined => {
    if (typeof settings === "string") {
      if (!said.has(settings)) log(`nothing is sent: ${settings}`);
      said.add(settings);
      return undefined;
    }
    const key = Object.values(settings).join();
    if (kept?.key !== key) kept = { key, queue: new QueueClient(settings) };
    return kept.queue;
  };
  let settings: ReturnType<typeof readSettings> = "cannot read the secrets";
  try {
    settings = readSettings(env, secrets);
  } catch {
    // Nothing that `env` may be must reach the visitor.
  }
  const read = typeof settings === "function" ? settings : undefined;
  let queue = typeof settings === "function" ? undefined : queueOf(settings);
  const reporter: Reporter = {
    enabled: !!(read ?? queue),
    together: together ?? 0,
    log,
    send: async (event) => {
      if (read) queue ??= queueOf(await read());
      return (await queue?.send(event, log)) ?? "off";
    },
  };
  return {
    ...reporter,
    begin: (ctx, request) => new ReportedInteraction(reporter, ctx, request, true),
    run(ctx, work, request) {
      const interaction = new ReportedInteraction(reporter, ctx, request, false);
      return seeEnd(interaction, () => work(interaction), request);
    },
  };
}
