/** What Wrangler would upload, without an account. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { FOLDER } from "./agent.js";

function wrangler(...words) {
  const { status, stdout, stderr } = spawnSync("npx", ["wrangler", ...words], {
    cwd: FOLDER,
    encoding: "utf8",
  });
  return { status, words: stdout + stderr };
}

test("what is deployed has Workers AI and no stand-in", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cv-agent-"));
  try {
    const deployed = wrangler("deploy", "--env", "production", "--dry-run", "--outdir", folder);
    assert.equal(deployed.status, 0, deployed.words);
    assert.match(deployed.words, /env\.AI\s+AI\s/);
    const bundle = await readFile(join(folder, "index.js"), "utf8");
    assert.match(bundle, /neither MODEL_URL nor the binding AI/);
    assert.doesNotMatch(bundle, /local-stand-in|stub:/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the Worker of this machine cannot be deployed by mistake", () => {
  const refused = wrangler("deploy", "--dry-run");
  assert.notEqual(refused.status, 0, refused.words);
  assert.match(refused.words, /specify the target environment/);
  assert.match(refused.words, /provide the name of your worker/);
});
