/** The packed package in a reader's project: installed, compiled and bundled as the documents say. */

import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Workerd } from "./workerd.ts";

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
import type { Outcome } from "@cv-analytics/worker";
import type { Match } from "@cv-analytics/worker/match-quality";
declare global {
  interface Env { AI: Ai; VECTORIZE: Vectorize }
  const MODEL: "@cf/meta/llama-3.3-70b-instruct-fp8-fast";
  function isClosed(): boolean;
  function answerFrom(env: Env, question: string): Promise<{ answer: string; match?: Match; outcome: Outcome }>;
  function search(env: Env, question: string): Promise<{ text: string; score: number }[]>;
  function messages(pieces: { text: string }[], question: string): RoleScopedChatInput[];
  function embed(env: Env, query: string): Promise<number[]>;
  function messagesFor(matches: VectorizeMatch[], query: string): RoleScopedChatInput[];
}
`;

const COMPILERS = {
  "TypeScript 5.3": join(TOOLS, ".bin/tsc"),
  "the current TypeScript": join(PACKAGES, ".bin/tsc"),
};

let folder: string;
/** The reader's project, beside a checkout of this repository. */
let project: string;
/** The documents' Workers. */
const workers: string[] = [];

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
  for (const document of DOCUMENTS) {
    const text = await readFile(join(PACKAGE, document), "utf8");
    blocks.add(block(text, "sh", "npm pack"));
    workers.push(...codeBlocks(text, "ts", 'from "@cv-analytics/worker"'));
  }
  for (const [index, code] of workers.entries()) {
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

/** The blocks of code in a document that hold `part`. */
function codeBlocks(document: string, language: string, part: string): string[] {
  const blocks = [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))]
    .map(([, code = ""]) => code)
    .filter((code) => code.includes(part));
  expect(blocks).not.toHaveLength(0);
  return blocks;
}

/** The only one. */
function block(document: string, language: string, part: string): string {
  const blocks = codeBlocks(document, language, part);
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
  expect(outputFiles).toHaveLength(workers.length);
  expect(workers.length).toBeGreaterThan(DOCUMENTS.length);
  for (const { text } of outputFiles) expect(text).toContain("AmazonSQS.SendMessage");
});

/** What the documents' code finds round it, with a model that has no JSON mode, and a worker round it. */
const RUN = `
  const ANSWER = "Docker, yes; Kubernetes, no.";
  const TEXT = "Sure:\\n" + JSON.stringify({ answer: ANSWER, matchQuality: {
    type: "partial", coverage: 50, confidence: 0.9, reasoning: "has Docker", matchedSkills: ["Docker"],
    missingSkills: ["Kubernetes"], topic: "other", topicPhrase: "container tools" } });
  const AI = { async run(model, input) {
    if (input.response_format) throw new Error("5025: This model doesn't support JSON Schema.");
    if (!input.stream) return { response: TEXT };
    const events = TEXT.match(/[^]{1,7}/g).map((response) => "data: " + JSON.stringify({ response }) + "\\n\\n");
    return new Blob([...events, "data: [DONE]\\n\\n"]).stream();
  } };
  const messages = (pieces, content) => [{ role: "user", content }];
  Object.assign(globalThis, {
    MODEL: "a-model", isClosed: () => false, messages, messagesFor: messages, embed: async () => [0],
    search: async () => [{ text: "Docker", score: 0.8 }],
    answerFrom: async () => ({ answer: ANSWER, match: { matchType: "partial", matchScore: 50 }, outcome: "answered" }),
  });
  const VECTORIZE = { query: async () => ({ matches: [{ id: "1", score: 0.8 }] }) };
  export default { fetch: (request, env, ctx) => worker.fetch(request, { ...env, AI, VECTORIZE }, ctx) };
`;

test("the documents' code answers the visitor, and reports coverage as the score", async () => {
  const bodies: string[] = [];
  const queue = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      bodies.push(JSON.parse(body).MessageBody);
      response.setHeader("content-type", "application/x-amz-json-1.0");
      response.end('{"MessageId":"m"}');
    });
  });
  await new Promise<void>((done) => queue.listen(0, "127.0.0.1", done));
  const { port } = queue.address() as AddressInfo;
  try {
    for (const index of workers.keys()) {
      const entry = join(project, `run-${index}.js`);
      await writeFile(entry, `import worker from "./worker-${index}.ts";\n${RUN}`);
      const workerd = await Workerd.start(entry, {
        AWS_ACCESS_KEY_ID: "CVAKEXAMPLE000000001",
        AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        AWS_SQS_URL: `http://127.0.0.1:${port}/000000000000/cv-analytics-events.fifo`,
        AWS_REGION: "eu-west-2",
      });
      bodies.length = 0;
      try {
        const question = "Docker and k8s?";
        const body = JSON.stringify({ question, query: question, sessionId: "s-1" });
        const response = await fetch(workerd.url, { method: "POST", body });
        expect(await response.text()).toContain("Docker, yes; Kubernetes, no.");
        const events = () => bodies.map((text) => JSON.parse(text));
        await vi.waitFor(() => expect(events()).toHaveLength(2), 10_000);
        expect(events().find(({ eventType }) => eventType === "response")).toMatchObject({
          outcome: "answered",
          matchType: "partial",
          matchScore: 50,
        });
      } finally {
        await workerd.stop();
      }
    }
  } finally {
    queue.close();
  }
});

test("publint finds nothing", () => {
  run(join(TOOLS, ".bin/publint"), ["run", TARBALL, "--strict"]);
});

test("attw finds its types right in every way of resolving modules", () => {
  // It is an ES module only, as a Worker is.
  run(join(TOOLS, ".bin/attw"), [TARBALL, "--ignore-rules", "cjs-resolves-to-esm"]);
});
