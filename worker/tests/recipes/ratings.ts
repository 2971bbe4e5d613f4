import { withAnalytics } from "@cv-analytics/worker";
import { createFeedback } from "@cv-analytics/worker/feedback";
import { answerFrom, type Env } from "./agent.ts";

const ask = withAnalytics<Request, Env, ExecutionContext>(
  async (request, env, _ctx, interaction) => {
    const { question } = await request.json<{ question: string }>();
    interaction.asked(question);
    const { answer, match, outcome } = await interaction.timed("llm", () =>
      answerFrom(env, question),
    );
    interaction.ended(outcome, { ...match, answer });
    const feedbackToken = await createFeedback(env).token(interaction.requestId);
    return Response.json({ answer, feedbackToken });
  },
);

const STATUS = { accepted: 202, expired: 410, invalid: 400, off: 503 };

export default {
  async fetch(request, env, ctx): Promise<Response> {
    if (new URL(request.url).pathname !== "/feedback") return ask(request as Request, env, ctx);
    const body = await request.json<Record<string, string>>().catch(() => null);
    const { token, rating, comment } = body ?? {};
    const result = await createFeedback(env).submit(ctx, token, rating, { comment });
    return Response.json({ result }, { status: STATUS[result] });
  },
} satisfies ExportedHandler<Env>;
