// Every page at both widths and in both colour schemes: whole, legible, accessible and without a fault.

import assert from "node:assert/strict";
import { test } from "node:test";

import { objections } from "./accessible.js";
import { SCHEMES, WIDTHS, brokenWords, cutTables, launch, lowLinks, open, openSignedIn, sticksOut } from "./browser.js";
import { REFUSALS, everyPage, unfold } from "./pages.js";
import { demo, empty } from "./servers.js";

const look = async (page) => {
  await unfold(page);
  assert.deepEqual(await sticksOut(page), []);
  assert.deepEqual(await brokenWords(page), []);
  assert.deepEqual(await lowLinks(page), []);
  if (page.viewportSize().width > 1000) assert.deepEqual(await cutTables(page), []);
  assert.deepEqual(await objections(page), []);
};

for (const width of WIDTHS) {
  for (const scheme of SCHEMES) {
    test(`at ${width} px, ${scheme}`, async (t) => {
      const browser = await launch(t);
      for (const [name, server] of [["the demo", demo()], ["a server without data", empty()]]) {
        const { page, faults } = await openSignedIn(browser, server, { width, scheme });
        const pages = name === "the demo" ? await everyPage(page) : EMPTY_PAGES;
        for (const [title, path] of pages) {
          await t.test(`${name}: ${title}`, async () => {
            const expected = REFUSALS[title] ?? 200;
            faults.forget();
            faults.allow(expected);
            const answer = await page.goto(path);
            assert.equal(answer.status(), expected);
            await look(page);
            faults.none();
          });
        }
      }
      await t.test("the page to sign in", async () => {
        const { page, faults } = await open(browser, demo(), { width, scheme });
        faults.allow(403);
        await page.goto("/login");
        await look(page);
        await page.getByLabel("Your token").fill("not the token");
        await page.getByLabel("Your token").press("Enter");
        await page.getByRole("alert").waitFor();
        await look(page);
        faults.none();
      });
    });
  }
}

const EMPTY_PAGES = [
  ["the week", "/"],
  ["the weeks", "/weeks"],
  ["the months", "/weeks?by=month"],
  ["questions", "/questions"],
  ["live", "/live"],
  ["dead letters", "/dead-letters"],
  ["mail", "/mail"],
  ["settings", "/settings"],
  ["how an agent is connected", "/connect"],
  ["the HTTP interface", "/api"],
];
