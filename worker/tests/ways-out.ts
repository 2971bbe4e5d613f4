/** Handlers that end in every way there is, and the outcome that each has to be reported with. */

import { vi } from "vitest";
import type { Interaction } from "../src/interaction.ts";

export interface WayOut {
  /** Its golden event is `NAME-response.json`; the query event is the same for all. */
  name: string;
  outcome: string;
  handle: (interaction: Interaction) => Promise<Response>;
}

const QUESTION = "Do you know Kubernetes?";

const answer = (text: string, status = 200) => Response.json({ answer: text }, { status });

/** Lets so many milliseconds pass. */
function pass(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds);
}

/** One question, asked as in the examples. */
function asked(interaction: Interaction): void {
  interaction.asked(QUESTION, { sessionId: "s-17" });
}

export const WAYS_OUT: WayOut[] = [
  {
    name: "answered",
    outcome: "answered",
    async handle(interaction) {
      asked(interaction);
      await interaction.timed("retrieval", async () => pass(80));
      await interaction.timed("llm", async () => pass(700));
      interaction.answered({
        matchType: "partial",
        matchScore: 72,
        reasoning: "has Docker, lacks Kubernetes",
        matchedSkills: ["Docker"],
        missingSkills: ["Kubernetes"],
        vectorMatches: 5,
        cacheHit: false,
        model: "@cf/meta/llama-3.1-8b-instruct",
        tokens: 412,
        metadata: { matchSource: "model" },
      });
      return answer("Docker, yes.");
    },
  },
  {
    name: "rated",
    outcome: "answered",
    async handle(interaction) {
      asked(interaction);
      interaction.ended("answered", {
        matchType: "partial",
        matchScore: 50,
        confidence: 0.9,
        reasoning: "has Docker, as jane@example.com says",
        matchedSkills: ["Docker"],
        missingSkills: ["Kubernetes"],
        topic: "other",
        topicPhrase: "container tools",
        answer: "Docker, yes. Write to jane@example.com.",
        metadata: { matchSource: "model" },
      });
      return answer("Docker, yes. Write to jane@example.com.");
    },
  },
  {
    name: "no-match",
    outcome: "no_match",
    async handle(interaction) {
      asked(interaction);
      interaction.answered({ matchType: "none", matchScore: 0, missingSkills: ["Kubernetes"] });
      return answer("No.");
    },
  },
  {
    name: "similarity",
    outcome: "answered",
    async handle(interaction) {
      asked(interaction);
      const { matchFromSimilarity } = await import("../src/match-quality.ts");
      interaction.answered(matchFromSimilarity([0.31, 0.62]));
      return answer("Perhaps.");
    },
  },
  ...(["blocked", "off_hours", "quota", "ai_error"] as const).map(
    (outcome): WayOut => ({
      name: outcome.replace("_", "-"),
      outcome,
      async handle(interaction) {
        asked(interaction);
        interaction.ended(outcome);
        return answer("Not now.", outcome === "quota" ? 429 : 200);
      },
    }),
  ),
  {
    name: "thrown",
    outcome: "error",
    async handle(interaction) {
      asked(interaction);
      throw new Error("the index is gone");
    },
  },
  {
    name: "llm-thrown",
    outcome: "ai_error",
    async handle(interaction) {
      asked(interaction);
      await interaction.timed("llm", () => {
        throw new Error("3040: capacity temporarily exceeded");
      });
      return answer("never");
    },
  },
  {
    name: "without-a-word",
    outcome: "answered",
    async handle(interaction) {
      asked(interaction);
      return answer("Yes.");
    },
  },
];
