/** `npx wrangler dev` as the README has it: no account, no network, and events to the real server. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

import { isoWeek, Server } from "../../../tests/end-to-end/server.ts";
import { FOLDER } from "../agent.js";

let folder;
let example;
let server;
let agent;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cv-agent-"));
  server = await Server.start(join(folder, "data"));
  example = join(folder, "worker/example");
  // A copy, so that no .dev.vars of the developer's is used or written over.
  await mkdir(example, { recursive: true });
  await cp(join(FOLDER, "../src"), join(folder, "worker/src"), { recursive: true });
  for (const name of ["src", "local", "public", "package.json", "tsconfig.json"]) {
    await cp(join(FOLDER, name), join(example, name), { recursive: true });
  }
  await symlink(join(FOLDER, "node_modules"), join(example, "node_modules"));
  const config = await readFile(join(FOLDER, "wrangler.jsonc"), "utf8");
  assert.match(config, /"port": 8788/);
  await writeFile(join(example, "wrangler.jsonc"), config.replace('"port": 8788', '"port": 0'));
  const secrets = Object.entries(server.secrets).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(example, ".dev.vars"), secrets.join(""));
});

afterEach(async () => {
  await agent?.kill();
  agent = undefined;
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Starts a command as a terminal does, in a process group of its own, once it says its address. */
async function start(program, ...words) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(CLOUDFLARE|CF|WRANGLER|XDG)_/.test(name)),
  );
  const command = spawn(program, words, {
    cwd: example,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    // Nobody is logged in, and nothing of Cloudflare's can be reached.
    env: { ...env, HOME: folder, HTTPS_PROXY: "http://127.0.0.1:9" },
  });
  let said = "";
  const signalAll = (signal) => {
    try {
      return process.kill(-command.pid, signal);
    } catch (error) {
      assert.equal(error.code, "ESRCH");
      return false;
    }
  };
  agent = {
    signal: (signal) => command.kill(signal),
    signalAll,
    isAlive: () => signalAll(0),
    async kill() {
      signalAll("SIGKILL");
      await until(
        () => !signalAll(0),
        () => said,
      );
    },
    said: () => said,
  };
  for (const stream of [command.stdout, command.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
  }
  const address = () => /Ready on (http:\/\/\S+)/.exec(said)?.[1];
  await until(() => address() ?? command.exitCode !== null, agent.said);
  assert.ok(address(), said);
  agent.url = address();
}

async function ask(question) {
  const response = await fetch(`${agent.url}/api/ask`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ question }),
  });
  return (await response.json()).outcome;
}

async function until(holds, explain) {
  const end = Date.now() + 40_000;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `it did not come to that in time:\n${explain()}`);
    await wait(100);
  }
}

test("npx wrangler dev answers by the stand-in and reports, with no account and no network", async () => {
  const began = new Date();
  await start("npx", "wrangler", "dev");
  assert.equal(await ask("What has she done with Kubernetes?"), "answered");
  assert.equal(await ask("How is her COBOL?"), "no_match");
  let reports;
  await until(async () => {
    const weeks = [...new Set([isoWeek(began), isoWeek(new Date())])];
    reports = await Promise.all(weeks.map((week) => server.report(week)));
    return reports.reduce((sum, { capture }) => sum + capture.joined, 0) === 2;
  }, agent.said);
  assert.equal(
    reports.reduce((sum, { match }) => sum + match.none, 0),
    1,
  );
  assert.doesNotMatch(agent.said(), /log ?in|CLOUDFLARE_API_TOKEN|remote connection/i);
});

test("Ctrl-C ends npx wrangler dev and all that it has started", async () => {
  await start("npx", "wrangler", "dev");
  agent.signalAll("SIGINT");
  await until(() => !agent.isAlive(), agent.said);
});

for (const [name, end] of [
  ["Ctrl-C", () => agent.signalAll("SIGINT")],
  ["SIGTERM to npm alone", () => agent.signal("SIGTERM")],
]) {
  test(`${name} ends npm run dev and all that it has started`, async () => {
    await start("npm", "run", "dev");
    end();
    await until(() => !agent.isAlive(), agent.said);
  });
}
