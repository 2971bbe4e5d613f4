import { createServer } from "node:http";
import { createAnalytics, type WaitUntil } from "@cv-analytics/worker";
import { answerFrom } from "./agent.ts";

const env = { ...process.env, MODEL: "a model" };
const analytics = createAnalytics(env);
const MAX_QUESTION_CHARACTERS = 10_000;

// Does what a Worker's `ctx` does: keeps track of what is still being sent.
const pending = new Set<Promise<unknown>>();
const ctx: WaitUntil = {
  waitUntil(promise) {
    pending.add(promise);
    void promise.catch(() => {}).finally(() => pending.delete(promise));
  },
};

const server = createServer(async (request, response) => {
  try {
    let question = "";
    // A character may lie in two chunks.
    request.setEncoding("utf8");
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      question += chunk;
      if (question.length > MAX_QUESTION_CHARACTERS) {
        response.writeHead(413, { connection: "close" }).end("That question is too long.");
        return;
      }
    }
    const answer = await analytics.run(ctx, async (interaction) => {
      const { "user-agent": userAgent, referer } = request.headers;
      interaction.asked(question, { metadata: { userAgent, referer } });
      const { answer, match, outcome } = await interaction.timed("llm", () =>
        answerFrom(env, question),
      );
      interaction.ended(outcome, match);
      return answer;
    });
    response.end(answer);
  } catch {
    response.writeHead(500).end("Sorry, that went wrong.");
  }
});
server.listen(Number(process.env["PORT"]), "127.0.0.1", () => console.log(server.address()));

process.once("SIGTERM", () => {
  server.close(async () => {
    while (pending.size > 0) await Promise.allSettled(pending);
    process.exit();
  });
});
