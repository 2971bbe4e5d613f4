/** The self-hosted server, as a process of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

/** The program under test; `cargo xtask test` builds it. */
function program(): string {
  const path = process.env["CV_ANALYTICS_PROGRAM"];
  if (!path) throw new Error("set CV_ANALYTICS_PROGRAM to the program cv-analytics");
  return path;
}

/** The figures that these tests look at. */
export interface Report {
  capture: {
    queries: number;
    responses: number;
    joined: number;
    unanswered: number;
    responseOnly: number;
    joinRate: number | null;
    deliveries: { conflicts: number; deadLetters: number };
  };
  conversations: number;
  match: { full: number; partial: number; none: number };
  outcomes: Record<string, number>;
  latencyMs: { samples: number };
}

export class Server {
  readonly #process: ChildProcess;
  readonly #credentials: Map<string, string>;
  readonly port: number;

  private constructor(process: ChildProcess, port: number, credentials: Map<string, string>) {
    this.#process = process;
    this.port = port;
    this.#credentials = credentials;
  }

  /** Starts it over a data folder, at an address of its own choice; reached by another, if one is given. */
  static async start(data: string, publicUrl?: string): Promise<Server> {
    const words = ["serve", "--data", data, "--listen", "127.0.0.1:0"];
    if (publicUrl) words.push("--public-url", publicUrl);
    const process = spawn(program(), words, { stdio: ["ignore", "pipe", "pipe"] });
    const port = await new Promise<number>((resolve, reject) => {
      let words = "";
      const read = (line: string) => {
        words += `${line}\n`;
        const port = /is ready: .*http:\/\/127\.0\.0\.1:(\d+)$/.exec(line)?.[1];
        if (port) resolve(Number(port));
      };
      createInterface({ input: process.stdout }).on("line", read);
      createInterface({ input: process.stderr }).on("line", read);
      process.on("exit", () => reject(new Error(`the server ended:\n${words}`)));
    });
    const file = await readFile(`${data}/credentials.env`, "utf8");
    const lines = file.split("\n").map((line) => line.split(/=(.*)/s));
    return new Server(
      process,
      port,
      new Map(lines.map(([name = "", value = ""]) => [name, value])),
    );
  }

  credential(name: string): string {
    const value = this.#credentials.get(name);
    if (!value) throw new Error(`credentials.env has no ${name}`);
    return value;
  }

  /** The four secrets of a Worker that sends to it. */
  get secrets(): Record<string, string> {
    const names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_SQS_URL"];
    return Object.fromEntries(names.map((name) => [name, this.credential(name)]));
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await ended;
  }

  async report(week: string): Promise<Report> {
    const response = await fetch(`http://127.0.0.1:${this.port}/v1/reports/${week}`, {
      headers: { authorization: `Bearer ${this.credential("CV_ANALYTICS_TOKEN")}` },
    });
    if (!response.ok) throw new Error(`the report was refused: ${await response.text()}`);
    return (await response.json()) as Report;
  }
}

/** The ISO week of an instant, as `2026-W47`. */
export function isoWeek(instant: Date): string {
  const day = new Date(
    Date.UTC(instant.getUTCFullYear(), instant.getUTCMonth(), instant.getUTCDate()),
  );
  // Its Thursday decides to which year a week belongs (ISO 8601).
  day.setUTCDate(day.getUTCDate() + 4 - (day.getUTCDay() || 7));
  const days = (day.getTime() - Date.UTC(day.getUTCFullYear(), 0, 1)) / 86_400_000;
  return `${day.getUTCFullYear()}-W${String(Math.floor(days / 7) + 1).padStart(2, "0")}`;
}
