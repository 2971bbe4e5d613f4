/** An agent that ends as the question's `way` says, to be run in workerd. */

import { withAnalytics } from "../../src/index.ts";

interface Question {
  requestId: string;
  question: string;
  way: string;
}

function stream(isEndless: boolean): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let number = 0;
  return new ReadableStream({
    async pull(controller) {
      await scheduler.wait(1);
      if (number++ < 5 || isEndless) controller.enqueue(encoder.encode(`word ${number} `));
      else controller.close();
    },
  });
}

export default {
  fetch: withAnalytics(async (request, _env, _ctx, interaction) => {
    const { requestId, question, way } = await request.json<Question>();
    interaction.asked(question, { requestId, sessionId: `session of ${requestId}` });
    await interaction.timed("retrieval", () => scheduler.wait(1));
    switch (way) {
      case "full":
      case "partial":
      case "none":
        await interaction.timed("llm", () => scheduler.wait(2));
        interaction.answered({ matchType: way, matchScore: 50, missingSkills: ["Kubernetes"] });
        return Response.json({ answer: way });
      case "blocked":
      case "off_hours":
      case "quota":
        interaction.ended(way);
        return Response.json({ answer: way });
      case "model fails":
        return interaction.timed("llm", () => Promise.reject(new Error("capacity")));
      case "throws":
        throw new Error("the index is gone");
      case "streams":
        return new Response(stream(false));
      case "streams, and the visitor leaves":
        return new Response(stream(true));
      default:
        return new Response("what?", { status: 500 });
    }
  }),
} satisfies ExportedHandler;
