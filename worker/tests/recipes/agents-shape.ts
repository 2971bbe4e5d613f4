/**
 * The part of the Agents SDK's class that its recipe relies on, in the place of the package `agents`: a Durable
 * Object whose subclass answers requests and messages. The package itself would install more than all other tests.
 */

import { DurableObject } from "cloudflare:workers";

export interface Connection {
  send(message: string): void;
}

export abstract class Agent<Env> extends DurableObject<Env> {
  /** The name by which it was asked for. */
  get name(): string {
    return this.ctx.id.name ?? "";
  }

  abstract onRequest(request: Request): Promise<Response>;
  abstract onMessage(connection: Connection, message: string): Promise<void>;

  override async fetch(request: Request): Promise<Response> {
    if (request.headers.get("upgrade") !== "websocket") return this.onRequest(request);
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(socket: WebSocket, message: string): Promise<void> {
    return this.onMessage(socket, message);
  }
}
