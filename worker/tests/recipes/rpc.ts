import { WorkerEntrypoint } from "cloudflare:workers";
import { createAnalytics } from "@cv-analytics/worker";
import { answerFrom, type Env } from "./agent.ts";

export class CvAgent extends WorkerEntrypoint<Env> {
  ask(question: string, sessionId: string): Promise<string> {
    return createAnalytics(this.env).run(this.ctx, async (interaction) => {
      interaction.asked(question, { sessionId });
      const { answer, match, outcome } = await interaction.timed("llm", () =>
        answerFrom(this.env, question),
      );
      interaction.ended(outcome, match);
      return answer;
    });
  }
}
