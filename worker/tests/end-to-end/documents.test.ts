/** The code that a reader copies out of the documents passes the compiler as it stands there. */

import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const PACKAGE = join(import.meta.dirname, "../..");

/** What the reader's own Worker has. */
const SURROUNDINGS = `
import type { Match } from "@cv-analytics/worker/match-quality";
declare global {
  interface Env { AI: Ai; VECTORIZE: Vectorize }
  const MODEL: "@cf/meta/llama-3.3-70b-instruct-fp8-fast";
  function isClosed(): boolean;
  function answerFrom(env: Env, question: string): Promise<{ answer: string; match: Match }>;
  function search(env: Env, question: string): Promise<{ text: string; score: number }[]>;
  function messages(prompt: string, pieces: { text: string }[], question: string): RoleScopedChatInput[];
  function embed(env: Env, query: string): Promise<number[]>;
  function messagesFor(matches: VectorizeMatch[], query: string, prompt: string): RoleScopedChatInput[];
}
`;

test.each(["README.md", "../README.md", "../docs/use/moving-over.md"])(
  "the code in %s passes the compiler",
  async (document) => {
    const text = await readFile(join(PACKAGE, document), "utf8");
    const blocks = [...text.matchAll(/^```ts\n(.*?)^```$/gms)]
      .map(([, code = ""]) => code)
      .filter((code) => code.includes('from "@cv-analytics/worker"'));
    expect(blocks).toHaveLength(1);
    const folder = await mkdtemp(join(PACKAGE, "tests/end-to-end/documents-"));
    try {
      await writeFile(join(folder, "worker.ts"), `${blocks[0]}${SURROUNDINGS}`);
      const settings = {
        extends: "../../../tsconfig.json",
        compilerOptions: {
          types: ["@cloudflare/workers-types"],
          paths: {
            "@cv-analytics/worker": ["../../../src/index.ts"],
            "@cv-analytics/worker/match-quality": ["../../../src/match-quality.ts"],
          },
          // As in the project of `npm create cloudflare`, and a reader's handler need not use ctx.
          exactOptionalPropertyTypes: false,
          noUnusedParameters: false,
        },
        include: ["."],
        exclude: [],
      };
      await writeFile(join(folder, "tsconfig.json"), JSON.stringify(settings));
      const compiler = join(PACKAGE, "node_modules/.bin/tsc");
      const { stdout, stderr } = spawnSync(compiler, ["--project", folder], { encoding: "utf8" });
      expect(stdout + stderr).toBe("");
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
