import { DurableObject } from "cloudflare:workers";
import { createAnalytics } from "@cv-analytics/worker";
import { answerFrom, type Env } from "./agent.ts";

export class ChatRoom extends DurableObject<Env> {
  override fetch(): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  // Each message is a question, and so an interaction by itself.
  override async webSocketMessage(socket: WebSocket, message: string): Promise<void> {
    await createAnalytics(this.env).run(this.ctx, async (interaction) => {
      interaction.asked(message, { sessionId: this.ctx.id.toString() });
      const { answer, match, outcome } = await interaction.timed("llm", () =>
        answerFrom(this.env, message),
      );
      interaction.ended(outcome, match);
      socket.send(answer);
    });
  }
}
