// A browser that runs no script shows and does everything; only the live page is loaded anew instead.

import assert from "node:assert/strict";
import { test } from "node:test";

import { launch, openSignedIn } from "./browser.js";
import { deadLetters, foundOn, gapRow, mainPages, unmarkedGap } from "./pages.js";
import { demo, empty, send } from "./servers.js";

const opened = async (t) => openSignedIn(await launch(t, { script: false }), demo());

test("every page opens, another week is chosen, a number leads to its questions", async (t) => {
  const { page, faults } = await opened(t);
  for (const [name, path] of await mainPages(page)) {
    const answer = await page.goto(path);
    assert.equal(answer.status(), 200, name);
    await page.getByRole("heading", { level: 1 }).waitFor();
  }
  await page.getByRole("link", { name: "HTTP interface for your own programs" }).click();
  await page.getByText("curl http://127.0.0.1:8787/healthz").waitFor();
  await page.goto("/");
  const choice = page.getByLabel("Go to a week");
  const oldest = await choice.locator("option").last().getAttribute("value");
  await choice.selectOption(oldest);
  await page.getByRole("button", { name: "Go", exact: true }).click();
  await page.waitForURL(`/weeks/${oldest}`);
  const asked = page.getByRole("region", { name: "What happened" }).getByRole("link").first();
  const promised = Number(await asked.textContent());
  await asked.click();
  assert.equal((await foundOn(page)).questions, promised);
  faults.none();
});

test("what is folded unfolds, and a gap is marked and its mark taken away", async (t) => {
  const { page, faults } = await opened(t);
  await page.goto("/");
  await page.getByText(/^What else to do/).click();
  await page.locator("section.action ol > li").first().waitFor();
  const name = await unmarkedGap(page);
  await (await gapRow(page, name)).getByRole("button", { name: "Learning it" }).click();
  const marked = await gapRow(page, name);
  await marked.getByRole("button", { name: "Learning it", pressed: true }).waitFor();
  await page.goto("/settings");
  const away = page.getByRole("button", { name: `Remove from ${name}` });
  await away.click();
  await away.waitFor({ state: "detached" });
  faults.none();
});

test("a phone shows a result before the filters, which unfold and stay open where one is set", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t, { script: false }), demo(), { width: 390 });
  await page.goto("/questions");
  const result = await page.locator(".question").first().boundingBox();
  assert.ok(result.y + result.height < page.viewportSize().height, `the first result ends at ${result.y + result.height}`);
  const coverage = page.getByLabel("Coverage", { exact: true });
  assert.equal(await coverage.isVisible(), false);
  await page.getByText("More filters").click();
  await coverage.selectOption("none");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.waitForURL(/match=none/);
  assert.equal(await coverage.inputValue(), "none");
  assert.ok(await coverage.isVisible());
  faults.none();
});

test("a dead letter is dropped", async (t) => {
  const { page, faults } = await opened(t);
  const before = await deadLetters(page);
  await send(demo(), [{ eventType: "riddle", requestId: "riddle-without-script", timestamp: Date.now() }]);
  const [address] = (await deadLetters(page)).filter((address) => !before.includes(address));
  await page.locator(`a[href="${address}"]`).click();
  await page.getByText("Drop it for good").click();
  await page.getByRole("button", { name: "Drop it", exact: true }).click();
  await page.getByRole("status").filter({ hasText: "Deleted." }).waitFor();
  assert.deepEqual(await deadLetters(page), before);
  faults.none();
});

test("the live page says that it loads itself again, and does", async (t) => {
  const { page, faults } = await opened(t);
  await page.goto("/live");
  const state = await page.getByRole("status").innerText();
  assert.equal(state, "This page loads itself again every 15 seconds.");
  const question = `Does it arrive at ${process.pid}?`;
  const requestId = `without-script-${process.pid}`;
  await send(demo(), [{ eventType: "query", requestId, timestamp: Date.now(), query: question }]);
  await page.getByRole("link", { name: question }).waitFor({ timeout: 40_000 });
  faults.none();
});

test("a first run shows the four values once, and a test question arrives", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t, { script: false }), empty());
  await page.goto("/connect");
  await page.getByRole("button", { name: "Send a test question" }).click();
  await page.getByRole("heading", { name: "The test question arrived" }).waitFor();
  await page.getByRole("button", { name: "Show the four values, once" }).click();
  const secrets = page.getByRole("region", { name: "Your agent’s four secrets" });
  await secrets.getByText("/cv-analytics-events.fifo").waitFor();
  await page.goto("/");
  await page.getByText("Their values were shown on").waitFor();
  assert.equal(await page.getByRole("button", { name: "Show the four values, once" }).count(), 0);
  faults.none();
});
