/** One question from the visitor's words to the answer, with each of its outcomes reported. */

import type { HandlerWithInteraction, Interaction } from "@cv-analytics/worker";
import { createFeedback } from "@cv-analytics/worker/feedback";
import { matchFromSimilarity, type RunAnswer } from "@cv-analytics/worker/match-quality";

import type { Cv } from "./cv.ts";
import { MAX_QUESTION_CHARACTERS, type OpenHours, refusal } from "./fences.ts";
import { type Model, ModelFailure } from "./model.ts";
import { promptFor } from "./prompt.ts";
import type { Found } from "./search.ts";

/** What the agent is made of; a test puts others in their place. */
export interface Parts {
  cv: Cv;
  search: (question: string) => Found;
  model: Model;
  /** The model's name in the report. */
  modelName: string;
  /** Whether this visitor may ask once more. */
  mayAsk: (visitor: string) => Promise<boolean>;
  isOpen: OpenHours;
}

/** What the page gets: `answer` is plain text, and to be shown as such. */
export interface Reply {
  outcome: "answered" | "no_match" | "blocked" | "off_hours" | "quota" | "ai_error" | "error";
  answer: string;
  /** The sections that the answer was drawn from. */
  sources?: readonly string[];
  /** Where to ask a person, wherever the agent could not help. */
  contact?: string;
  /** With what the page may rate an answer of the model. */
  feedbackToken?: string;
}

const MAX_BODY_BYTES = 16 * 1024;
const NO_ANSWER = "Something went wrong while I was thinking. Please ask again in a moment.";

/** The handler of `POST /api/ask`. */
export function createAgent<Env extends object>(
  partsOf: (env: Env, request: Request) => Parts,
): HandlerWithInteraction<Request, Env, ExecutionContext> {
  return async (request, env, _ctx, interaction) => {
    const asked = await readQuestion(request);
    if (asked instanceof Response) {
      return asked; // no question, so nothing to report
    }
    interaction.asked(asked.question, { sessionId: asked.sessionId });

    const parts = partsOf(env, request);
    const refuse = (
      status: number,
      outcome: Reply["outcome"],
      answer: string,
      headers = {},
    ): Response => reply(status, { outcome, answer, contact: parts.cv.contact }, headers);

    if (!parts.isOpen(new Date())) {
      interaction.ended("off_hours");
      return refuse(
        503,
        "off_hours",
        "I am closed at the moment. Please come back during opening hours, or write.",
      );
    }
    // Visitors have no account, so their address has to do: those who share one share its allowance.
    if (!(await parts.mayAsk(request.headers.get("cf-connecting-ip") ?? "unknown"))) {
      interaction.ended("quota", { metadata: { quota: "visitor" } });
      return refuse(429, "quota", "That was a lot at once. Please wait a minute.", {
        "retry-after": "60",
      });
    }
    const reason = refusal(asked.question);
    if (reason !== undefined) {
      interaction.ended("blocked", { metadata: { reason } });
      return refuse(
        422,
        "blocked",
        reason === "too_long"
          ? `Please keep your question under ${MAX_QUESTION_CHARACTERS} characters.`
          : `I only answer questions about ${parts.cv.name}'s work.`,
      );
    }
    const feedbackToken = await createFeedback(env).token(interaction.requestId);
    return answerFrom(parts, asked.question, interaction, refuse, feedbackToken);
  };
}

async function answerFrom(
  { cv, search, model, modelName }: Parts,
  question: string,
  interaction: Interaction,
  refuse: (status: number, outcome: Reply["outcome"], answer: string) => Response,
  feedbackToken: string | undefined,
): Promise<Response> {
  const found = await interaction.timed("retrieval", () => search(question));
  interaction.noted({ vectorMatches: found.excerpts.length, model: modelName });

  let said: RunAnswer;
  try {
    said = await interaction.timed("llm", () =>
      model(promptFor(cv, found, question), {
        fallback: NO_ANSWER,
        fallbackMatch: matchFromSimilarity([found.coverage], { full: 1, partial: 0.3 }),
      }),
    );
  } catch (error) {
    if (!(error instanceof ModelFailure)) {
      throw error; // a mistake of ours: reported as it passes, answered in index.ts
    }
    console.warn(`model: ${error.message}`);
    if (error.quota) {
      interaction.ended("quota", { metadata: { quota: "model" } });
      return refuse(
        503,
        "quota",
        "I have answered all I can for today. Please come back tomorrow, or write.",
      );
    }
    interaction.ended("ai_error");
    return refuse(503, "ai_error", NO_ANSWER);
  }

  const { answer, match, outcome, output } = said;
  if (outcome === "ai_error") {
    interaction.ended(outcome, { tokens: tokensUsed(output) });
    return refuse(503, outcome, answer);
  }
  interaction.ended(outcome, { ...match, answer, tokens: tokensUsed(output) });
  const rated = feedbackToken === undefined ? {} : { feedbackToken };
  if (outcome === "no_match") {
    return reply(200, { outcome, answer, contact: cv.contact, ...rated });
  }
  return reply(200, {
    outcome,
    answer,
    sources: found.excerpts.map(({ title }) => title),
    ...rated,
  });
}

async function readQuestion(
  request: Request,
): Promise<{ question: string; sessionId?: string } | Response> {
  const body = await readJson(request);
  if (body instanceof Response) {
    return body;
  }
  const { question, sessionId } = body;
  if (typeof question !== "string" || question.trim() === "") {
    return wrong(400, "Ask a question.");
  }
  return typeof sessionId === "string" && /^[\w-]{1,64}$/.test(sessionId)
    ? { question: question.trim(), sessionId }
    : { question: question.trim() };
}

function wrong(status: number, answer: string): Response {
  return reply(status, { outcome: "error", answer });
}

/** The fields of a small JSON object, or why they are not taken. */
async function readJson(request: Request): Promise<Record<string, unknown> | Response> {
  // Another site's page cannot send this type without asking first, and is not answered then.
  if (!request.headers.get("content-type")?.startsWith("application/json")) {
    return wrong(415, "Send JSON.");
  }
  // A body without a length could be endless; browsers always say.
  if (
    !(Number(request.headers.get("content-length") ?? Number.POSITIVE_INFINITY) <= MAX_BODY_BYTES)
  ) {
    return wrong(413, "That is too long.");
  }
  const body: unknown = await request.json().catch(() => undefined);
  return (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
}

function tokensUsed(output: unknown): number | undefined {
  const total = (output as { usage?: { total_tokens?: unknown } } | null)?.usage?.total_tokens;
  return typeof total === "number" ? total : undefined;
}

/** The handler of `POST /api/feedback`: a rating from the page, with the token of the answer. */
export async function takeFeedback(
  request: Request,
  env: object,
  ctx: ExecutionContext,
): Promise<Response> {
  const body = await readJson(request);
  if (body instanceof Response) {
    return body;
  }
  const { token, rating } = body;
  const result = await createFeedback(env).submit(ctx, token, rating);
  const status = { accepted: 202, expired: 410, invalid: 400, off: 503 }[result];
  return Response.json({ result }, { status, headers: HEADERS });
}

const HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

/** A reply as the page reads it. */
export function reply(status: number, body: Reply, headers: Record<string, string> = {}): Response {
  return Response.json(body, {
    status,
    headers: { ...HEADERS, ...headers },
  });
}
