// Filters, search and conversations find what an export of all questions says that there is.

import assert from "node:assert/strict";
import { test } from "node:test";

import { launch, openSignedIn } from "./browser.js";
import { allRows, foundOn, rows } from "./pages.js";
import { demo } from "./servers.js";

/** Every question of the week that the pages show first. */
const exported = async (page) => {
  const answer = await page.context().request.get("/questions.jsonl");
  return (await answer.text()).split("\n").filter(Boolean).map((line) => JSON.parse(line));
};

const opened = async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), demo());
  const all = await exported(page);
  assert.ok(all.length > 100, `${all.length} questions`);
  await page.goto("/questions");
  return { page, faults, all };
};

const questions = (found) => found.map(({ question }) => question).sort();

test("each choice of the form finds its questions and no others", async (t) => {
  const { page, faults, all } = await opened(t);
  const choices = [
    ["Coverage", "full", ({ matchType }) => matchType === "full"],
    ["Coverage", "none", ({ matchType }) => matchType === "none"],
    ["Coverage", "unrated", ({ matchType, outcome }) => matchType === null && outcome !== "unanswered"],
    ["Outcome", "answered", ({ outcome }) => outcome === "answered"],
    ["Outcome", "unanswered", ({ outcome }) => outcome === "unanswered"],
  ];
  for (const [label, value, fits] of choices) {
    await page.goto("/questions");
    await page.getByLabel(label, { exact: true }).selectOption(value);
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.waitForURL(/\?/);
    const expected = all.filter(fits);
    assert.equal((await foundOn(page)).questions, expected.length, `${label} ${value}`);
    assert.deepEqual(questions(await allRows(page)), questions(expected), `${label} ${value}`);
  }
  faults.none();
});

test("a range of scores, a skill and words of the text each narrow what is found", async (t) => {
  const { page, faults, all } = await opened(t);
  const press = async () => {
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.waitForLoadState();
  };
  await page.getByLabel("Match score").fill("60-80");
  await press();
  const inRange = all.filter(({ matchScore }) => matchScore !== null && matchScore >= 60 && matchScore < 80);
  const onEdge = all.filter(({ matchScore }) => matchScore === 80);
  const { questions: scored } = await foundOn(page);
  assert.ok([inRange.length, inRange.length + onEdge.length].includes(scored), `${scored} scores from 60 to 80`);

  await page.getByLabel("Match score").fill("");
  await page.getByLabel("Find a skill, a topic or a text").fill("kubernetes");
  await press();
  await page.getByRole("link", { name: /^Remove: Skill: Kubernetes/ }).waitFor();
  const about = all.filter(({ skills }) => skills.includes("Kubernetes"));
  assert.equal((await foundOn(page)).questions, about.length);

  await page.getByLabel("Find a skill, a topic or a text").fill("K8S");
  await press();
  assert.equal((await foundOn(page)).questions, about.length, "an alias is its skill");
  await page.goto("/questions?text=K8S");
  const text = all.filter(({ question }) => question?.toLowerCase().includes("k8s"));
  assert.ok(text.length > 0 && text.length < about.length);
  assert.deepEqual(questions(await allRows(page)), questions(text));

  const { topic } = all.find(({ topic }) => topic && topic !== "other questions");
  await page.getByLabel("Find a skill, a topic or a text").fill(topic.toUpperCase());
  await press();
  await page.getByRole("link", { name: `Remove: Topic: ${topic}` }).waitFor();
  assert.equal((await foundOn(page)).questions, all.filter((other) => other.topic === topic).length);

  await page.getByRole("link", { name: "Remove all" }).click();
  await page.waitForLoadState();
  assert.equal((await foundOn(page)).questions, all.length);
  faults.none();
});

test("a search that finds nothing says so, and further back lie more", async (t) => {
  const { page, faults, all } = await opened(t);
  await page.getByLabel("Find a skill, a topic or a text").fill("no such words");
  await page.getByLabel("Find a skill, a topic or a text").press("Enter");
  await page.waitForURL(/no\+such\+words/);
  assert.equal((await foundOn(page)).questions, 0);
  await page.getByText("No matching questions.").waitFor();
  await page.goto("/questions?weeks=8");
  assert.ok((await foundOn(page)).questions > 4 * all.length);
  faults.none();
});

test("a conversation shows the questions of its session, in order", async (t) => {
  const { page, faults, all } = await opened(t);
  const { session } = all.find(({ session }) => session && all.filter((other) => other.session === session).length > 2);
  const of = all.filter((other) => other.session === session);
  await page.goto(`/questions?session=${session}`);
  assert.equal((await foundOn(page)).questions, of.length);
  await page.getByRole("link", { name: /^conversation / }).first().click();
  await page.waitForURL(/\/sessions\//);
  const inOrder = (await rows(page)).map(({ question }) => question);
  const times = await page.getByRole("main").locator("time").evaluateAll((times) => times.map((time) => time.dateTime));
  assert.deepEqual(times, [...times].sort());
  for (const { question } of of) assert.ok(inOrder.includes(question), question);
  faults.none();
});

test("an interaction tells what is known of it, and what counted it", async (t) => {
  const { page, faults, all } = await opened(t);
  const chosen = all.find(({ matchType, skills }) => matchType === "none" && skills.length > 0);
  await page.goto(`/interactions/${encodeURIComponent(chosen.requestId)}`);
  assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), chosen.question);
  const details = page.getByRole("region", { name: "Details" });
  await details.getByText(chosen.requestId).waitFor();
  const skill = details.getByRole("link", { name: chosen.skills[0], exact: true }).first();
  await skill.click();
  await page.waitForURL(/\/questions\?/);
  assert.ok((await foundOn(page)).questions > 0);
  faults.none();
});
