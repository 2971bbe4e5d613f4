import { createAnalytics } from "@cv-analytics/worker";
import { answerFrom, type Env } from "./agent.ts";

interface Question {
  id: string;
  question: string;
}

export default {
  async queue(batch, env, ctx) {
    const analytics = createAnalytics(env);
    for (const message of batch.messages) {
      const { id, question } = message.body;
      try {
        await analytics.run(ctx, async (interaction) => {
          // An id that stays: a message that is delivered again is the same question.
          interaction.asked(question, { requestId: id });
          const { match, outcome } = await interaction.timed("llm", () =>
            answerFrom(env, question),
          );
          interaction.ended(outcome, match);
        });
        message.ack();
      } catch {
        message.retry();
      }
    }
  },
} satisfies ExportedHandler<Env, Question>;
