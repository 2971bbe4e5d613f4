// Every week at a glance: its columns, its table and what they open say the same.

import assert from "node:assert/strict";
import { test } from "node:test";

import { WIDTHS, launch, openSignedIn } from "./browser.js";
import { foundOn, number } from "./pages.js";
import { demo } from "./servers.js";

/** Opens the overview once every week is counted. */
const opened = async (t, options = {}, path = "/weeks") => {
  const { page, faults } = await openSignedIn(await launch(t, options), demo(), options);
  await page.goto(path);
  await page.getByRole("status").filter({ hasText: "counted so far" }).waitFor({ state: "detached" });
  return { page, faults };
};

/** The columns that open a page: their names and addresses, the oldest first. */
const columns = (page) =>
  page.locator("svg.plot a").evaluateAll((links) =>
    links.map((link) => ({
      href: link.getAttribute("href"),
      name: link.getAttribute("aria-label"),
      tooltip: link.querySelector("title").textContent,
    })),
  );

test("each column has its week's figures as its name, its tooltip and its row of the table", async (t) => {
  const { page, faults } = await opened(t);
  const all = await columns(page);
  assert.ok(all.length >= 8, `${all.length} columns`);
  await page.getByText("Show table").click();
  const rows = await page.locator("tbody tr").evaluateAll((rows) =>
    rows.map((row) => [...row.children].map((cell) => cell.innerText.trim())),
  );
  for (const { href, name, tooltip } of all) {
    assert.equal(tooltip, name);
    const week = href.split("/").at(-1);
    const [, questions, full, partly, none, failed] = rows.find(([head]) => head.startsWith(week));
    assert.ok(name.startsWith(week) && name.includes(`: ${questions} question`), name);
    for (const [count, words] of [[full, "fully"], [partly, "partly"], [none, "not covered"], [failed, "failed"]]) {
      if (number(count) > 0) assert.match(name, new RegExp(`[ ,;]${count} ${words}`), `${name}: ${words}`);
    }
  }
  faults.none();
});

test("the worst week is named, and its parts open their questions", async (t) => {
  const { page, faults } = await opened(t);
  const worst = page.getByRole("region", { name: /^Worst week/ });
  const week = await worst.getByRole("heading").getByRole("link").textContent();
  const marked = await page.locator('svg.plot a[aria-label$="the worst"]').getAttribute("href");
  assert.equal(marked, `/weeks/${week}`);
  const part = worst.getByRole("link", { name: /^[\d,]+$/ }).first();
  const promised = number(await part.textContent());
  await part.click();
  assert.equal((await foundOn(page)).questions, promised);
  faults.none();
});

for (const width of WIDTHS) {
  test(`a press on a column opens its week, at ${width} px`, async (t) => {
    const { page, faults } = await opened(t, { width });
    const column = page.locator("svg.plot a").nth(2);
    const href = await column.getAttribute("href");
    await column.click();
    await page.waitForURL(href);
    faults.none();
  });
}

test("shares, months and quarters are links, and work without a script", async (t) => {
  const { page, faults } = await opened(t, { script: false });
  await page.getByRole("link", { name: "Shares" }).click();
  await page.waitForURL(/show=shares/);
  await page.locator("svg.scale").getByText("100%").waitFor();
  await page.getByRole("link", { name: "Months" }).click();
  await page.waitForURL(/by=month/);
  assert.match(page.url(), /show=shares/);
  const months = await columns(page);
  assert.ok(months.length >= 2);
  await page.goto(months[0].href);
  for (const { href } of await columns(page)) assert.match(href, /^\/weeks\/\d{4}-W\d\d$/);
  await page.goto("/weeks?by=quarter");
  await page.getByText("A week belongs to the month and the quarter of its Thursday.").waitFor();
  faults.none();
});

test("what the owner marked is drawn where it happened, and listed with its time", async (t) => {
  const { page, faults } = await opened(t);
  const list = page.getByRole("region", { name: "What you and your agent changed" });
  const marked = list.getByRole("listitem").filter({ hasText: /(On my CV now|Learning it|Not my skill|Ignore): / });
  const first = marked.first();
  assert.match(await first.locator("time").getAttribute("title"), /^[A-Z]\w+day \d/);
  const week = await first.getByRole("link").textContent();
  await page.getByRole("img", { name: new RegExp(`^${week}: `) }).first().waitFor();
  faults.none();
});
