/** Events of a Worker on their way to its queue. */

import type { AnalyticsEvent } from "./event.ts";
import {
  type Interaction,
  ReportedInteraction,
  type Reporter,
  type WaitUntil,
} from "./interaction.ts";
import { QueueClient, type Sent } from "./queue-client.ts";
import { type AnalyticsEnv, readSettings } from "./settings.ts";

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
  together?: number;
  /**
   * Takes the lines that say what is wrong; `console.warn` by default. A line never holds a secret
   * or the text of an event.
   */
  log?: (line: string) => void;
}

/** The finer calls, for those who do not wrap a handler. */
export interface Analytics {
  /** Whether the secrets are there and can be right. */
  readonly enabled: boolean;

  /**
   * Begins an interaction that ends by your word: `answered` or `ended` sends the response event at
   * once, and what is said afterwards adds nothing.
   *
   * @param request gives user agent and referer; neither its body nor anything else is read
   */
  begin(ctx: WaitUntil, request?: Request): Interaction;

  /**
   * Sends an event of your own making, at most three times. Never rejects: hand the promise to
   * `ctx.waitUntil`.
   */
  send(event: AnalyticsEvent): Promise<Sent>;
}

/**
 * Makes what sends events with the secrets in `env`. Cheap: call it in each request.
 *
 * Missing or wrong secrets switch sending off, with one line in the log for each isolate. Where only
 * the queue can know (an unknown key, another key's secret, no right, no such queue), its refusal
 * switches sending off for a minute at a time.
 */
export function createAnalytics(env: AnalyticsEnv, options?: AnalyticsOptions): Analytics {
  const reporter = createReporter(env, options);
  return {
    enabled: reporter.enabled,
    begin: (ctx, request) => new ReportedInteraction(reporter, ctx, request, true),
    send: reporter.send,
  };
}

/** The queue of the last `env`, kept while the isolate lives. */
let kept: { key: string; queue: QueueClient } | undefined;
/** What was wrong with secrets, said once while the isolate lives. */
const said = new Set<string>();

/** Makes a {@link Reporter}. Never throws. */
export function createReporter(env: AnalyticsEnv, options: AnalyticsOptions | undefined): Reporter {
  const { log: take = console.warn, together = 0 } = options ?? {};
  const log = (line: string): void => {
    try {
      take(`cv-analytics: ${line}`);
    } catch {
      // A log that fails must not reach the visitor.
    }
  };
  const settings = readSettings(env);
  let queue: QueueClient | undefined;
  if (typeof settings === "string") {
    if (!said.has(settings)) log(`nothing is sent: ${settings}`);
    said.add(settings);
  } else {
    const key = Object.values(settings).join();
    if (kept?.key !== key) kept = { key, queue: new QueueClient(settings) };
    queue = kept.queue;
  }
  return {
    enabled: !!queue,
    together,
    log,
    send: async (event) => (queue ? queue.send(event, log) : "off"),
  };
}
