/** The example's Worker in workerd, with its own configuration but for Workers AI, which needs an account. */

import { createTestHarness, unstable_readConfig as readConfig } from "wrangler";

export const FOLDER = new URL("..", import.meta.url).pathname;

/** Starts it with the model's stand-in and the secrets of a queue. */
export async function startAgent(model, secrets) {
  const config = readConfig({ config: `${FOLDER}wrangler.jsonc` });
  const agent = createTestHarness({
    root: `${FOLDER}tests`, // where no .dev.vars of the developer's lies
    workers: [
      {
        config: {
          name: config.name,
          main: "provoked.ts",
          compatibility_date: config.compatibility_date,
          alias: Object.fromEntries(
            Object.entries(config.alias).map(([name, path]) => [name, `${FOLDER}${path}`]),
          ),
          assets: { directory: "../public" },
          ratelimits: config.ratelimits,
          vars: { ...config.vars, MODEL_URL: model.url, MODEL: "local-stand-in", ...secrets },
        },
      },
    ],
  });
  await agent.listen();
  let visitors = 0;
  return {
    fetch: agent.fetch,
    close: () => agent.close(),
    /** Asks as a visitor of its own, unless a header says otherwise. */
    async ask(question, headers = {}) {
      const response = await agent.fetch("/api/ask", {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "cf-connecting-ip": `192.0.2.${++visitors}`,
          ...headers,
        },
        body: JSON.stringify({ question, sessionId: "tab-1" }),
      });
      return { status: response.status, reply: await response.json() };
    },
  };
}
