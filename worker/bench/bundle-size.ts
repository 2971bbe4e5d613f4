/** How large a Worker becomes by what it sends events with: minified, and gzipped at level 9. */

import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** Sizes in bytes. */
export interface BundleSize {
  minified: number;
  gzipped: number;
}

const WORKER = dirname(import.meta.dirname);

/** The size of a module of one line, with all that it needs and nothing that it does not. */
export async function bundleSize(line: string): Promise<BundleSize> {
  const { outputFiles } = await build({
    stdin: { contents: line, resolveDir: WORKER, loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    legalComments: "none",
    // The SDK knows them; a Worker has them where its flag says so.
    external: ["node:*"],
  });
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  return { minified: code.length, gzipped: gzipSync(code, { level: 9 }).length };
}

export const CLIENT = 'export { withAnalytics } from "./src/index.ts";';
export const FEEDBACK = 'export { createFeedback } from "./src/feedback.ts";';
export const MATCH_QUALITY =
  'export { matchFromSimilarity, runWithMatchQuality } from "./src/match-quality.ts";';
/** With the entry of match quality, which it needs. */
export const STREAMS =
  'export { matchFromSimilarity } from "./src/match-quality.ts"; export { answerStream, streamWithMatchQuality } from "./src/streams.ts";';
export const AWS_SDK = 'export { SQSClient, SendMessageCommand } from "@aws-sdk/client-sqs";';
