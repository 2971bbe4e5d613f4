import { createAnalytics } from "@cv-analytics/worker";
import { AutoRouter, type IRequest } from "itty-router";
import { answerFrom, type Env } from "./agent.ts";

const router = AutoRouter<IRequest, [Env, ExecutionContext]>();

router.post("/chat", (request, env, ctx) =>
  createAnalytics(env).run(
    ctx,
    async (interaction) => {
      const { question } = await request.json<{ question: string }>();
      interaction.asked(question);
      const { answer, match, outcome } = await interaction.timed("llm", () =>
        answerFrom(env, question),
      );
      interaction.ended(outcome, match);
      return { answer };
    },
    request,
  ),
);

export default router;
