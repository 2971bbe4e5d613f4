/** An agent that uses nothing that a Worker of 2021 does not have, to be run in workerd. */

import { withAnalytics } from "../../src/index.ts";

export default {
  fetch: withAnalytics(async (request, _env, _ctx, interaction) => {
    const form = await request.text();
    interaction.asked(form);
    interaction.judgedBy(Promise.resolve({ matchType: "full" }));
    switch (form) {
      case "json":
        return new Response('{"answer":"an answer"}', {
          headers: { "content-type": "application/json" },
        });
      case "passed on": {
        const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
        const writer = writable.getWriter();
        writer.write(new TextEncoder().encode("an answer")).then(() => writer.close());
        return new Response(readable);
      }
      case "thrown":
        throw new Error("the index is gone");
      default:
        return new Response("an answer");
    }
  }),
} satisfies ExportedHandler;
