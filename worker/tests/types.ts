/** What a Worker's owner writes compiles, and with the types of their own `env`. */

import { type AnalyticsEnv, withAnalytics } from "../src/index.ts";

interface Env extends AnalyticsEnv {
  AI: { run(model: string): Promise<string> };
}

export default {
  fetch: withAnalytics(async (request, env, ctx, interaction) => {
    const { question } = await request.json<{ question: string }>();
    interaction.asked(question, { sessionId: request.cf?.colo });
    ctx.passThroughOnException();
    const answer = await interaction.timed("llm", () => env.AI.run("m"));
    // @ts-expect-error the Worker has no such binding
    void env.OTHER;
    // @ts-expect-error there is no such outcome
    interaction.ended("splendid");
    return new Response(answer.toUpperCase());
  }),
} satisfies ExportedHandler<Env>;
