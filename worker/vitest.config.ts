import { join } from "node:path";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const here = (path: string) => join(import.meta.dirname, path);

/** Unit tests run inside workerd; those end to end run in Node.js, and start workerd themselves. */
export default defineConfig({
  test: {
    projects: [
      {
        plugins: [
          cloudflareTest({
            main: "tests/recipes/main.ts",
            miniflare: {
              compatibilityDate: "2026-10-01",
              bindings: {
                MODEL: "a model",
                AWS_ACCESS_KEY_ID: "CVAKEXAMPLE000000000",
                AWS_SQS_URL: "https://sqs.eu-west-2.amazonaws.com/000000000000/events.fifo",
                AWS_REGION: "eu-west-2",
              },
              secretsStoreSecrets: {
                AWS_SECRET_ACCESS_KEY: { store_id: "store", secret_name: "queue-secret" },
              },
              // What a Pages function has.
              serviceBindings: { ASSETS: () => new Response() },
              durableObjects: { ROOM: "ChatRoom", AGENT: "ChatAgent" },
            },
          }),
        ],
        // The recipes name the package, as a reader's project does.
        resolve: {
          alias: {
            "@cv-analytics/worker/feedback": here("src/feedback.ts"),
            "@cv-analytics/worker": here("src/index.ts"),
            agents: here("tests/recipes/agents-shape.ts"),
          },
        },
        test: { name: "workerd", include: ["tests/*.test.ts"] },
      },
      {
        test: {
          name: "end-to-end",
          include: ["tests/end-to-end/*.test.ts"],
          testTimeout: 60_000,
          maxWorkers: 3,
        },
      },
    ],
  },
});
