/**
 * `npm run bench`: what the visitor waits for the client, and what the client adds to the bundle.
 * `--quick` only shows that it works.
 */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { cpus } from "node:os";
import { join } from "node:path";
import { Workerd } from "../tests/end-to-end/workerd.ts";
import { AWS_SDK, bundleSize, CLIENT, FEEDBACK, MATCH_QUALITY, STREAMS } from "./bundle-size.ts";

const QUICK = process.argv.includes("--quick");

/** The series, measured in turn. The first is the one that the others are compared with. */
const SERIES = [
  { name: "without the client", client: "none", queue: "takes at once" },
  { name: "without it once more (the noise)", client: "none", queue: "takes at once" },
  { name: "client off: no secrets", client: "off", queue: "takes at once" },
  { name: "client on", client: "on", queue: "takes at once" },
  { name: "on, the queue takes 5 s", client: "on", queue: "takes 5 s" },
  { name: "on, the queue refuses", client: "on", queue: "refuses" },
];

interface Question {
  question: string;
  modelMilliseconds: number;
  isStreamed: boolean;
}

interface Started {
  name: string;
  worker: Workerd;
  agent: Agent;
  times: number[];
}

async function startQueue(how: string): Promise<{ process: ChildProcess; port: number }> {
  const process = fork(join(import.meta.dirname, "queue.ts"), [how]);
  const [port] = (await once(process, "message")) as [number];
  return { process, port };
}

/** Milliseconds from the question to the first byte of a streamed answer, or to the last byte of another. */
function ask({ worker, agent }: Started, question: Question): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = process.hrtime.bigint();
    const elapsed = () => Number(process.hrtime.bigint() - began) / 1e6;
    const asked = request(worker.url, { method: "POST", agent }, (response) => {
      let time: number | undefined;
      response.on("data", () => {
        if (question.isStreamed) time ??= elapsed();
      });
      response.on("end", () => {
        if (response.statusCode === 200) resolve(time ?? elapsed());
        else reject(new Error(`the agent answered ${response.statusCode}`));
      });
    });
    asked.on("error", reject);
    asked.end(JSON.stringify(question));
  });
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

function percentile(times: readonly number[], rank: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.ceil(rank * sorted.length) - 1] ?? Number.NaN;
}

/** Asks all series in turn, each round in another order, and lets the sending end in between. */
async function measure(all: Started[], rounds: number, question: Question): Promise<void> {
  for (const started of all) started.times = [];
  for (let round = -Math.ceil(rounds / 10); round < rounds; round++) {
    for (const started of shuffled(all)) {
      const time = await ask(started, question);
      if (round >= 0) started.times.push(time);
      await pause(5);
    }
  }
}

function print(all: Started[]): void {
  const [first] = all;
  const base = [0.5, 0.99].map((rank) => percentile(first?.times ?? [], rank));
  console.log("| | median, ms | ratio | p99, ms | ratio |\n| --- | --- | --- | --- | --- |");
  for (const { name, times } of all) {
    const cells = [0.5, 0.99].flatMap((rank, index) => {
      const time = percentile(times, rank);
      return [time.toFixed(3), (time / (base[index] ?? 1)).toFixed(3)];
    });
    console.log(`| ${[name, ...cells].join(" | ")} |`);
  }
}

async function answerTimes(): Promise<void> {
  const queues = new Map<string, Awaited<ReturnType<typeof startQueue>>>();
  for (const how of new Set(SERIES.map(({ queue }) => queue)))
    queues.set(how, await startQueue(how));
  const all: Started[] = [];
  for (const { name, client, queue } of SERIES) {
    const secrets = {
      AWS_ACCESS_KEY_ID: "CVAKEXAMPLE000000000",
      AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      AWS_REGION: "eu-west-2",
      AWS_SQS_URL: `http://127.0.0.1:${queues.get(queue)?.port}/000000000000/events.fifo`,
    };
    const worker = await Workerd.start(join(import.meta.dirname, "agents.ts"), {
      CLIENT: client,
      ...(client === "on" && secrets),
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    all.push({ name, worker, agent, times: [] });
  }
  for (const [isStreamed, modelMilliseconds, rounds] of [
    [false, 50, QUICK ? 20 : 300],
    [false, 0, QUICK ? 50 : 1_500],
    [true, 50, QUICK ? 20 : 300],
    [true, 0, QUICK ? 50 : 1_500],
  ] as const) {
    const until = isStreamed ? "first byte of a stream" : "last byte of JSON";
    console.log(
      `\nTo the ${until}, from a model that takes ${modelMilliseconds} ms; ${rounds} questions a series, one at a time:\n`,
    );
    await measure(all, rounds, {
      question: "Do you know Kubernetes?",
      modelMilliseconds,
      isStreamed,
    });
    print(all);
  }
  for (const [how, { port }] of queues) {
    const messages = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    console.log(
      `${how === "takes at once" ? "\n" : ""}The queue that ${how} got ${messages} messages.`,
    );
    if (Number(messages) === 0) throw new Error("the client sent nothing");
  }
  for (const { worker, agent } of all) {
    agent.destroy();
    await worker.stop();
  }
  for (const { process } of queues.values()) process.kill();
}

async function bundleSizes(): Promise<void> {
  console.log("\nBundled by esbuild, minified, and gzipped at level 9:\n");
  console.log("| | minified, bytes | gzipped, bytes |\n| --- | --- | --- |");
  for (const [name, line] of [
    ["@cv-analytics/worker", CLIENT],
    ["@cv-analytics/worker with @cv-analytics/worker/feedback", `${CLIENT}${FEEDBACK}`],
    ["@cv-analytics/worker/match-quality, with jsonrepair", MATCH_QUALITY],
    [
      "@cv-analytics/worker/streams with match quality, with jsonrepair and eventsource-parser",
      STREAMS,
    ],
    ["@aws-sdk/client-sqs, SendMessage alone", AWS_SDK],
  ] as const) {
    const { minified, gzipped } = await bundleSize(line);
    console.log(`| ${name} | ${minified} | ${gzipped} |`);
  }
}

console.log(
  `${QUICK ? "Quick: do not quote it. " : ""}${cpus().length} × ${cpus()[0]?.model}, Node.js ${process.version} asks, workerd answers.`,
);
console.log(
  "Time from the question to a byte of the answer over a connection that stays open. Each series has a workerd of",
);
console.log(
  "its own, each kind of queue a process of its own. All series in turn, in another order each round, and 5 ms between.",
);
await answerTimes();
await bundleSizes();
