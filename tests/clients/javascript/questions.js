// What every suite sends: the questions of `questions.json` as query events.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** The body of a query event. */
export function queryEvent(requestId, query = "Do you know Rust?") {
  return JSON.stringify({ eventType: "query", requestId, timestamp: 1763000000000, query });
}

/** `[requestId, body]` of each question. */
export function questionEvents() {
  const questions = JSON.parse(readFileSync(process.env.QUESTIONS_FILE, "utf8"));
  return questions.map((text, index) => [`question-${index}`, queryEvent(`question-${index}`, text)]);
}

export function md5(text) {
  return createHash("md5").update(text).digest("hex");
}
