/** An agent whose streamed answer a second model judges, as slowly as the question says, to be run in workerd. */

import { withAnalytics } from "../../src/index.ts";

export default {
  fetch: withAnalytics(async (request, _env, _ctx, interaction) => {
    const { question, words, judgeMilliseconds } = await request.json<{
      question: string;
      words: number;
      judgeMilliseconds: number;
    }>();
    interaction.asked(question);
    interaction.answered();
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const written = write(words, writable);
    const judged = written.catch(() => {}).then(() => scheduler.wait(judgeMilliseconds));
    interaction.judgedBy(judged.then(() => ({ matchType: "none" })));
    return new Response(readable, { headers: { "content-type": "application/json" } });
  }),
} satisfies ExportedHandler;

async function write(words: number, writable: WritableStream<Uint8Array>): Promise<void> {
  const writer = writable.getWriter();
  for (let word = 0; word < words; word++) {
    await scheduler.wait(20);
    await writer.write(new TextEncoder().encode(`"word ${word}" `));
  }
  await writer.close();
}
