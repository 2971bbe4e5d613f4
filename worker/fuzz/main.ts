/**
 * Looks for outputs of a model for which a property does not hold: `cargo xtask fuzz model-output`.
 *
 * Arguments: the folder for finds, the minutes, and folders of outputs to begin with. Their edits follow
 * from a seed, which is printed, and a find is made as short as it can be.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { AnswerScanner } from "../src/answer-scanner.ts";
import { MAX_OUTPUT_UNITS } from "../src/json-in-output.ts";
import { parseMatchQuality } from "../src/match-quality.ts";
import { checkOutput } from "../tests/model-output-properties.ts";

/** What the reader looks for, and what models write round it. */
const TOKENS = [
  ..."{}[]\"'`:,;\\/<>*_#\n\t …“”’0",
  '"answer":',
  '"matchQuality":{"type":"full"}',
  "match_quality",
  "matchedSkills",
  "confidence",
  "response",
  "content",
  "```json\n",
  "```",
  "<think>",
  "</think>",
  "<reasoning>",
  "Answer:",
  "JSON",
  "null",
  "undefined",
  "partial",
  "none",
  "0.7",
  "8 out of 10",
  "Error: ",
  "HTTP 503: ",
  "Connection reset",
  "Incorrect API key provided",
  "4/5",
  "coverage",
  "<thought>",
  "◁think▷",
  "◁/think▷",
  "<|im_end|>",
  "<answer>",
  'data: {"response":"a"}\n\n',
  "Match type: partial\n",
  "\\u0000",
  "\\ud800",
  "__proto__",
  "toString",
  "https://example.com",
];

const [finds = "", minutes = "", ...folders] = process.argv.slice(2);
const known = folders.flatMap((folder) =>
  readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8")),
);

/** One place in a text, from 0 to 1, and what happens there. */
const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.nat({ max: 60 }),
  inserted: fc.oneof(
    fc.constantFrom("", ...TOKENS),
    fc.constantFrom(...known),
    fc.string({ unit: "binary", maxLength: 5 }),
    fc.json(),
    fc.tuple(fc.constantFrom(...TOKENS), fc.nat({ max: 40 })).map(([token, n]) => token.repeat(n)),
  ),
});

const output = fc
  .tuple(fc.constantFrom(...known), fc.array(edit, { maxLength: 8 }))
  .map(([text, edits]) =>
    edits.reduce((edited, { at, removed, inserted }) => {
      const start = Math.round(at * edited.length);
      return edited.slice(0, start) + inserted + edited.slice(start + removed);
    }, text),
  );

/** An output as long as is read, mostly of one token: what a visitor can make a model write. */
const long = fc
  .tuple(
    fc.constantFrom(...known),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.constantFrom(...TOKENS),
  )
  .map(([text, at, token]) => {
    const start = Math.round(at * text.length);
    const filling = token.repeat(Math.ceil(MAX_OUTPUT_UNITS / token.length));
    return (
      text.slice(0, start) + filling.slice(0, MAX_OUTPUT_UNITS - text.length) + text.slice(start)
    );
  });

/** Reading it takes so much of the processor's time at most, in milliseconds: as libFuzzer's `-timeout`. */
const MAX_READING_MS = 2_000;

function checkTime(text: string): void {
  const before = process.cpuUsage();
  parseMatchQuality(text);
  new AnswerScanner().push(text);
  const milliseconds = process.cpuUsage(before).user / 1_000;
  if (milliseconds > MAX_READING_MS) throw new Error(`reading it took ${milliseconds} ms`);
}

let executions = 0;
const seed = Date.now() | 0;
const details = fc.check(
  fc.property(
    fc.oneof({ weight: 50, arbitrary: output }, { weight: 1, arbitrary: long }),
    (text) => {
      executions += 1;
      // In pieces of one unit, as the other check reads it, so long an output takes minutes.
      if (text.length > MAX_OUTPUT_UNITS / 2) checkTime(text);
      else checkOutput(text);
    },
  ),
  {
    seed,
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: Number(minutes) * 60_000,
    markInterruptAsFailure: false,
  },
);
console.error(`seed ${seed}`);
if (details.counterexample) {
  const file = join(finds, `find-${seed >>> 0}`);
  writeFileSync(file, details.counterexample[0]);
  console.error(`${file}: ${details.errorInstance}`);
}
// As libFuzzer says it.
console.error(`stat::number_of_executed_units: ${executions}`);
process.exitCode = details.failed ? 1 : 0;
