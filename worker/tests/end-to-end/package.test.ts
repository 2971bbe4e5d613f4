/** The packed package in a reader's project: installed, compiled and bundled as the documents say. */

import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

const PACKAGE = join(import.meta.dirname, "../..");
const PACKAGES = join(PACKAGE, "node_modules");
const TOOLS = join(PACKAGE, "tests/tools/node_modules");
const DOCUMENTS = ["README.md", "../README.md", "../docs/use/moving-over.md"];
/** Recipes that need nothing besides this package. */
const RECIPES = [
  "agent",
  "durable-object",
  "judged-stream",
  "pages",
  "queue-consumer",
  "ratings",
  "rpc",
  "websocket",
];
/** What a Worker's project has, besides what the package depends on. */
const WORKERS_TYPES = "@cloudflare/workers-types";

const { name, version, dependencies, devDependencies } = JSON.parse(
  await readFile(join(PACKAGE, "package.json"), "utf8"),
);
const TARBALL = `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;

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

const COMPILERS = {
  "TypeScript 5.3": join(TOOLS, ".bin/tsc"),
  "the current TypeScript": join(PACKAGES, ".bin/tsc"),
};

let folder: string;
/** The reader's project, beside a checkout of this repository. */
let project: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cv-analytics-package-"));
  project = join(folder, "agent");
  await mkdir(join(folder, "cv-analytics"));
  await symlink(PACKAGE, join(folder, "cv-analytics/worker"));

  // What npm would download is there already.
  for (const name of [WORKERS_TYPES, ...Object.keys(dependencies)]) {
    const from = join(PACKAGES, name);
    await cp(from, join(project, "node_modules", name), { recursive: true, dereference: true });
  }
  const manifest = {
    type: "module",
    devDependencies: { [WORKERS_TYPES]: devDependencies[WORKERS_TYPES] },
  };
  await writeFile(join(project, "package.json"), JSON.stringify(manifest));

  const blocks = new Set<string>();
  await writeFile(join(project, "surroundings.d.ts"), SURROUNDINGS);
  for (const [index, document] of DOCUMENTS.entries()) {
    const text = await readFile(join(PACKAGE, document), "utf8");
    blocks.add(block(text, "sh", "npm pack"));
    const code = block(text, "ts", 'from "@cv-analytics/worker"');
    await writeFile(join(project, `worker-${index}.ts`), code);
  }
  for (const recipe of RECIPES) {
    const code = await readFile(join(PACKAGE, "tests/recipes", `${recipe}.ts`), "utf8");
    await writeFile(join(project, `${recipe}.ts`), code.replace("./agent.ts", "./agent.js"));
  }
  expect([...blocks]).toEqual([expect.stringMatching(/^npm ci --prefix \S+\n/)]);
  // The first command, a download, is done.
  for (const command of [...blocks].join().trim().split("\n").slice(1)) {
    run("sh", ["-c", command], { npm_config_offline: "true" });
  }
}, 60_000);

afterAll(() => rm(folder, { recursive: true }));

/** The only block of code in a document that holds `part`. */
function block(document: string, language: string, part: string): string {
  const blocks = [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))]
    .map(([, code = ""]) => code)
    .filter((code) => code.includes(part));
  expect(blocks).toHaveLength(1);
  return blocks.join();
}

/** Runs a program in the reader's project; it has to end well. */
function run(program: string, words: string[], environment: Record<string, string> = {}): void {
  const { status, stdout, stderr } = spawnSync(program, words, {
    cwd: project,
    env: { ...process.env, ...environment },
    encoding: "utf8",
    timeout: 50_000,
  });
  expect(status, `${program} ${words.join(" ")}\n${stdout}${stderr}`).toBe(0);
}

const STRICT = {
  strict: true,
  noUncheckedIndexedAccess: true,
  noImplicitReturns: true,
  noUnusedLocals: true,
  verbatimModuleSyntax: true,
};

test.each([
  ["TypeScript 5.3", "node", { module: "es2022", strict: false }],
  ["TypeScript 5.3", "node16", { module: "node16", ...STRICT }],
  ["the current TypeScript", "node16", { module: "node16", ...STRICT }],
  ["the current TypeScript", "bundler", { module: "es2022", ...STRICT }],
] as const)(
  "%s with moduleResolution %s compiles the documents' code",
  async (compiler, moduleResolution, options) => {
    const compilerOptions = {
      target: "es2021",
      lib: ["es2021"],
      types: [WORKERS_TYPES],
      noEmit: true,
      skipLibCheck: false,
      moduleResolution,
      ...options,
    };
    await writeFile(
      join(project, "tsconfig.json"),
      JSON.stringify({ compilerOptions, include: ["*.ts"] }),
    );
    run(COMPILERS[compiler], []);
  },
);

test("the README names the file of a release", async () => {
  const readme = await readFile(join(PACKAGE, "README.md"), "utf8");
  expect(block(readme, "sh", "https:")).toMatch(
    new RegExp(`^npm install https://\\S+/releases/download/v${version}/${TARBALL}\n$`),
  );
});

test("esbuild bundles the documents' code", async () => {
  const { outputFiles } = await build({
    absWorkingDir: project,
    entryPoints: ["worker-*.ts"],
    outdir: "out",
    bundle: true,
    write: false,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
  });
  expect(outputFiles).toHaveLength(DOCUMENTS.length);
  for (const { text } of outputFiles) expect(text).toContain("AmazonSQS.SendMessage");
});

test("publint finds nothing", () => {
  run(join(TOOLS, ".bin/publint"), ["run", TARBALL, "--strict"]);
});

test("attw finds its types right in every way of resolving modules", () => {
  // It is an ES module only, as a Worker is.
  run(join(TOOLS, ".bin/attw"), [TARBALL, "--ignore-rules", "cjs-resolves-to-esm"]);
});
