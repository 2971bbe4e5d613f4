/** The sizes that the README promises. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundleSize, CLIENT, FEEDBACK, MATCH_QUALITY } from "../../bench/bundle-size.ts";

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} KB`;

test("the README says how large the client, the ratings and the parser are", async () => {
  const readme = await readFile(join(import.meta.dirname, "../../README.md"), "utf8");
  const client = await bundleSize(CLIENT);
  expect(readme).toContain(`${kilobytes(client.gzipped)} minified and gzipped`);
  const both = await bundleSize(`${CLIENT}${FEEDBACK}`);
  expect(readme).toContain(`adds ${kilobytes(both.gzipped - client.gzipped)}`);
  const parser = await bundleSize(MATCH_QUALITY);
  expect(readme).toContain(`a separate bundle, ${kilobytes(parser.gzipped)}`);
});

test("the client is at most 6.5 KB", async () => {
  expect((await bundleSize(CLIENT)).gzipped).toBeLessThanOrEqual(6_500);
});
