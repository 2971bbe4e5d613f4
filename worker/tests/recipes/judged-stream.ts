import { type AnswerDetails, withAnalytics } from "@cv-analytics/worker";
import { answerFrom, type Env } from "./agent.ts";

export default {
  fetch: withAnalytics<Request, Env>(async (request, env, _ctx, interaction) => {
    const { question } = await request.json<{ question: string }>();
    interaction.asked(question);
    const { answer } = await answerFrom(env, question);
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const written = write(answer, writable);
    // The visitor reads while the answer is written; the judge reads it afterwards.
    interaction.judgedBy(written.then(() => judge(question, answer)));
    return new Response(readable, { headers: { "content-type": "text/event-stream" } });
  }),
} satisfies ExportedHandler<Env>;

async function write(answer: string, writable: WritableStream<Uint8Array>): Promise<void> {
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  for (const word of answer.split(" ")) await writer.write(encoder.encode(`data: ${word}\n\n`));
  await writer.close();
}

async function judge(question: string, answer: string): Promise<AnswerDetails> {
  await scheduler.wait(10);
  return { matchType: answer.includes(question) ? "partial" : "none" };
}
