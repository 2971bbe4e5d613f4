/** What reading a model's output holds to, whatever the model wrote. */

import { AnswerScanner } from "../src/answer-scanner.ts";
import { type ModelAnswer, parseMatchQuality } from "../src/match-quality.ts";
import { isServiceError } from "../src/model-marks.ts";

const FALLBACK = "Ask again.";

/**
 * Reads a text as a model's output, and what it holds as JSON as the object of a model or an endpoint.
 *
 * @throws where a property does not hold
 */
export function checkOutput(text: string): void {
  checkReading(text);
  checkStream(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return;
  }
  checkReading(value);
  // Nobody's output is changed while it is read.
  equal(JSON.stringify(value), JSON.stringify(JSON.parse(text)), "the output was changed");
}

function checkReading(output: unknown): void {
  const read = parseMatchQuality(output, FALLBACK);
  equal(JSON.stringify(parseMatchQuality(output, FALLBACK)), JSON.stringify(read), "read twice");
  checkAnswer(read);
  const { match, tolerated } = read;
  unique(tolerated);
  if (!match) return;
  ensure(["full", "partial", "none"].includes(match.matchType), match);
  const { matchScore, confidence, topic, reasoning, matchedSkills, missingSkills, metadata } =
    match;
  if (matchScore !== undefined) ensure(matchScore >= 0 && matchScore <= 100, match);
  if (confidence !== undefined) ensure(confidence >= 0 && confidence <= 1, match);
  if (topic !== undefined) ensure(topic !== "" && topic.split(/\s+/).length <= 4, match);
  ensure(read.outcome !== "ai_error", read);
  if (reasoning !== undefined) ensure(reasoning !== "" && reasoning === reasoning.trim(), match);
  for (const skills of [matchedSkills ?? [], missingSkills ?? []]) {
    unique(skills);
    ensure(
      skills.every((skill) => skill !== "" && skill === skill.trim()),
      match,
    );
  }
  equal(metadata.matchSource, "model", "the source");
  equal(JSON.stringify(metadata.tolerated ?? []), JSON.stringify(tolerated), "what was tolerated");
}

/** In pieces of any size the same leaves, nothing of a service's error, and never the object that was asked for. */
function checkStream(text: string): void {
  const isUnratedError =
    isServiceError(text) && parseMatchQuality(text, FALLBACK).outcome === "ai_error";
  for (const size of [1, 7, text.length || 1]) {
    const scanner = new AnswerScanner();
    let answer = "";
    for (let at = 0; at < text.length; at += size)
      answer += scanner.push(text.slice(at, at + size));
    equal(answer, answer.trim(), "what was streamed");
    if (isUnratedError) equal(answer, "", "what was streamed of a service's error");
    if (answer) checkAnswer({ answer, outcome: "answered", tolerated: [] });
    ensure(!/"matchQuality"\s*:\s*\{\s*"type"/.test(answer) || !/^\s*\{/.test(text), answer);
  }
}

/** The visitor is shown something, and never the object that was asked for. */
function checkAnswer({ answer, tolerated }: ModelAnswer): void {
  ensure(typeof answer === "string" && answer.trim() !== "", answer);
  if (tolerated.includes("no_answer")) equal(answer, FALLBACK, "the fallback");
  let shown: unknown;
  try {
    shown = JSON.parse(answer);
  } catch {
    return;
  }
  if (typeof shown !== "object" || shown === null) return;
  ensure(!("answer" in shown && "matchQuality" in shown), answer);
}

function unique(values: readonly string[]): void {
  equal(new Set(values).size, values.length, `twice in ${JSON.stringify(values)}`);
}

function equal(value: unknown, expected: unknown, what: string): void {
  if (value !== expected) throw new Error(`${what}: ${String(value)} is not ${String(expected)}`);
}

function ensure(holds: boolean, what: unknown): void {
  if (!holds) throw new Error(`not right: ${JSON.stringify(what)}`);
}
