import { createAnalytics } from "@cv-analytics/worker";
import { answerFrom, type Env } from "./agent.ts";

export const onRequestPost: PagesFunction<Env> = (context) =>
  createAnalytics(context.env).run(
    context,
    async (interaction) => {
      const { question } = await context.request.json<{ question: string }>();
      interaction.asked(question);
      const { answer, match, outcome } = await interaction.timed("llm", () =>
        answerFrom(context.env, question),
      );
      interaction.ended(outcome, match);
      return Response.json({ answer });
    },
    context.request as Request,
  );
