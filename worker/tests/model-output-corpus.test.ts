/** What fuzzing found worth keeping, and every former find, read once more. */

import { expect, test } from "vitest";
import { checkOutput } from "./model-output-properties.ts";

const corpus = import.meta.glob<string>(
  ["../../fuzz/corpus/model-output/*", "../../fuzz/regressions/model-output/*"],
  { eager: true, import: "default", query: "?raw" },
);

test("there is a corpus", () => {
  expect(Object.keys(corpus).length).toBeGreaterThan(10);
});

test.each(Object.entries(corpus))("every property holds for %s", (_file, text) => {
  checkOutput(text);
});
