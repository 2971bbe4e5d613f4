/** A queue that takes every message and remembers it. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What these tests look at. */
export interface Event {
  eventType: string;
  outcome?: string;
  matchType?: string;
  query?: string;
  metadata?: { userAgent?: string; cancelled?: boolean };
}

export class Queue {
  readonly #server: Server;
  events: Event[] = [];
  /** Milliseconds before a message is taken. */
  delay = 0;

  private constructor() {
    this.#server = createServer(async (incoming: IncomingMessage, outgoing: ServerResponse) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const { MessageBody } = JSON.parse(String(Buffer.concat(chunks))) as { MessageBody: string };
      setTimeout(() => {
        this.events.push(JSON.parse(MessageBody) as Event);
        outgoing.end('{"MessageId":"m"}');
      }, this.delay);
    });
  }

  static async start(): Promise<Queue> {
    const queue = new Queue();
    queue.#server.listen(0, "127.0.0.1");
    await once(queue.#server, "listening");
    return queue;
  }

  /** The four secrets of a Worker that sends to it. */
  get secrets(): Record<string, string> {
    const { port } = this.#server.address() as AddressInfo;
    return {
      AWS_ACCESS_KEY_ID: "CVAKEXAMPLE000000000",
      AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      AWS_REGION: "eu-west-2",
      AWS_SQS_URL: `http://127.0.0.1:${port}/000000000000/events.fifo`,
    };
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
