import { createAnalytics } from "@cv-analytics/worker";
import { answerFrom, type Env } from "./agent.ts";

export const onRequestPost: PagesFunction<Env> = (context) =>
  createAnalytics(context.env).run(
    context,
    async (interaction) => {
      const { question } = await context.request.json<{ question: string }>();
      interaction.asked(question);
      const { answer, match } = await interaction.timed("llm", () =>
        answerFrom(context.env, question),
      );
      interaction.answered(match);
      return Response.json({ answer });
    },
    context.request as Request,
  );
