/** The example's Worker in workerd, as `wrangler dev` has it. */

import { createTestHarness, unstable_readConfig as readConfig } from "wrangler";

export const FOLDER = new URL("..", import.meta.url).pathname;

/** Starts it with variables: the secrets of a queue, and others. */
export async function startAgent(vars) {
  const config = readConfig({ config: `${FOLDER}wrangler.jsonc` });
  const agent = createTestHarness({
    root: `${FOLDER}tests`, // where no .dev.vars of the developer's lies
    workers: [
      {
        config: {
          name: "cv-agent",
          main: "provoked.ts",
          compatibility_date: config.compatibility_date,
          alias: Object.fromEntries(
            Object.entries(config.alias).map(([name, path]) => [name, `${FOLDER}${path}`]),
          ),
          assets: { directory: "../public" },
          ratelimits: config.ratelimits,
          vars,
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
    /** Rates an answer, as another visitor unless a header says otherwise. */
    async rate(token, rating, headers = {}) {
      const response = await agent.fetch("/api/feedback", {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "cf-connecting-ip": `192.0.2.${++visitors}`,
          ...headers,
        },
        body: JSON.stringify({ token, rating }),
      });
      await response.text();
      return response;
    },
  };
}
