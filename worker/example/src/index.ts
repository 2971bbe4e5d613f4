/** The Worker: `POST /api/ask`, `POST /api/feedback` and `GET /api/about`. The page itself is a static asset in `public/`. */

import { withAnalytics } from "@cv-analytics/worker";

import { createAgent, type Parts, reply, takeFeedback } from "./agent.ts";
import { cv } from "./cv.ts";
import { type OpenHours, readOpenHours } from "./fences.ts";
import { type Model, ModelFailure, openAiCompatible, workersAi } from "./model.ts";
import { searchOf } from "./search.ts";

/** Bindings and variables, as in wrangler.jsonc; one of `AI` and `MODEL_URL` must be there. The secrets for the queue are the package's own. */
export interface Env {
  AI?: Ai;
  QUESTIONS: RateLimit;
  MODEL?: string;
  MODEL_URL?: string;
  MODEL_KEY?: string;
  OPEN_HOURS?: string;
  AWS_ACCESS_KEY_ID?: string;
  AWS_SECRET_ACCESS_KEY?: string;
  AWS_SQS_URL?: string;
  AWS_REGION?: string;
}

const search = searchOf(cv);

/** The parts that the deployed agent is made of. */
export function partsOf(env: Env): Parts {
  return {
    cv,
    search,
    model: modelOf(env),
    modelName: env.MODEL ?? "",
    mayAsk: async (visitor) => (await env.QUESTIONS.limit({ key: visitor })).success,
    isOpen: openHoursOf(env.OPEN_HOURS ?? ""),
  };
}

function modelOf({ AI, MODEL = "", MODEL_URL, MODEL_KEY }: Env): Model {
  if (MODEL_URL) {
    return openAiCompatible(MODEL_URL, MODEL, MODEL_KEY);
  }
  if (AI) {
    return workersAi(AI, MODEL);
  }
  return () => Promise.reject(new ModelFailure("neither MODEL_URL nor the binding AI is there"));
}

// Opening hours that cannot be read must not close the agent for ever.
function openHoursOf(text: string): OpenHours {
  try {
    return readOpenHours(text);
  } catch (error) {
    console.warn(`${String(error)}; the agent is open`);
    return () => true;
  }
}

/** A Worker of an agent made of `parts`. */
export function workerOf<E extends Env>(
  parts: (env: E, request: Request) => Parts,
): ExportedHandler<E> {
  const ask = withAnalytics(createAgent(parts));
  return {
    async fetch(request, env, ctx): Promise<Response> {
      const { pathname } = new URL(request.url);
      if (pathname === "/api/about" && request.method === "GET") {
        const { name, headline, contact, suggestions } = cv;
        return Response.json({ name, headline, contact, suggestions });
      }
      if (pathname !== "/api/ask" && pathname !== "/api/feedback") {
        return new Response("Not found", { status: 404 });
      }
      if (request.method !== "POST") {
        return new Response("Method not allowed", { status: 405, headers: { allow: "POST" } });
      }
      try {
        if (pathname === "/api/feedback") {
          const visitor = `feedback ${request.headers.get("cf-connecting-ip") ?? "unknown"}`;
          return (await parts(env, request as Request).mayAsk(visitor))
            ? await takeFeedback(request as Request, env, ctx)
            : new Response("Too many ratings", { status: 429 });
        }
        return await ask(request as Request, env, ctx);
      } catch (error) {
        console.error(
          error instanceof Error ? error.stack : "something that is no error was thrown",
        );
        return reply(500, {
          outcome: "error",
          answer: "That went wrong on my side. Please try again.",
        });
      }
    },
  };
}

export default workerOf(partsOf);
