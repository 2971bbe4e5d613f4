/** The sizes that the README promises. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundleSize, CLIENT, FEEDBACK, MATCH_QUALITY, STREAMS } from "../../bench/bundle-size.ts";

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} KB`;

test("the README says how large the client, the ratings, the parser and the streams are", async () => {
  const readme = await readFile(join(import.meta.dirname, "../../README.md"), "utf8");
  const [client = 0, withRatings = 0, parser = 0, streams = 0] = await Promise.all(
    [CLIENT, `${CLIENT}${FEEDBACK}`, MATCH_QUALITY, STREAMS].map(
      async (line) => (await bundleSize(line)).gzipped,
    ),
  );
  console.log(`gzipped, bytes: ${[client, withRatings, parser, streams].join(", ")}`);
  expect(readme).toContain(`${kilobytes(client)} minified and gzipped`);
  expect(readme).toContain(`adds ${kilobytes(withRatings - client)}`);
  expect(readme).toContain(`a separate bundle, ${kilobytes(parser)}`);
  expect(readme).toContain(`${kilobytes(streams)} with match quality`);
});

test("the client is at most 6.5 KB", async () => {
  expect((await bundleSize(CLIENT)).gzipped).toBeLessThanOrEqual(6_500);
});

test("the client holds nothing of match quality", async () => {
  const both = await bundleSize(`${CLIENT}\n${MATCH_QUALITY}`);
  const [client, parser] = [await bundleSize(CLIENT), await bundleSize(MATCH_QUALITY)];
  // Apart they would weigh less where they shared code.
  expect(both.minified).toBeGreaterThan(client.minified + parser.minified - 500);
});
