/** `npm run dev`: the model's stand-in and `wrangler dev` together; nothing leaves this machine. */

import { spawn } from "node:child_process";
import { copyFileSync, existsSync } from "node:fs";

import { startModel } from "./model.js";

if (!existsSync(".dev.vars")) {
  copyFileSync(".dev.vars.example", ".dev.vars");
  console.log(
    "Made .dev.vars from .dev.vars.example: the agent answers, and reports nothing before it has the secrets.",
  );
}
const model = await startModel().catch((error) => {
  console.error(`The model's stand-in cannot start: ${error.message}`);
  process.exit(1);
});
console.log(`The model's stand-in listens at ${model.url}`);

// npm has put node_modules/.bin first in PATH, with wrangler and the Node.js that it needs.
const wrangler = spawn("wrangler", ["dev", "--local", ...process.argv.slice(2)], {
  stdio: "inherit",
  shell: process.platform === "win32",
});
// Ctrl-C reaches wrangler by itself; a signal to this process alone is passed on.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => wrangler.kill("SIGTERM"));
wrangler.on("exit", (code) => process.exit(code ?? 0));
