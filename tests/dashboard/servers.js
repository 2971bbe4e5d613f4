// The servers under test, and the Chromium that visits them, as `cargo xtask` names them.

import { readFileSync } from "node:fs";
import { join } from "node:path";

const named = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`set ${name}, as \`cargo xtask test dashboard\` does`);
  return value;
};

/** A server's address, and the token that it has made for its owner. */
const server = (name) => {
  const credentials = readFileSync(join(named(`CV_ANALYTICS_${name}_DATA`), "credentials.env"), "utf8");
  const [, token] = /^CV_ANALYTICS_TOKEN=(.+)$/m.exec(credentials);
  return { url: named(`CV_ANALYTICS_${name}_URL`), token };
};

/** A server with the demo's eight weeks. */
export const demo = () => server("DEMO");

/** A server without a single event. */
export const empty = () => server("EMPTY");

/** A server for texts that mean harm; its CV list and aliases are made of them too. */
export const hostile = () => server("HOSTILE");

/** The path of Chromium. */
export const chromiumPath = () => named("CV_ANALYTICS_CHROMIUM");

/** Hands events to a server's plain intake; gives what it answered for each. */
export const send = async (server, events) => {
  const answer = await fetch(`${server.url}/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
    body: JSON.stringify(events),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the server answered ${answer.status}: ${text}`);
  return JSON.parse(text);
};
