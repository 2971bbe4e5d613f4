/** Two corpora of models' outputs: realistic ones, all of which are read right, and hostile ones. */

import { expect, test } from "vitest";
import { parseMatchQuality } from "../src/match-quality.ts";
import { HOSTILE, HOSTILE_MISSES } from "./model-outputs/hostile.ts";
import { REALISTIC, type Row } from "./model-outputs/realistic.ts";

const FALLBACK = "Ask again.";

/** What is wrong with how a row is read; empty where nothing is. */
function wrong({ output, answer, match }: Row): string {
  const read = parseMatchQuality(output, FALLBACK);
  const wanted = answer ?? FALLBACK;
  if (read.answer !== wanted)
    return `answered ${JSON.stringify(read.answer)} for ${JSON.stringify(wanted)}`;
  if (!match) return read.match ? `rated ${JSON.stringify(read.match)}` : "";
  const got: Record<string, unknown> = { ...read.match };
  const differing = Object.keys(match).filter(
    (name) => JSON.stringify(got[name]) !== JSON.stringify(match[name]),
  );
  return differing
    .map((name) => `${name} ${JSON.stringify(got[name])} for ${JSON.stringify(match[name])}`)
    .join("; ");
}

test("every realistic output gives its answer and its match", () => {
  const misses = REALISTIC.map((row) => ({ row, fault: wrong(row) })).filter(({ fault }) => fault);
  console.log(
    `realistic outputs: ${REALISTIC.length - misses.length} of ${REALISTIC.length} right`,
  );
  expect(misses.map(({ row, fault }) => `${row.shows}: ${fault}`)).toEqual([]);
  expect(REALISTIC.length).toBeGreaterThanOrEqual(1_200);
});

test("of the hostile outputs at least 185 are right, and those that are not are listed", () => {
  const misses = HOSTILE.map((row) => ({ row, fault: wrong(row) })).filter(({ fault }) => fault);
  const right = HOSTILE.length - misses.length;
  console.log(`hostile outputs: ${right} of ${HOSTILE.length} right`);
  for (const { row, fault } of misses) console.log(`  ${row.shows}: ${fault}`);
  expect(misses.map(({ row }) => row.shows)).toEqual(HOSTILE_MISSES);
  expect(HOSTILE.length).toBeGreaterThanOrEqual(196);
  expect(right).toBeGreaterThanOrEqual(185);
});

test("no hostile output shows the visitor JSON, thoughts, marks or a service's error", () => {
  for (const row of HOSTILE) {
    const { answer } = parseMatchQuality(row.output, FALLBACK);
    // An answer may be about such things, where the row says so.
    if (answer === row.answer) continue;
    expect(answer, row.shows).not.toMatch(/matchQuality|"answer"|<\/?think|<\||◁|api key/i);
  }
});
