// What the owner changes on a page is changed, and seen.

import assert from "node:assert/strict";
import { test } from "node:test";

import { objections } from "./accessible.js";
import { launch, openSignedIn } from "./browser.js";
import { deadLetters, gapRow, unmarkedGap } from "./pages.js";
import { demo, send } from "./servers.js";

test("a gap that is marked shows its mark, on the week and in the settings, until it is taken away", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), demo());
  await page.goto("/");
  const week = page.url();
  const name = await unmarkedGap(page);
  const mark = async () => (await gapRow(page, name)).getByRole("button", { name: "Learning it" });
  assert.equal(await (await mark()).getAttribute("aria-pressed"), "false");
  await (await mark()).click();
  await page.waitForURL(`${week}?marked=*#*`);
  assert.equal(await (await mark()).getAttribute("aria-pressed"), "true");
  await page.getByRole("status").filter({ hasText: `${name}: marked “Learning it”` }).waitFor();

  await page.goto("/settings");
  const marks = page.getByRole("region", { name: "Gap marks" });
  await marks.getByRole("listitem").filter({ hasText: name }).getByText("Learning it").waitFor();
  await marks.getByRole("button", { name: `Remove from ${name}` }).click();
  await marks.getByRole("listitem").filter({ hasText: name }).waitFor({ state: "detached" });
  await page.goto(week);
  assert.equal(await (await mark()).getAttribute("aria-pressed"), "false");
  faults.none();
});

test("the first action's gap is marked where the action stands, and taken back there", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), demo());
  await page.goto("/");
  const week = page.url();
  const action = page.getByRole("region").filter({ has: page.getByText("Do this first") });
  const title = await action.getByRole("heading").textContent();
  const asked = action.getByText(/^What people asked/);
  const name = (await asked.textContent()).replace("What people asked about ", "");
  assert.ok(title.includes(name), `${title}: ${name}`);
  await asked.click();
  await action.getByRole("listitem").first().getByText("“").waitFor();

  await action.getByRole("button", { name: "Ignore" }).click();
  await page.waitForURL(`${week}?marked=*`);
  const said = page.getByRole("status").filter({ hasText: `${name}: marked “Ignore”` });
  await said.waitFor();
  assert.notEqual(await action.getByRole("heading").textContent(), title);
  await said.getByRole("button", { name: /^Undo/ }).click();
  await page.getByRole("status").filter({ hasText: `${name}: no mark any more` }).waitFor();
  assert.equal(await action.getByRole("heading").textContent(), title);

  await action.locator(`a[href*="gap="]`).first().click();
  await page.getByRole("region", { name: `What is ${name} to you?` }).waitFor();
  await page.getByRole("button", { name: "Not my skill" }).click();
  await page.getByRole("status").filter({ hasText: `${name}: marked “Not my skill”` }).waitFor();
  await page.getByRole("button", { name: "Remove the mark" }).click();
  await page.getByRole("status").filter({ hasText: `${name}: no mark any more` }).waitFor();
  faults.none();
});

test("a name that nobody knows leaves the page of settings as it was, with a name that looks like it", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), demo());
  await page.goto("/settings");
  const marks = page.getByRole("region", { name: "Gap marks" });
  await marks.getByLabel("Skill or topic").fill("Kubernetis");
  await marks.getByLabel("Mark", { exact: true }).selectOption({ label: "Ignore" });
  faults.allow(400);
  await marks.getByRole("button", { name: "Mark", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: "No skill and no gap of these weeks is called “Kubernetis”" }).waitFor();
  assert.equal(await marks.getByLabel("Skill or topic").inputValue(), "Kubernetis");
  await page.getByRole("alert").getByRole("button", { name: "Kubernetes" }).click();
  const said = page.getByRole("status").filter({ hasText: "Kubernetes: marked “Ignore”" });
  await said.getByRole("button", { name: /^Undo/ }).click();
  await page.getByRole("status").filter({ hasText: "Kubernetes: no mark any more" }).waitFor();
  faults.none();
});

test("a gap that no page shows is marked by its name", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), demo());
  await page.goto("/settings");
  const marks = page.getByRole("region", { name: "Gap marks" });
  await marks.getByLabel("Skill or topic").fill("Notice period");
  await marks.getByLabel("Mark", { exact: true }).selectOption({ label: "Not my skill" });
  await marks.getByLabel("Skill or topic").press("Enter");
  const away = marks.getByRole("button", { name: /^Remove from Notice period/i });
  await away.click();
  await away.waitFor({ state: "detached" });
  faults.none();
});

test("a dead letter is read again in vain, and dropped", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), demo());
  const before = await deadLetters(page);
  const riddle = { eventType: "riddle", requestId: "riddle", timestamp: Date.now() };
  assert.equal((await send(demo(), [riddle])).deadLetters, 1);
  const [address] = (await deadLetters(page)).filter((address) => !before.includes(address));
  const letter = page.getByRole("main").getByRole("listitem").filter({ has: page.locator(`a[href="${address}"]`) });
  const said = (words) => page.getByRole("status").filter({ hasText: words }).waitFor();

  await letter.getByRole("button", { name: /^Try again/ }).click();
  await said("Still unreadable. It stays.");
  await letter.getByRole("link").click();
  await page.getByLabel("The message").filter({ hasText: '"riddle"' }).waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await said("Still unreadable. It stays.");
  await letter.getByRole("link").click();
  await page.getByText("Drop it for good").click();
  await page.getByRole("button", { name: "Drop it", exact: true }).click();
  await said("Deleted.");
  assert.deepEqual(await deadLetters(page), before);
  faults.none();
});

test("a CV list is seen before it is saved, is saved, and is undone", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), demo());
  await page.goto("/settings");
  const cv = page.getByRole("region", { name: "Your CV’s skills" });
  await cv.getByText("Change", { exact: true }).click();
  const before = await cv.getByLabel("Your CV list").inputValue();
  await cv.getByLabel("Your CV list").fill(`${before}Kubernetes\n`);
  await cv.getByRole("button", { name: "See what it changes" }).click();
  await page.getByRole("region", { name: "What it changes in week" }).getByText("Gap Kubernetes: ").waitFor();
  assert.deepEqual(await objections(page), []);
  await page.getByRole("button", { name: "Go back" }).click();
  assert.equal(await cv.getByLabel("Your CV list").inputValue(), `${before}Kubernetes\n`);
  await cv.getByRole("button", { name: "See what it changes" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  const said = page.getByRole("status").filter({ hasText: "CV list: added Kubernetes" });
  await said.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("status").filter({ hasText: "CV list: removed Kubernetes" }).waitFor();
  assert.equal(await cv.getByLabel("Your CV list").inputValue(), before);
  faults.none();
});

test("a line that cannot be read is named beside the field, in sight", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), demo());
  await page.goto("/settings");
  const topics = page.getByRole("region", { name: "Your topics" });
  await topics.getByText("Change", { exact: true }).click();
  await topics.getByLabel("Your topics").fill("parking = car park\nmoon");
  faults.allow(400);
  await topics.getByRole("button", { name: "See what it changes" }).click();
  const alert = topics.getByRole("alert").filter({ hasText: 'Line 2: missing "="' });
  await alert.waitFor();
  assert.ok((await alert.boundingBox()).y < 900, "the message is in view");
  assert.deepEqual(await objections(page), []);
  assert.equal(await topics.getByLabel("Your topics").inputValue(), "parking = car park\nmoon");
  faults.none();
});
