import { createAnalytics } from "@cv-analytics/worker";
import { Agent, type Connection } from "agents";
import { answerFrom, type Env } from "./agent.ts";

export class ChatAgent extends Agent<Env> {
  override onRequest(request: Request): Promise<Response> {
    return createAnalytics(this.env).run(
      this.ctx,
      async (interaction) => {
        const { question } = await request.json<{ question: string }>();
        interaction.asked(question, { sessionId: this.name });
        const { answer, match, outcome } = await interaction.timed("llm", () =>
          answerFrom(this.env, question),
        );
        interaction.ended(outcome, match);
        return Response.json({ answer });
      },
      request,
    );
  }

  override async onMessage(connection: Connection, message: string): Promise<void> {
    await createAnalytics(this.env).run(this.ctx, async (interaction) => {
      interaction.asked(message, { sessionId: this.name });
      const { answer, match, outcome } = await interaction.timed("llm", () =>
        answerFrom(this.env, message),
      );
      interaction.ended(outcome, match);
      connection.send(answer);
    });
  }
}
