import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** Unit tests run inside workerd; those end to end run in Node.js, and start workerd themselves. */
export default defineConfig({
  test: {
    projects: [
      {
        plugins: [
          cloudflareTest({
            miniflare: { compatibilityDate: "2026-10-01" },
          }),
        ],
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
