// The live page shows a question while it arrives, and its answer in the same row.

import assert from "node:assert/strict";
import { test } from "node:test";

import { launch, openSignedIn } from "./browser.js";
import { demo, send } from "./servers.js";

test("a question appears without a reload, and its answer completes the row", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), demo());
  await page.goto("/live");
  await page.getByRole("status").filter({ hasText: "Connected" }).waitFor();
  await page.evaluate(() => (window.sameDocument = true));

  const requestId = `live-${process.pid}`;
  const question = `Have you tamed dragons for ${requestId}?`;
  const timestamp = Date.now();
  await send(demo(), [{ eventType: "query", requestId, timestamp, query: question }]);
  const list = page.getByRole("main").getByRole("list").first();
  const row = list.getByRole("listitem").filter({ hasText: question });
  await row.getByText("Waiting for the answer").waitFor();
  assert.equal(await list.getByRole("listitem").first().getByRole("link").first().textContent(), question);

  await send(demo(), [
    { eventType: "response", requestId, timestamp: timestamp + 900, matchType: "partial", matchScore: 55 },
  ]);
  await row.getByText("score 55").waitFor();
  assert.equal(await row.count(), 1);
  assert.equal(await page.evaluate(() => window.sameDocument), true);

  await row.getByRole("link").first().click();
  assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), question);
  faults.none();
});
