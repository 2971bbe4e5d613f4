/** Stands in for your agent; replace it with your own. */

import type { AnalyticsEnv, AnswerDetails, Outcome } from "@cv-analytics/worker";

export interface Env extends AnalyticsEnv {
  MODEL: string;
}

/** Answers a question, and says how well: `runWithMatchQuality` returns these fields. */
export async function answerFrom(
  env: Env,
  question: string,
): Promise<{ answer: string; match?: AnswerDetails; outcome: Outcome }> {
  if (question.includes("fail")) throw new Error("the model does not answer");
  const answer = `${env.MODEL} answers: ${question}`;
  return { answer, match: { matchType: "full", model: env.MODEL }, outcome: "answered" };
}
