// The page of the weekly mail: who gets it and when, and the mail itself in its frame.

import assert from "node:assert/strict";
import { test } from "node:test";

import { WIDTHS, launch, openSignedIn, sticksOut } from "./browser.js";
import { demo, hostile } from "./servers.js";

test("the preview is the mail of the week, in a frame whose links open beside it", async (t) => {
  const { page, context, faults } = await openSignedIn(await launch(t), demo());
  await page.goto("/mail");
  await page.getByText("No weekly mail is sent: name its recipients with --mail-to").waitFor();
  const week = /\d{4}-W\d{2}/.exec(await page.getByRole("heading", { name: /^What would be sent now/ }).textContent())[0];
  const title = `The mail of ${week} as HTML`;
  const frame = page.frameLocator(`iframe[title="${title}"]`);
  const shown = await frame.locator("body").innerText();
  await page.getByText("What mail programs without HTML show").click();
  const text = await page.locator("pre").textContent();
  // What to do, word for word: one report, two forms.
  const flat = (words) => words.replace(/\s+/g, " ");
  const titles = [...text.matchAll(/^ *\d\. (.+)$/gm)].map(([, title]) => title.replace(/\.$/, ""));
  assert.ok(titles.length >= 3, text);
  for (const title of titles) assert.ok(flat(shown).includes(title), `${title} is not in ${shown}`);
  assert.ok(shown.includes(week) && text.includes(week));

  await page.getByRole("link", { name: "Open the mail as a page" }).click();
  assert.equal(await page.locator("body").innerText(), shown);
  await page.goBack();
  const [, number] = /W(\d{2})/.exec(week);
  await page.getByRole("link", { name: `-W${String(Number(number) - 1).padStart(2, "0")}` }).click();
  await page.getByRole("link", { name: `See ${week}`, exact: true }).waitFor();
  assert.equal(context.pages().length, 1);
  faults.none();
});

for (const width of WIDTHS) {
  test(`each recipient stands with their mail, word by word, at ${width} px`, async (t) => {
    const { page, faults } = await openSignedIn(await launch(t), hostile(), { width });
    await page.goto("/mail");
    const region = page.getByRole("region", { name: "Who gets it" });
    await region.getByText("cron(0 9 ? * MON *)").waitFor();
    assert.match(await region.textContent(), /Next: \d+ [A-Z]\w+ \d{4} at \d\d:\d\d \S+ \(cron/);
    for (const address of ["somebody.with.a.long.address@mail.example.org", "b@example.org"]) {
      const row = region.locator("div").filter({ hasText: address }).last();
      assert.match(await row.textContent(), /not sent: their first mail is the next one/);
      // No word is broken into letters: each line of a label holds more than a few of them.
      const lines = await row.locator("dt").evaluate((label) => {
        const range = document.createRange();
        range.selectNodeContents(label);
        return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
      });
      assert.ok(lines <= 3, `${address} takes ${lines} lines`);
    }
    assert.deepEqual(await sticksOut(page), []);
    faults.none();
  });
}
