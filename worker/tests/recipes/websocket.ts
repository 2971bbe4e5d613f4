import { createAnalytics } from "@cv-analytics/worker";
import { answerFrom, type Env } from "./agent.ts";

export default {
  fetch(_request, env, ctx) {
    const analytics = createAnalytics(env);
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    server.addEventListener("message", ({ data }) => {
      const question = String(data);
      const work = analytics.run(ctx, async (interaction) => {
        interaction.asked(question);
        const { answer, match, outcome } = await interaction.timed("llm", () =>
          answerFrom(env, question),
        );
        interaction.ended(outcome, match);
        server.send(answer);
      });
      work.catch(() => server.send("Sorry, that went wrong."));
    });
    return new Response(null, { status: 101, webSocket: client });
  },
} satisfies ExportedHandler<Env>;
