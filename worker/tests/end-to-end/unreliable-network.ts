/** What lies between the agent and the server: passes requests on, or fails where it is told to. */

import { createHash } from "node:crypto";
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

/** What becomes of a request. */
export type Fate =
  | "passed on"
  /** A fault of the queue: 500. */
  | "refused"
  /** The connection ends before the queue has it. */
  | "cut before"
  /** The queue has it, and the connection ends before the sender knows. */
  | "cut after";

/** The fate of each try of each message. */
export type Fates = (deduplicationId: string, attempt: number) => Fate;

/** One request in ten fails, by chance; the same ones each time for one `seed`. */
export function oneInTen(seed: string): Fates {
  return (deduplicationId, attempt) => {
    const digest = createHash("sha256").update(`${seed} ${deduplicationId} ${attempt}`).digest();
    if (digest.readUInt32BE(0) / 2 ** 32 >= 0.1) return "passed on";
    return (
      (["refused", "cut before", "cut after"] as const)[digest.readUInt32BE(4) % 3] ?? "refused"
    );
  };
}

/** A proxy with an address of its own. */
export class UnreliableNetwork {
  /** Where requests are passed on to. */
  port = 0;
  fates: Fates = () => "passed on";
  /** How many requests failed. */
  failures = 0;
  /** How often each message was tried, by its deduplication id. */
  readonly attempts = new Map<string, number>();
  readonly #server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => this.#handle(incoming, Buffer.concat(chunks), outgoing));
  });

  /** Begins to listen; gives its port. */
  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #handle(incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse): void {
    const { MessageDeduplicationId: id } = JSON.parse(body.toString()) as Record<string, string>;
    const attempt = (this.attempts.get(String(id)) ?? 0) + 1;
    this.attempts.set(String(id), attempt);
    const fate = this.fates(String(id), attempt);
    if (fate !== "passed on") this.failures++;
    if (fate === "refused") outgoing.writeHead(500).end();
    else if (fate === "cut before") outgoing.destroy();
    else this.#passOn(incoming, body, outgoing, fate);
  }

  #passOn(incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse, fate: Fate): void {
    const { method, url, headers } = incoming;
    const passed = forward({ port: this.port, host: "127.0.0.1", method, path: url, headers });
    passed.on("response", (answer) => {
      if (fate === "cut after") {
        answer.resume();
        outgoing.destroy();
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    // Nobody listens there.
    passed.on("error", () => outgoing.destroy());
    passed.end(body);
  }
}
