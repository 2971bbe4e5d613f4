// Who is let in, and for how long.

import assert from "node:assert/strict";
import { test } from "node:test";

import { launch, open, openSignedIn } from "./browser.js";
import { demo } from "./servers.js";

test("a wrong token is refused in words, and the right one leads to the page that was asked for", async (t) => {
  const { page, faults } = await open(await launch(t), demo());
  faults.allow(403);
  await page.goto("/questions?match=none");
  assert.equal(await page.title(), "Sign in · cv-analytics");
  const token = page.getByLabel("Your token");
  assert.ok(await token.evaluate((input) => input === document.activeElement), "the token can be typed at once");
  await token.fill("not the token");
  await page.getByRole("button", { name: "Sign in" }).click();
  assert.equal(await page.getByRole("alert").textContent(), "That is not the token of this server.");
  assert.equal(await page.getByLabel("Your token").getAttribute("aria-invalid"), "true");
  await page.getByLabel("Your token").fill(demo().token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("/questions?match=none");
  faults.none();
});

test("no script and no other site gets at the session", async (t) => {
  const { page, context } = await openSignedIn(await launch(t), demo());
  const cookies = await context.cookies();
  assert.deepEqual(
    cookies.map(({ httpOnly, sameSite, path }) => ({ httpOnly, sameSite, path })),
    [{ httpOnly: true, sameSite: "Strict", path: "/" }],
  );
  assert.equal(await page.evaluate(() => document.cookie), "");
});

test("signing out ends the session, for its cookie too", async (t) => {
  const browser = await launch(t);
  const { page, context, faults } = await openSignedIn(browser, demo());
  const [cookie] = await context.cookies();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/\/login/);
  assert.deepEqual(await context.cookies(), []);
  await context.addCookies([cookie]);
  await page.goto("/settings");
  assert.equal(await page.title(), "Sign in · cv-analytics");
  faults.none();
});
