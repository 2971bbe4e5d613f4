// Texts that mean harm, in every field that a visitor or an agent fills: they show as text, do nothing,
// and break no layout.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";

import { objections } from "./accessible.js";
import { WIDTHS, launch, openSignedIn, sticksOut } from "./browser.js";
import { deadLetters, foundOn, gapRows, unfold } from "./pages.js";
import { hostile, send } from "./servers.js";

const TEXTS = JSON.parse(readFileSync(new URL("hostile.json", import.meta.url), "utf8"));
const HOUR = 3_600_000;

/** An id may hold anything printable, up to 119 characters. */
const requestId = (text, index) => `${index}:${[...text].slice(0, 100).join("")}`.slice(0, 119);

/** The two events of a visitor who fills every field with `text`. */
const events = (text, index, timestamp) => [
  {
    eventType: "query", requestId: requestId(text, index), timestamp, query: text, sessionId: text,
    metadata: { userAgent: text, referer: text, [text]: text }, [text]: text,
  },
  {
    eventType: "response", requestId: requestId(text, index), timestamp: timestamp + 900, matchType: "none", matchScore: 3,
    reasoning: text, matchedSkills: [text], missingSkills: [text], model: text, metadata: { sourcesUsed: [text], [text]: text },
    [`of the answer ${text}`]: { [text]: [text] },
  },
];

before(async () => {
  const now = Date.now();
  const all = TEXTS.flatMap((text, index) => events(text, index, now - HOUR - index));
  const long = events("W".repeat(1_990), 99, now - HOUR);
  const answer = await send(hostile(), [...all, ...long]);
  assert.equal(answer.deadLetters, 0, JSON.stringify(answer));
  // What is wrong about these is written into their dead letters.
  const dead = TEXTS.flatMap((text, index) => [
    { eventType: text, requestId: `dead-${index}`, timestamp: now },
    { eventType: "response", requestId: `dead-${index}`, timestamp: now, outcome: text, note: text },
  ]);
  assert.equal((await send(hostile(), dead)).deadLetters, dead.length);
});

/** What every page must be, whatever it shows. */
const unharmed = async (page, faults) => {
  await unfold(page);
  const state = await page.evaluate(() => ({
    harmed: window.harmed,
    scripts: [...document.scripts].map((script) => script.getAttribute("src")).filter((source) => !["/assets/copy.js", "/assets/live.js"].includes(source)),
    elements: document.querySelectorAll("main img, main iframe, main script, main textarea:not([name=text]), main [onerror], main [onload]").length,
    links: [...document.links].filter((link) => link.origin !== location.origin).map((link) => link.href),
    headings: document.querySelectorAll("h1").length,
  }));
  assert.deepEqual(state, { harmed: undefined, scripts: [], elements: 0, links: [], headings: 1 });
  assert.deepEqual(await sticksOut(page), []);
  faults.none();
};

for (const width of WIDTHS) {
  test(`every page shows them as text at ${width} px`, async (t) => {
    const { page, faults } = await openSignedIn(await launch(t), hostile(), { width });
    await page.goto("/questions");
    const week = await page.getByLabel("Newest week").inputValue();
    const today = await page.getByLabel("Newest week").locator("option").first().getAttribute("value");
    const pages = ["/", `/weeks/${week}`, `/weeks/${today}`, `/questions?week=${today}`, "/live", "/dead-letters", "/settings"];
    for (const path of pages) {
      await page.goto(path);
      await unharmed(page, faults);
      assert.deepEqual(await objections(page), [], path);
    }
    await page.goto(`/questions?week=${today}`);
    const shown = await page.getByRole("main").locator("li:has(time) a[dir=auto]").allTextContents();
    for (const text of TEXTS) {
      assert.ok(shown.some((question) => flat(question) === flat(text)), `${JSON.stringify(text)} in ${JSON.stringify(shown)}`);
    }
    for (const [index, text] of TEXTS.entries()) {
      await page.goto(`/interactions/${encodeURIComponent(requestId(text, index))}`);
      assert.equal(flat(await page.getByRole("heading", { level: 1 }).textContent()), flat(text));
      const reason = page.getByRole("region", { name: "The agent’s reason" });
      assert.ok(flat(await reason.textContent()).includes(flat(text)), text);
      await unharmed(page, faults);
      assert.deepEqual(await objections(page), [], text);
    }
    const settings = await settingsOf(page);
    for (const text of TEXTS) assert.ok(settings.includes(flat(text).slice(0, 60)), `${text} in the CV list`);
    const addresses = await deadLetters(page);
    assert.ok(addresses.length >= 2 * TEXTS.length, `${addresses.length} dead letters`);
    for (const address of addresses) {
      await page.goto(address);
      await unharmed(page, faults);
    }
  });
}

const settingsOf = async (page) => {
  await page.goto("/settings");
  return flat(await page.getByRole("main").textContent());
};

/** Marks of direction, heaps of accents and line breaks may be shown otherwise; letters may not. */
const flat = (text) =>
  text.replace(/[\p{M}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd]/gu, "").replace(/\s+/g, " ").trim();

test("they are found by search, by skill and by the gap that they make", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), hostile());
  for (const text of TEXTS.map((text) => flat(text).slice(0, 60))) {
    await page.goto("/questions");
    await page.getByLabel("Find a skill, a topic or a text").fill(text);
    await page.getByLabel("Find a skill, a topic or a text").press("Enter");
    await page.waitForURL(/(text|skill|topic)=/);
    const taken = flat(await page.getByLabel("Find a skill, a topic or a text").inputValue());
    // A field has no line breaks, and shows a skill by its name.
    const letters = (words) => words.toLowerCase().replace(/\s/g, "");
    assert.ok(letters(taken).startsWith(letters(text)), `${text} is taken for ${taken}`);
    await unharmed(page, faults);
  }
  // Each number of the week is still the number of questions that it opens.
  await page.goto("/questions");
  const today = await page.getByLabel("Newest week").locator("option").first().getAttribute("value");
  await page.goto(`/weeks/${today}`);
  await unfold(page);
  const links = await page
    .getByRole("main")
    .locator('a[href^="/questions?"]:not(svg a)')
    .evaluateAll((links) => links.map((link) => ({ text: link.innerText.trim(), href: link.getAttribute("href") })));
  const gaps = links.filter(({ text, href }) => /gap=|topic=|skill=/.test(href) && /^\d+$/.test(text));
  assert.ok(gaps.length >= TEXTS.length, `${gaps.length} numbers`);
  for (const { text, href } of gaps) {
    await page.goto(href);
    assert.equal((await foundOn(page)).questions, Number(text), href);
    await unharmed(page, faults);
  }
});

test("a gap whose name means harm is marked like any other, and its mark taken away", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), hostile());
  await page.goto("/questions");
  const today = await page.getByLabel("Newest week").locator("option").first().getAttribute("value");
  const cards = gapRows(page);
  await page.goto(`/weeks/${today}`);
  const count = await cards.count();
  assert.ok(count >= 10, `${count} gaps`);
  for (let place = 0; place < count; place += 1) {
    await page.goto(`/weeks/${today}`);
    await unfold(page);
    const card = cards.nth(place);
    const learning = card.getByRole("button", { name: "Learning it" });
    // A skill and a topic may have one name, and one mark.
    if ((await learning.getAttribute("aria-pressed")) === "true") continue;
    await learning.click();
    await page.waitForURL(/#/);
    assert.equal(await learning.getAttribute("aria-pressed"), "true");
    await unharmed(page, faults);
  }
  await page.goto("/settings");
  const away = page.getByRole("button", { name: /^Remove from/ });
  for (let kept = await away.count(); kept > 0; kept -= 1) {
    assert.equal(await away.count(), kept);
    await away.first().click();
    await page.waitForLoadState();
    await unharmed(page, faults);
  }
  await page.getByText("None yet.").waitFor();
});

test("a text that means harm arrives on the live page as text", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), hostile());
  await page.goto("/live");
  await page.getByRole("status").filter({ hasText: "Connected" }).waitFor();
  const list = page.getByRole("main").getByRole("list").first();
  for (const [index, text] of TEXTS.entries()) {
    const sent = { eventType: "query", requestId: requestId(text, `live-${index}`), timestamp: Date.now(), query: text, sessionId: text };
    await send(hostile(), [sent]);
    const row = list.locator(`> :first-child[data-href*="live-${index}"]`);
    await row.waitFor();
    assert.equal(flat(await row.getByRole("link").first().textContent()), flat(text));
    await unharmed(page, faults);
  }
});

test("addresses that mean harm are answered with words", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), hostile());
  for (const text of TEXTS) {
    for (const [path, status] of [
      [`/questions?skill=${encodeURIComponent(text)}`, 200],
      [`/questions?match=${encodeURIComponent(text)}`, 400],
      [`/questions?${encodeURIComponent(text)}=1`, 400],
      [`/weeks/${encodeURIComponent(text)}`, 400],
      [`/interactions/${encodeURIComponent(`none ${text}`)}`, 404],
      [`/dead-letters/${encodeURIComponent(text)}`, 404],
    ]) {
      faults.allow(status);
      const answer = await page.goto(path);
      assert.equal(answer.status(), status, path);
      await unharmed(page, faults);
    }
  }
});
