/** workerd, the runtime of Cloudflare Workers, with one Worker in it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { build } from "esbuild";

/** Where the package has put the program. */
const { default: PROGRAM } = createRequire(import.meta.url)("workerd") as { default: string };

export class Workerd {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly url: URL;
  readonly #words: () => string;

  private constructor(process: ChildProcess, folder: string, port: number, words: () => string) {
    this.#process = process;
    this.#words = words;
    this.#folder = folder;
    this.url = new URL(`http://127.0.0.1:${port}/`);
  }

  /** Starts it with the Worker in the file `entry` and with `env` as its texts. */
  static async start(
    entry: string,
    env: Record<string, string>,
    compatibilityDate = "2026-10-01",
  ): Promise<Workerd> {
    const folder = await mkdtemp(join(tmpdir(), "cv-analytics-workerd-"));
    await build({
      entryPoints: [entry],
      bundle: true,
      format: "esm",
      outfile: join(folder, "worker.js"),
      logLevel: "error",
    });
    const bindings = Object.entries(env).map(
      ([name, text]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(text)})`,
    );
    // https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp
    const configuration = `
      using Workerd = import "/workerd/workerd.capnp";
      const config :Workerd.Config = (
        services = [
          (name = "worker", worker = (
            modules = [(name = "worker.js", esModule = embed "worker.js")],
            bindings = [${bindings.join(", ")}],
            compatibilityDate = ${JSON.stringify(compatibilityDate)},
          )),
          (name = "internet", network = (allow = ["public", "private"])),
        ],
        sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
      );`;
    await writeFile(join(folder, "workerd.capnp"), configuration);
    const child = spawn(PROGRAM, ["serve", "--control-fd=3", join(folder, "workerd.capnp")], {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    let words = "";
    for (const output of [child.stdout, child.stderr]) {
      output?.on("data", (chunk: Buffer) => {
        words += chunk;
      });
    }
    const port = await new Promise<number>((resolve, reject) => {
      createInterface({ input: child.stdio[3] as Readable }).on("line", (line) => {
        const event = JSON.parse(line) as { event: string; port?: number };
        if (event.event === "listen" && event.port) resolve(event.port);
      });
      child.on("exit", () => reject(new Error(`workerd ended:\n${words}`)));
    });
    return new Workerd(child, folder, port, () => words);
  }

  /** What the Worker and the runtime have written to the log so far. */
  get log(): string {
    return this.#words();
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await ended;
    await rm(this.#folder, { recursive: true });
  }
}
