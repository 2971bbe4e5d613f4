// Pictures of the demo's pages for the documents: `node screenshots.js FOLDER`.

import { join } from "node:path";

import { chromium } from "playwright-core";

import { openSignedIn } from "./browser.js";
import { chromiumPath, demo } from "./servers.js";

const [folder] = process.argv.slice(2);
if (!folder) throw new Error("say into which folder: node screenshots.js FOLDER");

const PICTURES = [
  { name: "dashboard-week", path: "/", width: 1180, scheme: "light", height: 1240 },
  { name: "dashboard-week-light", path: "/", width: 1280, scheme: "light", height: 1500 },
  { name: "dashboard-week-dark", path: "/", width: 1280, scheme: "dark", height: 1500 },
  { name: "dashboard-week-phone", path: "/", width: 390, scheme: "light", height: 1500 },
  { name: "dashboard-weeks", path: "/weeks", width: 1280, scheme: "light", height: 1110 },
  { name: "dashboard-questions", path: "/questions?skill=Kubernetes&match=none", width: 1280, scheme: "light", height: 1100 },
];

const browser = await chromium.launch({ executablePath: chromiumPath() });
for (const { name, path, width, scheme, height } of PICTURES) {
  const { page, context, faults } = await openSignedIn(browser, demo(), { width, scheme });
  await page.setViewportSize({ width, height });
  await page.goto(path);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  faults.none();
  await context.close();
  console.log(name);
}
await browser.close();
