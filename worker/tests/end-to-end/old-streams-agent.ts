/** An agent that streams, in a Worker of 2021: its model, which never ends where the question says so. */

import { withAnalytics } from "../../src/index.ts";
import { answerStream } from "../../src/streams.ts";

const OUTPUT = JSON.stringify({
  answer: "Docker, yes; Kubernetes, no.",
  matchQuality: { type: "partial", coverage: 50, confidence: 0.9 },
});

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

async function* model(question: string): AsyncGenerator<string> {
  for (const [index, character] of [...OUTPUT].entries()) {
    if (index === 30 && question === "endless") await pause(60_000);
    if (index === 30 && question === "fails") throw new Error("capacity");
    await pause(1);
    yield character;
  }
}

export default {
  fetch: withAnalytics(async (request, _env, _ctx, interaction) => {
    const question = await request.text();
    interaction.asked(question);
    const { body, result } = answerStream(model(question));
    interaction.judgedBy(
      result.then(({ match, outcome, error }) => {
        console.log(`${question}: ${outcome} ${String(error)}`);
        return match;
      }),
    );
    return new Response(body);
  }),
} satisfies ExportedHandler;
