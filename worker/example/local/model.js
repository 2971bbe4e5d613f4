/**
 * Stands in for the model on this machine: an OpenAI-compatible server that answers from the CV
 * excerpts in the prompt by comparing words. The same question gives the same answer. It knows no
 * synonyms and is no model; it lets the whole agent run with no account and no network.
 *
 * A question may carry one of these words, to see what a real model sometimes does:
 *
 *   stub:500  stub:429  stub:slow (five seconds)  stub:hang (no answer at all)
 *   stub:fenced (JSON in a code fence with prose)  stub:truncated (JSON that breaks off)
 *   stub:plain (an answer without any JSON)  stub:empty (nothing)
 */

import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const PORT = 8789;

// Words that say nothing of what is asked; with them every question would match every CV.
const COMMON = new Set(
  (
    "a about an and any are as at be been can could did do does done experience familiar for from good had has have he her " +
    "his how i in into is it its know me much of on or she tell than that the their them there they this to use used " +
    "using was were what when where which who why will with work worked would you your years"
  ).split(" "),
);

/** Starts the stand-in; port 0 takes a free one. Resolves with its base address and a way to end it. */
export function startModel({ port = PORT, host = "127.0.0.1" } = {}) {
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => handle(request, Buffer.concat(chunks).toString(), response));
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      resolve({
        url: `http://${host}:${server.address().port}/v1`,
        close() {
          server.closeAllConnections();
          return new Promise((done) => server.close(done));
        },
      });
    });
  });
}

function handle(request, body, response) {
  if (request.method !== "POST" || request.url !== "/v1/chat/completions") {
    return send(response, 404, { error: { message: "POST /v1/chat/completions" } });
  }
  let messages;
  try {
    ({ messages } = JSON.parse(body));
  } catch {
    return send(response, 400, { error: { message: "the body is no JSON" } });
  }
  const system = messages?.find(({ role }) => role === "system")?.content ?? "";
  const question = messages?.findLast(({ role }) => role === "user")?.content ?? "";
  const trigger = /\bstub:(\w+)/.exec(question)?.[1];
  const content = JSON.stringify(answerFrom(system, question.replace(/\bstub:\w+/g, "")));
  switch (trigger) {
    case "500":
      return send(response, 500, { error: { message: "the model is not well" } });
    case "429":
      return send(response, 429, { error: { message: "too many requests" } });
    case "hang":
      return;
    case "slow":
      setTimeout(() => complete(response, content), 5000);
      return;
    case "fenced":
      return complete(
        response,
        `Here you are:\n\`\`\`json\n${content}\n\`\`\`\nI hope that helps!`,
      );
    case "truncated":
      return complete(response, content.slice(0, content.indexOf('"matchQuality"') + 30), "length");
    case "plain":
      return complete(response, JSON.parse(content).answer);
    case "empty":
      return complete(response, "");
    default:
      return complete(response, content);
  }
}

/** What a model would return, judged by how many of the question's words the excerpts contain. */
export function answerFrom(system, question) {
  const cv = /<cv>([\s\S]*)<\/cv>/.exec(system)?.[1] ?? "";
  const name = /^# ([^:\n]+)/m.exec(cv)?.[1]?.trim() ?? "The candidate";
  const skills = (/^Skills: (.*)$/m.exec(cv)?.[1] ?? "").split(", ").filter(Boolean);
  const asked = tokens(question).filter((word) => !COMMON.has(word.toLowerCase()));
  const known = tokens(cv).map((word) => word.toLowerCase());
  const isKnown = (word) => known.some((other) => isSame(word.toLowerCase(), other));

  const [profile = "", ...excerpts] = cv.split(/^## .*$/m);
  const inSentences = (text) =>
    text
      .split("\n")
      .filter((line) => line && !line.startsWith("#") && !line.startsWith("Skills:"))
      .flatMap((line) => line.split(/(?<=\.)\s+/));
  // What the excerpts say comes before the profile, which stands in every prompt.
  const sentences = [...excerpts.flatMap(inSentences), ...inSentences(profile)];
  const hits = (text) => {
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
        confidence: 0.9,
        reasoning: "a general question",
        matchedSkills: [],
        missingSkills: [],
      },
    };
  }
  const matched = asked.filter(isKnown);
  const type = matched.length === 0 ? "none" : matched.length === asked.length ? "full" : "partial";
  const confidence = Number((matched.length / asked.length).toFixed(2));
  return {
    answer:
      type === "none"
        ? `The CV of ${name} does not say anything about that.`
        : best.length > 0
          ? best.join(" ")
          : `Yes: the CV of ${name} names ${matched.join(", ")}.`,
    matchQuality: {
      type,
      confidence,
      reasoning: `${matched.length} of ${asked.length} telling words stand in the excerpts`,
      matchedSkills: skills.filter((skill) =>
        asked.some((word) => word.toLowerCase() === skill.toLowerCase()),
      ),
      // A name that the CV does not know: capitals beyond the first word.
      missingSkills: asked.filter(
        (word) => /^\p{Lu}/u.test(word) && !question.trim().startsWith(word) && !isKnown(word),
      ),
    },
  };
}

/** "write" and "writes" are the same to it; "go" and "golang" are not. */
function isSame(a, b) {
  return a === b || (Math.min(a.length, b.length) >= 4 && (a.startsWith(b) || b.startsWith(a)));
}

function tokens(text) {
  return text.match(/[\p{L}\p{N}]+(?:[.’'-][\p{L}\p{N}]+)*[+#]*/gu) ?? [];
}

function complete(response, content, finish = "stop") {
  send(response, 200, {
    object: "chat.completion",
    model: "local-stand-in",
    choices: [{ index: 0, finish_reason: finish, message: { role: "assistant", content } }],
    usage: { total_tokens: 300 + Math.ceil(content.length / 4) },
  });
}

function send(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { url } = await startModel();
  console.log(`The model's stand-in listens at ${url}`);
}
