/** The sizes that the README promises. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundleSize, CLIENT, MATCH_QUALITY, STREAMS } from "../../bench/bundle-size.ts";

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} KB`;

test("the README says how large the client, the parser and the streams are", async () => {
  const readme = await readFile(join(import.meta.dirname, "../../README.md"), "utf8");
  const [client, parser, streams] = await Promise.all(
    [CLIENT, MATCH_QUALITY, STREAMS].map(async (line) => (await bundleSize(line)).gzipped),
  );
  console.log(`gzipped: client ${client}, match quality ${parser}, with streams ${streams} bytes`);
  expect(readme).toContain(`${kilobytes(client ?? 0)} minified and gzipped`);
  expect(readme).toContain(`a separate bundle, ${kilobytes(parser ?? 0)}`);
  expect(readme).toContain(`${kilobytes(streams ?? 0)} with match quality`);
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
