// Every number opens the questions behind it, and there are as many as it says.

import assert from "node:assert/strict";
import { test } from "node:test";

import { launch, openSignedIn } from "./browser.js";
import { allRows, found, foundOn, number, unfold } from "./pages.js";
import { demo } from "./servers.js";

/** The links of the week page that open questions. */
const links = async (page) => {
  await page.goto("/");
  await unfold(page);
  const all = await page
    .getByRole("main")
    .locator('a[href^="/questions?"]:not(svg a)')
    .evaluateAll((links) => links.map((link) => ({ text: link.innerText.trim(), href: link.getAttribute("href") })));
  return all.map((link) => ({ ...link, ...promised(link) }));
};

/** What a link's text promises: so many questions, and so many conversations. */
const promised = ({ text, href }) => {
  const whole = /^([\d,]+)(?![\d,.–]| ms| s\b)/.exec(text)?.[1];
  const count = whole && number(whole);
  if (/[?&]session=known/.test(href)) return { conversations: count };
  const conversations = / (?:in|from) ([\d,]+) conversations?/.exec(text)?.[1];
  return { questions: count, conversations: number(conversations) };
};

/** What a link filters by: links of one kind are made by one piece of code. */
const kind = ({ href }) => [...new URLSearchParams(href.split("?")[1]).keys()].join("+");

test("each action opens the questions that it rests on", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), demo());
  await page.goto("/");
  await unfold(page);
  const actions = page.locator("section.action ol > li");
  const count = await actions.count();
  assert.ok(count > 3, `${count} actions`);
  for (const action of await actions.all()) {
    assert.ok(await action.locator('a[href^="/questions?"]').count(), await action.innerText());
  }
  faults.none();
});

test("each number of the week page is the number of questions that it opens", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), demo());
  const all = await links(page);
  const distinct = [...new Map(all.map((link) => [JSON.stringify(link), link])).values()];
  const headings = await headingsOf(page, [...new Set(distinct.map(({ href }) => href))]);
  for (const { text, href, questions, conversations } of distinct) {
    const there = found(headings[href]);
    if (questions !== undefined) assert.equal(there.questions, questions, `${text} → ${href}: ${headings[href]}`);
    if (conversations !== undefined) {
      assert.equal(there.conversations, conversations, `${text} → ${href}: ${headings[href]}`);
    }
  }
  const kinds = new Set(all.map(kind));
  const expected = [
    "week+half", "week+outcome", "week+session", "week+score", "week+match", "week+skill", "week+skill+match",
    "week+skill+word", "week+skill+outcome", "week+topic", "week+as-of+topic", "week+gap+type", "week+gap+type+kind",
    "week+took", "week+left-out", "week+handled", "week+weeks+about+until", "week+weeks+about+since+handled",
    "week+score+outcome", "week",
  ];
  for (const name of expected) assert.ok([...kinds].some((kind) => same(kind, name)), `${name}: in none of ${[...kinds]}`);
  assert.ok(distinct.length > 100, `${distinct.length} numbers`);
  faults.none();
});

/** What the pages at `hrefs` say that they found: read by the browser, without drawing each of them. */
const headingsOf = (page, hrefs) =>
  page.evaluate(async (hrefs) => {
    const headings = {};
    for (const href of hrefs) {
      const answer = await fetch(href);
      const read = new DOMParser().parseFromString(await answer.text(), "text/html");
      headings[href] = read.querySelector("main h2").textContent;
    }
    return headings;
  }, hrefs);

const same = (one, other) => one.split("+").sort().join() === other.split("+").sort().join();

test("a number that is pressed opens as many rows, over as many pages as they need", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), demo());
  const ofEachKind = new Map((await links(page)).filter(({ questions }) => questions).map((link) => [kind(link), link]));
  for (const { text, href, questions } of ofEachKind.values()) {
    await page.goto("/");
    await unfold(page);
    await page.getByRole("main").locator(`a[href="${href}"]`).filter({ hasText: text, visible: true }).first().click();
    await page.waitForURL(href);
    assert.equal((await allRows(page)).length, questions, `${text} → ${href}`);
  }
  faults.none();
});

test("a percentile opens the answers that took as long or longer", async (t) => {
  const { page } = await openSignedIn(await launch(t), demo());
  await page.goto("/questions?took=known");
  const { questions: answers } = await foundOn(page);
  for (const [place, share] of [0.5, 0.95, 0.99].entries()) {
    await page.goto("/");
    await page.getByRole("region", { name: "Quality" }).locator('a[href*="took="]').nth(place).click();
    const { questions } = await foundOn(page);
    // By nearest rank: the answers from that rank on, more where several took the same.
    const from = answers - Math.ceil(answers * share) + 1;
    assert.ok(questions >= from && questions <= from + 5, `${share}: ${questions} of ${answers}`);
  }
});

test("a week fits in a few screens before anything is unfolded, with its contents in sight", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), demo(), { width: 1200 });
  await page.goto("/");
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  assert.ok(height <= 3500, `${height} pixels`);
  const links = await page.locator("a").evaluateAll((all) => all.filter((link) => link.checkVisibility()).length);
  assert.ok(links <= 150, `${links} links`);
  const contents = page.getByRole("navigation", { name: "Parts of this week" });
  for (const name of ["Gaps", "Skills and topics", "Quality", "Conversations"]) {
    await contents.getByRole("link", { name }).click();
    const top = (await contents.boundingBox()).y;
    assert.ok(top >= 0 && top < 5, `${name}: the contents are at ${top}`);
  }
  faults.none();
});
