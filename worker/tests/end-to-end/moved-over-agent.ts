/**
 * An agent as it was before docs/use/moving-over.md, after that page's steps: short answers, stop words, a
 * model without JSON mode, hours, a quota and a filter. Only what the page's table says was changed.
 */

import { withAnalytics } from "@cv-analytics/worker";
import { matchFromSimilarity, runWithMatchQuality } from "@cv-analytics/worker/match-quality";

interface Env {
  AI: Ai;
  VECTORIZE: Vectorize;
  QUOTA: RateLimit;
  HOURS: { isOpen(): boolean };
}

const MODEL = "@cf/meta/llama-2-7b-chat-int8";
const EMBEDDING_MODEL = "@cf/baai/bge-base-en-v1.5";
const FORBIDDEN = /ignore (?:all|your) instructions/i;

export default {
  fetch: withAnalytics(async (request, env, _ctx, interaction) => {
    if (request.method !== "POST") return new Response("Method not allowed", { status: 405 });
    const { query, sessionId } = await request.json<{ query: string; sessionId?: string }>();
    interaction.asked(query, { sessionId });

    if (!env.HOURS.isOpen()) {
      interaction.ended("off_hours");
      return Response.json({ reply: "I am back at nine." });
    }
    if (!(await env.QUOTA.limit({ key: sessionId ?? "" })).success) {
      interaction.ended("quota");
      return Response.json({ reply: "That was enough for today." }, { status: 429 });
    }
    if (FORBIDDEN.test(query)) {
      interaction.ended("blocked");
      return Response.json({ reply: "Let us talk about the CV." });
    }

    const { matches } = await interaction.timed("retrieval", async () =>
      env.VECTORIZE.query(await embed(env, query), { topK: 5, returnMetadata: true }),
    );
    if (matches.length === 0) {
      interaction.ended("no_match");
      return Response.json({ reply: "I have nothing about that." });
    }
    const { answer, match, outcome } = await interaction.timed("llm", () =>
      runWithMatchQuality(
        env.AI,
        {
          model: MODEL,
          messages: messagesFor(matches, query),
          max_tokens: 80,
          temperature: 0.2,
          stop: ["\n", "User:", "Question:"],
        },
        { fallbackMatch: matchFromSimilarity(matches.map(({ score }) => score)) },
      ),
    );
    interaction.ended(outcome, { ...match, vectorMatches: matches.length, model: MODEL });
    return Response.json({ reply: answer });
  }),
} satisfies ExportedHandler<Env>;

async function embed(env: Env, text: string): Promise<number[]> {
  const { data } = (await env.AI.run(EMBEDDING_MODEL, { text: [text] })) as { data: number[][] };
  return data[0] ?? [];
}

function messagesFor(matches: VectorizeMatch[], query: string): RoleScopedChatInput[] {
  const pieces = matches.map(({ metadata }) => String(metadata?.["text"])).join("\n");
  return [
    { role: "system", content: `Answer in two short sentences from this CV only.\n${pieces}` },
    { role: "user", content: query },
  ];
}
