/** The same small agent twice, with the client and without it. */

import { withAnalytics } from "../src/index.ts";

interface Question {
  question: string;
  /** How long the model takes. */
  modelMilliseconds: number;
  /** Whether the answer is a stream of its words, in place of JSON. */
  isStreamed: boolean;
}

/** Gives a word whenever the visitor's side asks for one. */
function wordsOf(answer: string): Response {
  const encoder = new TextEncoder();
  const words = answer.split(" ");
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const word = words.shift();
      if (word) controller.enqueue(encoder.encode(`data: ${word}\n\n`));
      else controller.close();
    },
  });
  return new Response(stream, { headers: { "content-type": "text/event-stream" } });
}

function responseOf({ isStreamed }: Question, answer: string): Response {
  return isStreamed ? wordsOf(answer) : Response.json({ answer });
}

async function model({ modelMilliseconds }: Question): Promise<string> {
  if (modelMilliseconds > 0) await scheduler.wait(modelMilliseconds);
  return "I have worked with it for three years, last as the lead of a small team.";
}

const bare = {
  async fetch(request: Request): Promise<Response> {
    const question = await request.json<Question>();
    return responseOf(question, await model(question));
  },
};

const wrapped = withAnalytics(async (request, _env, _ctx, interaction) => {
  const question = await request.json<Question>();
  interaction.asked(question.question, { sessionId: "s-1" });
  const answer = await interaction.timed("llm", () => model(question));
  interaction.answered({ matchType: "full", matchScore: 90, matchedSkills: ["Kubernetes"] });
  return responseOf(question, answer);
});

export default {
  fetch(request, env, ctx) {
    return env.CLIENT === "none" ? bare.fetch(request) : wrapped(request, env, ctx);
  },
} satisfies ExportedHandler<{ CLIENT: string }>;
