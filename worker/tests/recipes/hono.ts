import { createAnalytics } from "@cv-analytics/worker";
import { Hono } from "hono";
import { answerFrom, type Env } from "./agent.ts";

const app = new Hono<{ Bindings: Env }>();

app.post("/chat", (c) =>
  createAnalytics(c.env).run(
    c.executionCtx,
    async (interaction) => {
      const { question } = await c.req.json<{ question: string }>();
      interaction.asked(question);
      const { answer, match, outcome } = await interaction.timed("llm", () =>
        answerFrom(c.env, question),
      );
      interaction.ended(outcome, match);
      return c.json({ answer });
    },
    c.req.raw,
  ),
);

export default app;
