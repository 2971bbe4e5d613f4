/**
 * Stands in for the model on this machine: an OpenAI-compatible service that answers from the CV
 * excerpts in the prompt by comparing words. The same question gives the same answer. It knows no
 * synonyms and is no model; it lets the whole agent run with no account and no network.
 *
 * A question may carry one of these words, to see what a real model sometimes does:
 *
 *   stub:500  stub:429  stub:slow (five seconds)  stub:hang (no answer at all)
 *   stub:fenced (JSON in a code fence with prose)  stub:truncated (JSON that breaks off)
 *   stub:plain (an answer without any JSON)  stub:empty (nothing)
 */

import type { MatchType } from "@cv-analytics/worker";

import type { Message } from "../src/prompt.ts";

// Words that say nothing of what is asked; with them every question would match every CV.
const COMMON = new Set(
  (
    "a about an and any are as at be been can could did do does done experience familiar for from good had has have he her " +
    "his how i in into is it its know me much of on or she tell than that the their them there they this to use used " +
    "using was were what when where which who why will with work worked would you your years"
  ).split(" "),
);

/** Answers `POST …/chat/completions`, as `fetch` would. */
export async function standIn(request: Request): Promise<Response> {
  if (request.method !== "POST" || !new URL(request.url).pathname.endsWith("/chat/completions")) {
    return refusal(404, "POST …/chat/completions");
  }
  let messages: Message[];
  try {
    ({ messages } = await request.json<{ messages: Message[] }>());
  } catch {
    return refusal(400, "the body is no JSON");
  }
  const system = messages.find(({ role }) => role === "system")?.content ?? "";
  const question = messages.findLast(({ role }) => role === "user")?.content ?? "";
  const content = JSON.stringify(answerFrom(system, question.replace(/\bstub:\w+/g, "")));
  switch (/\bstub:(\w+)/.exec(question)?.[1]) {
    case "500":
      return refusal(500, "the model is not well");
    case "429":
      return refusal(429, "too many requests");
    case "hang":
      return untilAborted(request.signal);
    case "slow":
      await new Promise((resolve) => setTimeout(resolve, 5000));
      return completion(content);
    case "fenced":
      return completion(`Here you are:\n\`\`\`json\n${content}\n\`\`\`\nI hope that helps!`);
    case "truncated":
      return completion(content.slice(0, content.indexOf('"matchQuality"') + 30), "length");
    case "plain":
      return completion(JSON.parse(content).answer);
    case "empty":
      return completion("");
    default:
      return completion(content);
  }
}

/** What the prompt asks a model to return. */
interface Answer {
  answer: string;
  matchQuality: {
    type: MatchType;
    coverage: number;
    confidence: number;
    reasoning: string;
    matchedSkills: string[];
    missingSkills: string[];
    topic: string;
    topicPhrase: string;
  };
}

/** What a model would return, judged by how many of the question's words the excerpts contain. */
function answerFrom(system: string, question: string): Answer {
  const cv = /<cv>([\s\S]*)<\/cv>/.exec(system)?.[1] ?? "";
  const name = /^# ([^:\n]+)/m.exec(cv)?.[1]?.trim() ?? "The candidate";
  const skills = (/^Skills: (.*)$/m.exec(cv)?.[1] ?? "").split(", ").filter(Boolean);
  const asked = tokens(question).filter((word) => !COMMON.has(word.toLowerCase()));
  const known = tokens(cv).map((word) => word.toLowerCase());
  const isKnown = (word: string) => known.some((other) => isSame(word.toLowerCase(), other));

  const [profile = "", ...excerpts] = cv.split(/^## .*$/m);
  const inSentences = (text: string) =>
    text
      .split("\n")
      .filter((line) => line && !line.startsWith("#") && !line.startsWith("Skills:"))
      .flatMap((line) => line.split(/(?<=\.)\s+/));
  // What the excerpts say comes before the profile, which stands in every prompt.
  const sentences = [...excerpts.flatMap(inSentences), ...inSentences(profile)];
  const hits = (text: string) => {
    const words = tokens(text).map((word) => word.toLowerCase());
    return asked.filter((word) => words.some((other) => isSame(word.toLowerCase(), other))).length;
  };
  const best = sentences
    .map((text, place) => ({ text, place, hits: hits(text) }))
    .filter((sentence) => sentence.hits > 0)
    .sort((a, b) => b.hits - a.hits || a.place - b.place)
    .slice(0, 2)
    .map(({ text }) => text);

  if (asked.length === 0) {
    return {
      answer: inSentences(profile).join(" "),
      matchQuality: {
        type: "full",
        coverage: 100,
        confidence: 0.9,
        reasoning: "a general question",
        matchedSkills: [],
        missingSkills: [],
        topic: "personal introduction",
        topicPhrase: "",
      },
    };
  }
  const matched = asked.filter(isKnown);
  const type = matched.length === 0 ? "none" : matched.length === asked.length ? "full" : "partial";
  const coverage = Math.round((100 * matched.length) / asked.length);
  return {
    answer:
      type === "none"
        ? `The CV of ${name} does not say anything about that.`
        : best.length > 0
          ? best.join(" ")
          : `Yes: the CV of ${name} names ${matched.join(", ")}.`,
    matchQuality: {
      type,
      coverage,
      // It compares words and understands none.
      confidence: 0.5,
      reasoning: `${matched.length} of ${asked.length} telling words stand in the excerpts`,
      matchedSkills: skills.filter((skill) =>
        asked.some((word) => word.toLowerCase() === skill.toLowerCase()),
      ),
      // A name that the CV does not know: capitals beyond the first word.
      missingSkills: asked.filter(
        (word) => /^\p{Lu}/u.test(word) && !question.trim().startsWith(word) && !isKnown(word),
      ),
      topic: "other",
      topicPhrase: asked.slice(0, 3).join(" ").toLowerCase(),
    },
  };
}

/** "write" and "writes" are the same to it; "go" and "golang" are not. */
function isSame(a: string, b: string): boolean {
  return a === b || (Math.min(a.length, b.length) >= 4 && (a.startsWith(b) || b.startsWith(a)));
}

function tokens(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+(?:[.’'-][\p{L}\p{N}]+)*[+#]*/gu) ?? [];
}

function completion(content: string, finish = "stop"): Response {
  return Response.json({
    object: "chat.completion",
    model: "local-stand-in",
    choices: [{ index: 0, finish_reason: finish, message: { role: "assistant", content } }],
    usage: { total_tokens: 300 + Math.ceil(content.length / 4) },
  });
}

function refusal(status: number, message: string): Response {
  return Response.json({ error: { message } }, { status });
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
